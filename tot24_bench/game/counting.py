"""How many distinct solutions a puzzle has, counted without writing one down.

The solver tells solutions apart by their canonical form: a flat sum of flat products of flat sums
(see `solver`). A sum of a hand is a multiset of signed terms, each a product (or a number) of a
part of the hand; a product is a multiset of factors and divisors, each a sum (or a number) of a
part. So the number of forms of each value follows from those of the parts, by dynamic programming
over sub-multisets; six numbers have up to hundreds of thousands of solutions and take a second.

Multisets of m equal parts are counted by Newton's identity for the complete symmetric functions,
m h_m = p_1 h_(m-1) + ... + p_m h_0, where p_k counts k times the same form.

>>> from tot24_bench.game.solver import solve
>>> puzzle = Puzzle.parse("4 4 6 8")
>>> count_solutions(puzzle), len(solve(puzzle))
(2, 2)
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import combinations
from math import gcd

from tot24_bench.game.puzzle import Hand, Puzzle, Rule

_Value = tuple[int, int]
"""Numerator and positive denominator, in lowest terms; of a sum's term also negative."""

_Counts = dict[_Value, int]
"""How many forms have each value."""

MEMO_COUNTS = 4_096
"""Puzzles whose counts are remembered."""

ZERO = (0, 1)


def count_solutions(puzzle: Puzzle) -> int:
    """How many distinct solutions there are: the length of `solver.solve`, never listed.

    Raises:
        ValueError: for a negative target, whose solutions only `solve` tells apart.
    """
    if puzzle.target < 0:
        raise ValueError("solutions of a negative target are listed, not counted: use solve")
    return _count_solutions(puzzle.hand, puzzle.target, puzzle.rule)


@lru_cache(maxsize=MEMO_COUNTS)
def _count_solutions(hand: Hand, target: int, rule: Rule) -> int:
    sizes = [len(hand)] if rule is Rule.ALL else range(1, len(hand) + 1)
    counter = _FormCounts()
    used = {part for size in sizes for part in combinations(hand, size)}
    return sum(counter.forms_worth(part, (target, 1)) for part in used)


class _FormCounts:
    """The counts of one question, each sub-multiset counted once."""

    def __init__(self) -> None:
        self._sums: dict[Hand, _Counts] = {}
        self._products: dict[Hand, _Counts] = {}
        self.terms = _Cover(self._terms, _plus)
        self.zeros = _Cover(self._zero_terms, _plus)
        self.positive = _Cover(self._positive_terms, _plus)
        self.factors = _Cover(self._factors, _times)
        self.divisors = _Cover(self._divisors, _times)

    def forms_worth(self, hand: Hand, target: _Value) -> int:
        """Forms of a hand with a value, 0 or more."""
        if len(hand) == 1:
            return int(target == (hand[0], 1))
        products = self.factors.split_worth(hand, target) - self.divisors.split_worth(hand, target)
        sums = self.terms.split_worth(hand, target)
        if target == ZERO:
            sums = (sums + self._turned_into_themselves(hand)) // 2
        return sums + products

    def sums(self, hand: Hand) -> _Counts:
        """Forms of two terms or more, by value."""
        if hand not in self._sums:
            signed = self.terms.split(hand)
            counts = {v: n for v, n in signed.items() if v[0] > 0}
            nothing = signed.get(ZERO, 0) + self._turned_into_themselves(hand)
            if nothing:
                counts[ZERO] = nothing // 2
            self._sums[hand] = counts
        return self._sums[hand]

    def products(self, hand: Hand) -> _Counts:
        """Forms of two factors or more, by value; one of them at least is no divisor."""
        if hand not in self._products:
            downs = self.divisors.split(hand)
            counts = {v: n - downs.get(v, 0) for v, n in self.factors.split(hand).items()}
            self._products[hand] = {v: n for v, n in counts.items() if n}
        return self._products[hand]

    def _turned_into_themselves(self, hand: Hand) -> int:
        """Sums worth nothing that are added and subtracted alike, such as `a - a`.

        Their terms that are worth something come twice, once with each sign.
        """
        total = 0
        for half in _halves(hand):
            rest = _less(hand, half + half)
            ups = sum(self.positive.all(half).values()) if half else 1
            zeros = sum(self.zeros.all(rest).values()) if rest else 1
            total += ups * zeros
            if not half and rest:  # one term alone is no sum
                total -= self._zero_terms(rest).get(ZERO, 0)
        return total

    def _parts(self, hand: Hand, of: Callable[[Hand], _Counts]) -> _Counts:
        return {(hand[0], 1): 1} if len(hand) == 1 else of(hand)

    def _terms(self, hand: Hand) -> _Counts:
        counts = dict(self._parts(hand, self.products))
        return counts | {(-n, m): count for (n, m), count in counts.items() if n}

    def _positive_terms(self, hand: Hand) -> _Counts:
        return {v: n for v, n in self._parts(hand, self.products).items() if v[0]}

    def _zero_terms(self, hand: Hand) -> _Counts:
        return {v: n for v, n in self._parts(hand, self.products).items() if not v[0]}

    def _factors(self, hand: Hand) -> _Counts:
        counts = Counter(self._parts(hand, self.sums))
        counts.update(self._divisors(hand))
        return counts

    def _divisors(self, hand: Hand) -> _Counts:
        return {(m, n): count for (n, m), count in self._parts(hand, self.sums).items() if n}


