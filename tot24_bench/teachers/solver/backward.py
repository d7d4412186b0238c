"""A search that works backward from the target, a pair of the hand at a time.

Where a look-ahead (`look_ahead`) tries every state of three numbers out, forward, this one takes
the six pairs of four numbers in turn, from the last to the first. A line says what the pair makes;
the lines below say what it would have to make. `4 | 28 5: +33 -23` means: if 4 comes last, the pair
and 5 have to make 24 + 4 = 28, so the pair has to make 33 or 23. `!` says that a number needed is
one that the pair makes; both stand within a few lines, so a hit is seen by matching, not known by
heart. The last line of a pair takes the two others together: `4 5 | 9: +33 -15` would mean that 4
and 5 make 9, and that the pair has to make 33 or 15; sums of sums, which the lines before have
said, are left out there. After a hit the path is written forward, as thoughts, and put together.

So a pair is judged once for all that it makes, what two numbers need is the same in every hand, and
nothing is drawn, guessed or known beforehand. A whole search is six such blocks: the 458 hands of
the deck that make no 24 are ended by 26 lines at most.

Only whole numbers of at most two digits are written. The hands that are won by others alone (28 of
the deck's 1,362) are not taught.

>>> print(backward(Puzzle.parse("4 5 6 10"), frozenset()).text)
6 10: +16 -4 *60
4 | 28 5: +33 -23 | 20 5: +25 -15 /4 !
10 - 6 = 4 (left: 4 5 4)
5 * 4 = 20 (left: 4 20)
20 + 4 = 24 (left: 24)
Path: (5 * 4) + 4 = 24
Answer: (5 * 4) + (10 - 6) = 24
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

from tot24_bench.game import Puzzle, Rule, State, Thought, can_make, make_thought
from tot24_bench.teachers.solver.curriculum import CannotTeach
from tot24_bench.teachers.solver.look_ahead import HIT, Searched, made, meeting, put_together

LARGEST = 99  # written: two digits
SIZE = 4  # numbers of a hand that is searched like this

Pair = tuple[int, int]


class _Join(NamedTuple):
    """Two numbers that make a third, by whichever operation does."""

    x: int
    y: int
    value: int


class _Line(NamedTuple):
    """A line of what is needed; where it ends in a hit, the joins of the path after the pair's."""

    text: str
    hit: int | None = None  # the number needed that the pair makes
    then: tuple[_Join, ...] = ()


class _Group(NamedTuple):
    """What a pair would have to make to be joined with `y` to `x`, and what is joined beside."""

    label: str
    x: int
    y: int
    ops: str  # of the numbers needed, those that are written
    before: tuple[_Join, ...]
    after: tuple[_Join, ...]


def backward(puzzle: Puzzle, avoid: frozenset[State]) -> Searched:
    """The search of a hand of four numbers, to the first hit or to its end.

    Raises:
        CannotTeach: for other hands, and where no way is of numbers that are written, or its path
            passes a state to `avoid`.
    """
    numbers, target = puzzle.numbers, puzzle.target
    if len(numbers) != SIZE or puzzle.rule is not Rule.ALL or target < 1:
        raise CannotTeach(
            f"{puzzle.text} is not searched backward: it takes four numbers, all of which must be "
            "used, and a target above 0; judge=oracle takes the others"
        )
    lines: list[str] = []
    for pair, (c, d) in _pairs(numbers):
        row = _row(*pair)
        lines.append(f"{pair[0]} {pair[1]}:{_written(row)}")
        for groups, head in _needs(c, d, target):
            line = _looked(head, groups, frozenset(row))
            lines += [line.text] if line.text != head else []
            if line.hit is not None:
                path = list(_path(numbers, (_Join(*pair, line.hit), *line.then)))
                if any(thought.left in avoid for thought, _ in path):
                    raise CannotTeach(f"the search of {puzzle.text} passes what is avoided")
                ends = put_together([thought for thought, _ in path], target)
                answer = ends[-1].removeprefix("Answer: ").rpartition(" = ")[0]
                return Searched((*lines, *(text for _, text in path), *ends), answer)
    if can_make(numbers, target):
        raise CannotTeach(
            f"{puzzle.text} makes {target} by fractions or numbers above {LARGEST} alone, which a "
            "backward search does not write: judge=look-ahead takes it"
        )
    return Searched(tuple(lines), None)


def _pairs(numbers: Sequence[int]) -> Iterator[tuple[Pair, Pair]]:
    """Each pair with the two others, from the last to the first; equal ones once."""
    found: dict[tuple[Pair, Pair], None] = {}
    for i, j in reversed(list(combinations(range(SIZE), 2))):
        c, d = (numbers[k] for k in range(SIZE) if k not in (i, j))
        found[(numbers[i], numbers[j]), (c, d)] = None
    yield from found


def _row(x: int, y: int, ops: str = "+-*/") -> dict[int, str]:
    """What two numbers make, whole and of two digits at most: each value with its operation."""
    steps = made(x, y, LARGEST)
    return {
        step.value: step.op
        for step in steps
        if isinstance(step.value, int) and step.value <= LARGEST and step.op in ops
    }


def _written(row: dict[int, str]) -> str:
    return "".join(f" {op}{value}" for value, op in row.items())


def _needs(c: int, d: int, target: int) -> Iterator[tuple[list[_Group], str]]:
    """What a pair has to make beside `c` and `d`: where `c` comes last, where `d` does, and where
    the two are taken together. What sums of sums need is said where `c` comes last.
    """
    for last, other, ops in ((c, d, "+-*/"), (d, c, "*/"))[: 1 if c == d else 2]:
        groups = [
            _Group(
                f"{need} {other}",
                need,
                other,
                ops if op in "+-" else "+-*/",
                (),
                (_Join(need, last, target),),
            )
            for need, op in _row(target, last).items()
        ]
        yield groups, str(last)
    both = [
        _Group(str(value), target, value, "*/" if op in "+-" else "+-", (_Join(c, d, value),), ())
        for value, op in _row(c, d).items()
        if value
    ]
    yield both, f"{c} {d}"


def _looked(head: str, groups: Sequence[_Group], wanted: frozenset[int]) -> _Line:
    """The line of some groups, up to the first number that the pair makes; empty ones left out."""
    line = head
    for group in groups:
        row = _row(group.x, group.y, group.ops)
        hit = next((value for value in row if value in wanted), None)
        if hit is not None:
            row = dict(list(row.items())[: list(row).index(hit) + 1])
        line += f" | {group.label}:{_written(row)}" if row else ""
        if hit is not None:
            then = (*group.before, _Join(hit, group.y, group.x), *group.after)
            return _Line(line + HIT, hit, then)
    return _Line(line)


def _path(numbers: Sequence[int], joins: Sequence[_Join]) -> Iterator[tuple[Thought, str]]:
    """The thoughts of a path and their lines; the numbers left keep their order, new ones last."""
    left: list[int] = list(numbers)
    for x, y, value in joins:
        step = meeting(x, y, value)
        if step is None:
            raise AssertionError(f"{x} and {y} do not make {value}")
        left.remove(x)
        left.remove(y)
        yield (
            make_thought(step.a, step.op, step.b, tuple(left)),
            (f"{step.text} (left: {' '.join(map(str, [*left, value]))})"),
        )
        left.append(value)
