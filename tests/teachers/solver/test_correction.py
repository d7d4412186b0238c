"""Corrected searches: right whatever the student wrote, with true marks and its own thoughts."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tot24_bench.game import (
    Number,
    Puzzle,
    Rule,
    State,
    avoids_held_out_states,
    held_out_states,
    load_split,
    make_thought,
    thoughts,
)
from tot24_bench.scoring import analyse, score
from tot24_bench.teachers import DEAD_END, write_response
from tot24_bench.teachers.solver.correction import (
    MAX_CORRECTED_LINES,
    CannotCorrect,
    Correction,
    CorrectionConfig,
    correct,
)
from tot24_bench.teachers.solver.search import BACK_TO, PATH
from tot24_bench.teachers.solver.teacher import NO_SOLUTION
from tot24_bench.teachers.solver.truth import line_of, plausible_thoughts

HAND = Puzzle.parse("4 5 6 10")


def dealt(split: str) -> st.SearchStrategy[Puzzle]:
    """A hand of the split with its numbers in any order."""
    return st.sampled_from(load_split(split)).flatmap(
        lambda puzzle: st.permutations(puzzle.numbers).map(lambda deal: Puzzle(tuple(deal)))
    )


SOLVABLE = st.one_of(dealt("train"), dealt("hardest"))


@st.composite
def searches(draw: st.DrawFn, puzzle: Puzzle) -> str:
    """A search of valid thoughts with any marks and any ways back, and a broken rule now and then.

    Thoughts may leave negative numbers, come twice, or stand below a dead end.
    """
    rng = draw(st.randoms(use_true_random=False))
    path: list[tuple[Number, ...]] = [puzzle.hand]
    lines = ["Steps:"]
    for _ in range(draw(st.integers(0, 14))):
        if len(path[-1]) == 1 or rng.random() < 0.3:
            del path[rng.randrange(1, len(path) + 1) :]
            if rng.random() < 0.7:
                lines.append(BACK_TO + " ".join(map(str, path[-1])))
        numbers = list(path[-1])
        if len(numbers) < 2:
            continue
        rng.shuffle(numbers)
        a, b, *rest = numbers
        op = rng.choice("+-*/")
        if op == "/" and not b:
            continue
        thought = make_thought(a, op, b, tuple(rest))
        written = line_of(thought)
        if rng.random() < 0.05:
            written = written.replace("= ", "= 1", 1)
        if rng.random() < 0.05:
            written = written.replace("left: ", "left: 7 ", 1)
        mark = rng.random()
        lines.append(written + (DEAD_END if mark < 0.4 else ""))
        if mark > 0.3:
            path.append(thought.left.numbers)
    return "\n".join(lines)


def check(puzzle: Puzzle, found: Correction, max_lines: int = MAX_CORRECTED_LINES) -> None:
    """What every correction promises of a puzzle that can be solved."""
    read = analyse(puzzle, found.text)
    assert read.score.correct, found.text
    assert read.answer_agrees, found.text
    assert all(t.fault is None and t.exact for t in read.thoughts), found.text
    assert read.dead_ends_marked_wrongly == 0, found.text
    assert read.states_revisited == 0, found.text
    own = [t for t in read.thoughts if not t.repeats]
    assert len(own) == found.kept + found.solver_lines
    for i, thought in enumerate(own):
        wins = read.can_win(thought)
        if wins:
            # Nothing that can still win is left again.
            assert not thought.step.dead_end
            assert thought in read.final
        if wins is False and not thought.step.dead_end:
            assert i + 1 < len(own) and own[i + 1].place == thought.place + 1, "explored"
    search = found.text.partition(f"\n{PATH}")[0].splitlines()[1:]
    assert len(search) <= max_lines, found.text


@given(data=st.data(), puzzle=SOLVABLE, seed=st.integers(0, 99))
@settings(max_examples=300, deadline=None)
def test_any_search_becomes_a_right_one_of_valid_thoughts(
    data: st.DataObject, puzzle: Puzzle, seed: int
) -> None:
    response = data.draw(searches(puzzle))
    found = correct(puzzle, response, Random(seed))
    check(puzzle, found)
    assert found == correct(puzzle, response, Random(seed)), "the same again"
    again = correct(puzzle, found.text, Random(seed))
    assert again.text == found.text, "what is right stays as it is"
    assert (again.marked, again.solver_lines) == (0, 0)


@given(puzzle=SOLVABLE, response=st.text(max_size=300), seed=st.integers(0, 9))
@settings(max_examples=100, deadline=None)
@example(puzzle=HAND, response="10 - 6 = 4 (left: 4 4", seed=0)
@example(puzzle=HAND, response="4 / 0 = 4\n0.5 * 10 = 5\n\ud800", seed=0)
@example(puzzle=HAND, response="Steps:\n" * 5000, seed=0)
@example(puzzle=HAND, response="9" * 5000 + " + 1 = 2", seed=0)
def test_any_text_becomes_a_right_search(puzzle: Puzzle, response: str, seed: int) -> None:
    check(puzzle, correct(puzzle, response, Random(seed)))


@given(data=st.data(), seed=st.integers(0, 9), max_lines=st.integers(1, 40))
@settings(max_examples=100, deadline=None)
def test_lines_are_bounded(data: st.DataObject, seed: int, max_lines: int) -> None:
    response = data.draw(searches(HAND))
    config = CorrectionConfig(explore=1.0, max_lines=max_lines)
    if max_lines < 3:
        with pytest.raises(CannotCorrect, match="set max_lines to 3 or more"):
            correct(HAND, response, Random(seed), config)
        return
    check(HAND, correct(HAND, response, Random(seed), config), max_lines)


LARGER = st.lists(st.one_of(st.integers(1, 13), st.integers(1, 200)), min_size=3, max_size=5)


@given(
    data=st.data(),
    numbers=LARGER,
    target=st.integers(0, 200),
    explore=st.sampled_from([0.0, 0.2, 1.0]),
    max_lines=st.sampled_from([12, 30, 60]),
    seed=st.integers(0, 9),
)
@settings(max_examples=150, deadline=None)
def test_lines_are_bounded_for_every_hand_at_every_level(
    data: st.DataObject,
    numbers: list[int],
    target: int,
    explore: float,
    max_lines: int,
    seed: int,
) -> None:
    puzzle = Puzzle(tuple(numbers), target)
    config = CorrectionConfig(explore=explore, max_lines=max_lines)
    try:
        found = correct(puzzle, data.draw(searches(puzzle)), Random(seed), config)
    except CannotCorrect as reason:
        assert "\n" not in str(reason)
        return
    search = found.text.partition(f"\n{PATH}")[0].splitlines()[1:]
    search = search[:-1] if found.text.endswith(NO_SOLUTION) else search
    assert len(search) <= max_lines, found.text
    read = analyse(puzzle, found.text)
    assert read.score.correct and read.dead_ends_marked_wrongly == 0, found.text
    assert all(thought.fault is None and thought.exact for thought in read.thoughts), found.text


def test_five_numbers_take_no_more_lines_than_there_may_be() -> None:
    puzzle = Puzzle((3, 4, 5, 1, 139))
    for seed in range(30):
        found = correct(puzzle, "", Random(seed), CorrectionConfig(explore=1.0))
        check(puzzle, found)


def test_a_whole_search_that_does_not_fit_names_the_fix() -> None:
    hand = Puzzle.parse("4 9 12 13")
    with pytest.raises(CannotCorrect, match=r"set max_lines to (\d+) or more") as raised:
        correct(hand, "", Random(0), CorrectionConfig(max_lines=5))
    needed = int(str(raised.value).split()[-3])
    found = correct(hand, "", Random(0), CorrectionConfig(max_lines=needed))
    assert found.text.endswith(NO_SOLUTION)


@pytest.mark.parametrize("max_lines", [0, 4_001])
def test_a_bound_out_of_range_is_refused(max_lines: int) -> None:
    with pytest.raises(ValueError, match="from 1 to 4000"):
        CorrectionConfig(max_lines=max_lines)


@given(data=st.data(), puzzle=dealt("unsolvable"), seed=st.integers(0, 9))
@settings(max_examples=50, deadline=None)
def test_an_unsolvable_hand_is_searched_to_its_end(
    data: st.DataObject, puzzle: Puzzle, seed: int
) -> None:
    found = correct(puzzle, data.draw(searches(puzzle)), Random(seed))
    assert found.text.endswith(NO_SOLUTION)
    read = analyse(puzzle, found.text)
    assert read.score.correct
    assert all(thought.fault is None for thought in read.thoughts)
    assert read.states_revisited == 0
    tried = {State(thought.left) for thought in read.thoughts if thought.place == 1}
    assert {thought.left for thought in plausible_thoughts(puzzle.numbers, 24)} <= tried


@given(
    data=st.data(),
    puzzle=SOLVABLE.filter(lambda puzzle: avoids_held_out_states(puzzle.hand)),
    seed=st.integers(0, 9),
)
@settings(max_examples=100, deadline=None)
def test_states_to_avoid_are_not_come_to(data: st.DataObject, puzzle: Puzzle, seed: int) -> None:
    avoid = held_out_states()
    config = CorrectionConfig(explore=0.5, avoid=avoid)
    found = correct(puzzle, data.draw(searches(puzzle)), Random(seed), config)
    check(puzzle, found)
    assert not avoid & set(analyse(puzzle, found.text).visits)


def test_a_thought_that_cannot_win_is_marked() -> None:
    found = correct(HAND, "10 + 6 = 16 (left: 4 5 16)\n10 - 6 = 4 (left: 4 4 5)", Random(0))
    assert found.text.splitlines()[:3] == [
        "Steps:",
        "10 + 6 = 16 (left: 4 5 16): dead end",
        "10 - 6 = 4 (left: 4 4 5)",
    ]
    assert (found.kept, found.marked, found.cut_at) == (2, 1, None)


def test_an_explored_dead_end_is_kept_and_left_with_back_to() -> None:
    response = "10 + 6 = 16 (left: 4 5 16)\n16 - 5 = 11 (left: 4 11)\nBack to 4 5 6 10\n"
    found = correct(HAND, response, Random(0))
    assert found.text.splitlines()[1:4] == [
        "10 + 6 = 16 (left: 4 5 16)",
        "16 - 5 = 11 (left: 4 11): dead end",
        "Back to 4 5 6 10",
    ]
    assert (found.kept, found.marked) == (2, 1)


def test_a_live_state_marked_dead_is_searched_on() -> None:
    response = "10 - 6 = 4 (left: 4 4 5): dead end\n10 + 6 = 16 (left: 4 5 16): dead end"
    found = correct(HAND, response, Random(0))
    assert found.text.splitlines()[1] == "10 - 6 = 4 (left: 4 4 5)"
    assert (found.kept, found.marked, found.cut_at) == (1, 1, 2)


def test_a_dead_end_written_again_and_again_comes_once() -> None:
    response = "10 + 6 = 16 (left: 4 5 16): dead end\n" * 50
    found = correct(HAND, response, Random(0))
    assert found.text.count("10 + 6") == 1
    assert found.kept == 1


@pytest.mark.parametrize(
    "broken",
    [
        "10 + 5 = 14 (left: 4 6 14)",
        "10 + 7 = 17 (left: 4 6 17)",
        "10 + 5 = 15 (left: 4 5 15)",
    ],
)
def test_the_first_broken_rule_ends_the_students_part(broken: str) -> None:
    lines = ["10 + 6 = 16 (left: 4 5 16): dead end", broken, "10 - 6 = 4 (left: 4 4 5)"]
    found = correct(HAND, "\n".join(lines), Random(0))
    assert (found.kept, found.cut_at) == (1, 2)
    check(HAND, found)


def test_a_path_written_once_more_is_not_a_way_back() -> None:
    response = "10 - 6 = 4 (left: 4 4 5)\nSteps:\n10 - 6 = 4 (left: 4 4 5)\n4 * 5 = 20 (left: 4 20)"
    found = correct(HAND, response, Random(0))
    assert (found.kept, found.cut_at) == (2, None)


def test_a_negative_number_is_left_out_with_what_is_below_it() -> None:
    response = "5 - 6 = -1 (left: -1 4 10)\n4 * -1 = -4 (left: -4 10)\nBack to 4 5 6 10\n"
    found = correct(HAND, response + "10 - 6 = 4 (left: 4 4 5)", Random(0))
    assert "-1" not in found.text
    assert found.kept == 1


def test_a_right_search_is_left_alone() -> None:
    checked = 0
    for puzzle in load_split("train")[::10]:
        response = write_response(puzzle, "onestep_tot", Random(1))
        found = correct(puzzle, response, Random(0), CorrectionConfig(max_lines=1000))
        assert (found.cut_at, found.solver_lines) == (None, 0)
        if not analyse(puzzle, response).states_revisited:
            checked += 1
            assert (found.text, found.marked) == (response, 0)
    assert checked > 20


def test_an_answer_alone_and_no_answer_are_solved_by_the_solver() -> None:
    for response in ("Answer: 1 + 1 = 24", "", None):
        found = correct(HAND, response, Random(0))
        assert found.kept == 0
        check(HAND, found)


@pytest.mark.parametrize(
    ("puzzle", "says"),
    [
        (Puzzle.parse("4 4 6 8", rule=Rule.SOME), "every number"),
        (Puzzle.parse("4 4 6 8", target=-1), "0 or more"),
        (Puzzle.parse("1 2 3 4 5 6 7"), "up to 6 numbers"),
    ],
)
def test_puzzles_that_it_does_not_write_for_are_named(puzzle: Puzzle, says: str) -> None:
    with pytest.raises(CannotCorrect, match=says):
        correct(puzzle, "", Random(0))


def test_a_hand_without_a_way_round_is_named() -> None:
    avoid = frozenset(thought.left for thought in thoughts(State.of(HAND)))
    with pytest.raises(CannotCorrect, match="outside the states to avoid"):
        correct(HAND, "", Random(0), CorrectionConfig(avoid=avoid))


@given(
    numbers=st.lists(st.one_of(st.integers(1, 30), st.integers(1, 10**9)), min_size=1, max_size=5),
    target=st.integers(0, 200),
    seed=st.integers(0, 9),
)
@settings(max_examples=60, deadline=None)
@example(numbers=[24], target=24, seed=0)
@example(numbers=[23], target=24, seed=0)
@example(numbers=[10**9 - 1, 10**9 - 3, 10**9 - 7, 7, 11], target=24, seed=0)
@example(numbers=[1, 2, 3, 4, 5, 6], target=24, seed=0)
def test_hands_outside_the_deck(numbers: list[int], target: int, seed: int) -> None:
    puzzle = Puzzle(tuple(numbers), target)
    try:
        found = correct(puzzle, write_any(puzzle, Random(seed)), Random(seed))
    except CannotCorrect as refusal:  # every way leads through a hand of a test part
        assert "test part" in str(refusal)
        return
    assert score(puzzle, found.text).correct, found.text
    assert all(thought.fault is None for thought in analyse(puzzle, found.text).thoughts)


def write_any(puzzle: Puzzle, rng: Random) -> str:
    """Random thoughts, one after another."""
    state, lines = State.of(puzzle), ["Steps:"]
    while len(state.numbers) > 1:
        thought = rng.choice(thoughts(state))
        lines.append(line_of(thought))
        state = thought.left
    return "\n".join(lines)
