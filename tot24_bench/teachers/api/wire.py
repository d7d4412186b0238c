"""What goes over the wire: the body of a call, and the replies that an answer's body holds.

The live API and the Batch API share it. A server is not trusted: what does not fit is a fault of
the server, never a response.

>>> wire = OpenAIWire(OpenAISettings("m", "http://localhost/v1"))
>>> said = {"choices": [{"finish_reason": "length", "message": {"content": "Steps:"}}], "usage": 3}
>>> wire.parse(said, most=8)
Completion(choices=(Choice(text='Steps:', finish=<Finish.LENGTH: 'length'>),), tokens=None, \
details={})
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, NamedTuple, TypeVar

from pydantic import (
    AliasPath,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from tot24_bench.prompts import Prompt
from tot24_bench.schema import MAX_COUNT, Count, Encodable, first_fault, without_machine_path
from tot24_bench.teachers.api.money import Charge, Price
from tot24_bench.teachers.api.settings import NO_KEY, OpenAISettings, redacted, without_key
from tot24_bench.teachers.teacher import (
    Failure,
    Finish,
    Reply,
    Request,
    Setting,
    TeacherUnavailable,
    Usage,
)

SEEDS = 2**31

MAX_RESPONSE_CHARS = 4_000_000  # characters of one response: above what a million tokens spell
MAX_DETAIL_CHARS = 200
FAULTY_FINISHES = ("abort", "error")  # broken off by a fault of the server's (vLLM, gateways)

# To estimate a prompt's tokens: a context must not be refused without need, and our prompts have
# 2.3 to 3.9 bytes a token (a vocabulary of 4,096 that reads digits one by one).
BYTES_PER_TOKEN = 2
TEMPLATE_TOKENS = 4  # that a chat template puts around a message (ChatML: role, two marks, newline)
MOST_TEMPLATE_TOKENS = 16  # never more: `<|start_header_id|>assistant<|end_header_id|>` and such
MOST_OTHER_TOKENS = 64  # beside the messages, such as a knowledge cutoff and a date

_FINISHES = {"length": Finish.LENGTH, "content_filter": Finish.FILTERED}

_T = TypeVar("_T")


def _or_none(value: object, read: ValidatorFunctionWrapHandler) -> object:
    try:
        return read(value)
    except ValidationError:
        return None


Lenient = Annotated[_T | None, WrapValidator(_or_none)]
"""A field that a server may leave out, or say in another way: None, and no fault."""


class AnswerPart(BaseModel):
    """A part of a server's answer; what is not named is not read."""

    model_config = ConfigDict(strict=True)


Written = Annotated[Encodable, Field(max_length=MAX_RESPONSE_CHARS)]


class _Message(AnswerPart):
    content: Written | None = None
    refusal: Lenient[Written] = None


class _Choice(AnswerPart):
    finish_reason: Lenient[str] = None
    error: Any = None
    message: _Message | None = None
    text: Written | None = None


_PROMPT = "prompt_tokens_details"


class _Usage(AnswerPart):
    """What a call took; half of it is no account."""

    prompt_tokens: Annotated[int, Field(ge=1, le=MAX_COUNT)]
    completion_tokens: Count
    cached: Lenient[Count] = Field(None, validation_alias=AliasPath(_PROMPT, "cached_tokens"))
    written: Lenient[Count] = Field(None, validation_alias=AliasPath(_PROMPT, "cache_write_tokens"))


class _Body(AnswerPart):
    choices: Annotated[list[_Choice], Field(min_length=1)]
    usage: Lenient[_Usage] = None
    id: Lenient[str] = None
    model: Lenient[str] = None
    system_fingerprint: Lenient[str] = None


class _Structured(BaseModel):
    """Steps of the search for a solution, and the answer."""

    model_config = ConfigDict(extra="forbid", strict=True)

    steps: list[str] = Field(description="each line of the path or the search, as in the examples")
    answer: str = Field(description="what stands after 'Answer:', such as (6 - 4) * (4 + 8) = 24")


SCHEMA = _Structured.model_json_schema()  # JSON schema of a structured response


class BadBody(ValueError):
    """An answer that cannot be read: a fault of the server; the message is one line."""


class Tokens(NamedTuple):
    """Tokens of a call or of one response."""

    prompt: int  # of the prompt, those of the cache included
    completion: int  # of the response, hidden reasoning included
    cached: int = 0  # of the prompt, from the provider's cache
    written: int = 0  # of the prompt, stored in it


class Choice(NamedTuple):
    """One response as it came."""

    text: str
    finish: Finish


