"""The frontier of accuracy and cost: which rows stand on it, and which have no place there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.leaderboard.searches import BFS, ORACLE, make_search
from tot24_bench.leaderboard import Entry, points
from tot24_bench.search import SearchSettings

DFS = SearchSettings(method="tot_dfs")
NAME, SPLIT = "scout-2m-search", "hard100"


def test_of_equal_costs_the_better_row_alone_is_on_the_frontier(tmp_path: Path) -> None:
    worse = make_search(BFS, right=lambda place: (place < 1,))
    better = make_search(DFS, right=lambda place: (place < 2,))
    for rows in ([worse, better], [better, worse]):
        found = points(map(Entry.of, rows), NAME, SPLIT, tmp_path)
        assert [(one.method, one.on_frontier) for one in found] == [
            ("tot_dfs", True),
            ("tot_bfs", False),
        ]


def test_right_answers_put_no_row_on_the_frontier(tmp_path: Path) -> None:
    rows = [make_search(ORACLE, right=lambda place: (True,)), make_search(BFS)]
    found = points(map(Entry.of, rows), NAME, SPLIT, tmp_path)
    assert {one.method: one.on_frontier for one in found} == {"best_of_k": False, "tot_bfs": True}


def test_a_method_of_somebody_else_has_no_colour_and_no_point(tmp_path: Path) -> None:
    entry = Entry.of(make_search(BFS))
    other = entry.header.model_copy(
        update={"method": "other", "search": None, "mean_prompt_tokens": 7.0}
    )
    strange = Entry(other, entry.outcomes, entry.withheld)
    assert len(points([entry, strange], NAME, SPLIT, tmp_path)) == 1
    with pytest.raises(ValueError, match="run `tot24 methods` on it"):
        points([strange], NAME, SPLIT, tmp_path)
