"""What goes wrong outside the code, in one line that names the fix."""

from __future__ import annotations

import errno

_FULL = "make room, and run the same command again: it goes on from the last whole checkpoint"

_MEANT = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "a file would be larger than the system allows",
}


def fault(error: BaseException) -> str | None:
    """One line for an error that the user can mend; None for one in the code.

    >>> fault(ValueError("rows must be\\n    at least 1"))
    'rows must be at least 1'
    >>> fault(OSError(28, "No space left on device", "runs/x"))[:33]
    'the disk is full (runs/x): make r'
    >>> fault(RuntimeError("a bug")) is None
    True
    """
    said = " ".join(str(error).split())
    if type(error).__name__ == "DatasetGenerationError" and error.__cause__ is not None:
        return fault(error.__cause__)
    if isinstance(error, OSError) and error.errno in _MEANT:
        where = f" ({error.filename})" if error.filename else ""
        return f"{_MEANT[error.errno]}{where}: {_FULL}"
    if _is_failed_write(error, said):
        return f"a checkpoint cannot be written ({said[:120]}): {_FULL}"
    if isinstance(error, (ValueError, OSError, ImportError)):
        return said[:1000]
    return None


def _is_failed_write(error: BaseException, said: str) -> bool:
    """Whether weights could not be written: safetensors and torch have errors of their own."""
    if type(error).__name__ == "SafetensorError":
        return "serializ" in said or "I/O" in said or "os error" in said
    return isinstance(error, RuntimeError) and any(
        word in said for word in ("PytorchStreamWriter", "No space left", "inline_container")
    )
