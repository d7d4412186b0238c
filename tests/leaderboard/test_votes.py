"""Self-consistency by both conventions: what is one answer, who votes, who wins a tie."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tot24_bench.game import Puzzle
from tot24_bench.leaderboard import rescore, summarise
from tot24_bench.leaderboard.tables.summary import Summary
from tot24_bench.leaderboard.votes import Votes
from tot24_bench.scoring import form_of, parse_expression, score
from tot24_bench.transcripts import read_transcript

RIGHT, WRONG, OTHER_WRONG = "Answer: (6 - 4) * (4 + 8)", "Answer: 4 * 6", "Answer: 4 + 4 + 6 + 8"


def votes_of(*responses: str, hand: str = "4 4 6 8") -> Votes:
    votes = Votes()
    for response in responses:
        votes.add(response, score(Puzzle.parse(hand), response))
    return votes


def summary_of(path: Path) -> Summary:
    transcript = read_transcript(path)
    rescored = rescore(transcript)
    return summarise(rescored, transcript.bad, rescored.split)


@pytest.mark.parametrize(
    ("responses", "by_text", "by_form"),
    [
        ([], False, False),
        ([""], False, False),
        ([RIGHT], True, True),
        ([RIGHT, WRONG], True, True),  # a tie goes to the first
        ([WRONG, RIGHT], False, False),
        ([WRONG, RIGHT, "Answer: (8+4)*(6-4) = 24"], False, True),  # of one form, not of one text
        ([WRONG, f"Steps:\n{RIGHT}", f"Other steps:\n{RIGHT} \n"], True, True),  # the last line
        ([WRONG, OTHER_WRONG, RIGHT, WRONG], False, False),
        (["?", "?", RIGHT], False, True),  # who commits to nothing has no form
        (["Answer: no solution", "Answer: no solution", RIGHT], True, True),  # none votes for that
    ],
)
def test_the_most_frequent_answer_counts(
    responses: list[str], by_text: bool, by_form: bool
) -> None:
    votes = votes_of(*responses)
    assert (votes.by_text(), votes.by_form()) == (by_text, by_form)


def test_claims_are_one_form_and_as_many_texts_as_they_have() -> None:
    claims = ("Answer: no solution", "There is no solution.")
    other = "Answer: 1 + 1 + 1 + 1"
    votes = votes_of(other, other, *claims, claims[0], claims[1] + " ", hand="1 1 1 1")
    assert votes.by_form(claims=True)
    assert not votes.by_form() and not votes.by_text() and not votes.by_text(claims=True)


def test_a_claim_votes_only_where_a_hand_without_a_solution_was_asked(tmp_path: Path) -> None:
    claim = "Answer: no solution"
    solvable = {"numbers": "4 4 6 8", "response": [claim, claim, RIGHT]}
    path = tmp_path / "t"
    path.write_text(json.dumps(solvable) + "\n")
    assert summary_of(path).majority.value == summary_of(path).majority_by_form.value == 1.0
    unsolvable = {"numbers": "1 1 1 1", "response": [claim, "Answer: 1 + 1 + 1 + 1", claim]}
    path.write_text(json.dumps(solvable) + "\n" + json.dumps(unsolvable) + "\n")
    found = summary_of(path)
    assert found.majority.value == found.majority_by_form.value == 0.5


@pytest.mark.parametrize(("name", "by_text"), [("io", 0.09), ("cot", 0.09)])
def test_the_published_self_consistency_comes_out(name: str, by_text: float, shared: Path) -> None:
    """Yao et al. report 9% for CoT; ties go to the answer that came first."""
    path = shared / "data" / "transcripts" / f"gpt-4_{name}_100samples_ranks901-1000.json"
    found = summary_of(path)
    assert found.majority.value == pytest.approx(by_text)
    assert 0.07 <= found.majority_by_form.value <= 0.1


SAME = [
    ("4 * (10 - 4)", r"(10 - 4) \times 4"),
    ("(4 + 6) + 8", "4 + (8 + 6)"),
    ("4 * (6 * 8)", "8 * 6 * 4"),
    ("8 - (4 - 6)", "8 + 6 - 4"),
    ("8 / (4 / 6)", "8 * 6 / 4"),
    ("8 / 4 / 2", "8 / (2 * 4)"),
    ("-(4 - 6)", "6 - 4"),
    ("\\frac{8}{4} \\cdot 6", "6 * (8 / 4)"),
]
OTHER = [
    ("4 * 1", "4 / 1"),
    ("4 - 6", "6 - 4"),
    ("(4 + 6) * 8", "4 + 6 * 8"),
    ("(4 + 8) * (6 - 4)", "(8 + 4 - 6) * 4"),
    ("4 * 6", "24"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_order_and_grouping_do_not_make_another_answer(one: str, other: str) -> None:
    assert form_of(one) == form_of(other)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_another_expression_is_another_answer_whatever_its_value(one: str, other: str) -> None:
    assert form_of(one) != form_of(other)


def expressions(depth: int) -> st.SearchStrategy[str]:
    number = st.integers(1, 13).map(str)
    if not depth:
        return number
    inner = expressions(depth - 1)
    pair = st.tuples(inner, st.sampled_from("+-*/"), inner)
    return number | pair.map(lambda part: f"({part[0]} {part[1]} {part[2]})")


@settings(max_examples=200, deadline=None)
@given(expressions(3), expressions(3))
def test_one_form_is_one_value(one: str, other: str) -> None:
    same = form_of(one) == form_of(other)
    assert not same or parse_expression(one).value == parse_expression(other).value
    assert form_of(f"{one} + {other}") == form_of(f"{other} + {one}")
    assert form_of(f"{one} * {other}") == form_of(f"{other} * {one}")
    assert form_of(f"1 - ({one} - {other})") == form_of(f"1 + {other} - {one}")


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("0123456789+-*/()= \\{}.x!√"), max_size=60) | st.text(max_size=40))
def test_no_text_of_any_kind_is_a_crash(text: str) -> None:
    assert isinstance(form_of(text), str)
