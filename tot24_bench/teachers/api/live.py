"""The teacher `openai`: any model behind an OpenAI-compatible API, many calls at once.

    teacher = OpenAITeacher(OpenAISettings("gpt-4o", seed=0), Budget(max_cost=Decimal(5)))
    for outcome in teacher.ask(requests): ...

Requests are taken as late as possible: never more calls are under way than `concurrency`, and each
is sent only when the most that it can take fits the budget. Answers are given as they come. What
nobody answers, after all tries, is a `Failure`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Generator, Iterable, Sequence
from typing import NamedTuple

from tot24_bench.prompts import Prompt
from tot24_bench.teachers.api.client import (
    AGAIN,
    DROPPABLE,
    LIMIT_FIELDS,
    NAMED_FIXES,
    Api,
    ApiError,
    FieldRefused,
)
from tot24_bench.teachers.api.money import Budget, Charge, Price
from tot24_bench.teachers.api.settings import OpenAISettings
from tot24_bench.teachers.api.wire import BadBody, Completion, OpenAIWire
from tot24_bench.teachers.teacher import Failure, Reply, Request, TeacherUnavailable

log = logging.getLogger(__name__)

GONE_AFTER = 3  # so many times `concurrency` calls without an answer, in a row: the server has gone


class OpenAITeacher:
    """Asks a model over HTTP; TeacherUnavailable without a key, or for a limit without a price."""

    def __init__(
        self, settings: OpenAISettings, budget: Budget | None = None, price: Price | None = None
    ) -> None:
        self._settings = settings
        self._budget = budget or Budget()
        self._budget.require_price(price, settings.model)
        self._wire = OpenAIWire(settings, price, settings.key())
        self.info = settings.info

    def most_under_way(self, prompt: Prompt) -> Charge:
        """What all calls that are under way at once may take, for prompts like this one."""
        call = self._wire.worst(prompt, self._settings.samples_per_request)
        return call * self._settings.concurrency

    def ask(self, requests: Iterable[Request]) -> Generator[Reply | Failure]:
        """Answer requests, as they complete.

        Raises:
            TeacherUnavailable: no server, key or model; or the server has gone.
            BudgetSpent: the next call might cost too much.
        """
        with asyncio.Runner() as runner:
            api = Api(self._settings, self._wire.key)
            run = _Run(api, self._wire, self._budget, RequestGroups(requests))
            try:
                runner.run(run.start())
                while (outcomes := runner.run(run.step())) is not None:
                    yield from outcomes
            finally:
                runner.run(run.close())


class RequestGroups:
    """Requests, in groups that one call can ask for.

    >>> from tot24_bench.game import Puzzle
    >>> from tot24_bench.prompts import build
    >>> first, second = (build("io", Puzzle.parse(hand), shots=0) for hand in ("4 4 6 8", "1 2"))
    >>> requests = [Request(first, 0), Request(first, 1), Request(first, 2), Request(second, 0)]
    >>> groups = RequestGroups(requests)
    >>> [len(groups.take(2)) for _ in range(4)]
    [2, 1, 1, 0]
    """

    def __init__(self, requests: Iterable[Request]) -> None:
        self._requests = iter(requests)
        self._returned: deque[Request] = deque()

    def take(self, most: int) -> list[Request]:
        """Adjacent requests with one prompt, at most so many; empty at the end."""
        group: list[Request] = []
        while len(group) < most:
            request = self._returned.popleft() if self._returned else next(self._requests, None)
            if request is None:
                break
            if group and request.prompt != group[0].prompt:
                self._returned.appendleft(request)
                break
            group.append(request)
        return group

    def put_back(self, requests: Sequence[Request]) -> None:
        """Requests that are still to be asked; they come next."""
        self._returned.extendleft(reversed(requests))


class _Done(NamedTuple):
    """What a call brought: outcomes, requests that the server left out, why nobody answered."""

    outcomes: list[Reply | Failure]
    missing: Sequence[Request] = ()
    fault: ApiError | None = None


class _Hold:
    """The most that one try of a call can take, reserved until it is known what it took."""

    def __init__(self, budget: Budget, most: Charge) -> None:
        self.budget, self.most, self.held = budget, most, True

    def settle(self, took: Charge) -> None:
        if self.held:
            self.budget.settle(self.most, took)
            self.held = False

    def hold_again(self) -> None:
        if not self.held and not self.budget.reserve(self.most):
            reason = "an answer was lost and the budget does not hold another try"
            raise ApiError("lost, no budget", reason)
        self.held = True


class _Run:
    """One run: the calls under way, what was learned of the server, and what stops it."""

    def __init__(self, api: Api, wire: OpenAIWire, budget: Budget, groups: RequestGroups) -> None:
        self._settings = wire.settings
        self._api, self._wire, self._budget, self._groups = api, wire, budget, groups
        self._context = wire.settings.context
        self._most = wire.settings.samples_per_request
        self._without: frozenset[str] = frozenset()
        self._renamed = False
        self._tasks: set[asyncio.Task[_Done]] = set()
        self._unanswered = 0
        self._stop: Exception | None = None

    async def start(self) -> None:
        """Look at the server; raises TeacherUnavailable where it cannot answer."""
        held = await self._api.look()
        self._context = self._context or held

    async def step(self) -> list[Reply | Failure] | None:
        """Send what can be sent, and wait for the next answers; None at the end."""
        self._send()
        if not self._tasks:
            if self._stop is not None:
                raise self._stop
            return None
        # A server that has gone is not waited for without end; answers under way are.
        gone = isinstance(self._stop, TeacherUnavailable)
        done, self._tasks = await asyncio.wait(
            self._tasks,
            timeout=self._settings.timeout if gone else None,
            return_when=asyncio.FIRST_COMPLETED,
        )
        if not done and self._stop is not None:
            raise self._stop
        return [outcome for task in done for outcome in self._taken(task)]

    async def close(self) -> None:
        """Give up what is under way, and the connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._api.close()

    def _send(self) -> None:
        while self._stop is None and len(self._tasks) < self._settings.concurrency:
            group = self._groups.take(self._most)
            if not group:
                return
            try:
                self._wire.require_room(group[0].prompt, self._context)
            except TeacherUnavailable as stop:
                self._stop = stop
                return
            fitting, most = self._fitting(group)
            self._groups.put_back(group[fitting:])
            if not fitting:
                if not self._tasks:  # nothing under way could free enough
                    self._stop = self._budget.spent(most)
                return
            self._tasks.add(asyncio.create_task(self._make(group[:fitting], most)))

    def _fitting(self, group: list[Request]) -> tuple[int, Charge]:
        """How many samples of a group the budget holds now; their most is reserved."""
        # Calls under way mostly take less than they reserve, so a part of a group goes out alone.
        for count in range(len(group), 0, -1):
            most = self._wire.worst(group[0].prompt, count)
            if self._budget.reserve(most):
                return count, most
            if self._tasks:
                break
        return 0, most

    def _taken(self, task: asyncio.Task[_Done]) -> list[Reply | Failure]:
        if isinstance(error := task.exception(), Exception):
            self._stop = self._stop or error
            return []
        done = task.result()
        self._groups.put_back(done.missing)
        self._unanswered = self._unanswered + 1 if done.fault else 0
        limit = GONE_AFTER * self._settings.concurrency
        if done.fault and self._unanswered >= limit and self._stop is None:
            gone = f"does not answer any more ({done.fault.reason}): {AGAIN}"
            if not done.fault.again:
                gone = f"refuses every call: {done.fault.reason}"
            self._stop = TeacherUnavailable(f"the server at {self._settings.host} {gone}")
        return done.outcomes

    async def _make(self, group: list[Request], most: Charge) -> _Done:
        """Ask for all samples of a group, of which the most is reserved."""
        hold = _Hold(self._budget, most)
        try:
            started = time.monotonic()
            completion = await self._api.insist(lambda: self._try(group, hold))
        except ApiError as fault:
            failures = [Failure(r, fault.kind, fault.reason, fault.again) for r in group]
            return _Done([*failures], fault=fault)
        except FieldRefused:  # `n`: its samples are asked one by one
            return _Done([], group)
        finally:
            hold.settle(Charge())
        seconds = round(time.monotonic() - started, 3)
        count = len(completion.choices)
        if count < min(len(group), self._most):
            self._most = count
            log.warning("the server answers %d samples of %d: asking for fewer", count, len(group))
        return _Done(self._wire.replies(completion, group, seconds), group[count:])

    async def _try(self, group: Sequence[Request], hold: _Hold) -> Completion:
        """One try. An answer that was lost may have been billed: it counts at its most."""
        hold.hold_again()
        await self._api.pause()
        try:
            completion = await self._answer(group)
        except (ApiError, asyncio.CancelledError) as error:
            if not isinstance(error, ApiError) or error.lost:
                hold.settle(hold.most)
            raise
        tokens = completion.tokens
        hold.settle(hold.most if tokens is None else self._wire.charge(tokens))
        return completion

    async def _answer(self, group: Sequence[Request]) -> Completion:
        """What the server answers, asked without the fields that it refuses."""
        first, n = group[0], len(group)
        while True:
            body = self._wire.body(first.prompt, n, first.sample, without=self._without)
            try:
                text = await self._api.post(self._settings.path, body)
                return self._wire.parse_text(text, n)
            except FieldRefused as refused:
                self._do_without(refused)
            except BadBody as error:
                raise ApiError("malformed answer", str(error), retry=True, lost=True) from None

    def _do_without(self, refused: FieldRefused) -> None:
        """Leave a field out from now on, or stop where the answers would be others."""
        field, said, wire = refused.field, refused.said, self._wire
        if field in DROPPABLE:
            if field not in self._without:
                log.warning("the server refuses %r: going on without it (%s)", field, said)
                self._without |= {field}
            if field == "n":
                self._most = 1
                raise refused
        elif field in LIMIT_FIELDS and field != wire.limit_field:
            pass  # another call has changed it already
        elif field in LIMIT_FIELDS and not (self._renamed or self._settings.completions):
            self._renamed = True
            (wire.limit_field,) = set(LIMIT_FIELDS) - {field}
            log.warning("the server refuses %r: sending %r (%s)", field, wire.limit_field, said)
        else:
            fix = NAMED_FIXES.get(field, "the server takes no such max_tokens: lower it")
            raise TeacherUnavailable(f"{fix} ({said})")
