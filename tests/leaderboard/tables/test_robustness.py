"""Accuracy over splits: which rows make a series, in which order, and what the picture says."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from tot24_bench.game import load_split
from tot24_bench.leaderboard import (
    NoPoints,
    Submission,
    draw_robustness,
    robustness_csv,
    robustness_points,
)
from tot24_bench.leaderboard.tables.robustness import MOST, QUESTIONS

from ..conftest import entries, make_reported, make_sample, make_submission

FOUR = ("hard100", "val", "fresh", "shuffled")
COT = {"task": "game24_cot", "method": "cot"}


def series(name: str, *splits: str, hands: int = 100, **changes: Any) -> list[Submission]:
    """A row of each split, the first half of the hands right."""
    rows = []
    for split in splits:
        asked = load_split(split)[:hands]
        samples = tuple(make_sample(hand, (2 * i < hands,)) for i, hand in enumerate(asked))
        rows.append(make_submission(samples=samples, name=name, split=split, **changes))
    return rows


def names(*rows: list[Submission]) -> list[str]:
    points = robustness_points(entries([one for own in rows for one in own]))
    return list(dict.fromkeys(f"{one.model} {one.label} {one.shots}" for one in points))


def test_a_series_has_its_splits_in_the_order_of_the_benchmark() -> None:
    points = robustness_points(entries(series("scout", "shuffled", "fresh", "val", "hard100")))
    assert [one.split for one in points] == list(FOUR)
    assert {one.accuracy for one in points} == {0.5} and points[0].n == 100
    assert points[0].ends is not None and points[0].ends.low < 0.5 < points[0].ends.high


def test_three_splits_other_draws_parts_published_rows_and_a_solver_are_no_series() -> None:
    few = series("few", *FOUR[:3])
    drawn = series("few", "fresh-s7")
    part = series("few", "shuffled", hands=99)
    solver = series("solver (exact search)", *FOUR, model={"backend": "exact search"})
    published = [make_reported(0.5, "GPT-4", split=split) for split in FOUR]
    with pytest.raises(NoPoints, match="no model was asked 4 whole splits in one way"):
        names(few, drawn, part, solver, published)


def test_hard100_under_another_name_does_not_make_a_fourth_split() -> None:
    # Nothing declares that this model never saw the states: its row is no row of state_holdout.
    with pytest.raises(NoPoints):
        names(series("few", *FOUR[:3]), series("few", "state_holdout"))


def test_students_one_step_without_examples_come_first() -> None:
    taught = {"teacher": "solver (exact search)"}
    assert names(
        series("a-model", *FOUR, "five"),
        series("student", *FOUR, model=taught, shots=5),
        series("student", *FOUR, model=taught, **COT),
        series("student", *FOUR, model=taught),
    ) == [
        "student One-Step ToT 0",
        "a-model One-Step ToT 0",
        "student CoT 0",
        "student One-Step ToT 5",
    ]


def test_other_prompts_and_several_responses_are_series_of_their_own() -> None:
    chat = series("m", *FOUR, chat=True)
    assert names(series("m", *FOUR), chat) == ["m One-Step ToT 0", "m One-Step ToT, chat 0"]


def test_the_table_has_a_row_a_point_and_names_its_columns() -> None:
    points = robustness_points(entries(series("=x", *FOUR)))
    table = list(csv.DictReader(robustness_csv(points).splitlines()))
    assert list(table[0]) == [
        "model", "label", "shots", "split", "n", "accuracy", "low", "high", "key",
    ]  # fmt: skip
    assert [row["split"] for row in table] == list(FOUR) and table[0]["model"] == "'=x"


def test_every_split_has_its_question() -> None:
    from tot24_bench.game import ALL_SPLITS

    assert tuple(sorted(QUESTIONS)) == tuple(sorted(ALL_SPLITS))


def test_the_picture_shows_the_first_series_and_is_the_same_again(tmp_path: Path) -> None:
    points = robustness_points(entries(series("a_model $x$", *FOUR)))
    many = [one._replace(model=f"model {i}") for i in range(MOST + 2) for one in points]
    draw_robustness(points, tmp_path / "one.svg")
    draw_robustness(points, tmp_path / "two.svg")
    draw_robustness(many, tmp_path / "many.svg")
    drawn = (tmp_path / "one.svg").read_text()
    assert drawn == (tmp_path / "two.svg").read_text()
    for words in ("a_model $x$: One-Step ToT, 0-shot", "shuffled", "(100 hands)", "50%"):
        assert words in drawn
    crowded = (tmp_path / "many.svg").read_text()
    assert f"model {MOST - 1}:" in crowded and f"model {MOST}:" not in crowded
    assert "2 more series are in the CSV" in crowded and "50%" not in crowded
