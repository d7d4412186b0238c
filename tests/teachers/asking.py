"""Requests and teachers as the tests of the API need them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations_with_replacement, islice
from typing import Any

from tests.teachers.faulty_server import FaultyServer
from tot24_bench.game import Puzzle
from tot24_bench.prompts import build
from tot24_bench.teachers import Budget, Failure, Reply, Request
from tot24_bench.teachers.api.live import OpenAITeacher
from tot24_bench.teachers.api.money import Price
from tot24_bench.teachers.api.settings import OpenAISettings

MakeTeacher = Callable[..., OpenAITeacher]


def wanted(hands: int = 3, samples: int = 1, method: str = "io") -> list[Request]:
    """Requests for the first hands of the deck."""
    chosen = islice(combinations_with_replacement(range(1, 14), 4), hands)
    prompts = [build(method, Puzzle(hand), shots=0) for hand in chosen]
    return [Request(prompt, i) for prompt in prompts for i in range(samples)]


def teacher_of(
    server: FaultyServer | str,
    budget: Budget | None = None,
    price: Price | None = None,
    **settings: Any,
) -> OpenAITeacher:
    """A teacher that gives up soon."""
    url = server if isinstance(server, str) else server.url
    given = {"concurrency": 8, "timeout": 5.0, "max_retries": 2, "max_tokens": 16} | settings
    return OpenAITeacher(OpenAISettings(given.pop("model", "m"), url, **given), budget, price)


def replies(outcomes: list[Reply | Failure]) -> list[Reply]:
    """The outcomes, all of which are replies."""
    failures = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
    assert not failures, failures[0]
    return [outcome for outcome in outcomes if isinstance(outcome, Reply)]


def failures(outcomes: list[Reply | Failure]) -> list[Failure]:
    """The failures among the outcomes."""
    return [outcome for outcome in outcomes if isinstance(outcome, Failure)]


def asked(outcomes: list[Reply | Failure]) -> list[tuple[str, int]]:
    """Which hands and samples have an outcome, in order of the hands."""
    return sorted((o.request.puzzle.text, o.request.sample) for o in outcomes)


def asked_for(requests: list[Request]) -> list[tuple[str, int]]:
    """The same of requests."""
    return sorted((request.puzzle.text, request.sample) for request in requests)
