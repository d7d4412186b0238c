"""A submission as tables need it, a thousand in memory: what it says, and how each hand went.

>>> from tot24_bench.game import Puzzle
>>> outcome = Outcome(Puzzle.parse("4 4 6 8"), right=3, responses=4, tokens=80)
>>> outcome.mean
0.75
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Self

from tot24_bench.game import Puzzle
from tot24_bench.leaderboard.submission import Header, Sample, Submission
from tot24_bench.statistics import LEVEL, Interval, clustered, wilson


class Outcome(NamedTuple):
    """How one hand went: right responses, all of them, and their tokens, None where not known.

    Of a search, the response is the answer that it ranks first, and tokens are all that the model
    wrote for the hand.
    """

    puzzle: Puzzle
    right: int
    responses: int
    tokens: int | None

    @property
    def mean(self) -> float:
        """The share of right responses."""
        return self.right / self.responses


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the leaderboard with what its statistics rest on."""

    header: Header
    outcomes: tuple[Outcome, ...] = ()  # of each hand, in the order asked; none of a mere report
    withheld: bool = False

    @property
    def key(self) -> str:
        """The key of the submission."""
        return self.header.key

    @classmethod
    def of(cls, submission: Submission) -> Self:
        """The entry of a submission that is in memory."""
        fields = {name: getattr(submission, name) for name in Header.model_fields}
        return cls.gather(Header.model_construct(**fields), submission.samples)

    @classmethod
    def gather(cls, header: Header, samples: Iterable[Sample]) -> Self:
        """The entry of a submission whose samples come one at a time."""
        outcomes, withheld = [], False
        for sample in samples:
            counted = [count for count in sample.tokens if count is not None]
            tokens = sum(counted) if len(counted) == len(sample.tokens) else None
            if sample.search is not None:
                tokens = sample.search.completion_tokens
            right = sum(score.correct for score in sample.scores)
            outcomes.append(Outcome(sample.puzzle, right, len(sample.scores), tokens))
            withheld |= sample.withheld
        return cls(header, tuple(outcomes), withheld)


def interval(entry: Entry, level: float = LEVEL) -> Interval | None:
    """The interval of an entry's accuracy; None where its data cannot give one."""
    header = entry.header
    if header.repeats == 1:
        return wilson(round(header.metrics.acc * header.n), header.n, level)
    if not entry.outcomes:
        return None
    return clustered([outcome.mean for outcome in entry.outcomes], level)
