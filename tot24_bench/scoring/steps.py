r"""Read the thoughts that a response states, in whatever dress, and the cues between them.

A thought combines two numbers and says what comes out: `4 + 8 = 12 (left: 4 6 12)`. Models number
it, bullet it, print it bold or in LaTeX, put the numbers left on the next line, or leave them out.
Lines that combine three numbers, and prose about what would be needed, are no thoughts. Between
thoughts, a response says that it goes back or starts again, and that numbers are a dead end. This
module reads what is said; `analysis` judges whether it is true.

>>> step, = read_steps("**Step 1:** 13 - 3 = 10\nRemaining numbers: 4, 4, 10")
>>> step.a, step.op, step.b, step.value, step.left, step.cue
(13, '-', 3, 10, (4, 4, 10), <Cue.START: 'start'>)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from tot24_bench.game.states import Number

MAX_STEPS = 5_000
"""Thoughts of a response that are read: at ten tokens each, more than any task's limit allows."""

MAX_STEP_LINE_CHARS = 1_000
"""Characters of one line that are searched for thoughts: eight thoughts take 400."""

MAX_LEFT = 16
"""Numbers of one note of the numbers left; a hand has at most 12."""

MEMO_NUMBERS = 4_096
"""Numbers, and notes of the numbers left, that are remembered as read: a search writes the same
ones again and again. Each is at most 13 numbers of 25 characters."""

MAX_WORDS_BEFORE = 80
"""Characters of prose before a thought on its line; more make it part of a sentence."""


class Cue(StrEnum):
    """What is said just before a thought about where it starts from."""

    NONE = "none"
    BACK = "back"
    START = "start"


class Step(NamedTuple):
    """One thought as the response states it.

    Attributes:
        a, op, b, value: what it combines and what it says comes out.
        left: the numbers that it says are left, in its order; None where it says nothing.
        dead_end: whether the response then marks the numbers left as a dead end.
        number: its number in a list or as a step; None where it has none.
        cue: whether the response said before it that it goes back or starts again.
        back_to: the numbers that it said it goes back to; None where it named none.
        line: the number of its line, from 1.
    """

    a: Number
    op: str
    b: Number
    value: Number
    left: tuple[Number, ...] | None
    dead_end: bool = False
    number: int | None = None
    cue: Cue = Cue.NONE
    back_to: tuple[Number, ...] | None = None
    line: int = 1

    @property
    def text(self) -> str:
        """The thought in plain signs, without dress."""
        return f"{_shown(self.a)} {self.op} {_shown(self.b)} = {self.value}"


def read_steps(text: str, end: int | None = None) -> list[Step]:
    """The thoughts of a text whose line starts before `end`, at most MAX_STEPS; never raises.

    Args:
        text: the response in plain signs (`markup.plain`).
        end: where the committed answer starts; what follows it explains and is not read.
    """
    return _Reader(text, len(text) if end is None else end).run()


