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
from typing import TYPE_CHECKING, NamedTuple

from tot24_bench.game import Hand
from tot24_bench.leaderboard.key import look_of
from tot24_bench.leaderboard.submission import Header, Sample, sha256_of
from tot24_bench.teachers import SOLVER
from tot24_bench.text import one_line

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COMPARED = 20
"""Responses that must be comparable before anything is said."""

COMPARED_WRONG = 10
"""The same of wrong ones, where only they count."""

COPIED = 0.9
"""Share of equal responses that no two models reach by chance. Sisters of one recipe, 2M weights
each, reach 0.59 (one response against nine of the other's), and 0.53 where both are wrong; the
solver and a student of it 0.42."""

ALIKE = 0.6
"""Share of equal responses that somebody should look at."""

MAX_FINGERPRINTS = 50_000
"""Responses of a submission that are compared; bounds memory."""

SAME_SIZE = 1.05
"""Counts of weights that differ by less are the same: 360M is said of 361,821,120."""

LONG = 60
"""Characters from which a response has marks: the answer alone has 30 or 40."""

MAX_CHARS = 4_000
"""Characters of a response that marks are taken of; bounds time."""

MANY_FIGURES = 24
"""Numbers and operators from which words say nothing: three steps of the game, restated once."""

RUN = 3
"""Tokens of a run."""

BANDS = 12
BAND_HASHES = 8
MARK_BYTES = 8

_LOADED = {
    "autogptq", "gguf_file", "load_in_4bit", "load_in_8bit", "peft", "quantization", "revision",
}  # fmt: skip
"""Model arguments that make other weights of the same file."""

_PRECISIONS = {"float32": "fp32", "float16": "fp16", "half": "fp16", "bfloat16": "bf16"}

PuzzleKey = tuple[Hand, int, str]
"""A puzzle, whatever the order of its numbers: `Puzzle.identity`."""


class Fault(NamedTuple):
    """What is wrong with a submission.

    Attributes:
        path: its JSON file.
        where: the field or the hand.
        what: what is wrong there, in one line.
        fix: what to do about it, where that is not the same for all faults of the kind.
        beside: the JSON file of the other submission that it is about.
        odd: whether it may be honest: a warning.
    """

    path: Path
    where: str
    what: str
    fix: str = ""
    beside: Path | None = None
    odd: bool = False


class Written(NamedTuple):
    """A response as it is compared, by the hash of its text and by its marks.

    There are none where it is too short to compare, or withheld, and the hash is all that is known.
    """

    exact: bytes
    marks: bytes | None
    right: bool


class Gist:
    """What of a submission is held beside others: what it says, and fingerprints of its responses.

    Attributes:
        header: what it says, without what is compared with no other's.
        hands: the hash of its training hands, which names their file; None where it has none.
        data: the hash of its training rows, where it gives one.
        training: all that it says of its training.
        loaded: the arguments that make other weights of the same checkpoint.
        weights: the checkpoint, and how it was loaded; None where its hash is not known.
        withheld: whether responses are known by their hashes only.
        written: its responses by hand.
    """

    def __init__(self, path: Path, header: Header, samples: Iterable[Sample] = ()) -> None:
        model = header.model
        self.path = path
        said = model.training
        self.hands = None if said is None else said.hands_file()[0]
        self.data = None if said is None else said.data_sha256
        self.training = (model.teacher, self.hands, said and said.rows, self.data)
        # Hundreds of submissions are held at once: what is compared of them and no more.
        given = {name: value for name, value in model.arguments.items() if name in _LOADED}
        kept = model.model_copy(update={"training": None, "arguments": given})
        nothing = {"generation": {}, "seeds": {}, "versions": {}, "notes": (), "hardware": ""}
        self.header = Header.model_construct(**{**dict(header), **nothing, "model": kept})
        self.loaded = tuple(sorted(one for one in given.items() if one[1] != "main"))
        digest = model.checkpoint_sha256
        self.weights = None if digest is None else (digest, self.loaded)
        name = model.precision and model.precision.casefold()
        self.precision = _PRECISIONS.get(name, name) if name is not None else None
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
        for text, right in zip(sample.responses, rights, strict=False):
            kept.append(Written(bytes.fromhex(sha256_of(text)), marks_of(text), right))


def together(gists: Iterable[Gist]) -> tuple[Fault, ...]:
    """What is wrong or odd of submissions beside each other."""
    every = sorted(gists, key=lambda gist: (gist.header.created, gist.header.key))
    return (*_names(every), *_weights(every), *_copies(every))


def _look(gist: Gist) -> str:
    return look_of(gist.header.model.name)


_OF_A_NAME: dict[str, Callable[[Gist], object]] = {
    "checkpoints": lambda gist: gist.header.model.checkpoint_sha256,
    "ways to load it": lambda gist: gist.loaded if gist.header.obtained == "measured" else None,
    "precisions": lambda gist: gist.precision,
}
"""What the submissions of one name agree in, where they say it."""


