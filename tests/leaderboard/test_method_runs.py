"""What `tot24 methods` runs: each row once, with the seed that was asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.leaderboard.searches import make_search
from tot24_bench.harness import SEARCH_TASK, EvaluationPlan
from tot24_bench.leaderboard import MethodRun, load_methods, method_runs, run_methods, write
from tot24_bench.leaderboard.method_runs import BadMethods
from tot24_bench.search import SearchSettings

PLAN = EvaluationPlan("hf", {"pretrained": "nowhere/scout-2m-search"}, (), shots=0, seed=7, limit=3)


def test_searches_draw_by_the_seed_that_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[SearchSettings] = []

    def run_search(plan: Any, settings: SearchSettings, results: Path, **told: Any) -> Any:
        asked.append(settings)
        return method_runs.Done(MethodRun(SEARCH_TASK, settings), results, new=True)

    monkeypatch.setattr(method_runs, "run_search", run_search)
    monkeypatch.setattr(method_runs, "load_model", lambda plan: object())
    own = SearchSettings(method="tot_bfs", beam=2, seed=3)
    listed = [MethodRun(SEARCH_TASK, one) for one in (SearchSettings(method="tot_bfs"), own)]
    assert len(list(run_methods(listed, PLAN, tmp_path))) == 2
    assert [one.seed for one in asked] == [7, 3]


def test_a_row_that_is_there_is_not_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(method_runs, "load_model", lambda plan: pytest.fail("it was loaded"))
    path = write(make_search(), tmp_path)
    run = MethodRun(SEARCH_TASK, SearchSettings(method="tot_bfs"))
    (done,) = run_methods([run], PLAN, tmp_path, name="scout-2m-search")
    assert (done.path, done.new) == (path, False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no list"),
        ("a: 1", "holds no list"),
        ("- 5", "entry 1: give task: NAME"),
        ("- {task: game24_io, k: 3}", "entry 1: "),
        ("- {task: game24_io}\n- {method: tot_bfs, beam: 0}", "entry 2: beam: "),
        ("- {method: tot_bfs, k: 2}", "tot_bfs has no k"),
        ("- !!python/object/apply:os.system [ls]", "cannot be read"),
        ("- [", "cannot be read"),
        ("x" * 2**20 + "x", "holds no list"),
        ("- {task: [1]}", "entry 1: "),
        ("- {task: game24_search}", "entry 1: "),
        ("- {task: game24_nothing}", "entry 1: "),
    ],
)
def test_a_list_that_cannot_be_used_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(text)
    with pytest.raises(BadMethods) as refused:
        load_methods(path)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
