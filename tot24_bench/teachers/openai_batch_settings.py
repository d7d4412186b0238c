"""How the `openai-batch` teacher is set up, and how it is made from that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tot24_bench.teachers.budget import Budget
from tot24_bench.teachers.openai_batch import BatchProgress, OpenAIBatchTeacher, Polling
from tot24_bench.teachers.openai_batch_provider import BatchProvider
from tot24_bench.teachers.openai_batch_upload import MAX_CALLS, BatchSize
from tot24_bench.teachers.openai_settings import OpenAISettings
from tot24_bench.teachers.openai_wire import OpenAIWire
from tot24_bench.teachers.prices import price_of
from tot24_bench.teachers.teacher import TeacherUnavailable


@dataclass(frozen=True, slots=True)
class OpenAIBatchSettings(OpenAISettings):
    """Settings of the live API, of which `concurrency` means nothing here, and those of batches.

    Attributes:
        batch_id: a batch of an earlier command to take up; the state file knows all others.
        batch_calls: calls of one batch, at most; fewer where the account's queue is short.
        poll_seconds: before a batch is asked about for the second time.
        max_poll_seconds: between two polls, at most.
    """

    batch_id: str | None = None
    batch_calls: int = MAX_CALLS
    poll_seconds: float = 10.0
    max_poll_seconds: float = 300.0

    def __post_init__(self) -> None:
        OpenAISettings.__post_init__(self)
        if not 1 <= self.batch_calls <= MAX_CALLS:
            raise TeacherUnavailable(f"batch_calls={self.batch_calls}: give 1 to {MAX_CALLS}")
        if not 0.001 <= self.poll_seconds <= self.max_poll_seconds <= 86_400:
            raise TeacherUnavailable(
                f"poll_seconds={self.poll_seconds}, max_poll_seconds={self.max_poll_seconds}: give "
                "0.001 to 86400, the second no smaller"
            )


def openai_batch_teacher(
    settings: OpenAIBatchSettings,
    *,
    state: Path,
    budget: Budget,
    prices: Path | None = None,
    seen: Callable[[BatchProgress], None] = lambda _: None,
    say: Callable[[str], None] = lambda _: None,
) -> OpenAIBatchTeacher:
    """The teacher, with a client and prices of its own; nothing is sent yet.

    Args:
        settings: model, server, sampling, batches.
        state: the file that notes what is under way.
        budget: what may be spent.
        prices: the user's price table.
        seen: is told how far the batches are.
        say: is told a line for people.

    Raises:
        TeacherUnavailable: no key, a price table that cannot be read, a limit on cost for a model
            without a price.
    """
    import openai

    key = settings.key()
    price = price_of(settings.model, prices)
    budget.require_price(price, settings.model)
    client = openai.OpenAI(
        api_key=key,
        base_url=settings.url,
        max_retries=settings.max_retries,
        http_client=openai.DefaultHttpxClient(
            timeout=settings.timeout,
            trust_env=not settings.local,  # a proxy does not know this machine's own servers
        ),
    )
    return OpenAIBatchTeacher(
        OpenAIWire(settings, None if price is None else price.batched(), key),
        BatchProvider(client, settings, key),
        state,
        budget=budget,
        batch_id=settings.batch_id,
        polling=Polling(settings.poll_seconds, settings.max_poll_seconds),
        size=BatchSize(settings.batch_calls),
        seen=seen,
        say=say,
    )
