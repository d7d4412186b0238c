"""Kill -9 in the middle of training, then the same command again."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from tests.training.small_runs import losses, read_record, run_alone, start, write_config

LONG = {"max_steps": 60, "save_steps": 10, "hidden": 64, "intermediate": 128, "layers": 2}


def test_a_killed_run_goes_on_to_the_same_loss_curve(tmp_path: Path) -> None:
    undisturbed = start(write_config(tmp_path / "whole", **LONG))
    config = write_config(tmp_path / "killed", **LONG)
    process = start(config)
    checkpoint = tmp_path / "killed" / "run" / "checkpoint-20"
    deadline = time.monotonic() + 240
    while not (checkpoint / "trainer_state.json").is_file() and time.monotonic() < deadline:
        time.sleep(0.01)
        assert process.poll() is None, process.stderr and process.stderr.read()[-2000:]
    time.sleep(0.1)  # into the steps after it
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "killed" / "run" / "student").exists()
    assert not (tmp_path / "killed" / "run" / "checkpoint-60").exists()

    code, said = run_alone(config)
    assert code == 0, said
    _, said = undisturbed.communicate(timeout=300)
    assert undisturbed.returncode == 0, said[-2000:]
    whole = read_record(tmp_path / "whole" / "run" / "student")
    resumed = read_record(tmp_path / "killed" / "run" / "student")
    assert resumed["resumed"] is True and whole["resumed"] is False
    assert len(losses(whole)) == 60
    assert losses(resumed) == losses(whole)
    weights = [
        (tmp_path / name / "run" / "student" / "model.safetensors").read_bytes()
        for name in ("whole", "killed")
    ]
    assert weights[0] == weights[1]
