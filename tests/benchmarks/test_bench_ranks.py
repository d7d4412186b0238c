"""Ranks of a thousand entries, beside the plain loop over pairs that they stand for.

    python -m pytest tests/benchmarks/test_bench_ranks.py --benchmark-enable --benchmark-only

The loop tests PAIRS of the 499,500 pairs, each by scipy's binomial test; the matrix tests all.
"""

from __future__ import annotations

from itertools import combinations, islice
from random import Random
from typing import Any

import pytest

from tests.leaderboard.conftest import make_submission
from tot24_bench.game import load_split
from tot24_bench.leaderboard import Entry, Outcome
from tot24_bench.leaderboard.tables.ranks import ranks
from tot24_bench.statistics import mcnemar

ENTRIES = 1_000
PAIRS = 2_000


@pytest.fixture(scope="module")
def entries() -> list[Entry]:
    random, header = Random(24), Entry.of(make_submission()).header
    header = header.model_copy(update={"n": 100})
    found = []
    for _ in range(ENTRIES):
        share = random.random()
        outcomes = (Outcome(p, int(random.random() < share), 1, 9) for p in load_split("hard100"))
        found.append(Entry(header, tuple(outcomes)))
    return found


def one_by_one(entries: list[Entry]) -> int:
    tested = 0
    for a, b in islice(combinations(entries, 2), PAIRS):
        only = [
            sum(x.right > y.right for x, y in zip(a.outcomes, b.outcomes, strict=True)),
            sum(y.right > x.right for x, y in zip(a.outcomes, b.outcomes, strict=True)),
        ]
        tested += mcnemar(*only) <= 1
    return tested


def test_bench_ranks_of_all_pairs(benchmark: Any, entries: list[Entry]) -> None:
    benchmark.group = (
        f"all {ENTRIES * (ENTRIES - 1) // 2:,} pairs, and {PAIRS:,} of them one by one"
    )
    found = benchmark.pedantic(ranks, args=(entries,), rounds=2)
    assert max(found) > 500


def test_bench_pairs_one_by_one(benchmark: Any, entries: list[Entry]) -> None:
    benchmark.group = (
        f"all {ENTRIES * (ENTRIES - 1) // 2:,} pairs, and {PAIRS:,} of them one by one"
    )
    assert benchmark.pedantic(one_by_one, args=(entries,), rounds=2) == PAIRS
