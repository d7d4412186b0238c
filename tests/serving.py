"""`transformers serve` of a checkpoint, for tests that need a real server."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

START_SECONDS = 120
"""How long the server may take before the test gives up: a guard against hanging, not a timing."""


@contextmanager
def serving(checkpoint: Path, port: int = 0) -> Iterator[str]:
    """Serve a checkpoint on loopback while the context is open; its base URL, ending in /v1.

    Args:
        port: where; 0 takes a free one.
    """
    if not port:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
    command = Path(sys.executable).with_name("transformers")
    process = subprocess.Popen(
        [command, "serve", str(checkpoint), "--device", "cpu", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    try:
        _wait(f"http://127.0.0.1:{port}/health", process)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:  # it waits for a client that is still connected
            process.kill()
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
