"""The solver against a brute force that shares no code and no idea with it.

The brute force knows nothing of sums and products as trees. Each number of the hand gets a variable
of its own, an expression is a rational function of these variables, and a function is known by its
values at random points modulo a large prime. Commutativity, associativity and moving signs and
inverses around leave a function as it is; no two other expressions that use every variable once
are the same function. Where numbers repeat, their variables may be exchanged: a function stands for
all that come from it by such exchanges (its values at all exchanged points, sorted). Where the
target is nothing, f and -f both make it and are one solution.
"""

from __future__ import annotations

import ast
from collections import Counter
from fractions import Fraction
from functools import cache
from itertools import combinations, combinations_with_replacement, permutations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tot24_bench.game import Hand, Puzzle, Rule, Solution, is_solvable, solve

PRIME = 2**61 - 1
DECK = tuple(combinations_with_replacement(range(1, 14), 4))

Function = tuple[int, ...]
"""Values of a rational function at the exchanged points, modulo PRIME."""


# The independent side: functions by brute force, expressions by Python's own grammar.


def points(hand: Hand) -> list[tuple[int, ...]]:
    """For each number its variable at every exchange of variables of equal numbers."""
    rng = Random(f"points {hand}")
    variables = [rng.randrange(1, PRIME) for _ in hand]
    exchanges = [
        order
        for order in permutations(range(len(hand)))
        if all(hand[i] == hand[j] for i, j in enumerate(order))
    ]
    return [tuple(variables[order[i]] for order in exchanges) for i in range(len(hand))]


def key(function: Function, target: int) -> Function:
    """Equal for two functions exactly when they are one solution."""
    values = tuple(sorted(function))
    return min(values, tuple(sorted(-v % PRIME for v in function))) if target == 0 else values


def brute_force(hand: Hand, target: int) -> set[Function]:
    """Keys of all functions that use the whole hand and are worth the target."""
    at = points(hand)
    every: dict[int, dict[Function, Fraction]] = {
        1 << i: {at[i]: Fraction(number)} for i, number in enumerate(hand)
    }
    for size in range(2, len(hand) + 1):
        for chosen in combinations(range(len(hand)), size):
            whole = sum(1 << i for i in chosen)
            made: dict[Function, Fraction] = {}
            part = (whole - 1) & whole
            while part:
                for f, x in every[part].items():
                    for g, y in every[whole - part].items():
                        # Both orders of the two parts are met, so one of each kind is enough.
                        made[tuple([(a + b) % PRIME for a, b in zip(f, g, strict=True)])] = x + y
                        made[tuple([(a - b) % PRIME for a, b in zip(f, g, strict=True)])] = x - y
                        made[tuple([a * b % PRIME for a, b in zip(f, g, strict=True)])] = x * y
                        if y:
                            over = [a * inverse(b) % PRIME for a, b in zip(f, g, strict=True)]
                            made[tuple(over)] = x / y
                part = (part - 1) & whole
            every[whole] = made
    found = every[(1 << len(hand)) - 1]
    return {key(function, target) for function, value in found.items() if value == target}


@cache
def inverse(value: int) -> int:
    return pow(value, -1, PRIME)


def leaves(expression: str) -> list[int]:
    return [
        n.value for n in ast.walk(ast.parse(expression, mode="eval")) if type(n) is ast.Constant
    ]


def worth(expression: str) -> Fraction:
    def value(node: ast.expr) -> Fraction:
        match node:
            case ast.Constant(value=int(number)):
                return Fraction(number)
            case ast.BinOp(left, ast.Add(), right):
                return value(left) + value(right)
            case ast.BinOp(left, ast.Sub(), right):
                return value(left) - value(right)
            case ast.BinOp(left, ast.Mult(), right):
                return value(left) * value(right)
            case ast.BinOp(left, ast.Div(), right):
                return value(left) / value(right)
        raise AssertionError(f"{expression}: holds {ast.dump(node)}")

    return value(ast.parse(expression, mode="eval").body)


def function_of(expression: str, hand: Hand) -> Function:
    """The rational function of an expression; equal numbers take their variables as they come."""
    free = {number: [i for i in range(len(hand)) if hand[i] == number] for number in hand}
    at = points(hand)

    def value(node: ast.expr) -> Function:
        if isinstance(node, ast.Constant):
            return at[free[node.value].pop(0)]
        assert isinstance(node, ast.BinOp)
        pairs = list(zip(value(node.left), value(node.right), strict=True))
        match node.op:
            case ast.Add():
                return tuple((a + b) % PRIME for a, b in pairs)
            case ast.Sub():
                return tuple((a - b) % PRIME for a, b in pairs)
            case ast.Mult():
                return tuple(a * b % PRIME for a, b in pairs)
        return tuple(a * inverse(b) % PRIME for a, b in pairs)

    return value(ast.parse(expression, mode="eval").body)


def texts(hand: Hand, target: int = 24, rule: Rule = Rule.ALL) -> list[str]:
    return [solution.expression for solution in solve(Puzzle(hand, target, rule))]


