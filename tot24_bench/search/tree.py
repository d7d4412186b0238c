"""A search as a tree of states, whoever walked it: a method of this room, or one response.

A node is a state with the thought that led to it. What the model said of the state stands beside
what is true, so that a reader sees each false judgement (`drawing`). Saved trees are JSON Lines,
one `SearchTree.to_json` a line; what is read back is not trusted: everything in it is bounded.

>>> text = "4 + 8 = 12 (left: 4 6 12): dead end\\n8 - 4 = 4 (left: 4 4 6)\\nAnswer: 4 * 6 = 24"
>>> tree = tree_of_response(Puzzle.parse("4 4 6 8"), text)
>>> [(node.parent, node.thought, node.judgements, node.right) for node in tree.nodes[1:]]
[(0, '4 + 8 = 12', ('dead end',), None), (0, '8 - 4 = 4', (), False)]
>>> SearchTree.from_json(tree.to_json()) == tree
True
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from tot24_bench.game import Number, Puzzle
from tot24_bench.scoring import MAX_RESPONSE_CHARS, Analysis, analyse
from tot24_bench.transcripts import BadTranscript, json_records

MAX_NODES = 20_000  # of a tree that is read: four times the thoughts that are read of a response
MAX_DEPTH = 50  # thoughts of one path that is read; twice what is followed of a response
MAX_TEXT_CHARS = 2_000  # of a thought, a judgement, a fault or a name; an ordinary one has 20
MAX_LEFT = 24  # numbers of a state; a hand has at most 12
MAX_JUDGEMENTS = 1_000  # of one state
MAX_FINALS = 1_000  # answers of one search

SURE, IMPOSSIBLE, DEAD_END = "sure", "impossible", "dead end"

_NUMBER = re.compile(r"-?\d{1,120}(?:/\d{1,120})?", re.ASCII)
_LOOK_AHEAD = re.compile(
    r"(\d{1,9}(?:/\d{1,9})?) \| (\d{1,9}(?:/\d{1,9})?) (\d{1,9}(?:/\d{1,9})?):"
    r"(?: [-+*/]\d{1,9}(?:/\d{1,9})?){0,12}(?P<hit> !)?",
    re.ASCII,
)


@dataclass(slots=True)
class Node:
    """One state of a search."""

    parent: int  # place of the node that it comes from in the tree; -1 of the root
    thought: str  # the thought that led here, such as `10 - 6 = 4`; empty of the root
    left: tuple[Number, ...]  # the numbers left, ascending
    value: float | None = None  # what the search made of the judgements; None where none was asked
    judgements: tuple[str, ...] = ()  # sure, likely, impossible, dead end; empty text: none of them
    kept: bool = False  # whether the search went on from here
    fault: str = ""  # the first rule that the thought breaks; empty where it is valid
    right: bool | None = None  # of a final state that was answered: whether the answer is right
    answer: str = ""  # of such a state: the answer; may be left out where there is one such state
    line: int = 0  # of the text that writes the thought (`Analysis.said`), from 1; 0: of none


@dataclass(slots=True)
class SearchTree:
    """All states of a search, in the order in which it came to them; the root is the first."""

    puzzle: Puzzle
    method: str  # what tables call it
    nodes: list[Node] = field(default_factory=list)
    finals: tuple[str, ...] = ()  # the answers that it ended with, the one ranked first in front

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` reads back to an equal tree; numbers as text.

        Texts are cut to MAX_TEXT_CHARS, what a node says nothing of is left out.
        """
        data = {
            "puzzle": self.puzzle.to_json(),
            "method": self.method[:MAX_TEXT_CHARS],
            "nodes": [_plain(node) for node in self.nodes],
        }
        return data | ({"finals": list(self.finals)} if self.finals else {})

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SearchTree:
        """Read what `to_json` wrote; other keys are ignored.

        Raises:
            ValueError: the data are no tree: a key is missing, a value has another type or is
                larger than the bounds of this module, or a parent comes after its child.
        """
        try:
            return cls._read(data)
        except ValueError as error:
            raise ValueError(f"no tree of a search: {error}") from None

    @classmethod
    def _read(cls, data: object) -> SearchTree:
        fields = _Fields(data)
        puzzle = Puzzle.from_json(_Fields(fields.needed("puzzle")).data)
        tree = cls(puzzle, fields.text("method"))
        tree.finals = fields.texts("finals", MAX_FINALS, MAX_RESPONSE_CHARS)
        nodes = fields.needed("nodes")
        if not isinstance(nodes, list) or not 1 <= len(nodes) <= MAX_NODES:
            raise ValueError(f"nodes must be a list of 1 to {MAX_NODES:,}")
        depths: list[int] = []
        for place, one in enumerate(nodes):
            try:
                node = _node(_Fields(one))
                if not (node.parent == -1 if place == 0 else 0 <= node.parent < place):
                    raise ValueError("its parent is no node before it (-1 of the first alone)")
                depths.append(depths[node.parent] + 1 if place else 0)
                if depths[place] > MAX_DEPTH:
                    raise ValueError(f"deeper than {MAX_DEPTH} thoughts")
            except ValueError as error:
                raise ValueError(f"node {place}: {error}") from None
            tree.nodes.append(node)
        return tree


