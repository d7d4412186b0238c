"""The reader of expressions alone."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tot24_bench.scoring import Problem, parse_expression, read_expression
from tot24_bench.scoring.tokens import _Cutter, _plain_tokens


@pytest.mark.parametrize(
    ("text", "value", "numbers"),
    [
        ("1 + 2 * 3", "7", (1, 2, 3)),
        ("2 * 3 - 8 / 4", "4", (2, 3, 4, 8)),
        ("8 - 4 - 2", "2", (2, 4, 8)),
        ("8 / 4 / 2", "1", (2, 4, 8)),
        ("8 / 2(3)", "12", (2, 3, 8)),
        ("2(3)(4)", "24", (2, 3, 4)),
        ("(3)2", "6", (2, 3)),
        ("-2 * -(3 + 1)", "8", (1, 2, 3)),
        ("6 - -4", "10", (4, 6)),
        ("6 --4", "10", (4, 6)),
        ("1 / 3", "1/3", (1, 3)),
        ("007", "7", (7,)),
        (r"2\left(\frac{1}{3}\right)", "2/3", (1, 2, 3)),
        (r"(1)\frac{ {6} }{ 3 }", "2", (1, 3, 6)),
    ],
)
def test_an_expression_has_its_exact_value(text: str, value: str, numbers: tuple[int, ...]) -> None:
    expression = parse_expression(text)
    assert (expression.value, expression.numbers) == (Fraction(value), numbers), expression


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", Problem.MALFORMED),
        ("hello", Problem.MALFORMED),
        ("4 4", Problem.MALFORMED),
        ("4 = 4", Problem.MALFORMED),
        ("(4", Problem.MALFORMED),
        ("4)", Problem.MALFORMED),
        ("{4)", Problem.MALFORMED),
        ("4 *", Problem.MALFORMED),
        ("* 4", Problem.MALFORMED),
        ("(4 +) 4", Problem.MALFORMED),
        (r"\frac{4}", Problem.MALFORMED),
        ("4 / (2 - 2)", Problem.DIVISION_BY_ZERO),
        (r"\frac{4}{0}", Problem.DIVISION_BY_ZERO),
        ("2 ** 2", Problem.UNSUPPORTED),
        ("7 // 2", Problem.UNSUPPORTED),
        ("4!", Problem.UNSUPPORTED),
        ("1.5", Problem.UNSUPPORTED),
        (r"4\frac{1}{2}", Problem.UNSUPPORTED),
        ("1" * 13, Problem.TOO_LONG),
        ("(" * 51, Problem.TOO_LONG),
        ("1+" * 64 + "1", Problem.TOO_LONG),
        ("1" + " " * 1_000 + "+ 1", Problem.TOO_LONG),
    ],
)
def test_a_text_without_a_value_says_why(text: str, problem: Problem) -> None:
    expression = parse_expression(text)
    assert (expression.problem, expression.value) == (problem, None), expression


def test_reading_stops_where_prose_starts() -> None:
    for rest in (
        " = 24",
        " (left: 24)",
        " - done",
        "!  Great",
        ", so",
        ".",
        " ✅",
        "** = 2",
        " → 2",
    ):
        expression = read_expression("(6 - 4)" + rest)
        assert expression is not None and expression.value == 2 and expression.end == 7, rest


def test_prose_is_no_expression() -> None:
    for text in ("No", "(see above)", "-", "+ and -", "()", "\\text{no}"):
        assert read_expression(text) is None, text


def test_the_largest_expression_within_the_bounds_is_worked_out() -> None:
    text = " / ".join(["999999999999"] * 64)
    expression = parse_expression(text)
    assert expression.value == Fraction(1, 999999999999**62)


PIECES = st.sampled_from(
    [*"0123456789()+-*/= ", "12", " + ", " * ", " = ", "24", "((", "))", ")(", "x", "\n", "\\", "."]
)


@settings(deadline=None, max_examples=1000)
@given(st.lists(PIECES, max_size=24).map("".join))
@example("(6 - 4) * (4 + 8) = 24")
@example("2(3) = 6")
@example("5 ** 2 = 25")
@example("8 // 2 =")
@example("(1 + 2")
@example("1 + 2) = 3")
def test_the_quick_way_is_the_careful_way(text: str) -> None:
    quick = _plain_tokens(text)
    assert quick is None or quick == _Cutter(text).run()
