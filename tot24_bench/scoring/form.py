"""Two readings of an expression: the form that equal answers share, and the thoughts that it takes.

>>> form_of("4 * (10 - 4)") == form_of("(10-4)*4")
True
>>> [left for _, left in thoughts_in("(6 - 4) * (4 + 8)", (4, 4, 6, 8))]
[(2, 4, 8), (2, 12), (24,)]
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from typing import TypeVar

from tot24_bench.game.states import Number, make_thought
from tot24_bench.scoring.tokens import tokenize


def thoughts_in(
    expression: str, numbers: tuple[int, ...]
) -> tuple[tuple[str, tuple[Number, ...]], ...] | None:
    """The thoughts by which an expression is worked out, innermost first, each with what it leaves.

    None where it cannot be worked out from these numbers: others, a sign before a number, a
    division by zero, too deep or too long. What it comes to is not asked.
    """
    cut = tokenize(expression)
    if cut.problem is not None or expression[cut.end :].strip():
        return None
    left: list[Number] = sorted(numbers)
    found: list[tuple[str, tuple[Number, ...]]] = []
    values: list[Number] = []
    signs: list[str] = []
    wants_number = True  # else a sign comes next: `4 5 +` is no expression

    def combine() -> None:
        b, a = values.pop(), values.pop()
        left.remove(a)
        left.remove(b)
        thought = make_thought(a, signs.pop(), b, tuple(left))
        left[:] = thought.left.numbers
        values.append(thought.value)
        found.append((thought.text, thought.left.numbers))

    try:
        for token in cut.tokens:
            if (isinstance(token, int) or token == "(") is not wants_number:
                return None
            if isinstance(token, int):
                values.append(token)
                wants_number = False
            elif token == "(":
                signs.append(token)
            else:
                while signs and signs[-1] != "(" and (token == ")" or _binds(signs[-1], token)):
                    combine()
                if token == ")":
                    signs.pop()
                else:
                    signs.append(token)
                    wants_number = True
        while signs:
            combine()
    except (IndexError, ValueError, KeyError, ZeroDivisionError):
        return None
    return tuple(found) if len(values) == 1 and (found or left == values) else None


def _binds(before: str, sign: str) -> bool:
    return before in "*/" or sign in "+-"


def form_of(expression: str) -> str:
    """A text that two expressions share where they differ in order and grouping alone.

    An expression is taken for a sum of signed products of factors and divisors, each in order; what
    cannot be read is its own form, spaces aside.

    >>> form_of("4 * (10 - 4)") == form_of("(10-4)*4") == form_of("(-4 + 10) * 4")
    True
    >>> form_of("8 - (4 - 6)") == form_of("8 + 6 - 4"), form_of("8 / (4 / 6)") == form_of("8*6/4")
    (True, True)
    >>> form_of("-(4 + 6)") == form_of("-6 - 4"), form_of("-4 * 6") == form_of("6 * -4")
    (True, True)
    >>> form_of("4 * 1") == form_of("4 / 1")
    False
    """
    cut = tokenize(expression)
    tokens = deque(cut.tokens)
    with suppress(IndexError, ValueError):  # it ends or goes on where something is missing
        if cut.problem is None and not expression[cut.end :].strip():
            terms = _sum(tokens)
            if not tokens:
                return _text(terms)
    return "".join(expression.split())


_Factors = tuple[tuple[str, str], ...]  # in order, each after its `*` or `/`
_Terms = tuple[tuple[str, _Factors], ...]  # in order, each after its sign, which is empty or `-`
_T = TypeVar("_T")

_TURNED = {"": "-", "-": "", "*": "/", "/": "*"}


def _sum(tokens: deque[int | str]) -> _Terms:
    """Read a sum off the tokens; brackets are at most `scoring.tokens.MAX_DEPTH` deep."""
    terms = _product(tokens)
    while tokens and tokens[0] in ("+", "-"):
        negative = tokens.popleft() == "-"
        right = _product(tokens)
        terms = tuple(sorted(terms + (_turned(right) if negative else right)))
    return terms


def _product(tokens: deque[int | str]) -> _Terms:
    terms = _operand(tokens)
    while tokens and tokens[0] in ("*", "/"):
        inverse = tokens.popleft() == "/"
        (sign, left), (other, right) = _one_term(terms), _one_term(_operand(tokens))
        factors = tuple(sorted(left + (_turned(right) if inverse else right)))
        terms = (("" if sign == other else "-", factors),)
    return terms


def _operand(tokens: deque[int | str]) -> _Terms:
    negative = False
    while tokens[0] in ("+", "-"):
        negative ^= tokens.popleft() == "-"
    token = tokens.popleft()
    if isinstance(token, int):
        terms: _Terms = (("", (("*", str(token)),)),)
    else:
        terms = _sum(tokens)
        if token != "(" or tokens.popleft() != ")":
            raise ValueError(f"{token} where a number is missing")
    return _turned(terms) if negative else terms


def _one_term(terms: _Terms) -> tuple[str, _Factors]:
    return terms[0] if len(terms) == 1 else ("", (("*", f"({_text(terms)})"),))


def _turned(parts: tuple[tuple[str, _T], ...]) -> tuple[tuple[str, _T], ...]:
    return tuple((_TURNED[sign], part) for sign, part in parts)


def _text(terms: _Terms) -> str:
    return "+".join(sign + "".join(map("".join, factors)) for sign, factors in sorted(terms))
