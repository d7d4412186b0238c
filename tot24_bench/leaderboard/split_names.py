"""Names of splits in submissions: one spelling each, and none that takes a reader long to draw."""

from __future__ import annotations

import re

from tot24_bench.game import GENERATED, is_split, parse_name

MAX_DRAWN_HANDS = 2_000
"""Hands of a generated split that a submission may name; more take a reader long to draw."""

MAX_SPLIT_CHARS = 80

_NAME = re.compile(r"[A-Za-z0-9_.-]+(?: [A-Za-z0-9_.-]+)*", re.ASCII)


def check_split_name(split: str, measured: bool) -> None:
    """Refuse a name that a submission may not have; nothing is drawn.

    Args:
        measured: what was measured here was asked the hands of a split that exists.

    Raises:
        ValueError: says what is wrong with it.
    """
    if len(split) > MAX_SPLIT_CHARS or not _NAME.fullmatch(split):
        raise ValueError("split is no plain name: use letters, digits, _ . - and single spaces")
    if measured and not is_split(split):
        raise ValueError(f"split is {split}, but what is measured asks a split of this benchmark")
    drawn = parse_name(split)
    if drawn is None:
        return
    if drawn.text != split or (drawn.seed and not GENERATED[drawn.name].seeded):
        plain = drawn.text if GENERATED[drawn.name].seeded else drawn.name
        raise ValueError(f"split is {split}: that draw is called {plain}")
    if (drawn.size or 0) > MAX_DRAWN_HANDS:
        raise ValueError(f"split is {split}: a submission has at most {MAX_DRAWN_HANDS} hands")
