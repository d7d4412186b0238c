"""The solver teacher's responses, one function a method.

| method | response |
| --- | --- |
| `io` | the answer |
| `cot` | the winning path, the answer |
| `onestep_tot` | the search, the winning path once more, the answer |
| `propose` | the plausible thoughts of the numbers left |
| `value` | a path, or some thoughts that all fail, and the judgement |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from random import Random
from typing import TypeVar

from tot24_bench.game import Puzzle, State, Thought
from tot24_bench.prompts import IMPOSSIBLE, JUDGEMENT, SURE
from tot24_bench.scoring import one_expression
from tot24_bench.teachers.curriculum import MOST_LINES, CannotTeach, Curriculum
from tot24_bench.teachers.solver_frontier import Frontier
from tot24_bench.teachers.solver_hidden import (
    MOST_DETOURS,
    hides_test_hands,
    where_test_hand_is_solved,
)
from tot24_bench.teachers.solver_lookahead import look_ahead, way_of
from tot24_bench.teachers.solver_path import (
    Path,
    in_order,
    no_way,
    path_of,
    truth_of,
    winning_levels,
)
from tot24_bench.teachers.solver_search import Found, TooLong, Writer, attempts
from tot24_bench.teachers.solver_straight import goes_straight, straight
from tot24_bench.teachers.solver_thoughts import line_of, promise, text_of
from tot24_bench.teachers.solver_truth import Truth

PATH = "Path:"
NO_SOLUTION = "Answer: no solution"

Text = TypeVar("Text")

TRIES = 6
"""Failing thoughts that a `value` response shows where the curriculum does not say how many."""


def io(puzzle: Puzzle, curriculum: Curriculum, rng: Random) -> str:
    """The answer alone."""
    return _answer(puzzle, _path(puzzle, curriculum, rng))


def cot(puzzle: Puzzle, curriculum: Curriculum, rng: Random) -> str:
    """The winning path and the answer."""
    path = _path(puzzle, curriculum, rng)
    lines = ("Steps:", *map(line_of, path or ()), _answer(puzzle, path))
    return _fitted(puzzle, curriculum, lines)


def onestep_tot(puzzle: Puzzle, curriculum: Curriculum, rng: Random) -> str:
    """The search, and what comes of it."""
    if curriculum.judge == "look-ahead":
        truth = truth_of(puzzle, curriculum)
        searched = look_ahead(puzzle, truth, way_of(puzzle, truth, curriculum, rng))
        end = () if searched.answer is not None else (NO_SOLUTION,)
        return _fitted(puzzle, curriculum, ("Steps:", *searched.lines, *end))
    found = _search(puzzle, curriculum, rng)
    recap: tuple[str, ...] = ()
    if curriculum.recap and found.path is not None:
        recap = (PATH, *map(text_of, found.path))
    return "\n".join(("Steps:", *found.lines, *recap, _answer(puzzle, found.path)))


def propose(puzzle: Puzzle, curriculum: Curriculum, rng: Random) -> str:
    """The thoughts to consider in a state, none of which leaves a state to avoid."""
    truth = truth_of(puzzle, curriculum)
    found = [
        thought
        for thought in in_order(truth.thoughts(puzzle.numbers, ()), curriculum, truth, rng)
        if not truth.forbids(thought.left)
    ]
    if not found:
        raise CannotTeach(f"{puzzle.text} leaves no thought to propose")
    most = min(curriculum.proposals or len(found), curriculum.max_lines or len(found))
    return "\n".join(map(line_of, _best(found, most, truth)))


def value(puzzle: Puzzle, curriculum: Curriculum, rng: Random) -> str:
    """Why a state can or cannot make the target, and the judgement."""
    truth = truth_of(puzzle, curriculum)
    path = _path(puzzle, curriculum, rng)
    if path is not None:
        return _fitted(puzzle, curriculum, (*map(line_of, path), JUDGEMENT + SURE))
    most = TRIES if curriculum.dead_ends is None else curriculum.dead_ends
    if curriculum.max_lines is not None:
        most = min(most, curriculum.max_lines - 1)
    tries = [
        line_of(thought) + (curriculum.mark or "")
        for thought in in_order(truth.thoughts(puzzle.numbers, ()), curriculum, truth, rng)
        if not truth.forbids(thought.left)
    ]
    return "\n".join((*tries[:most], JUDGEMENT + IMPOSSIBLE))


WRITERS = {
    "io": io,
    "cot": cot,
    "onestep_tot": onestep_tot,
    "propose": propose,
    "value": value,
}


def _path(puzzle: Puzzle, curriculum: Curriculum, rng: Random) -> Path | None:
    def written(curriculum: Curriculum) -> Path | None:
        truth = truth_of(puzzle, curriculum)
        return path_of(winning_levels(puzzle, curriculum, truth, rng))

    return _around(puzzle, curriculum, written, lambda path: map(line_of, path or ()))


def _search(puzzle: Puzzle, curriculum: Curriculum, rng: Random) -> Found:
    """The search in as many lines as there may be."""
    return _around(
        puzzle,
        curriculum,
        lambda way: _searched(puzzle, way, rng),
        lambda found: (*found.lines, PATH, *map(text_of, found.path or ())),
    )


def _around(
    puzzle: Puzzle,
    curriculum: Curriculum,
    written: Callable[[Curriculum], Text],
    lines_of: Callable[[Text], Iterable[str]],
) -> Text:
    """What is written, around the states on whose paths a test hand is solved.

    Raises:
        CannotTeach: as `no_way`, after MOST_DETOURS of them.
    """
    text = written(curriculum)
    if not hides_test_hands(puzzle.hand):
        return text
    for _ in range(MOST_DETOURS):
        state = where_test_hand_is_solved(puzzle, lines_of(text))
        if state is None:
            return text
        curriculum = replace(curriculum, avoid=curriculum.forbidden | {state})
        text = written(curriculum)
    raise no_way(puzzle)


def _searched(puzzle: Puzzle, curriculum: Curriculum, rng: Random) -> Found:
    room = _room(puzzle, curriculum)
    tries = attempts(curriculum, room)
    if goes_straight(puzzle, curriculum):
        try:
            found = straight(puzzle, curriculum, rng, room)
            if found is not None:
                return found
        except TooLong:
            next(tries)  # it was the first
    truth = truth_of(puzzle, curriculum)
    found = _fitting(Writer(puzzle, curriculum, truth, rng, attempt, room) for attempt in tries)
    if found.path is None and not truth.dead(State.of(puzzle)):
        raise no_way(puzzle)
    return found


def _room(puzzle: Puzzle, curriculum: Curriculum) -> int:
    """The lines that a search may have.

    Raises:
        CannotTeach: where a path alone does not fit.
    """
    most = MOST_LINES if curriculum.max_lines is None else curriculum.max_lines
    steps = len(puzzle.numbers) - 1
    room = most - 2 - (1 + steps if curriculum.recap else 0)
    if room < steps:
        raise _too_few(puzzle, most, most + steps - room)
    return room


def _fitted(puzzle: Puzzle, curriculum: Curriculum, lines: tuple[str, ...]) -> str:
    """A response that is a path alone: nothing of it can be left out.

    Raises:
        CannotTeach: where it does not fit.
    """
    if curriculum.max_lines is not None and len(lines) > curriculum.max_lines:
        raise _too_few(puzzle, curriculum.max_lines, len(lines))
    return "\n".join(lines)


def _too_few(puzzle: Puzzle, most: int, needed: int) -> CannotTeach:
    return CannotTeach(
        f"a path of {puzzle.text} does not fit in {most} lines: set max_lines to {needed} or more"
    )


def _fitting(writers: Iterable[Writer]) -> Found:
    """The first attempt that fits."""
    for writer in writers:
        try:
            if writer.attempt.best_first:
                return Frontier(writer).run()
            whole = writer.curriculum.extent == "whole"
            return writer.whole() if whole else writer.first_solution()
        except TooLong:
            continue
    raise AssertionError("the last attempt shows the path alone, and that fits")


def _best(found: list[Thought], most: int, truth: Truth) -> list[Thought]:
    """The most promising thoughts in their order, one that wins among them if there is one."""
    if len(found) <= most:
        return found
    places = sorted(range(len(found)), key=lambda i: -promise(found[i].left, truth.target))
    wins = [i for i in places if truth.wins(found[i].left, truth.after((), found[i]))]
    chosen = places[:most]
    if wins and wins[0] not in chosen and not set(wins) & set(chosen):
        chosen[-1] = wins[0]
    return [found[i] for i in sorted(chosen)]


def _answer(puzzle: Puzzle, path: Path | None) -> str:
    if path is None:
        return NO_SOLUTION
    # A number of the hand may be the target already; of several numbers it need not be the last.
    expression = one_expression(puzzle.numbers, path) if path else str(puzzle.target)
    return f"Answer: {expression} = {puzzle.target}"
