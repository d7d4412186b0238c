"""The submissions as CSV: one row each, every figure in a column of its own, for programs.

- UTF-8, a header line, a dot as the decimal sign; a cell is empty where nothing is known.
- Shares are 0 to 1, unrounded; `low` and `high` are the ends of the 95% interval, by
  `interval_method`; tokens are the model's own.
- A spreadsheet runs a cell that begins with = + - @ as a formula. Where a submission's text does, a
  single quotation mark stands before it (OWASP, CSV Injection).
- Text is one line without control and direction characters.

>>> guarded("=1+1"), guarded("scout-2m")
("'=1+1", 'scout-2m')
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from tot24_bench.leaderboard.entry import Entry, interval
from tot24_bench.leaderboard.export.choice import interval_method
from tot24_bench.leaderboard.tables.rows import method_of, notes_of, one_line, sections, trained_on
from tot24_bench.schema import MAX_NAME_CHARS

FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for the beginning of a formula, the wide forms included."""

Cell = str | int | float | None


def render_csv(entries: Iterable[Entry]) -> str:
    """The table, its rows in the leaderboard's order."""
    records = [
        _record(ranked.entry, ranked.row.rank)
        for section in sections(entries)
        for ranked in section.ranked
    ]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(records[0]) if records else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


def guarded(text: str) -> str:
    """A cell of one line that no spreadsheet takes for a formula."""
    line = one_line(text, MAX_NAME_CHARS)
    return f"'{line}" if line.startswith(FORMULA) else line


def _record(entry: Entry, rank: str) -> dict[str, Cell]:
    header, model, metrics = entry.header, entry.header.model, entry.header.metrics
    ends = interval(entry)
    record: dict[str, Cell] = {
        "key": header.key,
        "rank": int(rank) if rank.isdecimal() else None,
        "model": model.name,
        "parameters": model.parameters,
        "precision": model.precision,
        "backend": model.backend,
        "base": model.base,
        "licence": model.licence,
        "link": model.link,
        "checkpoint_sha256": model.checkpoint_sha256,
        "teacher": model.teacher,
        "trained_on": None if model.training is None else trained_on(model),
        "task": header.task,
        "method": method_of(header),
        "split": header.split,
        "shots": header.shots,
        "variant": header.variant,
        "chat": str(header.chat).lower(),
        "multiturn": str(header.multiturn).lower(),
        "n": header.n,
        "repeats": header.repeats,
        "accuracy": metrics.acc,
        "low": ends and ends.low,
        "high": ends and ends.high,
        "interval_method": interval_method(entry),
        "valid": metrics.valid,
        "answered": metrics.answered,
        "false_claim": metrics.false_claim,
        "truncated": metrics.truncated,
        "mean_response_tokens": header.mean_response_tokens,
        "wall_seconds": header.wall_seconds,
        "hardware": header.hardware,
        "created": header.created.isoformat(),
        "obtained": header.obtained,
        "source": header.source,
        "withheld": str(entry.withheld).lower(),
        "notes": "; ".join(notes_of(entry)),
    }
    return {name: guarded(cell) if isinstance(cell, str) else cell for name, cell in record.items()}
