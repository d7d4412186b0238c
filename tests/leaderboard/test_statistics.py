"""Intervals: against published examples, and against what they must do."""

from __future__ import annotations

import math
import random
from itertools import combinations

import pytest

from tot24_bench.game import load_split
from tot24_bench.leaderboard import Entry, clustered, interval, wilson
from tot24_bench.statistics import pass_at_k

from .conftest import make_reported, make_sample, make_submission

NEWCOMBE_1998 = [
    (81, 263, 0.2553, 0.3662),
    (15, 148, 0.0624, 0.1605),
    (0, 20, 0.0000, 0.1611),
    (1, 29, 0.0061, 0.1718),
]
"""Table I, method 3, of Newcombe 1998 (Statistics in Medicine 17, 857-872)."""


@pytest.mark.parametrize(("successes", "n", "low", "high"), NEWCOMBE_1998)
def test_wilson_gives_the_published_examples(
    successes: int, n: int, low: float, high: float
) -> None:
    assert wilson(successes, n) == pytest.approx((low, high), abs=5e-5)


def test_wilson_follows_its_formula_at_another_level() -> None:
    z, p, n = 1.6448536269514722, 0.91, 100
    centre, spread = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    expected = ((centre - spread) / scale, (centre + spread) / scale)
    assert wilson(91, 100, level=0.90) == pytest.approx(expected)


@pytest.mark.parametrize(("successes", "n"), [(-1, 10), (11, 10), (1, 0)])
def test_counts_that_make_no_proportion_are_refused(successes: int, n: int) -> None:
    with pytest.raises(ValueError, match="is no proportion"):
        wilson(successes, n)


def test_the_bootstrap_agrees_with_the_normal_interval_of_the_mean() -> None:
    rng = random.Random(1)
    means = [rng.randrange(5) / 4 for _ in range(400)]
    mean = sum(means) / 400
    error = math.sqrt(sum((m - mean) ** 2 for m in means)) / 400
    assert clustered(means) == pytest.approx((mean - 1.96 * error, mean + 1.96 * error), abs=0.004)


def test_repeats_that_agree_make_nobody_surer() -> None:
    """20 hands answered 10 times alike are 20 observations, not 200."""
    low, high = clustered([1.0] * 10 + [0.0] * 10)
    naive_low, naive_high = wilson(100, 200)
    one_low, one_high = wilson(10, 20)
    assert high - low > 2 * (naive_high - naive_low)
    assert high - low == pytest.approx(one_high - one_low, abs=0.05)


def test_the_bootstrap_is_the_same_every_time() -> None:
    means = [0.1, 0.9, 0.4, 0.4, 0.8]
    assert clustered(means) == clustered(means)


@pytest.mark.parametrize("means", [[1.0] * 30, [0.0] * 30, [0.5]])
def test_hands_that_all_agree_do_not_give_an_interval_of_no_width(means: list[float]) -> None:
    low, high = clustered(means)
    assert high - low > 0.1
    assert 0 <= low <= means[0] <= high <= 1


def test_a_submission_gets_the_interval_of_its_kind() -> None:
    assert interval(Entry.of(make_submission(right=2, hands=3))) == wilson(2, 3)
    hands = load_split("hard100")[:4]
    rights = [(True, False), (True, True), (False, False), (True, False)]
    samples = tuple(make_sample(p, r) for p, r in zip(hands, rights, strict=True))
    assert interval(Entry.of(make_submission(samples=samples, repeats=2))) == clustered(
        [0.5, 1, 0, 0.5]
    )
    assert interval(Entry.of(make_reported(acc=0.74))) == wilson(74, 100)


def test_a_reported_mean_over_repeats_has_no_interval() -> None:
    assert interval(Entry.of(make_reported(acc=0.073, repeats=100))) is None


def test_many_hands_do_not_take_more_memory_at_once() -> None:
    import tracemalloc

    tracemalloc.start()
    clustered([0.0, 0.5, 1.0, 0.25] * 5_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 80_000_000


@pytest.mark.parametrize(("n", "c"), [(1, 0), (1, 1), (6, 0), (6, 1), (6, 2), (6, 5), (6, 6)])
def test_pass_at_k_is_the_share_of_draws_that_hold_a_right_response(n: int, c: int) -> None:
    for k in range(1, n + 1):
        draws = list(combinations([True] * c + [False] * (n - c), k))
        assert pass_at_k(n, c, k) == pytest.approx(sum(map(any, draws)) / len(draws))


def test_pass_at_k_is_exact_for_many_responses() -> None:
    assert pass_at_k(100_000, 1, 1_000) == pytest.approx(0.01, abs=1e-12)
    assert pass_at_k(100_000, 0, 1_000) == 0.0
    assert pass_at_k(100_000, 99_500, 1_000) == 1.0


@pytest.mark.parametrize(("n", "c", "k"), [(5, 6, 1), (5, -1, 1), (5, 1, 0), (5, 1, 6), (0, 0, 1)])
def test_counts_that_do_not_fit_together_are_refused(n: int, c: int, k: int) -> None:
    with pytest.raises(ValueError, match="give 1 <= k <= samples"):
        pass_at_k(n, c, k)
