"""What the search of a response looks like: its attempts, its states, where it first fails.

The record of a replay (`replay`, whose rules `analysis` states). Whether a state can still be won
is asked by the puzzle's rule: where not every number must be used, a state is dead only where no
part of its numbers makes the target.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tot24_bench.game.puzzle import Puzzle, Rule
from tot24_bench.game.states import State
from tot24_bench.scoring.composition import MAX_COMPOSED, composes_to
from tot24_bench.scoring.offers import Answer
from tot24_bench.scoring.score import Score
from tot24_bench.scoring.thought import Thought
from tot24_bench.scoring.winning import MAX_JUDGED_NUMBERS, wins

AT_ANSWER = "answer"
"""`failed_at` of a response whose thoughts hold and whose answer does not."""

MALFORMED = "malformed"
"""`failed_at` of a response that is not right and states no thought."""


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
        return wins(thought.left, self.puzzle.target, self.puzzle.rule)

    @property
    def proved(self) -> bool:
        """Whether every thought holds, and every state that it calls dead is exactly that.

        False also where a state is called dead of which nobody knows (see `can_win`).
        """
        target, rule = self.puzzle.target, self.puzzle.rule
        for step, _, _, fault, left, exact, _ in self.thoughts:
            if fault is not None:
                return False
            if step.dead_end and (
                not exact or len(left) > MAX_JUDGED_NUMBERS or wins(left, target, rule)
            ):
                return False
        return True

    @cached_property
    def deepest_live(self) -> State | None:
        """Of the states visited that could still be won the one with the fewest numbers left."""
        target, rule = self.puzzle.target, self.puzzle.rule
        alive = [
            state
            for state in self.visits
            if len(state.numbers) <= MAX_JUDGED_NUMBERS and wins(state.numbers, target, rule)
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

        Where not every number must be used, the path may end with several left, on the target: its
        expression is that of its last thought. None where there is no expression, or no sound path
        to such an end, or a hand of more than MAX_COMPOSED numbers.
        """
        final = self.final
        if self.score.value is None or not final:
            return None
        last, puzzle = final[-1], self.puzzle
        if not last.exact or len(puzzle.numbers) > MAX_COMPOSED:
            return None
        on_target = puzzle.rule is Rule.SOME and last.step.value == puzzle.target
        if len(last.left) != 1 and not on_target:
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
