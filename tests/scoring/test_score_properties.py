"""What holds for every expression and for every text."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from fractions import Fraction
from functools import cache
from itertools import combinations_with_replacement, permutations

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tot24_bench.game import Puzzle, Rule, solve
from tot24_bench.scoring import Score, Verdict, score

HANDS = tuple(combinations_with_replacement(range(1, 14), 4))
EXEMPLAR = Puzzle.parse("4 4 6 8")


@cache
def solutions(hand: tuple[int, ...]) -> tuple[str, ...]:
    return tuple(solution.expression for solution in solve(Puzzle(hand)))


def worth(node: ast.expr) -> Fraction:
    """The value by Python's own grammar; only ever of text that this file wrote."""
    if isinstance(node, ast.BinOp):
        left, right = worth(node.left), worth(node.right)
        if isinstance(node.op, ast.Add):
            return left + right
        if isinstance(node.op, ast.Sub):
            return left - right
        return left * right if isinstance(node.op, ast.Mult) else left / right
    if isinstance(node, ast.UnaryOp):
        return -worth(node.operand)
    assert isinstance(node, ast.Constant) and isinstance(node.value, int)
    return Fraction(node.value)


def expected(hand: tuple[int, ...], text: str) -> tuple[Verdict, str | None]:
    """The verdict and the value that `text` deserves."""
    tree = ast.parse(text, mode="eval")
    numbers = sorted(int(digits) for digits in re.findall(r"[0-9]+", text))
    try:
        value = worth(tree.body)
    except ZeroDivisionError:
        value = None
    shown = None if value is None else str(value)
    if numbers != list(hand):
        left = (Counter(hand) - Counter(numbers)).elements()
        glued = {int(f"{a}{b}") for a, b in permutations(left, 2)} - set(hand)
        lone = len(numbers) == 1 and shown == "24" and text.strip("() ") == "24"
        return (
            Verdict.GLUED if glued & set(numbers) and not lone else Verdict.WRONG_NUMBERS
        ), shown
    if value is None:
        return Verdict.DIVISION_BY_ZERO, shown
    return (Verdict.CORRECT if value == 24 else Verdict.WRONG_VALUE), shown


def test_every_solution_of_the_solver_is_right() -> None:
    seen = 0
    for hand in HANDS[::7]:
        for text in solutions(hand):
            result = score(Puzzle(hand), f"Answer: {text} = 24")
            assert (result.verdict, result.value) == (Verdict.CORRECT, "24"), (hand, text)
            seen += 1
    assert seen > 500


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(HANDS), st.data())
def test_a_solution_with_one_number_or_sign_changed_has_its_exact_value(
    hand: tuple[int, ...], data: st.DataObject
) -> None:
    assume(solutions(hand))
    text = data.draw(st.sampled_from(solutions(hand)))
    part = data.draw(st.sampled_from(list(re.finditer(r"[0-9]+|[-+*/]", text))))
    if part[0].isdigit():
        change = str(data.draw(st.integers(0, 24)))
    else:
        # A minus that stands before a bracket or a number may only become a plus.
        unary = not re.search(r"[0-9)]\s*$", text[: part.start()])
        change = "-" if unary else data.draw(st.sampled_from("+-*/"))
    changed = text[: part.start()] + change + text[part.end() :]
    result = score(Puzzle(hand), f"Answer: {changed} = 24")
    assert (result.verdict, result.value) == expected(hand, changed), changed
    assert result.correct is (result.verdict is Verdict.CORRECT)
    assert result.false_claim is not result.correct


def expressions(depth: int = 4) -> st.SearchStrategy[str]:
    """Python-writable expressions of small numbers."""
    return st.recursive(
        st.integers(0, 13).map(str),
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(["+", " - ", "*", " / "]), inner).map("".join),
            inner.map("({})".format),
            inner.map("-({})".format),
        ),
        max_leaves=2**depth,
    )


@settings(max_examples=200, deadline=None)
@given(expressions())
def test_any_expression_has_the_value_that_python_gives_it(text: str) -> None:
    hand = EXEMPLAR.hand
    result = score(EXEMPLAR, f"Answer: {text}")
    assert (result.verdict, result.value) == expected(hand, text)


# fmt: off
PARTS = [
    "Answer:", "answer", "Final answer: ", "\\boxed{", "<answer>", "</answer>", "<think>",
    "</think>", "Input:", "Steps:", "\n", " ", "=", "= 24", "24", "(", ")", "[", "]", "{", "}",
    "\\(", "\\)", "\\[", "$", "$$", "`", "**", "*", "_", "#", "- ", "\\frac{", "\\times",
    "\\left", "\\right", "\\text{", "4", "6", "8", "4.0", "+", "-", "/", "//", "^", "!", "%",
    "sqrt(", "no solution", "I can't find", "(left: 4 6)", "1. ", "x", "😊", "×", "−", "é", "<<",
    "\x00", "\ud800", "\udfff", "\u2028", "\r", "²", "½", "٣", "\u200b", "\\", "\\n", "<|end|>",
]
# fmt: on
SOUP = st.lists(st.sampled_from(PARTS), max_size=40).map("".join)
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=200)


@settings(max_examples=400, deadline=None)
@given(
    st.one_of(SOUP, ANY_TEXT, ANY_TEXT.map("Answer: ".__add__)),
    st.booleans(),
    st.sampled_from([EXEMPLAR, Puzzle((24,)), Puzzle((1, 1, 1, 1)), Puzzle((2, 3), 6, Rule.SOME)]),
)
def test_no_text_raises_and_every_score_is_consistent(
    response: str, truncated: bool, puzzle: Puzzle
) -> None:
    result = score(puzzle, response, truncated=truncated)
    assert isinstance(result.verdict, Verdict)
    assert result.truncated is truncated
    assert result.reason
    if result.correct:
        assert result.verdict in (Verdict.CORRECT, Verdict.NO_SOLUTION) and result.answered
    if result.verdict is Verdict.CORRECT:
        assert result.correct and result.valid and result.value == str(puzzle.target)
    assert not (result.false_claim and result.correct)
    assert not result.false_rhs or result.correct
    assert result.verdict is not Verdict.TRUNCATED or truncated
    assert Score.from_json(json.loads(json.dumps(result.to_json()))) == result
    json.dumps(result.to_json(), ensure_ascii=False).encode("utf-8")


@settings(max_examples=200, deadline=None)
@given(SOUP)
def test_what_follows_the_next_exemplar_never_changes_an_answer(response: str) -> None:
    # A closing `</think>` would turn all before it into thinking.
    ended = f"Answer: (6 - 4) * (4 + 8) = 24\n\nInput: {response.replace('think', '')}"
    assert score(EXEMPLAR, ended).correct


@settings(max_examples=200, deadline=None)
@given(SOUP)
def test_thinking_never_changes_an_answer(response: str) -> None:
    thought = response.replace("<think>", "").replace("</think>", "")
    alone = score(EXEMPLAR, "Answer: 4 * 6 = 24")
    assert score(EXEMPLAR, f"<think>{thought}</think>Answer: 4 * 6 = 24") == alone
