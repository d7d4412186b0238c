"""No test hand is shown on the way of a larger train hand, by the solver or by a correction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tot24_bench.game import (
    Hand,
    Puzzle,
    Rule,
    State,
    draw,
    held_out_targets,
    is_test_hand,
    make_thought,
    part_of,
    thoughts,
)
from tot24_bench.scoring import analyse, score_method
from tot24_bench.teachers import write
from tot24_bench.teachers.solver.correction import CannotCorrect, CorrectionConfig, correct
from tot24_bench.teachers.solver.curriculum import CannotTeach, Curriculum
from tot24_bench.teachers.solver.truth import Truth, line_of, where_test_hand_is_solved
from tot24_bench.traces.leaks import leak_in

KNOBS = {
    "default": Curriculum(),
    "explored": Curriculum(explore=1, plausible="random"),
    "unbounded": Curriculum(max_lines=None, explore=0.6),
    "avoiding": Curriculum(avoid="state_holdout"),
}
FIVE, SIX = draw("five", size=40, part="train"), draw("six", size=6, part="train")
METHODS = ("onestep_tot", "cot", "io", "propose", "value", "value_at_once")
NUMBERS = re.compile(r"(?:left:|Back to|Input:)((?: \d+(?:/\d+)?)+)")


def shown(text: str) -> Iterator[Hand]:
    """Every hand of four numbers or more that stands in a text as numbers left."""
    for match in NUMBERS.finditer(text):
        words = match[1].split()
        if len(words) >= 4 and all(word.isdecimal() and int(word) for word in words):
            yield tuple(sorted(map(int, words)))


def check_shows_no_test_hand(text: str, puzzle: Puzzle, method: str = "onestep_tot") -> None:
    """No state of it, and no solution of it in whatever order of its thoughts."""
    assert [hand for hand in shown(text) if part_of(hand) == "test"] == [], text
    assert leak_in(text, puzzle, method) is None, text


@pytest.mark.parametrize("rule", Rule)
@pytest.mark.parametrize("knobs", KNOBS)
def test_no_train_hand_is_searched_through_a_test_hand(knobs: str, rule: Rule) -> None:
    taught = refused = states = 0
    for puzzle in (*FIVE, *SIX):
        asked = Puzzle(puzzle.numbers, puzzle.target, rule)
        for method in METHODS:
            try:
                text = write(asked, method, Random(puzzle.text), KNOBS[knobs])
            except CannotTeach as reason:
                assert "\n" not in str(reason)
                refused += 1
                continue
            taught += 1
            states += len(list(shown(text)))
            check_shows_no_test_hand(text, asked, method)
            assert score_method(method, asked, text).correct
            if method == "onestep_tot":
                found = analyse(asked, text)
                assert found.dead_ends_marked_wrongly == 0, text
                assert all(thought.fault is None for thought in found.thoughts), text
    assert states > 200
    if KNOBS[knobs].avoid is None:
        assert taught > 0.95 * (taught + refused)


@pytest.mark.parametrize("knobs", ["default", "explored"])
def test_other_targets_and_larger_numbers_hide_the_same_hands(knobs: str) -> None:
    rng = Random(5)
    for _ in range(60):
        puzzle = Puzzle(tuple(rng.randint(1, 60) for _ in range(5)), rng.randint(0, 99))
        if part_of(puzzle.hand) == "test":
            continue
        for method in METHODS:
            try:
                text = write(puzzle, method, rng, KNOBS[knobs])
            except CannotTeach:
                continue
            if puzzle.target not in held_out_targets():
                check_shows_no_test_hand(text, puzzle, method)


def test_a_state_of_hardest_is_gone_round() -> None:
    puzzle = Puzzle.parse("2 2 2 3 6")
    assert Truth(puzzle).hides(State((2, 2, 2, 9))) and part_of(puzzle.hand) == "train"
    for seed in range(20):
        text = write(puzzle, "onestep_tot", Random(seed), Curriculum(explore=1))
        assert "2 2 2 9" not in text
        check_shows_no_test_hand(text, puzzle)


def test_a_solution_of_a_test_hand_times_one_is_gone_round() -> None:
    """24 of 3 4 4 13, which is in hard100, and then times 1: no state on the way shows it."""
    puzzle = Puzzle.parse("1 3 4 4 13")
    straight = ["3 + 4 = 7", "4 + 7 = 11", "11 + 13 = 24", "24 * 1 = 24"]
    assert where_test_hand_is_solved(puzzle, straight) == State((1, 11, 13))
    other = ["4 - 1 = 3", "3 + 4 = 7", "3 * 7 = 21", "21 + 13 = 34"]
    assert where_test_hand_is_solved(puzzle, other) is None
    for seed in range(10):
        text = write(puzzle, "onestep_tot", Random(seed), Curriculum(explore=0.5))
        check_shows_no_test_hand(text, puzzle)


def test_nothing_is_hidden_of_test_hands_and_of_up_to_four_numbers() -> None:
    for hand in [*(p.hand for p in draw("five", size=5)), (4, 5, 6, 10), (2, 3), (1, 1, 4, 6)]:
        assert not Truth(Puzzle(hand)).hides(State((2, 2, 2, 9)))


def test_what_is_to_be_avoided_is_hidden_whatever_the_hand() -> None:
    avoid = frozenset({State((4, 4, 5))})
    for hand in ("4 5 6 10", "2 2 2 3 6"):
        assert Truth(Puzzle.parse(hand), avoid).hides(State((4, 4, 5)))
        assert not Truth(Puzzle.parse(hand)).hides(State((4, 4, 5)))


def test_only_whole_positive_numbers_are_a_hand() -> None:
    with_nought = make_thought(2, "-", 2, (2, 9, 11)).left
    with_fraction = make_thought(2, "/", 9, (2, 2, 11)).left
    assert not is_test_hand(with_nought.numbers) and not is_test_hand(with_fraction.numbers)
    assert is_test_hand((2, 2, 2, 9)) and not is_test_hand((4, 4, 6, 8))


def test_a_hand_that_only_test_hands_lead_on_from_is_not_taught() -> None:
    refused = []
    for puzzle in draw("five", size=400, part="train"):
        state = State(puzzle.hand)
        try:
            write(puzzle, "io", Random(0))
        except CannotTeach as reason:
            assert "a hand of a test part" in str(reason)
            refused.append(state)
    assert 0 < len(refused) < 20


@given(st.sampled_from([*FIVE, *SIX[:2]]), st.randoms(use_true_random=False))
@settings(max_examples=80, deadline=None)
def test_no_correction_shows_a_test_hand_that_the_student_came_to(
    puzzle: Puzzle, rng: Random
) -> None:
    lines, path = ["Steps:"], [State.of(puzzle)]
    for _ in range(12):
        if len(path[-1].numbers) == 1 or rng.random() < 0.3:
            del path[rng.randrange(1, len(path) + 1) :]
            lines.append(f"Back to {path[-1].text}")
        if len(path[-1].numbers) > 1:
            thought = rng.choice(thoughts(path[-1]))
            lines.append(line_of(thought))
            path.append(thought.left)
    try:
        found = correct(puzzle, "\n".join(lines), rng, CorrectionConfig(explore=0.5))
    except CannotCorrect:
        return
    check_shows_no_test_hand(found.text, puzzle)
    assert analyse(puzzle, found.text).score.correct
