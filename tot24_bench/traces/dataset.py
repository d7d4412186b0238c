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
import os
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from tot24_bench import __version__
from tot24_bench.traces.dataset_record import FORMAT, DatasetRecord
from tot24_bench.traces.filter import FilterConfig, Selection, kept_traces
from tot24_bench.traces.rows import FORMS, Guard, PromptConfig, hashed_line, make_row, schema_of

RECORD, CARD, HANDS = "dataset.json", "README.md", "hands.jsonl"

UNKNOWN_LICENCE = "unknown"

NOTHING_KEPT = (
    "no trace is kept, so there is nothing to write: see the funnel, then lower --level or ask the "
    "teacher for more samples"
)

MAX_RECORD_BYTES = 2**26

_BATCH = 1_000
"""Rows held at once."""


class BadDataset(ValueError):
    """A folder that is no whole dataset of ours, or may not become one; the message says why."""


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
    require_free(folder, overwrite)
    if not selection.kept:
        raise BadDataset(NOTHING_KEPT)
    new = folder.with_name(f".{folder.name}.{os.getpid()}.new")
    shutil.rmtree(new, ignore_errors=True)  # of an earlier process that was killed
    try:
        new.mkdir()
        guard = Guard()
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
        _put(new, folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return record


def require_free(folder: Path, overwrite: bool) -> None:
    """Refuse a folder that must not be written.

    Raises:
        BadDataset: it exists and may not be overwritten, or is no dataset.
    """
    if folder.name in ("", ".."):
        raise BadDataset(f"{folder} is no name for a new folder: give another -o")
    if not folder.parent.is_dir():
        raise BadDataset(f"no folder {folder.parent}: make it, or give another -o")
    if not folder.exists() and not folder.is_symlink():
        return
    # Only what this project wrote is ever removed.
    if folder.is_symlink() or not (folder / RECORD).is_file():
        raise BadDataset(f"{folder} is there and is no dataset: give another -o")
    if not overwrite:
        raise BadDataset(f"{folder} is there already: add --overwrite, or give another -o")


def read_dataset(folder: Path) -> DatasetFolder:
    """Check a dataset: its schema, the hashes of its rows, and that it shows no test hand.

    Raises:
        BadDataset: names what is missing, or differs from what its record says.
        LeakedHand: it shows a test hand.
        OSError: it cannot be read.
    """
    record = _read_record(folder)
    if not record.rows:
        raise BadDataset(f"{folder} holds no rows: filter again, with a lower --level")
    guard = Guard()
    for form, said in zip(FORMS, (record.sha256, record.messages_sha256), strict=True):
        digest, count = hashlib.sha256(), 0
        for row in _read_rows(folder, form):
            guard.check(row, f"row {count} of {folder}")
            digest.update(hashed_line(row, form))
            count += 1
        if (digest.hexdigest(), count) != (said, record.rows):
            raise BadDataset(
                f"{folder}: the rows of {form} are not those that {RECORD} names (their hash "
                "differs): filter again, or fetch the folder anew"
            )
    return DatasetFolder(folder, record)


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
    except pyarrow.ArrowInvalid:
        raise BadDataset(f"{path} is no parquet file: filter again") from None


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

    count = 0
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
            if len(batch) == _BATCH:
                flush()
        if batch:
            flush()
    sha256, messages_sha256 = (digest.hexdigest() for digest in digests)
    return {"rows": count, "sha256": sha256, "messages_sha256": messages_sha256}


def _file(folder: Path, form: str) -> Path:
    return folder / form / "train.parquet"


def _put(new: Path, folder: Path) -> None:
    """Give a finished folder its name; what was there is put back if that fails."""
    if not folder.exists():
        new.rename(folder)
        return
    old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    folder.rename(old)
    try:
        new.rename(folder)
    except BaseException:
        old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


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
