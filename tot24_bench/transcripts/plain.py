"""Plain records, for whoever writes their own.

{"numbers": [4, 4, 6, 8], "response": "Answer: (6 - 4) * (4 + 8) = 24"}
{"numbers": "4 4 6 8", "response": ["...", "..."], "target": 24}
"""

from __future__ import annotations

from tot24_bench.transcripts.fields import Record, puzzle_of, texts_of
from tot24_bench.transcripts.rollouts import Rollouts


def is_plain(record: Record) -> bool:
    """Whether a record has the two fields of a plain one."""
    return "numbers" in record and "response" in record


def read_plain(record: Record, line: int) -> Rollouts:
    """A plain record."""
    puzzle = puzzle_of(record.get("numbers"), record.get("target"))
    return Rollouts.bare(puzzle, texts_of(record.get("response"), "the response"), line)
