"""Write files so that a crash leaves the old content or the new, never half of one.

`write_durably` replaces one small text file. `replace_all` replaces several files together: they
are written under other names first and renamed together, and what was there before is put back
when anything fails. `write_files` writes the files of an export below one folder and nowhere else:
never through a link, never over a file unasked.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

Writer = Callable[[BinaryIO], object]  # writes the content of a file into it


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


class ExportExists(FileExistsError):
    """A file is there already; the message names it and says how to go on."""


class UnsafeOutput(OSError):
    """What would be written goes through a link or leaves the folder; the message says where."""


class File(NamedTuple):
    """A file of an export."""

    name: str  # where it stands below the output folder, parts separated by "/"
    content: Callable[[], Iterable[bytes]]  # called once, after the files before it are written

    @classmethod
    def of(cls, name: str, text: str | bytes) -> File:
        """A file whose content is at hand."""
        data = text.encode() if isinstance(text, str) else text
        return cls(name, lambda: (data,))


def write_file(path: Path, text: str, overwrite: bool = False) -> list[Path]:
    """Write a single file as `write_files` does; its folder is made when missing."""
    # The folder that holds it is the caller's choice, so only the file itself may be no link.
    return _write_all([(path, path)], [File.of(path.name, text)], overwrite)


def write_files(folder: Path, files: Sequence[File], overwrite: bool = False) -> list[Path]:
    """Write files below a folder, which is made when missing: all of them or, on failure, none.

    Names come from this project's code or from a submission's key; anything else is refused.

    Raises:
        ExportExists: one of them is there and `overwrite` is False.
        UnsafeOutput: one would be written through a link or outside the folder.
    """
    if folder.exists() and not folder.is_dir():
        raise ExportExists(f"{folder} is a file: give a folder with --output")
    paths = []
    for file in files:
        parts = file.name.split("/")
        if any(part in ("", ".", "..") or "\\" in part or "\0" in part for part in parts):
            raise UnsafeOutput(f"{file.name[:80]!r} is no name for an exported file")
        paths.append((folder, folder.joinpath(*parts)))
    return _write_all(paths, files, overwrite)


def _write_all(
    paths: list[tuple[Path, Path]], files: Sequence[File], overwrite: bool
) -> list[Path]:
    """Write files to their paths; with each path its first part that may be no link."""
    for top, path in paths:
        _refuse_links(top, path)
        if path.is_dir():
            raise ExportExists(f"{path} is a folder: give another --output")
        if path.exists() and not overwrite:
            raise ExportExists(
                f"{path} is there already: use --overwrite, or give another --output"
            )
    contents: dict[Path, Writer | None] = {}
    for (top, path), file in zip(paths, files, strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        _refuse_links(top, path)  # the folder may have changed since the check
        contents[path] = _writer(file)
    replace_all(contents)
    return list(contents)


def _writer(file: File) -> Writer:
    return lambda opened: opened.writelines(file.content())


def _refuse_links(top: Path, path: Path) -> None:
    """Refuse a link at the top, at the path, and anywhere between them."""
    between = [path, *path.parents]
    for one in between[: between.index(top) + 1]:
        if one.is_symlink():
            raise UnsafeOutput(f"{one} is a link, and nothing is written through one: remove it")
