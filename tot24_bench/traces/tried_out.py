r"""Take the solver's own judgements out of a text, before it is looked through for held-out hands.

`4 | 4 5: +9 -1 *20` is a look-ahead, `4 | 28 5: +33 -23 | 20 5: +25 -15` a line of a backward
search: small numbers that look like hands to whoever reads lists. A line goes only where every
number in it follows from the hand asked: the numbers are its own or those left after a thought of
it, and each value is made of them and the target, exactly. Whatever else a line says stays, and is
looked at.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence

from tot24_bench.game import Number, Numbers, Puzzle
from tot24_bench.scoring import holds
from tot24_bench.traces.solutions import to_number

_ONE = r"\d{1,12}(?:/\d{1,12})?"
_TRIED = re.compile(rf"([-+*/])({_ONE})")
_MADE = rf"((?: [-+*/]{_ONE}){{0,8}})"
_LOOK_AHEAD = re.compile(rf"(?m)^(?:({_ONE}) \| )?({_ONE}) ({_ONE}):{_MADE}(?: !)?$")
_GROUP = re.compile(rf" \| ({_ONE})(?: ({_ONE}))?:{_MADE}")
_NEEDED = re.compile(rf"(?m)^({_ONE})(?: ({_ONE}))?((?:{_GROUP.pattern}){{1,6}})(?: !)?$")


def without_look_ahead(text: str, states: Collection[Numbers]) -> str:
    """The text without the lines that try out one of some states, as `4 | 4 5: +9 -1 *20 !`, or
    `4 20: +24 !` of two numbers.

    >>> without_look_ahead("4 | 4 5: +9 -1 *20 !\\n4 | 4 6: +10\\n4 | 4 5: +8", {(4, 4, 5)})
    '\\n4 | 4 6: +10\\n4 | 4 5: +8'
    >>> without_look_ahead("4 20: +24 !\\n4 20: +25\\n4 6: *24", {(4, 20)})
    '\\n4 20: +25\\n4 6: *24'
    """

    def left(match: re.Match[str]) -> str:
        told = [to_number(one) for one in match.group(1, 2, 3) if one is not None]
        true = tuple(sorted(told)) in states and _all_hold(told[-2:], match[4])
        return "" if true else match[0]

    return _LOOK_AHEAD.sub(left, text) if ": +" in text else text


def without_backward(text: str, asked: Puzzle) -> str:
    """The text without the lines of a backward search: what a pair makes, what two numbers need.

    >>> asked = Puzzle.parse("4 5 6 10")
    >>> without_backward("6 10: +16\\n4 | 28 5: +33 -23 | 20 5: /4 !\\n4 5 | 9: +33 -15", asked)
    '\\n\\n'
    >>> others = "6 10: +17\\n4 | 27 5: +32\\n4 | 28 5: +34\\n6 6: *36\\n4 7 | 28: -4"
    >>> without_backward(others, asked) == others
    True
    """
    hand: Counter[Number] = Counter(asked.numbers)

    def of_hand(pair: Sequence[Number]) -> bool:
        return not Counter(pair) - hand

    def pair(match: re.Match[str]) -> str:
        told = [to_number(one) for one in match.group(2, 3)]
        true = match[1] is None and of_hand(told) and _all_hold(told, match[4])
        return "" if true else match[0]

    def needed(match: re.Match[str]) -> str:
        told = [to_number(one) for one in match.group(1, 2) if one is not None]
        for x, y, made in _GROUP.findall(match[3]):
            value = to_number(x)
            if len(told) == 2:  # taken together
                true = not y and of_hand(told) and _makes(told, value)
                beside: Number = asked.target
            elif y:
                beside = to_number(y)
                true = of_hand((told[0], beside)) and _makes((asked.target, told[0]), value)
            else:
                return match[0]
            if not (true and _all_hold((value, beside), made)):
                return match[0]
        return ""

    return _NEEDED.sub(needed, _LOOK_AHEAD.sub(pair, text)) if ": " in text else text


def _all_hold(pair: Sequence[Number], made: str) -> bool:
    """Whether each `op value` of a line is true of the two numbers, in one order or the other."""
    x, y = pair
    return all(
        any(holds(a, op, b, to_number(value)) for a, b in ((x, y), (y, x)))
        for op, value in _TRIED.findall(made)
    )


def _makes(pair: Sequence[Number], value: Number) -> bool:
    """Whether some operation makes a value of the two numbers."""
    x, y = pair
    return any(holds(a, op, b, value) for op in "+-*/" for a, b in ((x, y), (y, x)))
