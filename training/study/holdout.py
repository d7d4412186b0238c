"""Accuracy by the share of a hand's winning states that training showed.

A state is three numbers left. It counts as shown where any training hand reaches it: an upper bound
of what traces showed. An arm that avoids `state_holdout` was shown none of the states of hard100.

>>> band_of(0.0), band_of(0.6), band_of(1.0)
('none', '50 to 80%', 'all')
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from tot24_bench.game import Hand, held_out_states, inner_states, load_split, winning_inner_states
from tot24_bench.statistics import Interval, wilson
from training.study.answers import Answers
from training.study.plan import Arm

BANDS = ("none", "up to 50%", "50 to 80%", "80 to 99%", "all")
AVOIDED = "state_holdout"


class Band(NamedTuple):
    """Hands of a band: how many times they were asked, and how often the answer was right."""

    group: str
    name: str
    hands: int
    share: float
    interval: Interval

    def to_json(self) -> dict[str, Any]:
        """A JSON object."""
        return {**self._asdict(), "interval": list(self.interval)}


def by_states_seen(arms: Sequence[Arm], answers: Answers, tests: Sequence[str]) -> list[Band]:
    """The bands of a group, those without a hand left out; each hand counts once, over its seeds.

    Args:
        arms: of one group.
        tests: of hands with target 24.
    """
    avoided = arms[0].settings.get("avoid") == AVOIDED
    rights = answers.rights(arms, tests).mean(axis=0)
    hands = [hand for test in tests for hand in answers.hands(arms[0], test)]
    found: dict[str, list[float]] = {}
    for hand, right in zip(hands, rights.tolist(), strict=True):
        found.setdefault(band_of(share_seen(hand, avoided)), []).append(right)
    return [
        Band(arms[0].group, name, len(own), sum(own) / len(own), wilson(round(sum(own)), len(own)))
        for name in BANDS
        if (own := found.get(name))
    ]


@cache
def share_seen(hand: Hand, avoided: bool) -> float:
    """The share of the hand's winning states that training hands reach, 0 to 1."""
    winning = winning_inner_states(hand)
    return len(winning & _shown(avoided)) / len(winning) if winning else 0.0


def band_of(share: float) -> str:
    """The band of a share."""
    if share <= 0:
        return BANDS[0]
    if share >= 1:
        return BANDS[4]
    return BANDS[1] if share < 0.5 else BANDS[2] if share < 0.8 else BANDS[3]


@cache
def _shown(avoided: bool) -> frozenset[Any]:
    shown = frozenset().union(*(inner_states(puzzle.hand) for puzzle in load_split("train")))
    return shown - held_out_states() if avoided else shown
