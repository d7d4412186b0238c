"""What a test set shares with a training set: hands, and the inner states on the way.

An inner state is three numbers left of a hand, with the target: what has to be judged before the
last two thoughts. A student that met it in training may know the answer by heart. It counts as seen
where any training hand with the same target reaches it, whether or not a trace went there: the
share is an upper bound of what traces can have shown.

>>> from tot24_bench.game.splits import load_split
>>> found = overlap(load_split("train"), load_split("hard100"))
>>> found.shared_hands, found.test_hands, round(found.winning_seen / found.winning, 2)
(0, 100, 0.8)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from tot24_bench.game.puzzle import Puzzle
from tot24_bench.game.states import State, can_reach, thoughts

INNER = 3
"""Numbers of an inner state."""

LONGEST = 5
"""Numbers of the longest hand whose states are followed; six have some 100,000 a hand."""


class OfHand(NamedTuple):
    """One test hand: how many of its winning inner states there are, and how many were seen."""

    puzzle: Puzzle
    winning: int
    seen: int

    @property
    def share(self) -> float:
        """The share seen, 0 to 1; 0 of a hand without winning states."""
        return self.seen / self.winning if self.winning else 0.0


@dataclass(frozen=True, slots=True)
class Overlap:
    """What is shared.

    Attributes:
        train_hands, test_hands: distinct puzzles.
        shared_hands: puzzles in both, whatever the order of their numbers.
        states, states_seen: distinct inner states of the test puzzles, and those seen in training.
        winning, winning_seen: the same of the states that can still win.
        by_hand: every test puzzle, in order.
    """

    train_hands: int
    test_hands: int
    shared_hands: int
    states: int
    states_seen: int
    winning: int
    winning_seen: int
    by_hand: tuple[OfHand, ...]

    @property
    def mean_share(self) -> float:
        """The share of a test puzzle's winning states that were seen, the mean over puzzles."""
        shares = [one.share for one in self.by_hand if one.winning]
        return sum(shares) / len(shares) if shares else 0.0

    @property
    def all_seen(self) -> int:
        """Test puzzles all of whose winning states were seen."""
        return sum(one.winning > 0 and one.seen == one.winning for one in self.by_hand)

    @property
    def none_seen(self) -> int:
        """Test puzzles none of whose winning states was seen."""
        return sum(one.winning > 0 and one.seen == 0 for one in self.by_hand)


def overlap(
    train: Iterable[Puzzle],
    test: Iterable[Puzzle],
    tick: Callable[[], object] = lambda: None,
) -> Overlap:
    """Compare two sets of puzzles.

    Args:
        tick: called once a puzzle.

    Raises:
        ValueError: a puzzle of more than LONGEST numbers, or a set without puzzles.
    """
    trained = {puzzle.identity: puzzle for puzzle in train}
    tested = {puzzle.identity: puzzle for puzzle in test}
    if not trained or not tested:
        raise ValueError("a set without puzzles shares nothing: give at least one hand each")
    seen: set[tuple[State, int]] = set()
    for puzzle in trained.values():
        seen |= {(state, puzzle.target) for state in _inner(puzzle)}
        tick()
    states: set[tuple[State, int]] = set()
    winning: set[tuple[State, int]] = set()
    by_hand = []
    for puzzle in tested.values():
        own = {(state, puzzle.target) for state in _inner(puzzle)}
        wins = {one for one in own if can_reach(one[0], puzzle.target, puzzle.rule)}
        states |= own
        winning |= wins
        by_hand.append(OfHand(puzzle, len(wins), len(wins & seen)))
        tick()
    return Overlap(
        train_hands=len(trained),
        test_hands=len(tested),
        shared_hands=len(trained.keys() & tested.keys()),
        states=len(states),
        states_seen=len(states & seen),
        winning=len(winning),
        winning_seen=len(winning & seen),
        by_hand=tuple(by_hand),
    )


def _inner(puzzle: Puzzle) -> frozenset[State]:
    if len(puzzle.numbers) > LONGEST:
        raise ValueError(
            f"{puzzle.text}: inner states are followed in hands of up to {LONGEST} numbers"
        )
    return _of_three(State.of(puzzle))


@lru_cache(maxsize=20_000)
def _of_three(state: State) -> frozenset[State]:
    if len(state.numbers) <= INNER:
        return frozenset((state,)) if len(state.numbers) == INNER else frozenset()
    return frozenset().union(*(_of_three(thought.left) for thought in thoughts(state)))
