"""How true marks are, counted by the exact solver."""

from __future__ import annotations

from typing import Any

import pytest

from training.study.looks import Marks, count_marks, marks_of

SEARCH: dict[str, Any] = {"io_share": 0.0, "cot_share": 0.0, "few_shot_share": 0.0}


def shares(marks: str) -> dict[str, float | None]:
    config = {**SEARCH, "marks": marks, "learning_rate": 1}
    return marks_of(config, rows=300).to_json()


def test_kept_marks_are_all_true() -> None:
    kept = shares("kept")
    assert kept["true"] == 1.0 and kept["winning_marked"] == 0.0
    assert kept["dead_marked"] is not None and 0.9 < kept["dead_marked"] < 1


def test_marks_at_random_stand_on_dead_and_winning_states_alike() -> None:
    drawn = marks_of({**SEARCH, "marks": "random"}, rows=300)
    kept = marks_of({**SEARCH, "marks": "kept"}, rows=300)
    assert drawn.dead_marked + drawn.winning_marked == kept.dead_marked
    assert (drawn.dead, drawn.winning) == (kept.dead, kept.winning)
    assert drawn.winning_marked > 0.2 * drawn.winning


def test_where_there_is_no_mark_no_share_is_true() -> None:
    assert shares("removed") == {"true": None, "dead_marked": 0.0, "winning_marked": 0.0}


@pytest.mark.parametrize(
    ("line", "counted"),
    [
        ("1 / 3 = 1/3 (left: 1/3 8)", Marks(0, 0, 1, 0)),
        ("4 + 7 = 11 (left: 2 11): dead end", Marks(1, 1, 0, 0)),
        ("12 * 2 = 24 (left: 24): dead end", Marks(0, 0, 1, 1)),
        ("Back to 3 4 5 3", Marks(0, 0, 0, 0)),
    ],
)
def test_a_line_is_judged_by_the_state_that_it_leaves(line: str, counted: Marks) -> None:
    assert count_marks(f"Steps:\n{line}\nAnswer: 1") == counted
