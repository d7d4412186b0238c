"""What a filtering was fed: files, teachers, and the traces that did not stay."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

from tot24_bench.game import Puzzle
from tot24_bench.schema import Count, Name, Record, Sha256
from tot24_bench.teachers import TeacherInfo, teacher_name
from tot24_bench.traces.judging import Reason


class Source(Record):
    """A trace file, by its name alone, with the hash of the bytes that were judged."""

    name: Name
    sha256: Sha256
    traces: Count


class Snapshot(NamedTuple):
    """The whole lines of a file at one moment; a teacher may add others meanwhile.

    Attributes:
        size: their bytes.
        lines: how many there are.
        sha256: of these bytes.
        ended: whether the last line has its end; one without may still grow.
    """

    size: int
    lines: int
    sha256: str
    ended: bool

    def holds(self, file: Path) -> bool:
        """Whether the file still begins with these bytes."""
        same = snapshot(file, self.size) == self
        return same and (self.ended or file.stat().st_size == self.size)


def snapshot(file: Path, size: int | None = None) -> Snapshot:
    """The lines of a file as they are now, or the first so many bytes.

    A last line without its end counts: whoever reads it says whether it is a trace.

    Raises:
        OSError: the file cannot be read.
    """
    digest = hashlib.sha256()
    left = file.stat().st_size if size is None else size
    read = lines = 0
    end = b"\n"
    with file.open("rb") as opened:
        while left > 0 and (chunk := opened.read(min(left, 2**20))):
            digest.update(chunk)
            lines += chunk.count(b"\n")
            left -= len(chunk)
            read += len(chunk)
            end = chunk[-1:]
    ended = end == b"\n"
    return Snapshot(read, lines + (not ended), digest.hexdigest(), ended)


class Teacher(Record):
    """A teacher, with how many of its traces came in and how many are kept."""

    teacher: TeacherInfo
    asked: Count
    kept: Count

    @property
    def label(self) -> str:
        """How rows name it."""
        return label_of(self.teacher)


class DroppedTrace(NamedTuple):
    """A trace that is not kept; `line` is its line in the file, from 1."""

    file: str
    line: int
    puzzle: Puzzle
    sample: int
    reason: Reason
    detail: str

    def to_json(self) -> dict[str, Any]:
        """A JSON object, for `--why`."""
        hand, target, rule = self.puzzle.identity
        return {
            "file": self.file,
            "line": self.line,
            "hand": " ".join(map(str, hand)),
            "target": target,
            "rule": rule,
            "sample": self.sample,
            "reason": str(self.reason),
            "detail": self.detail,
        }


def label_of(teacher: TeacherInfo) -> str:
    """How tables and rows name a teacher."""
    return teacher_name(f"{teacher.kind}: {teacher.model}")
