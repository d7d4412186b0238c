"""What submissions say together, and none of them alone: who is whom, and whose words these are.

A fault is what cannot be honest; what is merely odd is a warning, and a person decides. Both name
the two submissions and what to do.

Responses are compared hand by hand, as fingerprints. Two honest models write the same now and then:
a short answer to a hand with one solution, a text that a weak model writes whatever is asked, the
steps of a program that both were taught. So only what is long enough counts and what a model wrote
for one hand alone; between two students of exact search only what is wrong, as their right searches
are the program's; and those who say that one was made from the other, or both from the same rows,
are a question and no fault.

How alike two texts are: a text is taken as the set of its runs of three tokens. Of a text with many
figures only these and the operators are tokens, whatever glyph they have: the words around them are
cheap to change. Each mark of a text is a hash of the least hashes of some runs (MinHash, Broder
1997, in bands), so that texts share a mark with the odds 1 - (1 - J^8)^12, where J is the share of
runs that they have in common: J = 0.5 gives 0.05, J = 0.8 gives 0.89, J = 0.9 gives 0.999.

>>> steps = "10 - 6 = 4 (left: 4 5 4); 5 * 4 = 20 (left: 4 20); 20 + 4 = 24 (left: 24)"
>>> text = f"{steps}; Answer: 5 * (10 - 6) + 4 = 24"
>>> marks_of(text) == marks_of(text.replace("*", "×").replace("left", "rest") + " Done.")
True
>>> marks_of("Answer: 4 * 6") is None
True
"""

from __future__ import annotations

import hashlib
import random
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tot24_bench.game import Hand
from tot24_bench.leaderboard.key import look_of
from tot24_bench.leaderboard.submission import Header, Sample, sha256_of
from tot24_bench.teachers import SOLVER
from tot24_bench.text import one_line

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COMPARED, COMPARED_WRONG = 20, 10  # responses, and wrong ones, without which nothing is said

COPIED = 0.9
"""Share of equal responses that no two models reach by chance. Sisters of one recipe, 2M weights
each, reach 0.59 (one response against nine of the other's), and 0.53 where both are wrong; the
solver and a student of it 0.42."""

ALIKE = 0.6  # share of equal responses that somebody should look at

MAX_FINGERPRINTS = 50_000  # responses of a submission that are compared; bounds memory
MAX_CHARS = 4_000  # of a response that marks are taken of; bounds time
LONG = 60  # characters from which a response has marks: the answer alone has 30 or 40

SAME_SIZE = 1.05  # counts of weights that differ by less are the same: 360M is said of 361,821,120
MANY_FIGURES = 24  # from which words say nothing: those of three steps, restated once
RUN = 3  # tokens of a run
BANDS, BAND_HASHES, MARK_BYTES = 12, 8, 8

_LOADED = {
    "autogptq", "gguf_file", "load_in_4bit", "load_in_8bit", "peft", "quantization", "revision",
}  # fmt: skip
"""Model arguments that make other weights of the same file."""

_PRECISIONS = {"float32": "fp32", "float16": "fp16", "half": "fp16", "bfloat16": "bf16"}

PuzzleKey = tuple[Hand, int, str]  # a puzzle, whatever the order of its numbers: `Puzzle.identity`


class Fault(NamedTuple):
    """What is wrong with a submission."""

    path: Path  # its JSON file
    where: str  # the field or the hand
    what: str  # in one line
    fix: str = ""  # what to do about it, where that is not the same for all faults of the kind
    beside: Path | None = None  # the JSON file of the other submission that it is about
    odd: bool = False  # whether it may be honest: a warning


class Written(NamedTuple):
    """A response as it is compared.

    There are no marks where it is too short to compare, or withheld, and the hash is all there is.
    """

    exact: bytes  # the hash of its text
    marks: bytes | None
    right: bool


