"""Score a transcript while it is read, and keep counts.

A response is scored once and let go: what stays of a hand is how many of its responses are what,
and its votes. Hands are the same whatever the order of their numbers, and their responses may stand
in several records.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from statistics import fmean

from tot24_bench.game import SPLITS, Hand, Puzzle, Rule, is_solvable, load_split
from tot24_bench.leaderboard.records import Metrics
from tot24_bench.leaderboard.spool import Spool
from tot24_bench.leaderboard.submission import OTHER
from tot24_bench.leaderboard.votes import Votes
from tot24_bench.scoring import Score, Verdict, score
from tot24_bench.transcripts import CARDS, BadTranscript, Transcript, in_deck

MAX_HANDS = 20_000
"""Different hands of one transcript; the deck has 1,820."""

DECK = "deck"
"""The split of hands of the deck that no fixed split holds all of."""


@dataclass(slots=True)
class Tally:
    """What is kept of one hand: counts of its responses.

    Attributes:
        puzzle: the puzzle, its numbers in the order in which they came first.
        samples: responses.
        right, valid, answered, false_claim, truncated: how many of them are, as in `Score`.
        tokens: the sum of their lengths; None once one is not known.
        votes: their answers.
    """

    puzzle: Puzzle
    samples: int = 0
    right: int = 0
    valid: int = 0
    answered: int = 0
    false_claim: int = 0
    truncated: int = 0
    tokens: int | None = 0
    votes: Votes = field(default_factory=Votes)

    def add(self, response: str, score: Score, tokens: int | None) -> None:
        """Count one response."""
        self.samples += 1
        self.right += score.correct
        self.valid += score.valid
        self.answered += score.answered
        self.false_claim += score.false_claim
        self.truncated += score.truncated
        self.tokens = None if self.tokens is None or tokens is None else self.tokens + tokens
        self.votes.add(response, score)


@dataclass(slots=True)
class Compared:
    """A transcript's own verdicts beside ours.

    Attributes:
        responses: how many have a verdict of their own.
        only_theirs: how many of them are right by their verdict and wrong by ours.
        only_ours: how many are right by ours and wrong by theirs.
        right: how many are right by theirs.
    """

    responses: int = 0
    only_theirs: int = 0
    only_ours: int = 0
    right: int = 0

    def add(self, judged: bool | None, correct: bool) -> None:
        """Count one response; None has no verdict of its own."""
        if judged is not None:
            self.responses += 1
            self.right += judged
            self.only_theirs += judged and not correct
            self.only_ours += correct and not judged

    @property
    def differ(self) -> int:
        """How many are judged otherwise here."""
        return self.only_theirs + self.only_ours


@dataclass(frozen=True)
class Rescored:
    """A transcript as counts.

    Attributes:
        format: of the transcript.
        hands: a tally for each hand, in the order in which the hands came.
        verdicts: how many responses have each verdict.
        empty: how many responses hold nothing.
        bad: how many records were left out.
        compared: the transcript's own verdicts beside ours.
        unsolvable: whether a hand without a solution was asked, as far as responses claim one: of
            larger hands than four numbers, whether such a claim was right.
    """

    format: str
    hands: tuple[Tally, ...]
    verdicts: Counter[Verdict]
    empty: int
    bad: int
    compared: Compared
    unsolvable: bool

    @property
    def repeats(self) -> tuple[int, int]:
        """The fewest and the most responses to a hand."""
        counts = [tally.samples for tally in self.hands]
        return min(counts), max(counts)

    @property
    def split(self) -> str:
        """The first split that holds every hand; DECK or OTHER where none does."""
        hands = {tally.puzzle.hand for tally in self.hands}
        if not all(in_deck(tally.puzzle) for tally in self.hands):
            return OTHER
        return next((name for name in SPLITS if hands <= hands_of(name)), DECK)

    def any_right(self) -> list[bool]:
        """For each hand, whether any response is right."""
        return [tally.right > 0 for tally in self.hands]

    def majority_by_text(self) -> list[bool]:
        """For each hand, whether its most frequent last line is right; see `votes`."""
        return [tally.votes.by_text(claims=self.unsolvable) for tally in self.hands]

    def majority_by_form(self) -> list[bool]:
        """For each hand, whether its most frequent expression is right; see `votes`."""
        return [tally.votes.by_form(claims=self.unsolvable) for tally in self.hands]

    def metrics(self) -> Metrics:
        """The metrics, the mean over hands of the mean over a hand's responses."""
        return Metrics(
            acc=fmean(tally.right / tally.samples for tally in self.hands),
            valid=fmean(tally.valid / tally.samples for tally in self.hands),
            answered=fmean(tally.answered / tally.samples for tally in self.hands),
            false_claim=fmean(tally.false_claim / tally.samples for tally in self.hands),
            truncated=fmean(tally.truncated / tally.samples for tally in self.hands),
        )

    def mean_tokens(self) -> float | None:
        """The mean length of a response, averaged as the metrics; None where any is not known."""
        means = [t.tokens / t.samples for t in self.hands if t.tokens is not None]
        return fmean(means) if len(means) == len(self.hands) else None


def rescore(
    transcript: Transcript,
    spool: Spool | None = None,
    progress: Callable[[], object] = lambda: None,
    first: bool = False,
) -> Rescored:
    """Score every response of a transcript.

    Args:
        transcript: what to read; it is read once.
        first: score the first response of each record only.
        spool: where responses are kept for a submission; None keeps none.
        progress: called after each record.

    Raises:
        BadTranscript: as iterating the transcript, or more hands than MAX_HANDS.
        TooLarge: the spool takes no more.
    """
    hands: dict[tuple[Hand, int, Rule], Tally] = {}
    verdicts: Counter[Verdict] = Counter()
    compared = Compared()
    empty = 0
    proven = False
    for rollouts in transcript:
        asked = rollouts.puzzle
        identity = (asked.hand, asked.target, asked.rule)
        tally = hands.get(identity)
        if tally is None:
            if len(hands) == MAX_HANDS:
                raise BadTranscript(f"{transcript.path}: more than {MAX_HANDS} different hands")
            tally = hands[identity] = Tally(asked)
        every = zip(
            rollouts.responses, rollouts.truncated, rollouts.tokens, rollouts.judged, strict=True
        )
        for response, cut, tokens, judged in islice(every, 1 if first else None):
            result = score(asked, response, truncated=cut)
            tally.add(response, result, tokens)
            verdicts[result.verdict] += 1
            compared.add(judged, result.correct)
            proven |= result.correct and result.verdict is Verdict.NO_SOLUTION
            empty += not response.strip()
            if spool is not None:
                spool.add(tally.puzzle, response, tokens, result)
        progress()
    unsolvable = proven or (
        verdicts[Verdict.NO_SOLUTION] > 0
        and any(
            len(tally.puzzle.numbers) <= CARDS and not is_solvable(tally.puzzle)
            for tally in hands.values()
        )
    )
    return Rescored(
        transcript.format,
        tuple(hands.values()),
        verdicts,
        empty,
        transcript.bad.count,
        compared,
        unsolvable,
    )


@cache
def hands_of(split: str) -> frozenset[Hand]:
    """The hands of a fixed split.

    Raises:
        UnknownSplit: when there is no such split.
    """
    return frozenset(puzzle.hand for puzzle in load_split(split))
