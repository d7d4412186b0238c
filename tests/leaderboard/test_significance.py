"""Tests of differences against direct sums, and Holm's correction against its definition."""

from __future__ import annotations

from itertools import product
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tot24_bench.statistics import fisher, holm, mcnemar, sign_flip

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=8)


@given(st.integers(0, 60), st.integers(0, 60))
@settings(deadline=None)
def test_mcnemar_is_the_sum_of_the_binomials_tails(ones: int, others: int) -> None:
    n, fewer = ones + others, min(ones, others)
    tail = sum(comb(n, i) for i in range(fewer + 1)) / 2**n
    assert mcnemar(ones, others) == pytest.approx(min(1.0, 2 * tail))
    assert mcnemar(ones, others) == mcnemar(others, ones)


def test_the_matched_public_pair() -> None:
    """GPT-4o CoT 9 against One-Step ToT 19: 8 and 18 hands differ."""
    assert mcnemar(5, 15) == pytest.approx(0.0414, abs=1e-4)


@given(st.lists(st.sampled_from([-1.0, -0.5, 0.25, 1.0]), min_size=1, max_size=8))
@settings(max_examples=30, deadline=None)
def test_sign_flips_of_few_hands_are_all_tried(differences: list[float]) -> None:
    mean = abs(sum(differences))
    flips = [
        abs(sum(sign * d for sign, d in zip(signs, differences, strict=True)))
        for signs in product((1, -1), repeat=len(differences))
    ]
    share = sum(flip >= mean - 1e-9 for flip in flips) / len(flips)
    assert sign_flip(differences) == pytest.approx(min(1.0, share))


def test_hands_without_a_difference_change_nothing() -> None:
    assert sign_flip([1.0] * 5 + [0.0] * 95) == sign_flip([1.0] * 5) == 0.0625


def test_many_hands_do_not_take_more_memory_at_once() -> None:
    import tracemalloc

    tracemalloc.start()
    sign_flip([0.5, -0.25, 0.75] * 450)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100_000_000


@given(P_VALUES)
def test_holm_rejects_what_the_step_down_procedure_rejects(p_values: list[float]) -> None:
    """Holm 1979: go up the sorted p while p_(k) <= level / (m - k), stop at the first failure."""
    corrected = holm(p_values)
    for level in (0.01, 0.05, 0.3):
        rejected = set()
        for place, i in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
            if p_values[i] * (len(p_values) - place) > level:
                break
            rejected.add(i)
        assert {i for i, p in enumerate(corrected) if p <= level} == rejected


@given(P_VALUES, st.randoms(use_true_random=False))
def test_the_order_of_the_tests_changes_nothing(p_values: list[float], random: object) -> None:
    order = list(range(len(p_values)))
    random.shuffle(order)  # type: ignore[attr-defined]
    straight, mixed = holm(p_values), holm([p_values[i] for i in order])
    assert sorted(straight) == pytest.approx(sorted(mixed))


def test_nothing_differs() -> None:
    assert mcnemar(0, 0) == sign_flip([0.0, 0.0]) == 1.0
    assert fisher(3, 10, 3, 10) == pytest.approx(1.0)
    assert holm([]) == []
