"""What `tot24 leaderboard verify` catches, each fault made by hand in a real submission."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tot24_bench.cli import app
from tot24_bench.game import load_split
from tot24_bench.leaderboard import (
    CannotRerun,
    Fault,
    Training,
    find_checkpoint,
    read,
    read_all,
    rerun,
    texts_of,
    verify,
    write,
)
from tot24_bench.leaderboard.submission import sha256_of
from tot24_bench.leaderboard.verify import MAX_FAULTS, verify_file

KEY = "scout-2m/game24_onestep_tot.0shot"
runner = CliRunner()

Edit = Callable[[dict[str, Any], list[dict[str, Any]]], None]


@pytest.fixture
def results(root: Path, tmp_path: Path) -> Path:
    """A results folder with one published submission."""
    folder = tmp_path / "results" / "submissions" / "scout-2m"
    folder.mkdir(parents=True)
    for file in (root / "results" / "submissions").glob(f"{KEY}.*"):
        shutil.copy(file, folder)
    hands = tmp_path / "results" / "training_hands"
    hands.mkdir()
    header = (folder.parent / f"{KEY}.json").read_text()
    for file in (root / "results" / "training_hands").iterdir():
        if file.stem in header:
            shutil.copy(file, hands)
    return tmp_path / "results"


def edit(results: Path, change: Edit) -> Path:
    """Change a submission as somebody who knows its format would: hashes and counts fit again."""
    path = results / "submissions" / f"{KEY}.json"
    zipped = path.with_name(f"{path.stem}.samples.jsonl.gz")
    header = json.loads(path.read_text())
    samples = [json.loads(line) for line in gzip.decompress(zipped.read_bytes()).splitlines()]
    change(header, samples)
    lines = "".join(json.dumps(sample, ensure_ascii=False) + "\n" for sample in samples).encode()
    zipped.write_bytes(gzip.compress(lines))
    if header["samples_sha256"] != "kept":
        header["samples_sha256"] = hashlib.sha256(lines).hexdigest()
        prompts = b"".join(bytes.fromhex(sample["prompt_sha256"]) for sample in samples)
        header["prompt_sha256"] = hashlib.sha256(prompts).hexdigest()
        header["n"] = len(samples)
        scores = [sample["scores"][0] for sample in samples]
        header["metrics"] = {
            name: sum(bool(score[field]) for score in scores) / len(scores)
            for name, field in (
                ("acc", "correct"),
                ("valid", "valid"),
                ("answered", "answered"),
                ("false_claim", "false_claim"),
                ("truncated", "truncated"),
            )
        }
        counts = [sample["tokens"][0] for sample in samples]
        header["mean_response_tokens"] = sum(counts) / len(counts)
    else:
        header["samples_sha256"] = json.loads(path.read_text())["samples_sha256"]
    path.write_text(json.dumps(header))
    return path


def a_wrong_one(samples: list[dict[str, Any]]) -> dict[str, Any]:
    return next(sample for sample in samples if not sample["scores"][0]["correct"])


def change_verdict(_: dict[str, Any], samples: list[dict[str, Any]]) -> None:
    a_wrong_one(samples)["scores"][0] |= {"correct": True, "verdict": "correct"}


def change_response(_: dict[str, Any], samples: list[dict[str, Any]]) -> None:
    right = next(sample for sample in samples if sample["scores"][0]["correct"])
    right["responses"] = ["Answer: 1 + 1 = 24"]


def keep_hash(header: dict[str, Any], samples: list[dict[str, Any]]) -> None:
    change_response(header, samples)
    header["samples_sha256"] = "kept"


def remove_wrong_hand(_: dict[str, Any], samples: list[dict[str, Any]]) -> None:
    samples.remove(a_wrong_one(samples))


def double_hand(_: dict[str, Any], samples: list[dict[str, Any]]) -> None:
    samples[samples.index(a_wrong_one(samples))] = samples[0]


def foreign_hand(_: dict[str, Any], samples: list[dict[str, Any]]) -> None:
    samples[0]["puzzle"]["numbers"] = [1, 1, 1, 8]


def other_prompt(_: dict[str, Any], samples: list[dict[str, Any]]) -> None:
    samples[3]["prompt_sha256"] = "0" * 64


def train_on_test(header: dict[str, Any], _: list[dict[str, Any]]) -> None:
    train_on(header, load_split("hard100")[7].text)


def no_hand(header: dict[str, Any], _: list[dict[str, Any]]) -> None:
    train_on(header, "four fours")


def train_on(header: dict[str, Any], hand: str) -> None:
    """As an older version stores it: the hands in the file itself."""
    header["schema_version"] = 2
    del header["model"]["training"]["hands_sha256"]
    header["model"]["training"]["hands"] = [hand]


FAULTS: dict[str, tuple[Edit, str]] = {
    "a changed verdict": (change_verdict, "verdict is stored as 'correct', but the response gives"),
    "a changed response": (change_response, "verdict is stored as 'correct', but the response"),
    "a changed response under the old hash": (keep_hash, "is not the hash of these samples"),
    "a removed hand": (remove_wrong_hand, "they are not the first 99 of hard100"),
    "a doubled hand": (double_hand, "is asked twice"),
    "a foreign hand": (foreign_hand, "hand 1 1 1 8 does not belong to it"),
    "another prompt": (other_prompt, "is not that of this benchmark's 0-shot onestep_tot prompt"),
    "a test hand in the training data": (train_on_test, "(hard100)"),
    "a training hand that is none": (no_hand, "model.training"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_verify_catches(fault: str, results: Path) -> None:
    change, message = FAULTS[fault]
    edit(results, change)
    found = runner.invoke(app, ["leaderboard", "verify", "--results", str(results)])
    assert found.exit_code == 2
    assert message in found.stderr, found.output


def test_an_untouched_submission_is_consistent(results: Path) -> None:
    edit(results, lambda header, samples: None)
    found = runner.invoke(app, ["leaderboard", "verify", "--results", str(results)])
    assert found.exit_code == 0, found.output
    assert "1 of 1 submissions are consistent, 100 responses" in found.stdout
    assert "not who wrote the responses" in found.stdout


@pytest.mark.parametrize(
    "folder",
    ["results", "training/study", "training/study/pretrained", "training/study/full-budget"],
)
def test_every_published_submission_is_consistent(folder: str, root: Path) -> None:
    if not (root / folder / "submissions").is_dir():
        pytest.skip(f"{folder} is declared, and nobody has met its tests yet")
    every = list(verify(root / folder))
    assert every and not [fault for one in every for fault in one.faults]
    # What goes on from a student writes like it, says so (`base`), and is asked about all the same.
    odd = [fault for one in every for fault in one.warnings]
    assert {one.path.parent.name for one in odd} <= {"scout-2m-search"}
    assert {one.beside.parent.name for one in odd if one.beside} <= {"scout-2m"}


def test_several_processes_find_the_same(results: Path, root: Path) -> None:
    edit(results, change_verdict)
    for file in (root / "results" / "submissions" / "scout-2m").glob("game24_cot*"):
        shutil.copy(file, results / "submissions" / "scout-2m")
    alone, together = (list(verify(results, jobs)) for jobs in (1, 2))
    assert alone == together
    assert [bool(one.faults) for one in alone] == [False, False, True]


def test_a_submission_that_is_wrong_throughout_is_not_named_hand_by_hand(results: Path) -> None:
    def change(_: dict[str, Any], samples: list[dict[str, Any]]) -> None:
        for sample in samples:
            sample["responses"] = ["no"]

    assert len(verify_file(edit(results, change), results).faults) == MAX_FAULTS


def test_a_submission_under_another_name_is_out_of_place(results: Path) -> None:
    path = results / "submissions" / f"{KEY}.json"
    for file in (path, path.with_name(f"{path.stem}.samples.jsonl.gz")):
        shutil.move(file, file.with_name(file.name.replace("0shot", "1shot")))
    (one,) = verify(results)
    assert one.faults[0].where == "place" and "0shot.json" in one.faults[0].what


@pytest.mark.parametrize("name", ["notes.txt", "game24_cot.0shot.samples.jsonl.gz", "a.jsonl"])
def test_what_is_no_submission_may_not_lie_there(name: str, results: Path) -> None:
    (results / "submissions" / "scout-2m" / name).write_text("x")
    assert "belongs to no submission" in next(verify(results)).faults[0].what


def test_a_link_is_refused_and_not_followed(results: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (results / "submissions" / "scout-2m" / "x.json").symlink_to(tmp_path / "secret")
    (results / "submissions" / "away").symlink_to(tmp_path)
    found = runner.invoke(app, ["leaderboard", "verify", "--results", str(results)])
    assert found.exit_code == 2 and "secret" not in found.output.replace(str(tmp_path), "")
    assert found.stderr.count("is a link") == 3  # the folder, the file, and the file as submission


def test_nothing_to_verify_is_said(tmp_path: Path) -> None:
    found = runner.invoke(app, ["leaderboard", "verify", "--results", str(tmp_path)])
    assert found.exit_code == 2 and "no submissions under" in found.stderr


# Responses that are withheld.


@pytest.fixture
def withheld(results: Path) -> Path:
    """The same responses, rescored and withheld."""
    (submission,) = read_all(results)
    samples = tuple(
        sample.model_copy(
            update={
                "responses": (),
                "responses_sha256": tuple(map(sha256_of, sample.responses)),
            }
        )
        for sample in submission.samples
    )
    changes = {"obtained": "rescored", "source": "elsewhere", "samples": samples}
    write(type(submission)(**{**dict(submission), **changes}), results.parent / "withheld")
    return results.parent / "withheld"


def test_withheld_responses_are_counted_and_checked_by_whoever_has_them(
    withheld: Path, results: Path
) -> None:
    (one,) = verify(withheld)
    assert (one.faults, one.responses, one.withheld) == ((), 0, 100)
    texts = texts_of(sample.responses for sample in read_all(results)[0].samples)
    (one,) = verify(withheld, texts=texts)
    assert (one.faults, one.responses, one.withheld) == ((), 100, 0)


def test_a_measured_submission_may_not_withhold(withheld: Path) -> None:
    (submission,) = read_all(withheld)
    with pytest.raises(ValueError, match="a measured figure must give them"):
        type(submission)(**{**dict(submission), "obtained": "measured"})


# Asking the model again.


def test_the_shipped_checkpoint_writes_the_stored_responses_again(
    results: Path, root: Path
) -> None:
    (submission,) = read_all(results)
    folder = find_checkpoint(submission, (root, root / "students" / "scout-2m"))
    assert rerun(submission, folder, 2, "cpu") == []


def test_a_response_that_the_model_does_not_write_is_found(results: Path, root: Path) -> None:
    def change(_: dict[str, Any], samples: list[dict[str, Any]]) -> None:
        samples[0]["responses"] = [samples[0]["responses"][0] + " "]

    submission = read(edit(results, change))
    (difference,) = rerun(submission, root / "students" / "scout-2m", 1, "cpu")
    assert difference.stored == difference.again + " "
    assert difference.hand == submission.samples[0].puzzle.text


def test_without_the_checkpoint_nothing_is_run(results: Path, tmp_path: Path) -> None:
    (submission,) = read_all(results)
    with pytest.raises(CannotRerun, match="--checkpoint"):
        find_checkpoint(submission, (tmp_path,))


@pytest.mark.parametrize(
    "changes",
    [
        {"model": {"arguments": {"trust_remote_code": "True"}}},
        {"model": {"arguments": {"peft": "someone/adapter"}}},
        {"model": {"arguments": {"attn_implementation": "someone/kernel"}}},
        {"generation": {"custom_generate": "someone/code"}},
        {"generation": {"do_sample": True}},
    ],
)
def test_code_that_a_submission_names_is_never_loaded(
    changes: dict[str, Any], results: Path, tmp_path: Path
) -> None:
    (submission,) = read_all(results)
    model = submission.model.model_copy(update=changes.get("model", {}))
    strange = submission.model_copy(update={**changes, "model": model})
    with pytest.raises(CannotRerun, match=r"not run again|was sampled"):
        rerun(strange, tmp_path, 1, "cpu")


def test_declared_training_is_part_of_a_submission(results: Path, root: Path) -> None:
    (submission,) = read_all(results)
    training = submission.model.training
    record = json.loads((root / "students" / "scout-2m" / "training.json").read_text())
    assert isinstance(training, Training) and list(training.hands) == record["data"]["hands"]
    assert training.data_sha256 == record["data"]["sha256"]


def replaced(results: Path, **changes: Any) -> tuple[Fault, ...]:
    """The faults of the first submission with some fields changed, written as it then is."""
    (submission,) = read_all(results)
    target = results.parent / "changed"
    write(type(submission)(**{**dict(submission), **changes}), target)
    (one,) = verify(target)
    return one.faults


def test_hands_of_shuffled_are_dealt_as_it_says(results: Path) -> None:
    """hard100 as it is, called shuffled."""
    (fault, *_) = replaced(results, split="shuffled")
    assert "shuffled asks" in fault.what and "as they are dealt" in fault.what


def test_a_setting_that_no_prompt_has_is_a_fault_and_no_traceback(results: Path) -> None:
    faults = replaced(results, shots=900)
    assert faults and all(fault.where for fault in faults)


def test_training_hands_are_read_as_hands(results: Path) -> None:
    """In another order, between commas: the same hand."""
    (submission,) = read_all(results)
    asked = submission.samples[0].puzzle.numbers[::-1]
    model = submission.model.model_copy(
        update={"training": Training(hands=(",".join(map(str, asked)),))}
    )
    faults = replaced(results, model=model)
    assert any("model.training" in fault.where for fault in faults)
