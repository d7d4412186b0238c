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

MARKS = {"plain": 8.0, "trl": 1.7}


def train(arm: str) -> float:
    """Useful completion tokens a second."""
    done = subprocess.run(
        [sys.executable, str(ARMS), arm],
        capture_output=True,
        text=True,
        check=False,
        timeout=3_000,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.strip().splitlines()[-1])
    return float(found["tokens"] / found["seconds"])


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
