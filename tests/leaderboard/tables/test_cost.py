"""Accuracy against cost: which rows are points, at how many tokens, what the command writes."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.leaderboard.searches import BFS, ORACLE, make_search
from tot24_bench.cli import app
from tot24_bench.leaderboard import (
    CostPoint,
    NoPoints,
    Submission,
    cost_csv,
    cost_points,
    draw_cost,
    write,
)

from ..conftest import entries, make_reported, make_submission

SOLVER = {"backend": "exact search"}


def whole(right: int = 2, name: str = "scout-2m", **changes: Any) -> Submission:
    """A row of all test hands, 10 tokens a response."""
    return make_submission(right, 100, name=name, **changes)


def found(*rows: Submission) -> list[CostPoint]:
    return cost_points(entries(rows))


def test_tokens_are_all_where_prompts_were_counted_and_else_the_responses() -> None:
    counted = whole(mean_prompt_tokens=90.0, name="counted")
    alone = whole(mean_prompt_tokens=None, name="alone")
    points = found(counted, alone)
    assert [(one.model, one.tokens, one.total) for one in points] == [
        ("alone", 10.0, False),
        ("counted", 100.0, True),
    ]
    assert points[0].kind == "measured" and points[0].label == "One-Step ToT"


def test_of_many_responses_to_a_hand_the_tokens_are_those_of_one() -> None:
    once, often = (whole(repeats=n, mean_prompt_tokens=90.0) for n in (1, 4))
    (one,), (many,) = found(once), found(often)
    assert many.tokens == pytest.approx(90 + 11.5)  # responses of 10, 11, 12 and 13 tokens
    assert one.tokens == 100 and many.accuracy == one.accuracy


def test_a_search_costs_all_its_calls_and_says_whether_right_answers_helped() -> None:
    rows = [make_search(one, hands=100) for one in (BFS, ORACLE)]
    points = {one.method: one for one in found(*rows)}
    assert points["tot_bfs"].tokens == 1_200 and points["tot_bfs"].total
    assert not points["tot_bfs"].oracle and points["best_of_k"].oracle


def test_exact_search_parts_other_splits_and_rows_without_tokens_are_no_points() -> None:
    solver = whole(100, "solver (exact search)", model=SOLVER)
    part = make_submission(3, 99, name="part")
    unknown = make_reported(0.74)
    unknown = unknown.model_copy(update={"mean_response_tokens": None})
    with pytest.raises(NoPoints, match="run `tot24 eval` or `tot24 methods` first"):
        found(solver, part, unknown)
    with pytest.raises(NoPoints, match="all hands of hardest"):
        cost_points(entries([whole()]), "hardest")


def test_published_rows_whose_tokens_are_known_are_points_of_their_kind() -> None:
    rescored = whole(9, "GPT-4", obtained="rescored", source="a log", model={"parameters": None})
    reported = make_reported(0.74, "GPT-4", repeats=3, mean_response_tokens=5_500.0)
    points = found(rescored, reported)
    assert [(one.kind, one.ends is None) for one in points] == [
        ("rescored", False),
        ("reported", True),
    ]
    assert points[0].parameters is None and points[1].prompt == "other"


def test_the_table_has_a_row_a_point_and_names_its_columns() -> None:
    table = list(csv.DictReader(cost_csv(found(whole(50, "=x"))).splitlines()))
    assert list(table[0]) == [
        "key", "model", "method", "label", "kind", "parameters", "shots", "prompt", "n",
        "accuracy", "low", "high", "tokens", "total", "oracle",
    ]  # fmt: skip
    (row,) = table
    assert row["model"] == "'=x" and row["tokens"] == "10.0" and row["total"] == "False"
    assert float(row["low"]) < 0.5 < float(row["high"])


def test_the_picture_names_models_once_and_is_the_same_again(tmp_path: Path) -> None:
    points = found(
        whole(90, "small_model $x$"),
        whole(50, "small_model $x$", shots=5, mean_prompt_tokens=700.0),
        make_search(ORACLE, hands=100),
        whole(9, "GPT-4", obtained="rescored", source="a log", model={"parameters": None}),
    )
    draw_cost(points, tmp_path / "one.svg")
    draw_cost(points, tmp_path / "two.svg")
    drawn = (tmp_path / "one.svg").read_text()
    assert drawn == (tmp_path / "two.svg").read_text()
    assert drawn.count(">small_model $x$<") == 1 and drawn.count(">GPT-4<") == 1
    for words in ("hollow: right answers", "size not published", "response alone", "rescored"):
        assert words in drawn
    draw_cost(points[:1], tmp_path / "one.png")
    assert (tmp_path / "one.png").read_bytes()[:4] == b"\x89PNG"


def test_one_point_says_that_every_row_is_measured(tmp_path: Path) -> None:
    draw_cost(found(whole(mean_prompt_tokens=90.0)), tmp_path / "one.svg")
    drawn = (tmp_path / "one.svg").read_text()
    assert "every row is measured" in drawn
    assert "hollow" not in drawn and "response alone" not in drawn


def test_the_command_draws_what_it_can_and_says_why_not_the_others(tmp_path: Path) -> None:
    write(whole(42), tmp_path)
    done = CliRunner().invoke(app, ["leaderboard", "plot", "--results", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert {path.name for path in (tmp_path / "plots").iterdir()} == {
        f"{name}.{suffix}"
        for name in ("accuracy-size", "accuracy-cost")
        for suffix in ("csv", "svg", "png")
    }
    first, second = done.stderr.strip().splitlines()
    assert "robustness is not drawn: no model was asked 4 whole splits" in first
    assert "first-failures is not drawn: no model has rows of CoT and" in second


def test_the_command_draws_from_half_a_leaderboard(tmp_path: Path) -> None:
    """Accuracy against size needs rows of three methods; searches alone are no reason to fail."""
    write(make_search(BFS, hands=100), tmp_path)
    done = CliRunner().invoke(app, ["leaderboard", "plot", "--results", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "plots" / "accuracy-cost.png").exists()
    assert "accuracy-size is not drawn" in done.stderr
