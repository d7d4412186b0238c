"""What becomes of the plan's hypotheses, by the plan's own rule.

A claim holds where the whole interval of the difference is above its margin, does not hold where
the whole interval is at or below it, and is undecided otherwise.

>>> from training.study.bootstrap import Estimate
>>> outcome(Estimate(0.2, 0.1, 0.3, 3, 461), margin=0.0)
'holds'
>>> outcome(Estimate(0.2, -0.1, 0.3, 3, 461), margin=0.0)
'undecided'
"""

from __future__ import annotations

from typing import Any, NamedTuple

from tot24_bench.leaderboard.significance import holm, mcnemar, sign_flip
from training.study.answers import Answers
from training.study.bootstrap import Estimate, difference
from training.study.plan import Hypothesis, Plan


class Judged(NamedTuple):
    """A hypothesis and what came of it.

    Attributes:
        hypothesis: of the plan.
        estimate: the difference; None where an arm is missing.
        better_seeds, worse_seeds: how many arms the groups have.
        p: of the paired test, corrected by Holm over all that were judged.
        test: its name.
        outcome: holds, does not hold, undecided, or not tested.
    """

    hypothesis: Hypothesis
    estimate: Estimate | None
    better_seeds: int
    worse_seeds: int
    p: float | None
    test: str
    outcome: str

    def to_json(self) -> dict[str, Any]:
        """A JSON object."""
        return {
            **self.hypothesis.to_json(),
            "estimate": None if self.estimate is None else self.estimate._asdict(),
            "seeds": [self.better_seeds, self.worse_seeds],
            "p_holm": self.p,
            "test": self.test,
            "outcome": self.outcome,
        }


def judge(plan: Plan, answers: Answers) -> list[Judged]:
    """Every hypothesis of the plan, in its order."""
    found = [_judge(plan, answers, one) for one in plan.hypotheses]
    corrected = iter(holm([one.p for one in found if one.p is not None]))
    return [one if one.p is None else one._replace(p=next(corrected)) for one in found]


def outcome(estimate: Estimate, margin: float) -> str:
    """The plan's rule."""
    if estimate.low > margin:
        return "holds"
    return "does not hold" if estimate.high <= margin else "undecided"


def _judge(plan: Plan, answers: Answers, one: Hypothesis) -> Judged:
    better, worse = plan.group(one.better), plan.group(one.worse)
    sizes = len(better), len(worse)
    if not answers.has(better, one.tests) or not answers.has(
        worse, one.tests, passes=one.worse_passes
    ):
        return Judged(one, None, *sizes, None, "", "not tested")
    first = answers.rights(better, one.tests)
    second = answers.rights(worse, one.tests, passes=one.worse_passes)
    rule = plan.statistics
    estimate = difference(first, second, level=rule.level, resamples=rule.resamples, seed=rule.seed)
    if sizes == (1, 1):
        only_first = int((first > second).sum())
        only_second = int((second > first).sum())
        p, name = mcnemar(only_first, only_second), "exact McNemar"
    else:
        p, name = sign_flip((first.mean(axis=0) - second.mean(axis=0)).tolist()), "sign-flip"
    return Judged(one, estimate, *sizes, p, name, outcome(estimate, one.margin))
