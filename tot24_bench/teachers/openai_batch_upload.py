"""Upload calls: only as many as the budget allows, in batches within OpenAI's limits.

Each batch is noted before it is made, so that a crash at any point makes none twice.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from tot24_bench.teachers.budget import Budget, Worst
from tot24_bench.teachers.openai_batch_calls import Call
from tot24_bench.teachers.openai_batch_provider import BatchProvider
from tot24_bench.teachers.openai_batch_state import BatchState, OpenBatch
from tot24_bench.teachers.openai_wire import OpenAIWire
from tot24_bench.teachers.teacher import BudgetSpent

MAX_CALLS = 50_000
"""Calls of one batch (OpenAI's limit)."""

MAX_INPUT_BYTES = 200_000_000
"""Bytes of one batch's input (OpenAI's limit is 200 MB)."""


@dataclass(frozen=True, slots=True)
class BatchSize:
    """How large one batch may be, in calls and in bytes of its input."""

    calls: int = MAX_CALLS
    bytes: int = MAX_INPUT_BYTES


class Uploader:
    """Makes batches of calls, and notes them in a state."""

    def __init__(
        self,
        wire: OpenAIWire,
        provider: BatchProvider,
        state: BatchState,
        size: BatchSize,
        say: Callable[[str], None],
    ) -> None:
        """See `openai_batch.OpenAIBatchTeacher`."""
        self._wire = wire
        self._provider = provider
        self._state = state
        self._size = size
        self._say = say

    def affordable(
        self, calls: Sequence[Call], budget: Budget
    ) -> tuple[Sequence[Call], BudgetSpent | None]:
        """The first calls that fit the budget at their worst, and what to raise for the rest.

        Batches under way count at their worst too, and so does what is left of ended ones.
        """
        running = self._state.batches
        tokens = sum(batch.worst_tokens for batch in running)
        cost = sum((batch.worst_cost for batch in running), Decimal(0))
        for number, call in enumerate(calls):
            worst = self._worst(call)
            priced = worst.cost is not None
            tokens += worst.tokens
            cost += worst.cost or Decimal(0)
            if not budget.fits(Worst(tokens, cost if priced else None)):
                return calls[:number], _spent(calls, number, budget)
        return calls, None

    def check(self, calls: Sequence[Call], context: int | None) -> None:
        """Refuse prompts that the model cannot hold: no server says so before it is paid.

        Raises:
            TeacherUnavailable: names one and the fix.
        """
        for call in calls:
            self._wire.require_room(call.requests[0].prompt, context)

    def upload(self, calls: Sequence[Call]) -> None:
        """Make batches of all calls.

        Raises:
            TeacherUnavailable: the provider refuses one, or cannot be reached.
            OSError: the state or the input cannot be written.
        """
        beside = self._state.path
        path = beside.with_name(f".{beside.name}.input.jsonl")
        try:
            for part in self._parts(calls, path):
                self._submit(part, path)
        finally:
            path.unlink(missing_ok=True)

    def _parts(self, calls: Sequence[Call], path: Path) -> Iterator[list[Call]]:
        """Write calls into a file until a batch is full; it holds each part when it is given."""
        rest = list(reversed(calls))
        while rest:
            part: list[Call] = []
            size = 0
            with path.open("wb") as file:
                while rest and len(part) < self._size.calls:
                    line = self._line(rest[-1])
                    size += len(line)
                    if part and size > self._size.bytes:
                        break
                    file.write(line)
                    part.append(rest.pop())
            yield part

    def _line(self, call: Call) -> bytes:
        first = call.requests[0]
        line = {
            "custom_id": call.name,
            "method": "POST",
            "url": f"/v1{self._wire.path}",
            "body": self._wire.body(first.prompt, len(call.requests), first.sample),
        }
        return json.dumps(line).encode() + b"\n"

    def _submit(self, calls: Sequence[Call], path: Path) -> None:
        worst = [self._worst(call) for call in calls]
        batch = OpenBatch(
            key=uuid.uuid4().hex,
            noted=datetime.now(UTC),
            calls=[call.name for call in calls],
            worst_tokens=sum(each.tokens for each in worst),
            worst_cost=sum((each.cost or Decimal(0) for each in worst), Decimal(0)),
        )
        file = self._provider.upload(path)
        self._state.batches.append(batch)
        self._state.save()  # before it is made: a crash in between is healed by the key
        made = self._provider.create(file, self._wire.path, str(batch.key), batch.noted)
        batch.id = made.id
        self._state.save()
        self._say(f"batch {batch.id}: {len(calls)} calls uploaded")

    def _worst(self, call: Call) -> Worst:
        return self._wire.worst(call.requests[0].prompt, len(call.requests))


def _spent(calls: Sequence[Call], fitting: int, budget: Budget) -> BudgetSpent:
    fit = sum(len(call.requests) for call in calls[:fitting])
    asked = sum(len(call.requests) for call in calls)
    limits = []
    if budget.max_cost is not None:
        limits.append(f"--max-cost {budget.max_cost} (${budget.spent_cost:.4f} spent)")
    if budget.max_tokens is not None:
        limits.append(f"--max-tokens-total {budget.max_tokens} ({budget.spent_tokens} spent)")
    return BudgetSpent(
        f"{' and '.join(limits)}: at their worst {fit} of {asked} requests fit; raise it, or lower "
        "max_tokens"
    )
