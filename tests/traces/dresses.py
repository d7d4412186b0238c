"""A solution in many dresses: as equations, steps, words, JSON, tables, lists, code."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable
from urllib.parse import quote

from tot24_bench.game import Puzzle, answer_expression, first_path

WORDS = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
    "twenty", "twenty-one", "twenty-two", "twenty-three", "twenty-four",
]  # fmt: skip
SPOKEN = {"+": "plus", "-": "minus", "*": "times", "/": "divided by"}
NAMES = {"+": "add", "-": "sub", "*": "mul", "/": "div"}
TYPESET = {"+": "+", "-": "−", "*": "×", "/": "÷"}


def word(number: str) -> str:
    """A number up to 24 in words."""
    return WORDS[int(number)] if number.isdecimal() and int(number) < len(WORDS) else number


def cut(expression: str) -> list[str]:
    """Numbers, signs and brackets."""
    return re.findall(r"\d+|[-+*/()]", expression)


class Solution:
    """A hand's first path, and its expression."""

    def __init__(self, puzzle: Puzzle) -> None:
        path = first_path(puzzle)
        self.target = puzzle.target
        self.expression = answer_expression(puzzle, path)
        self.tokens = cut(self.expression)
        self.steps = [(str(t.a), t.op, str(t.b), str(t.value)) for t in path]
        self.left = [t.left.text for t in path]


def _spoken(tokens: list[str], brackets: bool = False) -> str:
    kept = [SPOKEN.get(one, word(one)) for one in tokens if brackets or one not in "()"]
    return " ".join(kept)


def _retold(expression: str, form: str) -> str:
    """The expression with each operation written in `form`."""
    signs = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}

    def told(node: ast.expr) -> str:
        if isinstance(node, ast.BinOp):
            sign, left, right = signs[type(node.op)], told(node.left), told(node.right)
            return form.format(sign=sign, name=NAMES[sign], left=left, right=right)
        return ast.unparse(node)

    return told(ast.parse(expression, mode="eval").body)


def _prefix(expression: str) -> str:
    """add(mul(5, sub(10, 6)), 4)"""
    return _retold(expression, "{name}({left}, {right})")


def _postfix(expression: str) -> str:
    """5 10 6 - * 4 +"""
    return _retold(expression, "{left} {right} {sign}")


def _digits(text: str, zero: int) -> str:
    return "".join(chr(zero + int(one)) if one.isdecimal() else one for one in text)


def _coded(text: str, code: str) -> str:
    """The digits of a text as `code` writes the number of a sign."""
    return re.sub(r"\d", lambda digit: code % ord(digit[0]), text)


def _named(expression: str) -> str:
    """a = 10, b = 6, ... and the expression in those names."""
    names = iter("abcdefghijkl")
    lines: list[str] = []

    def name(number: re.Match[str]) -> str:
        lines.append(f"{(one := next(names))} = {number[0]}")
        return one

    last = re.sub(r"\d+", name, expression)
    return "\n".join([*lines, f"print({last})"])


def _steps_by_name(steps: list[tuple[str, str, str, str]], form: str) -> str:
    """Each step under a name, in terms of those before it."""
    names: dict[str, str] = {}
    lines = []
    for place, (a, op, b, value) in enumerate(steps, 1):
        left, right = (names.pop(one, one) for one in (a, b))
        lines.append(form.format(name=f"s{place}", a=left, op=op, b=right))
        names[value] = f"s{place}"
    return "\n".join(lines)


