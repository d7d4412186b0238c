"""What the search of a response looks like: its attempts, its states, where it first fails.

- The thoughts are replayed against the exact numbers (`replay`). What stands after the committed
  answer explains, and is not read.
- The final attempt is the path from the hand to the last thought. Where it first fails is the place
  of its first broken rule; `answer` where no thought before the last number breaks one and the
  response is still not right. A response that is not right and states no thought is `malformed`,
  never a failure at the first step.
- Whether a state can still be won is asked by the puzzle's rule: where not every number must be
  used, a state is dead only where no part of its numbers makes the target.

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
(2, '2', <BrokenRule.UNAVAILABLE: 'unavailable'>)
>>> published_place(Puzzle.parse("4 4 6 8"), "4 + 8 = 12 (left: 4 6 12)\\nAnswer: 12 * 2 = 24")
'1'
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from tot24_bench.game.puzzle import Puzzle, Rule
from tot24_bench.game.states import Number, State
from tot24_bench.scoring.answer import MAX_RESPONSE_CHARS, read_answer
from tot24_bench.scoring.claims import Commitment
from tot24_bench.scoring.equation import Answer
from tot24_bench.scoring.expression import MAX_COMPOSED, composes_to
from tot24_bench.scoring.markup import plain, read_response
from tot24_bench.scoring.replay import Replay, ReplayedThought, check
from tot24_bench.scoring.score import MAX_JUDGED_NUMBERS, Score, score, score_answer, wins
from tot24_bench.scoring.steps import read_steps

AT_ANSWER = "answer"  # `failed_at` of a response whose thoughts hold and whose answer does not
MALFORMED = "malformed"  # `failed_at` of a response that is not right and states no thought

# Thoughts of a path from four numbers; the published count knows no other hands.
PUBLISHED_THOUGHTS = 3


@dataclass(frozen=True)
class Analysis:
    """What a response's search looks like. Counts leave repetitions of a finished path out."""

    puzzle: Puzzle
    score: Score
    thoughts: tuple[ReplayedThought, ...]  # every one before the committed answer, in order
    answer: Answer  # the one that the response commits to
    said: str = ""  # the text that was read, whose lines the thoughts' steps count

    @cached_property
    def final(self) -> tuple[ReplayedThought, ...]:
        """The final attempt: the path from the hand to the last thought."""
        path: list[ReplayedThought] = []
        i = max((i for i, one in enumerate(self.thoughts) if not one.repeats), default=-1)
        while i >= 0:
            path.insert(0, self.thoughts[i])
            i = self.thoughts[i].parent
        return tuple(path)

    @property
    def attempts(self) -> int:
        """Paths that were tried: one, and one more for each time a thought goes back."""
        return self.backtracks + bool(self.thoughts)

    @cached_property
    def backtracks(self) -> int:
        """Thoughts that do not go on from the thought before them."""
        own = [-1, *(i for i, one in enumerate(self.thoughts) if not one.repeats)]
        return sum(self.thoughts[i].parent != before for before, i in pairwise(own))

    @property
    def failed_at(self) -> str | None:
        """Where the final attempt fails: "1", "2", ..., `answer`, `malformed`; None if right."""
        if self.score.correct:
            return None
        places = [one.place for one in self.final if one.fault is not None]
        if places and places[0] < len(self.puzzle.numbers):
            return str(places[0])
        return AT_ANSWER if self.final else MALFORMED

    @cached_property
    def visits(self) -> Counter[State]:
        """The exact states after its thoughts, and how often each was come to."""
        return Counter(State(one.left) for one in self.thoughts if one.exact and not one.repeats)

    @property
    def states_visited(self) -> int:
        """Distinct exact states after a thought."""
        return len(self.visits)

    @property
    def states_revisited(self) -> int:
        """Times that an exact state was come to again."""
        return self.visits.total() - len(self.visits)

    def can_win(self, thought: ReplayedThought) -> bool | None:
        """Whether the numbers after a thought can make the target.

        None where they are not exact, or more than MAX_JUDGED_NUMBERS: nobody knows.
        """
        if not thought.exact or len(thought.left) > MAX_JUDGED_NUMBERS:
            return None
        return wins(thought.left, self.puzzle.target, self.puzzle.rule)

    @property
    def deepest_live(self) -> State | None:
        """Of the states visited that could still be won the one with the fewest numbers left."""
        alive = [State(one.left) for one in self.thoughts if not one.repeats and self.can_win(one)]
        return min(alive, key=lambda state: len(state.numbers), default=None)

    @property
    def lost_at(self) -> int | None:
        """Place of the first thought of the final attempt after which it cannot be won any more.

        A thought that breaks a rule loses it, too. None where the attempt is never lost, or where
        nobody knows.
        """
        for thought in self.final:
            alive = self.can_win(thought)
            if thought.fault is not None or alive is False:
                return thought.place
            if alive is None:
                return None
        return None

    @cached_property
    def answer_agrees(self) -> bool | None:
        """Whether the answer is the final path as one expression, whatever the order of its sums.

        Where not every number must be used, the path may end with several left, on the target: its
        expression is that of its last thought. None where there is no expression, or no sound path
        to such an end, or a hand of more than MAX_COMPOSED numbers.
        """
        final, puzzle = self.final, self.puzzle
        if self.score.value is None or not final or len(puzzle.numbers) > MAX_COMPOSED:
            return None
        last = final[-1]
        on_target = puzzle.rule is Rule.SOME and last.step.value == puzzle.target
        if not last.exact or (len(last.left) != 1 and not on_target):
            return None
        path = [(thought.step.a, thought.step.op, thought.step.b) for thought in final]
        return composes_to(path, puzzle.hand, self.answer.stated[0].cut)

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
            one.step.dead_end and len(one.left) > 1 and self.can_win(one) is alive
            for one in self.thoughts
            if not one.repeats
        )

    def to_json(self) -> dict[str, Any]:
        """A JSON object for programs: the score, the thoughts, and every figure above."""
        figures = (
            *("failed_at", "lost_at", "attempts", "backtracks", "states_visited"),
            *("states_revisited", "dead_ends_marked_rightly", "dead_ends_marked_wrongly"),
        )
        return {
            "puzzle": {"numbers": list(self.puzzle.numbers), "target": self.puzzle.target},
            "score": self.score.to_json(),
            **{name: getattr(self, name) for name in figures},
            "deepest_live": None if self.deepest_live is None else self.deepest_live.text,
            "answer_agrees": self.answer_agrees,
            "thoughts": [
                {
                    "line": thought.step.line,
                    "text": thought.step.text,
                    "parent": thought.parent,
                    "place": thought.place,
                    "fault": None if thought.fault is None else str(thought.fault),
                    "left": State(thought.left).text,
                    "exact": thought.exact,
                    "can_win": self.can_win(thought),
                    "marked_dead": thought.step.dead_end,
                    "repeats": thought.repeats,
                }
                for thought in self.thoughts
            ],
        }


