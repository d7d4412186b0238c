"""An OpenAI-compatible server that answers as badly as it is told to, on loopback.

Every good answer says which hand was asked (`echo of 4 4 6 8`), so that a test can tell whether a
reply belongs to its request. What it saw and billed is kept in `Seen`. It runs in a thread with an
event loop of its own.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

PROMPT_TOKENS = 20
COMPLETION_TOKENS = 5


@dataclass
class Seen:
    """What reached the server.

    Attributes:
        bodies: of every call.
        times: when each came.
        fields: how often each field was sent.
        keys: the Authorization headers.
        billed: tokens of answered calls.
        choices: responses that answered calls held.
        most_at_once: calls under way at one time.
    """

    bodies: list[dict[str, Any]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    fields: Counter[str] = field(default_factory=Counter)
    keys: set[str] = field(default_factory=set)
    billed: int = 0
    choices: int = 0
    most_at_once: int = 0
    at_once: int = 0


@dataclass
class Behaviour:
    """How the server behaves.

    Attributes:
        faults: one for each call to come, in order; "" answers well. When they run out, all do.
        always: the fault of every call after that.
        latency: seconds before an answer; a cut comes at once.
        honours_n: whether `n` choices come; a number is the most that come.
        refuses: fields that are answered with 400.
        key: the only key that is accepted; None accepts any.
        models: what it lists; None has no list.
        max_model_len: told with the list.
        retry_after: header of a 429.
        usage: whether tokens are told.
        tokens: of each response.
        text: of each response; None echoes the hand.
    """

    faults: deque[str] = field(default_factory=deque)
    always: str = ""
    latency: float = 0.0
    honours_n: bool | int = True
    refuses: frozenset[str] = frozenset()
    key: str | None = None
    models: tuple[str, ...] | None = ("m",)
    max_model_len: int | None = None
    retry_after: str | None = "0.05"
    usage: bool = True
    tokens: int = COMPLETION_TOKENS
    text: str | None = None


class FaultyServer:
    """The server; `url` is its base URL."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.seen = Seen()
        self.url = ""

    async def models(self, request: web.Request) -> web.StreamResponse:
        self.seen.keys.add(request.headers.get("Authorization", ""))
        if refusal := self._wrong_key(request):
            return refusal
        if self.behaviour.models is None:
            return web.Response(status=404, text="no such page")
        entry = {"object": "model"}
        size = self.behaviour.max_model_len
        extra = {} if size is None else {"max_model_len": size}
        data = [{"id": name, **entry, **extra} for name in self.behaviour.models]
        return web.json_response({"object": "list", "data": data})

    async def answer(self, request: web.Request) -> web.StreamResponse:
        seen = self.seen
        body = await request.json()
        seen.bodies.append(body)
        seen.times.append(time.monotonic())
        seen.fields.update(list(body))
        seen.keys.add(request.headers.get("Authorization", ""))
        seen.at_once += 1
        seen.most_at_once = max(seen.most_at_once, seen.at_once)
        try:
            cut_at_once = list(self.behaviour.faults)[:1] == ["cut"]
            if self.behaviour.latency and not cut_at_once:
                await asyncio.sleep(self.behaviour.latency)
            return await self._answer(request, body)
        finally:
            seen.at_once -= 1

    async def _answer(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        behaviour = self.behaviour
        fault = behaviour.faults.popleft() if behaviour.faults else behaviour.always
        if refusal := self._wrong_key(request):
            return refusal
        for name in sorted(behaviour.refuses & set(body)):
            return _error(400, f"Unknown parameter: '{name}'.", param=name)
        if fault in ("500", "503"):
            return _error(int(fault), "the server is busy")
        if fault == "429":
            after = behaviour.retry_after
            headers = {} if after is None else {"Retry-After": after}
            return _error(429, "too many requests", headers=headers)
        if fault == "402":
            return _error(402, "Insufficient Balance")
        if fault == "no credit":
            return _error(429, "You exceeded your current quota", code="insufficient_quota")
        if fault == "401":
            said = f"Incorrect API key provided: {request.headers['Authorization'][7:]}"
            return _error(401, said, code="invalid_api_key")
        if fault == "404":
            return _error(404, "The model does not exist", code="model_not_found")
        if fault == "context":
            said = "This model's maximum context length is 16 tokens"
            return _error(400, said, code="context_length_exceeded")
        if fault == "policy":
            return _error(400, "against the rules", code="content_policy_violation")
        if fault == "odd 400":
            return _error(400, "something is wrong with it")
        if fault == "slow":
            await asyncio.sleep(30)
        if fault == "cut":
            assert request.transport is not None
            request.transport.abort()
            await asyncio.sleep(0.01)
        if fault == "cut body":
            return await _cut_body(request)
        if fault == "malformed":
            return web.Response(text='{"choices": [{"mess', content_type="application/json")
        if fault == "html":
            return web.Response(text="<html>gateway</html>", content_type="text/html")
        if fault == "deep":
            return web.Response(text="[" * 200_000, content_type="application/json")
        return web.json_response(self._body(body, fault))

    def _body(self, body: dict[str, Any], fault: str) -> dict[str, Any]:
        behaviour = self.behaviour
        n = int(body.get("n", 1))
        if behaviour.honours_n is not True:
            n = min(n, int(behaviour.honours_n) or 1)
        chat = "messages" in body
        asked = body["messages"][-1]["content"] if chat else body["prompt"]
        hand = asked.rsplit("Input: ", 1)[1].strip()
        text = f"echo of {hand}" if behaviour.text is None else behaviour.text
        message: dict[str, Any] = {"role": "assistant", "content": text}
        finish = "stop"
        if fault in ("length", "content_filter", "abort"):
            finish = fault
        if fault == "refusal":
            message |= {"content": None, "refusal": f"I will not: {hand}"}
        if fault == "null":
            message["content"] = None
        choice = {"finish_reason": finish} | ({"message": message} if chat else {"text": text})
        choices = [] if fault == "empty" else [{"index": i, **choice} for i in range(n)]
        self.seen.billed += PROMPT_TOKENS + n * behaviour.tokens
        self.seen.choices += len(choices)
        usage = {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": n * behaviour.tokens}
        answer = {"id": "call-1", "model": "m-2026-01-01", "choices": choices}
        return answer | ({"usage": usage} if behaviour.usage else {})

    def _wrong_key(self, request: web.Request) -> web.Response | None:
        key, sent = self.behaviour.key, request.headers.get("Authorization", "")
        if key is None or sent == f"Bearer {key}":
            return None
        return _error(401, f"Incorrect API key provided: {sent[7:]}", code="invalid_api_key")


def _error(
    status: int,
    message: str,
    *,
    code: str | None = None,
    param: str | None = None,
    headers: dict[str, str] | None = None,
) -> web.Response:
    error = {"message": message, "type": "error", "code": code, "param": param}
    return web.json_response({"error": error}, status=status, headers=headers)


async def _cut_body(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.content_length = 1000
    await response.prepare(request)
    await response.write(b'{"choices": [')
    assert request.transport is not None
    request.transport.abort()
    return response


@contextmanager
def serving(
    behaviour: Behaviour | None = None, faults: Iterable[str] = ()
) -> Iterator[FaultyServer]:
    """Run a server while the context is open."""
    # Clients that are killed in the middle of a call are what it is for, nothing to be told.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    behaviour = behaviour or Behaviour()
    behaviour.faults.extend(faults)
    server = FaultyServer(behaviour)
    loops: list[asyncio.AbstractEventLoop] = []
    ready = threading.Event()

    async def run() -> None:
        app = web.Application(client_max_size=2**22)
        app.router.add_get("/v1/models", server.models)
        app.router.add_post("/v1/chat/completions", server.answer)
        app.router.add_post("/v1/completions", server.answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        assert site._server is not None
        port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
        server.url = f"http://127.0.0.1:{port}/v1"
        loops.append(asyncio.get_running_loop())
        ready.set()
        await stopped.wait()
        await runner.cleanup()

    stopped = asyncio.Event()

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    assert ready.wait(20), "the server did not start"
    try:
        yield server
    finally:
        loops[0].call_soon_threadsafe(stopped.set)
        thread.join(20)
