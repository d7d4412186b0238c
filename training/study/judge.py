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

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from tot24_bench.statistics import holm, mcnemar, sign_flip
from training.study.answers import Answers
from training.study.bootstrap import LEVEL, Estimate, difference
from training.study.plan import Arm, Hypothesis, Plan

if TYPE_CHECKING:
    from training.study.bootstrap import Rights


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


def paired(
    answers: Answers,
    better: Sequence[Arm],
    worse: Sequence[Arm],
    tests: Sequence[str],
    *,
    passes: bool = False,
) -> tuple[Rights, Rights] | None:
    """What two groups had right, hand by hand; None where one of them was not asked.

    Args:
        passes: the second is right on a hand where any of its samples is.
    """
    if not answers.has(better, tests) or not answers.has(worse, tests, passes=passes):
        return None
    return answers.rights(better, tests), answers.rights(worse, tests, passes=passes)


def estimate_of(plan: Plan, pair: tuple[Rights, Rights]) -> Estimate:
    """The difference of a pair with its interval, by the plan's statistics."""
    rule = plan.statistics
    return difference(*pair, level=rule.level, resamples=rule.resamples, seed=rule.seed)


def _judged(plan: Plan, one: Judged, p: float) -> Judged:
    if one.estimate is None:
        return one
    said = outcome(one.estimate, one.hypothesis.margin, p, plan.statistics.level)
    seeds = " (one seed)" if 1 in (one.better_seeds, one.worse_seeds) else ""
    return one._replace(p=p, outcome=said + seeds)


def _tested(plan: Plan, answers: Answers, one: Hypothesis) -> Judged:
    better, worse = plan.group(one.better), plan.group(one.worse)
    sizes = len(better), len(worse)
    pair = paired(answers, better, worse, one.tests, passes=one.worse_passes)
    if pair is None:
        return Judged(one, None, *sizes, None, "", "not tested")
    first, second = pair
    estimate = estimate_of(plan, pair)
    if sizes == (1, 1):
        only_first = int((first > second).sum())
        only_second = int((second > first).sum())
        p, name = mcnemar(only_first, only_second), "exact McNemar"
    else:
        p, name = sign_flip((first.mean(axis=0) - second.mean(axis=0)).tolist()), "sign-flip"
    return Judged(one, estimate, *sizes, p, name, "")
