"""What the solver teacher knows of states, beside the rules of the game."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tot24_bench.game import Puzzle, Rule, State, can_reach
from tot24_bench.teachers.solver.truth import Truth


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 13), min_size=1, max_size=4), st.integers(0, 60))
def test_a_state_is_dead_exactly_where_no_thought_leads_on(hand: list[int], target: int) -> None:
    for rule in Rule:
        puzzle = Puzzle(tuple(hand), target, rule)
        state = State.of(puzzle)
        truth = Truth(puzzle)
        assert truth.dead(state) is not can_reach(state, target, rule)
        assert truth.wins(state, ()) is can_reach(state, target, rule)
