"""Each student meets each test once, by the code of `tot24 eval`.

Nothing is asked before the plan is committed and every arm is trained. A submission that is there
stays: what is missing is asked, nothing is asked again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean
from typing import Any

from tot24_bench.harness.evaluate import Plan as Asked
from tot24_bench.harness.tasks import expand_by_split
from tot24_bench.leaderboard.measured import plan_keys
from tot24_bench.leaderboard.runs import run_plans
from tot24_bench.leaderboard.store import path_of
from training.study.committed import declare
from training.study.configs import require_same_settings
from training.study.data import absent
from training.study.folders import Folders
from training.study.plan import Arm, BadPlan, Plan, Sampling


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
        NotTrained: an arm of the plan has no student.
        BadPlan: a student was trained by other settings.
    """
    require_trained(plan, folders, say)
    for arm in plan.arms:
        if absent(plan, arm) is None or folders.is_trained(arm):
            require_same_settings(plan, arm, folders)
    declare(folders.plan, plan, folders)
    for arm in arms:
        if not folders.is_trained(arm):
            continue
        wanted = [one for one in asked(plan, arm, folders) if not is_there(one, arm, folders)]
        if not wanted:
            say(f"{arm.name}: has met every test")
            continue
        for stored in run_plans(wanted, folders.kept, arm.name):
            header = stored.submission
            say(f"{arm.name}: {header.split} x{header.repeats} {header.metrics.acc:.1%}")


def require_trained(plan: Plan, folders: Folders, say: Callable[[str], object]) -> None:
    """Refuse to ask anybody while an arm is not trained; arms without their data are named.

    Raises:
        NotTrained: there is one.
    """
    missing = [arm for arm in plan.arms if not folders.is_trained(arm)]
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


def asked(plan: Plan, arm: Arm, folders: Folders) -> list[Asked]:
    """All that an arm is asked: every test once, then those where it is sampled."""
    found = [_plan(arm, folders, test) for test in plan.tests_of(arm)]
    if arm.sampled and plan.sampling is not None:
        k = tries(plan, folders)
        sampled = {"do_sample": True, "temperature": plan.sampling.temperature, "top_k": 0}
        found += [_plan(arm, folders, test, k, sampled) for test in plan.sampling.tests]
    return found


def is_there(one: Asked, arm: Arm, folders: Folders) -> bool:
    """Whether its submission is there already."""
    return all(path_of(folders.kept, key).is_file() for key in plan_keys(one, arm.name))


def tries(plan: Plan, folders: Folders) -> int:
    """k of pass@k, by the plan's rule, from the records.

    Raises:
        BadPlan: the plan has no sampling, or a record knows no tokens on val.
    """
    if plan.sampling is None:
        raise BadPlan("the plan samples nothing: give it `sampling`")
    return tries_of(
        plan.sampling,
        [val_tokens(_record(arm, folders)) for arm in plan.group(plan.sampling.more)],
        [val_tokens(_record(arm, folders)) for arm in plan.group(plan.sampling.fewer)],
    )


def tries_of(sampling: Sampling, more: Sequence[float], fewer: Sequence[float]) -> int:
    """k by the tokens of a response on val, one figure a seed.

    >>> tries_of(Sampling(tests=("val",), more="a", fewer="b"), [120.0, 140.0], [40.0, 44.0])
    3
    """
    return min(max(round(fmean(more) / fmean(fewer)), 2), sampling.most)


def val_tokens(record: dict[str, Any]) -> float:
    """Mean tokens of a response on val, at the checkpoint that was chosen.

    Raises:
        BadPlan: the record has no such evaluation.
    """
    found = [one for one in record["log"] if "eval_val_tokens" in one]
    for one in found:
        if one["step"] == record["best_checkpoint_step"]:
            return float(one["eval_val_tokens"])
    raise BadPlan(
        f"{record['study']['arm']}: its record has no evaluation of the chosen checkpoint"
    )


def _record(arm: Arm, folders: Folders) -> dict[str, Any]:
    record = folders.read_record(arm)
    if record is None:
        raise NotTrained(f"not trained: {arm.name}: python -m training.study train {arm.name}")
    return record


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