class Gist:
    """What of a submission is held beside others: what it says, and fingerprints of its responses.

    Hundreds are held at once, so its header lacks what is compared with no other's.
    """

    def __init__(self, path: Path, header: Header, samples: Iterable[Sample] = ()) -> None:
        model, said = header.model, header.model.training
        self.path = path
        self.hands = None if said is None else said.hands_file()[0]  # the hash of their file
        self.data = said and said.data_sha256
        self.training = (model.teacher, self.hands, said and said.rows, self.data)
        given = {name: value for name, value in model.arguments.items() if name in _LOADED}
        kept = model.model_copy(update={"training": None, "arguments": given})
        nothing = {"generation": {}, "seeds": {}, "versions": {}, "notes": (), "hardware": ""}
        self.header = Header.model_construct(**{**dict(header), **nothing, "model": kept})
        self.model = kept
        self.look = look_of(model.name)
        self.loaded = tuple(sorted(one for one in given.items() if one[1] != "main"))
        digest = model.checkpoint_sha256
        self.weights = None if digest is None else (digest, self.loaded)
        precision = model.precision and model.precision.casefold()
        self.precision = _PRECISIONS.get(precision, precision) if precision else precision
        self.withheld = False
        self.written: dict[PuzzleKey, list[Written]] = {}
        self._room = MAX_FINGERPRINTS
        for sample in samples:
            self.add(sample)

    def add(self, sample: Sample) -> None:
        """Keep the fingerprints of a sample's responses."""
        kept = self.written.setdefault(sample.puzzle.identity, [])
        rights = [score.correct for score in sample.scores[: self._room]]
        self._room -= len(rights)
        self.withheld = self.withheld or sample.withheld
        for digest, right in zip(sample.responses_sha256, rights, strict=False):
            kept.append(Written(bytes.fromhex(digest), None, right))
        search = self.header.search
        by_code = search is not None and search.settings.answer == "symbolic"  # no model's words
        for text, right in zip(sample.responses, rights, strict=False):
            marks = None if by_code else marks_of(text)
            kept.append(Written(bytes.fromhex(sha256_of(text)), marks, right))


class Rule(NamedTuple):
    """Submissions with an equal key have equal values, too; None is no key, and no value."""

    key: Callable[[Gist], object]
    value: Callable[[Gist], object]
    where: str
    what: str  # of the `name` and both values
    fix: str
    odd: bool = False


def _look(gist: Gist) -> object:
    return gist.look


_OWN_NAME = "give each model a name of its own (--name)"

_OF_A_NAME: dict[str, Callable[[Gist], object]] = {
    "checkpoints": lambda gist: gist.model.checkpoint_sha256,
    "ways to load it": lambda gist: gist.loaded if gist.header.obtained == "measured" else None,
    "precisions": lambda gist: gist.precision,
    "sizes": lambda gist: gist.model.parameters,
}

RULES = (
    Rule(
        _look,
        lambda gist: gist.model.name,
        "model.name",
        "two names that look the same, {one!a:.82} and {other!a:.82}",
        "write the name as the other has it, or choose another one (--name)",
    ),
    *(
        Rule(
            _look,
            value,
            "model",
            f"one name, two {what}: {{name}} has {{one}} and {{other}}",
            f"{_OWN_NAME}, or evaluate all tasks with one",
        )
        for what, value in _OF_A_NAME.items()
    ),
    Rule(
        lambda gist: gist.look if gist.header.obtained == "measured" else None,
        lambda gist: gist.model.source if gist.weights is None else None,
        "model.source",
        "one name, two sources, and no hash of the weights says that they are one model",
        "give --checkpoint FOLDER, or each a name of its own",
        odd=True,
    ),
    Rule(  # however it was loaded; an adapter beside it is trained by itself
        lambda gist: gist.weights and (gist.weights[0], gist.model.arguments.get("peft")),
        lambda gist: gist.training,
        "model.training",
        "one checkpoint, two training declarations: teacher, hands, rows or the hash of the data "
        "differ",
        "declare the same for all of its submissions (--teacher, --training)",
    ),
    Rule(
        lambda gist: gist.weights and (gist.weights, gist.precision),
        _look,
        "model.name",
        "one checkpoint, two names",
        "use one, if it is one model",
        odd=True,
    ),
)
"""One name, one model; one checkpoint, one training and one name."""


