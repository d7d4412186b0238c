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

from collections import deque
from contextlib import suppress
from typing import TypeVar

from tot24_bench.scoring import Score, Verdict, tokenize

MAX_ANSWERS = 4_096  # different ones of a hand that are counted; what comes later does not vote


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
        if last := response.rstrip().rpartition("\n")[2]:
            _count(self._texts, last.strip(), claim, score.correct)
        if score.answered:
            form = "" if claim else form_of(score.answer)
            _count(self._forms, form, claim, score.correct)

    def by_text(self, claims: bool = False) -> bool:
        """Whether the most frequent last line is right; a claim of no solution may be a vote."""
        return _elected(self._texts, claims)

    def by_form(self, claims: bool = False) -> bool:
        """Whether the most frequent expression is right, as `by_text`."""
        return _elected(self._forms, claims)


_CLAIM, _VOTE = 2, 4
"""A count of votes is one number: whether it is right, a claim, and how many votes."""


def _count(counts: dict[int, int], answer: str, claim: bool, right: bool) -> None:
    key = hash(answer)  # a file may hold millions of answers
    if key in counts:
        counts[key] += _VOTE
    elif len(counts) < MAX_ANSWERS:
        counts[key] = _VOTE | _CLAIM * claim | right


def _elected(counts: dict[int, int], claims: bool) -> bool:
    voting = (count for count in counts.values() if claims or not count & _CLAIM)
    return bool(max(voting, key=lambda count: count // _VOTE, default=0) & 1)


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
