"""Searches for the tests: a beam search by an evaluator that lies now and then, and any tree."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import strategies as st

from tot24_bench.game import Puzzle, State, can_reach, thoughts
from tot24_bench.search import Node, SearchTree


def beam_search(puzzle: Puzzle, beam: int = 5, lie_every: int = 7) -> SearchTree:
    """Every thought of each kept state, judged three times; every seventh judgement is false."""
    tree = SearchTree(puzzle, f"ToT (BFS), b = {beam}", [Node(-1, "", puzzle.hand, kept=True)])
    level = [0]
    for _ in puzzle.numbers[1:]:
        found = []
        for parent in level:
            for thought in thoughts(State(tree.nodes[parent].left)):
                left = thought.left.numbers
                true = can_reach(thought.left, puzzle.target) != (len(tree.nodes) % lie_every == 0)
                said = ("sure", "sure", "likely") if true else ("impossible", "likely", "")
                value = sum({"sure": 20, "likely": 1}.get(one, 0.001) for one in said)
                found.append(len(tree.nodes))
                tree.nodes.append(Node(parent, thought.text, left, value, said))
        level = sorted(found, key=lambda i: -(tree.nodes[i].value or 0))[:beam]
        for i in level:
            tree.nodes[i].kept = True
    for i in level:
        tree.nodes[i].kept, tree.nodes[i].right = False, tree.nodes[i].left == (puzzle.target,)
        tree.nodes[i].answer = f"answer {i}"
    tree.finals = tuple(tree.nodes[i].answer for i in level)
    return tree


_text = st.text(st.characters(codec="utf-8"), max_size=30)
_whole = st.integers(-(10**30) + 1, 10**30 - 1)
_numbers = st.one_of(_whole, st.builds(Fraction, _whole, st.integers(1, 10**30 - 1))).map(
    lambda number: int(number) if number == int(number) else number
)


@st.composite
def trees(draw: st.DrawFn) -> SearchTree:
    nodes = []
    for place in range(draw(st.integers(1, 12))):
        nodes.append(
            Node(
                parent=-1 if place == 0 else draw(st.integers(0, place - 1)),
                thought=draw(_text),
                left=tuple(sorted(draw(st.lists(_numbers, max_size=4)))),
                value=draw(st.none() | st.floats(allow_nan=False, allow_infinity=False)),
                judgements=tuple(draw(st.lists(st.sampled_from(["sure", "likely", ""]) | _text))),
                kept=draw(st.booleans()),
                fault=draw(_text),
                right=draw(st.none() | st.booleans()),
                answer=draw(_text),
            )
        )
    return SearchTree(
        Puzzle.parse("4 4 6 8"), draw(_text), nodes, tuple(draw(st.lists(_text, max_size=3)))
    )
