"""Trees of searches: they read back equal, hostile files are refused, responses become trees."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.search.searches import beam_search, trees
from tot24_bench.game import Puzzle
from tot24_bench.leaderboard import read
from tot24_bench.scoring import analyse
from tot24_bench.search import MAX_NODES, SearchTree, read_trees, tree_of_response
from tot24_bench.transcripts import read_transcript

HAND = Puzzle.parse("4 4 6 8")


@settings(deadline=None)
@given(trees())
def test_a_tree_reads_back_equal_through_a_line_of_json(tree: SearchTree) -> None:
    line = json.dumps(tree.to_json(), ensure_ascii=False, allow_nan=False)
    assert "\n" not in line
    assert SearchTree.from_json(json.loads(line)) == tree


def test_keys_that_a_run_adds_are_no_fault() -> None:
    data = {"right": [True], "calls": 3, "tokens": 9, **beam_search(HAND).to_json()}
    assert SearchTree.from_json(data) == beam_search(HAND)


def set_node(name: str, value: object) -> Callable[[dict[str, Any]], None]:
    return lambda data: data["nodes"][1].update({name: value})


def set_tree(name: str, value: object) -> Callable[[dict[str, Any]], None]:
    return lambda data: data.update({name: value})


HOSTILE: list[tuple[Callable[[dict[str, Any]], None], str]] = [
    (set_node("left", "1e999999999"), "no number"),
    (set_node("left", "9" * 121), "no number"),
    (set_node("left", "1/" + "9" * 121), "no number"),
    (set_node("left", "٣ 4"), "no number"),
    (set_node("left", "1_0"), "no number"),
    (set_node("left", "nan"), "no number"),
    (set_node("left", "1/0"), "divides by zero"),
    (set_node("left", "1 " * 25), "more than 24"),
    (set_node("left", "1 " * 10**6), "left must be text"),
    (set_node("left", [4, 4]), "left must be text"),
    (set_node("value", float("nan")), "out of range"),
    (set_node("value", float("inf")), "out of range"),
    (set_node("value", 10**400), "out of range"),
    (set_node("value", "20"), "must be a number"),
    (set_node("value", True), "must be a number"),
    (set_node("right", 1), "true or false"),
    (set_node("kept", "yes"), "true or false"),
    (set_node("judgements", "sure"), "must be a list"),
    (set_node("judgements", ["sure"] * 1_001), "must be a list"),
    (set_node("judgements", [None]), "must be text"),
    (set_node("thought", "x" * 2_001), "at most 2,000 characters"),
    (set_node("thought", {"a": 1}), "must be text"),
    (set_node("fault", 3), "must be text"),
    (set_node("parent", 1), "no node before it"),
    (set_node("parent", -1), "no node before it"),
    (set_node("parent", -2), "no node before it"),
    (set_node("parent", True), "whole number"),
    (set_node("parent", "0"), "whole number"),
    (lambda data: data["nodes"].__setitem__(1, [1]), "node 1: an object should stand"),
    (lambda data: data["nodes"][1].pop("left"), "left is missing"),
    (set_tree("nodes", []), "list of 1 to 20,000"),
    (set_tree("nodes", {}), "list of 1 to 20,000"),
    (lambda data: data["nodes"].extend([{"parent": 0, "left": "1"}] * MAX_NODES), "1 to 20,000"),
    (set_tree("puzzle", 7), "an object should stand"),
    (set_tree("puzzle", {"numbers": [10**100]}), "integer"),
    (set_tree("puzzle", {"numbers": [4], "rule": []}), "no rule"),
    (set_tree("method", None), "must be text"),
    (set_tree("finals", ["x" * 1_000_001]), "must be text"),
    (set_tree("finals", "x"), "must be a list"),
    (lambda data: data.pop("puzzle"), "puzzle is missing"),
]


@pytest.mark.parametrize(("spoil", "message"), HOSTILE)
def test_a_hostile_tree_is_refused(spoil: Callable[[dict[str, Any]], None], message: str) -> None:
    data = beam_search(HAND, beam=1).to_json()
    spoil(data)
    with pytest.raises(ValueError, match=message) as error:
        SearchTree.from_json(data)
    assert len(str(error.value)) < 300


def test_a_path_that_goes_down_for_ever_is_refused() -> None:
    nodes = [{"parent": i - 1, "left": "1"} for i in range(1_000)]
    with pytest.raises(ValueError, match="node 51: deeper than 50 thoughts"):
        SearchTree.from_json({"puzzle": HAND.to_json(), "method": "", "nodes": nodes})


@pytest.mark.parametrize("data", [None, 3, "tree", [], [{}]])
def test_what_is_no_object_is_refused(data: Any) -> None:
    with pytest.raises(ValueError, match="no tree of a search"):
        SearchTree.from_json(data)


def test_saved_trees_are_read_line_by_line(tmp_path: Path) -> None:
    file = tmp_path / "trees.jsonl"
    saved = [beam_search(HAND), beam_search(Puzzle.parse("1 2 3 4"), beam=1)]
    file.write_text("".join(json.dumps(tree.to_json()) + "\n" for tree in saved))
    assert list(read_trees(file)) == saved
    with file.open("a") as opened:
        opened.write('{"puzzle": {"numb')
    found = read_trees(file)
    assert [next(found), next(found)] == saved
    with pytest.raises(ValueError, match=r"trees\.jsonl: line 3: not JSON"):
        next(found)
    file.write_text('\n{"nodes": 3}\n')
    with pytest.raises(ValueError, match=r"trees\.jsonl: line 2: no tree of a search: puzzle"):
        list(read_trees(file))


RESPONSE = """Steps:
4 + 8 = 12 (left: 4 6 12): dead end
8 - 4 = 4 (left: 4 4 6)
4 + 6 = 11 (left: 4 11)
4 + 11 = 15 (left: 15)
Answer: 4 + 4 + 6 + 8 = 24"""


def test_a_response_is_a_tree_of_its_thoughts() -> None:
    tree = tree_of_response(HAND, RESPONSE)
    assert [(node.parent, node.left, node.kept, node.fault) for node in tree.nodes] == [
        (-1, (4, 4, 6, 8), True, ""),
        (0, (4, 6, 12), False, ""),
        (0, (4, 4, 6), True, ""),
        (2, (4, 11), True, "arithmetic"),
        (3, (15,), False, ""),
    ]
    assert [node.judgements for node in tree.nodes[1:3]] == [("dead end",), ()]
    assert [node.right for node in tree.nodes] == [None, None, None, None, False]


@pytest.mark.parametrize("response", ["", "No idea.", "Answer: (6 - 4) * (4 + 8) = 24"])
def test_a_response_without_thoughts_is_its_hand_alone(response: str) -> None:
    (root,) = tree_of_response(HAND, response).nodes
    assert (root.kept, root.right) == (False, response.startswith("Answer"))


def test_a_path_that_is_written_once_more_stands_once() -> None:
    path = "4 + 8 = 12 (left: 4 6 12)\n6 - 4 = 2 (left: 2 12)\n2 * 12 = 24 (left: 24)\n"
    said = f"Steps:\n{path}Path:\n{path}Answer: (6 - 4) * (4 + 8) = 24"
    tree = tree_of_response(HAND, said)
    assert len(tree.nodes) == 4 and tree.nodes[-1].right is True


LOOK_AHEAD = """Steps:
a=2 b=5 c=8 d=11
d-c: 11 - 8 = 3 (left: 2 5 3)
3 | 2 5: +7 -3 *10
5 | 2 3: +5 -1 *6
2 | 5 3: +8 -2 *15
d-b: 11 - 5 = 6 (left: 2 8 6)
6 | 2 8: +10 -6 *16 /4 !
8 / 2 = 4 (left: 6 4)
6 * 4 = 24 (left: 24)
Path: 6 * (8 / 2) = 24
Answer: (11 - 5) * (8 / 2) = 24"""


def test_a_look_ahead_is_no_thought_but_a_judgement() -> None:
    tree = tree_of_response(Puzzle.parse("2 5 8 11"), LOOK_AHEAD)
    assert [(node.thought, node.judgements) for node in tree.nodes[1:]] == [
        ("11 - 8 = 3", ("dead end",)),
        ("11 - 5 = 6", ("sure",)),
        ("8 / 2 = 4", ()),
        ("6 * 4 = 24", ()),
    ]


def test_a_look_ahead_over_other_numbers_judges_nothing() -> None:
    said = LOOK_AHEAD.replace("3 | 2 5", "3 | 2 6").replace("6 | 2 8", "7 | 2 8")
    tree = tree_of_response(Puzzle.parse("2 5 8 11"), said)
    assert not any(node.judgements for node in tree.nodes)


@settings(deadline=None)
@given(st.text(max_size=300) | st.text("0123456789+-*/=() \nleft:|!", max_size=300))
def test_any_text_is_a_tree_that_reads_back_equal(response: str) -> None:
    tree = tree_of_response(HAND, response)
    assert SearchTree.from_json(tree.to_json()) == tree


def check(puzzle: Puzzle, response: str) -> SearchTree:
    """The tree of a response tells what its analysis does."""
    tree, analysis = tree_of_response(puzzle, response), analyse(puzzle, response)
    own = [one for one in analysis.thoughts if not one.repeats]
    assert [node.thought for node in tree.nodes[1:]] == [one.step.text for one in own]
    assert [node.left for node in tree.nodes[1:]] == [one.left for one in own]
    assert [node.right for node in tree.nodes if node.right is not None] == [analysis.score.correct]
    assert SearchTree.from_json(json.loads(json.dumps(tree.to_json()))) == tree
    return tree


def test_the_trees_of_the_shipped_student(root: Path) -> None:
    file = root / "results/submissions/scout-2m/game24_onestep_tot.0shot.json"
    found = [check(one.puzzle, text) for one in read(file).samples for text in one.responses]
    judged = [said for tree in found for node in tree.nodes for said in node.judgements]
    assert len(found) == 100 and {*judged} == {"sure", "dead end"}
    assert judged.count("sure") == 100


@pytest.mark.parametrize(
    "name", ["gpt-4o_onestep_tot_ranks902-1001.json", "deepseek-r1_zero_shot_ranks901-1000.json"]
)
def test_the_trees_of_public_responses(shared: Path, name: str) -> None:
    transcript = read_transcript(shared / "data" / "transcripts" / name)
    found = [check(one.puzzle, text) for one in transcript for text in one.responses]
    assert len(found) == 100 and max(len(tree.nodes) for tree in found) > 200
