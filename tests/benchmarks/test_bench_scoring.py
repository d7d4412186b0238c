"""Scoring and analysing whole responses beside bare `eval` and sympy of the same answers alone.

    make bench

Distinct responses, so that no cache flatters either side; one round takes all of them. The marks
are ratios within one group: scoring an ordinary four-line response at most 5 times `eval` of its
expression, analysing a trace of about 25 lines at most 40 times. `eval` is given our own answers.
"""

from __future__ import annotations

import re
from random import Random
from typing import Any

import pytest

from tot24_bench.game import Puzzle, load_split
from tot24_bench.scoring import Verdict, analyse, score
from tot24_bench.teachers import write_response

RESPONSES = 500

TRACES = 100
"""One-Step ToT traces of the solver, of distinct hands."""

TRACE_LINES = range(21, 32)


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


def make_traces(count: int) -> list[tuple[Puzzle, str, str]]:
    """Distinct hands with the solver's One-Step ToT trace and its answer."""
    traces = []
    for seed, puzzle in enumerate(load_split("full")):
        response = write_response(puzzle, "onestep_tot", Random(seed), 0.0)
        if response.count("\n") + 1 in TRACE_LINES:
            answer = response.rpartition("Answer: ")[2].partition("=")[0].strip()
            assert re.fullmatch(r"[-0-9+*/() ]+", answer)
            traces.append((puzzle, response, answer))
    assert len(traces) >= count
    return traces[:count]


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


@pytest.mark.benchmark(group="an ordinary response, 500 distinct (mark: 5 times eval)")
def test_score_of_ordinary_responses(benchmark: Any) -> None:
    benchmark(lambda: [score(puzzle, response) for puzzle, response, _ in CASES])


@pytest.mark.benchmark(group="an ordinary response, 500 distinct (mark: 5 times eval)")
def test_eval_of_their_expressions(benchmark: Any) -> None:
    benchmark(lambda: [_evaluated(answer) for _, _, answer in CASES])


@pytest.mark.benchmark(group="a trace of about 25 lines, 100 distinct (mark: 40 times eval)")
def test_analysis_of_traces(benchmark: Any) -> None:
    traces = make_traces(TRACES)
    results = benchmark(lambda: [analyse(puzzle, response) for puzzle, response, _ in traces])
    assert all(result.score.correct for result in results)


@pytest.mark.benchmark(group="a trace of about 25 lines, 100 distinct (mark: 40 times eval)")
def test_eval_of_their_answers(benchmark: Any) -> None:
    traces = make_traces(TRACES)
    assert all(abs(_evaluated(answer) - 24) < 1e-9 for _, _, answer in traces)
    benchmark(lambda: [_evaluated(answer) for _, _, answer in traces])


def _evaluated(answer: str) -> float:
    try:
        return float(eval(answer))
    except ZeroDivisionError:
        return float("nan")
