r"""Judge one trace by today's rules: may it be trained on, and if not, why not?

The stored score is never trusted. The reasons stand in the order in which they are looked for; the
first that applies is the trace's. What is held out, and where: `leaks`.

What stands after the answer that a response commits to was not judged: another hand, a second
search, plain untruths. It is not looked at and not trained on: the response is cut off at the end
of the answer's line, or of the judgement's. The trace file stays as it is.

>>> said = "Answer: 4 * 6 * 1 * 1 = 24\nInput: 4 5 6 10\nAnswer: ..."
>>> cut_after_answer("io", Puzzle.parse("1 1 4 6"), said)
'Answer: 4 * 6 * 1 * 1 = 24'

The replay judges thoughts; what a line says besides, or in a form that no thought has, is held
against exact arithmetic.

>>> [(one.text, one.holds) for one in statements("We know that 6 + 4 = 11, and 2 * 3 * 4 = 24.")]
[('6 + 4 = 11', False), ('2 * 3 * 4 = 24', True)]
>>> [(one.text, one.holds) for one in statements("6 * 4 != 24. Six plus four is eleven. 6 % 4 = 9")]
[('6 % 4 = 9', None), ('6 * 4 != 24', False), ('6 + 4 is 11', False)]
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from tot24_bench.game import MAX_SEARCHED, Puzzle, Rule, difficulty
from tot24_bench.prompts import METHODS, STEP_METHODS
from tot24_bench.scoring import (
    MAX_COMPOSED,
    MAX_JUDGED_NUMBERS,
    MAX_RESPONSE_CHARS,
    Analysis,
    Answer,
    Commitment,
    Replay,
    Score,
    Verdict,
    analyse,
    check,
    judgement_end,
    locate_answer,
    parse_expression,
    read_canonical,
    read_expression,
    read_response,
    read_steps,
    score_method,
    wins,
)
from tot24_bench.teachers import Finish
from tot24_bench.traces.leaks import Avoid, held_out_split, leak_in, prompt_leaks
from tot24_bench.traces.solutions import bare, in_digits
from tot24_bench.traces.store import Trace

NO_BAND = "none"
"""The band of a puzzle whose difficulty is not known: more than four numbers, or no solution."""

MAX_ANSWER_LINES = 100  # lines over which an answer may stretch from its marker on
MAX_SIDE_CHARS = 200  # characters of one side of an equation


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


Objection = tuple[Reason, str]  # a reason, and more about it for people

_NEVER_KEPT = {
    Finish.LENGTH: Reason.TRUNCATED,
    Finish.REFUSAL: Reason.REFUSED,
    Finish.FILTERED: Reason.FILTERED,
}


class Judged(NamedTuple):
    """What came of a trace."""

    reason: Reason | None  # why it is not kept; None where nothing about itself speaks against it
    detail: str  # more about the reason, for people; of a held-out hand its split
    right: bool  # whether its answer is right today
    backtracks: int  # times that its search goes back
    rescored: bool  # whether it was recorded as right and is wrong today, or the other way round
    kept: str | None = None  # the beginning that is trained on; None where nobody can say


def judge(trace: Trace, level: Level = Level.VALID, avoid: Avoid = Avoid.NOTHING) -> Judged:
    """Judge one trace by itself; duplicates and caps are a matter of all of them."""
    judged = judge_response(
        trace.method, trace.puzzle, trace.response, level, avoid, finish=trace.finish, asked=trace
    )
    return judged._replace(rescored=judged.right is not trace.score.correct)


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

    Whether it is right is asked of the whole response; all else of what is trained on. Of the trace
    `asked`, where it is given, the prompt that the teacher saw is looked at, too.
    """
    level, avoid = Level(level), Avoid(avoid)
    cut, of_steps = finish is Finish.LENGTH, method in STEP_METHODS
    whole = response.strip()
    kept = cut_after_answer(method, puzzle, response)
    told = whole if kept is None else kept
    analysis = analyse(puzzle, told, truncated=cut)
    worth = own = analysis.score
    if told != whole or of_steps:
        worth = score_method(method, puzzle, response, truncated=cut)
    if of_steps:
        own = score_method(method, puzzle, told)
        # A judgement is no answer: all that is said stands before one.
        thoughts = Replay(puzzle).run(read_steps(read_response(told).said))
        analysis = replace(analysis, thoughts=thoughts)
    if own.correct is not worth.correct:
        kept = None
    reason, detail = (
        _unanswered(finish, worth)
        or _disagreeing(method, worth, analysis, level)
        or _untrue(method, analysis, told, level)
        or _held_out(method, analysis, kept, avoid, asked)
        or (None, "")
    )
    # A method that lists what could come next does not search.
    backtracks = 0 if of_steps else analysis.backtracks
    return Judged(reason, detail, worth.correct, backtracks, rescored=False, kept=kept)


