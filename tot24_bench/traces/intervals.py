"""Shares with their intervals, as tables and cards show them."""

from __future__ import annotations

from typing import NamedTuple

LEVEL_OF_CONFIDENCE = 0.95


class Interval(NamedTuple):
    """The ends of an interval, as shares between 0 and 1."""

    low: float
    high: float


def wilson(successes: int, n: int) -> Interval:
    """Wilson's score interval of a share, 95%; everything where nothing was counted.

    >>> low, high = wilson(91, 100)
    >>> f"{low:.3f} to {high:.3f}"
    '0.838 to 0.952'
    """
    if not n:
        return Interval(0.0, 1.0)
    from scipy.stats import binomtest

    found = binomtest(successes, n).proportion_ci(LEVEL_OF_CONFIDENCE, method="wilson")
    return Interval(float(found.low), float(found.high))


def share(part: int, whole: int) -> str:
    """A share with its interval, in percent.

    >>> share(91, 100)
    '91 (91.0%, 83.8 to 95.2)'
    """
    if not whole:
        return f"{part:,}"
    low, high = wilson(part, whole)
    return f"{part:,} ({100 * part / whole:.1f}%, {100 * low:.1f} to {100 * high:.1f})"


def plural(count: int, noun: str) -> str:
    """A count with its noun.

    >>> plural(1, "row"), plural(2_000, "trace")
    ('1 row', '2,000 traces')
    """
    return f"{count:,} {noun}{'s'[: count != 1]}"
