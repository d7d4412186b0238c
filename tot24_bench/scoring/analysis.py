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

from fractions import Fraction

from tot24_bench.game.puzzle import Puzzle
from tot24_bench.scoring.answer import MAX_RESPONSE_CHARS, locate_answer
from tot24_bench.scoring.canonical import one_expression, read_canonical
from tot24_bench.scoring.composition import MAX_COMPOSED
from tot24_bench.scoring.equation import Equation
from tot24_bench.scoring.expression import Expression
from tot24_bench.scoring.lines import Answer, Kind, read_line
from tot24_bench.scoring.markup import plain, spoken, thinking
from tot24_bench.scoring.replay import MAX_PATH, Replay
from tot24_bench.scoring.score import score_answer
from tot24_bench.scoring.search import AT_ANSWER, MALFORMED, Analysis
from tot24_bench.scoring.steps import Step, read_steps
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
    quick = _analyse_canonical(puzzle, text, truncated) if len(text) <= MAX_RESPONSE_CHARS else None
    return quick or _analyse_any(puzzle, text, truncated)


def _analyse_canonical(puzzle: Puzzle, text: str, truncated: bool) -> Analysis | None:
    """What `_analyse_any` gives, for a response in canonical form; None for any other."""
    read = read_canonical(text)
    if read is None:
        return None
    thoughts = Replay(puzzle).run(read.steps)
    answer = _path_as_answer(puzzle, thoughts, *read.answer)
    if answer is None:
        # In canonical lines nothing else introduces an answer: the only marker's line decides.
        line = " = ".join(read.answer)
        answer = read_line(line, puzzle.target, at_end=True, bullets=False, prose=True)
        if answer is None or answer.equation is None or answer.equation.repeats(puzzle.target):
            return None
    return Analysis(puzzle, score_answer(puzzle, answer, truncated), thoughts, answer)


def _path_as_answer(
    puzzle: Puzzle, thoughts: tuple[Thought, ...], expression: str, said: str
) -> Answer | None:
    """The answer of a response whose last path to one number is its expression, to the letter.

    Every thought of the path was found true: what it comes to needs no second look. None where the
    answer is another, be it in the order of its sums alone.
    """
    i = len(thoughts) - 1
    while i >= 0 and thoughts[i].repeats:
        i -= 1
    if i < 0 or not thoughts[i].exact or len(thoughts[i].left) != 1:
        return None
    value = thoughts[i].left[0]
    path: list[Step] = []
    while i >= 0:
        path.append(thoughts[i].step)
        i = thoughts[i].parent
    if one_expression(puzzle.numbers, reversed(path)) != expression:
        return None
    worth = Fraction(value)
    equals = worth if (number := int(said)) == value else Fraction(number)
    read = Expression(expression, puzzle.hand, worth, None, "", len(expression), len(path))
    return Answer(Kind.EXPRESSION, expression, Equation(read, (equals,), True, ""), introduced=True)


def _analyse_any(puzzle: Puzzle, text: str, truncated: bool) -> Analysis:
    """The general way: a response in any form."""
    if len(text) > MAX_RESPONSE_CHARS:
        too_long = Answer(Kind.TOO_LONG)
        return Analysis(puzzle, score_answer(puzzle, too_long, truncated), (), too_long)
    said = plain(spoken(text)).rstrip()
    answer, start = locate_answer(said, puzzle.target)
    result = score_answer(puzzle, answer, truncated)
    thought_out = plain(thinking(text))
    if thought_out:
        said, start = f"{thought_out}\n{said}", start + len(thought_out) + 1
    if "\\n" in said[:start]:
        steps = read_steps(said[:start].replace("\\n", "\n"))
    else:
        steps = read_steps(said, start)
    return Analysis(puzzle, result, Replay(puzzle).run(steps), answer)
