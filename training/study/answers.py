"""What the students answered, as the statistics need it: right or wrong, by arm, test and hand.

Of the submissions beside a plan only those count that the plan asks for: an arm's own method,
0-shot, all hands of one of its tests, greedy or by the plan's temperature.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from tot24_bench.game import Hand
from tot24_bench.harness import expand_by_split
from tot24_bench.leaderboard import (
    BadSubmission,
    Entry,
    Votes,
    key_of,
    path_of,
    read,
    read_entries,
)

from .plan import Arm, Plan

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Rights = NDArray[np.float64]
    """Seeds by hands: 1 where the answer is right, 0 where it is not."""


@dataclass(frozen=True)
class Answers:
    """All submissions of a study, by arm and test."""

    greedy: dict[tuple[str, str], Entry]
    sampled: dict[tuple[str, str], Entry]  # k responses a hand, read where `passes` is asked for
    kept: Path | None = None  # where the responses lie, which `votes` reads; none: nobody votes

    @classmethod
    def read(cls, plan: Plan, kept: Path) -> Answers:
        """The submissions beside a plan that it asks for; refused where two are of one kind."""
        found = cls({}, {}, kept)
        arms = {arm.name: arm for arm in plan.arms}
        for entry in read_entries(kept):
            arm = arms.get(entry.header.model.name)
            if arm is None or not _as_planned(plan, arm, entry):
                continue
            kind = found.sampled if entry.header.repeats > 1 else found.greedy
            other = kind.setdefault((arm.name, entry.header.split), entry)
            if other is not entry:
                where = " and ".join(str(path_of(kept, one.key)) for one in (other, entry))
                raise BadSubmission(f"{where} are of the same arm, test and kind: move one away")
        return found

    def has(self, arms: Sequence[Arm], tests: Sequence[str], *, passes: bool = False) -> bool:
        """Whether all of these arms have met all of these tests."""
        kind = self.sampled if passes else self.greedy
        return bool(arms) and all((arm.name, test) in kind for arm in arms for test in tests)

    def complete(self, plan: Plan, arm: Arm) -> bool:
        """Whether nothing is left to ask an arm."""
        passes = plan.sampling.tests if plan.sampling and arm.sampled else ()
        return self.has([arm], plan.tests) and self.has([arm], passes, passes=True)

    def weights_that_met(self, arm: Arm) -> set[str | None]:
        """The hashes of the weights that an arm's tests were answered by; none asked, none."""
        asked = (*self.greedy.items(), *self.sampled.items())
        return {e.header.model.checkpoint_sha256 for (name, _), e in asked if name == arm.name}

    def rights(self, arms: Sequence[Arm], tests: Sequence[str], *, passes: bool = False) -> Rights:
        """Seeds by hands, the hands of all tests one after another, in the order asked.

        Args:
            passes: a hand is right where any of its sampled responses is.
        """
        import numpy as np

        kind = self.sampled if passes else self.greedy
        rights = [
            [one.right > 0 for test in tests for one in kind[arm.name, test].outcomes]
            for arm in arms
        ]
        return np.array(rights, dtype=float)

    def votes(self, arms: Sequence[Arm], tests: Sequence[str]) -> Rights | None:
        """As `rights` of sampled responses, a hand by its most frequent answer; None: not sampled.

        Answers are one up to order and grouping, as kind to who votes as can be (`Votes.by_form`).
        """
        import numpy as np

        if self.kept is None or not self.has(arms, tests, passes=True):
            return None
        files = [[path_of(self.kept, self.sampled[a.name, t].key) for t in tests] for a in arms]
        return np.array([sum(map(_elected, own), ()) for own in files], dtype=float)

    def tokens(self, arms: Sequence[Arm], test: str, *, passes: bool = False) -> float:
        """Mean tokens that an arm writes for a hand, all its responses together."""
        kind, found = self.sampled if passes else self.greedy, []
        for arm in arms:
            header = kind[arm.name, test].header
            if header.mean_response_tokens is None:
                raise ValueError(f"{arm.name}: its submission on {test} does not tell its tokens")
            found.append(header.repeats * header.mean_response_tokens)
        return fmean(found)

    def hands(self, arm: Arm, test: str) -> list[Hand]:
        """The hands of a test, as `rights` has them."""
        return [one.puzzle.hand for one in self.greedy[arm.name, test].outcomes]


@cache
def _elected(file: Path) -> tuple[bool, ...]:
    """Whether the most frequent answer to each hand of a submission is right."""
    found = []
    for sample in read(file).samples:
        votes = Votes()
        for response, score in zip(sample.responses, sample.scores, strict=True):
            votes.add(response, score)
        found.append(votes.by_form())
    return tuple(found)


def _as_planned(plan: Plan, arm: Arm, entry: Entry) -> bool:
    """Whether it is what the plan asks of the arm: greedily once, or k times by its temperature."""
    header, rule = entry.header, plan.sampling
    if header.split not in plan.tests:
        return False
    ((split, (task,)),) = expand_by_split([arm.task], header.split).items()
    if entry.key != key_of(arm.name, task, shots=0, split=str(split), repeats=header.repeats):
        return False
    if header.repeats == 1:
        return not header.generation.get("do_sample")
    return rule is not None and header.generation.get("temperature") == rule.temperature
