"""The exact solver: every distinct way to make the target, each as one canonical expression.

Two expressions are the same solution when commutativity, associativity, or moving signs and
inverses around turns one into the other: `a - (b - c)` and `a + c - b`, `(a - b) * (c - d)` and
`(b - a) * (d - c)`, `a / (b / c)` and `a * c / b`. Every expression is therefore kept as a flat sum
(terms added, terms subtracted) of flat products (factors, divisors) of flat sums ..., each sum
oriented so that its value is not negative. Expressions that merely have equal values, such as
`a * 1` and `a / 1`, stay distinct.

Expressions are built bottom-up over sub-multisets of the hand; the last step looks the missing
half up by its value instead of building it. All arithmetic is rational, never floating point.

A path is another form of one solution: the thoughts that lead from the hand to its target.

>>> [solution.expression for solution in solve(Puzzle.parse("1 5 5 5"))]
['5 * (5 - 1 / 5)']
>>> is_solvable(Puzzle.parse("1 1 1 1"))
False
>>> path = first_path(Puzzle.parse("4 5 6 10"))
>>> [thought.text for thought in path]
['4 * 5 = 20', '10 - 6 = 4', '4 + 20 = 24']
>>> answer_expression(Puzzle.parse("4 5 6 10"), path)
'(10 - 6) + (4 * 5)'
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

from tot24_bench.game.puzzle import Hand, Puzzle, Rule
from tot24_bench.game.reach import can_make, partitions
from tot24_bench.game.states import Number, State, Thought, can_reach, thoughts

MEMO_HANDS = 4096
"""Sub-multisets whose forms are remembered: the deck has 13 + 91 + 455 of up to three cards."""

MEMO_SIZE = 4  # numbers of the largest of them: the forms of five take tens of megabytes
MEMO_PUZZLES = 4096  # puzzles whose solutions are remembered: the deck has 1,820 hands


class Solution(NamedTuple):
    """One distinct solution: equal text means equal solution."""

    expression: str  # single spaces, the fewest brackets, such as `(4 + 8) * (6 - 4)`
    numbers: Hand  # that it uses


def solve(puzzle: Puzzle) -> tuple[Solution, ...]:
    """Every distinct solution of the puzzle, in order of its text; empty when there is none."""
    return _solve(puzzle.hand, puzzle.target, puzzle.rule)


def is_solvable(puzzle: Puzzle) -> bool:
    """Whether the target can be made at all."""
    if puzzle.target < 0:
        return bool(solve(puzzle))
    return any(can_make(part, puzzle.target) for part in _usable(puzzle.hand, puzzle.rule))


def first_path(puzzle: Puzzle) -> tuple[Thought, ...]:
    """The first path to the target in the order of `states.thoughts`.

    Where not every number is needed it ends as soon as the target is made.

    Raises:
        ValueError: when the puzzle cannot be solved by thoughts (a negative target never is).
    """
    state, target, rule = State.of(puzzle), puzzle.target, puzzle.rule
    if not can_reach(state, target, rule):
        raise ValueError(f"{puzzle.text} cannot make {target}")
    path: list[Thought] = []
    while not (target in state.numbers and (rule is Rule.SOME or len(state.numbers) == 1)):
        thought = next(t for t in thoughts(state) if can_reach(t.left, target, rule))
        path.append(thought)
        state = thought.left
    return tuple(path)


def answer_expression(puzzle: Puzzle, path: tuple[Thought, ...]) -> str:
    """The path as one expression: each result replaced by what made it, in brackets."""
    made: list[tuple[Number, str]] = [(number, str(number)) for number in puzzle.numbers]

    def take(number: Number) -> str:
        """Use up the newest of the equal numbers at hand."""
        return made.pop(max(i for i, (value, _) in enumerate(made) if value == number))[1]

    for thought in path:
        b, a = take(thought.b), take(thought.a)
        made.append((thought.value, f"({a} {thought.op} {b})"))
    return made[-1][1][1:-1] if path else made[-1][1]


@lru_cache(maxsize=MEMO_PUZZLES)
def _solve(hand: Hand, target: int, rule: Rule) -> tuple[Solution, ...]:
    return tuple(
        Solution(text, used)
        for used in sorted(_usable(hand, rule))
        for text in sorted({form.text for form in _forms_worth(used, Fraction(target))})
    )


def _usable(hand: Hand, rule: Rule) -> set[Hand]:
    """The sub-multisets that a solution may use."""
    sizes = [len(hand)] if rule is Rule.ALL else range(1, len(hand) + 1)
    return {used for size in sizes for used in combinations(hand, size)}


class _Form(NamedTuple):
    """A canonical expression: a number, a sum (`up` minus `down`) or a product (`up` by `down`)."""

    value: Fraction
    text: str
    kind: str
    up: tuple[_Form, ...] = ()
    down: tuple[_Form, ...] = ()


def _make_forms(hand: Hand) -> dict[Fraction, tuple[_Form, ...]]:
    """Every distinct form that uses the whole hand, by its (non-negative) value."""
    if len(hand) == 1:
        value = Fraction(hand[0])
        return {value: (_Form(value, str(hand[0]), "number"),)}
    found: dict[str, _Form] = {}
    for left, right in partitions(hand):
        for xs in _forms(left).values():
            for ys in _forms(right).values():
                for x in xs:
                    for y in ys:
                        for form in _combine(x, y):
                            found[form.text] = form
    by_value: dict[Fraction, list[_Form]] = {}
    for form in found.values():
        by_value.setdefault(form.value, []).append(form)
    return {value: tuple(forms) for value, forms in by_value.items()}


_forms = lru_cache(maxsize=MEMO_HANDS)(_make_forms)


def _forms_worth(hand: Hand, target: Fraction) -> Iterator[_Form]:
    """The forms of the hand that are worth the target; the last operation is solved for.

    A form's value is never negative: a negative target is a difference turned round, which takes
    at least one subtraction to write.
    """
    if target < 0:
        # Turning every sum round gives -target; only forms with a subtraction can be turned.
        yield from filter(None, map(_turned, _forms_worth(hand, -target)))
        return
    if len(hand) == 1:
        yield from _forms(hand).get(target, ())
        return
    for left, right in partitions(hand):
        right_forms = _forms(right) if len(right) <= MEMO_SIZE else _make_forms(right)
        for x, xs in _forms(left).items():
            wanted = {target - x, x - target, x + target, target * x}
            if x:
                wanted |= {target / x}
            if target:
                wanted |= {x / target}
            elif x == 0:
                # Anything times or divided into nothing is nothing: every partner will do.
                wanted |= right_forms.keys()
            else:
                wanted.add(Fraction(0))
            for y in wanted:
                for y_form in right_forms.get(y, ()):
                    for x_form in xs:
                        yield from (f for f in _combine(x_form, y_form) if f.value == target)


def _combine(x: _Form, y: _Form) -> Iterator[_Form]:
    x_terms, x_minus = (x.up, x.down) if x.kind == "sum" else ((x,), ())
    y_terms, y_minus = (y.up, y.down) if y.kind == "sum" else ((y,), ())
    yield _sum(x.value + y.value, x_terms + y_terms, x_minus + y_minus)
    yield _sum(x.value - y.value, x_terms + y_minus, x_minus + y_terms)
    x_times, x_over = (x.up, x.down) if x.kind == "product" else ((x,), ())
    y_times, y_over = (y.up, y.down) if y.kind == "product" else ((y,), ())
    yield _product(x.value * y.value, x_times + y_times, x_over + y_over)
    if y.value:
        yield _product(x.value / y.value, x_times + y_over, x_over + y_times)
    if x.value:
        yield _product(y.value / x.value, y_times + x_over, y_over + x_times)


def _sum(value: Fraction, up: tuple[_Form, ...], down: tuple[_Form, ...]) -> _Form:
    # A product worth nothing has no sign of its own: (5 - 5) * 3 and (5 - 5) * -3 are one form.
    nothing = tuple(term for term in up + down if not term.value)
    ups = [term for term in up if term.value]
    downs = [term for term in down if term.value]
    if value < 0:
        value, ups, downs = -value, downs, ups
    ups.sort(key=_order)
    downs.sort(key=_order)
    if not value and downs and list(map(_order, downs)) < list(map(_order, ups)):
        ups, downs = downs, ups
    ups += sorted(nothing, key=_order)
    return _written(value, "sum", ups, downs)


def _product(value: Fraction, up: tuple[_Form, ...], down: tuple[_Form, ...]) -> _Form:
    return _written(value, "product", sorted(up, key=_order), sorted(down, key=_order))


def _written(value: Fraction, kind: str, ups: Sequence[_Form], downs: Sequence[_Form]) -> _Form:
    """The form of parts that are in order."""
    if kind == "sum":
        text = " + ".join(part.text for part in ups) + "".join(f" - {p.text}" for p in downs)
    else:
        text = " * ".join(map(_factor, ups)) + "".join(f" / {_factor(part)}" for part in downs)
    return _Form(value, text, kind, tuple(ups), tuple(downs))


def _order(form: _Form) -> tuple[Fraction, str]:
    return (-form.value, form.text)


def _factor(form: _Form) -> str:
    return f"({form.text})" if form.kind == "sum" else form.text


def _turned(form: _Form) -> _Form | None:
    """The form with its sign turned; None where nothing is subtracted anywhere in it."""
    if form.kind == "number":
        return None
    if form.kind == "sum" and form.down:
        return _written(-form.value, "sum", form.down, form.up)
    for i, part in enumerate(form.up + form.down):
        turned = _turned(part)
        if turned is None:
            continue
        if form.kind == "sum":
            return _written(-form.value, "sum", (turned,), form.up[:i] + form.up[i + 1 :])
        parts = [*form.up, *form.down]
        parts[i] = turned
        return _written(-form.value, "product", parts[: len(form.up)], parts[len(form.up) :])
    return None
