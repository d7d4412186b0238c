"""How fast the teacher `openai` asks, beside a bare loop over the same client.

    python -m pytest tests/benchmarks/test_bench_teacher.py --benchmark-enable --benchmark-only

2,000 distinct requests, 64 at once, to a server on loopback that answers after 200 ms: at best 320
a second. The peer does nothing but send with the official client and keep the texts. The mark is
90% of its rate, measured in turns in the same run; and memory that does not grow with the number of
requests, which is asserted, as it does not depend on what else the machine does.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from itertools import combinations_with_replacement, islice
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from tot24_bench.game import Puzzle
from tot24_bench.prompts import build
from tot24_bench.teachers import Reply, Request
from tot24_bench.teachers.api.live import OpenAITeacher
from tot24_bench.teachers.api.settings import OpenAISettings

REQUESTS = 2_000
FEW_REQUESTS = 500
CONCURRENCY = 64
LATENCY_SECONDS = 0.2
ROUNDS = 4

MAX_GROWTH_BYTES = 1_000_000
"""Between the peaks of a run of 500 and one of 2,000 requests."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    script = Path(__file__).with_name("latent_server.py")
    command = [sys.executable, str(script), str(LATENCY_SECONDS)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}/v1"
    finally:
        process.terminate()
        process.wait(timeout=30)


def requests(count: int) -> Iterator[Request]:
    """Distinct requests, made as they are taken."""
    hands = combinations_with_replacement(range(1, 15), 4)
    for hand in islice(hands, count):
        yield Request(build("onestep_tot", Puzzle(hand), shots=5), 0)


def ask(url: str, count: int) -> float:
    """Ask by the teacher; requests a second."""
    settings = OpenAISettings("m", url, concurrency=CONCURRENCY)
    started = time.perf_counter()
    done = sum(
        isinstance(outcome, Reply) for outcome in OpenAITeacher(settings).ask(requests(count))
    )
    assert done == count
    return count / (time.perf_counter() - started)


def ask_bare(url: str, count: int) -> float:
    """The peer: the client, a semaphore, gather."""
    from openai import AsyncOpenAI

    async def run() -> list[str]:
        async with AsyncOpenAI(base_url=url, api_key="none") as client:
            gate = asyncio.Semaphore(CONCURRENCY)

            async def one(request: Request) -> str:
                async with gate:
                    answer = await client.chat.completions.create(
                        model="m",
                        messages=request.prompt.messages,  # type: ignore[arg-type]
                        temperature=0.7,
                        max_tokens=1024,
                    )
                    return answer.choices[0].message.content or ""

            return await asyncio.gather(*(one(request) for request in requests(count)))

    started = time.perf_counter()
    assert len(asyncio.run(run())) == count
    return count / (time.perf_counter() - started)


def test_bench_teacher_beside_a_bare_loop(benchmark: Any, url: str) -> None:
    if benchmark.disabled:
        pytest.skip("takes a minute: run it with --benchmark-enable")
    ask(url, CONCURRENCY)
    ask_bare(url, CONCURRENCY)
    ours: list[float] = []
    bare: list[float] = []

    def turn() -> None:
        # In turns, each first as often as second, so that both see the same machine.
        mine_first = len(ours) % 2 == 0
        if mine_first:
            ours.append(ask(url, REQUESTS))
        bare.append(ask_bare(url, REQUESTS))
        if not mine_first:
            ours.append(ask(url, REQUESTS))

    benchmark.group = "2,000 requests, 64 at once, 200 ms each"
    benchmark.pedantic(turn, rounds=ROUNDS)
    ratios = [mine / peer for mine, peer in zip(ours, bare, strict=True)]
    benchmark.extra_info.update(
        requests_per_second=round(median(ours), 1),
        bare_requests_per_second=round(median(bare), 1),
        ratio=round(median(ratios), 3),
    )
    print(f"\nours {median(ours):.0f}/s, bare {median(bare):.0f}/s: {median(ratios):.2f}")
    assert median(ratios) >= 0.9


def test_bench_teacher_memory_does_not_grow_with_the_requests(benchmark: Any, url: str) -> None:
    if benchmark.disabled:
        pytest.skip("takes half a minute: run it with --benchmark-enable")
    ask(url, CONCURRENCY)
    peaks = []
    for count in (FEW_REQUESTS, REQUESTS):
        tracemalloc.start()
        ask(url, count)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    benchmark.extra_info.update(peak_bytes_500=peaks[0], peak_bytes_2000=peaks[1])
    print(f"\npeaks {peaks[0] / 1e6:.2f} MB and {peaks[1] / 1e6:.2f} MB")
    benchmark.pedantic(ask, args=(url, FEW_REQUESTS), rounds=1)
    assert peaks[1] - peaks[0] < MAX_GROWTH_BYTES
