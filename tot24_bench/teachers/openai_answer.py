"""Reads the body of an answer.

A server is not trusted: each field is checked before it is used, and what does not fit is a fault
of the server, never a response.

>>> said = {"choices": [{"finish_reason": "length", "message": {"content": "Steps:"}}], "usage": 3}
>>> read_answer(said, most=8, completions=False)
Answer(choices=(Choice(text='Steps:', finish=<Finish.LENGTH: 'length'>),), took=None, details={})
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from tot24_bench.schema import without_machine_path
from tot24_bench.teachers.openai_settings import NO_KEY, redacted, without_key
from tot24_bench.teachers.openai_shares import Took, took
from tot24_bench.teachers.teacher import Finish, Setting

MAX_RESPONSE_CHARS = 4_000_000
"""Characters of one response: above what a million tokens spell."""

MAX_DETAIL_CHARS = 200

DETAILS = {"id": "response_id", "model": "snapshot", "system_fingerprint": "fingerprint"}
"""Fields of an answer that its record keeps, and how it calls them."""

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


def read_answer(body: object, most: int, completions: bool, key: str = NO_KEY) -> Answer:
    """What the body of an answer holds.

    Args:
        body: the value of its JSON.
        most: choices that are read; there should be no more.
        completions: whether it answers plain text, not chat messages.
        key: to be cut out, should the server repeat it.

    Raises:
        BadBody: it holds no responses.
    """
    choices = body.get("choices") if isinstance(body, Mapping) else None
    if not isinstance(body, Mapping) or not isinstance(choices, list):
        raise BadBody("the answer has no list of choices")
    if not choices:
        raise BadBody("the answer has an empty list of choices")
    read = tuple(_choice(choice, completions, key) for choice in choices[:most])
    return Answer(read, took(body.get("usage")), _details(body, key))


def _choice(choice: object, completions: bool, key: str) -> Choice | None:
    if not isinstance(choice, Mapping):
        raise BadBody("a choice of the answer is no object")
    reason = choice.get("finish_reason")
    if reason in FAULTY_FINISHES or choice.get("error"):
        return None
    refusal: object = None
    if completions:
        content = choice.get("text")
    else:
        message = choice.get("message")
        if not isinstance(message, Mapping):
            raise BadBody("a choice of the answer has no message")
        content, refusal = message.get("content"), message.get("refusal")
    finish = _FINISHES.get(reason, Finish.STOP) if isinstance(reason, str) else Finish.STOP
    if isinstance(refusal, str) and refusal:
        content, finish = refusal, Finish.REFUSAL
    if content is None and finish is not Finish.REFUSAL and not isinstance(reason, str):
        return None  # neither a word nor an end: nobody answered
    text = "" if content is None else content
    if not isinstance(text, str):
        raise BadBody("the content of a choice is no text")
    if len(text) > MAX_RESPONSE_CHARS:
        raise BadBody(f"a response has more than {MAX_RESPONSE_CHARS} characters")
    return Choice(without_key(text, key), finish)


def _details(body: Mapping[str, Any], key: str) -> dict[str, Setting]:
    found = {ours: body.get(theirs) for theirs, ours in DETAILS.items()}
    return {
        name: redacted(without_machine_path(value), key, MAX_DETAIL_CHARS)
        for name, value in found.items()
        if isinstance(value, str) and value.strip()
    }
