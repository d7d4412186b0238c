"""Splits by name: the fixed ones, and those that nobody can know by heart, drawn by a seed.

| split | puzzles | question |
| --- | --- | --- |
| `fresh` | four numbers up to 25, one of them above 13, target 24 | hands not on the web |
| `target` | the deck's hands, another target from 1 to 100 | the number 24, or the search? |
| `five`, `six` | five or six cards, target 24 | longer searches |
| `rational` | up to 25, every solution passes through a fraction | can it leave the integers? |
| `unsolvable_fresh` | as `fresh`, but 24 cannot be made | does it say so, or invent? |
| `countdown` | three or four numbers up to 99, target 10 to 99, not all needed | another game |
| `shuffled` | hard100, its numbers dealt in another order | the hand, or its text? |
| `state_holdout` | hard100, for students who never saw its inner states | states nobody showed |

Every universe is divided into a train and a test part before a seed is drawn (`splits.part_of`); a
split's name means its test part. `fresh` is 100 hands of seed 0; `fresh-s7-n500` is 500 of seed 7.

>>> draw("fresh", seed=7, size=2) == load_split("fresh-s7-n2")
True
>>> draw("fresh", part="train", size=1)[0].hand[-1] > 13
True
>>> len(load_split("fresh-s7-n20")), split_size("fresh-s7-n20"), is_split("frehs")
(20, 20, False)
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache
from itertools import combinations_with_replacement, islice
from typing import NamedTuple

from tot24_bench.game.inner_states import avoids_held_out_states
from tot24_bench.game.puzzle import LARGEST_CARD, TARGET, Hand, Puzzle, Rule
from tot24_bench.game.reach import can_make, can_make_within
from tot24_bench.game.solver import is_solvable
from tot24_bench.game.splits import (
    SPLITS,
    TARGETS,
    Part,
    UnknownSplit,
    held_out_targets,
    load_fixed,
    part_of,
)
from tot24_bench.text import did_you_mean

DEFAULT_SEED = 0
DEFAULT_SIZE = 100

MAX_SIZE = 100_000  # hands of one draw

MAX_SEED = 2**63 - 1

LARGEST_FRESH = 25  # numbers of `fresh`, `rational` and `unsolvable_fresh` go from 1 to this

COUNTDOWN_NUMBERS = range(1, 100)
COUNTDOWN_TARGETS = range(10, 100)
COUNTDOWN_SIZES = (3, 4)
"""The ranges of the Countdown tasks that Stream of Search (Gandhi et al. 2024) and TinyZero made
common: three or four numbers below 100, two-digit targets."""

EXAMPLES_TRIED = 20_000  # hands that are looked at for the exemplars of a target

MEMO_DRAWS = 64


class BadDraw(ValueError):
    """A seed, a size or a part that no draw has; the message says what there is."""


class Generated(NamedTuple):
    """A split that is drawn."""

    puzzles: Callable[[Part, int], Iterable[Puzzle]]  # of a part, in the order of a seed, each once
    parts: tuple[Part, ...] = ("train", "test")
    seeded: bool = True  # whether a seed changes its test part


def load_split(name: str) -> tuple[Puzzle, ...]:
    """The puzzles of a split, always in the same order.

    Args:
        name: a fixed split, or a generated one: `fresh`, `fresh-s7`, `fresh-n500`, `fresh-s7-n500`.

    Raises:
        UnknownSplit: when there is no such split; the message lists the nearest ones.
        BadDraw: for more hands than a generated split has.
    """
    if name in SPLITS:
        return load_fixed(name)
    said = parse_name(name)
    if said is not None:
        return draw(said.name, seed=said.seed, size=said.size)
    hint = did_you_mean(name.partition("-")[0], ALL_SPLITS)
    raise UnknownSplit(f"no split {name[:40]!r}: {hint}the splits are {', '.join(ALL_SPLITS)}")


def is_split(name: str) -> bool:
    """Whether there is a split of that name."""
    return name in SPLITS or parse_name(name) is not None


def split_size(name: str) -> int:
    """How many hands a split has; errors as of `load_split`."""
    drawn = parse_name(name)  # a size that is named needs no draw
    return drawn.size if drawn is not None and drawn.size is not None else len(load_split(name))


class Draw(NamedTuple):
    """What the name of a generated split says."""

    name: str
    seed: int
    size: int | None

    def with_numbers(self, seed: int | str | None, size: int | str | None) -> Draw:
        """Another seed or size, as numbers or digits (else BadDraw); None leaves what there is."""
        return self._replace(
            seed=self.seed if seed is None else _number("seed", seed, 0, MAX_SEED),
            size=self.size if size is None else _number("size", size, 1, MAX_SIZE),
        )

    @property
    def text(self) -> str:
        """The name: without what is the default."""
        seed = f"-s{self.seed}" if self.seed != DEFAULT_SEED else ""
        size = f"-n{self.size}" if self.size not in (None, DEFAULT_SIZE) else ""
        return f"{self.name}{seed}{size}"


def draw(
    name: str, *, seed: int = DEFAULT_SEED, size: int | None = None, part: Part = "test"
) -> tuple[Puzzle, ...]:
    """The first hands of one of `GENERATED` in the order of a seed.

    Args:
        size: how many; None is DEFAULT_SIZE, or all where there are fewer.
        part: `train` for training data, `test` for everything else.

    Raises:
        UnknownSplit: when there is no such split.
        BadDraw: for a seed, a size or a part that it does not have, or more hands than exist.
    """
    split = GENERATED.get(name)
    if split is None:
        raise UnknownSplit(
            f"no generated split {name[:40]!r}: the generated splits are {', '.join(GENERATED)}"
        )
    if part not in split.parts:
        raise BadDraw(f"{name} has no part {part!r}: it is {' and '.join(split.parts)} only")
    _number("seed", seed, 0, MAX_SEED)
    if size is not None:
        _number("size", size, 1, MAX_SIZE)
    return _draw(name, seed if split.seeded or part == "train" else DEFAULT_SEED, size, part)


def parse_name(text: str) -> Draw | None:
    """What `fresh-s7-n500` says; None where it names no generated split."""
    found = _NAME.fullmatch(text)
    if found is None or found["name"] not in GENERATED:
        return None
    size = int(found["size"]) if found["size"] else None
    return Draw(found["name"], int(found["seed"] or DEFAULT_SEED), size)


@lru_cache(maxsize=1_024)
def example_puzzles(target: int, rule: Rule, count: int = 6) -> tuple[Puzzle, ...]:
    """Solvable puzzles for exemplars, hands of a train part: always the same, perhaps too few."""
    found: list[Puzzle] = []
    for place in range(EXAMPLES_TRIED):
        if len(found) == count:
            break
        if rule is Rule.SOME:
            hand = _countdown_hand(f"example {target}", place)[0]
        else:
            cards = _words(f"example {target} {place}")[:4]
            hand = tuple(sorted(1 + card % LARGEST_CARD for card in cards))
        if part_of(hand) != "train" or target in hand:
            continue
        puzzle = Puzzle(hand, target, rule)
        if puzzle not in found and is_solvable(puzzle):
            found.append(puzzle)
    return tuple(found)


def _number(what: str, value: object, least: int, most: int) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if type(value) is not int or not least <= value <= most:
        raise BadDraw(f"{what} {repr(value)[:40]} is not an integer from {least} to {most}")
    return value


@lru_cache(maxsize=MEMO_DRAWS)
def _draw(name: str, seed: int, size: int | None, part: Part) -> tuple[Puzzle, ...]:
    wanted = DEFAULT_SIZE if size is None else size
    found = tuple(islice(GENERATED[name].puzzles(part, seed), wanted))
    if size is not None and len(found) < size:
        raise BadDraw(f"{name} has {len(found)} {part} hands, {size} were asked for: ask for fewer")
    return found


def _dealt(
    name: str, largest: int, count: int, fits: Callable[[Hand], bool]
) -> Callable[[Part, int], Iterator[Puzzle]]:
    """The hands of some numbers up to the largest that fit."""

    def puzzles(part: Part, seed: int) -> Iterator[Puzzle]:
        every = combinations_with_replacement(range(1, largest + 1), count)
        hands = _in_order(name, seed, (hand for hand in every if part_of(hand) == part))
        return map(Puzzle, filter(fits, hands))

    return puzzles


def _solvable(hand: Hand) -> bool:
    return can_make(hand, TARGET)


def _fresh(hand: Hand) -> bool:
    return hand[-1] > LARGEST_CARD and _solvable(hand)


def _unsolvable_fresh(hand: Hand) -> bool:
    return hand[-1] > LARGEST_CARD and not _solvable(hand)


@cache
def _rational(hand: Hand) -> bool:
    return _solvable(hand) and not can_make_within(hand, TARGET, whole=True)


def _target(part: Part, seed: int) -> Iterator[Puzzle]:
    held_out = held_out_targets()
    targets = [t for t in TARGETS if t != TARGET and (t in held_out) == (part == "test")]
    deck = combinations_with_replacement(range(1, LARGEST_CARD + 1), 4)
    hands = [hand for hand in deck if part_of(hand) == part]
    asked = ((*hand, target) for hand in hands for target in targets)
    for *hand, target in _in_order("target", seed, asked):
        puzzle = Puzzle(tuple(hand), target)
        if is_solvable(puzzle):
            yield puzzle


def _countdown(part: Part, seed: int) -> Iterator[Puzzle]:
    """Too many to put in order: each is read off a hash of its place in the draw."""
    seen = set()
    for place in range(MAX_SIZE * 100):
        hand, target = _countdown_hand(f"countdown {seed}", place)
        puzzle = Puzzle(hand, target, Rule.SOME)
        held_out = target in held_out_targets()
        fits = part_of(hand) == part and held_out == (part == "test") and target not in hand
        if fits and puzzle not in seen and is_solvable(puzzle):
            seen.add(puzzle)
            yield puzzle


def _countdown_hand(name: str, place: int) -> tuple[Hand, int]:
    words = _words(f"{name} {place}")
    count = COUNTDOWN_SIZES[words[0] % len(COUNTDOWN_SIZES)]
    numbers = COUNTDOWN_NUMBERS
    hand = tuple(sorted(numbers[word % len(numbers)] for word in words[2 : 2 + count]))
    return hand, COUNTDOWN_TARGETS[words[1] % len(COUNTDOWN_TARGETS)]


def _shuffled(_part: Part, seed: int) -> Iterator[Puzzle]:
    for puzzle in load_fixed("hard100"):
        places = sorted((_hash(f"shuffled {seed} {puzzle.text} {i}"), i) for i in range(4))
        numbers = tuple(puzzle.numbers[i] for _, i in places)
        if numbers == puzzle.numbers:  # by chance: turned, it is another order
            numbers = numbers[1:] + numbers[:1]
        yield Puzzle(numbers)


def _state_holdout(part: Part, seed: int) -> Iterator[Puzzle]:
    if part == "test":
        yield from load_fixed("hard100")
        return
    hands = [p.hand for p in load_fixed("train") if avoids_held_out_states(p.hand)]
    yield from map(Puzzle, _in_order("state_holdout", seed, hands))


def _in_order(name: str, seed: int, every: Iterable[Hand]) -> list[Hand]:
    """In the order of a seed: by a hash, so that it is the same wherever Python runs."""
    return sorted(every, key=lambda hand: _hash(f"{name} {seed} {' '.join(map(str, hand))}"))


def _words(text: str) -> list[int]:
    """Eight numbers of 32 bits."""
    digest = _hash(text)
    return [int.from_bytes(digest[i : i + 4]) for i in range(0, 32, 4)]


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


GENERATED: dict[str, Generated] = {
    "fresh": Generated(_dealt("fresh", LARGEST_FRESH, 4, _fresh)),
    "target": Generated(_target),
    "five": Generated(_dealt("five", LARGEST_CARD, 5, _solvable)),
    "six": Generated(_dealt("six", LARGEST_CARD, 6, _solvable)),
    "rational": Generated(_dealt("rational", LARGEST_FRESH, 4, _rational)),
    "unsolvable_fresh": Generated(_dealt("unsolvable_fresh", LARGEST_FRESH, 4, _unsolvable_fresh)),
    "countdown": Generated(_countdown),
    "shuffled": Generated(_shuffled, parts=("test",)),
    "state_holdout": Generated(_state_holdout, seeded=False),
}
"""Every generated split by name."""

ALL_SPLITS = (*SPLITS, *GENERATED)  # every split by name, the fixed ones first

_NAME = re.compile(r"(?P<name>[a-z_]+)(?:-s(?P<seed>[0-9]{1,19}))?(?:-n(?P<size>[0-9]{1,6}))?")
