"""Small pieces of text that messages share: one line, counts with nouns, "did you mean"."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for the beginning of a formula, the wide forms included."""


def one_line(text: str, most: int | None = None) -> str:
    """Text that a terminal shows as it is: it may quote what stands in somebody's file.

    Line breaks, control and direction characters become spaces.

    >>> one_line("two\\n  lines"), one_line("a long name", 6)
    ('two lines', 'a lon…')
    """
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if most is None or len(line) <= most else f"{line[: most - 1]}…"


def guarded(text: str) -> str:
    """A cell of one line that no spreadsheet takes for a formula.

    >>> guarded("=1+1"), guarded("scout-2m")
    ("'=1+1", 'scout-2m')
    """
    line = one_line(text)
    return f"'{line}" if line.startswith(FORMULA) else line


def plural(count: int, noun: str) -> str:
    """A count with its noun.

    >>> plural(1, "row"), plural(2_000, "trace")
    ('1 row', '2,000 traces')
    """
    return f"{count:,} {noun}{'s'[: count != 1]}"


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """The nearest of some names as a question, with a space after it; empty where none is near.

    >>> did_you_mean("hard10", ["hard100", "val"])
    'did you mean hard100? '
    """
    near = difflib.get_close_matches(name, list(names), n=2, cutoff=0.4)
    return f"did you mean {' or '.join(near)}? " if near else ""
