"""`tot24 rescore` as a user meets it: the summary, the submission, and what goes wrong."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from tests.leaderboard.lm_eval_runs import results_file, run_lm_eval
from tot24_bench.cli import app
from tot24_bench.cli.terminal import counting
from tot24_bench.leaderboard import Submission, read_all

runner = CliRunner()

RIGHT = "Answer: (10 - 6) * 5 + 4 = 24"
WRONG = "Answer: 1 + 1 = 24"
HAND = "4 5 6 10"
TRANSCRIPTS = Path(__file__).parents[2].parent / "shared" / "data" / "transcripts"
published = pytest.mark.skipif(
    not TRANSCRIPTS.is_dir(), reason=f"the public transcripts are not at {TRANSCRIPTS}"
)


def rescore(*arguments: str | Path) -> Result:
    return runner.invoke(app, ["rescore", *map(str, arguments)])


def summary(*arguments: str | Path) -> dict[str, Any]:
    result = rescore(*arguments, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def fails_with(result: Result, *words: str) -> None:
    """Exit code 2, one line on standard error, nothing on standard output."""
    assert result.exit_code == 2, result.output
    (line,) = result.stderr.splitlines()
    assert line.startswith("tot24: ") and not result.stdout
    for word in words:
        assert word in line


def records(path: Path, *found: object) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in found), encoding="utf-8")
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Two hands of hard100, one of them right half of the time."""
    return records(
        tmp_path / "responses.jsonl",
        {"numbers": HAND, "response": [RIGHT, WRONG]},
        {"numbers": "1 2 4 7", "response": WRONG},
        {"numbers": "1 2 4 7", "response": ""},
    )


@published
def test_gpt4_io_has_its_published_mean_and_its_published_best_of_100() -> None:
    found = summary(TRANSCRIPTS / "gpt-4_io_100samples_ranks901-1000.json")
    assert (found["format"], found["split"]) == ("tree-of-thought-llm", "hard100")
    assert (found["hands"], found["samples"], found["samples_a_hand"]) == (100, 10_000, [100, 100])
    assert found["mean"]["value"] == pytest.approx(0.0734)
    assert found["pass_at"]["1"]["value"] == pytest.approx(0.0734)
    assert found["best_of"]["value"] == pytest.approx(0.33)
    assert found["pass_at"]["100"]["value"] == pytest.approx(0.33)
    assert list(found["pass_at"]) == ["1", "5", "10", "50", "100"]
    values = [estimate["value"] for estimate in found["pass_at"].values()]
    assert values == sorted(values)


@published
@pytest.mark.parametrize(("name", "right"), [("cot", 9), ("onestep_tot", 19)])
def test_gpt4o_has_nine_and_nineteen_of_a_hundred(name: str, right: int, tmp_path: Path) -> None:
    path = TRANSCRIPTS / f"gpt-4o_{name}_ranks902-1001.json"
    result = rescore(path, "--model", "gpt-4o", "--method", name, "--results", tmp_path)
    assert result.exit_code == 0, result.output
    assert f"{right}.00%" in result.stdout and "100 of 1362 (full)" in result.stdout
    (submission,) = read_all(tmp_path)
    assert submission.metrics.acc == pytest.approx(right / 100)
    assert submission.source == path.name and submission.n == 100


SINGLE = {
    "deepseek-r1_zero_shot_ranks901-1000.json": ("tree-of-thought-llm", 87, 100),
    "gpt-4_cumulative_reasoning_b5_ranks901-1000.jsonl": ("input-output", 98, 100),
    "gpt-4_meta-prompting_Standard_ranks901-1000.jsonl": ("input-output", 3, 0),
    "gpt-4_meta-prompting_ZeroShotCoT_ranks901-1000.jsonl": ("input-output", 11, 0),
    "gpt-4_meta-prompting_ExpertStatic_ranks901-1000.jsonl": ("input-output", 3, 0),
    "gpt-4_meta-prompting_ExpertDynamic_ranks901-1000.jsonl": ("input-output", 2, 0),
    "gpt-4_meta-prompting_MultiPersona_ranks901-1000.jsonl": ("input-output", 27, 0),
    "gpt-4_meta-prompting_MetaPromptingWithoutPython_ranks901-1000.jsonl": ("input-output", 11, 0),
    "gpt-4_meta-prompting_MetaPromptingWithPython_ranks901-1000.jsonl": ("input-output", 67, 0),
    "gpt-4_onestep_tot_ranks902-1001.json": ("slm-tot", 6, 0),
}
"""Of runs with one response a hand: the format, the right ones, and how many have a verdict of
their own, which is ours. The figures are those of facts/published-results.md."""


