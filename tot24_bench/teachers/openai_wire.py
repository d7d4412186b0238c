"""What goes over the wire: the body of a call, and the replies that an answer's body holds.

The live API and the Batch API share it. A server is not trusted: each field is checked before it
is used, and what does not fit is a fault of the server, never a response.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from tot24_bench.prompts.prompt import Prompt
from tot24_bench.schema import without_machine_path
from tot24_bench.teachers.budget import Worst
from tot24_bench.teachers.openai_settings import (
    NO_KEY,
    OpenAISettings,
    redacted,
    without_key,
)
from tot24_bench.teachers.openai_shares import Took, shares, took
from tot24_bench.teachers.openai_tokens import TokenCounter
from tot24_bench.teachers.prices import Price
from tot24_bench.teachers.structured import SCHEMA, plain, response_format
from tot24_bench.teachers.teacher import (
    Failure,
    Finish,
    Reply,
    Request,
    Setting,
    TeacherInfo,
    Usage,
)

MAX_RESPONSE_CHARS = 4_000_000
"""Characters of one response: above what a million tokens spell."""

MAX_DETAIL_CHARS = 200
SEEDS = 2**31

FAULTY_FINISHES = ("abort", "error")
"""How servers say that a response was broken off by a fault of theirs (vLLM, gateways)."""

_FINISHES = {"length": Finish.LENGTH, "content_filter": Finish.FILTERED}


class BadBody(ValueError):
    """An answer that cannot be read: a fault of the server; the message is one line."""


class Choice(NamedTuple):
    """One response as it came."""

    text: str
    finish: Finish


class Answer(NamedTuple):
    """What a body holds.

    Attributes:
        choices: one for each response; None where the server broke it off.
        took: tokens, if the server counted.
        details: the answer's id, the model's snapshot.
    """

    choices: tuple[Choice | None, ...]
    took: Took | None
    details: dict[str, Setting]


class OpenAIWire:
    """Makes bodies and reads answers for one model.

    Args:
        settings: of the teacher.
        price: of the model; None where none is known.
        key: never to appear in what is read.
    """

    def __init__(
        self, settings: OpenAISettings, price: Price | None = None, key: str = NO_KEY
    ) -> None:
        self.settings = settings
        self.limit_field = settings.limit_field
        self._price = price
        self._key = key
        extra = len(str(SCHEMA)) if settings.structured else 0
        self.counter = TokenCounter(
            settings.tokenizer, chat=not settings.completions, extra_bytes=extra
        )

    @property
    def info(self) -> TeacherInfo:
        """Who answers, as traces name it."""
        return self.settings.info

    @property
    def base_url(self) -> str:
        """Of the server."""
        return self.settings.url

    @property
    def path(self) -> str:
        """Of the endpoint, under the base URL."""
        return "/completions" if self.settings.completions else "/chat/completions"

    def body(
        self, prompt: Prompt, n: int, sample: int = 0, *, without: frozenset[str] = frozenset()
    ) -> dict[str, Any]:
        """The body of a call.

        Args:
            prompt: what is asked.
            n: responses wanted.
            sample: the number of the first one, for the seed.
            without: fields that the server refuses.
        """
        settings = self.settings
        asked: dict[str, Any] = {"model": settings.model}
        if settings.completions:
            asked["prompt"] = prompt.text
        else:
            asked["messages"] = prompt.messages
        asked[self.limit_field] = settings.max_tokens
        optional = {
            "temperature": settings.temperature,
            "top_p": settings.top_p,
            "n": n if n > 1 else None,
            "seed": None if settings.seed is None else seed_of(settings.seed, prompt, sample),
            "response_format": response_format() if settings.structured else None,
        }
        return asked | {
            name: value
            for name, value in optional.items()
            if value is not None and name not in without
        }

    def worst(self, prompt: Prompt, n: int) -> Worst:
        """What a call for n samples may take."""
        tokens, completion = self.counter.at_most(prompt), n * self.settings.max_tokens
        cost = None if self._price is None else self._price.worst(tokens, completion)
        return Worst(tokens + completion, cost)

    def parse(self, body: object, most: int) -> Answer:
        """What the body of an answer holds, at most so many choices.

        Raises:
            BadBody: it holds none.
        """
        choices = body.get("choices") if isinstance(body, Mapping) else None
        if not isinstance(body, Mapping) or not isinstance(choices, list):
            raise BadBody("the answer has no list of choices")
        if not choices:
            raise BadBody("the answer has an empty list of choices")
        read = tuple(self._choice(choice) for choice in choices[:most])
        return Answer(read, took(body.get("usage")), self._details(body))

    def replies(
        self, answer: Answer, requests: Sequence[Request | None], seconds: float | None = None
    ) -> list[Reply | Failure]:
        """One outcome for each request that has a choice, in order; None takes a share and is
        left out.
        """
        sizes = [len(choice.text) if choice else 0 for choice in answer.choices]
        parts = shares(answer.took, sizes) if answer.took else [None] * len(sizes)
        outcomes: list[Reply | Failure] = []
        for request, choice, part in zip(requests, answer.choices, parts, strict=False):
            if request is None:
                continue
            if choice is None:
                reason = "the server broke the response off by a fault of its own"
                outcomes.append(Failure(request, "broken off", reason))
                continue
            text = plain(choice.text) if self.settings.structured else None
            outcomes.append(
                Reply(
                    request,
                    choice.text if text is None else text,
                    choice.finish,
                    self._usage(part, seconds),
                    answer.details | ({"structured": True} if text is not None else {}),
                )
            )
        return outcomes

    def read(
        self, body: Mapping[str, Any], requests: Sequence[Request | None]
    ) -> Sequence[Reply | Failure]:
        """The outcomes of a call whose answer lies in a file: one for each request but None."""
        try:
            answer = self.parse(body, len(requests))
        except BadBody as error:
            return [Failure(r, "malformed answer", str(error)) for r in requests if r is not None]
        missing = [r for r in requests[len(answer.choices) :] if r is not None]
        few = f"the answer has {len(answer.choices)} choices for {len(requests)} samples"
        return [
            *self.replies(answer, requests),
            *(Failure(request, "too few choices", few) for request in missing),
        ]

    def cost_of(self, tokens: Took) -> Decimal | None:
        """US dollars; None where no price is known."""
        if self._price is None:
            return None
        return self._price.cost(
            tokens.prompt, tokens.completion, cached=tokens.cached, written=tokens.written
        )

    def _usage(self, part: Took | None, seconds: float | None) -> Usage:
        if part is None:
            return Usage(seconds=seconds)
        return Usage(
            prompt_tokens=part.prompt,
            completion_tokens=part.completion,
            cost=self.cost_of(part),
            seconds=seconds,
        )

    def _choice(self, choice: object) -> Choice | None:
        if not isinstance(choice, Mapping):
            raise BadBody("a choice of the answer is no object")
        reason = choice.get("finish_reason")
        if reason in FAULTY_FINISHES:
            return None
        refusal: object = None
        if self.settings.completions:
            content = choice.get("text")
        else:
            message = choice.get("message")
            if not isinstance(message, Mapping):
                raise BadBody("a choice of the answer has no message")
            content, refusal = message.get("content"), message.get("refusal")
        finish = _FINISHES.get(reason, Finish.STOP) if isinstance(reason, str) else Finish.STOP
        if isinstance(refusal, str) and refusal:
            content, finish = refusal, Finish.REFUSAL
        text = "" if content is None else content
        if not isinstance(text, str):
            raise BadBody("the content of a choice is no text")
        if len(text) > MAX_RESPONSE_CHARS:
            raise BadBody(f"a response has more than {MAX_RESPONSE_CHARS} characters")
        return Choice(without_key(text, self._key), finish)

    def _details(self, body: Mapping[str, Any]) -> dict[str, Setting]:
        names = {"id": "response_id", "model": "snapshot", "system_fingerprint": "fingerprint"}
        found = {names[name]: body.get(name) for name in names}
        return {
            name: redacted(without_machine_path(value), self._key, MAX_DETAIL_CHARS)
            for name, value in found.items()
            if isinstance(value, str) and value.strip()
        }


def seed_of(seed: int, prompt: Prompt, sample: int) -> int:
    """A seed of its own for each prompt and sample, the same in every run.

    A server that honours a seed would otherwise answer all samples of a hand alike.
    """
    what = f"{seed}/{prompt.sha256}/{sample}"
    return int.from_bytes(hashlib.sha256(what.encode()).digest()[:8]) % SEEDS
