"""Replay the thoughts of a response against the exact numbers: where does a search first fail?

`steps` reads what a response states; here every thought gets the state that it starts from, and
the first rule that it breaks, if any. The rules of the replay:

- A thought goes on from the numbers left, or from an earlier state of the path, or from the hand.
  What the response says decides (a new "Steps:", numbering that starts again, "Back to 4 5 16");
  where it says little, the state in which the whole thought is true; failing that the one that its
  note of the numbers left has the size for.
- After a thought that breaks a rule the response's own note of the numbers left is believed, so
  that a later thought is not blamed for an earlier one; such states are never `exact`.
- Thoughts that write a finished path once more (to show it, or to check it) count once.
- What stands after the committed answer explains, and is not read.
- The final attempt is the path from the hand to the last thought. Where it first fails is the place
  of its first broken rule; `answer` where no thought before the last number breaks one and the
  response is still not right. A response that is not right and states no thought is `malformed`,
  never a failure at the first step.

>>> from tot24_bench.game.puzzle import Puzzle
>>> result = analyse(Puzzle.parse("4 4 6 8"), '''Steps:
... 4 * 8 = 32 (left: 4 6 32)
... 32 - 6 = 26 (left: 4 26)
... 26 - 4 = 22 (left: 22)
... Backtrack.
... 4 + 8 = 12 (left: 4 6 12)
... 6 - 2 = 4 (left: 4 12)
... Answer: (4 + 8) * (6 - 4) + 4 = 24''')
>>> result.attempts, result.failed_at, result.final[-1].fault
(2, '2', <Fault.UNAVAILABLE: 'unavailable'>)
"""

from __future__ import annotations

from bisect import insort
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple

from tot24_bench.game.few import three_make, two_make
from tot24_bench.game.puzzle import Puzzle
from tot24_bench.game.states import Number, State, can_still_win
from tot24_bench.scoring.answer import MAX_RESPONSE_CHARS, locate_answer
from tot24_bench.scoring.canonical import one_expression, read_canonical
from tot24_bench.scoring.composition import composes_to
from tot24_bench.scoring.equation import Equation
from tot24_bench.scoring.expression import Expression
from tot24_bench.scoring.lines import Answer, Kind, read_line
from tot24_bench.scoring.markup import plain, spoken, thinking
from tot24_bench.scoring.score import Score, score_answer
from tot24_bench.scoring.steps import Cue, Step, read_steps

MAX_JUDGED_NUMBERS = 5
"""Largest state that the solver is asked about; each number more costs it over ten times."""

MAX_PATH = 24
"""Thoughts of one path: twice those of the largest hand. A path of false ones could go on for ever,
and its numbers with it; one more starts from the last of these."""

MAX_COMPOSED = 6
"""Numbers of a hand whose answer is compared with its thoughts; more have too many readings."""

AT_ANSWER = "answer"
"""`failed_at` of a response whose thoughts hold and whose answer does not."""

MALFORMED = "malformed"
"""`failed_at` of a response that is not right and states no thought."""


class Fault(StrEnum):
    """The first rule that a thought breaks, in the order in which they are looked at.

    TOO_MANY: one number is left, there is nothing to combine. UNAVAILABLE: a number that it
    combines is not there. ARITHMETIC: the result is not what comes out, exactly. LEFT: the note of
    the numbers left is not what is left.
    """

    TOO_MANY = "too_many"
    UNAVAILABLE = "unavailable"
    ARITHMETIC = "arithmetic"
    LEFT = "left"


class Thought(NamedTuple):
    """A stated thought and what the replay found.

    Attributes:
        step: what the response states.
        parent: index of the thought whose state it starts from; -1 for the hand.
        place: its number in the path from the hand, from 1.
        fault: the first rule that it breaks; None where it is valid.
        left: the numbers after it, ascending: exact where `exact`, else as the response says.
        exact: whether it and every thought before it on its path are valid.
        repeats: whether it writes a thought of a finished path once more.
    """

    step: Step
    parent: int
    place: int
    fault: Fault | None
    left: tuple[Number, ...]
    exact: bool
    repeats: bool


