"""The leaderboard as Markdown and in the terminal.

- What was measured here, what was rescored from public transcripts and what a source reports stand
  in sections of their own and are never ranked together.
- Within a section: by split, then by accuracy, the highest first, then by name.
- Nothing in a name, a teacher or a source is read as Markdown, HTML, or markup of the terminal.
- The same submissions, in any order, give the same text; no time of day is in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, NamedTuple

from tot24_bench.game import SPLITS, load_split
from tot24_bench.leaderboard.entry import Entry
from tot24_bench.leaderboard.statistics import interval
from tot24_bench.leaderboard.submission import OTHER, Header
from tot24_bench.prompts import DEFAULT_VARIANT, METHOD_NAMES

if TYPE_CHECKING:
    from rich.table import Table

MAX_CELL_CHARS = 80
"""Characters of a cell, so that one long name does not push the figures out of sight."""

NOT_KNOWN = "–"

SECTIONS = {
    "measured": ("Measured", "Run with this benchmark; every response is stored and scored."),
    "rescored": (
        "Rescored",
        "Responses that others published, scored by this benchmark's rules.",
    ),
    "reported": ("Reported", "Figures as their sources give them; not checked here."),
}
"""How a figure can be obtained, in the order in which the sections stand: title and words."""

HEADER = """\
# Leaderboard

Written by `tot24 leaderboard` from the files in `submissions/`; do not edit it.

Accuracy is the share of right answers with its 95% interval: Wilson's score interval over hands
or, where a hand was answered more than once (`n` says `100 x 20`), a bootstrap that draws whole
hands. With 100 hands the interval is up to 19 points wide, so this table cannot separate models
that are a few points apart. Tokens are the model's own, the mean of a response.
"""


class Row(NamedTuple):
    """One submission as plain text, a cell a column; see COLUMNS for the headings."""

    model: str
    parameters: str
    method: str
    shots: str
    prompt: str
    split: str
    n: str
    accuracy: str
    tokens: str
    precision: str
    teacher: str
    obtained: str


COLUMNS = Row(
    model="model",
    parameters="params",
    method="method",
    shots="shots",
    prompt="prompt",
    split="split",
    n="n",
    accuracy="accuracy [95%]",
    tokens="tokens",
    precision="precision",
    teacher="teacher",
    obtained="how obtained",
)

_RIGHT_ALIGNED = {"parameters", "shots", "n", "accuracy", "tokens"}
_ALWAYS_SHOWN = {"model", "method", "shots", "n", "accuracy", "tokens"}


def rows(entries: Iterable[Entry]) -> list[Row]:
    """One row for each submission, in the order in which tables show them; nothing is escaped."""
    return [_row(entry) for entry in sorted(entries, key=_rank)]


def render_markdown(entries: Iterable[Entry]) -> str:
    """The text of `results/LEADERBOARD.md`."""
    parts = [HEADER]
    for title, words, section in _sections(entries):
        cells = [[_markdown(cell) for cell in row] for row in section]
        rule = ["---:" if name in _RIGHT_ALIGNED else "---" for name in Row._fields]
        lines = [f"| {' | '.join(line)} |" for line in (list(COLUMNS), rule, *cells)]
        parts.append(f"## {title}\n\n{words}\n\n" + "\n".join(lines) + "\n")
    if len(parts) == 1:
        parts.append("There are no submissions yet: `tot24 eval` writes one.\n")
    return "\n".join(parts)


def render_rich(entries: Iterable[Entry]) -> Table:
    """The leaderboard for a terminal, which is narrow.

    Besides _ALWAYS_SHOWN only the columns whose cells differ are shown; what all rows share stands
    below the table.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    sections = [section for _, _, section in _sections(entries)]
    columns = zip(*(row for section in sections for row in section), strict=True)
    shared = [
        (i, cells[0])
        for i, cells in enumerate(columns)
        if len(set(cells)) == 1 and Row._fields[i] not in _ALWAYS_SHOWN
    ]
    known = [f"{COLUMNS[i]} {cell}" for i, cell in shared if cell != NOT_KNOWN]
    table = Table(title="Game of 24: accuracy with its 95% interval", box=box.HORIZONTALS)
    if known:
        table.caption = Text(f"In every row: {'; '.join(known)}")
    shown = [i for i in range(len(COLUMNS)) if i not in dict(shared)]
    for i in shown:
        name = Row._fields[i]
        justify: Literal["right", "left"] = "right" if name in _RIGHT_ALIGNED else "left"
        no_wrap = name == "accuracy"
        table.add_column(COLUMNS[i], justify=justify, no_wrap=no_wrap, overflow="fold")
    for section in sections:
        for row in section:
            table.add_row(*(Text(row[i]) for i in shown))  # a Text is not read as markup
        table.add_section()
    return table


