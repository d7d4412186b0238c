"""Comparisons that no hypothesis of a plan asks for: chosen once the answers were known.

They stand in a table of their own, without a p and without an outcome: whoever looks at enough
differences finds one. Names are of groups or of single arms; a plan that has not both is passed
over.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from training.study.answers import Answers
from training.study.bootstrap import Estimate
from training.study.judge import estimate_of, paired
from training.study.plan import Arm, Plan


class Pair(NamedTuple):
    """Two groups or arms, and on what tests.

    Attributes:
        worse_passes: the second is right on a hand where any of its samples is.
    """

    better: str
    worse: str
    tests: tuple[str, ...]
    worse_passes: bool = False


DECK = ("hard100", "hardest")
"""Tests of hands of the deck: the states of the others were nearly all never shown."""

PAIRS = (
    Pair("onestep-lookahead-2m", "cot-2m", DECK),
    Pair("onestep-lookahead-2m", "cot-2m", DECK, worse_passes=True),
    Pair("onestep-2m-s0", "onestep-unmarked-2m", DECK),
    Pair("onestep-2m-s0", "onestep-random-marks-2m", DECK),
    Pair("onestep-2m", "onestep-holdout-2m", ("hard100",)),
    Pair("onestep-2m", "onestep-holdout-2m", ("hardest",)),
)


class Looked(NamedTuple):
    """A pair and its difference."""

    pair: Pair
    seeds: tuple[int, int]
    estimate: Estimate

    def to_json(self) -> dict[str, Any]:
        """A JSON object."""
        return {
            **self.pair._asdict(),
            "seeds": list(self.seeds),
            "estimate": self.estimate._asdict(),
        }


def look(plan: Plan, answers: Answers) -> list[Looked]:
    """The pairs that a plan has and that were asked, with the intervals of its hypotheses."""
    found = []
    for pair in PAIRS:
        better, worse = _arms(plan, pair.better), _arms(plan, pair.worse)
        rights = paired(answers, better, worse, pair.tests, passes=pair.worse_passes)
        if rights is not None:
            sizes = len(better), len(worse)
            found.append(Looked(pair, sizes, estimate_of(plan, rights)))
    return found


def _arms(plan: Plan, name: str) -> list[Arm]:
    return plan.group(name) or [arm for arm in plan.arms if arm.name == name]
