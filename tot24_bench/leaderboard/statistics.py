"""How sure an accuracy is, and what several responses to a hand are worth together.

A hand is the unit: hands are what was drawn, repeats of one hand resemble each other. One response
a hand: Wilson's score interval. Several: a bootstrap that draws whole hands, each with all of its
repeats. A reported mean over repeats that comes without its samples has no interval.

>>> low, high = wilson(91, 100)
>>> f"{low:.3f} to {high:.3f}"
'0.838 to 0.952'
>>> pass_at_k(samples=10, right=1, k=5)
0.5
"""

from __future__ import annotations

from collections.abc import Sequence
from math import comb
from typing import NamedTuple

from tot24_bench.leaderboard.entry import Entry

LEVEL = 0.95
"""Share of such intervals that hold the true accuracy."""

RESAMPLES = 9_999
"""Draws of the bootstrap: its ends then move by about 0.1 points from one seed to another."""

SEED = 24
"""Of the bootstrap, so that the same submission always gives the same interval."""

BATCH = 1_000
"""Draws held at once: bounds memory at 11 MB for the largest split, with BATCH_HANDS for any."""

BATCH_HANDS = 2_000
"""Hands above which fewer draws are held at once."""


class Interval(NamedTuple):
    """The ends of an interval, as shares between 0 and 1."""

    low: float
    high: float


def interval(entry: Entry, level: float = LEVEL) -> Interval | None:
    """The interval of an entry's accuracy; None where its data cannot give one."""
    header = entry.header
    if header.repeats == 1:
        return wilson(round(header.metrics.acc * header.n), header.n, level)
    if not entry.outcomes:
        return None
    return clustered([outcome.mean for outcome in entry.outcomes], level)


def wilson(successes: int, n: int, level: float = LEVEL) -> Interval:
    """Wilson's score interval of a proportion (Wilson 1927), without continuity correction.

    Raises:
        ValueError: for counts or a level that make no proportion.
    """
    if not 0 <= successes <= n or n < 1:
        raise ValueError(f"{successes} of {n} is no proportion: give 0 <= successes <= n, n >= 1")
    from scipy.stats import binomtest  # half a second to import, which only tables need

    ends = binomtest(successes, n).proportion_ci(confidence_level=level, method="wilson")
    return Interval(float(ends.low), float(ends.high))


def clustered(means: Sequence[float], level: float = LEVEL) -> Interval:
    """A percentile bootstrap over hands.

    Where all hands have the same mean, which would give an interval of no width, it is Wilson's
    with each hand counted once: at most as sure as one response a hand.

    Args:
        means: the accuracy of each hand over its repeats, 0 to 1.

    Raises:
        ValueError: when there are no hands.
    """
    if len(set(means)) <= 1:
        return wilson(round(sum(means)), len(means), level)
    import numpy as np
    from scipy.stats import bootstrap

    result = bootstrap(
        (np.asarray(means, dtype=float),),
        np.mean,
        n_resamples=RESAMPLES,
        batch=max(1, min(BATCH, BATCH * BATCH_HANDS // len(means))),
        confidence_level=level,
        method="percentile",
        rng=np.random.default_rng(SEED),
    )
    ends = result.confidence_interval
    return Interval(float(ends.low), float(ends.high))


def pass_at_k(samples: int, right: int, k: int) -> float:
    """The chance that k of a hand's responses, drawn without putting back, hold a right one.

    The unbiased estimate of Chen et al. 2021 (Evaluating Large Language Models Trained on Code):
    1 - C(n - c, k) / C(n, k).

    Args:
        samples: responses to the hand, n.
        right: how many of them are right, c.
        k: how many are drawn.

    Raises:
        ValueError: for counts that do not fit together.
    """
    if not (0 <= right <= samples and 1 <= k <= samples):
        raise ValueError(f"no pass@{k} of {right} right in {samples}: give 1 <= k <= samples")
    return 1 - comb(samples - right, k) / comb(samples, k)
