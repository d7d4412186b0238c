r"""Read the equation on one line: an expression, and what the line says that it equals.

- The expression is what stands left of the first `=`; the right side if the left is the target.
- The values after it are read as long as nothing but `=` stands between them: of
  `(1 + 7) + 12 = 20 + 4 = 24` both 24s, of `7 + 7 = 14, then 10 + 14 = 24` only the 14.
- Inside prose the first stretch that combines two numbers is the expression. A name or a function
  before it belongs to it: nothing is left out to make an expression readable.

>>> equation = read_equation("(1 + 7) + 12 = 20 + 4 = 24, done", 24)
>>> equation.expression.text, [str(value) for value in equation.equals], equation.rest
('(1 + 7) + 12', ['24', '24'], ', done')
>>> read_equation("24 = 4 * 6", 24).expression.text
'4 * 6'
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from tot24_bench.scoring.expression import Expression, read_expression
from tot24_bench.scoring.markup import undress
from tot24_bench.scoring.notation import FUNCTIONS, LATEX_UNSUPPORTED

MAX_PROSE_CHARS = 2_000
"""Characters of one line of prose that are searched for an expression."""

MAX_SIDES = 16
"""Signs `=` of one equation that are followed; a chain of four numbers' steps has three."""


@dataclass(frozen=True, slots=True)
class Equation:
    """An expression and what stands after it on its line.

    Attributes:
        expression: the expression.
        equals: the values that the line says it equals, in order.
        complete: whether a `=` or anything else follows the expression.
        rest: what follows the last value.
    """

    expression: Expression
    equals: tuple[Fraction, ...]
    complete: bool
    rest: str

    @property
    def is_lone_number(self) -> bool:
        """Whether the expression is one number and nothing else."""
        expression = self.expression
        return expression.problem is None and not expression.operators

    def repeats(self, target: int) -> bool:
        """Whether the expression is just the target."""
        return self.is_lone_number and self.expression.value == target


def read_equation(text: str, target: int) -> Equation | None:
    """Read the equation that the line `text` starts with; None where none starts."""
    expression = read_expression(text)
    if expression is None:
        return None
    equals: list[Fraction] = []
    tail = text[expression.end :]
    complete = bool(tail.strip())
    only_target = not expression.operators and expression.value == target
    if not only_target and (number := _LAST_NUMBER.fullmatch(tail)):
        return Equation(expression, (Fraction(int(number[1])),), complete, "")
    for _ in range(MAX_SIDES):
        sign = _EQUALS.match(tail)
        if sign is None:
            break
        right = undress(tail[sign.end() :])
        if decimal := _DECIMAL.match(right):
            equals.append(Fraction(decimal[0]))
            tail = right[decimal.end() :]
            continue
        side = read_expression(right)
        if side is None:
            tail = right
            break
        tail = right[side.end :]
        if only_target:
            only_target = not side.operators and side.value == target
            equals.append(Fraction(target))
            expression, complete = side, bool(tail.strip())
        elif side.value is None:
            break
        else:
            equals.append(side.value)
    return Equation(expression, tuple(equals), complete, tail)


def find_equation(prose: str, target: int) -> tuple[str, Equation | None]:
    """Find the first equation inside prose; returns the words before it, too."""
    prose = prose[:MAX_PROSE_CHARS]
    if "\\" in prose:
        prose = _LATEX_TIMES.sub("*", prose).replace(r"\div", "/")
    for run in _RUN.finditer(prose):
        if _BINARY.search(run[0]):
            start = _start(prose, run.start(), run[0])
            return prose[:start], read_equation(prose[start:], target)
    return prose, None


# One class of characters and no alternatives in it: the time stays linear.
_EQUALS = re.compile(r"[\s$`*_&~\\)\]]*=+>?")
_LAST_NUMBER = re.compile(r" ?= ?([0-9]{1,12})")
_DECIMAL = re.compile(r"-?[0-9]{1,12}\.[0-9]{1,12}(?![0-9])")
_LATEX_TIMES = re.compile(r"~?\\(?:times|cdotp?|centerdot|bullet|ast)(?![A-Za-z])(?:\{\}|~)?")
_RUN = re.compile(r"[0-9\s()\[\]{}+\-*/]+")
_BINARY = re.compile(r"[0-9][\s)\]}]*[-+*/][\s(\[{+-]*[0-9]|[0-9)\]}][(\[{][0-9]")
_WORD_BEFORE = re.compile(r"\\?\w{1,40}$")


def _start(prose: str, start: int, run: str) -> int:
    """Where the expression of a run of digits and signs starts: maybe with the name before it."""
    spaces = len(run) - len(run.lstrip())
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
