"""Every value that six numbers can make, beside a plain recursive search without memory.

    python -m pytest tests/benchmarks/test_bench_reach.py --benchmark-enable --benchmark-only

The search combines any two numbers in either order by any operation and goes on with the rest: 88
million values at its ends, minutes where the tables take part of a second (mark: 50 times).
"""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any

import pytest

from tot24_bench.game import difficulty, draw
from tot24_bench.game.reach import reachable

HAND = (2, 3, 5, 7, 9, 11)


def search(numbers: list[Fraction], found: set[Fraction]) -> None:
    """The peer: ordered pairs, no memory."""
    if len(numbers) == 1:
        found.add(abs(numbers[0]))
        return
    for i, x in enumerate(numbers):
        for j, y in enumerate(numbers):
            if i == j:
                continue
            rest = [number for k, number in enumerate(numbers) if k not in (i, j)]
            search([*rest, x + y], found)
            search([*rest, x - y], found)
            search([*rest, x * y], found)
            if y:
                search([*rest, x / y], found)


def search_all(hand: tuple[int, ...]) -> set[Fraction]:
    found: set[Fraction] = set()
    search(list(map(Fraction, hand)), found)
    return found


def test_bench_tables_of_six_numbers(benchmark: Any) -> None:
    benchmark.group = "all values of six numbers (mark: 50 times)"
    found = benchmark.pedantic(reachable, args=(HAND,), rounds=3)
    assert len(found) == 75_629


def test_bench_plain_search_of_six_numbers(benchmark: Any) -> None:
    if benchmark.disabled:
        pytest.skip("minutes: run by `make bench` only")
    benchmark.group = "all values of six numbers (mark: 50 times)"
    found = benchmark.pedantic(search_all, args=(HAND,), rounds=1)
    assert {Fraction(*ratio) for ratio in reachable(HAND)} == found


def test_bench_5000_fresh_hands_with_difficulty(benchmark: Any) -> None:
    """Mark: 60 s on one core."""
    if benchmark.disabled:
        pytest.skip("half a minute: run by `make bench` only")
    benchmark.group = "5,000 fresh hands and their difficulty"
    seed = Random(24).randrange(10**9)

    def measure() -> int:
        return sum(difficulty(p).solutions > 0 for p in draw("fresh", seed=seed, size=5_000))

    assert benchmark.pedantic(measure, rounds=1) == 5_000
