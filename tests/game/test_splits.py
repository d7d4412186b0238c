"""The splits are what the documents say, and no held-out hand passes the guard."""

from __future__ import annotations

import csv
import hashlib
import re
from fractions import Fraction
from functools import cache
from itertools import combinations, combinations_with_replacement
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tot24_bench.game import (
    EXEMPLAR_IN_NO_SPLIT,
    HELD_OUT,
    SPLITS,
    Hand,
    LeakedHand,
    Puzzle,
    State,
    UnknownSplit,
    guard_parts,
    load_split,
    thoughts,
)
from tot24_bench.prompts import VARIANTS, pick

SHARED = Path(__file__).parents[2].parent / "shared"
HARD100_CSV = SHARED / "facts" / "hard100.csv"
HARDEST_CSV = SHARED / "facts" / "hardest361.csv"
RANKED_CSV = SHARED / "data" / "24.csv"


def needs(path: Path) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not path.is_file(), reason=f"{path} is not on this machine")


def hands(split: str) -> set[Hand]:
    return {puzzle.hand for puzzle in load_split(split)}


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))


NOT_IN_VAL: tuple[Hand, ...] = (
    (2, 9, 10, 12),
    (6, 8, 9, 11),
    (1, 4, 8, 8),
    (5, 5, 5, 9),
    (4, 5, 7, 12),
)
"""Exemplars (default and spare) from the deck's easier 900 hands; they stay in `train`."""

HELD_OUT_HANDS = sorted((hand, split) for split in HELD_OUT for hand in hands(split))


# What the splits are.


@pytest.mark.parametrize(
    ("split", "size"),
    [
        ("hard100", 100),
        ("hardest", 361),
        ("val", 100),
        ("train", 800),
        ("full", 1362),
        ("unsolvable", 458),
    ],
)
def test_each_split_has_its_size_and_no_hand_twice(split: str, size: int) -> None:
    assert len(load_split(split)) == len(hands(split)) == size


def test_every_split_is_covered_by_these_tests() -> None:
    assert set(SPLITS) == {"hard100", "hardest", "val", "train", "full", "unsolvable"}
    assert set(HELD_OUT) == {"hard100", "hardest", "val"}


def test_no_hand_is_in_two_splits() -> None:
    for first, second in combinations(("hard100", "hardest", "val", "train", "unsolvable"), 2):
        assert hands(first).isdisjoint(hands(second)), f"{first} and {second} overlap"


def test_the_solvable_splits_and_the_exemplar_are_the_full_deck() -> None:
    together = hands("hard100") | hands("hardest") | hands("val") | hands("train")
    assert (4, 4, 6, 8) not in together
    assert together | {EXEMPLAR_IN_NO_SPLIT} == hands("full")
    deck = set(combinations_with_replacement(range(1, 14), 4))
    assert hands("full") | hands("unsolvable") == deck


@pytest.mark.parametrize("split", SPLITS)
def test_every_puzzle_is_dealt_ascending_with_target_24(split: str) -> None:
    for puzzle in load_split(split):
        assert puzzle == Puzzle(puzzle.hand), puzzle


@pytest.mark.parametrize("split", ["val", "train", "full", "unsolvable"])
def test_splits_without_a_published_order_are_ascending(split: str) -> None:
    numbers = [puzzle.numbers for puzzle in load_split(split)]
    assert numbers == sorted(numbers)


# Where they come from.


@needs(HARD100_CSV)
def test_hard100_is_the_published_list_in_its_order() -> None:
    assert [row["numbers"] for row in rows(HARD100_CSV)] == [p.text for p in load_split("hard100")]
    assert [int(row["rank"]) for row in rows(HARD100_CSV)] == list(range(901, 1001))


@needs(HARDEST_CSV)
def test_hardest_is_the_published_list_in_its_order() -> None:
    assert [row["numbers"] for row in rows(HARDEST_CSV)] == [p.text for p in load_split("hardest")]


@needs(RANKED_CSV)
def test_the_shipped_ranks_are_those_of_the_public_list() -> None:
    public = {Puzzle.parse(row["Puzzles"]).hand: int(row["Rank"]) for row in rows(RANKED_CSV)}
    data = Path(__file__).parents[2] / "tot24_bench" / "game" / "data"
    for file, ranks in (("hard100.csv", (901, 1000)), ("hardest361.csv", (1001, 1362))):
        for row in rows(data / file):
            rank = int(row["rank"])
            assert public[Puzzle.parse(row["numbers"]).hand] == rank
            assert ranks[0] <= rank <= ranks[1]
    assert public.keys() == hands("full"), "the public list is every solvable hand"


