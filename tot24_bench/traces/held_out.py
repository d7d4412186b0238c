"""What may not be trained on, wherever it shows: in the hand asked, a prompt, or a response.

| what | where |
| --- | --- |
| hands of a test part, held-out targets, and 4 4 6 8 | the hand asked |
| hands of a test part | the exemplars of the prompt; a response that runs on into another hand |
| three-number states of hard100, where they are to be avoided | all that the response shows |

The numbers left that `propose` and `value` ask about are in every search of every train hand; with
fewer than four of them, parts say nothing about them. What keeps those of hard100 out is
`Avoid.STATE_HOLDOUT`.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache

from tot24_bench.game import Puzzle, load_split
from tot24_bench.game.inner_states import held_out_states
from tot24_bench.game.parts import held_out_targets, part_of
from tot24_bench.game.puzzle import Hand, InvalidPuzzle
from tot24_bench.game.splits import EXEMPLAR_IN_NO_SPLIT, HELD_OUT
from tot24_bench.game.states import Number, State
from tot24_bench.prompts import STEP_METHODS, build_any
from tot24_bench.scoring.analysis import Analysis
from tot24_bench.scoring.steps import read_steps
from tot24_bench.traces.trace import Trace

EXEMPLAR = "exemplar 4 4 6 8"
"""What `held_out_split` calls the hand that every prompt shows."""

SMALLEST_HAND = 4
"""Numbers of the smallest hand; fewer are an inner state, where a method asks for those."""

INNER = 3
"""Numbers of the states that are held out."""


class Avoid(StrEnum):
    """What is held out beside test hands: nothing, or the inner states of hard100."""

    NOTHING = "nothing"
    STATE_HOLDOUT = "state_holdout"


def held_out_split(puzzle: Puzzle, method: str = "onestep_tot") -> str | None:
    """Why a puzzle may not be asked in training: the split that holds it; None where it may.

    >>> held_out_split(Puzzle.parse("10 6 5 4")), held_out_split(Puzzle.parse("1 1 4 6"))
    ('hard100', None)
    """
    if puzzle.hand == EXEMPLAR_IN_NO_SPLIT:
        return EXEMPLAR
    if puzzle.target in held_out_targets():
        return "held-out target"
    if is_inner_state(method, puzzle) or part_of(puzzle.hand) != "test":
        return None
    return _splits().get(puzzle.hand, "other test hands")


def is_inner_state(method: str, puzzle: Puzzle) -> bool:
    """Whether what was asked is no hand, but numbers left on the way."""
    return method in STEP_METHODS and len(puzzle.numbers) < SMALLEST_HAND


def leaks(puzzles: list[Puzzle], method: str) -> bool:
    """Whether one of the puzzles is held out; the exemplar 4 4 6 8 may be shown."""
    return any(held_out_split(puzzle, method) not in (None, EXEMPLAR) for puzzle in puzzles)


def shown_puzzles(text: str, asked: Puzzle) -> list[Puzzle]:
    """The hands that lines `Input: ...` of a text show, with the target of the puzzle asked.

    What stands there and is no hand is left out.

    >>> [one.text for one in shown_puzzles("Input: 1 2 3 4\\nInput: x\\n", Puzzle((1, 1)))]
    ['1 2 3 4']
    """
    lines = (line.strip() for line in text.splitlines())
    found = []
    for line in lines:
        if line.startswith("Input:"):
            try:
                hand = line.removeprefix("Input:")
                found.append(Puzzle.parse(hand, asked.target, asked.rule))
            except InvalidPuzzle:
                continue
    return found


def prompted(trace: Trace) -> list[Puzzle]:
    """The hands that the prompt showed which the teacher saw; none where that is not known.

    A prompt that is not ours cannot be looked at. No prompt of a trace is trained on: the dataset's
    prompts are built anew.
    """
    if not trace.shots:
        return []
    try:
        prompt = build_any(trace.method, trace.puzzle, shots=trace.shots, variant=trace.variant)
    except ValueError:
        return []
    return shown_puzzles(prompt.text, trace.puzzle)


def held_out_state(trace: Trace, analysis: Analysis) -> State | None:
    """A held-out state that the response shows, true or not, whatever the signs and the target.

    What stands after the answer is not replayed, but a student would learn it, so the steps there
    are read, too.
    """
    shown: list[tuple[Number, ...]] = [trace.puzzle.hand]
    shown += [thought.left for thought in analysis.thoughts]
    for step in read_steps(trace.response):
        shown += [step.left or (), step.back_to or ()]
    states = {State(_unsigned(left)) for left in shown if len(left) == INNER}
    return min(states & held_out_states(), default=None)


def _unsigned(left: tuple[Number, ...]) -> tuple[Number, ...]:
    return tuple(sorted(-number if number < 0 else number for number in left))


@cache
def _splits() -> dict[Hand, str]:
    return {puzzle.hand: name for name in HELD_OUT for puzzle in load_split(name)}
