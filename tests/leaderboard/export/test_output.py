"""Exports are written below one place: never through a link, never over a file unasked."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tot24_bench.leaderboard.export import (
    ExportExists,
    File,
    NothingToExport,
    UnsafeOutput,
    choose,
    hub_id,
    write_file,
    write_files,
)

from ..conftest import make_submission
from .conftest import store


def test_files_are_written_in_their_folders(tmp_path: Path) -> None:
    out = tmp_path / "out"
    written = write_files(out, [File.of("a/b.txt", "one"), File.of("c.txt", b"two")])
    assert [path.read_text() for path in written] == ["one", "two"]
    assert sorted(path.name for path in out.rglob("*")) == ["a", "b.txt", "c.txt"]
    assert stat.S_IMODE(written[0].stat().st_mode) == 0o644


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "a//b", "", "a/.", "a\\b", "a\0b"])
def test_a_name_that_leaves_the_folder_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UnsafeOutput):
        write_files(tmp_path / "out", [File.of("good", "x"), File.of(name, "x")])
    assert not (tmp_path / "out").exists()


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    precious = target / "precious"
    precious.write_text("kept")
    out = tmp_path / "out"
    out.mkdir()
    (out / "folder").symlink_to(target)
    (out / "file").symlink_to(precious)
    (out / "dangling").symlink_to(target / "new")
    (tmp_path / "all").symlink_to(target)
    for folder, name in (
        (out, "folder/precious"),
        (out, "file"),
        (out, "dangling"),
        (tmp_path / "all", "precious"),
    ):
        with pytest.raises(UnsafeOutput, match="is a link"):
            write_files(folder, [File.of(name, "lost")], overwrite=True)
    with pytest.raises(UnsafeOutput, match="is a link"):
        write_file(out / "file", "lost", overwrite=True)
    assert precious.read_text() == "kept" and [p.name for p in target.iterdir()] == ["precious"]


def test_a_file_that_is_there_stays_unless_it_may_be_overwritten(tmp_path: Path) -> None:
    files = [File.of("new", "1"), File.of("old", "2")]
    (tmp_path / "old").write_text("0")
    with pytest.raises(ExportExists, match="--overwrite"):
        write_files(tmp_path, files)
    assert not (tmp_path / "new").exists() and (tmp_path / "old").read_text() == "0"
    write_files(tmp_path, files, overwrite=True)
    assert (tmp_path / "old").read_text() == "2"
    with pytest.raises(ExportExists, match="is a file"):
        write_files(tmp_path / "old", files, overwrite=True)


def test_a_failure_leaves_no_half_file(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise ValueError("the rest is damaged")

    with pytest.raises(ValueError, match="damaged"):
        write_files(tmp_path / "out", [File("a", broken)])
    assert list((tmp_path / "out").iterdir()) == []


def test_rows_are_chosen_by_split_and_model(tmp_path: Path) -> None:
    results = store(tmp_path, [make_submission(name="a"), make_submission(name="b")])
    assert [entry.header.model.name for entry in choose(results, models=["b"])] == ["b"]
    assert len(choose(results, splits=["hard100"])) == 2
    with pytest.raises(NothingToExport, match="the models are 'a', 'b'"):
        choose(results, models=["c"])
    with pytest.raises(NothingToExport, match="tot24 eval"):
        choose(tmp_path / "none")


@pytest.mark.parametrize(
    ("name", "model", "expected"),
    [
        ("HuggingFaceTB/SmolLM2-135M", {}, "HuggingFaceTB/SmolLM2-135M"),
        ("tiny", {"link": "https://huggingface.co/some-lab/tiny"}, "some-lab/tiny"),
        ("tiny", {"link": "https://huggingface.co.evil.org/some-lab/tiny"}, None),
        ("tiny", {"link": "https://huggingface.co/../../x"}, None),
        ("tiny", {}, None),
        ("../x", {}, None),
        ("a/..", {}, None),
        ("a/b/c", {}, None),
        ("a/b--c", {}, None),
        ("a/b\n", {}, None),
        ("openai/gpt-4o", {"backend": "openai-chat-completions"}, None),
    ],
)
def test_a_hub_name_is_an_owner_and_a_repository(
    name: str, model: dict[str, str], expected: str | None
) -> None:
    assert hub_id(make_submission(name=name, model=model)) == expected
