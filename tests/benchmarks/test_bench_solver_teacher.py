"""How fast the solver teacher writes One-Step ToT, beside a plain search over fractions.

    python -m pytest tests/benchmarks/test_bench_solver_teacher.py --benchmark-enable

Both write the same text for the same hands, each hand once, and every trace is verified in the same
way: one `analyse`, which scores it and replays every thought. The teacher starts every round with
its memory empty, as a fresh process does; `warm` has met every hand before, as with several samples
a hand. Times are CPU time of one core.

Verification takes twice as long as writing does, which bounds what any generator can gain:
`extra_info` holds the ratio for verified traces (`verified_ratio`), what it would be for a teacher
that took no time at all (`verified_ratio_limit`), and the ratio of writing alone, cold and warm.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from time import process_time
from typing import Any

import pytest

from tests.benchmarks.naive_traces import trace
from tot24_bench.game import Puzzle, draw, load_split, reach, states
from tot24_bench.scoring import analyse
from tot24_bench.teachers import solver_thoughts, solver_truth
from tot24_bench.teachers.solver import write_response

ROUNDS = 5
"""Rounds of which the fastest counts, on either side: others use this machine too."""

SPLITS = {
    "four cards": lambda: load_split("train")[::4],
    "four of the hardest": lambda: load_split("hard100"),
    "five cards": lambda: draw("five", part="train", size=20),
}


def forget() -> None:
    """Empty every memory that the teacher has, as in a fresh process."""
    for module in (states, reach, solver_thoughts, solver_truth):
        for value in vars(module).values():
            if hasattr(value, "cache_clear"):
                value.cache_clear()


def verified(puzzle: Puzzle, response: str) -> bool:
    """Right by `score`, which `analyse` calls, and valid in every thought."""
    result = analyse(puzzle, response)
    return result.score.correct and all(thought.fault is None for thought in result.thoughts)


def write_all(hands: tuple[Puzzle, ...]) -> list[str]:
    return [write_response(hand, "onestep_tot", Random(i)) for i, hand in enumerate(hands)]


def trace_all(hands: tuple[Puzzle, ...]) -> list[str]:
    return [trace(hand.numbers, Random(i)) for i, hand in enumerate(hands)]


def seconds(work: Callable[[], object], rounds: int, before: Callable[[], object]) -> float:
    """CPU seconds of the fastest round."""
    taken = []
    for _ in range(rounds):
        before()
        started = process_time()
        work()
        taken.append(process_time() - started)
    return min(taken)


@pytest.mark.parametrize("name", ["four cards", "four of the hardest", "five cards"])
def test_bench_traces_beside_a_plain_search(benchmark: Any, name: str) -> None:
    if benchmark.disabled:
        pytest.skip("seconds: run by `make bench` only")
    benchmark.group = "One-Step ToT traces of distinct hands, written and verified"
    hands = SPLITS[name]()
    ours, theirs = write_all(hands), trace_all(hands)
    assert ours == theirs, "both write the same text"

    def written_and_verified() -> bool:
        return all(map(verified, hands, write_all(hands)))

    assert benchmark.pedantic(written_and_verified, setup=forget, rounds=ROUNDS)
    cold = seconds(lambda: write_all(hands), ROUNDS, forget)
    warm = seconds(lambda: write_all(hands), ROUNDS, lambda: None)
    checking = seconds(lambda: all(map(verified, hands, ours)), ROUNDS, lambda: None)
    plain = seconds(lambda: trace_all(hands), 3, lambda: None)
    benchmark.extra_info.update(
        hands=len(hands),
        verified_traces_per_second=round(len(hands) / (cold + checking)),
        naive_verified_traces_per_second=round(len(hands) / (plain + checking)),
        verified_ratio=round((plain + checking) / (cold + checking), 1),
        verified_ratio_limit=round((plain + checking) / checking, 1),
        written_per_second=round(len(hands) / cold),
        naive_written_per_second=round(len(hands) / plain),
        written_ratio_cold=round(plain / cold, 1),
        written_ratio_warm=round(plain / warm, 1),
    )
    assert plain > 5 * cold, benchmark.extra_info


def test_both_write_the_same_text_and_every_trace_of_it_is_verified() -> None:
    hands = load_split("train")[::16]
    assert write_all(hands) == trace_all(hands)
    assert all(map(verified, hands, write_all(hands)))
