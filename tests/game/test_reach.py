"""Reachable values, against a plain search and against the solver's lists."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tot24_bench.game import Puzzle, Rule, can_make, is_solvable, solve
from tot24_bench.game.reach import reachable

NUMBERS = st.one_of(st.integers(1, 4), st.integers(1, 13))
HANDS = st.lists(NUMBERS, min_size=1, max_size=4).map(tuple)
EXACT = st.fractions(min_value=0, max_value=12, max_denominator=6)


def search(numbers: tuple[Fraction, ...]) -> set[Fraction]:
    """Every value, signs and all: any two numbers are combined, in either order."""
    if len(numbers) == 1:
        return {numbers[0]}
    found = set()
    for i, x in enumerate(numbers):
        for j, y in enumerate(numbers):
            if i == j:
                continue
            rest = tuple(n for k, n in enumerate(numbers) if k not in (i, j))
            for value in (x + y, x - y, x * y, *([x / y] if y else [])):
                found |= search((*rest, value))
    return found


@given(st.lists(EXACT, min_size=1, max_size=3))
@settings(max_examples=60, deadline=None)
def test_values_are_those_of_a_plain_search(numbers: list[Fraction]) -> None:
    values = {abs(value) for value in search(tuple(numbers))}
    assert {Fraction(*ratio) for ratio in reachable(numbers)} == values


@pytest.mark.parametrize("hand", [(1, 1, 1, 1), (3, 3, 8, 8), (2, 3, 5, 12), (4, 4, 10, 10)])
def test_so_they_are_for_four_numbers(hand: tuple[int, ...]) -> None:
    values = {abs(value) for value in search(tuple(map(Fraction, hand)))}
    assert {Fraction(*ratio) for ratio in reachable(hand)} == values


@given(HANDS, st.integers(0, 40))
@settings(max_examples=150, deadline=None)
def test_one_target_is_made_where_it_is_among_the_values(
    hand: tuple[int, ...], target: int
) -> None:
    assert can_make(hand, target) == ((target, 1) in reachable(hand))
    assert can_make(hand, target) == bool(solve(Puzzle(hand, target)))


def test_six_and_seven_numbers() -> None:
    six = (3, 5, 7, 11, 13, 17)
    assert len(reachable(six)) == 179_411
    assert len(solve(Puzzle(six))) == 187
    assert can_make((*six, 19), 24)
    assert not can_make((1,) * 7, 24)
    assert is_solvable(Puzzle(six, 24, Rule.SOME))


def test_nothing_is_made_of_nothing_times_anything() -> None:
    """0 / 7, 0 * 7: no partner of 0 is looked for by its value."""
    for hand in ((2, 2, 7), (5, 5, 7, 11), (1, 1, 3, 9, 13), (1, 1, 5, 9, 10, 13)):
        assert can_make(hand, 0), hand


@pytest.mark.parametrize("numbers", [(), (-1, 2)])
def test_what_is_no_hand_is_refused(numbers: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="at least one number, and no negative one"):
        reachable(numbers)
    with pytest.raises(ValueError, match="at least one number, and no negative one"):
        can_make(numbers, 1)


def test_no_thoughts_make_a_negative_target() -> None:
    assert not can_make((1, 2), -1)
