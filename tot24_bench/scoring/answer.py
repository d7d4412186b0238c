r"""Find the answer a response commits to.

A response may try several answers, restart, or run on into the next exemplar. The rules, in order:

- Thinking (`<think>` tags, see `markup`) is not answer.
- A response ends before a line that starts with `Input:` once there is an answer before it.
- An answer is introduced by `Answer:` in any case and dress ("**Final answer:**", "The correct
  answer is:", a heading or a line that says only "Answer"), by `\boxed{}`, or by `<answer>` tags.
  The last that holds an expression or a claim counts; one that holds nothing, or that only
  repeats the target, does not replace the one before it.
- What it holds stands on its line (in prose too: "Answer: We get 4 * 6") or, where that has
  nothing, in the lines after, up to a line that says `Steps`. There a line must start with its
  expression, and a search thought (`6 * 4 = 24 (left: 24)`, `Step 1: ...`) is none.
- Where nothing is introduced, a last line that is wholly one expression or equation counts. A
  thought with its note of the numbers left, or a numbered line, is a step and not an answer.
- Where there is no answer, closing prose may still say that there is no solution, or give up.

>>> find_answer("Steps: ...\nAnswer: (6 - 4) * (4 + 8) = 24").text
'(6 - 4) * (4 + 8)'
>>> find_answer("Answer: 4 * 6 = 24\n\nInput: 1 1 1 8\nAnswer: 8 / 1").text
'4 * 6'
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from tot24_bench.scoring.claims import MAX_CLAIM_CHARS, read_claim
from tot24_bench.scoring.equation import Equation, find_equation, read_equation
from tot24_bench.scoring.markup import plain, spoken, undress
from tot24_bench.scoring.tokens import MAX_EXPRESSION_CHARS, Problem

MAX_RESPONSE_CHARS = 1_000_000
"""Characters of a response that are read at all: about 250,000 tokens, beyond any task's limit."""


