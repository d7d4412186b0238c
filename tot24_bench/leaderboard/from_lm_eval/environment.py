"""Read what lm-eval recorded of the machine, the versions and the checkpoint, and what is on disk.

Nothing here is guessed: what is neither recorded nor readable is None, and the user is asked.

>>> text = "PyTorch version: 2.11.0\\nPython version: 3.12.1 (main)\\nModel name:   EPYC 9"
>>> versions_of(text), hardware_of(text, "hf", "cpu")
({'torch': '2.11.0', 'python': '3.12.1'}, 'EPYC 9 CPU')
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

from tot24_bench.schema import MAX_COUNT

LOCAL_BACKENDS = ("hf", "hf-auto", "huggingface", "vllm", "sglang", "accelerate")
"""Backends that run the model on the machine that lm-eval describes; not so a server's."""

MAX_LINE_CHARS = 200  # characters of a version or of a part of a machine

PRECISIONS = {
    "float32": "fp32", "float": "fp32", "bfloat16": "bf16", "float16": "fp16", "half": "fp16",
}  # fmt: skip
"""How this leaderboard spells what torch calls the same."""


def versions_of(environment: str) -> dict[str, str]:
    """The versions in lm-eval's `pretty_env_info`."""
    pattern = rf"^(PyTorch|Python) version: *(\S{{1,{MAX_LINE_CHARS}}})"
    found = dict(reversed(re.findall(pattern, environment, re.MULTILINE)))  # the first of each
    names = {"torch": "PyTorch", "python": "Python"}
    return {name: found[heading] for name, heading in names.items() if heading in found}


def hardware_of(environment: str, backend: str, device: str | None) -> str | None:
    """The machine in words; None for a server's, or where it is not told."""
    if backend not in LOCAL_BACKENDS:
        return None
    heading = "(?:GPU models and configuration: *)?"  # the first GPU stands beside it
    line = rf"^{heading}GPU \d+: (.{{1,{MAX_LINE_CHARS}}})$"
    gpus = re.findall(line, environment, re.MULTILINE)
    if gpus and device != "cpu":
        each = Counter(gpu.partition(" (UUID")[0].strip() for gpu in gpus)
        return ", ".join(f"{count} x {name}" for name, count in each.items())
    cpu = re.search(rf"^Model name: *(.{{1,{MAX_LINE_CHARS}}})$", environment, re.MULTILINE)
    if cpu is None or (device or "cpu") != "cpu":
        return None
    cores = re.search(r"^CPU\(s\): *(\d{1,6})$", environment, re.MULTILINE)
    return f"{cpu[1].strip()} CPU" + (f", {cores[1]} cores" if cores else "")


def parameters_of(folder: Path) -> int | None:
    """How many weights a local checkpoint has, from its files' headers alone.

    None where there are none in safetensors; quantised weights are not counted.
    """
    from safetensors import SafetensorError, safe_open

    count = 0
    try:
        for file in sorted(folder.glob("*.safetensors")):
            with safe_open(file, framework="numpy") as weights:
                for part in map(weights.get_slice, weights.keys()):
                    if part.get_dtype() not in ("F32", "BF16", "F16"):
                        return None
                    count += prod(part.get_shape())
    except (OSError, SafetensorError):
        return None
    return count if 0 < count <= MAX_COUNT else None


def precision_of(recorded: str | None, model_args: Mapping[str, Any]) -> str | None:
    """What the weights ran in: as lm-eval saw it, else as asked for; None if neither says."""
    if any(model_args.get(key) for key in ("load_in_4bit", "load_in_8bit", "quantization")):
        return None
    if recorded is not None:
        name = recorded.removeprefix("torch.")
        return PRECISIONS.get(name, name[:MAX_LINE_CHARS]) or None
    return PRECISIONS.get(str(model_args.get("dtype")).removeprefix("torch."))


def changed_since(folder: Path, moment: float | None) -> bool:
    """Whether weights were written after a moment (seconds since 1970): other ones, perhaps."""
    return moment is not None and any(
        file.stat().st_mtime > moment for file in folder.glob("*.safetensors")
    )


def local_tokenizer(model_args: Mapping[str, Any]) -> Any | None:
    """The model's tokenizer, from a folder or the hub's cache; nothing is downloaded or run."""
    name = model_args.get("tokenizer") or model_args.get("pretrained")
    if not isinstance(name, str) or not name:
        return None
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(
            name,
            revision=str(model_args.get("revision") or "main"),
            local_files_only=True,
            trust_remote_code=False,
        )
    except Exception:  # whatever it raises: then tokens are not counted, and a note says so
        return None
