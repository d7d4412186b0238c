"""How fast our generation is for a real small model, beside lm-eval's own, in one run.

    tot24 models get smollm2-135m-instruct
    python -m pytest -s tests/benchmarks/test_bench_generating.py \\
        --benchmark-enable --benchmark-only

The first hands of hard100, One-Step ToT, greedy, each prompt another one. Responses must be equal;
the ratio is of times that follow each other, first a bit of both to warm up. `TOT24_BENCH_HANDS=100
TOT24_BENCH_TOKENS=896` is the whole measure, with `TOT24_BENCH_SHOTS=0` or 5. Processor seconds
stand beside: they tell more where other work shares the cores.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
from lm_eval.api.instance import Instance

from tot24_bench.game import load_split
from tot24_bench.harness import BATCH_SIZE, EvaluationPlan, load_model, own_generation
from tot24_bench.prompts import build

MODEL = Path(__file__).resolve().parents[2] / "models" / "smollm2-135m-instruct"
HANDS = int(os.environ.get("TOT24_BENCH_HANDS", "10"))
TOKENS = int(os.environ.get("TOT24_BENCH_TOKENS", "64"))
SHOTS = int(os.environ.get("TOT24_BENCH_SHOTS", "0"))


def write(lm: Any, contexts: list[str], most: int) -> tuple[list[str], float, float]:
    """What lm-eval's model answers, and seconds: of the clock and of the processor."""
    told = {"until": ["\nInput:"], "max_gen_toks": most, "do_sample": False}
    clock, processor = time.perf_counter(), time.process_time()
    found = lm.generate_until(
        [Instance("generate_until", {}, (context, told), 0) for context in contexts],
        disable_tqdm=True,
    )
    return found, time.perf_counter() - clock, time.process_time() - processor


def test_bench_generating_beside_lm_eval(benchmark: Any) -> None:
    if benchmark.disabled:
        pytest.skip("takes minutes: run it with --benchmark-enable")
    if not MODEL.is_dir():
        pytest.skip(f"no {MODEL.relative_to(MODEL.parents[1])}: tot24 models get fetches it")
    plan = EvaluationPlan(
        "hf",
        {"pretrained": str(MODEL), "dtype": "float32"},
        ("game24_onestep_tot",),
        batch_size=BATCH_SIZE,
        device="cpu",
    )
    lm = load_model(plan)
    hands = load_split("hard100")[:HANDS]
    contexts = [build("onestep_tot", hand, shots=SHOTS).text for hand in hands]
    write(lm, contexts[:2], 2)
    with own_generation(lm) as used:
        write(lm, contexts[:2], 2)
        benchmark.group = f"One-Step ToT, {SHOTS}-shot, {HANDS} hands, {TOKENS} tokens"
        ours, clock, processor = benchmark.pedantic(write, args=(lm, contexts, TOKENS), rounds=1)
    assert used == {"tot24-bench"}
    theirs, their_clock, their_processor = write(lm, contexts, TOKENS)
    ratio = their_clock / clock
    benchmark.extra_info.update(
        seconds=round(clock, 1), seconds_of_lm_eval=round(their_clock, 1), ratio=round(ratio, 2)
    )
    print(
        f"\n{HANDS} hands: {clock:.1f} s, lm-eval's own {their_clock:.1f} s: {ratio:.2f} times; of "
        f"the processor {processor:.1f} and {their_processor:.1f} s: "
        f"{their_processor / processor:.2f} times"
    )
    assert ours == theirs