class _Reader:
    """One pass over the lines; `run` is its only entry."""

    def __init__(self, text: str, end: int) -> None:
        self.text, self.end = text, end
        self.steps: list[Step] = []
        self.cue = Cue.NONE
        self.back_to: tuple[Number, ...] | None = None
        self.in_answer = False

    def run(self) -> list[Step]:
        steps = self.steps
        for number, line in enumerate(self.text[: self.end].split("\n"), 1):
            if not line:
                continue
            if canonical := _CANONICAL.fullmatch(line):
                self.in_answer = False
                if (step := _canonical(canonical)) is not None:
                    self._add(step, number)
            else:
                self._line(line[:MAX_STEP_LINE_CHARS], number)
            if len(steps) >= MAX_STEPS:
                break
        return steps[:MAX_STEPS]

    def _line(self, line: str, number: int) -> None:
        """A line that is not in canonical form."""
        if answer := _ANSWER.match(line):
            # An answer that a later one replaced is no thought, be it on this line or the next.
            self.in_answer = not line[answer.end() :].strip(" *_`\"'$")
            return
        if self.in_answer and line.strip():
            self.in_answer = False
            if "=" in line:
                return
        if "=" in line or "\\approx" in line or "≈" in line:
            before = len(self.steps)
            for step in _thoughts_on(line, self):
                self._add(step, number)
            if len(self.steps) > before:
                if _GOES_BACK.search(line):
                    self._heed(Cue.BACK)
                return
        self._words(line)

    def _add(self, step: Step, line: int) -> None:
        if self.cue is Cue.NONE:
            self.steps.append(step._replace(line=line))
        else:
            self.steps.append(step._replace(line=line, cue=self.cue, back_to=self.back_to))
            self.cue, self.back_to = Cue.NONE, None

    def _heed(self, cue: Cue) -> None:
        """A cue stands until the next thought; a stronger one is not taken back."""
        if cue is Cue.START or self.cue is Cue.NONE:
            self.cue = cue

    def number_one(self) -> None:
        """The numbering starts again."""
        self._heed(Cue.START)

    def _words(self, line: str) -> None:
        """A line without a thought: numbers left of the one before, a cue, or prose."""
        last = self.steps[-1] if self.steps else None
        if (
            last is not None
            and last.left is None
            and self.cue is Cue.NONE
            and "=" not in line
            and (left := _left_in(line)) is not None
        ):
            last = self.steps[-1] = last._replace(left=left)
        if _HEADING.match(line):
            self._heed(Cue.START)
        elif named := _BACK_TO.match(line):
            self.cue, self.back_to = Cue.BACK, _numbers_from(line, named.end()) or None
        elif _GOES_BACK.search(line):
            self._heed(Cue.BACK)
        if last is not None and not last.dead_end and _DEAD_END.search(line):
            self.steps[-1] = last._replace(dead_end=True)


def _canonical(match: re.Match[str]) -> Step | None:
    a, op, b, value, left, mark = match.groups()
    try:
        numbers = None if left is None else numbers_of(left)
        return Step(number_of(a), op, number_of(b), number_of(value), numbers, mark is not None)
    except ZeroDivisionError:
        return None


def _thoughts_on(line: str, reader: _Reader) -> Iterator[Step]:
    """The thoughts of a line that is not in canonical form."""
    if _POWER.search(line):
        return
    line = _plain_line(line)
    lead = _LEAD.match(line)
    start = lead.end() if lead else 0
    numbered = _DIGIT_RUN.search(lead[0]) if lead else None
    place = int(numbered[0]) if numbered else None
    if place == 1:
        reader.number_one()
    matches = [m for m in _THOUGHT.finditer(line, start) if _stands_alone(line, start, m)]
    for i, match in enumerate(matches):
        before = line[start if i == 0 else matches[i - 1].end() : match.start()]
        if len(before) > MAX_WORDS_BEFORE or _HYPOTHETICAL.search(before):
            continue
        a, b, value = _operand(match["a"]), _operand(match["b"]), _result(match["value"])
        if a is None or b is None or value is None:
            continue
        until = matches[i + 1].start() if i + 1 < len(matches) else len(line)
        after = line[match.end() : until]
        op = "*" if match["op"] in "xX" else match["op"]
        yield Step(a, op, b, value, _left_in(after), bool(_DEAD_END.search(after)), place)


def _stands_alone(line: str, start: int, match: re.Match[str]) -> bool:
    """Whether the two numbers are a whole left side, not the end of a longer expression."""
    before = line[max(start, match.start() - 8) : match.start()].rstrip(" (")
    return not before or before[-1] not in "+-*/=^%≈0123456789"


def _plain_line(line: str) -> str:
    """The line without bold print and LaTeX."""
    if "\\" in line or "$" in line:
        for pattern, plain in _LATEX:
            line = pattern.sub(plain, line)
    return line.replace("**", "")


def _left_in(text: str) -> tuple[Number, ...] | None:
    """The note of the numbers left in a text; None where there is none."""
    cue = _LEFT.search(text)
    if cue is not None:
        if "(" in text[: cue.end()] and ")" not in text[cue.end() :]:
            return None  # cut off inside the note
        return _numbers_from(text, cue.end()) or None
    listed = _LISTED.match(text)
    if listed is not None:
        return _numbers_from(text, listed.end()) or None
    trailing = _LEFT_AFTER.search(text)
    return (_numbers_from(text, trailing.start("first")) or None) if trailing else None


def _numbers_from(text: str, start: int) -> tuple[Number, ...]:
    numbers: list[Number] = []
    while len(numbers) < MAX_LEFT and (match := _ITEM.match(text, start)):
        number = _result(match[1])
        if number is None:
            break
        numbers.append(number)
        start = match.end()
    return tuple(numbers)


