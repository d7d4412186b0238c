"""What the solver teacher knows of small states, beside the tables of `game.reach`."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations_with_replacement

from hypothesis import given, settings
from hypothesis import strategies as st

from tot24_bench.game import Puzzle, Rule, State, can_make, can_reach
from tot24_bench.teachers.solver.truth import Truth, _makes

NUMBER = st.one_of(
    st.integers(0, 30),
    st.integers(0, 2000),
    st.fractions(0, 30, max_denominator=12).map(lambda f: f.numerator if f.denominator == 1 else f),
)


def test_two_and_three_whole_numbers_make_what_the_tables_say() -> None:
    for target in (0, 1, 7, 24):
        for size in (2, 3):
            for numbers in combinations_with_replacement([*range(27), 48, 96], size):
                assert _makes(numbers, target) == can_make(numbers, target), (numbers, target)


@settings(deadline=None, max_examples=300)
@given(st.lists(NUMBER, min_size=1, max_size=3), st.integers(0, 100))
def test_fractions_make_what_the_tables_say(numbers: list[int | Fraction], target: int) -> None:
    given = tuple(sorted(numbers))
    assert _makes(given, target) == can_make(given, target)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 13), min_size=1, max_size=4), st.integers(0, 60))
def test_a_state_is_dead_exactly_where_no_thought_leads_on(hand: list[int], target: int) -> None:
    for rule in Rule:
        puzzle = Puzzle(tuple(hand), target, rule)
        state = State.of(puzzle)
        truth = Truth(puzzle)
        assert truth.dead(state) is not can_reach(state, target, rule)
        assert truth.wins(state, ()) is can_reach(state, target, rule)
