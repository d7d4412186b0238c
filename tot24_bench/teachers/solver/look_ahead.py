"""A search that shows its judgement: every state of three numbers is tried out, a line a pair.

Where the default response calls a state a dead end, and only an oracle knows why, this one writes
down what there is to see. The numbers dealt get letters, and a thought says which two it takes:
operation by operation (- / + *, then new fractions), pair by pair from the last numbers to the
first; a division with a remainder or a repetition is passed over. The numbers left keep their
order, the new one last. Then each of them, from the last to the first, is held against what the
other two make; `!` says that they meet, and the search is over. The answer is put together
backwards, a result at a time.

A curriculum's `fractions` says when a first thought may leave a fraction: last of all, or early,
before sums and products, and then sparingly. What a fraction is good for beyond whole numbers is to
be added to one of the two others, or taken from it, and to meet the last by that; so only these
values are written, and only fractions whose denominator divides the target or a number left.

Nothing is drawn, but where a curriculum's `reorder` asks for it the operation that comes first; the
others follow in their circle. No mark is oracle knowledge: what a student needs is arithmetic,
which two numbers make the target, and to go through the pairs. Where `informed` asks for it a
search begins with the operation by which it is shortest. That choice alone is the oracle's: a
student can guess where to begin, and whoever guesses wrong finds the way later.

With `hunch` there is no such order: each first thought is guessed, one that wins with that
probability, else any other, and none that leaves what was left before. So searches are short, and
nobody has to keep count of where a search is; there are no letters then. Good guesses are the
oracle's knowledge, in the same sense.

>>> puzzle = Puzzle.parse("4 5 6 10")
>>> print(look_ahead(puzzle, Truth(puzzle)).text)
a=4 b=5 c=6 d=10
d-c: 10 - 6 = 4 (left: 4 5 4)
4 | 4 5: +9 -1 *20 !
5 * 4 = 20 (left: 4 20)
20 + 4 = 24 (left: 24)
Path: (5 * 4) + 4 = 24
Answer: (5 * 4) + (10 - 6) = 24
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import combinations
from random import Random
from typing import NamedTuple

from tot24_bench.game import (
    LARGEST_CARD,
    MEMO_STATES,
    Number,
    Puzzle,
    Rule,
    State,
    Thought,
    can_make,
    make_thought,
    two_make,
)
from tot24_bench.teachers.solver.curriculum import CannotTeach, Curriculum
from tot24_bench.teachers.solver.truth import Numbers, Truth, largest_product

LARGEST_PRODUCT = LARGEST_CARD**2
"""Products above are not tried, unless nothing else wins: no hand of the deck needs one for 24."""

FARTHEST = 3  # times the target: no guess that loses is larger

HIT = " !"
SIZES = (3, 4)  # numbers of the hands that are searched like this; the look-ahead is over three
LETTERS = "abcd"

_CIRCLE = {"last": "-/+*", "early": "-/%+*"}
_REST = {"last": "%", "early": ""}


class Way(NamedTuple):
    """How a search goes.

    Differences and exact quotients come first: in the deck they win most often, so searches are
    short.
    """

    order: str  # of the operations of its first thoughts; % is a division with a remainder
    sparing: bool  # whether only fractions of use are shown
    hunch: float = 0.0  # how often a first thought is guessed rightly; 0: they come in their order
    seed: int = 0  # of the guesses


FRACTIONS_LAST = Way(_CIRCLE["last"] + _REST["last"], sparing=False)


class Searched(NamedTuple):
    """A search as it is written, and the last line's expression; None where there is no way."""

    lines: tuple[str, ...]
    answer: str | None

    @property
    def text(self) -> str:
        """The lines between newlines."""
        return "\n".join(self.lines)


class _Step(NamedTuple):
    """`a op b = value`."""

    a: Number
    op: str
    b: Number
    value: Number

    @property
    def text(self) -> str:
        return f"{_shown(self.a)} {self.op} {_shown(self.b)} = {self.value}"


