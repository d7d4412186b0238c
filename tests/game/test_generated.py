"""Generated splits: what they hold, that their parts never meet, and what is no draw.

Solvability is checked by a search of its own here, which shares nothing with the solver.
"""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tot24_bench.game import (
    GENERATED,
    BadDraw,
    LeakedHand,
    Puzzle,
    Rule,
    UnknownSplit,
    avoids_held_out_states,
    draw,
    example_puzzles,
    guard_parts,
    held_out_states,
    held_out_targets,
    inner_states,
    is_split,
    load_split,
    parse_name,
    part_of,
    split_size,
)
from tot24_bench.game.generated import MAX_SIZE, Draw

SEEDS = st.integers(0, 2**63 - 1)
SMALL = 3
"""Hands of a draw that are searched naively."""

BOTH = [name for name, split in GENERATED.items() if split.parts == ("train", "test")]


@cache
def naive(numbers: tuple[Fraction, ...]) -> frozenset[Fraction]:
    """Every value that any two-by-two combination of the numbers can end on."""
    if len(numbers) == 1:
        return frozenset(numbers)
    found: set[Fraction] = set()
    for i in range(len(numbers)):
        for j in range(len(numbers)):
            if i == j:
                continue
            x, y = numbers[i], numbers[j]
            rest = tuple(n for k, n in enumerate(numbers) if k not in (i, j))
            made = [x - y] if i > j else [x - y, x + y, x * y]
            for value in made + ([x / y] if y else []):
                found |= naive(tuple(sorted((*rest, value))))
    return frozenset(found)


def makes(puzzle: Puzzle) -> bool:
    """Whether the puzzle can be solved, by search alone."""
    numbers = tuple(sorted(map(Fraction, puzzle.numbers)))
    if puzzle.rule is Rule.ALL:
        return puzzle.target in naive(numbers)
    subsets = range(1, 2 ** len(numbers))
    return any(
        puzzle.target in naive(tuple(n for k, n in enumerate(numbers) if mask >> k & 1))
        for mask in subsets
    )


@pytest.mark.parametrize("name", [n for n in GENERATED if n not in ("five", "six")])
@given(seed=SEEDS)
@settings(max_examples=6, deadline=None)
def test_every_hand_is_solvable_or_not_as_its_split_says(name: str, seed: int) -> None:
    for part in GENERATED[name].parts:
        for puzzle in draw(name, seed=seed, size=SMALL, part=part):
            assert makes(puzzle) == (name != "unsolvable_fresh"), puzzle
    naive.cache_clear()


def test_five_numbers_are_solvable_too() -> None:
    for puzzle in draw("five", seed=11, size=2):
        assert len(puzzle.numbers) == 5 and makes(puzzle)
    naive.cache_clear()


@pytest.mark.parametrize("name", BOTH)
@given(first=SEEDS, second=SEEDS)
@settings(max_examples=8, deadline=None)
def test_train_and_test_parts_never_meet_under_any_seeds(
    name: str, first: int, second: int
) -> None:
    size = 60
    train = {p.hand for p in draw(name, seed=first, size=size, part="train")}
    test = {p.hand for p in draw(name, seed=second, size=size)}
    assert not train & test


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("other", BOTH)
def test_no_train_part_holds_a_test_hand_of_another_split(name: str, other: str) -> None:
    train = {puzzle.hand for puzzle in draw(name, seed=5, size=60, part="train")}
    assert not train & {puzzle.hand for puzzle in draw(other, seed=6, size=60)}


@given(SEEDS)
@settings(max_examples=5, deadline=None)
def test_held_out_hands_and_targets_are_in_no_train_part(seed: int) -> None:
    held_out = {p.hand for name in ("hard100", "hardest", "val", "unsolvable")
                for p in load_split(name)}  # fmt: skip
    for name in BOTH:
        puzzles = draw(name, seed=seed, size=60, part="train")
        assert not held_out & {puzzle.hand for puzzle in puzzles}
        assert not held_out_targets() & {puzzle.target for puzzle in puzzles}
        guard_parts(puzzles, name)


def test_the_guard_refuses_test_hands_and_held_out_targets() -> None:
    for puzzles in (draw("fresh", size=2), load_split("hard100")[:1], load_split("val")[:1]):
        with pytest.raises(LeakedHand, match="of a test part"):
            guard_parts(puzzles, "traces.jsonl")
    train = load_split("train")[0]
    with pytest.raises(LeakedHand, match=r"traces.jsonl holds 1 held-out puzzle\(s\)"):
        guard_parts([Puzzle(train.numbers, min(held_out_targets()))], "traces.jsonl")
    guard_parts(load_split("train"), "train")