def assert_complete_and_distinct(hand: Hand, target: int) -> None:
    expressions = texts(hand, target)
    keys = [key(function_of(text, tuple(sorted(hand))), target) for text in expressions]
    twice = [text for text, k in zip(expressions, keys, strict=True) if keys.count(k) > 1]
    assert not twice, f"{hand} -> {target}: written differently but the same: {twice}"
    brute = brute_force(tuple(sorted(hand)), target)
    assert set(keys) == brute, f"{hand} -> {target}: {len(brute)} solutions, found {expressions}"


# The deck.


def test_1362_of_the_1820_hands_can_make_24() -> None:
    assert len(DECK) == 1820
    assert sum(is_solvable(Puzzle(hand)) for hand in DECK) == 1362


def test_every_expression_of_the_deck_uses_exactly_the_hand_and_is_worth_24() -> None:
    for hand in DECK:
        for solution in solve(Puzzle(hand)):
            assert tuple(sorted(leaves(solution.expression))) == hand == solution.numbers, solution
            assert worth(solution.expression) == 24, solution


def test_no_expression_of_the_deck_comes_twice_and_each_list_is_sorted() -> None:
    for hand in DECK:
        found = texts(hand)
        assert found == sorted(set(found))


def test_single_spaces_and_the_fewest_brackets() -> None:
    for hand in DECK[::7]:
        for text in texts(hand):
            assert "  " not in text and text == text.strip()
            value = worth(text)
            for opened in [i for i, char in enumerate(text) if char == "("]:
                bare = without_bracket(text, opened)
                try:
                    changed = worth(bare) != value
                except ZeroDivisionError:
                    changed = True
                same = not changed and function_of(bare, hand) == function_of(text, hand)
                assert not same, f"{text}: the bracket at {opened} says nothing"


def without_bracket(text: str, opened: int) -> str:
    depth = 0
    for i in range(opened, len(text)):
        depth += {"(": 1, ")": -1}.get(text[i], 0)
        if depth == 0:
            return text[:opened] + text[opened + 1 : i] + text[i + 1 :]
    raise AssertionError(f"unbalanced: {text}")


# Known hands.


@pytest.mark.parametrize(
    ("hand", "expressions"),
    [
        ("3 3 8 8", ["8 / (3 - 8 / 3)"]),
        ("1 5 5 5", ["5 * (5 - 1 / 5)"]),
        ("5 5 5 1", ["5 * (5 - 1 / 5)"]),
        ("1 3 4 6", ["6 / (1 - 3 / 4)"]),
        ("1 1 1 1", []),
        ("13 13 13 13", []),
        ("6 6 6 6", ["6 * 6 - 6 - 6", "6 + 6 + 6 + 6"]),
    ],
)
def test_hands_that_people_know(hand: str, expressions: list[str]) -> None:
    assert texts(Puzzle.parse(hand).numbers) == expressions


def test_4_4_6_8_has_the_answer_of_the_first_exemplar() -> None:
    assert "(4 + 8) * (6 - 4)" in texts((4, 4, 6, 8)) or "(8 + 4) * (6 - 4)" in texts((4, 4, 6, 8))
    assert_complete_and_distinct((4, 4, 6, 8), 24)


def test_the_order_of_the_numbers_does_not_matter() -> None:
    for deal in permutations((4, 4, 6, 8)):
        assert texts(deal) == texts((4, 4, 6, 8))


def test_a_hand_of_one_number_makes_that_number_alone() -> None:
    assert texts((24,)) == ["24"]
    assert texts((23,)) == []


def test_solutions_that_only_multiply_or_divide_by_one_are_two() -> None:
    assert texts((1, 24)) == ["24 * 1", "24 / 1"]


@pytest.mark.parametrize(
    ("target", "writings"),
    [
        (4, ["5 + 2 - 3", "5 - (3 - 2)", "2 - (3 - 5)", "2 + 5 - 3", "(5 - 3) + 2"]),
        (8, ["12 * 2 / 3", "12 / (3 / 2)", "2 / (3 / 12)", "(2 / 3) * 12", "2 * (12 / 3)"]),
        (40, ["(11 - 3) * (7 - 2)", "(3 - 11) * (2 - 7)", "(2 - 7) * (3 - 11)"]),
        (14, ["4 - 5 * (1 - 3)", "4 + 5 * (3 - 1)", "4 - (1 - 3) * 5"]),
        (2, ["(9 - 5) / (4 - 2)", "(5 - 9) / (2 - 4)"]),
        (0, ["7 - 3 - 4", "3 + 4 - 7", "3 - (7 - 4)"]),
        (0, ["(7 - 3 - 4) * 2", "2 * (4 - (7 - 3))"]),
    ],
)
def test_signs_and_inverses_moved_around_are_one_solution(target: int, writings: list[str]) -> None:
    hand = tuple(sorted(leaves(writings[0])))
    assert {worth(writing) for writing in writings} == {target}
    keys = [key(function_of(text, hand), target) for text in texts(hand, target)]
    for writing in writings:
        assert keys.count(key(function_of(writing, hand), target)) == 1, writing


