"""Public transcripts score as published, and the task's stop string cuts no answer.

The transcripts are not part of the repository; they are read from the `shared` folder beside it.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tot24_bench.game import Puzzle
from tot24_bench.scoring import Score, Verdict, score

DATA = Path(__file__).parents[2].parent / "shared" / "data"
TRANSCRIPTS = DATA / "transcripts"
IO = "gpt-4_io_100samples_ranks901-1000.json"
COT = "gpt-4o_cot_ranks902-1001.json"
ONE_STEP = "gpt-4o_onestep_tot_ranks902-1001.json"
STOP = "\nInput:"

pytestmark = pytest.mark.skipif(
    not TRANSCRIPTS.is_dir(), reason=f"the public transcripts are not at {TRANSCRIPTS}"
)


def whole(response: str) -> str:
    return response


def stopped(response: str) -> str:
    """The response as the task's stop string would have ended it."""
    return response.split(STOP, 1)[0]


cuts = pytest.mark.parametrize("cut", [whole, stopped])
Cut = Callable[[str], str]


def load(name: str) -> Any:
    return json.loads((TRANSCRIPTS / name).read_text(encoding="utf-8"))


def score_by_rank(name: str, cut: Cut) -> dict[int, Score]:
    return {
        int(row["original_puzzle"]["Rank"]): score(
            Puzzle.parse(row["original_puzzle"]["Puzzles"]), cut(row["response"])
        )
        for row in load(name)
    }


def right_ranks(scores: dict[int, Score]) -> set[int]:
    return {rank for rank, result in scores.items() if result.correct}


@cuts
def test_gpt4_io_has_a_mean_of_734_in_ten_thousand_and_a_best_of_33(cut: Cut) -> None:
    with (DATA / "24.csv").open(encoding="utf-8", newline="") as file:
        hands = [row["Puzzles"] for row in csv.DictReader(file)]
    right = []
    for row in load(IO):
        puzzle = Puzzle.parse(hands[row["idx"]])
        assert len(row["ys"]) == 100
        right.append(sum(score(puzzle, cut(sample)).correct for sample in row["ys"]))
    assert (len(right), sum(right), sum(count > 0 for count in right)) == (100, 734, 33)


@cuts
def test_gpt4o_cot_is_right_for_9_of_100(cut: Cut) -> None:
    scores = score_by_rank(COT, cut)
    assert len(scores) == 100
    assert len(right_ranks(scores)) == 9
    assert {951, 954} <= right_ranks(scores)  # right answers that the published parser rejected


@cuts
def test_gpt4o_one_step_tot_is_right_for_19_of_100(cut: Cut) -> None:
    scores = score_by_rank(ONE_STEP, cut)
    assert len(scores) == 100
    assert len(right_ranks(scores)) == 19
    assert {958, 965} <= right_ranks(scores)  # the answer is on the lines after the marker


@cuts
def test_the_same_responses_are_right_with_and_without_the_stop_string(cut: Cut) -> None:
    for name in (COT, ONE_STEP):
        assert right_ranks(score_by_rank(name, cut)) == right_ranks(score_by_rank(name, whole))


def test_single_transcripts_get_the_verdict_that_a_reader_gives_them() -> None:
    one_step, cot = score_by_rank(ONE_STEP, whole), score_by_rank(COT, whole)
    assert one_step[994].verdict is Verdict.MALFORMED  # a bracket is never closed
    assert one_step[976].answer == "(3 + 7) + (10 + 10) + (1 * 4)"  # after a list in prose
    assert one_step[920].answer == "(3 * 7) + 3"
    assert one_step[939].verdict is Verdict.WRONG_NUMBERS
    assert one_step[942].verdict is Verdict.NO_ANSWER  # ends in a numbered thought
    assert one_step[952].verdict is Verdict.ABSTAINED  # "it might not be possible"
    assert cot[913].answer == "((6 / 6) + 4) + 9"  # the last of three, then an apology
    assert cot[927].verdict is Verdict.NO_SOLUTION  # "cannot be used ... to achieve"
    assert cot[931].verdict is Verdict.NO_ANSWER  # ends in a thought
    assert cot[966].verdict is Verdict.ABSTAINED
    assert (cot[903].verdict, cot[903].value) == (Verdict.WRONG_VALUE, "36")


def test_most_wrong_answers_of_gpt4o_claim_24_all_the_same() -> None:
    scores = score_by_rank(ONE_STEP, whole).values()
    assert sum(result.false_claim for result in scores) >= 65


def test_the_teacher_rows_all_get_a_verdict() -> None:
    right = set()
    for line in (
        (TRANSCRIPTS / "gpt-4o_onestep_tot_teacher_all_hands.jsonl")
        .read_text(encoding="utf-8")
        .splitlines()
    ):
        row = json.loads(line)
        response = row["response"]
        if isinstance(response, dict):
            response = f"Steps:\n{response.get('Steps', '')}\nAnswer: {response.get('Answer', '')}"
        result = score(Puzzle.parse(row["numbers"]), response)
        assert result.verdict is not Verdict.TOO_LONG
        if result.correct:
            right.add(row["rank"])
    assert len(right) >= 198
