"""A path: the thoughts that lead from a puzzle to its target, and the one expression they make.

>>> path = first_path(Puzzle.parse("4 5 6 10"))
>>> [thought.text for thought in path]
['4 * 5 = 20', '10 - 6 = 4', '4 + 20 = 24']
>>> answer_expression(Puzzle.parse("4 5 6 10"), path)
'(10 - 6) + (4 * 5)'
"""

from __future__ import annotations

from tot24_bench.game.puzzle import Puzzle, Rule
from tot24_bench.game.states import Number, State, Thought, can_reach, thoughts


def first_path(puzzle: Puzzle) -> tuple[Thought, ...]:
    """The first path to the target in the order of `states.thoughts`.

    Where not every number is needed it ends as soon as the target is made.

    Raises:
        ValueError: when the puzzle cannot be solved by thoughts (a negative target never is).
    """
    state, target, rule = State.of(puzzle), puzzle.target, puzzle.rule
    if not can_reach(state, target, rule):
        raise ValueError(f"{puzzle.text} cannot make {target}")
    path: list[Thought] = []
    while not (target in state.numbers and (rule is Rule.SOME or len(state.numbers) == 1)):
        thought = next(t for t in thoughts(state) if can_reach(t.left, target, rule))
        path.append(thought)
        state = thought.left
    return tuple(path)


def answer_expression(puzzle: Puzzle, path: tuple[Thought, ...]) -> str:
    """The path as one expression: each result replaced by what made it, in brackets."""
    made: list[tuple[Number, str]] = [(number, str(number)) for number in puzzle.numbers]
    for thought in path:
        b = _take(made, thought.b)
        a = _take(made, thought.a)
        made.append((thought.value, f"({a} {thought.op} {b})"))
    return made[-1][1][1:-1] if path else made[-1][1]


def _take(made: list[tuple[Number, str]], number: Number) -> str:
    """Use up the newest of the equal numbers at hand."""
    index = max(i for i, (value, _) in enumerate(made) if value == number)
    return made.pop(index)[1]
