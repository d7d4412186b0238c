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
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tot24_bench import __version__
from tot24_bench.traces.advice import nothing_kept
from tot24_bench.traces.dataset_reading import DatasetFolder, read_dataset
from tot24_bench.traces.dataset_record import DatasetRecord
from tot24_bench.traces.filter import FilterConfig, Selection, kept_traces
from tot24_bench.traces.folder import (
    CARD,
    FORMS,
    HANDS,
    RECORD,
    BadDataset,
    aside,
    put,
    remove,
    require_free,
    rows_file,
)
from tot24_bench.traces.guard import Guard
from tot24_bench.traces.rows import (
    PromptConfig,
    hashed_line,
    make_row,
    require_together,
    schema_of,
)

__all__ = [
    "BadDataset",
    "DatasetFolder",
    "read_dataset",
    "require_free",
    "require_licence",
    "write_dataset",
]

UNKNOWN_LICENCE = "unknown"

MAX_LICENCE_CHARS = 200

_BATCH = 1_000
"""Rows held at once."""


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
    require_licence(licence)
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


def require_licence(licence: str) -> None:
    """Refuse what is no name of a licence.

    Raises:
        BadDataset: it is empty, too long, or on several lines.
    """
    if not licence.isprintable() or not 0 < len(licence) <= MAX_LICENCE_CHARS:
        raise BadDataset("the licence is a name on one line: give a shorter --licence")


def _write_rows(
    selection: Selection,
    folder: Path,
    prompt: PromptConfig,
    guard: Guard,
    tick: Callable[[], object],
) -> dict[str, Any]:
    """Write both forms; how many rows there are, and their hashes."""
    from contextlib import ExitStack

    import pyarrow  # type: ignore[import-untyped]
    from pyarrow import parquet

    count = cut = 0
    digests = [hashlib.sha256() for _ in FORMS]
    schemas = [schema_of(form) for form in FORMS]
    batch: list[dict[str, Any]] = []
    with ExitStack() as open_files:
        writers = []
        for form, schema in zip(FORMS, schemas, strict=True):
            (folder / form).mkdir()
            writer = parquet.ParquetWriter(rows_file(folder, form), schema, compression="zstd")
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
