"""One stated thought in one state: the first rule that it breaks, and the numbers after it.

>>> from tot24_bench.scoring.steps import read_steps
>>> step, = read_steps("4 + 8 = 12 (left: 4 6 12)")
>>> check(step, (4, 4, 6, 8))
(None, (4, 6, 12))
>>> check(step, (4, 4, 6, 6))[0]
<Fault.UNAVAILABLE: 'unavailable'>
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from tot24_bench.game.states import Number
from tot24_bench.scoring.steps import Step


class Fault(StrEnum):
    """The first rule that a thought breaks, in the order in which they are looked at.

    TOO_MANY: one number is left, there is nothing to combine. UNAVAILABLE: a number that it
    combines is not there. ARITHMETIC: the result is not what comes out, exactly. LEFT: the note of
    the numbers left is not what is left.
    """

    TOO_MANY = "too_many"
    UNAVAILABLE = "unavailable"
    ARITHMETIC = "arithmetic"
    LEFT = "left"


class Thought(NamedTuple):
    """A stated thought and what the replay found.

    Attributes:
        step: what the response states.
        parent: index of the thought whose state it starts from; -1 for the hand.
        place: its number in the path from the hand, from 1.
        fault: the first rule that it breaks; None where it is valid.
        left: the numbers after it, ascending: exact where `exact`, else as the response says.
        exact: whether it and every thought before it on its path are valid.
        repeats: whether it writes a thought of a finished path once more.
    """

    step: Step
    parent: int
    place: int
    fault: Fault | None
    left: tuple[Number, ...]
    exact: bool
    repeats: bool


def check(step: Step, numbers: tuple[Number, ...]) -> tuple[Fault | None, tuple[Number, ...]]:
    """The first rule that a step breaks in a state, and the numbers after it, ascending.

    Where it breaks one, the numbers after it are those that the step itself says are left.
    """
    rest = list(numbers)
    missing = False
    for operand in (step.a, step.b):
        if operand in rest:
            rest.remove(operand)
        else:
            missing = True
    after = tuple(sorted((*rest, step.value)))
    claimed = after if step.left is None else tuple(sorted(step.left))
    if len(numbers) < 2:
        return Fault.TOO_MANY, claimed
    if missing:
        return Fault.UNAVAILABLE, claimed
    if not holds(step.a, step.op, step.b, step.value):
        return Fault.ARITHMETIC, claimed
    if claimed != after:
        return Fault.LEFT, claimed
    return None, after


def holds(a: Number, op: str, b: Number, value: Number) -> bool:
    """Whether `a op b` is exactly `value`."""
    if op == "+":
        return a + b == value
    if op == "-":
        return a - b == value
    if op == "*":
        return a * b == value
    return b != 0 and a * value.denominator == b * value.numerator
