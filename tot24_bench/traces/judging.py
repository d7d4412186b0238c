r"""One trace, judged by today's rules: may it be trained on, and if not, why not?

The stored score is never trusted. The reasons stand in the order in which they are looked for; the
first that applies is the trace's. Held out are:

| what | where it may show |
| --- | --- |
| hands of a test part, held-out targets, and 4 4 6 8 | the hand asked |
| hands of a test part | the exemplars of the prompt; a response that runs on into another hand |
| three-number states of hard100 (only if they are to be avoided) | the thoughts of the response |
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache

from tot24_bench.game import LeakedHand, Puzzle, guard_parts, load_split
from tot24_bench.game.difficulty import MAX_SEARCHED, difficulty
from tot24_bench.game.inner_states import held_out_states
from tot24_bench.game.parts import held_out_targets, part_of
from tot24_bench.game.puzzle import Hand, InvalidPuzzle
from tot24_bench.game.splits import EXEMPLAR_IN_NO_SPLIT, HELD_OUT
from tot24_bench.game.states import Number, State
from tot24_bench.prompts import METHODS, build
from tot24_bench.scoring import Verdict
from tot24_bench.scoring.analysis import Analysis, analyse
from tot24_bench.scoring.steps import read_steps
from tot24_bench.teachers.teacher import Finish
from tot24_bench.traces.trace import Trace

NO_BAND = "none"
"""The band of a puzzle whose difficulty is not known: more than four numbers, or no solution."""

MAX_SHOWN_HANDS = 1_000
"""Hands that a response may run on into; one with more is no answer to anything."""


class Level(StrEnum):
    """How much of a response must be right: its answer alone, or what led to it, too."""

    ANSWER = "answer"
    AGREES = "agrees"
    VALID = "valid"


class Avoid(StrEnum):
    """What else is held out beside test hands: nothing, or the inner states of hard100."""

    NOTHING = "nothing"
    STATE_HOLDOUT = "state_holdout"


class Reason(StrEnum):
    """Why a trace is not kept, in the order in which the reasons are looked for."""

    TRUNCATED = "cut off at the token limit"
    REFUSED = "refused by the model"
    FILTERED = "filtered by the provider"
    NO_ANSWER = "no answer"
    WRONG = "wrong answer"
    NO_STEPS = "no steps"
    DISAGREES = "answer disagrees with the steps"
    INVALID_THOUGHT = "a thought breaks a rule"
    HELD_OUT_HAND = "held-out hand"
    HELD_OUT_PROMPT = "prompt shows a held-out hand"
    HELD_OUT_RESPONSE = "response shows a held-out hand"
    HELD_OUT_STATE = "shows a held-out state"
    DUPLICATE = "duplicate"
    FEW_BACKTRACKS = "too few backtracks"
    OVER_CAP = "over the cap of its hand"
    UNBALANCED = "over the size of the smallest band"


_NEVER_KEPT = {
    Finish.LENGTH: Reason.TRUNCATED,
    Finish.REFUSAL: Reason.REFUSED,
    Finish.FILTERED: Reason.FILTERED,
}


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of a trace.

    Attributes:
        reason: why it is not kept; None where nothing about the trace itself speaks against it.
        detail: more about the reason, for people; of a held-out hand its split.
        right: whether its answer is right today.
        backtracks: times that its search goes back.
        rescored: whether it was recorded as right and is wrong today, or the other way round.
    """

    reason: Reason | None
    detail: str
    right: bool
    backtracks: int
    rescored: bool


def judge(trace: Trace, level: Level = Level.VALID, avoid: Avoid = Avoid.NOTHING) -> Judged:
    """Judge one trace by itself; duplicates and caps are a matter of all of them."""
    analysis = analyse(trace.puzzle, trace.response, truncated=trace.finish is Finish.LENGTH)
    found = (
        _unanswered(trace, analysis)
        or _unsound(trace, analysis, level)
        or _held_out(trace, analysis, avoid)
        or (None, "")
    )
    reason, detail = found
    return Judged(
        reason,
        detail,
        right=analysis.score.correct,
        backtracks=analysis.backtracks,
        rescored=analysis.score.correct is not trace.score.correct,
    )


def held_out_split(puzzle: Puzzle) -> str | None:
    """Why a puzzle may not be asked in training: the split that holds it; None where it may.

    >>> held_out_split(Puzzle.parse("10 6 5 4")), held_out_split(Puzzle.parse("1 1 4 6"))
    ('hard100', None)
    """
    if puzzle.hand == EXEMPLAR_IN_NO_SPLIT:
        return "exemplar 4 4 6 8"
    if puzzle.target in held_out_targets():
        return "held-out target"
    if part_of(puzzle.hand) != "test":
        return None
    return _splits().get(puzzle.hand, "other test hands")


