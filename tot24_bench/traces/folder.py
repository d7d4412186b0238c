"""The folder of a dataset: what may lie in it, and how a new one takes the place of an old one.

Only what this project wrote is ever removed, file by file: a foreign file in the folder, or a
folder that merely looks like a dataset, is refused and named. A folder takes its name whole or not
at all, and one that was killed between the two steps of a replacement is put back by the next run.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

RECORD, CARD, HANDS = "dataset.json", "README.md", "hands.jsonl"

FORMS = ("prompt_completion", "messages")
"""The two forms of the rows, each a folder and a configuration of the card."""

ROWS = "train.parquet"

MAX_RECORD_BYTES = 2**26

_FORMAT_STARTS = "tot24-dataset/"
_FILES = frozenset({RECORD, CARD, HANDS, *(f"{form}/{ROWS}" for form in FORMS)})


class BadDataset(ValueError):
    """A folder that is no whole dataset of ours, or may not become one; the message says why."""


def require_free(folder: Path, overwrite: bool) -> None:
    """Refuse a folder that must not be written; put one back that a killed run left aside.

    Raises:
        BadDataset: it exists and may not be overwritten, is no dataset, or holds other files.
        OSError: it cannot be looked at.
    """
    if folder.name in ("", ".."):
        raise BadDataset(f"{folder} is no name for a new folder: give another -o")
    if not folder.parent.is_dir():
        raise BadDataset(f"no folder {folder.parent}: make it, or give another -o")
    _put_back(folder)
    if not folder.exists() and not folder.is_symlink():
        return
    if folder.is_symlink() or not folder.is_dir() or not _is_ours(folder / RECORD):
        raise BadDataset(f"{folder} is there and is no dataset: give another -o")
    if (extra := extra_file(folder)) is not None:
        raise BadDataset(
            f"{folder} holds {extra}, which is no part of a dataset: move it, or give another -o"
        )
    if not overwrite:
        raise BadDataset(f"{folder} is there already: add --overwrite, or give another -o")


def rows_file(folder: Path, form: str) -> Path:
    """The file of the rows in a form."""
    return folder / form / ROWS


def extra_file(folder: Path) -> str | None:
    """The first thing in a folder that is no part of a dataset."""
    for path in sorted(folder.iterdir()):
        if path.name in FORMS and path.is_dir() and not path.is_symlink():
            inside = sorted(path.iterdir())
        else:
            inside = [path]
        for one in inside:
            name = one.relative_to(folder).as_posix()
            if name not in _FILES or one.is_symlink() or not one.is_file():
                return name
    return None


def put(new: Path, folder: Path, overwrite: bool) -> None:
    """Give a finished folder its name; what was there is put back if that fails.

    Raises:
        BadDataset: something else has that name by now.
        OSError: it cannot be moved.
    """
    if not overwrite or not (folder.exists() or folder.is_symlink()):
        try:
            new.rename(folder)  # never replaces what holds anything
        except OSError:
            if not (folder.exists() or folder.is_symlink()):
                raise
            raise BadDataset(
                f"{folder} appeared while the dataset was made: nothing is written; give another -o"
            ) from None
        return
    require_free(folder, overwrite)
    old = aside(folder, "old")
    folder.rename(old)
    try:
        new.rename(folder)
    except BaseException:
        old.rename(folder)
        raise
    remove(old)
    if old.exists():
        raise BadDataset(
            f"{folder} is written; {old} holds files of others that appeared meanwhile: move them"
        )


def aside(folder: Path, why: str) -> Path:
    """Where a folder is made, or kept, beside its place."""
    return folder.with_name(f".{folder.name}.{os.getpid()}.{why}")


def remove(folder: Path) -> None:
    """Remove the files of a dataset, and its folders where nothing else is in them."""
    if not folder.is_dir() or folder.is_symlink():
        return
    for name in _FILES:
        (folder / name).unlink(missing_ok=True)
    for one in (*(folder / form for form in FORMS), folder):
        try:
            one.rmdir()
        except OSError:  # not there, or something of others in it
            continue


def _put_back(folder: Path) -> None:
    """After a run that was killed: the dataset that it had moved aside, and what it left."""
    for path in _left_aside(folder):
        if path.suffix == ".old" and not folder.exists() and _is_ours(path / RECORD):
            path.rename(folder)
        else:
            remove(path)


def moved_aside(folder: Path) -> Path | None:
    """Where a killed run left the dataset that should be in a folder; None where there is none."""
    if folder.exists() or not folder.parent.is_dir():
        return None
    found = (path for path in _left_aside(folder) if path.suffix == ".old")
    return next((path for path in found if _is_ours(path / RECORD)), None)


def _left_aside(folder: Path) -> list[Path]:
    """The folders beside a folder that `aside` named for a process that has ended."""
    left = re.compile(rf"\.{re.escape(folder.name)}\.([0-9]{{1,9}})\.(?:old|new)")
    return [
        path
        for path in sorted(folder.parent.iterdir())
        if (match := left.fullmatch(path.name)) is not None
        and not path.is_symlink()
        and not _runs(int(match[1]))
    ]


def _runs(process: int) -> bool:
    """Whether a process of that number runs; another one may have got its number since."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _is_ours(record: Path) -> bool:
    if not record.is_file() or record.stat().st_size > MAX_RECORD_BYTES:
        return False
    try:
        found = json.loads(record.read_bytes())
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and str(found.get("format")).startswith(_FORMAT_STARTS)
