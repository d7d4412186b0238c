"""What a filtering was fed: files, teachers, and the traces that did not stay."""

from __future__ import annotations

from typing import Any, NamedTuple

from tot24_bench.game import Puzzle
from tot24_bench.schema import Count, Name, Record, Sha256
from tot24_bench.teachers.teacher import TeacherInfo
from tot24_bench.traces.judging import Reason


class Source(Record):
    """A trace file, by its name alone, with the hash of all its bytes."""

    name: Name
    sha256: Sha256
    traces: Count


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
    return f"{teacher.kind}: {teacher.model}"
