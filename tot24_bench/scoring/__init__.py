"""Scoring: a response in, one Score with a Verdict out. Standard library only.

>>> from tot24_bench.game.puzzle import Puzzle
>>> score(Puzzle.parse("4 4 6 8"), "Answer: (6 - 4) * (4 + 8) = 25").false_rhs
True
"""

from tot24_bench.scoring.analysis import (
    AT_ANSWER,
    MALFORMED,
    MAX_COMPOSED,
    MAX_JUDGED_NUMBERS,
    Analysis,
    Fault,
    Thought,
    analyse,
    check,
)
from tot24_bench.scoring.answer import MAX_RESPONSE_CHARS, find_answer, locate_answer
from tot24_bench.scoring.canonical import one_expression, read_canonical
from tot24_bench.scoring.expression import Expression, Problem, parse_expression, read_expression
from tot24_bench.scoring.judgement import judgement_end, score_method
from tot24_bench.scoring.markup import plain, read_response
from tot24_bench.scoring.offers import Answer, Kind
from tot24_bench.scoring.published_count import published_place
from tot24_bench.scoring.replay import Replay
from tot24_bench.scoring.score import MAX_SOLVED_NUMBERS, Score, Verdict, score
from tot24_bench.scoring.steps import Step, read_steps
from tot24_bench.scoring.thought import holds
from tot24_bench.scoring.tokens import tokenize
from tot24_bench.scoring.winning import wins
