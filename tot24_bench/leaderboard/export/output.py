"""Write exported files below one place, and nowhere else.

- Nothing is written through a link: neither the place nor anything below it may be one.
- A file that is there already stays, unless it may be overwritten; this is found out for all files
  before the first is written.
- A file is written under another name and renamed, so that none is ever half there.
- Names come from this project's code or from `key.key_of`; anything else is refused.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

MAX_FILES = 100_000
"""Files of one export: ten thousand submissions with what lies beside each of them."""

MODE = 0o644
"""Of an exported file; temporary files, which they begin as, are for their owner alone."""


class ExportExists(FileExistsError):
    """A file is there already; the message names it and says how to go on."""


class UnsafeOutput(OSError):
    """What would be written goes through a link or leaves the folder; the message says where."""


class File(NamedTuple):
    """A file to write.

    Attributes:
        name: where it stands below the output folder, parts separated by "/".
        content: gives its bytes in pieces; called once, after the files before it are written.
    """

    name: str
    content: Callable[[], Iterable[bytes]]

    @classmethod
    def of(cls, name: str, text: str | bytes) -> File:
        """A file whose content is at hand."""
        data = text.encode() if isinstance(text, str) else text
        return cls(name, lambda: (data,))


def write_file(path: Path, text: str, overwrite: bool = False) -> list[Path]:
    """Write a single file; its folder is made when missing.

    Raises:
        ExportExists, UnsafeOutput: as `write_files`.
    """
    # The folder that holds it is the caller's choice, so only the file itself may be no link.
    return _write_all(path, path.parent, [File.of(path.name, text)], overwrite)


def write_files(folder: Path, files: Sequence[File], overwrite: bool = False) -> list[Path]:
    """Write files below a folder, which is made when missing.

    Returns:
        Their paths, in the order given.

    Raises:
        ExportExists: when one of them is there and `overwrite` is False; nothing is written.
        UnsafeOutput: when one would be written through a link or outside the folder; nothing is
            written.
    """
    if folder.exists() and not folder.is_dir():
        raise ExportExists(f"{folder} is a file: give a folder with --output")
    return _write_all(folder, folder, files, overwrite)


def _write_all(top: Path, folder: Path, files: Sequence[File], overwrite: bool) -> list[Path]:
    """Write them all; `top` is the first part of their paths that may be no link."""
    if len(files) > MAX_FILES:
        raise UnsafeOutput(f"{len(files)} files are more than {MAX_FILES}: choose some of the rows")
    paths = [_checked(top, folder, file.name, overwrite) for file in files]
    if len(set(paths)) < len(paths):
        raise UnsafeOutput(f"two files of the export to {folder} have one name")
    for path, file in zip(paths, files, strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        _refuse_links(top, path)  # the folder may have changed since the check
        _write(path, file.content())
    return paths


def _checked(top: Path, folder: Path, name: str, overwrite: bool) -> Path:
    parts = name.split("/")
    if any(part in ("", ".", "..") or "\\" in part or "\0" in part for part in parts):
        raise UnsafeOutput(f"{name[:80]!r} is no name for an exported file")
    path = folder.joinpath(*parts)
    _refuse_links(top, path)
    if path.is_dir():
        raise ExportExists(f"{path} is a folder: give another --output")
    if path.exists() and not overwrite:
        raise ExportExists(f"{path} is there already: use --overwrite, or give another --output")
    return path


def _refuse_links(top: Path, path: Path) -> None:
    """Refuse a link at the top, at the path, and anywhere between them."""
    between = [path, *path.parents]
    for one in between[: between.index(top) + 1]:
        try:
            kind = one.lstat().st_mode
        except FileNotFoundError:
            continue
        if stat.S_ISLNK(kind):
            raise UnsafeOutput(f"{one} is a link, and nothing is written through one: remove it")


def _write(path: Path, pieces: Iterable[bytes]) -> None:
    # mkstemp opens a name that nobody could have put a link at; a rename does not follow one.
    handle, draft = tempfile.mkstemp(prefix=".tot24-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(pieces)
        os.chmod(draft, MODE)
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise
