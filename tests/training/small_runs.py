"""Runs of a few steps: their config, how to start them in a process of their own, their losses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from training.config import Configs

CONFIG: dict[str, Any] = {
    "rows": 64,
    "hidden": 32,
    "intermediate": 64,
    "layers": 1,
    "heads": 2,
    "max_steps": 6,
    "per_device_train_batch_size": 4,
    "learning_rate": 1e-3,
    "logging_steps": 1,
    "save_strategy": "steps",
    "save_steps": 3,
    "bf16": False,
    "use_cpu": True,
    "report_to": "none",
    "seed": 0,
    "disable_tqdm": True,
}


def write_config(folder: Path, **changes: object) -> Path:
    """The config as YAML in the folder, its run in `folder/run`."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "config.yaml"
    config.write_text(yaml.safe_dump({**CONFIG, "output_dir": str(folder / "run"), **changes}))
    return config


def read_config(folder: Path, **changes: object) -> Configs:
    """All settings of the run, as the parser reads them."""
    from training.config import read_configs

    return read_configs(["--config", str(write_config(folder, **changes))])


def run(folder: Path, **changes: object) -> dict[str, Any]:
    """Train in this process; the record of the finished student."""
    from training.sft import main

    return read_record(main(["--config", str(write_config(folder, **changes))]))


def start(config: Path, *flags: str, launcher: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    """`python -m training.sft` in a process of its own, one thread."""
    command = [sys.executable, "-m", *launcher, *(["-m"] if launcher else []), "training.sft"]
    return subprocess.Popen(
        [*command, "--config", str(config), *flags],
        env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
        cwd=Path(__file__).resolve().parents[2],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_alone(config: Path, *flags: str) -> tuple[int, str]:
    """Exit code and last line of `python -m training.sft`."""
    process = start(config, *flags)
    _, said = process.communicate(timeout=300)
    lines = said.strip().splitlines()
    return process.returncode, lines[-1] if lines else ""


def read_record(student: Path) -> dict[str, Any]:
    """The record beside the weights."""
    record: dict[str, Any] = json.loads((student / "training.json").read_text())
    return record


def losses(record: dict[str, Any]) -> list[float]:
    """The loss of each logged step."""
    return [float(entry["loss"]) for entry in record["log"] if "loss" in entry]
