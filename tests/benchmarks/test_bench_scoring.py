"""Scoring whole responses beside what sympy takes to parse the same answers alone.

500 distinct responses, so that no cache flatters either side; one round scores all of them, so
responses a second is 500 / the reported time.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from tot24_bench.game.puzzle import Puzzle
from tot24_bench.scoring import Verdict, score

RESPONSES = 500


def make_cases(count: int) -> list[tuple[Puzzle, str, str]]:
    """Distinct puzzles with a wrong or right answer and an ordinary four-line response."""
    shapes = ("({} - {}) * ({} + {})", "{} * ({} - {} / {})", "({} + {}) * {} / {}")
    cases: dict[str, tuple[Puzzle, str, str]] = {}
    # Steps through 1..13 that share no factor with 13**4 meet every hand before they repeat.
    for seed in range(10 * count):
        a, b, c, d = (1 + (seed * 7919 // 13**place) % 13 for place in range(4))
        answer = shapes[seed % len(shapes)].format(a, b, c, d)
        response = (
            f"{a} - {b} = {a - b} (left: {c} {d} {a - b})\n"
            f"{c} + {d} = {c + d} (left: {a - b} {c + d})\n"
            f"{a - b} * {c + d} = {(a - b) * (c + d)} (left: {(a - b) * (c + d)})\n"
            f"Answer: {answer} = 24"
        )
        cases.setdefault(answer, (Puzzle((a, b, c, d)), response, answer))
    assert len(cases) >= count
    return list(cases.values())[:count]


CASES = make_cases(RESPONSES)


@pytest.mark.benchmark(group="scoring 500 distinct answers")
def test_scoring_four_line_responses(benchmark: Any) -> None:
    def run() -> list[bool]:
        return [score(puzzle, response).valid for puzzle, response, _ in CASES]

    assert all(benchmark(run))


@pytest.mark.benchmark(group="scoring 500 distinct answers")
def test_sympy_parsing_the_same_answers(benchmark: Any) -> None:
    parsing = pytest.importorskip("sympy.parsing.sympy_parser", reason="sympy is not installed")

    def run() -> list[Any]:
        # sympy evaluates Python: it is given our own answers only.
        return [parsing.parse_expr(answer) for _, _, answer in CASES]

    values = benchmark.pedantic(run, rounds=3, iterations=1, warmup_rounds=0)
    for (puzzle, response, answer), value in zip(CASES, values, strict=True):
        result = score(puzzle, response)
        assert re.fullmatch(r"[-0-9+*/() ]+", answer)
        if result.verdict is not Verdict.DIVISION_BY_ZERO:
            assert result.value == str(value)
