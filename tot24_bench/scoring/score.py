"""Score a response to a puzzle: one call, one Score with a Verdict.

This is the only place where a response is judged; evaluation, trace filters, rewards, search and
the leaderboard's verifier all call it. Right means: the response commits to an expression
(`answer`) that uses exactly the hand's numbers, each once (for the rule `some`: at least one of
them), and is worth exactly the target as a rational. What finds the answer (`answer`) never sees
what an expression is worth; here the one answer that was found is valued, and where it offers
alternatives, each of them. Nothing in a response is executed, and no response makes it raise.

>>> from tot24_bench.game.puzzle import Puzzle
>>> score(Puzzle.parse("4 4 6 8"), "Answer: (6 - 4) * (4 + 8) = 24").verdict
<Verdict.CORRECT: 'correct'>
>>> score(Puzzle.parse("4 4 6 8"), "Answer: 4 * 6 = 24").reason
'leaves out 4, 8'
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from itertools import combinations, permutations
from typing import Any

from tot24_bench.game.puzzle import Puzzle, Rule
from tot24_bench.game.states import MEMO_STATES, Number, State, can_still_win
from tot24_bench.scoring.answer import find_answer
from tot24_bench.scoring.claims import Commitment
from tot24_bench.scoring.equation import Answer, Side, Stated
from tot24_bench.scoring.expression import evaluate, numbers_of
from tot24_bench.scoring.tokens import Problem, Tokens

MAX_ANSWER_CHARS = 200  # characters of the answer that a Score keeps; an ordinary one has 20
MAX_SOLVED_NUMBERS = 6
"""Largest hand for which a claim that there is no solution is checked: the solver's time grows
more than tenfold with each number."""

MAX_JUDGED_NUMBERS = 5  # largest state of a search of which it is asked whether it can still be won


class Verdict(StrEnum):
    """Why a response is right or wrong.

    CORRECT, WRONG_VALUE and DIVISION_BY_ZERO use the right numbers; WRONG_NUMBERS does not,
    whatever its value, and neither does GLUED, which writes two numbers of the hand as one (46 of
    4 and 6). NO_SOLUTION is right for an unsolvable puzzle (see `Score.correct`). HEDGED: offers
    several answers that are not all right, or an expression beside a claim of no solution. DENIED:
    takes its answer back and gives no other. UNSUPPORTED: more than + - * / on whole numbers, such
    as powers or decimals. MALFORMED: brackets or signs that do not fit. ABSTAINED: says that it
    found none. NO_ANSWER: commits to nothing. TRUNCATED: cut off before an answer was complete.
    TOO_LONG: past one of the bounds.
    """

    CORRECT = "correct"
    WRONG_VALUE = "wrong_value"
    WRONG_NUMBERS = "wrong_numbers"
    DIVISION_BY_ZERO = "division_by_zero"
    GLUED = "glued"
    UNSUPPORTED = "unsupported"
    MALFORMED = "malformed"
    NO_SOLUTION = "no_solution"
    HEDGED = "hedged"
    DENIED = "denied"
    ABSTAINED = "abstained"
    NO_ANSWER = "no_answer"
    TRUNCATED = "truncated"
    TOO_LONG = "too_long"


@dataclass(frozen=True, slots=True)
class Score:
    """What a response is worth."""

    verdict: Verdict
    correct: bool = False  # CORRECT, or NO_SOLUTION for an unsolvable puzzle
    answer: str = ""  # that it commits to, at most MAX_ANSWER_CHARS; empty if none
    value: str | None = None  # exact, like "24" or "49/2"; None of what has none
    valid: bool = False  # whether the answer uses exactly the hand's numbers, whatever its value
    # Whether it commits to there being no solution, or to an expression, be it one that the rules
    # do not take (UNSUPPORTED, MALFORMED, GLUED) or one of several (HEDGED).
    answered: bool = False
    false_claim: bool = False  # whether it says "= target" of an expression that is not right
    false_rhs: bool = False  # whether it says "= something else" of a right one: the verdict stands
    truncated: bool = False  # whether the caller said that the token limit cut the response off
    reason: str = ""  # the verdict in a sentence, for people

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` reads back to an equal score."""
        return asdict(self) | {"verdict": str(self.verdict)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Score:
        """Read what `to_json` wrote; other keys are ignored. Raises ValueError on anything less."""
        names = [field.name for field in fields(cls)]
        if missing := [name for name in names if name not in data]:
            raise ValueError(f"a score needs {', '.join(missing)}: write it with Score.to_json")
        values = {name: data[name] for name in names}
        return cls(**(values | {"verdict": Verdict(data["verdict"])}))


def score(puzzle: Puzzle, response: str | None, *, truncated: bool = False) -> Score:
    """Judge a response; never raises, whatever it holds.

    Args:
        puzzle: the puzzle that was asked.
        response: what the model wrote, without the prompt; None, as an API may return it, or
            anything else that is no text is an empty response.
        truncated: whether generation stopped at the token limit. What is not right is TRUNCATED
            then where it runs to the very end or no marker introduces it, as is no answer at all.
    """
    answer = find_answer(response if isinstance(response, str) else "", puzzle)
    return score_answer(puzzle, answer, truncated)


def score_answer(puzzle: Puzzle, answer: Answer, truncated: bool) -> Score:
    """Judge the answer that a response commits to; the second half of `score`."""
    if not answer.stated or answer.kind is not Commitment.EXPRESSION:
        return _score_words(puzzle, answer, truncated)
    scores = [_score_expression(puzzle, answer, one, truncated) for one in answer.stated]
    wrong = [one for one in scores if not one.correct]
    if not wrong or all(one == scores[0] for one in scores):
        return scores[0]
    return replace(
        wrong[0],
        verdict=Verdict.HEDGED,
        reason=f"offers {len(scores)} answers, {len(wrong)} of them wrong: {wrong[0].reason}"[:200],
    )


def _score_expression(puzzle: Puzzle, answer: Answer, stated: Stated, truncated: bool) -> Score:
    numbers = numbers_of(stated.cut)
    worth, problem, detail = evaluate(stated.cut)
    wrong_numbers = ""
    if problem is None or problem is Problem.DIVISION_BY_ZERO:
        wrong_numbers = _wrong_numbers(puzzle, numbers)
    value = None if worth is None else str(worth)
    if wrong_numbers:
        # A bare 24 with 2 and 4 in the hand is the target, not two numbers put together.
        glued = not stated.repeats(puzzle.target) and _glues(puzzle.hand, numbers)
        verdict = Verdict.GLUED if glued else Verdict.WRONG_NUMBERS
        reason = wrong_numbers + (" (glued)" if glued else "")
    elif problem is not None:
        verdict, reason = Verdict(problem.value), detail
    elif worth == puzzle.target:
        verdict, reason = Verdict.CORRECT, f"uses the right numbers and is worth {value}"
    else:
        verdict, reason = Verdict.WRONG_VALUE, f"is worth {value}, not {puzzle.target}"
    correct = verdict is Verdict.CORRECT
    cut = truncated and not correct and (answer.at_end or not answer.introduced)
    if cut:
        verdict, reason = Verdict.TRUNCATED, "the token limit cut the response off in its answer"
    said = [_worth(side) for side in stated.sides]
    return make_score(
        verdict,
        reason,
        truncated,
        stated.text,
        value,
        correct=correct,
        valid=correct or verdict in (Verdict.WRONG_VALUE, Verdict.DIVISION_BY_ZERO),
        answered=not cut,
        false_claim=not correct and not cut and puzzle.target in said,
        false_rhs=correct and any(one not in (None, puzzle.target) for one in said),
    )


def _worth(side: Side) -> Fraction | None:
    """What a side of an equation is worth; None where it has no value."""
    return side if isinstance(side, Fraction) else evaluate(Tokens(side, 0))[0]


_IN_WORDS = {
    Commitment.TOO_LONG: (Verdict.TOO_LONG, "the response is too long to be read"),
    Commitment.HEDGED: (Verdict.HEDGED, "gives an expression and says that there is no solution"),
    Commitment.DENIED: (Verdict.DENIED, "takes its answer back and gives no other"),
    Commitment.ABSTAINED: (Verdict.ABSTAINED, "gives up without an answer"),
}


def _score_words(puzzle: Puzzle, answer: Answer, truncated: bool) -> Score:
    """Score a response that commits to no expression."""
    verdict, reason = _IN_WORDS.get(answer.kind, (Verdict.NO_ANSWER, "commits to no answer"))
    correct = False
    if truncated and not answer.introduced and answer.kind is not Commitment.TOO_LONG:
        verdict, reason = Verdict.TRUNCATED, "the token limit cut the response off"
    elif answer.kind is Commitment.NO_SOLUTION:
        verdict = Verdict.NO_SOLUTION
        correct, reason = _judge_no_solution(puzzle)
    answered = verdict in (Verdict.NO_SOLUTION, Verdict.HEDGED)
    return make_score(verdict, reason, truncated, answer.text, correct=correct, answered=answered)


def make_score(
    verdict: Verdict,
    reason: str,
    truncated: bool,
    answer: str = "",
    value: str | None = None,
    **flags: bool,
) -> Score:
    """A score whose answer is bounded, and can be encoded as UTF-8."""
    answer = answer[:MAX_ANSWER_CHARS].encode("utf-8", "replace").decode("utf-8")
    return Score(verdict, answer=answer, value=value, truncated=truncated, reason=reason, **flags)


def _judge_no_solution(puzzle: Puzzle) -> tuple[bool, str]:
    if len(puzzle.numbers) > MAX_SOLVED_NUMBERS:
        return False, f"a claim of no solution is not checked past {MAX_SOLVED_NUMBERS} numbers"
    # Only this claim needs the solver: the rest of scoring stays instant to import and to run.
    from tot24_bench.game.solver import is_solvable

    if is_solvable(puzzle):
        return False, "says that there is no solution, but there is one"
    return True, "says that there is no solution, and there is none"


@lru_cache(maxsize=MEMO_STATES)
def wins(numbers: tuple[Number, ...], target: int, rule: Rule = Rule.ALL) -> bool:
    """Whether numbers left, ascending, can still make the target; what a search is judged by.

    Negative numbers and targets are known, too: models write them. Of more than MAX_JUDGED_NUMBERS
    it takes long.

    >>> wins((4, 5, 16), 24), wins((18, 54, 61), 25), wins((18, 43, 61), 25, Rule.SOME)
    (False, True, True)
    """
    sizes = range(1, len(numbers) + 1) if rule is Rule.SOME else (len(numbers),)
    parts = (part for size in sizes for part in combinations(numbers, size))
    return any(can_still_win(State(part), target) for part in parts)


def _wrong_numbers(puzzle: Puzzle, numbers: tuple[int, ...]) -> str:
    """What is wrong with the numbers used; empty if they are as the rule wants them."""
    if numbers == puzzle.hand:
        return ""
    used, dealt = Counter(numbers), Counter(puzzle.hand)
    extra, left = used - dealt, dealt - used
    if puzzle.rule is Rule.SOME and not extra:
        return ""
    faults = []
    if foreign := sorted(number for number in extra if number not in dealt):
        faults.append(f"uses {_listed(foreign)}, not in the hand")
    if again := sorted(number for number in extra if number in dealt):
        faults.append(f"uses {_listed(again)} too often")
    if left and puzzle.rule is Rule.ALL:
        faults.append(f"leaves out {_listed(sorted(left.elements()))}")
    return "; ".join(faults)


def _glues(hand: tuple[int, ...], numbers: tuple[int, ...]) -> bool:
    """Whether a number used is two of the hand that are left out, their digits put together."""
    left = (Counter(hand) - Counter(numbers)).elements()
    glued = {f"{first}{second}" for first, second in permutations(left, 2)}
    return any(str(number) in glued for number in numbers if number not in hand)


def _listed(numbers: list[int]) -> str:
    """Up to six numbers, for a message."""
    return ", ".join(map(str, numbers[:6])) + (", ..." if len(numbers) > 6 else "")
