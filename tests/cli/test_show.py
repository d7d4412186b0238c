"""`tot24 show`: hands and verdicts, a response with its checked search, two rows on one hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.leaderboard.conftest import make_reported, make_submission
from tot24_bench.cli import app
from tot24_bench.leaderboard import write

TAUGHT, SCOUT = "smollm2-135m-backward", "scout-2m/ onestep 0shot"


def show(root: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["show", *arguments, "--results", str(root / "results")])


def test_hands_are_listed_with_verdict_and_answer(root: Path) -> None:
    shown = show(root, TAUGHT)
    assert shown.exit_code == 0, shown.output
    assert "100 hands of hard100" in shown.output
    assert "71 solved, 29 not" in shown.output
    assert "(8 * (11 - 5)) / 2" in shown.output


def test_failed_hands_beside_another_row_that_solves_them(root: Path) -> None:
    shown = show(root, TAUGHT, "--failed", "--beside", SCOUT)
    assert "29 hands of hard100" in shown.output
    row = next(line for line in shown.output.splitlines() if "1 8 10 11" in line)
    assert "is worth 20, not 24" in row and "✓" in row


def test_a_hand_is_shown_as_written_and_as_a_checked_tree(root: Path) -> None:
    shown = show(root, SCOUT, "--hand", "11 8 5 2", "--beside", TAUGHT)
    assert shown.output.count("2 5 8 11  ● can win") == 2
    assert "| d-c: 11 - 8 = 3 (left: 2 5 3)" in shown.output
    assert "dead end ✓" in shown.output and "answer right ✓" in shown.output


def test_json_holds_responses_and_scores(root: Path) -> None:
    (shown,) = json.loads(show(root, TAUGHT, "--failed", "--json").output)
    assert shown["acc"] == 0.71 and len(shown["hands"]) == 29
    assert not any(one["scores"][0]["correct"] for one in shown["hands"])
    assert shown["hands"][0]["responses"][0].startswith("Steps:")


@pytest.mark.parametrize(
    "arguments, said",
    [
        (("nobody",), "no submission is called"),
        ((TAUGHT, "--hand", "1 1 1 1"), "was not asked 1 1 1 1: it was asked 4 5 6 10"),
        ((TAUGHT, "--hand", "x"), "'x'"),
        (("GPT-4/game24_tot_b5.5shot.other.reported",), "reported without responses"),
    ],
)
def test_what_cannot_be_shown_is_one_line(
    root: Path, arguments: tuple[str, ...], said: str
) -> None:
    shown = show(root, *arguments)
    assert shown.exit_code == 2
    assert said in shown.output


def test_withheld_and_repeated_responses(root: Path, tmp_path: Path) -> None:
    withheld = show(root, "GPT-4o onestep rescored", "--hand", "1 2 4 7")
    assert "its responses are withheld" in withheld.output
    write(make_submission(2, 3, repeats=4, name="many"), tmp_path)
    write(make_reported(name="paper"), tmp_path)
    arguments = ["show", "many", "--results", str(tmp_path)]
    listed = CliRunner().invoke(app, arguments)
    assert "4 of 4 right" in listed.output and "2 solved, 1 not" in listed.output
    one = CliRunner().invoke(app, [*arguments, "--hand", "4 5 6 10"])
    assert "response 4" in one.output
