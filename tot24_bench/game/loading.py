"""Splits by name, fixed and generated.

>>> len(load_split("fresh-s7-n20")), split_size("fresh-s7-n20"), is_split("frehs")
(20, 20, False)
"""

from __future__ import annotations

import difflib

from tot24_bench.game.generated import GENERATED, load_generated, parse_name
from tot24_bench.game.puzzle import Puzzle
from tot24_bench.game.splits import SPLITS, UnknownSplit
from tot24_bench.game.splits import load_split as load_fixed

ALL_SPLITS = (*SPLITS, *GENERATED)
"""Every split by name, the fixed ones first."""


def load_split(name: str) -> tuple[Puzzle, ...]:
    """The puzzles of a split, always in the same order.

    Args:
        name: a fixed split, or a generated one: `fresh`, `fresh-s7`, `fresh-n500`, `fresh-s7-n500`.

    Raises:
        UnknownSplit: when there is no such split; the message lists the nearest ones.
        BadDraw: for more hands than a generated split has.
    """
    if name in SPLITS:
        return load_fixed(name)
    if parse_name(name) is not None:
        return load_generated(name)
    near = difflib.get_close_matches(name.partition("-")[0], ALL_SPLITS, n=2, cutoff=0.4)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    raise UnknownSplit(f"no split {name[:40]!r}: {hint}the splits are {', '.join(ALL_SPLITS)}")


def is_split(name: str) -> bool:
    """Whether there is a split of that name."""
    return name in SPLITS or parse_name(name) is not None


def split_size(name: str) -> int:
    """How many hands a split has.

    Raises:
        UnknownSplit, BadDraw: as `load_split`.
    """
    drawn = parse_name(name)
    if drawn is not None and drawn.size is not None:
        return drawn.size  # without a draw
    return len(load_split(name))
