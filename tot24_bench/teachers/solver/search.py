"""A winning path, and the depth-first search that finds it, written out line by line.

A search that knows the truth never has to go back: in each state it passes over what is dead until
it meets a thought that wins. What it passed over is what the text shows: each dead end is marked,
or followed until everything below it is marked, and then the text goes `Back to` where it was.

>>> puzzle, curriculum = Puzzle.parse("4 5 6 10"), Curriculum()
>>> levels = levels_of(puzzle, curriculum, truth_of(puzzle, frozenset()), Random(0))
>>> [(len(level.dead_ends), level.wins.text) for level in levels]
[(1, '10 - 6 = 4'), (2, '5 * 4 = 20'), (0, '20 + 4 = 24')]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from random import Random
from typing import NamedTuple

from tot24_bench.game import Puzzle, State, Thought
from tot24_bench.teachers.solver.curriculum import MOST_LINES, CannotTeach, Curriculum
from tot24_bench.teachers.solver.truth import (
    Numbers,
    Truth,
    around_test_hands,
    line_of,
    plausible_thoughts,
    thoughts_of,
)

MAX_TAUGHT_NUMBERS = 6  # with seven, judging one first thought takes seconds

BACK_TO = "Back to "
PATH = "Path:"

HALVINGS = 3  # how often a search that is too long explores half as much before none

Path = tuple[Thought, ...]


class Level(NamedTuple):
    """One state of a path: the dead ends that come up in it, and the thought that wins."""

    numbers: Numbers
    dead_ends: list[Thought]
    wins: Thought | None


class Found(NamedTuple):
    """What is written before the answer, and the winning path; None where there is none."""

    lines: list[str]
    path: Path | None


class _TooLong(Exception):
    """The lines do not fit."""


def winning_path(puzzle: Puzzle, curriculum: Curriculum, rng: Random) -> Found:
    """The winning path alone; CannotTeach as `truth_of` and `no_way`."""

    def write(avoid: frozenset[State]) -> Found:
        path = _path_of(levels_of(puzzle, curriculum, truth_of(puzzle, avoid), rng))
        return Found([*map(line_of, path or ())], path)

    return _around_test_hands(puzzle, curriculum, write)


def search(puzzle: Puzzle, curriculum: Curriculum, rng: Random) -> Found:
    """The search in as many lines as there may be, and the winning path once more."""
    most, steps = curriculum.max_lines or MOST_LINES, len(puzzle.numbers) - 1
    room = most - steps - 3  # beside the search: "Steps:", "Path:", the path, the answer
    if room < steps:
        raise too_few(puzzle, most, 2 * steps + 3)

    def write(avoid: frozenset[State]) -> Found:
        truth = truth_of(puzzle, avoid)
        for explore, dead_ends in _attempts(curriculum.explore, room):
            levels = levels_of(puzzle, curriculum, truth, rng)
            page = _Page(curriculum, truth, rng, explore, room)
            try:
                page.write_levels(levels, dead_ends)
            except _TooLong:
                continue
            path = _path_of(levels)
            recap = [] if path is None else [PATH, *(thought.text for thought in path)]
            return Found([*page.lines, *recap], path)
        raise AssertionError("the last attempt shows the path alone, and that fits")

    return _around_test_hands(puzzle, curriculum, write)


def _around_test_hands(
    puzzle: Puzzle, curriculum: Curriculum, write: Callable[[frozenset[State]], Found]
) -> Found:
    found = around_test_hands(puzzle, curriculum.avoided, write, lambda found: found.lines)
    if found is None:
        raise no_way(puzzle)
    return found


def truth_of(puzzle: Puzzle, avoid: frozenset[State]) -> Truth:
    """Exact judgements for a puzzle; CannotTeach where it cannot be taught."""
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
    truth = Truth(puzzle, avoid)
    if truth.hides(State.of(puzzle)):
        raise CannotTeach(f"{puzzle.text} is itself a state to avoid: leave it out")
    return truth


def levels_of(puzzle: Puzzle, curriculum: Curriculum, truth: Truth, rng: Random) -> list[Level]:
    """The states of the winning path; of a puzzle that has none the first alone."""
    numbers: Numbers = puzzle.numbers
    made: Numbers = ()
    levels: list[Level] = []
    while not truth.done(numbers, made):
        level = _level(numbers, made, curriculum, truth, rng)
        levels.append(level)
        if level.wins is None:
            if not truth.dead(State.of(puzzle)):
                raise no_way(puzzle)
            break
        numbers, made = level.wins.left.numbers, truth.after(made, level.wins)
    return levels


def _level(
    numbers: Numbers, made: Numbers, curriculum: Curriculum, truth: Truth, rng: Random
) -> Level:
    dead_ends: list[Thought] = []
    for limit in truth.limits(numbers):
        dead_ends = []
        for thought in in_order(thoughts_of(numbers, limit), curriculum, rng):
            if truth.wins(thought.left, truth.after(made, thought)):
                return Level(numbers, dead_ends, thought)
            # Two numbers are judged at sight: the thought that wins is written at once.
            if len(numbers) > 2 and truth.dead(thought.left) and not truth.hides(thought.left):
                dead_ends.append(thought)
    return Level(numbers, dead_ends, None)


def in_order(thoughts: Iterable[Thought], curriculum: Curriculum, rng: Random) -> Iterable[Thought]:
    """A state's thoughts in the order in which a curriculum tries them."""
    if curriculum.plausible == "random":
        drawn = list(thoughts)
        return rng.sample(drawn, len(drawn))
    return thoughts


