"""The peer of the solver teacher: One-Step ToT by a plain search over fractions, and its check.

What one writes first: numbers are `Fraction`s, a state is searched again whenever it is met, and
nothing is remembered. A state is dead after a full recursive search has found nothing below it. It
writes what the teacher writes by default, to the letter, and shares no code with it. `verify` reads
such a text back line by line and checks all that it says, by the same means.

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
>>> verify((4, 5, 6, 10), trace((4, 5, 6, 10), Random(0)))
True
"""

from __future__ import annotations

import ast
import re
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


class Wrong(ValueError):
    """The text says something that does not hold."""


THOUGHT = re.compile(
    r"(?P<a>\S+) (?P<op>[-+*/]) (?P<b>\S+) = (?P<value>\S+)"
    r"(?: \(left: (?P<left>[\d/ ]+)\)(?P<dead>: dead end)?)?"
)
ANSWER = re.compile(r"Answer: (?P<expression>.+) = 24")


def verify(hand: tuple[int, ...], text: str) -> bool:
    """Whether every thought, mark and way back of a text holds, and its answer is right."""
    try:
        check(hand, text)
    except (Wrong, ValueError, SyntaxError, ZeroDivisionError):
        return False
    return True


def check(hand: tuple[int, ...], text: str) -> None:
    """Read a text line by line.

    Raises:
        Wrong: where a line does not hold.
    """
    start = sorted(Fraction(number) for number in hand)
    path = [start]  # the states from the hand to where the search is
    answered = False
    for line in text.splitlines():
        if line in ("Steps:", "Path:"):
            path = [start]
        elif line.startswith("Back to "):
            state = numbers(line.removeprefix("Back to "))
            while path and path[-1] != state:
                path.pop()
            if not path:
                raise Wrong(f"never was at {line}")
        elif match := ANSWER.fullmatch(line):
            check_answer(match["expression"], start)
            answered = True
        elif match := THOUGHT.fullmatch(line):
            left = apply(match, path[-1])
            if match["dead"] is None:
                path.append(left)
            elif reaches(left):
                raise Wrong(f"no dead end: {line}")
        else:
            raise Wrong(f"cannot be read: {line}")
    if not answered or path[-1] != [TARGET]:
        raise Wrong("no answer")


def apply(match: re.Match[str], state: list[Fraction]) -> list[Fraction]:
    """The numbers after a thought.

    Raises:
        Wrong: where it does not follow from the state.
    """
    a, b = number(match["a"]), number(match["b"])
    left = list(state)
    for operand in (a, b):
        if operand not in left:
            raise Wrong(f"no {operand} in {state}")
        left.remove(operand)
    value = combine(a, match["op"], b)
    if value != number(match["value"]):
        raise Wrong(f"not what comes out: {match[0]}")
    left.append(value)
    left.sort()
    if match["left"] is not None and numbers(match["left"]) != left:
        raise Wrong(f"not what is left: {match[0]}")
    return left


def check_answer(text: str, hand: list[Fraction]) -> None:
    """Raise Wrong where the expression is not the target, or not of the hand's numbers."""
    used: list[Fraction] = []
    if value_of(ast.parse(text, mode="eval").body, used) != TARGET or sorted(used) != hand:
        raise Wrong(f"no answer: {text}")


OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
}


def value_of(node: ast.expr, used: list[Fraction]) -> Fraction:
    """The exact value of an expression, and the numbers in it."""
    if isinstance(node, ast.Constant) and type(node.value) is int:
        used.append(Fraction(node.value))
        return used[-1]
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        left, right = value_of(node.left, used), value_of(node.right, used)
        return combine(left, OPERATORS[type(node.op)], right)
    raise Wrong("not an arithmetic expression")


def combine(a: Fraction, op: str, b: Fraction) -> Fraction:
    """`a op b`."""
    if op == "+":
        return a + b
    if op == "-":
        return a - b
    return a * b if op == "*" else a / b


def number(text: str) -> Fraction:
    """One number as written."""
    return Fraction(text.strip("()"))


def numbers(text: str) -> list[Fraction]:
    """Numbers between spaces."""
    return [Fraction(part) for part in text.split()]
