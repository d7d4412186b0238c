"""A study of two arms and a few steps, in a git repository of its own."""

from __future__ import annotations

import datetime
import hashlib
import json
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml

from tot24_bench.checkpoint import checkpoint_sha256
from tot24_bench.game import Puzzle, load_split
from tot24_bench.leaderboard import (
    ModelInfo,
    Sample,
    Submission,
    mean_tokens_of,
    metrics_of,
    prompts_sha256,
    write,
)
from tot24_bench.prompts import build
from tot24_bench.scoring import score
from training.study.plan import Arm, Folders, Plan, read_plan

BASE: dict[str, Any] = {
    "rows": 64,
    "per_device_train_batch_size": 8,
    "learning_rate": 1e-3,
    "logging_steps": 1,
    "eval_strategy": "steps",
    "save_strategy": "steps",
    "eval_steps": 0.5,
    "save_steps": 0.5,
    "max_steps": 4,
    "load_best_model_at_end": True,
    "metric_for_best_model": "eval_val_acc",
    "val_tokens": 6,
    "bf16": False,
    "use_cpu": True,
    "report_to": "none",
    "disable_tqdm": True,
}

PLAN: dict[str, Any] = {
    "base": "base.yaml",
    "chosen_on": "val",
    "rules": ["The best on val."],
    "sizes": {"tiny": {"hidden": 16, "intermediate": 32, "layers": 1, "heads": 2}},
    "tests": ["fresh-n3"],
    "sampling": {"tests": ["fresh-n3"], "more": "onestep", "fewer": "cot"},
    "statistics": {"resamples": 200},
    "hypotheses": [
        {"name": "H1", "says": "A.", "better": "onestep", "worse": "cot", "tests": ["fresh-n3"]},
        {
            "name": "H2",
            "says": "B.",
            "better": "onestep",
            "worse": "cot",
            "worse_passes": True,
            "tests": ["fresh-n3"],
        },
    ],
    "picture": {"CoT": ["cot"], "One-Step ToT": ["onestep"]},
    "arms": [
        {
            "name": "onestep-s0",
            "method": "onestep_tot",
            "size": "tiny",
            "completion_tokens": 2000,
            "minutes": 1,
        },
        {
            "name": "cot-s0",
            "method": "cot",
            "size": "tiny",
            "completion_tokens": 2000,
            "minutes": 1,
            "sampled": True,
        },
    ],
}


def write_study(folder: Path, **changes: object) -> tuple[Plan, Folders]:
    """The plan and its base in `folder/study`, nothing committed."""
    study = folder / "study"
    study.mkdir(parents=True)
    (study / "base.yaml").write_text(yaml.safe_dump(BASE))
    path = study / "plan.yaml"
    path.write_text(yaml.safe_dump({**PLAN, **changes}))
    return read_plan(path), Folders(path, folder / "runs")


def git(folder: Path, *arguments: str) -> None:
    """A git command in the folder, as somebody."""
    who = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.org")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def commit(folder: Path) -> None:
    """Commit the plan, in a new repository where there is none."""
    if not (folder / ".git").is_dir():
        git(folder, "init")
    git(folder, "add", "study/plan.yaml", "study/base.yaml")
    git(folder, "commit", "--allow-empty", "-m", "plan")


def pretend_trained(folders: Folders, plan: Plan) -> None:
    """Records and students of all arms, as far as guards look at them."""
    from training.study.arms import config_of

    for arm in plan.arms:
        student = folders.student(arm)
        student.mkdir(parents=True)
        (student / "training.json").write_text("{}")
        (student / "model.safetensors").write_text(arm.name)
        folders.record(arm).parent.mkdir(exist_ok=True)
        weights = checkpoint_sha256(str(student))
        config = config_of(plan, arm, folders)
        study = {"arm": arm.name, "checkpoint_sha256": weights, "config": config}
        folders.record(arm).write_text(json.dumps({"study": study}))


def submit(
    arm: Arm,
    folders: Folders,
    tokens: int,
    repeats: int = 1,
    said: Callable[[Puzzle], Sequence[str]] | None = None,
    **changes: Any,
) -> Path:
    """A submission of the arm on `fresh-n3` by the weights of its student.

    What it says to a hand is `said`'s, `repeats` responses; wrong throughout where none is given.
    """
    test, samples = "fresh-n3", []
    for puzzle in load_split(test):
        responses = tuple(said(puzzle)) if said else ("No idea.",) * repeats
        prompt = build(arm.method, puzzle, shots=0).text.encode()
        sample = Sample(
            puzzle=puzzle,
            prompt_sha256=hashlib.sha256(prompt).hexdigest(),
            responses=responses,
            tokens=(tokens,) * repeats,
            scores=tuple(score(puzzle, response) for response in responses),
        )
        samples.append(sample)
    model = ModelInfo(
        name=arm.name,
        backend="hf",
        source="student",
        checkpoint_sha256=checkpoint_sha256(str(folders.student(arm))),
    )
    fields: dict[str, Any] = {
        "model": model,
        "task": arm.task,
        "method": arm.method,
        "split": test,
        "shots": 0,
        "n": len(samples),
        "generation": {"do_sample": True, "temperature": 1.0} if repeats > 1 else {},
        "repeats": repeats,
        "metrics": metrics_of(samples),
        "mean_response_tokens": mean_tokens_of(samples),
        "prompt_sha256": prompts_sha256(samples),
        "created": datetime.date(2026, 1, 1),
        "obtained": "measured",
        "samples": tuple(samples),
    }
    return write(Submission(**{**fields, **changes}), folders.kept)
