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

from functools import lru_cache

from tot24_bench.game.parts import part_of
from tot24_bench.game.puzzle import Hand
from tot24_bench.game.states import Number, State

SMALLEST_HAND = 4
"""Numbers of the smallest state that is a hand of a part; fewer are in every search."""

MEMO_HANDS = 200_000
"""Hands whose part is remembered: a search asks for the same ones again and again."""


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


@lru_cache(maxsize=MEMO_HANDS)
def is_test_hand(numbers: tuple[Number, ...]) -> bool:
    """Whether numbers, ascending, are a hand of a test part; no zero, no fraction is in a hand."""
    whole = tuple([number for number in numbers if isinstance(number, int) and number > 0])
    return len(whole) == len(numbers) and part_of(whole) == "test"
