"""Each student meets each test once, by the code of `tot24 eval`.

Nothing is asked before the plan is committed and every arm is trained. A submission that is there
stays: what is missing is asked, nothing is asked again, and an arm that has met every test needs no
student any more. All greedy answers come first: how often a hand is sampled on a test follows from
the tokens that they took there, not from what was right.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil
from typing import Any

from tot24_bench.harness import Plan as Asked
from tot24_bench.harness import expand_by_split
from tot24_bench.leaderboard import run_plans
from training.study.answers import Answers
from training.study.committed import declare
from training.study.configs import require_same_settings
from training.study.data import absent
from training.study.folders import Folders
from training.study.plan import Arm, Plan, Sampling
from training.study.same_weights import require_students_weights, require_submissions_weights


class NotTrained(ValueError):
    """Arms of the plan have no student; the message names them."""


def evaluate_arms(
    plan: Plan, arms: Sequence[Arm], folders: Folders, say: Callable[[str], object]
) -> None:
    """Ask what has not been asked.

    Args:
        arms: of the plan; all of it has to be trained in any case.
        say: gets a line a submission.

    Raises:
        NotDeclared: the plan is not committed as it is.
        NotTrained: an arm of the plan has no student, and tests to meet.
        BadPlan: a student was trained by other settings.
        OtherWeights: a student or a submission is not its record's.
    """
    answers = Answers.read(plan, folders.kept)
    require_trained(plan, folders, answers, say)
    waiting = [arm for arm in plan.arms if not answers.complete(plan, arm)]
    for arm in plan.arms:
        if arm not in waiting or folders.is_trained(arm):
            require_same_settings(plan, arm, folders)
        if arm in waiting and folders.is_trained(arm):
            require_students_weights(arm, folders)
    declare(folders.plan, plan, folders)
    require_submissions_weights(plan, folders, answers)
    asked = [arm for arm in arms if arm not in waiting or folders.is_trained(arm)]
    for arm in asked:
        wanted = greedy(plan, arm, folders, answers)
        if not wanted:
            say(f"{arm.name}: has met every test")
        _ask(arm, wanted, folders, say)
    answers = Answers.read(plan, folders.kept)
    for arm in asked:
        if arm.sampled and (missing := _unasked(plan, answers)):
            say(f"{arm.name}: sampled later: {missing[0]} is not asked yet")
        else:
            _ask(arm, sampled(plan, arm, folders, answers), folders, say)


def require_trained(
    plan: Plan, folders: Folders, answers: Answers, say: Callable[[str], object]
) -> None:
    """Refuse to ask anybody while an arm is not trained; arms without their data are named.

    An arm that has met every test was trained, wherever its student is by now.

    Raises:
        NotTrained: there is one.
    """
    missing = [
        arm for arm in plan.arms if not folders.is_trained(arm) and not answers.complete(plan, arm)
    ]
    wanting = []
    for arm in missing:
        source = absent(plan, arm)
        if source is None:
            wanting.append(arm.name)
        else:
            say(f"{arm.name}: SKIPPED, there is no {source}")
    if wanting:
        raise NotTrained(
            f"not trained: {', '.join(wanting)}: python -m training.study train, then evaluate"
        )


def greedy(plan: Plan, arm: Arm, folders: Folders, answers: Answers) -> list[Asked]:
    """The tests that an arm has not met."""
    return [
        _plan(arm, folders, test) for test in plan.tests_of(arm) if not answers.has([arm], [test])
    ]


def sampled(plan: Plan, arm: Arm, folders: Folders, answers: Answers) -> list[Asked]:
    """The tests on which an arm is sampled and was not yet; the greedy answers have to be there."""
    rule = plan.sampling
    if rule is None or not arm.sampled:
        return []
    drawn = {"do_sample": True, "temperature": rule.temperature, "top_k": 0}
    return [
        _plan(arm, folders, test, tries(plan, rule, answers, test), drawn)
        for test in rule.tests
        if not answers.has([arm], [test], passes=True)
    ]


def tries(plan: Plan, rule: Sampling, answers: Answers, test: str) -> int:
    """k of pass@k on a test, by the plan's rule, from the greedy submissions."""
    more, fewer = (answers.tokens(plan.group(name), test) for name in (rule.more, rule.fewer))
    return tries_of(rule, more, fewer)


def tries_of(rule: Sampling, more: float, fewer: float) -> int:
    """k by the tokens of a response.

    >>> tries_of(Sampling(tests=("val",), more="a", fewer="b"), 130.0, 42.0)
    4
    """
    return min(max(ceil(more / max(fewer, 1.0)), 2), rule.most)


def _unasked(plan: Plan, answers: Answers) -> list[str]:
    """The arms whose greedy answers decide k, and that have not met the tests that are sampled."""
    if plan.sampling is None:
        return []
    deciding = (*plan.group(plan.sampling.more), *plan.group(plan.sampling.fewer))
    return [arm.name for arm in deciding if not answers.has([arm], plan.sampling.tests)]


def _ask(arm: Arm, wanted: Sequence[Asked], folders: Folders, say: Callable[[str], object]) -> None:
    if not wanted:
        return
    for stored in run_plans(wanted, folders.kept, arm.name):
        header = stored.submission
        say(f"{arm.name}: {header.split} x{header.repeats} {header.metrics.acc:.1%}")


def _plan(
    arm: Arm,
    folders: Folders,
    test: str,
    repeats: int = 1,
    generation: dict[str, Any] | None = None,
) -> Asked:
    ((split, tasks),) = expand_by_split([arm.task], test).items()
    return Asked(
        model="hf",
        model_args={"pretrained": str(folders.student(arm)), "dtype": "float32"},
        tasks=tasks,
        shots=0,
        split=str(split),
        repeats=repeats,
        device="cpu",
        generation=generation or {},
    )
