"""What the solver teacher sees in a state: its thoughts in order, and how promising they look.

>>> [thought.text for thought in plausible_thoughts((8, 3), 24)][:3]
['8 + 3 = 11', '8 - 3 = 5', '8 * 3 = 24']
>>> promise(State((4, 6)), 24), promise(State((5, 16)), 24)
(Fraction(1, 1), Fraction(0, 1))
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache

from tot24_bench.game import LARGEST_CARD, Number, State, Thought

MEMO_STATES = 200_000
"""States remembered: the deck reaches about 30,000 of three and two numbers."""

LARGEST_WRITTEN = 10**12 - 1
"""Largest number, numerator or denominator that is written: `scoring.steps` reads twelve digits."""

Numbers = tuple[Number, ...]


def plausible_thoughts(numbers: Numbers, target: int) -> tuple[Thought, ...]:
    """The thoughts that the teacher considers in a state, in its order.

    Left out are thoughts that only repeat another (a quotient by 1, a difference with 0) and
    products above `target` times the largest card: no hand of the deck needs one (a test checks).
    Where a state can be won by such a product alone, the search takes `every_thought`.
    """
    return _ordered(numbers, largest_product(target))


def largest_product(target: int) -> int:
    """The largest plausible product."""
    return abs(target) * LARGEST_CARD


def every_thought(numbers: Numbers) -> tuple[Thought, ...]:
    """As `plausible_thoughts`, with larger products: enough for every solution that is written.

    No number goes past LARGEST_WRITTEN: hands of hundreds and thousands can need that.
    """
    return _ordered(numbers, None)


def lazily(numbers: Numbers, limit: int | None) -> Iterator[Thought]:
    """Thoughts without repetitions, new fractions last; most are never asked for, so not made."""
    seen: set[tuple[Number, Number]] = set()
    fractions: list[tuple[Number, Number, Numbers]] = []
    for i in reversed(range(len(numbers))):
        for j in reversed(range(i + 1, len(numbers))):
            x, y = numbers[i], numbers[j]
            small, large = (x, y) if x <= y else (y, x)
            if (small, large) in seen:
                continue
            seen.add((small, large))
            rest = numbers[:i] + numbers[i + 1 : j] + numbers[j + 1 :]
            yield from _written(large, "+", small, _whole(large + small), rest)
            if small:
                yield from _written(large, "-", small, _whole(large - small), rest)
            product = _whole(large * small)
            if limit is None or product <= limit:
                yield from _written(large, "*", small, product, rest)
            if small not in (0, 1):
                if isinstance(small, int) and isinstance(large, int) and large % small == 0:
                    yield from _written(large, "/", small, large // small, rest)
                else:
                    fractions.append((large, small, rest))
            if small and large not in (1, small):
                fractions.append((small, large, rest))
    for a, b, rest in fractions:
        yield from _written(a, "/", b, _whole(Fraction(a, b)), rest)


def _written(
    a: Number, op: str, b: Number, value: Number, rest: Numbers
) -> tuple[Thought] | tuple[()]:
    """The thought, if its value is not too large to be written."""
    if value.numerator > LARGEST_WRITTEN or value.denominator > LARGEST_WRITTEN:
        return ()
    return (Thought(a, op, b, value, State(tuple(sorted((*rest, value))))),)


@lru_cache(maxsize=MEMO_STATES)
def promise(state: State, target: int) -> Fraction:
    """How promising a state looks, from 0 to 1: the share of its numbers that look useful.

    A number looks useful where it is the target or divides it (24, 12, 8, 6, 4, 3, 2, 1 for 24), or
    where it makes the target with one other number left. A look, not an oracle: a state that looks
    best may be dead.
    """
    numbers = state.numbers
    useful = 0
    for i, x in enumerate(numbers):
        if x == target or (isinstance(x, int) and x and target and target % x == 0):
            useful += 1
            continue
        others = numbers[:i] + numbers[i + 1 :]
        useful += any(
            target in (x + y, x - y, y - x, x * y)
            or (y and x == target * y)
            or (x and y == target * x)
            for y in others
        )
    return Fraction(useful, len(numbers))


def text_of(thought: Thought) -> str:
    """`Thought.text`; whole numbers at once."""
    a, op, b, value, _ = thought
    if isinstance(a, int) and isinstance(b, int):
        return f"{a} {op} {b} = {value}"
    return thought.text


def line_of(thought: Thought) -> str:
    """A thought as a search writes it."""
    a, op, b, value, left = thought
    shown = " ".join(map(str, left.numbers))
    if isinstance(a, int) and isinstance(b, int):
        return f"{a} {op} {b} = {value} (left: {shown})"
    return f"{thought.text} (left: {shown})"


@lru_cache(maxsize=MEMO_STATES)
def _ordered(numbers: Numbers, limit: int | None) -> tuple[Thought, ...]:
    return tuple(lazily(numbers, limit))


def _whole(value: Number) -> Number:
    """Whole values as `int`, so that they print as such."""
    return value if isinstance(value, int) or value.denominator > 1 else value.numerator
