"""Accuracy against size: which rows are points, what each is called, what the command writes."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.leaderboard.searches import make_search
from tot24_bench.cli import app
from tot24_bench.game import load_split
from tot24_bench.leaderboard import (
    NoPoints,
    SizePoint,
    Submission,
    draw_sizes,
    size_csv,
    size_points,
    write,
)

from ..conftest import entries, make_reported, make_sample, make_submission

IO: dict[str, Any] = {"task": "game24_io", "method": "io", "variant": "default"}
SOLVER = "solver (exact search)"
UNSIZED = {"parameters": None}


def whole(right: int, name: str, **changes: Any) -> Submission:
    return make_submission(right, 100, name=name, **changes)


def published(obtained: str, shared: int, name: str) -> Submission:
    """A row of a hundred hands of the whole list, some of them test hands."""
    tests, full = load_split("hard100"), load_split("full")
    hands = [*tests[:shared], *[one for one in full if one not in set(tests)][: 100 - shared]]
    more: dict[str, Any] = {"split": "full", "source": "a log", "model": UNSIZED}
    if obtained == "reported":
        return make_reported(0.19, name, **{**IO, **more})
    samples = tuple(make_sample(hand, (False,)) for hand in hands)
    return make_submission(samples=samples, name=name, obtained=obtained, **more)


def found(*rows: Submission) -> dict[str, SizePoint]:
    return {one.model: one for one in size_points(entries(rows))}


def test_a_point_says_whether_the_model_was_taught_and_from_what() -> None:
    student = whole(99, "scout", model={"teacher": SOLVER})
    further = whole(96, "scout-search", model={"teacher": SOLVER, "base": "scout"})
    tuned = whole(42, "tuned", model={"teacher": "GPT-4o", "base": "lab/small-135M"})
    later = whole(43, "tuned-more", model={"teacher": SOLVER, "base": "tuned"})
    points = found(whole(1, "lab/small-135M", chat=True), student, further, tuned, later)
    assert {name: one.kind for name, one in points.items()} == {
        "lab/small-135M": "naive",
        "scout": "student",
        "scout-search": "student",
        "tuned": "student of a pretrained model",
        "tuned-more": "student of a pretrained model",
    }
    assert points["lab/small-135M"].prompt == "chat"
    assert points["tuned"].accuracy == 0.42 and points["tuned"].ends is not None


def test_exact_search_parts_of_a_split_searches_and_other_methods_are_no_points() -> None:
    solver = whole(100, SOLVER, model={"backend": "exact search"})
    part = make_submission(3, 99, name="part")
    easier = whole(99, "easier", split="val", samples=_of("val"))
    with pytest.raises(NoPoints, match="run `tot24 eval` or `tot24 baseline` first"):
        size_points(entries([solver, part, easier, make_search(), make_reported()]))


def _of(split: str) -> tuple[Any, ...]:
    return tuple(make_sample(hand, (True,)) for hand in load_split(split)[:100])


def test_published_rows_of_nearly_the_same_hands_are_points_and_say_so() -> None:
    assert found(published("rescored", 99, "GPT-4o"))["GPT-4o"].shared == 99
    both = size_points(
        entries([published("rescored", 99, "GPT-4o"), published("reported", 0, "GPT-4o")])
    )
    # What is only reported has the hands of the responses that could be rescored.
    assert {one.kind: one.shared for one in both} == {"rescored": 99, "reported": 99}
    for row in (published("rescored", 90, "GPT-4o"), published("reported", 0, "GPT-4o")):
        with pytest.raises(NoPoints):
            size_points(entries([row]))


def test_shots_and_chat_forms_of_one_model_are_points_of_their_own() -> None:
    rows = [
        whole(shots, "small", shots=shots, chat=chat) for shots in (0, 5) for chat in (False, True)
    ]
    points = size_points(entries([*rows, whole(7, "large", model={"parameters": 10**9})]))
    assert [(one.model, one.shots, one.prompt) for one in points] == [
        ("small", 0, "chat"), ("small", 0, "plain"), ("small", 5, "chat"), ("small", 5, "plain"),
        ("large", 0, "plain"),
    ]  # fmt: skip


def test_the_command_draws_from_the_results_alone(tmp_path: Path) -> None:
    for row in (
        *(whole(2, "=small $x$", shots=shots) for shots in (0, 5)),
        whole(42, "tuned", model={"teacher": SOLVER, "base": "=small $x$"}),
        published("rescored", 99, "GPT $4o$"),
        make_reported(0.073, "GPT-4", repeats=100, model=UNSIZED, **{**IO, "variant": "other"}),
    ):
        write(row, tmp_path)
    done = CliRunner().invoke(app, ["leaderboard", "plot", "--results", str(tmp_path)])
    assert done.exit_code == 0, done.output
    table, svg, png = (tmp_path / "plots" / f"accuracy-size.{one}" for one in ("csv", "svg", "png"))
    with table.open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["model"], row["shots"], row["parameters"]) for row in rows] == [
        ("GPT-4", "0", ""),
        ("'=small $x$", "0", "1900000"), ("'=small $x$", "5", "1900000"),
        ("tuned", "0", "1900000"), ("GPT $4o$", "0", ""),
    ]  # fmt: skip
    assert rows[0]["low"] == "" and float(rows[3]["low"]) < 0.42 < float(rows[3]["high"])
    drawn = svg.read_text()
    for words in ("=small $x$", "size not", "student of a pretrained model", "99 of them of"):
        assert words in drawn
    assert png.read_bytes()[:4] == b"\x89PNG"


def test_without_unknown_sizes_there_is_no_strip(tmp_path: Path) -> None:
    points = size_points(entries([whole(2, "small")]))
    draw_sizes(points, tmp_path / "one.svg")
    draw_sizes(points, tmp_path / "two.svg")
    drawn = (tmp_path / "one.svg").read_text()
    assert "size not" not in drawn
    assert drawn == (tmp_path / "two.svg").read_text()
    assert size_csv(points).count("\n") == 2


def test_nothing_to_draw_is_one_line(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["leaderboard", "plot", "--results", str(tmp_path)])
    assert done.exit_code == 2
    assert "tot24 baseline" in done.stderr and not (tmp_path / "plots").exists()