@lru_cache(maxsize=200_000)
def band_of(puzzle: Puzzle) -> str:
    """The puzzle's band of difficulty, by the states that a guided search visits.

    People's ranks would be nearer to what models find hard, but no train hand has one.
    """
    if len(puzzle.numbers) > MAX_SEARCHED or puzzle.target < 0:
        return NO_BAND
    return difficulty(puzzle).band or NO_BAND


def _unanswered(finish: Finish, score: Score) -> Objection | None:
    if (reason := _NEVER_KEPT.get(finish)) is not None:
        return reason, ""
    if not score.answered and not score.correct:
        return Reason.NO_ANSWER, score.reason
    return None if score.correct else (Reason.WRONG, score.reason)


def _disagreeing(method: str, worth: Score, analysis: Analysis, level: Level) -> Objection | None:
    """Whether the answer is not what leads to it."""
    if level is Level.ANSWER:
        return None
    if worth.false_rhs:
        return Reason.FALSE_RESULT, worth.answer
    if method == "value" and worth.verdict is Verdict.CORRECT:
        return None if _has_path(analysis) else (Reason.NO_PATH, "")
    if method not in METHODS:
        return None
    if not analysis.thoughts:
        # The method IO asks for no steps: there is nothing that an answer could disagree with.
        return None if method == "io" else (Reason.NO_STEPS, "")
    if analysis.score.verdict is Verdict.NO_SOLUTION or analysis.answer_agrees:
        return None
    if analysis.answer_agrees is None:
        return Reason.AGREEMENT_UNKNOWN, _why_unknown(analysis)
    return Reason.DISAGREES, ""


def _has_path(analysis: Analysis) -> bool:
    """Whether a response shows how the target is made, by valid thoughts alone."""
    puzzle = analysis.puzzle
    states = [puzzle.hand, *(thought.left for thought in analysis.thoughts if thought.exact)]
    if puzzle.rule is Rule.SOME:
        return any(puzzle.target in state for state in states)
    return (puzzle.target,) in states


def _why_unknown(analysis: Analysis) -> str:
    if len(analysis.puzzle.numbers) > MAX_COMPOSED:
        return f"more than {MAX_COMPOSED} numbers"
    if any(thought.fault is not None for thought in analysis.final):
        return "a thought before it breaks a rule"
    if analysis.puzzle.rule is Rule.SOME:
        return "not all numbers need be used"
    return "the steps do not come to one number"


def _untrue(method: str, analysis: Analysis, told: str, level: Level) -> Objection | None:
    """The first thing a response says that is not so, or that nobody can read."""
    if level is not Level.VALID:
        return None
    if method == "propose":
        if (text := _wrong_mark(analysis.puzzle, told)) is not None:
            return Reason.WRONG_MARK, text
    else:
        for thought in analysis.thoughts:
            if thought.fault is not None:
                return Reason.INVALID_THOUGHT, f"line {thought.step.line}: {thought.fault}"
        if analysis.dead_ends_marked_wrongly:
            return Reason.WRONG_MARK, f"{analysis.dead_ends_marked_wrongly} of them"
    if read_canonical(told) is not None:
        return None
    text = bare(told)
    notes = [(line, len(_LEFT.findall(line))) for line in text.split("\n")]
    # Of the numbers left one note a thought is read.
    unread = [line for line, count in notes if count > 1 and count > len(read_steps(line))]
    for one in statements(text):
        if one.holds is False:
            return Reason.FALSE_STATEMENT, one.text
        if one.holds is None:
            unread.append(one.text)
    return (Reason.UNREAD, unread[0]) if unread else None


