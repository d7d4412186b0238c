"""Accuracy by band, tokens for a solved hand, pass@k of an entry."""

from __future__ import annotations

import pytest

from tot24_bench.game import Puzzle, load_split
from tot24_bench.leaderboard import Entry, Outcome, wilson
from tot24_bench.leaderboard.tables.compare import (
    by_difficulty,
    by_rank,
    pass_at,
    tokens_per_solved,
)
from tot24_bench.transcripts import ranks_by_hand

from ..conftest import make_submission

RANKS = ranks_by_hand()


def test_bands_of_rank_hold_every_ranked_hand_once() -> None:
    entry = Entry.of(make_submission(right=20, hands=100))
    bands = by_rank(entry, RANKS)
    assert [band.name for band in bands] == [
        "rank 901-920", "rank 921-940", "rank 941-960", "rank 961-980", "rank 981-1000",
    ]  # fmt: skip
    assert [band.hands for band in bands] == [20] * 5
    assert [band.accuracy.value for band in bands] == [1, 0, 0, 0, 0]
    for _, _, (value, (low, high)) in bands:
        assert low <= value <= high


def test_wide_splits_have_wide_bands_and_strange_hands_none() -> None:
    everything = {puzzle.hand: place + 1 for place, puzzle in enumerate(load_split("full"))}
    entry = Entry.of(make_submission(right=1, hands=100))
    assert all(band.name.endswith("00") for band in by_rank(entry, everything))
    assert by_rank(entry, {}) == []


def test_bands_of_difficulty_hold_every_hand() -> None:
    entry = Entry.of(make_submission(right=50, hands=100))
    bands = by_difficulty(entry)
    assert [band.name for band in bands] == ["easy", "medium", "hard", "hardest"]
    assert sum(band.hands for band in bands) == 100
    assert sum(band.accuracy.value * band.hands for band in bands) == pytest.approx(50)


def test_longer_hands_have_no_band_and_take_no_time() -> None:
    entry = Entry.of(make_submission())
    long = Outcome(Puzzle(tuple(range(2, 14))), 1, 1, None)
    short = Outcome(Puzzle.parse("4 4 6 8"), 1, 1, None)
    (band,) = by_difficulty(Entry(entry.header, (long, short, short)))
    assert (band.hands, band.accuracy.value) == (2, 1.0)  # a hand that is asked twice counts twice


def test_pass_at_all_responses_is_a_share_of_hands() -> None:
    """Best of k: the same interval as `tot24 rescore` prints of it."""
    found = pass_at(Entry.of(make_submission(right=2, hands=4, repeats=5)))
    assert found[5] == (0.5, wilson(2, 4))


def test_tokens_for_a_solved_hand_count_the_unsolved_ones_too() -> None:
    assert tokens_per_solved(Entry.of(make_submission(right=2, hands=4))) == 20  # 4 x 10 / 2
    assert tokens_per_solved(Entry.of(make_submission(right=0, hands=4))) is None


def test_pass_at_k_is_unbiased_and_only_for_what_every_hand_has() -> None:
    entry = Entry.of(make_submission(right=2, hands=4, repeats=5))
    found = pass_at(entry)
    assert list(found) == [1, 5]
    assert found[1][0] == found[5][0] == 0.5
    assert pass_at(Entry.of(make_submission())) == {}
