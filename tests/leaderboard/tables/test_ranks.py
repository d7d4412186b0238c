"""Ranks: what cannot be told apart shares one, and the matrix agrees with test by test."""

from __future__ import annotations

from itertools import combinations, permutations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tot24_bench.game import load_split
from tot24_bench.leaderboard import Entry, Outcome
from tot24_bench.leaderboard.tables.ranks import ranks
from tot24_bench.statistics import holm, mcnemar

from ..conftest import make_reported, make_submission

HANDS = load_split("hard100")


def entry(right: list[bool], name: str = "m", responses: int = 1) -> Entry:
    """An entry without responses: ranks look at outcomes only."""
    header = Entry.of(make_submission(name=name)).header.model_copy(update={"n": len(right)})
    outcomes = tuple(
        Outcome(puzzle, responses * good, responses, None)
        for puzzle, good in zip(HANDS, right, strict=False)
    )
    return Entry(header, outcomes)


def drawn(share: float, random: Random) -> list[bool]:
    return [random.random() < share for _ in HANDS]


def plainly(rights: list[list[bool]]) -> list[int]:
    """The definition, pair by pair."""
    pairs = list(combinations(range(len(rights)), 2))
    p_values = holm(
        [
            mcnemar(
                sum(x and not y for x, y in zip(rights[a], rights[b], strict=True)),
                sum(y and not x for x, y in zip(rights[a], rights[b], strict=True)),
            )
            for a, b in pairs
        ]
    )
    worse = [1] * len(rights)
    for (a, b), p in zip(pairs, p_values, strict=True):
        if p < 0.05 and sum(rights[a]) != sum(rights[b]):
            worse[a if sum(rights[a]) < sum(rights[b]) else b] += 1
    found = [0] * len(rights)
    for i, right in enumerate(rights):
        # Never above a more accurate one; equals share the best of their own.
        above = [w for w, r in zip(worse, rights, strict=True) if sum(r) > sum(right)]
        same = [w for w, r in zip(worse, rights, strict=True) if sum(r) == sum(right)]
        found[i] = max([*above, min(same)])
    return found


@given(st.lists(st.sampled_from([0.05, 0.1, 0.5, 0.6, 0.9]), min_size=2, max_size=8),
       st.integers(0, 10**6))  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_the_matrix_gives_what_the_definition_gives(shares: list[float], seed: int) -> None:
    random = Random(seed)
    rights = [drawn(share, random) for share in shares]
    assert ranks([entry(right) for right in rights]) == plainly(rights)


def test_what_cannot_be_told_apart_shares_a_rank_and_the_next_one_skips() -> None:
    near = [entry([i < n for i in range(100)], f"m{n}") for n in (90, 89, 88, 20, 2)]
    assert ranks(near) == [1, 1, 1, 4, 5]


def test_the_order_given_does_not_matter() -> None:
    random = Random(1)
    entries = [entry(drawn(share, random), f"m{share}") for share in (0.1, 0.5, 0.52, 0.9)]
    straight = ranks(entries)
    assert ranks(entries[::-1]) == straight[::-1]


@given(st.lists(st.floats(0, 1), min_size=2, max_size=10), st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_a_less_accurate_entry_never_ranks_above(shares: list[float], seed: int) -> None:
    random = Random(seed)
    rights = [drawn(share, random) for share in shares]
    found = ranks([entry(right) for right in rights])
    for (a, one), (b, other) in combinations(zip(found, rights, strict=True), 2):
        assert a is not None and b is not None
        if sum(one) > sum(other):
            assert a <= b


def test_what_has_no_rank() -> None:
    whole = make_submission(50, 100, name="a")
    others = [
        make_submission(3, 3, name="part of the split"),
        make_reported(name="reported"),
        make_submission(100, 100, name="solver", model={"backend": "exact search"}),
    ]
    entries = [Entry.of(one) for one in (whole, make_submission(1, 100, name="b"), *others)]
    assert ranks(entries) == [1, 2, None, None, None]


def test_the_only_row_of_a_class_has_none() -> None:
    assert ranks([entry([True] * 100)]) == [None]


def test_rescored_rows_are_not_ranked_among_measured_ones() -> None:
    measured = [entry([True] * 100, "a"), entry([False] * 100, "b")]
    header = measured[0].header.model_copy(update={"obtained": "rescored", "source": "x"})
    other = Entry(header, measured[1].outcomes)
    assert ranks([*measured, other]) == [1, 2, None]


def test_entries_with_several_responses_are_ranked_too() -> None:
    random = Random(3)
    entries = [
        entry(drawn(0.9, random), "a", responses=4),
        entry(drawn(0.88, random), "b"),
        entry(drawn(0.2, random), "c", responses=2),
    ]
    assert ranks(entries) == [1, 1, 3]


def test_equals_that_only_some_can_be_told_apart_rank_alike_in_any_order() -> None:
    """The best is told apart from one of two equals and not from the other."""
    best, one, other = (
        entry([i < 70 for i in range(100)], "best"),
        entry([i < 50 for i in range(100)], "one"),
        entry([i >= 50 for i in range(100)], "other"),
    )
    for order in permutations((best, one, other)):
        assert ranks(order) == [1, 1, 1]


def test_few_hands_that_differ_are_not_more_than_flipping_them_can_show() -> None:
    """The normal approximation says p = 0.025 of five hands; flips give 2 / 2^5 = 0.0625."""
    whole, less = (entry([i >= n for i in range(100)], f"m{n}", 2) for n in (0, 5))
    assert ranks([whole, less]) == [1, 1]
    less = entry([i >= 6 for i in range(100)], "m6", 2)
    assert ranks([whole, less]) == [1, 2]


def test_nothing_to_rank() -> None:
    assert ranks([]) == []


@pytest.mark.parametrize("responses", [1, 3])
def test_equal_entries_are_not_told_apart(responses: int) -> None:
    same = [entry([i % 2 == 0 for i in range(100)], f"m{i}", responses) for i in range(3)]
    assert ranks(same) == [1, 1, 1]