def together(gists: Iterable[Gist]) -> tuple[Fault, ...]:
    """What is wrong or odd of submissions beside each other."""
    every = sorted(gists, key=lambda gist: (gist.header.created, gist.header.key))
    return (*(fault for rule in RULES for fault in _broken(rule, every)), *_copies(every))


def _broken(rule: Rule, every: Sequence[Gist]) -> Iterator[Fault]:
    """The first submission of each key beside the first one of each other value."""
    groups: defaultdict[object, list[tuple[Any, Gist]]] = defaultdict(list)
    for gist in every:
        key, value = rule.key(gist), rule.value(gist)
        if key is None or value is None:
            continue
        group = groups[key]
        if not any(_same(value, before) for before, _ in group):
            group.append((value, gist))
    for (value, one), *others in groups.values():
        name = one_line(one.model.name, 80)
        for its, other in others:
            what = rule.what.format(name=name, one=value, other=its)
            yield _fault(one, other, rule.where, what, rule.fix, rule.odd)


def _same(one: Any, other: Any) -> bool:
    sizes = isinstance(one, int) and isinstance(other, int)
    return bool(one == other or (sizes and max(one, other) <= SAME_SIZE * min(one, other)))


def _fault(one: Gist, other: Gist, where: str, what: str, fix: str, odd: bool) -> Fault:
    """Of the later submission, beside the earlier one."""
    said = f"{what} ({other.header.key} beside {one.header.key})"
    return Fault(other.path, where, said, fix, one.path, odd)


def _copies(every: Sequence[Gist]) -> Iterator[Fault]:
    """Responses that are another model's; odd where something honest may explain it."""
    owns = list(map(_comparable, every))
    found: dict[tuple[int, int], tuple[bool, float, str]] = {}
    for (number, other), equal in _equal(every, owns).items():
        one, another = every[number], every[other]
        if one.look == another.look or equal.total() < COMPARED_WRONG:
            continue
        judged = _judged(one, another, owns[number], equal)
        pair = (min(number, other), max(number, other))
        if judged is not None and judged > found.get(pair, (False, 0.0, "")):
            found[pair] = judged
    fix = "store only what the model itself wrote; one model has one name, and one that was made "
    fix += "of another says so (--base)"
    for (first, second), (copied, _, said) in sorted(found.items()):
        yield _fault(every[first], every[second], "responses", said, fix, odd=not copied)


Comparable = dict[PuzzleKey, list[tuple[frozenset[bytes], bool]]]
"""Of each hand the responses that can be compared: marks, and whether it is right."""


def _comparable(gist: Gist) -> Comparable:
    """The responses that are long, with the marks that the model left for one hand alone.

    Of what is withheld nobody knows how long it is: all of it, beside what is withheld, too.
    """
    marked = {
        hand: {one.marks or one.exact: one for one in written if gist.withheld or one.marks}
        for hand, written in gist.written.items()
    }
    hands: Counter[bytes] = Counter()
    for each in marked.values():
        hands.update({mark for one in each.values() for mark in _each_mark(one)})
    found: Comparable = defaultdict(list)
    for hand, each in marked.items():
        for one in each.values():
            if alone := {mark for mark in _each_mark(one) if hands[mark] == 1}:
                found[hand].append((frozenset((*alone, one.exact)), one.right))
    return found


def _equal(
    every: Sequence[Gist], owns: Sequence[Comparable]
) -> dict[tuple[int, int], Counter[bool]]:
    """How many wrong and how many right responses of one submission are in another, by the pair."""
    equal: defaultdict[tuple[int, int], Counter[bool]] = defaultdict(Counter)
    for hand in {hand for gist in every for hand in gist.written}:
        there: defaultdict[bytes, set[int]] = defaultdict(set)
        for number, gist in enumerate(every):
            for written in gist.written.get(hand, ()):
                for mark in _each_mark(written):
                    there[mark].add(number)
        for number, own in enumerate(owns):
            for marks, right in own.get(hand, ()):
                others = set[int]().union(*(there.get(mark, ()) for mark in marks))
                for other in others - {number}:
                    equal[number, other][right] += 1
    return equal


