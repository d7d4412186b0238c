r"""Read the text of an arithmetic expression as an exact rational.

The text comes from a model and is never executed: `tokens` cuts it up, the two stacks here work
it out in integers. `+` and `-` bind less than `*` and `/`, equals group from the left, a
juxtaposed bracket binds like `*` (so `8/2(3)` is 12), a sign before a number or a bracket is
unary. Numbers, digits, nesting and length are bounded (`tokens`), so that every step is too.

`composes_to` tells whether an expression says what the steps of a search did: whether they are the
same up to the order and grouping of sums and products.

>>> parse_expression(r"\frac{8}{3 - \frac{8}{3}}").value
Fraction(24, 1)
>>> parse_expression("5 ** 2 - 1").problem
<Problem.UNSUPPORTED: 'unsupported'>
>>> path = [(4, "+", 8), (6, "-", 4), (12, "*", 2)]
>>> composes_to(path, (4, 4, 6, 8), tokenize("(6 - 4) * (8 + 4)"))
True
>>> composes_to(path, (4, 4, 6, 8), tokenize("(4 * 8 - 4 * 6) + 4 * 4"))
False
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from tot24_bench.game.states import Number, combine
from tot24_bench.scoring.tokens import Problem, Tokens, tokenize

MAX_COMPOSED = 6
"""Numbers of a hand whose answer is compared with its thoughts; more have too many readings."""


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression as read."""

    text: str  # as it stands in the source, without what follows it
    numbers: tuple[int, ...]  # ascending; complete where it has a value, or divides by zero
    value: Fraction | None  # None where there is a problem
    problem: Problem | None
    end: int  # the number of characters of the source that it covers
    operators: int  # how many `+ - * /` it has, signs before a number included


def parse_expression(text: str) -> Expression:
    """Read a text that should be one expression and nothing else; never raises.

    What is no expression at all, or has something after its end, is MALFORMED.
    """
    expression = read_expression(text)
    if expression is None:
        return Expression(text[:40], (), None, Problem.MALFORMED, 0, 0)
    if expression.problem is None and text[expression.end :].strip(" \t\n`$*"):
        return replace(expression, value=None, problem=Problem.MALFORMED)
    return expression


def read_expression(text: str) -> Expression | None:
    """Read the expression that `text` starts with, up to a relation sign or prose; never raises.

    None where the text does not start like an expression.
    """
    cut = tokenize(text)
    if not cut.tokens and cut.problem is None:
        return None
    value, problem, _ = evaluate(cut)
    operators = sum(token in _PRIORITY for token in cut.tokens)
    source = text[: cut.end].strip()
    return Expression(source, numbers_of(cut), value, problem, cut.end, operators)


def numbers_of(cut: Tokens) -> tuple[int, ...]:
    """The numbers of an expression, ascending, one for each use."""
    return tuple(sorted([token for token in cut.tokens if isinstance(token, int)]))


# Numerator and denominator, not reduced; None after a division by zero.
_Rational = tuple[int, int] | None
_PRIORITY = {"+": 1, "-": 1, "*": 2, "/": 2}
_WAITING = _PRIORITY | {"(": 0, "negate": 3}


def evaluate(cut: Tokens) -> tuple[Fraction | None, Problem | None, str]:
    """The exact value of an expression, or why it has none, in a word and in words.

    Dijkstra's two stacks. `tokens` saw to it that every bracket that closes has been opened, and
    that none opens straight after an operand.
    """
    if cut.problem is not None:
        return None, cut.problem, cut.detail
    values: list[_Rational] = []
    operators: list[str] = []
    expects_operand = True
    for token in cut.tokens:
        if isinstance(token, int):
            if not expects_operand:
                return _malformed("two numbers without a sign between them")
            values.append((token, 1))
            expects_operand = False
        elif token == "(":
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
            if token == "-":
                operators.append("negate")
        else:
            priority = _PRIORITY[token]
            while operators and _WAITING[operators[-1]] >= priority:
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


def _apply(operator: str, values: list[_Rational]) -> None:
    right = values.pop()
    left = (0, 1) if operator == "negate" else values.pop()
    if left is None or right is None or (operator == "/" and right[0] == 0):
        values.append(None)
    elif operator == "*":
        values.append((left[0] * right[0], left[1] * right[1]))
    elif operator == "/":
        values.append((left[0] * right[1], left[1] * right[0]))
    else:
        sign = 1 if operator == "+" else -1
        values.append((left[0] * right[1] + sign * right[0] * left[1], left[1] * right[1]))


# What replaces the distinct numbers of a hand, of which there are at most MAX_COMPOSED.
_STAND_INS = (1_000_003, 1_299_709, 1_500_007, 1_700_021, 1_900_037, 2_100_001)


def composes_to(
    path: Sequence[tuple[Number, str, Number]], hand: tuple[int, ...], answer: Tokens
) -> bool:
    """Whether `answer`, which has a value, is what the last of a valid path of thoughts makes.

    They are the same where they stay equal when every number of the hand is replaced by another.
    Equal numbers of the hand are one number here, and a result may be confused with a number of the
    hand that equals it: the answer agrees if it agrees with one reading. Numbers may be left over;
    there are at most MAX_COMPOSED, for the time grows quickly where many are equal.
    """
    stands_for = dict(zip(dict.fromkeys(hand), map(Fraction, _STAND_INS), strict=False))
    if any(isinstance(token, int) and token not in stands_for for token in answer.tokens):
        return False
    replaced = [int(stands_for[one]) if isinstance(one, int) else one for one in answer.tokens]
    wanted = evaluate(replace(answer, tokens=tuple(replaced)))[0]
    made: list[tuple[Number, Fraction]] = [(number, stands_for[number]) for number in hand]
    return wanted is not None and _can_make(wanted, list(path), made)


def _can_make(
    wanted: Fraction, path: list[tuple[Number, str, Number]], made: list[tuple[Number, Fraction]]
) -> bool:
    """Whether some reading of the rest of the path makes `wanted` of the stand-ins."""
    if not path:
        return made[-1][1] == wanted
    a, op, b = path[0]
    for i, first in _distinct(made, a):
        rest = made[:i] + made[i + 1 :]
        for j, second in _distinct(rest, b):
            if op == "/" and not second:
                continue
            value = combine(Fraction(a), op, Fraction(b))
            number: Number = value.numerator if value.denominator == 1 else value
            after = [*rest[:j], *rest[j + 1 :], (number, combine(first, op, second))]
            if _can_make(wanted, path[1:], after):
                return True
    return False


def _distinct(made: list[tuple[Number, Fraction]], number: Number) -> list[tuple[int, Fraction]]:
    """Where a number can be taken from: the places whose stand-ins differ."""
    places = {stand_in: i for i, (value, stand_in) in enumerate(made) if value == number}
    return [(i, stand_in) for stand_in, i in places.items()]
