"""Take up a batch by its id: one that an earlier command made and no state file knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tot24_bench.prompts import Prompt
from tot24_bench.teachers.openai_batch_calls import samples_of
from tot24_bench.teachers.openai_batch_provider import BatchProvider
from tot24_bench.teachers.openai_batch_results import Sample, runs_of
from tot24_bench.teachers.openai_batch_state import BatchState, OpenBatch
from tot24_bench.teachers.teacher import Request, TeacherUnavailable
from tot24_bench.transcripts import BadTranscript, json_records

BodyOf = Callable[[Prompt, int, int], dict[str, Any]]
"""The body that this command would send for a prompt, a number of samples and the first one."""


def adopt(
    id: str,
    state: BatchState,
    provider: BatchProvider,
    body_of: BodyOf,
    wanted: Mapping[Sample, Request],
) -> None:
    """Note a batch as one of this file's, after reading what it was asked.

    A batch that is noted already, or that answers nothing that is wanted, changes nothing.

    Raises:
        TeacherUnavailable: no such batch, not one of ours, or one that was asked otherwise.
    """
    if any(batch.id == id for batch in state.batches):
        return
    found = provider.retrieve(id)
    if found is None:
        raise TeacherUnavailable("the provider does not answer: try again in a minute")
    path = state.path.with_name(f".{state.path.name}.adopted.jsonl")
    try:
        if not (found.input_file and provider.download(found.input_file, path)):
            raise TeacherUnavailable(f"batch {id[:80]}: the provider has deleted what it was asked")
        asked = _asked(path, id, body_of, wanted)
    finally:
        path.unlink(missing_ok=True)
    for batch in state.batches:
        asked -= batch.pending
    if asked:
        batch = OpenBatch(key=None, id=found.id, noted=datetime.now(UTC), calls=runs_of(asked))
        state.batches.append(batch)
        state.save()


def _asked(path: Path, id: str, body_of: BodyOf, wanted: Mapping[Sample, Request]) -> set[Sample]:
    """The wanted samples that a batch's input asks for."""
    asked: set[Sample] = set()
    with path.open("rb") as file:
        try:
            for record in json_records(file):
                line = record.value if isinstance(record.value, dict) else {}
                samples = samples_of(line.get("custom_id"))
                if samples is None:
                    raise TeacherUnavailable(
                        f"batch {id[:80]}: line {record.line} of its input was not written by "
                        "tot24 traces generate: import its output with --teacher transcripts"
                    )
                these = [sample for sample in samples.each if sample in wanted]
                if these:
                    ours = body_of(wanted[these[0]].prompt, samples.size, samples.first)
                    _same(line.get("body"), ours, id)
                asked.update(these)
        except BadTranscript as error:
            raise TeacherUnavailable(f"batch {id[:80]}: its input: {error}") from None
    return asked


def _same(theirs: object, ours: Mapping[str, Any], id: str) -> None:
    fields: Mapping[str, Any] = theirs if isinstance(theirs, dict) else {}
    for name in [*ours, *fields]:
        if ours.get(name) != fields.get(name):
            raise TeacherUnavailable(
                f"batch {id[:80]} was asked with another {name[:40]}: give the settings of the "
                "command that made it"
            )
