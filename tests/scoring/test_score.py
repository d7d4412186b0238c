"""What a Score says beside its verdict, and the bounds past which nothing is read."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

from tot24_bench.game import Puzzle
from tot24_bench.scoring import MAX_RESPONSE_CHARS, Commitment, Score, Verdict, find_answer, score
from tot24_bench.scoring.score import MAX_ANSWER_CHARS

EXEMPLAR = Puzzle.parse("4 4 6 8")
UNSOLVABLE = Puzzle.parse("1 1 1 1")
RIGHT = "(6 - 4) * (4 + 8)"


def test_a_false_right_hand_side_is_flagged_and_leaves_the_verdict() -> None:
    result = score(EXEMPLAR, f"Answer: {RIGHT} = 25")
    assert (result.verdict, result.false_rhs) == (Verdict.CORRECT, True)
    assert score(EXEMPLAR, f"Answer: {RIGHT} = 24.5").false_rhs
    assert score(EXEMPLAR, f"Answer: {RIGHT} = 2 * 13 = 24").false_rhs
    assert not score(EXEMPLAR, f"Answer: {RIGHT} = 24.0").false_rhs
    assert not score(EXEMPLAR, f"Answer: {RIGHT} = 48/2").false_rhs


def test_a_false_claim_says_24_of_what_is_not_right() -> None:
    assert score(EXEMPLAR, "Answer: 4 + 4 + 6 + 8 = 24").false_claim
    assert score(EXEMPLAR, "Answer: 4 * 6 = 24").false_claim
    assert score(EXEMPLAR, "Answer: (4 + 4 + 6 = 24").false_claim
    assert score(EXEMPLAR, "Answer: 24 = 4 + 4 + 6 + 8").false_claim
    assert score(EXEMPLAR, "Answer: (8 - 6) * 4 * 4 = 20 + 4 = **24**").false_claim
    assert not score(EXEMPLAR, f"Answer: {RIGHT} = 24").false_claim
    assert not score(EXEMPLAR, "Answer: 4 + 4 + 6 + 8 = 22").false_claim
    assert not score(EXEMPLAR, "Answer: 4 + 4 + 6 + 8").false_claim
    assert not score(EXEMPLAR, "Answer: 8 * 2 does not equal 24. Let me try again.").false_claim
    assert not score(EXEMPLAR, "Answer: 4 + 4 = 8, then 6 * 4 = 24").false_claim


def test_the_value_is_exact() -> None:
    assert score(EXEMPLAR, "Answer: (4 + 6) / 4 + 8 = 24").value == "21/2"
    # In floating point this rounds to 24.
    thirds = Puzzle.parse("1 3 3 24")
    assert score(thirds, "Answer: 24 * (1 / 3 * 3)").value == "24"
    close = Puzzle((24, 1, 1_000_000_000, 1_000_000_000))
    assert score(close, "Answer: 24 + 1 / 1000000000 / 1000000000").verdict is Verdict.WRONG_VALUE


def test_valid_means_the_numbers_are_right_whatever_the_value() -> None:
    assert score(EXEMPLAR, "Answer: 4 + 4 + 6 + 8 = 24").valid
    assert score(EXEMPLAR, "Answer: 6 * 8 / (4 - 4)").valid
    assert not score(EXEMPLAR, "Answer: 4 * 6").valid
    assert not score(EXEMPLAR, "Answer: No solution").valid


def test_answered_means_an_expression_or_a_claim_of_no_solution() -> None:
    for response in (
        f"Answer: {RIGHT}",
        "Answer: 4!",
        "Answer: (4 + 4",
        "Answer: 46",
        "Answer: No solution",
    ):
        assert score(EXEMPLAR, response).answered, response
    for response in ("", "Answer:", "Answer: I don't know", "a" * (MAX_RESPONSE_CHARS + 1)):
        assert not score(EXEMPLAR, response).answered, response[:40]


def test_no_solution_is_right_for_an_unsolvable_puzzle_only() -> None:
    claim = "Answer: There is no solution."
    right, wrong = score(UNSOLVABLE, claim), score(EXEMPLAR, claim)
    assert (right.verdict, right.correct) == (Verdict.NO_SOLUTION, True)
    assert (wrong.verdict, wrong.correct) == (Verdict.NO_SOLUTION, False)
    assert not score(UNSOLVABLE, "Answer: I could not find one.").correct
    large = score(Puzzle((1,) * 7), claim)
    assert (large.verdict, large.correct) == (Verdict.NO_SOLUTION, False)


@pytest.mark.parametrize(
    "response",
    [
        "",
        "<think>Try 6 - 4 = 2",
        "Steps:\n6 - 4 = 2 (left: 2 4 8)\n4 + 8 = 1",
        "Answer:",
        "Answer: (6 - 4) * (4 +",
        "Answer: (6 - 4) * (4 + 8",
        "Answer: (6 - 4) *",
        "Answer: (6 - 4)*",
        "Answer: (6 - 4)",
        "Answer:\n\\[ \\frac{8}{3 -",
        "\\boxed{(6 - 4) * (4",
        "<answer>(6 - 4) * (4",
        "6 - 4 = 2\n2 * 12 = 2",
        "I see no solution so far. I will",
    ],
)
def test_a_response_cut_off_before_its_answer_is_truncated(response: str) -> None:
    cut = score(EXEMPLAR, response, truncated=True)
    assert (cut.verdict, cut.truncated, cut.answered) == (Verdict.TRUNCATED, True, False), cut
    assert score(EXEMPLAR, response).verdict is not Verdict.TRUNCATED


@pytest.mark.parametrize(
    ("response", "verdict"),
    [
        (f"Answer: {RIGHT} = 24\n\nInput: 1 2", Verdict.CORRECT),
        (f"Answer: {RIGHT} = 2", Verdict.CORRECT),
        (f"Answer: {RIGHT}", Verdict.CORRECT),
        (RIGHT, Verdict.CORRECT),
        ("Answer: 4 * 6 = 24\nThis is", Verdict.WRONG_NUMBERS),
        ("Answer: 4 * 6 =", Verdict.WRONG_NUMBERS),
        ("Answer: No solution", Verdict.NO_SOLUTION),
    ],
)
def test_an_answer_committed_to_before_the_cut_stands(response: str, verdict: Verdict) -> None:
    result = score(EXEMPLAR, response, truncated=True)
    assert (result.verdict, result.truncated) == (verdict, True)


@pytest.mark.parametrize(
    "response",
    [
        "Answer: " + "(" * 100_000 + "24" + ")" * 100_000,
        "Answer: " + "9" * 5_000,
        "Answer: 1" + " + 1" * 100,
        "Answer: (6 - 4)" + " " * 2_000 + "* (4 + 8)",
        "Answer: " + "- " * 5_000 + "4",
        "(" * 10_000_000,
        "Answer:" * 1_000_000,
        "<think>" * 2_000_000,
        "Answer:\n" + "x\n" * 500_000,
    ],
    ids=lambda response: f"{response[:12]}... {len(response)}",
)
def test_past_a_bound_the_verdict_says_so_at_once(response: str) -> None:
    started = time.perf_counter()
    result = score(EXEMPLAR, response)
    assert time.perf_counter() - started < 0.5
    assert result.verdict is Verdict.TOO_LONG


HOSTILE = ["(", " ", "=", "\n", "Answer:", "Answer: 24\n", "<think>", "</think>", "\\boxed{", "=24"]
HOSTILE += [
    "\ud800",
    "\0",
    "Input:\n",
    "4(",
    "1 + 2 = ",
    "no a ",
    "<a> ",
    "Answer: a 4\n",
    "`",
    "$",
]


@pytest.mark.parametrize("part", HOSTILE)
@pytest.mark.parametrize("before", ["", "Answer: ", "Answer: We take 4 + "])
def test_time_grows_in_step_with_the_length(part: str, before: str) -> None:
    def seconds(length: int) -> float:
        response = before + (part * (length // len(part))) + "x"
        started = time.perf_counter()
        assert isinstance(score(EXEMPLAR, response).verdict, Verdict)
        return time.perf_counter() - started

    # A quadratic step would take minutes at this length; a linear one about a microsecond a
    # character at worst. The bound leaves room for a busy machine.
    assert seconds(200_000) < 3


CLAIM_BAITS = ["?", "? ", "if ", "wrong to say that ", "claim a ", "no a's ", "n't true that "]


@pytest.mark.parametrize("part", CLAIM_BAITS)
def test_a_claim_of_many_markers_is_read_in_time(part: str) -> None:
    """600 question marks in the second sentence of an answer once took half a second each time."""
    line = "Answer: ab. " + part * (580 // len(part)) + "x\n"
    started = time.process_time()
    score(EXEMPLAR, line * 160)
    assert time.process_time() - started < 3


@pytest.mark.parametrize(
    "part",
    [
        *(
            "x\n",
            "-\n",
            "4 = \\boxed{2",
            "\\boxed{24}=",
            "\\boxed{24}",
            "Answer: 24\n",
            "Answer:\nx\n",
        ),
        *(
            "answer ",
            "Answer is 4",
            "Answer = 24\n",
            "Answer:\nInput:\n",
            "the ",
            "| 4",
            "4 ~",
            "no a ",
        ),
    ],
)
@pytest.mark.parametrize("before", ["", "Answer:\n", "Answer: 24\n", "\\boxed{"])
def test_a_megabyte_of_markers_or_lines_is_scored_at_once(part: str, before: str) -> None:
    response = before + part * ((MAX_RESPONSE_CHARS - len(before)) // len(part))
    started = time.process_time()
    assert not score(EXEMPLAR, response).correct
    assert time.process_time() - started < 1  # a quarter of that is usual


def test_no_response_at_all_is_an_empty_one() -> None:
    assert score(EXEMPLAR, None) == score(EXEMPLAR, "")
    assert score(EXEMPLAR, None, truncated=True).verdict is Verdict.TRUNCATED


def test_what_a_score_keeps_of_an_answer_is_bounded_and_can_be_written() -> None:
    for response in ("Answer: No solution \ud800" + "a" * 900, "Answer: 4" + " + 44" * 60):
        result = score(EXEMPLAR, response)
        assert len(result.answer) <= MAX_ANSWER_CHARS
        json.dumps(result.to_json(), ensure_ascii=False).encode("utf-8")


def test_reasons_name_what_is_wrong() -> None:
    reasons = {
        "Answer: 46 - 4 * 8": "uses 46, not in the hand; leaves out 4, 6 (glued)",
        "Answer: 4 * 6": "leaves out 4, 8",
        "Answer: 4 * 4 * 4 + 6 + 8": "uses 4 too often",
        "Answer: 4 + 4 + 6 + 8": "is worth 22, not 24",
        "Answer: 6 * 8 / (4 - 4)": "a division by zero",
        "Answer: (4": "a bracket is never closed",
    }
    for response, reason in reasons.items():
        assert score(EXEMPLAR, response).reason == reason


def test_a_score_survives_json() -> None:
    for response in (f"Answer: {RIGHT} = 25", "Answer: 7 / 2", "", "Answer: No solution"):
        result = score(EXEMPLAR, response, truncated=True)
        assert Score.from_json(json.loads(json.dumps(result.to_json()))) == result


def test_a_score_with_a_key_missing_is_refused_by_name() -> None:
    data = score(EXEMPLAR, "").to_json()
    del data["valid"]
    with pytest.raises(ValueError, match="valid"):
        Score.from_json(data)


def test_find_answer_tells_what_it_found() -> None:
    assert find_answer(f"Answer: {RIGHT} = 24", EXEMPLAR).text == RIGHT
    assert find_answer("Answer: no solution", EXEMPLAR).kind is Commitment.NO_SOLUTION
    assert find_answer("Hello", EXEMPLAR).kind is Commitment.NOTHING
    assert not find_answer(RIGHT, EXEMPLAR).introduced


def test_scoring_imports_nothing_heavy() -> None:
    code = (
        "import sys, tot24_bench.scoring\n"
        "heavy = {'torch', 'numpy', 'sympy', 'lm_eval', 'transformers', 'pydantic'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
