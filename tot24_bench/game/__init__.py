"""Puzzles, the exact solver, search states, and the fixed splits. Standard library only."""

from tot24_bench.game.puzzle import TARGET, Hand, InvalidPuzzle, Puzzle, Rule
from tot24_bench.game.solver import Solution, is_solvable, solve
from tot24_bench.game.splits import (
    SPLITS,
    LeakedHand,
    UnknownSplit,
    guard_training_hands,
    load_split,
)

__all__ = [
    "SPLITS",
    "TARGET",
    "Hand",
    "InvalidPuzzle",
    "LeakedHand",
    "Puzzle",
    "Rule",
    "Solution",
    "UnknownSplit",
    "guard_training_hands",
    "is_solvable",
    "load_split",
    "solve",
]
