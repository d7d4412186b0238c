"""A search as a tree of states, whoever walked it: a method of this room, or one response.

A node is a state with the thought that led to it. What the model said of the state stands beside
what is true, so that a reader sees each false judgement.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from tot24_bench.game import Number, Puzzle


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


@dataclass(slots=True)
class SearchTree:
    """All states of a search, in the order in which it came to them; the root is the first."""

    puzzle: Puzzle
    method: str  # what tables call it
    nodes: list[Node] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` reads back to an equal tree; numbers as text."""
        return {
            "puzzle": self.puzzle.to_json(),
            "method": self.method,
            "nodes": [_plain(node) for node in self.nodes],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SearchTree:
        """Read what `to_json` wrote.

        Raises:
            ValueError: the data are no tree: a key is missing, or a parent comes after its child.
        """
        try:
            nodes = [_node(one) for one in data["nodes"]]
            tree = cls(Puzzle.from_json(data["puzzle"]), str(data["method"]), nodes)
        except (KeyError, TypeError, AttributeError, ZeroDivisionError) as error:
            raise ValueError(f"no tree of a search: {type(error).__name__} at {error}") from error
        if not nodes or any(not -1 <= node.parent < i for i, node in enumerate(nodes)):
            raise ValueError("no tree of a search: it has no root, or a child before its parent")
        return tree


def _plain(node: Node) -> dict[str, Any]:
    """The fields that say something."""
    said = {
        "parent": node.parent,
        "thought": node.thought,
        "left": " ".join(map(str, node.left)),
        "value": node.value,
        "judgements": list(node.judgements),
        "kept": node.kept,
        "fault": node.fault,
        "right": node.right,
    }
    return {name: value for name, value in said.items() if value not in (None, "", [])}


def _node(data: Mapping[str, Any]) -> Node:
    left = tuple(Fraction(number) for number in str(data["left"])[:2_000].split())
    return Node(
        parent=int(data["parent"]),
        thought=str(data.get("thought", "")),
        left=tuple(n.numerator if n.denominator == 1 else n for n in left),
        value=data.get("value"),
        judgements=tuple(map(str, data.get("judgements", ()))),
        kept=bool(data.get("kept", False)),
        fault=str(data.get("fault", "")),
        right=data.get("right"),
    )
