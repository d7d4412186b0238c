"""The solver teacher's search written out line by line as a curriculum wants it.

Depth-first, to the first solution: the winning path is found first, with the dead ends that come up
on the way; those that are to be shown are then written, marked or followed. A whole search and a
best-first one (`solver_frontier`) are written as they go.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from tot24_bench.game import Puzzle, Thought
from tot24_bench.teachers.curriculum import Curriculum
from tot24_bench.teachers.solver_path import Level, Path, in_order, path_of, winning_levels
from tot24_bench.teachers.solver_thoughts import Numbers, line_of, plausible_thoughts, promise
from tot24_bench.teachers.solver_truth import Truth

BACK_TO = "Back to "
SOLUTION = ": solution"
"""Notes that one thought more makes the target, in a whole search."""

MOST_EXPLORED = 10_000
"""Thoughts that one attempt writes below dead ends, those that `failed` drops counted in. Past it
dead ends are marked. No hand of four has so many; six large numbers have millions."""

HALVINGS = 3
"""How often a search that is too long explores half as much before it explores nothing."""


class Found(NamedTuple):
    """A search written out: its lines, and the winning path; None where there is none."""

    lines: tuple[str, ...]
    path: Path | None


class TooLong(Exception):
    """The lines do not fit; never leaves this package."""


class Attempt(NamedTuple):
    """How much is shown: the share explored, and the dead ends at most."""

    best_first: bool
    explore: float
    dead_ends: int | None


def attempts(curriculum: Curriculum, room: int | None) -> Iterator[Attempt]:
    """What to try until the lines fit: half the exploring, none, then fewer dead ends."""
    best_first = curriculum.order == "best-first"
    most = curriculum.dead_ends
    yield Attempt(best_first, curriculum.explore, most)
    if room is None:
        return
    if curriculum.explore:
        for halving in range(1, HALVINGS + 1):
            yield Attempt(best_first, curriculum.explore / 2**halving, most)
        yield Attempt(best_first, 0.0, most)
    fewer = room if most is None else min(most, room)
    while fewer:
        fewer //= 2
        yield Attempt(best_first, 0.0, fewer)
    if best_first:  # jumps between states that can win may alone be too long
        yield Attempt(False, 0.0, 0)


class Writer:
    """The lines of one attempt; `room` is how many there may be."""

    def __init__(
        self,
        puzzle: Puzzle,
        curriculum: Curriculum,
        truth: Truth,
        rng: Random,
        attempt: Attempt,
        room: int | None,
    ) -> None:
        self.puzzle, self.curriculum, self.truth = puzzle, curriculum, truth
        self.rng, self.attempt, self.room = rng, attempt, room
        self.lines: list[str] = []
        self.shown = self.explored = 0
        self.first: Path | None = None

    def first_solution(self) -> Found:
        """Depth-first, to the first solution.

        Raises:
            TooLong: when it does not fit.
        """
        levels = winning_levels(self.puzzle, self.curriculum, self.truth, self.rng)
        chosen = self._chosen(levels)
        place = 0
        for level in levels:
            for thought in level.dead_ends:
                if chosen is None or place in chosen:
                    self.dead_end(level.numbers, thought)
                place += 1
            if level.wins is not None:
                self.write(line_of(level.wins))
        return Found(tuple(self.lines), path_of(levels))

    def whole(self) -> Found:
        """Depth-first, everything; it ends where there is no room for more.

        Raises:
            TooLong: when it does not fit and no solution has come up yet.
        """
        if self.truth.done(self.puzzle.numbers, ()):
            return Found((), ())
        try:
            self._whole(self.puzzle.numbers, (), ())
        except TooLong:
            if self.first is None:
                raise
        return self.found()

    def found(self) -> Found:
        """What a search has come to; a way back that nothing follows is left out."""
        while self.lines and self.lines[-1].startswith(BACK_TO) and self.first is not None:
            self.lines.pop()
        return Found(tuple(self.lines), self.first)

    def write(self, line: str) -> None:
        """Add a line.

        Raises:
            TooLong: when there is no room.
        """
        if self.room is not None and len(self.lines) >= self.room:
            raise TooLong
        self.lines.append(line)

    def back_to(self, numbers: Numbers) -> None:
        """Say where the search goes on."""
        if self.curriculum.say_back:
            self.write(BACK_TO + " ".join(map(str, numbers)))

    def marked(self, thought: Thought) -> str:
        """The line of a dead end."""
        return line_of(thought) + (self.curriculum.mark or "")

    def follows(self, numbers: Numbers) -> bool:
        """Whether a dead end in a state is followed; of two numbers left none is."""
        if len(numbers) <= 3 or self.explored >= MOST_EXPLORED:
            return False
        return self.rng.random() < self.attempt.explore

    def dead_end(self, numbers: Numbers, thought: Thought) -> None:
        """A dead end in a state: marked, or followed until everything below it is marked."""
        if not self.follows(numbers):
            self.write(self.marked(thought))
            return
        start = len(self.lines)
        self.write(line_of(thought))
        self._explore(thought.left.numbers)
        if self.curriculum.failed:
            self.back_to(numbers)
        else:
            self.lines[start:] = [self.marked(thought)]

    def full(self) -> bool:
        """Whether no more dead ends may be shown."""
        return self.attempt.dead_ends is not None and self.shown >= self.attempt.dead_ends

    def note(self, thought: Thought, path: Path, made: Numbers) -> bool:
        """Write a thought that solves, or that one more solves; whether nothing is below it."""
        left = thought.left
        if self.truth.done(left.numbers, made):
            self.write(line_of(thought) + (SOLUTION if len(left.numbers) > 1 else ""))
            self.first = self.first or path
            return True
        if len(left.numbers) > 2:
            return False
        thoughts = self.truth.thoughts(left.numbers, made)
        lasts = (t for t in thoughts if self.truth.wins(t.left, self.truth.after(made, t)))
        last = next(lasts, None)
        if last is None:  # its numbers are too large to be written
            return True
        self.write(line_of(thought) + SOLUTION)
        self.first = self.first or (*path, last)
        return True

    def _chosen(self, levels: tuple[Level, ...]) -> frozenset[int] | None:
        """Places of the dead ends to show, counted over all levels; None for all of them."""
        most = self.attempt.dead_ends
        found = [thought for level in levels for thought in level.dead_ends]
        if most is None or len(found) <= most:
            return None
        places = range(len(found))
        if self.curriculum.plausible == "random":
            return frozenset(self.rng.sample(places, most))
        if self.curriculum.plausible == "tempting":
            target = self.puzzle.target
            ranked = sorted(places, key=lambda place: -promise(found[place].left, target))
            return frozenset(ranked[:most])
        return frozenset(places[:most])

    def _explore(self, numbers: Numbers) -> None:
        if len(numbers) > 2:
            thoughts = plausible_thoughts(numbers, self.truth.target)
            for thought in in_order(thoughts, self.curriculum, self.truth, self.rng):
                if not self.truth.forbids(thought.left):
                    self.explored += 1
                    self.dead_end(numbers, thought)

    def _whole(self, numbers: Numbers, made: Numbers, path: Path) -> None:
        thoughts = self.truth.thoughts(numbers, made)
        for thought in in_order(thoughts, self.curriculum, self.truth, self.rng):
            after = self.truth.after(made, thought)
            if self.truth.wins(thought.left, after):
                if not self.note(thought, (*path, thought), after):
                    self.write(line_of(thought))
                    self._whole(thought.left.numbers, after, (*path, thought))
                    self.back_to(numbers)
            elif len(numbers) > 2 and not self.full() and self.truth.shows_dead(thought.left):
                self.shown += 1
                self.dead_end(numbers, thought)
