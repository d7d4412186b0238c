r"""Read what a line states: an expression, and what the line says that it equals.

Text only: numbers are read as they are written, nothing is worked out, and this module cannot
import what works it out. So whoever looks for an answer cannot choose the one that is true.

- The expression is what stands left of the first `=`; the right side if the left is the target.
- What follows it is read as long as nothing but `=`, an arrow or a short verb ("equals", "gives")
  stands between: of `(1 + 7) + 12 = 20 + 4 = 24` both sides, of `7 + 7 = 14, then 10 + 14 = 24`
  only the 14.
- Inside prose the first stretch that combines two numbers is the expression. A name or a function
  before it belongs to it: nothing is left out to make an expression readable.

>>> stated = read_stated("(1 + 7) + 12 = 20 + 4 = 24, done", 24)
>>> stated.text, stated.sides, stated.rest
('(1 + 7) + 12', ((20, '+', 4), Fraction(24, 1)), ', done')
>>> read_stated("24 = 4 * 6", 24).text
'4 * 6'
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from tot24_bench.scoring.markup import undress
from tot24_bench.scoring.notation import FUNCTIONS, LATEX_UNSUPPORTED
from tot24_bench.scoring.tokens import Tokens, tokenize

MAX_LINE_CHARS = 4_000
"""Characters of one line that are read: more than any expression may have (`tokens`)."""

MAX_FRACTIONS = 12
"""Fractions inside each other that are written out; a puzzle has at most 12 numbers."""

MAX_SIDES = 16
"""Signs `=` of one equation that are followed; a chain of four numbers' steps has three."""

MAX_STATED = 24
"""Expressions of one line that are told apart; an answer on a line has one."""

Side = Fraction | tuple[int | str, ...]
"""What an expression is said to equal: a number as written, or the tokens of another expression."""


class Stated(NamedTuple):
    """An expression as it is written, and what is said of it.

    Attributes:
        text: the expression.
        cut: its tokens.
        size: how many numbers are written in it.
        combines: whether it has any sign; a lone number has none.
        sides: what it is said to equal, in order.
        complete: whether a `=` or anything else follows the expression.
        rest: what follows the last side.
    """

    text: str
    cut: Tokens
    size: int
    combines: bool
    sides: tuple[Side, ...]
    complete: bool
    rest: str

    def well_formed(self) -> bool:
        """Whether signs, numbers and brackets stand where an expression has them."""
        depth, operand = 0, False  # whether an operand is complete before the next token
        for token in self.cut.tokens:
            if operand:
                if token == ")":
                    depth -= 1
                elif token in ("+", "-", "*", "/"):
                    operand = False
                else:
                    return False
            elif token == "(":
                depth += 1
            elif isinstance(token, int):
                operand = True
            elif token not in ("+", "-"):
                return False
        return operand and depth == 0

    def repeats(self, target: int) -> bool:
        """Whether it is just the target."""
        return not self.combines and self.cut.problem is None and literal(self.cut.tokens) == target

    def says(self, target: int) -> bool:
        """Whether it is said to be the target, in a number as written."""
        return target in self.sides

    def says_other(self, target: int) -> bool:
        """Whether it is said to be something, in a number as written, and never the target.

        A fraction as written (`64/3`) is a number that is not the target: nothing is divided here.
        """
        if not self.combines and self.cut.problem is None:
            return literal(self.cut.tokens) != target
        return target not in self.sides and any(
            isinstance(side, Fraction) or (len(side) == 3 and side[1] == "/") for side in self.sides
        )


def read_stated(text: str, target: int) -> Stated | None:
    """Read what the line `text` states from its first character on; None where nothing starts."""
    cut = tokenize(text)
    if not cut.tokens and cut.problem is None:
        return None
    while (
        cut.problem is None and text[:1] in _PAIRS and (inner := _unwrapped(text, cut)) is not None
    ):
        text, cut = inner, tokenize(inner)
    tokens = cut.tokens
    source, tail = text[: cut.end].strip(), text[cut.end :]
    complete = bool(tail) and not tail.isspace()
    count, combines = _counted(tokens)
    sides: list[Side] = []
    only_target = not combines and cut.problem is None and literal(tokens) == target
    if not only_target and (number := _LAST_NUMBER.fullmatch(tail)):
        return Stated(source, cut, count, combines, (Fraction(int(number[1])),), complete, "")
    for _ in range(MAX_SIDES):
        sign = _EQUALS.match(tail) or (None if only_target else _SAID.match(tail))
        if sign is None:
            break
        right = undress(tail[sign.end() :])
        if opaque := _OPAQUE.match(right):
            tail = right[opaque.end() :]
            continue
        if decimal := _DECIMAL.match(right):
            sides.append(Fraction(decimal[0]))
            tail = right[decimal.end() :]
            continue
        side = tokenize(right)
        if not side.tokens and side.problem is None:
            tail = right
            break
        tail = right[side.end :]
        if only_target:
            cut, source = side, right[: side.end].strip()
            count, combines = _counted(side.tokens)
            only_target = not combines and literal(side.tokens) == target
            sides.append(Fraction(target))
            complete = bool(tail.strip())
        elif side.problem is not None:
            continue
        else:
            number_said = literal(side.tokens)
            sides.append(side.tokens if number_said is None else Fraction(number_said))
    return Stated(source, cut, count, combines, tuple(sides), complete, tail)


