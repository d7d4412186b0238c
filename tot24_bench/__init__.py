"""tot24-bench: can a small language model be taught to search?

The public face of the benchmark. Only the exact core (puzzles, solver, splits, scoring, prompts) is
imported here, all of it standard library, so that `import tot24_bench` stays instant;
torch, transformers and lm-eval load only inside the rooms that use them.

>>> from tot24_bench import Puzzle, score
>>> score(Puzzle.parse("4 4 6 8"), "Answer: (6 - 4) * (4 + 8) = 24").correct
True
"""

from tot24_bench.game import Puzzle, Rule, load_split, solve
from tot24_bench.prompts import build as build_prompt
from tot24_bench.reward import reward
from tot24_bench.scoring import Analysis, Score, Verdict, analyse, score

__version__ = "0.1.0"

__all__ = [
    "Analysis",
    "Puzzle",
    "Rule",
    "Score",
    "Verdict",
    "__version__",
    "analyse",
    "build_prompt",
    "load_split",
    "reward",
    "score",
    "solve",
]
