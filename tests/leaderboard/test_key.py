"""A submission's place is inside the results folder, whatever it is called."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tot24_bench.leaderboard import key_of, path_of


def test_every_part_of_the_setting_is_in_the_key() -> None:
    assert key_of("scout-2m", "game24_io", shots=0) == "scout-2m/game24_io.0shot"
    everything = key_of(
        "scout-2m", "game24_io", shots=5, split="val", chat=True, variant="search",
        obtained="rescored",
    )  # fmt: skip
    assert everything == "scout-2m/game24_io_val.5shot.chat.search.rescored"


def test_a_task_that_names_its_split_does_not_name_it_twice() -> None:
    assert key_of("m", "game24_io_full", shots=0, split="full") == "m/game24_io_full.0shot"


def test_a_hub_name_stays_readable() -> None:
    assert key_of("org/SmolLM2-135M", "t", shots=5) == "org--SmolLM2-135M/t.5shot"


HOSTILE = (
    "", ".", "..", "...", "/", "//", "../..", "../../../etc/passwd", "..\\..\\x", "/etc/passwd",
    "~", "-rf", "--", ".hidden", "a/..", "../a", "a\0b", "a\nb", "C:\\x", "con:", "\u202egnp",
    "x" * 10_000, "é" * 500, "a/" * 300, "\ud800",
)  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: ascii(name[:20]))
def test_a_hostile_name_cannot_leave_the_folder(name: str, tmp_path: Path) -> None:
    for key in (key_of(name, "t", shots=0), key_of("m", name, shots=0, split=name)):
        assert_inside(tmp_path, key)


@given(st.text(), st.text(), st.text())
def test_no_text_leaves_the_folder(model: str, task: str, split: str) -> None:
    assert_inside(Path("/results"), key_of(model, task, shots=3, split=split))


def assert_inside(results: Path, key: str) -> None:
    path = path_of(results, key)
    assert path.resolve().parents[2] == results.resolve() == path.parents[2]
    assert all(len(part.encode()) < 230 and part.isascii() for part in key.split("/"))
    assert not any(part.startswith((".", "-")) for part in key.split("/"))


def test_names_that_look_alike_do_not_share_a_file() -> None:
    names = ["a b", "a-b", "a_b", "a/b", "a--b", "a/b/c", "a//b", " a-b", "a-b.", "é", "è", ""]
    names += ["x" * 90 + "1", "x" * 90 + "2"]
    assert len({key_of(name, "t", shots=0) for name in names}) == len(names)
    tasks = ["t", "t.0shot", "t.chat", "t-0shot"]
    assert len({key_of("m", task, shots=0) for task in tasks}) == len(tasks)
    assert key_of("m", "t.0shot", shots=5) != key_of("m", "t", shots=0, variant="5shot")


@pytest.mark.parametrize("key", ["../x", "a", "a/b/c", "a/..", "/a/b", "a/b\n", "a/.b", ""])
def test_a_key_that_was_made_by_hand_is_refused(key: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="make it with key_of"):
        path_of(tmp_path, key)
