"""One trace, judged by today's rules: may it be trained on, and if not, why not?

The stored score is never trusted. The reasons stand in the order in which they are looked for; the
first that applies is the trace's. What is held out, and where: `held_out`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from tot24_bench.game import Puzzle
from tot24_bench.game.difficulty import MAX_SEARCHED, difficulty
from tot24_bench.prompts import METHODS, STEP_METHODS
from tot24_bench.scoring import Score, Verdict, score_method
from tot24_bench.scoring.analysis import Analysis, analyse
from tot24_bench.teachers.teacher import Finish
from tot24_bench.traces.held_out import (
    Avoid,
    held_out_split,
    held_out_state,
    leaks,
    prompted,
    shown_puzzles,
)
from tot24_bench.traces.trace import Trace

NO_BAND = "none"
"""The band of a puzzle whose difficulty is not known: more than four numbers, or no solution."""


class Level(StrEnum):
    """How much of a response must be right: its answer alone, or what led to it, too."""

    ANSWER = "answer"
    AGREES = "agrees"
    VALID = "valid"


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
    cut = trace.finish is Finish.LENGTH
    analysis = analyse(trace.puzzle, trace.response, truncated=cut)
    worth, backtracks = analysis.score, analysis.backtracks
    if trace.method in STEP_METHODS:
        worth = score_method(trace.method, trace.puzzle, trace.response, truncated=cut)
        backtracks = 0  # it lists what could come next: that is no search
    reason, detail = (
        _unanswered(trace, worth)
        or _unsound(trace, analysis, level)
        or _held_out(trace, analysis, avoid)
        or (None, "")
    )
    return Judged(
        reason,
        detail,
        right=worth.correct,
        backtracks=backtracks,
        rescored=worth.correct is not trace.score.correct,
    )


@lru_cache(maxsize=200_000)
def band_of(puzzle: Puzzle) -> str:
    """The puzzle's band of difficulty, by the states that a guided search visits.

    Bands by people's ranks would be nearer to what models find hard, but no train hand has a rank
    in this package.
    """
    if len(puzzle.numbers) > MAX_SEARCHED or puzzle.target < 0:
        return NO_BAND
    return difficulty(puzzle).band or NO_BAND


def _unanswered(trace: Trace, score: Score) -> tuple[Reason, str] | None:
    if (reason := _NEVER_KEPT.get(trace.finish)) is not None:
        return reason, ""
    if not score.answered and not score.correct:
        return Reason.NO_ANSWER, score.reason
    return None if score.correct else (Reason.WRONG, score.reason)


def _unsound(trace: Trace, analysis: Analysis, level: Level) -> tuple[Reason, str] | None:
    if level is Level.ANSWER:
        return None
    if trace.method in METHODS:
        if not analysis.thoughts:
            # The method IO asks for no steps: there is nothing that an answer could disagree with.
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
    puzzle, method = trace.puzzle, trace.method
    if (split := held_out_split(puzzle, method)) is not None:
        return Reason.HELD_OUT_HAND, split
    if leaks(prompted(trace), method):
        return Reason.HELD_OUT_PROMPT, f"{trace.variant}, {trace.shots} shots"
    if leaks(shown_puzzles(trace.response, puzzle), method):
        return Reason.HELD_OUT_RESPONSE, ""
    if avoid is Avoid.STATE_HOLDOUT and (state := held_out_state(trace, analysis)) is not None:
        return Reason.HELD_OUT_STATE, state.text
    return None
