"""Proposals are right where every line is; judgements are right where they are the truth."""

from __future__ import annotations

from functools import partial
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tot24_bench.game import Puzzle, Rule, is_solvable
from tot24_bench.scoring import Score, Verdict, score, score_method

score_propose = partial(score_method, "propose")
score_value = partial(score_method, "value")
STEP_METHODS = ("propose", "value", "value_at_once")
STATE = Puzzle.parse("4 6 8")


@pytest.mark.parametrize(
    "response",
    [
        "8 - 4 = 4 (left: 4 6)",
        "8 - 4 = 4",
        "4 - 8 = -4 (left: -4 6)\n8 / 6 = 4/3 (left: 4/3 4)",
        "Possible next thoughts:\n1. 8 - 4 = 4 (left: 4 6)\n2. **4 + 6 = 10** (left: 8, 10)\n",
        "```\n8 - 4 = 4 (left: 4 6)\n```",
        "Thoughts for 4 6 8:\nStep 1: 8 - 4 = 4, remaining numbers: 4, 6\n- 4 * 6 = 24 → [8, 24]",
        "8 / 6 = (4/3) (left: 4 4/3)",
        "<think>8 - 4 = 5?</think>- 8 × 4 = 32 (left: 6 32)",
    ],
)
def test_valid_thoughts_are_right_in_any_dress(response: str) -> None:
    result = score_propose(STATE, response)
    assert result.verdict is Verdict.CORRECT and result.correct and result.valid, result


def test_the_reason_says_how_many_thoughts_there_are_and_how_many_win() -> None:
    twice = "8 - 4 = 4 (left: 4 6)\n8 - 4 = 4 (left: 4 6)"
    assert score_propose(STATE, twice).reason == "1 valid thought, 1 of which can still win"
    dead = score_propose(STATE, "4 + 8 = 12 (left: 6 12)")
    assert dead.reason == "1 valid thought, none of which can still win" and dead.correct
    some = Puzzle((1, 4, 6), 24, Rule.SOME)
    assert "1 of which" in score_propose(some, "4 * 6 = 24 (left: 1 24)").reason


@pytest.mark.parametrize(
    ("response", "verdict", "reason"),
    [
        ("", Verdict.NO_ANSWER, "lists no thought"),
        (None, Verdict.NO_ANSWER, "lists no thought"),
        ("Thoughts:", Verdict.NO_ANSWER, "lists no thought"),
        ("8 - 4 = 4\nThat is all.", Verdict.MALFORMED, "line 2 is not one thought"),
        ("8 - 4 = 4, 4 + 6 = 10", Verdict.MALFORMED, "line 1 is not one thought"),
        ("4 + 6 + 8 = 18", Verdict.MALFORMED, "line 1"),
        ("8 - 5 = 3", Verdict.WRONG_NUMBERS, "thought 1: a number that is not left"),
        ("6 + 6 = 12", Verdict.WRONG_NUMBERS, "not left"),
        ("8 - 4 = 5", Verdict.WRONG_VALUE, "the result is not what comes out"),
        ("8 - 4 = 4 (left: 4 6 8)", Verdict.WRONG_VALUE, "the numbers left are not"),
        ("8 / 0 = 0", Verdict.WRONG_NUMBERS, "not left"),
        ("8 - 4 = 4\n" * 501, Verdict.TOO_LONG, "more than 500 lines"),
        ("4 + 6 is 99 obviously:\n8 - 4 = 4 (left: 4 6)", Verdict.MALFORMED, "line 1 is not"),
        ("Input: 4 5 6 10:\n8 - 4 = 4", Verdict.MALFORMED, "line 1 is not"),
        ("8 - 4 = 4 = 5", Verdict.MALFORMED, "line 1 is not"),
        ("4 + 6 + 8 = 99, 8 - 4 = 4", Verdict.MALFORMED, "line 1 is not"),
        ("8 - 4 = 4 (left: 4 6), so 4 * 6 * 1 = 25", Verdict.MALFORMED, "line 1 is not"),
        ("8 - 4 = 4 (left: 4 6) Input: 4 5 6 10", Verdict.MALFORMED, "line 1 is not"),
        ("8 - 4 = 4 (left: 4 6) (left: 7 7)", Verdict.MALFORMED, "line 1 is not"),
        ("8 - 4 = 4 (left: 4 6 ", Verdict.MALFORMED, "line 1 is not"),
        ("8 - 4 = 4 (left:", Verdict.MALFORMED, "line 1 is not"),
        ("8 - 4 = 4 " + "x" * 2000, Verdict.MALFORMED, "line 1"),
        ("x" * 1_000_001, Verdict.TOO_LONG, "too long"),
    ],
)
def test_anything_else_is_wrong_and_the_reason_says_why(
    response: str | None, verdict: Verdict, reason: str
) -> None:
    result = score_propose(STATE, response)
    assert result.verdict is verdict and not result.correct and reason in result.reason


def test_a_thought_that_falsely_makes_the_target_is_a_false_claim() -> None:
    assert score_propose(Puzzle.parse("4 8"), "4 * 8 = 24 (left: 24)").false_claim
    assert not score_propose(Puzzle.parse("4 8"), "4 * 8 = 31 (left: 31)").false_claim


