"""The teacher `openai-batch`: half the price, answers within a day, nothing lost in between.

All requests are uploaded at once, in as few batches as OpenAI's limits allow; then the batches are
asked how they are, less and less often, and answers are given as soon as a batch has ended. What is
under way is noted in a state file (`batch_state`): after any interruption the same command goes on.

A result file holds one line for each call, in any order. What has no answer (no line, a line that
cannot be read, fewer choices than samples) may be asked again; only an error of the request itself
is final.

    {"custom_id": "tot24/4-4-6-8/24/all/io/dbed91b1aea5/0-1", "error": null,
     "response": {"status_code": 200, "body": {"choices": [...], "usage": {...}, ...}}}
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import AliasPath, Field

from tot24_bench.teachers.api.batch_provider import Batch, BatchProvider
from tot24_bench.teachers.api.batch_state import (
    BatchState,
    OpenBatch,
    Sample,
    call_id,
    calls_of,
    ids_of,
    sample_of,
    samples_of,
)
from tot24_bench.teachers.api.client import PASSING, Api
from tot24_bench.teachers.api.money import Budget, Charge, Price
from tot24_bench.teachers.api.settings import NO_KEY, OpenAIBatchSettings, redacted
from tot24_bench.teachers.api.wire import OpenAIWire, ServerSaid, Told
from tot24_bench.teachers.teacher import (
    BudgetSpent,
    Failure,
    Reply,
    Request,
    TeacherInfo,
    TeacherUnavailable,
)

MAX_INPUT_BYTES = 200_000_000
"""Bytes of one batch's input (OpenAI's limit is 200 MB)."""

MAX_LINE_BYTES = 2**26
"""Bytes of a line of a result file; the rest of a longer one counts as bad lines."""

MAX_SILENT_POLLS = 30
"""Polls in a row without an answer after which the run ends; the batches go on."""

POLL_GROWTH = 1.5
"""Each wait between two polls is so many times the one before."""

ENDED = ("completed", "expired", "cancelled", "failed")

AGAIN = "the same command goes on"


class OpenAIBatchTeacher:
    """Asks through the Batch API; one `ask` at a time, and nothing is sent before it.

    Args:
        settings: model, server, sampling, batches.
        state: the file that notes what is under way.
        budget: what may be spent.
        price: of the model, live; None where none is known.
        say: is told in a line what is done, and how far the batches are whenever that changes.

    Raises:
        TeacherUnavailable: no key, or a limit on cost without a price.
    """

    def __init__(
        self,
        settings: OpenAIBatchSettings,
        state: Path,
        budget: Budget | None = None,
        price: Price | None = None,
        *,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._settings = settings
        self._path = state
        self._budget = budget or Budget()
        self._budget.require_price(price, settings.model)
        self._key = settings.key()
        self._wire = OpenAIWire(settings, price and price.batched(), self._key)
        self._say = say
        self._provider: BatchProvider
        self._state: BatchState
        self._wanted: Mapping[Sample, Request]

    @property
    def info(self) -> TeacherInfo:
        """Who answers: the same as of the live API, so that either may finish the other's file."""
        return self._settings.info

    def ask(self, requests: Iterable[Request]) -> Generator[Reply | Failure]:
        """Answer all requests, batch by batch as they end.

        Raises:
            TeacherUnavailable: a refused batch, a provider that cannot be reached, a state file of
                other settings.
            BudgetSpent: at the end, where the limits let only a part be uploaded.
        """
        self._wanted = {sample_of(request): request for request in requests}
        self._state = BatchState(self._path, self.info, self._settings.url)
        with asyncio.Runner() as runner:
            self._provider = BatchProvider(Api(self._settings, self._key), runner)
            try:
                spent = self._begin()
                yield from self._collect()
            except KeyboardInterrupt:
                if ids := [b.id for b in self._state.batches if b.id and not b.ended]:
                    going_on = f"{len(ids)} batch(es), {ids[0]}"
                    self._say(f"going on at the provider: {going_on}: {AGAIN}")
                raise
            finally:
                self._provider.close()
        if spent is not None:
            raise spent

    def _begin(self) -> BudgetSpent | None:
        """Upload what no batch asks, as far as the budget holds it; what to raise for the rest."""
        self._heal()
        settings = self._settings
        if settings.batch_id is not None:
            self._adopt(settings.batch_id)
        under_way = self._under_way()
        fresh = [request for sample, request in self._wanted.items() if sample not in under_way]
        calls, spent = self._affordable(calls_of(fresh, settings.samples_per_request))
        if calls:
            context = settings.context or self._provider.look()
            for call in calls:
                self._wire.require_room(call[0].prompt, context)
            self._upload(calls)
        return spent

    def _under_way(self) -> set[Sample]:
        return {sample for batch in self._state.batches for sample in batch.pending}

    def _heal(self) -> None:
        """Find the batches whose making was cut off, by the key in their metadata."""
        for batch in [batch for batch in self._state.batches if batch.id is None and batch.key]:
            found = self._provider.find(str(batch.key), batch.noted)
            if found is None:
                self._state.remove(batch)
            else:
                batch.id = found.id
                self._state.save()

    def _adopt(self, id: str) -> None:
        """Take up a batch that no state file knows, after reading what it was asked.

        Raises:
            TeacherUnavailable: no such batch, not one of ours, or one that was asked otherwise.
        """
        if any(batch.id == id for batch in self._state.batches):
            return
        found = self._provider.retrieve(id)
        if found is None:
            raise TeacherUnavailable("the provider does not answer: try again in a minute")
        with self._scratch("adopted") as path:
            if not (found.input_file_id and self._provider.download(found.input_file_id, path)):
                raise TeacherUnavailable(
                    f"batch {id[:80]}: the provider has deleted what it was asked"
                )
            lines = enumerate(_objects(path), start=1)
            asked = {sample for number, line in lines for sample in self._asked(line, number, id)}
        if asked := asked - self._under_way():
            now = datetime.now(UTC)
            self._state.add(OpenBatch(key=None, id=found.id, noted=now, calls=ids_of(asked)))

    def _asked(self, line: Mapping[str, Any], number: int, id: str) -> list[Sample]:
        """The wanted samples that a line of a batch's input asks for."""
        samples = samples_of(str(line.get("custom_id")))
        if not samples:
            raise TeacherUnavailable(
                f"batch {id[:80]}: line {number} of its input was not written by tot24 traces "
                "generate: import its output with --teacher transcripts"
            )
        these = [sample for sample in samples if sample in self._wanted]
        if these:
            prompt = self._wanted[these[0]].prompt
            ours = self._wire.body(prompt, len(samples), samples[0][1])
            body = line.get("body")
            theirs: Mapping[str, Any] = body if isinstance(body, dict) else {}
            for name in [*ours, *theirs]:
                if ours.get(name) != theirs.get(name):
                    raise TeacherUnavailable(
                        f"batch {id[:80]} was asked with another {name[:40]}: give the settings "
                        "of the command that made it"
                    )
        return these

    def _affordable(
        self, calls: list[list[Request]]
    ) -> tuple[list[list[Request]], BudgetSpent | None]:
        """The first calls that fit the budget at their most, and what to raise for the rest.

        Batches under way count at their most too, and so does what is left of ended ones.
        """
        total = sum((batch.most for batch in self._state.batches), Charge())
        budget = self._budget
        for number, call in enumerate(calls):
            total += self._most(call)
            if budget.fits(total):
                continue
            limits = []
            if budget.max_cost is not None:
                limits.append(f"--max-cost {budget.max_cost} (${budget.spent_cost:.4f} spent)")
            if (most := budget.max_tokens) is not None:
                limits.append(f"--max-tokens-total {most} ({budget.spent_tokens} spent)")
            fit, asked = sum(map(len, calls[:number])), sum(map(len, calls))
            return calls[:number], BudgetSpent(
                f"{' and '.join(limits)}: at their worst {fit} of {asked} requests fit; raise it, "
                "or lower max_tokens"
            )
        return calls, None

    def _most(self, call: Sequence[Request]) -> Charge:
        return self._wire.worst(call[0].prompt, len(call))

    def _upload(self, calls: Sequence[list[Request]]) -> None:
        """Make batches of all calls.

        Raises:
            TeacherUnavailable: the provider refuses one, or cannot be reached.
            OSError: the state or the input cannot be written.
        """
        with self._scratch("input") as path:
            while calls:
                part: list[list[Request]] = []
                size = 0
                with path.open("wb") as file:
                    for call in calls[: self._settings.batch_calls]:
                        line = self._line(call)
                        size += len(line)
                        if part and size > MAX_INPUT_BYTES:
                            break
                        file.write(line)
                        part.append(call)
                self._submit(part, path)
                calls = calls[len(part) :]

    def _line(self, call: Sequence[Request]) -> bytes:
        line = {
            "custom_id": call_id(call),
            "method": "POST",
            "url": f"/v1{self._settings.path}",
            "body": self._wire.body(call[0].prompt, len(call), call[0].sample),
        }
        return json.dumps(line).encode() + b"\n"

    def _submit(self, calls: Sequence[list[Request]], path: Path) -> None:
        most = sum(map(self._most, calls), Charge())
        key = uuid.uuid4().hex
        batch = OpenBatch(
            key=key,
            noted=datetime.now(UTC),
            calls=[call_id(call) for call in calls],
            worst_tokens=most.tokens,
            worst_cost=most.cost,
        )
        file = self._provider.upload(path)
        self._state.add(batch)  # before it is made: a crash in between is healed by the key
        batch.id = self._provider.create(file, self._settings.path, key, batch.noted).id
        self._state.save()
        self._say(f"batch {batch.id}: {len(calls)} calls uploaded")

    def _collect(self) -> Iterator[Reply | Failure]:
        """Wait for every batch that answers what is wanted, and give its answers."""
        awaited = [b for b in self._state.batches if not b.pending.isdisjoint(self._wanted)]
        wait = self._settings.poll_seconds
        last = ""
        silent = 0
        refused: TeacherUnavailable | None = None
        while awaited:
            polled = [(batch, self._provider.retrieve(str(batch.id))) for batch in awaited]
            heard = [now for _, now in polled if now is not None]
            silent = 0 if heard else silent + 1
            if silent >= MAX_SILENT_POLLS:
                raise TeacherUnavailable(f"the provider has not answered for long: {AGAIN}")
            progress = _progress(heard)
            if heard and progress != last:
                last = progress
                self._say(progress)
            awaited = [batch for batch, now in polled if now is None or now.status not in ENDED]
            for batch, now in polled:
                if now is None or now.status not in ENDED:
                    continue
                if now.status == "failed":
                    refused = refused or now.refused(self._key)
                    self._state.remove(batch)
                else:
                    yield from self._fetch(batch, now)
            if awaited:
                time.sleep(wait)
                wait = min(wait * POLL_GROWTH, self._settings.max_poll_seconds)
        if refused is not None:
            raise refused

    def _fetch(self, batch: OpenBatch, now: Batch) -> Iterator[Reply | Failure]:
        """The answers of a batch that has ended; when all are taken, the batch is settled.

        What has no account of its tokens counts at its most. A result that cannot be read whole is
        fetched once more by the next command before what it lacks is given up.
        """
        count = max(len(batch.pending), 1)
        each = Charge(-(-batch.worst_tokens // count), batch.worst_cost / count)
        results = BatchResults(batch.pending, self._wanted, self._wire, self._key)
        whole = True
        with self._scratch("result") as path:
            for file in filter(None, (now.output_file_id, now.error_file_id)):
                if not self._provider.download(file, path):
                    whole = False
                    continue
                for outcome, billed in results.read(path):
                    if billed:
                        self._budget.spend(_took(outcome, each))
                    yield outcome
        whole = whole and not results.bad_lines
        keep = set(results.left)
        if results.pending and not whole and not batch.unread:
            batch.unread = True
            keep |= results.pending
            self._say(
                f"the result of batch {batch.id} could not be read whole: {AGAIN}, and fetches it"
            )
        elif now.status == "completed":  # answered, perhaps, and billed
            self._budget.spend(each * len(results.pending))
        kind, reason = "no answer in batch", "the batch's result has no answer to this"
        if now.status != "completed":
            kind = f"batch {now.status}"
            reason = f"the batch {now.status} before this was answered"
        elif results.bad_lines:
            reason += f"; {results.bad_lines} lines could not be read"
        for sample in sorted(results.pending & self._wanted.keys()):
            yield Failure(self._wanted[sample], kind, reason)
        if not keep:
            self._state.remove(batch)
            return
        newly = not batch.ended and not batch.unread
        batch.ended = True
        batch.calls = ids_of(keep)
        batch.worst_tokens, batch.worst_cost = each.tokens * len(keep), each.cost * len(keep)
        self._state.save()
        if newly:
            self._say(
                f"batch {batch.id} also answers {len(results.left)} requests that are not asked "
                f"for now: {self._path.name} keeps them for a command that does"
            )

    @contextmanager
    def _scratch(self, name: str) -> Iterator[Path]:
        """A file beside the state that is gone afterwards."""
        path = self._path.with_name(f".{self._path.name}.{name}.jsonl")
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)


def _progress(batches: Sequence[Batch]) -> str:
    """How far batches are, in calls as the provider counts them."""
    done, failed, total = (
        sum(getattr(batch, name) or 0 for batch in batches)
        for name in ("completed", "failed", "total")
    )
    said = (
        f"{len(batches)} batch{'es' * (len(batches) > 1)} under way: {done} of {total} calls done"
    )
    return f"{said}, {failed} failed" if failed else said


class _Error(ServerSaid):
    code: Told[str] = None
    message: Told[str] = None


class _Response(ServerSaid):
    status_code: Annotated[int, Field(ge=100, lt=1000)] = 200
    body: Told[dict[str, Any]] = None
    error: Told[_Error] = Field(None, validation_alias=AliasPath("body", "error"))


class _Line(ServerSaid):
    custom_id: Told[str] = None
    response: Told[_Response] = None
    error: Told[_Error] = None

    def fault(self, key: str) -> tuple[str, str, bool] | None:
        """Why it is no answer: kind, reason, and whether asking again may help."""
        response, error = self.response, self.error
        if response is not None and (status := response.status_code) != 200:
            said = redacted((response.error and response.error.message) or "", key)
            kind = "rate limited" if status == 429 else f"HTTP {status}"
            return kind, said or f"status {status}", status in PASSING or status >= 500
        if error is not None:
            kind = redacted(error.code or "", key, 40).replace("_", " ") or "batch error"
            return kind, redacted(error.message or "", key) or kind, True
        if response is None or response.body is None:
            nothing = "a line of the batch's result has no answer and no error"
            return "malformed answer", nothing, True
        return None


class BatchResults:
    """The answers to what is wanted of one batch.

    Args:
        pending: samples of the batch that have not been settled.
        wanted: the requests to be answered.
        wire: reads one answer.
        key: never to appear in what is read.

    Attributes:
        pending: samples that no line has settled yet.
        left: samples that the batch answers and nobody wants now.
        bad_lines: lines that could not be read.
    """

    def __init__(
        self,
        pending: set[Sample],
        wanted: Mapping[Sample, Request],
        wire: OpenAIWire,
        key: str = NO_KEY,
    ) -> None:
        self.pending = set(pending)
        self.left: set[Sample] = set()
        self.bad_lines = 0
        self._wanted, self._wire, self._key = wanted, wire, key

    def read(self, path: Path) -> Iterator[tuple[Reply | Failure, bool]]:
        """What one file holds, and whether it was billed; may be called for another."""
        for value in _objects(path):
            line = _Line.model_validate(value)
            samples = samples_of(line.custom_id or "")
            self.bad_lines += not samples
            settled = self.pending.intersection(samples)
            if not settled:  # a line that repeats another, or of another batch
                continue
            self.pending -= settled
            requests = [self._wanted.get(s) if s in settled else None for s in samples]
            fault = line.fault(self._key)
            if fault is not None:
                yield from ((Failure(r, *fault), False) for r in requests if r is not None)
            elif line.response is not None:
                self.left |= settled - self._wanted.keys()
                for outcome in self._wire.read(line.response.body, requests):
                    yield outcome, True


def _objects(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a file of JSON Lines; an empty one for a line that holds none."""
    with path.open("rb") as file:
        while text := file.readline(MAX_LINE_BYTES):
            try:
                value = json.loads(text)
            except (ValueError, RecursionError):
                value = None
            if text.strip():
                yield value if isinstance(value, dict) else {}


def _took(outcome: Reply | Failure, most: Charge) -> Charge:
    """What an answer took; its most where nobody says."""
    if isinstance(outcome, Failure) or outcome.usage.completion_tokens is None:
        return most
    usage = outcome.usage
    tokens = (usage.prompt_tokens or 0) + (usage.completion_tokens or 0)
    return Charge(tokens, usage.cost or Decimal(0))
