"""The exact solver as a teacher: it writes the response that a perfect searcher would write.

A One-Step ToT response is a search written out. In each state the plausible thoughts are tried in
a fixed order (pairs from the end of the numbers as dealt; + - * and exact quotients, then
fractions). A thought that leaves numbers which cannot make the target is either marked `dead end`,
or, where it leaves three or more and with probability `explore`, followed until everything below it
is marked, and then the search goes `Back to` the numbers it came from. The first winning path ends
the search. A `Curriculum` shapes all of this. The marks are oracle knowledge: only a solver can
always tell, so records and tables must call this teacher an exact search, never a model.

| method | response |
| --- | --- |
| `io` | the answer |
| `cot` | the winning path, the answer |
| `onestep_tot` | the search, the winning path once more, the answer |
| `propose` | the plausible thoughts of the numbers left |
| `value` | a path, or thoughts that all fail, and the judgement; by look-ahead all that is tried |
| `value_at_once` | the judgement |

>>> print(write_response(Puzzle.parse("4 5 6 10"), "onestep_tot", Random(0)))
Steps:
10 + 6 = 16 (left: 4 5 16): dead end
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

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from random import Random
from time import perf_counter

from tot24_bench.game import Puzzle, Rule, State, Thought, answer_expression
from tot24_bench.prompts import ALL_METHODS, IMPOSSIBLE, JUDGEMENT, SURE
from tot24_bench.teachers.solver.backward import backward
from tot24_bench.teachers.solver.curriculum import EXPLORE, CannotTeach, Curriculum
from tot24_bench.teachers.solver.look_ahead import judged_by_look_ahead, look_ahead, way_of
from tot24_bench.teachers.solver.search import (
    Path,
    in_order,
    search,
    too_few,
    truth_of,
    winning_path,
)
from tot24_bench.teachers.solver.truth import (
    Numbers,
    line_of,
    plausible_thoughts,
    thoughts_of,
)
from tot24_bench.teachers.teacher import (
    EXACT_SEARCH,
    Failure,
    Reply,
    Request,
    TeacherInfo,
    TeacherUnavailable,
    Usage,
)

NAME = "solver"  # how records and tables name this teacher
NO_SOLUTION = "Answer: no solution"
TRIES = 6  # failing thoughts that a `value` response shows
DEFAULT = Curriculum()


def write_response(puzzle: Puzzle, method: str, rng: Random, explore: float = EXPLORE) -> str:
    """The default curriculum's response, of any length up to MOST_LINES; as `write`.

    Students that ship learned from these: they never change.
    """
    return write(puzzle, method, rng, _of_any_length(explore))


@lru_cache(maxsize=64)
def _of_any_length(explore: float) -> Curriculum:
    return Curriculum(explore=explore, max_lines=None)


def write(puzzle: Puzzle, method: str, rng: Random, curriculum: Curriculum = DEFAULT) -> str:
    """The teacher's response to a prompt of one of `prompts.ALL_METHODS`.

    The same `rng` state gives the same response. Unsolvable puzzles are answered "no solution",
    after the whole search where the method is One-Step ToT.

    Raises:
        ValueError: for a method it does not know.
        CannotTeach: a ValueError, for a puzzle to which it has no response: a negative target, more
            than six numbers, no winning path but through a state to avoid or a test hand (which a
            search of five numbers or more never shows, see `truth`), too few lines.
    """
    if method not in WRITERS:
        raise ValueError(
            f"the solver teacher has no response for method {method[:40]!r}: "
            f"it writes {', '.join(ALL_METHODS)}"
        )
    return WRITERS[method](puzzle, curriculum, rng)


def _io(puzzle: Puzzle, curriculum: Curriculum, rng: Random) -> str:
    return _answer(puzzle, winning_path(puzzle, curriculum, rng).path)


def _cot(puzzle: Puzzle, curriculum: Curriculum, rng: Random) -> str:
    found = winning_path(puzzle, curriculum, rng)
    return _fitted(puzzle, curriculum, ["Steps:", *found.lines, _answer(puzzle, found.path)])


def _onestep_tot(puzzle: Puzzle, curriculum: Curriculum, rng: Random) -> str:
    if curriculum.judge != "oracle":
        truth = truth_of(puzzle, curriculum.avoided)
        if curriculum.judge == "backward":
            searched = backward(puzzle, curriculum.avoided)
        else:
            searched = look_ahead(puzzle, truth, way_of(puzzle, truth, curriculum, rng))
        end = [] if searched.answer is not None else [NO_SOLUTION]
        return _fitted(puzzle, curriculum, ["Steps:", *searched.lines, *end])
    found = search(puzzle, curriculum, rng)
    return "\n".join(["Steps:", *found.lines, _answer(puzzle, found.path)])


def _propose(puzzle: Puzzle, curriculum: Curriculum, rng: Random) -> str:
    truth = truth_of(puzzle, curriculum.avoided)
    found: list[Thought] = []
    for limit in truth.limits(puzzle.numbers):
        found = [*in_order(thoughts_of(puzzle.numbers, limit), curriculum, rng)]
        if any(truth.wins(thought.left, truth.after((), thought)) for thought in found):
            break
    lines = [line_of(thought) for thought in found if not truth.hides(thought.left)]
    if not lines:
        raise CannotTeach(f"{puzzle.text} leaves no thought to propose")
    return _fitted(puzzle, curriculum, lines)


def _value(puzzle: Puzzle, curriculum: Curriculum, rng: Random) -> str:
    if curriculum.judge == "look-ahead" and len(puzzle.numbers) < 4 and puzzle.rule is Rule.ALL:
        truth_of(puzzle, curriculum.avoided)  # refuses what cannot be taught
        return _fitted(puzzle, curriculum, judgement_lines(puzzle.numbers, puzzle.target))
    found = winning_path(puzzle, curriculum, rng)
    if found.path is not None:
        return _fitted(puzzle, curriculum, [*found.lines, JUDGEMENT + SURE])
    truth = truth_of(puzzle, curriculum.avoided)
    thoughts = in_order(plausible_thoughts(puzzle.numbers, puzzle.target), curriculum, rng)
    tries = [
        line_of(thought) + (curriculum.mark or "")
        for thought in thoughts
        if not truth.hides(thought.left)
    ]
    most = min(TRIES, (curriculum.max_lines or TRIES + 1) - 1)
    return "\n".join([*tries[:most], JUDGEMENT + IMPOSSIBLE])


def _value_at_once(puzzle: Puzzle, curriculum: Curriculum, rng: Random) -> str:
    dead = truth_of(puzzle, curriculum.avoided).dead(State.of(puzzle))
    return JUDGEMENT + (IMPOSSIBLE if dead else SURE)


def judgement_lines(left: Numbers, target: int) -> list[str]:
    """The look-ahead over one to three numbers left, fractions among them, and the judgement."""
    lines, wins = judged_by_look_ahead(left, target)
    return [*lines, JUDGEMENT + (SURE if wins else IMPOSSIBLE)]


WRITERS = {
    "io": _io,
    "cot": _cot,
    "onestep_tot": _onestep_tot,
    "propose": _propose,
    "value": _value,
    "value_at_once": _value_at_once,
}


def _fitted(puzzle: Puzzle, curriculum: Curriculum, lines: list[str]) -> str:
    """A response of which nothing can be left out; CannotTeach where it does not fit."""
    if curriculum.max_lines is not None and len(lines) > curriculum.max_lines:
        raise too_few(puzzle, curriculum.max_lines, len(lines))
    return "\n".join(lines)


def _answer(puzzle: Puzzle, path: Path | None) -> str:
    if path is None:
        return NO_SOLUTION
    # A number of the hand may be the target already; of several numbers it need not be the last.
    expression = answer_expression(puzzle, path) if path else str(puzzle.target)
    return f"Answer: {expression} = {puzzle.target}"


@dataclass(frozen=True)
class SolverSettings(Curriculum):
    """All that `SolverTeacher` is made of: the knobs, and the seed."""

    seed: int = 0  # what is left to chance is drawn from it


class SolverTeacher:
    """The `Teacher` of a curriculum and a seed.

    A response depends on nothing but both, the puzzle as dealt, the method and the sample: not on
    what was asked before it, nor on the exemplars.
    """

    def __init__(self, curriculum: Curriculum = DEFAULT, seed: int | None = None) -> None:
        if seed is None:
            seed = curriculum.seed if isinstance(curriculum, SolverSettings) else 0
        self.curriculum, self.seed = curriculum, seed
        settings = {**curriculum.settings(), "seed": seed}
        self.info = TeacherInfo(kind=NAME, model=EXACT_SEARCH, oracle=True, settings=settings)

    def ask(self, requests: Iterable[Request]) -> Generator[Reply | Failure]:
        """Answer each request as it is taken; one that cannot be taught is a Failure for good."""
        for request in requests:
            method = request.prompt.method
            if method not in WRITERS:
                raise TeacherUnavailable(
                    f"the solver teacher does not write {method[:40]!r}: "
                    f"ask for {', '.join(ALL_METHODS)}"
                )
            started = perf_counter()
            try:
                text = write(request.puzzle, method, self._rng(request), self.curriculum)
            except CannotTeach as reason:
                yield Failure(request, "cannot be taught", str(reason), again=False)
                continue
            usage = Usage(cost=Decimal(0), seconds=perf_counter() - started)
            yield Reply(request, text, usage=usage)

    def _rng(self, request: Request) -> Random:
        """The draws of one request, the same in every run and on every machine."""
        puzzle = request.puzzle
        of = (self.seed, request.prompt.method, puzzle.text, puzzle.target, puzzle.rule)
        return Random(":".join(map(str, (*of, request.sample))))
