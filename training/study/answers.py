"""What the students answered, as the statistics need it: right or wrong, by arm, test and hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tot24_bench.game import Hand
from tot24_bench.leaderboard.entry import Entry
from tot24_bench.leaderboard.store import read_entries
from training.study.plan import Arm, Plan

if TYPE_CHECKING:
    from training.study.bootstrap import Rights


@dataclass(frozen=True)
class Answers:
    """All submissions of a study.

    Attributes:
        greedy: by arm and test.
        sampled: by arm and test, k responses a hand.
    """

    greedy: dict[tuple[str, str], Entry]
    sampled: dict[tuple[str, str], Entry]

    @classmethod
    def read(cls, kept: Path) -> Answers:
        """The submissions beside a plan.

        Raises:
            BadSubmission: one cannot be read.
        """
        found = cls({}, {})
        for entry in read_entries(kept):
            header = entry.header
            where = found.sampled if header.repeats > 1 else found.greedy
            where[header.model.name, header.split] = entry
        return found

    def has(self, arms: Sequence[Arm], tests: Sequence[str], *, passes: bool = False) -> bool:
        """Whether all of these arms have met all of these tests."""
        kind = self.sampled if passes else self.greedy
        return bool(arms) and all((arm.name, test) in kind for arm in arms for test in tests)

    def rights(self, arms: Sequence[Arm], tests: Sequence[str], *, passes: bool = False) -> Rights:
        """Seeds by hands, the hands of all tests one after another, in the order asked.

        Args:
            passes: a hand is right where any of its sampled responses is.
        """
        import numpy as np

        kind = self.sampled if passes else self.greedy
        rows = []
        for arm in arms:
            asked = [one for test in tests for one in kind[arm.name, test].outcomes]
            rows.append([float(one.right > 0) for one in asked])
        return np.array(rows, dtype=float)

    def hands(self, arm: Arm, test: str) -> list[Hand]:
        """The hands of a test, as `rights` has them."""
        return [one.puzzle.hand for one in self.greedy[arm.name, test].outcomes]


def groups_of(plan: Plan) -> dict[str, list[Arm]]:
    """The arms of each group, in the order of the plan."""
    found: dict[str, list[Arm]] = {}
    for arm in plan.arms:
        found.setdefault(arm.group, []).append(arm)
    return found
