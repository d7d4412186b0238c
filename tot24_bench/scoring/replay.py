"""Replay the thoughts of a response against the exact numbers.

`steps` reads what a response states; here every thought gets the state that it starts from, and
the first rule that it breaks, if any. The rules of the replay:

- A thought goes on from the numbers left, or from an earlier state of the path, or from the hand.
  What the response says decides (a new "Steps:", numbering that starts again, "Back to 4 5 16");
  where it says little, the state in which the whole thought is true; failing that the one that its
  note of the numbers left has the size for.
- After a thought that breaks a rule the response's own note of the numbers left is believed, so
  that a later thought is not blamed for an earlier one; such states are never `exact`.
- Thoughts that write a finished path once more (to show it, or to check it) count once. A path is
  finished where it makes the target and no other number is left, or none that must be used.

>>> from tot24_bench.scoring.steps import read_steps
>>> step, = read_steps("4 + 8 = 12 (left: 4 6 12)")
>>> check(step, (4, 4, 6, 8))
(None, (4, 6, 12))
>>> check(step, (4, 4, 6, 6))[0]
<BrokenRule.UNAVAILABLE: 'unavailable'>
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from tot24_bench.game.puzzle import Puzzle, Rule
from tot24_bench.game.states import Number
from tot24_bench.scoring.steps import Cue, Step

# Thoughts of one path: twice those of the largest hand. A path of false ones could go on for ever,
# and its numbers with it; one more starts from the last of these.
MAX_PATH = 24


class BrokenRule(StrEnum):
    """The first rule that a thought breaks, in the order in which they are looked at."""

    TOO_MANY = "too_many"  # one number is left, there is nothing to combine
    UNAVAILABLE = "unavailable"  # a number that it combines is not there
    ARITHMETIC = "arithmetic"  # the result is not what comes out, exactly
    LEFT = "left"  # the note of the numbers left is not what is left


class ReplayedThought(NamedTuple):
    """A stated thought and what the replay found."""

    step: Step
    parent: int  # index of the thought whose state it starts from; -1 for the hand
    place: int  # its number in the path from the hand, from 1
    fault: BrokenRule | None  # the first rule that it breaks; None where it is valid
    left: tuple[Number, ...]  # after it, ascending: exact where `exact`, else as the response says
    exact: bool  # whether it and every thought before it on its path are valid
    repeats: bool  # whether it writes a thought of a finished path once more


def check(step: Step, numbers: tuple[Number, ...]) -> tuple[BrokenRule | None, tuple[Number, ...]]:
    """The first rule that a step breaks in a state, and the numbers after it, ascending.

    Where it breaks one, the numbers after it are those that the step itself says are left.
    """
    rest = list(numbers)
    missing = False
    for operand in (step.a, step.b):
        if operand in rest:
            rest.remove(operand)
        else:
            missing = True
    after = tuple(sorted((*rest, step.value)))
    claimed = after if step.left is None else tuple(sorted(step.left))
    if len(numbers) < 2:
        return BrokenRule.TOO_MANY, claimed
    if missing:
        return BrokenRule.UNAVAILABLE, claimed
    if not holds(step.a, step.op, step.b, step.value):
        return BrokenRule.ARITHMETIC, claimed
    if claimed != after:
        return BrokenRule.LEFT, claimed
    return None, after


def holds(a: Number, op: str, b: Number, value: Number) -> bool:
    """Whether `a op b` is exactly `value`."""
    if op == "+":
        return a + b == value
    if op == "-":
        return a - b == value
    if op == "*":
        return a * b == value
    return b != 0 and a * value.denominator == b * value.numerator


class Replay:
    """One pass over the thoughts; `path` holds the indices of those that lead to where it is."""

    def __init__(self, puzzle: Puzzle) -> None:
        self.hand: tuple[Number, ...] = puzzle.hand
        self.target = puzzle.target
        self.some = puzzle.rule is Rule.SOME
        self.thoughts: list[ReplayedThought] = []
        self.path: list[int] = []

    def run(self, steps: list[Step]) -> tuple[ReplayedThought, ...]:
        """Every step in turn."""
        for step in steps:
            if self._repeats(step):
                last = self.thoughts[self.path[-1]]
                self.thoughts.append(last._replace(step=step, repeats=True))
                continue
            del self.path[MAX_PATH:]
            depth = self._depth(step)
            fault, left = self._check(step, depth)
            parent = self.path[depth - 1] if depth else -1
            exact = fault is None and (parent < 0 or self.thoughts[parent].exact)
            del self.path[depth:]
            self.path.append(len(self.thoughts))
            self.thoughts.append(
                ReplayedThought(step, parent, depth + 1, fault, left, exact, False)
            )
        return tuple(self.thoughts)

    def _state(self, depth: int) -> tuple[Number, ...]:
        """The numbers after `depth` thoughts of the path."""
        return self.thoughts[self.path[depth - 1]].left if depth else self.hand

    def _check(self, step: Step, depth: int) -> tuple[BrokenRule | None, tuple[Number, ...]]:
        return check(step, self._state(depth))

    def _finished(self, depth: int) -> bool:
        """Whether the path has made the target there, and no other number must be used."""
        thought = self.thoughts[self.path[depth - 1]] if depth else None
        if thought is None or not thought.exact or thought.step.value != self.target:
            return False
        return self.some or len(thought.left) == 1

    def _repeats(self, step: Step) -> bool:
        """Whether a step writes a thought of a path that has made the target once more."""
        if not self._finished(len(self.path)):
            return False
        written = [(step.a, step.op, step.b, step.value)]
        if step.op in "+*":
            written.append((step.b, step.op, step.a, step.value))
        # Where numbers may be left over, another path may hold the same thought.
        left = None if step.left is None or not self.some else tuple(sorted(step.left))
        return any(
            thought.step[:4] in written and left in (None, thought.left)
            for thought in (self.thoughts[i] for i in self.path)
        )

    def _depth(self, step: Step) -> int:
        """How many thoughts of the path the step goes on from."""
        deepest = len(self.path)
        if not deepest:
            return 0
        if step.back_to is not None:
            named = tuple(sorted(step.back_to))
            for depth in range(deepest, -1, -1):
                if self._state(depth) == named:
                    return depth
        if step.cue is Cue.START:
            return 0 if step.left is None else self._where_true(step, range(deepest + 1), 0)
        # A last thought that is marked as a dead end is gone back from.
        marked = self.thoughts[self.path[-1]].step.dead_end
        leaf = deepest - marked
        finished = len(self._state(leaf)) == 1 or (self.some and self._finished(leaf))
        if finished and self._goes_on(step):
            return leaf
        if step.left is None:
            if step.cue is Cue.BACK:
                return self._where_true(step, range(deepest), 0)
            if not (finished or marked):
                return leaf
            return self._where_true(step, range(leaf, -1, -1), leaf)
        if step.cue is Cue.NONE and self._check(step, leaf)[0] is None:
            return leaf
        size = len(step.left) + 1
        sized = next((d for d in range(deepest + 1) if len(self._state(d)) == size), None)
        if step.cue is Cue.BACK:
            return self._where_true(step, range(leaf + 1), 0 if sized is None else sized)
        fallback = leaf
        if sized is not None and (sized == 0 if finished else self._combines(step, sized, leaf)):
            fallback = sized
        order = (*range(leaf - 1, -1, -1), *((deepest,) if marked else ()))
        return self._where_true(step, order, fallback)

    def _goes_on(self, step: Step) -> bool:
        """Whether a step's number says that it goes on from the one before it."""
        before = self.thoughts[self.path[-1]].step.number
        if step.cue is not Cue.NONE or step.number is None or before is None:
            return False
        return step.number > 1 and step.number - before in (0, 1)

    def _combines(self, step: Step, depth: int, leaf: int) -> bool:
        """Whether the numbers of a step are there at `depth`, and not at the leaf."""
        there = (None, BrokenRule.ARITHMETIC, BrokenRule.LEFT)
        at_leaf = self._check(step, leaf)[0] in there
        return not at_leaf and self._check(step, depth)[0] in there

    def _where_true(self, step: Step, depths: Sequence[int], fallback: int) -> int:
        """The first of the depths from which the whole step is true."""
        return next((depth for depth in depths if self._check(step, depth)[0] is None), fallback)