def _wrong_mark(puzzle: Puzzle, told: str) -> str | None:
    """A proposal that is called a dead end and can still win."""
    for step in read_steps(read_response(told).said):
        fault, left = check(step, puzzle.hand)
        judged = step.dead_end and fault is None and 1 < len(left) <= MAX_JUDGED_NUMBERS
        if judged and wins(left, puzzle.target, puzzle.rule):
            return step.text
    return None


def _held_out(
    method: str, analysis: Analysis, kept: str | None, avoid: Avoid, asked: Trace | None
) -> Objection | None:
    if (split := held_out_split(analysis.puzzle, method)) is not None:
        return Reason.HELD_OUT_HAND, split
    if asked is not None and prompt_leaks(asked):
        return Reason.HELD_OUT_PROMPT, f"{asked.variant}, {asked.shots} shots"
    if kept is None:
        return Reason.NO_END, ""
    if (leak := leak_in(kept, analysis.puzzle, method, avoid, analysis)) is None:
        return None
    return Reason.HELD_OUT_STATE if leak.is_state else Reason.HELD_OUT_RESPONSE, leak.what


def cut_after_answer(method: str, puzzle: Puzzle, response: str) -> str | None:
    """The response without blank space around it and without what follows its answer.

    None where nobody can say which part of the response that is; then nothing may be trained on.
    `propose` lists thoughts, each of them judged: there is nothing to cut.
    """
    whole = response.strip()
    if method == "propose" or len(whole) > MAX_RESPONSE_CHARS or read_canonical(whole) is not None:
        return whole
    said = read_response(whole).said
    end = judgement_end(said) if method in STEP_METHODS else _answer_end(said, puzzle)
    if end is None:
        return None
    wanted = said[:end].rstrip()
    # The whole, or what of it stands before it begins to think, as late as that may be.
    opens = [match.start() for match in _THINKS.finditer(whole)] if "<" in whole else []
    for text in (*(whole[:start] for start in opens[-3:]), whole):
        told = read_response(text).said
        if told.startswith(wanted):
            after = len(_LINE_END.findall(told[end:]))
            ends = [match.start() for match in _LINE_END.finditer(text)] if after else []
            if after <= len(ends):
                cut = text[: ends[-after]] if after else text
                if read_response(cut).said == wanted:
                    return cut.rstrip()
    return None


def _answer_end(said: str, puzzle: Puzzle) -> int | None:
    """Where the line ends on which the answer ends: the first after which it is the same."""
    answer = locate_answer(said, puzzle)
    end = answer.start
    for _ in range(MAX_ANSWER_LINES):
        end = said.find("\n", end)
        if end < 0:
            return len(said)
        if said[answer.start : end].strip() and _same(locate_answer(said[:end], puzzle), answer):
            return end
        end += 1
    return None


def _same(one: Answer, other: Answer) -> bool:
    if one.kind is Commitment.NOTHING or (one.kind, one.start) != (other.kind, other.start):
        return False
    return [(a.text, a.sides) for a in one.stated] == [(b.text, b.sides) for b in other.stated]


class Statement(NamedTuple):
    """An equation, and whether both sides are worth the same; None where nobody can read it."""

    text: str
    holds: bool | None


def statements(text: str) -> Iterator[Statement]:
    """Every equation of a text as `bare` gives it that combines numbers, line by line."""
    spoken = _SPOKEN.sub(lambda word: f" {_SIGNS[word[1]]} ", in_digits(text))
    for line, told in zip(text.split("\n"), spoken.split("\n"), strict=True):
        if _DIGIT.search(told) is None:
            continue
        if "=" in line:
            found = list(_equations(line))
            unread = any(one.holds is None for one in found)
            # Where every equation of a line is a thought, the replay judges them.
            judged = unread and len(read_steps(line)) >= len(_EQUALS.findall(line))
            yield from (one for one in found if one.holds is not None or not judged)
        for match in _IN_WORDS.finditer(told):
            side, right = _left_side(match["left"]), _value(match["right"])
            if side is not None and right is not None:
                yield Statement(match[0].strip(), (side == right) is (match["unequal"] is None))


