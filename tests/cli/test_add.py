"""`tot24 leaderboard add`, `check`, `schema`, and the three commands of docs/add-a-model.md."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from tests.leaderboard.lm_eval_runs import edit_results
from tot24_bench.cli.add import count_of
from tot24_bench.cli.main import app
from tot24_bench.game import load_split
from tot24_bench.leaderboard import read, read_all, verify

runner = CliRunner()

RAW = ("\x1b", "\u202e", "\x07")
"""Characters that colour, turn round or ring."""


def leaderboard(*arguments: str | Path, answers: str | None = None) -> Result:
    return runner.invoke(app, ["leaderboard", *map(str, arguments)], input=answers)


def document(root: Path) -> str:
    return (root / "docs" / "add-a-model.md").read_text(encoding="utf-8")


def three_commands(root: Path) -> list[str]:
    """The first block of the page: what it promises."""
    block = re.search(r"```sh\n(.*?)```", document(root), re.DOTALL)
    assert block is not None
    return block[1].strip().splitlines()


def test_a_model_that_nobody_here_made_is_added_by_the_page_alone(
    root: Path, neox: Path, tmp_path: Path
) -> None:
    """A random GPT-NeoX, with real commands in a shell, in a folder that is no checkout of ours.

    Only the model's name is filled in, twice, and, for speed, the length of a response.
    """
    commands = three_commands(root)
    assert len(commands) <= 3
    evaluate, add, check = commands
    evaluate = evaluate.replace("FOLDER_OR_HUB_NAME", str(neox))
    check = check.replace("MODEL", "neox")
    assert evaluate.startswith("lm_eval ") and "--log_samples" in evaluate
    evaluate += f" --include_path {root / 'tasks'} --gen_kwargs max_gen_toks=4 --device cpu"
    binaries = str(Path(sys.executable).parent)
    environment = os.environ | {
        "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
        "OMP_NUM_THREADS": "1",
        "HF_HUB_OFFLINE": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
    }
    subprocess.run(["git", "init", "-q", "."], cwd=tmp_path, check=True)
    answers = "\nApache-2.0\nhttps://example.org/neox\n\n\n"  # name, licence, link, base, teacher
    for command, told in ((evaluate, ""), (add, answers), (check, "")):
        done = subprocess.run(
            command,
            shell=True,
            cwd=tmp_path,
            env=environment,
            input=told,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    submissions = read_all(tmp_path / "results")
    assert {one.task for one in submissions} == {
        "game24_io",
        "game24_cot",
        "game24_onestep_tot",
    }
    for one in submissions:
        assert (one.n, one.shots, one.variant, one.obtained) == (100, 5, "default", "measured")
        assert (one.model.name, one.model.licence) == ("neox", "Apache-2.0")
        assert one.model.parameters and one.model.checkpoint_sha256
    assert not any(one.faults for one in verify(tmp_path / "results", jobs=1))
    staged = subprocess.run(
        ["git", "diff", "--cached", "--name-only"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert len(staged) == 8 and {"results/LEADERBOARD.md", "results/index.html"} <= set(staged)


def test_the_page_names_no_option_that_does_not_exist(root: Path) -> None:
    text = document(root)
    for name in ("add", "check"):
        shown = runner.invoke(
            app, ["leaderboard", name, "--help"], env={"COLUMNS": "200", "TERM": "dumb"}
        ).stdout
        flags = set(re.findall(r"--[a-z-]+", shown))
        used = {
            flag
            for line in re.findall(rf"tot24 leaderboard {name} (.*)", text)
            for flag in re.findall(r"--[a-z-]+", line.split("`")[0])
        }
        assert used <= flags
    listed = re.search(r"`(--name [^`]*)`", text)
    assert listed is not None
    added = leaderboard("add", "--help").stdout
    assert all(flag in added for flag in listed[1].split())


def test_yes_takes_what_is_known(written: Path, tmp_path: Path) -> None:
    done = leaderboard("add", written, "--yes", "--results", tmp_path, "--licence", "MIT")
    assert done.exit_code == 0, done.output
    (submission,) = read_all(tmp_path)
    assert submission.model.licence == "MIT" and submission.model.link is None
    assert "a reviewer will ask: no link" in done.stdout
    assert "a reviewer will ask: a partial run: 3 of the 100 hands" in done.stdout
    assert "next: tot24 leaderboard check" in done.stdout


def test_it_asks_for_what_is_missing_and_for_nothing_else(written: Path, tmp_path: Path) -> None:
    training = tmp_path / "rows.jsonl"
    training.write_text('{"numbers": "1 1 1 8"}\n', encoding="utf-8")
    answers = f"my-neox\nMIT\n\nnobody/base\nGPT-4\n{training}\n"
    done = leaderboard("add", written, "--results", tmp_path / "r", answers=answers)
    assert done.exit_code == 0, done.output
    (submission,) = read_all(tmp_path / "r")
    model = submission.model
    assert (model.name, model.licence, model.link) == ("my-neox", "MIT", None)
    assert (model.base, model.teacher) == ("nobody/base", "GPT-4")
    assert model.training is not None and model.training.hands == ("1 1 1 8",)
    assert "Number of parameters" not in done.stdout and "Precision" not in done.stdout


def test_without_answers_it_names_the_flags(written: Path, tmp_path: Path) -> None:
    done = leaderboard("add", written, "--results", tmp_path, answers="")
    assert done.exit_code == 2 and "--yes" in done.stderr
    assert not (tmp_path / "submissions").exists()


def test_a_name_that_is_not_known_is_required(output: Path, tmp_path: Path) -> None:
    edit_results(output, lambda results: results["config"].update(model_args={}))
    done = leaderboard("add", output, "--yes", "--results", tmp_path / "r")
    assert done.exit_code == 2 and "--name" in done.stderr
    done = leaderboard("add", output, "--yes", "--results", tmp_path / "r", "--name", "mine")
    assert done.exit_code == 0, done.output


def test_a_dry_run_writes_nothing(written: Path, tmp_path: Path) -> None:
    done = leaderboard("add", written, "--yes", "--results", tmp_path / "r", "--dry-run")
    assert done.exit_code == 0
    assert "would write" in done.stdout and "neox" in done.stdout
    assert not (tmp_path / "r").exists()


def test_nothing_is_replaced_unless_asked(written: Path, tmp_path: Path) -> None:
    asked = ("add", written, "--yes", "--results", tmp_path)
    assert leaderboard(*asked).exit_code == 0
    again = leaderboard(*asked)
    assert again.exit_code == 2 and "--overwrite" in again.stderr
    assert leaderboard(*asked, "--overwrite").exit_code == 0


def test_a_test_hand_in_the_training_file_is_refused_loudly(written: Path, tmp_path: Path) -> None:
    training = tmp_path / "rows.txt"
    training.write_text("1 1 1 8\n" + load_split("hard100")[5].text + "\n", encoding="utf-8")
    done = leaderboard(
        "add", written, "--yes", "--teacher", "GPT-4", "--training", training, "--results", tmp_path
    )
    assert done.exit_code == 2
    assert "held-out" in done.stderr and "hard100" in done.stderr
    assert not (tmp_path / "submissions").exists()


def test_results_of_tot24_eval_are_taken_with_further_facts(neox: Path, tmp_path: Path) -> None:
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    arguments = f"--model_args pretrained={neox} --tasks game24_io --num_fewshot 0 --limit 2"
    options = f"--device cpu --gen_kwargs max_gen_toks=4 --results {theirs}"
    done = runner.invoke(app, ["eval", *arguments.split(), *options.split()])
    assert done.exit_code == 0, done.output
    done = leaderboard("add", theirs, "--yes", "--licence", "MIT", "--results", ours)
    assert done.exit_code == 0, done.output
    (mine,), (their,) = read_all(ours), read_all(theirs)
    assert mine.model.licence == "MIT" and mine.samples == their.samples


@pytest.mark.parametrize("name", ["../../x", "\x1b[31mred\x07", "\u202eevil", "/etc/passwd", "-rf"])
def test_no_name_leaves_the_folder_or_reaches_the_terminal(
    name: str, output: Path, tmp_path: Path
) -> None:
    def call(results: dict[str, object]) -> None:
        config = results["config"]
        assert isinstance(config, dict)
        config["model_args"] = {"model": name}
        results["model_name"] = name

    edit_results(output, call)
    results = tmp_path / "inner" / "results"
    done = leaderboard("add", output, "--yes", "--results", results)
    assert done.exit_code == 0, done.output
    assert not any(sign in done.output for sign in RAW)
    (path,) = results.rglob("*.json")
    assert path.parent.parent == results / "submissions"
    assert {entry.name for entry in tmp_path.iterdir()} == {"out", "inner"}
    done = leaderboard("check", path)
    assert done.exit_code == 0 and not any(sign in done.output for sign in RAW)


def test_secrets_and_addresses_of_model_args_are_not_published(
    output: Path, tmp_path: Path
) -> None:
    secret = {"model": "m", "base_url": "http://10.0.0.7/v1", "api_key": "sk-123", "dtype": "auto"}
    edit_results(output, lambda results: results["config"].update(model_args=secret))
    assert leaderboard("add", output, "--yes", "--results", tmp_path / "r").exit_code == 0
    text = "".join(path.read_text() for path in (tmp_path / "r").rglob("*.json"))
    assert "sk-123" not in text and "10.0.0.7" not in text and "auto" in text


def test_check_finds_nothing_in_what_add_wrote_wherever_it_lies(
    written: Path, tmp_path: Path
) -> None:
    assert leaderboard("add", written, "--yes", "--results", tmp_path / "r").exit_code == 0
    (path,) = (tmp_path / "r").rglob("*.json")
    zipped = path.with_name(f"{path.stem}.samples.jsonl.gz")
    done = leaderboard("check", path, zipped)
    assert done.exit_code == 0, done.output
    assert "1 of 1 submissions are consistent, 3 responses" in done.stdout
    assert "not that the model wrote" in done.stdout
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for file in (path, zipped):
        shutil.copy(file, elsewhere)
    assert leaderboard("check", elsewhere / path.name).exit_code == 0


def test_check_says_how_to_mend_each_fault(written: Path, tmp_path: Path) -> None:
    assert leaderboard("add", written, "--yes", "--results", tmp_path).exit_code == 0
    (path,) = tmp_path.rglob("*.json")
    header = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(header | {"hardware": "x", "shots": 3}), encoding="utf-8")
    done = leaderboard("check", path)
    assert done.exit_code == 2
    assert "place: it belongs at" in done.stderr and "-> move both files there" in done.stderr
    assert (
        "prompt_sha256 is not that" in done.stderr and "-> evaluate with the tasks" in done.stderr
    )
    assert "0 of 1 submissions are consistent" in done.stdout
    path.write_text("{" * 100_000, encoding="utf-8")
    assert leaderboard("check", path).exit_code == 2
    assert leaderboard("check", tmp_path / "absent.json").exit_code == 2


def test_published_submissions_pass_the_check(root: Path) -> None:
    """Some of each kind; all of them: test_published.py, and `tot24 leaderboard verify`."""
    folder = root / "results" / "submissions"
    kinds = ("scout-2m/*.5shot.json", "scout-2m/*_five.*.json", "scout-2m-search/*bfs-b1-t0.json")
    files = [file for kind in kinds for file in sorted(folder.glob(kind))]
    assert len(files) == 5
    done = leaderboard("check", *files)
    assert done.exit_code == 0, done.output
    assert all(read(file) for file in files)


def test_the_schema_in_docs_is_the_one_that_is_printed(root: Path, tmp_path: Path) -> None:
    """To mend: tot24 leaderboard schema --output docs/submission.schema.json."""
    stored = (root / "docs" / "submission.schema.json").read_text(encoding="utf-8")
    assert leaderboard("schema").stdout == stored
    file = tmp_path / "schema.json"
    assert leaderboard("schema", "--output", file).exit_code == 0
    assert file.read_text(encoding="utf-8") == stored


@pytest.mark.parametrize("text", ["", "many", "-1", "0", "1e9", "7 B x", "9" * 40])
def test_what_is_no_number_of_weights(text: str) -> None:
    with pytest.raises(ValueError, match="--parameters"):
        count_of(text)
