r"""Find the answer a response commits to.

A response may try several answers, restart, or run on into the next exemplar. The rules, in order:

- Thinking (`<think>` tags, see `markup`) is not answer.
- A response ends before a line that starts with `Input:` once there is an answer before it.
- An answer is introduced by `Answer:`, `\boxed{}` or `<answer>` tags (`markers`). The last marker
  that holds an expression or a claim counts; one that holds nothing does not replace the one
  before it.
- What it holds stands on its line (in prose too: "Answer: We get 4 * 6") or, where that has
  nothing, in the lines after, up to a line that says `Steps`. There a line must start with its
  expression, and a search thought (`6 * 4 = 24 (left: 24)`, `Step 1: ...`) is none.
- The bare target is no expression. After it the lines are read on for one that is wholly one
  equation of three or more numbers with the target on the right; failing that the marker before
  counts, and where every marker holds nothing else, the last such line before the last marker.
- Where nothing is introduced, a last line that is wholly one expression or equation counts, and so
  does "Therefore, " or "Solution: " before an equation of three or more numbers with the target on
  the right. A thought with its note of the numbers left, or a numbered line, is a step and not an
  answer.
- Where there is no answer, closing prose may still say that there is no solution, or give up.

>>> find_answer("Steps: ...\nAnswer: (6 - 4) * (4 + 8) = 24").text
'(6 - 4) * (4 + 8)'
>>> find_answer("Answer: 4 * 6 = 24\n\nInput: 1 1 1 8\nAnswer: 8 / 1").text
'4 * 6'
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from tot24_bench.scoring.claims import MAX_CLAIM_CHARS, read_claim
from tot24_bench.scoring.equation import Equation
from tot24_bench.scoring.lines import (
    ALNUM,
    MIN_FULL_NUMBERS,
    STEP,
    WORD,
    Answer,
    Kind,
    as_answer,
    makes_target,
    read_bare,
    read_line,
    read_whole_line,
)
from tot24_bench.scoring.markers import Introduction, Marker, find_markers
from tot24_bench.scoring.markup import plain, spoken
from tot24_bench.scoring.tokens import MAX_EXPRESSION_CHARS, Problem

MAX_RESPONSE_CHARS = 1_000_000
"""Characters of a response that are read at all: about 250,000 tokens, beyond any task's limit."""

MAX_STRETCHES = 100
"""Lines `Input:` before which a response is cut: a model that echoes the prompt does so once."""

MAX_LINES = 100
"""Lines that are searched for an answer from where it should stand: transcripts need up to 4."""


def find_answer(response: str, target: int = 24) -> Answer:
    """Find the answer that `response` commits to; never raises.

    Args:
        response: what the model wrote, without the prompt.
        target: the number to make, so that `24 = 4 * 6` is read from its right side.
    """
    if len(response) > MAX_RESPONSE_CHARS:
        return Answer(Kind.TOO_LONG)
    return locate_answer(plain(spoken(response)).rstrip(), target)[0]


def locate_answer(text: str, target: int) -> tuple[Answer, int]:
    """The answer of a text in plain signs without thinking, and where in it the answer starts.

    Args:
        text: at most MAX_RESPONSE_CHARS characters.
        target: the number to make.

    Returns:
        The answer, and the index where its marker or its line starts; the end of the text where
        the response commits to no expression.
    """
    lower = text.lower()
    marked = "answer" in lower or "box" in lower
    for start, end in _stretches(text) if "input" in lower else ((0, len(text)),):
        found = _last_introduced(text, start, end, target) if marked else None
        found = found or _last_line(text, start, end, target)
        if found is not None:
            return found
    return _closing_claim(text), len(text)


_INPUT = re.compile(r"^[ \t>#*_]{0,8}input[ \t*_]{0,4}:", re.IGNORECASE | re.MULTILINE)
_TAG_END = re.compile(r"</answer>", re.IGNORECASE)
_BRACE = re.compile(r"(?<!\\)[{}]")
_RESTART = re.compile(r"\W{0,8}steps?\W{0,8}$", re.IGNORECASE)
_SPECIAL_TOKEN = re.compile(r"<[^<>\s]{1,40}>")
_EQUALS = re.compile(r"[\s$\\)\]]*=")
_CONCLUSION = re.compile(
    r"[^\w\n]{0,8}(?:(?:so|therefore|thus|hence|finally|the|a|one|final|complete|full|possible|correct"
    r"|valid|solution|expression|equation|result|is|are)\b[ ,:*_]{0,6}){1,6}",
    re.IGNORECASE,
)
_CLOSING_LINES = 3  # lines at the end of a response that may hold an unintroduced claim


def _stretches(text: str) -> Iterator[tuple[int, int]]:
    """The response cut before each line that starts with `Input:`."""
    start = 0
    for match in islice(_INPUT.finditer(text), MAX_STRETCHES):
        if match.start() > start:
            yield start, match.start()
            start = match.start()
    yield start, len(text)


