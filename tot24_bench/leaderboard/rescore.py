"""Score a transcript of others while it is read, and make a submission of it.

A response is scored once and let go: what stays of a hand is how many of its responses are what,
and the votes for its answers. Hands are the same whatever the order of their numbers, and their
responses may stand in several records; for a submission they wait in a temporary file (`Spool`).
"""

from __future__ import annotations

import datetime
import json
import platform
import re
import tempfile
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from tot24_bench import __version__
from tot24_bench.game import SPLITS, Hand, Puzzle, is_solvable, is_split, load_split
from tot24_bench.harness import METRICS, metrics_of_scores, task_name
from tot24_bench.leaderboard.key import key_of
from tot24_bench.leaderboard.store import MAX_SAMPLE_BYTES, MAX_SAMPLES_BYTES, TooLarge
from tot24_bench.leaderboard.submission import OTHER, Header, Metrics, ModelInfo, Sample, sha256_of
from tot24_bench.leaderboard.votes import Votes
from tot24_bench.prompts import METHODS, VARIANTS, UnknownMethod, UnknownVariant, variant_of
from tot24_bench.scoring import Score, Verdict, score
from tot24_bench.transcripts import CARDS, BadTranscript, Transcript, in_deck

MAX_HANDS = 20_000  # different hands of one transcript; the deck has 1,820
MAX_TASK_CHARS = 60  # of a label that names its task, and so a submission's file

DECK = "deck"  # the split of hands of the deck that no fixed split holds all of


class Spool(AbstractContextManager["Spool"]):
    """A temporary file that groups responses by hand; memory holds a number for each.

    It has no name, so it is gone with the process, however that ends. It is made in a folder on the
    disk that will hold the submission, as the system's own may be in memory.

    >>> puzzle = Puzzle.parse("4 4 6 8")
    >>> with Spool() as spool:
    ...     for text in ("Answer: 4 * 6", "No idea."):
    ...         spool.add(puzzle, text, None, score(puzzle, text))
    ...     spool.sample(puzzle).responses
    ('Answer: 4 * 6', 'No idea.')
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (closed by __exit__)
        self._size = 0
        self._places: dict[Puzzle, array[int]] = {}
        self._bytes: Counter[Puzzle] = Counter()

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, puzzle: Puzzle, response: str, tokens: int | None, score: Score) -> None:
        """Keep one response, or raise TooLarge where no submission can hold them all."""
        line = json.dumps([response, tokens, score.to_json()], ensure_ascii=False).encode() + b"\n"
        self._bytes[puzzle] += len(line)
        of_hand = self._bytes[puzzle] > MAX_SAMPLE_BYTES
        if of_hand or self._size + len(line) > MAX_SAMPLES_BYTES:
            raise TooLarge(
                f"the responses {f'to {puzzle.text} ' if of_hand else ''}are more than a "
                "submission can hold: --no-save gives the summary alone"
            )
        self._file.write(line)
        self._places.setdefault(puzzle, array("Q")).append(self._size)
        self._size += len(line)

    def sample(self, puzzle: Puzzle, withhold: bool = False) -> Sample:
        """All that was kept of one hand, in order; hashes instead of text to `withhold` it."""
        lines = []
        for place in self._places[puzzle]:
            self._file.seek(place)
            lines.append(json.loads(self._file.readline()))
        responses, tokens, scores = zip(*lines, strict=True)
        return Sample(
            puzzle=puzzle,
            prompt_sha256=None,
            responses=() if withhold else responses,
            responses_sha256=tuple(map(sha256_of, responses)) if withhold else (),
            tokens=tokens,
            scores=tuple(map(Score.from_json, scores)),
        )


@dataclass(slots=True)
class Tally:
    """What is kept of one hand, its numbers in the order in which they came first."""

    puzzle: Puzzle
    samples: int = 0  # responses
    counts: Counter[str] = field(default_factory=Counter)  # how many count for each metric
    tokens: int | None = 0  # the sum of their lengths; None once one is not known
    votes: Votes = field(default_factory=Votes)

    @property
    def right(self) -> int:
        """Right responses."""
        return self.counts["acc"]


@dataclass(slots=True)
class Compared:
    """A transcript's own verdicts beside ours."""

    responses: int = 0  # those that have a verdict of their own
    only_theirs: int = 0  # right by theirs and wrong by ours
    only_ours: int = 0  # right by ours and wrong by theirs
    right: int = 0  # right by theirs

    @property
    def differ(self) -> int:
        """How many are judged otherwise here."""
        return self.only_theirs + self.only_ours


