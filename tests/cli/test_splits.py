"""`tot24 overlap` and `tot24 difficulty` as commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tot24_bench.cli.main import app
from tot24_bench.leaderboard.tables import difficulty_fit

runner = CliRunner()


def test_overlap_prints_what_is_shared() -> None:
    found = runner.invoke(app, ["overlap", "train", "hard100"])
    assert found.exit_code == 0, found.output
    assert "904 (51.4%)" in found.stdout and "218 (80.4%)" in found.stdout
    assert "Least seen: 5 8 8 8 (1 of 3)" in found.stdout


def test_overlap_as_json(tmp_path: Path) -> None:
    hands = tmp_path / "h.txt"
    hands.write_text("4 4 6 8\n")
    found = runner.invoke(app, ["overlap", str(hands), str(hands), "--json"])
    data = json.loads(found.stdout)
    assert data["shared_hands"] == 1 and data["hands"][0]["seen"] == data["winning_seen"]


def test_difficulty_of_a_hand_and_of_a_split() -> None:
    one = runner.invoke(app, ["difficulty", "3 3 8 8"])
    assert one.exit_code == 0 and "81.0" in one.stdout
    several = runner.invoke(app, ["difficulty", "fresh-n20"])
    assert several.exit_code == 0 and "hardest" in several.stdout
    data = json.loads(runner.invoke(app, ["difficulty", "1 1 1 1", "--json"]).stdout)
    assert data[0]["solutions"] == 0 and data[0]["band"] is None


def test_the_measures_beside_peoples_ranks(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The figures of docs/splits.md; the interval by fewer draws, its ends move by about 0.01."""
    monkeypatch.setattr(difficulty_fit, "RESAMPLES", 200)
    found = runner.invoke(app, ["difficulty", "--ranks", str(shared / "data/24.csv"), "--json"])
    assert found.exit_code == 0, found.output
    data = json.loads(found.stdout)
    assert data["hands"] == 1362 and data["best"] == "expected_nodes"
    spearman = data["spearman"]
    assert spearman["expected_nodes"]["value"] == pytest.approx(0.542, abs=0.001)
    assert spearman["solutions"]["value"] == pytest.approx(0.432, abs=0.001)
    low, high = data["gain_over_solutions"]["interval"]
    assert 0.06 < low < data["gain_over_solutions"]["value"] < high < 0.16


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["difficulty"], "give either hands"),
        (["difficulty", "fresh", "--ranks", "x.csv"], "give either hands"),
        (["difficulty", "frehs"], "did you mean fresh"),
        (["difficulty", "3 x 8"], "'x' is not a positive integer"),
        (["difficulty", "fresh-n6000"], "fresh has 5295 test hands"),
        (["overlap", "train", "six"], "up to 5 numbers"),
        (["overlap", "trian", "hard100"], "did you mean train"),
        (["difficulty", "--ranks", "no.csv"], "no.csv: No such file: give the public list"),
        (["difficulty", "--ranks", "nobody/nothing"], "neither a file nor a dataset"),
        (["difficulty", "1 2 3 4 5 6 7"], "difficulty is measured for up to 6 numbers"),
    ],
)
def test_what_cannot_be_done_is_one_line(arguments: list[str], message: str) -> None:
    found = runner.invoke(app, arguments)
    assert found.exit_code == 2
    assert message in found.stderr and found.stderr.count("\n") == 1
