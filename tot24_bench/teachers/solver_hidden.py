"""Which states the text of a puzzle must not show: those to avoid, and hands of a test part.

A search of five numbers passes through four: `6 + 3 = 9 (left: 2 2 2 9)` of a train hand is the
start of a search of 2 2 2 9, which is a test hand. So no search of a hand of five numbers or more
that is itself of no test part shows four numbers or more, all whole and positive, whose part is
test. Beyond the deck's cards a part is a hash: about half of such a hand's states go. What a test
hand's own text shows is nobody's training data, and stays as it is.

>>> hidden = Hidden((2, 2, 2, 3, 6), frozenset())
>>> State((2, 2, 2, 9)) in hidden, State((2, 2, 4, 10)) in hidden, State((2, 2, 9)) in hidden
(True, False, False)
"""

from __future__ import annotations

from collections.abc import Iterable

from tot24_bench.game import (
    SMALLEST_HAND,
    TARGET,
    Hand,
    Puzzle,
    State,
    is_test_hand,
    solved_by,
    trees_to,
)
from tot24_bench.scoring import Replay, read_steps

MOST_DETOURS = 50
"""Solutions of test hands that are gone around; a hand that has more of them is not taught."""


class Hidden:
    """The states that a text about a hand must not show; none of them may be passed, either.

    Args:
        hand: the numbers asked about, ascending.
        avoid: states that are hidden whatever the hand.
    """

    def __init__(self, hand: Hand, avoid: frozenset[State]) -> None:
        self._avoid = avoid
        self._parts = hides_test_hands(hand)
        sizes = [len(state.numbers) for state in avoid]
        if self._parts:
            sizes.append(SMALLEST_HAND)
        self.smallest = min(sizes, default=0)

    def __bool__(self) -> bool:
        """Whether any state at all may be hidden."""
        return self.smallest > 0

    def __contains__(self, state: State) -> bool:
        if state in self._avoid:
            return True
        return self._parts and len(state.numbers) >= SMALLEST_HAND and is_test_hand(state.numbers)


def hides_test_hands(hand: Hand) -> bool:
    """Whether searches of a hand, ascending, must not show test hands."""
    return len(hand) > SMALLEST_HAND and not is_test_hand(hand)


def where_test_hand_is_solved(puzzle: Puzzle, lines: Iterable[str]) -> State | None:
    """A state of a search that settles, with what came before it, the solution of a test hand."""
    thoughts = Replay(puzzle).run(read_steps("\n".join(lines)))
    steps = [(thought.parent, *thought.step[:3]) for thought in thoughts]
    targets = {TARGET, puzzle.target}
    for place, tree in trees_to(puzzle.hand, steps, targets):
        if any(map(is_test_hand, solved_by(tree, targets))):
            on_path = [thoughts[place]]
            while on_path[-1].parent >= 0:
                on_path.append(thoughts[on_path[-1].parent])
            return State(max((t.left for t in on_path if len(t.left) < SMALLEST_HAND), key=len))
    return None
