"""Self-consistency (Wang et al. 2023): the answer that most responses to a hand give.

When two answers are the same is a convention, and two are counted side by side:

- by text: the last line of a response, as the published figures count (Yao et al. 2023). Every
  response that holds anything votes.
- by form: the expression up to order and grouping, so that `4 * (10 - 4)` and `(10-4)*4` are one
  answer. Only a response that commits to an answer votes; all claims of no solution are one answer.

Where every hand has a solution, a claim that there is none does not vote: nobody who knows the game
would count it. Of answers with equally many votes the one that was given first counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import NamedTuple

from tot24_bench.scoring import Score, Verdict, tokenize

MAX_ANSWERS = 4_096
"""Different answers of a hand that are counted; what first comes after them does not vote."""


class Votes:
    """The votes of the responses to one hand.

    >>> from tot24_bench.game import Puzzle
    >>> from tot24_bench.scoring import score
    >>> votes = Votes()
    >>> for text in ("Answer: 4 * 6", "Answer: (6 - 4) * (4 + 8)", "Answer: (8+4)*(6-4)"):
    ...     votes.add(text, score(Puzzle.parse("4 4 6 8"), text))
    >>> votes.by_text(), votes.by_form()
    (False, True)
    """

    __slots__ = ("_forms", "_texts")

    def __init__(self) -> None:
        self._texts: dict[int, int] = {}
        self._forms: dict[int, int] = {}

    def add(self, response: str, score: Score) -> None:
        """Count the vote of one response."""
        claim = score.verdict is Verdict.NO_SOLUTION
        lines = response.rstrip().rsplit("\n", 1)
        if lines[-1]:
            _count(self._texts, lines[-1].strip(), claim, score.correct)
        if score.answered:
            form = "" if claim else form_of(score.answer)
            _count(self._forms, form, claim, score.correct)

    def by_text(self, claims: bool = False) -> bool:
        """Whether the most frequent last line is right; False where nobody voted.

        Args:
            claims: whether a claim of no solution is a vote.
        """
        return _elected(self._texts, claims)

    def by_form(self, claims: bool = False) -> bool:
        """Whether the most frequent expression is right, as `by_text`."""
        return _elected(self._forms, claims)


def _count(counts: dict[int, int], answer: str, claim: bool, right: bool) -> None:
    # By a hash of the answer, in one number each: a file may hold millions of answers.
    key = hash(answer)
    if key in counts:
        counts[key] += _VOTE
    elif len(counts) < MAX_ANSWERS:
        counts[key] = _VOTE | _CLAIM * claim | right


def _elected(counts: dict[int, int], claims: bool) -> bool:
    voting = (count for count in counts.values() if claims or not count & _CLAIM)
    return bool(max(voting, key=lambda count: count // _VOTE, default=0) & 1)


_CLAIM, _VOTE = 2, 4


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
    whole = cut.problem is None and not expression[cut.end :].strip()
    form = _form(cut.tokens) if whole else None
    return "".join(expression.split()) if form is None else _added(form.terms)


class _Form(NamedTuple):
    """A number, a sum or a product.

    Attributes:
        sign: "" or "-".
        text: without the sign.
        terms: of a sum, each with its sign before it; of anything else, itself.
        factors: of a product, each after `*` or `/`; of anything else, itself.
    """

    sign: str
    text: str
    terms: tuple[tuple[str, str], ...]
    factors: tuple[tuple[str, str], ...]


_PRIORITY = {"(": 0, "+": 1, "-": 1, "*": 2, "/": 2}
_OTHER = {"": "-", "-": "", "*": "/", "/": "*"}
_NEGATE, _KEEP = "negate", "keep"


def _form(tokens: tuple[int | str, ...]) -> _Form | None:
    """The form of an expression's tokens, by two stacks as `scoring.expression.evaluate`."""
    values: list[_Form] = []
    operators: list[str] = []
    operand = True
    for token in tokens:
        if isinstance(token, int):
            values.append(_Form("", str(token), (("", str(token)),), (("*", str(token)),)))
            operand = False
        elif token == "(":
            operators.append(token)
        elif token == ")":
            while operators and operators[-1] != "(":
                if not _apply(operators.pop(), values):
                    return None
            if not operators:
                return None
            operators.pop()
        elif operand:
            operators.append(_NEGATE if token == "-" else _KEEP)
        else:
            while operators and _PRIORITY.get(operators[-1], 3) >= _PRIORITY[token]:
                if not _apply(operators.pop(), values):
                    return None
            operators.append(token)
            operand = True
    while operators:
        if not _apply(operators.pop(), values):
            return None
    return values[0] if len(values) == 1 else None


def _apply(operator: str, values: list[_Form]) -> bool:
    """Put the last values together; False where there are too few, as in what is no expression."""
    unary = operator in (_NEGATE, _KEEP)
    if operator == "(" or len(values) < (1 if unary else 2):
        return False
    right = values.pop()
    if unary:
        values.append(_turned(right) if operator == _NEGATE else right)
        return True
    left = values.pop()
    if operator in "+-":
        values.append(_sum(left, _turned(right) if operator == "-" else right))
    else:
        values.append(_product(left, right, operator))
    return True


def _added(terms: Iterable[tuple[str, str]]) -> str:
    return "+".join(f"{sign}{text}" for sign, text in sorted(terms))


def _turned(form: _Form) -> _Form:
    turned = tuple((_OTHER[sign], text) for sign, text in form.terms)
    return form._replace(sign=_OTHER[form.sign], terms=turned)


def _sum(left: _Form, right: _Form) -> _Form:
    terms = tuple(sorted(chain(left.terms, right.terms)))
    text = f"({_added(terms)})"
    return _Form("", text, terms, (("*", text),))


def _product(left: _Form, right: _Form, operator: str) -> _Form:
    over = right.factors
    if operator == "/":
        over = tuple((_OTHER[how], text) for how, text in over)
    factors = tuple(sorted(chain(left.factors, over)))
    text = "".join(f"{how}{part}" for how, part in factors)
    sign = "" if left.sign == right.sign else "-"
    return _Form(sign, text, ((sign, text),), factors)
