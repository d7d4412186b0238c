"""The leaderboard in a terminal, which is narrow.

Besides what is always shown only the columns whose cells differ are there; what all rows share
stands below the table. Sources and notes are left to the page. Nothing in a cell is read as markup.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from tot24_bench.leaderboard.entry import Entry
from tot24_bench.leaderboard.tables.rows import COLUMNS, NOT_KNOWN, RIGHT_ALIGNED, Row, no_rows, sections

if TYPE_CHECKING:
    from rich.table import Table

_ALWAYS_SHOWN = frozenset({"model", "method", "shots", "n", "accuracy", "tokens"})


def render_rich(entries: Iterable[Entry]) -> Table:
    """The table; the sections have a line between them and say what they are."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    kept = list(entries)
    every = sections(kept)
    found = [ranked.row for section in every for ranked in section.ranked]
    shared = {
        i: cells[0]
        for i, cells in enumerate(zip(*found, strict=True))
        if len(set(cells)) == 1 and Row._fields[i] not in _ALWAYS_SHOWN
    }
    said = [f"{COLUMNS[i]} {cell}" for i, cell in shared.items() if cell != NOT_KNOWN]
    if len(every) == 1:
        said.append(every[0].title.lower())
    table = Table(title="Game of 24: accuracy with its 95% interval", box=box.HORIZONTALS)
    below = [f"In every row: {'; '.join(said)}"] if said else []
    below += [f"No row: {one}" for one in no_rows(kept)]
    if below:
        table.caption = Text("\n".join(below))
    shown = [i for i in range(len(COLUMNS)) if i not in shared]
    for i in shown:
        name = Row._fields[i]
        justify: Literal["right", "left"] = "right" if name in RIGHT_ALIGNED else "left"
        table.add_column(COLUMNS[i], justify=justify, no_wrap=name == "accuracy", overflow="fold")
    for section in every:
        if len(every) > 1:
            at_model = [section.title if Row._fields[i] == "model" else "" for i in shown]
            table.add_row(*at_model, style="bold")
        for ranked in section.ranked:
            table.add_row(*(Text(ranked.row[i]) for i in shown))  # a Text is not read as markup
        table.add_section()
    return table
