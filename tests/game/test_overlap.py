"""Overlap of inner states, and puzzles from names and files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tot24_bench.game import (
    BadDraw,
    Puzzle,
    State,
    UnknownSplit,
    can_reach,
    draw,
    load_split,
    overlap,
    read_puzzles,
    thoughts,
)
from tot24_bench.game.puzzle_files import BadHandsFile


def test_the_deck_against_the_published_counts() -> None:
    """The 1,262 other hands show 92% of a hand's winning states, in the mean over hard100."""
    hard = load_split("hard100")
    hands = {puzzle.hand for puzzle in hard}
    others = [puzzle for puzzle in load_split("full") if puzzle.hand not in hands]
    found = overlap(others, hard)
    assert (found.train_hands, found.test_hands, found.shared_hands) == (1262, 100, 0)
    assert found.states == 1_760
    assert found.mean_share == pytest.approx(0.925, abs=0.001)
    assert (found.winning_seen, found.winning) == (237, 271)
    assert found.none_seen == 0


def test_a_small_pair_by_hand() -> None:
    train, test = Puzzle.parse("4 4 6 8"), Puzzle.parse("4 4 8 6")
    found = overlap([train], [test])
    assert found.shared_hands == 1 and found.states == found.states_seen
    own = {t.left for t in thoughts(State.of(train))}
    assert found.states == len(own)
    assert found.winning == sum(can_reach(state, 24) for state in own) == found.winning_seen
    assert found.all_seen == 1 and found.by_hand[0].share == 1.0


def test_another_target_is_another_state() -> None:
    found = overlap([Puzzle.parse("4 4 6 8", 25)], [Puzzle.parse("4 4 6 8")])
    assert (found.shared_hands, found.states_seen) == (0, 0)


def test_five_numbers_are_followed_to_three_left() -> None:
    found = overlap(load_split("train")[:50], draw("five", size=1))
    assert found.states > 300 and found.states_seen > 0


def test_six_numbers_and_empty_sets_are_refused() -> None:
    with pytest.raises(ValueError, match="up to 5 numbers"):
        overlap(load_split("train")[:1], draw("six", size=1))
    with pytest.raises(ValueError, match="at least one hand"):
        overlap([], load_split("val"))


def test_names_of_splits_and_parts() -> None:
    assert read_puzzles("val") == load_split("val")
    assert read_puzzles("fresh-s7-n20") == draw("fresh", seed=7, size=20)
    assert read_puzzles("fresh-s7-n20/train") == draw("fresh", seed=7, size=20, part="train")
    with pytest.raises(BadDraw, match="test only"):
        read_puzzles("shuffled/train")
    with pytest.raises(UnknownSplit, match="nor is there a file"):
        read_puzzles("no-such-thing")


def test_a_student_lists_its_hands(root: Path) -> None:
    student = root / "students" / "scout-2m"
    puzzles = read_puzzles(str(student))
    record = json.loads((student / "training.json").read_text(encoding="utf-8"))
    assert [puzzle.text for puzzle in puzzles] == record["data"]["hands"]
    assert not {p.hand for p in puzzles} & {p.hand for p in load_split("hard100")}


def test_files_of_hands(tmp_path: Path) -> None:
    text = tmp_path / "hands.txt"
    text.write_text("# mine\n4 4 6 8\n\n3,3,8,8\n")
    assert [p.text for p in read_puzzles(str(text))] == ["4 4 6 8", "3 3 8 8"]
    lines = tmp_path / "traces.jsonl"
    rows = [
        {"numbers": [4, 4, 6, 8], "response": "x"},
        {"hand": "3 3 8 8", "target": 30},
        {"puzzle": {"numbers": [1, 2, 3], "target": 6, "rule": "some"}},
    ]
    lines.write_text("\n".join(map(json.dumps, rows)))
    found = read_puzzles(str(lines))
    assert [(p.text, p.target, str(p.rule)) for p in found] == [
        ("4 4 6 8", 24, "all"), ("3 3 8 8", 30, "all"), ("1 2 3", 6, "some"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.txt", b"4 4 6 8\nx\n", "a.txt: line 2: 'x' is not a positive integer"),
        ("a.txt", b"\n# nothing\n", "a.txt: holds no hand"),
        ("a.txt", b"\xff\xfe", "a.txt: not a text file"),
        ("a.jsonl", b"{}\n", "a.jsonl: line 1: none of numbers, hand, puzzle is there"),
        ("a.jsonl", b"[1]\n", "a.jsonl: line 1: none of"),
        ("a.jsonl", b"{\n", "a.jsonl: line 1: not JSON"),
        ("a.jsonl", b"[" * 200_000 + b"\n", "a.jsonl: line 1: not JSON"),
        ("a.jsonl", b'{"numbers": [1, -2]}\n', "line 1: -2 is not a positive integer"),
        ("training.json", b"{}", "training.json: does not list the hands"),
        ("training.json", b'{"data": {"hands": 3}}', "training.json: does not list the hands"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_line(
    tmp_path: Path, name: str, data: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(BadHandsFile, match=message):
        read_puzzles(str(tmp_path / name))
