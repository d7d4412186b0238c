"""A submission: one model, one task, one setting, with every response and its score.

A submission says how it was obtained: `measured` here, `rescored` from a public transcript, or
`reported` by a source and not checked. The rules, which hold for every submission that exists:

- Its metrics are what `metrics_of` gives for its stored scores; only `reported` has no samples.
- Responses are withheld (known by their hashes) only where they were `rescored` from elsewhere.
- Every sample has as many responses as the submission has repeats, and a score for each; only a
  `rescored` transcript may hold fewer for some hands.
- On a fixed split every hand belongs to that split and is asked once.
- `rescored` and `reported` name their source.

>>> from tot24_bench.game import Puzzle
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
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, JsonValue, model_validator

from tot24_bench.leaderboard.key import first_of, key_of
from tot24_bench.leaderboard.ledger import Ledger
from tot24_bench.leaderboard.records import MAX_RESPONSES, Metrics, ModelInfo, Sample, Training
from tot24_bench.leaderboard.split_names import check_split_name
from tot24_bench.prompts import DEFAULT_VARIANT, METHOD_NAMES, METHODS, VARIANTS
from tot24_bench.schema import Name, Record, Sha256, Text

__all__ = [
    "Header",
    "Metrics",
    "ModelInfo",
    "Sample",
    "Submission",
    "Training",
    "mean_tokens_of",
    "metrics_of",
    "prompts_sha256",
]

SCHEMA_VERSION: Literal[3] = 3
"""Of a submission's fields: 2 added `label`, `prompt_sha256`, `training` and withheld responses; in
3 a file of their own holds the training hands."""

OTHER = "other"
"""A method or an exemplar variant that this project has no prompt for."""

MAX_SHOTS = 1_000
"""Exemplars in a prompt; far above what any prompt holds, so that file names stay short."""


MAX_HANDS = 100_000
"""Hands of a submission; the deck has 1,820, and a transcript that is rescored at most 20,000."""


def _one_of(known: tuple[str, ...]) -> AfterValidator:
    def check(value: str) -> str:
        if value not in (*known, OTHER):
            raise ValueError(f"{value[:40]!r} is not one of {', '.join((*known, OTHER))}")
        return value

    return AfterValidator(check)


class Header(Record):
    """A submission without its samples: what stands in its JSON file.

    Attributes:
        schema_version: of these fields; a file with another one is refused.
        model: what was evaluated.
        task: the lm-eval task, e.g. "game24_onestep_tot".
        method: one of `prompts.METHODS`, or "other".
        label: what tables call the method where it is none of this project's, e.g. "ToT, b = 5".
        split: one of `game.SPLITS`, or the name of other puzzles.
        shots: exemplars in the prompt; None where the source does not say.
        variant: exemplar variant, one of `prompts.VARIANTS`, or "other".
        chat: whether the model's chat template was applied.
        multiturn: whether, in a chat, each exemplar was two turns of its own.
        n: number of hands.
        repeats: responses to each hand; to the hand with the most, where it is `rescored`.
        metrics: see `Metrics`.
        mean_response_tokens: mean length of a response, in the model's own tokens.
        prompt_sha256: hash of the prompts of all hands, see `prompts_sha256`; None where a prompt
            is not known.
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
    """

    schema_version: Literal[3] = SCHEMA_VERSION
    model: ModelInfo
    task: Name
    method: Annotated[str, _one_of(METHODS)]
    label: Name | None = None
    split: Name
    shots: Annotated[int, Field(ge=0, le=MAX_SHOTS)] | None
    variant: Annotated[str, _one_of(VARIANTS)] = DEFAULT_VARIANT
    chat: bool = False
    multiturn: bool = False
    n: Annotated[int, Field(ge=1, le=MAX_HANDS)]
    repeats: Annotated[int, Field(ge=1, le=MAX_RESPONSES)] = 1
    metrics: Metrics
    mean_response_tokens: Annotated[float, Field(ge=0)] | None = None
    prompt_sha256: Sha256 | None = None
    generation: dict[str, JsonValue] = Field(default_factory=dict)
    seeds: dict[str, int] = Field(default_factory=dict)
    versions: dict[str, str] = Field(default_factory=dict)
    hardware: Text = ""
    wall_seconds: Annotated[float, Field(ge=0)] | None = None
    created: datetime.date
    obtained: Literal["measured", "rescored", "reported"]
    source: Name | None = None
    notes: tuple[Text, ...] = ()

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
    def _says_where_it_is_from(self) -> Self:
        if self.obtained != "measured" and self.source is None:
            raise ValueError(f"source is missing: a {self.obtained} figure says where it is from")
        check_split_name(self.split, self.obtained == "measured")
        if self.label is not None and self.method != OTHER:
            raise ValueError(f"label is for other methods: the method is {self.method}")
        if self.label is not None and _letters(self.label) in map(_letters, METHOD_NAMES.values()):
            raise ValueError(f"label is {self.label!r}, which is the name of a method of ours")
        if self.method == OTHER and self.variant != OTHER:
            raise ValueError("variant is ours, but the method is other: then so is the variant")
        if self.obtained == "measured" and self.shots is None:
            raise ValueError("shots are missing: what was measured here has a known prompt")
        return self


class Submission(Header):
    """One row of the leaderboard, with what it rests on.

    Attributes:
        samples: one for each hand, in the order asked; empty only where reported.

    Raises:
        pydantic.ValidationError: a ValueError, when a rule of the file's docstring is broken.
    """

    samples: tuple[Sample, ...] = ()

    @model_validator(mode="after")
    def _keeps_the_rules(self) -> Self:
        if self.samples:
            Ledger.of(self.samples).check(self)
        elif self.obtained != "reported":
            raise ValueError(f"samples are missing: a {self.obtained} figure needs its responses")
        return self


def _letters(text: str) -> str:
    """What is left of a name when case, spaces, signs and look-alike forms are left out."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(char for char in plain if char.isalnum())


def prompts_sha256(samples: Iterable[Sample]) -> str | None:
    """Hash of the hashes of all prompts, in the order asked; None where any is unknown."""
    return Ledger.of(samples).prompts_sha256()


def metrics_of(samples: Sequence[Sample]) -> Metrics:
    """The metrics of stored scores, hand by hand as lm-eval's own are.

    Raises:
        ValueError: when there are no samples.
    """
    return Ledger.of(samples).metrics()


def mean_tokens_of(samples: Sequence[Sample]) -> float | None:
    """Mean length of a response in tokens, averaged as `metrics_of`; None where any is unknown."""
    return Ledger.of(samples).mean_tokens()
