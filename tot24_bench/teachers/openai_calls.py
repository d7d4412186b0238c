"""One call from its body to its replies: sent, tried again, read, and what it took settled."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from tot24_bench.teachers.budget import Budget, Worst
from tot24_bench.teachers.openai_answer import Answer, BadBody
from tot24_bench.teachers.openai_faults import (
    AGAIN,
    DROPPABLE,
    LIMIT_FIELDS,
    NAMED_FIXES,
    Fault,
    Refused,
    fault_of,
)
from tot24_bench.teachers.openai_gate import (
    MAX_PAUSE_SECONDS,
    Gate,
    NoBudgetToTryAgain,
    PauseTooLong,
    Tries,
    current,
)
from tot24_bench.teachers.openai_wire import OpenAIWire
from tot24_bench.teachers.teacher import Failure, Reply, Request, Setting, TeacherUnavailable

if TYPE_CHECKING:
    import openai

log = logging.getLogger(__name__)

REASKS = 3
"""How often a call is asked again after what the client does not try again: an answer that cannot
be read, or a pause longer than the client waits."""

REASK_SECONDS = 0.25
"""Before the first of them; each wait is twice the one before."""


class Done(NamedTuple):
    """What a call brought.

    Attributes:
        outcomes: replies and failures.
        missing: requests that the server left out, to be asked again.
        fault: where nothing was answered, why.
    """

    outcomes: list[Reply | Failure]
    missing: Sequence[Request] = ()
    fault: Fault | None = None


class Calls:
    """Makes calls with one client, and learns from them what the server can do.

    Attributes:
        most: samples that one call asks for; fewer once a server has answered with fewer.
    """

    def __init__(
        self, client: openai.AsyncOpenAI, wire: OpenAIWire, budget: Budget, gate: Gate, key: str
    ) -> None:
        self._client = client
        self._wire = wire
        self._budget = budget
        self._gate = gate
        self._key = key
        self._without: frozenset[str] = frozenset()
        self._renamed = False
        self._named = False
        self.most = wire.settings.samples_per_request

    async def make(self, group: Sequence[Request], worst: Worst) -> Done:
        """Ask for all samples of a group, whose worst case is reserved.

        Raises:
            TeacherUnavailable: no call will ever be answered.
        """
        tries = Tries(worst)
        current.set(tries)
        taken: Worst | None = None
        self._gate.under_way += 1
        try:
            started = time.monotonic()
            answer = await self._answer(group)
            if not isinstance(answer, Answer):
                failures: list[Reply | Failure] = [Failure(r, *answer) for r in group]
                return Done(failures, fault=answer)
            if answer.took is not None:
                tokens = answer.took.prompt + answer.took.completion
                taken = Worst(tokens, self._wire.cost_of(answer.took))
            self._compare_names(answer.details.get("snapshot"))
            seconds = round(time.monotonic() - started, 3)
            count = len(answer.choices)
            return Done(self._wire.replies(answer, group, seconds), self._short(group, count))
        except _OneByOne:
            return Done([], group)
        finally:
            self._gate.under_way -= 1
            self._settle(tries, taken)

    def _compare_names(self, said: Setting) -> None:
        """Warn once where the server seems to answer with another model than was asked for."""
        if self._named or not isinstance(said, str):
            return
        self._named = True
        model = self._wire.settings.model
        ours, theirs = (name.rstrip("/").split("/")[-1].casefold() for name in (model, said))
        if ours not in theirs and theirs not in ours:
            log.warning("asked for %r, but the server says that %r answers", model, said)

    def _short(self, group: Sequence[Request], count: int) -> Sequence[Request]:
        """The requests that got no choice; the server is not asked for so many again."""
        if count < len(group) and count < self.most:
            log.warning(
                "the server answers %d of %d samples a call: asking for %d",
                count,
                len(group),
                count,
            )
            self.most = count
        return group[count:]

    def _settle(self, tries: Tries, taken: Worst | None) -> None:
        # A try without an answer may have been billed: it counts as its worst case.
        lost = tries.lost - (taken is not None)
        cost, held = tries.worst.cost, tries.held
        reserved = Worst(tries.worst.tokens * held, None if cost is None else cost * held)
        took = taken or Worst(0, None)
        took_cost = (took.cost or Decimal(0)) + (cost or Decimal(0)) * lost
        self._budget.settle(reserved, Worst(took.tokens + tries.worst.tokens * lost, took_cost))

    async def _answer(self, group: Sequence[Request]) -> Answer | Fault:
        fault = Fault("malformed answer", "no answer could be read")
        for number in range(REASKS + 1):
            if number:
                await asyncio.sleep(REASK_SECONDS * 2 ** (number - 1))
            told = await self._told(group)
            if isinstance(told, Answer):
                return told
            fault = told
            pause = self._gate.closed_seconds
            if pause > MAX_PAUSE_SECONDS:
                raise TeacherUnavailable(f"the server asks to wait {pause:.0f} s: then {AGAIN}")
            waits = pause > 0 and fault.kind in ("rate limited", "HTTP 503")
            if fault.kind != "malformed answer" and not waits:
                return fault
        return fault

    async def _told(self, group: Sequence[Request]) -> Answer | Fault:
        """One call by the client, without the fields that the server refuses."""
        import openai

        while True:
            first, n = group[0], len(group)
            body = self._wire.body(first.prompt, n, first.sample, without=self._without)
            try:
                text = await self._client.post(self._wire.path, body=body, cast_to=str)
                return self._wire.parse(json.loads(text), n)
            except NoBudgetToTryAgain as error:
                return Fault("lost, no budget", f"an answer was lost and {error}")
            except PauseTooLong as error:
                return Fault("rate limited", str(error))
            except BadBody as error:
                return Fault("malformed answer", str(error))
            except openai.OpenAIError as error:
                caught = error  # read below: what is raised there must not drag its headers along
            except (ValueError, RecursionError):  # no JSON, or no UTF-8
                return Fault("malformed answer", "the answer is no JSON")
            fault = fault_of(caught, self._wire.settings, self._key, body)
            if isinstance(fault, Fault):
                return fault
            self._do_without(fault)

    def _do_without(self, refused: Refused) -> None:
        """Leave a field out from now on, if the answers stay what was asked for.

        Raises:
            TeacherUnavailable: they would not.
        """
        field, said = refused
        wire = self._wire
        if field in DROPPABLE:
            if field not in self._without:
                log.warning("the server refuses %r: going on without it (%s)", field, said)
                self._without |= {field}
            if field == "n":
                self.most = 1
                raise _OneByOne
        elif field in LIMIT_FIELDS and field != wire.limit_field:
            pass  # another call has changed it already
        elif field in LIMIT_FIELDS and not (self._renamed or wire.settings.completions):
            self._renamed = True
            (wire.limit_field,) = set(LIMIT_FIELDS) - {field}
            log.warning("the server refuses %r: sending %r (%s)", field, wire.limit_field, said)
        else:
            fix = NAMED_FIXES.get(field, "the server takes no such max_tokens: lower it")
            raise TeacherUnavailable(f"{fix} ({said})")


class _OneByOne(Exception):
    """The server takes no `n`: the samples of the call are to be asked one by one."""
