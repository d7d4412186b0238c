"""The Batch API as a teacher: half the price, answers within a day, nothing lost in between.

All requests are uploaded at once, in as few batches as OpenAI's limits allow; then the batches are
asked how they are, less and less often, and answers are given as soon as a batch has ended. What is
under way is noted in a state file: after any interruption the same command fetches it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from tot24_bench.teachers.budget import Budget, Worst
from tot24_bench.teachers.openai_batch_adopt import adopt
from tot24_bench.teachers.openai_batch_calls import calls_of, question_of
from tot24_bench.teachers.openai_batch_provider import BatchProvider
from tot24_bench.teachers.openai_batch_results import BatchResults, Sample, runs_of
from tot24_bench.teachers.openai_batch_state import BatchState, OpenBatch
from tot24_bench.teachers.openai_batch_status import BatchStatus
from tot24_bench.teachers.openai_batch_upload import BatchSize, Uploader
from tot24_bench.teachers.openai_settings import redacted
from tot24_bench.teachers.openai_wire import OpenAIWire
from tot24_bench.teachers.teacher import Failure, Reply, Request, TeacherInfo, TeacherUnavailable

MAX_SILENT_POLLS = 30
"""Polls in a row without an answer after which the run ends; the batches go on."""

ENDED = ("completed", "expired", "cancelled", "failed")

AGAIN = "the same command goes on"

NOTHING = Worst(0, None)


@dataclass(frozen=True, slots=True)
class Polling:
    """How a run waits.

    Attributes:
        first_seconds: before a batch is asked about for the second time.
        most_seconds: between two polls, at most.
        growth: each wait is so many times the one before.
    """

    first_seconds: float = 10.0
    most_seconds: float = 300.0
    growth: float = 1.5


POLLING = Polling()
SIZE = BatchSize()


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
        wire: OpenAIWire,
        provider: BatchProvider,
        state: Path,
        *,
        budget: Budget,
        batch_id: str | None = None,
        polling: Polling = POLLING,
        size: BatchSize = SIZE,
        seen: Callable[[BatchProgress], None] = lambda _: None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Nothing is sent before the first answer is asked for.

        Args:
            wire: how to ask and to read, at the price of batches.
            provider: the Batch API.
            state: the file that notes what is under way.
            budget: what may be spent.
            batch_id: a batch of an earlier command that no state file knows.
            polling: how to wait.
            size: how large one batch may be.
            seen: is told how far the batches are, after each poll that changes it.
            say: is told a line for people.
        """
        self._wire = wire
        self._provider = provider
        self._path = state
        self._budget = budget
        self._batch_id = batch_id
        self._polling = polling
        self._size = size
        self._seen = seen
        self._say = say

    @property
    def info(self) -> TeacherInfo:
        """Who answers: the same as of the live API, so that either may finish the other's file."""
        return self._wire.info

    def ask(self, requests: Iterable[Request]) -> Generator[Reply | Failure]:
        """Answer all requests, batch by batch as they end.

        Raises:
            TeacherUnavailable: a refused batch, a provider that cannot be reached, a state file of
                other settings.
            BudgetSpent: at the end, where the limits let only a part be uploaded.
        """
        wanted = {(question_of(request), request.sample): request for request in requests}
        settings = self._wire.settings
        state = BatchState(self._path, self.info, settings.url)
        try:
            self._heal(state)
            if self._batch_id is not None:
                adopt(self._batch_id, state, self._provider, self._wire.body, wanted)
            under_way = {sample for batch in state.batches for sample in batch.pending}
            fresh = [request for sample, request in wanted.items() if sample not in under_way]
            uploader = Uploader(self._wire, self._provider, state, self._size, self._say)
            asked = calls_of(fresh, settings.samples_per_request)
            calls, spent = uploader.affordable(asked, self._budget)
            if calls:
                uploader.check(calls, settings.context or self._provider.look())
                uploader.upload(calls)
            yield from self._collect(state, wanted)
        except KeyboardInterrupt:
            if ids := [batch.id for batch in state.batches if batch.id and not batch.ended]:
                self._say(f"going on at the provider: {len(ids)} batch(es), {ids[0]}: {AGAIN}")
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
                    refused = refused or _refused(said, self._provider.key)
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
        said: BatchStatus,
        wanted: Mapping[Sample, Request],
    ) -> Iterator[Reply | Failure]:
        """The answers of a batch that has ended; when all are taken, the batch is settled.

        What has no account of its tokens counts at its worst. A result that cannot be read whole is
        fetched once more by the next command before what it lacks is given up.
        """
        count = len(batch.pending)
        each = Worst(-(-batch.worst_tokens // max(count, 1)), batch.worst_cost / max(count, 1))
        results = BatchResults(batch.pending, wanted, self._wire.read, self._provider.key)
        path = self._path.with_name(f".{self._path.name}.result.jsonl")
        whole = True
        try:
            for file in (said.output_file, said.error_file):
                if not file:
                    continue
                if not self._provider.download(file, path):
                    whole = False
                    continue
                for answer in results.read(path):
                    if isinstance(answer, Reply):
                        self._budget.settle(NOTHING, _took(answer, each))
                    elif not results.refused:  # an answer without a response may be billed
                        self._budget.settle(NOTHING, each)
                    yield answer
        finally:
            path.unlink(missing_ok=True)
        whole = whole and not results.bad_lines
        keep = set(results.left)
        again = results.unanswered
        if again and not whole and not batch.unread:
            batch.unread = True
            keep |= again
            self._say(
                f"the result of batch {batch.id} could not be read whole: {AGAIN}, and fetches it"
            )
        elif again and said.status == "completed":  # answered, perhaps, and billed
            for _ in again:
                self._budget.settle(NOTHING, each)
        yield from results.missing(*_unanswered(said.status, results.bad_lines))
        if keep:
            newly = not batch.ended and not batch.unread
            batch.ended = True
            batch.calls = runs_of(keep)
            batch.worst_tokens = each.tokens * len(keep)
            batch.worst_cost = (each.cost or Decimal(0)) * len(keep)
            state.save()
            if newly:
                self._say(
                    f"batch {batch.id} also answers {len(results.left)} requests that are not "
                    f"asked for now: {self._path.name} keeps them for a command that does"
                )
        else:
            state.remove(batch)


def _progress(batches: Sequence[BatchStatus]) -> BatchProgress:
    return BatchProgress(
        completed=sum(batch.completed for batch in batches),
        failed=sum(batch.failed for batch in batches),
        total=sum(batch.total for batch in batches),
        batches=len(batches),
    )


def _refused(batch: BatchStatus, key: str) -> TeacherUnavailable:
    return TeacherUnavailable(f"the batch {batch.id} was refused: {redacted(batch.fault, key)}")


def _took(reply: Reply, worst: Worst) -> Worst:
    """What a response took; its worst where nobody says."""
    usage = reply.usage
    if usage.completion_tokens is None:
        return worst
    return Worst((usage.prompt_tokens or 0) + (usage.completion_tokens or 0), usage.cost)


def _unanswered(status: str, bad_lines: int) -> tuple[str, str]:
    if status in ("expired", "cancelled"):
        return f"batch {status}", f"the batch {status} before this was answered"
    unread = f"; {bad_lines} lines could not be read" if bad_lines else ""
    return "no answer in batch", f"the batch's result has no answer to this{unread}"
