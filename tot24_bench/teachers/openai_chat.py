"""The teacher `openai`: any model behind an OpenAI-compatible API, many calls at once.

    teacher = OpenAITeacher(OpenAISettings("gpt-4o", seed=0), Budget(max_cost=Decimal(5)))
    for outcome in teacher.ask(requests): ...

Requests are taken as late as possible: never more calls are under way than `concurrency`, and each
is sent only when its worst case fits the budget. Answers are given as they come. What the client
does not try again by itself is asked again (`openai_calls`); what nobody answers is a `Failure`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from tot24_bench.prompts import Prompt
from tot24_bench.teachers.budget import Budget, Worst
from tot24_bench.teachers.openai_faults import AGAIN, Fault
from tot24_bench.teachers.openai_feed import Feed
from tot24_bench.teachers.openai_settings import OpenAISettings
from tot24_bench.teachers.openai_wire import OpenAIWire
from tot24_bench.teachers.prices import Price
from tot24_bench.teachers.teacher import (
    Failure,
    Reply,
    Request,
    TeacherInfo,
    TeacherUnavailable,
)

if TYPE_CHECKING:
    import openai

    from tot24_bench.teachers.openai_calls import Calls, Done

GONE_AFTER = 3
"""So many times `concurrency` calls without an answer, in a row: the server has gone."""


class OpenAITeacher:
    """Asks a model over HTTP.

    Args:
        settings: which model, and how.
        budget: what may be spent; None is any amount.
        price: of the model; None where none is known.

    Raises:
        TeacherUnavailable: no key, or a limit on cost without a price.
    """

    def __init__(
        self, settings: OpenAISettings, budget: Budget | None = None, price: Price | None = None
    ) -> None:
        self._settings = settings
        self._budget = budget or Budget()
        self._key = settings.key()
        self._budget.require_price(price, settings.model)
        self._wire = OpenAIWire(settings, price, self._key)

    @property
    def info(self) -> TeacherInfo:
        """The model as it was asked for, and its sampling."""
        return self._settings.info

    def most_under_way(self, prompt: Prompt) -> Worst:
        """What all calls that are under way at once may take, for prompts like this one."""
        call = self._wire.worst(prompt, self._settings.samples_per_request)
        calls = self._settings.concurrency
        return Worst(call.tokens * calls, None if call.cost is None else call.cost * calls)

    def ask(self, requests: Iterable[Request]) -> Generator[Reply | Failure]:
        """Answer requests, as they complete.

        Raises:
            TeacherUnavailable: no server, key or model; or the server has gone.
            BudgetSpent: the next call might cost too much.
        """
        with asyncio.Runner() as runner:
            run = _Run(self._settings, self._wire, self._budget, self._key, Feed(requests))
            try:
                runner.run(run.start())
                while (outcomes := runner.run(run.step())) is not None:
                    yield from outcomes
            finally:
                runner.run(run.close())


class _Run:
    """One run: the calls under way, and what stops it."""

    def __init__(
        self, settings: OpenAISettings, wire: OpenAIWire, budget: Budget, key: str, feed: Feed
    ) -> None:
        self._settings = settings
        self._wire = wire
        self._budget = budget
        self._key = key
        self._feed = feed
        self._client: openai.AsyncOpenAI | None = None
        self._calls: Calls
        self._context = settings.context
        self._tasks: set[asyncio.Task[None]] = set()
        self._finished: list[Done | Exception] = []
        self._news = asyncio.Event()
        self._unanswered = 0
        self._stop: Exception | None = None

    async def start(self) -> None:
        """Look at the server.

        Raises:
            TeacherUnavailable: it cannot answer.
        """
        from tot24_bench.teachers.openai_calls import Calls
        from tot24_bench.teachers.openai_gate import Gate
        from tot24_bench.teachers.openai_start import look_at, make_client

        gate = Gate(self._budget.reserve)
        self._client = make_client(self._settings, self._key, gate)
        held = await look_at(self._client, self._settings, self._key)
        self._context = self._context or held
        self._calls = Calls(self._client, self._wire, self._budget, gate, self._key)

    async def step(self) -> list[Reply | Failure] | None:
        """Send what can be sent, and wait for the next answers; None at the end.

        Raises:
            TeacherUnavailable: the server has gone, or cannot answer at all.
            BudgetSpent: the next call might cost too much.
        """
        self._send()
        if not self._tasks and not self._finished:
            if self._stop is not None:
                raise self._stop
            return None
        try:
            # A server that has gone is not waited for without end; answers under way are.
            gone = isinstance(self._stop, TeacherUnavailable)
            await asyncio.wait_for(self._news.wait(), self._settings.timeout if gone else None)
        except TimeoutError:
            raise self._stop or TeacherUnavailable(AGAIN) from None
        self._news.clear()
        finished, self._finished = self._finished, []
        return [outcome for done in finished for outcome in self._taken(done)]

    async def close(self) -> None:
        """Give up what is under way, and the connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            with suppress(OSError, RuntimeError):
                await self._client.close()

    def _send(self) -> None:
        while self._stop is None and len(self._tasks) < self._settings.concurrency:
            group = self._feed.take(self._calls.most)
            if not group:
                return
            try:
                self._wire.require_room(group[0].prompt, self._context)
            except TeacherUnavailable as stop:
                self._stop = stop
                return
            fitting, worst = self._fitting(group)
            self._feed.put_back(group[fitting:])
            if not fitting:
                if not self._tasks:  # nothing under way could free enough
                    self._stop = self._budget.spent(worst)
                return
            self._tasks.add(asyncio.create_task(self._make(group[:fitting], worst)))

    def _fitting(self, group: list[Request]) -> tuple[int, Worst]:
        """How many samples of a group the budget holds now; their worst case is reserved."""
        prompt = group[0].prompt
        worst = self._wire.worst(prompt, len(group))
        if self._budget.reserve(worst):
            return len(group), worst
        if self._tasks:  # calls under way mostly take less than they reserve
            return 0, worst
        for count in range(len(group) - 1, 0, -1):
            worst = self._wire.worst(prompt, count)
            if self._budget.reserve(worst):
                return count, worst
        return 0, worst

    async def _make(self, group: list[Request], worst: Worst) -> None:
        done: Done | Exception
        try:
            done = await self._calls.make(group, worst)
        except Exception as error:
            done = error
        self._finished.append(done)
        self._tasks.discard(asyncio.current_task())
        self._news.set()

    def _taken(self, done: Done | Exception) -> list[Reply | Failure]:
        if isinstance(done, Exception):
            self._stop = self._stop or done
            return []
        self._feed.put_back(done.missing)
        self._unanswered = self._unanswered + 1 if done.fault else 0
        if self._unanswered >= GONE_AFTER * self._settings.concurrency and self._stop is None:
            self._stop = self._gone(done.fault)
        return done.outcomes

    def _gone(self, fault: Fault | None) -> TeacherUnavailable:
        host, why = self._settings.host, fault.reason if fault else ""
        if fault is not None and not fault.again:
            return TeacherUnavailable(f"the server at {host} refuses every call: {why}")
        return TeacherUnavailable(f"the server at {host} does not answer any more ({why}): {AGAIN}")
