"""What the page shows of one row, hand by hand: each response beside its search as a checked tree.

A thought says whether the numbers that it leaves can still win (exact arithmetic, nobody's claim),
each judgement whether it is true. A search that works backward from the target judges pairs, which
are no states of the hand: they stand in the tree as what was tried. Keys are short because a page
holds some ten thousand trees; `KEYS` says what they mean, and `assets/hand.js` draws them.

>>> puzzle = Puzzle.parse("4 4 6 8")
>>> said = "4 + 8 = 12 (left: 4 6 12): dead end\\n8 - 4 = 4 (left: 4 4 6)\\nAnswer: 4 * 6 = 24"
>>> for node in read_response(puzzle, said).nodes[1:]:
...     print(node)
{'p': 0, 't': '4 + 8 = 12', 'l': '4 6 12', 'w': 1, 'j': [['dead end', 0]], 'n': 1}
{'p': 0, 't': '8 - 4 = 4', 'l': '4 4 6', 'w': 0, 'r': 0, 'n': 2}
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from tot24_bench.game import Number, Puzzle
from tot24_bench.leaderboard.store import read_stream
from tot24_bench.leaderboard.submission import Sample
from tot24_bench.scoring import analyse, plain, wins
from tot24_bench.search import (
    DEAD_END,
    FAULTS,
    MAX_TRUE_LEFT,
    SURE,
    SearchTree,
    is_true,
    tree_of_analysis,
    truth_of_state,
)
from tot24_bench.text import one_line

KEYS = {
    "p": "the place of the node it comes from, -1 of the first",
    "t": "the thought, or the pair that was tried",
    "l": "the numbers left",
    "n": "the line of the response, from 1",
    "w": "1 where the numbers left can make the target, 0 where not; left out where nobody knows",
    "j": "judgements: what was said, and 1, 0 or null for true, false and neither",
    "f": "the rule that the thought breaks",
    "a": "1 where the numbers left were come to before",
    "r": "1 or 0 where the answer was given: whether it is right",
    "k": "1 of a pair that a backward search tried",
}

MAX_CHARS = 20_000  # of a response that the page shows; the submission has all of it
MAX_NODES = 1_000  # of a tree that it shows; a response that loops has thousands
MAX_RESPONSES = 4  # to one hand that it shows
LOOKED_AHEAD = 50  # lines in which a line that was read is looked for
MAX_FINALS = 10  # answers of a search that it shows

_PAIR = re.compile(r"(\d{1,4}) (\d{1,4}):(?: [-+*/]\d{1,4}){1,6}", re.ASCII)


class Shown(NamedTuple):
    """A response as the page shows it."""

    place: str  # where it first fails: "" right, "1", "2", ..., `answer` or `malformed`
    nodes: list[dict[str, Any]]
    thoughts: int  # of the response, of which a tree shows at most MAX_NODES


class HandDetails(NamedTuple):
    """What the page shows of one hand of a row."""

    places: tuple[str, ...]  # of each response
    data: dict[str, Any]  # as JSON


def details_of(path: Path) -> list[HandDetails]:
    """The details of every hand of a submission, in the order asked; of what is withheld, none."""
    _, samples = read_stream(path)
    return [hand_details(sample) for sample in samples if not sample.withheld]


def hand_details(sample: Sample) -> HandDetails:
    """The details of one hand."""
    places: list[str] = []
    responses = []
    for text, score, tokens in zip(sample.responses, sample.scores, sample.tokens, strict=True):
        if len(places) < MAX_RESPONSES:
            place, nodes, thoughts = read_response(sample.puzzle, text, score.truncated)
        else:
            failed = analyse(sample.puzzle, text, truncated=score.truncated).failed_at
            places.append(failed or "")
            continue
        places.append(place)
        said: dict[str, Any] = {
            "text": text[:MAX_CHARS],
            "verdict": str(score.verdict),
            "right": score.correct,
            "reason": one_line(score.reason, 200),
        }
        optional = {
            "cut": len(text) if len(text) > MAX_CHARS else None,
            "answer": one_line(score.answer, 200),
            "tokens": tokens,
            "truncated": score.truncated,
            "nodes": nodes if len(nodes) > 1 else None,
            "thoughts": thoughts if thoughts >= MAX_NODES else None,  # more than are shown
        }
        responses.append(said | {key: value for key, value in optional.items() if value})
    data: dict[str, Any] = {"asked": sample.puzzle.text, "responses": responses}
    if len(places) > len(responses):
        data["all"] = len(places)
    if (search := sample.search) is not None:
        data["search"] = {
            "ended": len(search.finals),
            "right": sum(search.right),
            "finals": [
                [one_line(_answer_of(final), 300), right]
                for final, right in list(zip(search.finals, search.right, strict=True))[:MAX_FINALS]
            ],
            "calls": search.calls,
            "states": search.states,
            "tokens": search.completion_tokens,
        }
    return HandDetails(tuple(places), data)


def _answer_of(final: str) -> str:
    """The last line that says something: answers of a search differ there."""
    lines = [line for line in final[:MAX_CHARS].split("\n") if line.strip()]
    return lines[-1] if lines else ""


def read_response(puzzle: Puzzle, response: str, truncated: bool = False) -> Shown:
    """Where a response first fails, and its search as nodes."""
    analysis = analyse(puzzle, response, truncated=truncated)
    tree = tree_of_analysis(analysis, response)
    nodes = list(_nodes(tree, analysis.said))
    lines = _raw_lines(analysis.said, response)
    for node in nodes:
        if (number := lines.get(node.pop("n", 0))) is not None:
            node["n"] = number
    return Shown(analysis.failed_at or "", nodes, len(tree.nodes) - 1)


def _raw_lines(said: str, response: str) -> dict[int, int]:
    """For the lines of the text that was read, from 1, those of the response as it was written.

    Where reading took dress away (blank lines in front, a fence, JSON), a line is the next one that
    holds the same; one that is not found has none.
    """
    shown = response[:MAX_CHARS].split("\n")
    read = said.split("\n")[: len(shown)]
    if read == shown:
        return {number: number for number in range(1, len(shown) + 1)}
    found, start = {}, 0
    for number, line in enumerate(read, 1):
        bare = line.strip()
        for place in range(start, min(start + LOOKED_AHEAD, len(shown))) if bare else ():
            if plain(shown[place]).strip() == bare:
                found[number], start = place + 1, place + 1
                break
    return found


def _nodes(tree: SearchTree, said: str) -> Iterator[dict[str, Any]]:
    """The nodes, each after the one that it comes from; pairs tried stand first below the hand."""
    pairs = list(_pairs(tree.puzzle, said))
    taken = {
        one["n"]: place for place, one in enumerate(pairs, 1) if one.get("j", [[""]])[0][0] == SURE
    }
    come_to: set[tuple[Number, ...]] = set()
    sound: list[bool] = []  # whether neither the node nor one before it breaks a rule
    for i, node in enumerate(tree.nodes[: MAX_NODES - len(pairs)]):
        sound.append(not node.fault and (node.parent < 0 or sound[node.parent]))
        truth = truth_of_state(tree.puzzle, node.left) if sound[i] else None
        parent = node.parent if node.parent <= 0 else node.parent + len(pairs)
        if parent == 0:  # what follows a pair that was taken hangs below it
            parent = max((place for line, place in taken.items() if line < node.line), default=0)
        shown: dict[str, Any] = {
            "p": parent,
            "t": one_line(node.thought, 80),
            "l": one_line(" ".join(map(str, node.left)), 80),
        }
        if node.line:
            shown["n"] = node.line
        if truth is not None:
            shown["w"] = int(truth)
        if node.judgements:
            shown["j"] = [[one_line(said, 30), _judged(said, truth)] for said in node.judgements]
        if node.fault:
            shown["f"] = FAULTS.get(node.fault, one_line(node.fault, 80))
        if sound[i] and node.left in come_to:
            shown["a"] = 1
        if sound[i]:
            come_to.add(node.left)
        if node.right is not None:
            shown["r"] = int(node.right)
        yield shown
        if i == 0:
            yield from pairs


def _judged(said: str, truth: bool | None) -> int | None:
    """Whether a judgement is true, as the page's data say it."""
    told = is_true(said, truth)
    return None if told is None else int(told)


