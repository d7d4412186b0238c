"""How fast training.sft trains, beside TRL and transformers as they come.

    python -m pytest tests/benchmarks/test_bench_training.py --benchmark-enable --benchmark-only

Useful completion tokens a second: those with a label; prompts and padding are work, not use. Three
processes one after another train the same student on the same rows (see training_arms.py). The
marks: 8 times a plain `Trainer` with every row padded to 1,024 in fp32, 1.7 times `SFTTrainer` as
it comes, both without gradient checkpointing. Other work on the machine moves the figures: it is
for a quiet one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ARMS = Path(__file__).with_name("training_arms.py")
PRETRAINED = Path(__file__).with_name("pretrained_arms.py")
SMOLLM2 = Path(__file__).parents[2] / "models" / "smollm2-135m-instruct"

MARKS = {"plain": 8.0, "trl": 1.7}


def train(arm: str) -> float:
    """Useful completion tokens a second."""
    found = run(ARMS, arm)
    return found["tokens"] / found["seconds"]


def run(script: Path, arm: str) -> dict[str, float]:
    """What an arm printed."""
    done = subprocess.run(
        [sys.executable, str(script), arm],
        capture_output=True,
        text=True,
        check=False,
        timeout=3_000,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def test_bench_training_beside_trl_and_a_plain_trainer(benchmark: Any) -> None:
    if benchmark.disabled:
        pytest.skip("takes minutes: run it with --benchmark-enable")
    rates: dict[str, float] = {}

    def ours() -> None:
        rates["ours"] = train("ours")

    rates["trl"] = train("trl")
    benchmark.group = "useful completion tokens a second, 1.9M parameters"
    benchmark.pedantic(ours, rounds=1)
    rates["plain"] = train("plain")
    ratios = {arm: rates["ours"] / rates[arm] for arm in MARKS}
    benchmark.extra_info.update(
        {f"{arm}_tokens_per_second": round(rate) for arm, rate in rates.items()},
        **{f"ratio_to_{arm}": round(ratio, 2) for arm, ratio in ratios.items()},
        load_average=os.getloadavg()[0],
    )
    told = ", ".join(f"{arm} {rate:,.0f}/s" for arm, rate in rates.items())
    print(f"\n{told}; ratios {ratios}")
    assert all(ratios[arm] >= mark for arm, mark in MARKS.items()), told


def test_bench_an_adapter_on_smollm2_beside_trl(benchmark: Any) -> None:
    """The marks: 1.5 times TRL's useful tokens a second, at most 12 GB."""
    if benchmark.disabled:
        pytest.skip("takes minutes: run it with --benchmark-enable")
    if not SMOLLM2.is_dir():
        pytest.skip("tot24 models get smollm2-135m-instruct first")
    found = {"trl": run(PRETRAINED, "trl")}
    benchmark.group = "useful completion tokens a second, LoRA on SmolLM2-135M"
    benchmark.pedantic(lambda: found.update(ours=run(PRETRAINED, "ours")), rounds=1)
    rates = {arm: one["tokens"] / one["seconds"] for arm, one in found.items()}
    ratio = rates["ours"] / rates["trl"]
    told = ", ".join(
        f"{arm} {rate:,.0f}/s, {found[arm]['peak_gb']} GB" for arm, rate in rates.items()
    )
    benchmark.extra_info.update(ratio_to_trl=round(ratio, 2), told=told)
    print(f"\n{told}; ratio {ratio:.2f}")
    assert ratio >= 1.5 and found["ours"]["peak_gb"] < 12, told
