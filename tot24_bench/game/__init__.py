"""Puzzles, the exact solver, search states, and the splits. Standard library only."""

from tot24_bench.game.generated import BadDraw, draw
from tot24_bench.game.loading import ALL_SPLITS, is_split, load_split, split_size
from tot24_bench.game.parts import guard_parts
from tot24_bench.game.puzzle import TARGET, Hand, InvalidPuzzle, Puzzle, Rule, read_puzzle
from tot24_bench.game.solver import Solution, is_solvable, solve
from tot24_bench.game.splits import (
    SPLITS,
    LeakedHand,
    UnknownSplit,
    guard_training_hands,
)

__all__ = [
    "ALL_SPLITS",
    "SPLITS",
    "TARGET",
    "BadDraw",
    "Hand",
    "InvalidPuzzle",
    "LeakedHand",
    "Puzzle",
    "Rule",
    "Solution",
    "UnknownSplit",
    "draw",
    "guard_parts",
    "guard_training_hands",
    "is_solvable",
    "is_split",
    "load_split",
    "read_puzzle",
    "solve",
    "split_size",
]
