r"""Read the text of an arithmetic expression as an exact rational.

The text comes from a model and is never executed: `tokens` cuts it up, the two stacks here work
it out in integers. `+` and `-` bind less than `*` and `/`, equals group from the left, a
juxtaposed bracket binds like `*` (so `8/2(3)` is 12), a sign before a number or a bracket is
unary. Numbers, digits, nesting and length are bounded (`tokens`), so that every step is too.

>>> parse_expression(r"\frac{8}{3 - \frac{8}{3}}").value
Fraction(24, 1)
>>> parse_expression("5 ** 2 - 1").problem
<Problem.UNSUPPORTED: 'unsupported'>
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from tot24_bench.scoring.tokens import Problem, tokenize

__all__ = ["Expression", "Problem", "evaluate", "parse_expression", "read_expression"]


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression as read.

    Attributes:
        text: the expression as it stands in the source, without what follows it.
        numbers: the numbers written in it, ascending, one entry for each use. Complete only
            where there is no problem, or the problem is a division by zero.
        value: its exact value, None where there is a problem.
        problem: why it has no value.
        detail: the problem in a few words.
        end: the number of characters of the source that it covers.
        operators: how many `+ - * /` it has, signs before a number included.
    """

    text: str
    numbers: tuple[int, ...]
    value: Fraction | None
    problem: Problem | None
    detail: str
    end: int
    operators: int


def parse_expression(text: str) -> Expression:
    """Read a text that should be one expression and nothing else; never raises.

    What is no expression at all, or has something after its end, is MALFORMED.
    """
    expression = read_expression(text)
    if expression is None:
        return Expression(text[:40], (), None, Problem.MALFORMED, "no expression", 0, 0)
    if expression.problem is None and text[expression.end :].strip(" \t\n`$*"):
        detail = f"something after the expression: {text[expression.end :].strip()[:20]!r}"
        return replace(expression, value=None, problem=Problem.MALFORMED, detail=detail)
    return expression


def read_expression(text: str) -> Expression | None:
    """Read the expression that `text` starts with, up to a relation sign or prose.

    Returns None where the text does not start like an expression. Never raises.
    """
    cut = tokenize(text)
    if not cut.tokens and cut.problem is None:
        return None
    numbers = tuple(sorted([token for token in cut.tokens if isinstance(token, int)]))
    operators = len([token for token in cut.tokens if token in _PRIORITY])
    value, problem, detail = None, cut.problem, cut.detail
    if problem is None:
        value, problem, detail = evaluate(cut.tokens)
    source = text[: cut.end].strip()
    return Expression(source, numbers, value, problem, detail, cut.end, operators)


_Rational = tuple[int, int] | None
"""Numerator and denominator, not reduced; None after a division by zero."""

_PRIORITY = {"+": 1, "-": 1, "*": 2, "/": 2}
_UNARY_PRIORITY = 3


def evaluate(tokens: tuple[int | str, ...]) -> tuple[Fraction | None, Problem | None, str]:
    """The exact value of the tokens of `tokenize`, or why they have none, in a word and in words.

    Dijkstra's two stacks. Every bracket that closes has been opened: `tokens` saw to that.
    """
    values: list[_Rational] = []
    operators: list[str] = []
    expects_operand = True
    for token in tokens:
        if isinstance(token, int):
            if not expects_operand:
                return _malformed("two numbers without a sign between them")
            values.append((token, 1))
            expects_operand = False
        elif token == "(":
            if not expects_operand:
                return _malformed("a bracket without a sign before it")
            operators.append(token)
        elif token == ")":
            if expects_operand:
                return _malformed("a bracket closes where a number is missing")
            while operators[-1] != "(":
                _apply(operators.pop(), values)
            operators.pop()
        elif expects_operand:
            if token not in "+-":
                return _malformed(f"`{token}` without a number before it")
            operators.append("negate" if token == "-" else "keep")
        else:
            priority = _PRIORITY[token]
            while operators and _PRIORITY.get(operators[-1], _binds(operators[-1])) >= priority:
                _apply(operators.pop(), values)
            operators.append(token)
            expects_operand = True
    if expects_operand:
        return _malformed("a number is missing at the end")
    while operators:
        operator = operators.pop()
        if operator == "(":
            return _malformed("a bracket is never closed")
        _apply(operator, values)
    result = values[0]
    if result is None:
        return None, Problem.DIVISION_BY_ZERO, "a division by zero"
    return Fraction(*result), None, ""


def _malformed(detail: str) -> tuple[None, Problem, str]:
    return None, Problem.MALFORMED, detail


def _binds(operator: str) -> int:
    return 0 if operator == "(" else _UNARY_PRIORITY


def _apply(operator: str, values: list[_Rational]) -> None:
    right = values.pop()
    if operator == "keep" or operator == "negate":
        if right is not None and operator == "negate":
            right = (-right[0], right[1])
        values.append(right)
        return
    left = values.pop()
    if left is None or right is None or (operator == "/" and right[0] == 0):
        values.append(None)
    elif operator == "*":
        values.append((left[0] * right[0], left[1] * right[1]))
    elif operator == "/":
        values.append((left[0] * right[1], left[1] * right[0]))
    else:
        sign = 1 if operator == "+" else -1
        values.append((left[0] * right[1] + sign * right[0] * left[1], left[1] * right[1]))
