"""From an evaluation to submissions: one for each task, with all that reproduces it."""

from __future__ import annotations

import datetime
import hashlib
import os
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from tot24_bench.harness.checkpoint import checkpoint_sha256, teacher_of
from tot24_bench.harness.documents import DEFAULT_SPLIT
from tot24_bench.harness.evaluate import Evaluation, HandResult, Plan, TaskResult
from tot24_bench.harness.tasks import method_of
from tot24_bench.leaderboard.key import key_of
from tot24_bench.leaderboard.submission import (
    ModelInfo,
    Sample,
    Submission,
    mean_tokens_of,
    metrics_of,
)
from tot24_bench.prompts import variant_of

_PACKAGES = ("tot24-bench", "lm-eval", "transformers", "torch", "datasets")


def submissions_of(evaluation: Evaluation, name: str | None = None) -> tuple[Submission, ...]:
    """The submissions of an evaluation, one a task, in the order of the tasks.

    Args:
        evaluation: what came out.
        name: the model's name on the leaderboard; None takes the checkpoint's.
    """
    return tuple(_submission(evaluation, task, name) for task in evaluation.tasks)


def plan_keys(plan: Plan, name: str | None = None) -> tuple[str, ...]:
    """The keys that the submissions of a plan will have: known before anything is evaluated."""
    return tuple(
        key_of(
            name or model_name(plan.model_args),
            task_on(task, plan.split),
            shots=plan.shots,
            chat=plan.chat,
            split=plan.split,
            variant=variant_of(method_of(task), plan.variant),
        )
        for task in plan.tasks
    )


def model_name(model_args: Mapping[str, Any]) -> str:
    """What to call a model that was given no name: a folder's own name, or the hub's name."""
    source = _source(model_args)
    return Path(source).resolve().name if Path(source).exists() else source


def task_on(task: str, split: str) -> str:
    """The task's name on a split, which is a suffix where it is not the published test set.

    >>> task_on("game24_io", "hard100"), task_on("game24_io", "val")
    ('game24_io', 'game24_io_val')
    """
    return task if split == DEFAULT_SPLIT else f"{task}_{split}"


def _submission(evaluation: Evaluation, task: TaskResult, name: str | None) -> Submission:
    plan = evaluation.plan
    samples = tuple(_sample(hand) for hand in task.hands)
    source = _source(plan.model_args)
    notes = (f"the first {plan.limit} hands only",) if plan.limit is not None else ()
    return Submission(
        model=ModelInfo(
            name=name or model_name(plan.model_args),
            parameters=evaluation.parameters,
            precision=evaluation.precision,
            backend=plan.model,
            source=model_name(plan.model_args),
            checkpoint_sha256=checkpoint_sha256(source),
            teacher=teacher_of(source),
        ),
        task=task_on(task.task, plan.split),
        method=task.method,
        split=plan.split,
        shots=plan.shots,
        variant=variant_of(task.method, plan.variant),
        chat=plan.chat,
        n=len(samples),
        repeats=plan.repeats,
        metrics=metrics_of(samples),
        mean_response_tokens=mean_tokens_of(samples),
        generation=task.generation,
        seeds={"numpy": plan.seed, "python": plan.seed, "torch": plan.seed},
        versions=_versions(),
        hardware=_hardware(plan),
        wall_seconds=round(evaluation.seconds, 1),
        created=datetime.datetime.now(datetime.UTC).date(),
        obtained="measured",
        notes=notes,
        samples=samples,
    )


def _sample(hand: HandResult) -> Sample:
    return Sample(
        puzzle=hand.puzzle,
        prompt_sha256=hashlib.sha256(hand.prompt.encode()).hexdigest(),
        responses=hand.responses,
        tokens=hand.tokens,
        scores=hand.scores,
    )


def _source(model_args: Mapping[str, Any]) -> str:
    return str(model_args.get("pretrained") or model_args.get("model") or "unnamed")


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _hardware(plan: Plan) -> str:
    import torch

    if plan.model == "hf" and plan.device != "cpu" and torch.cuda.is_available():
        return str(torch.cuda.get_device_name())
    return f"{platform.machine()} CPU, {os.cpu_count()} cores"
