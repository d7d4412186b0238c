"""What submissions say together, and none of them alone: who is whom, and whose words these are.

A fault is what cannot be honest; what is merely odd is a warning, and a person decides. Both name
the two submissions and what to do.

Responses are compared hand by hand, as fingerprints. Two honest models write the same now and then:
a short answer to a hand with one solution, a text that a weak model writes whatever is asked, the
steps of a program that both were taught. So only what is long enough counts and what a model wrote
for one hand alone; between two students of exact search only what is wrong, as their right searches
are the program's; and those who say that one was made from the other, or both from the same rows,
are a question and no fault.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tot24_bench.game import Hand
from tot24_bench.leaderboard.key import look_of
from tot24_bench.leaderboard.records import Sample, sha256_of
from tot24_bench.leaderboard.rows import one_line
from tot24_bench.leaderboard.submission import Header
from tot24_bench.teachers.teacher import SOLVER

LONG = 60
"""Characters from which a response is compared: the answer alone has 30 or 40."""

COMPARED = 20
"""Responses that must be comparable before anything is said."""

COMPARED_WRONG = 10
"""The same of wrong ones, where only they count."""

COPIED = 0.9
"""Share of equal responses that no two models reach by chance. Sisters of one recipe, 2M weights
each, reach 0.5 (one response against nine of the other's), and 0.45 where both are wrong."""

ALIKE = 0.6
"""Share of equal responses that somebody should look at."""

MAX_FINGERPRINTS = 50_000
"""Responses of a submission that are compared; bounds memory."""

MAX_LOOSE_CHARS = 20_000
"""Characters of a response that a fingerprint is taken of; bounds time."""

SAME_SIZE = 1.05
"""Counts of weights that differ by less are the same: 360M is said of 361,821,120."""

_LOADED = {
    "autogptq", "gguf_file", "load_in_4bit", "load_in_8bit", "peft", "quantization", "revision",
}  # fmt: skip
"""Model arguments that make other weights of the same file."""

_PASSED_OVER = re.compile(r"[^\w+*/=()-]+")
"""What a response can have more or less of and be the same: blanks, points, what shows nothing."""

_PRECISIONS = {"float32": "fp32", "float16": "fp16", "half": "fp16", "bfloat16": "bf16"}


Asked = tuple[Hand, int, str]
"""A puzzle, whatever the order of its numbers."""


class Fault(NamedTuple):
    """What is wrong with a submission.

    Attributes:
        path: its JSON file.
        where: the field or the hand.
        what: what is wrong there, in one line.
        fix: what to do about it, where that is not the same for all faults of the kind.
        beside: the JSON file of the other submission that it is about.
    """

    path: Path
    where: str
    what: str
    fix: str = ""
    beside: Path | None = None


class Written(NamedTuple):
    """A response as it is compared.

    Attributes:
        exact: hash of the text; all that is known of one that is withheld.
        loose: of its letters, numbers and operators; None where it is withheld, or too short to
            compare.
        right: whether it is.
    """

    exact: bytes
    loose: bytes | None
    right: bool


class Gist:
    """What of a submission is held beside others: what it says, and fingerprints of its responses.

    Attributes:
        path: its JSON file.
        header: what it says, without the training hands.
        hands: the hash of its training hands, which names their file; None where it has none.
        data: the hash of its training rows, where it gives one.
        training: all that it says of its training.
        withheld: whether responses are known by their hashes only.
        written: its responses by hand.
    """

    def __init__(self, path: Path, header: Header) -> None:
        model = header.model
        self.path = path
        said = model.training
        self.hands = None if said is None else said.hands_file()[0]
        self.data = None if said is None else said.data_sha256
        self.training = (model.teacher, self.hands, said and said.rows, self.data)
        # Hundreds of submissions are held at once, and their hands have been looked at by now.
        kept = {**dict(header), "model": model.model_copy(update={"training": None})}
        self.header = Header.model_construct(**kept)
        self.withheld = False
        self.written: dict[Asked, list[Written]] = {}
        self._count = 0

    def add(self, sample: Sample) -> None:
        """Keep the fingerprints of a sample's responses."""
        kept = self.written.setdefault(sample.puzzle.identity, [])
        room = MAX_FINGERPRINTS - self._count
        rights = [score.correct for score in sample.scores[:room]]
        self._count += len(rights)
        if sample.withheld:
            self.withheld = True
            for digest, right in zip(sample.responses_sha256, rights, strict=False):
                kept.append(Written(bytes.fromhex(digest), None, right))
            return
        for text, right in zip(sample.responses, rights, strict=False):
            kept.append(Written(bytes.fromhex(sha256_of(text)), _loose(text), right))

    @property
    def weights(self) -> tuple[str, tuple[tuple[str, str], ...]] | None:
        """The checkpoint, and how it was loaded; None where its hash is not known."""
        digest = self.header.model.checkpoint_sha256
        return None if digest is None else (digest, self.loaded)

    @property
    def loaded(self) -> tuple[tuple[str, str], ...]:
        """The arguments that make other weights of the same checkpoint."""
        given = self.header.model.arguments.items()
        return tuple(sorted(one for one in given if one[0] in _LOADED and one[1] != "main"))

    @property
    def precision(self) -> str | None:
        """The precision, under one of its names."""
        said = self.header.model.precision
        return None if said is None else _PRECISIONS.get(said.casefold(), said.casefold())


class Together(NamedTuple):
    """What is wrong, and what is odd."""

    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]


