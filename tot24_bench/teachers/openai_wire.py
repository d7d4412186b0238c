"""What goes over the wire: the body of a call, and the replies that an answer's body holds.

The live API and the Batch API share it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from tot24_bench.prompts import Prompt
from tot24_bench.teachers.budget import Worst
from tot24_bench.teachers.openai_answer import Answer, BadBody, read_answer
from tot24_bench.teachers.openai_settings import NO_KEY, OpenAISettings, without_key
from tot24_bench.teachers.openai_shares import Took, shares
from tot24_bench.teachers.openai_tokens import TokenCounter
from tot24_bench.teachers.prices import Price
from tot24_bench.teachers.structured import SCHEMA, plain, response_format
from tot24_bench.teachers.teacher import (
    Failure,
    Reply,
    Request,
    TeacherInfo,
    TeacherUnavailable,
    Usage,
)

SEEDS = 2**31


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

    def require_room(self, prompt: Prompt, context: int | None) -> None:
        """Refuse a prompt that the model cannot hold: servers cut it silently, and bill it.

        Args:
            prompt: what would be sent.
            context: tokens that the model holds; None where nobody knows.

        Raises:
            TeacherUnavailable: says by how much, and the fix.
        """
        most = self.settings.max_tokens
        if context is None or self.counter.estimate(prompt) + most <= context:
            return
        about, exact = "has", ""
        if not self.counter.exact:
            about, exact = "has about", ", or give --teacher_args tokenizer=NAME"
        raise TeacherUnavailable(
            f"the prompt of {prompt.puzzle.text} {about} {self.counter.estimate(prompt)} tokens "
            f"and the response may have {most}, but the model holds {context}: lower --max-tokens "
            f"or --num_fewshot{exact}"
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
        return read_answer(body, most, self.settings.completions, self._key)

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
            text = None if text is None else without_key(text, self._key)
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


def seed_of(seed: int, prompt: Prompt, sample: int) -> int:
    """A seed of its own for each prompt and sample, the same in every run.

    A server that honours a seed would otherwise answer all samples of a hand alike.
    """
    what = f"{seed}/{prompt.sha256}/{sample}"
    return int.from_bytes(hashlib.sha256(what.encode()).digest()[:8]) % SEEDS
