"""The teacher `openai-batch`: half the price, answers within a day, nothing lost in between.

All requests are uploaded at once, in as few batches as OpenAI's limits allow; then the batches are
asked how they are, less and less often, and answers are given as soon as a batch has ended. What is
under way is noted in a state file beside the traces: after any interruption the same command goes
on. A batch is noted with a key of our own before it is made at the provider, and with its id after.
One that has a key and no id was cut off in between: the provider's list tells whether it exists.

Each call of a batch has an id that spells the hand, the target, the rule, the method, the prompt's
hash and the samples, so that a result file alone tells what was asked, and `transcripts` reads the
hand from it:

>>> from tot24_bench.game import Puzzle
>>> from tot24_bench.prompts import build
>>> prompt = build("io", Puzzle.parse("8 4 6 4"), shots=0)
>>> [call_id(call) for call in calls_of([Request(prompt, i) for i in (0, 1, 2, 5)], most=8)]
['tot24/8-4-6-4/24/all/io/dbed91b1aea5/0-2', 'tot24/8-4-6-4/24/all/io/dbed91b1aea5/5']
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import time
import uuid
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from tot24_bench.files import write_durably
from tot24_bench.schema import Count, Name, first_fault
from tot24_bench.teachers.api.batch_provider import Batch, BatchProvider, Line, objects_in
from tot24_bench.teachers.api.client import Api
from tot24_bench.teachers.api.money import Budget, Charge, Price
from tot24_bench.teachers.api.settings import NO_KEY, OpenAIBatchSettings
from tot24_bench.teachers.api.wire import OpenAIWire
from tot24_bench.teachers.teacher import (
    BudgetSpent,
    Failure,
    Reply,
    Request,
    TeacherInfo,
    TeacherUnavailable,
)

MAX_INPUT_BYTES = 200_000_000  # bytes of one batch's input (OpenAI's limit is 200 MB)
MAX_SILENT_POLLS = 30
"""Polls in a row without an answer after which the run ends; the batches go on."""

POLL_GROWTH = 1.5  # each wait between two polls is so many times the one before
ENDED = ("completed", "expired", "cancelled", "failed")

AGAIN = "the same command goes on"

HASH_DIGITS = 12
"""Hexadecimal digits of a prompt's hash in an id: 48 bits tell the prompts of a file apart."""

MAX_SAMPLES = 128  # samples of one call: OpenAI's largest `n`
_ID = re.compile(
    r"(tot24/[0-9]{1,10}(?:-[0-9]{1,10}){0,11}/-?[0-9]{1,10}/(?:all|some)/[a-z_]{1,40}"
    rf"/[0-9a-f]{{{HASH_DIGITS}}})/([0-9]{{1,6}})(?:-([0-9]{{1,6}}))?",
    re.ASCII,
)

Sample = tuple[str, int]  # what is asked, as ids spell it, and the number of the sample

Call = list[Request]  # consecutive samples of one prompt, asked for together


class OpenBatch(BaseModel):
    """A batch whose answers have not all been given."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    # what its metadata says, made here; None of a batch that was adopted by its id
    key: Name | None
    id: Name | None = None  # the provider's id; None until the provider has said it
    noted: AwareDatetime  # when it was noted, in UTC
    # whether the provider has finished with it; what is left is in its result file
    ended: bool = False
    # whether its result could not be read whole once: it is fetched a second time
    unread: bool = False
    calls: list[Name]  # the ids of the calls that have not been settled
    worst_tokens: Count = 0  # tokens that it may take at most
    worst_cost: Annotated[Decimal, Field(ge=0)] = Decimal(0)  # US dollars that it may cost at most

    @property
    def pending(self) -> set[Sample]:
        """The samples that its calls ask for."""
        return {sample for call in self.calls for sample in samples_of(call)}


class BatchState(BaseModel):
    """The state file: the batches of one trace file, while there are any."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["tot24-batches/1"] = "tot24-batches/1"
    teacher: TeacherInfo  # who is asked
    server: str  # a hash of its address; the file holds no key, no address and no prompt
    batches: list[OpenBatch] = []

    @classmethod
    def read(cls, path: Path, settings: OpenAIBatchSettings) -> Self:
        """What the file of a run with these settings holds.

        Raises:
            TeacherUnavailable: a file that cannot be gone on with; names the fix.
            OSError: it cannot be read.
        """
        server = hashlib.sha256(settings.url.encode()).hexdigest()[:16]
        now = cls(teacher=settings.info, server=server)
        if not path.exists():
            return now
        try:
            then = cls.model_validate_json(path.read_bytes())
        except ValidationError as error:
            where, fault = first_fault(error)
            raise TeacherUnavailable(
                f"{path}: no list of batches: {where}: {fault}: move it away, and give the batches "
                "that it named with --teacher_args batch_id=ID"
            ) from None
        old, new = then._asked(), now._asked()
        for name in [*old, *new]:
            if (was := old.get(name)) != new.get(name):
                raise TeacherUnavailable(
                    f"{path}: its batches were asked with {name} {str(was)[:40]}, not "
                    f"{str(new.get(name))[:40]}: give the settings of that command to fetch them, "
                    "another -o to ask anew, or delete the file to give them up"
                )
        return then

    def _asked(self) -> dict[str, object]:
        return {"model": self.teacher.model, **self.teacher.settings, "server": self.server}

    def save(self, path: Path) -> None:
        """Write it through to the disk, or remove it where nothing is left to keep."""
        if self.batches:
            write_durably(path, self.model_dump_json(indent=1))
        else:
            path.unlink(missing_ok=True)


