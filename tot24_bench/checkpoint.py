"""A local checkpoint, before it is loaded: is it whole, what is its hash, who taught it.

And an adapter beside it: is it one, and was it made for that checkpoint. Only local folders are
looked into; a name that may be on the hub is left to transformers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "tokenizer.model", "vocab.json")
"""Any of these is a tokenizer."""

RECORD = "training.json"  # what a student of ours says of its training, beside its weights
ORIGIN = "ORIGIN.json"  # what a checkpoint that came out of packages says of itself (`models`)
ADAPTER_CONFIG = "adapter_config.json"


def looks_local(name: str) -> bool:
    """Whether a name that does not exist was meant as a folder rather than a hub name."""
    path = Path(name)
    if path.is_absolute() or name.startswith((".", "~")) or len(path.parts) > 2:
        return True
    # "students/nope" could be on the hub, but not where there is a folder "students" here.
    return len(path.parts) == 2 and (path.parent.is_dir() or path.parts[0] == "models")


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
        if folder.parent.name == "models":
            missing += f", or fetch it: tot24 models get {folder.name}"
        return missing if looks_local(name) else None
    if not (folder / "config.json").is_file():
        return f"{name} holds no config.json: it is not a transformers checkpoint"
    if needs_tokenizer and not any((folder / file).exists() for file in TOKENIZER_FILES):
        return f"{name} holds no tokenizer: save one there with tokenizer.save_pretrained{or_else}"
    return None


class BadCheckpoint(ValueError):
    """A checkpoint that cannot be evaluated; the message names the fix."""


def check_checkpoint(model_args: Mapping[str, Any]) -> None:
    """Refuse what is missing or incomplete, by lm-eval's arguments, and an adapter of another base.

    Raises:
        BadCheckpoint: names the fix.
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
    adapter = model_args.get("peft")
    if fault is None and adapter is not None:
        fault = adapter_fault_of(str(adapter), name, own_tokenizer="tokenizer" not in model_args)
    if fault is not None:
        raise BadCheckpoint(fault)


def adapter_fault_of(name: str, base: str, *, own_tokenizer: bool = True) -> str | None:
    """What is wrong with a local adapter on a base, in a line with the fix; None for nothing seen.

    It is held against a local base by shapes, by tokenizer, and by the hash of the weights that it
    was trained on, where its training record says that. `own_tokenizer`: the base's is used.

    Raises:
        BadCheckpoint: the weights of one of them cannot be read.
    """
    folder = Path(name)
    if not folder.exists():
        missing = f"no adapter at {name}: give an existing folder or a hub name with peft="
        return missing if looks_local(name) else None
    if not (folder / ADAPTER_CONFIG).is_file():
        fix = "give an adapter's folder with peft="
        if (folder / "config.json").is_file():
            fix = f"it is a whole checkpoint, give it with pretrained={name} alone"
        return f"{name} holds no {ADAPTER_CONFIG}: {fix}"
    if not any(folder.glob("*.safetensors")):
        return f"{name} holds no adapter_model.safetensors: save one there with save_pretrained"
    if not Path(base).is_dir():
        return None
    made_for = str(_object_in(folder / ADAPTER_CONFIG).get("base_model_name_or_path") or "")
    named = Path(made_for).name if looks_local(made_for) else made_for
    told = f"the base that {name} was made for" + (f" ({named})" if named else "")
    if (why := _misfit(folder, Path(base))) is not None:
        return f"{name} is an adapter for another base than {base} ({why}): give {told}"
    trained_on, found = _record_of(name).get("base_sha256"), checkpoint_sha256(base)
    if trained_on is not None and found is not None and trained_on != found:
        why = f"its weights have SHA-256 {found[:12]}..., the adapter's {str(trained_on)[:12]}..."
        return f"{name} is an adapter for another base than {base} ({why}): give {told}"
    if own_tokenizer and not _same_tokenizer(folder, Path(base)):
        return (
            f"{name} was trained with another tokenizer than {base} has: give {told}, or add "
            f"tokenizer={name} to --model_args"
        )
    return None


def _misfit(adapter: Path, base: Path) -> str | None:
    """The first weight of an adapter that the base has no place for; None where all fit."""
    own, there = _shapes(adapter), _shapes(base)
    for key, shape in own.items() if there else ():
        module, part, _ = key.removeprefix("base_model.model.").partition(".lora_")
        weight = f"{module}.weight" if part else module
        # A file may leave out the first part of the names ("model.", "transformer.").
        place = next(
            (it for known, it in there.items() if f".{weight}".endswith(f".{known}")), None
        )
        if place is None:
            if part and not module.endswith("lm_head"):  # a tied head is not in the base's file
                return f"which has no {module}"
        elif part and ".lora_A." in key and shape[-1] not in place:
            return f"whose {module} takes {place[-1]} values, not {shape[-1]}"
        elif part and ".lora_B." in key and shape[0] not in place:
            return f"whose {module} gives {place[0]} values, not {shape[0]}"
        elif not part and shape != place:
            return f"whose {module} is {place}, not {shape}"
    return None


def _shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """The shape of every weight in a folder's files, from their headers alone."""
    from safetensors import SafetensorError, safe_open

    found: dict[str, tuple[int, ...]] = {}
    for file in sorted(folder.glob("*.safetensors")):
        try:
            with safe_open(file, framework="numpy") as weights:
                names = weights.keys()
                found |= {name: tuple(weights.get_slice(name).get_shape()) for name in names}
        except (OSError, SafetensorError) as error:
            why = str(error).partition("\n")[0][:120]
            raise BadCheckpoint(f"{file} cannot be read ({why}): copy or save it again") from None
    return found


def _same_tokenizer(adapter: Path, base: Path) -> bool:
    """Whether both give text the same token ids; True where either has no tokenizer.json."""
    files = [folder / "tokenizer.json" for folder in (adapter, base)]
    if not all(file.is_file() for file in files):
        return True
    if files[0].read_bytes() == files[1].read_bytes():
        return True
    one, other = map(_object_in, files)
    return all(one.get(part) == other.get(part) for part in ("model", "added_tokens"))


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
    local = found.count("/") != 1 or found.startswith(("students/", "models/", "runs/", ".", "/"))
    return Path(found).name if local else found


def training_data_of(name: str) -> Mapping[str, Any] | None:
    """The data a student of ours was trained on: `rows`, `sha256` and `hands`.

    None where its training record does not say, as for checkpoints that are no students of ours.
    """
    data = _record_of(name).get("data")
    return data if isinstance(data, dict) else None


def origin_of(name: str) -> dict[str, Any] | None:
    """Where a checkpoint that came out of packages is from (`models`); None for any other."""
    return _object_in(Path(name) / ORIGIN) or None


def _record_of(name: str) -> dict[str, Any]:
    """The training record beside a checkpoint's weights, or an adapter's; empty for none."""
    folder = Path(name)
    if not (folder / RECORD).is_file() and (folder / ADAPTER_CONFIG).is_file():
        folder = folder.parent  # an adapter that lies in the folder of its merged student
    return _object_in(folder / RECORD)


def _object_in(file: Path) -> dict[str, Any]:
    """The JSON object in a file; empty where there is none."""
    if not file.is_file():
        return {}
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
