"""What was looked at once the answers were known: no hypothesis of the plan asks for it.

Three things: differences between groups that no hypothesis compares; accuracy by the share of a
hand's winning states that training showed; and how true an arm's dead-end marks are. They stand in
tables of their own, without a p and without an outcome: whoever looks at enough differences finds
one.

A mark on a line drawn at random stands on a dead state more often than not where most lines are
dead: an arm of such marks has worse marks, not none.

>>> band_of(0.0), band_of(0.6), band_of(1.0)
('none', '50 to 80%', 'all')
>>> count_marks("4 + 8 = 12 (left: 4 6 12)\\n8 - 4 = 4 (left: 4 4 6): dead end\\n")
Marks(dead=1, dead_marked=1, winning=1, winning_marked=0)
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import fields
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

from tot24_bench.game import (
    TARGET,
    Hand,
    State,
    can_reach,
    held_out_states,
    inner_states,
    load_split,
    winning_inner_states,
)
from tot24_bench.statistics import wilson

from ..config import RowConfig
from ..rows import make_row
from .answers import Answers
from .judge import difference, paired
from .plan import Arm, Plan

DECK = ("hard100", "hardest")
"""Tests of hands of the deck: the states of the others were nearly all never shown."""

PAIRS = (
    ("onestep-lookahead-2m", "cot-2m", DECK, False),
    ("onestep-lookahead-2m", "cot-2m", DECK, True),
    ("onestep-2m-s0", "onestep-unmarked-2m", DECK, False),
    ("onestep-2m-s0", "onestep-random-marks-2m", DECK, False),
    ("onestep-2m", "onestep-holdout-2m", ("hard100",), False),
    ("onestep-2m", "onestep-holdout-2m", ("hardest",), False),
)
"""Groups or arms, the better one first, on what tests, and whether the worse is sampled there."""


def compare_pairs(plan: Plan, answers: Answers) -> list[dict[str, Any]]:
    """The pairs that were asked, with the intervals of the plan's hypotheses, as JSON objects."""
    found = []
    for better, worse, tests, worse_passes in PAIRS:
        arms, others = (
            plan.group(name) or [arm for arm in plan.arms if arm.name == name]
            for name in (better, worse)
        )
        if rights := paired(answers, arms, others, tests, passes=worse_passes):
            pair = {"better": better, "worse": worse, "tests": tests, "worse_passes": worse_passes}
            estimate = difference(*rights, plan.statistics)._asdict()
            found.append({**pair, "seeds": [len(arms), len(others)], "estimate": estimate})
    return found


# The share of a hand's winning states that training showed. A state is three numbers left. It
# counts as shown where any training hand reaches it: an upper bound of what traces showed.

BANDS = ("none", "up to 50%", "50 to 80%", "80 to 99%", "all")


def by_states_seen(
    arms: Sequence[Arm], answers: Answers, tests: Sequence[str]
) -> list[dict[str, Any]]:
    """The bands of a group that hold a hand of the tests; each counts once, over its seeds."""
    avoided = arms[0].settings.get("avoid") == "state_holdout"
    rights = answers.rights(arms, tests).mean(axis=0).tolist()
    hands = [hand for test in tests for hand in answers.hands(arms[0], test)]
    bands = [band_of(share_seen(hand, avoided)) for hand in hands]
    found = []
    for name in BANDS:
        if own := [right for right, band in zip(rights, bands, strict=True) if band == name]:
            share, interval = sum(own) / len(own), list(wilson(round(sum(own)), len(own)))
            band = {"name": name, "hands": len(own), "share": share, "interval": interval}
            found.append({"group": arms[0].group, **band})
    return found


@cache
def share_seen(hand: Hand, avoided: bool) -> float:
    """The share of the hand's winning states that training hands reach, 0 to 1.

    Where training avoided `state_holdout`, none of the states of hard100 was shown.
    """
    winning = winning_inner_states(hand)
    return len(winning & _shown(avoided)) / len(winning) if winning else 0.0


def band_of(share: float) -> str:
    """The band of a share."""
    return BANDS[(share > 0) + (share >= 0.5) + (share >= 0.8) + (share >= 1)]


@cache
def _shown(avoided: bool) -> frozenset[Any]:
    shown = frozenset().union(*(inner_states(puzzle.hand) for puzzle in load_split("train")))
    return shown - held_out_states() if avoided else shown


MARKED_ROWS = 1_000  # rows whose marks are counted

_LINE = re.compile(r"\(left: ([^)\n]+)\)(: dead end)?$", re.MULTILINE)


class Marks(NamedTuple):
    """Lines that show a state, by whether it can still win, and how many of them are marked."""

    dead: int
    dead_marked: int
    winning: int
    winning_marked: int

    def to_json(self) -> dict[str, float | None]:
        """The shares, None where there is nothing to take one of."""
        marked = self.dead_marked + self.winning_marked
        return {
            "true": self.dead_marked / marked if marked else None,
            "dead_marked": self.dead_marked / self.dead if self.dead else None,
            "winning_marked": self.winning_marked / self.winning if self.winning else None,
        }


def marks_of(config: dict[str, Any], rows: int = MARKED_ROWS) -> Marks:
    """The marks of the first rows of a config of `training.sft` with One-Step rows alone."""
    known = {field.name for field in fields(RowConfig)}
    made = RowConfig(**{key: value for key, value in config.items() if key in known})
    return count_marks("\n".join(make_row(made, index)["completion"] for index in range(rows)))


def count_marks(text: str) -> Marks:
    """The marks of responses, judged by the exact solver."""
    found = Counter[tuple[bool, bool]]()
    for numbers, mark in _LINE.findall(text):
        exact = (Fraction(number) for number in numbers.split())
        state = State(tuple(sorted(n.numerator if n.denominator == 1 else n for n in exact)))
        found[can_reach(state, TARGET), bool(mark)] += 1
    dead, winning = found[False, True], found[True, True]
    return Marks(dead + found[False, False], dead, winning + found[True, False], winning)