def sample_of(request: Request) -> Sample:
    """What a request asks for."""
    puzzle, prompt = request.puzzle, request.prompt
    asked = f"{'-'.join(map(str, puzzle.numbers))}/{puzzle.target}/{puzzle.rule}/{prompt.method}"
    return f"tot24/{asked}/{prompt.sha256[:HASH_DIGITS]}", request.sample


def calls_of(requests: Iterable[Request], most: int) -> list[Call]:
    """Calls that ask for all requests, of which samples of one prompt are adjacent."""
    calls: list[Call] = []
    for request in requests:
        last = calls[-1][-1] if calls else None
        next_to_it = last and (request.prompt, request.sample) == (last.prompt, last.sample + 1)
        if next_to_it and len(calls[-1]) < min(most, MAX_SAMPLES):
            calls[-1].append(request)
        else:
            calls.append([request])
    return calls


def call_id(call: Call) -> str:
    """The id of a call, OpenAI's `custom_id`."""
    (question, first), count = sample_of(call[0]), len(call)
    return f"{question}/{first}" + (f"-{first + count - 1}" if count > 1 else "")


def samples_of(id: str) -> list[Sample]:
    """The consecutive samples that a call asks for; none where the id is not one of ours.

    >>> samples_of("tot24/4-4-6-8/24/all/io/dbed91b1aea5/6-7")
    [('tot24/4-4-6-8/24/all/io/dbed91b1aea5', 6), ('tot24/4-4-6-8/24/all/io/dbed91b1aea5', 7)]
    >>> samples_of("request-1"), samples_of("tot24/4-4-6-8/24/all/io/dbed91b1aea5/7-0")
    ([], [])
    """
    if (found := _ID.fullmatch(id)) is None:
        return []
    first, last = int(found[2]), int(found[3] or found[2])
    return [(found[1], n) for n in range(first, last + 1)] if last - first < MAX_SAMPLES else []


