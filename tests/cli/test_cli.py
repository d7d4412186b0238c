"""The command line as a user meets it: real runs on a tiny checkpoint, and what goes wrong."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from tot24_bench.cli import app
from tot24_bench.cli.terminal import one_line_errors
from tot24_bench.leaderboard import read_all

runner = CliRunner()


def tot24(*arguments: str, stdin: str | bytes = "") -> Result:
    return runner.invoke(app, list(arguments), input=stdin)


def evaluation(checkpoint: Path, results: Path, *more: str) -> list[str]:
    return [
        *("eval", "--model", "hf", "--model_args", f"pretrained={checkpoint}", "--device", "cpu"),
        *("--tasks", "game24_io", "--limit", "3", "--gen_kwargs", "max_gen_toks=8"),
        *("--results", str(results), *more),
    ]


def fails_with(result: Result, *words: str) -> None:
    """Exit code 2, and one line after whatever progress bars stood on standard error."""
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.stderr
    (line,) = [part for part in result.stderr.splitlines() if "it/s]" not in part and part.strip()]
    assert line.startswith("tot24: ")
    for word in words:
        assert word in line


def test_solve_prints_every_distinct_solution() -> None:
    result = tot24("solve", "4", "4", "6", "8")
    assert result.exit_code == 0
    assert sorted(result.stdout.splitlines()) == ["(8 + 4 - 6) * 4 = 24", "(8 + 4) * (6 - 4) = 24"]


def test_solve_says_when_there_is_nothing() -> None:
    assert "cannot make 24" in tot24("solve", "1 1 1 1").stdout


def test_score_reads_a_response_from_standard_input() -> None:
    result = tot24("score", "4 4 6 8", stdin="Answer: (6 - 4) * (4 + 8) = 24")
    assert "verdict: correct" in result.stdout
    assert "value:   24" in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("[4, 4, 6, 8]",),
        ("4.0 4 6 8", "--target", "24.0"),
        ('{"target": 24, "numbers": ["4", 4, 6.0, 8]}',),
    ],
)
def test_score_reads_a_hand_as_a_dataset_holds_it(arguments: tuple[str, ...]) -> None:
    result = tot24("score", *arguments, stdin="Answer: (6 - 4) * (4 + 8) = 24")
    assert "verdict: correct" in result.stdout


def test_a_target_that_is_none_is_named() -> None:
    result = tot24("score", "4 4 6 8", "--target", "24.5", stdin="x")
    assert result.exit_code == 2 and "must be an integer" in result.stderr


@pytest.mark.parametrize(
    "command",
    ["score '4 4 6 8' < /dev/null", "solve 1 2 3 4 5", "leaderboard schema"],
)
def test_output_that_nobody_reads_is_no_error(command: str) -> None:
    """`true` has closed the pipe before anything is written, as `head -1` does later."""
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m tot24_bench.cli {command} | true"],
        capture_output=True,
        text=True,
        env=os.environ,
        check=False,
    )
    assert (done.stderr, done.returncode) == ("", 0)


def test_a_pipe_of_somebody_else_that_breaks_is_an_error() -> None:
    @one_line_errors()
    def asks() -> None:
        raise BrokenPipeError(errno.EPIPE, "the server hung up")

    with pytest.raises(typer.Exit) as raised:
        asks()
    assert raised.value.exit_code == 2


def test_an_evaluation_outside_of_a_checkout_says_nothing_of_git(
    tiny_checkpoint: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """`capfd` hears what git itself would write to the terminal, too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    done = tot24(*evaluation(tiny_checkpoint, tmp_path / "r", "--num_fewshot", "0"))
    assert done.exit_code == 0, done.output
    said = done.stderr + capfd.readouterr().err
    assert "fatal" not in said and "git" not in said


def test_score_survives_bytes_that_are_no_text() -> None:
    result = tot24("score", "4 4 6 8", "--json", stdin=b"\xff\xfe\x00Answer: 4 * 6")
    assert json.loads(result.stdout)["correct"] is False


def test_tasks_path_is_a_folder_that_lm_eval_can_include() -> None:
    folder = Path(tot24("tasks-path").stdout.strip())
    assert list(folder.glob("**/game24_onestep_tot.yaml"))


@pytest.mark.parametrize(
    "command",
    [
        "solve",
        "score",
        "eval",
        "rescore",
        "leaderboard",
        "tasks-path",
        "compare",
        "overlap",
        "difficulty",
        "baseline",
        "failures",
        "models",
    ],
)
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    result = tot24(command, "--help")
    assert result.exit_code == 0
    assert "tot24" in result.stdout


