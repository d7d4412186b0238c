"""Correct a student's own search: keep what is right, mark its dead ends, and finish it exactly.

The student explores, the exact solver corrects, so that a later student learns on the states that
an earlier one really comes to (Ross et al. 2011, DAgger; Zelikman et al. 2022, STaR). The rules:

- The student's valid thoughts stay, in its order, in the solver's notation. One that leaves a state
  which cannot win is marked as a dead end, or, where the student went on below it, kept as
  explored, and then the search goes `Back to` the numbers it came from.
- A state that was visited before, and a thought that makes a negative number (the notation has
  none), is left out with all below it; so is a thought into a state that must not be shown: one to
  avoid, or a test hand on the way of a larger train hand (`truth`).
- The student's part ends at the first thought that breaks a rule, and where it leaves a state that
  can still win, be it by a mark or by going elsewhere. From the last state of its path that can
  still win the solver carries on, without the dead ends that are already there.

The marks and the second part are oracle knowledge: records say so (`student`).

>>> seen = '''Steps:
... 10 + 6 = 16 (left: 4 5 16)
... 16 + 5 = 21 (left: 4 21): dead end
... 10 - 6 = 4 (left: 4 4 5): dead end
... 5 * 6 = 30 (left: 4 10 30)'''
>>> print(correct(Puzzle.parse("4 5 6 10"), seen, Random(0)).text)
Steps:
10 + 6 = 16 (left: 4 5 16)
16 + 5 = 21 (left: 4 21): dead end
Back to 4 5 6 10
10 - 6 = 4 (left: 4 4 5)
5 + 4 = 9 (left: 4 9): dead end
5 - 4 = 1 (left: 1 4): dead end
5 * 4 = 20 (left: 4 20)
20 + 4 = 24 (left: 24)
Path:
10 - 6 = 4
5 * 4 = 20
20 + 4 = 24
Answer: (5 * (10 - 6)) + 4 = 24
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from tot24_bench.game import Puzzle, Rule, State, Thought, answer_expression
from tot24_bench.scoring import MAX_SOLVED_NUMBERS, ReplayedThought, analyse
from tot24_bench.teachers.solver.curriculum import DEAD_END, EXPLORE, MOST_LINES
from tot24_bench.teachers.solver.search import BACK_TO, PATH
from tot24_bench.teachers.solver.teacher import NO_SOLUTION
from tot24_bench.teachers.solver.truth import (
    LARGEST_WRITTEN,
    Numbers,
    Truth,
    around_test_hands,
    line_of,
    plausible_thoughts,
    thoughts_of,
)

MAX_CORRECTED_LINES = 60  # of the search, by default; twice what the solver alone writes


class CannotCorrect(ValueError):
    """A puzzle, never a response, that no correction can be written for."""


@dataclass(frozen=True, slots=True)
class CorrectionConfig:
    """How a search is corrected."""

    explore: float = EXPLORE  # share of the solver's dead ends that it follows, not marks at once
    # Lines of the search, at most: the student's thoughts stop and the solver's dead ends are left
    # out so that it holds. The path, and every first thought of a hand without a solution, are
    # never left out: where they do not fit, nothing is corrected.
    max_lines: int = MAX_CORRECTED_LINES
    # States that the text must not come to, not even as a dead end. Those that the hand itself
    # hides (`truth`) it never comes to.
    avoid: frozenset[State] = field(default=frozenset(), repr=False)

    def __post_init__(self) -> None:
        if not 0 <= self.explore <= 1:
            raise ValueError(f"explore is a share from 0 to 1, not {self.explore}")
        if not 1 <= self.max_lines <= MOST_LINES:
            raise ValueError(f"max_lines is a number from 1 to {MOST_LINES}, not {self.max_lines}")


class Correction(NamedTuple):
    """A corrected response."""

    text: str  # the whole response; right, every thought valid, the answer that of its path
    kept: int  # thoughts of the student in it
    marked: int  # how many of those are now marked as a dead end, or not marked any more
    # line of the response at which the student's part ends before the search does; None where
    # everything that it stated was looked at
    cut_at: int | None
    solver_lines: int  # lines of the search that the solver wrote, those to go back apart


def correct(
    puzzle: Puzzle, response: str | None, rng: Random, config: CorrectionConfig | None = None
) -> Correction:
    """The student's One-Step ToT response, corrected; no response makes it raise.

    The same response and `rng` state give the same correction.

    Raises:
        CannotCorrect: for a puzzle that need not use every number or asks for a negative target,
            that has more than MAX_SOLVED_NUMBERS numbers, that can only be solved through states
            that must not be shown, or that takes more than `max_lines` in any case.
    """
    config = config or CorrectionConfig()
    if puzzle.rule is not Rule.ALL or puzzle.target < 0:
        raise CannotCorrect("only puzzles that use every number to make 0 or more are corrected")
    if len(puzzle.numbers) > MAX_SOLVED_NUMBERS:
        raise CannotCorrect(
            f"only hands of up to {MAX_SOLVED_NUMBERS} numbers are corrected, not {puzzle.text}"
        )
    stated = analyse(puzzle, response).thoughts

    def write(avoid: frozenset[State]) -> Correction:
        return _correct(puzzle, stated, rng, config, Truth(puzzle, avoid))

    corrected = around_test_hands(puzzle, config.avoid, write, lambda done: done.text.split("\n"))
    if corrected is None:
        raise CannotCorrect(
            f"{puzzle.text} solves a hand of a test part on every way: leave it out"
        )
    return corrected


def _correct(
    puzzle: Puzzle,
    stated: Sequence[ReplayedThought],
    rng: Random,
    config: CorrectionConfig,
    truth: Truth,
) -> Correction:
    start = State.of(puzzle)
    if not truth.wins(start) and not truth.dead(start):
        raise _no_way(puzzle)
    for whole in (False, True):
        search = _Search(puzzle, truth, config, whole)
        cut_at = search.keep(stated)
        kept, marked = search.close()
        path = search.finish(rng)
        if search.lines <= config.max_lines or path is not None:
            break
    if search.lines > config.max_lines:
        raise CannotCorrect(
            f"{puzzle.text} takes {search.lines} lines, not {config.max_lines}: "
            f"set max_lines to {search.lines} or more"
        )
    lines, answer = ["Steps:", *search.text()], NO_SOLUTION
    if path is not None:
        lines += [PATH, *(thought.text for thought in path)]
        answer = f"Answer: {answer_expression(puzzle, path)} = {puzzle.target}"
    text = "\n".join([*lines, answer])
    return Correction(text, kept, marked, cut_at, len(search.nodes) - kept)


def _no_way(puzzle: Puzzle) -> CannotCorrect:
    return CannotCorrect(
        f"{puzzle.text} has no solution outside the states to avoid and hands of a test part: "
        "leave it out"
    )


@dataclass(slots=True)
class _Node:
    """A thought of the corrected search."""

    thought: Thought
    parent: int  # the node that it starts from; -1 is the hand
    dead: bool
    said: bool | None = None  # whether the student marked it; None for the solver's own
    followed: bool = False


class _Search:
    """The corrected search as it grows, thought by thought, a tree whose lines are written last.

    Only at the end is it known which dead end was followed, and which is just marked. `path` holds
    the indices of the nodes that lead to where the search is. Where it is to be `whole`, room is
    kept for every thought of a hand that has no solution.
    """

    def __init__(self, puzzle: Puzzle, truth: Truth, config: CorrectionConfig, whole: bool) -> None:
        self.puzzle, self.truth, self.config = puzzle, truth, config
        self._whole = whole
        self._owed = 0  # lines that the dead ends being followed still take
        self.lines = 0
        self.nodes: list[_Node] = []
        self.path: list[int] = []
        self.visited = {State.of(puzzle)}

    def keep(self, stated: Sequence[ReplayedThought]) -> int | None:
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
            if state in self.visited or not self._allowed(state):
                continue
            dead = self.truth.dead(state)
            if not dead and not self.truth.wins(state):
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
            win = self._dead_ends(rng)
            if win is None:
                return None
            self._add(win, len(self.path), dead=False)
        return tuple(self.nodes[i].thought for i in self.path)

    def text(self) -> list[str]:
        """The lines of the search."""
        lines: list[str] = []
        here = -1
        for i, node in enumerate(self.nodes):
            if node.parent != here:
                lines.append(BACK_TO + " ".join(map(str, self._left_by(node.parent))))
            marked = node.dead and not node.followed
            lines.append(line_of(node.thought) + (DEAD_END if marked else ""))
            here = node.parent if marked else i
        return lines

    def _dead_ends(self, rng: Random) -> Thought | None:
        """Write what the solver tries here before the thought that wins, which is not written."""
        depth, target = len(self.path), self.puzzle.target
        numbers = self._left_by(self.path[-1] if self.path else -1)
        solvable = self.truth.wins(State(tuple(sorted(numbers))))
        plausible = plausible_thoughts(numbers, target)
        for place, thought in enumerate(plausible, 1):
            state = thought.left
            if self.truth.hides(state):
                continue
            if not self.truth.dead(state):
                if self.truth.wins(state):
                    return thought
                continue
            # Two numbers are judged at sight; and only what is new is tried.
            if len(numbers) == 2 or state in self.visited or (solvable and not self._room()):
                continue
            self._add(thought, depth, dead=True)
            follow = len(numbers) > 3 and rng.random() < self.config.explore
            # Of a dead state all that is left must be written, and then a line to go back.
            owed = 0 if solvable or not depth else len(plausible) - place + 1
            self._owed += owed
            if follow and self._room(len(plausible_thoughts(state.numbers, target))):
                self._dead_ends(rng)
            self._owed -= owed
            del self.path[depth:]
        if not solvable:
            return None
        # By a thought that is not plausible; no hand of the deck needs one.
        win = next((t for t in thoughts_of(numbers, None) if self.truth.wins(t.left)), None)
        if win is None:  # its numbers are too large to be written
            raise _no_way(self.puzzle)
        return win

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

    def _allowed(self, state: State) -> bool:
        """Whether the text may come to a state; its notation has no negative and no long number."""
        return not self.truth.hides(state) and all(
            0 <= n.numerator <= LARGEST_WRITTEN and n.denominator <= LARGEST_WRITTEN
            for n in state.numbers
        )

    def _won(self) -> bool:
        return self._left_by(self.path[-1] if self.path else -1) == (self.puzzle.target,)

    def _left_by(self, node: int) -> Numbers:
        """The numbers after a node, in the order in which they are shown; -1 is the hand."""
        return self.puzzle.numbers if node < 0 else self.nodes[node].thought.left.numbers

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
        owed = self._owed + (self._untried() if self._whole else 0)
        return self.lines + lines + 1 + way + owed <= self.config.max_lines

    def _untried(self) -> int:
        """How many thoughts of the hand a whole search has still to write."""
        first = plausible_thoughts(self.puzzle.numbers, self.puzzle.target)
        lefts = {thought.left for thought in first if not self.truth.hides(thought.left)}
        return len(lefts - self.visited)

    def _goes_back(self, parent: int) -> bool:
        """Whether a line must say that the next thought starts from a node."""
        if not self.nodes:
            return parent != -1
        last = len(self.nodes) - 1
        marked = self.nodes[last].dead  # nothing has followed it yet
        return parent != last and not (marked and self.nodes[last].parent == parent)
