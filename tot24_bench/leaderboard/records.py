"""What a submission is made of: samples, metrics, and the model's description.

No record keeps a path of the machine that it was made on.

>>> ModelInfo(name="scout-2m", backend="hf", source="/home/me/students/scout-2m").source
'scout-2m'
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Self

from pydantic import AfterValidator, FailFast, Field, StringConstraints, model_validator

from tot24_bench.game import Puzzle, is_solvable
from tot24_bench.schema import (
    MAX_COUNT,
    Count,
    Encodable,
    Name,
    Record,
    Sha256,
    Share,
    Text,
    without_machine_path,
)
from tot24_bench.scoring import Score, Verdict
from tot24_bench.teachers import teacher_name


def sha256_of(response: str) -> str:
    """The hash that stands for a response whose text is withheld."""
    return hashlib.sha256(response.encode("utf-8", "replace")).hexdigest()


MAX_RESPONSES = 10_000
"""Responses to one hand."""

# The first fault ends the reading: a message for each of a million would not fit into memory.
_Several = FailFast()


class Sample(Record):
    """The responses to one puzzle.

    Attributes:
        puzzle: the puzzle asked, its numbers in the order in which the prompt showed them.
        prompt_sha256: hash of the prompt as `Prompt.sha256`; None where the prompt is not known.
        responses: what the model wrote, without the prompt; one, or one for each repeat; empty
            where the text is not ours to give: then `responses_sha256` stands for it.
        responses_sha256: hash of each response that is withheld, so that whoever has the text can
            check the scores; empty where the responses are given.
        tokens: length of each response in the model's own tokens; None where not counted.
        scores: the score of each response, as `tot24_bench.scoring.score` gave it.
    """

    puzzle: Puzzle
    prompt_sha256: Sha256 | None
    responses: Annotated[tuple[Encodable, ...], _Several]
    responses_sha256: Annotated[tuple[Sha256, ...], _Several] = ()
    tokens: Annotated[tuple[Count | None, ...], _Several]
    scores: Annotated[tuple[Score, ...], _Several]

    @model_validator(mode="after")
    def _one_score_each(self) -> Self:
        if self.responses and self.responses_sha256:
            raise ValueError("responses are given and withheld: leave responses_sha256 out")
        given = len(self.responses) or len(self.responses_sha256)
        counts = given, len(self.tokens), len(self.scores)
        if not given:
            raise ValueError("responses are missing")
        if len(set(counts)) > 1:
            raise ValueError("{} responses, {} token counts, {} scores".format(*counts))
        if given > MAX_RESPONSES:
            raise ValueError(f"{given} responses to a hand: at most {MAX_RESPONSES}")
        for response, count in zip(self.responses, self.tokens, strict=False):
            if count == 0 and response.strip():
                raise ValueError("a response with text has 0 tokens")
        if self.responses_sha256:
            self._check_withheld_scores()
        return self

    def _check_withheld_scores(self) -> None:
        """Scores that nobody can repeat must at least agree with themselves."""
        for score in self.scores:
            claim = score.verdict is Verdict.NO_SOLUTION
            right = not is_solvable(self.puzzle) if claim else score.verdict is Verdict.CORRECT
            if score.correct != right:
                raise ValueError(f"correct is {score.correct}, but the verdict is {score.verdict}")

    @property
    def withheld(self) -> bool:
        """Whether the responses are known by their hashes only."""
        return not self.responses


class Metrics(Record):
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


class Training(Record):
    """What a student says of its training, so that it can be held against the test hands.

    Attributes:
        hands: every hand whose traces it was trained on, numbers ascending with spaces.
        rows: traces, repeats of a hand included.
        data_sha256: hash of the dataset as `training` or the contributor wrote it.
    """

    hands: Annotated[
        tuple[Annotated[str, StringConstraints(pattern=r"^[^\n]+$", max_length=200)], ...],
        Field(min_length=1, max_length=100_000),
    ]
    rows: Annotated[int, Field(gt=0, le=MAX_COUNT)] | None = None
    data_sha256: Sha256 | None = None

    def hands_file(self) -> tuple[str, bytes]:
        """The hands as a file of their own, one a line, and its SHA-256, by which it is known."""
        data = "".join(f"{hand}\n" for hand in self.hands).encode()
        return hashlib.sha256(data).hexdigest(), data


class ModelInfo(Record):
    """What was evaluated.

    Attributes:
        name: how tables call it.
        parameters: number of weights; None where not known.
        precision: of the weights as they ran ("fp32", "bf16"): it moves a small model's score.
        backend: what ran it ("hf", "local-completions", ...).
        source: checkpoint or API model as given; of a path on the machine only the last part.
        checkpoint_sha256: hash of the weights file, where there is one.
        arguments: those model arguments that change what it answers (dtype, revision, ...).
        base: the model it was trained from.
        licence: SPDX identifier, as far as known.
        link: a page about it.
        teacher: who wrote its training traces, e.g. "solver (exact search)"; the name of the
            teacher's own row, where it has one (an older name of the solver is read as today's).
        training: what a student was trained on; None for a model that is no student, or whose
            data are not known.
    """

    name: Name
    parameters: Annotated[int, Field(gt=0, le=MAX_COUNT)] | None = None
    precision: Text | None = None
    backend: Name
    source: Annotated[Name, AfterValidator(without_machine_path)]
    checkpoint_sha256: Sha256 | None = None
    arguments: dict[str, str] = Field(default_factory=dict)
    base: Annotated[Text, AfterValidator(without_machine_path)] | None = None
    licence: Text | None = None
    link: Annotated[str, StringConstraints(pattern=r"^https?://\S+$", max_length=2_000)] | None = (
        None
    )
    teacher: Annotated[Text, AfterValidator(teacher_name)] | None = None
    training: Training | None = None
