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
from math import gcd
from random import Random
from typing import NamedTuple, TypeGuard

from tot24_bench.game import Puzzle, Rule, State, Thought, two_make
from tot24_bench.teachers.curriculum import Curriculum
from tot24_bench.teachers.solver_hidden import hides_test_hands
from tot24_bench.teachers.solver_search import BACK_TO, Found, TooLong
from tot24_bench.teachers.solver_thoughts import (
    Numbers,
    largest_product,
    lazily,
    line_of,
)
from tot24_bench.teachers.solver_truth import _makes

MEMO_THREES = 4_096
"""States of three numbers whose lines are remembered: up to 20 lines, 2 kB each."""

LARGEST_WHOLE = 10**6
"""Largest number of a hand, and target: nothing that comes of six such is too large to write."""

Whole = tuple[int, ...]

Shown = tuple[str, Numbers]
"""A thought as it is shown, without its mark, and what it leaves."""


class Level(NamedTuple):
    """A state of four numbers or more: the dead ends that come up, and the thought that wins."""

    numbers: Whole
    dead_ends: list[Shown]
    wins: Thought
    left: Whole


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
        and 3 <= len(puzzle.numbers) <= 6
        and max(puzzle.numbers) <= LARGEST_WHOLE
        and not hides_test_hands(puzzle.hand)
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
    levels: list[Level] = []
    numbers: Whole = puzzle.numbers
    while len(numbers) > 3:
        level = _level(numbers, puzzle.target)
        if level is None:
            return None
        levels.append(level)
        numbers = level.left
    end = _last_three(numbers, puzzle.target, curriculum.mark or "")
    if end is None:
        return None
    page = _Page(puzzle.target, curriculum, rng, room)
    for level in levels:
        page.dead_ends(level.numbers, level.dead_ends)
        page.lines.append(line_of(level.wins))
        page.check_room()
    page.lines += end.lines
    page.check_room()
    return Found(tuple(page.lines), (*[level.wins for level in levels], *(end.path or ())))


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


def _level(numbers: Whole, target: int) -> Level | None:
    """The thoughts of a state up to the one that wins; None where no whole one does."""
    limit = largest_product(target)
    dead: list[Shown] = []
    for a, op, b, value, rest in _whole_thoughts(numbers, limit):
        if value is None:
            part = Fraction(a, b)
            parted: Numbers = tuple(sorted([*rest, part]))
            if _makes(parted, target):
                return None
            dead.append((f"{a} {op} {b} = {part} (left: {' '.join(map(str, parted))})", parted))
            continue
        left = tuple(sorted([*rest, value]))
        if _makes(left, target):
            return Level(numbers, dead, Thought(a, op, b, value, State(left)), left)
        dead.append((f"{a} {op} {b} = {value} (left: {' '.join(map(str, left))})", left))
    return None


@lru_cache(maxsize=MEMO_THREES)
def _last_three(numbers: Whole, target: int, mark: str) -> Found | None:
    """How a search goes on from three numbers: its dead ends are always marked at once."""
    limit = largest_product(target)
    lines: list[str] = []
    for a, op, b, value, (other,) in _whole_thoughts(numbers, limit):
        if value is None:
            if two_make(other, Fraction(a, b), target):
                return None
        elif two_make(other, value, target):
            left = (other, value) if other <= value else (value, other)
            first = Thought(a, op, b, value, State(left))
            last = _last_two(left, target)
            return Found((*lines, line_of(first), line_of(last)), (first, last))
        lines.append(_line_of_two(a, op, b, value, other) + mark)
    return None


def _last_two(numbers: Whole, target: int) -> Thought:
    """The first thought of two numbers that makes the target; there is one."""
    for a, op, b, value, _ in _whole_thoughts(numbers, largest_product(target)):
        if value == target:
            return Thought(a, op, b, value, State((value,)))
    raise AssertionError(f"{numbers} do not make {target}")


def _line_of_two(a: int, op: str, b: int, value: int | None, other: int) -> str:
    """A thought that leaves two numbers, without its mark; a fraction is written, never made."""
    if value is None:
        common = gcd(a, b)
        over, under = a // common, b // common
        if other * under < over:
            return f"{a} / {b} = {over}/{under} (left: {other} {over}/{under})"
        return f"{a} / {b} = {over}/{under} (left: {over}/{under} {other})"
    if other <= value:
        return f"{a} {op} {b} = {value} (left: {other} {value})"
    return f"{a} {op} {b} = {value} (left: {value} {other})"


@lru_cache(maxsize=MEMO_THREES)
def _all_marked(numbers: Numbers, limit: int, mark: str) -> tuple[str, ...]:
    """The lines of a dead state of three numbers: nothing below it is followed."""
    if not _are_whole(numbers):
        return tuple([line_of(thought) + mark for thought in lazily(numbers, limit)])
    thoughts = _whole_thoughts(numbers, limit)
    return tuple(
        [_line_of_two(a, op, b, value, other) + mark for a, op, b, value, (other,) in thoughts]
    )


def _all_shown(numbers: Numbers, limit: int) -> list[Shown]:
    """Every plausible thought of a state."""
    if not _are_whole(numbers):
        return [(line_of(t), t.left.numbers) for t in lazily(numbers, limit)]
    shown: list[Shown] = []
    for a, op, b, whole, rest in _whole_thoughts(numbers, limit):
        value = Fraction(a, b) if whole is None else whole
        left: Numbers = tuple(sorted([*rest, value]))
        shown.append((f"{a} {op} {b} = {value} (left: {' '.join(map(str, left))})", left))
    return shown


def _are_whole(numbers: Numbers) -> TypeGuard[Whole]:
    return all(isinstance(number, int) for number in numbers)


def _whole_thoughts(
    numbers: Whole, limit: int
) -> Iterator[tuple[int, str, int, int | None, Whole]]:
    """`solver_thoughts.lazily` of whole numbers: each thought, and the numbers it leaves alone.

    The value of a quotient that is not whole is left to who needs it: to make it takes longest.
    """
    seen: set[tuple[int, int]] = set()
    fractions: list[tuple[int, int, Whole]] = []
    for i in range(len(numbers) - 2, -1, -1):
        for j in range(len(numbers) - 1, i, -1):
            x, y = numbers[i], numbers[j]
            small, large = (x, y) if x <= y else (y, x)
            if (small, large) in seen:
                continue
            seen.add((small, large))
            rest = numbers[:i] + numbers[i + 1 : j] + numbers[j + 1 :]
            yield large, "+", small, large + small, rest
            if small:
                yield large, "-", small, large - small, rest
            product = large * small
            if product <= limit:
                yield large, "*", small, product, rest
            if small > 1:
                quotient, odd = divmod(large, small)
                if odd:
                    fractions.append((large, small, rest))
                else:
                    yield large, "/", small, quotient, rest
            if small and small != large != 1:
                fractions.append((small, large, rest))
    for a, b, rest in fractions:
        yield a, "/", b, None, rest
