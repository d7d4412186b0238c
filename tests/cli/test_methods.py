"""`tot24 methods`: every method on one model, gone on with and drawn; and the frontier."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.leaderboard.conftest import make_submission
from tot24_bench.cli import app
from tot24_bench.leaderboard import (
    BadMethods,
    Entry,
    NoPoints,
    load_methods,
    points,
    read_entries,
    verify,
)
from tot24_bench.search import SEARCH_METHODS, backend

PLAN = """
- task: game24_io
- {method: best_of_k, prompt: io, k: 2}
- {method: tot_bfs, beam: 1, temperature: 0, answer: symbolic}
"""


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Short responses, for a model that writes nothing of sense, in a folder of its own."""
    for kind in backend.LIMITS:
        monkeypatch.setitem(backend.LIMITS, kind, 8)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan.yaml").write_text(PLAN)
    return tmp_path


def run(checkpoint: Path, *more: str) -> tuple[int, str]:
    words = ["methods", "--model_args", f"pretrained={checkpoint}", "--num_fewshot", "0"]
    words += ["--limit", "2", "--device", "cpu", "--plan", "plan.yaml", "--name", "tiny", *more]
    done = CliRunner().invoke(app, words)
    return done.exit_code, done.output


def test_all_methods_are_run_once_and_drawn(tiny_checkpoint: Path, short: Path) -> None:
    code, said = run(tiny_checkpoint)
    assert code == 0, said
    assert said.count("wrote results/submissions") == 3
    assert "2 of 3 on hard100: best of 2 IO, oracle" in said
    assert all(not one.faults for one in verify(short / "results", jobs=1))
    plots = short / "results" / "plots"
    with (plots / "methods-hard100.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["method"] for row in rows if row["oracle"] == "True"] == ["best_of_k"]
    assert {row["n"] for row in rows} == {"2"}
    assert all(float(row["low"]) <= float(row["accuracy"]) <= float(row["high"]) for row in rows)
    for by in ("tokens", "states"):
        assert "<svg" in (plots / f"methods-hard100-{by}.svg").read_text()
        assert (plots / f"methods-hard100-{by}.png").read_bytes()[:4] == b"\x89PNG"
    drawn = (plots / "methods-hard100-tokens.svg").read_bytes()
    code, said = run(tiny_checkpoint)
    assert code == 0, said
    assert said.count("there already: ") == 3
    assert (plots / "methods-hard100-tokens.svg").read_bytes() == drawn
    assert not list((short / "runs" / "search").iterdir())
    code, said = run(tiny_checkpoint, "--then", "val", "--draw")
    assert code == 0, said
    assert {one.header.split for one in read_entries(Path("results"))} == {"hard100"}

    # The best are run on another split.
    code, said = run(tiny_checkpoint, "--then", "val")
    assert code == 0, said
    asked = {(one.header.split, one.header.method) for one in read_entries(Path("results"))}
    assert ("val", "best_of_k") not in asked  # it used the right answers
    assert {("val", "io"), ("val", "tot_bfs")} <= asked


def test_the_list_that_ships_holds_every_method() -> None:
    listed = load_methods()
    assert {one.search.method for one in listed if one.search} == set(SEARCH_METHODS)
    assert [one.task for one in listed if one.search is None] == [
        "game24_io", "game24_cot", "game24_onestep_tot",
    ]  # fmt: skip
    labels = [one.label for one in listed]
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no list of methods"),
        ("a: 1", "holds no list of methods"),
        ("- 3", "entry 1: give task: NAME, or method: NAME"),
        ("- {method: tot_bfs, beam: 0}", "entry 1: beam: Input should be greater"),
        ("- task: game24_io\n- {method: tot}", "entry 2: method: Input should be"),
        ("- {method: refine, beam: 2}", "refine has no beam"),
        ("- !!python/object/apply:os.system [echo]", "cannot be read"),
        ("- [", "cannot be read"),
        ("\x00", "cannot be read"),
    ],
)
def test_a_list_that_cannot_be_used_is_named(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(text)
    with pytest.raises(BadMethods, match=re.escape(said)):
        load_methods(tmp_path / "plan.yaml")
    with pytest.raises(BadMethods, match="cannot be read"):
        load_methods(tmp_path / "missing.yaml")


def test_a_limited_run_has_no_place_among_kept_results(root: Path) -> None:
    words = ["methods", "--model_args", "pretrained=x", "--limit", "2"]
    done = CliRunner().invoke(app, [*words, "--results", str(root / "results")])
    assert done.exit_code == 2
    assert "--limit run has no place" in " ".join(done.output.split())


def test_rows_whose_tokens_nobody_knows_are_no_points(tmp_path: Path) -> None:
    entry = Entry.of(make_submission())
    with pytest.raises(NoPoints, match="run `tot24 methods`"):
        points([entry], entry.header.model.name, entry.header.split, tmp_path)