@published
@pytest.mark.parametrize("name", SINGLE)
def test_the_public_runs_have_their_exact_figures(name: str) -> None:
    format, right, judged = SINGLE[name]
    found = summary(TRANSCRIPTS / name)
    assert (found["format"], found["hands"], found["samples"]) == (format, 100, 100)
    assert found["mean"]["value"] == pytest.approx(right / 100)
    own = found["own_verdicts"]
    assert (own["responses"], own["differ"]) == (judged, 0)


@published
def test_gpt4_cot_has_its_published_mean_and_best_of_100() -> None:
    found = summary(TRANSCRIPTS / "gpt-4_cot_100samples_ranks901-1000.json")
    assert found["mean"]["value"] == pytest.approx(0.0403)
    assert found["best_of"]["value"] == pytest.approx(0.49)
    assert found["majority"]["value"] == pytest.approx(0.09)
    assert found["own_verdicts"] == {
        "responses": 10_000,
        "right": 403,
        "only_theirs": 0,
        "only_ours": 0,
        "differ": 0,
    }


@published
def test_gpt4_tot_has_a_figure_for_each_way_to_take_its_five_candidates(tmp_path: Path) -> None:
    path = TRANSCRIPTS / "gpt-4_tot_bfs_b5_ranks901-1000.json"
    found = summary(path)
    assert (found["samples"], found["mean"]["value"]) == (500, pytest.approx(0.238))
    assert found["best_of"]["value"] == pytest.approx(0.69)
    named = ("--model", "GPT-4", "--method", "other", "--label", "ToT (BFS), b = 5, first-ranked")
    found = summary(path, "--first", *named, "--results", tmp_path)
    assert (found["samples"], found["mean"]["value"]) == (100, pytest.approx(0.62))
    (submission,) = read_all(tmp_path)
    assert (submission.label, submission.repeats) == ("ToT (BFS), b = 5, first-ranked", 1)
    assert submission.task == "game24_tot_bfs_b_5_first_ranked"
    assert any(
        "the first response of each record; of all of them: mean 23.8%, any of them right 69.0%"
        in note
        for note in submission.notes
    )
    assert "its own verdicts are ours on 100 of 100 responses" in submission.notes


def test_a_run_on_another_list_is_a_loud_warning(tmp_path: Path) -> None:
    """Its idx is a row of its own list: what the public one holds there was never asked."""
    right, other = {"idx": 900, "ys": [RIGHT], "infos": [{"r": 1}]}, "Answer: (1 + 7 - 2) * 4 = 24"
    log = records(tmp_path / "log", {**right, "idx": 901}, {"idx": 902, "ys": [other], "accs": [1]})
    result = rescore(log)
    assert result.exit_code == 0 and "0 of 2 are ours" in result.stdout
    assert "warning: the file's own verdicts and ours differ on 2 of 2 responses (100.0%)" in (
        result.stderr
    )
    assert "it calls 2 right, here 0 are" in result.stderr and "--ranks" in result.stderr
    own = tmp_path / "own.csv"
    own.write_text("Puzzles\n" + "1 1 4 6\n" * 901 + f"{HAND}\n1 2 4 7\n")
    result = rescore(log, "--ranks", own)
    assert result.stderr == "" and "100.00%" in result.stdout
    named = [{"idx": 5, "x": HAND, "ys": [RIGHT], "correct": True}] * 49
    few = records(tmp_path / "few", *named, {**named[0], "correct": False})
    assert rescore(few).stderr == ""  # 1 of 50 is 2%
    assert (
        "differ on 1 of 49" in rescore(records(few, *named[1:], named[0] | {"correct": 0})).stderr
    )


