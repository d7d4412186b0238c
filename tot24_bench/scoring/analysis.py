"""Replay the thoughts of a response against the exact numbers: where does a search first fail?

`steps` reads what a response states; here every thought gets the state that it starts from, and
the first rule that it breaks, if any. The rules of the replay:

- A thought goes on from the numbers left, or from an earlier state of the path, or from the hand.
  What the response says decides (a new "Steps:", numbering that starts again, "Back to 4 5 16");
  where it says little, the state in which the whole thought is true; failing that the one that its
  note of the numbers left has the size for.
- After a thought that breaks a rule the response's own note of the numbers left is believed, so
  that a later thought is not blamed for an earlier one; such states are never `exact`.
- Thoughts that write a finished path once more (to show it, or to check it) count once. A path is
  finished where it makes the target and no other number is left, or none that must be used.
- What stands after the committed answer explains, and is not read.
- The final attempt is the path from the hand to the last thought. Where it first fails is the place
  of its first broken rule; `answer` where no thought before the last number breaks one and the
  response is still not right. A response that is not right and states no thought is `malformed`,
  never a failure at the first step.

>>> from tot24_bench.game.puzzle import Puzzle
>>> result = analyse(Puzzle.parse("4 4 6 8"), '''Steps:
... 4 * 8 = 32 (left: 4 6 32)
... 32 - 6 = 26 (left: 4 26)
... 26 - 4 = 22 (left: 22)
... Backtrack.
... 4 + 8 = 12 (left: 4 6 12)
... 6 - 2 = 4 (left: 4 12)
... Answer: (4 + 8) * (6 - 4) + 4 = 24''')
>>> result.attempts, result.failed_at, result.final[-1].fault
(2, '2', <Fault.UNAVAILABLE: 'unavailable'>)
"""

from __future__ import annotations

from tot24_bench.game.puzzle import Puzzle
from tot24_bench.scoring.answer import MAX_RESPONSE_CHARS, read_answer
from tot24_bench.scoring.composition import MAX_COMPOSED
from tot24_bench.scoring.markup import read_response
from tot24_bench.scoring.offers import Answer, Kind
from tot24_bench.scoring.replay import MAX_PATH, Replay
from tot24_bench.scoring.score import score_answer
from tot24_bench.scoring.search import AT_ANSWER, MALFORMED, Analysis
from tot24_bench.scoring.steps import read_steps
from tot24_bench.scoring.thought import Fault, Thought, check
from tot24_bench.scoring.winning import MAX_JUDGED_NUMBERS

__all__ = [
    "AT_ANSWER",
    "MALFORMED",
    "MAX_COMPOSED",
    "MAX_JUDGED_NUMBERS",
    "MAX_PATH",
    "Analysis",
    "Fault",
    "Thought",
    "analyse",
    "check",
]


def analyse(puzzle: Puzzle, response: str | None, *, truncated: bool = False) -> Analysis:
    """Score a response and replay its search; never raises, whatever it holds.

    Args:
        puzzle: the puzzle that was asked.
        response: what the model wrote, without the prompt.
        truncated: whether generation stopped at the token limit (see `score`).
    """
    text = response if isinstance(response, str) else ""
    if len(text) > MAX_RESPONSE_CHARS:
        too_long = Answer(Kind.TOO_LONG)
        return Analysis(puzzle, score_answer(puzzle, too_long, truncated), (), too_long)
    read = read_response(text)
    answer = read_answer(read, puzzle)
    said, start = read.said, answer.start
    if read.thought:
        said, start = f"{read.thought}\n{said}", start + len(read.thought) + 1
    thoughts = Replay(puzzle).run(read_steps(said, start))
    return Analysis(puzzle, score_answer(puzzle, answer, truncated), thoughts, answer)
