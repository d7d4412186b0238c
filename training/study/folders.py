"""Where things of the study are.

Beside the plan, kept in git: `records/`, `submissions/`, `results.json`, `accuracy.png`, and
`evaluated.json`, which says under which plan the first test hand was asked. Below the runs folder,
not kept: the data, and a folder an arm with its checkpoints and its finished student.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.export import RECORD
from training.study.plan import Arm

RUNS = Path("runs/study")


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders of a study.

    Attributes:
        plan: the plan's file.
        runs: where checkpoints, students and data go.
    """

    plan: Path
    runs: Path

    @property
    def kept(self) -> Path:
        """What is kept: it is a results folder of `tot24`, too."""
        return self.plan.parent

    def run(self, arm: Arm) -> Path:
        """The arm's checkpoints."""
        return self.runs / arm.name

    def student(self, arm: Arm) -> Path:
        """The finished student."""
        return self.run(arm) / "student"

    def config(self, arm: Arm) -> Path:
        """What the arm was trained by."""
        return self.run(arm) / "config.yaml"

    def dataset(self, name: str) -> Path:
        """Rows of the plan's data."""
        return self.runs / "data" / name

    def record(self, arm: Arm) -> Path:
        """The kept copy of the student's record."""
        return self.kept / "records" / f"{arm.name}.json"

    def is_trained(self, arm: Arm) -> bool:
        """Whether the student is there, whole: the record is what an export writes last."""
        return (self.student(arm) / RECORD).is_file()

    def read_record(self, arm: Arm) -> dict[str, Any] | None:
        """The kept record: what the student says of its training, and `study`; None without."""
        file = self.record(arm)
        if not file.is_file():
            return None
        record: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return record
