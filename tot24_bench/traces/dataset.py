"""A dataset folder: the kept traces as training rows, in two forms, with a card and a record.

    dataset/README.md                            the card; its header names the two forms
    dataset/dataset.json                         the same for programs: funnel, rules, hashes
    dataset/hands.jsonl                          every hand that a row shows, for `tot24 overlap`
    dataset/prompt_completion/train.parquet
    dataset/messages/train.parquet

    datasets.load_dataset("dataset", "prompt_completion")

Writing is all or nothing. Equal traces and rules give equal bytes, wherever the files lie and
whenever it is run (another pyarrow may pack the same rows otherwise; their hash stays).
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Callable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from tot24_bench import __version__
from tot24_bench.game import LeakedHand, Puzzle, Rule
from tot24_bench.traces.advice import nothing_kept
from tot24_bench.traces.dataset_record import FORMAT, DatasetRecord
from tot24_bench.traces.filter import FilterConfig, Selection, kept_traces
from tot24_bench.traces.folder import (
    CARD,
    FORMS,
    HANDS,
    MAX_RECORD_BYTES,
    RECORD,
    ROWS,
    BadDataset,
    aside,
    extra_file,
    put,
    remove,
    require_free,
)
from tot24_bench.traces.rows import (
    Guard,
    PromptConfig,
    hashed_line,
    make_row,
    prompted_row,
    require_together,
    schema_of,
)

__all__ = ["BadDataset", "DatasetFolder", "read_dataset", "require_free", "write_dataset"]

UNKNOWN_LICENCE = "unknown"

MAX_LICENCE_CHARS = 200

_BATCH = 1_000
"""Rows held at once."""


class DatasetFolder(NamedTuple):
    """A dataset that was checked: its folder and what it says of itself."""

    path: Path
    record: DatasetRecord

    def rows(self, form: str = FORMS[0]) -> Iterator[dict[str, Any]]:
        """The rows of a form, one by one."""
        return _read_rows(self.path, form)


def write_dataset(
    selection: Selection,
    folder: Path,
    prompt: PromptConfig | None = None,
    *,
    licence: str = UNKNOWN_LICENCE,
    overwrite: bool = False,
    tick: Callable[[], object] = lambda: None,
) -> DatasetRecord:
    """Write the kept traces as a dataset: all of the folder, or nothing.

    Args:
        selection: what `select` decided.
        folder: where; its parent must exist.
        prompt: which prompts the rows have; None for the bare instruction.
        licence: of the responses, for the card.
        overwrite: whether to replace a dataset that is there.
        tick: called once a trace that is read.

    Raises:
        BadDataset: nothing is kept, or the folder may not be written.
        LeakedHand: a row shows a test hand; then the filter is at fault.
        ChangedFile: a trace file changed since it was filtered.
        OSError: it cannot be written.
    """
    prompt = prompt or PromptConfig()
    require_together(prompt, selection.config.avoid)
    require_free(folder, overwrite)
    if not licence.isprintable() or not 0 < len(licence) <= MAX_LICENCE_CHARS:
        raise BadDataset("the licence is a name on one line: give a shorter --licence")
    if not selection.kept:
        raise BadDataset(nothing_kept(selection.funnel))
    new = aside(folder, "new")
    remove(new)  # of an earlier process with this number that was killed
    try:
        new.mkdir()
        guard = Guard(selection.config.avoid)
        written = _write_rows(selection, new, prompt, guard, tick)
        hands = guard.text()
        record = DatasetRecord(
            **written,
            hands_sha256=hashlib.sha256(hands.encode()).hexdigest(),
            hands=len(guard.hands),
            prompt=prompt,
            filter=selection.config,
            funnel=selection.funnel,
            teachers=selection.teachers,
            sources=selection.sources,
            licence=licence,
            command=_command(selection, prompt, licence),
            version=__version__,
        )
        from tot24_bench.traces.card import render

        (new / HANDS).write_text(hands, encoding="utf-8")
        (new / CARD).write_text(render(record), encoding="utf-8")
        text = json.dumps(record.to_json(), indent=1, ensure_ascii=False) + "\n"
        (new / RECORD).write_text(text, encoding="utf-8")
        put(new, folder, overwrite)
    finally:
        remove(new)
    return record


def read_dataset(folder: Path) -> DatasetFolder:
    """Check a dataset: its schema, files and hashes, that its rows follow from what they say was
    asked, and that they show nothing that is held out.

    Raises:
        BadDataset: names what is missing, too much, or differs from what its record says.
        LeakedHand: it shows a test hand, or a state that its record says is avoided.
        OSError: it cannot be read.
    """
    record = _read_record(folder)
    if not record.rows:
        raise BadDataset(f"{folder} holds no rows: filter again, with a lower --level")
    if (extra := extra_file(folder)) is not None:
        raise BadDataset(
            f"{folder} holds {extra}, which is no part of a dataset: move it, or filter again"
        )
    guard = Guard(record.filter.avoid)
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
        _check_row(whole, record, guard, where)
    for form, digest, count, said in zip(
        FORMS, digests, counts, (record.sha256, record.messages_sha256), strict=True
    ):
        if (digest.hexdigest(), count) != (said, record.rows):
            raise BadDataset(
                f"{folder}: the rows of {form} are not those that {RECORD} names (their hash "
                "differs): filter again, or fetch the folder anew"
            )
    _check_hands(folder, record, guard)
    return DatasetFolder(folder, record)


def _check_row(row: dict[str, Any], record: DatasetRecord, guard: Guard, where: str) -> None:
    """Refuse a row that shows what is held out, or that this project does not write."""
    try:
        puzzle = Puzzle.parse(row["numbers"], row["target"], Rule(row["rule"]))
        guard.check(row, where)
        wanted = prompted_row(
            row["method"], puzzle, record.prompt, row.get("completion") or _last_said(row)
        )
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


def _last_said(row: dict[str, Any]) -> str:
    messages = row["messages"]
    return str(messages[-1]["content"]) if messages else ""


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


def _read_record(folder: Path) -> DatasetRecord:
    path = folder / RECORD
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

    path = _file(folder, form)
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


def _write_rows(
    selection: Selection,
    folder: Path,
    prompt: PromptConfig,
    guard: Guard,
    tick: Callable[[], object],
) -> dict[str, Any]:
    """Write both forms; how many rows there are, and their hashes."""
    from contextlib import ExitStack

    import pyarrow
    from pyarrow import parquet

    count = cut = 0
    digests = [hashlib.sha256() for _ in FORMS]
    schemas = [schema_of(form) for form in FORMS]
    batch: list[dict[str, Any]] = []
    with ExitStack() as open_files:
        writers = []
        for form, schema in zip(FORMS, schemas, strict=True):
            (folder / form).mkdir()
            writer = parquet.ParquetWriter(_file(folder, form), schema, compression="zstd")
            writers.append(open_files.enter_context(writer))

        def flush() -> None:
            for writer, schema in zip(writers, schemas, strict=True):
                writer.write_table(pyarrow.Table.from_pylist(batch, schema=schema))
            batch.clear()

        for trace, candidate in kept_traces(selection, tick):
            row = make_row(trace, prompt, candidate.backtracks)
            guard.check(row, f"row {count} of the dataset")
            for digest, form in zip(digests, FORMS, strict=True):
                digest.update(hashed_line(row, form))
            batch.append(row)
            count += 1
            cut += row["completion"] != trace.response.strip()
            if len(batch) == _BATCH:
                flush()
        if batch:
            flush()
    sha256, messages_sha256 = (digest.hexdigest() for digest in digests)
    return {"rows": count, "cut": cut, "sha256": sha256, "messages_sha256": messages_sha256}


def _file(folder: Path, form: str) -> Path:
    return folder / form / ROWS


def _command(selection: Selection, prompt: PromptConfig, licence: str) -> str:
    """The command that makes the same dataset; files by their names alone."""
    words = ["tot24", "traces", "filter", *(source.name for source in selection.sources)]
    words += ["-o", "dataset"]
    for config, default in ((selection.config, FilterConfig()), (prompt, PromptConfig())):
        for name in config.__slots__:
            value = getattr(config, name)
            if value != getattr(default, name):
                flag = f"--{name.replace('_', '-')}"
                words += [flag] if value is True else [flag, str(value)]
    if licence != UNKNOWN_LICENCE:
        words += ["--licence", licence]
    return shlex.join(words)
