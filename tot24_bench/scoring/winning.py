"""Whether the numbers left can still make the target: what a search must be judged by.

>>> wins((4, 5, 16), 24), wins((18, 54, 61), 25), wins((18, 43, 61), 25, Rule.SOME)
(False, True, True)
"""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations

from tot24_bench.game.puzzle import Rule
from tot24_bench.game.reach import three_make, two_make
from tot24_bench.game.states import MEMO_STATES, Number, State, can_still_win

MAX_JUDGED_NUMBERS = 5
"""Largest state that the solver is asked about; each number more costs it over ten times."""


def wins(numbers: tuple[Number, ...], target: int, rule: Rule = Rule.ALL) -> bool:
    """Whether the numbers, ascending, can make the target; the commonest ones at sight.

    Negative numbers and targets are known, too: models write them.

    Args:
        numbers: at most MAX_JUDGED_NUMBERS, or it takes long.
        target: what to make.
        rule: whether all of the numbers must be used, or at least one.
    """
    if rule is Rule.SOME:
        return _some_win(numbers, target)
    if target >= 0 and numbers[0].numerator >= 0:
        if len(numbers) == 2:
            return two_make(numbers[0], numbers[1], target)
        if len(numbers) == 3:
            x, y, z = numbers
            if isinstance(x, int) and isinstance(y, int) and isinstance(z, int):
                return three_make(x, y, z, target)
    return can_still_win(State(numbers), target)


@lru_cache(maxsize=MEMO_STATES)
def _some_win(numbers: tuple[Number, ...], target: int) -> bool:
    """Whether a part of the numbers makes the target with all that is in it; small parts first."""
    return any(
        wins(part, target)
        for size in range(1, len(numbers) + 1)
        for part in combinations(numbers, size)
    )
