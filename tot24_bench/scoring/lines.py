"""Read one line as an answer.

What a line holds depends on how far it may be trusted: after `Answer:` an expression or a claim
may stand in prose, on a later line the expression comes first, and a line that nothing introduces
must be one equation and nothing else.

>>> answer = read_line("We get 4 * 6 = 24", 24, at_end=True, bullets=False, prose=True)
>>> answer.text, read_line("We get 4 * 6", 24, at_end=True, bullets=False, prose=False)
('4 * 6', None)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from tot24_bench.scoring.claims import Claim, read_claim
from tot24_bench.scoring.equation import Equation, find_equation, read_equation
from tot24_bench.scoring.markup import undress
from tot24_bench.scoring.tokens import Problem

MIN_FULL_NUMBERS = 3
"""Numbers of an equation that says how the target is made; a single step has two."""


class Kind(StrEnum):
    """What a response commits to."""

    EXPRESSION = "expression"
    NO_SOLUTION = "no_solution"
    ABSTAINED = "abstained"
    NOTHING = "nothing"
    TOO_LONG = "too_long"


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of a response.

    Attributes:
        kind: what it commits to.
        text: the expression, or the words of the claim; signs are ASCII.
        equation: the expression as read and the values it is said to have, for EXPRESSION only.
        introduced: whether a marker introduced it; a last line or closing prose is not.
        at_end: whether it runs to the very end of the response, so that a response that was cut
            off may have been cut inside it.
    """

    kind: Kind
    text: str = ""
    equation: Equation | None = None
    introduced: bool = False
    at_end: bool = False


def read_line(line: str, target: int, at_end: bool, *, bullets: bool, prose: bool) -> Answer | None:
    """Read one line that a marker introduces.

    Args:
        at_end: whether the response ends where the line ends.
        bullets: whether the line may be an item of a list; the marker's own line may not.
        prose: whether an expression or a claim inside prose counts.
    """
    content = undress(line, bullets=bullets)
    if numbered := _NUMBERED.match(content):
        item = undress(content[numbered.end() :])
        if bullets or _is_full(read_equation(item, target)):
            content = item
    equation = read_equation(content, target)
    if equation is not None and not _only_opens(equation, target):
        return (_denied_after(equation, target) if prose else None) or as_answer(equation, at_end)
    if not prose:
        return None
    words, equation = find_equation(content, target)
    if equation is not None and _DENIED.search(words):
        words, equation = find_equation(equation.rest, target)
    claim = read_claim(words, introduced=True)
    if claim is not None and not (equation and _outweighs(equation, words, target)):
        return Answer(Kind(claim[0].value), claim[1], introduced=True)
    if equation is None:
        return None
    return _denied_after(equation, target) or as_answer(equation, at_end)


def read_bare(line: str, target: int, at_end: bool) -> Answer | None:
    """What follows "The answer is" without a colon: an expression at once, or the target."""
    equation = read_equation(undress(line), target)
    if equation is None or (equation.is_lone_number and not equation.repeats(target)):
        return None
    return as_answer(equation, at_end)


def read_whole_line(line: str, target: int) -> Equation | None:
    """The equation that is all there is on a line; None for a thought or a numbered line."""
    if STEP.search(line):
        return None
    equation = read_equation(undress(line, bullets=True), target)
    return None if equation is None or ALNUM.search(equation.rest) else equation


def makes_target(equation: Equation, target: int) -> bool:
    """Whether an equation says how the target is made, not just how a last step ends in it."""
    enough = len(equation.expression.numbers) >= MIN_FULL_NUMBERS
    return enough and bool(equation.equals) and equation.equals[-1] == target


def as_answer(equation: Equation, at_end: bool, introduced: bool = True) -> Answer:
    """The answer that an equation is, `at_end` if the response ends where its line ends."""
    text = equation.expression.text
    return Answer(Kind.EXPRESSION, text, equation, introduced, at_end and not equation.complete)


STEP = re.compile(r"\b(?:left|remaining)(?: numbers?)?\s{0,4}:|^\W{0,8}step\b", re.IGNORECASE)
WORD = re.compile(r"(?<![\\\w])[^\W\d_]{2,}(?![\w(])")
ALNUM = re.compile(r"[^\W_]")
_NUMBERED = re.compile(r"(?:[0-9]{1,3}[.)]|[A-Za-z]\))\s+(?=[^\s*+/)-])")
_DENIED = re.compile(
    r"(?:\bnot|n't)(?:\s(?:think|believe|be|equal|necessarily))?(?:\sthat)?[\s:`$*]*$",
    re.IGNORECASE,
)
_BUT = re.compile(
    r"\b(?:but|however|other\sthan|except(?:\sfor)?|besides|apart\sfrom)\b", re.IGNORECASE
)


def _is_full(equation: Equation | None) -> bool:
    """Whether an equation combines enough numbers to be more than a step."""
    return equation is not None and len(equation.expression.numbers) >= MIN_FULL_NUMBERS


def _only_opens(equation: Equation, target: int) -> bool:
    """Whether numbers without a sign open a sentence: "4 6 8 8: 4 * 6 = 24", "1 1 1 1 has none"."""
    if equation.expression.operators or equation.expression.problem not in (
        None,
        Problem.MALFORMED,
    ):
        return False
    rest = equation.rest
    return WORD.search(rest) is not None or find_equation(rest, target)[1] is not None


def _denied_after(equation: Equation, target: int) -> Answer | None:
    """The claim that follows an expression said to fall short: "2 * 2 = 4, so it is impossible".

    What it is said to be decides, never what it is worth: an answer that counted as an expression
    where it is right and as a claim where it is wrong would be two answers.
    """
    if not equation.equals or target in equation.equals:
        return None
    claim = read_claim(equation.rest, introduced=True)
    if claim is None or claim[0] is not Claim.NO_SOLUTION:
        return None
    return Answer(Kind.NO_SOLUTION, claim[1].lstrip(" ,;:"), introduced=True)


def _outweighs(equation: Equation, words: str, target: int) -> bool:
    """Whether a claim goes on to how the target is made: "not by + only, but 4 * (8 - 2)".

    What it is worth plays no part (see `_denied_after`).
    """
    clauses = _BUT.split(words)
    full = _is_full(equation)
    says = not equation.equals or target in equation.equals
    return len(clauses) > 1 and full and says and read_claim(clauses[-1], introduced=True) is None
