"""Which part of every universe a hand belongs to: train or test, for all splits and all seeds.

A hand's part is fixed before anything is drawn: nobody can train on a test hand by choosing another
seed or another split. The deck's hands have the part that its fixed splits give them; every other
hand is put into a part by a hash of its numbers. Targets have parts, too: the held-out ones are in
no training data.

| hand | part |
| --- | --- |
| in `train` | train |
| in `hard100`, `hardest`, `val`, or `unsolvable` | test |
| 4 4 6 8, shown in every prompt | neither |
| any other: beyond the deck, or not of four numbers | by its hash, half of them each |

>>> part_of((4, 5, 6, 10)), part_of((1, 1, 1, 25))
('test', 'test')
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Literal

from tot24_bench.game.puzzle import LARGEST_CARD, TARGET, Hand, Puzzle
from tot24_bench.game.splits import (
    EXEMPLAR_IN_NO_SPLIT,
    LeakedHand,
    held_out_split_of,
    load_split,
)
from tot24_bench.game.trees import Numbers

Part = Literal["train", "test"]

SALT = "tot24-bench part 1"
"""Changes the parts. Never change it: students were trained on them."""

TARGETS = range(1, 101)
"""The targets that are divided."""

MEMO_HANDS = 200_000
"""Hands whose part is remembered: a search asks for the same ones again and again."""

HELD_OUT_TARGETS = 20
"""How many of them are held out; never 24, which the deck trains on."""


def part_of(hand: Hand) -> Part | None:
    """The part of a hand, numbers ascending; None for the exemplar that belongs to neither."""
    if hand == EXEMPLAR_IN_NO_SPLIT:
        return None
    if len(hand) == 4 and hand[-1] <= LARGEST_CARD:
        return "train" if hand in _trained() else "test"
    return "train" if _hash(" ".join(map(str, hand))) % 2 else "test"


@lru_cache(maxsize=MEMO_HANDS)
def is_test_hand(numbers: Numbers) -> bool:
    """Whether numbers, ascending, are a hand of a test part; no zero, no fraction is in a hand.

    >>> is_test_hand((2, 2, 2, 9)), is_test_hand((0, 2, 2, 9))
    (True, False)
    """
    whole = tuple([number for number in numbers if isinstance(number, int) and number > 0])
    return len(whole) == len(numbers) and part_of(whole) == "test"


@cache
def held_out_targets() -> frozenset[int]:
    """The targets that no training data may ask for."""
    others = sorted((target for target in TARGETS if target != TARGET), key=_of_target)
    return frozenset(others[:HELD_OUT_TARGETS])


def guard_parts(puzzles: Iterable[Puzzle], where: str) -> None:
    """Refuse what is not in a train part, of the deck or beyond it, and held-out targets.

    Stricter than `splits.guard_training_hands`, which knows the deck's held-out splits only: a
    student that passes this one has never seen a test hand of any split.

    Raises:
        LeakedHand: names up to five offending puzzles, and the fixed splits that they are of.
    """
    leaked = sorted(
        {
            (puzzle.hand, puzzle.target)
            for puzzle in puzzles
            if part_of(puzzle.hand) == "test" or puzzle.target in held_out_targets()
        }
    )
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


@cache
def _trained() -> frozenset[Hand]:
    return frozenset(puzzle.hand for puzzle in load_split("train"))


def _of_target(target: int) -> int:
    return _hash(f"target {target}")


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{SALT}: {text}".encode()).digest()[:8])