def test_an_evaluation_becomes_a_submission_and_a_row(
    tiny_checkpoint: Path, tmp_path: Path
) -> None:
    results = tmp_path / "results"
    done = tot24(*evaluation(tiny_checkpoint, results, "--num_fewshot", "0", "--name", "probe"))
    assert done.exit_code == 0, done.output
    (submission,) = read_all(results)
    assert submission.key == "probe/game24_io.0shot.first3"
    assert submission.n == 3
    assert submission.notes == ("the first 3 hands only",)
    assert submission.model.precision == "fp32"
    assert submission.model.checkpoint_sha256
    assert all(sample.responses for sample in submission.samples)
    assert str(tmp_path) not in submission.model_dump_json()
    board = tot24("leaderboard", "--results", str(results))
    assert board.exit_code == 0
    assert "probe" in board.stdout
    page = (results / "LEADERBOARD.md").read_text()
    assert "| probe |" in page

    again = tot24(*evaluation(tiny_checkpoint, results, "--num_fewshot", "0", "--name", "probe"))
    fails_with(again, "--overwrite")
    replaced = tot24(
        *evaluation(
            tiny_checkpoint, results, "--num_fewshot", "0", "--name", "probe", "--overwrite"
        )
    )
    assert replaced.exit_code == 0
    assert len(read_all(results)) == 1


def test_another_split_is_another_submission(tiny_checkpoint: Path, tmp_path: Path) -> None:
    """Without --device: a GPU where there is one, else the CPU."""
    arguments = evaluation(tiny_checkpoint, tmp_path, "--split", "val", "--name", "probe")
    place = arguments.index("--device")
    done = tot24(*arguments[:place], *arguments[place + 2 :])
    assert done.exit_code == 0, done.output
    assert read_all(tmp_path)[0].key == "probe/game24_io_val.5shot.first3"
    assert read_all(tmp_path)[0].split == "val"


def test_a_limit_that_leaves_no_hand_out_is_no_limit(tiny_checkpoint: Path, tmp_path: Path) -> None:
    arguments = evaluation(tiny_checkpoint, tmp_path, "--num_fewshot", "0", "--name", "probe")
    arguments[arguments.index("--limit") + 1] = "100"
    assert tot24(*arguments).exit_code == 0
    (submission,) = read_all(tmp_path)
    assert submission.key == "probe/game24_io.0shot"
    assert submission.notes == ()


def test_a_hand_that_is_not_positive_integers() -> None:
    fails_with(tot24("solve", "4", "4", "6", "x"), "positive integer")
    fails_with(tot24("solve", "4", "4", "6", "-8"), "positive integer")
    fails_with(tot24("score", "4 4 0 8", stdin=""), "positive integer")


def test_more_numbers_than_can_be_listed() -> None:
    fails_with(tot24("solve", *map(str, range(1, 8))), "too many", "at most 6")


def test_an_unknown_split() -> None:
    fails_with(tot24("eval", "--split", "hard10"), "did you mean hard100")


def test_an_unknown_task_or_variant_or_shots() -> None:
    fails_with(tot24("eval", "--tasks", "game24_tot"), "the tasks are")
    fails_with(tot24("eval", "--exemplars", "publish"), "published")
    fails_with(tot24("eval", "--num_fewshot", "6"), "0 to 5")


def test_a_missing_checkpoint(tmp_path: Path) -> None:
    fails_with(tot24(*evaluation(tmp_path / "nope", tmp_path / "results")), "no checkpoint at")
    assert not (tmp_path / "results").exists() or not any((tmp_path / "results").iterdir())


def test_a_checkpoint_without_a_tokenizer(tiny_checkpoint: Path, tmp_path: Path) -> None:
    import shutil

    bare = tmp_path / "bare"
    bare.mkdir()
    for name in ("config.json", "model.safetensors"):
        shutil.copy(tiny_checkpoint / name, bare / name)
    fails_with(tot24(*evaluation(bare, tmp_path / "results")), "holds no tokenizer")


def test_broken_weights_are_one_line(tiny_checkpoint: Path, tmp_path: Path) -> None:
    import shutil

    broken = tmp_path / "broken"
    shutil.copytree(tiny_checkpoint, broken)
    (broken / "model.safetensors").write_bytes(b"not weights")
    fails_with(tot24(*evaluation(broken, tmp_path / "results")), "cannot load")


def test_a_prompt_longer_than_the_context(tiny_checkpoint: Path, tmp_path: Path) -> None:
    arguments = evaluation(tiny_checkpoint, tmp_path / "results")
    arguments[arguments.index("max_gen_toks=8")] = "max_gen_toks=2000"
    fails_with(tot24(*arguments), "do not fit", "--num_fewshot 0")
    assert read_all(tmp_path / "results") == []


def test_a_results_folder_that_cannot_be_written(tiny_checkpoint: Path, tmp_path: Path) -> None:
    file = tmp_path / "results"
    file.write_text("a file stands where the folder should be")
    fails_with(tot24(*evaluation(tiny_checkpoint, file)), "results")


def test_a_leaderboard_of_nothing(tmp_path: Path) -> None:
    fails_with(tot24("leaderboard", "--results", str(tmp_path)), "tot24 eval")
