"""Where responses first fail: which models are compared, by which rows, what the picture says."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from tot24_bench.game import Puzzle, load_split, solve
from tot24_bench.leaderboard import (
    FailurePoint,
    NoPoints,
    Sample,
    Submission,
    draw_first_failures,
    first_failure_csv,
    first_failure_points,
    read_entries,
    write,
)
from tot24_bench.leaderboard.tables.first_failures import MOST
from tot24_bench.scoring import score

from ..conftest import entries, make_submission

COT = {"task": "game24_cot", "method": "cot"}


def sample(puzzle: Puzzle, right: bool) -> Sample:
    """A solution with its three thoughts, or a first thought that is wrong."""
    solution = solve(puzzle)[0]
    first = puzzle.numbers[0]
    wrong = f"Steps:\n{first} + {puzzle.numbers[1]} = 999 (left: 1 2 999)\nAnswer: 1 + 1 = 24"
    text = f"Answer: {solution.expression} = 24" if right else wrong
    return Sample(
        puzzle=puzzle,
        prompt_sha256="0" * 64,
        responses=(text,),
        tokens=(9,),
        scores=(score(puzzle, text),),
    )


def row(right: int, name: str, hands: int = 100, **changes: Any) -> Submission:
    samples = tuple(sample(one, i < right) for i, one in enumerate(load_split("hard100")[:hands]))
    return make_submission(samples=samples, name=name, **changes)


def found(results: Path, *rows: Submission) -> list[FailurePoint]:
    for one in rows:
        write(one, results)
    return first_failure_points(read_entries(results), results)


def test_both_methods_of_a_model_have_every_place_chain_first(tmp_path: Path) -> None:
    points = found(tmp_path, row(90, "scout"), row(20, "scout", **COT))
    assert [one.method for one in points] == ["cot"] * 6 + ["onestep_tot"] * 6
    assert [one.label for one in points[:6]] == [
        "correct", "thought 1", "thought 2", "thought 3", "answer", "no thought",
    ]  # fmt: skip
    shares = {(one.method, one.place): one.share for one in points if one.share}
    assert shares["cot", "correct"] == 0.2 and shares["onestep_tot", "correct"] == 0.9
    assert shares["cot", "1"] == pytest.approx(0.8)
    assert all(one.n == 100 and one.ends is not None for one in points)


def test_the_best_at_one_step_comes_first_and_the_fewest_shots_stand_for_a_model(
    tmp_path: Path,
) -> None:
    points = found(
        tmp_path,
        row(10, "a-worse"), row(10, "a-worse", **COT),
        *(row(50 + shots, "better", shots=shots) for shots in (5, 2, 0)),
        row(9, "better", shots=5, **COT),
        row(50, "better", chat=True),
    )  # fmt: skip
    assert list(dict.fromkeys(one.model for one in points)) == ["better", "a-worse"]
    keys = dict.fromkeys(one.key for one in points if one.model == "better")
    assert list(keys) == ["better/game24_cot.5shot", "better/game24_onestep_tot.0shot"]


def test_one_method_parts_published_responses_and_a_solver_are_left_out(tmp_path: Path) -> None:
    solver = {"backend": "exact search"}
    published = {"obtained": "rescored", "source": "a log"}
    with pytest.raises(NoPoints, match="no model has rows of CoT and of One-Step ToT"):
        found(
            tmp_path,
            row(90, "one-method"),
            row(90, "part"), row(3, "part", hands=9, **COT),
            row(90, "solved", model=solver), row(20, "solved", model=solver, **COT),
            row(90, "GPT-4", **published), row(20, "GPT-4", **published, **COT),
        )  # fmt: skip


def test_withheld_responses_are_not_read(tmp_path: Path) -> None:
    from dataclasses import replace

    both = entries([row(90, "scout"), row(20, "scout", **COT)])
    hidden = [replace(one, withheld=True) for one in both]
    with pytest.raises(NoPoints):
        first_failure_points(hidden, tmp_path)
    with pytest.raises(NoPoints, match="all hands of val"):
        first_failure_points(both, tmp_path, "val")


def test_the_table_has_a_row_a_place_and_names_its_columns(tmp_path: Path) -> None:
    points = found(tmp_path, row(90, "=x"), row(20, "=x", **COT))
    table = list(csv.DictReader(first_failure_csv(points).splitlines()))
    assert list(table[0]) == [
        "model", "method", "place", "label", "share", "low", "high", "n", "key",
    ]  # fmt: skip
    assert len(table) == 12 and table[0]["model"] == "'=x" and table[0]["share"] == "0.2"


def test_the_picture_has_a_panel_a_model_and_is_the_same_again(tmp_path: Path) -> None:
    points = found(tmp_path, row(90, "a_model $x$"), row(20, "a_model $x$", **COT))
    draw_first_failures(points, tmp_path / "one.svg")
    draw_first_failures(points, tmp_path / "two.svg")
    drawn = (tmp_path / "one.svg").read_text()
    assert drawn == (tmp_path / "two.svg").read_text()
    for words in ("a_model $x$ (100 hands)", ">CoT<", ">One-Step ToT<", "no thought", "90%"):
        assert words in drawn
    many = [one._replace(model=f"model {i}") for i in range(MOST + 1) for one in points]
    draw_first_failures(many, tmp_path / "many.svg")
    crowded = (tmp_path / "many.svg").read_text()
    assert f"model {MOST - 1} (" in crowded and f"model {MOST} (" not in crowded
