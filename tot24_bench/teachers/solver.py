"""The exact solver as a teacher: it writes the response that a perfect searcher would write.

A One-Step ToT response is a depth-first search written out. In each state the plausible thoughts
are tried in a fixed order (pairs from the end of the numbers as dealt; + - * and exact quotients,
then fractions). A thought that leaves numbers which cannot make the target is either marked
`dead end`, or, where it leaves three or more and with probability `explore`, followed until
everything below it is marked, and then the search goes `Back to` the numbers it came from. The
first winning path ends the search. CoT is that path alone, IO its answer alone. The marks are
oracle knowledge: only a solver can always tell, so records and tables must call this teacher an
exact search, never a model.

>>> print(write_response(Puzzle.parse("4 5 6 10"), "onestep_tot", Random(0)))
Steps:
10 + 6 = 16 (left: 4 5 16): dead end
10 - 6 = 4 (left: 4 4 5)
5 + 4 = 9 (left: 4 9): dead end
5 - 4 = 1 (left: 1 4): dead end
5 * 4 = 20 (left: 4 20)
20 + 4 = 24 (left: 24)
Path:
10 - 6 = 4
5 * 4 = 20
20 + 4 = 24
Answer: (5 * (10 - 6)) + 4 = 24
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from random import Random

from tot24_bench.game.path import answer_expression
from tot24_bench.game.puzzle import LARGEST_CARD, Puzzle, Rule
from tot24_bench.game.states import Number, State, Thought, can_reach, make_thought

NAME = "solver"
"""How records and tables name this teacher."""

EXPLORE = 0.2
"""Default share of dead ends that are followed instead of marked at once.

A student trained on this mix marks a state only where it is over 1 / (2 * (1 - EXPLORE)) = 62% sure
that the state is dead, and searches it where it is less sure.
"""

DEAD_END = ": dead end"
BACK_TO = "Back to "
PATH = "Path:"
NO_SOLUTION = "Answer: no solution"


def write_response(puzzle: Puzzle, method: str, rng: Random, explore: float = EXPLORE) -> str:
    """The teacher's response to a prompt of `method` (`io`, `cot` or `onestep_tot`).

    The same `rng` state gives the same response. Unsolvable puzzles are answered "no solution",
    after the whole search where the method is One-Step ToT.

    Raises:
        ValueError: for a method it does not know, a puzzle that need not use every number or asks
            for a negative target, or (never in the deck) a solution that its order of thoughts
            does not hold.
    """
    if puzzle.rule is not Rule.ALL or puzzle.target < 0:
        raise ValueError(
            "the solver teacher writes for puzzles that use every number to make 0 or more"
        )
    if method not in ("io", "cot", "onestep_tot"):
        raise ValueError(f"the solver teacher has no response for method {method!r}")
    search = _Search(puzzle, rng, explore if method == "onestep_tot" else 0.0)
    path = search.run()
    if path is None and can_reach(State.of(puzzle), puzzle.target):
        raise ValueError(
            "the solver teacher's plausible thoughts do not reach "
            f"{puzzle.target} from {puzzle.text}"
        )
    if path is None:
        lines = search.lines if method == "onestep_tot" else []
        answer = NO_SOLUTION
    else:
        lines = [_line(thought) for thought in path]
        if method == "onestep_tot":
            lines = [*search.lines, PATH, *(thought.text for thought in path)]
        answer = f"Answer: {answer_expression(puzzle, path)} = {puzzle.target}"
    return answer if method == "io" else "\n".join(("Steps:", *lines, answer))


def plausible_thoughts(numbers: tuple[Number, ...], target: int) -> tuple[Thought, ...]:
    """The thoughts that the teacher considers in a state, in its order.

    Left out are thoughts that only repeat another (a quotient by 1, a difference with 0) and
    products above `target` times the largest card: no hand of the deck needs one (a test checks).
    """
    return _plausible(numbers, target)


class _Search:
    """One depth-first search and the lines it writes."""

    def __init__(self, puzzle: Puzzle, rng: Random, explore: float) -> None:
        self.lines: list[str] = []
        self._puzzle, self._rng, self._explore = puzzle, rng, explore

    def run(self) -> tuple[Thought, ...] | None:
        """The winning path; None when there is none."""
        return self._below(self._puzzle.numbers)

    def _below(self, numbers: tuple[Number, ...]) -> tuple[Thought, ...] | None:
        target = self._puzzle.target
        if len(numbers) == 1:
            return () if numbers[0] == target else None
        for thought in _plausible(numbers, target):
            line = _line(thought)
            if can_reach(thought.left, target):
                self.lines.append(line)
                rest = self._below(thought.left.numbers)
                if rest is not None:
                    return (thought, *rest)
            elif len(numbers) == 2:
                # Two numbers are judged at sight: the thought that wins is written at once.
                continue
            elif len(numbers) > 3 and self._rng.random() < self._explore:
                self.lines.append(line)
                self._below(thought.left.numbers)
                self.lines.append(BACK_TO + " ".join(map(str, numbers)))
            else:
                self.lines.append(line + DEAD_END)
        return None


@lru_cache(maxsize=200_000)
def _plausible(numbers: tuple[Number, ...], target: int) -> tuple[Thought, ...]:
    limit = abs(target) * LARGEST_CARD
    whole: dict[str, Thought] = {}
    fractions: dict[str, Thought] = {}
    for thought in _in_order(numbers):
        if thought.op == "*" and thought.value > limit:
            continue
        new_fraction = thought.op == "/" and not all(
            isinstance(number, int) for number in (thought.a, thought.b, thought.value)
        )
        (fractions if new_fraction else whole).setdefault(thought.text, thought)
    return (*whole.values(), *fractions.values())


def _in_order(numbers: tuple[Number, ...]) -> Iterator[Thought]:
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


def _line(thought: Thought) -> str:
    return f"{thought.text} (left: {thought.left.text})"
