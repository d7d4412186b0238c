"""The solver teacher's winning path, with the dead ends that come up beside it.

A depth-first search that knows the truth never has to go back: in each state it passes over what is
dead until it meets a thought that wins. What it passed over is what a written search can show.

>>> easy = Curriculum()
>>> puzzle = Puzzle.parse("4 5 6 10")
>>> levels = winning_levels(puzzle, easy, truth_of(puzzle, easy), Random(0))
>>> [(len(level.dead_ends), level.wins.text) for level in levels]
[(1, '10 - 6 = 4'), (2, '5 * 4 = 20'), (0, '20 + 4 = 24')]
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from tot24_bench.game import Puzzle, State, Thought
from tot24_bench.teachers.curriculum import CannotTeach, Curriculum
from tot24_bench.teachers.solver_thoughts import Numbers, promise
from tot24_bench.teachers.solver_truth import Truth

MAX_TAUGHT_NUMBERS = 6
"""Largest hand that is taught: with seven, judging one first thought takes seconds."""

Path = tuple[Thought, ...]


class Level(NamedTuple):
    """One state of a path: the dead ends that come up in it, and the thought that wins."""

    numbers: Numbers
    dead_ends: tuple[Thought, ...]
    wins: Thought | None


def truth_of(puzzle: Puzzle, curriculum: Curriculum) -> Truth:
    """Exact judgements for a puzzle that can be taught.

    Raises:
        CannotTeach: a negative target, too many numbers, or a hand that may not be shown.
    """
    if puzzle.target < 0:
        raise CannotTeach(
            "the solver teacher writes for targets of 0 or more: "
            "its thoughts never make a negative number"
        )
    if len(puzzle.numbers) > MAX_TAUGHT_NUMBERS:
        raise CannotTeach(
            f"the solver teacher takes hands of up to {MAX_TAUGHT_NUMBERS} numbers, "
            f"not {len(puzzle.numbers)}: choose smaller ones"
        )
    truth = Truth(puzzle, curriculum.forbidden)
    if truth.forbids(State.of(puzzle)):
        raise CannotTeach(f"{puzzle.text} is itself a state to avoid: leave it out")
    return truth


def winning_levels(
    puzzle: Puzzle, curriculum: Curriculum, truth: Truth, rng: Random
) -> tuple[Level, ...]:
    """The states of the winning path in the order of a curriculum; for none the first alone.

    Raises:
        CannotTeach: as `no_way`.
    """
    numbers: Numbers = puzzle.numbers
    made: Numbers = ()
    levels: list[Level] = []
    while not truth.done(numbers, made):
        tried, won = _tried(numbers, made, curriculum, truth, rng)
        wins = tried.pop() if won else None
        # Two numbers are judged at sight: the thought that wins is written at once.
        dead = (t for t in tried if len(numbers) > 2 and truth.shows_dead(t.left))
        levels.append(Level(numbers, tuple(dead), wins))
        if wins is None:
            if not truth.dead(State.of(puzzle)):
                raise no_way(puzzle)
            break
        numbers, made = wins.left.numbers, truth.after(made, wins)
    return tuple(levels)


def _tried(
    numbers: Numbers, made: Numbers, curriculum: Curriculum, truth: Truth, rng: Random
) -> tuple[list[Thought], bool]:
    """A state's thoughts up to the first that wins, and whether there is one."""
    if curriculum.plausible == "ordered":
        return truth.until_one_wins(numbers, made)
    found: list[Thought] = []
    for thought in in_order(truth.thoughts(numbers, made), curriculum, truth, rng):
        found.append(thought)
        if truth.wins(thought.left, truth.after(made, thought)):
            return found, True
    return found, False


def no_way(puzzle: Puzzle) -> CannotTeach:
    """The error for a puzzle that can be won, but not by a path that may be written."""
    return CannotTeach(
        f"every way found to make {puzzle.target} of {puzzle.text} passes a state to avoid, "
        "a hand of a test part, or a number of over 12 digits: leave the hand out"
    )


def path_of(levels: tuple[Level, ...]) -> Path | None:
    """The winning path; None where there is none."""
    path = tuple(level.wins for level in levels if level.wins is not None)
    return path if len(path) == len(levels) else None


def in_order(
    thoughts: Path, curriculum: Curriculum, truth: Truth, rng: Random
) -> Path | list[Thought]:
    """A state's thoughts in the order in which a curriculum tries them."""
    if curriculum.plausible == "random":
        return rng.sample(thoughts, len(thoughts))
    if curriculum.plausible == "tempting":
        return sorted(thoughts, key=lambda thought: -promise(thought.left, truth.target))
    return thoughts