@dataclass
class Rescored:
    """A transcript as counts."""

    format: str
    hands: tuple[Tally, ...] = ()  # in the order in which they came
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    empty: int = 0  # responses that hold nothing
    bad: int = 0  # records that were left out
    compared: Compared = field(default_factory=Compared)
    unsolvable: bool = False
    """Whether a hand without a solution was asked, as far as responses claim one: of larger hands
    than four numbers, whether such a claim was right."""

    @property
    def repeats(self) -> tuple[int, int]:
        """The fewest and the most responses to a hand."""
        counts = [tally.samples for tally in self.hands]
        return min(counts), max(counts)

    @property
    def split(self) -> str:
        """The first split that holds every hand; DECK or OTHER where none does."""
        if not all(in_deck(tally.puzzle) for tally in self.hands):
            return OTHER
        hands = {tally.puzzle.hand for tally in self.hands}
        return next((name for name in SPLITS if hands <= hands_of(name)), DECK)

    def any_right(self) -> list[bool]:
        """For each hand, whether any response is right."""
        return [tally.right > 0 for tally in self.hands]

    def majority_by_text(self) -> list[bool]:
        """For each hand, whether its most frequent last line is right."""
        return [tally.votes.by_text(claims=self.unsolvable) for tally in self.hands]

    def majority_by_form(self) -> list[bool]:
        """For each hand, whether its most frequent expression is right."""
        return [tally.votes.by_form(claims=self.unsolvable) for tally in self.hands]

    def metrics(self) -> Metrics:
        """The metrics, the mean over hands of the mean over a hand's responses."""
        means = {name: [t.counts[name] / t.samples for t in self.hands] for name in METRICS}
        return Metrics(**{name: fmean(of_hands) for name, of_hands in means.items()})

    def mean_tokens(self) -> float | None:
        """The mean length of a response, averaged as the metrics; None where any is not known."""
        means = [t.tokens / t.samples for t in self.hands if t.tokens is not None]
        return fmean(means) if len(means) == len(self.hands) else None

    def add(
        self, tally: Tally, response: str, tokens: int | None, score: Score, judged: bool | None
    ) -> None:
        """Count a response to a hand; `judged` is the transcript's own verdict, if it has one."""
        tally.samples += 1
        for name, counts in metrics_of_scores((score,)).items():
            tally.counts[name] += round(counts)
        tally.tokens = None if tally.tokens is None or tokens is None else tally.tokens + tokens
        tally.votes.add(response, score)
        self.verdicts[score.verdict] += 1
        self.empty += not response.strip()
        self.unsolvable |= score.correct and score.verdict is Verdict.NO_SOLUTION
        if judged is not None:
            self.compared.responses += 1
            self.compared.right += judged
            self.compared.only_theirs += judged and not score.correct
            self.compared.only_ours += score.correct and not judged


def rescore(
    transcript: Transcript,
    spool: Spool | None = None,
    progress: Callable[[], object] = lambda: None,
    first: bool = False,
) -> Rescored:
    """Score every response of a transcript, or the `first` of each record; it is read once.

    Args:
        spool: where responses are kept for a submission.
        progress: called after each record.

    Raises:
        BadTranscript: as iterating the transcript, or more hands than MAX_HANDS.
        TooLarge: the spool takes no more.
    """
    found = Rescored(transcript.format)
    hands: dict[object, Tally] = {}
    for rollouts in transcript:
        asked = rollouts.puzzle
        tally = hands.setdefault(asked.identity, Tally(asked))
        if len(hands) > MAX_HANDS:
            raise BadTranscript(f"{transcript.path}: more than {MAX_HANDS} different hands")
        every = zip(
            rollouts.responses, rollouts.truncated, rollouts.tokens, rollouts.judged, strict=True
        )
        for response, cut, tokens, judged in islice(every, 1 if first else None):
            result = score(asked, response, truncated=cut)
            found.add(tally, response, tokens, result, judged)
            if spool is not None:
                spool.add(tally.puzzle, response, tokens, result)
        progress()
    found.hands, found.bad = tuple(hands.values()), transcript.bad.count
    if found.verdicts[Verdict.NO_SOLUTION]:
        small = (tally for tally in found.hands if len(tally.puzzle.numbers) <= CARDS)
        found.unsolvable |= not all(is_solvable(tally.puzzle) for tally in small)
    return found


@cache
def hands_of(split: str) -> frozenset[Hand]:
    """The hands of a fixed split; raises UnknownSplit where there is no such split."""
    return frozenset(puzzle.hand for puzzle in load_split(split))