def _judged(
    gist: Gist, other: Gist, own: Comparable, equal: Counter[bool]
) -> tuple[bool, float, str] | None:
    """Whether the one's responses are the other's, what share is, and how to say it."""
    rights: Counter[bool] = Counter()
    for hand, responses in other.written.items():
        if other.withheld or any(one.marks for one in responses):
            rights.update(right for _, right in own.get(hand, ()))
    compared, same = rights.total(), equal.total()
    evidence, of, fewest = same, compared, COMPARED
    if gist.model.teacher == other.model.teacher == SOLVER:
        evidence, of, fewest = equal[False], rights[False], COMPARED_WRONG
    copied = of >= fewest and evidence >= COPIED * of and not _related(gist, other)
    if not copied and (compared < COMPARED or same / compared < ALIKE):
        return None
    said = f"{same} of {compared} responses are those of another model"
    return copied, same / compared, said


def _related(one: Gist, other: Gist) -> bool:
    """Whether they say that they are the same weights, of the same rows, or one of the other."""
    if one.data is not None and one.data == other.data:
        return True
    if None is not one.model.checkpoint_sha256 == other.model.checkpoint_sha256:
        return True
    pairs = ((one.model, other.model), (other.model, one.model))
    return any(a.base and a.base in (b.name, b.source) for a, b in pairs)


_TOKEN = re.compile(r"\d+|[-+*/=]|[^\W\d_]+")

_MARKUP = re.compile(r"^[ \t]*(?:[-*+•]|\d+[.)])[ \t]+|\*{2,}", re.MULTILINE)
"""What sets off a point of a list or words in bold, and is no operator."""

_OPERATORS = str.maketrans("×·∙⋅∗✕✖÷∕⁄➗−–—‐‑‒―➖➕", "*******////-------" + "-+")
"""Glyphs of the operators that are not their ASCII signs."""


def marks_of(text: str) -> bytes | None:
    """The marks of a text, MARK_BYTES each, one for each band; None where it is too short."""
    start = text[:MAX_CHARS]
    if len(start.strip()) < LONG:
        return None
    plain = unicodedata.normalize("NFKC", _MARKUP.sub(" ", start)).translate(_OPERATORS)
    tokens = _TOKEN.findall(plain.replace("\\times", "*").replace("\\div", "/").casefold())
    figures = [token for token in tokens if not token[0].isalpha()]
    if len(figures) >= MANY_FIGURES:
        tokens = figures
    runs = {" ".join(tokens[i : i + RUN]) for i in range(max(1, len(tokens) - RUN + 1))}
    return b"".join(
        hashlib.blake2b(band.tobytes(), digest_size=MARK_BYTES).digest() for band in _least(runs)
    )


def _each_mark(one: Written) -> list[bytes]:
    marks = one.marks or b""
    return [marks[i : i + MARK_BYTES] for i in range(0, len(marks), MARK_BYTES)] or [one.exact]


def _least(runs: set[str]) -> NDArray[np.uint64]:
    """BANDS rows of the least hash of all runs, by BAND_HASHES hash functions each."""
    import numpy as np

    digests = b"".join(hashlib.blake2b(run.encode(), digest_size=8).digest() for run in runs)
    factors, summands = _functions()
    hashes = factors * np.frombuffer(digests, dtype="<u8") + summands
    least: NDArray[np.uint64] = hashes.min(axis=1)
    return least.reshape(BANDS, BAND_HASHES)


@cache
def _functions() -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Factors, all odd, and summands of the hash functions, modulo 2^64."""
    import numpy as np

    rng = random.Random(24)
    drawn = [(rng.getrandbits(64) | 1, rng.getrandbits(64)) for _ in range(BANDS * BAND_HASHES)]
    factors, summands = (
        np.array(each, dtype=np.uint64)[:, None] for each in zip(*drawn, strict=True)
    )
    return factors, summands
