"""A submission: one model, one task, one setting, with every response and its score.

A submission says how it was obtained: `measured` here, `rescored` from a public transcript, or
`reported` by a source and not checked. The rules, which hold for every submission that exists:

- Its metrics are what `metrics_of` gives for its stored scores; only `reported` has no samples.
- Every sample has as many responses as the submission has repeats, and a score for each.
- On a fixed split every hand belongs to that split and is asked once.
- `rescored` and `reported` name their source. No path of the machine it ran on is stored.

>>> ModelInfo(name="scout-2m", backend="hf", source="/home/me/students/scout-2m").source
'scout-2m'
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath, PureWindowsPath
from statistics import fmean
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    model_validator,
)

from tot24_bench.game import SPLITS, Puzzle, load_split
from tot24_bench.leaderboard.key import key_of
from tot24_bench.prompts import DEFAULT_VARIANT, METHODS, VARIANTS
from tot24_bench.scoring import Score

SCHEMA_VERSION = 1

OTHER = "other"
"""A method or an exemplar variant that this project has no prompt for."""

METRIC_TOLERANCE = 1e-9
"""Largest difference between a stated figure and the recomputed one: rounding of sums, no more."""


def _one_of(known: tuple[str, ...]) -> AfterValidator:
    def check(value: str) -> str:
        if value not in (*known, OTHER):
            raise ValueError(f"{value[:40]!r} is not one of {', '.join((*known, OTHER))}")
        return value

    return AfterValidator(check)


def _encodable(value: object) -> object:
    """Text that UTF-8 can hold: an API may return half of a surrogate pair."""
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "replace").decode("utf-8")
    return value


def _without_machine_path(value: str) -> str:
    """Only the last part of a path that means something on one machine alone."""
    value = value.strip()
    windows = PureWindowsPath(value)
    if value.startswith(("/", "~", "file:")):
        return PurePosixPath(value).name or "local"
    return (windows.name or "local") if windows.drive or windows.root else value


Text = Annotated[str, BeforeValidator(_encodable)]
Name = Annotated[str, BeforeValidator(_encodable), StringConstraints(pattern=r"\S")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` reads back to an equal record."""
        return self.model_dump(mode="json")

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote.

        Raises:
            pydantic.ValidationError: a ValueError that names each field and what is wrong with it.
        """
        return cls.model_validate(data)


class Sample(_Record):
    """The responses to one puzzle.

    Attributes:
        puzzle: the puzzle asked, its numbers in the order in which the prompt showed them.
        prompt_sha256: hash of the prompt as `Prompt.sha256`; None where the prompt is not known.
        responses: what the model wrote, without the prompt; one, or one for each repeat.
        tokens: length of each response in the model's own tokens; None where not counted.
        scores: the score of each response, as `tot24_bench.scoring.score` gave it.
    """

    puzzle: Puzzle
    prompt_sha256: Sha256 | None
    responses: Annotated[tuple[Text, ...], Field(min_length=1)]
    tokens: tuple[Count | None, ...]
    scores: tuple[Score, ...]

    @model_validator(mode="after")
    def _one_score_each(self) -> Self:
        counts = len(self.responses), len(self.tokens), len(self.scores)
        if len(set(counts)) > 1:
            raise ValueError("{} responses, {} token counts, {} scores".format(*counts))
        return self


class Metrics(_Record):
    """Shares of responses, 0 to 1: the mean over hands of the mean over a hand's repeats.

    A reported figure may come without the others, which are then None.

    Attributes:
        acc: right answers.
        valid: answers that use exactly the hand's numbers, whatever their value.
        answered: responses that commit to an expression or to there being no solution.
        false_claim: responses that say "= target" of what is not.
        truncated: responses that the token limit cut off.
    """

    acc: Share
    valid: Share | None = None
    answered: Share | None = None
    false_claim: Share | None = None
    truncated: Share | None = None


class ModelInfo(_Record):
    """What was evaluated.

    Attributes:
        name: how tables call it.
        parameters: number of weights; None where not known.
        precision: of the weights as they ran ("fp32", "bf16"): it moves a small model's score.
        backend: what ran it ("hf", "local-completions", ...).
        source: checkpoint or API model as given; of a path on the machine only the last part.
        checkpoint_sha256: hash of the weights file, where there is one.
        base: the model it was trained from.
        licence: SPDX identifier, as far as known.
        link: a page about it.
        teacher: who wrote its training traces, e.g. "solver (exact search)".
    """

    name: Name
    parameters: Annotated[int, Field(gt=0)] | None = None
    precision: Text | None = None
    backend: Name
    source: Annotated[Name, AfterValidator(_without_machine_path)]
    checkpoint_sha256: Sha256 | None = None
    base: Annotated[Text, AfterValidator(_without_machine_path)] | None = None
    licence: Text | None = None
    link: Annotated[str, StringConstraints(pattern=r"^https?://\S+$")] | None = None
    teacher: Text | None = None


class Submission(_Record):
    """One row of the leaderboard, with what it rests on.

    Attributes:
        task: the lm-eval task, e.g. "game24_onestep_tot".
        method: one of `prompts.METHODS`, or "other".
        split: one of `game.SPLITS`, or the name of other puzzles.
        shots: exemplars in the prompt.
        variant: exemplar variant, one of `prompts.VARIANTS`, or "other".
        chat: whether the model's chat template was applied.
        n: number of hands.
        repeats: responses to each hand.
        metrics: see `Metrics`.
        mean_response_tokens: mean length of a response, in the model's own tokens.
        generation: generation arguments (max_gen_toks, do_sample, temperature, until, ...).
        seeds: every seed that was set, by what it seeds.
        versions: of tot24-bench, lm-eval, transformers, torch, python.
        hardware: what it ran on, in words.
        wall_seconds: seconds of evaluation, without loading.
        created: the UTC date.
        obtained: measured, rescored or reported; see the file's docstring.
        source: where a figure or transcript that is not ours comes from.
        notes: what a reader of the figure must know.
        samples: one for each hand, in the order asked; empty only where reported.

    Raises:
        pydantic.ValidationError: a ValueError, when a rule of the file's docstring is broken.
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    model: ModelInfo
    task: Name
    method: Annotated[str, _one_of(METHODS)]
    split: Name
    shots: Count
    variant: Annotated[str, _one_of(VARIANTS)] = DEFAULT_VARIANT
    chat: bool = False
    n: Annotated[int, Field(ge=1)]
    repeats: Annotated[int, Field(ge=1)] = 1
    metrics: Metrics
    mean_response_tokens: Annotated[float, Field(ge=0)] | None = None
    generation: dict[str, JsonValue] = {}
    seeds: dict[str, int] = {}
    versions: dict[str, str] = {}
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
            chat=self.chat,
            variant=self.variant,
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
    """The metrics of stored scores; the one place where they are computed.

    Raises:
        ValueError: when there are no samples.
    """
    if not samples:
        raise ValueError("no samples to take metrics of: evaluate at least one hand")

    def share(flag: str) -> float:
        return fmean(fmean(getattr(score, flag) for score in sample.scores) for sample in samples)

    return Metrics(
        acc=share("correct"),
        valid=share("valid"),
        answered=share("answered"),
        false_claim=share("false_claim"),
        truncated=share("truncated"),
    )


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
