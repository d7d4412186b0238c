"""Read a whole response in canonical form at once; anything else goes the general way.

Canonical is what the solver teacher writes and a good student learns: every line to the letter a
thought, `Steps:`, `Path:` or `Back to 4 5 16`, then one line `Answer: (6 - 4) * (4 + 8) = 24` that
ends the response. One regular expression cuts it up. Nothing is judged here, and nothing is read
differently: a text that is read here gives the steps that `steps.read_steps` gives (a test holds
both side by side), in less than half the time.

>>> steps, answer = read_canonical("Steps:\\n4 + 8 = 12 (left: 4 6 12)\\nAnswer: 4 * 6 = 24")
>>> [step.text for step in steps], answer
(['4 + 8 = 12'], ('4 * 6', '24'))
>>> read_canonical("Steps:\\n4 + 8 = 12, left: 4 6 12\\nAnswer: 4 * 6 = 24") is None
True
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tot24_bench.game.states import Number, Thought
from tot24_bench.scoring.steps import MAX_STEPS, Cue, Step, number_of, numbers_of

FIRST_LINE = "Steps:\n"
"""How such a response starts; any other is passed over without a look at the rest."""


class Canonical(NamedTuple):
    """A response in canonical form.

    Attributes:
        steps: its thoughts, as `read_steps` gives them.
        answer: the expression, and the number that the line says it equals.
    """

    steps: list[Step]
    answer: tuple[str, str]


def read_canonical(text: str) -> Canonical | None:
    """The thoughts and the answer of a response; None where a single sign is not canonical."""
    if not text.startswith(FIRST_LINE):
        return None
    end = text.rfind("\nAnswer: ")
    answer = _ANSWER.fullmatch(text, end + 9) if end > 0 else None
    if answer is None:
        return None
    rows = _LINES.findall(text, 0, end)
    if len(rows) != text.count("\n", 0, end) + 1 or len(rows) > MAX_STEPS:
        return None
    try:
        return Canonical(_steps(rows), (answer[1], answer[2]))
    except ZeroDivisionError:  # of a fraction such as 4/0
        return None


def _steps(rows: list[tuple[str, ...]]) -> list[Step]:
    steps: list[Step] = []
    cue, back_to = Cue.NONE, None
    none, new = Cue.NONE, tuple.__new__  # half the time of calling `Step`
    for line, (a, op, b, value, left, mark, back, heading) in enumerate(rows, 1):
        if op:
            fields = (
                number_of(a),
                op,
                number_of(b),
                number_of(value),
                numbers_of(left) if left else None,
                mark != "",
                None,
                cue,
                back_to,
                line,
            )
            steps.append(new(Step, fields))
            cue, back_to = none, None
        elif heading == "Steps":
            cue = Cue.START
        elif heading:
            cue = Cue.BACK if cue is none else cue
        else:
            cue, back_to = Cue.BACK, numbers_of(back)
    return steps


def one_expression(hand: Sequence[int], path: Iterable[Step | Thought]) -> str:
    """`game.answer_expression` of thoughts or steps that hold, in half the time.

    Each result is replaced by what made it, in brackets; of equal numbers the newest is used first.
    """
    values: list[Number] = [*hand]
    texts = [str(number) for number in hand]
    for a, op, b, value, *_ in path:
        i = len(values) - 1
        while values[i] != b:
            i -= 1
        second = texts.pop(i)
        del values[i]
        i = len(values) - 1
        while values[i] != a:
            i -= 1
        texts.append(f"({texts.pop(i)} {op} {second})")
        del values[i]
        values.append(value)
    return texts[-1][1:-1]


_DIGITS = r"[0-9]{1,12}+"
_OPERAND = rf"({_DIGITS}|\({_DIGITS}/{_DIGITS}\))"
_NUMBER = rf"{_DIGITS}(?:/{_DIGITS})?+"
_LINES = re.compile(
    rf"^(?:{_OPERAND} ([-+*/]) {_OPERAND} = ({_NUMBER})"
    rf"(?: \(left:((?: {_NUMBER}){{1,12}}+)\)(: dead end)?+)?+"
    rf"|Back to((?: {_NUMBER}){{1,12}}+)|(Steps|Path):)$",
    re.MULTILINE,
)
_ANSWER = re.compile(r"([(0-9][-+*/()0-9 ]{0,118}[)0-9]) = ([0-9]{1,12})")
