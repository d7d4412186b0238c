"""Show the leaderboard: a Markdown page, `results/LEADERBOARD.md`, and a table in a terminal.

Nothing in a name, a teacher, a source or a note is read as Markdown, as HTML, as a link or as
terminal markup. The same submissions, in any order, give the same text; no time of day is in it.

The page also holds each student beside its teacher, on the hands that both answered. A student
names its teacher by the name that the teacher's own rows have. Its row is paired with the teacher's
row of the same method: of several, one of the same split, exemplars and shots first. Beside a
teacher that is exact search there is no p: it is always right, so a test would only say that the
student is not.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING

from tot24_bench.leaderboard.baselines import load_baselines, not_run
from tot24_bench.leaderboard.entry import Entry
from tot24_bench.leaderboard.submission import Header
from tot24_bench.leaderboard.tables.pairing import PairedTest, pair
from tot24_bench.leaderboard.tables.ranks import is_exact_search
from tot24_bench.leaderboard.tables.rows import (
    COLUMNS,
    NOT_KNOWN,
    RIGHT_ALIGNED,
    Ranked,
    Row,
    in_order,
    method_of,
    no_rows,
    note_numbers,
    percent,
    row_of,
    sections,
    short,
)
from tot24_bench.leaderboard.tables.searches import SEARCH_COLUMNS, SEARCH_FIGURES, search_rows
from tot24_bench.prompts import METHOD_NAMES
from tot24_bench.statistics import p_text

if TYPE_CHECKING:
    from rich.console import JustifyMethod
    from rich.table import Table

HEADER = """\
# Leaderboard

Written by `tot24 leaderboard` from the files in `submissions/`; do not edit it.

**Accuracy** is the share of right answers with its 95% interval: Wilson's score interval over hands
or, where a hand was answered more than once (`n` says `100 x 20`), a bootstrap that draws whole
hands. With 100 hands the interval is up to 19 points wide, so this table cannot separate models
that are a few points apart.

**Rank** is one more than the number of rows of the same section and split that are better by a
paired test at the 5% level, corrected for the number of pairs: rows that cannot be told apart from
the best share rank 1. Rows of part of a split, rows without their responses, exact search, searches
that used right answers to stop or choose, and the only row of a section and split have none. How it
is computed: `docs/statistics.md`; two rows beside each other: `tot24 compare A B`.

**Tokens** are the model's own, the mean of a response or, of a search, of all that the model wrote
for a hand. **Total** is what a hand costs: the tokens of all prompts and of all responses to it.

**Trained on** is `deck` for a student whose data show hands of four cards from 1 to 13 alone, and
`wide` where they show others too (larger numbers, states of a search). Either way it is a
specialist: a model trained on this very game, beside generalists that were not. The difference
between two such rows is what training on the game gives, not which model reasons better. The
checkpoint of a student from `training/` was chosen by its accuracy on `val`: its row of that split
is no test.
"""

EMPTY = "There are no submissions yet: `tot24 eval` writes one.\n"

SEARCHES = """\
## Searches

Each asks a model many times for a hand. **First-ranked** is the accuracy of the tables above, that
of the answer which the search itself ranks first. It ends with several: whether any of them is
right, and the share of them that are, are other figures. Calls, tokens and states are means over
hands, as if each hand were searched alone. **Oracle stop**: right answers were used to stop or
choose, so the row has no rank. **Symbolic step**: code did part of the arithmetic.
"""

BESIDE = """\
## Students beside their teachers

On the hands that both answered with the same method. The difference is student less teacher, in
points, with its 95% interval; p, where there is one, is of the exact McNemar test, or of sign flips
over hands where a hand has several responses. A teacher called `exact search` is a program that
solves every hand: the difference is what the student lacks, and a test of it would say nothing.
"""

NO_ROWS = """\
## No rows

Submissions that are kept, and whose figure does not say what their split asks.
"""

NOT_RUN = """\
## Not run yet

