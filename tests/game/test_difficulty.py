"""Difficulty: the measures against their definitions."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

from tot24_bench.game import (
    BANDS,
    Puzzle,
    Rule,
    State,
    can_reach,
    difficulty,
    load_split,
    solve,
    thoughts,
)


def visited(state: State, target: int, random: Random) -> tuple[int, bool]:
    """States that one guided search visits, and whether it won."""
    if len(state.numbers) == 2:
        return 1, can_reach(state, target)
    count, order = 1, list(thoughts(state))
    random.shuffle(order)
    for thought in order:
        below, won = visited(thought.left, target, random)
        count += below
        if won:
            return count, True
    return count, False


@pytest.mark.parametrize("hand", ["4 4 6 8", "3 3 8 8", "1 5 5 5", "2 3 5 12"])
def test_expected_nodes_are_the_mean_of_many_searches(hand: str) -> None:
    puzzle, random = Puzzle.parse(hand), Random(24)
    runs = [visited(State.of(puzzle), 24, random)[0] for _ in range(1_500)]
    expected = difficulty(puzzle).expected_nodes
    assert expected is not None
    assert sum(runs) / len(runs) == pytest.approx(float(expected), rel=0.07)


def test_solutions_and_the_winning_share() -> None:
    for puzzle in load_split("hard100")[:20]:
        found = difficulty(puzzle)
        firsts = thoughts(State.of(puzzle))
        wins = sum(can_reach(thought.left, 24) for thought in firsts)
        assert found.solutions == len(solve(puzzle))
        assert found.winning_share == Fraction(wins, len(firsts))


@pytest.mark.parametrize(
    ("hand", "fraction", "large"),
    [("1 5 5 5", True, False), ("4 4 6 8", False, False), ("4 4 10 10", False, True),
     ("3 3 8 8", True, False), ("5 5 5 5", False, True)],
)  # fmt: skip
def test_fractions_and_large_numbers_are_needed_or_not(
    hand: str, fraction: bool, large: bool
) -> None:
    found = difficulty(Puzzle.parse(hand))
    assert (found.needs_fraction, found.needs_large) == (fraction, large)


def test_a_hand_without_a_solution() -> None:
    found = difficulty(Puzzle.parse("1 1 1 1"))
    assert (found.solutions, found.winning_share) == (0, 0)
    assert (found.needs_fraction, found.needs_large, found.expected_nodes) == (None,) * 3
    assert found.band is None


def test_longer_hands_and_other_rules_say_what_they_know() -> None:
    five = difficulty(Puzzle.parse("1 2 3 4 5"))
    assert five.solutions > 0 and five.expected_nodes is None and five.needs_fraction is False
    some = difficulty(Puzzle.parse("25 3 50 7", 68, Rule.SOME))
    assert some.solutions > 0 and some.needs_fraction is None
    with pytest.raises(ValueError, match="use solve"):
        difficulty(Puzzle.parse("1 2", -1))


def test_the_bands_are_about_quarters_of_the_deck() -> None:
    sample = load_split("full")[::7]
    bands = [difficulty(puzzle).band for puzzle in sample]
    for _, name in BANDS:
        assert 0.18 < bands.count(name) / len(sample) < 0.32
