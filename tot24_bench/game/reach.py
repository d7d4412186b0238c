"""What numbers can make: every value by dynamic programming over sub-multisets, and one target.

A table holds the values that a multiset of numbers can make, all of its numbers used, each value
once. The tables of six numbers come from those of their parts: 6 of five, 15 of four, ... instead
of the 88 million ways in which a search over ordered pairs would combine them. One target needs no
table of the whole: the last operation is solved for.

Values are never negative: a difference is taken larger less smaller (see `states`), and -v can be
made where v can and something is subtracted on the way. All arithmetic is exact.

>>> len(reachable((1, 2, 3, 4)))
141
>>> can_make((3, 3, 8, 8), 24), can_make((1, 1, 1, 1), 24)
(True, False)
>>> two_make(4, 6, 24), two_make(1, 9, 24), three_make(4, 5, 16, 24), three_make(4, 4, 5, 24)
(True, False, False, True)
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from fractions import Fraction
from functools import lru_cache
from itertools import combinations
from math import gcd
from typing import Any

Number = int | Fraction
"""An exact rational; whole values are always `int`, so that they print as such."""

Ratio = tuple[int, int]
"""Numerator and positive denominator, without a common divisor: four times as fast as Fraction."""

Ratios = tuple[Ratio, ...]  # a multiset of them, ascending as tuples

NOTHING: Ratio = (0, 1)

MEMO_SMALL = 2_048  # tables of up to three numbers that are remembered: about 5 kB each
MEMO_TABLE = 256  # tables of four numbers that are remembered: about 600 values each, so 20 MB
LARGEST_TABLE = 5  # numbers of the largest table that is made for one target: about 13,000 values


def reachable(numbers: Collection[Number]) -> frozenset[Ratio]:
    """Every value that all of the numbers together can make, as (numerator, denominator).

    Args:
        numbers: not negative. Six make up to 400,000 values (about a second), seven up to 14
            million: mind the memory.

    Raises:
        ValueError: when there are no numbers, or a negative one.
    """
    return frozenset(_Tables()[_ratios(numbers)])


def can_make(numbers: Collection[Number], target: Number) -> bool:
    """Whether all of the numbers together can make the target; errors as of `reachable`."""
    if target < 0:
        return False
    given, wanted = _ratios(numbers), (target.numerator, target.denominator)
    if len(given) == 1:
        return given[0] == wanted
    return _splits_into(given, wanted, _Tables(), {})


def two_make(x: Number, y: Number, target: int) -> bool:
    """`can_make` of two numbers, without a table or a division: what searches ask most."""
    return bool(
        x + y == target
        or abs(x - y) == target
        or x * y == target
        or (y and x == target * y)
        or (x and y == target * x)
    )


def three_make(x: int, y: int, z: int, target: int) -> bool:
    """`can_make` of three whole numbers, likewise; of a quotient x / y all is multiplied by y."""
    for a, b, last in ((x, y, z), (x, z, y), (y, z, x)):
        if any(two_make(value, last, target) for value in (a + b, abs(a - b), a * b)):
            return True
        for over, under in ((a, b), (b, a)):
            wanted, other = target * under, last * under
            if under and (
                over + other == wanted
                or abs(over - other) == wanted
                or over * last == wanted
                or (last and over == wanted * last)
                or (over and other == target * over)
            ):
                return True
    return False


def can_make_within(
    numbers: Collection[int], target: int, *, whole: bool = False, most: int | None = None
) -> bool:
    """`can_make` with no fraction, or nothing above `most`, between the numbers and the target."""
    return (target, 1) in _ends_within(_ratios(numbers), whole, most)


def _ends_within(numbers: Ratios, whole: bool, most: int | None) -> set[Ratio]:
    """The values that all of the numbers make, themselves not bounded."""
    if len(numbers) == 1:
        return set(numbers)
    found: set[Ratio] = set()
    for left, right in partitions(numbers):
        _join(_within(left, whole, most), _within(right, whole, most), found)
    return found


@lru_cache(maxsize=MEMO_SMALL)
def _within(numbers: Ratios, whole: bool, most: int | None) -> frozenset[Ratio]:
    found = _ends_within(numbers, whole, most)
    if len(numbers) == 1:
        return frozenset(found)
    return frozenset(
        (n, m) for n, m in found if (m == 1 or not whole) and (most is None or n <= most * m)
    )


class _Tables(dict[Ratios, frozenset[Ratio]]):
    """The tables of one question, made when they are asked for; those of a few are remembered."""

    def __missing__(self, numbers: Ratios) -> frozenset[Ratio]:
        size = len(numbers)
        make = _small if size <= 3 else _four if size == 4 else self.make
        self[numbers] = make(numbers)
        return self[numbers]

    def make(self, numbers: Ratios) -> frozenset[Ratio]:
        if len(numbers) == 1:
            return frozenset(numbers)
        found: set[Ratio] = set()
        for left, right in partitions(numbers):
            _join(self[left], self[right], found)
        return frozenset(found)


@lru_cache(maxsize=MEMO_SMALL)
def _small(numbers: Ratios) -> frozenset[Ratio]:
    return _Tables().make(numbers)


@lru_cache(maxsize=MEMO_TABLE)
def _four(numbers: Ratios) -> frozenset[Ratio]:
    return _Tables().make(numbers)


def _join(xs: frozenset[Ratio], ys: frozenset[Ratio], found: set[Ratio]) -> None:
    """Add every sum, difference, product and quotient of an x and a y."""
    for a, b in xs:
        for c, d in ys:
            ad, cb, bd = a * d, c * b, b * d
            if bd == 1:
                found.add((ad + cb, 1))
                found.add((ad - cb if ad > cb else cb - ad, 1))
                found.add((a * c, 1))
            else:
                for up in (ad + cb, abs(ad - cb), a * c):
                    common = gcd(up, bd)
                    found.add((up // common, bd // common))
            common = gcd(ad, cb) or 1
            if cb:
                found.add((ad // common, cb // common))
            if ad:
                found.add((cb // common, ad // common))


def _makes(numbers: Ratios, target: Ratio, tables: _Tables, known: dict[object, bool]) -> bool:
    """Whether the numbers make the target; above LARGEST_TABLE without a table of their own."""
    if len(numbers) <= LARGEST_TABLE:
        return target in tables[numbers]
    key = (numbers, target)
    if key not in known:
        known[key] = _splits_into(numbers, target, tables, known)
    return known[key]


def _splits_into(
    numbers: Ratios, target: Ratio, tables: _Tables, known: dict[object, bool]
) -> bool:
    for left, right in partitions(numbers):
        for x in tables[left]:
            if x == target == NOTHING:  # times whatever the others make
                return True
            for wanted in _partners(x, target):
                if _makes(right, wanted, tables, known):
                    return True
    return False


def _partners(x: Ratio, target: Ratio) -> Iterator[Ratio]:
    """Every y that makes the target with x by one operation; of 0 * y = 0 only y = 0."""
    a, b = x
    n, m = target
    am, nb, bm = a * m, n * b, b * m
    yield _lowest(am + nb, bm)  # y - x = target
    yield _lowest(abs(am - nb), bm)  # x + y or x - y = target
    if a:
        yield _lowest(nb, am)  # x * y = target
        if n:
            yield _lowest(am, nb)  # x / y = target
        yield _lowest(n * a, m * b)  # y / x = target


def _lowest(n: int, m: int) -> Ratio:
    common = gcd(n, m)
    return n // common, m // common


def _ratios(numbers: Collection[Number]) -> Ratios:
    if not numbers or any(number < 0 for number in numbers):
        raise ValueError("give at least one number, and no negative one")
    return tuple(sorted((number.numerator, number.denominator) for number in numbers))


@lru_cache(maxsize=4_096)
def partitions(numbers: tuple[Any, ...]) -> tuple[tuple[tuple[Any, ...], tuple[Any, ...]], ...]:
    """Each way to split a sorted multiset into two parts, once, the smaller part first."""
    found = set()
    for size in range(1, len(numbers) // 2 + 1):
        for chosen in combinations(range(len(numbers)), size):
            left = tuple(numbers[i] for i in chosen)
            right = tuple(numbers[i] for i in range(len(numbers)) if i not in chosen)
            found.add((left, right) if (len(left), left) <= (len(right), right) else (right, left))
    return tuple(sorted(found, key=lambda pair: (len(pair[0]), pair)))
