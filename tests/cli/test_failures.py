"""`tot24 failures` and `tot24 score --explain`, as a user calls them."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from tot24_bench.cli import app

CHAIN = "4 + 8 = 12 (left: 4 6 12)\n6 - 3 = 3 (left: 3 12)\nAnswer: 4 * 6 = 24"
RIGHT = "4 + 8 = 12 (left: 4 6 12)\n6 - 4 = 2 (left: 2 12)\nAnswer: (6 - 4) * (4 + 8) = 24"


def write(path: Path, response: str) -> Path:
    path.write_text(json.dumps({"numbers": "4 4 6 8", "response": response}) + "\n")
    return path


def test_failures_prints_the_places_and_draws_them(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a.jsonl", CHAIN), write(tmp_path / "b.jsonl", RIGHT)
    plot = tmp_path / "plot.png"
    done = CliRunner().invoke(
        app, ["failures", f"chain={first}", f"search={second}", "--plot", str(plot)]
    )
    assert done.exit_code == 0, done.output
    assert "chain against search" in done.output and "exact McNemar" in done.output
    assert "thought 2" in done.output and "which models answered is not known" in done.output
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_one_run_and_a_missing_file_are_one_line(tmp_path: Path) -> None:
    first = write(tmp_path / "a.jsonl", CHAIN)
    for arguments in ([str(first)], [str(first), str(tmp_path / "none.jsonl")]):
        done = CliRunner().invoke(app, ["failures", *arguments])
        assert done.exit_code == 2 and "tot24:" in done.output


def test_explain_says_which_thought_broke_which_rule() -> None:
    done = CliRunner().invoke(app, ["score", "4 4 6 8", "--explain"], input=CHAIN)
    assert done.exit_code == 0, done.output
    assert "3 is not there: 4 6 12 left" in done.output
    assert "first failure: thought 2 of the final attempt" in done.output
    shown = CliRunner().invoke(app, ["score", "4 4 6 8", "--explain", "--json"], input=CHAIN)
    assert json.loads(shown.output)["failed_at"] == "2"
