"""What a student says of its training: `training.json` beside its weights."""

from __future__ import annotations

import json
import os
import platform
import shlex
import sys
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.export import RECORD
from training.identity import differences
from training.rows import RowConfig, teacher_of

if TYPE_CHECKING:
    from training.sft import Configs
    from training.validation import ValidatedTrainer


_OF_THE_RUN = ("seed", "batch", "peak_learning_rate", "steps")
"""What a record tells beside its parts and decides what was learnt."""


class AnotherStudent(ValueError):
    """`export_dir` holds a student of other settings; the message names them and the fix."""


def require_own_place(folder: Path, configs: Configs, batch: int) -> None:
    """Refuse to put a student in the place of one that was trained otherwise.

    Configs of shipped students name the shipped folder: with a flag changed, a run of a minute
    would replace weights that took an hour. What an older record does not tell is passed over.

    Args:
        folder: where the student is to go.
        configs: all settings.
        batch: rows of a step, over all processes.

    Raises:
        AnotherStudent: names what differs.
    """
    there = _record_of(str(folder))
    if there is None:
        return
    sft = configs.sft
    here = {**_rows(configs.rows), **asdict(configs.student), **asdict(configs.feed)}
    here |= {"seed": sft.seed, "batch": batch, "peak_learning_rate": sft.learning_rate}
    steps = configs.run.stop_after or sft.max_steps
    if 0 < steps < there.get("steps", 0):  # more are its next part, or patience ended it
        here["steps"] = steps
    told = {name: there[name] for name in _OF_THE_RUN if name in there}
    for part in ("rows", "student", "feed"):
        told |= there.get(part) or {}
    differ = differences(here, told, [name for name in here if name in told])
    if differ:
        raise AnotherStudent(
            f"{folder} holds a student that was trained otherwise ({'; '.join(differ[:3])}): give "
            "another --export_dir, or --replace true to put the new one in its place"
        )


def make_record(
    configs: Configs,
    trainer: ValidatedTrainer,
    data: dict[str, Any],
    batch: int,
    seconds: int,
    *,
    resumed: bool,
) -> dict[str, Any]:
    """What reproduces the student, and what came out.

    Args:
        configs: all settings.
        trainer: once it has trained.
        data: the rows described; the hands of a base of ours are added to theirs.
        batch: rows of a step, over all processes.
        seconds: of training, over all parts of the run.
        resumed: whether it was interrupted.
    """
    state, sft = trainer.state, configs.sft
    on_val = sft.metric_for_best_model == "eval_val_acc"
    earlier = _record_of(configs.student.base)
    packages = ["torch", "transformers", "trl", *(["peft"] if configs.adapter.use_peft else [])]
    return {
        "teacher": teacher_of(configs.rows),
        "command": shlex.join(["python", "-m", "training.sft", *sys.argv[1:]]),
        "rows": _rows(configs.rows),
        "student": asdict(configs.student),
        "adapter": asdict(configs.adapter) if configs.adapter.use_peft else None,
        "feed": asdict(configs.feed),
        "validation": asdict(configs.validation),
        "seed": sft.seed,
        "steps": state.global_step,
        "batch": batch,
        "processes": trainer.accelerator.num_processes,
        "peak_learning_rate": sft.learning_rate,
        "precision": "bf16 autocast" if sft.bf16 else "fp16 autocast" if sft.fp16 else "fp32",
        "hardware": _hardware(trainer),
        "versions": {name: version(name) for name in packages},
        "best_val_acc": state.best_metric if on_val else None,
        "best_checkpoint_step": state.best_global_step,
        "seconds": seconds,
        "resumed": resumed,
        "log": state.log_history,
        "earlier": earlier,
        "data": {**data, "hands": _hands_of_all_parts(data, earlier)},
    }


def _hands_of_all_parts(data: dict[str, Any], earlier: dict[str, Any] | None) -> list[str]:
    """Every hand that the student has seen, its bases' included: leaks are looked for in these.

    The count of rows and their hash beside them are of the last part alone.
    """
    told = list(data["hands"])
    while earlier is not None:
        told += (earlier.get("data") or {}).get("hands", ())
        earlier = earlier.get("earlier")
    hands = {tuple(map(int, hand.split())) for hand in told}
    return [" ".join(map(str, hand)) for hand in sorted(hands)]


def _rows(rows: RowConfig) -> dict[str, Any]:
    """What the rows were made of: of a dataset its name, for the other settings did nothing."""
    if rows.dataset is not None:
        return {"dataset": Path(rows.dataset).name}
    return asdict(rows)


def _hardware(trainer: ValidatedTrainer) -> str:
    device = trainer.accelerator.device
    if device.type == "cpu":
        return f"{platform.machine()} CPU, {os.cpu_count()} cores"
    if device.type == "cuda":
        import torch

        return f"{trainer.accelerator.num_processes} x {torch.cuda.get_device_name(device)}"
    return str(device.type)


def _record_of(base: str | None) -> dict[str, Any] | None:
    """The record of the student that this one starts from, where it is one of ours."""
    file = Path(base or "") / RECORD
    if base is None or not file.is_file():
        return None
    record: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return record