class _First(NamedTuple):
    """A thought of the hand: its letters, the step, what it leaves in the order it is written."""

    label: str
    step: _Step
    left: Numbers


class _Look(NamedTuple):
    """The lines of a look-ahead; where two numbers meet, the pair's step and the number held."""

    lines: tuple[str, ...]
    step: _Step | None
    held: Number


def way_of(puzzle: Puzzle, truth: Truth, curriculum: Curriculum, rng: Random) -> Way:
    """How a search goes; the random state moves only where a beginning is drawn."""
    circle, rest = _CIRCLE[curriculum.fractions], _REST[curriculum.fractions]
    sparing = curriculum.fractions == "early"
    if curriculum.hunch:
        return Way(circle + rest, sparing, curriculum.hunch, rng.getrandbits(32))
    starts = range(len(circle))
    ways = [Way(circle[start:] + circle[:start] + rest, sparing) for start in starts]
    if curriculum.informed and rng.random() < curriculum.informed:
        ways += [Way(rest + circle, sparing)] if rest else []
        return min(ways, key=lambda way: len(look_ahead(puzzle, truth, way).text))
    if curriculum.reorder and rng.random() < curriculum.reorder:
        return ways[rng.randrange(1, len(circle))]
    return ways[0]


def look_ahead(puzzle: Puzzle, truth: Truth, way: Way = FRACTIONS_LAST) -> Searched:
    """The search of a hand of three or four numbers, to the first hit or to its end.

    `truth` says what may not be shown, and whether there is a way at all.

    Raises:
        CannotTeach: for other hands, and where every way passes through what may not be shown.
    """
    if len(puzzle.numbers) not in SIZES or puzzle.rule is not Rule.ALL:
        raise CannotTeach(
            f"{puzzle.text} is not searched by look-ahead: it takes three or four numbers, "
            "all of which must be used; judge=oracle takes the others"
        )
    limits: tuple[int | None, ...] = (LARGEST_PRODUCT, largest_product(puzzle.target), None)
    if truth.dead(State.of(puzzle)):
        limits = limits[:1]
    for limit in limits:
        found = _search(puzzle, truth, limit, way)
        if found.answer is not None or len(limits) == 1:
            return found
    raise CannotTeach(f"every way to make {puzzle.target} of {puzzle.text} passes what is avoided")


def judged_by_look_ahead(left: Numbers, target: int) -> tuple[tuple[str, ...], bool]:
    """One to three numbers left, tried out; where they win the path, too; and whether they do.

    >>> judged_by_look_ahead((4, 20), 24)
    (('4 20: +24 !', '20 + 4 = 24 (left: 24)'), True)

    Raises:
        CannotTeach: more numbers than that.
    """
    if len(left) == 1:
        return (), left[0] == target
    if len(left) == 2:
        return _judged_pair(*left, target)
    if len(left) != 3:
        raise CannotTeach(f"{len(left)} numbers left are not judged by look-ahead: three are most")
    limits: tuple[int | None, ...] = (LARGEST_PRODUCT, largest_product(target), None)
    for limit in limits if can_make(left, target) else limits[:1]:
        look = _looked(left, target, limit, False)
        if look.step is not None:
            return (*look.lines, *_last_thoughts(look, target)), True
    return look.lines, False


def put_together(path: Sequence[Thought], target: int) -> tuple[str, ...]:
    """The lines by which a look-ahead comes from the thoughts of a winning path to the answer.

    >>> from tot24_bench.game import first_path
    >>> put_together(first_path(Puzzle.parse("4 5 6 10")), 24)
    ('Path: (10 - 6) + 20 = 24', 'Answer: (10 - 6) + (4 * 5) = 24')
    """
    *ways, answer = _expressions([_Step(one.a, one.op, one.b, one.value) for one in path])
    return _put_together(ways, answer, target)


def _put_together(ways: Sequence[str], answer: str, target: int) -> tuple[str, ...]:
    return *(f"Path: {way} = {target}" for way in ways), f"Answer: {answer} = {target}"


