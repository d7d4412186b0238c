"""The inner states that hands share: three numbers left after a first thought.

A student that has seen a test hand's inner states in training may know the rest of the way by
heart. `state_holdout` keeps them out of training: its traces pass through none of the three-number
states that any hand of hard100 reaches.

>>> len(held_out_states())
1760
>>> avoids_held_out_states((4, 5, 6, 10))
False
"""

from __future__ import annotations

from functools import cache

from tot24_bench.game.puzzle import TARGET, Hand
from tot24_bench.game.splits import load_split
from tot24_bench.game.states import State, can_reach, thoughts


def inner_states(hand: Hand) -> frozenset[State]:
    """The states after one thought, differences larger less smaller."""
    return frozenset(thought.left for thought in thoughts(State(hand)))


def winning_inner_states(hand: Hand, target: int = TARGET) -> frozenset[State]:
    """Those of them that can still win."""
    return frozenset(state for state in inner_states(hand) if can_reach(state, target))


@cache
def held_out_states() -> frozenset[State]:
    """Every inner state of hard100."""
    return frozenset().union(*(inner_states(puzzle.hand) for puzzle in load_split("hard100")))


def avoids_held_out_states(hand: Hand, target: int = TARGET) -> bool:
    """Whether the hand can be won without passing through a held-out state."""
    return bool(winning_inner_states(hand, target) - held_out_states())
