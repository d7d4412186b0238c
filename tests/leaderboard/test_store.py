"""Two files that are there wholly or not at all, and that nobody need trust."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tot24_bench.leaderboard import (
    BadSubmission,
    ResultsNotWritable,
    SubmissionExists,
    check_writable,
    read,
    read_all,
    read_entry,
    store,
    write,
)

from .conftest import make_reported, make_submission

Files = dict[str, bytes]


def files(folder: Path) -> Files:
    """Everything below a folder, hidden files and empty folders too."""
    return {
        str(path.relative_to(folder)): b"" if path.is_dir() else path.read_bytes()
        for path in folder.rglob("*")
    }


def test_what_is_written_reads_back_equal(tmp_path: Path) -> None:
    for submission in (make_submission(repeats=3), make_reported()):
        assert read(write(submission, tmp_path)) == submission


def test_it_is_two_files_and_the_json_holds_no_responses(tmp_path: Path) -> None:
    path = write(make_submission(), tmp_path)
    stem = "submissions/scout-2m/game24_onestep_tot.0shot.first3"
    assert path == tmp_path / f"{stem}.json"
    assert files(tmp_path).keys() == {
        "submissions", "submissions/scout-2m", f"{stem}.json", f"{stem}.samples.jsonl.gz",
    }  # fmt: skip
    assert "samples" not in json.loads(path.read_text())
    assert os.stat(path).st_mode & 0o777 == 0o666 & ~umask()


def umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_reported_figure_is_one_file(tmp_path: Path) -> None:
    path = write(make_reported(), tmp_path)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_equal_submissions_give_equal_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(make_submission(), tmp_path / "a")
    monkeypatch.setattr("time.time", lambda: 1e9)
    write(make_submission(), tmp_path / "b")
    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_an_existing_submission_is_kept_unless_told_otherwise(tmp_path: Path) -> None:
    path = write(make_submission(right=1), tmp_path)
    before = files(tmp_path)
    with pytest.raises(SubmissionExists, match=r"--overwrite .* or --name") as raised:
        write(make_submission(right=2), tmp_path)
    assert str(path) in str(raised.value)
    assert files(tmp_path) == before
    write(make_submission(right=2), tmp_path, overwrite=True)
    assert read(path) == make_submission(right=2)
    assert files(tmp_path).keys() == before.keys()


def test_a_measured_a_rescored_and_a_reported_figure_stand_side_by_side(tmp_path: Path) -> None:
    same = {"task": "game24_onestep_tot", "method": "onestep_tot", "name": "GPT-4"}
    write(make_submission(**same), tmp_path)
    write(make_submission(obtained="rescored", source="public logs", **same), tmp_path)
    write(make_reported(**same), tmp_path)
    assert {s.obtained for s in read_all(tmp_path)} == {"measured", "rescored", "reported"}


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("failing", [0, 1, 2, 3])
def test_nothing_is_half_written_when_a_rename_fails(
    failing: int, overwrite: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if overwrite:
        write(make_submission(right=1), tmp_path)
    tmp_path.joinpath("other").write_text("kept")
    before = files(tmp_path)
    replace, calls = os.replace, []

    def fail_once(source: Path, to: Path) -> None:
        calls.append(to)
        if len(calls) == failing + 1:
            raise OSError(28, "No space left on device")
        replace(source, to)

    monkeypatch.setattr(os, "replace", fail_once)
    renames = 4 if overwrite else 2
    if failing < renames:
        with pytest.raises(ResultsNotWritable, match="No space left"):
            write(make_submission(right=2), tmp_path, overwrite=overwrite)
        assert files(tmp_path) == before
    else:
        write(make_submission(right=2), tmp_path, overwrite=overwrite)
        assert len(calls) == renames


def test_nothing_is_half_written_when_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ResultsNotWritable):
        write(make_submission(), tmp_path)
    assert files(tmp_path) == {}


def test_an_interruption_puts_back_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(make_submission(right=1), tmp_path)
    before = files(tmp_path)
    replace = os.replace

    def interrupted(source: Path, to: Path) -> None:
        replace(source, to)
        if str(source).endswith(".samples.jsonl.gz"):
            monkeypatch.setattr(os, "replace", replace)
            raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(make_submission(right=2), tmp_path, overwrite=True)
    assert files(tmp_path) == before


UNWRITABLE: dict[str, Callable[[Path], Path]] = {
    "a file": lambda folder: folder / "file",
    "below a file": lambda folder: folder / "file" / "results",
    "a folder that takes no files": lambda folder: Path("/proc/tot24"),
}


@pytest.mark.parametrize("case", UNWRITABLE)
def test_an_unwritable_folder_is_one_line_that_names_it(case: str, tmp_path: Path) -> None:
    tmp_path.joinpath("file").write_text("a file, not a folder")
    before = files(tmp_path)
    results = UNWRITABLE[case](tmp_path)
    submission = make_submission()
    for attempt in (
        lambda: write(submission, results),
        lambda: check_writable(results, submission.key),
    ):
        with pytest.raises(ResultsNotWritable, match="make it writable, or") as raised:
            attempt()
        assert str(results) in str(raised.value) and "\n" not in str(raised.value)
    assert files(tmp_path) == before


def test_the_early_check_leaves_nothing_behind(tmp_path: Path) -> None:
    submission = make_submission()
    check_writable(tmp_path / "results", submission.key)
    assert files(tmp_path) == {}
    write(submission, tmp_path / "results")
    before = files(tmp_path)
    check_writable(tmp_path / "results", submission.key, overwrite=True)
    with pytest.raises(SubmissionExists):
        check_writable(tmp_path / "results", submission.key)
    assert files(tmp_path) == before


def test_a_missing_results_folder_has_no_submissions(tmp_path: Path) -> None:
    assert read_all(tmp_path / "nowhere") == []


def test_all_are_read_in_one_order(tmp_path: Path) -> None:
    for name in ("b", "c", "a"):
        write(make_submission(name=name), tmp_path)
    assert [submission.model.name for submission in read_all(tmp_path)] == ["a", "b", "c"]


def test_a_submission_under_another_ones_name_is_refused(tmp_path: Path) -> None:
    path = write(make_submission(name="a"), tmp_path)
    shutil.copytree(path.parent, path.parent.with_name("b"))
    with pytest.raises(BadSubmission, match=r"belongs at a/game24_onestep_tot\.0shot"):
        read_all(tmp_path)


def header(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def samples_file(path: Path) -> Path:
    return path.with_name(f"{path.stem}.samples.jsonl.gz")


def damage_score(path: Path) -> None:
    lines = gzip.decompress(samples_file(path).read_bytes()).decode().splitlines()
    lines[1] = lines[1].replace('"correct":true', '"correct":"yes"')
    samples_file(path).write_bytes(gzip.compress("\n".join(lines).encode()))


def make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))


def cut_short(path: Path) -> None:
    samples_file(path).write_bytes(samples_file(path).read_bytes()[:-20])


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "no JSON": (lambda path: path.write_text("{"), r"0shot\.first3\.json: not JSON"),
    "no UTF-8": (lambda path: path.write_bytes(b'{"a": "\xff"}'), "not JSON"),
    "deep nesting": (lambda path: path.write_text("[" * 100_000), "not JSON"),
    "no object": (lambda path: path.write_text("[]"), "not a JSON object"),
    "nothing": (lambda path: path.write_text(""), "not JSON"),
    "a large file": (lambda path: path.write_text(" " * 5_000_000), "larger than"),
    "a missing field": (lambda path: path.write_text("{}"), "model: Field required .and"),
    "an unknown field": (lambda path: header(path, colour=1), "colour: Extra inputs"),
    "another schema": (lambda path: header(path, schema_version=4), "schema_version: "),
    "samples inside": (lambda path: header(path, samples=[]), "samples: they belong in"),
    "another accuracy": (
        lambda path: header(path, metrics={**json.loads(path.read_text())["metrics"], "acc": 1.0}),
        r"metrics\.acc is 1\.0, but the stored samples give 0\.6666666667",
    ),
    "no samples": (
        lambda path: samples_file(path).unlink(),
        r"samples\.jsonl\.gz is missing beside it",
    ),
    "no samples and no hash": (
        lambda path: (header(path, samples_sha256=None), samples_file(path).unlink()),
        "samples are missing",
    ),
    "no hash": (lambda path: header(path, samples_sha256=None), "samples_sha256 in .* is not the"),
    "another hash": (lambda path: header(path, samples_sha256="0" * 64), "samples_sha256 in"),
    "a hash that is none": (lambda path: header(path, samples_sha256=7), "samples_sha256: not a"),
    "a link": (lambda path: link(path), "is a link"),
    "linked samples": (lambda path: link(samples_file(path)), "is a link"),
    "no gzip": (lambda path: samples_file(path).write_text("{}"), "not a whole gzip file"),
    "half a gzip": (cut_short, "not a whole gzip file"),
    "a score that is none": (damage_score, r"gz: line 2: scores\.0\.correct: .*boolean"),
    "a folder": (make_folder, "cannot be read"),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_a_damaged_file_is_one_line_that_names_file_and_field(case: str, tmp_path: Path) -> None:
    path = write(make_submission(), tmp_path)
    damage, message = DAMAGE[case]
    damage(path)
    with pytest.raises(BadSubmission, match=message):
        read_entry(path)
    with pytest.raises(BadSubmission, match=message) as raised:
        read(path)
    assert str(path.parent / path.stem) in str(raised.value)
    assert "\n" not in str(raised.value) and len(str(raised.value)) < len(str(path)) + 500


def test_a_gzip_bomb_is_not_decompressed_in_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(make_submission(), tmp_path)
    samples_file(path).write_bytes(gzip.compress(b" " * 50_000_000))
    monkeypatch.setattr(store, "MAX_SAMPLE_BYTES", 1_000_000)
    taken = []
    readline = gzip.GzipFile.readline

    def counting(file: gzip.GzipFile, size: int | None = -1) -> bytes:
        line = readline(file, size)
        taken.append(len(line))
        return line

    monkeypatch.setattr(gzip.GzipFile, "readline", counting)
    with pytest.raises(BadSubmission, match="line 1: too large when decompressed"):
        read(path)
    assert sum(taken) <= 1_000_001


def test_many_samples_are_bounded_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(make_submission(), tmp_path)
    monkeypatch.setattr(store, "MAX_SAMPLES_BYTES", 1_000)
    with pytest.raises(BadSubmission, match=r"line 3: too large|line 2: too large"):
        read(path)