def _sections(entries: Iterable[Entry]) -> Iterable[tuple[str, str, list[Row]]]:
    """Title, words and rows of each section that has any."""
    every = list(entries)
    for obtained, (title, words) in SECTIONS.items():
        if chosen := [entry for entry in every if entry.header.obtained == obtained]:
            yield title, words, rows(chosen)


def _rank(entry: Entry) -> tuple[int, int, str, float, str, str]:
    submission = entry.header
    split = submission.split
    return (
        list(SECTIONS).index(submission.obtained),
        SPLITS.index(split) if split in SPLITS else len(SPLITS),
        split,
        -submission.metrics.acc,
        submission.model.name.casefold(),
        submission.key,
    )


def _row(entry: Entry) -> Row:
    submission = entry.header
    model = submission.model
    source = "" if submission.source is None else f": {submission.source}"
    tokens = submission.mean_response_tokens
    cells = Row(
        model=model.name,
        parameters=NOT_KNOWN if model.parameters is None else _short(model.parameters),
        method=submission.label or METHOD_NAMES.get(submission.method, submission.task),
        shots=NOT_KNOWN if submission.shots is None else str(submission.shots),
        prompt=_prompt(submission),
        split=submission.split,
        n=_hands(entry),
        accuracy=_accuracy(entry),
        tokens=NOT_KNOWN if tokens is None else f"{tokens:,.0f}",
        precision=model.precision or NOT_KNOWN,
        teacher=model.teacher or NOT_KNOWN,
        obtained=submission.obtained + source,
    )
    return Row(*map(_one_line, cells))


def _prompt(submission: Header) -> str:
    """Plain text or chat, and the exemplars; of another's prompt only that it is another."""
    if submission.variant == OTHER and submission.obtained != "measured":
        return OTHER
    chat = "chat" if submission.chat else "plain"
    return chat if submission.variant == DEFAULT_VARIANT else f"{chat}, {submission.variant}"


def _hands(entry: Entry) -> str:
    """The hands asked, of how many where the split has more, and the responses to each."""
    submission = entry.header
    split = submission.split
    whole = len(load_split(split)) if split in SPLITS else submission.n
    part = f" of {whole}" if submission.n < whole else ""
    if submission.repeats == 1:
        return f"{submission.n}{part}"
    most = submission.repeats
    fewest = min((outcome.responses for outcome in entry.outcomes), default=most)
    return f"{submission.n}{part} x {most if fewest == most else f'{fewest}-{most}'}"


def _accuracy(entry: Entry) -> str:
    ends = interval(entry)
    percent = f"{100 * entry.header.metrics.acc:.1f}%"
    return percent if ends is None else f"{percent} [{100 * ends.low:.1f}, {100 * ends.high:.1f}]"


def _short(parameters: int) -> str:
    """A number of weights as people say it: 1.9M, 135M, 7B."""
    for size, unit in ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "K")):
        if parameters >= 0.9995 * size:  # 999,950 is 1M, not 1000K
            count = parameters / size
            return f"{count:.0f}{unit}" if count >= 99.5 else f"{count:.2g}{unit}"
    return str(parameters)


def _one_line(cell: str) -> str:
    """A cell without line breaks, control or direction characters, at most MAX_CELL_CHARS long."""
    line = " ".join("".join(char if char.isprintable() else " " for char in cell).split())
    return line if len(line) <= MAX_CELL_CHARS else line[: MAX_CELL_CHARS - 1] + "…"


_MARKDOWN_SIGN = re.compile(r"[\\`*_~\[\]$]")


def _markdown(cell: str) -> str:
    """A cell that Markdown shows letter by letter."""
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("|", "&#124;")):
        cell = cell.replace(sign, entity)
    return _MARKDOWN_SIGN.sub(r"\\\g<0>", cell)