def _plain(node: Node) -> dict[str, Any]:
    """The fields that say something."""
    said = {
        "thought": node.thought[:MAX_TEXT_CHARS],
        "value": node.value,
        "judgements": [one[:MAX_TEXT_CHARS] for one in node.judgements],
        "kept": node.kept,
        "fault": node.fault[:MAX_TEXT_CHARS],
        "right": node.right,
        "answer": node.answer[:MAX_TEXT_CHARS],
        "line": node.line or None,
    }
    state = {"parent": node.parent, "left": " ".join(map(str, node.left))}
    return state | {name: value for name, value in said.items() if value not in (None, "", [])}


class _Fields:
    """The fields of a JSON object that nobody vouches for; a ValueError for each wrong type."""

    def __init__(self, data: object) -> None:
        if not isinstance(data, Mapping):
            raise ValueError(f"an object should stand where a {type(data).__name__} does")
        self.data = data

    def needed(self, name: str) -> Any:
        if name not in self.data:
            raise ValueError(f"{name} is missing")
        return self.data[name]

    def flag(self, name: str) -> bool | None:
        value = self.data.get(name)
        if value is not None and not isinstance(value, bool):
            raise ValueError(f"{name} must be true or false")
        return value

    def number(self, name: str) -> float | None:
        value = self.data.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{name} must be a number")
        if (isinstance(value, int) and abs(value) > 2**53) or not math.isfinite(value):
            raise ValueError(f"{name} is out of range")
        return float(value)

    def count(self, name: str) -> int:
        value = self.data.get(name, 0)
        if type(value) is not int or not 0 <= value <= MAX_RESPONSE_CHARS:
            raise ValueError(f"{name} must be a count of at most {MAX_RESPONSE_CHARS:,}")
        return value

    def text(self, name: str) -> str:
        return _text(name, self.data.get(name, ""), MAX_TEXT_CHARS)

    def texts(self, name: str, most: int, chars: int = MAX_TEXT_CHARS) -> tuple[str, ...]:
        value = self.data.get(name, [])
        if not isinstance(value, list | tuple) or len(value) > most:
            raise ValueError(f"{name} must be a list of at most {most:,}")
        return tuple(_text(name, one, chars) for one in value)


def _text(name: str, value: object, most: int) -> str:
    if not isinstance(value, str) or len(value) > most:
        raise ValueError(f"{name} must be text of at most {most:,} characters")
    return value


def _node(fields: _Fields) -> Node:
    parent = fields.needed("parent")
    if type(parent) is not int:
        raise ValueError("parent must be a whole number")
    return Node(
        parent=parent,
        thought=fields.text("thought"),
        left=_numbers(_text("left", fields.needed("left"), MAX_TEXT_CHARS)),
        value=fields.number("value"),
        judgements=fields.texts("judgements", MAX_JUDGEMENTS),
        kept=fields.flag("kept") or False,
        fault=fields.text("fault"),
        right=fields.flag("right"),
        answer=fields.text("answer"),
        line=fields.count("line"),
    )


