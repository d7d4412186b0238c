"""What a teacher is: prompts in, responses with their usage out, in any order.

    for outcome in teacher.ask(requests):
        match outcome:
            case Reply(): ...    # what the teacher wrote, to be scored and kept
            case Failure(): ...  # nobody answered: to be asked again, never scored

A teacher takes requests only as fast as it sends them, so that a budget can stop it and what was
not asked stays unasked. What it cannot do at all (no key, no such model) it raises before the first
request is sent, as `TeacherUnavailable`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Protocol

from pydantic import AfterValidator, Field

from tot24_bench.game import Puzzle
from tot24_bench.prompts import Prompt
from tot24_bench.schema import Count, Name, Record, without_machine_path

Setting = str | int | float | bool | None

EXACT_SEARCH = "exact search"
"""What the solver is called where a model would be named: the model of its traces, the backend of
its rows."""

SOLVER = f"solver ({EXACT_SEARCH})"
"""The solver as a teacher and as a row of the leaderboard: one teacher, one name."""

_OLD_SOLVER = f"solver: {EXACT_SEARCH}"


def teacher_name(label: str) -> str:
    """The name of a teacher, of which older records may have another one for the solver.

    >>> teacher_name("solver: exact search"), teacher_name("openai: gpt-4o")
    ('solver (exact search)', 'openai: gpt-4o')
    """
    return SOLVER if label == _OLD_SOLVER else label


class TeacherUnavailable(ValueError):
    """A teacher that cannot answer at all; the message is one line with the fix, without a key."""


class BudgetSpent(ValueError):
    """The next request could cost more than the user allowed.

    Raised by `ask` after every answer that was under way has been given.
    """


class Finish(StrEnum):
    """Why a response ends. LENGTH: at the token limit. FILTERED: by the provider's policy."""

    STOP = "stop"
    LENGTH = "length"
    REFUSAL = "refusal"
    FILTERED = "filtered"


class TeacherInfo(Record):
    """Who answers, and how it samples: two responses with equal infos can stand in one dataset."""

    kind: Name  # which teacher ("solver", "openai", "transformers", "student", "transcript", ...)
    # the model or checkpoint; of a path on the machine only the last part
    model: Annotated[Name, AfterValidator(without_machine_path)]
    oracle: bool = False  # whether its judgements are those of an exact solver, which no model has
    # whatever changes what it answers: temperature, max_tokens, seed, a checkpoint's hash, a
    # curriculum's knobs; never a key, an address or a path
    settings: dict[str, Setting] = Field(default_factory=dict)


class Usage(Record):
    """What a response took; None where nobody counted."""

    # tokens of the prompt, divided among the responses that one request brought: the sum over
    # traces is what was billed
    prompt_tokens: Count | None = None
    completion_tokens: Count | None = None  # tokens of the response, hidden reasoning included
    # US dollars by the price table; None where no price is known
    cost: Annotated[Decimal, Field(ge=0, le=10**9)] | None = None
    seconds: Annotated[float, Field(ge=0)] | None = None  # from sending the request to its answer


@dataclass(frozen=True, slots=True)
class Request:
    """One response wanted."""

    prompt: Prompt  # what to send
    sample: int  # which of the hand's samples it is, from 0; seeds are derived from it

    @property
    def puzzle(self) -> Puzzle:
        """The hand asked, in the order in which the prompt shows it."""
        return self.prompt.puzzle


@dataclass(frozen=True, slots=True)
class Reply:
    """What a teacher answered."""

    request: Request  # what was asked
    text: str  # the response, without the prompt; may be empty
    finish: Finish = Finish.STOP  # why it ends
    usage: Usage = field(default_factory=Usage)  # what it took
    # what else its record should say, such as the model's snapshot
    details: dict[str, Setting] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failure:
    """A request that nobody answered, after all retries: no response, so never a wrong one."""

    request: Request  # what was asked
    kind: str  # the fault in two or three words, to be counted ("rate limited", "HTTP 503")
    reason: str  # one line for people, without a key
    again: bool = True  # whether asking again may help; not for a prompt that no server takes


class Teacher(Protocol):
    """Whatever answers prompts."""

    @property
    def info(self) -> TeacherInfo:
        """Who answers and how; the same before, while and after it is asked."""
        ...

    def ask(self, requests: Iterable[Request]) -> Generator[Reply | Failure]:
        """Answer requests, each once, in any order.

        Requests for samples of one hand are adjacent. The iterator may be closed at any time: what
        is under way is then given up.

        Raises:
            TeacherUnavailable: before anything is asked, or when the teacher has gone for good.
            BudgetSpent: when the next request might cost too much; all before it is answered.
        """
        ...
