"""An OpenAI-compatible server, evaluated over HTTP: `transformers serve` on a tiny checkpoint."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tot24_bench.harness.evaluate import Plan, evaluate
from tot24_bench.prompts import build

START_SECONDS = 120
"""How long the server may take before the test gives up: a guard against hanging, not a timing."""


@pytest.fixture(scope="module")
def server(tiny_checkpoint: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = Path(sys.executable).with_name("transformers")
    arguments = ["serve", str(tiny_checkpoint), "--device", "cpu", "--port", str(port)]
    process = subprocess.Popen(
        [command, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}/v1"
    try:
        _wait(f"http://127.0.0.1:{port}/health", process)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    pytest.fail(f"`transformers serve` did not answer at {url}")


def test_a_served_model_is_asked_the_same_prompts_and_its_tokens_are_counted(
    server: str, tiny_checkpoint: Path
) -> None:
    model_args = {
        "model": str(tiny_checkpoint),
        "base_url": f"{server}/completions",
        "tokenized_requests": False,
        "tokenizer": str(tiny_checkpoint),
    }
    plan = Plan(
        "local-completions",
        model_args,
        ("game24_io",),
        shots=5,
        limit=2,
        batch_size=1,
        generation={"max_gen_toks": 6},
    )
    (task,) = evaluate(plan).tasks
    assert [hand.prompt for hand in task.hands] == [
        build("io", hand.puzzle, shots=5).text for hand in task.hands
    ]
    assert all(response for hand in task.hands for response in hand.responses)
    assert all(0 < (hand.tokens[0] or 0) <= 8 for hand in task.hands)
