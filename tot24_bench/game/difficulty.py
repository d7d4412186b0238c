"""How hard a puzzle is, from the solver alone: measures that can be computed for any hand.

| measure | what it is | harder |
| --- | --- | --- |
| `solutions` | distinct solutions (`solver.solve`) | fewer |
| `winning_share` | share of the first thoughts after which the target can still be made | less |
| `needs_fraction` | every solution passes through a fraction | yes |
| `needs_large` | every solution passes through a number above the target | yes |
| `expected_nodes` | states that a guided search visits on average until it wins | more |

The guided search goes depth-first and takes the thoughts of a state in random order; two numbers
left it judges at sight, as people do, without trying them. `expected_nodes` is exact: of k thoughts
of which w win, each losing one comes before the first winning one with probability 1 / (w + 1).

How the measures go with people's: `tot24 difficulty --ranks`, docs/splits.md.

>>> from tot24_bench.game.puzzle import Puzzle
>>> hard = difficulty(Puzzle.parse("3 3 8 8"))
>>> hard.solutions, hard.needs_fraction, round(float(hard.winning_share), 3)
(1, True, 0.077)
>>> hard.band, difficulty(Puzzle.parse("4 4 6 12")).band
('hard', 'easy')
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from tot24_bench.game.puzzle import Puzzle, Rule
from tot24_bench.game.reach import can_make_within
from tot24_bench.game.solver import solve
from tot24_bench.game.states import State, can_reach, thoughts

MAX_SEARCHED = 4
"""Numbers of a hand whose search is followed; with more, `expected_nodes` is not known."""

MAX_COUNTED = 6
"""Numbers of a hand whose solutions are counted: six take seconds, seven take minutes."""

MEMO_STATES = 100_000  # states whose cost is remembered

BANDS = ((36, "easy"), (61, "medium"), (91, "hard"), (None, "hardest"))
"""Bands by expected nodes, each below its bound: about the quartiles of the 1,362 hands."""


@dataclass(frozen=True, slots=True)
class Difficulty:
    """The measures of one puzzle; see the file's docstring."""

    solutions: int
    winning_share: Fraction
    needs_fraction: bool | None  # this and the next: None without a solution that needs all numbers
    needs_large: bool | None
    expected_nodes: Fraction | None  # None as well above MAX_SEARCHED

    @property
    def band(self) -> str | None:
        """The name of its band; None where the expected nodes are not known."""
        if (nodes := self.expected_nodes) is None:
            return None
        return next(name for bound, name in BANDS if bound is None or nodes < bound)


def difficulty(puzzle: Puzzle) -> Difficulty:
    """The measures of a puzzle.

    Raises:
        ValueError: for a negative target, which no thoughts make, or more than MAX_COUNTED numbers.
    """
    if puzzle.target < 0:
        raise ValueError("no difficulty of a negative target is measured: use solve")
    if len(puzzle.numbers) > MAX_COUNTED:
        raise ValueError(f"{puzzle.text}: difficulty is measured for up to {MAX_COUNTED} numbers")
    solutions = len(solve(puzzle))
    state, target, rule = State.of(puzzle), puzzle.target, puzzle.rule
    firsts = thoughts(state)
    wins = sum(can_reach(thought.left, target, rule) for thought in firsts)
    known = solutions > 0 and rule is Rule.ALL
    searched = known and len(puzzle.hand) <= MAX_SEARCHED
    return Difficulty(
        solutions,
        Fraction(wins, max(len(firsts), 1)),
        not can_make_within(puzzle.hand, target, whole=True) if known else None,
        not can_make_within(puzzle.hand, target, most=target) if known else None,
        _until_won(state, target) if searched else None,
    )


@lru_cache(maxsize=MEMO_STATES)
def _until_won(state: State, target: int) -> Fraction:
    """States visited from a state that can win until it has, itself included."""
    if len(state.numbers) <= 2:
        return Fraction(1)
    lefts = [thought.left for thought in thoughts(state)]
    winning = [left for left in lefts if can_reach(left, target)]
    tried = sum(_in_vain(left) for left in lefts if not can_reach(left, target))
    onwards = sum((_until_won(left, target) for left in winning), Fraction(0))
    return 1 + Fraction(tried, len(winning) + 1) + onwards / len(winning)


@lru_cache(maxsize=MEMO_STATES)
def _in_vain(state: State) -> int:
    """States visited below a state that cannot win, itself included."""
    if len(state.numbers) <= 2:
        return 1
    return 1 + sum(_in_vain(thought.left) for thought in thoughts(state))
