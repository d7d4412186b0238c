"""Real GRPO runs of two steps: what TRL logs as the reward is what the one scorer says."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tot24_bench.game import Puzzle
from tot24_bench.prompts import build
from tot24_bench.reward import trl_answered, trl_reward, trl_valid
from tot24_bench.scoring import score

trl = pytest.importorskip("trl", reason="no TRL: pip install 'tot24-bench[train]'")

STEPS = 2
GROUP = 4
BATCH = 2 * GROUP

SHORT = {
    "max_steps": STEPS,
    "per_device_train_batch_size": BATCH,
    "num_generations": GROUP,
    "logging_steps": 1,
    "log_completions": True,
    "save_strategy": "no",
    "bf16": False,
    "use_cpu": True,
    "report_to": "none",
    "seed": 0,
}


def logged(folder: Path) -> list[list[dict[str, Any]]]:
    """The rows that TRL logged of each step: prompt, completion, a column for each function."""
    import pyarrow.parquet as pq

    files = sorted((folder / "completions").glob("*.parquet"))
    return [pq.read_table(file).to_pylist() for file in files]


def means(trainer: Any, name: str) -> list[float]:
    return [entry[name] for entry in trainer.state.log_history if name in entry]


def test_the_run_of_the_page_logs_the_scores_of_its_completions(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, snippet: Callable[[str], str]
) -> None:
    """The shipped student is often right, so that the rewards are not all 0."""
    (tmp_path / "students").symlink_to(root / "students")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(trl, "GRPOConfig", partial(trl.GRPOConfig, **SHORT))
    names: dict[str, Any] = {}
    exec(snippet("TRL"), names)
    steps = logged(tmp_path / "runs" / "grpo")
    assert [len(step) for step in steps] == [BATCH] * STEPS
    for row in [row for step in steps for row in step]:
        hand = row["prompt"].strip().rpartition("Input: ")[2]
        correct = score(Puzzle.parse(hand), row["completion"]).correct
        assert row["trl_reward"] == float(correct)
    shares = [sum(row["trl_reward"] for row in step) / BATCH for step in steps]
    assert sum(shares) > 0
    assert means(names["trainer"], "rewards/trl_reward/mean") == pytest.approx(shares)
    assert means(names["trainer"], "reward") == pytest.approx(shares)


def test_a_chat_dataset_is_rewarded_with_the_columns_of_its_rows(
    tiny_checkpoint: Path, tmp_path: Path
) -> None:
    """Completions come as messages, hands as texts, and one row has a target of its own."""
    from datasets import Dataset

    asked = {"4 4 6 8": None, "1 2 3 4": 10}
    rows = [
        {
            "prompt": build("io", Puzzle.parse(numbers), shots=0).messages,
            "numbers": numbers,
            "target": target,
        }
        for numbers, target in asked.items()
    ]
    seen: list[tuple[Any, ...]] = []

    def spy(completions: list[Any], numbers: list[str], target: list[Any], **_: Any) -> list[float]:
        seen.extend(zip(completions, numbers, target, strict=True))
        return [0.0] * len(completions)

    trainer = trl.GRPOTrainer(
        model=str(tiny_checkpoint),
        reward_funcs=[trl_reward, trl_valid, trl_answered, spy],
        args=trl.GRPOConfig(
            str(tmp_path), reward_weights=[1.0, 0.0, 0.5, 0.0], max_completion_length=8, **SHORT
        ),
        train_dataset=Dataset.from_list(rows),
    )
    trainer.train()
    judged = [row for step in logged(tmp_path) for row in step]
    assert len(seen) == len(judged) == BATCH * STEPS
    for (completion, numbers, target), row in zip(seen, judged, strict=True):
        assert asked[numbers] == target
        assert [message["role"] for message in completion] == ["assistant"]
        result = score(Puzzle.parse(numbers, target or 24), completion[0]["content"])
        assert row["trl_reward"] == float(result.correct)
        assert row["trl_valid"] == float(result.valid)
        assert row["trl_answered"] == float(result.answered)
    right, answered = (
        means(trainer, f"rewards/trl_{name}/mean") for name in ("reward", "answered")
    )
    assert means(trainer, "reward") == pytest.approx(
        [one + 0.5 * other for one, other in zip(right, answered, strict=True)]
    )
