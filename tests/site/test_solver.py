"""The page's solver in Chromium, held against ours: the same texts, the same figures."""

import random
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import combinations_with_replacement
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.site.conftest import ASSETS
from tot24_bench.game import Puzzle, solve
from tot24_bench.game.difficulty import BANDS, difficulty
from tot24_bench.game.reach import reachable
from tot24_bench.game.states import State, can_reach, thoughts

Hands = Sequence[tuple[tuple[int, ...], int]]  # numbers as dealt and target

DECK = [(hand, 24) for hand in combinations_with_replacement(range(1, 14), 4)]
BY_HAND = [
    ((24,), 24),
    ((24,), 23),
    ((6, 4), 24),
    ((7, 7), 0),
    ((5, 5, 3), 0),  # (5 - 5) * 3 and (5 - 5) * -3 are one form
    ((2, 2, 2, 2), 0),
    ((1, 1, 2, 2), 0),
    ((8, 3, 8, 3), 24),  # not in order
    ((10, 9, 2), -1),
    ((24,), -24),
    ((3, 3, 8, 8), -24),
    ((5, 5, 3, 1), -2),
    ((10**9, 10**9, 10**9, 10**9), 1),  # their products hold in no double
    ((10**9, 10**9 - 1, 10**9 - 1, 10**9), 1),
    ((999_999_937, 999_999_929, 999_999_937, 5), 5),
    ((10**9, 7, 7, 2), -(10**9)),
]


@lru_cache
def drawn() -> Hands:
    """Hands that are no deal of 24, most of them with a target that they can make."""
    rng = random.Random(24)
    hands = list(BY_HAND)
    kinds = [(4, 13, 56), (4, 99, 56), (3, 13, 24), (3, 99, 18), (5, 13, 8), (5, 99, 2)]
    for size, largest, count in kinds:
        for i in range(count):
            hand = tuple(rng.randint(1, largest) for _ in range(size))
            makes = sorted(n for n, m in reachable(hand) if m == 1 and n <= 100)
            if i % 8 == 7:
                hand, target = (*hand[:-1], hand[0]), 0
            elif i % 4 == 3 or not makes:
                target = rng.randint(0, 100)
            else:
                target = rng.choice(makes)
            hands.append((hand, -target if i % 8 == 6 else target))
    return hands


def ours(numbers: tuple[int, ...], target: int) -> list[str]:
    return [solution.expression for solution in solve(Puzzle(numbers, target))]


def our_difficulty(numbers: tuple[int, ...], target: int) -> dict[str, Any]:
    puzzle = Puzzle(numbers, target)
    measured = difficulty(puzzle)
    firsts = thoughts(State.of(puzzle))
    wins = sum(can_reach(thought.left, target) for thought in firsts)
    assert measured.winning_share == Fraction(wins, max(len(firsts), 1))
    nodes = measured.expected_nodes
    return {
        "solutions": measured.solutions,
        "winningFirst": [wins, len(firsts)],
        "needsFraction": measured.needs_fraction,
        "expectedNodes": None if nodes is None else float(nodes),
        "band": measured.band,
    }


@pytest.fixture
def page(blank: Page) -> Page:
    blank.add_script_tag(content=(ASSETS / "solver.js").read_text("utf-8"))
    return blank


def assert_same_solutions(page: Page, hands: Hands) -> None:
    theirs = page.evaluate("(hands) => hands.map(([n, t]) => solvePuzzle(n, t))", hands)
    assert len(theirs) == len(hands)
    # Only what differs, since pytest would take minutes to compare two thousand lists of texts.
    wrong = [
        (hand, found, wanted)
        for hand, found in zip(hands, theirs, strict=True)
        if found != (wanted := ours(*hand))
    ]
    assert wrong == []


def test_2_000_hands_are_compared_and_most_of_those_drawn_have_solutions() -> None:
    assert len(DECK) == 1820
    assert len(DECK) + len(drawn()) >= 2000
    solved = [(hand, target) for hand, target in drawn() if ours(hand, target)]
    assert len(solved) > len(drawn()) * 2 // 3
    assert any(target < 0 for _, target in solved)
    assert any(target == 0 for _, target in solved)
    assert sum(len(hand) == 5 for hand, _ in solved) >= 6


def test_every_deck_hand_has_the_solutions_of_the_python_solver(page: Page) -> None:
    assert_same_solutions(page, DECK)


def test_other_hands_and_targets_have_the_solutions_of_the_python_solver(page: Page) -> None:
    assert_same_solutions(page, drawn())


