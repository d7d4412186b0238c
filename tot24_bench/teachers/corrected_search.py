"""The search that a correction writes: the student's thoughts first, then the solver's.

Grown thought by thought as a tree, whose lines are written at the end: only then is it known which
dead end was followed, and which is just marked. Rules: `correction`.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from tot24_bench.game import Number, Puzzle, State, Thought, can_reach, thoughts
from tot24_bench.scoring import Thought as Stated
from tot24_bench.teachers.solver import BACK_TO, DEAD_END, plausible_thoughts
from tot24_bench.teachers.solver_hidden import Hidden

MOST_DIGITS = 10**12
"""Numbers from here on are not read back (`scoring.steps`), so none is written."""


class Judge:
    """Which states can win without those that must not be shown; remembers what it was asked."""

    def __init__(self, puzzle: Puzzle, avoid: frozenset[State]) -> None:
        self.target, self._hidden = puzzle.target, Hidden(puzzle.hand, avoid)
        self._known: dict[State, bool] = {}

    def allowed(self, state: State) -> bool:
        """Whether the text may come to a state."""
        return state not in self._hidden and all(
            0 <= n.numerator < MOST_DIGITS and n.denominator < MOST_DIGITS for n in state.numbers
        )

    def wins(self, state: State) -> bool:
        """Whether it can win through allowed states; the state itself is not looked at."""
        if len(state.numbers) == 1:
            return state.numbers[0] == self.target
        if state not in self._known:
            self._known[state] = can_reach(state, self.target) and any(
                self.allowed(thought.left) and self.wins(thought.left)
                for thought in thoughts(state)
            )
        return self._known[state]

    def dead(self, state: State) -> bool:
        """Whether it cannot win at all, avoiding nothing: only then is it marked."""
        return not can_reach(state, self.target)


@dataclass(slots=True)
class _Node:
    """A thought of the corrected search, where it starts from (-1: the hand), what its line says.

    `said` is whether the student marked it; None for the solver's own.
    """

    thought: Thought
    parent: int
    dead: bool
    said: bool | None = None
    followed: bool = False


class Search:
    """The corrected search as it grows; `path` holds the indices of the nodes that lead here."""

    def __init__(
        self, puzzle: Puzzle, judge: Judge, explore: float, max_lines: int, whole: bool = False
    ) -> None:
        """See `correction`.

        Args:
            puzzle, judge: what is asked, and the truth about it.
            explore: share of the solver's dead ends that are followed.
            max_lines: what the room for dead ends is measured by.
            whole: whether room is kept for every thought of a hand that has no solution.
        """
        self.puzzle, self.judge = puzzle, judge
        self.explore, self.max_lines = explore, max_lines
        self._whole = whole
        self._owed = 0  # lines that the dead ends being followed still take
        self.lines = 0
        self.nodes: list[_Node] = []
        self.path: list[int] = []
        self.visited = {State.of(puzzle)}

    def keep(self, stated: tuple[Stated, ...]) -> int | None:
        """Take over the student's thoughts; the line at which its part ends, None for its end."""
        place = {-1: -1}  # of each thought of the student its node
        for i, thought in enumerate(stated):
            if thought.repeats or self._won():
                return None
            if thought.fault is not None or not thought.exact:
                return thought.step.line
            if thought.parent not in place:
                continue  # below one that was left out
            node = place[thought.parent]
            depth = self.path.index(node) + 1 if node >= 0 else 0
            state = State(thought.left)
            ahead = self.path[depth] if depth < len(self.path) else None
            if ahead is not None and self.nodes[ahead].thought.left == state:
                place[i] = ahead  # the way to where it already is, written once more
                continue
            if state in self.visited or not self.judge.allowed(state):
                continue
            dead = self.judge.dead(state)
            if not dead and not self.judge.wins(state):
                continue
            if ahead is not None and not self.nodes[ahead].dead:
                return thought.step.line
            if dead and not self._room_for(depth):
                return thought.step.line
            step = thought.step
            own = Thought(step.a, step.op, step.b, step.value, state)
            place[i] = self._add(own, depth, dead, step.dead_end)
        return None

    def close(self) -> tuple[int, int]:
        """End the student's part where it can still win; how many are kept, how many re-marked."""
        changed = sum(node.said is not (node.dead and not node.followed) for node in self.nodes)
        while self.path and self.nodes[self.path[-1]].dead:
            self.path.pop()
        return len(self.nodes), changed

    def finish(self, rng: Random) -> tuple[Thought, ...] | None:
        """Carry on to the target; the winning path, None where there is none."""
        while not self._won():
            depth, numbers = len(self.path), self._numbers(len(self.path))
            win = self._dead_ends(numbers, rng)
            if win is None:
                return None
            self._add(win, depth, dead=False)
        return tuple(self.nodes[i].thought for i in self.path)

    def text(self) -> list[str]:
        """The lines of the search."""
        lines: list[str] = []
        here = -1
        for i, node in enumerate(self.nodes):
            if node.parent != here:
                lines.append(self._back(node.parent))
            marked = node.dead and not node.followed
            lines.append(line(node.thought) + (DEAD_END if marked else ""))
            here = node.parent if marked else i
        return lines

    def _dead_ends(self, numbers: tuple[Number, ...], rng: Random) -> Thought | None:
        """Write what the solver tries here before the thought that wins, which is not written."""
        depth, target = len(self.path), self.puzzle.target
        solvable = self.judge.wins(State(tuple(sorted(numbers))))
        plausible = plausible_thoughts(numbers, target)
        for place, thought in enumerate(plausible, 1):
            state = thought.left
            if not self.judge.allowed(state):
                continue
            if not self.judge.dead(state):
                if self.judge.wins(state):
                    return thought
                continue
            # Two numbers are judged at sight; and only what is new is tried.
            if len(numbers) == 2 or state in self.visited or (solvable and not self._room()):
                continue
            self._add(thought, depth, dead=True)
            follow = len(numbers) > 3 and rng.random() < self.explore
            # Of a dead state all that is left must be written, and then a line to go back.
            owed = 0 if solvable or not depth else len(plausible) - place + 1
            self._owed += owed
            if follow and self._room(len(plausible_thoughts(state.numbers, target))):
                self._below(rng)
            self._owed -= owed
            del self.path[depth:]
        if solvable:  # by a thought that is not plausible; no hand of the deck needs one
            left = thoughts(State(tuple(sorted(numbers))))
            return next(t for t in left if self.judge.allowed(t.left) and self.judge.wins(t.left))
        return None

    def _below(self, rng: Random) -> None:
        """Follow the dead end at the end of the path until everything below it is marked."""
        self._dead_ends(self._numbers(len(self.path)), rng)

    def _add(self, thought: Thought, depth: int, dead: bool, said: bool | None = None) -> int:
        parent = self.path[depth - 1] if depth else -1
        self.lines += 1 + self._goes_back(parent)
        if parent >= 0:
            self.nodes[parent].followed = True
        del self.path[depth:]
        self.path.append(len(self.nodes))
        self.nodes.append(_Node(thought, parent, dead, said))
        self.visited.add(thought.left)
        return self.path[-1]

    def _won(self) -> bool:
        return self._numbers(len(self.path)) == (self.puzzle.target,)

    def _numbers(self, depth: int) -> tuple[Number, ...]:
        """The numbers after `depth` thoughts of the path, in the order in which they are shown."""
        if not depth:
            return self.puzzle.numbers
        return self.nodes[self.path[depth - 1]].thought.left.numbers

    def _room_for(self, depth: int) -> bool:
        """Whether one dead end more fits after `depth` thoughts of the path."""
        parent = self.path[depth - 1] if depth else -1
        # Below a dead end a line goes back before it, if need be, and one after it.
        below = parent >= 0 and self.nodes[parent].dead
        return self._room(2 if below and self._goes_back(parent) else 1)

    def _room(self, lines: int = 1) -> bool:
        """Whether more lines of dead ends, one to go back, and the way to the target fit."""
        alive = sum(not self.nodes[i].dead for i in self.path)
        way = len(self.puzzle.numbers) - 1 - alive
        owed = self._owed + (len(self._untried()) if self._whole else 0)
        return self.lines + lines + 1 + way + owed <= self.max_lines

    def _untried(self) -> list[Thought]:
        """The thoughts of the hand that a whole search has still to write."""
        first = plausible_thoughts(self.puzzle.numbers, self.puzzle.target)
        lefts = {thought.left: thought for thought in first if self.judge.allowed(thought.left)}
        return [thought for left, thought in lefts.items() if left not in self.visited]

    def _goes_back(self, parent: int) -> bool:
        """Whether a line must say that the next thought starts from a node."""
        if not self.nodes:
            return parent != -1
        last = len(self.nodes) - 1
        marked = self.nodes[last].dead  # nothing has followed it yet
        return parent != last and not (marked and self.nodes[last].parent == parent)

    def _back(self, parent: int) -> str:
        numbers = self.nodes[parent].thought.left.numbers if parent >= 0 else self.puzzle.numbers
        return BACK_TO + " ".join(map(str, numbers))


def line(thought: Thought) -> str:
    """A thought in the solver's notation, without a mark."""
    return f"{thought.text} (left: {thought.left.text})"
