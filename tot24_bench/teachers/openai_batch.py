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
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from tot24_bench.prompts.prompt import Prompt
from tot24_bench.teachers.openai_batch_adopt import adopt
from tot24_bench.teachers.openai_batch_calls import MAX_SAMPLES, Call, calls_of, question_of
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


class Worst(NamedTuple):
    """What a call may take at most."""

    tokens: int
    cost: Decimal | None


class Chat(Protocol):
    """How a prompt becomes a call of the chat API, and its answer replies."""

    @property
    def info(self) -> TeacherInfo:
        """Who answers, as traces name it."""
        ...

    @property
    def base_url(self) -> str:
        """Of the server."""
        ...

    def body(self, prompt: Prompt, n: int) -> dict[str, Any]:
        """The body of a call for n samples."""
        ...

    def read(
        self, body: Mapping[str, Any], requests: Sequence[Request | None]
    ) -> Sequence[Reply | Failure]:
        """The outcomes of a call, as `openai_batch_results.ReadBody`."""
        ...

    def worst(self, prompt: Prompt, n: int) -> Worst:
        """What a call for n samples may take."""
        ...


class Limits(NamedTuple):
    """What may still be spent; None is any amount."""

    cost: Decimal | None = None
    tokens: int | None = None


NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """How far the batches of a run are, in calls as the provider counts them."""

    completed: int
    failed: int
    total: int
    batches: int

    @property
    def text(self) -> str:
        """In one line.

        >>> BatchProgress(10, 1, 50, 1).text
        '1 batch under way: 10 of 50 calls done, 1 failed'
        """
        failed = f", {self.failed} failed" if self.failed else ""
        batches = "1 batch" if self.batches == 1 else f"{self.batches} batches"
        return f"{batches} under way: {self.completed} of {self.total} calls done{failed}"


