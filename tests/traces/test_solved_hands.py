"""A solution of a test hand is trained on in no dress, by no detour; one's own is, in any."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.traces.dresses import DRESSES, Solution
from tests.traces.test_filter import STRAIGHT, TRAIN, answer_of
from tot24_bench.game import (
    LeakedHand,
    Puzzle,
    answer_expression,
    draw,
    first_path,
    is_test_hand,
    load_split,
    part_of,
    solved_by,
)
from tot24_bench.game.inner_states import path_tree
from tot24_bench.prompts import ALL_METHODS, build_any
from tot24_bench.traces import Guard, Trace
from tot24_bench.traces.judge import Level, Reason, judge
from tot24_bench.traces.leaks import leak_in, sections
from tot24_bench.traces.solutions import bare, solved

MakeTrace = Callable[..., Trace]

OWN = Puzzle.parse(TRAIN)
TEST_HANDS = [p for name in ("hard100", "hardest", "val") for p in load_split(name)]
FRESH = [puzzle for puzzle in draw("fresh", size=100) if 24 not in puzzle.hand]
AMBIGUOUS = {"comma steps"}
"""`10/8, 5/4, 30/5/4, 24` may be anything where a fraction is among the steps."""

WITH_MORE = {"times one", "one times", "plus five minus five", "steps with talk between"}
"""Dresses that combine other numbers than the hand's own."""


@pytest.mark.parametrize("dress", sorted(DRESSES))
def test_a_solved_test_hand_is_refused_in_every_dress(make_trace: MakeTrace, dress: str) -> None:
    for puzzle in TEST_HANDS[:100:9]:
        said = DRESSES[dress](Solution(puzzle))
        trace = make_trace(TRAIN, f"{said}\n{STRAIGHT}")
        judged = judge(trace, Level.ANSWER)
        assert judged.reason is Reason.HELD_OUT_RESPONSE, (said, judged)
        assert judged.detail
        with pytest.raises(LeakedHand, match="row 0"):
            Guard().check_text(trace.response, OWN, "onestep_tot", "row 0")


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from([*TEST_HANDS, *FRESH]),
    st.sampled_from(sorted({*DRESSES} - AMBIGUOUS - {"unknown words"})),
    st.sampled_from([OWN, *load_split("train")[::40], *draw("fresh", size=5, part="train")]),
)
def test_any_solved_test_hand_is_refused_in_any_dress(
    puzzle: Puzzle, dress: str, own: Puzzle
) -> None:
    said = DRESSES[dress](Solution(puzzle))
    assert leak_in(f"{said}\n{answer_of(own.text)}", own, "onestep_tot") is not None


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from([p for p in load_split("train") if "/" not in answer_of(p.text)]),
    st.sampled_from(sorted({*DRESSES} - WITH_MORE)),
)
def test_the_solution_of_a_train_hand_is_no_leak_in_any_dress(puzzle: Puzzle, dress: str) -> None:
    said = DRESSES[dress](Solution(puzzle))
    assert leak_in(f"{said}\n{answer_of(puzzle.text)}", puzzle, "onestep_tot") is None


def by_way_of(puzzle: Puzzle) -> tuple[Puzzle, str]:
    """A hand with a one beside, solved by way of 24, and then times that one."""
    larger = Puzzle(tuple(sorted((1, *puzzle.hand))))
    left, lines = [*larger.hand], []
    path = first_path(puzzle)
    for thought in path:
        left.remove(thought.a)
        left.remove(thought.b)
        left = sorted([*left, thought.value])
        lines.append(f"{thought.text} (left: {' '.join(map(str, left))})")
    lines.append("24 * 1 = 24 (left: 24)")
    answer = f"({answer_expression(puzzle, path)}) * 1 = 24"
    return larger, "\n".join(("Steps:", *lines, f"Answer: {answer}"))


def test_no_five_cards_are_solved_by_way_of_hard100(make_trace: MakeTrace) -> None:
    """`1 3 4 4 13` by way of 3 4 4 13, and 57 more: no state on their ways shows a test hand."""
    asked = [by_way_of(puzzle) for puzzle in load_split("hard100")]
    trained = [(larger, text) for larger, text in asked if part_of(larger.hand) == "train"]
    assert len(trained) == 58
    for larger, text in trained:
        for method, said in (("onestep_tot", text), ("io", text.rpartition("\n")[2])):
            for level in Level:
                judged = judge(make_trace(larger.text, said, method=method), level)
                assert judged.reason is Reason.HELD_OUT_RESPONSE, (said, judged)