def _last_introduced(text: str, start: int, end: int, target: int) -> tuple[Answer, int] | None:
    """The last answer of a stretch that a marker introduces; markers are tried backwards."""
    only_target, bare_end = None, start
    until = end
    for marker in find_markers(text, start, end):
        answer = _READERS.get(marker.how, _after_marker)(text, marker, until, target)
        until = marker.start
        if answer is not None:
            if answer.equation is None or not answer.equation.repeats(target):
                return answer, marker.start
            if only_target is None:
                only_target, bare_end = answer, marker.start
    if only_target is None:
        return None
    for line_start, line_end in _lines_backwards(text, start, bare_end):
        equation = read_whole_line(text[line_start:line_end], target)
        if equation is not None and makes_target(equation, target):
            return as_answer(equation, at_end=False), line_start
    return only_target, bare_end


def _after_marker(text: str, marker: Marker, until: int, target: int) -> Answer | None:
    """What `Answer:` or `<answer>` introduces, up to where the next marker starts."""
    start = marker.end
    if marker.how is Introduction.TAG and (close := _TAG_END.search(text, start, until)):
        until = close.start()
    only_target = None
    same_line = prose = True
    for _ in range(MAX_LINES):
        sign = ALNUM.search(text, start, until)  # so that blank lines cost nothing
        if sign is None:
            break
        line_start = text.rfind("\n", start, sign.start()) + 1
        stop = text.find("\n", sign.end(), until)
        stop = until if stop < 0 else stop
        line = text[line_start or start : stop]
        at_end = stop == len(text)
        same_line = same_line and not line_start
        if not same_line and _RESTART.match(line):
            break
        if only_target is not None:
            equation = read_whole_line(line, target)
            if equation is not None and makes_target(equation, target):
                return as_answer(equation, at_end)
        elif same_line or not STEP.search(line):
            answer = read_line(line, target, at_end, bullets=not same_line, prose=prose)
            if answer is not None:
                if answer.equation is None or not answer.equation.repeats(target):
                    return answer
                only_target = answer
        start, same_line, prose = stop, False, False
    return only_target


def _straight_after(text: str, marker: Marker, until: int, target: int) -> Answer | None:
    """What "The answer is" without a colon introduces; only its own line counts."""
    stop = text.find("\n", marker.end, until)
    stop = until if stop < 0 else stop
    return read_bare(text[marker.end : stop], target, stop == len(text))


def _in_box(text: str, marker: Marker, until: int, target: int) -> Answer | None:
    """What a box holds; of `6 * 4 = \\boxed{24}` the equation that it stands in."""
    start, stop, depth = marker.end, until, 1
    for brace in _BRACE.finditer(text, start, until):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            stop = brace.start()
            break
    content = text[start:stop].replace("\n", " ")
    if content.strip().isdigit():
        line = text[max(0, marker.start - MAX_EXPRESSION_CHARS) : marker.start]
        before = line[line.rfind("\n") + 1 :].rstrip(" $")
        after = text[stop + 1 : min(until, stop + MAX_EXPRESSION_CHARS)].partition("\n")[0]
        if before.endswith("="):
            content = before + content
        elif _EQUALS.match(after):
            content += after
            stop += 1 + len(after)
    return read_line(content, target, stop == len(text), bullets=False, prose=True)


_READERS = {Introduction.BOX: _in_box, Introduction.BARE: _straight_after}


def _last_line(text: str, start: int, end: int, target: int) -> tuple[Answer, int] | None:
    """The last line that holds anything, if it is wholly one expression or equation."""
    for line_start, line_end in _lines_backwards(text, start, end):
        line = _SPECIAL_TOKEN.sub(" ", text[line_start:line_end])
        if not ALNUM.search(line):
            continue
        equation = read_whole_line(line, target) or _concluded(line, target)
        if equation is None:
            return None
        expression = equation.expression
        if line.rstrip().endswith("=") and len(expression.numbers) < MIN_FULL_NUMBERS:
            return None  # a step that was cut off
        combines = expression.operators > 0 and len(expression.numbers) > 1
        if expression.problem in (Problem.UNSUPPORTED, Problem.TOO_LONG):
            combines = not WORD.search(expression.text)
        at_end = end == len(text)
        return (as_answer(equation, at_end, introduced=False), line_start) if combines else None
    return None


def _concluded(line: str, target: int) -> Equation | None:
    """The equation that a line draws as its conclusion, if it says how the target is made."""
    lead = _CONCLUSION.match(line)
    equation = None if lead is None else read_whole_line(line[lead.end() :], target)
    return equation if equation is not None and makes_target(equation, target) else None


def _lines_backwards(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where the last MAX_LINES lines of a stretch start and end."""
    for _ in range(MAX_LINES):
        if end <= start:
            break
        line_start = max(start, text.rfind("\n", start, end) + 1)
        yield line_start, end
        end = line_start - 1


def _closing_claim(text: str) -> Answer:
    """What the last lines say in prose, where the response introduces no answer."""
    lines = [line for line in text[-MAX_CLAIM_CHARS:].split("\n") if line.strip()]
    prose = "\n".join(line for line in lines[-_CLOSING_LINES:] if not STEP.search(line))
    claim = read_claim(prose, introduced=False)
    return Answer(Kind.NOTHING) if claim is None else Answer(Kind(claim[0].value), claim[1])
