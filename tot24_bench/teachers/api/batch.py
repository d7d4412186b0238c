"""The teacher `openai-batch`: half the price, answers within a day, nothing lost in between.

All requests are uploaded at once, in as few batches as OpenAI's limits allow; then the batches are
asked how they are, less and less often, and answers are given as soon as a batch has ended. What is
under way is noted in a state file beside the traces: after any interruption the same command goes
on. A batch is noted with a key of our own before it is made at the provider, and with its id after.
One that has a key and no id was cut off in between: the provider's list tells whether it exists.

The id of a call spells what it asks, so that a result file alone tells that, too, and `transcripts`
reads the hand from it:

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
from dataclasses import replace
from decimal import Decimal
from itertools import accumulate
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, ValidationError

from tot24_bench.files import write_durably
from tot24_bench.schema import Count, Name, first_fault
from tot24_bench.teachers.api.batch_provider import Batch, BatchProvider, Line, objects_in
from tot24_bench.teachers.api.client import Api
from tot24_bench.teachers.api.money import Budget, Charge, Price
from tot24_bench.teachers.api.settings import OpenAIBatchSettings
from tot24_bench.teachers.api.wire import OpenAIWire
from tot24_bench.teachers.teacher import (
    BudgetSpent,
    Failure,
    Reply,
    Request,
    TeacherInfo,
    TeacherUnavailable,
)

MAX_INPUT_BYTES = 200_000_000  # of one batch's input (OpenAI's limit is 200 MB)
MAX_SAMPLES = 128  # of one call: OpenAI's largest `n`
MAX_SILENT_POLLS = 30  # polls in a row without an answer that end the run; the batches go on
POLL_GROWTH = 1.5  # each wait between two polls is so many times the one before
ENDED = ("completed", "expired", "cancelled", "failed")
AGAIN = "the same command goes on"

HASH_DIGITS = 12  # of a prompt's hash in an id: 48 bits tell the prompts of a file apart
_ID = re.compile(
    r"(tot24/[0-9]{1,10}(?:-[0-9]{1,10}){0,11}/-?[0-9]{1,10}/(?:all|some)/[a-z_]{1,40}"
    rf"/[0-9a-f]{{{HASH_DIGITS}}})/([0-9]{{1,6}})(?:-([0-9]{{1,6}}))?",
    re.ASCII,
)

Sample = tuple[str, int]  # what is asked, as ids spell it, and the number of the sample

Call = list[Request]  # consecutive samples of one prompt, asked for together


class OpenBatch(BaseModel):
    """A batch whose answers have not all been given."""

    # what its metadata says, made here; None of a batch that was adopted by its id
    key: Name | None
    id: Name | None = None  # the provider's id; None until the provider has said it
    calls: list[Name]  # the ids of the calls that have not been settled
    worst_tokens: Count = 0  # tokens that those may take at most
    worst_cost: Annotated[Decimal, Field(ge=0)] = Decimal(0)  # the same in US dollars

    @property
    def pending(self) -> set[Sample]:
        """The samples that its calls ask for."""
        return {sample for call in self.calls for sample in samples_of(call)}


class BatchState(BaseModel):
    """The state file: the batches of one trace file, while there are any."""

    format: Literal["tot24-batches/1"] = "tot24-batches/1"
    teacher: TeacherInfo  # who is asked
    server: str  # a hash of its address; the file holds no key, no address and no prompt
    batches: list[OpenBatch] = []

    @classmethod
    def read(cls, path: Path, settings: OpenAIBatchSettings) -> Self:
        """What the file of a run with these settings holds; TeacherUnavailable if of others."""
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
        old, new = (
            {"model": state.teacher.model, **state.teacher.settings, "server": state.server}
            for state in (then, now)
        )
        for name in old | new:
            if (was := old.get(name)) != new.get(name):
                raise TeacherUnavailable(
                    f"{path}: its batches were asked with {name} {str(was)[:40]}, not "
                    f"{str(new.get(name))[:40]}: give the settings of that command to fetch them, "
                    "another -o to ask anew, or delete the file to give them up"
                )
        return then

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
        last = calls[-1] if calls else []
        next_to_it = last and last[-1] == replace(request, sample=request.sample - 1)
        if next_to_it and len(last) < min(most, MAX_SAMPLES):
            last.append(request)
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

    The price is the live one; `say` is told in a line what is done, and how far the batches are.
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
        self.info = settings.info  # as of the live API: either may finish the other's file
        self._budget = budget or Budget()
        self._budget.require_price(price, settings.model)
        self._scratch = state.with_name(f".{state.name}.part.jsonl")
        self._wire = OpenAIWire(settings, price and price.batched(), settings.key())

    def ask(self, requests: Iterable[Request]) -> Generator[Reply | Failure]:
        """Answer all requests, batch by batch as they end; BudgetSpent where only a part fits."""
        self._wanted = {sample_of(request): request for request in requests}
        self._state = BatchState.read(self._path, self._settings)
        with asyncio.Runner() as runner:
            self._provider = BatchProvider(Api(self._settings, self._wire.key), runner)
            try:
                spent = self._begin()
                yield from self._collect()
            except KeyboardInterrupt:
                if ids := [batch.id for batch in self._state.batches if batch.id]:
                    self._say(f"going on at the provider: {len(ids)} batch(es), {ids[0]}: {AGAIN}")
                raise
            finally:
                self._scratch.unlink(missing_ok=True)
                self._provider.close()
        if spent is not None:
            raise spent

    def _begin(self) -> BudgetSpent | None:
        """Upload what no batch asks, as far as the budget holds it; what to raise for the rest."""
        for batch in [batch for batch in self._state.batches if batch.id is None]:
            self._settle(batch, self._provider.find(str(batch.key)))  # its making was cut off
        settings = self._settings
        if (id := settings.batch_id) and id not in {batch.id for batch in self._state.batches}:
            self._adopt(id)
        under_way = self._under_way()
        fresh = [request for sample, request in self._wanted.items() if sample not in under_way]
        calls = calls_of(fresh, settings.samples_per_request)
        most = [self._wire.worst(call[0].prompt, len(call)) for call in calls]
        # Batches under way count at their most, and so does what is left of ended ones.
        noted = sum((Charge(b.worst_tokens, b.worst_cost) for b in self._state.batches), Charge())
        fit = sum(map(self._budget.fits, [*accumulate(most, initial=noted)][1:]))
        if fit:
            context = settings.context or self._provider.look()
            for call in calls[:fit]:
                self._wire.require_room(call[0].prompt, context)
            self._upload(calls[:fit], most)
        if fit == len(calls):
            return None
        budget, requests = self._budget, sum(map(len, calls[:fit]))
        return BudgetSpent(
            f"of --max-cost and --max-tokens-total ${budget.spent_cost:.4f} and "
            f"{budget.spent_tokens} tokens are spent, and at their worst {requests} of "
            f"{len(fresh)} requests fit; raise it, or lower max_tokens"
        )

    def _under_way(self) -> set[Sample]:
        return {sample for batch in self._state.batches for sample in batch.pending}

    def _settle(self, batch: OpenBatch, id: str | None) -> None:
        """Note a batch by its id, or forget it where it has none."""
        batch.id = id
        if id is None:
            self._state.batches.remove(batch)
        self._state.save(self._path)

    def _adopt(self, id: str) -> None:
        """Take up a batch that no state file knows, after reading what it was asked."""
        found = self._provider.retrieve(id)
        if found is None:
            raise TeacherUnavailable("the provider does not answer: try again in a minute")
        self._provider.download(found.input_file_id, self._scratch)
        asked = {sample for line in objects_in(self._scratch) for sample in self._asked(line, id)}
        if asked := asked - self._under_way():
            batch = OpenBatch(key=None, calls=_ids(asked))
            self._state.batches.append(batch)
            self._settle(batch, found.id)

    def _asked(self, line: Mapping[str, Any], id: str) -> list[Sample]:
        """The wanted samples that a line of a batch's input asks for."""
        samples, body = samples_of(str(line.get("custom_id"))), line.get("body")
        if not samples or not isinstance(body, dict):
            raise TeacherUnavailable(
                f"batch {id[:80]} was not written by tot24 traces generate: import its output with "
                "--teacher transcripts"
            )
        wanted = [sample for sample in samples if sample in self._wanted]
        if wanted:
            prompt = self._wanted[wanted[0]].prompt
            ours = self._wire.body(prompt, len(samples), samples[0][1])
            if other := [name for name in ours | body if ours.get(name) != body.get(name)]:
                raise TeacherUnavailable(
                    f"batch {id[:80]} was asked with another {other[0][:40]}: give the settings of "
                    "the command that made it"
                )
        return wanted

    def _upload(self, calls: list[Call], most: list[Charge]) -> None:
        """Make batches of all calls, as few as the limits allow."""
        while calls:
            ids: list[str] = []
            size = 0
            with self._scratch.open("wb") as file:
                for call in calls[: self._settings.batch_calls]:
                    line = {
                        "custom_id": call_id(call),
                        "method": "POST",
                        "url": f"/v1{self._settings.path}",
                        "body": self._wire.body(call[0].prompt, len(call), call[0].sample),
                    }
                    written = json.dumps(line).encode() + b"\n"
                    size += len(written)
                    if ids and size > MAX_INPUT_BYTES:
                        break
                    file.write(written)
                    ids.append(call_id(call))
            self._submit(ids, sum(most[: len(ids)], Charge()))
            calls, most = calls[len(ids) :], most[len(ids) :]

    def _submit(self, calls: list[str], most: Charge) -> None:
        file, key = self._provider.upload(self._scratch), uuid.uuid4().hex
        batch = OpenBatch(key=key, calls=calls, worst_tokens=most.tokens, worst_cost=most.cost)
        # Saved before it is made: a crash in between is healed by the key.
        self._state.batches.append(batch)
        self._state.save(self._path)
        self._settle(batch, self._provider.create(file, self._settings.path, key))
        self._say(f"batch {batch.id}: {len(calls)} calls uploaded")

    def _collect(self) -> Iterator[Reply | Failure]:
        """Wait for every batch that answers what is wanted, and give its answers."""
        awaited = [b for b in self._state.batches if not b.pending.isdisjoint(self._wanted)]
        wait, silent, last = self._settings.poll_seconds, 0, ""
        unfit: TeacherUnavailable | None = None
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
                    continue
                try:
                    yield from self._fetch(batch, now)
                except TeacherUnavailable as error:  # the other batches are given first
                    unfit = unfit or error
            if awaited:
                time.sleep(wait)
                wait = min(wait * POLL_GROWTH, self._settings.max_poll_seconds)
        if unfit is not None:
            raise unfit

    def _fetch(self, batch: OpenBatch, now: Batch) -> Iterator[Reply | Failure]:
        """The answers of a batch that has ended; then it is forgotten, but for what nobody wants.

        What has no account of its tokens counts at its most.
        """
        if now.status == "failed":
            self._settle(batch, None)
            raise now.refused(self._wire.key)
        pending = batch.pending
        count = max(len(pending), 1)
        each = Charge(-(-batch.worst_tokens // count), batch.worst_cost / count)
        for file in filter(None, (now.output_file_id, now.error_file_id)):
            self._provider.download(file, self._scratch)
            lines = map(Line.model_validate, objects_in(self._scratch))
            for outcome, billed in answers_in(lines, pending, self._wanted, self._wire):
                if billed:
                    self._budget.spend(_took(outcome, each))
                yield outcome
        missing = pending & self._wanted.keys()
        kind, reason = "no answer in batch", "the batch's result has no answer to this"
        if now.status == "completed":  # answered, perhaps, and billed
            self._budget.spend(each * len(missing))
        else:
            kind = f"batch {now.status}"
            reason = f"the batch {now.status} before this was answered"
        yield from (Failure(self._wanted[sample], kind, reason) for sample in sorted(missing))
        if left := pending - missing:
            self._say(
                f"batch {batch.id} also answers {len(left)} requests that are not asked for now: "
                f"{self._path.name} keeps them for a command that does"
            )
        batch.calls = _ids(left)
        batch.worst_tokens, batch.worst_cost = each.tokens * len(left), each.cost * len(left)
        self._settle(batch, batch.id if left else None)


def answers_in(
    lines: Iterable[Line], pending: set[Sample], wanted: Mapping[Sample, Request], wire: OpenAIWire
) -> Iterator[tuple[Reply | Failure, bool]]:
    """What a result answers to pending samples that are wanted, and whether that was billed.

    What is answered is pending no longer. What has no answer (no line, a line that cannot be read,
    fewer choices than samples) may be asked again; only an error of the request itself is final.
    """
    for line in lines:
        samples = samples_of(line.custom_id or "")
        requests = [wanted.get(sample) if sample in pending else None for sample in samples]
        asked = [request for request in requests if request is not None]
        pending.difference_update(map(sample_of, asked))
        if (fault := line.fault(wire.key)) is not None:
            yield from ((Failure(request, *fault), False) for request in asked)
        elif asked:  # not a line that repeats another
            yield from ((outcome, True) for outcome in wire.read(line.body, requests))


def _took(outcome: Reply | Failure, most: Charge) -> Charge:
    """What an answer took; its most where nobody says."""
    if isinstance(outcome, Failure) or (completion := outcome.usage.completion_tokens) is None:
        return most
    return Charge((outcome.usage.prompt_tokens or 0) + completion, outcome.usage.cost or Decimal(0))


def _ids(samples: set[Sample]) -> list[str]:
    """Samples as the ids of calls that ask for one each."""
    return [f"{question}/{number}" for question, number in sorted(samples)]


def _progress(batches: Sequence[Batch]) -> str:
    """How far batches are, in calls as the provider counts them."""
    done, total = (sum(getattr(b, name) or 0 for b in batches) for name in ("completed", "total"))
    count = "1 batch" if len(batches) == 1 else f"{len(batches)} batches"
    return f"{count} under way: {done} of {total} calls done"