DRESSES: dict[str, Callable[[Solution], str]] = {
    "equation": lambda s: f"{s.expression} = 24",
    "no equation": lambda s: f"Try {s.expression} here.",
    "arrow": lambda s: f"{s.expression} -> 24",
    "unicode arrow": lambda s: f"{s.expression} ⇒ 24",
    "makes": lambda s: f"{s.expression} makes 24",
    "reversed": lambda s: f"24 = {s.expression}",
    "reversed words": lambda s: f"24 is what {s.expression} comes to",
    "times one": lambda s: f"({s.expression}) * 1 = 24",
    "one times": lambda s: f"1 * ({s.expression}) = 24",
    "plus nothing": lambda s: f"({s.expression}) + 0 = 24",
    "plus five minus five": lambda s: f"({s.expression}) + (5 - 5) = 24",
    "no spaces": lambda s: s.expression.replace(" ", "") + "=24",
    "bold": lambda s: f"**{s.expression}** gives **24**",
    "code": lambda s: f"```python\nassert {s.expression} == 24\n```",
    "typeset": lambda s: "".join(TYPESET.get(c, c) for c in s.expression) + " = 24",
    "letter x": lambda s: s.expression.replace("*", "x") + " = 24",
    "latex": lambda s: (
        "\\[ " + s.expression.replace("*", "\\times").replace("/", "\\div") + " = 24 \\]"
    ),
    "boxed": lambda s: f"\\boxed{{{s.expression}}}",
    "full width": lambda s: _digits(s.expression, 0xFF10) + " ＝ ２４",
    "arabic digits": lambda s: _digits(s.expression, 0x0660) + " = ٢٤",
    "devanagari digits": lambda s: _digits(s.expression, 0x0966),
    "zero width": lambda s: "\u200b".join(s.expression) + " = 24",
    "soft hyphens": lambda s: s.expression.replace(" ", " \u00ad") + " = 24",
    "square brackets": lambda s: s.expression.replace("(", "[").replace(")", "]") + " = 24",
    "over lines": lambda s: s.expression.replace(" ", "\n") + "\n= 24",
    "in words": lambda s: f"{_spoken(s.tokens)} makes twenty-four",
    "in words with brackets": lambda s: _spoken(s.tokens, brackets=True),
    "signs in words": lambda s: " ".join(SPOKEN.get(one, one) for one in s.tokens),
    "numbers in words": lambda s: " ".join(map(word, s.tokens)) + " = 24",
    "json": lambda s: json.dumps({"expression": s.expression, "value": 24}),
    "json list": lambda s: json.dumps(s.tokens),
    "json indented": lambda s: json.dumps({"tokens": s.tokens}, indent=2),
    "table": lambda s: "| " + " | ".join([*s.tokens, "=", "24"]) + " |",
    "html": lambda s: "".join(f"<td>{one}</td>" for one in s.tokens),
    "commas": lambda s: ", ".join(s.tokens),
    "numbered tokens": lambda s: " then ".join(f"`{one}`" for one in s.tokens),
    "prefix": lambda s: _prefix(s.expression),
    "postfix": lambda s: _postfix(s.expression) + " = 24",
    "unknown words": lambda s: (
        " lorem ".join(one for one in s.tokens if one.isdecimal()) + " ipsum 24"
    ),
    "steps": lambda s: "\n".join(f"{a} {o} {b} = {c}" for a, o, b, c in s.steps),
    "steps on a line": lambda s: "; ".join(f"{a} {o} {b} = {c}" for a, o, b, c in s.steps),
    "steps with left": lambda s: "\n".join(
        f"{a} {o} {b} = {c} (left: {left})"
        for (a, o, b, c), left in zip(s.steps, s.left, strict=True)
    ),
    "steps with arrows": lambda s: "\n".join(f"{a} {o} {b} -> {c}" for a, o, b, c in s.steps),
    "steps reversed": lambda s: "\n".join(f"{c} = {a} {o} {b}" for a, o, b, c in s.steps),
    "numbered steps": lambda s: "\n".join(
        f"{i}. {a} {o} {b} = {c}" for i, (a, o, b, c) in enumerate(s.steps, 1)
    ),
    "bulleted steps": lambda s: "\n".join(f"- {a} {o} {b} = {c}" for a, o, b, c in s.steps),
    "spoken steps": lambda s: ". ".join(
        f"{word(a)} {SPOKEN[o]} {word(b)} leaves {word(c)}" for a, o, b, c in s.steps
    ),
    "steps with talk between": lambda s: "\nNow, 1 + 1 = 2 as we know.\n".join(
        f"So {a} {o} {b} = {c}." for a, o, b, c in s.steps
    ),
    "json steps": lambda s: json.dumps(
        [{"a": a, "op": o, "b": b, "result": c} for a, o, b, c in s.steps]
    ),
    "json steps with names": lambda s: json.dumps(
        [{"op": NAMES[o], "args": [a, b], "is": c} for a, o, b, c in s.steps], indent=1
    ),
    "table of steps": lambda s: "\n".join(f"| {a} | {o} | {b} | {c} |" for a, o, b, c in s.steps),
    "code steps": lambda s: "\n".join(
        f"s{i} = {a} {o} {b}  # {c}" for i, (a, o, b, c) in enumerate(s.steps)
    ),
    "unknown words for steps": lambda s: "; ".join(
        f"von {a} und {b} kommt {c}" for a, _, b, c in s.steps
    ),
    "assigned": lambda s: _named(s.expression),
    "assigned steps": lambda s: _steps_by_name(s.steps, "{name} = {a} {op} {b}"),
    "let steps": lambda s: _steps_by_name(s.steps, "let {name} be {a} {op} {b};"),
    "backwards": lambda s: (
        "To get 24, " + ", ".join(f"we need {c} = {a} {o} {b}" for a, o, b, c in s.steps[::-1])
    ),
    "last step told in the middle": lambda s: "; ".join(
        f"{a} {o} {b} = {c}" for a, o, b, c in (s.steps[0], s.steps[2], s.steps[1])
    ),
    "counted steps in unknown words": lambda s: "\n".join(
        f"Step {i}: combine {a} and {b} into {c}" for i, (a, _, b, c) in enumerate(s.steps, 1)
    ),
    "results first in unknown words": lambda s: "\n".join(
        f"{c} comes of {a} and {b}" for a, _, b, c in s.steps
    ),
    "last first in unknown words": lambda s: "\n".join(
        f"{c} comes of {a} and {b}" for a, _, b, c in s.steps[::-1]
    ),
    "html entities": lambda s: _coded(s.expression, "&#%d;") + " = 24",
    "percent codes": lambda s: quote(s.expression),
    "json codes": lambda s: _coded(s.expression, "\\u%04x") + " = 24",
    "hexadecimal": lambda s: re.sub(r"\d+", lambda one: hex(int(one[0])), s.expression),
    "exponents": lambda s: re.sub(r"\d+", r"\g<0>e0", s.expression) + " = 24",
    "many zeros": lambda s: re.sub(r"\d+", r"\g<0>.0000000", s.expression) + " = 24",
    "comments": lambda s: s.expression.replace(" ", " /* so */ ") + " = 24",
    "accents": lambda s: "\u0301".join(s.expression) + " = 24",
    "bulleted tokens": lambda s: "\n".join(f"- {one}" for one in s.tokens),
    "counted tokens": lambda s: "\n".join(f"{i}. {one}" for i, one in enumerate(s.tokens, 1)),
    "comma steps": lambda s: ", ".join(f"{a}{o}{b}, {c}" for a, o, b, c in s.steps),
}
"""Every dress by its name."""
