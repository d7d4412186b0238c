"""Whether two or three numbers make a target: at sight, without a table.

Of the states that a search calls dead nine in ten are as small as that. The target is solved for,
as in `reach`, and nothing is divided. All numbers are used, none is negative.

>>> two_make(4, 6, 24), two_make(1, 9, 24), three_make(4, 5, 16, 24), three_make(4, 4, 5, 24)
(True, False, False, True)
"""

from __future__ import annotations

from fractions import Fraction

Number = int | Fraction


def two_make(x: Number, y: Number, target: int) -> bool:
    """Whether one operation makes a target of 0 or more; fractions are multiplied out."""
    if isinstance(x, int) and isinstance(y, int):
        return (
            x + y == target
            or x - y == target
            or y - x == target
            or x * y == target
            or (y != 0 and x == target * y)
            or (x != 0 and y == target * x)
        )
    a, c = x.numerator * y.denominator, y.numerator * x.denominator
    common = x.denominator * y.denominator
    wanted = target * common
    return (
        a + c == wanted
        or a - c == wanted
        or c - a == wanted
        or x.numerator * y.numerator == wanted
        or (c != 0 and a == target * c)
        or (a != 0 and c == target * a)
    )


def three_make(x: int, y: int, z: int, target: int) -> bool:
    """Whether two operations make a target of 0 or more."""
    return (
        _with_last(x, y, z, target) or _with_last(x, z, y, target) or _with_last(y, z, x, target)
    )


def _with_last(x: int, y: int, z: int, target: int) -> bool:
    """Whether a value of x and y makes the target with z."""
    wanted = (target - z, target + z, z - target)
    times = target * z
    for value in (x + y, x - y if x > y else y - x, x * y):
        if value in wanted or value * z == target:
            return True
        if (z and value == times) or (value and z == target * value):
            return True
    for over, under in ((x, y), (y, x)):
        if under:
            if over == wanted[0] * under or over == wanted[1] * under or over == wanted[2] * under:
                return True
            if over * z == target * under or (z and over == times * under):
                return True
            if over and z * under == target * over:
                return True
    return False
