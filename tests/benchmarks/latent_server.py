"""A loopback server that answers every chat call after a fixed time, in a process of its own.

    python tests/benchmarks/latent_server.py SECONDS

It prints its port.
"""

from __future__ import annotations

import asyncio
import json
import sys

from aiohttp import web

TEXT = "Steps:\n6 - 4 = 2 (left: 2 4 8)\n4 + 8 = 12 (left: 2 12)\n2 * 12 = 24 (left: 24)\n"
ANSWER = {
    "id": "call",
    "object": "chat.completion",
    "created": 0,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": TEXT + "Answer: (6 - 4) * (4 + 8) = 24"},
        }
    ],
    "usage": {"prompt_tokens": 300, "completion_tokens": 80, "total_tokens": 380},
}
BODY = json.dumps(ANSWER).encode()


async def serve(seconds: float) -> None:
    """Answer until the process is ended."""

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        await asyncio.sleep(seconds)
        return web.Response(body=BODY, content_type="application/json")

    async def models(_: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": "m", "object": "model"}]})

    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    app.router.add_get("/v1/models", models)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
