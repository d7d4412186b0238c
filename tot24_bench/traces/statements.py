r"""Equations that a text states, wherever they stand, and whether they are true.

The replay judges thoughts; what a line says besides, or in a form that no thought has, is held
against exact arithmetic here.

>>> [(one.text, one.holds) for one in statements("We know that 6 + 4 = 11, and 2 * 3 * 4 = 24.")]
[('6 + 4 = 11', False), ('2 * 3 * 4 = 24', True)]
>>> [(one.text, one.holds) for one in statements("6 % 4 = 9")]
[('6 % 4 = 9', None)]
>>> [(one.text, one.holds) for one in statements("6 * 4 != 24. Six plus four is eleven.")]
[('6 * 4 != 24', False), ('6 + 4 is 11', False)]
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from tot24_bench.scoring import parse_expression, read_expression, read_steps
from tot24_bench.traces.combined import in_digits

MAX_SIDE_CHARS = 200
"""Characters of one side of an equation."""


class Statement(NamedTuple):
    """An equation as stated.

    Attributes:
        text: both sides.
        holds: whether both sides are worth the same; None where nobody can read it.
    """

    text: str
    holds: bool | None


def statements(text: str) -> Iterator[Statement]:
    """Every equation that combines numbers, in order.

    Args:
        text: as `shown.bare` gives it.
    """
    spoken = _SPOKEN.sub(lambda word: f" {_SIGNS[word[1]]} ", in_digits(text))
    for line, told in zip(text.split("\n"), spoken.split("\n"), strict=True):
        if _DIGIT.search(told) is None:
            continue
        if "=" in line:
            found = list(_equations(line))
            if any(one.holds is None for one in found) and _all_thoughts(line):
                found = [one for one in found if one.holds is not None]
            yield from found
        for match in _IN_WORDS.finditer(told):
            side = _left_side(match["left"])
            right = _value(match["right"])
            if side is not None and right is not None:
                holds = (side == right) is (match["unequal"] is None)
                yield Statement(match[0].strip(), holds)


def _equations(line: str) -> Iterator[Statement]:
    sides = _EQUALS.split(line)
    for place, (before, after) in enumerate(pairwise(sides)):
        tail = _TAIL.search(before[-MAX_SIDE_CHARS:])
        if tail is None:
            continue
        left = _LIST_NUMBER.sub("", tail[0].strip())
        combines = _COMBINES.search(left) is not None
        head = read_expression(_in_fractions(after.lstrip()[:MAX_SIDE_CHARS]))
        if not combines and (head is None or not head.operators) and not place:
            continue
        text = f"{left} = {head.text if head is not None else after.strip()[:20]}".strip()
        side = _left_side(left)
        right = _value(after)
        if side is None or right is None:
            if combines:
                yield Statement(text, None)
            continue
        yield Statement(text, side == right)


def _left_side(text: str) -> Fraction | None:
    """What the expression that is all of a text is worth."""
    read = parse_expression(_in_fractions(_TIMES.sub(" * ", text.strip())))
    if read.value is None and read.text != text and text[:1] in "-(":
        read = parse_expression(_in_fractions(_TIMES.sub(" * ", text[1:].strip())))
    return read.value


def _value(text: str) -> Fraction | None:
    """What the expression at the start of a text is worth."""
    text = _in_fractions(_TIMES.sub(" * ", text.lstrip()[:MAX_SIDE_CHARS]))
    read = read_expression(text)
    if read is not None and read.value is not None:
        return read.value
    number = _LEADING.match(text)
    return None if number is None else Fraction(number[0])


def _in_fractions(text: str) -> str:
    """The text with decimals as fractions."""
    return _DECIMAL.sub(lambda match: f"({match[1]}{match[2]}/1{'0' * len(match[2])})", text)


def _all_thoughts(line: str) -> bool:
    """Whether every equation of a line is a thought, which the replay judges."""
    return len(read_steps(line)) >= len(_EQUALS.findall(line))


_DIGIT = re.compile(r"[0-9]")
_EQUALS = re.compile(r"(?<![<>!])=(?![=>])")
_TAIL = re.compile(r"[-(\[]?[0-9(\[][0-9\s+*/()\[\].^%!xX-]*$")
_LIST_NUMBER = re.compile(r"^(?:[-*+]\s+|\(?[0-9]{1,3}[.)]\s+)+(?=[-(\[0-9])")
_COMBINES = re.compile(r"[0-9)\]]\s{0,3}(?:[-+*/^%]|[xX])\s{0,3}[-(\[]?[0-9(]")
_TIMES = re.compile(r"(?<=[0-9)\]\s])[xX](?=[\s0-9(\[])")
_LEADING = re.compile(r"-?[0-9]{1,12}(?![0-9.]*[0-9])(?!\s{0,3}[-+*/^%]\s{0,3}[0-9(])")
_DECIMAL = re.compile(r"(?<![0-9.])([0-9]{1,9})\.([0-9]{1,9})(?![0-9.])")
_SIGNS = {"plus": "+", "minus": "-", "times": "*", "multiplied by": "*", "divided by": "/"}
_SPOKEN = re.compile(rf"[ \t]{{1,3}}({'|'.join(_SIGNS)})[ \t]{{1,3}}")
_IN_WORDS = re.compile(
    r"(?<![0-9+*/^.=-])(?<![+*/^=-] )(?P<left>[0-9]{1,12}\s{0,2}[-+*/]\s{0,2}[0-9]{1,12})\s?"
    r"(?:is(?! not)|->|gives|makes|equals|yields|leaves|→|:(?=\s?-?[0-9]{1,12}\s?(?:\(|$))"
    r"|(?P<unequal>!=|≠|=/=|<>|is not|does not (?:equal|make|give)))\s?"
    r"(?P<right>-?[0-9]{1,12})(?!\.?[0-9])(?!\s?[-+*/]\s?[0-9(])"
)