Untuned models that `tot24 baseline` would run, one command for whoever has the hub or the key; no
figure of theirs is known here.
"""

PAIR_COLUMNS = (
    "student", "method", "shots", "split", "accuracy", "teacher", "teacher's accuracy", "hands",
    "difference [95%]", "p",
)  # fmt: skip
"""The last one is left out where no row has it."""

_RIGHT = {getattr(COLUMNS, name) for name in RIGHT_ALIGNED} | {
    "difference [95%]", "p", "hands", "accuracy", "teacher's accuracy", *SEARCH_FIGURES,
}  # fmt: skip

_ALWAYS_IN_TERMINAL = frozenset({"model", "method", "shots", "n", "accuracy", "tokens"})


def render_markdown(entries: Iterable[Entry]) -> str:
    """The text of the page."""
    every = list(entries)
    parts = [HEADER]
    for title, words, ranked in sections(every):
        parts.append(f"## {title}\n\n{words}\n\n{_with_notes(ranked)}")
    if not every:
        return "\n".join([*parts, EMPTY])
    if searches := search_rows(every):
        parts.append(f"{SEARCHES}\n{_table(SEARCH_COLUMNS, searches)}")
    if left_out := no_rows(every):
        lines = "".join(f"- {_as_paragraph(escape(one))}\n" for one in left_out)
        parts.append(f"{NO_ROWS}\n{lines}")
    if pairs := _beside_teachers(every):
        parts.append(f"{BESIDE}\n{_table(pairs[0], pairs[1:])}")
    missing: defaultdict[str, list[str]] = defaultdict(list)
    for row in not_run(every, load_baselines()):
        form = "chat" if row.chat else "plain"
        asked = f"{METHOD_NAMES[row.method]} ({row.shots}-shot, {form})"
        missing[short(row.name)].append(asked)
    if missing:
        cells = [(name, ", ".join(methods), "not run") for name, methods in missing.items()]
        parts.append(f"{NOT_RUN}\n{_table(('model', 'methods', 'accuracy [95%]'), cells)}")
    return "\n".join(parts)


def _with_notes(ranked: Sequence[Ranked]) -> str:
    """The table of a section, and the notes below it; equal notes are one."""
    numbers = note_numbers(ranked)
    if not numbers:
        return _table(COLUMNS, [one.row for one in ranked])
    cells = [(*one.row, ", ".join(str(numbers[note]) for note in one.notes)) for one in ranked]
    below = "".join(f"{i}. {_as_paragraph(escape(note))}\n" for note, i in numbers.items())
    return f"{_table((*COLUMNS, 'notes'), cells)}\nNotes:\n\n{below}"


def _table(headings: Sequence[str], cells: Iterable[Sequence[str]]) -> str:
    rule = ["---:" if heading in _RIGHT else "---" for heading in headings]
    lines = [headings, rule, *(list(map(escape, row)) for row in cells)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _as_paragraph(text: str) -> str:
    """Text that does not begin a heading, a list, a rule or code, where it begins a line."""
    return re.sub(r"^(\d{1,9})?([#+\-=.)])", r"\1\\\2", text)


def escape(text: str) -> str:
    """Text that Markdown, GitHub's included, shows letter by letter."""
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("|", "&#124;")):
        text = text.replace(sign, entity)
    # What GitHub would make a link of.
    text = text.replace("://", "&#58;//").replace("@", "&#64;")
    text = re.sub(r"(?i)(?<=\bwww)\.", "&#46;", text)
    return re.sub(r"[\\`*_~\[\]$]", r"\\\g<0>", text)


def _beside_teachers(entries: Iterable[Entry]) -> list[tuple[str, ...]]:
    """The headings, and one row for each entry whose teacher answered the same hands.

    Where the teacher has no row at all, that is said. Nothing where no entry has a teacher.
    """
    every = in_order(entries)
    found: list[tuple[str, ...]] = []
    for entry in every:
        if not (teacher := entry.header.model.teacher):
            continue
        its_rows = [one for one in every if one.header.model.name == teacher]
        # A model may not pass for the solver.
        its_rows = [row for row in its_rows if is_exact_search(row.header)] or its_rows
        test = _beside(entry, its_rows)
        row = row_of(entry)
        accuracies = (percent(entry.header.metrics.acc), "no row")
        compared = (NOT_KNOWN,) * 3
        if test is not None:
            accuracies = (percent(test.first), percent(test.second))
            p = NOT_KNOWN if is_exact_search(its_rows[0].header) else p_text(test.p)
            compared = (str(test.hands), test.difference_text, p)
        elif its_rows and teacher != entry.header.model.name:
            continue  # a teacher that was never asked this split says nothing about it
        named = (row.model, row.method, row.shots, row.split)
        found.append((*named, accuracies[0], row.teacher, accuracies[1], *compared))
    if all(cells[-1] == NOT_KNOWN for cells in found):
        return [cells[:-1] for cells in (PAIR_COLUMNS, *found)] if found else []
    return [PAIR_COLUMNS, *found]


def _beside(student: Entry, rows: Sequence[Entry]) -> PairedTest | None:
    """The student beside the teacher's row that ran most like its own; None where none fits."""
    asked = student.header

    def likeness(row: Header) -> tuple[bool, ...]:
        return (
            row.split == asked.split,
            row.obtained == "measured",
            row.variant == asked.variant,
            row.shots == asked.shots,
            row.chat == asked.chat,
        )

    fitting = [
        (likeness(row.header), test)
        for row in rows
        if row.header.model.name != asked.model.name
        and method_of(row.header) == method_of(asked)
        and (test := pair(student, row).test)
    ]
    return max(fitting, key=itemgetter(0), default=(None, None))[1]


def render_rich(entries: Iterable[Entry]) -> Table:
    """The table in a terminal, which is narrow: sections have a line between them.

    Besides what is always shown only the columns whose cells differ are there; what all rows share
    stands below the table. Sources and notes are left to the page.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    kept = list(entries)
    every = sections(kept)
    found = [ranked.row for section in every for ranked in section.ranked]
    shared = {
        i: cells[0]
        for i, cells in enumerate(zip(*found, strict=True))
        if len(set(cells)) == 1 and Row._fields[i] not in _ALWAYS_IN_TERMINAL
    }
    said = [f"{COLUMNS[i]} {cell}" for i, cell in shared.items() if cell != NOT_KNOWN]
    if len(every) == 1:
        said.append(every[0].title.lower())
    below = [f"In every row: {'; '.join(said)}"] if said else []
    below += [f"No row: {one}" for one in no_rows(kept)]
    table = Table(title="Game of 24: accuracy with its 95% interval", box=box.HORIZONTALS)
    table.caption = Text("\n".join(below)) if below else None
    shown = [i for i in range(len(COLUMNS)) if i not in shared]
    for name in (Row._fields[i] for i in shown):
        justify: JustifyMethod = "right" if name in RIGHT_ALIGNED else "left"
        whole = name == "accuracy"
        table.add_column(getattr(COLUMNS, name), justify=justify, no_wrap=whole, overflow="fold")
    for section in every:
        if len(every) > 1:
            at_model = [section.title if Row._fields[i] == "model" else "" for i in shown]
            table.add_row(*at_model, style="bold")
        for ranked in section.ranked:
            table.add_row(*(Text(ranked.row[i]) for i in shown))  # a Text is not read as markup
        table.add_section()
    return table
