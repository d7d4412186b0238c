"""Train the arms one after another, each in a process of its own.

An arm that is finished is passed over, one that was interrupted goes on: `training.sft` does that
by itself. What is kept of an arm is its record, with the config and the hash of the weights. Once
the arm has met a test, its record stays, and a student trained again is compared with it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml

from tot24_bench.checkpoint import checkpoint_sha256
from tot24_bench.files import write_durably
from training.export import RECORD
from training.study.answers import Answers
from training.study.configs import write_config
from training.study.data import absent, make_data
from training.study.folders import Folders
from training.study.plan import Arm, Plan


class ArmFailed(ValueError):
    """An arm could not be trained; the message is what `training.sft` said."""


def train_arms(
    plan: Plan,
    arms: Sequence[Arm],
    folders: Folders,
    say: Callable[[str], object],
    *,
    again: bool = False,
) -> None:
    """Train what is not trained yet.

    Args:
        say: gets a line an arm.
        again: train an arm whose student is gone though it has met every test, to compare.

    Raises:
        ArmFailed: `training.sft` ended with an error; the arms after it are not begun.
        BadPlan: an arm has checkpoints of other settings.
        BadSubmission: a submission beside the plan cannot be read.
    """
    answers = Answers.read(plan, folders.kept)
    for place, arm in enumerate(arms, start=1):
        head = f"[{place}/{len(arms)}] {arm.name}"
        if folders.is_trained(arm):
            say(f"{head}: trained already{_kept(arm, folders, answers)}")
            continue
        if answers.complete(plan, arm) and not again:
            say(f"{head}: has met every test; named, it is trained again and compared")
            continue
        missing = absent(plan, arm)
        if missing is not None:
            say(f"{head}: SKIPPED, there is no {missing}")
            continue
        if arm.data is not None:
            make_data(plan, arm.data, folders)
        config = write_config(plan, arm, folders)
        say(f"{head}: {arm.completion_tokens:,} completion tokens, about {arm.minutes:g} min")
        _train(arm, config)
        kept = _kept(arm, folders, answers)
        say(f"{head}: {told(_record_of_student(arm, folders))}{kept}")


def told(record: dict[str, Any]) -> str:
    """What came out, in a line."""
    best = record["best_val_acc"]
    accuracy = "no accuracy on val" if best is None else f"{best:.1%} on val"
    return f"{accuracy}, {record['steps']:,} steps, {record['seconds'] / 60:.1f} min"


def _train(arm: Arm, config: Path) -> None:
    command = [sys.executable, "-m", "training.sft", "--config", str(config)]
    log = config.with_name("training.log")
    with log.open("a", encoding="utf-8") as file:
        done = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, env=dict(os.environ))
    if done.returncode:
        lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
        last = next((line for line in reversed(lines) if line.strip()), "")
        raise ArmFailed(f"{arm.name}: {last.strip()[:400]} (all of it: {log})")


def _record_of_student(arm: Arm, folders: Folders) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((folders.student(arm) / RECORD).read_text(encoding="utf-8"))
    return record


def _kept(arm: Arm, folders: Folders, answers: Answers) -> str:
    """Keep the student's record, unless there is one that has to stay; what to say of that."""
    kept = folders.read_record(arm)
    weights = checkpoint_sha256(str(folders.student(arm)))
    met = answers.weights_that_met(arm)
    if met and weights not in met:
        which = "" if kept is None else f" ({told(kept)})"
        return (
            f"; OTHER WEIGHTS than those that met tests{which}: their record stays, and this "
            "student is asked nothing"
        )
    if kept is not None and kept["study"].get("checkpoint_sha256") == weights:
        return ", the weights of its record"
    config = yaml.safe_load(folders.config(arm).read_text(encoding="utf-8"))
    record = _record_of_student(arm, folders)
    record["study"] = {"arm": arm.name, "checkpoint_sha256": weights, "config": config}
    path = folders.record(arm)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_durably(path, json.dumps(record, indent=1) + "\n")
    return ""
