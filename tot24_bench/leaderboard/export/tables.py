r"""The leaderboard as a CSV file for programs and as a LaTeX table for papers.

CSV: one row a submission, every figure in a column of its own; shares are 0 to 1, unrounded. A
spreadsheet runs a cell that begins with = + - @ as a formula. Where a submission's text does, a
single quotation mark stands before it (OWASP, CSV Injection).

LaTeX: a table that needs `\usepackage{booktabs}` and no other package. Only ASCII comes out:
accented letters as LaTeX's accents, other characters that LaTeX has a command for as that, any
further one as its number, such as [U+4E2D]. Every character that LaTeX or the table reads as a
command is escaped, ligatures and the [ and * that a line break would read as its argument included.

>>> print(escaped(r"\input{x} 50% é"))
\textbackslash{}input\{x\} 50\% \'{e}
"""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

from tot24_bench.leaderboard.entry import Entry, interval
from tot24_bench.leaderboard.store import read_entries
from tot24_bench.leaderboard.tables import (
    COLUMNS,
    MAX_NOTE_CHARS,
    NOT_KNOWN,
    RIGHT_ALIGNED,
    Ranked,
    method_of,
    note_numbers,
    notes_of,
    sections,
    trained_on,
    why_no_row,
)
from tot24_bench.schema import MAX_NAME_CHARS
from tot24_bench.search import SearchReport
from tot24_bench.text import guarded, one_line

WILSON = "Wilson score interval"
BOOTSTRAP = "percentile bootstrap clustered by hand"

SHOWN = ("rank", "model", "parameters", "method", "shots", "prompt", "split", "n", "accuracy")
"""The columns of the LaTeX table: what compares two rows, and what still fits a page."""

COMMANDS = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "$": r"\$",
    "#": r"\#", "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': "''",
    "`": r"\textasciigrave{}", "[": "{[}", "]": "{]}", "*": "{*}",
    "–": r"\textendash{}", "—": r"\textemdash{}", "…": r"\dots{}",
    "‘": r"\textasciigrave{}", "’": "'", "“": "''", "”": "''", "×": r"$\times$", "±": r"$\pm$",
    "ß": r"\ss{}", "æ": r"\ae{}", "Æ": r"\AE{}", "œ": r"\oe{}", "Œ": r"\OE{}",
    "ø": r"\o{}", "Ø": r"\O{}", "ł": r"\l{}", "Ł": r"\L{}", "ı": r"\i{}",
}  # fmt: skip

ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u",
    "\u0307": ".", "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0327": "c",
}  # fmt: skip
"""Combining marks and the letters or signs of LaTeX's commands for them."""

Cell = str | int | float | None


class NothingToExport(ValueError):
    """No submission was chosen; the message says what there is."""


def choose(results: Path, splits: Sequence[str] = (), models: Sequence[str] = ()) -> list[Entry]:
    """The entries of a results folder, of these splits and models only where any are given."""
    entries = [entry for entry in read_entries(results) if why_no_row(entry) is None]
    if not entries:
        raise NothingToExport(f"no submissions under {results}: run `tot24 eval` first")
    chosen = [
        entry
        for entry in entries
        if (not splits or entry.header.split in splits)
        and (not models or entry.header.model.name in models)
    ]
    if not chosen:
        there = _some(entry.header.split for entry in entries)
        names = _some(entry.header.model.name for entry in entries)
        raise NothingToExport(
            f"no submission under {results} is of that split and model: the splits are {there}; "
            f"the models are {names}"
        )
    return chosen


def _some(names: Iterable[str]) -> str:
    listed = sorted(set(names))
    more = f" and {len(listed) - 10} more" if len(listed) > 10 else ""
    return ", ".join(repr(name[:60]) for name in listed[:10]) + more


def interval_method(entry: Entry) -> str | None:
    """How `entry.interval` came by this entry's interval; None where there is none."""
    if entry.header.repeats == 1:
        return WILSON
    if not entry.outcomes:
        return None
    return BOOTSTRAP if len({outcome.mean for outcome in entry.outcomes}) > 1 else WILSON


