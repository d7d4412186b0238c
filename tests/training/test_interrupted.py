"""Kill -9 in the middle of training, then the same again."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.training.small_runs import losses, run, start, write_config

LONG = {"max_steps": 40, "save_steps": 10, "hidden": 64, "intermediate": 128, "layers": 2}


@pytest.fixture
def one_thread() -> Iterator[None]:
    """As `start` has it: sums of several threads differ in their last digits."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("one_thread")
def test_a_killed_run_goes_on_to_the_same_loss_curve(tmp_path: Path) -> None:
    process = start(write_config(tmp_path / "killed", **LONG))
    checkpoint = tmp_path / "killed" / "run" / "checkpoint-10"
    deadline = time.monotonic() + 240
    while not (checkpoint / "trainer_state.json").is_file() and time.monotonic() < deadline:
        time.sleep(0.01)
        assert process.poll() is None, process.stderr and process.stderr.read()[-2000:]
    time.sleep(0.1)  # into the steps after it
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "killed" / "run" / "student").exists()
    assert not (tmp_path / "killed" / "run" / "checkpoint-40").exists()

    resumed = run(tmp_path / "killed", **LONG)
    whole = run(tmp_path / "whole", **LONG)
    assert resumed["resumed"] is True and whole["resumed"] is False
    assert len(losses(whole)) == 40
    assert losses(resumed) == losses(whole)
    weights = [
        (tmp_path / name / "run" / "student" / "model.safetensors").read_bytes()
        for name in ("whole", "killed")
    ]
    assert weights[0] == weights[1]
