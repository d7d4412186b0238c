"""Thoughts, what they leave, and which states can still win."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations_with_replacement
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tot24_bench.game import (
    Hand,
    Puzzle,
    Rule,
    State,
    can_reach,
    is_solvable,
    make_thought,
    thoughts,
)

DECK = tuple(combinations_with_replacement(range(1, 14), 4))

HANDS = st.lists(st.integers(1, 13), min_size=2, max_size=4).map(lambda hand: tuple(sorted(hand)))


def test_the_first_state_is_the_hand_in_ascending_order() -> None:
    assert State.of(Puzzle.parse("8 4 10 4")).numbers == (4, 4, 8, 10)
    assert State.of(Puzzle.parse("8 4 10 4")).text == "4 4 8 10"


def test_a_state_shows_fractions_and_sorts_them_by_value() -> None:
    left = make_thought(8, "/", 3, (3, 8)).left
    assert left.text == "8/3 3 8"


def test_whole_quotients_are_plain_integers_again() -> None:
    assert type(make_thought(Fraction(8, 3), "*", 3, ()).value) is int
    assert make_thought(Fraction(8, 3), "*", 3, ()).text == "(8/3) * 3 = 8"


def test_dividing_by_zero_and_unknown_operators_are_errors() -> None:
    with pytest.raises(ZeroDivisionError):
        make_thought(4, "/", 0, ())
    with pytest.raises(KeyError):
        make_thought(4, "%", 2, ())


def test_the_thoughts_of_two_numbers_are_all_there_and_in_order() -> None:
    assert [thought.text for thought in thoughts(State((4, 6)))] == [
        "4 + 6 = 10",
        "6 - 4 = 2",
        "4 * 6 = 24",
        "6 / 4 = 3/2",
        "4 / 6 = 2/3",
    ]


def test_equal_numbers_are_not_paired_twice() -> None:
    found = [thought.text for thought in thoughts(State((5, 5, 5)))]
    assert found == ["5 + 5 = 10", "5 - 5 = 0", "5 * 5 = 25", "5 / 5 = 1"]


def test_no_thought_divides_by_zero() -> None:
    found = [thought.text for thought in thoughts(State((0, 24)))]
    assert found == ["0 + 24 = 24", "24 - 0 = 24", "0 * 24 = 0", "0 / 24 = 0"]
    assert [thought.text for thought in thoughts(State((0, 0)))] == [
        "0 + 0 = 0",
        "0 - 0 = 0",
        "0 * 0 = 0",
    ]


def test_a_single_number_has_no_thoughts() -> None:
    assert thoughts(State((24,))) == ()


@settings(deadline=None, max_examples=60)
@given(HANDS)
def test_a_thought_takes_two_numbers_and_puts_their_exact_result_back(hand: Hand) -> None:
    for thought in thoughts(State(hand)):
        rest = list(hand)
        rest.remove(thought.a)
        rest.remove(thought.b)
        exact = Fraction(thought.a), Fraction(thought.b)
        value = {
            "+": exact[0] + exact[1],
            "-": exact[0] - exact[1],
            "*": exact[0] * exact[1],
            "/": exact[0] / exact[1],
        }[thought.op]
        assert thought.value == value >= 0
        assert list(thought.left.numbers) == sorted([*rest, value])


def test_winning_states_are_the_solvable_hands() -> None:
    for hand in DECK:
        assert can_reach(State(hand), 24) == is_solvable(Puzzle(hand)), hand


@settings(deadline=None, max_examples=60)
@given(HANDS, st.integers(0, 60), st.sampled_from(Rule))
def test_winning_states_are_the_solvable_hands_for_other_targets_and_rules(
    hand: Hand, target: int, rule: Rule
) -> None:
    assert can_reach(State(hand), target, rule) == is_solvable(Puzzle(hand, target, rule))


def test_a_negative_target_is_for_the_solver_not_for_thoughts() -> None:
    assert is_solvable(Puzzle((3, 5), -2))
    assert not can_reach(State((3, 5)), -2)


def test_a_winning_state_has_a_winning_thought_and_a_dead_one_has_none() -> None:
    for hand in Random(0).sample(DECK, 100):
        lives = [can_reach(thought.left, 24) for thought in thoughts(State(hand))]
        assert any(lives) == can_reach(State(hand), 24)
