"""Replay the thoughts of a response: the state that each starts from, and the path it is on.

The rules of the replay: `analysis`. A path has ended where its last thought makes the target, with
no other number left, or, where not every number must be used, with any.
"""

from __future__ import annotations

from tot24_bench.game.puzzle import Puzzle, Rule
from tot24_bench.game.states import Number
from tot24_bench.scoring.steps import Cue, Step
from tot24_bench.scoring.thought import Fault, Thought, check

MAX_PATH = 24
"""Thoughts of one path: twice those of the largest hand. A path of false ones could go on for ever,
and its numbers with it; one more starts from the last of these."""


class Replay:
    """One pass over the thoughts; `path` holds the indices of those that lead to where it is."""

    def __init__(self, puzzle: Puzzle) -> None:
        self.hand: tuple[Number, ...] = puzzle.hand
        self.target = puzzle.target
        self.some = puzzle.rule is Rule.SOME
        self.thoughts: list[Thought] = []
        self.path: list[int] = []

    def run(self, steps: list[Step]) -> tuple[Thought, ...]:
        """Every step in turn."""
        for step in steps:
            self._add(step)
        return tuple(self.thoughts)

    def _finished(self, thought: Thought) -> bool:
        """Whether a thought ends a path: it makes the target, and no other number must be used."""
        if not thought.exact or thought.step.value != self.target:
            return False
        return self.some or len(thought.left) == 1

    def _named(self, back_to: tuple[Number, ...] | None) -> int | None:
        """The deepest place on the path with the numbers that a step says it goes back to."""
        if back_to is not None:
            named = tuple(sorted(back_to))
            for depth in range(len(self.path), -1, -1):
                if self._state(depth) == named:
                    return depth
        return None

    def _state(self, depth: int) -> tuple[Number, ...]:
        """The numbers after `depth` thoughts of the path."""
        return self.thoughts[self.path[depth - 1]].left if depth else self.hand

    def _add(self, step: Step) -> None:
        if self._repeats(step):
            last = self.thoughts[self.path[-1]]
            self.thoughts.append(last._replace(step=step, repeats=True))
            return
        del self.path[MAX_PATH:]
        depth, fault, left = self._place(step)
        parent = self.path[depth - 1] if depth else -1
        exact = fault is None and (parent < 0 or self.thoughts[parent].exact)
        del self.path[depth:]
        self.path.append(len(self.thoughts))
        self.thoughts.append(Thought(step, parent, depth + 1, fault, left, exact, False))

    def _place(self, step: Step) -> tuple[int, Fault | None, tuple[Number, ...]]:
        """How many thoughts of the path a step goes on from, and what comes of it there."""
        if step.cue is Cue.NONE and step.left is not None:
            # The common case first: it is true where the thought before it left off.
            leaf = self._leaf()
            found = check(step, self._state(leaf))
            if found[0] is None:
                return leaf, *found
        depth = self._depth(step)
        return depth, *check(step, self._state(depth))

    def _leaf(self) -> int:
        """How deep the path goes, without a last thought that is marked as a dead end."""
        depth = len(self.path)
        return depth - 1 if depth and self.thoughts[self.path[-1]].step.dead_end else depth

    def _repeats(self, step: Step) -> bool:
        """Whether a step writes a thought of a path that has made the target once more.

        Where numbers may be left over, another path may hold the same thought: what is left tells.
        """
        if not self.path or not self._finished(self.thoughts[self.path[-1]]):
            return False
        left = None if step.left is None or not self.some else tuple(sorted(step.left))
        return any(
            (
                (step.a, step.op, step.b, step.value) == self.thoughts[i].step[:4]
                or (
                    step.op in "+*"
                    and (step.b, step.op, step.a, step.value) == self.thoughts[i].step[:4]
                )
            )
            and (left is None or left == self.thoughts[i].left)
            for i in self.path
        )

    def _depth(self, step: Step) -> int:
        """How many thoughts of the path the step goes on from."""
        deepest = len(self.path)
        if not deepest:
            return 0
        named = self._named(step.back_to)
        if named is not None:
            return named
        if step.cue is Cue.START:
            return 0 if step.left is None else self._where_true(step, range(deepest + 1), 0)
        leaf = self._leaf()
        marked = leaf < deepest
        finished = len(self._state(leaf)) == 1
        if self.some and leaf:
            finished = finished or self._finished(self.thoughts[self.path[leaf - 1]])
        if finished and self._goes_on(step):
            return leaf
        if step.left is None:
            if step.cue is Cue.BACK:
                return self._where_true(step, range(deepest), 0)
            if check(step, self._state(leaf))[0] is None or not (finished or marked):
                return leaf
            return self._where_true(step, range(leaf - 1, -1, -1), leaf)
        size = len(step.left) + 1
        sized = next((d for d in range(deepest + 1) if len(self._state(d)) == size), None)
        if step.cue is Cue.BACK:
            return self._where_true(step, range(leaf + 1), 0 if sized is None else sized)
        fallback = leaf
        if sized is not None and (sized == 0 if finished else self._combines(step, sized, leaf)):
            fallback = sized
        order = (leaf, *range(leaf - 1, -1, -1), *((deepest,) if marked else ()))
        return self._where_true(step, order, fallback)

    def _goes_on(self, step: Step) -> bool:
        """Whether a step's number says that it goes on from the one before it."""
        before = self.thoughts[self.path[-1]].step.number
        if step.cue is not Cue.NONE or step.number is None or before is None:
            return False
        return step.number > 1 and step.number - before in (0, 1)

    def _combines(self, step: Step, depth: int, leaf: int) -> bool:
        """Whether the numbers of a step are there at `depth`, and not at the leaf."""
        there = (None, Fault.ARITHMETIC, Fault.LEFT)
        at_leaf = check(step, self._state(leaf))[0] in there
        return not at_leaf and check(step, self._state(depth))[0] in there

    def _where_true(self, step: Step, depths: range | tuple[int, ...], fallback: int) -> int:
        """The first of the depths from which the whole step is true."""
        for depth in depths:
            if check(step, self._state(depth))[0] is None:
                return depth
        return fallback
