"""A search backward from the target: right, true on every line, complete; read independently."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations, combinations_with_replacement
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tot24_bench.game import LeakedHand, Puzzle, Rule, State, can_make, is_solvable, load_split
from tot24_bench.scoring import Verdict, analyse, score
from tot24_bench.teachers import CannotTeach, Curriculum, write
from tot24_bench.teachers.solver.backward import backward
from tot24_bench.traces import Guard

BACKWARD = Curriculum(judge="backward", max_lines=None)

PAIR = re.compile(r"(\d+) (\d+):((?: [-+*/]\d+)*)")
NEEDED = re.compile(r"(\d+)(?: (\d+))?((?: \| \d+(?: \d+)?:(?: [-+*/]\d+)+)+)( !)?")
GROUP = re.compile(r" \| (\d+)(?: (\d+))?:((?: [-+*/]\d+)+)")

hands = st.tuples(*[st.integers(1, 40)] * 4)


def response(puzzle: Puzzle) -> str:
    return write(puzzle, "onestep_tot", Random(0), BACKWARD)


def values(text: str) -> list[int]:
    return [int(one) for one in re.findall(r"[-+*/](\d+)", text)]


def whole(x: int, y: int) -> set[int]:
    """What two numbers make, whole and of two digits."""
    made = {x + y, abs(x - y), x * y}
    made |= {a // b for a, b in ((x, y), (y, x)) if b and a % b == 0}
    return {one for one in made if one <= 99}


def wins(v: int, c: int, d: int, target: int) -> bool:
    """Whether whole numbers of two digits lead from three numbers to the target."""
    orders = ((v, c, d), (v, d, c), (c, d, v))
    return any(target in whole(made, z) for x, y, z in orders for made in whole(x, y))


def blocks(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each pair's line, and the lines of what it would have to make."""
    block: tuple[str, list[str]] | None = None
    for line in text.split("\n")[1:]:
        if PAIR.fullmatch(line):
            if block:
                yield block
            block = line, []
        elif NEEDED.fullmatch(line) and block:
            block[1].append(line)
    if block:
        yield block


@pytest.mark.parametrize("split", ["train", "val", "hard100", "hardest"])
def test_every_hand_is_answered_right_by_thoughts_that_hold_or_refused(split: str) -> None:
    refused = 0
    for puzzle in load_split(split):
        try:
            text = response(puzzle)
        except CannotTeach:
            refused += 1
            continue
        found = analyse(puzzle, text)
        assert found.score.correct and not found.score.false_rhs, puzzle
        assert len(found.thoughts) == 3, puzzle
        assert all(thought.fault is None for thought in found.thoughts), puzzle
    assert refused == {"train": 0, "val": 0, "hard100": 0, "hardest": 28}[split]


def test_hands_that_make_no_24_are_searched_to_the_end_in_few_lines() -> None:
    dead = [
        Puzzle(numbers)
        for numbers in combinations_with_replacement(range(1, 14), 4)
        if not is_solvable(Puzzle(numbers))
    ]
    assert len(dead) == 458
    for puzzle in dead:
        text = response(puzzle)
        assert score(puzzle, text).verdict is Verdict.NO_SOLUTION
        assert text.count("\n") <= 26


@settings(deadline=None)
@given(hands, st.integers(1, 60))
def test_lines_are_true_and_no_way_is_missed(numbers: tuple[int, ...], target: int) -> None:
    puzzle = Puzzle(numbers, target)
    try:
        text = response(puzzle)
    except CannotTeach:
        for (i, j), (k, m) in zip(
            combinations(range(4), 2), list(combinations(range(4), 2))[::-1], strict=True
        ):
            made = whole(numbers[i], numbers[j])
            assert not any(wins(v, numbers[k], numbers[m], target) for v in made)
        return
    seen = list(blocks(text))
    for line, needed in seen:
        a, b = map(int, line.split(":")[0].split(" "))
        made = set(values(line))
        assert made == whole(a, b)
        rest = list(numbers)
        rest.remove(a)
        rest.remove(b)
        c, d = rest
        told = [value for one in needed for value in values(one)]
        for value in told:
            assert can_make((value, c, d), target)
        hit = bool(needed) and needed[-1].endswith("!")
        assert hit == bool(made & set(told))
        assert hit or not any(wins(v, c, d, target) for v in made)
        assert hit == ((line, needed) == seen[-1] and "Answer: no solution" not in text)


@settings(deadline=None)
@given(hands)
def test_each_group_says_what_its_label_means(numbers: tuple[int, ...]) -> None:
    try:
        text = response(Puzzle(numbers))
    except CannotTeach:
        return
    for _, needed in blocks(text):
        for line in needed:
            last, other, groups, _ = NEEDED.fullmatch(line).groups()  # type: ignore[union-attr]
            for x, y, made in GROUP.findall(groups):
                pair = (int(last), int(other)) if other else (24, int(last))
                assert int(x) in whole(*pair)
                beside = 24 if other else int(y)
                assert set(values(made)) <= whole(int(x), beside)


def test_what_it_does_not_take_is_named() -> None:
    for puzzle, told in (
        (Puzzle.parse("4 6 8"), "takes four numbers"),
        (Puzzle.parse("1 2 3 4 5"), "takes four numbers"),
        (Puzzle((4, 5, 6, 10), 0), "a target above 0"),
        (Puzzle((4, 5, 6, 10), 24, Rule.SOME), "all of which must be used"),
        (Puzzle.parse("3 3 8 8"), "judge=look-ahead takes it"),
    ):
        with pytest.raises(CannotTeach, match=told):
            response(puzzle)


def test_states_to_avoid_are_not_shown() -> None:
    puzzle = Puzzle.parse("1 1 4 6")
    state = State(analyse(puzzle, response(puzzle)).thoughts[0].left)
    with pytest.raises(CannotTeach, match="avoided"):
        backward(puzzle, frozenset({state}))


def test_searches_of_train_hands_in_any_order_pass_the_guard() -> None:
    rng, guard = Random(24), Guard()
    for puzzle in load_split("train"):
        numbers = rng.sample(puzzle.numbers, 4)
        asked = Puzzle(tuple(numbers))
        guard.check_text(response(asked), asked, "onestep_tot", f"the search of {asked.text}")


def test_a_line_that_is_not_true_of_the_hand_does_not_pass_the_guard() -> None:
    line = "2 | 26 1: +27 -25 *26 | 22 1: +23 -21 *22"  # reads as 1 21 22 23
    Guard().check_text(line, Puzzle.parse("1 1 2 8"), "onestep_tot", "row 0")
    with pytest.raises(LeakedHand):
        Guard().check_text(line, Puzzle.parse("2 3 4 5"), "onestep_tot", "row 0")