def together(gists: Iterable[Gist]) -> Together:
    """Hold submissions beside each other."""
    every = sorted(gists, key=lambda gist: (gist.header.created, gist.header.key))
    copies = list(_copies(every))
    return Together(
        (*_names(every), *_weights(every), *(fault for fault, copied in copies if copied)),
        (*_odd_names(every), *(fault for fault, copied in copies if not copied)),
    )


def _names(every: Sequence[Gist]) -> Iterator[Fault]:
    """One name, two models; or two names that look like one."""
    for group in _groups(every, lambda gist: look_of(gist.header.model.name)):
        for one, other in _differing(group, lambda gist: gist.header.model.name):
            names = f"{one.header.model.name[:80]!a} and {other.header.model.name[:80]!a}"
            yield _fault(
                one,
                other,
                "model.name",
                f"two names that look the same, {names}",
                "write the name as the other has it, or choose another one (--name)",
            )
        named = group[0].header.model.name
        for what, value in _OF_A_NAME.items():
            for one, other in _differing(group, value):
                yield _fault(
                    one,
                    other,
                    "model",
                    f"one name, two {what}: {one_line(named)} has {value(one)} and {value(other)}",
                    "give each model a name of its own (--name), or evaluate all tasks with one",
                )
        sizes = [gist for gist in group if gist.header.model.parameters]
        for other in sizes[1:]:
            counts = [gist.header.model.parameters or 1 for gist in (sizes[0], other)]
            if max(counts) > SAME_SIZE * min(counts):
                yield _fault(
                    sizes[0],
                    other,
                    "model.parameters",
                    f"one name, two sizes: {one_line(named)} has {counts[0]:,} and {counts[1]:,}",
                    "give each model a name of its own (--name)",
                )
                break


_OF_A_NAME: dict[str, Callable[[Gist], object]] = {
    "checkpoints": lambda gist: gist.header.model.checkpoint_sha256,
    "ways to load it": lambda gist: gist.loaded if gist.header.obtained == "measured" else None,
    "precisions": lambda gist: gist.precision,
}
"""What the submissions of one name agree in, where they say it."""


def _weights(every: Sequence[Gist]) -> Iterator[Fault]:
    """One checkpoint that was trained on two things."""
    for group in _groups(every, lambda gist: gist.weights):
        for one, other in _differing(group, lambda gist: gist.training):
            yield _fault(
                one,
                other,
                "model.training",
                "one checkpoint, two training declarations: teacher, hands, rows or the hash of "
                "the data differ",
                "declare the same for all of its submissions (--teacher, --training)",
            )


def _odd_names(every: Sequence[Gist]) -> Iterator[Fault]:
    for group in _groups(every, lambda gist: gist.weights and (gist.weights, gist.precision)):
        for one, other in _differing(group, lambda gist: look_of(gist.header.model.name)):
            yield _fault(
                one, other, "model.name", "one checkpoint, two names", "use one, if it is one model"
            )
    for group in _groups(every, lambda gist: look_of(gist.header.model.name)):
        unknown = [
            one for one in group if one.weights is None and one.header.obtained == "measured"
        ]
        for one, other in _differing(unknown, lambda gist: gist.header.model.source):
            yield _fault(
                one,
                other,
                "model.source",
                "one name, two sources, and no hash of the weights says that they are one model",
                "give --checkpoint FOLDER, or each a name of its own",
            )


