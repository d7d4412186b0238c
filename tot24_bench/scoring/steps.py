r"""Read the thoughts that a response states, in whatever dress, and the cues between them.

A thought combines two numbers and says what comes out: `4 + 8 = 12 (left: 4 6 12)`. Models number
it, bullet it, print it bold or in LaTeX, put the numbers left on the next line, or leave them out.
Lines that combine three numbers, and prose about what would be needed, are no thoughts. Between
thoughts, a response says that it goes back or starts again, and that numbers are a dead end. This
module reads what is said; `replay` judges whether it is true.

Canonical is what the solver teacher writes and a good student learns: every line to the letter a
thought, `Steps:`, `Path:` or `Back to 4 5 16`, then one line `Answer: (6 - 4) * (4 + 8) = 24`.

>>> step, = read_steps("**Step 1:** 13 - 3 = 10\nRemaining numbers: 4, 4, 10")
>>> step.a, step.op, step.b, step.value, step.left, step.cue
(13, '-', 3, 10, (4, 4, 10), <Cue.START: 'start'>)
>>> [step.text for step in read_canonical("Steps:\n4 * 6 = 24 (left: 24)\nAnswer: 4 * 6 = 24")]
['4 * 6 = 24']
>>> read_canonical("Steps:\n4 * 6 = 24, left: 24\nAnswer: 4 * 6 = 24") is None
True
"""

from __future__ import annotations

import re
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from tot24_bench.game.states import Number
from tot24_bench.scoring.markup import latex_signs

MAX_STEPS = 5_000  # thoughts that are read: at ten tokens each, more than any task allows
MAX_STEP_LINE_CHARS = 1_000  # of one line that are searched for thoughts: eight take 400
MAX_LEFT = 16  # numbers of one note of the numbers left; a hand has at most 12
MEMO_NUMBERS = 4_096  # numbers that are remembered: a search writes the same ones again and again
MAX_WORDS_BEFORE = 80  # characters before a thought on its line; more are part of a sentence


class Cue(StrEnum):
    """What is said just before a thought about where it starts from."""

    NONE = "none"
    BACK = "back"
    START = "start"


class Step(NamedTuple):
    """One thought as the response states it: `a op b = value`."""

    a: Number
    op: str
    b: Number
    value: Number
    left: tuple[Number, ...] | None  # the numbers that it says are left, in its order
    dead_end: bool = False  # whether the response then marks them as a dead end
    number: int | None = None  # its number in a list or as a step
    cue: Cue = Cue.NONE  # whether it is said before it that the search goes back or starts again
    back_to: tuple[Number, ...] | None = None  # the numbers that it is said to go back to
    line: int = 1  # the number of its line, from 1

    @property
    def text(self) -> str:
        """The thought in plain signs, without dress."""
        a, b = (f"({one})" if isinstance(one, Fraction) else one for one in (self.a, self.b))
        return f"{a} {self.op} {b} = {self.value}"


def read_canonical(text: str) -> list[Step] | None:
    """The thoughts of a response; None where a single sign is not canonical."""
    whole = _CANONICAL.fullmatch(text)
    if whole is None or text.count("\n") > MAX_STEPS:
        return None
    return read_steps(text, whole.start(1))


