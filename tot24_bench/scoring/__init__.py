"""Scoring: a response in, one Score with a Verdict out. Standard library only.

>>> from tot24_bench.game.puzzle import Puzzle
>>> score(Puzzle.parse("4 4 6 8"), "Answer: (6 - 4) * (4 + 8) = 25").false_rhs
True
"""

from tot24_bench.scoring.analysis import Analysis, Fault, Thought, analyse
from tot24_bench.scoring.answer import find_answer
from tot24_bench.scoring.expression import (
    Expression,
    Problem,
    parse_expression,
    read_expression,
)
from tot24_bench.scoring.judgement import score_method
from tot24_bench.scoring.offers import Answer, Kind
from tot24_bench.scoring.score import Score, Verdict, score

__all__ = [
    "Analysis",
    "Answer",
    "Expression",
    "Fault",
    "Kind",
    "Problem",
    "Score",
    "Thought",
    "Verdict",
    "analyse",
    "find_answer",
    "parse_expression",
    "read_expression",
    "score",
    "score_method",
]