class OpenAIBatchTeacher:
    """Asks through the Batch API; one `ask` at a time, and nothing is sent before it.

    Args:
        settings: model, server, sampling, batches.
        state: the file that notes what is under way.
        budget: what may be spent.
        price: of the model, live.
        say: is told in a line what is done, and how far the batches are whenever that changes.

    Raises:
        TeacherUnavailable: no key, or a limit on cost without a price.
    """

    _provider: BatchProvider
    _state: BatchState
    _wanted: Mapping[Sample, Request]

    def __init__(
        self,
        settings: OpenAIBatchSettings,
        state: Path,
        budget: Budget | None = None,
        price: Price | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._settings, self._path, self._say = settings, state, say
        self._budget = budget or Budget()
        self._budget.require_price(price, settings.model)
        self._key = settings.key()
        self._scratch = state.with_name(f".{state.name}.part.jsonl")
        self._wire = OpenAIWire(settings, price and price.batched(), self._key)

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
        self._state = BatchState.read(self._path, self._settings)
        with asyncio.Runner() as runner:
            self._provider = BatchProvider(Api(self._settings, self._key), runner)
            try:
                spent = self._begin()
                yield from self._collect()
            except KeyboardInterrupt:
                if ids := [b.id for b in self._state.batches if b.id and not b.ended]:
                    self._say(f"going on at the provider: {len(ids)} batch(es), {ids[0]}: {AGAIN}")
                raise
            finally:
                self._scratch.unlink(missing_ok=True)
                self._provider.close()
        if spent is not None:
            raise spent

    def _begin(self) -> BudgetSpent | None:
        """Upload what no batch asks, as far as the budget holds it; what to raise for the rest."""
        for batch in [batch for batch in self._state.batches if batch.id is None and batch.key]:
            found = self._provider.find(str(batch.key), batch.noted)  # its making was cut off
            self._settle(batch, None if found is None else found.id)
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

    def _settle(self, batch: OpenBatch, id: str | None) -> None:
        """Note a batch by its id, or forget it where it has none, and save."""
        batch.id = id
        others = [other for other in self._state.batches if other is not batch]
        self._state.batches = others if id is None else [*others, batch]
        self._state.save(self._path)

    def _adopt(self, id: str) -> None:
        """Take up a batch that no state file knows, after reading what it was asked."""
        if any(batch.id == id for batch in self._state.batches):
            return
        found = self._provider.retrieve(id)
        if found is None:
            raise TeacherUnavailable("the provider does not answer: try again in a minute")
        if not self._provider.download(found.input_file_id, self._scratch):
            raise TeacherUnavailable(f"batch {id[:80]}: the provider has deleted what it was asked")
        lines = enumerate(objects_in(self._scratch), start=1)
        asked = {sample for number, line in lines for sample in self._asked(line, number, id)}
        if asked := asked - self._under_way():
            now = datetime.now(UTC)
            self._settle(OpenBatch(key=None, noted=now, calls=_ids(asked)), found.id)

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
            if other := [n for n in [*ours, *theirs] if ours.get(n) != theirs.get(n)]:
                raise TeacherUnavailable(
                    f"batch {id[:80]} was asked with another {other[0][:40]}: give the settings of "
                    "the command that made it"
                )
        return these

    def _affordable(self, calls: list[Call]) -> tuple[list[Call], BudgetSpent | None]:
        """The first calls that fit the budget at their most, and what to raise for the rest.

        Batches under way count at their most too, and so does what is left of ended ones.
        """
        budget = self._budget
        running = [Charge(b.worst_tokens, b.worst_cost) for b in self._state.batches]
        total = sum(running, Charge())
        for number, call in enumerate(calls):
            total += self._most(call)
            if budget.fits(total):
                continue
            fit, asked = sum(map(len, calls[:number])), sum(map(len, calls))
            return calls[:number], BudgetSpent(
                f"of --max-cost and --max-tokens-total ${budget.spent_cost:.4f} and "
                f"{budget.spent_tokens} tokens are spent, and at their worst {fit} of {asked} "
                "requests fit; raise it, or lower max_tokens"
            )
        return calls, None

    def _most(self, call: Call) -> Charge:
        return self._wire.worst(call[0].prompt, len(call))

    def _upload(self, calls: list[Call]) -> None:
        """Make batches of all calls, as few as the limits allow."""
        while calls:
            count = size = 0
            with self._scratch.open("wb") as file:
                for call in calls[: self._settings.batch_calls]:
                    line = self._line(call)
                    size += len(line)
                    if count and size > MAX_INPUT_BYTES:
                        break
                    file.write(line)
                    count += 1
            self._submit(calls[:count])
            calls = calls[count:]

    def _line(self, call: Call) -> bytes:
        line = {
            "custom_id": call_id(call),
            "method": "POST",
            "url": f"/v1{self._settings.path}",
            "body": self._wire.body(call[0].prompt, len(call), call[0].sample),
        }
        return json.dumps(line).encode() + b"\n"

    def _submit(self, calls: Sequence[Call]) -> None:
        most = sum(map(self._most, calls), Charge())
        key, now = uuid.uuid4().hex, datetime.now(UTC)
        file = self._provider.upload(self._scratch)
        batch = OpenBatch(
            key=key,
            noted=now,
            calls=[call_id(call) for call in calls],
            worst_tokens=most.tokens,
            worst_cost=most.cost,
        )
        # Saved before it is made: a crash in between is healed by the key.
        self._state.batches.append(batch)
        self._state.save(self._path)
        self._settle(batch, self._provider.create(file, self._settings.path, key, now))
        self._say(f"batch {batch.id}: {len(calls)} calls uploaded")

    def _collect(self) -> Iterator[Reply | Failure]:
        """Wait for every batch that answers what is wanted, and give its answers."""
        awaited = [b for b in self._state.batches if not b.pending.isdisjoint(self._wanted)]
        wait, silent, last = self._settings.poll_seconds, 0, ""
        refused: TeacherUnavailable | None = None
        while awaited:
            polled = [(batch, self._provider.retrieve(str(batch.id))) for batch in awaited]
            heard = [now for _, now in polled if now is not None]
            silent = 0 if heard else silent + 1
            if silent >= MAX_SILENT_POLLS:
                raise TeacherUnavailable(f"the provider has not answered for long: {AGAIN}")
            if heard and (progress := _progress(heard)) != last:
                last = progress
                self._say(progress)
            awaited = []
            for batch, now in polled:
                if now is None or now.status not in ENDED:
                    awaited.append(batch)
                elif now.status == "failed":
                    refused = refused or now.refused(self._key)
                    self._settle(batch, None)
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
        for file in filter(None, (now.output_file_id, now.error_file_id)):
            if not self._provider.download(file, self._scratch):
                whole = False
                continue
            for outcome, billed in results.read(self._scratch):
                if billed:
                    self._budget.spend(_took(outcome, each))
                yield outcome
        keep = set(results.left)
        if results.pending and not (whole and not results.bad_lines) and not batch.unread:
            batch.unread = True
            keep |= results.pending
            unread = f"the result of batch {batch.id} could not be read whole"
            self._say(f"{unread}: {AGAIN}, and fetches it")
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
        if keep and not batch.ended and not batch.unread:
            self._say(
                f"batch {batch.id} also answers {len(results.left)} requests that are not asked "
                f"for now: {self._path.name} keeps them for a command that does"
            )
        batch.ended, batch.calls = True, _ids(keep)
        batch.worst_tokens, batch.worst_cost = each.tokens * len(keep), each.cost * len(keep)
        self._settle(batch, batch.id if keep else None)


class BatchResults:
    """The answers to what is wanted of one batch.

    What has no answer (no line, a line that cannot be read, fewer choices than samples) may be
    asked again; only an error of the request itself is final.

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
        self.pending, self.left, self.bad_lines = set(pending), set[Sample](), 0
        self._wanted, self._wire, self._key = wanted, wire, key

    def read(self, path: Path) -> Iterator[tuple[Reply | Failure, bool]]:
        """What one file holds, and whether it was billed; may be called for another."""
        for line in map(Line.model_validate, objects_in(path)):
            samples = samples_of(line.custom_id or "")
            self.bad_lines += not samples
            settled = self.pending.intersection(samples)
            if not settled:  # a line that repeats another, or of another batch
                continue
            self.pending -= settled
            requests = [self._wanted.get(s) if s in settled else None for s in samples]
            if (fault := line.fault(self._key)) is not None:
                yield from ((Failure(r, *fault), False) for r in requests if r is not None)
                continue
            self.left |= settled - self._wanted.keys()
            for outcome in self._wire.read(line.body, requests):
                yield outcome, True


def _ids(samples: set[Sample]) -> list[str]:
    """Samples as the ids of calls that ask for one each."""
    return [f"{question}/{number}" for question, number in sorted(samples)]


def _progress(batches: Sequence[Batch]) -> str:
    """How far batches are, in calls as the provider counts them."""
    counts = [batch.request_counts for batch in batches if batch.request_counts]
    done, failed = sum(c.completed or 0 for c in counts), sum(c.failed or 0 for c in counts)
    count = "1 batch" if len(batches) == 1 else f"{len(batches)} batches"
    said = f"{count} under way: {done} of {sum(c.total or 0 for c in counts)} calls done"
    return f"{said}, {failed} failed" if failed else said


def _took(outcome: Reply | Failure, most: Charge) -> Charge:
    """What an answer took; its most where nobody says."""
    if isinstance(outcome, Failure) or outcome.usage.completion_tokens is None:
        return most
    usage = outcome.usage
    tokens = (usage.prompt_tokens or 0) + (usage.completion_tokens or 0)
    return Charge(tokens, usage.cost or Decimal(0))
