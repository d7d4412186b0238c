"""Intervals of accuracies, tests of differences, pass@k: one copy for the whole project.

A hand is the unit: hands are what was drawn, repeats of one hand resemble each other. One response
a hand: Wilson's score interval. Several: a bootstrap that draws whole hands, each with all of its
repeats. Tests are exact where they can be. The arithmetic is scipy's; a fixed seed makes every
figure come out the same again.

>>> low, high = wilson(91, 100)
>>> f"{low:.3f} to {high:.3f}"
'0.838 to 0.952'
>>> pass_at_k(samples=10, right=1, k=5)
0.5
>>> round(mcnemar(18, 8), 4), holm([0.01, 0.04, 0.03])
(0.0755, [0.03, 0.06, 0.06])
"""

from __future__ import annotations

from collections.abc import Sequence
from math import comb, sqrt
from statistics import fmean
from typing import NamedTuple

LEVEL = 0.95  # share of such intervals that hold the true accuracy

RESAMPLES = 9_999
"""Draws of the bootstrap: its ends then move by about 0.1 points from one seed to another."""

SEED = 24  # of the bootstrap, so that the same submission always gives the same interval

BATCH = 1_000
"""Draws held at once: bounds memory at 11 MB for the largest split, with BATCH_HANDS for any."""

BATCH_HANDS = 2_000  # hands above which fewer draws are held at once

SIGNIFICANT = 0.05
"""Below this p, a difference is said to be more than chance; a convention, no border of truth."""


class Interval(NamedTuple):
    """The ends of an interval, as shares between 0 and 1."""

    low: float
    high: float


def wilson(successes: int, n: int, level: float = LEVEL) -> Interval:
    """Wilson's score interval of a proportion (Wilson 1927), without continuity correction.

    Where nothing was counted it is 0 to 1.

    Raises:
        ValueError: for counts or a level that make no proportion.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} of {n} is no proportion: give 0 <= successes <= n")
    if not n:
        return Interval(0.0, 1.0)
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


class Estimate(NamedTuple):
    """A share and its 95% interval."""

    value: float
    interval: Interval


def over_hands(shares: Sequence[float]) -> Estimate:
    """A mean over hands; where each hand is wholly right or wrong, a share of hands."""
    if all(share in (0, 1) for share in shares):
        return Estimate(fmean(shares), wilson(round(sum(shares)), len(shares)))
    return Estimate(fmean(shares), clustered(shares))


def pass_at_k(samples: int, right: int, k: int) -> float:
    """The chance that k of a hand's responses, drawn without putting back, hold a right one.

    The unbiased estimate of Chen et al. 2021 (Evaluating Large Language Models Trained on Code):
    1 - C(n - c, k) / C(n, k), of n samples with c right.

    Raises:
        ValueError: for counts that do not fit together.
    """
    if not (0 <= right <= samples and 1 <= k <= samples):
        raise ValueError(f"no pass@{k} of {right} right in {samples}: give 1 <= k <= samples")
    return 1 - comb(samples - right, k) / comb(samples, k)


def mcnemar(only_first: int, only_second: int) -> float:
    """McNemar's exact test (McNemar 1947): a two-sided binomial on the hands that differ."""
    from scipy.stats import binomtest

    differ = only_first + only_second
    return 1.0 if not differ else float(binomtest(only_first, differ, 0.5).pvalue)


def sign_flip(differences: Sequence[float]) -> float:
    """A paired permutation test of a mean of 0; exact for few hands, else RESAMPLES draws.

    A hand without a difference is the same whichever way it is flipped. So only the others count,
    and where they are at most 13 every way of flipping them is tried.
    """
    import numpy as np
    from scipy.stats import permutation_test

    differing = [one for one in differences if one]
    if len(differing) <= 1:  # one hand: either sign is as likely
        return 1.0
    result = permutation_test(
        (np.asarray(differing),),
        np.mean,
        permutation_type="samples",
        n_resamples=RESAMPLES,
        batch=max(1, min(BATCH, BATCH * BATCH_HANDS // len(differing))),
        rng=np.random.default_rng(SEED),
    )
    return float(result.pvalue)


def fisher(first: int, first_n: int, second: int, second_n: int) -> float:
    """Fisher's exact test of two shares, two-sided, for runs that share no hands."""
    import numpy as np
    from scipy.stats import fisher_exact

    table = np.array([[first, first_n - first], [second, second_n - second]])
    return float(fisher_exact(table).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down correction (Holm 1979), in the order given.

    Each p is multiplied by the number of tests that are not smaller, and never falls below the
    corrected p of a smaller one.
    """
    import numpy as np

    given = np.asarray(p_values, dtype=float)
    order = np.argsort(given, kind="stable")
    corrected = np.empty_like(given)
    scaled = given[order] * np.arange(len(given), 0, -1)
    corrected[order] = np.maximum.accumulate(np.minimum(1.0, scaled))
    return list(corrected.tolist())


def p_text(p: float) -> str:
    """A p-value with three digits, or in powers of ten."""
    return f"{p:.3f}" if p >= 0.001 else f"{p:.1e}"


def newcombe(both: int, only_first: int, only_second: int, neither: int) -> Interval:
    """The 95% interval of a difference of paired proportions (Newcombe 1998, method 10).

    It combines Wilson's intervals of the two proportions with their correlation, corrected for
    continuity where that is positive.

    Raises:
        ValueError: when there are no hands.
    """
    n = both + only_first + only_second + neither
    rights = both + only_first, both + only_second
    shares = rights[0] / n if n else 0.0, rights[1] / n if n else 0.0
    ends = [wilson(right, n) for right in rights]
    margins = rights[0] * (n - rights[0]) * rights[1] * (n - rights[1])
    together = float(both * neither - only_first * only_second)
    if together > 0:
        together = max(together - n / 2, 0.0)
    phi = together / sqrt(margins) if margins else 0.0
    below = [share - end.low for share, end in zip(shares, ends, strict=True)]
    above = [end.high - share for share, end in zip(shares, ends, strict=True)]
    difference = shares[0] - shares[1]
    down = below[0] ** 2 - 2 * phi * below[0] * above[1] + above[1] ** 2
    up = above[0] ** 2 - 2 * phi * above[0] * below[1] + below[1] ** 2
    return Interval(difference - sqrt(max(down, 0.0)), difference + sqrt(max(up, 0.0)))


def share(part: int, whole: int) -> str:
    """A share with its interval, in percent.

    >>> share(91, 100)
    '91 (91.0%, 83.8 to 95.2)'
    """
    if not whole:
        return f"{part:,}"
    low, high = wilson(part, whole)
    return f"{part:,} ({100 * part / whole:.1f}%, {100 * low:.1f} to {100 * high:.1f})"
