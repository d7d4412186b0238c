"""The road from a teacher to a student, as a user walks it: a real server, a real kill, a step."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tot24_bench.cli.main import app
from tot24_bench.prompts import ALL_METHODS
from tot24_bench.traces import TraceFile, read_traces

GIVE_UP_SECONDS = 120
"""A guard against hanging, not a timing."""

HANDS, SAMPLES = 6, 2

run = CliRunner().invoke


def lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_a_served_student_is_asked_killed_asked_on_filtered_and_trained_on(
    server: str, student: Path, tmp_path: Path
) -> None:
    traces, dataset = tmp_path / "served.jsonl", tmp_path / "dataset"
    arguments = ["traces", "generate", "--teacher", "openai", "--base-url", server]
    arguments += ["--model", str(student), "--num_fewshot", "0", "--samples", str(SAMPLES)]
    arguments += ["--limit", str(HANDS), "--concurrency", "2", "-o", str(traces)]
    command = [sys.executable, "-m", "tot24_bench.cli", *arguments]
    killed = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while lines(traces) < HANDS * SAMPLES // 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    with TraceFile.open(traces) as file:
        before = file.totals.traces
    recorded = traces.read_bytes()
    assert 0 < before < HANDS * SAMPLES

    again = run(app, [*arguments, "--json"])
    assert again.exit_code == 0, again.output
    said = json.loads(again.stdout)
    assert said["recorded"] == HANDS * SAMPLES - before
    assert traces.read_bytes().startswith(recorded)
    asked = [(trace.puzzle.hand, trace.sample) for trace in read_traces(traces)]
    assert len(asked) == len(set(asked)) == HANDS * SAMPLES

    filtered = run(app, ["traces", "filter", str(traces), "-o", str(dataset), "--json"])
    assert filtered.exit_code == 0, filtered.output
    funnel = json.loads((dataset / "dataset.json").read_text())
    right = sum(trace.score.correct for trace in read_traces(traces))
    assert right > 0
    # A greedy server gives the samples of a hand alike: one of each is kept.
    assert 0 < funnel["rows"] <= right <= HANDS * SAMPLES

    step = ["--config", "scout-2m"]
    step += ["--dataset", str(dataset), "--output_dir", str(tmp_path / "run")]
    step += ["--export_dir", str(tmp_path / "student"), "--max_steps", "1", "--eval_strategy", "no"]
    step += ["--load_best_model_at_end", "false", "--save_steps", "1", "--dataset_num_proc", "1"]
    trained = run(app, ["train", *step])
    assert trained.exit_code == 0, trained.output
    record = json.loads((tmp_path / "student" / "training.json").read_text())
    assert record["data"]["rows"] == funnel["rows"]
    assert record["data"]["sha256"] == funnel["sha256"]
    assert record["teacher"] == "openai: scout-2m"


def test_the_solver_answers_and_the_same_command_adds_nothing(tmp_path: Path) -> None:
    traces = tmp_path / "t.jsonl"
    arguments = ["traces", "generate", "--teacher", "solver", "--limit", "5", "-o", str(traces)]
    first = run(app, arguments)
    assert first.exit_code == 0, first.output
    content = traces.read_bytes()
    second = run(app, arguments)
    assert "recorded 0 traces" in second.output
    assert "5 of 5 are recorded already" in second.output
    assert traces.read_bytes() == content


def test_settings_may_be_given_together_or_one_by_one(tmp_path: Path) -> None:
    traces = tmp_path / "t.jsonl"
    arguments = ["traces", "generate", "--teacher", "solver", "--limit", "2", "-o", str(traces)]
    arguments += ["--teacher_args", "explore=0.5,plausible=random", "--teacher_args", "seed=4"]
    done = run(app, arguments)
    assert done.exit_code == 0, done.output
    settings = next(read_traces(traces)).teacher.settings
    assert (settings["explore"], settings["plausible"], settings["seed"]) == (0.5, "random", 4)


def test_generated_hands_of_the_train_part_can_be_asked(tmp_path: Path) -> None:
    traces = tmp_path / "t.jsonl"
    arguments = ["traces", "generate", "--teacher", "solver", "--split", "fresh-s1-n5/train"]
    done = run(app, [*arguments, "-o", str(traces)])
    assert done.exit_code == 0, done.output
    assert "held out" not in done.output
    assert lines(traces) == 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--teacher", "nobody"], "no teacher 'nobody': the teachers are solver"),
        (["--teacher", "solver", "--temperature", "1"], "has no setting 'temperature'"),
        (["--teacher", "solver", "--teacher_args", "explor=1"], "did you mean explore?"),
        (["--teacher", "solver", "--teacher_args", "explore"], "write KEY=VALUE"),
        (["--teacher", "solver", "--model", "x"], "the teacher solver has no --model"),
        (["--teacher", "transformers"], "needs --model NAME_OR_FOLDER"),
        (["--teacher", "solver", "--method", "tot"], "no method 'tot'"),
        (["--teacher", "solver", "--split", "no"], "no split 'no'"),
        (
            ["--teacher", "openai", "--model", "m", "--max-cost", "cheap"],
            "give US dollars, like 2.50",
        ),
        (["--teacher", "openai", "--model", "gpt-4o"], "no key: set OPENAI_API_KEY"),
    ],
)
def test_what_cannot_work_is_named_with_its_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    done = run(app, ["traces", "generate", *arguments, "-o", str(tmp_path / "t.jsonl")])
    assert done.exit_code == 2
    assert message in " ".join(done.output.split())


def test_a_file_of_another_method_is_refused(tmp_path: Path) -> None:
    traces = tmp_path / "t.jsonl"
    arguments = ["traces", "generate", "--teacher", "solver", "--limit", "2", "-o", str(traces)]
    assert run(app, [*arguments, "--method", "cot"]).exit_code == 0
    done = run(app, [*arguments, "--method", "io"])
    assert done.exit_code == 2
    assert "holds traces of method cot, not io: give another -o" in " ".join(done.output.split())


def test_test_hands_may_be_asked_but_not_silently(tmp_path: Path) -> None:
    arguments = ["traces", "generate", "--teacher", "solver", "--split", "hard100", "--limit", "2"]
    done = run(app, [*arguments, "-o", str(tmp_path / "t.jsonl")])
    assert done.exit_code == 0
    assert "2 of 2 hands are held out: never train on their traces" in done.output


def test_every_method_can_be_asked_of_the_solver(tmp_path: Path) -> None:
    for method in ALL_METHODS:
        arguments = ["traces", "generate", "--teacher", "solver", "--limit", "3"]
        path = tmp_path / f"{method}.jsonl"
        done = run(app, [*arguments, "--method", method, "-o", str(path)])
        assert done.exit_code == 0, done.output
        assert all(trace.score.correct for trace in read_traces(path))


def test_judges_can_be_asked_about_inner_states(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    arguments = ["traces", "generate", "--teacher", "solver", "--method", "value", "--limit", "5"]
    done = run(app, [*arguments, "--states", "6", "-o", str(path)])
    assert done.exit_code == 0, done.output
    traces = list(read_traces(path))
    assert {len(trace.puzzle.numbers) for trace in traces} == {3}
    judged = {trace.response.splitlines()[-1] for trace in traces}
    assert judged == {"Judgement: sure", "Judgement: impossible"}
    refused = run(
        app, ["traces", "generate", "--teacher", "solver", "--states", "6", "-o", str(path)]
    )
    assert refused.exit_code == 2
    assert "--states is for propose, value, value_at_once, not for onestep_tot" in " ".join(
        refused.output.split()
    )


@pytest.mark.parametrize("method", ["value", "value_at_once"])
def test_judgements_by_look_ahead_become_a_dataset(method: str, tmp_path: Path) -> None:
    from datasets import Dataset

    path, folder = tmp_path / "t.jsonl", tmp_path / "dataset"
    arguments = ["traces", "generate", "--teacher", "solver", "--method", method, "--limit", "20"]
    knobs = ["--states", "6", "--teacher_args", "judge=look-ahead"]
    assert run(app, [*arguments, *knobs, "-o", str(path)]).exit_code == 0
    done = run(app, ["traces", "filter", str(path), "-o", str(folder)])
    assert done.exit_code == 0, done.output
    rows = Dataset.from_parquet(str(folder / "prompt_completion" / "train.parquet"))
    assert {row["method"] for row in rows} == {method}
    answers = {row["completion"].splitlines()[-1] for row in rows}
    assert answers == {"Judgement: sure", "Judgement: impossible"}
    assert len(rows) == len({trace.puzzle.identity for trace in read_traces(path)})


def test_a_limit_on_cost_is_refused_where_nothing_costs(tmp_path: Path) -> None:
    arguments = ["traces", "generate", "--teacher", "solver", "--max-cost", "1"]
    done = run(app, [*arguments, "-o", str(tmp_path / "t.jsonl")])
    assert done.exit_code == 2
    assert "costs nothing" in done.output


def test_published_responses_are_imported_once_and_never_mixed(tmp_path: Path) -> None:
    right = "Answer: (6 - 4) * (4 + 8) = 24"
    traces, log = tmp_path / "t.jsonl", tmp_path / "log.jsonl"
    log.write_text(json.dumps({"numbers": "4 4 6 8", "response": right}) + "\n")
    arguments = ["traces", "import", str(log), "--model", "gpt-4o", "-o", str(traces)]
    assert "added 1 traces" in run(app, arguments).output
    assert "added 0 traces" in run(app, arguments).output
    log.write_text(json.dumps({"numbers": "4 4 6 8", "response": "another"}) + "\n")
    changed = run(app, arguments)
    assert changed.exit_code == 2
    assert "source_sha256" in changed.output
    unknown = run(app, [*arguments, "--method", "mine"])
    assert unknown.exit_code == 2
    assert "no method 'mine'" in unknown.output


def test_a_file_that_is_not_ours_is_left_as_it_is(tmp_path: Path) -> None:
    notes = tmp_path / "notes.md"
    notes.write_text("# notes\nline two\nmy only copy")
    done = run(app, ["traces", "generate", "--teacher", "solver", "--limit", "1", "-o", str(notes)])
    assert done.exit_code == 2
    assert notes.read_text() == "# notes\nline two\nmy only copy"