def _copies(every: Sequence[Gist]) -> Iterator[tuple[Fault, bool]]:
    """Responses that are another model's; whether nothing honest explains it."""
    there: defaultdict[tuple[Asked, bytes], set[int]] = defaultdict(set)
    for number, gist in enumerate(every):
        for hand, responses in gist.written.items():
            for one in responses:
                digest = one.exact if gist.withheld else one.loose
                if digest is not None:
                    there[hand, digest].add(number)
    found: dict[tuple[int, int], tuple[bool, float, str]] = {}
    for number, gist in enumerate(every):
        own = list(_comparable(gist))
        equal: Counter[int] = Counter()
        for hand, one in own:
            equal.update(_with(there, hand, one) - {number})
        for other, count in equal.items():
            same = look_of(every[other].header.model.name) == look_of(gist.header.model.name)
            if same or count < COMPARED_WRONG:
                continue
            judged = _judged(gist, every[other], own, there, other)
            pair = (min(number, other), max(number, other))
            if judged is not None and judged > found.get(pair, (False, 0.0, "")):
                found[pair] = judged
    for (first, second), (copied, _, said) in sorted(found.items()):
        fault = _fault(
            every[first],
            every[second],
            "responses",
            said,
            "store only what the model itself wrote; one model has one name, and one that was made "
            "of another says so (--base)",
        )
        yield fault, copied


_There = dict[tuple[Asked, bytes], set[int]]


def _judged(
    gist: Gist,
    other: Gist,
    own: Sequence[tuple[Asked, Written]],
    there: _There,
    number: int,
) -> tuple[bool, float, str] | None:
    """Whether the one's responses are the other's, what share is, and how to say it."""
    asked = {
        hand
        for hand, responses in other.written.items()
        if other.withheld or any(one.loose for one in responses)
    }
    compared = [
        (number in _with(there, hand, one), one.right) for hand, one in own if hand in asked
    ]
    wrong = [same for same, right in compared if not right]
    same = [same for same, _ in compared]
    share = sum(same) / len(same)
    taught_alike = gist.header.model.teacher == other.header.model.teacher == SOLVER
    evidence, fewest = (wrong, COMPARED_WRONG) if taught_alike else (same, COMPARED)
    copied = len(evidence) >= fewest and sum(evidence) >= COPIED * len(evidence)
    copied = copied and not _related(gist, other)
    if not copied and (len(same) < COMPARED or share < ALIKE):
        return None
    return copied, share, f"{sum(same)} of {len(same)} responses are those of another model"


def _comparable(gist: Gist) -> Iterator[tuple[Asked, Written]]:
    """The responses that are long, and that the model wrote for one hand alone.

    Of what is withheld nobody knows how long it is: all of it, beside what is withheld, too.
    """
    marked = {
        hand: {one.exact if gist.withheld else one.loose: one for one in responses}
        for hand, responses in gist.written.items()
    }
    hands = Counter(mark for each in marked.values() for mark in each)
    for hand, each in marked.items():
        for mark, one in each.items():
            if mark is not None and hands[mark] == 1:
                yield hand, one


def _with(there: _There, hand: Asked, one: Written) -> set[int]:
    """Who wrote the same for the hand."""
    loose = there.get((hand, one.loose), set()) if one.loose else set()
    return loose | there.get((hand, one.exact), set())


def _related(one: Gist, other: Gist) -> bool:
    """Whether they say that they are the same weights, of the same rows, or one of the other."""
    if one.data is not None and one.data == other.data:
        return True
    models = (one.header.model, other.header.model)
    if None is not models[0].checkpoint_sha256 == models[1].checkpoint_sha256:
        return True
    return any(a.base and a.base in (b.name, b.source) for a, b in (models, models[::-1]))


def _loose(text: str) -> bytes | None:
    start = text[:MAX_LOOSE_CHARS]
    if len(start.strip()) < LONG:
        return None
    kept = _PASSED_OVER.sub("", start.casefold())
    return hashlib.sha256(kept.encode("utf-8", "replace")).digest()


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
    one, *others = firsts.values() or (None,)
    for other in others:
        assert one is not None
        yield one, other


def _fault(one: Gist, other: Gist, where: str, what: str, fix: str) -> Fault:
    """Of the later submission, beside the earlier one."""
    return Fault(
        other.path, where, f"{what} ({other.header.key} beside {one.header.key})", fix, one.path
    )
