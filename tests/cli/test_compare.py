"""`tot24 compare` as a command, on the rows that the repository publishes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from tot24_bench.cli.main import app

runner = CliRunner()


def compare(root: Path, *arguments: Any) -> Result:
    results = ("--results", str(root / "results"))
    return runner.invoke(app, ["compare", *map(str, arguments), *results])


def test_the_student_and_gpt_4o_are_paired_on_the_99_hands_that_they_share(root: Path) -> None:
    found = compare(root, "scout-2m/ onestep 0shot", "GPT-4o onestep rescored")
    assert found.exit_code == 0, found.output
    assert "On the 99 hands that both answered, scout-2m is right more often than GPT-4o" in (
        found.stdout
    )
    assert "exemplars: default against other" in found.stdout
    assert "rank 901-920" in found.stdout and "solver: hardest" in found.stdout


def test_no_paired_test_is_possible_with_a_reported_figure(root: Path) -> None:
    found = compare(root, "scout-2m/ onestep 0shot", "GPT-4 tot_b5")
    assert found.exit_code == 0 and "No paired test is possible" in found.stdout


def test_several_entries_are_corrected_and_named_by_letters(root: Path) -> None:
    found = compare(root, "scout-2m/ onestep 0", "scout-2m/ onestep 5", "scout-2m/ cot.5shot")
    assert found.exit_code == 0
    for pair in ("A - B: On", "A - C: On", "B - C: On"):
        assert pair in found.stdout
    assert found.stdout.count("after Holm's correction") == 3


def test_json_is_the_same_for_programs(root: Path) -> None:
    found = compare(root, "GPT-4o cot rescored", "GPT-4o onestep rescored", "--json")
    data = json.loads(found.stdout)
    (pair,) = data["pairs"]
    assert pair["test"]["hands"] == 100
    assert pair["test"]["p"] == pytest.approx(0.0414, abs=1e-4)
    assert pair["test"]["counts"]["only_second"] - pair["test"]["counts"]["only_first"] == 10
    assert [entry["n"] for entry in data["entries"]] == [100, 100]


def test_a_file_can_be_compared(root: Path) -> None:
    file = root / "results/submissions/scout-2m/game24_io.0shot.json"
    found = compare(root, file, "scout-2m/ io.5")
    assert found.exit_code == 0, found.output


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("scout-2m/ onestep 0",), "compare 2 to 20"),
        (("scout-2m/ onestep 0", "scuot-2m/game24_io.0sho"), "there are scout-2m/game24_io.0shot"),
        (("scout-2m/ onestep 0", "scout-2m/ onestep"), " submissions go by 'scout-2m/ onestep'"),
        (("scout-2m/ onestep 0", "scout-2m/game24_onestep_tot.0shot"), "given twice"),
        (("a\x1b[31m\nb", "scout-2m/ io.0"), "no submission is called 'a [31m b'"),
        (("", "scout-2m/ io.0"), "no submission is called ''"),
    ],
)
def test_what_cannot_be_compared_is_one_line(
    root: Path, names: tuple[str, ...], message: str
) -> None:
    found = compare(root, *names)
    assert found.exit_code == 2
    assert message in found.stderr and found.stderr.count("\n") == 1


def test_nothing_to_compare_with(tmp_path: Path) -> None:
    found = runner.invoke(app, ["compare", "a", "b", "--results", str(tmp_path)])
    assert found.exit_code == 2 and "there are none here" in found.stderr