def test_thoughts_in_another_order_solve_the_same_test_hand(make_trace: MakeTrace) -> None:
    """3 + 6 = 9 comes first, and the rest solves 2 2 2 9; or 2 + 2 = 4 does, and it still does."""
    puzzle = Puzzle.parse("2 2 2 3 6")
    orders = (
        ["2 + 2 = 4 (left: 2 3 4 6)", "3 + 6 = 9 (left: 2 4 9)"],
        ["3 + 6 = 9 (left: 2 2 2 9)", "2 + 2 = 4 (left: 2 4 9)"],
    )
    ends = ["9 * 2 = 18 (left: 4 18)", "18 + 4 = 22 (left: 22)"]
    for first in orders:
        steps = [line.partition(" =")[0].split() for line in (*first, *ends)]
        path = [(int(a), op, int(b)) for a, op, b in steps]
        tree = path_tree(puzzle.hand, path)
        assert tree is not None and (2, 2, 2, 9) in solved_by(tree, {22})
        response = "\n".join(("Steps:", *first, *ends, "Answer: (3 + 6) * 2 + (2 + 2) = 22"))
        asked = Puzzle(puzzle.numbers, 22)
        assert leak_in(response, asked, "onestep_tot") is not None


@pytest.mark.parametrize(
    "said",
    [
        "Six plus three makes nine.",
        "6 and 3 added: 9",
        "Left: two, two, two, nine.",
        '["2", "2", "2", "9"]',
    ],
)
def test_a_state_on_the_way_is_found_in_words_and_lists(said: str) -> None:
    asked = Puzzle.parse("2 2 2 3 6")
    leak = leak_in(said, asked, "onestep_tot")
    assert leak is not None and leak.what == "2 2 2 9"


def test_prompts_and_texts_with_several_hands_are_read_hand_by_hand() -> None:
    guard = Guard()
    for method in ALL_METHODS:
        for variant in ("default", "search"):
            for puzzle in load_split("train")[:10]:
                prompt = build_any(method, puzzle, shots=5, variant=variant).text
                guard.check_text(prompt, puzzle, method, "row 0")
                assert len(list(sections(prompt, puzzle))) > 4
    leaking = build_any("onestep_tot", OWN, shots=5, variant="published").text
    with pytest.raises(LeakedHand, match="4 9 10 13"):
        guard.check_text(leaking, OWN, "onestep_tot", "row 0")


def test_what_is_solved_is_told_from_what_is_only_near() -> None:
    for said in (
        "4 5 6 10 are dealt here, not 24 of them.",
        "10 - 6 = 4 and 5 * 4 = 20 leave 20.",
        "(left: 4 5 6 10)",
        "Use + - * / on 4 5 6 10",
        "(10 - 6 + 4) * 5 - 1 = 39",
    ):
        assert (4, 5, 6, 10) not in solved(bare(said), {24}), said


@pytest.mark.parametrize(
    "piece",
    ["24 ", "1 * ", "(", "(1 + ", "1 + 1 = 2; ", "2 * 12 -> 24, ", "twenty four ", "8/3 * ",
     "24 * 1 * ", "4 5 6 10 plus minus times ", "1 | 1 1: +2\n", "x4", "<b>1</b>", "\\frac{1}{2}",
     "a = 1 + a\n", "a = 10; a + ", "1. ", "- 1\n", "/* ", "0x1 ", "1e1 ", "&#49; ", "%31", "&amp;",
     "12 * 2 = 24\n4 * 3 = 12\n6 * 4 = 24\n", "24 comes of 20 and 4; "],
)  # fmt: skip
def test_long_texts_take_time_in_proportion_to_their_length(piece: str) -> None:
    def seconds(chars: int) -> float:
        text = bare(piece * (chars // len(piece)))
        started = process_time()
        solved(text, {24}, matters=is_test_hand)
        return process_time() - started

    assert seconds(200_000) < 8