def read_steps(text: str, end: int | None = None) -> list[Step]:
    """The thoughts of a text in plain signs (`markup.plain`), at most MAX_STEPS; never raises.

    What stands from `end` on, where the committed answer starts, explains and is not read.
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
        for number, line in enumerate(self.text[: self.end].split("\n"), 1):
            if plain := _PLAIN.fullmatch(line):
                self.in_answer = False
                op, left, dead_end = plain["op"], plain["left"] or "", plain["mark"] is not None
                numbers = _numbers((plain["a"], plain["b"], plain["value"], *left.split()))
                if numbers is not None:
                    a, b, value, *rest = numbers
                    cues = self._cues()
                    self.steps.append(
                        Step(a, op, b, value, tuple(rest) or None, dead_end, None, *cues, number)
                    )
            elif line:
                self._line(line[:MAX_STEP_LINE_CHARS], number)
            if len(self.steps) >= MAX_STEPS:
                break
        return self.steps[:MAX_STEPS]

    def _line(self, line: str, number: int) -> None:
        """A line that is no thought in plain signs alone."""
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
            self._thoughts(line, number)
            if len(self.steps) > before:
                if _GOES_BACK.search(line):
                    self._heed(Cue.BACK)
                return
        self._words(line)

    def _thoughts(self, line: str, number: int) -> None:
        """The thoughts of a line in whatever dress."""
        if _POWER.search(line):
            return
        if "\\" in line or "$" in line:
            line = latex_signs(line)
            for pattern, plain in _LATEX:
                line = pattern.sub(plain, line)
        line = line.replace("**", "")
        lead = _LEAD.match(line)
        start = lead.end() if lead else 0
        numbered = _DIGIT_RUN.search(lead[0]) if lead else None
        place = int(numbered[0]) if numbered else None
        if place == 1:
            self._heed(Cue.START)
        matches = [m for m in _THOUGHT.finditer(line, start) if _stands_alone(line, start, m)]
        for i, match in enumerate(matches):
            before = line[start if i == 0 else matches[i - 1].end() : match.start()]
            if len(before) > MAX_WORDS_BEFORE or _HYPOTHETICAL.search(before):
                continue
            numbers = _numbers((match["a"], match["b"], match["value"]))
            if numbers is None or _is_step(match["a"]) or _is_step(match["b"]):
                continue
            a, b, value = numbers
            until = matches[i + 1].start() if i + 1 < len(matches) else len(line)
            after = line[match.end() : until]
            op = "*" if match["op"] in "xX" else match["op"]
            left, dead_end = _left_in(after), _DEAD_END.search(after) is not None
            cues = self._cues()
            self.steps.append(Step(a, op, b, value, left, dead_end, place, *cues, number))

    def _cues(self) -> tuple[Cue, tuple[Number, ...] | None]:
        """What was said before the thought that comes now: it is said of this one alone."""
        cues, self.cue, self.back_to = (self.cue, self.back_to), Cue.NONE, None
        return cues

    def _heed(self, cue: Cue) -> None:
        """A cue stands until the next thought; a stronger one is not taken back."""
        if cue is Cue.START or self.cue is Cue.NONE:
            self.cue = cue

    def _words(self, line: str) -> None:
        """A line without a thought: numbers left of the one before, a cue, or prose."""
        last = self.steps[-1] if self.steps else None
        if last is not None and last.left is None and self.cue is Cue.NONE and "=" not in line:
            last = self.steps[-1] = last._replace(left=_left_in(line))
        if _HEADING.match(line):
            self._heed(Cue.START)
        elif named := _BACK_TO.match(line):
            self.cue, self.back_to = Cue.BACK, _numbers_from(line, named.end())
        elif _GOES_BACK.search(line):
            self._heed(Cue.BACK)
        if last is not None and not last.dead_end and _DEAD_END.search(line):
            self.steps[-1] = last._replace(dead_end=True)


def _stands_alone(line: str, start: int, match: re.Match[str]) -> bool:
    """Whether the two numbers are a whole left side, not the end of a longer expression."""
    before = line[max(start, match.start() - 8) : match.start()].rstrip(" (")
    return not before or before[-1] not in "+-*/=^%≈0123456789"


def _is_step(operand: str) -> bool:
    """Whether an operand is a bare fraction that can be reduced: that is a step of its own."""
    if "/" not in operand or "(" in operand:
        return False
    number = number_of(operand)
    under = int(operand.split("/")[1])
    return not isinstance(number, Fraction) or number.denominator != under


def _left_in(text: str) -> tuple[Number, ...] | None:
    """The note of the numbers left in a text; None where there is none."""
    if (cue := _LEFT.search(text)) is not None:
        cut_off = "(" in text[: cue.end()] and ")" not in text[cue.end() :]
        return None if cut_off else _numbers_from(text, cue.end())
    if (listed := _LISTED.match(text)) is not None:
        return _numbers_from(text, listed.end())
    trailing = _LEFT_AFTER.search(text)
    return _numbers_from(text, trailing.start("first")) if trailing else None


def _numbers_from(text: str, start: int) -> tuple[Number, ...] | None:
    """The numbers that are listed from a place on; None where there are none."""
    numbers: list[Number] = []
    while len(numbers) < MAX_LEFT and (match := _ITEM.match(text, start)):
        number = number_of(match[1])
        if number is None:
            break
        numbers.append(number)
        start = match.end()
    return tuple(numbers) or None


def _numbers(texts: tuple[str, ...]) -> tuple[Number, ...] | None:
    """Numbers as written; None where one of them is a fraction of nothing."""
    numbers = tuple([number for text in texts if (number := number_of(text)) is not None])
    return numbers if len(numbers) == len(texts) else None


@lru_cache(maxsize=MEMO_NUMBERS)
def number_of(text: str) -> Number | None:
    """A number as written, in brackets or not; None for a fraction of nothing."""
    text = text.strip("() ")
    if text.isdecimal():
        return int(text)
    try:
        fraction = Fraction(text)
    except ZeroDivisionError:
        return None
    return fraction.numerator if fraction.denominator == 1 else fraction


_DIGITS = r"[0-9]{1,12}"
_OPERAND = rf"{_DIGITS}|\({_DIGITS}/{_DIGITS}\)"
_WRITTEN = rf"{_DIGITS}(?:/{_DIGITS})?"
_PLAIN = re.compile(
    rf"(?P<a>{_OPERAND}) (?P<op>[-+*/]) (?P<b>{_OPERAND}) = (?P<value>{_WRITTEN})"
    rf"(?: \(left:(?P<left>(?: {_WRITTEN}){{1,12}})\)(?P<mark>: dead end)?)? {{0,2}}"
)
_OVER = rf"/(?!0+\b){_DIGITS}"  # where a fraction of nothing is none
_NUMBER = rf"{_DIGITS}(?:{_OVER})?"
_COMBINED = rf"(?:{_DIGITS}|\({_DIGITS}{_OVER}\))"
_CANONICAL = re.compile(
    rf"Steps:\n(?:(?:{_COMBINED} [-+*/] {_COMBINED} = {_NUMBER}"
    rf"(?: \(left:(?: {_NUMBER}){{1,12}}\)(?:: dead end)?)?"
    rf"|Back to(?: {_NUMBER}){{1,12}}|Steps:|Path:)\n)*+"
    r"Answer: ([(0-9])[-+*/()0-9 ]{0,118}[)0-9] = [0-9]{1,12}"
)
_UNSIGNED = rf"{_DIGITS}(?:\.{_DIGITS}|/{_DIGITS})?"
_SIGNED = rf"(?:\(\s?-?{_UNSIGNED}\s?\)|-?{_UNSIGNED})"
_THOUGHT = re.compile(
    rf"(?<![\w.])(?P<a>{_SIGNED})\s{{0,3}}(?P<op>[-+*/]|[xX](?=\s?[0-9(]))\s{{0,3}}"
    rf"(?P<b>{_SIGNED})\s{{0,3}}\){{0,2}}\s{{0,3}}(?:=|≈)\s{{0,3}}(?P<value>{_SIGNED})"
    r"(?![\w^!]|\.[0-9]|\s{0,3}[-+*/]\s{0,3}[0-9(])"
)
_LEAD = re.compile(
    r"(?i)(?:[\s>#*_`~|•·]|[-+](?=\s)|\(?[0-9]{1,3}[.):]\)?(?=\s)|[a-zA-Z][.)](?=\s)"
    r"|(?:step|pair|operation|op|move|thought|path|attempt)\s{0,2}\#?[0-9]{0,3}\s{0,2}"
    r"(?:[:.)]|-(?=\s))){1,12}"
)
_DIGIT_RUN = re.compile(r"[0-9]{1,3}")
_POWER = re.compile(r"[0-9)](?:\*\*|\s\*\*\s)[0-9(]")
_LATEX = tuple(
    (re.compile(pattern), plain)
    for pattern, plain in (
        (r"\\\*", "*"),
        (r"\\approx(?![A-Za-z])", "≈"),
        (r"\\[dt]?frac\s{0,2}\{\s?([0-9]{1,12})\s?\}\s{0,2}\{\s?([0-9]{1,12})\s?\}", r"(\1/\2)"),
        (r"\\(?:text|textbf|mathbf|mathrm|boxed)\s{0,2}\{([^{}]{0,200})\}", r" \1 "),
        (r"\\(?:r?ightarrow|Rightarrow|implies|to)(?![A-Za-z])", "->"),
        (r"\\[()\[\],;:! ]|\\(?:q?quad|left|right|displaystyle)(?![A-Za-z])|[$&]|\{\}", " "),
    )
)
_LEFT = re.compile(
    r"(?i)(?:\b(?:left|remaining|remain|leaving|leaves|numbers\s(?:are|now|left)|now\shave)\b"
    r"[^0-9\n(\[{-]{0,30}[(\[{\s]{0,3})(?=-?[0-9])"
)
_LEFT_AFTER = re.compile(
    r"(?i)(?P<first>-?[0-9]{1,12})(?:[\s,]{1,3}(?:and\s)?-?[0-9]{1,12}){0,11}\s"
    r"(?:(?:is|are)\s)?(?:left|remain(?:ing|s)?)\b"
)
_LISTED = re.compile(
    r"[\s*_.,;:]{0,4}(?:->|=>|→|⇒)?\s{0,3}[(\[{]\s?(?=-?[0-9][0-9\s,/-]{0,80}[)\]}])"
)
_ITEM = re.compile(rf"[\s,;&]{{0,3}}(?:and\s{{1,2}})?(\(?-?{_UNSIGNED}\)?)(?![\w.]*[0-9]|\s?[*+=])")
_HYPOTHETICAL = re.compile(
    r"(?i)\b(?:need|needs|needed|would|could|if|want|since|because|unless|should|recall|know|note)\b"
)
_ANSWER = re.compile(
    r"(?i)[\s>#*_`\"'{-]{0,12}(?:(?:the|final|correct|my)\s){0,2}answers?[*_`\"']{0,4}\s?[:=][*_`\"']{0,4}"
)
_HEADING = re.compile(
    r"(?i)[\s>#*_`\"'{,\\-]{0,12}(?:[a-z]{1,12}'?s?\s){0,4}steps?(?:\s[a-z]{1,8})?[\s*_`\"']{0,6}:"
    r"[\s*_`\"']{0,6}$"
    r"|[\s>#*_`-]{0,8}(?:step|pair)\s#?1[\s*_`]{0,4}[:.)]"
)
_BACK_TO = re.compile(
    r"(?i)[\s>#*_`-]{0,8}(?:let's\s)?(?:go(?:ing)?\s)?(?:back|backtrack(?:ing)?|return(?:ing)?)\sto:?\s"
    r"(?:the\s)?(?:numbers\s|state\s)?[(\[{]?(?=[0-9])"
)
_GOES_BACK = re.compile(
    r"(?i)\bback\s?track|\bgo(?:ing)?\sback\b|\bstart(?:ing)?\s(?:over|again)\b|\brestart"
    r"|\b(?:re-?try|try|trying|attempt|attempting|consider|explore|correct)\s(?:\w{1,12}\s){0,3}"
    r"(?:again|another|different|other|new|else|more|alternative|path|approach|combination"
    r"|sequence|way|order|this|once)\b"
    r"|\b(?:another|different|alternative|new|final|correct|successful)\s(?:\w{1,12}\s)?"
    r"(?:path|approach|attempt|combination|sequence|way|order|option|strategy)\b"
    r"|\blet(?:'s|\sme|\sus)\s(?:\w{1,12}\s){0,2}(?:try|re-?evaluate|correct|re-?consider|revisit)"
    r"|^[\s>#*_-]{0,8}(?:path|attempt|option|approach|combination)\s?#?[0-9a-z]{0,2}[\s*_]{0,4}:"
    r"|\bpath:?[\s*_]{0,4}$|\binstead\b"
)
_DEAD_END = re.compile(
    r"(?i)\bdead[\s-]end|\b(?:does|do|did)(?:n't|\snot)\s(?:\w{1,12}\s){0,2}"
    r"(?:work|lead|reach|help|give|yield|equal|make|result|add)\b"
    r"|\bnot\s(?:\w{1,12}\s){0,2}(?:useful|correct|possible|viable|promising|helpful|24|work\w*)\b"
    r"|\b(?:cannot|can't|impossible|back\s?track|fail(?:s|ed)?)\b|[✗✘❌]"
)
