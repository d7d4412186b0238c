"""What the repository publishes holds: student, submissions, leaderboard, README."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.leaderboard.lm_eval_runs import run_lm_eval
from tot24_bench.checkpoint import checkpoint_sha256
from tot24_bench.harness import MAX_GEN_TOKS, METRICS
from tot24_bench.leaderboard import (
    Entry,
    Submission,
    read_all,
    read_entries,
    render_markdown,
    size_csv,
    size_points,
)
from tot24_bench.leaderboard.site import build
from tot24_bench.scoring import score

STUDENT = "scout-2m"
HANDS = 8
"""Hands that the plain command is asked here; the stored submission was asked all hundred."""

SIZE_LIMIT_MB = 21
PARAMETER_LIMIT = 2_100_000


@pytest.fixture(scope="module")
def submissions(root: Path) -> list[Submission]:
    return read_all(root / "results")


def of(submissions: list[Submission], task: str, shots: int) -> Submission:
    (found,) = [
        s
        for s in submissions
        if (s.model.name, s.task, s.shots, s.split) == (STUDENT, task, shots, "hard100")
    ]
    return found


def test_every_stored_response_scores_as_its_submission_says(
    submissions: list[Submission],
) -> None:
    assert submissions
    for submission in submissions:
        for sample in submission.samples:
            if sample.withheld:  # `tot24 leaderboard verify --transcripts` checks them
                continue
            for response, stored in zip(sample.responses, sample.scores, strict=True):
                again = score(sample.puzzle, response, truncated=stored.truncated)
                assert again == stored, (submission.key, sample.puzzle.text)


def test_the_card_is_what_the_command_writes(root: Path) -> None:
    from training.card import render

    student = root / "students" / STUDENT
    text = (student / "README.md").read_text(encoding="utf-8")
    assert render(student, read_entries(root / "results")) == text


@pytest.mark.parametrize("task", ["game24_io", "game24_cot", "game24_onestep_tot"])
@pytest.mark.parametrize("shots", [0, 5])
def test_the_shipped_student_has_a_full_row_of_its_own_weights(
    submissions: list[Submission], root: Path, task: str, shots: int
) -> None:
    submission = of(submissions, task, shots)
    assert submission.n == 100
    assert submission.model.precision == "fp32"
    assert submission.model.teacher == "solver (exact search)"
    weights = checkpoint_sha256(str(root / "students" / STUDENT))
    assert submission.model.checkpoint_sha256 == weights


def test_the_student_is_small(submissions: list[Submission], root: Path) -> None:
    weights = root / "students" / STUDENT / "model.safetensors"
    assert weights.stat().st_size < SIZE_LIMIT_MB * 1_000_000
    row = of(submissions, "game24_onestep_tot", 0)
    assert row.model.parameters is not None and row.model.parameters <= PARAMETER_LIMIT


def test_the_student_reaches_the_mark(submissions: list[Submission]) -> None:
    assert of(submissions, "game24_onestep_tot", 0).metrics.acc >= 0.97


@pytest.mark.parametrize("shots", [0, 5])
def test_plain_lm_eval_gives_the_accuracy_of_the_leaderboard(
    submissions: list[Submission], root: Path, tmp_path: Path, shots: int
) -> None:
    """The first hands of the same run, 0-shot by the command of `lm_eval`, from another folder.

    5-shot by what the command calls, in this process: tests/cli/test_add.py has that command, too.
    """
    student = root / "students" / STUDENT
    if shots:
        tasks, whole = ("game24_onestep_tot",), {"max_gen_toks": MAX_GEN_TOKS["onestep_tot"]}
        run_lm_eval(tmp_path / "out", student, tasks, limit=HANDS, shots=shots, generation=whole)
    else:
        command = Path(sys.executable).with_name("lm_eval")
        done = subprocess.run(
            [
                *(str(command), "--model", "hf", "--model_args", f"pretrained={student}"),
                *("--tasks", "game24_onestep_tot", "--num_fewshot", str(shots)),
                *("--limit", str(HANDS), "--device", "cpu", "--output_path", str(tmp_path / "out")),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
    (results,) = (tmp_path / "out").glob("**/results_*.json")
    figures = json.loads(results.read_text())["results"]["game24_onestep_tot"]
    measured = figures["acc,none"]
    assert set(figures) >= {f"{metric},none" for metric in METRICS}
    stored = of(submissions, "game24_onestep_tot", shots).samples[:HANDS]
    assert measured == pytest.approx(sum(s.scores[0].correct for s in stored) / HANDS)


def test_the_leaderboard_is_what_its_submissions_give(
    submissions: list[Submission], root: Path
) -> None:
    page = (root / "results" / "LEADERBOARD.md").read_text(encoding="utf-8")
    entries = list(map(Entry.of, submissions))
    assert page == render_markdown(entries)
    # The picture may lack rows that came after it, but shows none that is no longer so.
    drawn = (root / "results" / "plots" / "accuracy-size.csv").read_text(encoding="utf-8")
    assert set(drawn.splitlines()) <= set(size_csv(size_points(entries)).splitlines())


def test_the_page_holds_the_rows_of_the_submissions(
    submissions: list[Submission], root: Path
) -> None:
    page = (root / "results" / "index.html").read_text(encoding="utf-8")
    data = json.loads(page.split('id="data">')[1].split("</script>")[0])
    without = {line.partition(": ")[0] for line in data["noRows"]}
    shown = {row["key"]: (row["acc"], row["n"]) for row in data["rows"]}
    assert shown == {
        one.key: (one.metrics.acc, one.n) for one in submissions if one.key not in without
    }
    studies = {path.stem for path in (root / "results" / "studies").glob("*.csv")}
    assert {one["name"] for one in data["studies"]} == studies
    written = build(root / "results", [], jobs=1)  # today's template, style and scripts
    for hashes in re.findall(r"'sha256-[^']+'", page):
        assert hashes in written.html.decode(), "run tot24 leaderboard: the page is an older one"


def test_every_row_of_the_readme_stands_on_the_leaderboard(root: Path) -> None:
    page = (root / "results" / "LEADERBOARD.md").read_text(encoding="utf-8")
    readme = (root / "README.md").read_text(encoding="utf-8")
    section = readme.partition("## Leaderboard")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| .*\|$", section, flags=re.MULTILINE)
    assert len(rows) > 2
    assert all(row in page for row in rows)


def test_the_comparison_in_the_readme_is_the_one_that_the_command_wrote(root: Path) -> None:
    written = (root / "docs" / "appendix" / "comparison.md").read_text(encoding="utf-8")
    readme = (root / "README.md").read_text(encoding="utf-8")
    section = readme.partition("## How scoring works")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| .*\|$", section, flags=re.MULTILINE)
    assert len(rows) > 5
    assert all(row in written for row in rows)