def _operand(text: str) -> Number | None:
    """A number that is combined; None for a bare fraction that can be reduced: that is a step."""
    number = _result(text)
    if number is not None and "/" in text and "(" not in text:
        bare = text.split("/")[1]
        return number if isinstance(number, Fraction) and number.denominator == int(bare) else None
    return number


def _result(text: str) -> Number | None:
    """A number as written; None for a fraction of nothing."""
    try:
        return _number(text.strip("() "))
    except ZeroDivisionError:
        return None


@lru_cache(maxsize=MEMO_NUMBERS)
def number_of(text: str) -> Number:
    """A number in canonical form: `12`, `8/3` or `(8/3)`.

    Raises:
        ZeroDivisionError: for a fraction of nothing.
    """
    if text.isdecimal():
        return int(text)
    over, _, under = text.strip("()").partition("/")
    fraction = Fraction(int(over), int(under))
    return fraction.numerator if fraction.denominator == 1 else fraction


@lru_cache(maxsize=MEMO_NUMBERS)
def numbers_of(text: str) -> tuple[Number, ...]:
    """Numbers in canonical form between spaces; raises as `number_of`."""
    return tuple(map(number_of, text.split()))


def _number(text: str) -> Number:
    if text.isdecimal():
        return int(text)
    fraction = Fraction(text)
    return fraction.numerator if fraction.denominator == 1 else fraction


def _shown(number: Number) -> str:
    return str(number) if isinstance(number, int) else f"({number})"


