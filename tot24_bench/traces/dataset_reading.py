"""Read a dataset folder, and believe nothing in it that does not follow from the rest.

Hashes say only that a folder agrees with its own record: whoever edits one can compute the other
anew. So what is trained on is judged again, by the rules that the record names: every prompt is
built from the columns beside it, every completion is scored and ends where its answer does, nothing
held out shows, no row comes twice, and what the record and the card say of teachers and hands is
counted once more. What no count can tell is who wrote a right answer: a record that is
false about that throughout is refused only where it contradicts itself.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from tot24_bench import __version__
from tot24_bench.game import LeakedHand, Puzzle
from tot24_bench.teachers import is_oracle
from tot24_bench.traces.balance import key_of_row
from tot24_bench.traces.card import render
from tot24_bench.traces.dataset_record import FORMAT, DatasetRecord
from tot24_bench.traces.folder import (
    CARD,
    FORMS,
    HANDS,
    MAX_RECORD_BYTES,
    RECORD,
    BadDataset,
    extra_file,
    moved_aside,
    rows_file,
)
from tot24_bench.traces.guard import Guard
from tot24_bench.traces.judging import Judged, Reason, judge_response
from tot24_bench.traces.rows import hashed_line, prompted_row, schema_of

_BATCH = 1_000
"""Rows held at once."""


class DatasetFolder(NamedTuple):
    """A dataset that was checked: its folder and what it says of itself."""

    path: Path
    record: DatasetRecord

    def rows(self, form: str = FORMS[0]) -> Iterator[dict[str, Any]]:
        """The rows of a form, one by one."""
        return _read_rows(self.path, form)


def read_dataset(folder: Path) -> DatasetFolder:
    """Check a dataset: its schema, files and hashes, that its rows follow from what they say was
    asked, and that they show nothing that is held out.

    Raises:
        BadDataset: names what is missing, too much, or differs from what its record says.
        LeakedHand: it shows a test hand, or a state that its record says is avoided.
        OSError: it cannot be read.
    """
    record = read_record(folder)
    if not record.rows:
        raise BadDataset(f"{folder} holds no rows: filter again, with a lower --level")
    if (extra := extra_file(folder)) is not None:
        raise BadDataset(
            f"{folder} holds {extra}, which is no part of a dataset: move it, or filter again"
        )
    guard = Guard(record.filter.avoid)
    recount = _Recount(record)
    digests = [hashlib.sha256() for _ in FORMS]
    counts = [0 for _ in FORMS]
    for rows in zip_longest(*(_read_rows(folder, form) for form in FORMS)):
        where = f"row {min(counts)} of {folder}"
        whole: dict[str, Any] = {}
        for place, (form, row) in enumerate(zip(FORMS, rows, strict=True)):
            if row is not None:
                digests[place].update(hashed_line(row, form))
                counts[place] += 1
                if differs := next((k for k in row if whole.get(k, row[k]) != row[k]), None):
                    raise BadDataset(f"{where}: the forms differ in {differs}: filter again")
                whole |= row
        _check_row(whole, record, guard, recount, where)
    for form, digest, count, said in zip(
        FORMS, digests, counts, (record.sha256, record.messages_sha256), strict=True
    ):
        if (digest.hexdigest(), count) != (said, record.rows):
            raise BadDataset(
                f"{folder}: the rows of {form} are not those that {RECORD} names (their hash "
                "differs): filter again, or fetch the folder anew"
            )
    _check_hands(folder, record, guard)
    recount.check(folder)
    return DatasetFolder(folder, record)


def _check_row(
    row: dict[str, Any], record: DatasetRecord, guard: Guard, recount: _Recount, where: str
) -> None:
    """Refuse a row that shows what is held out, or that this project does not write."""
    rules = record.filter
    try:
        puzzle, completion = guard.check_prompt(row, where)
        method = row["method"]
        judged = judge_response(method, puzzle, completion, rules.level, rules.avoid)
        if judged.reason is not None:
            guard.check(row, where)  # a leak is named as such, whatever else is wrong
        wanted = prompted_row(method, puzzle, record.prompt, completion)
    except LeakedHand:
        raise
    except (ValueError, LookupError) as error:
        raise BadDataset(f"{where}: {error}: filter again") from None
    for column in row.keys() & wanted.keys():
        if row[column] != wanted[column]:
            raise BadDataset(
                f"{where}: its {column} is not what follows from the columns beside it (numbers, "
                "target, rule, method): filter again"
            )
    fault = None
    if judged.reason is not None:
        fault = f"{judged.reason}{judged.detail and f' ({judged.detail[:80]})'}"
    elif judged.kept != completion:
        fault = "its completion goes on after its answer"
    elif row["backtracks"] != judged.backtracks:
        fault = f"it goes back {judged.backtracks} times, not {row['backtracks']}"
    if fault is not None:
        raise BadDataset(f"{where}: {fault}: filter again")
    recount.add(row, puzzle, completion, judged, where)


class _Recount:
    """What a record says of its rows, counted anew."""

    def __init__(self, record: DatasetRecord) -> None:
        self._record = record
        self._hands: set[object] = set()
        self._with_backtrack = 0
        self._seen: set[bytes] = set()
        self._of_hand: Counter[object] = Counter()
        self._of_teacher: Counter[tuple[str, bool]] = Counter()

    def add(
        self, row: dict[str, Any], puzzle: Puzzle, completion: str, judged: Judged, where: str
    ) -> None:
        """Count a row that is sound by itself.

        Raises:
            BadDataset: no filter of these rules keeps it beside the rows before it.
        """
        rules = self._record.filter
        key, hand = key_of_row(row["method"], puzzle, completion), (row["method"], puzzle.identity)
        self._of_hand[hand] += 1
        fault = None
        if key in self._seen:
            fault = Reason.DUPLICATE
        elif judged.backtracks < rules.min_backtracks:
            fault = Reason.FEW_BACKTRACKS
        elif rules.max_per_hand is not None and self._of_hand[hand] > rules.max_per_hand:
            fault = Reason.OVER_CAP
        if fault is not None:
            raise BadDataset(f"{where}: {fault}: filter again")
        self._seen.add(key)
        self._of_teacher[row["teacher"], row["oracle"]] += 1
        self._hands.add(puzzle.identity)
        self._with_backtrack += judged.backtracks > 0

    def check(self, folder: Path) -> None:
        """Hold the counts, the teachers and the card against the record.

        Raises:
            BadDataset: names what differs.
        """
        record, funnel, last = self._record, self._record.funnel, self._record.funnel.stages[-1]
        kept: Counter[tuple[str, bool]] = Counter()
        for one in record.teachers:
            if one.kept:
                kept[one.label, one.teacher.oracle] += one.kept
            if one.teacher.oracle is not is_oracle(one.teacher.kind):
                raise BadDataset(
                    f"{folder}: {RECORD} is wrong about {one.label} being an oracle: filter again"
                )
        asked = {sum(one.asked for one in record.teachers), sum(s.traces for s in record.sources)}
        counts: dict[str, tuple[object, object]] = {
            "teachers": (self._of_teacher, kept),
            "sources": (asked, {funnel.asked}),
            "dropped traces": (
                funnel.kept + sum(one.traces for one in funnel.dropped),
                funnel.asked,
            ),
            "kept traces": (record.rows, last.traces),
            "kept hands": (len(self._hands), last.hands),
            "traces with a backtrack": (self._with_backtrack, funnel.kept_with_backtrack),
            "bands": (sum(band.kept for band in funnel.bands), last.traces),
            "cut rows": (min(record.cut, record.rows), record.cut),
        }
        for name, (counted, said) in counts.items():
            if counted != said:
                raise BadDataset(
                    f"{folder}: the {name} are not those that {RECORD} names: filter again"
                )
        path = folder / CARD
        card = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
        if card != render(record):
            of = "" if record.version == __version__ else f", of tot24-bench {record.version[:20]}"
            raise BadDataset(f"{path} is not the card that follows from {RECORD}{of}: filter again")


def _check_hands(folder: Path, record: DatasetRecord, guard: Guard) -> None:
    path = folder / HANDS
    if not path.is_file():
        raise BadDataset(f"{path} is missing: filter again, or fetch the folder anew")
    text = guard.text().encode()
    same = path.stat().st_size == len(text) and path.read_bytes() == text
    told = hashlib.sha256(text).hexdigest(), len(guard.hands)
    if not same or told != (record.hands_sha256, record.hands):
        raise BadDataset(
            f"{path} does not list the hands that the rows show: filter again, or fetch the folder "
            "anew"
        )


def read_record(folder: Path) -> DatasetRecord:
    """What a dataset says of itself; nothing of it is checked against its rows.

    Raises:
        BadDataset: it says nothing that can be read.
    """
    path = folder / RECORD
    if (old := moved_aside(folder)) is not None:
        raise BadDataset(f"a run that replaced {folder} was killed: it lies in {old}: filter again")
    if not path.is_file():
        raise BadDataset(f"{folder} is no dataset ({RECORD} is missing): tot24 traces filter")
    if path.stat().st_size > MAX_RECORD_BYTES:
        raise BadDataset(f"{path} is larger than any record: filter again")
    text = path.read_bytes()
    try:
        found = json.loads(text).get("format")
    except (ValueError, RecursionError, AttributeError):
        raise BadDataset(f"{path} is not JSON: filter again") from None
    if found != FORMAT:
        raise BadDataset(
            f"{folder} is of the schema {str(found)[:40]}, not {FORMAT}: filter again with this "
            "version of tot24-bench"
        )
    try:
        return DatasetRecord.model_validate_json(text)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, fault["loc"]))
        raise BadDataset(f"{path}: {where}: {fault['msg']}: filter again") from None


def _read_rows(folder: Path, form: str) -> Iterator[dict[str, Any]]:
    import pyarrow  # type: ignore[import-untyped]
    from pyarrow import parquet

    path = rows_file(folder, form)
    if not path.is_file():
        raise BadDataset(f"{path} is missing: filter again, or fetch the folder anew")
    try:
        with parquet.ParquetFile(path) as file:
            if not file.schema_arrow.equals(schema_of(form)):
                raise BadDataset(f"{path} has other columns than {FORMAT}: filter again")
            for batch in file.iter_batches(_BATCH):
                for row in batch.to_pylist():
                    if None in row.values():
                        raise BadDataset(f"{path} has a row with an empty cell: filter again")
                    yield row
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError):
        raise BadDataset(
            f"{path} is no parquet file, or damaged: filter again, or fetch the folder anew"
        ) from None
