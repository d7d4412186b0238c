"""Where a submission stands: a file stem that is safe whatever the model is called.

`<model>/<task>.<shots>shot[.chat][.<variant>][.<obtained>]`, the parts in brackets only where they
are not the default (plain text, default exemplars, measured here). The rules of a part:

- It keeps ASCII letters, digits, `.`, `_` and `-`, and never starts or ends with a dot or a dash,
  so that no name can be `..`, hidden, or an option of a command.
- One slash, as in a name of the HF hub, becomes `--`.
- A name that is changed in any other way, or cut to its length, ends in a hash of the original:
  two different names never share a file.

>>> key_of("scout-2m", "game24_onestep_tot", shots=0)
'scout-2m/game24_onestep_tot.0shot'
>>> key_of("HuggingFaceTB/SmolLM2-135M", "game24_io", shots=5, chat=True, variant="published")
'HuggingFaceTB--SmolLM2-135M/game24_io.5shot.chat.published'
>>> key_of("../../etc/passwd", "game24_io", shots=5)
'etc-passwd-c3a5b2f4/game24_io.5shot'
"""

from __future__ import annotations

import hashlib
import re

from tot24_bench.prompts import DEFAULT_VARIANT

MAX_PART_CHARS = 80
"""Characters of one part. Three parts, the rest of the stem and `.samples.jsonl.gz` stay under the
255 bytes that file systems allow a name."""

HASH_CHARS = 8
"""Hexadecimal digits of the hash that a changed name ends in: 32 bits, for a few thousand names."""

DEFAULT_OBTAINED = "measured"


def key_of(
    model: str,
    task: str,
    *,
    shots: int,
    chat: bool = False,
    variant: str = DEFAULT_VARIANT,
    obtained: str = DEFAULT_OBTAINED,
) -> str:
    """The file stem of a submission below `results/submissions`, whatever the names hold."""
    parts = [_safe(task.replace(".", "-"), task), f"{shots}shot"]
    if chat:
        parts.append("chat")
    if variant != DEFAULT_VARIANT:
        parts.append(_safe(variant.replace(".", "-"), variant))
    if obtained != DEFAULT_OBTAINED:
        parts.append(_safe(obtained.replace(".", "-"), obtained))
    return f"{_safe(_hub(model), model)}/{'.'.join(parts)}"


def is_key(text: str) -> bool:
    """Whether the text is a key that `key_of` may have made: two safe parts around one slash."""
    return _KEY.fullmatch(text) is not None


_PART = r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,250}[A-Za-z0-9_])?"
_KEY = re.compile(f"{_PART}/{_PART}")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def _hub(model: str) -> str:
    """A hub name with its slash as `--`; any other name as it is."""
    owner, slash, name = model.partition("/")
    is_hub = bool(slash) and not {"", "."} & {owner[-1:], name[:1]} and "--" not in model
    return f"{owner}--{name}" if is_hub and "/" not in name else model


def _safe(text: str, original: str) -> str:
    """`text` in safe characters; with a hash of `original` where that loses anything."""
    cleaned = _UNSAFE.sub("-", text).strip(".-")
    lossless = cleaned == text and len(cleaned) <= MAX_PART_CHARS and not _hides(text, original)
    if lossless:
        return cleaned
    digest = hashlib.sha256(original.encode("utf-8", "surrogatepass")).hexdigest()[:HASH_CHARS]
    kept = cleaned[: MAX_PART_CHARS - HASH_CHARS - 1].rstrip(".-")
    return f"{kept}-{digest}" if kept else f"unnamed-{digest}"


def _hides(text: str, original: str) -> bool:
    """Whether another name could have become `text` too: a hub name's `--`, or a dot replaced."""
    return text != original and "/" not in original or text == original and "--" in text