class _Cover:
    """Multisets of parts that cover a hand, by their total under one operation."""

    def __init__(self, parts: Callable[[Hand], _Counts], join: Callable[..., _Value]) -> None:
        self._parts = parts
        self._join = join
        self._known: dict[tuple[Hand, Hand], _Counts] = {}
        self._several: dict[tuple[Hand, int], _Counts] = {}

    def all(self, hand: Hand) -> _Counts:
        """Covers of one part or more."""
        return self._after(hand, ())

    def split(self, hand: Hand) -> _Counts:
        """Covers of two parts or more."""
        found: defaultdict[_Value, int] = defaultdict(int)
        for part, times, rest in self._firsts(hand, ()):
            if part != hand:
                self._add(found, part, times, rest)
        return found

    def split_worth(self, hand: Hand, target: _Value) -> int:
        """Covers of two parts or more with one total."""
        return self.split(hand).get(target, 0)

    def _after(self, hand: Hand, last: Hand) -> _Counts:
        """Covers whose parts all come after the last one; the last one is used up."""
        if not hand:
            return {_NOTHING[self._join]: 1}
        if last and last[0] != hand[0]:
            last = ()  # every part comes after it
        key = (hand, last)
        if key not in self._known:
            found: defaultdict[_Value, int] = defaultdict(int)
            for part, times, rest in self._firsts(hand, last):
                self._add(found, part, times, rest)
            self._known[key] = found
        return self._known[key]

    def _firsts(self, hand: Hand, last: Hand) -> Iterator[tuple[Hand, int, Hand]]:
        """The part of a cover that holds the hand's first number, how often, and the rest."""
        for part in _parts_with_first(hand):
            if part <= last:
                continue
            rest, times = hand, 0
            while (left := _less_or_none(rest, part)) is not None:
                rest, times = left, times + 1
                yield part, times, rest

    def _add(self, found: dict[_Value, int], part: Hand, times: int, rest: Hand) -> None:
        join = self._join
        others = self._after(rest, part)
        for x, n in self._times(part, times).items():
            for y, m in others.items():
                found[join(x, y)] += n * m

    def _times(self, part: Hand, times: int) -> _Counts:
        """Multisets of so many forms of the same part, by their total."""
        if times == 0:
            return {_NOTHING[self._join]: 1}
        if times == 1:
            return self._parts(part)
        key = (part, times)
        if key not in self._several:
            found: defaultdict[_Value, int] = defaultdict(int)
            for k in range(1, times + 1):
                fewer = self._times(part, times - k)
                for x, n in self._parts(part).items():
                    total = x
                    for _ in range(k - 1):
                        total = self._join(total, x)
                    for y, m in fewer.items():
                        found[self._join(total, y)] += n * m
            self._several[key] = {v: n // times for v, n in found.items() if n}
        return self._several[key]


def _plus(x: _Value, y: _Value) -> _Value:
    n, m = x[0] * y[1] + y[0] * x[1], x[1] * y[1]
    common = gcd(n, m)
    return n // common, m // common


def _times(x: _Value, y: _Value) -> _Value:
    n, m = x[0] * y[0], x[1] * y[1]
    common = gcd(n, m)
    return n // common, m // common


_NOTHING: dict[Callable[..., _Value], _Value] = {_plus: (0, 1), _times: (1, 1)}


def _less_or_none(hand: Hand, part: Hand) -> Hand | None:
    """The hand without the part; None where the part is not in it."""
    left = list(hand)
    for number in part:
        if number not in left:
            return None
        left.remove(number)
    return tuple(left)


def _less(hand: Hand, part: Hand) -> Hand:
    left = _less_or_none(hand, part)
    if left is None:
        raise ValueError(f"{part} is not in {hand}")
    return left


@lru_cache(maxsize=4_096)
def _parts_with_first(hand: Hand) -> tuple[Hand, ...]:
    """The sub-multisets with the first number, in order."""
    others = {part for size in range(len(hand)) for part in combinations(hand[1:], size)}
    return tuple(sorted((hand[0], *other) for other in others))


def _halves(hand: Hand) -> set[Hand]:
    """The sub-multisets that are in the hand twice, the empty one included."""
    pairs = [number for number, count in Counter(hand).items() for _ in range(count // 2)]
    return {half for size in range(len(pairs) + 1) for half in combinations(sorted(pairs), size)}