def _expressions(steps: Sequence[_Step]) -> list[str]:
    """The last step with each earlier one put in, the latest first; the last holds all of them."""
    parts: list[str | Number] = [steps[-1].a, f" {steps[-1].op} ", steps[-1].b]
    found = []
    for step in reversed(steps[:-1]):
        parts = _substituted(parts, step)
        found.append(_written(parts))
    return found or [_written(parts)]


def _judged_pair(x: Number, y: Number, target: int) -> tuple[tuple[str, ...], bool]:
    line, wins = f"{x} {y}:", two_make(x, y, target)
    for step in made(x, y, None if wins else LARGEST_PRODUCT):
        line += f" {step.op}{step.value}"
        if step.value == target:
            return (line + HIT, f"{step.text} (left: {target})"), True
    return (line,), False


def _search(puzzle: Puzzle, truth: Truth, limit: int | None, way: Way) -> Searched:
    numbers, target = puzzle.numbers, puzzle.target
    if len(numbers) == SIZES[0]:
        return _ended(puzzle, [], None, _looked(numbers, target, limit, way.sparing))
    firsts = [
        first
        for first in _first_thoughts(puzzle, limit, way)
        if not truth.hides(State(tuple(sorted(first.left))))
    ]
    lines = [] if way.hunch else [" ".join(map("{}={}".format, LETTERS, numbers))]
    for first in _guessed(firsts, target, limit, way) if way.hunch else firsts:
        left = " ".join(map(str, first.left))
        label = "" if way.hunch else f"{first.label}: "
        lines.append(f"{label}{first.step.text} (left: {left})")
        look = _looked(first.left, target, limit, way.sparing)
        if look.step is not None:
            return _ended(puzzle, lines, first.step, look)
        lines += look.lines
    return Searched(tuple(lines), None)


def _ended(puzzle: Puzzle, lines: list[str], first: _Step | None, look: _Look) -> Searched:
    """The search with its last look, and where that hits the last steps and the answer."""
    lines += look.lines
    if look.step is None:
        return Searched(tuple(lines), None)
    lines += _last_thoughts(look, puzzle.target)
    earlier = [] if first is None else [first]
    *ways, answer = _expressions([*earlier, *_last_steps(look, puzzle.target)])
    ends = _put_together(ways, answer, puzzle.target)
    return Searched((*lines, *ends), answer)


def _last_thoughts(look: _Look, target: int) -> tuple[str, ...]:
    """The two thoughts of a hit as lines."""
    second, third = _last_steps(look, target)
    left = f"{look.held} {second.value}"
    return f"{second.text} (left: {left})", f"{third.text} (left: {target})"


def _last_steps(look: _Look, target: int) -> tuple[_Step, _Step]:
    """The pair's step of a hit, and the one by which its value and the number held meet."""
    third = None if look.step is None else meeting(look.held, look.step.value, target)
    if look.step is None or third is None:
        raise AssertionError(f"{look.lines[-1]} is no hit")
    return look.step, third


def _substituted(parts: list[str | Number], step: _Step) -> list[str | Number]:
    """The last number that is the step's value, replaced by the step in brackets."""
    place = max(i for i, part in enumerate(parts) if part == step.value)
    new = ["(", step.a, f" {step.op} ", step.b, ")"]
    return [*parts[:place], *new, *parts[place + 1 :]]


def _written(parts: list[str | Number]) -> str:
    return "".join(part if isinstance(part, str) else _shown(part) for part in parts)


def _shown(number: Number) -> str:
    return str(number) if isinstance(number, int) else f"({number})"


