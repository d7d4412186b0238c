r"""The leaderboard as a LaTeX table, for papers.

- It needs `\usepackage{booktabs}` and no other package.
- Only ASCII comes out: accented letters as LaTeX's accents, other characters that LaTeX has a
  command for as that, any further one as its number, such as [U+4E2D].
- Every character that LaTeX or the table reads as a command is escaped, ligatures and the [ and *
  that a line break would read as its argument included.
- What was measured, rescored and reported stands apart, and the caption says how intervals came.

>>> print(escaped(r"\input{x} 50% é"))
\textbackslash{}input\{x\} 50\% \'{e}
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from tot24_bench.leaderboard.entry import Entry
from tot24_bench.leaderboard.export.choice import BOOTSTRAP, WILSON, interval_method
from tot24_bench.leaderboard.tables.rows import (
    COLUMNS,
    MAX_NOTE_CHARS,
    NOT_KNOWN,
    RIGHT_ALIGNED,
    Ranked,
    Row,
    one_line,
    sections,
)

SHOWN = ("rank", "model", "parameters", "method", "shots", "prompt", "split", "n", "accuracy")
"""The columns: what a reader needs to compare two rows, and what still fits a page."""

COMMANDS = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "`": r"\textasciigrave{}",
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
    "–": r"\textendash{}",
    "—": r"\textemdash{}",
    "…": r"\dots{}",
    "‘": r"\textasciigrave{}",
    "’": "'",
    "“": "''",
    "”": "''",
    "×": r"$\times$",
    "±": r"$\pm$",
    "ß": r"\ss{}",
    "æ": r"\ae{}",
    "Æ": r"\AE{}",
    "œ": r"\oe{}",
    "Œ": r"\OE{}",
    "ø": r"\o{}",
    "Ø": r"\O{}",
    "ł": r"\l{}",
    "Ł": r"\L{}",
    "ı": r"\i{}",
}

ACCENTS = {
    "\u0300": "`",
    "\u0301": "'",
    "\u0302": "^",
    "\u0303": "~",
    "\u0304": "=",
    "\u0306": "u",
    "\u0307": ".",
    "\u0308": '"',
    "\u030a": "r",
    "\u030b": "H",
    "\u030c": "v",
    "\u0327": "c",
}
"""Combining marks and the letters or signs of LaTeX's commands for them."""

_DASHES = re.compile("-(?=-)")


def render_latex(entries: Iterable[Entry], label: str = "tab:tot24") -> str:
    """The table with its caption and, below it, sources and notes.

    Args:
        label: what `\\ref` finds it by.
    """
    every = sections(entries)
    ranked = [one for section in every for one in section.ranked]
    marks = _marks(ranked)
    columns = "".join("r" if name in RIGHT_ALIGNED else "l" for name in SHOWN)
    lines = [
        r"% Needs \usepackage{booktabs}.",
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{_caption(ranked)}}}",
        rf"\label{{{label}}}",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        " & ".join(escaped(getattr(COLUMNS, name)) for name in SHOWN) + r" \\",
    ]
    for section in every:
        lines.append(r"\midrule")
        if len(every) > 1:
            lines += [
                rf"\multicolumn{{{len(SHOWN)}}}{{l}}{{\emph{{{escaped(section.title)}}}}} \\",
                r"\midrule",
            ]
        lines += [_line(one, marks) for one in section.ranked]
    lines += [r"\bottomrule", r"\end{tabular}"]
    if marks:
        lines.append(r"\par\smallskip\footnotesize\raggedright")
        lines += [rf"{_mark(number)}~{escaped(note)}\par" for note, number in marks.items()]
    return "\n".join([*lines, r"\end{table}"]) + "\n"


def escaped(text: str) -> str:
    """Text as LaTeX sets it and never reads it as a command; ASCII, in one line."""
    line = one_line(text, MAX_NOTE_CHARS)
    out = "".join(map(_character, unicodedata.normalize("NFC", line)))
    return _DASHES.sub("-{}", out)  # LaTeX joins two hyphens into one dash


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


def _caption(ranked: list[Ranked]) -> str:
    hands = sorted({one.entry.header.n for one in ranked})
    found = {interval_method(one.entry) for one in ranked}
    methods = [
        words
        for method, words in (
            (WILSON, "Wilson's score interval"),
            (BOOTSTRAP, "a bootstrap clustered by hand where a hand has several responses"),
        )
        if method in found
    ]
    how = f" (95% interval: {'; '.join(methods)})" if methods else ""
    n = str(hands[0]) if len(hands) == 1 else f"{hands[0]} to {hands[-1]}"
    sentences = [f"Game of 24: share of right answers{how}; n = {n} hands."]
    if any(one.row.rank != NOT_KNOWN for one in ranked):
        sentences.append("Rows that share a rank cannot be told apart.")
    if None in found:
        sentences.append("A mean over responses that are not public has no interval.")
    return escaped(" ".join(sentences))


def _marks(ranked: list[Ranked]) -> dict[str, int]:
    """Every note once, with its number, in the order in which rows come to it."""
    notes = dict.fromkeys(note for one in ranked for note in one.notes)
    return {note: number for number, note in enumerate(notes, start=1)}


def _line(one: Ranked, marks: dict[str, int]) -> str:
    cells = [_cell(one.row, name) for name in SHOWN]
    if one.notes:
        numbers = ",".join(str(marks[note]) for note in dict.fromkeys(one.notes))
        cells[SHOWN.index("model")] += rf"\textsuperscript{{{numbers}}}"
    return " & ".join(cells) + r" \\"


def _cell(row: Row, name: str) -> str:
    return escaped(getattr(row, name))


def _mark(number: int) -> str:
    return rf"\textsuperscript{{{number}}}"
