"""Every Eval Ever JSON: each submission as one aggregate file and one line a response.

    data/tot24-bench/<developer>/<model>/<uuid>.json
    data/tot24-bench/<developer>/<model>/<uuid>_samples.jsonl

The fields and the layout are those of the project's wheel, every-eval-ever 0.3.0: the two files of
`every_eval_ever/schemas/`, and its README on where files stand
(https://github.com/evaleval/every_eval_ever). What they leave open is decided here:

- One metric, accuracy, so that every line belongs to one result. The other shares stand in
  `score_details.details`.
- A line is a response, not a hand: only a response is right or wrong. `metadata.repeat` counts.
- A reported figure has no lines. Where responses are withheld, lines have an empty `output.raw`, no
  extracted answer, and the response's hash in `metadata`.
- `evaluator_relationship` is "other" unless the caller says: a submission does not say who ran it.
- `token_usage` wants the tokens of the prompt too, which are not stored: a response's own tokens
  stand in `metadata`.
- Times are the submission's date, at midnight UTC, so that an export twice gives equal bytes; the
  UUID is made from the submission's key and content.
- A model without a name on the hub stands under UNSPECIFIED; nobody is made its developer.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from tot24_bench.leaderboard.entry import Entry
from tot24_bench.leaderboard.export.eval_aggregate import Detail, Relationship, aggregate
from tot24_bench.leaderboard.export.eval_identity import identity_of
from tot24_bench.leaderboard.export.eval_instance import instance
from tot24_bench.leaderboard.export.output import File
from tot24_bench.leaderboard.store import path_of, read

COLLECTION = "tot24-bench"
"""The folder below data/ that a datastore knows this benchmark by."""


def eval_files(
    entries: Iterable[Entry], results: Path, relationship: Relationship = "other"
) -> list[File]:
    """The files of all entries.

    Args:
        results: the results folder that the entries were read from: responses are read again, one
            submission at a time, when its lines are written.
        relationship: of whoever ran the evaluations to the models' developers.
    """
    files: list[File] = []
    for entry in entries:
        identity = identity_of(entry.header)
        stem = f"data/{COLLECTION}/{identity.developer}/{identity.model}/{_uuid(entry)}"
        lines: _Lines | None = None
        if entry.outcomes:
            lines = _Lines(entry, results, f"{stem}_samples.jsonl")
            files.append(File(lines.name, lines.write))  # first: the aggregate holds its hash
        files.append(File(f"{stem}.json", _aggregate(entry, relationship, lines)))
    return files


class _Lines:
    """The file of one submission's lines, and what the aggregate says of it once it is written."""

    def __init__(self, entry: Entry, results: Path, name: str) -> None:
        self.name = name
        self.detail: Detail | None = None
        self._entry = entry
        self._results = results

    def write(self) -> Iterator[bytes]:
        """The file, a line at a time."""
        header, identity = self._entry.header, identity_of(self._entry.header)
        digest, rows = hashlib.sha256(), 0
        for sample in read(path_of(self._results, header.key)).samples:
            for index in range(len(sample.scores)):
                record = instance(header, identity, sample, index)
                line = json.dumps(record, allow_nan=False).encode() + b"\n"
                rows += 1
                digest.update(line)
                yield line
        self.detail = Detail(self.name, rows, digest.hexdigest())


def _aggregate(
    entry: Entry, relationship: Relationship, lines: _Lines | None
) -> Callable[[], Iterable[bytes]]:
    def content() -> Iterable[bytes]:
        record = aggregate(entry, relationship, None if lines is None else lines.detail)
        # ASCII: what a name or a response holds cannot act on the terminal of whoever reads it.
        yield json.dumps(record, indent=2, allow_nan=False).encode() + b"\n"

    return content


def _uuid(entry: Entry) -> uuid.UUID:
    """A UUID of the form that the project wants, version 4, but made from the submission."""
    header = entry.header
    known = f"{header.key}\n{header.model_dump_json()}\n{entry.outcomes!r}"
    return uuid.UUID(bytes=hashlib.sha256(known.encode()).digest()[:16], version=4)