@lru_cache(maxsize=MEMO_STATES)
def _first_thoughts(puzzle: Puzzle, limit: int | None, way: Way) -> tuple[_First, ...]:
    numbers = puzzle.numbers
    found: dict[tuple[str, Number, Number], _First] = {}
    pairs = sorted(combinations(range(len(numbers)), 2), key=lambda pair: (-pair[1], -pair[0]))
    for op in way.order:
        sign = "/" if op == "%" else op
        for pair in pairs:
            small, large = sorted(pair, key=lambda i: numbers[i])
            for i, j in ((large, small), (small, large))[: 2 if op == "%" else 1]:
                a, b = numbers[i], numbers[j]
                # Equal numbers: by the first of the pairs that give it.
                if (sign, a, b) in found or not _is_new(a, op, b, limit):
                    continue
                step = _step(a, sign, b)
                rest = tuple(number for k, number in enumerate(numbers) if k not in (i, j))
                first = _First(f"{LETTERS[i]}{sign}{LETTERS[j]}", step, (*rest, step.value))
                if not way.sparing or _of_use(first, puzzle.target):
                    found[sign, a, b] = first
    return tuple(found.values())


def _guessed(
    firsts: Sequence[_First], target: int, limit: int | None, way: Way
) -> Iterator[_First]:
    """First thoughts by guesses; of those that leave the same numbers only one."""
    rng = Random(way.seed)
    apart = {tuple(sorted(first.left)): first for first in rng.sample(firsts, len(firsts))}
    good: list[_First] = []
    bad: list[_First] = []
    for first in apart.values():
        wins = _looked(first.left, target, limit, way.sparing).step is not None
        if wins:
            good.append(first)
        elif isinstance(first.step.value, int) and first.step.value <= FARTHEST * target:
            bad.append(first)  # a fraction or a large product is a guess where it wins
    while good or bad:
        guess = good if good and (not bad or rng.random() < way.hunch) else bad
        yield guess.pop()


def _is_new(a: int, op: str, b: int, limit: int | None) -> bool:
    """Whether a thought is more than a repetition, and one of its operation (see `Way`)."""
    if op == "*":
        return limit is None or a * b <= limit
    if op in "/%":
        return b > 1 and (a % b == 0) == (op == "/")
    return True


def _of_use(first: _First, target: int) -> bool:
    """Whether a fraction's denominator leaves it a way to the target.

    With `c` added or taken away it has the same denominator, and has to be `target / d` or
    `d / target` then, for the last number `d`.
    """
    *whole, value = first.left
    if isinstance(value, int):
        return True
    return any(number % value.denominator == 0 for number in (target, *whole))


def _step(a: Number, op: str, b: Number) -> _Step:
    return _Step(a, op, b, make_thought(a, op, b, ()).value)


@lru_cache(maxsize=MEMO_STATES)
def _looked(left: Numbers, target: int, limit: int | None, sparing: bool) -> _Look:
    """Each of three numbers against what the other two make, up to the first hit."""
    lines: list[str] = []
    for k in reversed(range(3)):
        held = left[k]
        x, y = left[:k] + left[k + 1 :]
        line = f"{held} | {x} {y}:"
        fraction = isinstance(x, Fraction) or isinstance(y, Fraction)
        for step in made(x, y, limit):
            if sparing and fraction and step.op not in "+-":
                continue
            hits = meeting(held, step.value, target) is not None
            if hits or step.op != "/" or isinstance(step.value, int):
                line += f" {step.op}{step.value}"
            if hits:
                return _Look((*lines, line + HIT), step, held)
        if not (sparing and isinstance(held, Fraction)):
            lines.append(line)
    return _Look(tuple(lines), None, 0)


@lru_cache(maxsize=MEMO_STATES)
def made(x: Number, y: Number, limit: int | None) -> tuple[_Step, ...]:
    """What two numbers make, each value once; a sum comes first and is never left out."""
    small, large = sorted((x, y))
    wanted = [(large, "+", small), (large, "-", small), (large, "*", small)]
    wanted += [(large, "/", small)] if small else []
    wanted += [(small, "/", large)] if small and large else []
    found: dict[Number, _Step] = {}
    for a, op, b in wanted:
        step = _step(a, op, b)
        if op != "*" or limit is None or step.value <= limit:
            found.setdefault(step.value, step)
    return tuple(found.values())


@lru_cache(maxsize=MEMO_STATES)
def meeting(x: Number, y: Number, target: int) -> _Step | None:
    """The step by which two numbers make the target."""
    return next((step for step in made(x, y, None) if step.value == target), None)
