"""What the page says of a response: places, truths and judgements are those of exact arithmetic."""

from __future__ import annotations

from pathlib import Path

from tot24_bench.game import Puzzle, Rule
from tot24_bench.leaderboard import find, read
from tot24_bench.leaderboard.site.details import KEYS, MAX_NODES, hand_details, read_response
from tot24_bench.scoring import analyse, wins

HAND = Puzzle.parse("2 5 8 11")
BACKWARD = """Steps:
8 11: +19 -3 *88
2 | 26 5: +31 -21
5 11: +16 -6 *55
2 | 48 8: +56 -40 /6 !
11 - 5 = 6 (left: 2 8 6)
8 * 6 = 48 (left: 2 48)
48 / 2 = 24 (left: 24)
Answer: (8 * (11 - 5)) / 2 = 24"""


def test_a_backward_search_shows_its_pairs_and_the_path_below_the_one_taken() -> None:
    nodes = read_response(HAND, BACKWARD).nodes
    assert [(one["p"], one["t"].split(":")[0]) for one in nodes] == [
        (-1, ""),
        (0, "8 11"),
        (0, "5 11"),
        (2, "11 - 5 = 6"),
        (3, "8 * 6 = 48"),
        (4, "48 / 2 = 24"),
    ]
    assert [one.get("j") for one in nodes[1:3]] == [[["dead end", 1]], [["sure", 1]]]
    assert all(set(one) <= set(KEYS) for one in nodes)


def test_a_pair_that_is_given_up_though_it_wins_is_judged_falsely() -> None:
    text = BACKWARD.replace("8 11: +19", "5 11: +16").replace("\n5 11: +16 -6 *55", "\n2 8: +10")
    first = read_response(HAND, text).nodes[1]
    assert (first["w"], first["j"]) == (1, [["dead end", 0]])


def test_a_pair_that_the_hand_does_not_hold_breaks_a_rule() -> None:
    first = read_response(HAND, BACKWARD.replace("8 11: +19", "8 12: +20")).nodes[1]
    assert first["f"] == "a number is not there" and "w" not in first


def test_every_truth_of_the_stored_searches_is_exact(root: Path) -> None:
    checked = 0
    for name in ("smollm2-135m-backward", "scout-2m/ onestep 0shot", "smollm2-135m-solver138-s1"):
        for sample in read(find(name, root / "results")).samples[:40]:
            (text,) = sample.responses
            shown = read_response(sample.puzzle, text)
            assert shown.place == (analyse(sample.puzzle, text).failed_at or "")
            for node in shown.nodes:
                if "w" not in node or node.get("k"):
                    continue
                left = tuple(map(int, node["l"].split())) if "/" not in node["l"] else None
                if left is None:
                    continue
                rule, target = sample.puzzle.rule, sample.puzzle.target
                true = left == (target,) if len(left) == 1 else wins(left, target, rule)
                assert node["w"] == true, (sample.puzzle.text, node)
                for said, truth in node.get("j", []):
                    assert truth == (true == (said == "sure")), (sample.puzzle.text, node)
                checked += 1
    assert checked > 400


def test_a_response_that_loops_is_bounded(root: Path) -> None:
    text = "8 - 5 = 3 (left: 2 3 11)\nBack to 2 5 8 11\n" * 5_000
    assert len(read_response(HAND, text).nodes) <= MAX_NODES


def test_rule_and_target_of_the_hand_count() -> None:
    some = Puzzle.parse("20 36 55 66", 91, Rule.SOME)
    assert read_response(some, "36 + 55 = 91 (left: 20 66 91)").nodes[1]["w"] == 1


def test_tokens_and_cuts_are_said(root: Path) -> None:
    sample = read(find("scout-2m/ onestep 0shot", root / "results")).samples[0]
    (said,) = hand_details(sample).data["responses"]
    assert said["tokens"] == sample.tokens[0] and said["right"] is sample.scores[0].correct


def test_the_last_pair_is_not_given_up_where_the_text_stops() -> None:
    text = "Steps:\n8 11: +19 -3 *88\n5 11: +16 -6 *55\n2 | 26 8: +34"
    nodes = read_response(HAND, text, truncated=True).nodes
    assert [one.get("j") for one in nodes[1:]] == [[["dead end", 1]], None]


def test_a_garbled_line_of_a_forward_search_is_no_pair() -> None:
    text = "Steps:\n11 - 8 = 3 (left: 2 5 3)\n2 5: +7 -3 *10\nAnswer: 2"
    assert not any("k" in one for one in read_response(HAND, text).nodes)


def test_lines_are_those_of_the_response_as_it_was_written() -> None:
    text = f"\n\n```\n{BACKWARD}\n```"
    nodes = read_response(HAND, text).nodes
    lines = text.split("\n")
    for node in nodes[1:]:
        assert lines[node["n"] - 1].startswith(node["t"].split(":")[0])


def test_a_claim_that_was_cut_off_is_as_wrong_as_its_score() -> None:
    unsolvable = Puzzle.parse("1 1 1 1")
    text = "Steps:\n1 + 1 = 2 (left: 1 1 2): dead end\nThere is no solution."
    assert read_response(unsolvable, text).place == ""
    assert read_response(unsolvable, text, truncated=True).place != ""
