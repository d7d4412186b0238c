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

from collections.abc import Iterable
from functools import cache
from random import Random

from tot24_bench.game.puzzle import TARGET, Hand, Puzzle
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


def sample_states(puzzles: Iterable[Puzzle], count: int, seed: int = 0) -> tuple[Puzzle, ...]:
    """Inner states of hands as puzzles of their own, each once: what to ask a judge of states.

    States with a zero or a fraction are left out, for a puzzle holds positive integers. Half of
    those of a hand can still win, where it has so many.

    Args:
        puzzles: the hands.
        count: states of each hand, at most.
        seed: which of them.
    """
    found: dict[tuple[State, int], Puzzle] = {}
    for puzzle in puzzles:
        whole = [
            state
            for state in inner_states(puzzle.hand)
            if all(isinstance(number, int) and number > 0 for number in state.numbers)
        ]
        whole.sort()
        Random(f"{seed}:{puzzle.text}:{puzzle.target}").shuffle(whole)
        alive = [state for state in whole if can_reach(state, puzzle.target, puzzle.rule)]
        chosen = alive[: max(count // 2, 1)]
        chosen += [state for state in whole if state not in alive][: count - len(chosen)]
        for state in chosen:
            numbers = tuple(int(number) for number in state.numbers)
            found.setdefault((state, puzzle.target), Puzzle(numbers, puzzle.target, puzzle.rule))
    return tuple(found.values())
