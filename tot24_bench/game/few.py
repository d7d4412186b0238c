"""Whether two or three numbers make a target: at sight, without a table.

The states that a search of four cards calls dead are as small as that. The target is solved for,
as in `reach`, and nothing is divided. All numbers are used, none is negative.

>>> two_make(4, 6, 24), two_make(1, 9, 24), three_make(4, 5, 16, 24), three_make(4, 4, 5, 24)
(True, False, False, True)
"""

from __future__ import annotations

from fractions import Fraction

from tot24_bench.game.reach import Number


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
    if x and y and z and target:
        return (
            _ends_with(x, y, z, target)
            or _ends_with(x, z, y, target)
            or _ends_with(y, z, x, target)
        )
    return _with_nought(x, y, z, target)


def _ends_with(x: int, y: int, z: int, target: int) -> bool:
    """Whether a value of x and y makes the target with z; none of them is 0."""
    wanted = [target - z, target + z, z - target, target * z]  # + z, - z, z -, / z
    if target % z == 0:
        wanted.append(target // z)  # * z
    if z % target == 0:
        wanted.append(z // target)  # z /
    if x + y in wanted or x * y in wanted:
        return True
    if x < y:
        x, y = y, x
    if x - y in wanted:
        return True
    if x % y == 0:
        if x // y in wanted:
            return True
    elif x * z == target * y or x * target == z * y:
        return True
    # A quotient below 1 makes a whole number only by * and /.
    return y * z == target * x or y * target == z * x


def _with_nought(x: int, y: int, z: int, target: int) -> bool:
    """`three_make` where a number is 0, or the target."""
    for first, second, last in ((x, y, z), (x, z, y), (y, z, x)):
        values = [first + second, abs(first - second), first * second]
        for value in values:
            if two_make(value, last, target):
                return True
        for over, under in ((first, second), (second, first)):
            if under and two_make(Fraction(over, under), last, target):
                return True
    return False
