"""A server with OpenAI's Batch API, as far as the real client asks, on a free port of loopback.

Faults are fields of the server: a test sets one, runs, and looks at what was counted.
"""

from __future__ import annotations

import asyncio
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

KEY = "sk-test-0123456789abcdef-secret"

Json = dict[str, Any]


def body_of(request: Json, texts: list[str] | None = None, finish: str = "stop") -> Json:
    """A ChatCompletion for the body of a call: as many choices as it asks for."""
    n = request.get("n") or 1
    hand = request["messages"][-1]["content"].strip()
    texts = texts if texts is not None else [f"{hand} / sample {i} of {n}" for i in range(n)]
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": f"{request['model']}-2026-01-01",
        "system_fingerprint": "fp_1",
        "choices": [
            {
                "index": i,
                "message": {"role": "assistant", "content": text, "refusal": None},
                "finish_reason": finish,
                "logprobs": None,
            }
            for i, text in enumerate(texts)
        ],
        "usage": {
            "prompt_tokens": 100,
            "completion_tokens": 10 * len(texts),
            "total_tokens": 100 + 10 * len(texts),
        },
    }


@dataclass
class BatchServer:
    """The provider.

    Attributes:
        port: where it listens.
        polls: answers `in_progress` before a batch ends.
        ends: how batches end: completed, failed, expired, cancelled.
        error: the message of a batch that fails its validation.
        answered: share of a batch's calls that an expired or cancelled batch has answered.
        answer: from the body of a call to (status, body); None leaves the call without a line.
        spoil: from the lines of an output file to what the file really holds.
        shuffle: whether output lines come in another order.
        poll_faults: statuses that the next polls are answered with; 200 is no JSON, 299 no batch.
        create_garbled: batches that are made though the answer is no JSON.
        create_lost: batches that are made though their maker gets no answer.
        create_faults: statuses that the next creations are answered with, and no batch is made.
        cut_downloads: results that break off half way.
        gone: whether result files have been deleted.
        models: which there are.
        hook: called with the number of each request, before (False) and after (True) it is done.
        odd: fields of every batch that are told otherwise than they are.
        counts: requests by method and path.
    """

    port: int = 0
    polls: int = 1
    ends: str = "completed"
    error: str = "The model `gpt-none` does not exist"
    answered: float = 1.0
    answer: Callable[[Json], tuple[int, Json] | None] = lambda body: (200, body_of(body))
    spoil: Callable[[list[str]], list[str]] = lambda lines: lines
    shuffle: bool = True
    poll_faults: list[int] = field(default_factory=list)
    create_garbled: int = 0
    create_lost: int = 0
    create_faults: list[int] = field(default_factory=list)
    cut_downloads: int = 0
    gone: bool = False
    models: tuple[str, ...] = ("gpt-4o",)
    hook: Callable[[int, bool], None] = lambda number, done: None
    odd: Json = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    files: dict[str, bytes] = field(default_factory=dict)
    batches: dict[str, Json] = field(default_factory=dict)
    seen_calls: list[Json] = field(default_factory=list)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._watch], client_max_size=300 * 10**6)
        app.add_routes(
            [
                web.get("/v1/models", self._models),
                web.get("/v1/models/{id}", self._model),
                web.post("/v1/files", self._upload),
                web.get("/v1/files/{id}/content", self._content),
                web.post("/v1/batches", self._create),
                web.get("/v1/batches", self._list),
                web.get("/v1/batches/{id}", self._retrieve),
                web.post("/v1/batches/{id}/cancel", self._cancel),
            ]
        )
        return app

    @web.middleware
    async def _watch(self, request: web.Request, handler: Any) -> web.StreamResponse:
        parts = request.path.split("/")[2:]
        self.counts[" ".join([request.method, parts[0], *parts[2:]])] += 1
        key = request.headers.get("Authorization", "")
        if key != f"Bearer {KEY}":
            return fault(401, f"Incorrect API key provided: {key}", "invalid_api_key")
        number = sum(self.counts.values())
        self.hook(number, False)
        response: web.StreamResponse = await handler(request)
        self.hook(number, True)
        return response

    async def _models(self, _: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [model(m) for m in self.models]})

    async def _model(self, request: web.Request) -> web.Response:
        name = request.match_info["id"]
        if name not in self.models:
            return fault(404, f"The model '{name}' does not exist", "model_not_found")
        return web.json_response(model(name))

    async def _upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        assert form["purpose"] == "batch"
        upload = form["file"]
        assert isinstance(upload, web.FileField)
        content = upload.file.read()
        id = self._keep(content)
        return web.json_response(
            {
                "id": id,
                "object": "file",
                "bytes": len(content),
                "created_at": int(time.time()),
                "filename": upload.filename,
                "purpose": "batch",
                "status": "processed",
            }
        )

    def _keep(self, content: bytes) -> str:
        id = f"file-{len(self.files)}"
        self.files[id] = content
        return id

    async def _content(self, request: web.Request) -> web.StreamResponse:
        id = request.match_info["id"]
        if id not in self.files or self.gone:
            return fault(404, f"No such File object: {id}")
        content = self.files[id]
        if not self.cut_downloads:
            return web.Response(body=content)
        self.cut_downloads -= 1
        response = web.StreamResponse(headers={"Content-Length": str(len(content))})
        await response.prepare(request)
        await response.write(content[: len(content) // 2])
        assert request.transport is not None
        request.transport.close()
        return response

    async def _create(self, request: web.Request) -> web.Response:
        if self.create_faults:
            return fault(self.create_faults.pop(0), "try later")
        asked = await request.json()
        assert asked["completion_window"] == "24h"
        assert asked["endpoint"] == "/v1/chat/completions"
        lines = [json.loads(line) for line in self.files[asked["input_file_id"]].splitlines()]
        ids = [line["custom_id"] for line in lines]
        assert len(set(ids)) == len(ids) <= 50_000
        assert all(line["method"] == "POST" and line["url"] == asked["endpoint"] for line in lines)
        id = f"batch_{len(self.batches)}"
        self.batches[id] = {
            "id": id,
            "object": "batch",
            "endpoint": asked["endpoint"],
            "input_file_id": asked["input_file_id"],
            "completion_window": "24h",
            "status": "validating",
            "created_at": int(time.time()),
            "metadata": asked.get("metadata"),
            "errors": None,
            "output_file_id": None,
            "error_file_id": None,
            "request_counts": {"total": len(lines), "completed": 0, "failed": 0},
            "left": self.polls,
        }
        if self.create_garbled:
            self.create_garbled -= 1
            return fault(200, "")
        if self.create_lost:
            self.create_lost -= 1
            assert request.transport is not None
            request.transport.close()
        return web.json_response(shown(self.batches[id]) | self.odd)

    async def _list(self, request: web.Request) -> web.Response:
        limit = min(int(request.query.get("limit", 20)), 3)  # small pages, to be turned
        batches = list(reversed(self.batches.values()))
        if after := request.query.get("after"):
            batches = batches[[b["id"] for b in batches].index(after) + 1 :]
        page = [shown(batch) for batch in batches[:limit]]
        return web.json_response(
            {
                "object": "list",
                "data": page,
                "first_id": page[0]["id"] if page else None,
                "last_id": page[-1]["id"] if page else None,
                "has_more": len(batches) > limit,
            }
        )

    async def _retrieve(self, request: web.Request) -> web.Response:
        if self.poll_faults:
            return fault(self.poll_faults.pop(0), "not now")
        batch = self.batches.get(request.match_info["id"])
        if batch is None:
            return fault(404, "No batch found")
        if batch["status"] in ("validating", "in_progress"):
            if batch["left"] > 0:
                batch["left"] -= 1
                batch["status"] = "in_progress"
            else:
                self._end(batch)
        return web.json_response(shown(batch) | self.odd)

    async def _cancel(self, request: web.Request) -> web.Response:
        batch = self.batches[request.match_info["id"]]
        self._end(batch, "cancelled")
        return web.json_response(shown(batch) | self.odd)

    def _end(self, batch: Json, status: str | None = None) -> None:
        batch["status"] = status or self.ends
        lines = [json.loads(line) for line in self.files[batch["input_file_id"]].splitlines()]
        if batch["status"] == "failed":
            fault = {"code": "invalid", "line": 1, "message": self.error, "param": None}
            batch["errors"] = {"object": "list", "data": [fault]}
            return
        cut = len(lines) if batch["status"] == "completed" else int(len(lines) * self.answered)
        output, errors = [], []
        for number, line in enumerate(lines):
            self.seen_calls.append(line)
            record: Json = {"id": f"batch_req_{number}", "custom_id": line["custom_id"]}
            if number >= cut:
                code = f"batch_{batch['status']}"
                said = {"code": code, "message": f"This request was not run: {code}."}
                errors.append(record | {"response": None, "error": said})
            elif (answer := self.answer(line["body"])) is not None:
                code, body = answer
                response = {"status_code": code, "request_id": "r", "body": body}
                record |= {"response": response, "error": None}
                (output if code == 200 else errors).append(record)
        if self.shuffle:
            random.Random(0).shuffle(output)
        batch["request_counts"] |= {"completed": len(output), "failed": len(errors)}
        for name, records in (("output_file_id", output), ("error_file_id", errors)):
            if records:
                text = self.spoil([json.dumps(r) for r in records])
                batch[name] = self._keep("".join(f"{t}\n" for t in text).encode())


def model(name: str) -> Json:
    return {"id": name, "object": "model", "created": 1, "owned_by": "test"}


def shown(batch: Json) -> Json:
    return {name: value for name, value in batch.items() if name != "left"}


def fault(status: int, message: str, code: str | None = None) -> web.Response:
    if status == 200:
        return web.Response(text="{", content_type="application/json")
    if status == 299:
        return web.Response(text="<html></html>", content_type="text/html")
    error = {"message": message, "type": "fault", "param": None, "code": code}
    return web.json_response({"error": error}, status=status)


@contextmanager
def serving(server: BatchServer) -> Iterator[BatchServer]:
    """Run a server in a thread of its own."""
    loop = asyncio.new_event_loop()
    started = threading.Event()

    async def start() -> web.AppRunner:
        runner = web.AppRunner(server.app())
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        server.port = runner.addresses[0][1]
        started.set()
        return runner

    def run() -> None:
        asyncio.set_event_loop(loop)
        runner = loop.run_until_complete(start())
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert started.wait(10)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
