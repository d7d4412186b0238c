"""`tot24 leaderboard export`, as a user calls it."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from tests.leaderboard.export.conftest import parse_results
from tot24_bench.cli import app


@pytest.fixture(scope="module")
def results(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows that ship, some of each kind: all of them take seconds to read, each time."""
    folder = tmp_path_factory.mktemp("results")
    ours = ("scout-2m/*.5shot.*", "scout-2m/*_five.*", "scout-2m-search/*bfs-b1-t0.*")
    for kept in (*ours, "GPT-4o/*", "solver-*/*"):
        for path in (root / "results" / "submissions").glob(kept):
            target = folder / path.relative_to(root / "results")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    shutil.copytree(root / "results" / "training_hands", folder / "training_hands")
    return folder


def export(results: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["leaderboard", "export", "--results", str(results), *arguments])


def test_the_tables_are_files_or_stand_in_a_folder(results: Path, tmp_path: Path) -> None:
    table = tmp_path / "tables" / "hard.tex"
    done = export(results, "--format", "latex", "--split", "hard100", "--output", str(table))
    assert done.exit_code == 0, done.output
    assert done.output.splitlines() == [f"wrote {table}"]
    assert "\\toprule" in table.read_text()
    done = export(results, "--format", "csv", "--output", str(tmp_path), "--model", "scout-2m")
    assert done.exit_code == 0, done.output
    rows = list(csv.DictReader(io.StringIO((tmp_path / "leaderboard.csv").read_text())))
    assert rows and {row["model"] for row in rows} == {"scout-2m"}


def test_results_for_the_hub(results: Path, tmp_path: Path) -> None:
    out = tmp_path / "hf"
    arguments = ["--format", "hf", "--output", str(out)]
    done = export(results, *arguments, "--model", "scout-2m", "--dataset-id", "me/my-24")
    assert done.exit_code == 0, done.output
    files = sorted((out / "models/scout-2m/.eval_results").iterdir())
    assert files and all(
        result.dataset.id == "me/my-24"
        for path in files
        for result in parse_results(path.read_text())
    )
    again = export(results, *arguments, "--model", "scout-2m")
    assert again.exit_code == 2 and "--overwrite" in again.output
    every = export(results, *arguments, "--overwrite")
    assert every.exit_code == 0 and "left out: " in every.output
    assert "give --dataset-id" in every.output


def test_every_eval_ever_and_the_dataset(results: Path, tmp_path: Path) -> None:
    done = export(
        results,
        *("--format", "eee", "--output", str(tmp_path / "eee")),
        *("--model", "GPT-4o", "--evaluator", "third_party"),
    )
    assert done.exit_code == 0, done.output
    aggregates = [json.loads(p.read_text()) for p in (tmp_path / "eee").rglob("*.json")]
    assert aggregates
    assert {a["source_metadata"]["evaluator_relationship"] for a in aggregates} == {"third_party"}
    done = export(results, "--format", "dataset", "--output", str(tmp_path / "dataset"))
    assert done.exit_code == 0, done.output
    assert (tmp_path / "dataset/data/hardest361.parquet").exists()


def test_mistakes_are_one_line(results: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "elsewhere")
    for arguments, words in (
        (["--format", "csv", "--output", str(link)], "is a link"),
        (["--format", "eee", "--output", str(link)], "is a link"),
        (["--format", "csv", "--output", "x", "--model", "none"], "the models are"),
        (["--format", "dataset", "--output", "x", "--split", "val"], "leave --split"),
        (["--format", "hf", "--output", "x", "--dataset-id", "no"], "OWNER/NAME"),
    ):
        done = export(results, *arguments)
        assert done.exit_code == 2 and words in done.output, done.output
        assert len(done.output.strip().splitlines()) == 1
    assert not (tmp_path / "elsewhere").exists()
    assert export(results, "--format", "pdf", "--output", "x").exit_code == 2
