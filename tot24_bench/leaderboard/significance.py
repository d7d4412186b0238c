"""Tests of differences, exact where they can be, and Holm's correction for many of them.

The arithmetic is scipy's; a fixed seed makes every p-value come out the same again.

>>> round(mcnemar(18, 8), 4), holm([0.01, 0.04, 0.03])
(0.0755, [0.03, 0.06, 0.06])
"""

from __future__ import annotations

from collections.abc import Sequence

from tot24_bench.leaderboard.statistics import BATCH, BATCH_HANDS, RESAMPLES, SEED

LEVEL = 0.05
"""Below this p, a difference is said to be more than chance; a convention, no border of truth."""


def mcnemar(only_first: int, only_second: int) -> float:
    """McNemar's exact test (McNemar 1947): a two-sided binomial on the hands that differ.

    Args:
        only_first, only_second: hands that one run gets right and the other does not.
    """
    from scipy.stats import binomtest

    differ = only_first + only_second
    return 1.0 if not differ else float(binomtest(only_first, differ, 0.5).pvalue)


def sign_flip(differences: Sequence[float]) -> float:
    """A paired permutation test of a mean of 0; exact for few hands, else RESAMPLES draws.

    A hand without a difference is the same whichever way it is flipped. So only the others count,
    and where they are at most 13 every way of flipping them is tried.

    Args:
        differences: one a hand.
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
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    corrected = [0.0] * len(p_values)
    highest = 0.0
    for place, i in enumerate(order):
        highest = max(highest, min(1.0, p_values[i] * (len(p_values) - place)))
        corrected[i] = highest
    return corrected


def p_text(p: float) -> str:
    """A p-value with three digits, or in powers of ten."""
    return f"{p:.3f}" if p >= 0.001 else f"{p:.1e}"
