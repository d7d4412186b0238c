"""How fast a search of many hands in lock-step is, beside the same search hand by hand.

    python -m pytest tests/benchmarks/test_bench_search.py --benchmark-enable --benchmark-only

The hundred hands of hard100, `tot_bfs` b = 5, greedy, by the shipped student, in one run: all hands
in lock-step, as `tot24 eval` does it; and hand after hand with the same cache of replies, each
level of a hand one call of lm-eval's own `generate_until`. The mark is 10 times. A third figure is
hand after hand with what we do inside of a batch. Of the scheduler alone: its time for a call,
beside a dictionary; and memory that does not grow with the hands that are done, which is asserted
in every run of the tests, as it is no timing.
"""

from __future__ import annotations

import time
import tracemalloc
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from lm_eval.api.instance import Instance

from tests.search.scripted import Scripted, kind_of, numbers_in, perfect
from tot24_bench.game import Puzzle, load_split
from tot24_bench.harness import EvaluationPlan, load_model
from tot24_bench.search import (
    SEARCHES,
    Backend,
    Ended,
    ReplyStore,
    Run,
    SearchSettings,
    backend,
)
from tot24_bench.search.scheduler import HANDS_AT_ONCE

STUDENT = Path(__file__).resolve().parents[2] / "students" / "scout-2m-search"
BATCH = 128
GREEDY = SearchSettings(method="tot_bfs", beam=5, temperature=0)
BY_SHARING = 10
"""Hands of the third figure: it is no mark."""


def search(lm: Any, hands: list[Puzzle], at_once: int) -> tuple[float, list[Ended]]:
    """Seconds, and what was found, by place."""
    started = time.perf_counter()
    run = Run(
        lambda hand: SEARCHES["tot_bfs"](hand, GREEDY, 0),
        Backend(lm),
        ReplyStore(),
        hands_at_once=at_once,
    )
    found = sorted(run.run(hands), key=lambda ended: ended.place)
    assert len(found) == len(hands)
    return time.perf_counter() - started, found


def finals(found: list[Ended]) -> list[list[str]]:
    return [ended.found.finals for ended in found]


def test_bench_search_in_lock_step_beside_hand_by_hand(
    benchmark: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if benchmark.disabled:
        pytest.skip("takes ten minutes: run it with --benchmark-enable")
    if not STUDENT.is_dir():
        pytest.skip(f"no {STUDENT.name} beside scout-2m: the student that can search")
    plan = EvaluationPlan(
        "hf", {"pretrained": str(STUDENT)}, ("game24_search",), batch_size=BATCH, device="cpu"
    )
    lm, hands = load_model(plan), list(load_split("hard100"))
    search(lm, hands[:2], HANDS_AT_ONCE)  # warms up

    benchmark.group = "tot_bfs, b = 5, greedy, 100 hands"
    together, found = benchmark.pedantic(search, args=(lm, hands, HANDS_AT_ONCE), rounds=1)
    some, same = search(lm, hands[:BY_SHARING], 1)
    monkeypatch.setattr(backend, "own_generation", lambda *_, **__: nullcontext())
    alone, one_by_one = search(lm, hands, 1)
    assert finals(found) == finals(one_by_one)
    assert finals(found)[:BY_SHARING] == finals(same)
    ratio = alone / together
    benchmark.extra_info.update(
        seconds=round(together, 1), seconds_by_hand=round(alone, 1), ratio=round(ratio, 1)
    )
    print(
        f"\nlock-step {together:.1f} s, hand by hand {alone:.1f} s: {ratio:.1f} times; "
        f"the first {BY_SHARING} by hand with shared beginnings {some:.1f} s"
    )


HANDS = 300


def least(lm: Scripted, contexts: list[str]) -> float:
    """Seconds to ask lm-eval's model all contexts, a reply kept in a dictionary."""
    started = time.perf_counter()
    known: dict[str, str] = {}
    told = {"until": ["\nInput:"], "max_gen_toks": 768, "do_sample": False, "temperature": 0.0}
    for context in contexts:
        if context not in known:
            (known[context],) = lm.generate_until(
                [Instance("generate_until", {}, (context, told), 0)]
            )
    return time.perf_counter() - started


def test_bench_scheduler_beside_a_dictionary(benchmark: Any) -> None:
    """Everything but the model: prompts are built, replies read, states valued, calls counted."""
    if benchmark.disabled:
        pytest.skip("takes half a minute: run it with --benchmark-enable")
    hands, memory = list(load_split("train")[:HANDS]), dict[str, str]()

    def remembered(context: str) -> str:
        if context not in memory:
            memory[context] = perfect(context)
        return memory[context]

    lm = Scripted(remembered)
    search(lm, hands, HANDS_AT_ONCE)
    contexts, lm.batches = lm.asked, []
    benchmark.group = f"all calls of {HANDS} hands, by a model that takes no time"
    seconds, _ = benchmark.pedantic(search, args=(lm, hands, HANDS_AT_ONCE), rounds=2)
    bare = least(lm, contexts)
    each = 1e6 * seconds / len(contexts)
    benchmark.extra_info.update(calls=len(contexts), microseconds=round(each))
    print(f"\n{len(contexts):,} calls: {each:.0f} µs each, bare {1e6 * bare / len(contexts):.0f}")


def sums(context: str) -> str:
    """Some thoughts of any state, without the solver: what it remembers is not ours to measure."""
    kind = kind_of(context)
    if kind != "propose":
        return "Judgement: likely" if kind == "value" else "Answer: 1 + 1 = 24"
    lines = []
    for first, second in ((0, 1), (0, -1), (-2, -1)):
        left = sorted(numbers_in(context))
        a, b = left[first], left[second]
        left.remove(a)
        left.remove(b)
        lines.append(f"{a} + {b} = {a + b} (left: {' '.join(map(str, sorted([*left, a + b])))})")
    return "\n".join(lines)


NARROW = SearchSettings(method="tot_bfs", beam=1, temperature=0)


class Forgetful(Scripted):
    """It keeps nothing of what it was asked."""

    def generate_until(self, requests: Any, disable_tqdm: bool = False) -> list[str]:
        found = super().generate_until(requests, disable_tqdm)
        self.batches.clear()
        return found


def peak(count: int) -> int:
    """Bytes that a search of so many hands, twenty at once, has at most."""
    hands = load_split("full")
    run = Run(
        lambda hand: SEARCHES["tot_bfs"](hand, NARROW, 0),
        Backend(Forgetful(sums)),
        ReplyStore(),
        hands_at_once=20,
    )
    tracemalloc.start()
    states = 0
    for ended in run.run(hands[i % len(hands)] for i in range(count)):
        states += ended.found.states
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert states > 3 * count
    return most


def test_memory_does_not_grow_with_the_hands_that_are_done() -> None:
    peak(20)
    assert peak(1_000) < 1.5 * peak(200)