def render_csv(entries: Iterable[Entry]) -> str:
    """The CSV file, its rows in the leaderboard's order."""
    ranked = [one for section in sections(entries) for one in section.ranked]
    records = [_record(one.entry, one.row.rank) for one in ranked]
    text = io.StringIO()
    writer = csv.DictWriter(text, records[0] if records else (), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


def _record(entry: Entry, rank: str) -> dict[str, Cell]:
    header, model = entry.header, entry.header.model
    ends = interval(entry)
    record: dict[str, Cell] = {
        "key": header.key,
        "rank": int(rank) if rank.isdecimal() else None,
        "model": model.name,
        **_fields(model, "parameters", "precision", "backend", "base", "licence", "link"),
        **_fields(model, "checkpoint_sha256", "teacher"),
        "trained_on": None if model.training is None else trained_on(model),
        "task": header.task,
        "method": method_of(header),
        **_fields(header, "split", "shots", "variant", "chat", "multiturn", "n", "repeats"),
        "accuracy": header.metrics.acc,
        "low": ends and ends.low,
        "high": ends and ends.high,
        "interval_method": interval_method(entry),
        **_fields(header.metrics, "valid", "answered", "false_claim", "truncated"),
        **_fields(header, "mean_response_tokens", "mean_prompt_tokens", "total_tokens"),
        **_search(header.search),
        **_fields(header, "wall_seconds", "hardware"),
        "created": header.created.isoformat(),
        **_fields(header, "obtained", "source"),
        "withheld": entry.withheld,
        "notes": "; ".join(notes_of(entry)),
    }
    for name, cell in record.items():
        if isinstance(cell, bool | str):
            text = cell if isinstance(cell, str) else str(cell).lower()
            record[name] = guarded(one_line(text, MAX_NAME_CHARS))
    return record


def _search(search: SearchReport | None) -> dict[str, Cell]:
    """The columns of searches; of any other row they are empty."""
    names = tuple(name for name in SearchReport.model_fields if name != "settings")
    said = dict.fromkeys(names) if search is None else _fields(search, *names)
    settings = None if search is None else json.dumps(search.settings.to_json())
    return {"search_settings": settings, **{f"search_{name}": said[name] for name in names}}


def _fields(record: object, *names: str) -> dict[str, Cell]:
    return {name: getattr(record, name) for name in names}


def render_latex(entries: Iterable[Entry]) -> str:
    """The LaTeX table with its caption and, below it, sources and notes."""
    every = sections(entries)
    ranked = [one for section in every for one in section.ranked]
    marks = note_numbers(ranked)
    lines = []
    for section in every:
        lines.append(r"\midrule")
        if len(every) > 1:
            title = rf"\emph{{{escaped(section.title)}}}"
            lines += [rf"\multicolumn{{{len(SHOWN)}}}{{l}}{{{title}}} \\", r"\midrule"]
        lines += [_line(one, marks) for one in section.ranked]
    lines += [r"\bottomrule", r"\end{tabular}"]
    if marks:
        lines.append(r"\par\smallskip\footnotesize\raggedright")
    lines += [rf"\textsuperscript{{{i}}}~{escaped(note)}\par" for note, i in marks.items()]
    body = "\n".join(lines)
    return rf"""% Needs \usepackage{{booktabs}}.
\begin{{table}}
\centering
\caption{{{_caption(ranked)}}}
\label{{tab:tot24}}
\begin{{tabular}}{{{"".join("r" if name in RIGHT_ALIGNED else "l" for name in SHOWN)}}}
\toprule
{" & ".join(escaped(getattr(COLUMNS, name)) for name in SHOWN)} \\
{body}
\end{{table}}
"""


def _caption(ranked: list[Ranked]) -> str:
    hands = sorted({one.entry.header.n for one in ranked})
    found = {interval_method(one.entry) for one in ranked}
    methods = {
        WILSON: "Wilson's score interval",
        BOOTSTRAP: "a bootstrap clustered by hand where a hand has several responses",
    }
    used = "; ".join(words for method, words in methods.items() if method in found)
    how = f" (95% interval: {used})" if used else ""
    n = " to ".join(map(str, dict.fromkeys((hands[0], hands[-1]))))
    sentences = [f"Game of 24: share of right answers{how}; n = {n} hands."]
    if any(one.row.rank != NOT_KNOWN for one in ranked):
        sentences.append("Rows that share a rank cannot be told apart.")
    if None in found:
        sentences.append("A mean over responses that are not public has no interval.")
    return escaped(" ".join(sentences))


def _line(one: Ranked, marks: dict[str, int]) -> str:
    cells = [escaped(getattr(one.row, name)) for name in SHOWN]
    if one.notes:
        numbers = ",".join(str(marks[note]) for note in dict.fromkeys(one.notes))
        cells[SHOWN.index("model")] += rf"\textsuperscript{{{numbers}}}"
    return " & ".join(cells) + r" \\"


def escaped(text: str) -> str:
    """Text as LaTeX sets it and never reads it as a command; ASCII, in one line."""
    line = one_line(text, MAX_NOTE_CHARS)
    out = "".join(map(_character, unicodedata.normalize("NFC", line)))
    return re.sub("-(?=-)", "-{}", out)  # LaTeX joins two hyphens into one dash


def _character(char: str) -> str:
    if char in COMMANDS:
        return COMMANDS[char]
    if char.isascii():
        return char
    parts = unicodedata.normalize("NFD", char)
    letter, mark = parts[0], parts[1:]
    if letter.isascii() and letter.isalpha() and mark in ACCENTS:
        dotless = rf"\{letter}" if letter in "ij" and mark != "\u0327" else letter
        return f"\\{ACCENTS[mark]}{{{dotless}}}"
    return f"{{[}}U+{ord(char):04X}{{]}}"
