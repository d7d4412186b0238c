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

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tot24_bench.game import Hand
from tot24_bench.leaderboard.key import look_of
from tot24_bench.leaderboard.likeness import each_mark, marks_of
from tot24_bench.leaderboard.records import Sample, sha256_of
from tot24_bench.leaderboard.submission import Header
from tot24_bench.teachers import SOLVER
from tot24_bench.text import one_line

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

_LOADED = {
    "autogptq", "gguf_file", "load_in_4bit", "load_in_8bit", "peft", "quantization", "revision",
}  # fmt: skip
"""Model arguments that make other weights of the same file."""

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
        marks: see `likeness`; None where it is withheld, or too short to compare.
        right: whether it is.
    """

    exact: bytes
    marks: bytes | None
    right: bool


class Gist:
    """What of a submission is held beside others: what it says, and fingerprints of its responses.

    Attributes:
        path: its JSON file.
        header: what it says, without what is compared with no other's.
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
        # Hundreds of submissions are held at once: what is compared of them and no more.
        given = {name: value for name, value in model.arguments.items() if name in _LOADED}
        kept = model.model_copy(update={"training": None, "arguments": given})
        nothing = {"generation": {}, "seeds": {}, "versions": {}, "notes": (), "hardware": ""}
        self.header = Header.model_construct(**{**dict(header), **nothing, "model": kept})
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
            kept.append(Written(bytes.fromhex(sha256_of(text)), marks_of(text), right))

    @property
    def weights(self) -> tuple[str, tuple[tuple[str, str], ...]] | None:
        """The checkpoint, and how it was loaded; None where its hash is not known."""
        digest = self.header.model.checkpoint_sha256
        return None if digest is None else (digest, self.loaded)

    @property
    def loaded(self) -> tuple[tuple[str, str], ...]:
        """The arguments that make other weights of the same checkpoint."""
        given = self.header.model.arguments.items()
        return tuple(sorted(one for one in given if one[1] != "main"))

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
        named = one_line(group[0].header.model.name, 80)
        for what, value in _OF_A_NAME.items():
            for one, other in _differing(group, value):
                yield _fault(
                    one,
                    other,
                    "model",
                    f"one name, two {what}: {named} has {value(one)} and {value(other)}",
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
                    f"one name, two sizes: {named} has {counts[0]:,} and {counts[1]:,}",
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
    """One checkpoint that was trained on two things, however it was loaded.

    An adapter beside it is trained by itself.
    """

    def trained(gist: Gist) -> tuple[str, str | None] | None:
        model = gist.header.model
        digest = model.checkpoint_sha256
        return None if digest is None else (digest, model.arguments.get("peft"))

    for group in _groups(every, trained):
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
    owns = [list(_comparable(gist)) for gist in every]
    looks = [look_of(gist.header.model.name) for gist in every]
    equal: Counter[tuple[int, int, bool]] = Counter()
    for hand, asked in _by_hand(every, owns).items():
        there: defaultdict[bytes, set[int]] = defaultdict(set)
        for number in asked:
            for one in every[number].written[hand]:
                for mark in (one.exact,) if one.marks is None else each_mark(one.marks):
                    there[mark].add(number)
        for number, own in asked.items():
            for _, marks, right in own:
                others = set[int]().union(*(there.get(mark, ()) for mark in marks))
                equal.update((number, other, right) for other in others - {number})
    found: dict[tuple[int, int], tuple[bool, float, str]] = {}
    for number, other in {(number, other) for number, other, _ in equal}:
        same = _Same(equal[number, other, False], equal[number, other, True])
        if looks[number] == looks[other] or sum(same) < COMPARED_WRONG:
            continue
        judged = _judged(every[number], every[other], owns[number], same)
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


class _Own(NamedTuple):
    """A response that can be compared, with the marks that it has for this hand alone."""

    hand: Asked
    marks: frozenset[bytes]
    right: bool


class _Same(NamedTuple):
    """How many wrong and right responses are another model's."""

    wrong: int
    right: int


def _by_hand(
    every: Sequence[Gist], owns: Sequence[Sequence[_Own]]
) -> dict[Asked, dict[int, list[_Own]]]:
    """Who was asked a hand, and what can be compared of it."""
    found: defaultdict[Asked, dict[int, list[_Own]]] = defaultdict(dict)
    for number, (gist, own) in enumerate(zip(every, owns, strict=True)):
        for hand in gist.written:
            found[hand][number] = []
        for one in own:
            found[one.hand][number].append(one)
    return found


def _judged(
    gist: Gist, other: Gist, own: Sequence[_Own], same: _Same
) -> tuple[bool, float, str] | None:
    """Whether the one's responses are the other's, what share is, and how to say it."""
    asked = {
        hand
        for hand, responses in other.written.items()
        if other.withheld or any(one.marks for one in responses)
    }
    rights = Counter(one.right for one in own if one.hand in asked)
    compared = rights.total()
    share = sum(same) / compared
    taught_alike = gist.header.model.teacher == other.header.model.teacher == SOLVER
    evidence, of, fewest = (
        (same.wrong, rights[False], COMPARED_WRONG)
        if taught_alike
        else (sum(same), compared, COMPARED)
    )
    copied = of >= fewest and evidence >= COPIED * of and not _related(gist, other)
    if not copied and (compared < COMPARED or share < ALIKE):
        return None
    return copied, share, f"{sum(same)} of {compared} responses are those of another model"


def _comparable(gist: Gist) -> Iterator[_Own]:
    """The responses that are long, with the marks that the model left for one hand alone.

    Of what is withheld nobody knows how long it is: all of it, beside what is withheld, too.
    """
    marked: dict[Asked, dict[bytes, tuple[frozenset[bytes], Written]]] = {}
    for hand, responses in gist.written.items():
        each = marked.setdefault(hand, {})
        for one in responses:
            if gist.withheld:
                each[one.exact] = (frozenset((one.exact,)), one)
            elif one.marks is not None:
                each[one.marks] = (frozenset(each_mark(one.marks)), one)
    hands = Counter(
        mark
        for each in marked.values()
        for mark in frozenset[bytes]().union(*(marks for marks, _ in each.values()))
    )
    for hand, each in marked.items():
        for marks, one in each.values():
            if alone := frozenset(mark for mark in marks if hands[mark] == 1):
                yield _Own(hand, alone | {one.exact}, one.right)


def _related(one: Gist, other: Gist) -> bool:
    """Whether they say that they are the same weights, of the same rows, or one of the other."""
    if one.data is not None and one.data == other.data:
        return True
    models = (one.header.model, other.header.model)
    if None is not models[0].checkpoint_sha256 == models[1].checkpoint_sha256:
        return True
    return any(a.base and a.base in (b.name, b.source) for a, b in (models, models[::-1]))


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
