"""Each student beside its teacher, on the hands that both answered.

A student names its teacher by the name that the teacher's own rows have. Its row is paired with the
teacher's row of the same method: of several, one of the same split, exemplars and shots first.

Beside a teacher that is exact search there is no p: it is always right, so a test would only say
that the student is not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from tot24_bench.leaderboard.tables.compare import difference_text
from tot24_bench.leaderboard.entry import Entry
from tot24_bench.leaderboard.tables.pairing import pair
from tot24_bench.leaderboard.tables.ranks import is_exact_search
from tot24_bench.leaderboard.tables.rows import NOT_KNOWN, Row, is_row, order_of, row_of
from tot24_bench.statistics import p_text

PAIR_COLUMNS = (
    "student", "method", "shots", "split", "accuracy", "teacher", "teacher's accuracy", "hands",
    "difference [95%]", "p",
)  # fmt: skip
"""The last one is left out where no row has it."""

NO_ROW = "no row"


def beside_teachers(entries: Iterable[Entry]) -> list[tuple[str, ...]]:
    """The headings, and one row for each entry whose teacher answered the same hands.

    Where the teacher has no row at all, that is said. Nothing where no entry has a teacher.
    """
    every = sorted(filter(is_row, entries), key=order_of)
    rows_of: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in every:
        rows_of[entry.header.model.name].append(entry)
    found = []
    for entry in every:
        teacher = entry.header.model.teacher
        if not teacher:
            continue
        its_rows = rows_of.get(teacher, [])
        # A model may not pass for the solver.
        its_rows = [row for row in its_rows if is_exact_search(row.header)] or its_rows
        beside = _teacher_of(entry, its_rows)
        # A teacher that was never asked this split says nothing about it.
        if beside is not None or not its_rows or teacher == entry.header.model.name:
            found.append(_cells(entry, beside))
    if not found:
        return []
    tested = any(cells[-1] != NOT_KNOWN for cells in found)
    return [cells if tested else cells[:-1] for cells in (PAIR_COLUMNS, *found)]


def _teacher_of(student: Entry, rows: Sequence[Entry]) -> Entry | None:
    """The teacher's row that ran most like the student's; None where there is none."""
    asked = student.header
    fitting = [
        row
        for row in rows
        if row.header.model.name != asked.model.name
        and row.header.method == asked.method
        and pair(student, row).test is not None
    ]
    return max(fitting, key=lambda row: _likeness(row, student), default=None)


def _likeness(row: Entry, student: Entry) -> tuple[bool, ...]:
    one, other = row.header, student.header
    return (
        one.split == other.split,
        one.obtained == "measured",
        one.variant == other.variant,
        one.shots == other.shots,
        one.chat == other.chat,
    )


def _cells(student: Entry, teacher: Entry | None) -> tuple[str, ...]:
    row: Row = row_of(student)
    named = (row.model, row.method, row.shots, row.split)
    accuracy = _percent(student.header.metrics.acc)
    if teacher is None:
        return (*named, accuracy, row.teacher, NO_ROW, *[NOT_KNOWN] * 3)
    test = pair(student, teacher).test
    assert test is not None  # _teacher_of chose a row that shares hands
    return (
        *named,
        _percent(test.first),
        row.teacher,
        _percent(test.second),
        str(test.hands),
        difference_text(test.difference, test.ends),
        NOT_KNOWN if is_exact_search(teacher.header) else p_text(test.p),
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"
