"""The leaderboard as a Markdown page, `results/LEADERBOARD.md`.

Nothing in a name, a teacher, a source or a note is read as Markdown, as HTML or as a link. The same
submissions, in any order, give the same text; no time of day is in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from tot24_bench.leaderboard.baselines import load_baselines, not_run
from tot24_bench.leaderboard.entry import Entry
from tot24_bench.leaderboard.tables.rows import COLUMNS, RIGHT_ALIGNED, Ranked, no_rows, one_line, sections
from tot24_bench.leaderboard.tables.teaching import beside_teachers
from tot24_bench.prompts import METHOD_NAMES

HEADER = """\
# Leaderboard

Written by `tot24 leaderboard` from the files in `submissions/`; do not edit it.

**Accuracy** is the share of right answers with its 95% interval: Wilson's score interval over hands
or, where a hand was answered more than once (`n` says `100 x 20`), a bootstrap that draws whole
hands. With 100 hands the interval is up to 19 points wide, so this table cannot separate models
that are a few points apart.

**Rank** is one more than the number of rows of the same section and split that are better by a
paired test at the 5% level, corrected for the number of pairs: rows that cannot be told apart from
the best share rank 1. Rows of part of a split, rows without their responses, exact search and the
only row of a section and split have none. How it is computed: `docs/statistics.md`; two rows beside
each other: `tot24 compare A B`.

**Tokens** are the model's own, the mean of a response.

**Trained on** is `deck` for a student whose data show hands of four cards from 1 to 13 alone, and
`wide` where they show others too (larger numbers, states of a search). Either way it is a
specialist: a model trained on this very game, beside generalists that were not. The difference
between two such rows is what training on the game gives, not which model reasons better. The
checkpoint of a student from `training/` was chosen by its accuracy on `val`: its row of that split
is no test.
"""

EMPTY = "There are no submissions yet: `tot24 eval` writes one.\n"

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


def render_markdown(entries: Iterable[Entry]) -> str:
    """The text of the page."""
    every = list(entries)
    parts = [HEADER]
    for title, words, ranked in sections(every):
        body, notes = _with_notes(ranked)
        parts.append(f"## {title}\n\n{words}\n\n{body}{notes}")
    if not every:
        return "\n".join([*parts, EMPTY])
    if left_out := no_rows(every):
        parts.append(
            f"{NO_ROWS}\n" + "".join(f"- {_as_paragraph(escape(one))}\n" for one in left_out)
        )
    if pairs := beside_teachers(every):
        parts.append(f"{BESIDE}\n{_table(pairs[0], pairs[1:])}")
    missing: dict[str, list[str]] = {}
    for row in not_run(every, load_baselines()):
        form = "chat" if row.chat else "plain"
        asked = f"{METHOD_NAMES[row.method]} ({row.shots}-shot, {form})"
        missing.setdefault(row.name, []).append(asked)
    if missing:
        cells = [
            (one_line(name), ", ".join(methods), "not run") for name, methods in missing.items()
        ]
        parts.append(f"{NOT_RUN}\n{_table(('model', 'methods', 'accuracy [95%]'), cells)}")
    return "\n".join(parts)


def _with_notes(ranked: Sequence[Ranked]) -> tuple[str, str]:
    """The table of a section, and the notes below it; equal notes are one."""
    numbers: dict[str, int] = {}
    for one in ranked:
        for note in one.notes:
            numbers.setdefault(note, len(numbers) + 1)
    if not numbers:
        return _table(COLUMNS, [one.row for one in ranked]), ""
    cells = [(*one.row, ", ".join(str(numbers[note]) for note in one.notes)) for one in ranked]
    notes = "".join(
        f"{number}. {_as_paragraph(escape(note))}\n" for note, number in numbers.items()
    )
    return _table((*COLUMNS, "notes"), cells), f"\nNotes:\n\n{notes}"


_RIGHT = {getattr(COLUMNS, name) for name in RIGHT_ALIGNED} | {
    "difference [95%]",
    "p",
    "hands",
    "accuracy",
    "teacher's accuracy",
}


def _table(headings: Sequence[str], cells: Iterable[Sequence[str]]) -> str:
    rule = ["---:" if heading in _RIGHT else "---" for heading in headings]
    lines = [headings, rule, *(list(map(escape, row)) for row in cells)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _as_paragraph(text: str) -> str:
    """Text that does not begin a heading, a list, a rule or code, where it begins a line."""
    return re.sub(r"^(\d{1,9})?([#+\-=.)])", r"\1\\\2", text)


_MARKDOWN_SIGN = re.compile(r"[\\`*_~\[\]$]")


def escape(text: str) -> str:
    """Text that Markdown, GitHub's included, shows letter by letter."""
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("|", "&#124;")):
        text = text.replace(sign, entity)
    # What GitHub would make a link of.
    text = text.replace("://", "&#58;//").replace("@", "&#64;")
    text = re.sub(r"(?i)(?<=\bwww)\.", "&#46;", text)
    return _MARKDOWN_SIGN.sub(r"\\\g<0>", text)
