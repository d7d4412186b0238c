"""A trace: one response of a teacher, with what was asked, what it took and what it is worth.

A trace file is JSON Lines, one trace a line, only ever appended to (`store`). The score is of the
time of recording; filters score again, so that an old file meets today's rules.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, NamedTuple

from pydantic import AwareDatetime, Field

from tot24_bench.game import Hand, Puzzle
from tot24_bench.schema import Count, Encodable, Name, Record, Sha256
from tot24_bench.scoring import Score
from tot24_bench.teachers import Finish, Reply, Setting, TeacherInfo, Usage, teacher_name

FORMAT: Literal["tot24-trace/1"] = "tot24-trace/1"
"""Names the fields below; another number is another set of them."""

MAX_SAMPLES = 100_000
"""Samples of one hand."""

MAX_KEPT_CHARS = 2 * 10**6
"""Characters of a response that are kept: twice what is scored. What is longer is cut off there and
counts as cut off: a line of a file stays readable."""


class SampleKey(NamedTuple):
    """What a trace answers: the same puzzle, however dealt, and the number of the sample."""

    hand: Hand
    target: int
    rule: str
    sample: int


class Trace(Record):
    """One response, as it is kept.

    Attributes:
        puzzle: the hand as the prompt showed it.
        sample: which of the hand's samples this is, from 0.
        method: the prompting method (`prompts.METHODS`, `propose` or `value`).
        variant: of the prompt's exemplars.
        shots: exemplars in the prompt; None, as its hash, where the prompt is not ours.
        teacher: who answered, with its sampling settings.
        finish: why the response ends.
        score: what the response was worth when it was recorded.
        details: the model's snapshot, the response's id, ...
    """

    format: Literal["tot24-trace/1"] = FORMAT
    puzzle: Puzzle
    sample: Annotated[int, Field(ge=0, lt=MAX_SAMPLES)]
    method: Name
    variant: Name
    shots: Count | None
    prompt_sha256: Sha256 | None
    teacher: TeacherInfo
    response: Annotated[Encodable, Field(max_length=MAX_KEPT_CHARS)]
    finish: Finish
    usage: Usage
    score: Score
    recorded: AwareDatetime
    details: dict[str, Setting] = Field(default_factory=dict)

    @classmethod
    def of(cls, reply: Reply, teacher: TeacherInfo, score: Score, recorded: datetime) -> Trace:
        """The trace of a reply."""
        prompt = reply.request.prompt
        return cls(
            puzzle=reply.request.puzzle,
            sample=reply.request.sample,
            method=prompt.method,
            variant=prompt.variant,
            shots=prompt.shots,
            prompt_sha256=prompt.sha256,
            teacher=teacher,
            response=reply.text[:MAX_KEPT_CHARS],
            finish=Finish.LENGTH if len(reply.text) > MAX_KEPT_CHARS else reply.finish,
            usage=reply.usage,
            score=score,
            recorded=recorded,
            details=reply.details,
        )

    @property
    def asked(self) -> SampleKey:
        """What it answers."""
        return SampleKey(*self.puzzle.identity, self.sample)


def label_of(teacher: TeacherInfo) -> str:
    """How tables and rows name a teacher."""
    return teacher_name(f"{teacher.kind}: {teacher.model}")
