"""What the solver teacher sees in a state: its thoughts in order, their promise, and the truth.

A position is the numbers left and which of them must still be used. Where every number is needed
that is all of them; where not, only those that a thought has made: a winning path then holds no
thought that its answer has no use for.

>>> [thought.text for thought in plausible_thoughts((8, 3), 24)][:3]
['8 + 3 = 11', '8 - 3 = 5', '8 * 3 = 24']
>>> promise(State((4, 6)), 24), promise(State((5, 16)), 24)
(Fraction(1, 1), Fraction(0, 1))
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from itertools import combinations

from tot24_bench.game.puzzle import LARGEST_CARD, Puzzle, Rule
from tot24_bench.game.reach import can_make
from tot24_bench.game.states import Number, State, Thought, can_reach, make_thought

MEMO_STATES = 200_000
"""States remembered: the deck reaches about 30,000 of three and two numbers."""

LARGEST_WRITTEN = 10**12 - 1
"""Largest number, numerator or denominator that is written: `scoring.steps` reads twelve digits."""

Numbers = tuple[Number, ...]


def plausible_thoughts(numbers: Numbers, target: int) -> tuple[Thought, ...]:
    """The thoughts that the teacher considers in a state, in its order.

    Left out are thoughts that only repeat another (a quotient by 1, a difference with 0) and
    products above `target` times the largest card: no hand of the deck needs one (a test checks).
    Where a state can be won by such a product alone, the search takes `every_thought`.
    """
    return _ordered(numbers, abs(target) * LARGEST_CARD)


def every_thought(numbers: Numbers) -> tuple[Thought, ...]:
    """As `plausible_thoughts`, with larger products: enough for every solution that is written.

    No number goes past LARGEST_WRITTEN: hands of hundreds and thousands can need that.
    """
    return _ordered(numbers, None)


@lru_cache(maxsize=MEMO_STATES)
def promise(state: State, target: int) -> Fraction:
    """How promising a state looks, from 0 to 1: the share of its numbers that look useful.

    A number looks useful where it is the target or divides it (24, 12, 8, 6, 4, 3, 2, 1 for 24), or
    where it makes the target with one other number left. A look, not an oracle: a state that looks
    best may be dead.
    """
    numbers = state.numbers
    useful = 0
    for i, x in enumerate(numbers):
        if x == target or (isinstance(x, int) and x and target and target % x == 0):
            useful += 1
            continue
        others = numbers[:i] + numbers[i + 1 :]
        useful += any(
            target in (x + y, x - y, y - x, x * y)
            or (y and x == target * y)
            or (x and y == target * x)
            for y in others
        )
    return Fraction(useful, len(numbers))


def line_of(thought: Thought) -> str:
    """A thought as a search writes it."""
    return f"{thought.text} (left: {thought.left.text})"


class Truth:
    """Exact judgements for one puzzle, some states of which may be forbidden."""

    def __init__(self, puzzle: Puzzle, forbidden: frozenset[State]) -> None:
        self.target = puzzle.target
        self.every_number = puzzle.rule is Rule.ALL
        self._forbidden = forbidden
        self._smallest = min((len(state.numbers) for state in forbidden), default=0)
        self._known: dict[tuple[Numbers, Numbers], bool] = {}

    def forbids(self, state: State) -> bool:
        """Whether a state may not be shown."""
        return state in self._forbidden

    def dead(self, state: State) -> bool:
        """Whether the state cannot make the target at all, by forbidden states or others."""
        if self.every_number:
            return not can_reach(state, self.target)
        return not _some_can(state.numbers, self.target)

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
            if not can_reach(state, self.target):
                return False
        elif not _uses(state.numbers, made, self.target):
            return False
        if len(state.numbers) <= self._smallest or not self._forbidden:
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


@lru_cache(maxsize=MEMO_STATES)
def _ordered(numbers: Numbers, limit: int | None) -> tuple[Thought, ...]:
    whole: dict[str, Thought] = {}
    fractions: dict[str, Thought] = {}
    for thought in _in_order(numbers):
        if limit is not None and thought.op == "*" and thought.value > limit:
            continue
        if max(thought.value.numerator, thought.value.denominator) > LARGEST_WRITTEN:
            continue
        new_fraction = thought.op == "/" and not all(
            isinstance(number, int) for number in (thought.a, thought.b, thought.value)
        )
        (fractions if new_fraction else whole).setdefault(thought.text, thought)
    return (*whole.values(), *fractions.values())


def _in_order(numbers: Numbers) -> Iterator[Thought]:
    for i in reversed(range(len(numbers))):
        for j in reversed(range(i + 1, len(numbers))):
            rest = tuple(number for k, number in enumerate(numbers) if k not in (i, j))
            small, large = sorted((numbers[i], numbers[j]))
            yield make_thought(large, "+", small, rest)
            if small:
                yield make_thought(large, "-", small, rest)
            yield make_thought(large, "*", small, rest)
            if small not in (0, 1):
                yield make_thought(large, "/", small, rest)
            if small and large not in (1, small):
                yield make_thought(small, "/", large, rest)


@lru_cache(maxsize=MEMO_STATES)
def _some_can(numbers: Numbers, target: int) -> bool:
    """Whether some of the numbers make the target."""
    return any(
        can_make(part, target)
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
        can_make((*made, *part), target)
        for size in range(len(spare) + 1)
        for part in combinations(spare, size)
        if made or part
    )