@dataclass(frozen=True)
class Analysis:
    """What a response's search looks like. Counts leave repetitions of a finished path out.

    Attributes:
        puzzle: the puzzle that was asked.
        score: the response's score.
        thoughts: every thought before the committed answer, in order.
        answer: the answer that the response commits to.
    """

    puzzle: Puzzle
    score: Score
    thoughts: tuple[Thought, ...]
    answer: Answer

    @cached_property
    def final(self) -> tuple[Thought, ...]:
        """The final attempt: the path from the hand to the last thought."""
        own = [i for i, thought in enumerate(self.thoughts) if not thought.repeats]
        path: list[Thought] = []
        i = own[-1] if own else -1
        while i >= 0:
            path.append(self.thoughts[i])
            i = self.thoughts[i].parent
        return tuple(reversed(path))

    @cached_property
    def attempts(self) -> int:
        """Paths that were tried: one, and one more for each time a thought goes back."""
        return self.backtracks + bool(self.thoughts)

    @cached_property
    def backtracks(self) -> int:
        """Thoughts that do not go on from the thought before them."""
        count, before = 0, -1
        for i, thought in enumerate(self.thoughts):
            if not thought.repeats:
                count += thought.parent != before
                before = i
        return count

    @cached_property
    def failed_at(self) -> str | None:
        """Where the final attempt first fails: "1", "2", ..., `answer` or `malformed`.

        None where the response is right.
        """
        if self.score.correct:
            return None
        final = self.final
        if not final:
            return MALFORMED
        last = len(self.puzzle.numbers) - 1
        for thought in final[:last]:
            if thought.fault is not None:
                return str(thought.place)
        return AT_ANSWER

    @cached_property
    def visits(self) -> Counter[State]:
        """The exact states after its thoughts, and how often each was come to."""
        return Counter(
            State(thought.left)
            for thought in self.thoughts
            if thought.exact and not thought.repeats
        )

    @property
    def states_visited(self) -> int:
        """Distinct exact states after a thought."""
        return len(self.visits)

    @property
    def states_revisited(self) -> int:
        """Times that an exact state was come to again."""
        return self.visits.total() - len(self.visits)

    def can_win(self, thought: Thought) -> bool | None:
        """Whether the numbers after a thought can make the target; None where nobody knows.

        Nobody knows where the numbers are not exact, or more than MAX_JUDGED_NUMBERS.
        """
        if not thought.exact or len(thought.left) > MAX_JUDGED_NUMBERS:
            return None
        return _wins(thought.left, self.puzzle.target)

    @property
    def proved(self) -> bool:
        """Whether every thought holds, and every state that it calls dead is exactly that.

        False also where a state is called dead of which nobody knows (see `can_win`).
        """
        target = self.puzzle.target
        for step, _, _, fault, left, exact, _ in self.thoughts:
            if fault is not None:
                return False
            if step.dead_end and (
                not exact or len(left) > MAX_JUDGED_NUMBERS or _wins(left, target)
            ):
                return False
        return True

    @cached_property
    def deepest_live(self) -> State | None:
        """Of the states visited that could still be won the one with the fewest numbers left."""
        alive = [
            state
            for state in self.visits
            if len(state.numbers) <= MAX_JUDGED_NUMBERS and _wins(state.numbers, self.puzzle.target)
        ]
        return min(alive, key=lambda state: len(state.numbers), default=None)

    @cached_property
    def lost_at(self) -> int | None:
        """Place of the first thought of the final attempt after which it cannot be won any more.

        A thought that breaks a rule loses it, too. None where the attempt is never lost, or where
        nobody knows.
        """
        for thought in self.final:
            wins = self.can_win(thought)
            if thought.fault is not None or wins is False:
                return thought.place
            if wins is None:
                return None
        return None

    @cached_property
    def answer_agrees(self) -> bool | None:
        """Whether the answer is the final path as one expression, whatever the order of its sums.

        None where there is no expression, or no sound path to one number, or more than
        MAX_COMPOSED numbers.
        """
        equation, final = self.answer.equation, self.final
        if equation is None or equation.expression.value is None or not final:
            return None
        if not final[-1].exact or len(final[-1].left) != 1 or len(final) >= MAX_COMPOSED:
            return None
        path = [(thought.step.a, thought.step.op, thought.step.b) for thought in final]
        return composes_to(path, self.puzzle.hand, equation.expression.text)

    @property
    def dead_ends_marked_rightly(self) -> int:
        """Exact states of two numbers or more that it calls dead, and that are."""
        return self._marked(alive=False)

    @property
    def dead_ends_marked_wrongly(self) -> int:
        """Exact states of two numbers or more that it calls dead, and that can be won."""
        return self._marked(alive=True)

    def _marked(self, *, alive: bool) -> int:
        return sum(
            thought.step.dead_end and len(thought.left) > 1 and self.can_win(thought) is alive
            for thought in self.thoughts
            if not thought.repeats
        )

    def to_json(self) -> dict[str, Any]:
        """A JSON object for programs: the score, the thoughts, and every figure above."""
        return {
            "puzzle": {"numbers": list(self.puzzle.numbers), "target": self.puzzle.target},
            "score": self.score.to_json(),
            "failed_at": self.failed_at,
            "lost_at": self.lost_at,
            "attempts": self.attempts,
            "backtracks": self.backtracks,
            "states_visited": self.states_visited,
            "states_revisited": self.states_revisited,
            "dead_ends_marked_rightly": self.dead_ends_marked_rightly,
            "dead_ends_marked_wrongly": self.dead_ends_marked_wrongly,
            "deepest_live": None if self.deepest_live is None else self.deepest_live.text,
            "answer_agrees": self.answer_agrees,
            "thoughts": [
                {
                    "line": thought.step.line,
                    "text": thought.step.text,
                    "parent": thought.parent,
                    "place": thought.place,
                    "fault": None if thought.fault is None else str(thought.fault),
                    "left": " ".join(map(str, thought.left)),
                    "exact": thought.exact,
                    "can_win": self.can_win(thought),
                    "marked_dead": thought.step.dead_end,
                    "repeats": thought.repeats,
                }
                for thought in self.thoughts
            ],
        }


