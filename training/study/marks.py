"""How true an arm's dead-end marks are: what marks at random, as many, still tell.

A mark on a line drawn at random stands on a dead state more often than not where most lines are
dead: such an arm has worse marks, not none.

>>> count("4 + 8 = 12 (left: 4 6 12)\\n8 - 4 = 4 (left: 4 4 6): dead end\\n")
Marks(dead=1, dead_marked=1, winning=1, winning_marked=0)
"""

from __future__ import annotations

import re
from dataclasses import fields
from fractions import Fraction
from typing import Any, NamedTuple

from tot24_bench.game import TARGET, Number, State, can_reach
from training.rows import RowConfig, make_row

ROWS = 1_000

_LINE = re.compile(r"\(left: ([^)\n]+)\)(: dead end)?$", re.MULTILINE)


class Marks(NamedTuple):
    """Lines that show a state, by whether it can still win, and how many of them are marked."""

    dead: int
    dead_marked: int
    winning: int
    winning_marked: int

    def to_json(self) -> dict[str, float | None]:
        """The shares, None where there is nothing to take one of."""
        marked = self.dead_marked + self.winning_marked
        return {
            "true": self.dead_marked / marked if marked else None,
            "dead_marked": self.dead_marked / self.dead if self.dead else None,
            "winning_marked": self.winning_marked / self.winning if self.winning else None,
        }


def marks_of(config: dict[str, Any], rows: int = ROWS) -> Marks:
    """The marks of the first One-Step rows.

    Args:
        config: of `training.sft`, with One-Step rows alone.
    """
    known = {field.name for field in fields(RowConfig)}
    made = RowConfig(**{key: value for key, value in config.items() if key in known})
    return count("\n".join(make_row(made, index)["completion"] for index in range(rows)))


def count(text: str) -> Marks:
    """The marks of responses, judged by the exact solver."""
    found = [0, 0, 0, 0]
    for numbers, mark in _LINE.findall(text):
        state = State(tuple(sorted(map(_number, numbers.split()))))
        place = 2 if can_reach(state, TARGET) else 0
        found[place] += 1
        found[place + 1] += bool(mark)
    return Marks(*found)


def _number(text: str) -> Number:
    number = Fraction(text)
    return number.numerator if number.denominator == 1 else number
