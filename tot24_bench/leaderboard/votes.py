"""Self-consistency (Wang et al. 2023): the answer that most responses to a hand give.

When two answers are the same is a convention, and two are counted side by side:

- by text: the last line of a response, as the published figures count (Yao et al. 2023). Every
  response that holds anything votes.
- by form: the expression up to order and grouping, so that `4 * (10 - 4)` and `(10-4)*4` are one
  answer. Only a response that commits to an answer votes; all claims of no solution are one answer.

Where every hand has a solution, a claim that there is none does not vote: nobody who knows the game
would count it. Of answers with equally many votes the one that was given first counts.
"""

from __future__ import annotations

from tot24_bench.scoring import Score, Verdict, form_of

MAX_ANSWERS = 4_096  # different ones of a hand that are counted; what comes later does not vote


class Votes:
    """The votes of the responses to one hand.

    >>> from tot24_bench.game import Puzzle
    >>> from tot24_bench.scoring import score
    >>> votes = Votes()
    >>> for text in ("Answer: 4 * 6", "Answer: (6 - 4) * (4 + 8)", "Answer: (8+4)*(6-4)"):
    ...     votes.add(text, score(Puzzle.parse("4 4 6 8"), text))
    >>> votes.by_text(), votes.by_form()
    (False, True)
    """

    __slots__ = ("_forms", "_texts")

    def __init__(self) -> None:
        self._texts: dict[int, int] = {}
        self._forms: dict[int, int] = {}

    def add(self, response: str, score: Score) -> None:
        """Count the vote of one response."""
        claim = score.verdict is Verdict.NO_SOLUTION
        if last := response.rstrip().rpartition("\n")[2]:
            _count(self._texts, last.strip(), claim, score.correct)
        if score.answered:
            form = "" if claim else form_of(score.answer)
            _count(self._forms, form, claim, score.correct)

    def by_text(self, claims: bool = False) -> bool:
        """Whether the most frequent last line is right; a claim of no solution may be a vote."""
        return _elected(self._texts, claims)

    def by_form(self, claims: bool = False) -> bool:
        """Whether the most frequent expression is right, as `by_text`."""
        return _elected(self._forms, claims)


_CLAIM, _VOTE = 2, 4
"""A count of votes is one number: whether it is right, a claim, and how many votes."""


def _count(counts: dict[int, int], answer: str, claim: bool, right: bool) -> None:
    key = hash(answer)  # a file may hold millions of answers
    if key in counts:
        counts[key] += _VOTE
    elif len(counts) < MAX_ANSWERS:
        counts[key] = _VOTE | _CLAIM * claim | right


def _elected(counts: dict[int, int], claims: bool) -> bool:
    voting = (count for count in counts.values() if claims or not count & _CLAIM)
    return bool(max(voting, key=lambda count: count // _VOTE, default=0) & 1)
