"""A checkpoint's files, without loading them: is it a folder here, and what is its hash."""

from __future__ import annotations

import hashlib
from pathlib import Path

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
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def fault_of(name: str, *, needs_tokenizer: bool = True, or_else: str = "") -> str | None:
    """What a local checkpoint lacks, in a line with the fix; None where nothing is seen to lack.

    A name that may be on the hub is left to transformers.

    Args:
        name: a folder, or a hub name.
        needs_tokenizer: whether it must hold one.
        or_else: another way to give a tokenizer, added to the fix.
    """
    folder = Path(name)
    if not folder.exists():
        if looks_local(name):
            return f"no checkpoint at {name}: give an existing folder or a hub name"
        return None
    if not (folder / "config.json").is_file():
        return f"{name} holds no config.json: it is not a transformers checkpoint"
    if needs_tokenizer and not any((folder / file).exists() for file in TOKENIZER_FILES):
        return f"{name} holds no tokenizer: save one there with tokenizer.save_pretrained{or_else}"
    return None