def _pairs(puzzle: Puzzle, said: str) -> Iterator[dict[str, Any]]:
    """The pairs that a backward search tried (docs/look-ahead.md) and, but for the last, gave up.

    A pair that is given up is judged: whatever two of its numbers make, the hand is not won so. The
    last one is no more than tried, where the text ends without a hit. A search is such a one where
    its first line is a pair's: a line of a forward search that is garbled may look like it.
    """
    lines = said[:MAX_CHARS].split("\n")
    first = next((line for line in lines if line.strip() and line.strip() != "Steps:"), "")
    if not _PAIR.fullmatch(first.rstrip()):
        return
    tried = [
        (number, match)
        for number, line in enumerate(lines, 1)
        if (match := _PAIR.fullmatch(line.rstrip())) is not None
    ]
    if not tried or len(puzzle.numbers) != MAX_TRUE_LEFT:
        return
    for i, (number, match) in enumerate(tried[: MAX_NODES // 10]):
        pair = int(match[1]), int(match[2])
        until = tried[i + 1][0] if i + 1 < len(tried) else len(lines) + 1
        hit = any(line.rstrip().endswith(" !") for line in lines[number : until - 1])
        truth = _pair_wins(puzzle, pair)
        judged = SURE if hit else DEAD_END
        shown: dict[str, Any] = {"p": 0, "t": match[0], "l": "", "n": number, "k": 1}
        if truth is None:
            shown["f"] = "a number is not there"
        else:
            shown["w"] = int(truth)
        if truth is not None and (hit or i + 1 < len(tried)):
            shown["j"] = [[judged, _judged(judged, truth)]]
        yield shown


def _pair_wins(puzzle: Puzzle, pair: tuple[int, int]) -> bool | None:
    """Whether the hand can be won by joining two numbers first; None where it lacks one."""
    rest = list(puzzle.numbers)
    for number in pair:
        if number not in rest:
            return None
        rest.remove(number)
    a, b = max(pair), min(pair)
    values: set[Number] = {a + b, a - b, b - a, a * b, Fraction(a, b), Fraction(b, a)}
    return any(wins(tuple(sorted((*rest, one))), puzzle.target, puzzle.rule) for one in values)
