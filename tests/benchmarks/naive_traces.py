"""The peer of the solver teacher: One-Step ToT text by a plain search over fractions.

What one writes first: numbers are `Fraction`s, a state is searched again whenever it is met, and
nothing is remembered. A state is dead after a full recursive search has found nothing below it. It
writes what the teacher writes by default, to the letter, and shares no code with it.

>>> print(trace((4, 5, 6, 10), Random(0)))
Steps:
10 + 6 = 16 (left: 4 5 16): dead end
10 - 6 = 4 (left: 4 4 5)
5 + 4 = 9 (left: 4 9): dead end
5 - 4 = 1 (left: 1 4): dead end
5 * 4 = 20 (left: 4 20)
20 + 4 = 24 (left: 24)
Path:
10 - 6 = 4
5 * 4 = 20
20 + 4 = 24
Answer: (5 * (10 - 6)) + 4 = 24
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from random import Random

TARGET = Fraction(24)

Step = tuple[Fraction, str, Fraction, Fraction, list[Fraction]]


def trace(hand: tuple[int, ...], rng: Random, explore: float = 0.2) -> str:
    """The search of one hand that can be won, written out."""
    lines: list[str] = []
    path = search([Fraction(number) for number in hand], lines, rng, explore)
    recap = [line(step).split(" (left")[0] for step in path or []]
    shown = f"{answer(hand, path or [])} = 24"
    return "\n".join(["Steps:", *lines, "Path:", *recap, f"Answer: {shown}"])


def search(
    numbers: list[Fraction], lines: list[str], rng: Random, explore: float
) -> list[Step] | None:
    """Depth-first, in the order of `steps`; the winning path."""
    if len(numbers) == 1:
        return [] if numbers[0] == TARGET else None
    for step in steps(numbers):
        left = step[-1]
        if reaches(left):
            lines.append(line(step))
            rest = search(left, lines, rng, explore)
            return None if rest is None else [step, *rest]
        if len(left) == 1:
            continue
        if len(left) > 2 and rng.random() < explore:
            lines.append(line(step))
            search(left, lines, rng, explore)
            lines.append("Back to " + " ".join(map(str, numbers)))
        else:
            lines.append(line(step) + ": dead end")
    return None


def reaches(numbers: list[Fraction]) -> bool:
    """Whether any sequence of operations makes the target: ordered pairs, no memory."""
    if len(numbers) == 1:
        return numbers[0] == TARGET
    for i, x in enumerate(numbers):
        for j, y in enumerate(numbers):
            if i == j:
                continue
            rest = [number for k, number in enumerate(numbers) if k not in (i, j)]
            if reaches([*rest, x + y]) or reaches([*rest, x - y]) or reaches([*rest, x * y]):
                return True
            if y and reaches([*rest, x / y]):
                return True
    return False


def steps(numbers: list[Fraction]) -> list[Step]:
    """The thoughts of a state, each text once: exact quotients before fractions."""
    whole: dict[str, Step] = {}
    fractions: dict[str, Step] = {}
    for step in _all_steps(numbers):
        a, op, b, value, _ = step
        exact = op != "/" or a.denominator == b.denominator == value.denominator == 1
        (whole if exact else fractions).setdefault(line(step), step)
    return [*whole.values(), *fractions.values()]


def _all_steps(numbers: list[Fraction]) -> Iterator[Step]:
    for i in reversed(range(len(numbers))):
        for j in reversed(range(i + 1, len(numbers))):
            rest = [number for k, number in enumerate(numbers) if k not in (i, j)]
            small, large = sorted((numbers[i], numbers[j]))
            found = [(large, "+", small, large + small)]
            if small:
                found.append((large, "-", small, large - small))
            if large * small <= 13 * TARGET:
                found.append((large, "*", small, large * small))
            if small not in (0, 1):
                found.append((large, "/", small, large / small))
            if small and large not in (1, small):
                found.append((small, "/", large, small / large))
            for a, op, b, value in found:
                yield a, op, b, value, sorted([*rest, value])


def line(step: Step) -> str:
    """One thought as a search writes it."""
    a, op, b, value, left = step
    shown = " ".join(map(str, left))
    return f"{bracketed(a)} {op} {bracketed(b)} = {value} (left: {shown})"


def bracketed(number: Fraction) -> str:
    """A number as an operand."""
    return str(number) if number.denominator == 1 else f"({number})"


def answer(hand: tuple[int, ...], path: list[Step]) -> str:
    """The path as one expression."""
    made = [(Fraction(number), str(number)) for number in hand]
    for a, op, b, value, _ in path:
        pair = []
        for operand in (b, a):
            place = max(i for i, (number, _) in enumerate(made) if number == operand)
            pair.append(made.pop(place)[1])
        made.append((value, f"({pair[1]} {op} {pair[0]})"))
    return made[0][1][1:-1]