def test_a_line_that_the_token_limit_cut_is_truncated_and_not_malformed() -> None:
    cut = "8 - 4 = 4 (left: 4 6)\n8 - 6"
    assert score_propose(STATE, cut, truncated=True).verdict is Verdict.TRUNCATED
    assert score_propose(STATE, cut).verdict is Verdict.MALFORMED
    assert score_propose(STATE, "", truncated=True).verdict is Verdict.TRUNCATED


@pytest.mark.parametrize(
    ("numbers", "response", "verdict", "correct"),
    [
        ("10 14", "10 + 14 = 24 (left: 24)\nJudgement: sure", Verdict.CORRECT, True),
        ("10 14", "Judgement: impossible", Verdict.NO_SOLUTION, False),
        ("1 1 1", "1 + 1 = 2 (left: 1 2)\n**Judgment:** *Impossible*.", Verdict.NO_SOLUTION, True),
        ("1 1 1", "Judgement: sure", Verdict.WRONG_VALUE, False),
        ("1 1 1", "Judgement: likely", Verdict.ABSTAINED, False),
        ("1 1 1", "Judgement: sure\nWait.\nJudgement: impossible", Verdict.NO_ANSWER, False),
        ("1 1 1", "Judgement: impossible\nJudgement: maybe", Verdict.NO_ANSWER, False),
        ("1 1 1", "Judgement: sure\n\nimpossible", Verdict.NO_ANSWER, False),
        ("1 1 1", "Judgement: sure or impossible?\nimpossible", Verdict.NO_ANSWER, False),
        ("1 1 1", "Judgement: impossible\nJudgement: impossible", Verdict.NO_SOLUTION, True),
        ("1 1 1", "1 * 1 = 1\nimpossible", Verdict.NO_SOLUTION, True),
        ("1 1 1", "It is impossible to say", Verdict.NO_ANSWER, False),
        ("1 1 1", "Judgement: maybe", Verdict.NO_ANSWER, False),
        ("24", "Judgement: sure", Verdict.CORRECT, True),
        ("23", "Judgement: impossible", Verdict.NO_SOLUTION, True),
        ("1 1 1 1 1 1 24", "Judgement: sure", Verdict.ABSTAINED, False),
    ],
)
def test_a_judgement_is_right_where_it_is_the_truth(
    numbers: str, response: str, verdict: Verdict, correct: bool
) -> None:
    result = score_value(Puzzle.parse(numbers), response)
    assert (result.verdict, result.correct) == (verdict, correct), result
    assert score_method("value_at_once", Puzzle.parse(numbers), response) == result
    assert result.false_claim is (verdict is Verdict.WRONG_VALUE)


def test_a_judgement_of_a_negative_target_or_of_some_numbers_is_judged_too() -> None:
    assert score_value(Puzzle((3, 5), -2), "Judgement: sure").correct
    assert score_value(Puzzle((3, 5), 5, Rule.SOME), "Judgement: sure").correct
    assert not score_value(Puzzle((3, 5), 5), "Judgement: sure").correct


@pytest.mark.parametrize("response", [None, "", "Judgement: su"])
def test_a_judgement_that_was_cut_off_is_truncated(response: str | None) -> None:
    assert score_value(STATE, response, truncated=True).verdict is Verdict.TRUNCATED


def test_other_methods_are_scored_as_ever() -> None:
    puzzle, response = Puzzle.parse("4 4 6 8"), "Answer: (6 - 4) * (4 + 8) = 24"
    for method in ("io", "cot", "onestep_tot", "other"):
        assert score_method(method, puzzle, response) == score(puzzle, response)
    assert score_method("value", puzzle, "Judgement: sure").correct
    assert score_method("propose", puzzle, "4 + 4 = 8").correct


TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=200),
    st.lists(
        st.sampled_from(
            ["8 - 4 = 4", " (left: 4 6)", "\n", "Judgement: ", "sure", "likely", "1/0", "=", "**",
             "-", "999999999999", " * ", "\ud800", "\\frac{1}{2}", "(left:", "<think>", "4", "6"]
        ),
        max_size=30,
    ).map("".join),
)  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(TEXTS, st.sampled_from(STEP_METHODS), st.booleans())
def test_no_text_raises_and_every_score_reads_back(text: str, method: str, cut: bool) -> None:
    result = score_method(method, STATE, text, truncated=cut)
    assert Score.from_json(result.to_json()) == result
    assert result.truncated is cut and len(result.answer) <= 200
    if method != "propose" and result.verdict is Verdict.CORRECT:
        assert is_solvable(STATE)


@pytest.mark.parametrize(
    "piece",
    [
        "Judgement:",
        "Judgement: sure ",
        "8 - 4 = 4 ",
        "\n",
        "1 ",
        "> ",
        "*",
        "(left: ",
        " ",
        "```",
        ":",
    ],
)
def test_hostile_text_takes_time_in_proportion_to_its_length(piece: str) -> None:
    text = piece * (900_000 // len(piece))
    started = perf_counter()
    for method in STEP_METHODS:
        score_method(method, STATE, text)
    assert perf_counter() - started < 10
