"""How sure an accuracy and a difference are, and what becomes of the plan's hypotheses.

Seeds and hands were both drawn, so a draw of the bootstrap takes as many seeds as there are, with
replacement, and then as many hands: the same hands for every seed, and for both groups of a
difference, for hands are what both were asked. A group of one seed is always drawn whole: its
interval says nothing of other seeds.

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

from tot24_bench.statistics import Interval, holm, mcnemar, newcombe, sign_flip, wilson

from .answers import Answers
from .plan import Arm, Hypothesis, Plan, Statistics

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .answers import Rights

DECLARED = Statistics()
"""What a plan says unless it says otherwise."""

_BATCH = 1_000
"""Draws held at once."""


class Estimate(NamedTuple):
    """A share, or a difference of shares, and the ends of its interval."""

    value: float
    low: float
    high: float
    seeds: int
    hands: int


def accuracy(rights: Rights, rule: Statistics = DECLARED) -> Estimate:
    """Accuracy over seeds and hands.

    Where no draw differs, which would give an interval of no width, it is Wilson's, each hand
    counted once.

    Raises:
        ValueError: when there is nothing to average.
    """
    seeds, hands = _shape(rights)
    value = float(rights.mean())
    ends = _ends(_draws(rights, None, rule), rule.level)
    if ends.high - ends.low < 1e-12:
        ends = wilson(round(value * hands), hands, rule.level)
    return Estimate(value, ends.low, ends.high, seeds, hands)


def difference(first: Rights, second: Rights, rule: Statistics = DECLARED) -> Estimate:
    """First less second, paired over hands: column i of both is the same hand.

    Raises:
        ValueError: when there is nothing to average, or the hands are not as many.
    """
    (seeds, hands), (others, other_hands) = _shape(first), _shape(second)
    if hands != other_hands:
        raise ValueError(f"{hands} hands beside {other_hands}: give both the same hands")
    value = float(first.mean() - second.mean())
    ends = _ends(_draws(first, second, rule), rule.level)
    if ends.high - ends.low < 1e-12:  # no hand differs from another: as wide as for one seed each
        one, other = round(float(first.mean()) * hands), round(float(second.mean()) * hands)
        both = min(one, other)
        ends = newcombe(both, one - both, other - both, hands - max(one, other))
    return Estimate(value, ends.low, ends.high, min(seeds, others), hands)


def _draws(first: Rights, second: Rights | None, rule: Statistics) -> Rights:
    import numpy as np

    rng = np.random.default_rng(rule.seed)
    found = []
    for start in range(0, rule.resamples, _BATCH):
        size = min(_BATCH, rule.resamples - start)
        hands = rng.multinomial(first.shape[1], np.full(first.shape[1], 1 / first.shape[1]), size)
        drawn = _mean(first, hands, rng)
        found.append(drawn if second is None else drawn - _mean(second, hands, rng))
    return np.concatenate(found)


def _mean(rights: Rights, hands: NDArray[np.int64], rng: np.random.Generator) -> Rights:
    """The mean of each draw: seeds drawn here, hands as given (how often each, a row a draw)."""
    import numpy as np

    count = rights.shape[0]
    seeds = rng.multinomial(count, np.full(count, 1 / count), len(hands))
    mean: Rights = ((seeds @ rights) * hands).sum(axis=1) / (count * rights.shape[1])
    return mean


def _ends(draws: Rights, level: float) -> Interval:
    import numpy as np

    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))


def _shape(rights: Rights) -> tuple[int, int]:
    if rights.ndim != 2 or 0 in rights.shape:
        raise ValueError("no answers: give at least one seed and one hand")
    return int(rights.shape[0]), int(rights.shape[1])


class Judged(NamedTuple):
    """A hypothesis and what came of it.

    Attributes:
        hypothesis: of the plan.
        seeds: how many arms the better and the worse group have.
        estimate: the difference; None where an arm is missing.
        p: of the paired test, corrected by Holm; None where an arm is missing.
        test: its name.
        outcome: holds, does not hold, undecided, with "(one seed)" where a group has one; or not
            tested.
    """

    hypothesis: Hypothesis
    seeds: tuple[int, int]
    estimate: Estimate | None = None
    p: float | None = None
    test: str = ""
    outcome: str = "not tested"

    def to_json(self) -> dict[str, Any]:
        """A JSON object."""
        return {
            **self.hypothesis.to_json(),
            "estimate": None if self.estimate is None else self.estimate._asdict(),
            "seeds": list(self.seeds),
            "p_holm": self.p,
            "test": self.test,
            "outcome": self.outcome,
        }


def judge(plan: Plan, answers: Answers) -> list[Judged]:
    """Every hypothesis of the plan, in its order; one that is not tested counts as p = 1."""
    found = [_tested(plan, answers, one) for one in plan.hypotheses]
    corrected = holm([1.0 if one.p is None else one.p for one in found])
    for i, (one, p) in enumerate(zip(found, corrected, strict=True)):
        if one.estimate is not None:
            said = outcome(one.estimate, one.hypothesis.margin, p, plan.statistics.level)
            found[i] = one._replace(p=p, outcome=said + " (one seed)" * (1 in one.seeds))
    return found


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
    passes: bool = False,
) -> tuple[Rights, Rights] | None:
    """What two groups had right, hand by hand; None where one of them was not asked.

    Args:
        passes: the second is right on a hand where any of its samples is.
    """
    if not answers.has(better, tests) or not answers.has(worse, tests, passes=passes):
        return None
    return answers.rights(better, tests), answers.rights(worse, tests, passes=passes)


def _tested(plan: Plan, answers: Answers, one: Hypothesis) -> Judged:
    """The hypothesis with its estimate and its p, before Holm's correction."""
    better, worse = plan.group(one.better), plan.group(one.worse)
    seeds = len(better), len(worse)
    pair = paired(answers, better, worse, one.tests, passes=one.worse_passes)
    if pair is None:
        return Judged(one, seeds)
    first, second = pair
    estimate = difference(first, second, plan.statistics)
    if seeds == (1, 1):
        p = mcnemar(int((first > second).sum()), int((second > first).sum()))
        return Judged(one, seeds, estimate, p, "exact McNemar")
    p = sign_flip((first.mean(axis=0) - second.mean(axis=0)).tolist())
    return Judged(one, seeds, estimate, p, "sign-flip")
