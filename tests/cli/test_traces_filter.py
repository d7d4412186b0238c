"""`tot24 traces filter` and `tot24 traces stats`, as a user runs them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.traces.test_filter import SEARCH, STRAIGHT, TRAIN
from tot24_bench.cli.main import app
from tot24_bench.game import Puzzle
from tot24_bench.prompts import build
from tot24_bench.scoring import score
from tot24_bench.teachers import Finish, Reply, Request, TeacherInfo
from tot24_bench.traces import Trace

TEACHER = TeacherInfo(kind="openai", model="gpt-4o [bold]")


def traces(folder: Path) -> Path:
    path = folder / "traces.jsonl"
    asked = [(TRAIN, STRAIGHT), (TRAIN, SEARCH), ("4 5 6 10", STRAIGHT), (TRAIN, "I give up.")]
    lines = []
    for sample, (hand, response) in enumerate(asked):
        puzzle = Puzzle.parse(hand)
        reply = Reply(Request(build("onestep_tot", puzzle, shots=0), sample), response)
        worth = score(puzzle, response)
        trace = Trace.of(reply, TEACHER, worth, datetime(2026, 11, 1, tzinfo=UTC))
        lines.append(trace.model_dump_json() + "\n")
    path.write_text("".join(lines), encoding="utf-8")
    return path


def tot24(*words: object) -> Result:
    return CliRunner().invoke(app, ["traces", *map(str, words)])


def test_filter_shows_the_funnel_and_writes_the_dataset(tmp_path: Path) -> None:
    out, why = tmp_path / "dataset", tmp_path / "why.jsonl"
    done = tot24("filter", traces(tmp_path), "-o", out, "--why", why)
    assert done.exit_code == 0, done.output
    for told in (
        "asked",
        "wrong answer",
        "no answer",
        "kept with at least one backtrack: 1 (50.0%",
    ):
        assert told in done.output
    assert "wrote 2 rows" in done.output
    dropped = [json.loads(line) for line in why.read_text().splitlines()]
    assert [(one["line"], one["hand"], one["reason"]) for one in dropped] == [
        (3, "4 5 6 10", "wrong answer"),
        (4, "1 1 4 6", "no answer"),
    ]
    again = tot24("filter", traces(tmp_path), "-o", out)
    assert (again.exit_code, "add --overwrite" in again.output) == (2, True)
    assert tot24("filter", traces(tmp_path), "-o", out, "--overwrite").exit_code == 0


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    done = tot24("filter", traces(tmp_path), "--dry-run", "--json", "-o", tmp_path / "dataset")
    report = json.loads(done.stdout)
    assert report["funnel"]["stages"][-1] == {"name": "kept", "traces": 2, "hands": 1}
    assert report["dataset"] is None
    assert [path.name for path in tmp_path.iterdir()] == ["traces.jsonl"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--dry-run", "--level", "perfect"], "choose from answer, agrees, valid"),
        (["--dry-run", "--variant", "published", "--shots", "5"], "a test hand"),
        (["--dry-run", "--avoid", "state_holdout", "--shots", "5"], "do not go together"),
        (["--dry-run", "--licence", "mit\n# Owned"], "a name on one line"),
        (["--dry-run", "--prefer-search"], "give max_per_hand or balance"),
        ([], "give the folder of the dataset with -o"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(
    tmp_path: Path, words: list[str], message: str
) -> None:
    done = tot24("filter", traces(tmp_path), *words)
    assert done.exit_code == 2
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_files_that_are_no_traces_are_refused(tmp_path: Path) -> None:
    (tmp_path / "odd.jsonl").write_text('{"format": "other/1"}\n')
    for command in ("filter", "stats"):
        words = ["--dry-run"] if command == "filter" else []
        missing = tot24(command, tmp_path / "none.jsonl", *words)
        assert (missing.exit_code, "there is no file" in missing.stderr) == (2, True)
        odd = tot24(command, tmp_path / "odd.jsonl", *words)
        assert (odd.exit_code, "line 1" in odd.stderr) == (2, True)
        is_folder = tot24(command, tmp_path, *words)
        assert (is_folder.exit_code, "is a folder" in is_folder.stderr) == (2, True)
    file = traces(tmp_path)
    over = tot24("filter", file, "--dry-run", "--why", file)
    assert (over.exit_code, "would overwrite the traces" in over.stderr) == (2, True)
    other, notes = tmp_path / "other.jsonl", tmp_path / "notes.txt"
    other.write_bytes(file.read_bytes())
    notes.write_text("years of work")
    over = tot24("filter", file, "--dry-run", "--overwrite", "--why", other)
    assert (over.exit_code, "would overwrite the traces" in over.stderr) == (2, True)
    over = tot24("filter", file, "--dry-run", "--why", notes)
    assert (over.exit_code, "add --overwrite" in over.stderr) == (2, True)
    assert notes.read_text() == "years of work"


def test_nothing_kept_shows_the_funnel_and_says_so(tmp_path: Path) -> None:
    done = tot24("filter", traces(tmp_path), "-o", tmp_path / "d", "--min-backtracks", "9")
    assert done.exit_code == 2
    assert "too few backtracks" in done.stdout
    assert "too few backtracks (2 of 4): lower --min-backtracks" in done.stderr


@pytest.mark.parametrize(
    ("hand", "response", "finish", "advice"),
    [
        ("4 5 6 10", "Answer: 5 * (10 - 6) + 4 = 24", "stop", "ask hands of the split train"),
        (TRAIN, STRAIGHT, "length", "raise --max-tokens"),
        (TRAIN, "Answer: 1 + 1 = 2", "stop", "ask for more --samples, or ask another teacher"),
    ],
)
def test_the_advice_fits_the_main_reason(
    tmp_path: Path, hand: str, response: str, finish: str, advice: str
) -> None:
    puzzle = Puzzle.parse(hand)
    prompt = build("onestep_tot", puzzle, shots=0)
    reply = Reply(Request(prompt, 0), response, Finish(finish))
    trace = Trace.of(reply, TEACHER, score(puzzle, response), datetime(2026, 11, 1, tzinfo=UTC))
    file = tmp_path / "t.jsonl"
    file.write_text(trace.model_dump_json() + "\n")
    done = tot24("filter", file, "-o", tmp_path / "d", "--level", "answer")
    assert (done.exit_code, advice in done.stderr) == (2, True), done.stderr


def test_stats_says_and_draws(tmp_path: Path) -> None:
    plot = tmp_path / "plot.png"
    done = tot24("stats", traces(tmp_path), "--plot", plot)
    assert done.exit_code == 0, done.output
    assert "openai: gpt-4o [bold], onestep_tot: 4 responses to 2 hands" in done.output
    assert plot.stat().st_size > 5_000
    again = tot24("stats", traces(tmp_path), "--plot", plot)
    assert (again.exit_code, "add --overwrite" in again.stderr) == (2, True)
    assert tot24("stats", traces(tmp_path), "--plot", plot, "--overwrite").exit_code == 0
    for name in ("notes.md", "traces.jsonl"):
        before = traces(tmp_path).read_bytes()
        odd = tot24("stats", traces(tmp_path), "--plot", tmp_path / name, "--overwrite")
        assert (odd.exit_code, "--plot is a file .png" in odd.stderr) == (2, True)
        assert traces(tmp_path).read_bytes() == before
    report = json.loads(tot24("stats", traces(tmp_path), "--json").stdout)
    assert report["all"]["right"] == 2
