"""The searches of the leaderboard beside each other: three figures of each, and what it cost.

A search ends with several answers. Its accuracy is that of the answer which it ranks first: that is
what a user gets. Any of them and the mean of them are other figures, each under its own name.
"""

from __future__ import annotations

from collections.abc import Iterable

from tot24_bench.leaderboard.entry import Entry
from tot24_bench.leaderboard.tables.rows import (
    NOT_KNOWN,
    flags_of,
    in_order,
    mean_count,
    percent,
    row_of,
    short,
)

SEARCH_COLUMNS = (
    "model", "method", "shots", "split", "first-ranked [95%]", "any of the final answers",
    "mean of the final answers", "calls", "prompt tokens", "completion tokens", "states", "flags",
)  # fmt: skip

SEARCH_FIGURES = frozenset(SEARCH_COLUMNS[4:-1])
"""The headings of figures, which stand to the right."""


def search_rows(entries: Iterable[Entry]) -> list[tuple[str, ...]]:
    """The cells of each search, in the order of the leaderboard; see SEARCH_COLUMNS."""
    found = []
    for entry in in_order(entries):
        if (search := entry.header.search) is None:
            continue
        row = row_of(entry)
        flags = list(flags_of(entry.header))
        if search.out_of_budget:
            flags.append(f"{search.out_of_budget} of {entry.header.n} out of budget")
        means = (search.calls, search.prompt_tokens, search.completion_tokens, search.states)
        cells = (
            *(row.model, row.method, row.shots, row.split, row.accuracy),
            *(percent(search.any_final), percent(search.mean_final)),
            *(mean_count(mean) or NOT_KNOWN for mean in means),
            short(", ".join(flags)) or NOT_KNOWN,
        )
        found.append(cells)
    return found