def test_what_each_split_holds() -> None:
    deck = {puzzle.hand for name in ("full", "unsolvable") for puzzle in load_split(name)}
    for name in ("fresh", "unsolvable_fresh"):
        hands = {puzzle.hand for puzzle in draw(name)}
        assert len(hands) == 100 and not hands & deck
        assert max(map(max, hands)) <= 25
    assert {len(p.numbers) for p in draw("six", size=20)} == {6}
    assert all(p.target in held_out_targets() and p.target != 24 for p in draw("target"))
    countdown = draw("countdown", size=200)
    assert {len(p.numbers) for p in countdown} == {3, 4}
    assert all(10 <= p.target < 100 and max(p.numbers) < 100 for p in countdown)
    assert {p.rule for p in countdown} == {Rule.SOME}
    assert not any(p.target in p.numbers for p in countdown)


def test_shuffled_asks_the_same_hands_in_another_order() -> None:
    original = load_split("hard100")
    for seed in range(3):
        dealt = draw("shuffled", seed=seed)
        assert [p.hand for p in dealt] == [p.hand for p in original]
        assert all(a.numbers != b.numbers for a, b in zip(dealt, original, strict=True))


def test_rational_hands_need_a_fraction() -> None:
    """No solution of theirs stays among the integers: a search without fractions fails."""

    def whole(numbers: tuple[int, ...]) -> set[int]:
        if len(numbers) == 1:
            return set(numbers)
        found: set[int] = set()
        for i, x in enumerate(numbers):
            for j, y in enumerate(numbers):
                if i == j:
                    continue
                rest = tuple(n for k, n in enumerate(numbers) if k not in (i, j))
                for value in (x + y, x - y, x * y, *([x // y] if y and x % y == 0 else [])):
                    found |= whole((*rest, value))
        return found

    for puzzle in draw("rational", seed=2, size=4):
        assert 24 not in whole(puzzle.numbers)


def test_state_holdout_keeps_the_inner_states_of_hard100_out_of_training() -> None:
    assert len(held_out_states()) == 1_760
    both = [p.hand for name in ("train", "val") for p in load_split(name)]
    assert sum(map(avoids_held_out_states, both)) == 783
    assert draw("state_holdout") == load_split("hard100")
    trained = draw("state_holdout", part="train", size=697)
    assert all(avoids_held_out_states(puzzle.hand) for puzzle in trained)
    assert inner_states((4, 5, 6, 10)) <= held_out_states()


def test_a_name_says_seed_and_size() -> None:
    assert parse_name("fresh") == Draw("fresh", 0, None)
    assert parse_name("unsolvable_fresh-s7-n500") == Draw("unsolvable_fresh", 7, 500)
    assert load_split("five-n7") == draw("five", size=7) == load_split("five-s0-n7")
    assert Draw("fresh", 0, 100).text == "fresh"
    assert split_size("fresh-n30") == 30 and is_split("six-s1")
    for name in ("freshh", "fresh-", "fresh-n", "fresh-s-1", "fresh_s1", "hard100-s1", "", "-s1"):
        assert not is_split(name), name


def test_a_larger_draw_begins_with_the_smaller_one() -> None:
    assert draw("fresh", seed=3, size=50)[:20] == draw("fresh", seed=3, size=20)
    assert draw("fresh", seed=3, size=50) != draw("fresh", seed=4, size=50)


def test_another_process_draws_the_same() -> None:
    code = (
        "from tot24_bench.game import draw; print([p.text for p in draw('fresh', seed=9, size=9)])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={"PYTHONHASHSEED": "77"},
    )  # fmt: skip
    assert done.stdout.strip() == str([p.text for p in draw("fresh", seed=9, size=9)])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 6_000}, "fresh has 5295 test hands, 6000 were asked for"),
        ({"size": 0}, "size 0 is not an integer from 1"),
        ({"size": MAX_SIZE + 1}, "is not an integer from 1 to 100000"),
        ({"size": "many"}, "size 'many' is not an integer"),
        ({"seed": -1}, "seed -1 is not an integer from 0"),
        ({"seed": 1.5}, "seed 1.5 is not an integer"),
        ({"seed": True}, "seed True is not an integer"),
        ({"seed": 10**30}, "is not an integer from 0"),
        ({"part": "val"}, "fresh has no part 'val': it is train and test only"),
    ],
)
def test_what_cannot_be_drawn_is_named(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(BadDraw, match=message):
        draw("fresh", **arguments)  # type: ignore[arg-type]


def test_shuffled_has_no_train_part_and_an_unknown_split_is_named() -> None:
    with pytest.raises(BadDraw, match="shuffled has no part 'train': it is test only"):
        draw("shuffled", part="train")
    with pytest.raises(UnknownSplit, match="no generated split 'frehs'"):
        draw("frehs")
    with pytest.raises(UnknownSplit, match="did you mean fresh"):
        load_split("frehs-s7")


@pytest.mark.parametrize("rule", list(Rule))
@pytest.mark.parametrize("target", [1, 24, 50, 97])
def test_exemplars_of_any_target_are_solvable_hands_of_a_train_part(
    target: int, rule: Rule
) -> None:
    puzzles = example_puzzles(target, rule)
    assert len(set(puzzles)) == 6
    assert all(makes(p) and part_of(p.hand) == "train" for p in puzzles)
    naive.cache_clear()


def test_a_target_that_no_hand_reaches_has_no_exemplars() -> None:
    assert example_puzzles(999_983, Rule.ALL) == ()
