"""A study of two arms and a few steps, in a git repository of its own."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import yaml

from training.study.folders import Folders
from training.study.plan import Plan, read_plan

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
            "distinct_as": "onestep-s0",
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
    import json

    from training.study.configs import settings_of

    for arm in plan.arms:
        folders.student(arm).mkdir(parents=True)
        (folders.student(arm) / "training.json").write_text("{}")
        folders.record(arm).parent.mkdir(exist_ok=True)
        config = settings_of(plan, arm, folders)
        log = [{"step": 4, "eval_val_tokens": 120.0 if arm.method == "onestep_tot" else 40.0}]
        study = {"arm": arm.name, "distinct_rows": 5, "config": config}
        record = {"log": log, "best_checkpoint_step": 4, "study": study}
        folders.record(arm).write_text(json.dumps(record))