def find_stated(prose: str, target: int) -> tuple[str, Stated | None]:
    """Find the first expression inside prose; returns the words before it, too."""
    for run in _RUN.finditer(prose):
        if _BINARY.search(run[0]):
            start = _start(prose, run.start(), run[0])
            return prose[:start], read_stated(prose[start:], target)
    return prose, None


def each_stated(line: str, target: int) -> Iterator[tuple[str, Stated]]:
    """Every expression of a line that combines numbers, with the words before it."""
    for _ in range(MAX_STATED):
        words, stated = find_stated(line, target)
        if stated is None:
            return
        yield words, stated
        line = stated.rest


def readable(line: str) -> str:
    """The line with LaTeX signs, bold print and the letter x made plain."""
    line = line[:MAX_LINE_CHARS]
    if "=!=" in line or "=/=" in line:
        line = line.replace("=!=", "≠").replace("=/=", "≠")
    if ">>" in line:
        line = _QUOTED.sub(" ", line)
    if "*" in line and (italic := _ITALIC.fullmatch(line)):
        line = italic[1]
    elif line[-1:] == "*" and (line[-2:] != "**" or line.count("**") % 2):
        line = _STARS_AFTER.sub("", line)
    if "\\" in line:
        line = _LATEX_BRACKET.sub("$", line)
        line = _LATEX_TIMES.sub("*", _LATEX_DRESS.sub(" ", line)).replace(r"\div", "/")
        line = _ESCAPED_SIGN.sub(r"\1", line)
        if "frac" in line:
            line = _FRACTION.sub(r"\1{\2}", _DENOMINATOR.sub(r"\1{\2}", line))
            for _ in range(MAX_FRACTIONS):
                line, count = _INNER_FRACTION.subn(r"((\1)/(\2))", line)
                if not count:
                    break
    if "**" in line:
        line = _BOLD_AFTER.sub(r"\1\2", _BOLD_BEFORE.sub(r"\1", line))
        line = _BOLD.sub(r'"\1"', line)
    if "x" in line or "X" in line:
        line = _LETTER_X.sub("*", line)
    return line


def literal(tokens: tuple[int | str, ...]) -> int | None:
    """The number that tokens are, as written: `24`, `(24)` or `-24`; None for anything else."""
    sign = 1
    found: int | None = None
    for token in tokens:
        if isinstance(token, int):
            if found is not None:
                return None
            found = token
        elif token == "-":
            if found is not None:
                return None
            sign = -sign
        elif token not in "()+":
            return None
    return None if found is None else sign * found


def _counted(tokens: tuple[int | str, ...]) -> tuple[int, bool]:
    """How many numbers there are, and whether any sign is."""
    count = 0
    combines = False
    for token in tokens:
        if isinstance(token, int):
            count += 1
        elif token not in "()":
            combines = True
    return count, combines


def _unwrapped(text: str, cut: Tokens) -> str | None:
    """The text without a bracket around a whole equation: `[(6 - 4) * (4 + 8) = 24]`."""
    depth = sum((token == "(") - (token == ")") for token in cut.tokens)
    if depth < 1 or not text[cut.end :].lstrip().startswith("="):
        return None
    close = _CLOSE.match(text, cut.end)
    if close is None or _PAIRS[text[0]] != close[1]:
        return None
    return text[1 : close.start(1)] + text[close.end() :]


