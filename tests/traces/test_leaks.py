"""What is held out is trained on in no dress: as a hand, a list, a state, or after the answer."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.traces.test_filter import SEARCH, STRAIGHT, TRAIN
from tot24_bench.game import LeakedHand, Puzzle, Rule, first_path
from tot24_bench.traces import Guard, PromptConfig, Trace, require_together
from tot24_bench.traces.judge import Level, Reason, cut_after_answer, judge, statements
from tot24_bench.traces.leaks import Avoid, after_input, leak_in, lists_in
from tot24_bench.traces.rows import make_row, prompted_row
from tot24_bench.traces.solutions import bare

MakeTrace = Callable[..., Trace]

SOLVED = (
    "Steps:\n10 - 6 = 4 (left: 4 4 5)\n5 * 4 = 20 (left: 4 20)\n20 + 4 = 24 (left: 24)\n"
    "Answer: (5 * (10 - 6)) + 4 = 24"
)
"""Of the test hand 4 5 6 10."""

DRESSES = [
    "Input: 4 5 6 10",
    "input: 4 5 6 10",
    "**Input:** 4 5 6 10",
    "- Input: 4 5 6 10",
    "> Input: 4 5 6 10",
    "Input : 4 5 6 10",
    "Input: [4, 5, 6, 10]",
    "Input: 4, 5, 6 and 10",
    "Input: 4 | 5 | 6 | 10",
    "Input: 04 05 06 10",
    "Input: 4 5 6 10.",
    "Input: 4 5 6 10:",
    "Input: 4 5 6 10 (target 24)",
    "Input: 4-5-6-10",
    "Input:\n4 5 6 10",
    "Input: ４ ５ ６ １０",
    "Input： 4 5 6 10",
    "\u200bInput: 4 5 6 10",
    "In\u200bput: 4 5\u200b 6 10",
    "Input: **4** **5** **6** **10**",
    "Numbers: 4 5 6 10",
    "Now we have {10, 6, 5, 4}.",
    "4\n5\n6\n10",
    "10/6/4/5",
    "Dealt: 10 / 6 / 4 / 5.",
    "10♥ 6♣ 4♠ 5♦",
    "10 ♥, 6 ♣, 4 ♠, 5 ♦",
    "10 of hearts 6 of clubs 4 of spades 5 of diamonds",
    "ten of hearts, six of clubs, four of spades and five of diamonds",
    '[{"value": 10}, {"value": 6}, {"value": 4}, {"value": 5}]',
    '[{"suit": "hearts", "value": 10}, {"value": 6, "suit": "clubs"}, {"n": "4"}, {"n": "5"}]',
    "(5 * (10 - 6)) + 4 = 24",
    "10 - 6 = 4 (left: 4 4 5)",
]


@pytest.mark.parametrize("dress", DRESSES)
def test_a_test_hand_before_the_answer_is_found_in_any_dress(
    make_trace: MakeTrace, dress: str
) -> None:
    trace = make_trace(TRAIN, f"{dress}\n{STRAIGHT}")
    assert judge(trace, Level.ANSWER).reason is Reason.HELD_OUT_RESPONSE
    row = prompted_row("onestep_tot", trace.puzzle, PromptConfig(), trace.response)
    with pytest.raises(LeakedHand, match="row 0"):
        Guard().check(row, "row 0")


@pytest.mark.parametrize("dress", [*DRESSES, "", "Steps:"])
def test_what_follows_the_answer_is_not_trained_on(make_trace: MakeTrace, dress: str) -> None:
    for own in (STRAIGHT, SEARCH):
        trace = make_trace(TRAIN, f"{own}\n{dress}\n{SOLVED}")
        judged = judge(trace)
        if judged.reason is None:
            assert judged.kept is not None
            row = make_row(trace, judged.kept, PromptConfig(), 0)
            assert row["completion"] == own
            assert row["messages"][-1]["content"] == own
            Guard().check(row, "row 0")
        else:  # the last answer is the one that counts, and it is to another hand
            assert judged.reason in (Reason.WRONG, Reason.HELD_OUT_RESPONSE)


@pytest.mark.parametrize(
    ("response", "kept"),
    [
        (STRAIGHT, STRAIGHT),
        (f"  {STRAIGHT}\r\n\r\nThat is all.", STRAIGHT),
        (STRAIGHT.replace("\n", "\r\n") + "\r\nMore.", STRAIGHT.replace("\n", "\r\n")),
        (f"<think>6 * 4 = 24</think>{STRAIGHT}\nMore.", f"<think>6 * 4 = 24</think>{STRAIGHT}"),
        (f"6 * 4</think>\n{STRAIGHT}\n\nMore.\n", f"6 * 4</think>\n{STRAIGHT}"),
        (f"{STRAIGHT}\n<think>10 - 6 = 4", STRAIGHT),
        ("Answer:\n4 * 6 * 1 * 1 = 24\nMore.", "Answer:\n4 * 6 * 1 * 1 = 24"),
        ("It is \\boxed{4 * 6 * 1 * 1}\nMore.", "It is \\boxed{4 * 6 * 1 * 1}"),
        ("答案：4 × 6 × 1 × 1 = 24\n好", "答案：4 × 6 × 1 × 1 = 24"),
    ],
)
def test_a_response_is_cut_at_the_end_of_the_line_of_its_answer(response: str, kept: str) -> None:
    assert cut_after_answer("onestep_tot", Puzzle.parse(TRAIN), response) == kept


def test_a_judgement_ends_a_response_and_proposals_do_not() -> None:
    puzzle = Puzzle.parse("10 14")
    said = "10 + 14 = 24 (left: 24)\nJudgement: sure"
    assert cut_after_answer("value", puzzle, f"{said}\nInput: 4 5 6 10") == said
    assert cut_after_answer("propose", puzzle, "10 + 14 = 24\nx = 1") == "10 + 14 = 24\nx = 1"
    assert cut_after_answer("value", puzzle, "no idea") is None


@pytest.mark.parametrize(
    "said",
    [
        "Step 1: choose two numbers from the input: 1 and 6.",
        "From the input 1, 1 and 4 are small.",
        "The input has four numbers.",
        "Input: 1 1 4 6",
        "Of 1, 1, 4, 6 take 4.",
        "Input: 4 4 6 8",
        "1/1/4/6",
        "6♥ 4♣ 1♠ 1♦",
        '[{"value": 1}, {"value": 1}, {"value": 4}, {"value": 6}]',
    ],
)
def test_honest_words_about_the_hand_asked_are_no_leak(said: str) -> None:
    assert leak_in(f"{said}\n{STRAIGHT}", Puzzle.parse(TRAIN), "onestep_tot") is None


FIVE = Puzzle.parse("2 2 2 3 6")


def test_a_test_hand_on_the_way_of_a_larger_hand_is_a_leak(make_trace: MakeTrace) -> None:
    path = first_path(FIVE)
    through = "6 + 3 = 9 (left: 2 2 2 9)\n"  # a test hand
    steps = "\n".join(f"{one.text} (left: {one.left.text})" for one in path)
    found = leak_in(f"Steps:\n{through}Back to 2 2 2 3 6\n{steps}\nAnswer: x", FIVE, "onestep_tot")
    assert found is not None and found.what == "2 2 2 9"
    for method in ("propose", "value"):
        for said in (through, through.replace(" (left: 2 2 2 9)", "")):
            found = leak_in(said, FIVE, method)
            assert found is not None and found.what == "2 2 2 9", (method, said)
    row = prompted_row("propose", FIVE, PromptConfig(), through.strip())
    with pytest.raises(LeakedHand, match="2 2 2 9"):
        Guard().check(row, "row 0")
    trace = make_trace(TRAIN).model_copy(
        update={"puzzle": FIVE, "method": "propose", "response": through}
    )
    assert judge(trace).reason is Reason.HELD_OUT_RESPONSE


def test_a_test_hand_that_is_some_of_the_numbers_is_a_leak() -> None:
    some = Puzzle((1, 4, 5, 6, 10), 24, Rule.SOME)
    found = leak_in("Answer: (5 * (10 - 6)) + 4 = 24", some, "io")
    assert found is not None and found.what == "4 5 6 10"


HOLDS = [
    "With 4, 5 and 16 remaining we cannot win.",
    "Numbers left: 4 5 16",
    "4 5 16 -> dead end",
    "10 + 6 = 16; [4, 5, 16]",
    "Back to 16 5 4",
    "10 + 6 = 16 (left: ４ ５ １６)",
    "Input: 4 5 16",
    "x " * 600 + "10 + 6 = 16 (left: 4 5 16)",
    "16 + 5 = 21 (left: 4 21)",
]


@pytest.mark.parametrize("said", HOLDS)
def test_a_held_out_state_is_found_in_any_dress(make_trace: MakeTrace, said: str) -> None:
    trace = make_trace(TRAIN, f"{said}\n{STRAIGHT}")
    judged = judge(trace, Level.ANSWER, Avoid.STATE_HOLDOUT)
    assert judged.reason in (Reason.HELD_OUT_STATE, Reason.HELD_OUT_RESPONSE)
    assert judge(trace, "answer", "state_holdout") == judged  # type: ignore[arg-type]
    row = prompted_row("onestep_tot", trace.puzzle, PromptConfig(), trace.response)
    with pytest.raises(LeakedHand, match="row 0"):
        Guard(Avoid.STATE_HOLDOUT).check(row, "row 0")


def test_exemplars_that_show_held_out_states_do_not_go_with_state_holdout() -> None:
    for variant in ("default", "search"):
        with pytest.raises(ValueError, match="use 0 shots"):
            require_together(PromptConfig(5, variant), Avoid.STATE_HOLDOUT)
    require_together(PromptConfig(5), Avoid.NOTHING)
    require_together(PromptConfig(), Avoid.STATE_HOLDOUT)


PIECES = st.sampled_from(
    [
        "Input", "Answer: ", "4 5 6 10", "\n", ":", " ", "*", "**", "(", ")", "=", "24", "1 1 4 6",
        "<think>", "</think>", "\u200b", "Judgement: sure", "6 * 4", "left", "\\n", "½", "-", "/0",
        "\r", "\u2028", "\\boxed{", "}", "x", "0.5",
        "plus ", "twenty-", "four", " -> ", "[", "<td>", "\\frac{", "\u5341", "\u4e94", "\u00b2",
        "8/3", "-(-", "4 | 4 5: +9", "99999999999999", "0", "\u2044", "/",
    ]
)  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(st.lists(PIECES, max_size=30).map("".join), st.sampled_from(["onestep_tot", "value"]))
def test_no_text_raises_and_what_is_kept_begins_the_response(text: str, method: str) -> None:
    puzzle = Puzzle.parse(TRAIN)
    kept = cut_after_answer(method, puzzle, text)
    assert kept is None or text.strip().startswith(kept)
    leak_in(text, puzzle, method, Avoid.STATE_HOLDOUT)
    list(statements(bare(text)))


@pytest.mark.parametrize(
    "piece",
    ["Input ", "Input: 4 ", "4 ", "4\n", "4,", "1 + ", "= ", "1 = ", "(", "left: ", "and ", "4/",
     "Answer:\n", "Judgement: sure\n", "<think>", "1.", "1 + 1 = 2 ", "\n", "6 - "],
)  # fmt: skip
def test_hostile_text_takes_time_in_proportion_to_its_length(piece: str) -> None:
    text = piece * (300_000 // len(piece))
    started = process_time()
    found = bare(text)
    after_input(found)
    lists_in(found)
    list(statements(found))
    for method in ("onestep_tot", "value"):
        cut_after_answer(method, Puzzle.parse(TRAIN), text)
    assert process_time() - started < 10
