"""`tot24 tree`, as a user calls it."""

from __future__ import annotations

import json
import os
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.search.searches import beam_search
from tot24_bench.cli import app
from tot24_bench.game import Puzzle

SUBMISSION = "results/submissions/scout-2m/game24_onestep_tot.0shot.json"
RESPONSE = """Steps:
4 + 8 = 12 (left: 4 6 12): dead end
8 - 4 = 4 (left: 4 4 6): dead end
6 - 4 = 3 (left: 3 4 8)
Answer: 3 * 8 = 24
"""


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["tree", *map(str, arguments)])


def refused(message: str, *arguments: object) -> None:
    """The command ends with one line that says what is wrong."""
    done = call(*arguments)
    assert done.exit_code == 2, done.output
    assert message in done.output and len(done.output.strip().splitlines()) == 1, done.output


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """Three searches for two hands, as a run saves them."""
    file = tmp_path / "trees.jsonl"
    hands = [Puzzle.parse("4 5 6 10"), Puzzle.parse("1 2 4 7"), Puzzle.parse("4 5 6 10")]
    trees = [beam_search(hand, beam) for hand, beam in zip(hands, (5, 1, 2), strict=True)]
    extra = {"right": [False], "calls": 3, "tokens": 9}
    file.write_text("".join(json.dumps(tree.to_json() | extra) + "\n" for tree in trees))
    return file


@pytest.fixture
def response(tmp_path: Path) -> Path:
    file = tmp_path / "response.txt"
    file.write_text(RESPONSE)
    return file


def test_a_saved_search_is_drawn_folded_or_whole(saved: Path) -> None:
    done = call(saved, "--puzzle", "10 4 5 6")
    assert done.exit_code == 0, done.output
    assert "4 5 6 10 to 24: ToT (BFS), b = 5" in done.output
    assert "more, pruned" in done.output and "judged falsely ✗" in done.output
    whole = call(saved, "--puzzle", "10 4 5 6", "--all")
    assert "pruned" not in whole.output and len(whole.output) > len(done.output)
    second = call(saved, "--puzzle", "4 5 6 10", "--repeat", 2)
    assert "ToT (BFS), b = 2" in second.output


def test_the_hands_of_a_file_are_listed(saved: Path, root: Path) -> None:
    done = call(saved)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == ["4 5 6 10  2", "1 2 4 7  1"]
    assert "2 hands, 3 searches; draw one: tot24 tree" in done.stderr
    assert '--puzzle "4 5 6 10"' in done.stderr
    assert len(call(root / SUBMISSION).stdout.splitlines()) == 100


def test_a_response_in_a_text_file_is_drawn(response: Path) -> None:
    done = call(response, "--puzzle", "8 6 4 4")
    assert done.exit_code == 0, done.output
    assert "4 + 8 = 12  left 4 6 12  ● can win  dead end ✗" in done.output
    assert "8 - 4 = 4  left 4 4 6  ○ dead  dead end ✓" in done.output
    assert "6 - 4 = 3  left 3 4 8  ⚠ the result is wrong  answer wrong ✗" in done.output
    assert "3 * 8  ✗ wrong  uses 3, not in the hand; leaves out 4, 4, 6" in done.output
    other = call(response, "--puzzle", "4 4 6 8", "--target", 20)
    assert "4 4 6 8 to 20" in other.output


def test_a_submission_by_either_of_its_files(root: Path) -> None:
    for name in (SUBMISSION, SUBMISSION.replace(".json", ".samples.jsonl.gz")):
        done = call(root / name, "--puzzle", "10, 6, 5, 4")
        assert done.exit_code == 0, done.output
        assert "4 5 6 10 to 24: One-Step ToT of scout-2m" in done.output
        assert "sure ✓" in done.output and "✓ right" in done.output


def test_other_targets_are_chosen_among(root: Path) -> None:
    file = root / "results/submissions/scout-2m/game24_onestep_tot_target.0shot.json"
    first = call(file).stdout.splitlines()[0]
    hand, _, target = first.rpartition("  ")[0].partition(" to ")
    assert f"to {target}:" in call(file, "--puzzle", hand).output
    assert f"to {target}:" in call(file, "--puzzle", hand, "--target", target).output
    refused("target 999", file, "--puzzle", hand, "--target", 999)


def test_a_transcript_and_traces_are_drawn(tmp_path: Path) -> None:
    file = tmp_path / "some.jsonl"
    file.write_text(json.dumps({"numbers": "4 4 6 8", "response": RESPONSE}) + "\n")
    assert "dead end ✗" in call(file, "--puzzle", "4 4 6 8").output
    traces = tmp_path / "traces.jsonl"
    generate = "traces generate --teacher solver --split train --limit 2 --method onestep_tot -o"
    done = CliRunner().invoke(app, [*generate.split(), str(traces)])
    assert done.exit_code == 0, done.output
    hand = call(traces).stdout.splitlines()[0].rpartition("  ")[0]
    assert "✓ right" in call(traces, "--puzzle", hand).output