# One class of characters and no alternatives in it: the time stays linear.
_EQUALS = re.compile(r"[\s$`*_&~\\)\]\"'#/]*=+>?")
# Other ways to say what an expression is worth; only a number may follow, or it is the next step.
_SAID = re.compile(
    r"[\s$`*_&~\\\"')\]|:]{0,8}(?:-{1,3}>|→|⇒|⟹|≈|\\(?:r?ightarrow|Rightarrow|implies|to|approx)(?![a-z])"
    r"|(?:,?\s?which\s)?(?:indeed\s|is\s|does\s)?(?:equals?|equal\sto|gives?|makes?|yields?|is|evaluates\sto"
    r"|comes\sto|results\sin)\s(?:exactly\s)?|(?<=\|))[\s$`*_\"'=\\(]{0,8}"
    r"(?=-?[0-9]{1,12}(?![0-9]|\s?[-+*/]\s?[0-9(]|\.[0-9]))",
    re.IGNORECASE,
)
_LAST_NUMBER = re.compile(r" ?= ?([0-9]{1,12})")
_DECIMAL = re.compile(r"-?[0-9]{1,12}\.[0-9]{1,12}(?![0-9])")
# Arithmetic with decimals on the way to the value: no answer, and no value of one.
_OPAQUE = re.compile(
    r"[0-9()\s+\-*/]{0,60}[0-9]\.[0-9]{1,12}[0-9()\s.+\-*/]{0,60}?[-+*/][0-9()\s.+\-*/]{1,60}(?=\s?[=≈])"
    r"|[0-9()\s+*/-]{0,60}[-+*/]\s?[0-9]{1,12}\.[0-9]{1,12}[)\s]{0,8}(?=\s?[=≈])"
)
_LATEX_DRESS = re.compile(
    r"\\(?:left|right|[bB]igg?[lr]?|displaystyle|quad|qquad)(?![A-Za-z])(?=\s{0,4}(?:[()\[\]|]|\\[{}]))"
    r"|\\\\(?![A-Za-z(\[])|\\[,;:! ]"
)
_LATEX_BRACKET = re.compile(r"\\[()\[\]]")
_ESCAPED_SIGN = re.compile(r"\\([-+=#.>])")
# LaTeX needs no braces around one digit: `\frac82`, `\frac{8}2`, `\frac8{2}`.
_DENOMINATOR = re.compile(r"(\\[dtc]?frac\s{0,4}(?:[0-9]|\{[^{}]{1,200}\})\s{0,4})([0-9])")
_FRACTION = re.compile(r"(\\[dtc]?frac\s{0,4})([0-9])")
_INNER_FRACTION = re.compile(
    r"(?<![0-9])(?<![0-9] )\\[dtc]?frac\s{0,4}\{([^{}]{1,400})\}\s{0,4}\{([^{}]{1,400})\}"
)
_LATEX_TIMES = re.compile(r"~?\\(?:times|cdotp?|centerdot|bullet|ast)(?![A-Za-z])(?:\{\}|~)?")
# Not `0x18`, which is a number of another base to whoever writes it so.
_LETTER_X = re.compile(r"(?<=[0-9)\]}])(?<!\W0)(?<!^0)\s{0,3}[xX]\s{0,3}(?=[0-9(\[{]|\\[dtc]?frac)")
_BOLD_BEFORE = re.compile(
    r"\*\*(\([^*\n]{1,80}\)|[0-9]{1,12})\*\*(?=\s{0,3}[-+/xX]\s{0,3}\*\*[(0-9])"
)
_BOLD_AFTER = re.compile(r"(?<=[-+/xX])(\s{0,3})\*\*(\([^*\n]{1,80}\)|[0-9]{1,12})\*\*")
# Bold print, whose stars would be signs: none opens behind an operand, where they are a power.
_BOLD = re.compile(r"(?<![\w)\]*])(?<![0-9)\]] )\*\*(?=[^\s*])((?:[^*\n]|\*(?!\*)){1,400}?)\*\*")
_ITALIC = re.compile(r"\s{0,8}\*(?=[^\s*])([^\n]{1,400}[^\s*])\*\s{0,4}")
_STARS_AFTER = re.compile(r"(?<=[0-9)\]])\*{1,3}$")
_QUOTED = re.compile(r">{2,4}\s*$")
_RUN = re.compile(r"[0-9\s()\[\]{}+\-*/]+")
_BINARY = re.compile(r"[0-9][\s)\]}]*[-+*/][\s(\[{+-]*[0-9]|[0-9)\]}][(\[{][0-9]")
# Names are written in scripts that have capitals; a word of Han, Kana or Hangul is prose.
_WORD_BEFORE = re.compile(r"\\?[0-9A-Za-z_\u00c0-\u024f\u0370-\u052f]{1,40}$")
_CLOSE = re.compile(r"\s?=[^()\[\]{}\n]{0,80}([)\]}])(?!\s{0,4}[-+*/(])")
_PAIRS = {"(": ")", "[": "]", "{": "}"}


def _start(prose: str, start: int, run: str) -> int:
    """Where the expression of a run of digits and signs starts: maybe with the name before it."""
    spaces = len(run) - len(run.lstrip(" \t)]}"))
    first = start + spaces
    sign = prose[first]
    before = prose[max(0, start - 41) : start]
    word = _WORD_BEFORE.search(before)
    if word is not None:
        name = word[0]
        operand = sign in "*/+" or (sign == "-" and (not spaces or len(name) == 1))
        named = name[1:] in LATEX_UNSUPPORTED if name[0] == "\\" else name.lower() in FUNCTIONS
        if operand or not spaces or named:
            return start - len(name)
    elif before and not spaces:
        decimal = before[-1] == "." and sign.isdigit()
        if before[-1] in "^%√∛∜!¬±∓⌊⌈" or (decimal and before[-2:-1].isspace()):
            return start - 1
        if decimal and before[-2:-1].isdigit():
            return start - 2
    if sign == "-" and prose[first + 1 : first + 2].isspace():
        return first + 1  # a dash between words and expression
    return first
