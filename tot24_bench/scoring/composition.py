"""Does an answer say what its thoughts did?

A path of thoughts, each result put in the place where it is used, is one expression. An answer
agrees with it where the two are the same up to the order and grouping of sums and products: where
they stay equal when every number of the hand is replaced by another. Equal numbers of the hand are
one number here, and a result may be confused with a number of the hand that equals it: the answer
agrees if it agrees with one reading.

>>> from tot24_bench.scoring.tokens import tokenize
>>> path = [(4, "+", 8), (6, "-", 4), (12, "*", 2)]
>>> composes_to(path, (4, 4, 6, 8), tokenize("(6 - 4) * (8 + 4)"))
True
>>> composes_to(path, (4, 4, 6, 8), tokenize("(4 * 8 - 4 * 6) + 4 * 4"))
False
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from tot24_bench.game.states import Number, combine
from tot24_bench.scoring.expression import evaluate
from tot24_bench.scoring.tokens import Tokens

MAX_COMPOSED = 6
"""Numbers of a hand whose answer is compared with its thoughts; more have too many readings."""

_STAND_INS = (1_000_003, 1_299_709, 1_500_007, 1_700_021, 1_900_037, 2_100_001)
"""What replaces the distinct numbers of a hand, of which there are at most MAX_COMPOSED."""


def composes_to(
    path: Sequence[tuple[Number, str, Number]], hand: tuple[int, ...], answer: Tokens
) -> bool:
    """Whether `answer` is the expression that the last of a valid path of thoughts makes.

    Args:
        path: the thoughts from the hand on, as `(a, op, b)`; numbers may be left over.
        hand: the numbers dealt, at most MAX_COMPOSED; the time grows quickly where many are equal.
        answer: the tokens of an expression of those numbers that has a value.
    """
    stands_for = dict(zip(dict.fromkeys(hand), map(Fraction, _STAND_INS), strict=False))
    tokens = answer.tokens
    if any(isinstance(token, int) and token not in stands_for for token in tokens):
        return False
    replaced = tuple(
        int(stands_for[token]) if isinstance(token, int) else token for token in tokens
    )
    wanted = evaluate(replaced)[0]
    made: list[tuple[Number, Fraction]] = [(number, stands_for[number]) for number in hand]
    return wanted is not None and _can_make(wanted, list(path), made)


def _can_make(
    wanted: Fraction,
    path: list[tuple[Number, str, Number]],
    made: list[tuple[Number, Fraction]],
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
