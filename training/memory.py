"""Keep freed memory: on Linux, glibc hands each large tensor back to the system when it is freed.

A training step on the CPU frees and asks for the same gigabyte again, and every page is zeroed by
the kernel anew. Keeping it is faster and costs memory: the process stays as large as the largest
batch has made it, and more where sizes vary.
"""

from __future__ import annotations

import ctypes
import sys

_M_TRIM_THRESHOLD = -1
_M_MMAP_MAX = -4


def keep_freed_memory() -> bool:
    """Tell glibc's malloc to keep what is freed; False where there is no such malloc."""
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(_M_MMAP_MAX, 0)) and bool(mallopt(_M_TRIM_THRESHOLD, -1))
