"""The drawing of a search: marks that are true, text that stays text, boxes that stand apart."""

from __future__ import annotations

import io
import time
import xml.etree.ElementTree as ET
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from rich.console import Console

from tests.search.searches import beam_search, trees
from tot24_bench.game import Puzzle, Rule
from tot24_bench.leaderboard import read
from tot24_bench.search import (
    Node,
    SearchTree,
    drawn,
    layout,
    svg,
    terminal_tree,
    tree_of_response,
)
from tot24_bench.search.drawing import MAX_TRUTHS
from tot24_bench.transcripts import read_transcript

HAND = Puzzle.parse("4 4 6 8")
SVG = "{http://www.w3.org/2000/svg}"


def printed(tree: SearchTree, whole: bool = False) -> str:
    out = io.StringIO()
    Console(file=out, width=160).print(terminal_tree(tree, whole))
    return out.getvalue()


def cards(tree: SearchTree, whole: bool = True) -> list[str]:
    return [card.text for card in drawn(tree, whole).cards]


def one_state(*left: int, puzzle: Puzzle = HAND, **said: object) -> str:
    """What the card of a single state says."""
    node = Node(0, "a thought", left, **said)  # type: ignore[arg-type]
    return cards(SearchTree(puzzle, "", [Node(-1, "", puzzle.hand), node]))[1]


def test_a_judgement_is_held_against_the_truth() -> None:
    every = ("sure", "likely", "impossible", "dead end", "", "sure")
    assert one_state(4, 6, 12, judgements=every).endswith(
        "● can win  sure ✓ ×2  likely  impossible ✗  dead end ✗  unreadable"
    )
    assert one_state(1, 1, judgements=every).endswith(
        "○ dead  sure ✗ ×2  likely  impossible ✓  dead end ✓  unreadable"
    )


def test_negative_numbers_are_judged_too() -> None:
    assert "● can win  dead end ✗" in one_state(-4, 20, judgements=("dead end",))
    assert "○ dead  dead end ✓" in one_state(-4, 21, judgements=("dead end",))


def test_what_takes_long_is_not_judged() -> None:
    for left in ((1, 2, 3, 4, 5), (-1, 2, 3, 4), (1, 10**12 + 1), ()):
        said = one_state(*left, judgements=("sure",))
        assert "✓" not in said and "✗" not in said and "●" not in said and "○" not in said


def test_a_tree_of_ever_other_numbers_is_drawn_in_seconds() -> None:
    nodes = [Node(-1, "", HAND.hand)]
    nodes += [Node(0, "x", (-i, i, 10**11 + i), judgements=("sure",)) for i in range(1, 20_000)]
    started = time.monotonic()
    assert f"{MAX_TRUTHS - 1} false ✗  {20_000 - MAX_TRUTHS} neither" in printed(
        SearchTree(HAND, "", nodes)
    )
    assert time.monotonic() - started < 60


def test_where_some_numbers_are_enough_a_state_that_holds_the_target_wins() -> None:
    some = Puzzle((4, 6, 24), rule=Rule.SOME)
    assert "sure ✓" in one_state(5, 24, puzzle=some, judgements=("sure",))
    assert "sure ✗" in one_state(5, 24, judgements=("sure",))


def test_a_single_number_is_the_target_or_not() -> None:
    assert "● is 24" in one_state(24) and "○ not 24" in one_state(23)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("too_many", "nothing is left to combine"),
        ("unavailable", "a number is not there"),
        ("arithmetic", "the result is wrong"),
        ("left", "not the numbers left"),
        ("no thought", "no thought"),
    ],
)
def test_a_broken_rule_is_named_and_nothing_after_it_is_judged(fault: str, words: str) -> None:
    nodes = [Node(-1, "", HAND.hand), Node(0, "a", (24,), fault=fault)]
    nodes.append(Node(1, "b", (24,), judgements=("sure",)))
    _, broken, after = cards(SearchTree(HAND, "", nodes))
    assert broken == f"a  left 24  ⚠ {words}"
    assert after == "b  left 24  sure"