def _names(every: Sequence[Gist]) -> Iterator[Fault]:
    """One name, two models; or two names that look like one."""
    for group in _groups(every, _look):
        for one, other in _differing(group, lambda gist: gist.header.model.name):
            names = f"{one.header.model.name[:80]!a} and {other.header.model.name[:80]!a}"
            fix = "write the name as the other has it, or choose another one (--name)"
            what = f"two names that look the same, {names}"
            yield _fault(one, other, "model.name", what, fix)
        named = one_line(group[0].header.model.name, 80)
        own = "give each model a name of its own (--name)"
        for what, value in _OF_A_NAME.items():
            for one, other in _differing(group, value):
                said = f"one name, two {what}: {named} has {value(one)} and {value(other)}"
                fix = f"{own}, or evaluate all tasks with one"
                yield _fault(one, other, "model", said, fix)
        sizes = [(gist, size) for gist in group if (size := gist.header.model.parameters)]
        for other, size in sizes[1:]:
            first, count = sizes[0]
            if max(count, size) > SAME_SIZE * min(count, size):
                said = f"one name, two sizes: {named} has {count:,} and {size:,}"
                yield _fault(first, other, "model.parameters", said, own)
                break
        unknown = [one for one in group if one.weights is None]
        measured = [one for one in unknown if one.header.obtained == "measured"]
        for one, other in _differing(measured, lambda gist: gist.header.model.source):
            said = "one name, two sources, and no hash of the weights says that they are one model"
            fix = "give --checkpoint FOLDER, or each a name of its own"
            yield _fault(one, other, "model.source", said, fix, odd=True)


def _weights(every: Sequence[Gist]) -> Iterator[Fault]:
    """One checkpoint that was trained on two things, however it was loaded, or has two names.

    An adapter beside it is trained by itself.
    """

    def trained(gist: Gist) -> object:
        model = gist.header.model
        return gist.weights and (model.checkpoint_sha256, model.arguments.get("peft"))

    for group in _groups(every, trained):
        for one, other in _differing(group, lambda gist: gist.training):
            said = "teacher, hands, rows or the hash of the data differ"
            what = f"one checkpoint, two training declarations: {said}"
            fix = "declare the same for all of its submissions (--teacher, --training)"
            yield _fault(one, other, "model.training", what, fix)
    for group in _groups(every, lambda gist: gist.weights and (gist.weights, gist.precision)):
        for one, other in _differing(group, _look):
            what, fix = "one checkpoint, two names", "use one, if it is one model"
            yield _fault(one, other, "model.name", what, fix, odd=True)


def _groups(every: Sequence[Gist], key: Callable[[Gist], object]) -> Iterator[list[Gist]]:
    """Submissions with an equal key that is not None, in order."""
    found: defaultdict[object, list[Gist]] = defaultdict(list)
    for gist in every:
        found[key(gist)].append(gist)
    yield from (group for value, group in found.items() if value is not None)


def _differing(
    group: Sequence[Gist], value: Callable[[Gist], object]
) -> Iterator[tuple[Gist, Gist]]:
    """The first of a group beside the first of each other value; None is no value."""
    firsts: dict[object, Gist] = {}
    for gist in group:
        if (its := value(gist)) is not None:
            firsts.setdefault(its, gist)
    every = list(firsts.values())
    yield from ((every[0], other) for other in every[1:])


def _fault(one: Gist, other: Gist, where: str, what: str, fix: str, odd: bool = False) -> Fault:
    """Of the later submission, beside the earlier one."""
    said = f"{what} ({other.header.key} beside {one.header.key})"
    return Fault(other.path, where, said, fix, one.path, odd)


def _copies(every: Sequence[Gist]) -> Iterator[Fault]:
    """Responses that are another model's; odd where something honest may explain it."""
    owns = list(map(_comparable, every))
    found: dict[tuple[int, int], tuple[bool, float, str]] = {}
    for (number, other), equal in _equal(every, owns).items():
        same_look = _look(every[number]) == _look(every[other])
        if same_look or equal.total() < COMPARED_WRONG:
            continue
        judged = _judged(every[number], every[other], owns[number], equal)
        pair = (min(number, other), max(number, other))
        if judged is not None and judged > found.get(pair, (False, 0.0, "")):
            found[pair] = judged
    for (first, second), (copied, _, said) in sorted(found.items()):
        fix = (
            "store only what the model itself wrote; one model has one name, and one that was made "
            "of another says so (--base)"
        )
        yield _fault(every[first], every[second], "responses", said, fix, odd=not copied)


Comparable = dict[PuzzleKey, list[tuple[frozenset[bytes], bool]]]
"""Of each hand the responses that can be compared: marks, and whether it is right."""


def _comparable(gist: Gist) -> Comparable:
    """The responses that are long, with the marks that the model left for one hand alone.

    Of what is withheld nobody knows how long it is: all of it, beside what is withheld, too.
    """
    marked: dict[PuzzleKey, dict[bytes, tuple[list[bytes], Written]]] = {}
    for hand, responses in gist.written.items():
        each = marked[hand] = {}
        for one in responses:
            if gist.withheld or one.marks is not None:
                each[one.marks or one.exact] = (_each_mark(one), one)
    hands: Counter[bytes] = Counter()
    for each in marked.values():
        hands.update({mark for marks, _ in each.values() for mark in marks})
    found: defaultdict[PuzzleKey, list[tuple[frozenset[bytes], bool]]] = defaultdict(list)
    for hand, each in marked.items():
        for marks, one in each.values():
            if alone := {mark for mark in marks if hands[mark] == 1}:
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
    if gist.header.model.teacher == other.header.model.teacher == SOLVER:
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
    models = (one.header.model, other.header.model)
    if None is not models[0].checkpoint_sha256 == models[1].checkpoint_sha256:
        return True
    return any(a.base and a.base in (b.name, b.source) for a, b in (models, models[::-1]))


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