# Completeness and distinctness.


SAMPLED_HANDS = sorted(
    {
        *Random(24).sample(DECK, 40),
        *[(n, n, n, n) for n in (1, 3, 4, 6, 12)],
        (5, 5, 3, 8),
        (5, 5, 8, 8),
        (1, 1, 12, 12),
        (3, 8, 9, 9),
        (3, 3, 8, 8),
        (1, 2, 12, 12),
        (1, 1, 1, 12),
        (2, 2, 2, 12),
        (2, 3, 5, 12),
    }
)


@pytest.mark.parametrize("hand", SAMPLED_HANDS, ids=lambda hand: " ".join(map(str, hand)))
def test_brute_force_finds_the_same_solutions_of_four_numbers(hand: Hand) -> None:
    assert_complete_and_distinct(tuple(sorted(hand)), 24)


@pytest.mark.parametrize("target", [0, 1, 2, 10, 36, 100])
def test_brute_force_finds_the_same_solutions_for_other_targets(target: int) -> None:
    for hand in [
        (5, 5, 3, 7),
        (2, 3, 5, 7),
        (4, 4, 4, 4),
        (1, 2, 3, 6),
        (5, 5, 8, 8),
        (1, 1, 2, 2),
    ]:
        assert_complete_and_distinct(tuple(sorted(hand)), target)


@pytest.mark.parametrize("target", [-24, -7, -1])
def test_brute_force_finds_the_same_solutions_for_negative_targets(target: int) -> None:
    for hand in [(5, 5, 3, 7), (2, 3, 5, 7), (1, 5, 6), (1, 4, 5, 8), (1, 2), (4, 4, 4, 4)]:
        assert_complete_and_distinct(tuple(sorted(hand)), target)


def test_a_negative_target_takes_a_subtraction() -> None:
    assert texts((3, 5), -2) == ["3 - 5"]
    assert texts((2, 3), -5) == [], "- 2 - 3 has no number to subtract from"


def test_a_product_may_be_negative_too() -> None:
    assert [worth(text) for text in texts((1, 5, 6), -24)] == [-24], "(1 - 5) * 6"
    assert len(texts((3, 5, 5, 7), -7)) == len(brute_force((3, 5, 5, 7), -7))


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.integers(1, 13), min_size=1, max_size=3).map(lambda hand: tuple(sorted(hand))),
    st.integers(0, 40),
)
def test_brute_force_finds_the_same_solutions_of_up_to_three_numbers(
    hand: Hand, target: int
) -> None:
    assert_complete_and_distinct(hand, target)


@pytest.mark.parametrize("hand", [(1, 2, 3, 4, 5), (2, 2, 5, 7, 11), (3, 3, 3, 8, 8)])
def test_brute_force_finds_the_same_solutions_of_five_numbers(hand: Hand) -> None:
    assert_complete_and_distinct(hand, 24)


def test_nothing_has_no_sign() -> None:
    """The one place where a solution is coarser than a rational function; five numbers at least.

    24 + 7 * (5 - 3 - 2) and 24 - 7 * (5 - 3 - 2) are two functions, but what is added or taken
    away is nothing, and nothing turned round is nothing: one solution.
    """
    hand = (2, 3, 5, 7, 24)
    added, taken = "24 + 7 * (5 - 3 - 2)", "24 - 7 * (5 - 3 - 2)"
    assert key(function_of(added, hand), 24) != key(function_of(taken, hand), 24)
    found = {key(function_of(text, hand), 24) for text in texts(hand)}
    assert key(function_of(added, hand), 24) in found
    assert key(function_of(taken, hand), 24) not in found


# The rule `some`.


def test_under_the_rule_some_every_part_of_the_hand_may_make_the_target() -> None:
    assert set(texts((2, 12, 24), 24, Rule.SOME)) == {
        "24",
        "12 * 2",
        "(24 - 12) * 2",
        "12 + 24 / 2",
    }


@pytest.mark.parametrize(
    ("hand", "target"), [((1, 2, 3, 4), 6), ((5, 5, 5, 9), 25), ((1, 1, 2, 2), 0)]
)
def test_the_rule_some_is_the_union_over_all_parts_of_the_hand(hand: Hand, target: int) -> None:
    parts = {part for size in range(1, 5) for part in combinations(hand, size)}
    together = Counter(Solution(text, part) for part in parts for text in texts(part, target))
    assert Counter(solve(Puzzle(hand, target, Rule.SOME))) == together


def test_is_solvable_follows_the_rule() -> None:
    assert is_solvable(Puzzle((24, 13, 13), 24, Rule.SOME))
    assert not is_solvable(Puzzle((1, 1, 1, 1), 24, Rule.SOME))
    assert not is_solvable(Puzzle((5, 24)))
    assert is_solvable(Puzzle((5, 24), 24, Rule.SOME))
