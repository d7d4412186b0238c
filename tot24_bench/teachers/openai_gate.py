"""What every try of every call passes: a pause for all, a count of tries, a bound on answers.

The client tries again by itself and hides it. Two hooks of its HTTP client see each try:

- before it is sent: wait while the server has asked for a pause (429 or 503 with Retry-After), so
  that no worker hammers on while another one waits; and reserve the worst case once more if the try
  before it was lost, since a lost answer may have been billed.
- when its status comes: note how long to pause, and that this try was answered.
"""

from __future__ import annotations

import asyncio
import email.utils
import math
import time
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import httpx2
import openai

from tot24_bench.teachers.budget import Worst

MAX_BODY_BYTES = 64_000_000
"""Bytes of one answer: 128 responses of 100,000 tokens."""

BUDGET_POLL_SECONDS = 0.05
"""How often a try looks whether other calls have freed enough of the budget."""

PAUSING = (429, 503)
MAYBE_BILLED = (408, 502, 504, *range(520, 525))
"""Statuses of gateways behind which a model may have answered, and billed it."""


NO_CREDIT = "insufficient_quota"
"""OpenAI's code for an account without credit: a 429 that no waiting mends."""


MAX_PAUSE_SECONDS = 900.0
"""A longer pause is the user's to wait for, not a process's."""


class PauseTooLong(openai.OpenAIError):
    """The server asks for a pause of more than MAX_PAUSE_SECONDS."""


class NoBudgetToTryAgain(openai.OpenAIError):
    """An answer was lost, may have been billed, and another try does not fit the budget."""


@dataclass(slots=True)
class Tries:
    """The tries of one call.

    Attributes:
        worst: what one try may take.
        sent: tries that reached the server, so that it may have begun to answer.
        refused: tries that the server answered with an error, which costs nothing.
        held: worst cases that are reserved.
    """

    worst: Worst
    sent: int = 0
    refused: int = 0
    held: int = 1

    @property
    def lost(self) -> int:
        """Tries that nothing is known of."""
        return self.sent - self.refused


current: ContextVar[Tries | None] = ContextVar("tries", default=None)
"""The tries of the call that the running task makes."""


class Gate:
    """Holds sending back while the server asks for it.

    Args:
        reserve: reserves a worst case, or says that it does not fit.

    Attributes:
        under_way: calls that are being made; their maker counts them.
    """

    def __init__(self, reserve: Callable[[Worst], bool]) -> None:
        self._reserve = reserve
        self._until = 0.0
        self._waiting = 0
        self.under_way = 0

    @property
    def closed_seconds(self) -> float:
        """Seconds until sending goes on."""
        return max(0.0, self._until - time.monotonic())

    async def before(self, request: httpx2.Request) -> None:
        """Wait, and count the try."""
        while wait := self.closed_seconds:
            if wait > MAX_PAUSE_SECONDS:
                raise PauseTooLong(f"the server asks to wait {wait:.0f} s")
            await asyncio.sleep(wait)
        tries = current.get()
        if tries is None:
            return
        if tries.lost >= tries.held:
            await self._hold_another(tries)
        request.extensions = {**request.extensions, "trace": _Sent(tries)}

    async def _hold_another(self, tries: Tries) -> None:
        """Reserve one more try, from what other calls free if need be.

        Raises:
            NoBudgetToTryAgain: every other call under way waits for the same.
        """
        self._waiting += 1
        try:
            while not self._reserve(tries.worst):
                if self._waiting >= self.under_way:
                    raise NoBudgetToTryAgain("the budget does not hold another try")
                await asyncio.sleep(BUDGET_POLL_SECONDS)
        finally:
            self._waiting -= 1
        tries.held += 1

    async def after(self, response: httpx2.Response) -> None:
        """Note what the status says of the tries to come."""
        response.stream = _Bounded(response.stream)
        if response.status_code < 400:
            return
        tries = current.get()
        if tries is not None and response.status_code not in MAYBE_BILLED:
            tries.refused += 1
        if response.status_code not in PAUSING:
            return
        seconds = retry_after(response.headers)
        if seconds is not None:
            self._until = max(self._until, time.monotonic() + seconds)
        elif NO_CREDIT.encode() in await response.aread():
            response.headers["x-should-retry"] = "false"  # the client heeds it


def retry_after(headers: Any) -> float | None:
    """Seconds that a server asks to wait; None where it does not say.

    >>> retry_after({"retry-after": "2"}), retry_after({"retry-after-ms": "50"})
    (2.0, 0.05)
    >>> retry_after({"retry-after": "soon"}), retry_after({"retry-after": "-1"})
    (None, None)
    """
    for name, divisor in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        text = str(headers.get(name, ""))[:100]
        try:
            seconds = float(text) / divisor
        except ValueError:
            continue
        return seconds if math.isfinite(seconds) and seconds >= 0 else None
    try:
        moment = email.utils.parsedate_to_datetime(str(headers.get("retry-after", ""))[:100])
        return max(0.0, moment.timestamp() - time.time())
    except (TypeError, ValueError, OverflowError, OSError):
        return None


class _Sent:
    """Counts a try when it goes out, not when no connection is made: that one costs nothing."""

    def __init__(self, tries: Tries) -> None:
        self._tries = tries
        self._counted = False

    async def __call__(self, event: str, _: Any) -> None:
        if not self._counted and event.endswith("send_request_headers.started"):
            self._counted = True
            self._tries.sent += 1


class _Bounded(httpx2.AsyncByteStream):
    """A stream that ends in a fault where it is longer than any answer."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for part in self._stream:
            size += len(part)
            if size > MAX_BODY_BYTES:
                raise httpx2.ReadError(f"an answer of more than {MAX_BODY_BYTES} bytes")
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()