def test_a_state_that_is_come_to_again_says_so() -> None:
    nodes = [Node(-1, "", HAND.hand), Node(0, "a", (4, 6, 12)), Node(0, "b", (4, 6, 12))]
    assert ["again" in card for card in cards(SearchTree(HAND, "", nodes))] == [False, False, True]


def test_the_path_of_the_answer_that_is_ranked_first_is_marked() -> None:
    tree = beam_search(Puzzle.parse("4 5 6 10"))
    marked = [card for card in drawn(tree, whole=True).cards if card.on_path]
    assert len(marked) == 4 and marked[-1].text.endswith("answer right ✓")
    last = next(node for node in tree.nodes if node.answer == tree.finals[0])
    assert marked[-1].text.startswith(last.thought)
    tree.finals = (tree.finals[-1],)
    other = [card for card in drawn(tree, whole=True).cards if card.on_path]
    assert other != marked


def test_the_verdict_stands_at_the_end() -> None:
    right = "Answer: (6 - 4) * (4 + 8) = 24"
    shown = printed(SearchTree(HAND, "b = 2", [Node(-1, "", HAND.hand)], (right, "Answer: 4 * 6")))
    assert "answer 1:  (6 - 4) * (4 + 8)  ✓ right" in shown
    assert "answer 2:  4 * 6  ✗ wrong  leaves out 4, 8" in shown
    many = SearchTree(HAND, "", [Node(-1, "", HAND.hand)], (right,) * 9)
    assert "... and 4 answers more" in printed(many)


def test_dropped_states_are_folded_and_what_is_hidden_is_counted() -> None:
    tree = beam_search(Puzzle.parse("4 5 6 10"))
    assert len(tree.nodes) > 100
    folded = drawn(tree)
    assert len(folded.cards) < 50
    assert any(
        "more, pruned" in card.text and "judged falsely" in card.text for card in folded.cards
    )
    hidden = sum(int(c.text.split()[1]) - 1 for c in folded.cards if c.text.startswith("+ "))
    assert len(folded.cards) + hidden == len(tree.nodes) == len(drawn(tree, whole=True).cards)


def test_a_response_that_goes_round_in_circles_is_folded() -> None:
    lap = "4 + 8 = 12 (left: 4 6 12)\n4 * 6 = 24 (left: 12 24)\n24 + 12 = 36 (left: 36): dead end\n"
    lap += "8 - 4 = 4 (left: 4 4 6)\n4 * 6 = 24 (left: 4 24)\n24 + 4 = 28 (left: 28): dead end\n"
    tree = tree_of_response(HAND, "Steps:\n" + lap * 800)
    assert len(tree.nodes) == 4_801
    text = cards(tree, whole=False)
    assert len(text) == 11 and text[-1].startswith("+ 4791 more, all come to before")


def test_a_tree_of_thousands_is_cut_and_says_how_to_see_all() -> None:
    nodes = [Node(-1, "", (1,)), *(Node(0, f"{i}", (i,), kept=True) for i in range(3_000))]
    tree = SearchTree(HAND, "", nodes)
    assert len(drawn(tree).cards) == 1_000 and "--all draws all" in printed(tree)
    assert len(drawn(tree, whole=True).cards) == 3_001


EVIL = '</text><script>alert("1")</script>&lt; \x1b[31m[bold red]x[/]\x07\u202e\ud800\x00 ]]> <!--'


def evil() -> SearchTree:
    said = {"judgements": (EVIL, "sure"), "fault": EVIL, "right": False, "answer": EVIL}
    nodes = [Node(-1, EVIL, (4, 4, 6, 8)), Node(0, EVIL, (24,), 1.0, **said)]  # type: ignore[arg-type]
    return SearchTree(HAND, EVIL, nodes, (EVIL, EVIL))


def test_hostile_text_stays_text_in_the_picture() -> None:
    picture = svg(evil())
    root = ET.fromstring(picture)
    picture.encode()
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags == {"svg", "title", "desc", "style", "rect", "g", "text", "path"}
    assert any("<script>" in (element.text or "") for element in root.iter(f"{SVG}text"))
    assert "<script" not in picture and "\x1b" not in picture and "\u202e" not in picture


