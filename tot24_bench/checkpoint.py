"""A local checkpoint, before it is loaded: is it whole, what is its hash, who taught it.

Only local folders are looked into; a name that may be on the hub is left to transformers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "tokenizer.model", "vocab.json")
"""Any of these is a tokenizer."""


def looks_local(name: str) -> bool:
    """Whether a name that does not exist was meant as a folder rather than a hub name."""
    path = Path(name)
    if path.is_absolute() or name.startswith((".", "~")) or len(path.parts) > 2:
        return True
    # "students/nope" could be on the hub, but not where there is a folder "students" here.
    return len(path.parts) == 2 and path.parent.is_dir()


def checkpoint_sha256(name: str) -> str | None:
    """Hash of a local checkpoint's weights, names and bytes; None for what is not a folder."""
    folder = Path(name).expanduser()
    files = sorted(folder.glob("*.safetensors")) if folder.is_dir() else []
    if not files:
        return None
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode())
        with file.open("rb") as stream:
            hashlib.file_digest(stream, lambda: digest)
    return digest.hexdigest()


def fault_of(name: str, *, needs_tokenizer: bool = True, or_else: str = "") -> str | None:
    """What a local checkpoint lacks, in a line with the fix; None where nothing is seen to lack.

    `or_else` is another way to give a tokenizer, added to the fix.
    """
    folder = Path(name)
    if not folder.exists():
        missing = f"no checkpoint at {name}: give an existing folder or a hub name"
        return missing if looks_local(name) else None
    if not (folder / "config.json").is_file():
        return f"{name} holds no config.json: it is not a transformers checkpoint"
    if needs_tokenizer and not any((folder / file).exists() for file in TOKENIZER_FILES):
        return f"{name} holds no tokenizer: save one there with tokenizer.save_pretrained{or_else}"
    return None


class BadCheckpoint(ValueError):
    """A checkpoint that cannot be evaluated; the message names the fix."""


def check_checkpoint(model_args: Mapping[str, Any]) -> None:
    """Refuse a local checkpoint, by lm-eval's arguments, that is missing or incomplete."""
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


def base_of(name: str) -> str | None:
    """The student or checkpoint that a student of ours was first trained from; None for none.

    Of one trained in parts that of the earliest part which began from another checkpoint.
    """
    part: Any = _record_of(name)
    found = None
    while isinstance(part, dict):
        student = part.get("student")
        base = student.get("base") if isinstance(student, dict) else None
        found = base if isinstance(base, str) and base else found
        part = part.get("earlier")
    if found is None:
        return None
    local = found.count("/") != 1 or found.startswith(("students/", "runs/", ".", "/"))
    return Path(found).name if local else found


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
