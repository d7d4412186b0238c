"""Best-first search, written out: the most promising thought next, wherever it is open.

The text goes from one open state to another: "Back to" the numbers where the two paths part, then
the thoughts from there down to the open state once more, so that a reader can follow with nothing
but what is written.
"""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import count
from typing import NamedTuple

from tot24_bench.game import Thought
from tot24_bench.teachers.solver_path import Path, in_order
from tot24_bench.teachers.solver_search import Found, TooLong, Writer
from tot24_bench.teachers.solver_thoughts import Numbers, line_of, promise


class _Node(NamedTuple):
    """An open state: the numbers, what must be used of them, and the thoughts that led to it."""

    numbers: Numbers
    made: Numbers
    path: Path


class Frontier:
    """The open thoughts of one search, the most promising first.

    Among equals the one that leaves fewer numbers comes first, then the one that opened first.
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._heap: list[tuple[tuple[object, int, int], _Node, Thought]] = []
        self._serial = count()
        self._here: Path = ()

    def run(self) -> Found:
        """Search to the first solution, or everything where the curriculum says so.

        Raises:
            TooLong: when it does not fit (a whole search: and no solution has come up yet).
        """
        writer = self._writer
        whole = writer.curriculum.extent == "whole"
        root = _Node(writer.puzzle.numbers, (), ())
        if writer.truth.done(root.numbers, root.made):
            return Found((), ())
        self._open(root)
        try:
            while self._heap:
                _, node, thought = heappop(self._heap)
                if self._visit(node, thought, whole):
                    break
        except TooLong:
            if writer.first is None:
                raise
        return writer.found()

    def _open(self, node: _Node) -> None:
        writer = self._writer
        truth = writer.truth
        thoughts = truth.thoughts(node.numbers, node.made)
        for thought in in_order(thoughts, writer.curriculum, truth, writer.rng):
            if not truth.forbids(thought.left):
                looks = promise(thought.left, truth.target)
                key = (-looks, len(thought.left.numbers), next(self._serial))
                heappush(self._heap, (key, node, thought))

    def _visit(self, node: _Node, thought: Thought, whole: bool) -> bool:
        """Write one thought, and open what it leaves; whether the search is over."""
        writer = self._writer
        truth = writer.truth
        after = truth.after(node.made, thought)
        child = _Node(thought.left.numbers, after, (*node.path, thought))
        if truth.wins(thought.left, after):
            self._go_to(node)
            if whole:
                if writer.note(thought, child.path, after):
                    return False
                writer.write(line_of(thought))
            else:
                writer.write(line_of(thought))
                if truth.done(child.numbers, child.made):
                    writer.first = child.path
                    return True
            self._enter(child)
        elif len(node.numbers) > 2 and not writer.full() and truth.dead(thought.left):
            writer.shown += 1
            self._go_to(node)
            if writer.follows(node.numbers) and writer.curriculum.failed:
                writer.write(line_of(thought))
                self._enter(child)
            else:
                writer.write(writer.marked(thought))
        return False

    def _enter(self, child: _Node) -> None:
        self._here = child.path
        self._open(child)

    def _go_to(self, node: _Node) -> None:
        """Bring the text to an open state."""
        if node.path == self._here:
            return
        shared = 0
        for mine, other in zip(self._here, node.path, strict=False):
            if mine != other:
                break
            shared += 1
        numbers = node.path[shared - 1].left.numbers if shared else self._writer.puzzle.numbers
        self._writer.back_to(numbers)
        for thought in node.path[shared:]:
            self._writer.write(line_of(thought))
        self._here = node.path
