"""Correct a student's own search: keep what is right, mark its dead ends, and finish it exactly.

The student explores, the exact solver corrects, so that a later student learns on the states that
an earlier one really comes to (Ross et al. 2011, DAgger; Zelikman et al. 2022, STaR). The rules:

- The student's valid thoughts stay, in its order, in the solver's notation. One that leaves a state
  which cannot win is marked as a dead end, or, where the student went on below it, kept as
  explored, and then the search goes `Back to` the numbers it came from.
- A state that was visited before, and a thought that makes a negative number (the notation has
  none), is left out with all below it; so is a thought into a state that must not be shown: one to
  avoid, or a test hand on the way of a larger train hand (`solver_hidden`).
- The student's part ends at the first thought that breaks a rule, and where it leaves a state that
  can still win, be it by a mark or by going elsewhere. From the last state of its path that can
  still win the solver carries on, without the dead ends that are already there.

The marks and the second part are oracle knowledge: records say so (`student`).

>>> seen = '''Steps:
... 10 + 6 = 16 (left: 4 5 16)
... 16 + 5 = 21 (left: 4 21): dead end
... 10 - 6 = 4 (left: 4 4 5): dead end
... 5 * 6 = 30 (left: 4 10 30)'''
>>> print(correct(Puzzle.parse("4 5 6 10"), seen, Random(0)).text)
Steps:
10 + 6 = 16 (left: 4 5 16)
16 + 5 = 21 (left: 4 21): dead end
Back to 4 5 6 10
10 - 6 = 4 (left: 4 4 5)
5 + 4 = 9 (left: 4 9): dead end
5 - 4 = 1 (left: 1 4): dead end
5 * 4 = 20 (left: 4 20)
20 + 4 = 24 (left: 24)
Path:
10 - 6 = 4
5 * 4 = 20
20 + 4 = 24
Answer: (5 * (10 - 6)) + 4 = 24
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random
from typing import NamedTuple

from tot24_bench.game import Puzzle, Rule, State, answer_expression, can_reach
from tot24_bench.scoring import MAX_SOLVED_NUMBERS, analyse
from tot24_bench.teachers.corrected_search import Judge, Search
from tot24_bench.teachers.curriculum import MOST_LINES
from tot24_bench.teachers.solver import EXPLORE, NO_SOLUTION, PATH
from tot24_bench.teachers.solver_hidden import (
    MOST_DETOURS,
    hides_test_hands,
    where_test_hand_is_solved,
)

MAX_LINES = 60
"""Default bound on the lines of a corrected search; twice what the solver alone writes."""


class CannotCorrect(ValueError):
    """A puzzle, never a response, that no correction can be written for."""


@dataclass(frozen=True, slots=True)
class CorrectionConfig:
    """How a search is corrected.

    Attributes:
        explore: share of the solver's dead ends that it follows instead of marking them at once.
        max_lines: lines of the search, at most: the student's thoughts stop and the solver's dead
            ends are left out so that it holds. The path, and every first thought of a hand without
            a solution, are never left out: where they do not fit, nothing is corrected.
        avoid: states that the text must not come to, not even as a dead end. Those that the hand
            itself hides (`solver_hidden`) it never comes to.
    """

    explore: float = EXPLORE
    max_lines: int = MAX_LINES
    avoid: frozenset[State] = field(default=frozenset(), repr=False)

    def __post_init__(self) -> None:
        if not 0 <= self.explore <= 1:
            raise ValueError(f"explore is a share from 0 to 1, not {self.explore}")
        if not 1 <= self.max_lines <= MOST_LINES:
            raise ValueError(f"max_lines is a number from 1 to {MOST_LINES}, not {self.max_lines}")


class Correction(NamedTuple):
    """A corrected response.

    Attributes:
        text: the whole response; right, every thought valid, the answer that of its path.
        kept: thoughts of the student in it.
        marked: how many of those are now marked as a dead end, or not marked any more.
        cut_at: line of the response at which the student's part ends before the search does; None
            where everything that it stated was looked at.
        solver_lines: lines of the search that the solver wrote, those to go back apart.
    """

    text: str
    kept: int
    marked: int
    cut_at: int | None
    solver_lines: int


def correct(
    puzzle: Puzzle, response: str | None, rng: Random, config: CorrectionConfig | None = None
) -> Correction:
    """The student's One-Step ToT response, corrected; no response makes it raise.

    The same response and `rng` state give the same correction.

    Raises:
        CannotCorrect: for a puzzle that need not use every number or asks for a negative target,
            that has more than MAX_SOLVED_NUMBERS numbers, that can only be solved through states
            that must not be shown, or that takes more than `max_lines` in any case.
    """
    config = config or CorrectionConfig()
    corrected = _correct(puzzle, response, rng, config)
    if not hides_test_hands(puzzle.hand):
        return corrected
    for _ in range(MOST_DETOURS):
        state = where_test_hand_is_solved(puzzle, corrected.text.split("\n"))
        if state is None:
            return corrected
        config = replace(config, avoid=config.avoid | {state})
        corrected = _correct(puzzle, response, rng, config)
    raise CannotCorrect(f"{puzzle.text} solves a hand of a test part on every way: leave it out")


def _correct(
    puzzle: Puzzle, response: str | None, rng: Random, config: CorrectionConfig
) -> Correction:
    if puzzle.rule is not Rule.ALL or puzzle.target < 0:
        raise CannotCorrect("only puzzles that use every number to make 0 or more are corrected")
    if len(puzzle.numbers) > MAX_SOLVED_NUMBERS:
        raise CannotCorrect(
            f"only hands of up to {MAX_SOLVED_NUMBERS} numbers are corrected, not {puzzle.text}"
        )
    judge = Judge(puzzle, config.avoid)
    start = State.of(puzzle)
    if not judge.wins(start) and can_reach(start, puzzle.target):
        raise CannotCorrect(
            f"{puzzle.text} has no solution outside the states to avoid and hands of a test part: "
            "leave it out"
        )
    stated = analyse(puzzle, response).thoughts
    for whole in (False, True):
        search = Search(puzzle, judge, config.explore, config.max_lines, whole)
        cut_at = search.keep(stated)
        kept, marked = search.close()
        written = len(search.nodes)
        path = search.finish(rng)
        if search.lines <= config.max_lines or path is not None:
            break
    if search.lines > config.max_lines:
        raise CannotCorrect(
            f"{puzzle.text} takes {search.lines} lines, not {config.max_lines}: "
            f"set max_lines to {search.lines} or more"
        )
    if path is None:
        lines, answer = search.text(), NO_SOLUTION
    else:
        lines = [*search.text(), PATH, *(thought.text for thought in path)]
        answer = f"Answer: {answer_expression(puzzle, path)} = {puzzle.target}"
    text = "\n".join(("Steps:", *lines, answer))
    return Correction(text, kept, marked, cut_at, len(search.nodes) - written)