def test_six_numbers_have_the_solutions_of_the_python_solver(page: Page) -> None:
    twice = ((1, 3, 5, 1, 3, 5), -20)  # two equal parts, -(5 * (3 - 1)) - 5 * (3 - 1) and so on
    assert_same_solutions(page, [((3, 1, 4, 1, 5, 9), 24), twice])
    assert "5 * (1 - 3) - 5 * (3 - 1)" in ours(*twice)


def test_the_difficulty_is_that_of_the_python_module(page: Page) -> None:
    others = [(hand, target) for hand, target in drawn() if len(hand) <= 4 and target >= 0]
    hands = DECK[::5] + others
    assert len(hands) >= 300
    theirs = page.evaluate("(hands) => hands.map(([n, t]) => difficultyOf(n, t))", hands)
    wrong = [
        (hand, found, wanted)
        for hand, found in zip(hands, theirs, strict=True)
        if found != (wanted := our_difficulty(*hand))
    ]
    assert wrong == []
    assert {found["band"] for found in theirs} == {None, *(name for _, name in BANDS)}
    assert {found["needsFraction"] for found in theirs} == {None, False, True}


def test_the_script_defines_two_names_and_runs_beside_others_in_strict_mode(page: Page) -> None:
    script = (ASSETS / "solver.js").read_text("utf-8")
    names = "[typeof solvePuzzle, typeof difficultyOf, typeof ratio, typeof BANDS]"
    strict = f'"use strict";\nconst found = (() => {{\n{script}\nreturn {names};\n}})();'
    page.add_script_tag(content=strict)
    assert page.evaluate("found") == ["function", "function", "undefined", "undefined"]
    assert "</script" not in script and "<!--" not in script


def test_the_hand_given_is_left_as_it_was(page: Page) -> None:
    given = "() => { const n = [8, 4, 6, 4]; solvePuzzle(n, 24); difficultyOf(n, 24); return n; }"
    assert page.evaluate(given) == [8, 4, 6, 4]


@pytest.mark.parametrize("function", ["solvePuzzle", "difficultyOf"])
def test_what_is_no_puzzle_is_refused_with_a_sentence(page: Page, function: str) -> None:
    says = {
        "[], 24": "give 1 to",
        "[1, 2, 3, 4, 5, 6, 7], 24": "give 1 to",
        "'4468', 24": "give 1 to",
        "undefined, 24": "give 1 to",
        "[4, 4, 6, 8.5], 24": "every number must be whole",
        "[4, 4, 6, NaN], 24": "every number must be whole",
        "[4, 4, 6, Infinity], 24": "every number must be whole",
        "[4, 4, 6, '8'], 24": "every number must be whole",
        "[4, , 6, 8], 24": "every number must be whole",
        "[4, 4, 6, 0], 24": "from 1 to 1000000000",  # as Puzzle: a hand has positive integers
        "[4, 4, 6, -8], 24": "from 1 to 1000000000",
        "[4, 4, 6, 1000000001], 24": "from 1 to 1000000000",
        "[4, 4, 6, 8], 24.5": "the target must be whole",
        "[4, 4, 6, 8], NaN": "the target must be whole",
        "[4, 4, 6, 8], '24'": "the target must be whole",
        "[4, 4, 6, 8]": "the target must be whole",
        "[4, 4, 6, 8], -1000000001": "the target must be whole",
    }
    said = refusals(page, [f"{function}({arguments})" for arguments in says])
    for (arguments, part), refusal in zip(says.items(), said, strict=True):
        assert refusal.startswith("RangeError: ") and part in refusal, (arguments, refusal)


def test_the_difficulty_is_measured_for_four_numbers_and_no_negative_target(page: Page) -> None:
    five, negative = refusals(
        page, ["difficultyOf([1, 2, 3, 4, 5], 24)", "difficultyOf([4, 4, 6, 8], -24)"]
    )
    assert five == "RangeError: give 1 to 4 numbers, such as [4, 4, 6, 8]"
    assert negative == "RangeError: no difficulty of a negative target is measured"


def refusals(page: Page, calls: list[str]) -> list[str]:
    """What each call throws, as text; an empty text where it throws nothing."""
    caught = ", ".join(f"refusal(() => {call})" for call in calls)
    refusal = "(call) => { try { call(); return ''; } catch (error) { return String(error); } }"
    said: list[str] = page.evaluate(f"() => {{ const refusal = {refusal}; return [{caught}]; }}")
    return said
