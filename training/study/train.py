"""Train the arms one after another, each in a process of its own.

An arm that is finished is passed over, one that was interrupted goes on: `training.sft` does that
by itself. What is kept of an arm is its record, with the config and the hash of the weights.
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

from tot24_bench.durable import write_durably
from tot24_bench.weights import checkpoint_sha256
from training.export import RECORD
from training.study.configs import write_config
from training.study.data import absent, make_data
from training.study.folders import Folders
from training.study.plan import Arm, Plan


class ArmFailed(ValueError):
    """An arm could not be trained; the message is what `training.sft` said."""


def train_arms(
    plan: Plan, arms: Sequence[Arm], folders: Folders, say: Callable[[str], object]
) -> None:
    """Train what is not trained yet.

    Args:
        say: gets a line an arm.

    Raises:
        ArmFailed: `training.sft` ended with an error; the arms after it are not begun.
        BadPlan: an arm has checkpoints of other settings.
    """
    for place, arm in enumerate(arms, start=1):
        head = f"[{place}/{len(arms)}] {arm.name}"
        if folders.is_trained(arm):
            _keep_record(arm, folders)
            say(f"{head}: trained already")
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
        record = _keep_record(arm, folders)
        say(f"{head}: {told(record)}")


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


def _keep_record(arm: Arm, folders: Folders) -> dict[str, Any]:
    kept = folders.read_record(arm)
    student = folders.student(arm)
    record: dict[str, Any] = json.loads((student / RECORD).read_text(encoding="utf-8"))
    if kept is not None and {**kept, "study": None} == {**record, "study": None}:
        return kept
    config = yaml.safe_load(folders.config(arm).read_text(encoding="utf-8"))
    weights = checkpoint_sha256(str(student))
    record["study"] = {"arm": arm.name, "checkpoint_sha256": weights, "config": config}
    path = folders.record(arm)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_durably(path, json.dumps(record, indent=1) + "\n")
    return record