class Origin(NamedTuple):
    """What the user says of a transcript, which does not say it of itself."""

    model: str  # its name on the leaderboard
    method: str  # one of `prompts.METHODS`, or "other"
    prompt: str  # the exemplar variant of this project's prompt, or "other"
    shots: int | None  # exemplars in the prompt; None where nobody knows
    source: str  # where the transcript is from
    notes: tuple[str, ...] = ()  # what a reader of the figure must know
    label: str | None = None  # what tables call a method that is none of this project's

    @property
    def task(self) -> str:
        """The task whose question it is, as a submission names it; of another, from its label."""
        name = re.sub(r"[^a-z0-9]+", "_", (self.label or "").casefold()).strip("_")
        return task_name(name[:MAX_TASK_CHARS] or self.method)

    @property
    def a_key(self) -> str:
        """The key of a submission of it, were it the whole default split answered once."""
        return key_of(self.model, self.task, shots=self.shots, obtained="rescored")

    def check(self) -> None:
        """Fail before a long transcript is read, by a ValueError that names what there is."""
        methods, prompts = (*METHODS, OTHER), (*VARIANTS, OTHER)
        if not self.model.strip():
            raise ValueError("the model has no name: give one with --model")
        if self.method not in methods:
            named = f"no method {self.method[:40]!r}: the methods are"
            raise UnknownMethod(f"{named} {', '.join(methods)}")
        if self.label is not None and (self.method != OTHER or not self.label.strip()):
            raise ValueError(f"--label names a method of others: give it with --method {OTHER}")
        if self.prompt not in prompts:
            named = f"no prompt {self.prompt[:40]!r}: the prompts are"
            raise UnknownVariant(f"{named} {', '.join(prompts)}")


def check_split(rescored: Rescored, split: str) -> None:
    """Fail where a hand is not of the split that is said to have been asked.

    A name that is no fixed split is for hands that are not of the deck; else it is UnknownSplit.
    """
    if split in (DECK, OTHER) or (not is_split(split) and rescored.split == OTHER):
        return
    hands = hands_of(split)
    for tally in rescored.hands:
        fits = in_deck(tally.puzzle) or split not in SPLITS
        if not fits or tally.puzzle.hand not in hands:
            raise ValueError(
                f"the hand {tally.puzzle.text} is not in {split}: leave --split out, and the split "
                f"is the first that holds every hand (here {rescored.split})"
            )


def header_of(rescored: Rescored, origin: Origin, split: str) -> Header:
    """The submission of a transcript, without its samples; `split` as `check_split` wants it."""
    other = OTHER in (origin.prompt, origin.method)
    return Header(
        model=ModelInfo(name=origin.model, backend="transcript", source=origin.model),
        task=origin.task,
        method=origin.method,
        label=origin.label,
        split=split,
        shots=origin.shots,
        variant=OTHER if other else variant_of(origin.method, origin.prompt),
        n=len(rescored.hands),
        repeats=rescored.repeats[1],
        metrics=rescored.metrics(),
        mean_response_tokens=rescored.mean_tokens(),
        prompt_sha256=None,  # a transcript's prompts are not known here
        versions={"python": platform.python_version(), "tot24-bench": __version__},
        created=datetime.datetime.now(datetime.UTC).date(),
        obtained="rescored",
        source=origin.source,
        notes=(*_notes(rescored, split), *origin.notes),
    )


def samples_of(rescored: Rescored, spool: Spool, withhold: bool = False) -> Iterator[Sample]:
    """The samples of a transcript, one hand at a time; arguments as of `Spool.sample`."""
    return (spool.sample(tally.puzzle, withhold) for tally in rescored.hands)


def _notes(rescored: Rescored, split: str) -> Iterator[str]:
    article = "an" if rescored.format[0] in "aeiou" else "a"
    yield f"read from {article} {rescored.format} transcript"
    if is_split(split) and len(rescored.hands) < len(hands_of(split)):
        yield f"{len(rescored.hands)} of the split's {len(hands_of(split))} hands"
    fewest, most = rescored.repeats
    if fewest < most:
        total = sum(tally.samples for tally in rescored.hands)
        yield f"{fewest} to {most} responses a hand, {total} in all"
    if most > 1:
        yield f"the figure is the mean of a hand's responses: {several_figures(rescored)}"
    if rescored.empty:
        yield f"empty responses, scored as wrong: {rescored.empty}"
    if compared := rescored.compared.responses:
        agree = compared - rescored.compared.differ
        yield f"its own verdicts are ours on {agree:,} of {compared:,} responses"
    if rescored.bad:
        yield f"records that could not be used and were left out: {rescored.bad}"


def several_figures(rescored: Rescored) -> str:
    """What several responses a hand are worth together, beside their mean."""
    figures = {
        "any of them right": rescored.any_right(),
        "their majority by text": rescored.majority_by_text(),
        "by form": rescored.majority_by_form(),
    }
    return ", ".join(f"{name} {fmean(right):.1%}" for name, right in figures.items())