@cache
def chance(state: State) -> Fraction:
    """Probability that uniformly random thoughts, one after another, make 24."""
    if len(state.numbers) == 1:
        return Fraction(int(state.numbers[0] == 24))
    nexts = thoughts(state)
    return sum((chance(thought.left) for thought in nexts), Fraction(0)) / len(nexts)


def salted(hand: Hand) -> str:
    return hashlib.sha256(f"tot24-bench val 1: {hand}".encode()).hexdigest()


def test_val_is_drawn_from_every_band_of_difficulty_and_the_draw_is_the_shipped_one() -> None:
    easier = sorted(hands("val") | hands("train"), key=lambda hand: (chance(State(hand)), hand))
    assert len(easier) == 900
    bands = [easier[i : i + 9] for i in range(0, 900, 9)]
    drawn = [min((hand for hand in band if hand not in NOT_IN_VAL), key=salted) for band in bands]
    assert sorted(drawn) == [puzzle.hand for puzzle in load_split("val")]
    chance.cache_clear()


def test_no_default_or_spare_exemplar_is_held_out() -> None:
    shown = {
        exemplar.puzzle.hand for variant in ("default", "search") for exemplar in pick(variant)
    }
    shown |= {
        exemplar.puzzle.hand
        for variant in VARIANTS
        for asked in pick(variant)
        for exemplar in pick(variant, asked.puzzle)
        if exemplar not in pick(variant)
    }
    assert shown == {EXEMPLAR_IN_NO_SPLIT, *NOT_IN_VAL}
    assert shown - hands("train") == {EXEMPLAR_IN_NO_SPLIT}


# The guard.


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(HELD_OUT_HANDS), st.data())
def test_the_guard_stops_every_held_out_hand_in_any_order(
    held_out: tuple[Hand, str], data: st.DataObject
) -> None:
    hand, split = held_out
    deal = tuple(data.draw(st.permutations(hand)))
    train = data.draw(st.lists(st.sampled_from(load_split("train")), max_size=3))
    asked = data.draw(st.sampled_from([Puzzle(deal), Puzzle(deal, target=10)]))
    with pytest.raises(LeakedHand) as leaked:
        guard_parts([*train, asked, *train], "traces.jsonl")
    message = str(leaked.value)
    assert f"{' '.join(map(str, hand))} ({split})" in message
    assert message.startswith("traces.jsonl holds 1 held-out puzzle") and "\n" not in message


def test_the_guard_stops_every_single_held_out_hand() -> None:
    assert len(HELD_OUT_HANDS) == 561
    for hand, _ in HELD_OUT_HANDS:
        with pytest.raises(LeakedHand):
            guard_parts(iter([Puzzle(hand[::-1])]), "here")


def test_the_guard_counts_all_and_names_five() -> None:
    with pytest.raises(LeakedHand) as leaked:
        guard_parts(load_split("hard100"), "split 'hard100'")
    assert "holds 100 held-out puzzle(s)" in str(leaked.value)
    assert len(re.findall(r"\(hard100\)", str(leaked.value))) == 5


def test_the_guard_stops_the_published_exemplars_but_not_ours() -> None:
    with pytest.raises(LeakedHand, match=r"4 9 10 13 \(hard"):
        guard_parts((exemplar.puzzle for exemplar in pick("published")), "exemplars")
    for variant in ("default", "search"):
        guard_parts((exemplar.puzzle for exemplar in pick(variant)), "exemplars")


def test_the_guard_is_silent_on_every_train_hand_and_on_the_exemplar_of_no_split() -> None:
    guard_parts(load_split("train"), "train")
    guard_parts((Puzzle(puzzle.numbers[::-1]) for puzzle in load_split("train")), "train")
    guard_parts([Puzzle(EXEMPLAR_IN_NO_SPLIT)], "others")
    guard_parts([], "nothing")


# Names.


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("hard", "hard100"),
        ("Hard100", "hard100"),
        ("hard-100", "hard100"),
        ("vall", "val"),
        ("training", "train"),
        ("hardest361", "hardest"),
        ("unsolveable", "unsolvable"),
    ],
)
def test_a_split_of_nearly_that_name_is_offered(name: str, near: str) -> None:
    with pytest.raises(UnknownSplit, match=rf"did you mean .*\b{near}\b") as unknown:
        load_split(name)
    assert "\n" not in str(unknown.value)


@pytest.mark.parametrize("name", ["", "zzz", "24", "x" * 5000])
def test_any_other_name_lists_the_splits(name: str) -> None:
    with pytest.raises(UnknownSplit) as unknown:
        load_split(name)
    assert all(split in str(unknown.value) for split in SPLITS)
    assert "did you mean" not in str(unknown.value) and len(str(unknown.value)) < 300
