"""Look at a checkpoint before hours are spent on it: is it there, can it be read, who taught it.

Only local folders are looked into; a name that may be on the hub is left to transformers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tot24_bench.weights import fault_of


class BadCheckpoint(ValueError):
    """A checkpoint that cannot be evaluated; the message names the fix."""


def check_checkpoint(model_args: Mapping[str, Any]) -> None:
    """Refuse a local checkpoint that is missing or incomplete.

    Args:
        model_args: lm-eval's model arguments; `pretrained` names the checkpoint.

    Raises:
        BadCheckpoint: no `pretrained`, no such folder, no weights' config, or no tokenizer.
    """
    name = model_args.get("pretrained")
    if not isinstance(name, str) or not name:
        raise BadCheckpoint(
            "no checkpoint given: add pretrained=FOLDER_OR_HUB_NAME to --model_args"
        )
    fault = fault_of(
        name,
        needs_tokenizer="tokenizer" not in model_args,
        or_else=", or add tokenizer=FOLDER_OR_HUB_NAME to --model_args",
    )
    if fault is not None:
        raise BadCheckpoint(fault)


def teacher_of(name: str) -> str | None:
    """Who taught a student of ours: what its training record says; None for other checkpoints."""
    teacher = _record_of(name).get("teacher")
    return teacher if isinstance(teacher, str) else None


def training_data_of(name: str) -> Mapping[str, Any] | None:
    """The data a student of ours was trained on: `rows`, `sha256` and `hands`.

    None where its training record does not say, as for checkpoints that are no students of ours.
    """
    data = _record_of(name).get("data")
    return data if isinstance(data, dict) else None


def _record_of(name: str) -> dict[str, Any]:
    """The training record beside a checkpoint's weights; empty where there is none."""
    file = Path(name) / "training.json"
    if not file.is_file():
        return {}
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}
