"""Intervals over seeds and hands, and what becomes of hypotheses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from training.study.judge import Estimate, accuracy, difference, outcome
from training.study.plan import Statistics

FEW = Statistics(resamples=400)
HANDS = 20
RIGHTS = st.integers(1, 3).flatmap(
    lambda seeds: arrays(np.float64, (seeds, HANDS), elements=st.sampled_from([0.0, 1.0]))
)


@settings(max_examples=40, deadline=None)
@given(RIGHTS)
def test_an_accuracy_lies_in_its_interval_and_both_in_0_to_1(rights: np.ndarray) -> None:
    found = accuracy(rights, FEW)
    assert found.value == pytest.approx(rights.mean())
    assert -1e-9 <= found.low <= found.value + 0.05 and found.value - 0.05 <= found.high <= 1 + 1e-9
    assert found.low < found.high


@settings(max_examples=40, deadline=None)
@given(RIGHTS, RIGHTS)
def test_a_difference_is_that_of_the_accuracies_and_turns_its_sign(
    first: np.ndarray, second: np.ndarray
) -> None:
    there = difference(first, second, FEW)
    back = difference(second, first, FEW)
    assert there.value == pytest.approx(first.mean() - second.mean())
    assert back.value == pytest.approx(-there.value)
    assert there.low < there.high
    if len(first) == len(second) == 1:  # no seed is drawn: the same hands, the sign turned
        assert (back.low, back.high) == pytest.approx((-there.high, -there.low))


@settings(max_examples=20, deadline=None)
@given(RIGHTS, st.permutations(range(HANDS)))
def test_the_order_of_hands_moves_an_interval_by_chance_alone(
    rights: np.ndarray, order: list[int]
) -> None:
    one, other = accuracy(rights), accuracy(rights[:, order])
    assert one.value == pytest.approx(other.value)
    assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=0.051)


def test_the_same_seed_gives_the_same_interval_again() -> None:
    rights = np.random.default_rng(0).integers(0, 2, (3, 100)).astype(float)
    assert accuracy(rights) == accuracy(rights)


def test_one_seed_is_the_ordinary_bootstrap_over_hands() -> None:
    rights = np.array([[1.0] * 60 + [0.0] * 40])
    found = accuracy(rights)
    assert (found.low, found.high) == pytest.approx((0.504, 0.696), abs=0.012)


def test_seeds_that_disagree_widen_the_interval() -> None:
    agree = np.tile(np.arange(100) < 50, (3, 1)).astype(float)
    disagree = np.vstack([np.ones(100), np.zeros(100), np.arange(100) < 50]).astype(float)
    assert agree.mean() == disagree.mean()
    narrow, wide = accuracy(agree), accuracy(disagree)
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_pairing_over_hands_narrows_a_difference() -> None:
    hands = (np.random.default_rng(1).random(200) < 0.5).astype(float)
    better = hands.copy()
    better[np.flatnonzero(hands == 0)[:20]] = 1
    paired = difference(better[None], hands[None])
    shuffled = difference(better[None], np.random.default_rng(2).permutation(hands)[None])
    assert paired.low > 0 and paired.high - paired.low < shuffled.high - shuffled.low


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_answers_that_are_all_alike_are_as_sure_as_wilson_says(value: float) -> None:
    rights = np.full((3, 100), value)
    found = accuracy(rights)
    assert found.high - found.low == pytest.approx(0.037, abs=0.001)
    assert difference(rights, rights).value == 0.0


def test_nothing_to_average_and_unequal_hands_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one seed"):
        accuracy(np.zeros((0, 5)))
    with pytest.raises(ValueError, match="the same hands"):
        difference(np.zeros((1, 5)), np.zeros((1, 6)))


def test_a_claim_is_judged_by_its_whole_interval_and_its_corrected_p() -> None:
    def judged(low: float, high: float, margin: float = 0.0, p: float = 0.01) -> str:
        return outcome(Estimate((low + high) / 2, low, high, 1, 10), margin, p)

    assert judged(0.01, 0.2) == "holds"
    assert judged(0.01, 0.2, p=0.06) == "undecided"
    assert judged(0.01, 0.2, margin=0.05) == "undecided"
    assert judged(-0.2, -0.01) == "does not hold"
    assert judged(-0.2, 0.0, p=1.0) == "does not hold"
    assert judged(-0.01, 0.2) == "undecided"
