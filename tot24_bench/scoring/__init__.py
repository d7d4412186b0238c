"""Scoring: a response in, one Score with a Verdict out. Standard library only.

>>> from tot24_bench.game.puzzle import Puzzle
>>> score(Puzzle.parse("4 4 6 8"), "Answer: (6 - 4) * (4 + 8) = 25").false_rhs
True
"""

from tot24_bench.scoring.analysis import AT_ANSWER, MALFORMED, Analysis, analyse, published_place
from tot24_bench.scoring.answer import MAX_RESPONSE_CHARS, find_answer, locate_answer
from tot24_bench.scoring.claims import Commitment
from tot24_bench.scoring.equation import Answer
from tot24_bench.scoring.expression import MAX_COMPOSED, parse_expression, read_expression
from tot24_bench.scoring.form import form_of, thoughts_in
from tot24_bench.scoring.markup import plain, read_response
from tot24_bench.scoring.propose_value import (
    Proposals,
    judgement_end,
    read_judgement,
    read_proposals,
    score_method,
)
from tot24_bench.scoring.replay import BrokenRule, Replay, ReplayedThought, check, holds
from tot24_bench.scoring.score import (
    MAX_JUDGED_NUMBERS,
    MAX_SOLVED_NUMBERS,
    Score,
    Verdict,
    score,
    wins,
)
from tot24_bench.scoring.steps import Step, read_canonical, read_steps
from tot24_bench.scoring.tokens import Problem, tokenize
