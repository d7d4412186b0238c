"""What becomes of the plan's hypotheses, by the plan's own rule.

A claim holds where the whole interval of the difference is above its margin and the p, corrected
by Holm over all hypotheses of the plan, is below 1 less the interval's level; it does not hold
where the whole interval is at or below the margin, and is undecided otherwise.

>>> from training.study.bootstrap import Estimate
>>> outcome(Estimate(0.2, 0.1, 0.3, 3, 461), margin=0.0, p=0.01)
'holds'
>>> outcome(Estimate(0.2, 0.1, 0.3, 3, 461), margin=0.0, p=0.06)
'undecided'
"""

from __future__ import annotations

from typing import Any, NamedTuple

from tot24_bench.leaderboard.significance import holm, mcnemar, sign_flip
from training.study.answers import Answers
from training.study.bootstrap import LEVEL, Estimate, difference
from training.study.plan import Hypothesis, Plan


class Judged(NamedTuple):
    """A hypothesis and what came of it.

    Attributes:
        hypothesis: of the plan.
        estimate: the difference; None where an arm is missing.
        better_seeds, worse_seeds: how many arms the groups have.
        p: of the paired test, corrected by Holm; None where an arm is missing.
        test: its name.
        outcome: holds, does not hold, undecided, with "(one seed)" where a group has one; or not
            tested.
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
    found = [_tested(plan, answers, one) for one in plan.hypotheses]
    corrected = holm([1.0 if one.p is None else one.p for one in found])
    return [_judged(plan, one, p) for one, p in zip(found, corrected, strict=True)]


def outcome(estimate: Estimate, margin: float, p: float, level: float = LEVEL) -> str:
    """The plan's rule; p is the corrected one."""
    if estimate.low > margin and p < 1 - level:
        return "holds"
    return "does not hold" if estimate.high <= margin else "undecided"


def _judged(plan: Plan, one: Judged, p: float) -> Judged:
    if one.estimate is None:
        return one
    said = outcome(one.estimate, one.hypothesis.margin, p, plan.statistics.level)
    seeds = " (one seed)" if 1 in (one.better_seeds, one.worse_seeds) else ""
    return one._replace(p=p, outcome=said + seeds)


def _tested(plan: Plan, answers: Answers, one: Hypothesis) -> Judged:
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
    return Judged(one, estimate, *sizes, p, name, "")
