"""The Batch API as a teacher: half the price, answers within a day, nothing lost in between.

All requests are uploaded at once, in as few batches as OpenAI's limits allow; then the batches are
asked how they are, less and less often, and answers are given as soon as a batch has ended. What is
under way is noted in a state file: after any interruption the same command fetches it.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tot24_bench.prompts.prompt import Prompt
from tot24_bench.teachers.openai_batch_adopt import adopt
from tot24_bench.teachers.openai_batch_calls import Call, calls_of, question_of
from tot24_bench.teachers.openai_batch_provider import ENDPOINT, BatchProvider
from tot24_bench.teachers.openai_batch_results import BatchResults, Sample, runs_of
from tot24_bench.teachers.openai_batch_state import BatchState, OpenBatch
from tot24_bench.teachers.teacher import (
    BudgetSpent,
    Failure,
    Reply,
    Request,
    TeacherInfo,
    TeacherUnavailable,
)

if TYPE_CHECKING:
    from openai.types import Batch

MAX_CALLS = 50_000
"""Calls of one batch (OpenAI's limit)."""

MAX_INPUT_BYTES = 200_000_000
"""Bytes of one batch's input (OpenAI's limit is 200 MB)."""

MAX_SILENT_POLLS = 30
"""Polls in a row without an answer after which the run ends; the batches go on."""

ENDED = ("completed", "expired", "cancelled", "failed")

AGAIN = "the same command goes on"


@dataclass(frozen=True, slots=True)
class Polling:
    """How a run uploads and waits.

    Attributes:
        first_seconds: before a batch is asked about for the second time.
        most_seconds: between two polls, at most.
        growth: each wait is so many times the one before.
        max_calls: calls of one batch.
        max_bytes: bytes of one batch's input.
    """

    first_seconds: float = 10.0
    most_seconds: float = 300.0
    growth: float = 1.5
    max_calls: int = MAX_CALLS
    max_bytes: int = MAX_INPUT_BYTES


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """How far all batches of a run are, in calls as the provider counts them."""

    completed: int
    failed: int
    total: int
    batches: int

    @property
    def text(self) -> str:
        """In one line."""
        failed = f", {self.failed} failed" if self.failed else ""
        batches = "1 batch" if self.batches == 1 else f"{self.batches} batches"
        return f"{batches} under way: {self.completed} of {self.total} calls done{failed}"
