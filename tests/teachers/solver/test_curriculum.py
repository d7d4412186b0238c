"""Every curriculum of the solver teacher: right answers, true thoughts, and what each knob does."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tot24_bench.game import (
    Puzzle,
    Rule,
    State,
    avoids_held_out_states,
    held_out_states,
    is_solvable,
    load_split,
)
from tot24_bench.prompts import STEP_METHODS
from tot24_bench.scoring import analyse, score, score_method
from tot24_bench.scoring.steps import MAX_STEPS
from tot24_bench.teachers import DEAD_END, write
from tot24_bench.teachers.solver.curriculum import (
    MOST_LINES,
    BadCurriculum,
    CannotTeach,
    Curriculum,
)
from tot24_bench.teachers.solver.teacher import NO_SOLUTION
from tot24_bench.teachers.solver.truth import hides_test_hands

CURRICULA = st.builds(
    Curriculum,
    plausible=st.sampled_from(["ordered", "random"]),
    explore=st.sampled_from([0.0, 0.2, 0.6, 1.0]),
    mark=st.sampled_from([DEAD_END, None]),
    max_lines=st.sampled_from([None, 3, 6, 14, 20, 44, 300]),
    avoid=st.sampled_from([None, "state_holdout"]),
)
HANDS = st.lists(st.integers(1, 13), min_size=1, max_size=4)
LARGE_NUMBERS = st.lists(st.integers(1, 1200), min_size=2, max_size=4)
FIVE = st.lists(st.integers(1, 13), min_size=5, max_size=5)
TARGETS = st.one_of(st.just(24), st.integers(0, 120), st.integers(0, 5000))
PUZZLES = st.one_of(
    st.builds(
        lambda hand, target, rule: Puzzle(tuple(hand), target, rule),
        HANDS | LARGE_NUMBERS,
        TARGETS,
        st.sampled_from(Rule),
    ),
    st.sampled_from(load_split("train")),
    st.sampled_from(load_split("hardest")),
)


def check_response(puzzle: Puzzle, curriculum: Curriculum, seed: int, method: str) -> None:
    """What holds of every response of every curriculum, or it is not written at all."""
    try:
        response = write(puzzle, method, Random(seed), curriculum)
    except CannotTeach as reason:
        assert "\n" not in str(reason)
        least = 40 if method == "propose" else 14
        short = curriculum.max_lines is not None and curriculum.max_lines < least
        hidden = curriculum.avoid or hides_test_hands(puzzle.hand)
        assert hidden or short or puzzle.hand[-1] > 99, reason
        return
    assert response == write(puzzle, method, Random(seed), curriculum)
    lines = response.split("\n")
    assert len(lines) <= (curriculum.max_lines or MOST_LINES)
    if method in STEP_METHODS:
        assert score_method(method, puzzle, response).correct, response
    else:
        result = analyse(puzzle, response)
        assert score(puzzle, response) == result.score and result.score.correct, response
        stated = [line for line in lines[1:-1] if "=" in line]
        assert len(result.thoughts) == len(stated) * (method != "io"), response
        for thought in result.thoughts:
            assert thought.fault is None and thought.exact, (thought, response)
        assert result.answer_agrees is not False, response
        assert (lines[-1] == NO_SOLUTION) is not is_solvable(puzzle)
        if puzzle.rule is Rule.ALL and result.thoughts and is_solvable(puzzle):
            ends = len(result.final[-1].left) == 1
            assert ends and (result.answer_agrees or len(puzzle.numbers) > 6), response
    for state in curriculum.avoided:
        assert f"(left: {state.text})" not in response


@settings(deadline=None, max_examples=400)
@given(PUZZLES, CURRICULA, st.integers(0, 9), st.sampled_from(["onestep_tot", "cot", "io"]))
def test_every_response_is_right_and_every_thought_valid(
    puzzle: Puzzle, curriculum: Curriculum, seed: int, method: str
) -> None:
    check_response(puzzle, curriculum, seed, method)


@settings(deadline=None, max_examples=200)
@given(
    PUZZLES.filter(lambda puzzle: len(puzzle.numbers) > 1),
    CURRICULA,
    st.integers(0, 9),
    st.sampled_from(STEP_METHODS),
)
def test_proposals_are_valid_and_judgements_true(
    puzzle: Puzzle, curriculum: Curriculum, seed: int, method: str
) -> None:
    check_response(puzzle, curriculum, seed, method)


@settings(deadline=None, max_examples=25)
@given(FIVE, st.sampled_from([24, 37]), st.sampled_from(Rule), CURRICULA)
def test_five_numbers_are_taught_too(
    hand: list[int], target: int, rule: Rule, curriculum: Curriculum
) -> None:
    bounded = replace(curriculum, max_lines=curriculum.max_lines or 120, avoid=None)
    check_response(Puzzle(tuple(hand), target, rule), bounded, 0, "onestep_tot")


@pytest.mark.parametrize("rule", Rule)
@pytest.mark.parametrize("target", [24, 9999])
def test_six_numbers_are_taught_within_the_bound(rule: Rule, target: int) -> None:
    puzzle = Puzzle((2, 5, 8, 9, 11, 13), target, rule)
    check_response(puzzle, Curriculum(max_lines=80), 0, "onestep_tot")


def onestep(hand: str, seed: int = 0, **knobs: Any) -> list[str]:
    """The lines of a search."""
    return write(Puzzle.parse(hand), "onestep_tot", Random(seed), Curriculum(**knobs)).split("\n")


def dead_of(lines: list[str]) -> list[str]:
    return [line for line in lines if line.endswith(DEAD_END)]


# What each knob does.


def test_random_dead_ends_change_with_the_seed_and_ordered_ones_do_not() -> None:
    def searches(plausible: str) -> set[tuple[str, ...]]:
        return {
            tuple(onestep("3 3 8 8", seed, plausible=plausible, explore=0)) for seed in range(20)
        }

    assert len(searches("random")) > 5
    assert len(searches("ordered")) == 1


def test_without_a_mark_nothing_else_changes() -> None:
    assert onestep("3 3 8 8", mark=None) == [
        line.removesuffix(DEAD_END) for line in onestep("3 3 8 8")
    ]


def test_longer_responses_are_written_again_with_less_exploration() -> None:
    for puzzle in load_split("unsolvable")[:40]:
        for most in (10, 20, 44):
            lines = onestep(puzzle.text, explore=1, max_lines=most)
            assert len(lines) <= most and lines[-1] == NO_SOLUTION
    with pytest.raises(CannotTeach, match="set max_lines to 9 or more"):
        onestep("3 3 8 8", max_lines=8)
    assert len(onestep("3 3 8 8", max_lines=9)) == 9


@pytest.mark.parametrize(("method", "needed"), [("value", 4), ("cot", 5), ("onestep_tot", 9)])
def test_a_path_that_does_not_fit_is_not_taught(method: str, needed: int) -> None:
    puzzle = Puzzle.parse("4 5 6 10")
    fits = Curriculum(max_lines=needed)
    assert len(write(puzzle, method, Random(0), fits).split("\n")) == needed
    with pytest.raises(CannotTeach, match=f"set max_lines to {needed} or more"):
        write(puzzle, method, Random(0), Curriculum(max_lines=needed - 1))
    assert write(puzzle, "io", Random(0), Curriculum(max_lines=3)).startswith("Answer")


LARGE_SIX = Puzzle((83, 47, 61, 95, 29, 71), 9998)


@pytest.mark.parametrize("rule", Rule)
def test_no_bound_is_the_largest_bound_and_every_thought_is_read(rule: Rule) -> None:
    curriculum = Curriculum(explore=1, max_lines=None)
    text = write(
        Puzzle(LARGE_SIX.numbers, LARGE_SIX.target, rule), "onestep_tot", Random(0), curriculum
    )
    assert len(text.split("\n")) <= MOST_LINES < MAX_STEPS


def test_no_hand_of_four_comes_near_the_bound() -> None:
    most = max(
        len(onestep(puzzle.text, explore=1, max_lines=None)) for puzzle in load_split("unsolvable")
    )
    assert most < MOST_LINES / 3


def test_avoided_states_are_never_passed_nor_shown() -> None:
    taught = refused = 0
    for puzzle in load_split("train"):
        try:
            lines = onestep(puzzle.text, avoid="state_holdout", explore=0.5)
        except CannotTeach:
            refused += 1
            assert not avoids_held_out_states(puzzle.hand)
            continue
        taught += 1
        assert avoids_held_out_states(puzzle.hand)
        for thought in analyse(puzzle, "\n".join(lines)).thoughts:
            assert State(thought.left) not in held_out_states()
    assert taught > 500 and refused > 0


def test_marked_states_are_dead_whatever_is_avoided() -> None:
    for puzzle in load_split("train")[::7]:
        try:
            lines = onestep(puzzle.text, avoid="state_holdout", plausible="random")
        except CannotTeach:
            continue
        result = analyse(puzzle, "\n".join(lines))
        assert result.dead_ends_marked_rightly == len(dead_of(lines))
        assert result.dead_ends_marked_wrongly == 0


# Where not every number is needed.


def test_only_what_is_needed_is_used() -> None:
    puzzle = Puzzle.parse("7 20 33 41 50", 41, Rule.SOME)
    assert write(puzzle, "cot", Random(0)) == "Steps:\nAnswer: 41 = 41"
    puzzle = Puzzle.parse("1 13 6 4", 24, Rule.SOME)
    for seed in range(10):
        lines = write(puzzle, "cot", Random(seed), Curriculum(plausible="random")).split("\n")[1:-1]
        made = [line.split(" = ")[1].split(" ")[0] for line in lines]
        for place, value in enumerate(made[:-1]):
            assert any(
                value in later.split(" = ")[0].replace("(", "").replace(")", "").split()
                for later in lines[place + 1 :]
            )


# Bad knobs.


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"max_lines": 2}, "max_lines is 2: give a whole number from 3"),
        ({"max_lines": True}, "max_lines is True: give a whole number from 3"),
        ({"plausible": "likely"}, "there is ordered, random"),
        ({"explore": 1.1}, "give a share from 0 to 1"),
        ({"explore": float("nan")}, "give a share from 0 to 1"),
        ({"explore": "0.2"}, "give a share from 0 to 1"),
        ({"mark": ": no"}, "there is : dead end, none"),
        ({"fractions": "never"}, "there is last, early"),
        ({"avoid": "hard100"}, "there is state_holdout"),
    ],
)
def test_a_knob_out_of_range_names_the_fix(knobs: dict[str, Any], message: str) -> None:
    with pytest.raises(BadCurriculum) as raised:
        Curriculum(**knobs)
    assert message in str(raised.value) and "\n" not in str(raised.value)