def analyse(puzzle: Puzzle, response: str | None, *, truncated: bool = False) -> Analysis:
    """Score a response and replay its search; never raises, whatever it holds.

    Args:
        puzzle: the puzzle that was asked.
        response: what the model wrote, without the prompt.
        truncated: whether generation stopped at the token limit (see `score`).
    """
    text = response if isinstance(response, str) else ""
    quick = _analyse_canonical(puzzle, text, truncated) if len(text) <= MAX_RESPONSE_CHARS else None
    return quick or _analyse_any(puzzle, text, truncated)


def _analyse_canonical(puzzle: Puzzle, text: str, truncated: bool) -> Analysis | None:
    """What `_analyse_any` gives, for a response in canonical form; None for any other."""
    read = read_canonical(text)
    if read is None:
        return None
    thoughts = _Replay(puzzle).run(read.steps)
    answer = _path_as_answer(puzzle, thoughts, *read.answer)
    if answer is None:
        # In canonical lines nothing else introduces an answer: the only marker's line decides.
        line = " = ".join(read.answer)
        answer = read_line(line, puzzle.target, at_end=True, bullets=False, prose=True)
        if answer is None or answer.equation is None or answer.equation.repeats(puzzle.target):
            return None
    return Analysis(puzzle, score_answer(puzzle, answer, truncated), thoughts, answer)


def _path_as_answer(
    puzzle: Puzzle, thoughts: tuple[Thought, ...], expression: str, said: str
) -> Answer | None:
    """The answer of a response whose last path to one number is its expression, to the letter.

    Every thought of the path was found true: what it comes to needs no second look. None where the
    answer is another, be it in the order of its sums alone.
    """
    i = len(thoughts) - 1
    while i >= 0 and thoughts[i].repeats:
        i -= 1
    if i < 0 or not thoughts[i].exact or len(thoughts[i].left) != 1:
        return None
    value = thoughts[i].left[0]
    path: list[Step] = []
    while i >= 0:
        path.append(thoughts[i].step)
        i = thoughts[i].parent
    if one_expression(puzzle.numbers, reversed(path)) != expression:
        return None
    worth = Fraction(value)
    equals = worth if (number := int(said)) == value else Fraction(number)
    read = Expression(expression, puzzle.hand, worth, None, "", len(expression), len(path))
    return Answer(Kind.EXPRESSION, expression, Equation(read, (equals,), True, ""), introduced=True)


def _analyse_any(puzzle: Puzzle, text: str, truncated: bool) -> Analysis:
    """The general way: a response in any form."""
    if len(text) > MAX_RESPONSE_CHARS:
        too_long = Answer(Kind.TOO_LONG)
        return Analysis(puzzle, score_answer(puzzle, too_long, truncated), (), too_long)
    said = plain(spoken(text)).rstrip()
    answer, start = locate_answer(said, puzzle.target)
    result = score_answer(puzzle, answer, truncated)
    thought_out = plain(thinking(text))
    if thought_out:
        said, start = f"{thought_out}\n{said}", start + len(thought_out) + 1
    if "\\n" in said[:start]:
        steps = read_steps(said[:start].replace("\\n", "\n"))
    else:
        steps = read_steps(said, start)
    return Analysis(puzzle, result, _Replay(puzzle).run(steps), answer)