class Completion(NamedTuple):
    """What the body of an answer holds."""

    choices: tuple[Choice | None, ...]  # one for each response; None where the server broke it off
    tokens: Tokens | None  # of the call, if the server counted
    details: dict[str, Setting]  # the answer's id, the model's snapshot


class OpenAIWire:
    """Makes bodies and reads answers for one model; the key never appears in what is read."""

    def __init__(
        self, settings: OpenAISettings, price: Price | None = None, key: str = NO_KEY
    ) -> None:
        self.settings = settings
        self.limit_field = settings.limit_field
        self._price = price
        self.key = key

    def body(
        self, prompt: Prompt, n: int, sample: int = 0, *, without: frozenset[str] = frozenset()
    ) -> dict[str, Any]:
        """The body of a call for n samples from a first one on, without what the server refuses."""
        settings = self.settings
        form = {"name": "game24", "strict": True, "schema": SCHEMA}
        structured = {"type": "json_schema", "json_schema": form}
        asked = {
            "model": settings.model,
            "prompt": prompt.text if settings.completions else None,
            "messages": None if settings.completions else prompt.messages,
            self.limit_field: settings.max_tokens,
            "temperature": settings.temperature,
            "top_p": settings.top_p,
            "n": n if n > 1 else None,
            "seed": None if settings.seed is None else seed_of(settings.seed, prompt, sample),
            "response_format": structured if settings.structured else None,
        }
        return {k: v for k, v in asked.items() if v is not None and k not in without}

    def worst(self, prompt: Prompt, n: int) -> Charge:
        """What a call for n samples takes at most: no token is less than a byte."""
        tokens = len(prompt.text.encode()) + MOST_OTHER_TOKENS
        tokens += self._messages(prompt) * MOST_TEMPLATE_TOKENS
        tokens += len(str(SCHEMA)) if self.settings.structured else 0
        completion = n * self.settings.max_tokens
        cost = Decimal(0) if self._price is None else self._price.worst(tokens, completion)
        return Charge(tokens + completion, cost)

    def charge(self, tokens: Tokens) -> Charge:
        """What a call took."""
        return Charge(tokens.prompt + tokens.completion, self._cost(tokens) or Decimal(0))

    def require_room(self, prompt: Prompt, context: int | None) -> None:
        """Refuse a prompt that the model cannot hold: servers cut it silently, and bill it."""
        count = -(-len(prompt.text.encode()) // BYTES_PER_TOKEN)
        count += self._messages(prompt) * TEMPLATE_TOKENS
        most = self.settings.max_tokens
        if context is not None and count + most > context:
            raise TeacherUnavailable(
                f"the prompt of {prompt.puzzle.text} has about {count} tokens and the response may "
                f"have {most}, but the model holds {context}: lower --max-tokens or --num_fewshot"
            )

    def _messages(self, prompt: Prompt) -> int:
        # The opening of the answer is a message too.
        return 0 if self.settings.completions else len(prompt.turns) + 2

    def parse_text(self, text: str, most: int) -> Completion:
        """As `parse`, of the text of an answer."""
        try:
            body = json.loads(text)
        except RecursionError:
            raise BadBody("the answer is nested too deeply") from None
        except ValueError:  # an integer of thousands of digits is none that Python reads, either
            raise BadBody("the answer is no JSON") from None
        return self.parse(body, most)

    def parse(self, body: object, most: int) -> Completion:
        """What the body of an answer holds, at most so many choices; BadBody where it has none."""
        if not isinstance(body, dict):
            raise BadBody("the answer has no list of choices")
        try:
            said = _Body.model_validate(body)
        except ValidationError as error:
            where, fault = first_fault(error, "it")
            raise BadBody(f"the answer cannot be read: {where}: {fault}") from None
        tokens = None
        if (used := said.usage) is not None:
            cached = min(used.cached or 0, used.prompt_tokens)
            written = min(used.written or 0, used.prompt_tokens - cached)
            tokens = Tokens(used.prompt_tokens, used.completion_tokens, cached, written)
        told = (said.id, said.model, said.system_fingerprint)
        details: dict[str, Setting] = {
            name: redacted(without_machine_path(value), self.key, MAX_DETAIL_CHARS)
            for name, value in zip(("response_id", "snapshot", "fingerprint"), told, strict=True)
            if value and value.strip()
        }
        return Completion(tuple(map(self._choice, said.choices[:most])), tokens, details)

    def _choice(self, choice: _Choice) -> Choice | None:
        reason = choice.finish_reason
        if reason in FAULTY_FINISHES or choice.error:
            return None
        message = choice.message
        if self.settings.completions:
            message = _Message(content=choice.text)
        if message is None:
            raise BadBody("a choice of the answer has no message")
        if message.refusal:
            return Choice(without_key(message.refusal, self.key), Finish.REFUSAL)
        if message.content is None and reason is None:
            return None  # neither a word nor an end: nobody answered
        finish = _FINISHES.get(reason or "", Finish.STOP)
        return Choice(without_key(message.content or "", self.key), finish)

    def replies(
        self,
        completion: Completion,
        requests: Sequence[Request | None],
        seconds: float | None = None,
    ) -> list[Reply | Failure]:
        """An outcome for each request that has a choice; None takes a share and is left out."""
        sizes = [len(choice.text) if choice else 0 for choice in completion.choices]
        parts = shares(completion.tokens, sizes) if completion.tokens else [None] * len(sizes)
        outcomes: list[Reply | Failure] = []
        for request, choice, part in zip(requests, completion.choices, parts, strict=False):
            if request is None:
                continue
            if choice is None:
                reason = "the server broke the response off by a fault of its own"
                outcomes.append(Failure(request, "broken off", reason))
                continue
            text, details = choice.text, completion.details
            if self.settings.structured and (read := plain(text)) is not None:
                text, details = without_key(read, self.key), {**details, "structured": True}
            usage = Usage(
                prompt_tokens=part and part.prompt,
                completion_tokens=part and part.completion,
                cost=part and self._cost(part),
                seconds=seconds,
            )
            outcomes.append(Reply(request, text, choice.finish, usage, details))
        return outcomes

    def read(self, body: object, requests: Sequence[Request | None]) -> list[Reply | Failure]:
        """The outcomes of a call whose answer lies in a file: one for each request but None."""
        try:
            completion = self.parse(body, len(requests))
        except BadBody as error:
            return [Failure(r, "malformed answer", str(error)) for r in requests if r is not None]
        count = len(completion.choices)
        few = f"the answer has {count} choices for {len(requests)} samples"
        missing = [Failure(r, "too few choices", few) for r in requests[count:] if r is not None]
        return [*self.replies(completion, requests), *missing]

    def _cost(self, tokens: Tokens) -> Decimal | None:
        return None if self._price is None else self._price.cost(*tokens)


def seed_of(seed: int, prompt: Prompt, sample: int) -> int:
    """A seed of its own for each prompt and sample, the same in every run.

    A server that honours a seed would otherwise answer all samples of a hand alike.
    """
    what = f"{seed}/{prompt.sha256}/{sample}"
    return int.from_bytes(hashlib.sha256(what.encode()).digest()[:8]) % SEEDS


def shares(total: Tokens, lengths: Sequence[int]) -> list[Tokens]:
    """The tokens of a call as those of its responses, whose texts have these lengths.

    The prompt is divided evenly, the rest in proportion to the lengths; sums are exact.

    >>> [part[:2] for part in shares(Tokens(prompt=10, completion=7), [30, 10, 30])]
    [(4, 3), (3, 1), (3, 3)]
    """
    even = [1] * len(lengths)
    columns = (
        _divide(total.prompt - total.cached - total.written, even),
        _divide(total.completion, lengths),
        _divide(total.cached, even),
        _divide(total.written, even),
    )
    return [
        Tokens(rest + cached + written, completion, cached, written)
        for rest, completion, cached, written in zip(*columns, strict=True)
    ]


def _divide(total: int, weights: Sequence[int]) -> list[int]:
    """Whole parts of a total in proportion to weights; the sum is the total.

    >>> _divide(11, [1, 1, 1]), _divide(5, [0, 0]), _divide(100, [1, 3])
    ([4, 4, 3], [3, 2], [25, 75])
    """
    weights = weights if any(weights) else [1] * len(weights)
    whole = sum(weights)
    parts = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(parts)), key=lambda i: -(total * weights[i] % whole))
    for i in by_remainder[: total - sum(parts)]:
        parts[i] += 1
    return parts


def plain(text: str) -> str | None:
    r"""A structured response in the benchmark's own form; None where it is not one.

    >>> print(plain('{"steps": ["6 - 4 = 2 (left: 2 4 8)"], "answer": "(6 - 4) * (4 + 8) = 24"}'))
    Steps:
    6 - 4 = 2 (left: 2 4 8)
    Answer: (6 - 4) * (4 + 8) = 24
    >>> plain('{"steps": "none"}') is None
    True
    """
    try:
        found = _Structured.model_validate_json(text)
    except ValidationError:
        return None
    lines = [step.strip() for step in found.steps if step.strip()]
    if lines and lines[0].casefold() == "steps:":
        lines = lines[1:]
    answer = found.answer.strip()
    if answer[:7].casefold() == "answer:":
        answer = answer[7:].strip()
    return "\n".join([*(["Steps:", *lines] if lines else []), f"Answer: {answer}"])
