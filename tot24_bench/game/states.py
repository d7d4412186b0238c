"""States of the search: the numbers left, the thoughts that lead on, which states can still win.

A thought takes two numbers of a state and puts their sum, difference, product or quotient back.
Differences are taken larger minus smaller: no solution for a target of 0 or more needs a negative
number on the way, since signs can always be moved outwards (see `solver`). A state is the numbers
left in ascending order.

>>> state = State.of(Puzzle.parse("4 4 6 8"))
>>> thought = next(t for t in thoughts(state) if t.text == "4 + 8 = 12")
>>> thought.left.text, can_reach(thought.left, 24)
('4 6 12', True)
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

from tot24_bench.game.puzzle import Puzzle, Rule
from tot24_bench.game.reach import Number, can_make

MEMO_STATES = 200_000  # states remembered: the deck reaches about 30,000 of three and two numbers


class State(NamedTuple):
    """The numbers left, ascending."""

    numbers: tuple[Number, ...]

    @classmethod
    def of(cls, puzzle: Puzzle) -> State:
        """The state in which the puzzle starts."""
        return cls(puzzle.hand)

    @property
    def text(self) -> str:
        """The numbers between spaces, fractions as `8/3`: what a thought shows as left."""
        return " ".join(map(str, self.numbers))


class Thought(NamedTuple):
    """One step: `a op b = value`, and the state that it leaves."""

    a: Number
    op: str
    b: Number
    value: Number
    left: State

    @property
    def text(self) -> str:
        """The step without what is left, such as `4 + 8 = 12`; a fraction operand in brackets."""
        return f"{_operand(self.a)} {self.op} {_operand(self.b)} = {self.value}"


def thoughts(state: State) -> tuple[Thought, ...]:
    """Every thought of a state whose text differs: pairs by position, then + - * and quotients."""
    return _thoughts(state)


def can_reach(state: State, target: int, rule: Rule = Rule.ALL) -> bool:
    """Whether some sequence of thoughts turns the state into the target.

    Under `Rule.SOME` it is enough that the target appears among the numbers. A negative target is
    never reached, since no thought is negative; `solver.is_solvable` knows those too.
    """
    return _can_reach(state, target, rule)


def can_still_win(state: State, target: int) -> bool:
    """`can_reach` for any state and target, with negative numbers too: models write those.

    Every number must be used. Without a bound on the state's size: callers keep it small.
    """
    if target >= 0 and state.numbers[0] >= 0:
        return can_reach(state, target)
    return _can_reach_signed(state, target)


@lru_cache(maxsize=MEMO_STATES)
def _thoughts(state: State) -> tuple[Thought, ...]:
    return tuple({thought.text: thought for thought in _all_thoughts(state.numbers)}.values())


def _all_thoughts(numbers: tuple[Number, ...]) -> Iterator[Thought]:
    for i in range(len(numbers)):
        for j in range(i + 1, len(numbers)):
            small, large = numbers[i], numbers[j]
            rest = numbers[:i] + numbers[i + 1 : j] + numbers[j + 1 :]
            yield make_thought(small, "+", large, rest)
            yield make_thought(large, "-", small, rest)
            yield make_thought(small, "*", large, rest)
            if small:
                yield make_thought(large, "/", small, rest)
            if large and small != large:
                yield make_thought(small, "/", large, rest)


def make_thought(a: Number, op: str, b: Number, rest: tuple[Number, ...]) -> Thought:
    """The thought `a op b` in a state whose other numbers are `rest`; whole values are `int`.

    Raises:
        ZeroDivisionError: when dividing by zero.
        KeyError: when `op` is not one of + - * /.
    """
    # Integers take no detour over fractions but where they must: this is what searches do most.
    made = Fraction(a, b) if op == "/" else _OPERATIONS[op](a, b)
    number = made.numerator if made.denominator == 1 else made
    return Thought(a, op, b, number, State(tuple(sorted((*rest, number)))))


def combine(a: Fraction, op: str, b: Fraction) -> Fraction:
    """`a op b`, exactly; errors as of `make_thought`."""
    value: Fraction = _OPERATIONS[op](a, b)
    return value


_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


@lru_cache(maxsize=MEMO_STATES)
def _can_reach(state: State, target: int, rule: Rule) -> bool:
    if rule is Rule.ALL:
        return can_make(state.numbers, target)
    if target in state.numbers:
        return True
    return any(_can_reach(thought.left, target, rule) for thought in _thoughts(state))


@lru_cache(maxsize=MEMO_STATES)
def _can_reach_signed(state: State, target: int) -> bool:
    numbers = state.numbers
    if len(numbers) == 1:
        return numbers[0] == target
    return any(
        can_still_win(make_thought(numbers[i], op, numbers[j], rest).left, target)
        for i in range(len(numbers))
        for j in range(len(numbers))
        if i != j
        for rest in [tuple(n for k, n in enumerate(numbers) if k not in (i, j))]
        for op in "+-*/"
        if op != "/" or numbers[j]
    )


def _operand(number: Number) -> str:
    return str(number) if isinstance(number, int) else f"({number})"