def test_public_responses_are_drawn(shared: Path) -> None:
    file = shared / "data/transcripts/gpt-4o_onestep_tot_ranks902-1001.json"
    done = call(file, "--puzzle", "6 10 12 13")
    assert "+ 201 more, all come to before" in done.output and "245 thoughts" in done.output


def test_the_picture_is_written_beside_the_tree(saved: Path, tmp_path: Path) -> None:
    picture = tmp_path / "tree.svg"
    for arguments in ([], ["--all"]):  # and over the one before
        done = call(saved, "--puzzle", "4 5 6 10", "--svg", picture, *arguments)
        assert done.exit_code == 0 and f"wrote {picture}" in done.output
        ET.parse(picture)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tree.svg", "trees.jsonl"]


def test_a_picture_that_cannot_be_written_is_one_line(saved: Path, tmp_path: Path) -> None:
    chosen = [saved, "--puzzle", "4 5 6 10", "--svg"]
    refused("(No such file or directory): give another --svg", *chosen, tmp_path / "no" / "a.svg")
    (tmp_path / "folder.svg").mkdir()
    refused("give another --svg", *chosen, tmp_path / "folder.svg")
    refused("a name that ends in .svg", *chosen, saved)
    if os.geteuid():
        (tmp_path / "locked").mkdir(mode=0o500)
        refused("give another --svg", *chosen, tmp_path / "locked" / "a.svg")


def test_a_hand_or_a_search_that_is_not_there(saved: Path) -> None:
    refused("no search for 4 5 6 11; the nearest: 4 5 6 10", saved, "--puzzle", "4 5 6 11")
    refused(
        "holds 2 searches for 4 5 6 10: --repeat 1 to 2",
        saved,
        "--puzzle",
        "4 5 6 10",
        "--repeat",
        3,
    )
    refused("holds one search for 1 2 4 7: --repeat 1", saved, "--puzzle", "1 2 4 7", "--repeat", 2)
    refused("give the hand like", saved, "--puzzle", "four")
    assert call(saved, "--puzzle", "4 5 6 10", "--repeat", 0).exit_code == 2


def test_files_that_hold_no_search(tmp_path: Path, response: Path) -> None:
    refused("there is no file", tmp_path / "none.jsonl")
    refused("there is no file", tmp_path)
    refused("say to which hand", response)
    other = tmp_path / "other.jsonl"
    for content, message in (
        ("", "holds no records"),
        ("[1, 2]", "a format that is not known here"),
        (
            '{"a": 1}\n',
            "holds no searches: give saved trees, a submission, traces, or",
        ),
        ("nonsense\n", "line 1: not JSON"),
        ('{"nodes": [], "puzzle": {"numbers": [4]}}\n', "line 1: no tree of a search"),
        ('{"schema_version": 3}', "other.jsonl"),
    ):
        other.write_text(content)
        refused(message, other, "--puzzle", "4 5 6 10")
    binary = tmp_path / "picture.png"
    for data in (b"\x89PNG\r\n\x1a\n\x00", b"4 + 8 = 12 \x00"):
        binary.write_bytes(data)
        refused("is no text", binary, "--puzzle", "4 5 6 10")
    binary.write_bytes(b"4 " * 2**22)
    refused("larger than", binary, "--puzzle", "4 5 6 10")


def test_a_broken_line_is_named_and_what_stands_before_it_is_drawn(saved: Path) -> None:
    with saved.open("a") as opened:
        opened.write('{"puzzle": {"numb')
    assert call(saved, "--puzzle", "1 2 4 7").exit_code == 0
    refused("trees.jsonl: line 4: not JSON", saved)
    refused("trees.jsonl: line 4: not JSON", saved, "--puzzle", "1 1 1 1")
    node = {"parent": -1, "left": "1e999999"}
    saved.write_text(json.dumps({"puzzle": {"numbers": [4, 4]}, "method": "", "nodes": [node]}))
    refused("line 1: no tree of a search: node 0: '1e999999' is no number", saved)


def test_what_a_file_holds_reaches_no_terminal_unread(tmp_path: Path) -> None:
    tree = beam_search(Puzzle.parse("4 5 6 10"), beam=1)
    tree.method = tree.nodes[1].thought = "\x1b]0;owned\x07[bold]\u202ethought"
    tree.nodes[1].fault = "\x1b[2J"
    file, picture = tmp_path / "trees.jsonl", tmp_path / "tree.svg"
    file.write_text(json.dumps(tree.to_json()) + "\n")
    done = call(file, "--puzzle", "4 5 6 10", "--all", "--svg", picture)
    assert done.exit_code == 0 and "[bold] thought" in done.output
    assert not {"\x1b", "\x07", "\u202e"} & {*done.output, *picture.read_text()}


def test_the_page_shows_what_the_command_prints(root: Path) -> None:
    page = (root / "docs/failures.md").read_text(encoding="utf-8")
    command = next(line for line in page.splitlines() if line.startswith("    tot24 tree "))
    file, hand = command.split()[2], command.partition('"')[2].rstrip('"')
    printed = call(root / file, "--puzzle", hand).output.splitlines()
    shown = page.partition('--puzzle "3 8 8 23"')[2].split("```")[1].strip().splitlines()
    assert len(shown) == 6 and {*shown} - {"..."} <= {*printed}
