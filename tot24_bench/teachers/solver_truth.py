"""What the solver teacher knows: which states are dead, which win, and what must still be used.

A position is the numbers left and which of them must still be used. Where every number is needed
that is all of them; where not, only those that a thought has made: a winning path then holds no
thought that its answer has no use for.

>>> truth = Truth(Puzzle.parse("4 5 6 10"), frozenset())
>>> truth.dead(State((4, 5, 16))), truth.dead(State((4, 4, 5)))
(True, False)
"""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations

from tot24_bench.game import Puzzle, Rule, State, Thought, can_make, three_make, two_make
from tot24_bench.teachers.solver_hidden import Hidden
from tot24_bench.teachers.solver_thoughts import (
    MEMO_STATES,
    Numbers,
    every_thought,
    largest_product,
    lazily,
    plausible_thoughts,
)


class Truth:
    """Exact judgements for one puzzle, some states of which may be forbidden.

    Args:
        puzzle: what is asked.
        forbidden: states not to be shown, beside those that its hand hides (`solver_hidden`).
    """

    def __init__(self, puzzle: Puzzle, forbidden: frozenset[State]) -> None:
        self.target = puzzle.target
        self.every_number = puzzle.rule is Rule.ALL
        self._forbidden = Hidden(puzzle.hand, forbidden)
        self._known: dict[tuple[Numbers, Numbers], bool] = {}

    def forbids(self, state: State) -> bool:
        """Whether a state may not be shown."""
        return state in self._forbidden

    def dead(self, state: State) -> bool:
        """Whether the state cannot make the target at all, by forbidden states or others."""
        if self.every_number:
            return not _makes(state.numbers, self.target)
        return not _some_make(state.numbers, self.target)

    def shows_dead(self, state: State) -> bool:
        """Whether a state may be shown, and is dead."""
        return state not in self._forbidden and self.dead(state)

    def done(self, numbers: Numbers, made: Numbers) -> bool:
        """Whether the target is made, with nothing left that must be used."""
        if self.every_number:
            return len(numbers) == 1 and numbers[0] == self.target
        return made == (self.target,) or (not made and self.target in numbers)

    def after(self, made: Numbers, thought: Thought) -> Numbers:
        """What must be used after a thought: the values made and not combined since."""
        if self.every_number:
            return ()
        rest = list(made)
        for operand in (thought.a, thought.b):
            if operand in rest:
                rest.remove(operand)
        return (*rest, thought.value)

    def wins(self, state: State, made: Numbers) -> bool:
        """Whether a path that avoids what is forbidden leads on from a state to the target."""
        if state in self._forbidden:
            return False
        if self.every_number:
            if not _makes(state.numbers, self.target):
                return False
        elif not _uses(state.numbers, made, self.target):
            return False
        if len(state.numbers) <= self._forbidden.smallest or not self._forbidden:
            return True
        key = (state.numbers, made)
        if key not in self._known:
            self._known[key] = self.done(state.numbers, made) or any(
                self.wins(thought.left, self.after(made, thought))
                for thought in every_thought(state.numbers)
            )
        return self._known[key]

    def thoughts(self, numbers: Numbers, made: Numbers) -> tuple[Thought, ...]:
        """The thoughts to try in a state: the plausible ones, or all where only another wins."""
        found = plausible_thoughts(numbers, self.target)
        if any(self.wins(thought.left, self.after(made, thought)) for thought in found):
            return found
        if self.dead(State(tuple(sorted(numbers)))):
            return found
        return every_thought(numbers)

    def until_one_wins(self, numbers: Numbers, made: Numbers) -> tuple[list[Thought], bool]:
        """`thoughts` in their order up to the first that wins, and whether there is one.

        A state has some thirty thoughts, and the third or fourth often wins: the others are not
        even made.
        """
        for most in (largest_product(self.target), None):
            found: list[Thought] = []
            for thought in lazily(numbers, most):
                found.append(thought)
                if self.wins(thought.left, self.after(made, thought)):
                    return found, True
            if most is not None and self.dead(State(tuple(sorted(numbers)))):
                break
        return found, False


@lru_cache(maxsize=MEMO_STATES)
def _makes(numbers: Numbers, target: int) -> bool:
    """Whether all of the numbers make the target; two or three whole ones without a table."""
    if len(numbers) == 2:
        return two_make(*numbers, target)
    if len(numbers) == 3:
        x, y, z = numbers
        if isinstance(x, int) and isinstance(y, int) and isinstance(z, int):
            return three_make(x, y, z, target)
    return can_make(numbers, target)


@lru_cache(maxsize=MEMO_STATES)
def _some_make(numbers: Numbers, target: int) -> bool:
    """Whether some of the numbers make the target."""
    return any(
        _makes(part, target)
        for size in range(1, len(numbers) + 1)
        for part in combinations(numbers, size)
    )


@lru_cache(maxsize=MEMO_STATES)
def _uses(numbers: Numbers, made: Numbers, target: int) -> bool:
    """Whether the target can be made of all values made and some, or none, of the others."""
    spare = list(numbers)
    for number in made:
        spare.remove(number)
    return any(
        _makes((*made, *part), target)
        for size in range(len(spare) + 1)
        for part in combinations(spare, size)
        if made or part
    )
