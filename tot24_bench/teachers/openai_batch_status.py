"""How a batch is, read from what the provider says: the client does not check the fields.

>>> status_of({"id": "b", "status": "completed", "output_file_id": 7}).output_file is None
True
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from tot24_bench.schema import MAX_COUNT
from tot24_bench.teachers.teacher import TeacherUnavailable

MAX_ID_CHARS = 200

QUEUE_FULL = "token_limit_exceeded"
"""OpenAI's code for more tokens than the account may have waiting."""


class BatchStatus(NamedTuple):
    """A batch at one moment.

    Attributes:
        id: the provider's.
        status: as the provider calls it: validating, in_progress, completed, ...
        input_file: the id of what was asked.
        output_file: the id of the answers; None where there are none.
        error_file: the id of the calls that failed; None where there are none.
        completed: calls that were answered.
        failed: calls that failed.
        total: calls.
        fault: what is wrong with a batch that was refused, in one line, not yet free of keys.
    """

    id: str
    status: str
    input_file: str | None
    output_file: str | None
    error_file: str | None
    completed: int
    failed: int
    total: int
    fault: str


def fields_of(model: object) -> Mapping[str, Any]:
    """The fields of what the client read; none where the answer was no object, such as a page."""
    from openai import BaseModel

    return model.to_dict(warnings=False) if isinstance(model, BaseModel) else {}


def status_of(batch: Mapping[str, Any]) -> BatchStatus:
    """A batch as the provider says it is.

    Raises:
        TeacherUnavailable: it says no id or no status.
    """
    id, status = _id(batch.get("id")), _id(batch.get("status"))
    if id is None or status is None:
        raise TeacherUnavailable("the server answers something else than a batch: no Batch API")
    counts = _object(batch.get("request_counts"))
    return BatchStatus(
        id,
        status,
        _id(batch.get("input_file_id")),
        _id(batch.get("output_file_id")),
        _id(batch.get("error_file_id")),
        _count(counts.get("completed")),
        _count(counts.get("failed")),
        _count(counts.get("total")),
        _fault(_object(batch.get("errors")).get("data")),
    )


def _fault(errors: object) -> str:
    first = _object(errors[0]) if isinstance(errors, list) and errors else {}
    message, line = first.get("message"), first.get("line")
    said = message if isinstance(message, str) and message.strip() else "no reason given"
    where = f" (line {line})" if isinstance(line, int) and 0 <= line <= MAX_COUNT else ""
    fix = "; lower --teacher_args batch_calls" if first.get("code") == QUEUE_FULL else ""
    return f"{said[:1000]}{where}{fix}"


def _id(value: object) -> str | None:
    fits = isinstance(value, str) and 0 < len(value) <= MAX_ID_CHARS and value.isprintable()
    return value if fits and isinstance(value, str) else None


def _count(value: object) -> int:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and isinstance(value, int) and 0 <= value <= MAX_COUNT else 0


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
