"""The corpus of tricky answers: what a careful reader says of each, and that the referee agrees.

The cases stand in `corpus/answers.jsonl`, one JSON object a line. To add one, write a line:

    {"group": "signs", "numbers": [4, 9, 10, 13], "target": 24,
     "response": "Answer: (10 − 4) × (13 − 9) = 24", "verdict": "correct", "correct": true,
     "why": "the true minus and the true times sign"}

The verdict is what a reader says who knows the rules (`docs/labelling.md`, `scoring/answer.py`),
never what the referee happens to say; `why` is that reader's reason and names the case. A response
that the token limit cut off has `"truncated": true`. Where referee and reader disagree, the line
says in `open` what the referee says: it is an expected failure, and the test fails once that is
mended, so that the key goes. Comparisons and fuzzing read the same file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tot24_bench.game import Puzzle, is_solvable
from tot24_bench.scoring import Verdict, score

CORPUS = Path(__file__).parent / "corpus" / "answers.jsonl"
CASES: list[dict[str, Any]] = [
    json.loads(line) for line in CORPUS.read_text(encoding="utf-8").split("\n") if line
]
KEYS = {"group", "numbers", "target", "response", "verdict", "correct", "why"}


def as_parameter(case: dict[str, Any]) -> Any:
    disagrees = f"the referee says {case['open']}" if "open" in case else ""
    marks = [pytest.mark.xfail(strict=True, reason=disagrees)] if disagrees else []
    return pytest.param(case, marks=marks, id=f"{case['group']}: {case['why']}")


@pytest.mark.parametrize("case", map(as_parameter, CASES))
def test_the_referee_says_what_a_careful_reader_says(case: dict[str, Any]) -> None:
    puzzle = Puzzle(tuple(case["numbers"]), case["target"])
    result = score(puzzle, case["response"], truncated=case.get("truncated", False))
    assert (str(result.verdict), result.correct) == (case["verdict"], case["correct"]), result


FOUND = CORPUS.with_name("found.jsonl")


def test_what_readers_and_attackers_found_stays_mended() -> None:
    """Responses that were once judged wrongly, each with its kind of fault."""
    cases = [json.loads(line) for line in FOUND.read_text(encoding="utf-8").split("\n") if line]
    assert len(cases) > 250
    wrong = [
        case
        for case in cases
        if score(Puzzle(tuple(case["numbers"]), case["target"]), case["response"]).correct
        is not case["correct"]
    ]
    assert not wrong, wrong[:3]


SHARED = Path(__file__).parents[2].parent / "shared" / "cases" / "answers-2.jsonl"


@pytest.mark.skipif(not SHARED.is_file(), reason=f"no cases of hostile readers at {SHARED}")
def test_the_cases_of_hostile_readers_hold() -> None:
    cases = [json.loads(line) for line in SHARED.read_text(encoding="utf-8").split("\n") if line]
    assert len(cases) >= 51
    for case in cases:
        assert score(Puzzle.parse(case["hand"]), case["response"]).correct is case["right"], case


def test_every_case_is_complete_and_none_stands_twice() -> None:
    for case in CASES:
        assert KEYS <= set(case) <= KEYS | {"truncated", "open"}, case
    reasons = [case["why"] for case in CASES]
    asked = [
        (*case["numbers"], case["target"], case["response"], case.get("truncated"))
        for case in CASES
    ]
    assert len(set(reasons)) == len(reasons) and len(set(asked)) == len(asked)


def test_the_cases_cover_every_verdict() -> None:
    assert {case["verdict"] for case in CASES} == set(map(str, Verdict))
    assert len(CASES) >= 120


def test_a_case_is_right_only_where_its_puzzle_allows_it() -> None:
    """Found out by the solver alone, so that no label rests on the referee."""
    for case in CASES:
        solvable = is_solvable(Puzzle(tuple(case["numbers"]), case["target"]))
        if case["verdict"] == "no_solution":
            assert case["correct"] is not solvable, case
        else:
            assert case["correct"] is (case["verdict"] == "correct"), case
            assert solvable or not case["correct"], case
