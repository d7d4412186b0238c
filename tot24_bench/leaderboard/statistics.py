"""How sure an accuracy is: the interval that stands beside it.

A hand is the unit: hands are what was drawn, repeats of one hand resemble each other. One response
a hand: Wilson's score interval. Several: a bootstrap that draws whole hands, each with all of its
repeats. A reported mean over repeats that comes without its samples has no interval.

>>> low, high = wilson(91, 100)
>>> f"{low:.3f} to {high:.3f}"
'0.838 to 0.952'
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

from tot24_bench.leaderboard.submission import Submission

LEVEL = 0.95
"""Share of such intervals that hold the true accuracy."""

RESAMPLES = 9_999
"""Draws of the bootstrap: its ends then move by about 0.1 points from one seed to another."""

SEED = 24
"""Of the bootstrap, so that the same submission always gives the same interval."""

BATCH = 1_000
"""Draws held at once: bounds memory at 11 MB for the largest split."""


class Interval(NamedTuple):
    """The ends of an interval, as shares between 0 and 1."""

    low: float
    high: float


def interval(submission: Submission, level: float = LEVEL) -> Interval | None:
    """The interval of a submission's accuracy; None where its data cannot give one."""
    if submission.repeats == 1:
        return wilson(round(submission.metrics.acc * submission.n), submission.n, level)
    if not submission.samples:
        return None
    return clustered(
        [fmean(score.correct for score in sample.scores) for sample in submission.samples], level
    )


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
        batch=BATCH,
        confidence_level=level,
        method="percentile",
        rng=np.random.default_rng(SEED),
    )
    ends = result.confidence_interval
    return Interval(float(ends.low), float(ends.high))
