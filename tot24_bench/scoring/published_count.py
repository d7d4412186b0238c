"""The published way to count first failed steps, kept so that what it does can be seen.

The plot of slm-tot counts a response as failed at step 1 when its cleaned lines, up to the last
line that starts with `Answer:`, are fewer than four or their number less one is not a multiple of
three; else only its last four lines, three thoughts and the answer, are judged. Nearly all of its
"failed at step 1" are responses that this could not parse. Its lines were cleaned by hand, too;
here a cleaned line is one that holds a `=`, which comes closest. Use `analysis` for anything else.

>>> from tot24_bench.game.puzzle import Puzzle
>>> published_place(Puzzle.parse("4 4 6 8"), "4 + 8 = 12 (left: 4 6 12)\\nAnswer: 12 * 2 = 24")
'1'
"""

from __future__ import annotations

from tot24_bench.game.puzzle import Puzzle
from tot24_bench.game.states import Number
from tot24_bench.scoring.analysis import AT_ANSWER, check
from tot24_bench.scoring.markup import plain
from tot24_bench.scoring.score import score
from tot24_bench.scoring.steps import read_steps

THOUGHTS = 3
"""Thoughts of a path from four numbers; the published count knows no other hands."""


def published_place(puzzle: Puzzle, response: str) -> str | None:
    """Where the published count says that a response fails; None for a correct one.

    Returns:
        "1", "2", "3", `answer`, or None.
    """
    lines = cleaned_lines(response)
    if not is_parsed(lines):
        return "1"
    *thoughts, answer = lines[-THOUGHTS - 1 :]
    state: tuple[Number, ...] = puzzle.hand
    for place, line in enumerate(thoughts, 1):
        steps = read_steps(line)
        if not steps:
            return str(place)
        fault, state = check(steps[0], state)
        if fault is not None:
            return str(place)
    return None if score(puzzle, answer).correct else AT_ANSWER


def cleaned_lines(response: str) -> list[str]:
    """The lines that hold a `=`, up to the last that starts with `Answer:` if there is one."""
    lines = [line.strip() for line in plain(response).split("\n") if "=" in line]
    answers = [i for i, line in enumerate(lines) if line.startswith("Answer:")]
    return lines[: answers[-1] + 1] if answers else lines


def is_parsed(lines: list[str]) -> bool:
    """Whether the published count judges the lines at all."""
    return len(lines) > THOUGHTS and (len(lines) - 1) % THOUGHTS == 0
