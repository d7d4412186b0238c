"""The solver teacher's straight way writes what its general way writes, with the same draws."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tot24_bench.game import Puzzle, load_split
from tot24_bench.teachers.curriculum import Curriculum
from tot24_bench.teachers.solver_hidden import hides_test_hands
from tot24_bench.teachers.solver_path import truth_of
from tot24_bench.teachers.solver_search import Attempt, Found, TooLong, Writer
from tot24_bench.teachers.solver_straight import goes_straight, straight

HANDS = [*load_split("train")[::3], *load_split("hardest"), *load_split("hard100")[::3]]
PUZZLES = st.one_of(
    st.sampled_from(HANDS),
    st.builds(
        Puzzle,
        st.lists(st.integers(1, 13), min_size=3, max_size=5).map(tuple),
        st.sampled_from([0, 1, 7, 24, 24, 36, 100]),
    ).filter(lambda puzzle: not hides_test_hands(puzzle.hand)),
    st.builds(Puzzle, st.lists(st.integers(1, 10**6), min_size=3, max_size=4).map(tuple)),
)
CURRICULA = st.builds(
    Curriculum,
    explore=st.sampled_from([0.0, 0.2, 0.6, 1.0]),
    mark=st.sampled_from([": dead end", None]),
    say_back=st.booleans(),
)


def generally(puzzle: Puzzle, curriculum: Curriculum, rng: Random, room: int | None) -> Found:
    attempt = Attempt(False, curriculum.explore, None)
    truth = truth_of(puzzle, curriculum)
    return Writer(puzzle, curriculum, truth, rng, attempt, room).first_solution()


@settings(max_examples=500, deadline=None)
@given(PUZZLES, CURRICULA, st.integers(), st.one_of(st.none(), st.integers(3, 60)))
@example(Puzzle((3, 3, 8, 8)), Curriculum(), 0, None)
@example(Puzzle((1, 1, 1, 1)), Curriculum(), 0, None)
@example(Puzzle((1, 2, 3, 4), 0), Curriculum(explore=1), 0, None)
def test_both_ways_write_the_same_with_the_same_draws(
    puzzle: Puzzle, curriculum: Curriculum, seed: int, room: int | None
) -> None:
    assert goes_straight(puzzle, curriculum)
    rng, same = Random(seed), Random(seed)
    before = rng.getstate()
    try:
        found = straight(puzzle, curriculum, rng, room)
    except TooLong:
        with pytest.raises(TooLong):
            generally(puzzle, curriculum, same, room)
    else:
        if found is None:
            assert rng.getstate() == before
            return
        assert repr(found) == repr(generally(puzzle, curriculum, same, room))
    assert rng.getstate() == same.getstate()


def test_larger_hands_that_hide_states_go_the_general_way() -> None:
    assert not goes_straight(Puzzle.parse("2 2 2 3 6"), Curriculum())
    assert goes_straight(Puzzle.parse("2 2 2 3"), Curriculum())


def test_nearly_every_hand_of_the_deck_goes_straight() -> None:
    hands = load_split("train")
    found = [straight(hand, Curriculum(), Random(0), None) for hand in hands]
    assert sum(search is not None for search in found) > 0.9 * len(hands)


@pytest.mark.parametrize(
    "curriculum",
    [
        Curriculum(dead_ends=2),
        Curriculum(plausible="random"),
        Curriculum(order="best-first"),
        Curriculum(extent="whole"),
        Curriculum(failed=False),
        Curriculum(avoid="state_holdout"),
    ],
)
def test_what_shapes_the_search_otherwise_goes_the_general_way(curriculum: Curriculum) -> None:
    assert not goes_straight(Puzzle.parse("4 4 6 8"), curriculum)
