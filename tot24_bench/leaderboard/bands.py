"""An entry's accuracy where hands are easy and where they are hard, and what a solved hand costs.

Bands of hands are the people's ranks (given as the public list) or the solver's measure of
difficulty. Every share has its interval: Wilson's where a hand has one response, else a bootstrap
over hands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

from tot24_bench.game import Hand
from tot24_bench.game.difficulty import BANDS, difficulty
from tot24_bench.leaderboard.entry import Entry, Outcome
from tot24_bench.leaderboard.statistics import Interval, clustered, pass_at_k, wilson
from tot24_bench.leaderboard.summary import KS

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
    bands = {
        one: (names.index(name), name)
        for one in entry.outcomes
        if one.puzzle.target >= 0 and (name := difficulty(one.puzzle).band) is not None
    }
    return _shares(list(bands), bands.__getitem__)


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
            found[k] = fmean(each), clustered(each)
    return found


def _shares(outcomes: Sequence[Outcome], band: Callable[[Outcome], tuple[int, str]]) -> list[Share]:
    bands: dict[tuple[int, str], list[Outcome]] = {}
    for outcome in outcomes:
        bands.setdefault(band(outcome), []).append(outcome)
    return [Share(name, len(found), *_mean(found)) for (_, name), found in sorted(bands.items())]


def _mean(outcomes: Sequence[Outcome]) -> tuple[float, Interval]:
    means = [outcome.mean for outcome in outcomes]
    if all(outcome.responses == 1 for outcome in outcomes):
        return fmean(means), wilson(round(sum(means)), len(means))
    return fmean(means), clustered(means)
