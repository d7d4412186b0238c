"""From an evaluation to submissions: one for each task, with all that reproduces it."""

from __future__ import annotations

import datetime
import hashlib
import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from tot24_bench.checkpoint import checkpoint_sha256, teacher_of, training_data_of
from tot24_bench.harness import Evaluation, HandResult, Plan, TaskResult, method_of
from tot24_bench.leaderboard.key import first_of, key_of
from tot24_bench.leaderboard.submission import (
    ModelInfo,
    Sample,
    Submission,
    Training,
    mean_tokens_of,
    metrics_of,
    prompts_sha256,
)
from tot24_bench.prompts import variant_of

_ARGUMENTS = {
    "attn_implementation",
    "autogptq",
    "dtype",
    "gguf_file",
    "load_in_4bit",
    "load_in_8bit",
    "max_length",
    "peft",
    "quantization",
    "revision",
    "think_end_token",
    "tokenizer",
    "trust_remote_code",
}
"""Arguments of a model that are recorded; others (addresses, headers, keys) never are."""

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
            task,
            shots=plan.shots,
            chat=plan.chat,
            multiturn=plan.multiturn,
            repeats=plan.repeats,
            first=first_of(plan.split, plan.limit),
            split=plan.split,
            variant=variant_of(method_of(task), plan.variant),
        )
        for task in plan.tasks
    )


def model_name(model_args: Mapping[str, Any]) -> str:
    """What to call a model that was given no name: a folder's own name, or the hub's name.

    An adapter's name follows its base's.

    >>> model_name({"pretrained": "org/base", "peft": "/somewhere/adapter"})
    'org/base+adapter'
    """
    names = [_source(model_args), *([str(model_args["peft"])] if "peft" in model_args else [])]
    return "+".join(_without_path(name) for name in names)


def _submission(evaluation: Evaluation, task: TaskResult, name: str | None) -> Submission:
    plan = evaluation.plan
    samples = tuple(_sample(hand) for hand in task.hands)
    source = _source(plan.model_args)
    return Submission(
        model=ModelInfo(
            name=name or model_name(plan.model_args),
            parameters=evaluation.parameters,
            precision=evaluation.precision,
            backend=plan.model,
            source=model_name(plan.model_args),
            checkpoint_sha256=checkpoint_sha256(source),
            arguments=_arguments(plan),
            teacher=teacher_of(source),
            training=training_of(source),
        ),
        task=task.task,
        method=task.method,
        split=plan.split,
        shots=plan.shots,
        variant=variant_of(task.method, plan.variant),
        chat=plan.chat,
        multiturn=plan.chat and plan.multiturn,
        n=len(samples),
        repeats=plan.repeats,
        metrics=metrics_of(samples),
        mean_response_tokens=mean_tokens_of(samples),
        prompt_sha256=prompts_sha256(samples),
        generation=task.generation,
        seeds={"numpy": plan.seed, "python": plan.seed, "torch": plan.seed},
        versions=_versions(),
        hardware=_hardware(plan),
        wall_seconds=round(evaluation.seconds, 1),
        created=datetime.datetime.now(datetime.UTC).date(),
        obtained="measured",
        notes=_notes(plan, samples),
        samples=samples,
    )


def training_of(checkpoint: str) -> Training | None:
    """What a student's own record says of its data; None where it says nothing.

    Raises:
        pydantic.ValidationError: it says something that is no such data.
    """
    data = training_data_of(checkpoint)
    if data is None:
        return None
    return Training(
        hands=tuple(data.get("hands", ())), rows=data.get("rows"), data_sha256=data.get("sha256")
    )


def _without_path(name: str) -> str:
    path = Path(name)
    local = path.exists() or path.is_absolute() or name.startswith((".", "~"))
    return path.resolve().name if local else name


def _arguments(plan: Plan) -> dict[str, str]:
    """The arguments that change what a model answers; an unknown one could be a key or a path."""
    return {
        key: _without_path(str(value))
        for key, value in plan.model_args.items()
        if key in _ARGUMENTS and value is not None
    }


def _notes(plan: Plan, samples: Sequence[Sample]) -> tuple[str, ...]:
    notes = []
    if first_of(plan.split, len(samples)) is not None:
        notes.append(f"the first {len(samples)} hands only")
    empty = sum(not response for sample in samples for response in sample.responses)
    if empty and plan.model != "hf":
        notes.append(f"{empty} empty responses: lm-eval gives these for requests that failed too")
    return tuple(notes)


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