_DIGITS = r"[0-9]{1,12}"
_CANONICAL = re.compile(
    rf"({_DIGITS}|\({_DIGITS}/{_DIGITS}\)) ([-+*/]) ({_DIGITS}|\({_DIGITS}/{_DIGITS}\))"
    rf" = ({_DIGITS}(?:/{_DIGITS})?)(?: \(left:((?: {_DIGITS}(?:/{_DIGITS})?){{1,12}})\)"
    r"(: dead end)?)? {0,2}"
)
_UNSIGNED = rf"{_DIGITS}(?:\.{_DIGITS}|/{_DIGITS})?"
_NUMBER = rf"(?:\(\s?-?{_UNSIGNED}\s?\)|-?{_UNSIGNED})"
_THOUGHT = re.compile(
    rf"(?<![\w.])(?P<a>{_NUMBER})\s{{0,3}}(?P<op>[-+*/]|[xX](?=\s?[0-9(]))\s{{0,3}}"
    rf"(?P<b>{_NUMBER})\s{{0,3}}\){{0,2}}\s{{0,3}}(?:=|≈)\s{{0,3}}(?P<value>{_NUMBER})"
    r"(?![\w^!]|\.[0-9]|\s{0,3}[-+*/]\s{0,3}[0-9(])"
)
_LEAD = re.compile(
    r"(?:[\s>#*_`~|•·]|[-+](?=\s)|\(?[0-9]{1,3}[.):]\)?(?=\s)|[a-zA-Z][.)](?=\s)"
    r"|(?:step|pair|operation|op|move|thought|path|attempt)\s{0,2}\#?[0-9]{0,3}\s{0,2}"
    r"(?:[:.)]|-(?=\s))){1,12}",
    re.IGNORECASE,
)
_DIGIT_RUN = re.compile(r"[0-9]{1,3}")
_POWER = re.compile(r"[0-9)](?:\*\*|\s\*\*\s)[0-9(]")
_LATEX = tuple(
    (re.compile(pattern), plain)
    for pattern, plain in (
        (r"\\(?:times|cdotp?|ast|\*)(?![A-Za-z])", "*"),
        (r"\\div(?![A-Za-z])", "/"),
        (r"\\approx(?![A-Za-z])", "≈"),
        (r"\\[dt]?frac\s{0,2}\{\s?([0-9]{1,12})\s?\}\s{0,2}\{\s?([0-9]{1,12})\s?\}", r"(\1/\2)"),
        (r"\\(?:text|textbf|mathbf|mathrm|boxed)\s{0,2}\{([^{}]{0,200})\}", r" \1 "),
        (r"\\(?:r?ightarrow|Rightarrow|implies|to)(?![A-Za-z])", "->"),
        (r"\\[()\[\],;:! ]|\\(?:q?quad|left|right|displaystyle)(?![A-Za-z])|[$&]|\{\}", " "),
    )
)
_LEFT = re.compile(
    r"(?:\b(?:left|remaining|remain|leaving|leaves|numbers\s(?:are|now|left)|now\shave)\b"
    r"[^0-9\n(\[{-]{0,30}[(\[{\s]{0,3})(?=-?[0-9])",
    re.IGNORECASE,
)
_LEFT_AFTER = re.compile(
    r"(?P<first>-?[0-9]{1,12})(?:[\s,]{1,3}(?:and\s)?-?[0-9]{1,12}){0,11}\s"
    r"(?:(?:is|are)\s)?(?:left|remain(?:ing|s)?)\b",
    re.IGNORECASE,
)
_LISTED = re.compile(
    r"[\s*_.,;:]{0,4}(?:->|=>|→|⇒)?\s{0,3}[(\[{]\s?(?=-?[0-9][0-9\s,/-]{0,80}[)\]}])"
)
_ITEM = re.compile(rf"[\s,;&]{{0,3}}(?:and\s{{1,2}})?(\(?-?{_UNSIGNED}\)?)(?![\w.]*[0-9]|\s?[*+=])")
_HYPOTHETICAL = re.compile(
    r"\b(?:need|needs|needed|would|could|if|want|since|because|unless|should|recall|know|note)\b",
    re.IGNORECASE,
)
_ANSWER = re.compile(
    r"[\s>#*_`\"'{-]{0,12}(?:(?:the|final|correct|my)\s){0,2}answers?[*_`\"']{0,4}\s?[:=][*_`\"']{0,4}",
    re.IGNORECASE,
)
_HEADING = re.compile(
    r"[\s>#*_`\"'{,\\-]{0,12}(?:[a-z]{1,12}'?s?\s){0,4}steps?(?:\s[a-z]{1,8})?[\s*_`\"']{0,6}:"
    r"[\s*_`\"']{0,6}$"
    r"|[\s>#*_`-]{0,8}(?:step|pair)\s#?1[\s*_`]{0,4}[:.)]",
    re.IGNORECASE,
)
_BACK_TO = re.compile(
    r"[\s>#*_`-]{0,8}(?:let's\s)?(?:go(?:ing)?\s)?(?:back|backtrack(?:ing)?|return(?:ing)?)\sto:?\s"
    r"(?:the\s)?(?:numbers\s|state\s)?[(\[{]?(?=[0-9])",
    re.IGNORECASE,
)
_GOES_BACK = re.compile(
    r"\bback\s?track|\bgo(?:ing)?\sback\b|\bstart(?:ing)?\s(?:over|again)\b|\brestart"
    r"|\b(?:re-?try|try|trying|attempt|attempting|consider|explore|correct)\s(?:\w{1,12}\s){0,3}"
    r"(?:again|another|different|other|new|else|more|alternative|path|approach|combination"
    r"|sequence|way|order|this|once)\b"
    r"|\b(?:another|different|alternative|new|final|correct|successful)\s(?:\w{1,12}\s)?"
    r"(?:path|approach|attempt|combination|sequence|way|order|option|strategy)\b"
    r"|\blet(?:'s|\sme|\sus)\s(?:\w{1,12}\s){0,2}(?:try|re-?evaluate|correct|re-?consider|revisit)"
    r"|^[\s>#*_-]{0,8}(?:path|attempt|option|approach|combination)\s?#?[0-9a-z]{0,2}[\s*_]{0,4}:"
    r"|\bpath:?[\s*_]{0,4}$|\binstead\b",
    re.IGNORECASE,
)
_DEAD_END = re.compile(
    r"\bdead[\s-]end|\b(?:does|do|did)(?:n't|\snot)\s(?:\w{1,12}\s){0,2}"
    r"(?:work|lead|reach|help|give|yield|equal|make|result|add)\b"
    r"|\bnot\s(?:\w{1,12}\s){0,2}(?:useful|correct|possible|viable|promising|helpful|24|work\w*)\b"
    r"|\b(?:cannot|can't|impossible|back\s?track|fail(?:s|ed)?)\b|[✗✘❌]",
    re.IGNORECASE,
)
