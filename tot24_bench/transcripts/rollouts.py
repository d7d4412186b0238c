"""What a transcript gives: rollouts a record, and where records were bad.

>>> Rollouts.bare(Puzzle.parse("4 4 6 8"), ("Answer: 4 * 6",), source_line=7).truncated
(False,)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from tot24_bench.game import Puzzle

MAX_NAMED = 10
"""Bad lines that are named; the others are counted."""


class BadTranscript(ValueError):
    """A file that cannot be read as a transcript; the message is one line with the fix."""


class BadRecord(ValueError):
    """A record that does not hold a hand and its responses; the message says why."""


class Rollouts(NamedTuple):
    """The responses of one record.

    Attributes:
        puzzle: the puzzle asked, its numbers in the order of the record.
        responses: what the model wrote, at least one; empty where it wrote nothing.
        source_line: the line of the file on which the record starts, from 1.
        truncated: for each response whether the record says that the token limit cut it off.
        tokens: the length of each response in the model's tokens; None where the record has none.
        judged: for each response whether the record itself calls it right; None where it does not
            say.
    """

    puzzle: Puzzle
    responses: tuple[str, ...]
    source_line: int
    truncated: tuple[bool, ...]
    tokens: tuple[int | None, ...]
    judged: tuple[bool | None, ...]

    @classmethod
    def bare(cls, puzzle: Puzzle, responses: Sequence[str], source_line: int) -> Self:
        """Rollouts of which nothing is known but the responses."""
        none = (None,) * len(responses)
        cut = (False,) * len(responses)
        return cls(puzzle, tuple(responses), source_line, cut, none, none)


@dataclass
class BadLines:
    """The records that could not be used.

    Attributes:
        count: how many there are.
        first: line and reason of the first MAX_NAMED.
    """

    count: int = 0
    first: list[tuple[int, str]] = field(default_factory=list)

    def add(self, line: int, reason: str) -> None:
        """Count a record, and keep its line while there are few."""
        self.count += 1
        if len(self.first) < MAX_NAMED:
            self.first.append((line, reason))

    @property
    def text(self) -> str:
        """All of it in one line, such as "2 bad records (lines 3, 9), line 3: not JSON".

        >>> bad = BadLines()
        >>> bad.add(3, "not JSON")
        >>> bad.text
        '1 bad record, line 3: not JSON'
        """
        if not self.first:
            return "no bad records"
        line, reason = self.first[0]
        if self.count == 1:
            return f"1 bad record, line {line}: {reason}"
        lines = ", ".join(str(number) for number, _ in self.first)
        more = ", ..." if self.count > len(self.first) else ""
        return f"{self.count} bad records (lines {lines}{more}), line {line}: {reason}"