def _numbers(text: str) -> tuple[Number, ...]:
    """The numbers of a state; their size is bounded before any of them is made."""
    parts = text.split()
    if len(parts) > MAX_LEFT:
        raise ValueError(f"more than {MAX_LEFT} numbers are left")
    found: list[Number] = []
    for part in parts:
        if not _NUMBER.fullmatch(part):
            raise ValueError(f"{part[:40]!r} is no number such as 8 or 8/3, of at most 120 digits")
        over, _, under = part.partition("/")
        if under and not int(under):
            raise ValueError(f"{part!r} divides by zero")
        number = Fraction(int(over), int(under or 1))
        found.append(number.numerator if number.denominator == 1 else number)
    return tuple(sorted(found))


def read_trees(path: Path) -> Iterator[SearchTree]:
    """The trees of a file, a line each, one in memory at a time.

    Raises:
        ValueError: a line that is no tree; the message names the file and the line.
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        try:
            for line, value, fault in json_records(file):
                if fault:
                    raise ValueError(f"{path}: line {line}: {fault}")
                try:
                    tree = SearchTree.from_json(value)  # type: ignore[arg-type]  # it is checked
                except ValueError as error:
                    raise ValueError(f"{path}: line {line}: {error}") from None
                yield tree
        except BadTranscript as error:
            raise ValueError(f"{path}: {error}") from None


def tree_of_response(puzzle: Puzzle, response: str, method: str = "one response") -> SearchTree:
    """The search that a response writes down, as the scorer replays it.

    Each thought is a node under the state that it starts from; a finished path that is written once
    more is left out. A state is judged a dead end where the response marks it so. A look-ahead (a
    line `3 | 2 5: +7 -3 *10` for each number) judges, too: sure where it ends in `!`, else a dead
    end where the search then goes back.
    """
    return tree_of_analysis(analyse(puzzle, response), response, method)


def tree_of_analysis(analysis: Analysis, response: str, method: str = "one response") -> SearchTree:
    """As `tree_of_response`, of a response that was analysed before."""
    puzzle = analysis.puzzle
    root = Node(-1, "", puzzle.hand, kept=bool(analysis.thoughts))
    places = {-1: 0}  # of the thoughts' nodes in the tree
    tree = SearchTree(puzzle, method, [root], (response[:MAX_RESPONSE_CHARS],))
    for i, one in enumerate(analysis.thoughts):
        if one.repeats:
            continue
        places[i] = len(tree.nodes)
        fault = "" if one.fault is None else str(one.fault)
        tree.nodes.append(
            Node(places[one.parent], one.step.text, one.left, fault=fault, line=one.step.line)
        )
        tree.nodes[places[one.parent]].kept = True
    for i, judgement in _judged(analysis):
        tree.nodes[places[i]].judgements += (judgement,)
    tree.nodes[places[max(places)]].right = analysis.score.correct
    return tree


def _judged(analysis: Analysis) -> Iterator[tuple[int, str]]:
    """The thoughts whose states a response judges, and what it says of them."""
    own = [i for i, one in enumerate(analysis.thoughts) if not one.repeats]
    went_on = {analysis.thoughts[i].parent for i in own}
    lines = analysis.said.split("\n") if own else []
    for i in own:
        step, left = analysis.thoughts[i].step, analysis.thoughts[i].left
        meets = _look_ahead(lines[step.line : step.line + len(left)], left)
        if step.dead_end or (meets is False and i not in went_on):
            yield i, DEAD_END
        elif meets:
            yield i, SURE


def _look_ahead(lines: Sequence[str], left: tuple[Number, ...]) -> bool | None:
    """Whether a look-ahead over the numbers left says that they make the target.

    None where there is none: its lines follow their thought, and name the very numbers left.
    """
    meets = None
    for line in lines:
        ahead = _LOOK_AHEAD.fullmatch(line.rstrip())
        if ahead is None or _numbers(" ".join(ahead.groups()[:3])) != left:
            break
        meets = meets or ahead["hit"] is not None
    return meets
