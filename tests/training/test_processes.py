"""Two processes share a batch and come to the losses of one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.training.small_runs import losses, read_record, run, start, write_config
from training.run import BadProcesses, require_together, share_batch

TORCHRUN = ("torch.distributed.run", "--standalone", "--nproc_per_node", "2")

SHARED: dict[str, Any] = {
    "batch": 8,
    "max_steps": 20,  # more than the two epochs of 64 rows: each draws its order anew
    "eval_strategy": "steps",
    "eval_steps": 20,
    "save_steps": 20,
    "val_tokens": 24,
    "per_device_eval_batch_size": 10,
}


def test_torchrun_trains_to_the_losses_of_one_process(tmp_path: Path) -> None:
    alone = run(tmp_path / "one", **SHARED)
    two = start(write_config(tmp_path / "two", **SHARED), "--processes", "2", launcher=TORCHRUN)
    _, told = two.communicate(timeout=300)
    assert two.returncode == 0, told[-2000:]
    shared = read_record(tmp_path / "two" / "run" / "student")
    assert (alone["processes"], shared["processes"]) == (1, 2)
    assert alone["batch"] == shared["batch"] == 8
    assert alone["data"] == shared["data"]
    assert len(losses(alone)) == 20
    assert losses(shared) == pytest.approx(losses(alone), rel=1e-4)
    # Greedy accuracy is of all hands, whoever answered them.
    (one,), (other,) = (
        [entry for entry in record["log"] if "eval_val_acc" in entry] for record in (alone, shared)
    )
    assert one.keys() == other.keys()
    assert other["eval_val_tokens"] == pytest.approx(one["eval_val_tokens"], rel=0.02)


def test_fewer_processes_than_asked_for_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadProcesses, match="--processes 2, but 1 train: start them with torchrun"):
        run(tmp_path, processes=2)
    assert not list((tmp_path / "run").glob("checkpoint-*"))


def test_processes_that_do_not_train_together_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(BadProcesses, match="2 processes were started and 1 train together"):
        require_together(1, None)
    require_together(2, 2)


def test_a_batch_is_divided_among_processes_and_accumulation_steps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from types import SimpleNamespace

    monkeypatch.setenv("WORLD_SIZE", "2")
    sft: Any = SimpleNamespace(per_device_train_batch_size=8, gradient_accumulation_steps=2)
    assert share_batch(sft, None) == 32
    assert share_batch(sft, 64) == 64 and sft.per_device_train_batch_size == 16
    with pytest.raises(BadProcesses, match="take a multiple of 4"):
        share_batch(sft, 30)