class OpenAIBatchTeacher:
    """Asks through the Batch API."""

    def __init__(
        self,
        chat: Chat,
        provider: BatchProvider,
        state: Path,
        *,
        limits: Limits = NO_LIMITS,
        batch_id: str | None = None,
        polling: Polling = Polling(),
        seen: Callable[[BatchProgress], None] = lambda _: None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Nothing is sent before the first answer is asked for.

        Args:
            chat: how to ask and to read.
            provider: the Batch API.
            state: the file that notes what is under way.
            limits: what may still be spent.
            batch_id: a batch of an earlier command that no state file knows.
            polling: how to upload and to wait.
            seen: is told how far the batches are, after each poll that changes it.
            say: is told a line for people.
        """
        self._chat = chat
        self._provider = provider
        self._path = state
        self._limits = limits
        self._batch_id = batch_id
        self._polling = polling
        self._seen = seen
        self._say = say

    @property
    def info(self) -> TeacherInfo:
        """Who answers: the same as of the live API, so that either may finish the other's file."""
        return self._chat.info

    def ask(self, requests: Iterable[Request]) -> Generator[Reply | Failure]:
        """Answer all requests, batch by batch as they end.

        Raises:
            TeacherUnavailable: a refused batch, a provider that cannot be reached, a state file of
                other settings.
            BudgetSpent: at the end, where the limits let only a part be uploaded.
        """
        wanted = {(question_of(request), request.sample): request for request in requests}
        state = BatchState(self._path, self.info, self._chat.base_url)
        try:
            self._heal(state)
            if self._batch_id is not None:
                adopt(self._batch_id, state, self._provider, self._chat.body, wanted)
            under_way = {sample for batch in state.batches for sample in batch.pending}
            fresh = [request for sample, request in wanted.items() if sample not in under_way]
            spent = self._upload(state, calls_of(fresh, MAX_SAMPLES))
            yield from self._collect(state, wanted)
        except KeyboardInterrupt:
            if ids := [batch.id for batch in state.batches if batch.id and not batch.ended]:
                self._say(f"{len(ids)} batches go on at the provider ({ids[0]}, ...): {AGAIN}")
            raise
        if spent is not None:
            raise spent

    def _heal(self, state: BatchState) -> None:
        """Find the batches whose making was cut off, by the key in their metadata."""
        for batch in [batch for batch in state.batches if batch.id is None and batch.key]:
            found = self._provider.find(str(batch.key), batch.noted)
            if found is None:
                state.remove(batch)
            else:
                batch.id = found.id
                state.save()

    def _upload(self, state: BatchState, calls: Sequence[Call]) -> BudgetSpent | None:
        """Upload what the limits allow; gives what to raise for the rest."""
        fitting, spent = self._within(state, calls)
        path = self._path.with_name(f".{self._path.name}.input.jsonl")
        try:
            for part in _parts(fitting, self._line, self._polling, path):
                self._submit(state, part, path)
        finally:
            path.unlink(missing_ok=True)
        return spent

    def _within(
        self, state: BatchState, calls: Sequence[Call]
    ) -> tuple[Sequence[Call], BudgetSpent | None]:
        running = [batch for batch in state.batches if not batch.ended]
        tokens = sum(batch.worst_tokens for batch in running)
        cost = sum((batch.worst_cost for batch in running), Decimal(0))
        most = self._limits
        for number, call in enumerate(calls):
            worst = self._worst(call)
            tokens += worst.tokens
            cost += worst.cost or Decimal(0)
            over = _over(tokens, cost, most)
            if over:
                fit = sum(len(call.requests) for call in calls[:number])
                rest = sum(len(call.requests) for call in calls)
                return calls[:number], BudgetSpent(
                    f"{over}: in the worst case {fit} of {rest} requests fit; raise it, or lower "
                    "max_tokens"
                )
        return calls, None

    def _worst(self, call: Call) -> Worst:
        return self._chat.worst(call.requests[0].prompt, len(call.requests))

    def _line(self, call: Call) -> bytes:
        line = {
            "custom_id": call.name,
            "method": "POST",
            "url": ENDPOINT,
            "body": self._chat.body(call.requests[0].prompt, len(call.requests)),
        }
        return json.dumps(line).encode() + b"\n"

    def _submit(self, state: BatchState, calls: Sequence[Call], path: Path) -> None:
        worst = [self._worst(call) for call in calls]
        batch = OpenBatch(
            key=uuid.uuid4().hex,
            noted=datetime.now(UTC),
            calls=[call.name for call in calls],
            worst_tokens=sum(each.tokens for each in worst),
            worst_cost=sum((each.cost or Decimal(0) for each in worst), Decimal(0)),
        )
        file = self._provider.upload(path)
        state.batches.append(batch)
        state.save()  # before it is made: a crash in between is healed by the key
        batch.id = self._provider.create(file, str(batch.key), batch.noted).id
        state.save()
        self._say(f"batch {batch.id}: {len(calls)} calls uploaded")

    def _collect(
        self, state: BatchState, wanted: Mapping[Sample, Request]
    ) -> Iterator[Reply | Failure]:
        """Wait for every batch that answers what is wanted, and give its answers."""
        awaited = [batch for batch in state.batches if not batch.pending.isdisjoint(wanted)]
        wait = self._polling.first_seconds
        last: BatchProgress | None = None
        silent = 0
        refused: TeacherUnavailable | None = None
        while awaited:
            heard = {batch.id: self._provider.retrieve(str(batch.id)) for batch in awaited}
            silent = 0 if any(heard.values()) else silent + 1
            if silent >= MAX_SILENT_POLLS:
                raise TeacherUnavailable(f"the provider has not answered for long: {AGAIN}")
            progress = _progress([said for said in heard.values() if said is not None])
            if silent == 0 and progress != last:
                last = progress
                self._seen(progress)
            for batch in awaited:
                said = heard[batch.id]
                if said is None or said.status not in ENDED:
                    continue
                if said.status == "failed":
                    refused = refused or _refused(said)
                    state.remove(batch)
                else:
                    yield from self._fetch(state, batch, said, wanted)
            awaited = [
                batch
                for batch in awaited
                if (said := heard[batch.id]) is None or said.status not in ENDED
            ]
            if awaited:
                time.sleep(wait)
                wait = min(wait * self._polling.growth, self._polling.most_seconds)
        if refused is not None:
            raise refused

    def _fetch(
        self,
        state: BatchState,
        batch: OpenBatch,
        said: Batch,
        wanted: Mapping[Sample, Request],
    ) -> Iterator[Reply | Failure]:
        """The answers of a batch that has ended; when all are taken, the batch is settled."""
        results = BatchResults(batch.pending, wanted, self._chat.read)
        path = self._path.with_name(f".{self._path.name}.result.jsonl")
        try:
            for file in (said.output_file_id, said.error_file_id):
                if file and self._provider.download(file, path):
                    yield from results.read(path)
        finally:
            path.unlink(missing_ok=True)
        yield from results.missing(*_unanswered(said.status, results.bad_lines))
        if results.left:
            newly = not batch.ended
            batch.ended = True
            batch.calls = runs_of(results.left)
            state.save()
            if newly:
                self._say(
                    f"batch {batch.id} also answers {len(results.left)} requests that are not "
                    f"asked for now: {self._path.name} keeps them for a command that does"
                )
        else:
            state.remove(batch)


def _parts(
    calls: Sequence[Call], line_of: Callable[[Call], bytes], polling: Polling, path: Path
) -> Iterator[list[Call]]:
    """Write calls into a file until a batch is full; the file holds each part that is given."""
    rest = list(reversed(calls))
    while rest:
        part: list[Call] = []
        size = 0
        with path.open("wb") as file:
            while rest and len(part) < polling.max_calls:
                line = line_of(rest[-1])
                if part and size + len(line) > polling.max_bytes:
                    break
                file.write(line)
                size += len(line)
                part.append(rest.pop())
        yield part


def _over(tokens: int, cost: Decimal, most: Limits) -> str:
    """The limit that is passed, as words; empty where none is."""
    if most.cost is not None and cost > most.cost:
        return f"the limit on cost leaves ${most.cost:.4f}"
    if most.tokens is not None and tokens > most.tokens:
        return f"the limit on tokens leaves {most.tokens}"
    return ""


def _progress(batches: Sequence[Batch]) -> BatchProgress:
    counts = [batch.request_counts for batch in batches if batch.request_counts is not None]
    return BatchProgress(
        completed=sum(count.completed for count in counts),
        failed=sum(count.failed for count in counts),
        total=sum(count.total for count in counts),
        batches=len(batches),
    )


def _refused(batch: Batch) -> TeacherUnavailable:
    errors = (batch.errors.data if batch.errors else None) or []
    first = errors[0] if errors else None
    message = " ".join(str((first and first.message) or "no reason given").split())[:300]
    line = f" (line {first.line})" if first and first.line is not None else ""
    return TeacherUnavailable(f"the provider refused the batch {batch.id[:80]}: {message}{line}")


def _unanswered(status: str, bad_lines: int) -> tuple[str, str]:
    if status in ("expired", "cancelled"):
        return f"batch {status}", f"the batch {status} before this was answered"
    unread = f"; {bad_lines} lines could not be read" if bad_lines else ""
    return "no answer in batch", f"the batch's result has no answer to this{unread}"
