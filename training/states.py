"""States of three numbers as puzzles of their own: judgement, trained by itself.

A search of four numbers comes to many states of three, and nearly all of them are dead: a student
sees few that are not. Here both kinds are drawn equally often. The states are those that training
hands come to; half of all hands of three numbers are in the test part (`game.parts`) and left out.

>>> alive, dead = states((Puzzle.parse("1 2 4 8"),))
>>> alive[0].text, dead[0].text
('1 4 6', '1 2 4')
"""

from __future__ import annotations

from collections.abc import Sequence

from tot24_bench.game import Puzzle
from tot24_bench.game.parts import part_of
from tot24_bench.game.solver import is_solvable
from tot24_bench.teachers.solver_lookahead import states_looked_at


def states(hands: Sequence[Puzzle]) -> tuple[tuple[Puzzle, ...], tuple[Puzzle, ...]]:
    """States that can make 24, and states that cannot; whole positive numbers only, as written."""
    alive: dict[Puzzle, None] = {}
    dead: dict[Puzzle, None] = {}
    for hand in hands:
        for left in states_looked_at(hand.numbers):
            whole = tuple(number for number in left if isinstance(number, int) and number > 0)
            if len(whole) == len(left) and part_of(tuple(sorted(whole))) == "train":
                puzzle = Puzzle(whole)
                (alive if is_solvable(puzzle) else dead)[puzzle] = None
    return tuple(alive), tuple(dead)
