"""One trace, judged by today's rules: may it be trained on, and if not, why not?

The stored score is never trusted, and what follows the answer is not looked at: it is not trained
on (`committed`). The reasons stand in the order in which they are looked for; the
first that applies is the trace's. What is held out, and where: `held_out`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from tot24_bench.game import MAX_SEARCHED, Puzzle, Rule, difficulty
from tot24_bench.prompts import METHODS, STEP_METHODS
from tot24_bench.scoring import (
    MAX_COMPOSED,
    MAX_JUDGED_NUMBERS,
    Analysis,
    Score,
    Verdict,
    analyse,
    check,
    read_canonical,
    read_response,
    read_steps,
    score_method,
    wins,
)
from tot24_bench.teachers import Finish
from tot24_bench.traces.committed import committed
from tot24_bench.traces.held_out import Avoid, held_out_split, leak_in, leaks, prompted
from tot24_bench.traces.shown import bare
from tot24_bench.traces.statements import statements
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
    FALSE_RESULT = "the answer's line states a false result"
    NO_PATH = "sure without a path"
    DISAGREES = "answer disagrees with the steps"
    AGREEMENT_UNKNOWN = "agreement not known"
    INVALID_THOUGHT = "a thought breaks a rule"
    WRONG_MARK = "a state that can win is called a dead end"
    FALSE_STATEMENT = "states a false equation"
    UNREAD = "states an equation that cannot be read"
    HELD_OUT_HAND = "held-out hand"
    HELD_OUT_PROMPT = "prompt shows a held-out hand"
    NO_END = "no clear end of the answer"
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
        kept: what of the response is trained on; None where nobody can say.
    """

    reason: Reason | None
    detail: str
    right: bool
    backtracks: int
    rescored: bool
    kept: str | None = None


def judge(trace: Trace, level: Level = Level.VALID, avoid: Avoid = Avoid.NOTHING) -> Judged:
    """Judge one trace by itself; duplicates and caps are a matter of all of them."""
    judged = judge_response(
        trace.method, trace.puzzle, trace.response, level, avoid, finish=trace.finish, asked=trace
    )
    return replace(judged, rescored=judged.right is not trace.score.correct)


def judge_response(
    method: str,
    puzzle: Puzzle,
    response: str,
    level: Level = Level.VALID,
    avoid: Avoid = Avoid.NOTHING,
    *,
    finish: Finish = Finish.STOP,
    asked: Trace | None = None,
) -> Judged:
    """Judge a response, of a trace or of a row.

    Whether it is right is asked of the whole response; all else of what is trained on.

    Args:
        method: how it was asked.
        puzzle: what it answers.
        response: what was said.
        level: how much must be right.
        avoid: what is held out beside test hands.
        finish: why it ends.
        asked: the trace, where the prompt that the teacher saw is to be looked at, too.
    """
    level, avoid = Level(level), Avoid(avoid)
    cut = finish is Finish.LENGTH
    whole = response.strip()
    kept = committed(method, puzzle, response)
    told = whole if kept is None else kept
    analysis = analyse(puzzle, told, truncated=cut)
    worth = analysis.score
    if told != whole or method in STEP_METHODS:
        worth = score_method(method, puzzle, response, truncated=cut)
    if kept is not None and not _same_answer(method, puzzle, kept, worth, analysis):
        kept = None
    reason, detail = (
        _unanswered(finish, worth)
        or _unsound(method, puzzle, worth, analysis, told, level)
        or _held_out(method, puzzle, analysis, kept, avoid, asked)
        or (None, "")
    )
    return Judged(
        reason,
        detail,
        right=worth.correct,
        # A method that lists what could come next does not search.
        backtracks=0 if method in STEP_METHODS else analysis.backtracks,
        rescored=False,
        kept=kept,
    )


def _same_answer(method: str, puzzle: Puzzle, kept: str, worth: Score, analysis: Analysis) -> bool:
    """Whether what is trained on is right where the whole response is."""
    if method in STEP_METHODS:
        return score_method(method, puzzle, kept).correct is worth.correct
    return analysis.score.correct is worth.correct


@lru_cache(maxsize=200_000)
def band_of(puzzle: Puzzle) -> str:
    """The puzzle's band of difficulty, by the states that a guided search visits.

    Bands by people's ranks would be nearer to what models find hard, but no train hand has a rank
    in this package.
    """
    if len(puzzle.numbers) > MAX_SEARCHED or puzzle.target < 0:
        return NO_BAND
    return difficulty(puzzle).band or NO_BAND


def _unanswered(finish: Finish, score: Score) -> tuple[Reason, str] | None:
    if (reason := _NEVER_KEPT.get(finish)) is not None:
        return reason, ""
    if not score.answered and not score.correct:
        return Reason.NO_ANSWER, score.reason
    return None if score.correct else (Reason.WRONG, score.reason)