class _Replay:
    """One pass over the thoughts; `path` holds the indices of those that lead to where it is."""

    def __init__(self, puzzle: Puzzle) -> None:
        self.hand: tuple[Number, ...] = puzzle.hand
        self.target = puzzle.target
        self.thoughts: list[Thought] = []
        self.path: list[int] = []

    def run(self, steps: list[Step]) -> tuple[Thought, ...]:
        """Every step in turn; those that are true where they say they start take the short way.

        The short way gives what `_add` gives, for nearly every step of a good search: true where
        the thought before it left off, or at the numbers that it goes back to, or once more.
        """
        thoughts, path, target = self.thoughts, self.path, self.target
        none, new = Cue.NONE, tuple.__new__  # half the time of calling `Thought`
        depth, finished = 0, False  # of the path to go on from; whether it has made the target
        parent, exact, state = self._at(depth)
        told: list[tuple[object, ...]] = []  # the thoughts of a path that has
        for step in steps:
            a, op, b, value, left, dead_end, _, cue, back_to, _ = step
            if finished:
                told = told or [thoughts[i].step[:4] for i in path]
                if step[:4] in told:
                    thoughts.append(new(Thought, (step, *thoughts[path[-1]][1:6], True)))
                    continue
            elif left is not None and depth < MAX_PATH:
                start = depth if cue is none or not path else self._named(back_to)
                if start is not None:
                    if start != depth:
                        depth = start
                        parent, exact, state = self._at(depth)
                    after = _after(a, op, b, value, state)
                    if after is not None and (after == left or after == tuple(sorted(left))):
                        del path[depth:]
                        path.append(len(thoughts))
                        thought = (step, parent, depth + 1, None, after, exact, False)
                        thoughts.append(new(Thought, thought))
                        finished = len(after) == 1 and exact and after[0] == target
                        if not dead_end:
                            parent, state = path[depth], after
                            depth += 1
                        continue
            self._add(step)
            depth, told = self._leaf(), []
            parent, exact, state = self._at(depth)
            last = thoughts[path[-1]]
            finished = last.exact and len(last.left) == 1 and last.left[0] == target
        return tuple(thoughts)

    def run_slowly(self, steps: list[Step]) -> tuple[Thought, ...]:
        """What `run` gives, without its short way: what a test holds it against."""
        for step in steps:
            self._add(step)
        return tuple(self.thoughts)

    def _at(self, depth: int) -> tuple[int, bool, tuple[Number, ...]]:
        """The thought that the path comes to after `depth`, whether all is exact, the numbers."""
        if not depth:
            return -1, True, self.hand
        i = self.path[depth - 1]
        thought = self.thoughts[i]
        return i, thought.exact, thought.left

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
        """Whether a step writes a thought of a path that has made the target once more."""
        if not self.path:
            return False
        last = self.thoughts[self.path[-1]]
        if len(last.left) != 1 or not last.exact or last.left[0] != self.target:
            return False
        return any(
            (step.a, step.op, step.b, step.value) == self.thoughts[i].step[:4]
            or (
                step.op in "+*"
                and (step.b, step.op, step.a, step.value) == self.thoughts[i].step[:4]
            )
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


def check(step: Step, numbers: tuple[Number, ...]) -> tuple[Fault | None, tuple[Number, ...]]:
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
        return Fault.TOO_MANY, claimed
    if missing:
        return Fault.UNAVAILABLE, claimed
    if not _holds(step.a, step.op, step.b, step.value):
        return Fault.ARITHMETIC, claimed
    if claimed != after:
        return Fault.LEFT, claimed
    return None, after


def _after(
    a: Number, op: str, b: Number, value: Number, numbers: tuple[Number, ...]
) -> tuple[Number, ...] | None:
    """The numbers after a step, ascending; None where it breaks a rule in the state."""
    rest = [*numbers]
    try:
        rest.remove(a)
        rest.remove(b)
    except ValueError:  # a number that is not there
        return None
    if not _holds(a, op, b, value):
        return None
    insort(rest, value)
    return tuple(rest)


def _holds(a: Number, op: str, b: Number, value: Number) -> bool:
    """Whether `a op b` is exactly `value`."""
    if op == "+":
        return a + b == value
    if op == "-":
        return a - b == value
    if op == "*":
        return a * b == value
    return b != 0 and a * value.denominator == b * value.numerator


def _wins(numbers: tuple[Number, ...], target: int) -> bool:
    """Whether all of the numbers, ascending, can make the target; the commonest ones at sight."""
    if target >= 0 and numbers[0].numerator >= 0:
        if len(numbers) == 2:
            return two_make(numbers[0], numbers[1], target)
        if len(numbers) == 3:
            x, y, z = numbers
            if isinstance(x, int) and isinstance(y, int) and isinstance(z, int):
                return three_make(x, y, z, target)
    return can_still_win(State(numbers), target)