def _equations(line: str) -> Iterator[Statement]:
    for place, (before, after) in enumerate(pairwise(_EQUALS.split(line))):
        tail = _TAIL.search(before[-MAX_SIDE_CHARS:])
        if tail is None:
            continue
        left = _LIST_NUMBER.sub("", tail[0].strip())
        combines = _COMBINES.search(left) is not None
        head = read_expression(_in_fractions(after.lstrip()[:MAX_SIDE_CHARS]))
        if not combines and (head is None or not head.operators) and not place:
            continue
        text = f"{left} = {head.text if head is not None else after.strip()[:20]}".strip()
        side, right = _left_side(left), _value(after)
        if side is not None and right is not None:
            yield Statement(text, side == right)
        elif combines:
            yield Statement(text, None)


def _left_side(text: str) -> Fraction | None:
    """What the expression that is all of a text is worth; a list's mark may stand before it."""
    read = parse_expression(_in_fractions(_TIMES.sub(" * ", text)))
    if read.value is None and read.text != text and text[:1] in "-(":
        read = parse_expression(_in_fractions(_TIMES.sub(" * ", text[1:].strip())))
    return read.value


def _value(text: str) -> Fraction | None:
    """What the expression at the start of a text is worth."""
    text = _in_fractions(_TIMES.sub(" * ", text.lstrip()[:MAX_SIDE_CHARS]))
    read = read_expression(text)
    if read is not None and read.value is not None:
        return read.value
    number = _LEADING.match(text)
    return None if number is None else Fraction(number[0])


def _in_fractions(text: str) -> str:
    """The text with decimals as fractions."""
    return _DECIMAL.sub(lambda match: f"({match[1]}{match[2]}/1{'0' * len(match[2])})", text)


_LEFT = re.compile(r"\b(?:left|remaining)\b[^0-9\n]{0,20}[0-9]", re.IGNORECASE)
_LINE_END = re.compile("[\n\r\u2028\u2029\x85]")  # what `plain` makes a line end, one for one
_THINKS = re.compile(r"<think(?:ing)?>", re.IGNORECASE)
_DIGIT = re.compile(r"[0-9]")
_EQUALS = re.compile(r"(?<![<>!])=(?![=>])")
_TAIL = re.compile(r"[-(\[]?[0-9(\[][0-9\s+*/()\[\].^%!xX-]*$")
_LIST_NUMBER = re.compile(r"^(?:[-*+]\s+|\(?[0-9]{1,3}[.)]\s+)+(?=[-(\[0-9])")
_COMBINES = re.compile(r"[0-9)\]]\s{0,3}(?:[-+*/^%]|[xX])\s{0,3}[-(\[]?[0-9(]")
_TIMES = re.compile(r"(?<=[0-9)\]\s])[xX](?=[\s0-9(\[])")
_LEADING = re.compile(r"-?[0-9]{1,12}(?![0-9.]*[0-9])(?!\s{0,3}[-+*/^%]\s{0,3}[0-9(])")
_DECIMAL = re.compile(r"(?<![0-9.])([0-9]{1,9})\.([0-9]{1,9})(?![0-9.])")
_SIGNS = {"plus": "+", "minus": "-", "times": "*", "multiplied by": "*", "divided by": "/"}
_SPOKEN = re.compile(rf"[ \t]{{1,3}}({'|'.join(_SIGNS)})[ \t]{{1,3}}")
_IN_WORDS = re.compile(
    r"(?<![0-9+*/^.=-])(?<![+*/^=-] )(?P<left>[0-9]{1,12}\s{0,2}[-+*/]\s{0,2}[0-9]{1,12})\s?"
    r"(?:is(?! not)|->|gives|makes|equals|yields|leaves|→|:(?=\s?-?[0-9]{1,12}\s?(?:\(|$))"
    r"|(?P<unequal>!=|≠|=/=|<>|is not|does not (?:equal|make|give)))\s?"
    r"(?P<right>-?[0-9]{1,12})(?!\.?[0-9])(?!\s?[-+*/]\s?[0-9(])"
)
