"""What the solver knows of a puzzle's states: which are dead, which win, which must stay hidden.

Thoughts come in a fixed order: pairs from the end of the numbers to the first, sums, differences,
products and exact quotients; quotients that leave a fraction come last.

Some states must not be shown. A search of five numbers passes through hands of four: `6 + 3 = 9
(left: 2 2 2 9)` of a train hand is the start of a search of 2 2 2 9, which is a test hand. So no
search of five numbers or more, unless the hand is itself of a test part, shows four numbers or
more, all whole and positive, whose part is test. Beyond the deck's cards a part is a hash: about
half of such a hand's states go. What a test hand's own text shows is nobody's training data.

>>> truth = Truth(Puzzle.parse("4 5 6 10"))
>>> truth.dead(State((4, 5, 16))), truth.dead(State((4, 4, 5)))
(True, False)
>>> truth = Truth(Puzzle.parse("2 2 2 3 6"))
>>> truth.hides(State((2, 2, 2, 9))), truth.hides(State((2, 2, 4, 10)))
(True, False)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import combinations
from typing import TypeVar

from tot24_bench.game import (
    LARGEST_CARD,
    MEMO_STATES,
    SMALLEST_HAND,
    TARGET,
    Hand,
    Number,
    Puzzle,
    Rule,
    State,
    Thought,
    can_make,
    is_test_hand,
    make_thought,
    solved_by,
    three_make,
    trees_to,
    two_make,
)
from tot24_bench.scoring import Replay, read_steps

LARGEST_WRITTEN = 10**12 - 1  # numerator or denominator: `scoring.steps` reads twelve digits
MOST_DETOURS = 50  # solutions of test hands that are gone around

Numbers = tuple[Number, ...]

_Written = TypeVar("_Written")


class Truth:
    """Exact judgements for one puzzle.

    A position is the numbers left and those of them that must still be used (`made`). Where every
    number is needed `made` stays empty; where not, it holds the values that a thought has made: a
    winning path then has no thought that its answer has no use for.

    States to `avoid` are hidden beside those that the hand hides anyway.
    """

    def __init__(self, puzzle: Puzzle, avoid: frozenset[State] = frozenset()) -> None:
        self.target, self.rule = puzzle.target, puzzle.rule
        self._avoid = avoid
        self._hides_test_hands = hides_test_hands(puzzle.hand)
        sizes = [len(state.numbers) for state in avoid]
        sizes += [SMALLEST_HAND] * self._hides_test_hands
        self._smallest_hidden = min(sizes, default=len(puzzle.numbers))
        self._known: dict[tuple[State, Numbers], bool] = {}

    def hides(self, state: State) -> bool:
        """Whether a state may not be shown."""
        return state in self._avoid or (
            self._hides_test_hands
            and len(state.numbers) >= SMALLEST_HAND
            and is_test_hand(state.numbers)
        )

    def dead(self, state: State) -> bool:
        """Whether the state cannot make the target at all, by hidden states or others."""
        if self.rule is Rule.ALL:
            return not _makes(state.numbers, self.target)
        return not _uses(state.numbers, (), self.target)

    def done(self, numbers: Numbers, made: Numbers) -> bool:
        """Whether the target is made, with nothing left that must be used."""
        if self.rule is Rule.ALL:
            return len(numbers) == 1 and numbers[0] == self.target
        return made == (self.target,) or (not made and self.target in numbers)

    def after(self, made: Numbers, thought: Thought) -> Numbers:
        """What must be used after a thought: the values made and not combined since."""
        if self.rule is Rule.ALL:
            return ()
        rest = list(made)
        for operand in (thought.a, thought.b):
            if operand in rest:
                rest.remove(operand)
        return (*rest, thought.value)

    def wins(self, state: State, made: Numbers = ()) -> bool:
        """Whether a path that avoids what is hidden leads on from a state to the target."""
        if self.rule is Rule.ALL:
            if self.dead(state):
                return False
        elif not _uses(state.numbers, made, self.target):
            return False
        if self.hides(state):
            return False
        if len(state.numbers) <= self._smallest_hidden:
            return True
        key = (state, made)
        if key not in self._known:
            self._known[key] = self.done(state.numbers, made) or any(
                self.wins(thought.left, self.after(made, thought))
                for thought in thoughts_of(state.numbers, None)
            )
        return self._known[key]

    def limits(self, numbers: Numbers) -> Iterator[int | None]:
        """The largest products to try in a state; a second, None, where no plausible one wins."""
        yield largest_product(self.target)
        if not self.dead(State(tuple(sorted(numbers)))):
            yield None


def hides_test_hands(hand: Hand) -> bool:
    """Whether searches of a hand, ascending, must not show test hands."""
    return len(hand) > SMALLEST_HAND and not is_test_hand(hand)


def around_test_hands(
    puzzle: Puzzle,
    avoid: frozenset[State],
    write: Callable[[frozenset[State]], _Written],
    lines_of: Callable[[_Written], Iterable[str]],
) -> _Written | None:
    """What is written around the states on whose paths a test hand is solved; None where there are
    more than MOST_DETOURS of them.
    """
    for _ in range(MOST_DETOURS + 1):
        written = write(avoid)
        if not hides_test_hands(puzzle.hand):
            return written
        state = where_test_hand_is_solved(puzzle, lines_of(written))
        if state is None:
            return written
        avoid |= {state}
    return None


def where_test_hand_is_solved(puzzle: Puzzle, lines: Iterable[str]) -> State | None:
    """A state of a search that settles, with what came before it, the solution of a test hand."""
    thoughts = Replay(puzzle).run(read_steps("\n".join(lines)))
    steps = [(thought.parent, *thought.step[:3]) for thought in thoughts]
    targets = {TARGET, puzzle.target}
    for place, tree in trees_to(puzzle.hand, steps, targets):
        if any(map(is_test_hand, solved_by(tree, targets))):
            on_path = []
            while place >= 0:
                on_path.append(thoughts[place].left)
                place = thoughts[place].parent
            return State(max((left for left in on_path if len(left) < SMALLEST_HAND), key=len))
    return None


def largest_product(target: int) -> int:
    """The largest plausible product: no hand of the deck needs a larger one (a test checks)."""
    return abs(target) * LARGEST_CARD


def thoughts_of(numbers: Numbers, limit: int | None) -> Iterator[Thought]:
    """The thoughts of a state in the teacher's order, made one by one: most are never asked for.

    Left out are thoughts that only repeat another (a quotient by 1, a difference with 0), products
    above the limit, and numbers past LARGEST_WRITTEN.
    """
    for a, op, b, rest in _combinations(numbers, limit):
        thought = make_thought(a, op, b, rest)
        value = thought.value
        if value.numerator <= LARGEST_WRITTEN and value.denominator <= LARGEST_WRITTEN:
            yield thought


@lru_cache(maxsize=MEMO_STATES)
def plausible_thoughts(numbers: Numbers, target: int) -> tuple[Thought, ...]:
    """The thoughts that the teacher considers in a state, in its order."""
    return tuple(thoughts_of(numbers, largest_product(target)))


def _combinations(
    numbers: Numbers, limit: int | None
) -> Iterator[tuple[Number, str, Number, Numbers]]:
    """The thoughts `a op b`, each with the numbers that it leaves alone."""
    seen: set[tuple[Number, Number]] = set()
    fractions: list[tuple[Number, str, Number, Numbers]] = []
    for i in reversed(range(len(numbers))):
        for j in reversed(range(i + 1, len(numbers))):
            small, large = sorted((numbers[i], numbers[j]))
            if (small, large) in seen:
                continue
            seen.add((small, large))
            rest = numbers[:i] + numbers[i + 1 : j] + numbers[j + 1 :]
            yield large, "+", small, rest
            if small:
                yield large, "-", small, rest
            if limit is None or large * small <= limit:
                yield large, "*", small, rest
            if small not in (0, 1):
                if isinstance(small, int) and isinstance(large, int) and large % small == 0:
                    yield large, "/", small, rest
                else:
                    fractions.append((large, "/", small, rest))
            if small and large not in (1, small):
                fractions.append((small, "/", large, rest))
    yield from fractions


def line_of(thought: Thought) -> str:
    """A thought as a search writes it, without a mark."""
    return f"{thought.text} (left: {thought.left.text})"


@lru_cache(maxsize=MEMO_STATES)
def _makes(numbers: Numbers, target: int) -> bool:
    """Whether all of the numbers make the target; two or three without a table, being most."""
    if len(numbers) == 2:
        return two_make(*numbers, target)
    if len(numbers) == 3:
        x, y, z = numbers
        if isinstance(x, int) and isinstance(y, int) and isinstance(z, int):
            return three_make(x, y, z, target)
    return can_make(numbers, target)


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