def no_way(puzzle: Puzzle) -> CannotTeach:
    """The error for a puzzle that can be won, but not by a path that may be written."""
    return CannotTeach(
        f"every way found to make {puzzle.target} of {puzzle.text} passes a state to avoid, "
        "a hand of a test part, or a number of over 12 digits: leave the hand out"
    )


def too_few(puzzle: Puzzle, most: int, needed: int) -> CannotTeach:
    """The error for a path that does not fit in `max_lines`."""
    return CannotTeach(
        f"a path of {puzzle.text} does not fit in {most} lines: set max_lines to {needed} or more"
    )


def _path_of(levels: list[Level]) -> Path | None:
    path = tuple(level.wins for level in levels if level.wins is not None)
    return path if len(path) == len(levels) else None


def _attempts(explore: float, room: int) -> Iterator[tuple[float, int | None]]:
    """What to try until the lines fit: the share explored, and the dead ends shown at most."""
    yield explore, None
    if explore:
        yield from ((explore / 2**halving, None) for halving in range(1, HALVINGS + 1))
        yield 0.0, None
    while room:
        room //= 2
        yield 0.0, room


class _Page:
    """The lines of one attempt; `room` is how many there may be."""

    def __init__(
        self, curriculum: Curriculum, truth: Truth, rng: Random, explore: float, room: int
    ) -> None:
        self.lines: list[str] = []
        self._curriculum, self._truth, self._rng = curriculum, truth, rng
        self._explore, self._room = explore, room

    def write_levels(self, levels: list[Level], most: int | None) -> None:
        """The dead ends of each level, and the thought that wins."""
        count = sum(len(level.dead_ends) for level in levels)
        shown = set(range(count if most is None else min(most, count)))
        if len(shown) < count and self._curriculum.plausible == "random":
            shown = set(self._rng.sample(range(count), len(shown)))
        place = 0
        for level in levels:
            for thought in level.dead_ends:
                if place in shown:
                    self._dead_end(level.numbers, thought)
                place += 1
            if level.wins is not None:
                self._write(line_of(level.wins))

    def _dead_end(self, numbers: Numbers, thought: Thought) -> None:
        """Marked, or followed until all below it is marked; of two numbers left none is."""
        if len(numbers) <= 3 or self._rng.random() >= self._explore:
            self._write(line_of(thought) + (self._curriculum.mark or ""))
            return
        self._write(line_of(thought))
        left = thought.left.numbers
        below = plausible_thoughts(left, self._truth.target)
        for next_thought in in_order(below, self._curriculum, self._rng):
            if not self._truth.hides(next_thought.left):
                self._dead_end(left, next_thought)
        self._write(BACK_TO + " ".join(map(str, numbers)))

    def _write(self, line: str) -> None:
        if len(self.lines) >= self._room:
            raise _TooLong
        self.lines.append(line)