@lru_cache(maxsize=200_000)
def band_of(puzzle: Puzzle) -> str:
    """The puzzle's band of difficulty, by the states that a guided search visits.

    Bands by people's ranks would be nearer to what models find hard, but no train hand has a rank
    in this package.
    """
    if len(puzzle.numbers) > MAX_SEARCHED or puzzle.target < 0:
        return NO_BAND
    return difficulty(puzzle).band or NO_BAND


def hands_shown(text: str) -> list[str]:
    """What follows `Input:` in the lines of a prompt or a response."""
    lines = (line.strip() for line in text.splitlines())
    return [line.removeprefix("Input:").strip() for line in lines if line.startswith("Input:")]


def shown_puzzles(text: str, target: int) -> list[Puzzle]:
    """The hands that a text shows after `Input:`, as puzzles; what is no hand is left out."""
    found = []
    for hand in hands_shown(text)[:MAX_SHOWN_HANDS]:
        try:
            found.append(Puzzle.parse(hand, target))
        except InvalidPuzzle:
            continue
    return found


def _unanswered(trace: Trace, analysis: Analysis) -> tuple[Reason, str] | None:
    if (reason := _NEVER_KEPT.get(trace.finish)) is not None:
        return reason, ""
    score = analysis.score
    if not score.answered and not score.correct:
        return Reason.NO_ANSWER, score.reason
    return None if score.correct else (Reason.WRONG, score.reason)


def _unsound(trace: Trace, analysis: Analysis, level: Level) -> tuple[Reason, str] | None:
    if level is Level.ANSWER or trace.method not in METHODS:
        return None
    if not analysis.thoughts:
        # The method IO asks for no steps: there is nothing that its answer could disagree with.
        return None if trace.method == "io" else (Reason.NO_STEPS, "")
    claims_none = analysis.score.verdict is Verdict.NO_SOLUTION
    if not claims_none and analysis.answer_agrees is not True:
        return Reason.DISAGREES, ""
    if level is Level.VALID:
        for thought in analysis.thoughts:
            if thought.fault is not None:
                return Reason.INVALID_THOUGHT, f"line {thought.step.line}: {thought.fault}"
    return None


def _held_out(trace: Trace, analysis: Analysis, avoid: Avoid) -> tuple[Reason, str] | None:
    puzzle = trace.puzzle
    if (split := held_out_split(puzzle)) is not None:
        return Reason.HELD_OUT_HAND, split
    if _prompt_leaks(trace):
        return Reason.HELD_OUT_PROMPT, f"{trace.variant}, {trace.shots} shots"
    if _leaks(shown_puzzles(trace.response, puzzle.target)):
        return Reason.HELD_OUT_RESPONSE, ""
    if avoid is Avoid.STATE_HOLDOUT:
        forbidden = held_out_states()
        for state in _states_shown(trace, analysis):
            if state in forbidden:
                return Reason.HELD_OUT_STATE, state.text
    return None


def _prompt_leaks(trace: Trace) -> bool:
    """Whether the prompt that the teacher saw shows a held-out hand.

    A prompt that is not ours cannot be looked at. No prompt of a trace is trained on: the dataset's
    prompts are built anew.
    """
    if not trace.shots or trace.method not in METHODS:
        return False
    try:
        prompt = build(trace.method, trace.puzzle, shots=trace.shots, variant=trace.variant)
    except ValueError:
        return False
    return _leaks(shown_puzzles(prompt.text, trace.puzzle.target))


def _leaks(puzzles: list[Puzzle]) -> bool:
    try:
        guard_parts(puzzles, "a trace")
    except LeakedHand:
        return True
    return False


def _states_shown(trace: Trace, analysis: Analysis) -> set[State]:
    """Every three numbers that the response shows as left, true or not, without their signs.

    Whatever the target: that errs on the safe side. What stands after the answer is not replayed,
    but a student would learn it, so the steps there are read, too.
    """
    shown: list[tuple[Number, ...]] = [trace.puzzle.hand]
    shown += [thought.left for thought in analysis.thoughts]
    for step in read_steps(trace.response):
        shown += [step.left or (), step.back_to or ()]
    return {
        State(tuple(sorted(abs(number) for number in left))) for left in shown if len(left) == 3
    }


@cache
def _splits() -> dict[Hand, str]:
    return {puzzle.hand: name for name in HELD_OUT for puzzle in load_split(name)}
