"""A submission: one model, one task, one setting, with every response and its score.

A submission says how it was obtained: `measured` here, `rescored` from a public transcript, or
`reported` by a source and not checked. The rules, which hold for every submission that exists:

- Its metrics are what `metrics_of` gives for its stored scores; only `reported` has no samples.
- Every sample has as many responses as the submission has repeats, and a score for each.
- On a fixed split every hand belongs to that split and is asked once.
- `rescored` and `reported` name their source.

>>> from tot24_bench.scoring import score
>>> puzzle = Puzzle.parse("4 5 6 10")
>>> scores = tuple(score(puzzle, text) for text in ("Answer: 5 * 4 + 10 - 6", "No idea."))
>>> sample = Sample(
...     puzzle=puzzle,
...     prompt_sha256=None,
...     responses=("Answer: 5 * 4 + 10 - 6", "No idea."),
...     tokens=(9, 3),
...     scores=scores,
... )
>>> metrics_of([sample]).acc, mean_tokens_of([sample])
(0.5, 6.0)
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Sequence
from statistics import fmean
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, JsonValue, model_validator

from tot24_bench.game import SPLITS, Puzzle, load_split
from tot24_bench.harness.documents import mean_metrics
from tot24_bench.leaderboard.key import first_of, key_of
from tot24_bench.leaderboard.records import (
    Metrics,
    ModelInfo,
    Name,
    Record,
    Sample,
    Text,
)
from tot24_bench.prompts import DEFAULT_VARIANT, METHODS, VARIANTS

__all__ = ["Metrics", "ModelInfo", "Sample", "Submission", "mean_tokens_of", "metrics_of"]

OTHER = "other"
"""A method or an exemplar variant that this project has no prompt for."""

MAX_SHOTS = 1_000
"""Exemplars in a prompt; far above what any prompt holds, so that file names stay short."""

METRIC_TOLERANCE = 1e-9
"""Largest difference between a stated figure and the recomputed one: rounding of sums, no more."""


def _one_of(known: tuple[str, ...]) -> AfterValidator:
    def check(value: str) -> str:
        if value not in (*known, OTHER):
            raise ValueError(f"{value[:40]!r} is not one of {', '.join((*known, OTHER))}")
        return value

    return AfterValidator(check)


class Submission(Record):
    """One row of the leaderboard, with what it rests on.

    Attributes:
        schema_version: of these fields; a file with another one is refused.
        model: what was evaluated.
        task: the lm-eval task, e.g. "game24_onestep_tot".
        method: one of `prompts.METHODS`, or "other".
        split: one of `game.SPLITS`, or the name of other puzzles.
        shots: exemplars in the prompt.
        variant: exemplar variant, one of `prompts.VARIANTS`, or "other".
        chat: whether the model's chat template was applied.
        multiturn: whether, in a chat, each exemplar was two turns of its own.
        n: number of hands.
        repeats: responses to each hand.
        metrics: see `Metrics`.
        mean_response_tokens: mean length of a response, in the model's own tokens.
        generation: generation arguments (max_gen_toks, do_sample, temperature, until, ...).
        seeds: every seed that was set, by what it seeds.
        versions: of tot24-bench, lm-eval, transformers, torch, python.
        hardware: what it ran on, in words.
        wall_seconds: seconds of generating and scoring all tasks of the run together, without
            loading the model.
        created: the UTC date.
        obtained: measured, rescored or reported; see the file's docstring.
        source: where a figure or transcript that is not ours comes from.
        notes: what a reader of the figure must know.
        samples: one for each hand, in the order asked; empty only where reported.

    Raises:
        pydantic.ValidationError: a ValueError, when a rule of the file's docstring is broken.
    """

    schema_version: Literal[1] = 1
    model: ModelInfo
    task: Name
    method: Annotated[str, _one_of(METHODS)]
    split: Name
    shots: Annotated[int, Field(ge=0, le=MAX_SHOTS)]
    variant: Annotated[str, _one_of(VARIANTS)] = DEFAULT_VARIANT
    chat: bool = False
    multiturn: bool = False
    n: Annotated[int, Field(ge=1)]
    repeats: Annotated[int, Field(ge=1)] = 1
    metrics: Metrics
    mean_response_tokens: Annotated[float, Field(ge=0)] | None = None
    generation: dict[str, JsonValue] = Field(default_factory=dict)
    seeds: dict[str, int] = Field(default_factory=dict)
    versions: dict[str, str] = Field(default_factory=dict)
    hardware: Text = ""
    wall_seconds: Annotated[float, Field(ge=0)] | None = None
    created: datetime.date
    obtained: Literal["measured", "rescored", "reported"]
    source: Name | None = None
    notes: tuple[Text, ...] = ()
    samples: tuple[Sample, ...] = ()

    @property
    def key(self) -> str:
        """The file stem below `results/submissions`; see `key.key_of`."""
        return key_of(
            self.model.name,
            self.task,
            shots=self.shots,
            split=self.split,
            chat=self.chat,
            multiturn=self.multiturn,
            variant=self.variant,
            repeats=self.repeats,
            first=first_of(self.split, self.n),
            obtained=self.obtained,
        )

    @model_validator(mode="after")
    def _keeps_the_rules(self) -> Self:
        if self.obtained != "measured" and self.source is None:
            raise ValueError(f"source is missing: a {self.obtained} figure says where it is from")
        if self.samples:
            _check_counts(self)
            _check_hands(self)
            _check_figures(self)
        elif self.obtained != "reported":
            raise ValueError(f"samples are missing: a {self.obtained} figure needs its responses")
        return self


def metrics_of(samples: Sequence[Sample]) -> Metrics:
    """The metrics of stored scores, hand by hand as lm-eval's own are.

    Raises:
        ValueError: when there are no samples.
    """
    if not samples:
        raise ValueError("no samples to take metrics of: evaluate at least one hand")

    return Metrics(**mean_metrics(sample.scores for sample in samples))


def mean_tokens_of(samples: Sequence[Sample]) -> float | None:
    """Mean length of a response in tokens, averaged as `metrics_of`; None where any is unknown."""
    means = []
    for sample in samples:
        counted = [count for count in sample.tokens if count is not None]
        if len(counted) < len(sample.tokens):
            return None
        means.append(fmean(counted))
    return fmean(means) if means else None


def _check_counts(submission: Submission) -> None:
    if submission.n != len(submission.samples):
        raise ValueError(f"n is {submission.n}, but there are {len(submission.samples)} samples")
    for sample in submission.samples:
        if len(sample.responses) != submission.repeats:
            raise ValueError(
                f"repeats is {submission.repeats}, but {sample.puzzle.text} has "
                f"{len(sample.responses)} response(s)"
            )


def _check_hands(submission: Submission) -> None:
    if submission.split not in SPLITS:
        return
    asked = Counter(_identity(sample.puzzle) for sample in submission.samples)
    strange = asked.keys() - {_identity(puzzle) for puzzle in load_split(submission.split)}
    twice = [identity for identity, times in asked.items() if times > 1]
    for faults, what in ((sorted(strange), "does not belong to it"), (twice, "is asked twice")):
        if faults:
            hand = " ".join(map(str, faults[0][0]))
            raise ValueError(f"split is {submission.split}, but the hand {hand} {what}")


def _identity(puzzle: Puzzle) -> tuple[tuple[int, ...], int, str]:
    return puzzle.hand, puzzle.target, str(puzzle.rule)


def _check_figures(submission: Submission) -> None:
    counted = metrics_of(submission.samples)
    for name in Metrics.model_fields:
        _check_figure(f"metrics.{name}", getattr(submission.metrics, name), getattr(counted, name))
    tokens = mean_tokens_of(submission.samples)
    if tokens is not None:
        _check_figure("mean_response_tokens", submission.mean_response_tokens, tokens)


def _check_figure(name: str, stated: float | None, counted: float) -> None:
    if stated is None or abs(stated - counted) > METRIC_TOLERANCE * max(1.0, counted):
        raise ValueError(f"{name} is {stated}, but the stored samples give {counted:.10g}")
