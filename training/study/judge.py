"""How sure an accuracy and a difference are, and what becomes of the plan's hypotheses.

Seeds and hands were both drawn, so a draw of the bootstrap takes as many seeds as there are, with
replacement, and then as many hands: the same hands for every seed, and for both groups of a
difference, for hands are what both were asked. A group of one seed is always drawn whole: its
interval says nothing of other seeds. Where no draw differs, which would give an interval of no
width, an accuracy's is Wilson's and a difference's Newcombe's, each hand counted once.

A claim holds where the whole interval of the difference is above its margin and the p, corrected
by Holm over all hypotheses of the plan, is below 1 less the interval's level; it does not hold
where the whole interval is at or below the margin, and is undecided otherwise.

>>> import numpy as np
>>> same = np.array([[1.0, 0.0, 1.0, 1.0]])
>>> difference(same, same).value
0.0
>>> outcome(Estimate(0.2, 0.1, 0.3, 3, 461), margin=0.0, p=0.01)
'holds'
>>> outcome(Estimate(0.2, 0.1, 0.3, 3, 461), margin=0.0, p=0.06)
'undecided'
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from tot24_bench.statistics import BATCH, Interval, holm, mcnemar, newcombe, sign_flip, wilson

from .answers import Answers
from .plan import Arm, Hypothesis, Plan, Statistics

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .answers import Rights

DECLARED = Statistics()  # what a plan says unless it says otherwise


class Estimate(NamedTuple):
    """A share, or a difference of shares, and the ends of its interval."""

    value: float
    low: float
    high: float
    seeds: int
    hands: int


def accuracy(rights: Rights, rule: Statistics = DECLARED) -> Estimate:
    """Accuracy over seeds and hands; ValueError where there is nothing to average."""
    if not rights.size:
        raise ValueError("no answers: give at least one seed and one hand")
    (seeds, hands), value = rights.shape, float(rights.mean())
    ends = _ends(rights, None, rule) or wilson(round(value * hands), hands, rule.level)
    return Estimate(value, *ends, seeds, hands)


def difference(first: Rights, second: Rights, rule: Statistics = DECLARED) -> Estimate:
    """First less second, paired over hands: column i of both is the same hand, or ValueError."""
    (seeds, hands), (others, other_hands) = first.shape, second.shape
    if hands != other_hands or not first.size or not second.size:
        raise ValueError(f"{hands} hands beside {other_hands}: give both the same hands")
    ends = _ends(first, second, rule)
    if ends is None:  # no hand differs from another: as wide as for one seed each
        one, other = round(float(first.mean()) * hands), round(float(second.mean()) * hands)
        both = min(one, other)
        ends = newcombe(both, one - both, other - both, hands - max(one, other))
    value = float(first.mean() - second.mean())
    return Estimate(value, *ends, min(seeds, others), hands)


def _ends(first: Rights, second: Rights | None, rule: Statistics) -> Interval | None:
    """The bootstrap's interval of a mean, or of two means' difference; None where it has no width.

    Rows are seeds, columns hands.
    """
    import numpy as np

    rng, hands = np.random.default_rng(rule.seed), first.shape[1]

    def mean(rights: Rights, drawn: NDArray[np.int64]) -> Rights:
        count = len(rights)
        seeds = rng.multinomial(count, np.full(count, 1 / count), len(drawn))
        found: Rights = ((seeds @ rights) * drawn).sum(axis=1) / (count * hands)
        return found

    draws = []
    for start in range(0, rule.resamples, BATCH):
        size = min(BATCH, rule.resamples - start)
        drawn = rng.multinomial(hands, np.full(hands, 1 / hands), size)
        draws.append(mean(first, drawn) - (0 if second is None else mean(second, drawn)))
    low, high = np.quantile(
        np.concatenate(draws), [(1 - rule.level) / 2, (1 + rule.level) / 2]
    ).tolist()
    return Interval(low, high) if high - low >= 1e-12 else None


def judge(plan: Plan, answers: Answers) -> list[dict[str, Any]]:
    """Every hypothesis of the plan and what came of it, in its order, as JSON objects.

    One that is not tested counts as p = 1. Where a group has one seed, the outcome says so.
    """
    judged = [_tested(plan, answers, one) for one in plan.hypotheses]
    corrected = holm([1.0 if one["p_holm"] is None else one["p_holm"] for one in judged])
    for one, p in zip(judged, corrected, strict=True):
        if (estimate := one["estimate"]) is not None:
            said = outcome(estimate, one["margin"], p, plan.statistics.level)
            said += " (one seed)" * (1 in one["seeds"])
            one |= {"estimate": estimate._asdict(), "p_holm": p, "outcome": said}
    return judged


def outcome(estimate: Estimate, margin: float, p: float, level: float = DECLARED.level) -> str:
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
    passes: bool,
    votes: bool = False,
) -> tuple[Rights, Rights] | None:
    """What two groups had right, hand by hand; None where one of them was not asked.

    With `passes`, the second is right on a hand where any of its samples is; with `votes`, where
    the most frequent of their answers is.
    """
    if not answers.has(better, tests):
        return None
    if votes:
        second = answers.votes(worse, tests)
    else:
        there = answers.has(worse, tests, passes=passes)
        second = answers.rights(worse, tests, passes=passes) if there else None
    return None if second is None else (answers.rights(better, tests), second)


def _tested(plan: Plan, answers: Answers, one: Hypothesis) -> dict[str, Any]:
    """The hypothesis with its estimate and its p, before Holm's correction."""
    better, worse = plan.group(one.better), plan.group(one.worse)
    seeds, estimate, p, test = [len(better), len(worse)], None, None, ""
    how = {"passes": one.worse_passes, "votes": one.worse_votes}
    if pair := paired(answers, better, worse, one.tests, **how):
        first, second = pair
        estimate = difference(first, second, plan.statistics)
        if seeds == [1, 1]:
            p, test = (
                mcnemar(int((first > second).sum()), int((second > first).sum())),
                "exact McNemar",
            )
        else:
            p, test = sign_flip((first.mean(axis=0) - second.mean(axis=0)).tolist()), "sign-flip"
    told = {"estimate": estimate, "seeds": seeds, "p_holm": p, "test": test}
    return {**one.to_json(), **told, "outcome": "not tested"}