class Kind(StrEnum):
    """What a response commits to."""

    EXPRESSION = "expression"
    NO_SOLUTION = "no_solution"
    ABSTAINED = "abstained"
    NOTHING = "nothing"
    TOO_LONG = "too_long"


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of a response.

    Attributes:
        kind: what it commits to.
        text: the expression, or the words of the claim; signs are ASCII.
        equation: the expression as read and the values it is said to have, for EXPRESSION only.
        introduced: whether a marker introduced it; a last line or closing prose is not.
        at_end: whether it runs to the very end of the response, so that a response that was cut
            off may have been cut inside it.
    """

    kind: Kind
    text: str = ""
    equation: Equation | None = None
    introduced: bool = False
    at_end: bool = False


def find_answer(response: str, target: int = 24) -> Answer:
    """Find the answer that `response` commits to; never raises.

    Args:
        response: what the model wrote, without the prompt.
        target: the number to make, so that `24 = 4 * 6` is read from its right side.
    """
    if len(response) > MAX_RESPONSE_CHARS:
        return Answer(Kind.TOO_LONG)
    text = plain(spoken(response)).rstrip()
    lower = text.lower()
    marked = "answer" in lower or "boxed" in lower
    for start, end in _stretches(text) if "input" in lower else ((0, len(text)),):
        answer = _last_introduced(text, start, end, target) if marked else None
        answer = answer or _last_line(text, start, end, target)
        if answer is not None:
            return answer
    return _closing_claim(text)


_INPUT = re.compile(r"^[ \t>#*_]{0,8}input[ \t*_]{0,4}:", re.IGNORECASE | re.MULTILINE)
# Spelled out instead of IGNORECASE, and with the look-behind inside: the search can then skip to
# the next possible first letter, which takes less than half the time. A marker may follow the two
# characters `\\n` of JSON that nobody decoded.
_MARKER = re.compile(
    r"""
    [Aa][Nn][Ss][Ww][Ee][Rr]
        (?:(?<![^\W_][Aa][Nn][Ss][Ww][Ee][Rr])|(?<=\\n[Aa][Nn][Ss][Ww][Ee][Rr]))
        (?:[Ss]?(?:[ ](?:is|are|would[ ]be|should[ ]be))?[ \t"'*_`]{0,8}:[ \t"'*_`]{0,8}
        |(?P<heading>[ \t*_]{0,8}$))
    |(?P<box>\\f?boxed\s{0,4}\{)
    |(?P<tag><[Aa][Nn][Ss][Ww][Ee][Rr]>)
    """,
    re.MULTILINE | re.VERBOSE,
)
_HEADING = re.compile(r"(?:^|\n)[ \t>#*_]{0,8}(?:(?:the|my|final|correct) ){0,3}$", re.IGNORECASE)
_TAG_END = re.compile(r"</answer>", re.IGNORECASE)
_BRACE = re.compile(r"(?<!\\)[{}]")
_RESTART = re.compile(r"\W{0,8}steps?\W{0,8}$", re.IGNORECASE)
_STEP = re.compile(r"\b(?:left|remaining)(?: numbers?)?\s{0,4}:|^\W{0,8}step\b", re.IGNORECASE)
_NUMBERED = re.compile(r"[0-9]{1,3}[.)]\s+(?=[^\s*+/)-])")
_SPECIAL_TOKEN = re.compile(r"<[^<>\s]{1,40}>")
_WORD = re.compile(r"(?<![\\\w])[^\W\d_]{2,}(?![\w(])")
_ALNUM = re.compile(r"[^\W_]")
_CLOSING_LINES = 3  # lines at the end of a response that may hold an unintroduced claim


def _stretches(text: str) -> Iterator[tuple[int, int]]:
    """The response cut before each line that starts with `Input:`."""
    start = 0
    for match in _INPUT.finditer(text):
        if match.start() > start:
            yield start, match.start()
            start = match.start()
    yield start, len(text)


def _last_introduced(text: str, start: int, end: int, target: int) -> Answer | None:
    """The last answer of a stretch that a marker introduces; markers are tried backwards."""
    only_target = None
    until = end
    for marker in reversed(_markers(text, start, end)):
        if marker["box"]:
            answer = _in_box(text, marker, until, target)
        else:
            answer = _after_marker(text, marker, until, target)
        until = marker.start()
        if answer is not None:
            if answer.equation is None or not answer.equation.repeats(target):
                return answer
            only_target = only_target or answer
    return only_target


def _markers(text: str, start: int, end: int) -> list[re.Match[str]]:
    """The markers of a stretch; "answer" without a colon is one where it is the whole line."""
    return [
        marker
        for marker in _MARKER.finditer(text, start, end)
        if marker["heading"] is None
        or _HEADING.search(text[max(0, marker.start() - 40) : marker.start()])
    ]


def _after_marker(text: str, marker: re.Match[str], until: int, target: int) -> Answer | None:
    """What `Answer:` or `<answer>` introduces, up to where the next marker starts."""
    start = marker.end()
    if marker["tag"] and (close := _TAG_END.search(text, start, until)):
        until = close.start()
    same_line = prose = True
    while sign := _ALNUM.search(text, start, until):  # so that blank lines cost nothing
        line_start = text.rfind("\n", start, sign.start()) + 1
        stop = text.find("\n", sign.end(), until)
        stop = until if stop < 0 else stop
        line = text[line_start or start : stop]
        same_line = same_line and not line_start
        if not same_line and _RESTART.match(line):
            return None
        if same_line or not _STEP.search(line):
            at_end = stop == len(text)
            answer = _line(line, target, at_end, bullets=not same_line, prose=prose)
            if answer is not None:
                return answer
        start, same_line, prose = stop, False, False
    return None


def _in_box(text: str, marker: re.Match[str], until: int, target: int) -> Answer | None:
    """What a box holds; of `6 * 4 = \\boxed{24}` the equation that it ends."""
    start, stop, depth = marker.end(), until, 1
    for brace in _BRACE.finditer(text, start, until):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            stop = brace.start()
            break
    content = text[start:stop].replace("\n", " ")
    line = text[max(0, marker.start() - MAX_EXPRESSION_CHARS) : marker.start()]
    before = line[line.rfind("\n") + 1 :].rstrip(" $")
    if before.endswith("=") and content.strip().isdigit():
        content = before + content
    return _line(content, target, stop == len(text), bullets=False, prose=True)


def _line(line: str, target: int, at_end: bool, *, bullets: bool, prose: bool) -> Answer | None:
    """Read one line that a marker introduces.

    Args:
        at_end: whether the response ends where the line ends.
        bullets: whether the line may be an item of a list; the marker's own line may not.
        prose: whether an expression or a claim inside prose counts.
    """
    content = undress(line, bullets=bullets)
    if bullets and (numbered := _NUMBERED.match(content)):
        content = undress(content[numbered.end() :])
    equation = read_equation(content, target)
    if equation is not None and not (equation.is_lone_number and _WORD.search(equation.rest)):
        return _expression(equation, at_end)
    if not prose:
        return None
    words, equation = find_equation(content, target)
    claim = read_claim(words, introduced=True)
    if claim is not None:
        return Answer(Kind(claim[0].value), claim[1], introduced=True)
    return None if equation is None else _expression(equation, at_end)


def _expression(equation: Equation, at_end: bool, introduced: bool = True) -> Answer:
    text = equation.expression.text
    return Answer(Kind.EXPRESSION, text, equation, introduced, at_end and not equation.complete)


def _last_line(text: str, start: int, end: int, target: int) -> Answer | None:
    """The last line that holds anything, if it is wholly one expression or equation."""
    at_end = end == len(text)
    while end > start:
        line_start = max(start, text.rfind("\n", start, end) + 1)
        line = _SPECIAL_TOKEN.sub(" ", text[line_start:end])
        end = line_start - 1
        if not _ALNUM.search(line):
            continue
        equation = (
            None if _STEP.search(line) else read_equation(undress(line, bullets=True), target)
        )
        if equation is None or _ALNUM.search(equation.rest):
            return None
        expression = equation.expression
        combines = expression.operators > 0 and len(expression.numbers) > 1
        if expression.problem in (Problem.UNSUPPORTED, Problem.TOO_LONG):
            combines = not _WORD.search(expression.text)
        return _expression(equation, at_end, introduced=False) if combines else None
    return None


def _closing_claim(text: str) -> Answer:
    """What the last lines say in prose, where the response introduces no answer."""
    lines = [line for line in text[-MAX_CLAIM_CHARS:].split("\n") if line.strip()]
    prose = "\n".join(line for line in lines[-_CLOSING_LINES:] if not _STEP.search(line))
    claim = read_claim(prose, introduced=False)
    return Answer(Kind.NOTHING) if claim is None else Answer(Kind(claim[0].value), claim[1])