def _unsound(
    method: str, puzzle: Puzzle, worth: Score, analysis: Analysis, told: str, level: Level
) -> tuple[Reason, str] | None:
    if level is Level.ANSWER:
        return None
    return _disagreeing(method, puzzle, worth, analysis) or (
        _invalid(method, puzzle, analysis, told) if level is Level.VALID else None
    )


def _disagreeing(
    method: str, puzzle: Puzzle, worth: Score, analysis: Analysis
) -> tuple[Reason, str] | None:
    """Whether the answer is not what leads to it."""
    if worth.false_rhs:
        return Reason.FALSE_RESULT, worth.answer
    if method == "value" and worth.verdict is Verdict.CORRECT:
        return None if _has_path(puzzle, analysis) else (Reason.NO_PATH, "")
    if method not in METHODS:
        return None
    if not analysis.thoughts:
        # The method IO asks for no steps: there is nothing that an answer could disagree with.
        return None if method == "io" else (Reason.NO_STEPS, "")
    if analysis.score.verdict is Verdict.NO_SOLUTION:
        return None
    agrees = analysis.answer_agrees
    if agrees is None:
        return Reason.AGREEMENT_UNKNOWN, _why_unknown(puzzle, analysis)
    return None if agrees else (Reason.DISAGREES, "")


def _has_path(puzzle: Puzzle, analysis: Analysis) -> bool:
    """Whether a response shows how the target is made, by valid thoughts alone."""
    states = [puzzle.hand, *(thought.left for thought in analysis.thoughts if thought.exact)]
    if puzzle.rule is Rule.SOME:
        return any(puzzle.target in state for state in states)
    return any(state == (puzzle.target,) for state in states)


def _why_unknown(puzzle: Puzzle, analysis: Analysis) -> str:
    if len(puzzle.numbers) > MAX_COMPOSED:
        return f"more than {MAX_COMPOSED} numbers"
    if any(thought.fault is not None for thought in analysis.final):
        return "a thought before it breaks a rule"
    if puzzle.rule is Rule.SOME:
        return "not all numbers need be used"
    return "the steps do not come to one number"


def _invalid(
    method: str, puzzle: Puzzle, analysis: Analysis, told: str
) -> tuple[Reason, str] | None:
    """The first thing a response says that is not so, or that nobody can read."""
    if method == "propose":
        if (text := _wrong_mark(puzzle, told)) is not None:
            return Reason.WRONG_MARK, text
    else:
        for thought in analysis.thoughts:
            if thought.fault is not None:
                return Reason.INVALID_THOUGHT, f"line {thought.step.line}: {thought.fault}"
        if analysis.dead_ends_marked_wrongly:
            return Reason.WRONG_MARK, f"{analysis.dead_ends_marked_wrongly} of them"
    if read_canonical(told) is None:
        text = bare(told)
        unread = next((line for line in text.split("\n") if _says_left_twice(line)), None)
        for one in statements(text):
            if one.holds is False:
                return Reason.FALSE_STATEMENT, one.text
            if one.holds is None:
                unread = unread or one.text
        if unread is not None:
            return Reason.UNREAD, unread
    return None


def _says_left_twice(line: str) -> bool:
    """Whether a line says more than once what is left; one note a thought is read."""
    notes = len(_LEFT.findall(line))
    return notes > 1 and notes > len(read_steps(line))


def _wrong_mark(puzzle: Puzzle, told: str) -> str | None:
    """A proposal that is called a dead end and can still win."""
    for step in read_steps(read_response(told).said):
        fault, left = check(step, puzzle.hand)
        if (
            step.dead_end
            and fault is None
            and 1 < len(left) <= MAX_JUDGED_NUMBERS
            and wins(left, puzzle.target, puzzle.rule)
        ):
            return step.text
    return None


def _held_out(
    method: str,
    puzzle: Puzzle,
    analysis: Analysis,
    kept: str | None,
    avoid: Avoid,
    asked: Trace | None,
) -> tuple[Reason, str] | None:
    if (split := held_out_split(puzzle, method)) is not None:
        return Reason.HELD_OUT_HAND, split
    if asked is not None and leaks(prompted(asked), method):
        return Reason.HELD_OUT_PROMPT, f"{asked.variant}, {asked.shots} shots"
    if kept is None:
        return Reason.NO_END, ""
    leak = leak_in(kept, puzzle, method, avoid, analysis)
    if leak is None:
        return None
    return (Reason.HELD_OUT_STATE if leak.is_state else Reason.HELD_OUT_RESPONSE), leak.what


_LEFT = re.compile(r"\b(?:left|remaining)\b[^0-9\n]{0,20}[0-9]", re.IGNORECASE)
