"""The solver teacher's commonest search written straight down: depth-first to the first solution.

What `solver_search.Writer` writes for the default curriculum, to the letter and with the same draws
(a test compares them), in half the time: of whole numbers alone, without an object for each thought
that is only shown. Where anything else is asked for, or comes up, it says so before it draws
anything, and the general way is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from random import Random
from typing import NamedTuple

from tot24_bench.game.few import two_make
from tot24_bench.game.puzzle import Puzzle, Rule
from tot24_bench.game.states import Number, State, Thought
from tot24_bench.teachers.curriculum import Curriculum
from tot24_bench.teachers.solver_search import BACK_TO, Found, TooLong
from tot24_bench.teachers.solver_thoughts import (
    Numbers,
    largest_product,
    lazily,
    line_of,
)
from tot24_bench.teachers.solver_truth import _makes

MEMO_SHOWN = 4_096
"""Dead states of three numbers whose lines are remembered: 20 lines, 2 kB each."""

LARGEST_WHOLE = 10**6
"""Largest number of a hand, and target: nothing that comes of six such is too large to write."""

Shown = tuple[str, Numbers]
"""A thought as it is shown, without its mark, and what it leaves."""


class Level(NamedTuple):
    """One state of the path: the dead ends that come up in it, and the thought that wins."""

    numbers: Numbers
    dead_ends: list[Shown]
    wins: Thought


def goes_straight(puzzle: Puzzle, curriculum: Curriculum) -> bool:
    """Whether nothing is asked for that takes the general way."""
    return (
        curriculum.dead_ends is None
        and curriculum.plausible == "ordered"
        and curriculum.order == "depth-first"
        and curriculum.extent == "first"
        and curriculum.failed
        and not curriculum.avoid
        and puzzle.rule is Rule.ALL
        and 0 <= puzzle.target <= LARGEST_WHOLE
        and 1 < len(puzzle.numbers) <= 6
        and max(puzzle.numbers) <= LARGEST_WHOLE
    )


def straight(puzzle: Puzzle, curriculum: Curriculum, rng: Random, room: int | None) -> Found | None:
    """The search written out; None where its path is none of whole numbers, with nothing drawn.

    Args:
        puzzle, curriculum: some for which `goes_straight` holds.
        rng: decides which dead ends are followed.
        room: lines that there may be.

    Raises:
        TooLong: when it does not fit.
    """
    levels = _levels(puzzle.numbers, puzzle.target)
    if levels is None:
        return None
    page = _Page(puzzle.target, curriculum, rng, room)
    for level in levels:
        page.dead_ends(level.numbers, level.dead_ends)
        page.lines.append(line_of(level.wins))
        page.check_room()
    return Found(tuple(page.lines), tuple([level.wins for level in levels]))


class _Page:
    """The lines so far."""

    def __init__(self, target: int, curriculum: Curriculum, rng: Random, room: int | None) -> None:
        self.lines: list[str] = []
        self.limit = largest_product(target)
        self.mark = curriculum.mark or ""
        self.say_back = curriculum.say_back
        self.explore, self.draw, self.room = curriculum.explore, rng.random, room

    def check_room(self) -> None:
        """Raise TooLong where there are more lines than there may be."""
        if self.room is not None and len(self.lines) > self.room:
            raise TooLong

    def dead_ends(self, numbers: Numbers, shown: list[Shown]) -> None:
        """Dead ends of a state: each marked, or followed until all below it is marked."""
        lines, mark = self.lines, self.mark
        if len(numbers) <= 3:
            lines += [line + mark for line, _ in shown]
            return
        for line, left in shown:
            if self.draw() >= self.explore:
                lines.append(line + mark)
                self.check_room()
                continue
            lines.append(line)
            self.check_room()
            if len(left) == 3:
                lines += _all_marked(left, self.limit, mark)
            else:
                self.dead_ends(left, _all_shown(left, self.limit))
            if self.say_back:
                lines.append(BACK_TO + " ".join(map(str, numbers)))
            self.check_room()


def _levels(numbers: Numbers, target: int) -> list[Level] | None:
    """The states of the winning path; None where a fraction is needed, or a large product."""
    limit = largest_product(target)
    levels: list[Level] = []
    while (size := len(numbers)) > 2:
        dead: list[Shown] = []
        for a, op, b, value, left in _whole_thoughts(numbers, limit):
            if two_make(left[0], left[1], target) if size == 3 else _makes(left, target):
                break
            dead.append((f"{a} {op} {b} = {value} (left: {' '.join(map(str, left))})", left))
        else:
            return None
        if not isinstance(value, int):
            return None
        levels.append(Level(numbers, dead, Thought(a, op, b, value, State(left))))
        numbers = left
    for a, op, b, value, left in _whole_thoughts(numbers, limit):
        if value == target:
            levels.append(Level(numbers, [], Thought(a, op, b, value, State(left))))
            return levels
    return None


def _whole_thoughts(
    numbers: tuple[int, ...], limit: int
) -> Iterator[tuple[int, str, int, Number, Numbers]]:
    """`solver_thoughts.lazily` of whole numbers, without an object for each thought."""
    seen = set()
    fractions = []
    for i in range(len(numbers) - 2, -1, -1):
        x = numbers[i]
        for j in range(len(numbers) - 1, i, -1):
            y = numbers[j]
            small, large = (x, y) if x <= y else (y, x)
            if (small, large) in seen:
                continue
            seen.add((small, large))
            rest = [*numbers[:i], *numbers[i + 1 : j], *numbers[j + 1 :]]
            value = large + small
            yield large, "+", small, value, tuple(sorted([*rest, value]))
            if small:
                value = large - small
                yield large, "-", small, value, tuple(sorted([*rest, value]))
            value = large * small
            if value <= limit:
                yield large, "*", small, value, tuple(sorted([*rest, value]))
            if small > 1:
                value, odd = divmod(large, small)
                if odd:
                    fractions.append((large, small, rest))
                else:
                    yield large, "/", small, value, tuple(sorted([*rest, value]))
            if small and small != large != 1:
                fractions.append((small, large, rest))
    for a, b, rest in fractions:
        part = Fraction(a, b)
        yield a, "/", b, part, tuple(sorted([*rest, part]))


def _all_shown(numbers: Numbers, limit: int) -> list[Shown]:
    """Every plausible thought of a state."""
    if all([isinstance(number, int) for number in numbers]):
        return [
            (f"{a} {op} {b} = {value} (left: {' '.join(map(str, left))})", left)
            for a, op, b, value, left in _whole_thoughts(numbers, limit)
        ]
    return [(line_of(t), t.left.numbers) for t in lazily(numbers, limit)]


@lru_cache(maxsize=MEMO_SHOWN)
def _all_marked(numbers: Numbers, limit: int, mark: str) -> tuple[str, ...]:
    """The lines of a dead state of three numbers: nothing below it is followed."""
    return tuple([line + mark for line, _ in _all_shown(numbers, limit)])
