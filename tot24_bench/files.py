"""Write files so that a crash leaves the old content or the new, never half of one.

`write_durably` replaces one small text file. `replace_all` replaces several files together: they
are written under other names first and renamed together, and what was there before is put back
when anything fails.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

Writer = Callable[[BinaryIO], object]
"""Writes the content of a file into it."""


def write_durably(path: Path, text: str) -> None:
    """Give a file its text: whatever stops the machine, it holds the old one or the new one.

    Raises:
        OSError: it cannot be written; the old text stays.
    """
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with new.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_all(contents: dict[Path, Writer | None]) -> None:
    """Give every path its content (None: no such file), all of them or, on failure, none."""
    new = {path: path.with_name(f".{path.name}.{os.getpid()}.new") for path in contents}
    old = {path: path.with_name(f".{path.name}.{os.getpid()}.old") for path in contents}
    moves: list[tuple[Path, Path]] = []
    try:
        for path, content in contents.items():
            if content is not None:
                _write_through(new[path], content)
        moves = [(path, old[path]) for path in reversed(contents) if path.exists()]
        moves += [(new[path], path) for path, content in contents.items() if content is not None]
        for source, to in moves:
            os.replace(source, to)
    except BaseException:  # an interrupted run must not leave half a submission either
        for source, to in reversed(moves):
            if to.exists() and not source.exists():
                os.replace(to, source)
        raise
    finally:
        for temporary in (*new.values(), *old.values()):
            temporary.unlink(missing_ok=True)


def _write_through(path: Path, content: Writer) -> None:
    """Write a file down to the disk, so that a full disk fails here and not after the rename."""
    path.unlink(missing_ok=True)  # of an earlier process that was killed, or somebody's link
    with path.open("xb") as file:
        content(file)
        file.flush()
        os.fsync(file.fileno())
