"""The fixed splits of the deck, and which part of every universe a hand belongs to: train or test.

The deck is every hand of four cards, 1 to 13: 1,820 hands, of which 1,362 can make 24.

| split | hands | what for |
| --- | --- | --- |
| `hard100` | 100 | the published test: human-difficulty ranks 901-1000 |
| `hardest` | 361 | harder held-out hands: ranks 1001-1362 without the exemplar 4 4 6 8 |
| `val` | 100 | every choice is made on it: one hand from each of 100 bands of difficulty |
| `train` | 800 | the only hands that training may see |
| `full` | 1,362 | every solvable hand (contains all of the above) |
| `unsolvable` | 458 | the right answer is that there is none |

4 4 6 8, the first exemplar of every published prompt, is in `full` alone. `val` was drawn from the
900 hands outside the test sets: ranked by the chance that uniformly random thoughts make 24, one of
each nine neighbours. The drawn list is shipped, and a test draws it again.

A hand's part is fixed before anything is drawn: nobody can train on a test hand by choosing another
seed or another split. Targets have parts, too: the held-out ones are in no training data.

| hand | part |
| --- | --- |
| in `train` | train |
| in `hard100`, `hardest`, `val`, or `unsolvable` | test |
| 4 4 6 8, shown in every prompt | neither |
| any other: beyond the deck, or not of four numbers | by a hash of its numbers, half of them each |

>>> len(load_fixed("train")), load_fixed("hard100")[0].text
(800, '4 5 6 10')
>>> part_of((4, 5, 6, 10)), part_of((1, 1, 1, 25))
('test', 'test')
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib.resources import files
from itertools import combinations_with_replacement
from typing import Literal

from tot24_bench.game.puzzle import LARGEST_CARD, TARGET, Hand, Puzzle
from tot24_bench.game.solver import is_solvable
from tot24_bench.game.states import Number

SPLITS = ("hard100", "hardest", "val", "train", "full", "unsolvable")  # every fixed split by name

HELD_OUT = ("hard100", "hardest", "val")
"""Splits whose hands never reach training data or the exemplars of a training prompt."""

EXEMPLAR_IN_NO_SPLIT: Hand = (4, 4, 6, 8)
"""Shown in every prompt, published or ours, so neither tested nor trained on as a hand."""

FILES = {"hard100": "hard100.csv", "hardest": "hardest361.csv", "val": "val100.csv"}
"""The splits that are shipped as lists, in `data`."""

Part = Literal["train", "test"]

SALT = "tot24-bench part 1"  # changes the parts. Never change it: students were trained on them.
TARGETS = range(1, 101)  # the targets that are divided
HELD_OUT_TARGETS = 20  # how many of them are held out; never 24, which the deck trains on

MEMO_HANDS = 200_000
"""Hands whose part is remembered: a search asks for the same ones again and again."""


class UnknownSplit(ValueError):
    """No split of that name; the message lists the nearest ones."""


class LeakedHand(ValueError):
    """A held-out hand is in training data or in an exemplar of a training prompt."""


@cache
def load_fixed(name: str) -> tuple[Puzzle, ...]:
    """The puzzles of one of `SPLITS`, in published order where there is one, else ascending."""
    if name in ("full", "unsolvable"):
        deck = map(Puzzle, combinations_with_replacement(range(1, LARGEST_CARD + 1), 4))
        return tuple(puzzle for puzzle in deck if is_solvable(puzzle) == (name == "full"))
    if name == "train":
        out = {*_held_out(), EXEMPLAR_IN_NO_SPLIT}
        return tuple(puzzle for puzzle in load_fixed("full") if puzzle.hand not in out)
    text = (files("tot24_bench.game") / "data" / FILES[name]).read_text(encoding="utf-8")
    return tuple(Puzzle.parse(row["numbers"]) for row in csv.DictReader(text.splitlines()))


def held_out_split_of(hand: Hand) -> str | None:
    """Which split holds a hand, numbers ascending, back from training; None where none does."""
    return _held_out().get(hand)


@cache
def _held_out() -> dict[Hand, str]:
    return {puzzle.hand: name for name in HELD_OUT for puzzle in load_fixed(name)}


def part_of(hand: Hand) -> Part | None:
    """The part of a hand, numbers ascending; None for the exemplar that belongs to neither."""
    if hand == EXEMPLAR_IN_NO_SPLIT:
        return None
    if len(hand) == 4 and hand[-1] <= LARGEST_CARD:
        return "train" if hand in _trained() else "test"
    return "train" if _hash(" ".join(map(str, hand))) % 2 else "test"


@cache
def _trained() -> frozenset[Hand]:
    return frozenset(puzzle.hand for puzzle in load_fixed("train"))


@lru_cache(maxsize=MEMO_HANDS)
def is_test_hand(numbers: tuple[Number, ...]) -> bool:
    """Whether numbers, ascending, are a hand of a test part; no zero, no fraction is in a hand.

    >>> is_test_hand((2, 2, 2, 9)), is_test_hand((0, 2, 2, 9))
    (True, False)
    """
    whole = tuple([number for number in numbers if isinstance(number, int) and number > 0])
    return len(whole) == len(numbers) and part_of(whole) == "test"


@cache
def held_out_targets() -> frozenset[int]:
    """The targets that no training data may ask for."""
    others = sorted({*TARGETS} - {TARGET}, key=lambda target: _hash(f"target {target}"))
    return frozenset(others[:HELD_OUT_TARGETS])


def guard_parts(puzzles: Iterable[Puzzle], where: str) -> None:
    """Refuse what is not in a train part, of the deck or beyond it, and held-out targets.

    A student whose training data, prompts' exemplars included, passes has never seen a test hand of
    any split. LeakedHand names `where` it is, and up to five puzzles with their fixed splits.
    """
    asked = {(puzzle.hand, puzzle.target) for puzzle in puzzles}
    held_out = held_out_targets()
    leaked = sorted(one for one in asked if part_of(one[0]) == "test" or one[1] in held_out)
    if leaked:
        shown = "; ".join(
            " ".join(map(str, hand))
            + (f" ({split})" if (split := held_out_split_of(hand)) else "")
            + f" to {target}"
            for hand, target in leaked[:5]
        )
        raise LeakedHand(
            f"{where} holds {len(leaked)} held-out puzzle(s) of a test part: {shown}. "
            "Draw training data from train parts: draw(name, part='train')."
        )


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{SALT}: {text}".encode()).digest()[:8])