def test_any_json_is_rescored_by_its_fields(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    rows = [{"doc": {"hand": HAND.split()}, "chat": [{"role": "assistant", "content": RIGHT}]}]
    path.write_text(json.dumps({"rows": rows * 2}, indent=1))
    found = summary(path, "--hand-key", "rows.doc.hand", "--response-key", "rows.chat")
    assert (found["format"], found["samples"], found["mean"]["value"]) == ("keys", 2, 1.0)
    fails_with(rescore(path, "--hand-key", "rows.doc.hand"), "--response-key go together")
    fails_with(rescore(path, "--target-key", "x"), "--hand-key and --response-key")
    fails_with(rescore(path), "its fields are rows", '{"numbers": [4, 4, 6, 8], "response":')


@pytest.mark.parametrize("hand", ["4.0 4 6.0 8", ["4", "4", "6", "8"], [4.0, 4, 6, 8]])
@pytest.mark.parametrize("target", [24, 24.0, "24", "24.0", None])
def test_hands_and_targets_are_read_as_people_write_them(
    hand: object, target: object, tmp_path: Path
) -> None:
    right = "Answer: (6 - 4) * (4 + 8)"
    path = records(tmp_path / "t", {"numbers": hand, "target": target, "response": right})
    assert summary(path)["mean"]["value"] == 1.0


def test_a_label_is_for_methods_of_others(file: Path, tmp_path: Path) -> None:
    named = ("--model", "m", "--label", "Their way", "--results", tmp_path / "r")
    fails_with(rescore(file, *named, "--method", "io"), "give it with --method other")
    assert rescore(file, *named, "--method", "other").exit_code == 0
    (submission,) = read_all(tmp_path / "r")
    assert (submission.label, submission.task) == ("Their way", "game24_their_way")


@published
def test_the_teachers_responses_are_read_whole() -> None:
    found = summary(TRANSCRIPTS / "gpt-4o_onestep_tot_teacher_all_hands.jsonl")
    assert (found["format"], found["hands"], found["samples"]) == ("slm-tot-teacher", 1362, 1412)
    assert found["best_of"]["value"] * 1362 >= 198


def test_without_a_model_there_is_a_summary_and_a_line_that_says_how_to_save(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = rescore(file)
    assert result.exit_code == 0, result.output
    for words in ("plain", "2 of 100 (hard100)", "4, 2 a hand", "25.00% [", "best of 2", "pass@1"):
        assert words in result.stdout
    for words in ("wrong_numbers 2", "no_answer 1", "1 responses, scored as wrong", "--model NAME"):
        assert words in result.stdout
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_with_a_model_and_a_method_it_is_a_row_of_the_leaderboard(
    file: Path, tmp_path: Path
) -> None:
    results = tmp_path / "results"
    arguments = (file, "--model", "gpt-x", "--method", "cot", "--output", results)
    result = rescore(*arguments)
    assert result.exit_code == 0, result.output
    path = results / "submissions" / "gpt-x" / "game24_cot.anyshot.other.x2.hands2.rescored.json"
    assert f"wrote {path}" in result.stdout and "--model NAME" not in result.stdout
    (submission,) = read_all(results)
    assert (submission.obtained, submission.variant) == ("rescored", "other")
    assert submission.source == "responses.jsonl"
    assert str(tmp_path) not in submission.model_dump_json()
    board = runner.invoke(app, ["leaderboard", "--results", str(results)])
    assert board.exit_code == 0 and "2 of 100 x 2" in board.stdout
    assert "Source: responses.jsonl." in (results / "LEADERBOARD.md").read_text()
    fails_with(rescore(*arguments), "--overwrite")
    assert rescore(*arguments, "--overwrite").exit_code == 0


def test_json_says_where_the_submission_is(file: Path, tmp_path: Path) -> None:
    arguments = (file, "--model", "m", "--method", "io", "--results", tmp_path / "r")
    found = summary(*arguments, "--prompt", "default", "--num_fewshot", "5", "--source", "a page")
    assert Path(found["submission"]).name == "game24_io.5shot.x2.hands2.rescored.json"
    (submission,) = read_all(tmp_path / "r")
    assert (submission.source, submission.shots, submission.variant) == ("a page", 5, "default")
    assert summary(*arguments, "--no-save")["submission"] is None
    assert len(read_all(tmp_path / "r")) == 1


def test_bad_records_are_one_line_and_no_submission(file: Path, tmp_path: Path) -> None:
    with file.open("a") as more:
        more.write('{"numbers": "4 4 6 8"\n')
    arguments = (file, "--model", "m", "--method", "io", "--results", tmp_path / "r")
    fails_with(rescore(*arguments), "1 bad record, line 4: not JSON", "--skip-bad leaves them out")
    assert not (tmp_path / "r").exists()
    result = rescore(*arguments, "--skip-bad")
    assert "left out" in result.stdout and "line 4" in result.stdout
    assert read_all(tmp_path / "r")[0].notes[-1] == (
        "records that could not be used and were left out: 1"
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--model", "m"], ["--model and --method go together"]),
        (["--method", "io"], ["--model and --method go together"]),
        (["--model", " ", "--method", "io"], ["the model has no name"]),
        (["--model", "m", "--method", "tot"], ["no method 'tot'", "io, cot, onestep_tot, other"]),
        (["--model", "m", "--method", "io", "--prompt", "x"], ["no prompt 'x'", "default"]),
        (["--format", "csv"], ["no format 'csv'", "lm-eval"]),
        (["--format", "lm-eval"], ["3 bad records (lines 1, 2, 3)", "doc is missing"]),
        (["--split", "hard10"], ["did you mean hard100"]),
        (["--split", "val"], ["4 5 6 10 is not in val", "here hard100"]),
        (["--hands", "requests"], ["--hands goes with openai-batch"]),
    ],
)
def test_what_a_user_can_get_wrong_is_one_line_that_says_what_to_do(
    arguments: list[str], words: list[str], file: Path, tmp_path: Path
) -> None:
    fails_with(rescore(file, *arguments, "--results", tmp_path / "r"), *words)
    assert not (tmp_path / "r").exists()


def test_files_that_are_not_there_or_hold_nothing(file: Path, tmp_path: Path) -> None:
    fails_with(rescore(tmp_path / "missing"), "missing: No such file: give the path")
    fails_with(rescore(tmp_path), "not a file")
    fails_with(rescore(records(tmp_path / "empty")), "holds no records")
    fails_with(
        rescore(records(tmp_path / "other", {"a": 1})), "the formats are lm-eval (doc, resps)"
    )
    log = records(tmp_path / "log", {"idx": 0, "ys": [RIGHT]})
    fails_with(rescore(log), "rank 1", "--ranks")
    fails_with(rescore(log, "--ranks", tmp_path / "none.csv"), "none.csv", "No such file")
    fails_with(rescore(log, "--ranks", file), "no columns Rank and Puzzles")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{}".encode("utf-16"), ["line 1: not UTF-8 text", "save the file as UTF-8"]),
        (b'[{"a": "\xe9"}]', ["not UTF-8 text", "save the file as UTF-8"]),
        (b"{'a': 1}\n", ["line 1: not JSON", "one JSON object a line", "double quotes"]),
        (b"numbers,response\n4 5 6 10,x\n", ["not JSON", "one JSON object a line"]),
        (b'{"idx": ' + b"9" * 5_000 + b"}\n", ["an integer of more than 4,300 digits)"]),
        (b'[{"idx": ' + b"9" * 5_000 + b"}]\n", ["an integer of more than 4,300 digits)"]),
    ],
)
def test_a_file_that_is_no_json_is_told_how_to_become_it(
    content: bytes, words: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "t"
    path.write_bytes(content)
    fails_with(rescore(path), *words)


def test_a_path_of_many_steps_is_refused_and_a_deep_record_is_read(tmp_path: Path) -> None:
    deep = '{"q": ' * 900 + f'"{HAND}"' + "}" * 900
    path = tmp_path / "t"
    path.write_text('{"q": ' + deep + ', "h": "' + HAND + '", "r": "' + RIGHT + '"}\n')
    keys = {"--hand-key": "h", "--response-key": "r"}
    assert summary(path, *(part for pair in keys.items() for part in pair))["samples"] == 1
    many = ".".join(["q"] * 901)
    for name in (*keys, "--target-key"):
        given = {**keys, name: many}
        result = rescore(path, *(part for pair in given.items() for part in pair))
        fails_with(result, f"{name} has 901 steps: a path has at most 32")


def test_a_hand_outside_of_the_deck_needs_a_word(tmp_path: Path) -> None:
    path = records(tmp_path / "t", {"numbers": "1 2 3", "target": 6, "response": "Answer: 1+2+3"})
    fails_with(rescore(path), "1 2 3 for 6 is not four cards", "--any-hand")
    found = summary(path, "--any-hand", "--model", "m", "--method", "io", "--results", tmp_path)
    assert (found["split"], found["mean"]["value"]) == ("other", 1.0)
    named = ("--any-hand", "--split", "three cards", "--model", "n", "--method", "io")
    assert summary(path, *named, "--results", tmp_path)["split"] == "three cards"


def test_a_results_folder_that_cannot_be_written_is_known_before_reading(
    file: Path, tmp_path: Path
) -> None:
    broken = records(tmp_path / "broken", {"numbers": HAND, "response": ""}, {})
    results = tmp_path / "file"
    results.write_text("not a folder")
    arguments = ("--model", "m", "--method", "io", "--results", results)
    fails_with(rescore(broken, *arguments), "cannot write", "make it writable")


def test_a_file_whose_name_is_no_text(file: Path, tmp_path: Path) -> None:
    odd = tmp_path / "odd\udcff\n[bold].jsonl"
    odd.write_bytes(file.read_bytes())
    arguments = (odd, "--model", "m", "--method", "io", "--results", tmp_path / "r")
    assert rescore(*arguments).exit_code == 0
    assert read_all(tmp_path / "r")[0].source == "odd?\n[bold].jsonl"


def test_a_large_file_shows_how_far_it_is(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from tot24_bench.transcripts import read_transcript

    transcript = read_transcript(file)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with counting(transcript.size, "rescore") as tick:
        for _ in transcript:
            tick(transcript.position)
    shown = capsys.readouterr().err
    assert "rescore" in shown and "100%" in shown


def test_the_samples_of_lm_eval_itself_score_as_lm_eval_says(student: Path, tmp_path: Path) -> None:
    task, length = "game24_onestep_tot", {"max_gen_toks": 512}
    out = run_lm_eval(tmp_path / "out", student, (task,), limit=8, generation=length)
    (samples,) = out.glob("**/samples_*.jsonl")
    figures = json.loads(results_file(out).read_text())["results"][task]
    found = summary(samples)
    assert (found["format"], found["hands"]) == ("lm-eval", 8)
    assert found["mean"]["value"] > 0
    for name, value in found["metrics"].items():
        assert value == pytest.approx(figures[f"{name},none"]), name


def test_the_responses_of_a_measured_submission_score_as_they_did(
    root: Path, tmp_path: Path
) -> None:
    measured: Submission = next(s for s in read_all(root / "results") if s.obtained == "measured")
    path = records(
        tmp_path / "t",
        *({"numbers": s.puzzle.text, "response": list(s.responses)} for s in measured.samples),
    )
    found = summary(path)
    assert found["mean"]["value"] == pytest.approx(measured.metrics.acc)
    assert found["split"] == measured.split


words = st.text(max_size=8) | st.sampled_from(
    ["numbers", "response", "idx", "ys", "custom_id", "doc", "resps", "original_puzzle", HAND]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.dictionaries(words, values, max_size=5), max_size=3), st.booleans())
def test_no_transcript_is_a_traceback(tmp_path: Path, found: list[object], skip_bad: bool) -> None:
    path = records(tmp_path / "t", {"numbers": HAND, "response": RIGHT}, *found)
    result = rescore(path, *(["--skip-bad"] if skip_bad else []))
    if result.exit_code == 0:
        assert result.exception is None
    else:
        fails_with(result)
