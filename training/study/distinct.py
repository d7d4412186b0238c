"""How many different traces an arm sees: the solver writes some easy ones again and again.

`distinct_as` gives an arm as many different traces as another arm's budget holds. Rows are counted
one after another, and the arm gets the rows up to the one that completes the number, with all of
their tokens: more than its budget where the traces are short, for fewer would be another number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from itertools import islice
from typing import Any, NamedTuple

from training.rows import RowConfig, make_row
from training.tokenizer import build_tokenizer


def distinct_rows(config: dict[str, Any], rows: int) -> int | None:
    """Different traces (prompt and completion) among the first rows; None for rows of a dataset.

    Args:
        config: of `training.sft`.
        rows: how many the student was trained on.
    """
    if config.get("dataset") is not None:
        return None
    return len(set(islice(_traces(config), rows)))


class Needed(NamedTuple):
    """Rows, from the first, and the tokens of their completions."""

    rows: int
    completion_tokens: int


def rows_with(config: dict[str, Any], distinct: int, most: int) -> Needed:
    """The rows, from the first, that hold so many different traces; at most `most` rows."""
    seen: set[tuple[str, str]] = set()
    completions: Counter[str] = Counter()
    for trace in islice(_traces(config), most):
        seen.add(trace)
        completions[trace[1]] += 1
        if len(seen) >= distinct:
            break
    tokenizer = build_tokenizer()
    lengths = [len(ids) + 1 for ids in tokenizer(list(completions))["input_ids"]]
    tokens = sum(a * b for a, b in zip(lengths, completions.values(), strict=True))
    return Needed(completions.total(), tokens)


def _traces(config: dict[str, Any]) -> Iterator[tuple[str, str]]:
    known = {field.name for field in fields(RowConfig)}
    rows = RowConfig(**{key: value for key, value in config.items() if key in known})
    index = 0
    while True:
        row = make_row(rows, index)
        yield row["prompt"], row["completion"]
        index += 1