def test_hostile_text_stays_text_in_the_terminal() -> None:
    shown = printed(evil())
    assert "[bold red]x[/]" in shown
    assert not {"\x1b", "\x07", "\u202e", "\ud800", "\x00"} & {*shown}


@settings(deadline=None, max_examples=50)
@given(trees())
def test_any_tree_is_drawn(tree: SearchTree) -> None:
    ET.fromstring(svg(tree))
    assert len(printed(tree, whole=True).splitlines()) > len(tree.nodes)


def check_geometry(tree: SearchTree, whole: bool) -> None:
    root = ET.fromstring(svg(tree, whole))
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    boxes = []
    for rect in root.iter(f"{SVG}rect"):
        if "card" in rect.attrib["class"]:
            x, y, w, h = (float(rect.attrib[name]) for name in ("x", "y", "width", "height"))
            assert x >= 0 and y >= 0 and x + w <= width and y + h <= height
            boxes.append((x, y, x + w, y + h))
    for group in root.iter(f"{SVG}g"):
        own = next(group.iter(f"{SVG}rect")).attrib
        x, y, w, h = (float(own[name]) for name in ("x", "y", "width", "height"))
        for words in group.iter(f"{SVG}text"):
            assert float(words.attrib["x"]) + 7.3 * len(words.text or "") <= x + w
            assert y < float(words.attrib["y"]) < y + h
    assert len(boxes) == len(drawn(tree, whole).cards)
    for one, other in combinations(boxes, 2):
        apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
        assert apart, (one, other)


def test_no_card_stands_over_another_and_all_stand_in_the_picture(root: Path) -> None:
    for whole in (False, True):
        check_geometry(beam_search(Puzzle.parse("4 5 6 10")), whole)
    file = root / "results/submissions/scout-2m/game24_onestep_tot.0shot.json"
    for sample in read(file).samples[::10]:
        check_geometry(tree_of_response(sample.puzzle, sample.responses[0]), whole=True)


@pytest.mark.parametrize(
    ("name", "marks"),
    [
        ("gpt-4o_onestep_tot_ranks902-1001.json", {"dead end ✓", "⚠ a number is not there"}),
        ("deepseek-r1_zero_shot_ranks901-1000.json", {"dead end ✓", "dead end ✗", "↺ again"}),
    ],
)
def test_public_responses_are_drawn(shared: Path, name: str, marks: set[str]) -> None:
    transcript = read_transcript(shared / "data" / "transcripts" / name)
    found = [tree_of_response(one.puzzle, one.responses[0]) for one in transcript]
    for tree in found[::7]:
        check_geometry(tree, whole=False)
    text = "\n".join(map(printed, found))
    assert {mark for mark in marks if mark in text} == marks


def test_a_parent_stands_amid_its_children() -> None:
    tree = beam_search(Puzzle.parse("4 5 6 10"), beam=2)
    shown = drawn(tree).cards
    boxes = layout(shown)
    first, *_, last = (box for card, box in zip(shown, boxes, strict=True) if card.parent == 0)
    middle = boxes[0].y + boxes[0].height / 2
    assert middle == pytest.approx((first.y + last.y) / 2 + (first.height + last.height) / 4)


def test_a_reader_who_sees_no_picture_is_told_what_it_shows() -> None:
    root = ET.fromstring(svg(beam_search(Puzzle.parse("4 5 6 10"))))
    assert root.attrib["role"] == "img"
    named = [root.find(f"{SVG}{tag}") for tag in ("title", "desc")]
    assert root.attrib["aria-labelledby"].split() == [
        one.attrib["id"] for one in named if one is not None
    ]
    assert named[0] is not None and "4 5 6 10 to 24" in (named[0].text or "")
    assert named[1] is not None and "false ✗" in (named[1].text or "")
    style = root.find(f"{SVG}style")
    assert style is not None and "prefers-color-scheme:dark" in (style.text or "")
    assert root.find(f"{SVG}g/{SVG}title") is not None
