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
from tot24_bench.scoring import analyse, score, score_method
from tot24_bench.scoring.steps import MAX_STEPS
from tot24_bench.teachers import DEAD_END, write
from tot24_bench.teachers.curriculum import MOST_LINES, BadCurriculum, CannotTeach, Curriculum
from tot24_bench.teachers.solver import BACK_TO, NO_SOLUTION, PATH
from tot24_bench.teachers.solver_hidden import hides_test_hands
from tot24_bench.teachers.solver_search import MOST_EXPLORED, SOLUTION, Writer
from tot24_bench.teachers.solver_thoughts import plausible_thoughts, promise

CURRICULA = st.builds(
    Curriculum,
    dead_ends=st.none() | st.integers(0, 12),
    plausible=st.sampled_from(["ordered", "random", "tempting"]),
    order=st.sampled_from(["depth-first", "best-first"]),
    extent=st.just("first"),
    explore=st.sampled_from([0.0, 0.2, 0.6, 1.0]),
    failed=st.booleans(),
    mark=st.sampled_from(
        [DEAD_END, None, " ✗", ": no", " - cannot work.", ", backtrack", " -> X"[:2]]
    ),
    say_back=st.booleans(),
    recap=st.booleans(),
    max_lines=st.sampled_from([None, 3, 6, 14, 20, 44, 300]),
    avoid=st.sampled_from([None, "state_holdout"]),
)
WHOLE = CURRICULA.map(
    lambda drawn: replace(drawn, extent="whole", recap=True, max_lines=drawn.max_lines or 100)
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
        short = curriculum.max_lines is not None and curriculum.max_lines < 14
        hidden = curriculum.avoid or hides_test_hands(puzzle.hand)
        assert hidden or short or puzzle.hand[-1] > 99, reason
        return
    assert response == write(puzzle, method, Random(seed), curriculum)
    lines = response.split("\n")
    assert len(lines) <= (curriculum.max_lines or MOST_LINES)
    if method in ("propose", "value"):
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
    for state in curriculum.forbidden:
        assert f"(left: {state.text})" not in response


@settings(deadline=None, max_examples=400)
@given(PUZZLES, CURRICULA, st.integers(0, 9), st.sampled_from(["onestep_tot", "cot", "io"]))
def test_every_response_is_right_and_every_thought_valid(
    puzzle: Puzzle, curriculum: Curriculum, seed: int, method: str
) -> None:
    check_response(puzzle, curriculum, seed, method)


@settings(deadline=None, max_examples=300)
@given(PUZZLES, WHOLE, st.integers(0, 9))
def test_whole_searches_are_right_and_every_thought_valid(
    puzzle: Puzzle, curriculum: Curriculum, seed: int
) -> None:
    check_response(puzzle, curriculum, seed, "onestep_tot")


@settings(deadline=None, max_examples=200)
@given(
    PUZZLES.filter(lambda puzzle: len(puzzle.numbers) > 1),
    st.one_of(CURRICULA, st.builds(Curriculum, proposals=st.integers(1, 40))),
    st.integers(0, 9),
    st.sampled_from(["propose", "value"]),
)
def test_proposals_are_valid_and_judgements_true(
    puzzle: Puzzle, curriculum: Curriculum, seed: int, method: str
) -> None:
    check_response(puzzle, curriculum, seed, method)


@settings(deadline=None, max_examples=25)
@given(FIVE, st.sampled_from([24, 37]), st.sampled_from(Rule), st.one_of(CURRICULA, WHOLE))
def test_five_numbers_are_taught_too(
    hand: list[int], target: int, rule: Rule, curriculum: Curriculum
) -> None:
    bounded = replace(curriculum, max_lines=curriculum.max_lines or 120, avoid=None)
    check_response(Puzzle(tuple(hand), target, rule), bounded, 0, "onestep_tot")


@pytest.mark.parametrize("order", ["depth-first", "best-first"])
@pytest.mark.parametrize("extent", ["first", "whole"])
@pytest.mark.parametrize("rule", Rule)
@pytest.mark.parametrize("target", [24, 9999])
def test_six_numbers_are_taught_within_the_bound(
    order: str, extent: str, rule: Rule, target: int
) -> None:
    curriculum = Curriculum(order=order, extent=extent, max_lines=80)
    check_response(Puzzle((2, 5, 8, 9, 11, 13), target, rule), curriculum, 0, "onestep_tot")


def onestep(hand: str, seed: int = 0, **knobs: Any) -> list[str]:
    """The lines of a search."""
    return write(Puzzle.parse(hand), "onestep_tot", Random(seed), Curriculum(**knobs)).split("\n")


def dead_of(lines: list[str], mark: str = DEAD_END) -> list[str]:
    return [line for line in lines if line.endswith(mark)]


# What each knob does.


@pytest.mark.parametrize("plausible", ["ordered", "random", "tempting"])
def test_dead_ends_bounds_how_many_are_shown(plausible: str) -> None:
    for puzzle in load_split("hard100")[:30]:
        for most in (0, 1, 3):
            lines = onestep(puzzle.text, dead_ends=most, plausible=plausible, explore=0)
            assert len(dead_of(lines)) <= most
    assert len(dead_of(onestep("3 3 8 8", dead_ends=3, plausible=plausible, explore=0))) == 3


def test_random_dead_ends_change_with_the_seed_and_ordered_ones_do_not() -> None:
    def searches(plausible: str) -> set[tuple[str, ...]]:
        return {
            tuple(onestep("3 3 8 8", seed, plausible=plausible, explore=0)) for seed in range(20)
        }

    assert len(searches("random")) > 5
    assert len(searches("ordered")) == len(searches("tempting")) == 1


def test_tempting_dead_ends_are_the_most_promising_of_those_that_come_up() -> None:
    lines = onestep("3 3 8 8", dead_ends=4, plausible="tempting", explore=0)
    looks = [
        promise(State(tuple(sorted(map(int, line.split("left: ")[1].split(")")[0].split())))), 24)
        for line in dead_of(lines)
    ]
    assert looks == sorted(looks, reverse=True) and looks[0] == looks[-1] == 1


def test_promise_is_the_share_of_numbers_that_look_useful() -> None:
    assert promise(State((24,)), 24) == 1
    assert promise(State((5, 19)), 24) == 1  # they make it together
    assert promise(State((4, 5, 7)), 24) == pytest.approx(1 / 3)  # 4 divides it
    assert promise(State((0, 0)), 24) == 0


def test_best_first_writes_the_most_promising_thought_first() -> None:
    for puzzle in load_split("train")[:40]:
        lines = onestep(puzzle.text, order="best-first", explore=0)
        first = next(line for line in lines if "left" in line).split(" (left")[0]
        best = max(promise(thought.left, 24) for thought in plausible_thoughts(puzzle.numbers, 24))
        chosen = next(t for t in plausible_thoughts(puzzle.numbers, 24) if t.text == first)
        assert promise(chosen.left, 24) == best


def test_best_first_goes_back_and_writes_the_way_to_the_open_state_once_more() -> None:
    jumps = 0
    for puzzle in load_split("train")[:100]:
        lines = onestep(puzzle.text, order="best-first", extent="whole")
        jumps += sum(line.startswith(BACK_TO) for line in lines)
    assert jumps > 100


def test_a_whole_search_notes_every_solution_that_the_plausible_thoughts_have() -> None:
    lines = onestep("4 5 6 10", extent="whole", explore=0)
    assert sum(line.endswith(SOLUTION) for line in lines) > 3
    assert len(lines) > len(onestep("4 5 6 10", explore=0))
    cut = onestep("4 5 6 10", extent="whole", explore=0, max_lines=30)
    assert len(cut) <= 30 and cut[-1] == lines[-1]


def test_failed_searches_can_be_dropped_and_nothing_else_changes() -> None:
    for seed in range(20):
        full = onestep("3 3 8 8", seed, explore=0.5)
        short = onestep("3 3 8 8", seed, explore=0.5, failed=False)
        assert not any(line.startswith(BACK_TO) for line in short)
        assert [line.removesuffix(DEAD_END) for line in short if line[:4] != "Back"] == [
            line.removesuffix(DEAD_END)
            for line in full
            if line[:4] != "Back"
            and line.removesuffix(DEAD_END)
            in set(short) | {other.removesuffix(DEAD_END) for other in short}
        ]
        assert len(short) <= len(full)


@pytest.mark.parametrize("mark", [None, " ✗", ": impossible", " - no good."])
def test_a_mark_is_written_as_it_is(mark: str | None) -> None:
    plain = onestep("3 3 8 8")
    assert onestep("3 3 8 8", mark=mark) == [
        line.removesuffix(DEAD_END) + (mark or "") if line.endswith(DEAD_END) else line
        for line in plain
    ]


def test_the_way_back_and_the_recap_can_be_left_unsaid() -> None:
    assert not any(
        line.startswith(BACK_TO) for line in onestep("3 3 8 8", explore=1, say_back=False)
    )
    assert any(line.startswith(BACK_TO) for line in onestep("3 3 8 8", explore=1))
    assert PATH in onestep("3 3 8 8") and PATH not in onestep("3 3 8 8", recap=False)


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


@pytest.mark.parametrize("failed", [True, False])
@pytest.mark.parametrize("rule", Rule)
def test_no_bound_is_the_largest_bound_and_every_thought_is_read(failed: bool, rule: Rule) -> None:
    curriculum = Curriculum(explore=1, max_lines=None, failed=failed)
    text = write(
        Puzzle(LARGE_SIX.numbers, LARGE_SIX.target, rule), "onestep_tot", Random(0), curriculum
    )
    assert len(text.split("\n")) <= MOST_LINES < MAX_STEPS


def test_a_search_whose_failures_are_dropped_explores_no_more_than_its_cap(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    explored = []
    follow = Writer.dead_end

    def counted(self: Writer, numbers: Any, thought: Any) -> None:
        follow(self, numbers, thought)
        explored.append(self.explored)

    monkeypatch.setattr(Writer, "dead_end", counted)
    write(LARGE_SIX, "onestep_tot", Random(0), Curriculum(explore=1, failed=False))
    assert MOST_EXPLORED <= max(explored) < MOST_EXPLORED + 500


def test_no_hand_of_four_comes_near_the_cap() -> None:
    most = max(
        len(onestep(puzzle.text, explore=1, max_lines=None)) for puzzle in load_split("unsolvable")
    )
    assert most < MOST_LINES / 3 < MOST_EXPLORED


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


def test_any_set_of_states_can_be_avoided() -> None:
    plain = onestep("4 5 6 10")
    avoided = frozenset({State((4, 4, 5))})
    other = onestep("4 5 6 10", avoid=avoided)
    assert plain != other and not any("(left: 4 4 5)" in line for line in other)
    with pytest.raises(CannotTeach, match="itself"):
        onestep("4 4 5", avoid=avoided)


def test_marked_states_are_dead_whatever_is_avoided() -> None:
    for puzzle in load_split("train")[::7]:
        try:
            lines = onestep(puzzle.text, avoid="state_holdout", order="best-first")
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
        ({"dead_ends": -1}, "dead_ends is -1: give a whole number from 0"),
        ({"dead_ends": True}, "dead_ends is True"),
        ({"max_lines": 2}, "max_lines is 2: give a whole number from 3"),
        ({"proposals": 0}, "proposals is 0"),
        ({"plausible": "likely"}, "there is ordered, random, tempting"),
        ({"order": "breadth-first"}, "there is depth-first, best-first"),
        ({"extent": "all"}, "there is first, whole"),
        ({"explore": 1.1}, "give a share from 0 to 1"),
        ({"explore": float("nan")}, "give a share from 0 to 1"),
        ({"explore": "0.2"}, "give a share from 0 to 1"),
        ({"failed": 1}, "give true or false"),
        ({"extent": "whole", "recap": False}, "recap must be true"),
        ({"extent": "whole", "max_lines": None}, "needs max_lines"),
        ({"mark": ""}, "1 to 40 letters"),
        ({"mark": " "}, "use ': dead end'"),
        ({"mark": ": 3 left"}, "no digits"),
        ({"mark": "\nAnswer"}, "no digits"),
        ({"mark": " answer: x"}, "would be read as part"),
        ({"mark": "x" * 41}, "1 to 40 letters"),
        ({"avoid": "hard100"}, "there is state_holdout"),
        ({"avoid": {State((1, 2, 3))}}, "frozenset of states"),
    ],
)
def test_a_knob_out_of_range_names_the_fix(knobs: dict[str, Any], message: str) -> None:
    with pytest.raises(BadCurriculum) as raised:
        Curriculum(**knobs)
    assert message in str(raised.value) and "\n" not in str(raised.value)


@settings(deadline=None, max_examples=300)
@given(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
    | st.sampled_from(
        [": try again", " instead", "?!", ": let's go back", " x ", "--", ", if", "٣"]
    )
)
def test_any_mark_that_is_taken_is_told_from_the_thoughts(mark: str) -> None:
    try:
        curriculum = Curriculum(mark=mark, explore=0.5)
    except BadCurriculum:
        return
    for hand in ("3 3 8 8", "1 5 5 5"):
        check_response(Puzzle.parse(hand), curriculum, 1, "onestep_tot")
