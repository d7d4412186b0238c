"""An entry's accuracy where hands are easy and where they are hard, and what a solved hand costs.

Bands of hands are the people's ranks (given as the public list) or the solver's measure of
difficulty. Every share has its interval: Wilson's where each hand is wholly right or wrong, as with
one response a hand, else a bootstrap over hands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

from tot24_bench.game import BANDS, MAX_SEARCHED, Hand, Puzzle, difficulty
from tot24_bench.leaderboard.entry import Entry, Outcome
from tot24_bench.leaderboard.tables.summary import KS
from tot24_bench.statistics import Interval, clustered, pass_at_k, wilson

RANK_WIDTH = 20
"""Ranks of a band within the hard 100."""

WIDE_RANK_WIDTH = 200
"""Ranks of a band where hands from the whole list were asked."""


class Share(NamedTuple):
    """The accuracy on some of the hands.

    Attributes:
        name: of the band.
        hands: how many.
        share: 0 to 1.
        interval: 95%.
    """

    name: str
    hands: int
    share: float
    interval: Interval


def by_rank(entry: Entry, ranks: Mapping[Hand, int]) -> list[Share]:
    """Accuracy by people's rank, the easiest band first; hands without a rank are left out."""
    ranked = [one for one in entry.outcomes if one.puzzle.hand in ranks]
    places = [ranks[one.puzzle.hand] for one in ranked]
    if not places:
        return []
    width = RANK_WIDTH if max(places) - min(places) <= WIDE_RANK_WIDTH else WIDE_RANK_WIDTH

    def band(outcome: Outcome) -> tuple[int, str]:
        first = (ranks[outcome.puzzle.hand] - 1) // width * width + 1
        return first, f"rank {first}-{first + width - 1}"

    return _shares(ranked, band)


def by_difficulty(entry: Entry) -> list[Share]:
    """Accuracy by the solver's bands, `game.difficulty.BANDS`; hands without one are left out."""
    names = [name for _, name in BANDS]
    bands: dict[Puzzle, tuple[int, str]] = {}
    for puzzle in {outcome.puzzle for outcome in entry.outcomes}:
        # A longer hand has no band, and its solutions alone can take minutes to count.
        if puzzle.target < 0 or len(puzzle.numbers) > MAX_SEARCHED:
            continue
        if (name := difficulty(puzzle).band) is not None:
            bands[puzzle] = names.index(name), name
    banded = [outcome for outcome in entry.outcomes if outcome.puzzle in bands]
    return _shares(banded, lambda outcome: bands[outcome.puzzle])


def tokens_per_solved(entry: Entry) -> float | None:
    """All tokens written, over the right responses; None where unknown or nothing was solved.

    A hand that is not solved costs its tokens, too.
    """
    tokens = [outcome.tokens for outcome in entry.outcomes]
    right = sum(outcome.right for outcome in entry.outcomes)
    known = [count for count in tokens if count is not None]
    return sum(known) / right if right and len(known) == len(tokens) else None


def pass_at(entry: Entry) -> dict[int, tuple[float, Interval]]:
    """pass@k (unbiased) for the k that every hand has responses for; empty with one response."""
    fewest = min((outcome.responses for outcome in entry.outcomes), default=0)
    found = {}
    for k in KS:
        if 1 <= k <= fewest and fewest > 1:
            each = [pass_at_k(one.responses, one.right, k) for one in entry.outcomes]
            found[k] = _estimate(each)
    return found


def _shares(outcomes: Sequence[Outcome], band: Callable[[Outcome], tuple[int, str]]) -> list[Share]:
    bands: dict[tuple[int, str], list[Outcome]] = {}
    for outcome in outcomes:
        bands.setdefault(band(outcome), []).append(outcome)
    return [Share(name, len(found), *_mean(found)) for (_, name), found in sorted(bands.items())]


def _mean(outcomes: Sequence[Outcome]) -> tuple[float, Interval]:
    return _estimate([outcome.mean for outcome in outcomes])


def _estimate(shares: Sequence[float]) -> tuple[float, Interval]:
    """A mean over hands; where each hand is wholly right or wrong, a share of hands."""
    if all(share in (0, 1) for share in shares):
        return fmean(shares), wilson(round(sum(shares)), len(shares))
    return fmean(shares), clustered(shares)
