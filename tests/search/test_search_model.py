"""`tot24-search` in lm-eval's own hands: its registry, its Python API and its command."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.search.scripted import Scripted
from tot24_bench.game import load_split
from tot24_bench.harness import SEARCH_TASK
from tot24_bench.search import CannotAsk, backend
from tot24_bench.search.search_model import NAME, SearchModel, register

COMMAND = """
from tot24_bench.search import backend
from tot24_bench.search.search_model import register
backend.LIMITS.update(dict.fromkeys(backend.LIMITS, 8))
register()
from lm_eval.__main__ import cli_evaluate
cli_evaluate()
"""


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Responses of eight tokens: the tiny checkpoint never ends by itself."""
    for kind in backend.LIMITS:
        monkeypatch.setitem(backend.LIMITS, kind, 8)


def evaluated(root: Path, **told: Any) -> dict[str, Any]:
    """What lm-eval makes of two hands."""
    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager

    register()
    found: dict[str, Any] = simple_evaluate(
        tasks=[SEARCH_TASK],
        task_manager=TaskManager(include_path=str(root / "tasks"), include_defaults=False),
        limit=2,
        bootstrap_iters=0,
        log_samples=True,
        **told,
    )
    return found


@pytest.mark.parametrize("as_text", [True, False])
def test_lm_eval_runs_it_by_its_name(root: Path, tiny_checkpoint: Path, as_text: bool) -> None:
    told: dict[str, Any] = {
        "base": "hf",
        "pretrained": str(tiny_checkpoint),
        "method": "tot_bfs",
        "beam": 2,
        "temperature": 0,
    }
    text = ",".join(f"{name}={value}" for name, value in told.items())
    found = evaluated(root, model=NAME, model_args=text if as_text else told, device="cpu")
    assert found["results"][SEARCH_TASK]["acc,none"] == 0
    samples = found["samples"][SEARCH_TASK]
    assert [row["doc"]["numbers"] for row in samples] == [
        hand.text for hand in load_split("hard100")[:2]
    ]
    assert [row["filtered_resps"] for row in samples] == [[["Steps:\n"]]] * 2  # no thought to go on


def test_lm_eval_scores_what_the_search_ranks_first(root: Path) -> None:
    """The same run, around a model that plays well."""
    from tot24_bench.search import SearchSettings, around

    told = SearchSettings(method="tot_bfs", beam=2, temperature=0)
    model = around(Scripted(), told)
    found = evaluated(root, model=model)
    assert found["results"][SEARCH_TASK]["acc,none"] == 1
    firsts = [record.finals[0] for record in model.records.values()]
    assert [row["filtered_resps"][0][0] for row in found["samples"][SEARCH_TASK]] == firsts


def test_the_command_of_lm_eval_runs_it_too(
    root: Path, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    trees, work = tmp_path / "out" / "trees.jsonl", tmp_path / "out" / "replies.sqlite"
    arguments = f"base=hf,pretrained={tiny_checkpoint},method=mcts,nodes=2,shots=1,value_samples=2"
    arguments += f",temperature=0.5,work={work},save_trees={trees}"
    command = [sys.executable, "-c", COMMAND, "--model", NAME, "--model_args", arguments]
    command += ["--tasks", SEARCH_TASK, "--include_path", str(root / "tasks"), "--limit", "2"]
    command += ["--device", "cpu", "--output_path", str(tmp_path / "lm_eval"), "--log_samples"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    assert f"|{SEARCH_TASK}" in done.stdout
    (results,) = (tmp_path / "lm_eval").rglob("results_*.json")
    assert json.loads(results.read_text())["results"][SEARCH_TASK]["acc,none"] == 0
    assert len(trees.read_text().splitlines()) == 2
    assert work.exists()


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"method": "tot"}, "did you mean"),
        ({"method": "tot_bfs", "beam": 0}, "beam: "),
        ({"method": "tot_bfs", "k": 4}, "tot_bfs has no k: "),
        ({}, "method: "),
    ],
)
def test_settings_that_cannot_be_are_refused_before_the_base_is_loaded(
    told: dict[str, Any], said: str
) -> None:
    with pytest.raises(CannotAsk, match=said):
        SearchModel.create_from_arg_obj({"base": "hf", "pretrained": "/nowhere", **told})


def test_another_task_is_refused(root: Path, tiny_checkpoint: Path) -> None:
    from lm_eval.api.instance import Instance

    told = {"pretrained": str(tiny_checkpoint), "method": "tot_bfs"}
    model = SearchModel.create_from_arg_obj(told, {"device": "cpu"})
    with pytest.raises(CannotAsk, match="game24_search"):
        model.generate_until([Instance("generate_until", {"question": "2 + 2"}, ("2 + 2", {}), 0)])
    assert isinstance(model.loglikelihood([Instance("loglikelihood", {}, ("2", " 4"), 0)]), list)


def test_the_entry_point_names_a_class_that_lm_eval_can_make(root: Path) -> None:
    from lm_eval.api.model import LM
    from lm_eval.api.registry import get_model

    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, _, name = project["entry-points"]["lm_eval.models"][NAME].partition(":")
    found = getattr(importlib.import_module(module), name)
    assert found is SearchModel
    assert issubclass(found, LM)
    register()
    register()
    assert get_model(NAME) is found
