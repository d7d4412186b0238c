"""The fixed splits of the deck, and the guard that keeps test hands out of training.

The deck is every hand of four cards, 1 to 13: 1,820 hands, of which 1,362 can make 24.

| split | hands | what for |
| --- | --- | --- |
| `hard100` | 100 | the published test: human-difficulty ranks 901-1000 |
| `hardest` | 361 | harder held-out hands: ranks 1001-1362 without the exemplar 4 4 6 8 |
| `val` | 100 | every choice is made on it: one hand from each of 100 bands of difficulty |
| `train` | 800 | the only hands that training may see |
| `full` | 1,362 | every solvable hand (contains all of the above) |
| `unsolvable` | 458 | the right answer is that there is none |

4 4 6 8, the first exemplar of every published prompt, is in `full` alone. Difficulty is the chance
that uniformly random thoughts make 24 (`states.rollout_success`). `val` is drawn from the 900 hands
outside the test sets by `draw_val`; the drawn list is shipped, and a test draws it again.

>>> len(load_split("train")), load_split("hard100")[0].text
(800, '4 5 6 10')
"""

from __future__ import annotations

import csv
import difflib
import hashlib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from itertools import combinations_with_replacement

from tot24_bench.game.puzzle import LARGEST_CARD, Hand, Puzzle
from tot24_bench.game.solver import is_solvable
from tot24_bench.game.states import State, rollout_success

SPLITS = ("hard100", "hardest", "val", "train", "full", "unsolvable")
"""Every split by name."""

HELD_OUT = ("hard100", "hardest", "val")
"""Splits whose hands never reach training data or the exemplars of a training prompt."""

EXEMPLAR_IN_NO_SPLIT: Hand = (4, 4, 6, 8)
"""Shown in every prompt, published or ours, so neither tested nor trained on as a hand."""

NOT_IN_VAL: tuple[Hand, ...] = (
    (2, 9, 10, 12),
    (6, 8, 9, 11),
    (1, 4, 8, 8),
    (5, 5, 5, 9),
    (4, 5, 7, 12),
)
"""Exemplars (default and spare) from the deck's easier 900 hands; they stay in `train`."""

VAL_SIZE = 100
VAL_SALT = "tot24-bench val 1"
"""Changes the draw of `val`. Never change it: shipped students were chosen on this draw."""


class UnknownSplit(ValueError):
    """No split of that name; the message lists the nearest ones."""


class LeakedHand(ValueError):
    """A held-out hand is in training data or in an exemplar of a training prompt."""


def load_split(name: str) -> tuple[Puzzle, ...]:
    """The puzzles of a split, always in the same order (published order, else ascending).

    Raises:
        UnknownSplit: when there is no such split.
    """
    if name not in SPLITS:
        near = difflib.get_close_matches(name, SPLITS, n=2, cutoff=0.4)
        hint = f"did you mean {' or '.join(near)}? " if near else ""
        raise UnknownSplit(f"no split {name[:40]!r}: {hint}the splits are {', '.join(SPLITS)}")
    return _load(name)


def guard_training_hands(hands: Iterable[Puzzle | str | Iterable[int]], where: str) -> None:
    """Refuse held-out hands, in whatever order their numbers come. Every training path calls this.

    Args:
        hands: puzzles, hands as text or bare numbers about to be trained on, exemplars of prompts
            included.
        where: what is being guarded, for the message ("traces.jsonl", "exemplars").

    Raises:
        LeakedHand: names up to five offending hands and their splits.
        InvalidPuzzle: when something given is not a hand, and so cannot be vouched for.
    """
    held_out = _held_out()
    leaked = {}
    for hand in hands:
        puzzle = _as_puzzle(hand)
        if puzzle.hand in held_out:
            leaked[puzzle.hand] = held_out[puzzle.hand]
    if leaked:
        shown = "; ".join(f"{' '.join(map(str, h))} ({s})" for h, s in sorted(leaked.items())[:5])
        raise LeakedHand(
            f"{where} holds {len(leaked)} held-out hand(s): {shown}. "
            "Remove them: hands of hard100, hardest and val are never trained on."
        )


def held_out_split_of(hand: Hand) -> str | None:
    """Which split holds a hand, numbers ascending, back from training; None where none does."""
    return _held_out().get(hand)


def draw_val() -> tuple[Hand, ...]:
    """Draw `val` anew: rank the 900 easier hands by difficulty, take one of each nine.

    Within nine neighbours the hand with the smallest salted SHA-256 is taken; exemplars are passed
    over. Takes a few seconds; `load_split("val")` reads the shipped result.
    """
    test = {puzzle.hand for name in ("hard100", "hardest") for puzzle in _load(name)}
    rest = [p.hand for p in _load("full") if p.hand not in test and p.hand != EXEMPLAR_IN_NO_SPLIT]
    rest.sort(key=lambda hand: (rollout_success(State(hand), 24), hand))
    width = len(rest) // VAL_SIZE
    bands = [rest[i * width : (i + 1) * width] for i in range(VAL_SIZE)]
    return tuple(sorted(min(_drawable(band), key=_salted) for band in bands))


@cache
def _load(name: str) -> tuple[Puzzle, ...]:
    if name in ("full", "unsolvable"):
        solvable, unsolvable = _deck()
        return solvable if name == "full" else unsolvable
    if name == "train":
        out = {*_held_out(), EXEMPLAR_IN_NO_SPLIT}
        return tuple(puzzle for puzzle in _load("full") if puzzle.hand not in out)
    file = {"hard100": "hard100.csv", "hardest": "hardest361.csv", "val": "val100.csv"}[name]
    text = (files("tot24_bench.game") / "data" / file).read_text(encoding="utf-8")
    return tuple(Puzzle.parse(row["numbers"]) for row in csv.DictReader(text.splitlines()))


@cache
def _held_out() -> dict[Hand, str]:
    return {puzzle.hand: name for name in HELD_OUT for puzzle in _load(name)}


@cache
def _deck() -> tuple[tuple[Puzzle, ...], tuple[Puzzle, ...]]:
    solvable: list[Puzzle] = []
    unsolvable: list[Puzzle] = []
    for hand in combinations_with_replacement(range(1, LARGEST_CARD + 1), 4):
        puzzle = Puzzle(hand)
        (solvable if is_solvable(puzzle) else unsolvable).append(puzzle)
    return tuple(solvable), tuple(unsolvable)


def _as_puzzle(hand: Puzzle | str | Iterable[int]) -> Puzzle:
    if isinstance(hand, Puzzle):
        return hand
    return Puzzle.parse(hand) if isinstance(hand, str) else Puzzle(tuple(hand))


def _drawable(band: list[Hand]) -> list[Hand]:
    return [hand for hand in band if hand not in NOT_IN_VAL]


def _salted(hand: Hand) -> str:
    return hashlib.sha256(f"{VAL_SALT}: {hand}".encode()).hexdigest()