def analyse(puzzle: Puzzle, response: str | None, *, truncated: bool = False) -> Analysis:
    """Score a response and replay its search; never raises. The arguments are those of `score`."""
    text = response if isinstance(response, str) else ""
    if len(text) > MAX_RESPONSE_CHARS:
        too_long = Answer(Commitment.TOO_LONG)
        return Analysis(puzzle, score_answer(puzzle, too_long, truncated), (), too_long)
    read = read_response(text)
    answer = read_answer(read, puzzle)
    said, start = read.said, answer.start
    if read.thought:
        said, start = f"{read.thought}\n{said}", start + len(read.thought) + 1
    thoughts = Replay(puzzle).run(read_steps(said, start))
    return Analysis(puzzle, score_answer(puzzle, answer, truncated), thoughts, answer, said)


def published_place(puzzle: Puzzle, response: str) -> str | None:
    """Where the published count says that a response fails; kept to show what that count does.

    The plot of slm-tot counts a response as failed at step 1 when its cleaned lines, up to the last
    that starts with `Answer:`, are fewer than four or their number less one is not a multiple of
    three: it could not parse nearly all of these. Else only its last four lines, three thoughts and
    the answer, are judged. Its lines were cleaned by hand; here one is clean that holds a `=`.
    Returns "1", "2", "3", `answer`, or None for a correct response.
    """
    lines = [line.strip() for line in plain(response).split("\n") if "=" in line]
    answers = [i for i, line in enumerate(lines) if line.startswith("Answer:")]
    lines = lines[: answers[-1] + 1] if answers else lines
    if len(lines) <= PUBLISHED_THOUGHTS or (len(lines) - 1) % PUBLISHED_THOUGHTS:
        return "1"
    *thoughts, answer = lines[-PUBLISHED_THOUGHTS - 1 :]
    state: tuple[Number, ...] = puzzle.hand
    for place, line in enumerate(thoughts, 1):
        steps = read_steps(line)
        if not steps:
            return str(place)
        fault, state = check(steps[0], state)
        if fault is not None:
            return str(place)
    return None if score(puzzle, answer).correct else AT_ANSWER
