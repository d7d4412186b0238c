"""Output of the batch services: OpenAI's, Anthropic's and Google's, each a line a request.

    {"id": "...", "custom_id": "game24-4-4-6-8-0", "error": null, "response": {"status_code": 200,
     "body": {"choices": [{"message": {"content": "..."}, "finish_reason": "stop"}],
              "usage": {"completion_tokens": 57, ...}}}}
    {..., "response": {"status_code": 200, "body": {"status": "completed", "output":
     [{"type": "message", "content": [{"type": "output_text", "text": "..."}]}], "usage": ...}}}
    {"custom_id": "4-4-6-8", "result": {"type": "succeeded", "message":
     {"content": [{"type": "text", "text": "..."}], "stop_reason": "end_turn", "usage": ...}}}
    {"key": "4-4-6-8", "response": {"candidates": [{"content": {"parts": [{"text": "..."}]},
     "finishReason": "STOP"}], "usageMetadata": {"candidatesTokenCount": 57, ...}}}

- Of OpenAI's endpoints `/v1/chat/completions`, `/v1/completions` and `/v1/responses` are read, of
  Google's services the Gemini API and Vertex AI (whose lines hold the request instead of a key).
- Which hand it was the id spells, or the batch's own requests say, after the last `Input:` of the
  last user message: `{"custom_id": "...", "body": {"messages": [...]}}` (OpenAI's; `input` or
  `prompt` as well), `params` in place of `body` (Anthropic's), or
  `{"key": "...", "request": {"contents": [...]}}` (Google's).
- A request that failed is a bad record, never a wrong answer.
- What the token limit cut off is truncated. Tokens are known where there is one response; those of
  hidden reasoning are left out, as the reasoning is. Anthropic does not tell them apart: where
  there is thinking, the length of the answer is not known.

>>> hand_in_id("game24-4-4-6-8-0"), hand_in_id("4_4_6_8#3")
((4, 4, 6, 8), (4, 4, 6, 8))
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from tot24_bench.game import LARGEST_CARD, Puzzle
from tot24_bench.transcripts.fields import (
    CARDS,
    BadRecord,
    BadTranscript,
    Record,
    Response,
    asked_in,
    kind,
    last_question,
    object_of,
    puzzle_of,
    text_of,
)
from tot24_bench.transcripts.json_reader import json_records

MAX_RUN = 6  # numbers of a run in an id that may hold a hand; a longer one is a date or a hash
MAX_ID_CHARS = 1_000  # characters of an id that are looked at

_CARD = rf"(?<![A-Za-z0-9])(?:{'|'.join(map(str, range(LARGEST_CARD, 0, -1)))})(?![A-Za-z0-9])"
_NUMBER = r"(?<![A-Za-z0-9])(?:1000000000|[1-9][0-9]{0,8})(?![A-Za-z0-9])"
_CARDS, _NUMBERS = (
    re.compile(f"{one}(?:[ _,-]{{1,2}}{one})*", re.ASCII) for one in (_CARD, _NUMBER)
)


def openai_responses(record: Record) -> list[Response]:
    """The responses of a line of OpenAI's output."""
    _refuse_failed(record.get("error") is not None)
    response = object_of(record.get("response"), "response")
    status = response.get("status_code", 200)
    if status != 200:
        shown = status if isinstance(status, int) and 0 <= status < 1_000 else kind(status)
        raise BadRecord(f"the request failed (status_code {shown}): there is nothing to score")
    body = object_of(response.get("body"), "response.body")
    if "output" in body:
        return [_of_responses(body)]
    choices = _objects(body.get("choices"), "response.body.choices is no list of choices")
    usage = body.get("usage")
    used = _at(usage, "completion_tokens"), _at(usage, "completion_tokens_details")
    tokens = _less(used[0], _at(used[1], "reasoning_tokens")) if len(choices) == 1 else None
    return [
        Response(_content(one), one.get("finish_reason") == "length", tokens) for one in choices
    ]


def _content(choice: Record) -> str:
    if "message" not in choice:
        return text_of(choice.get("text"), "text")  # of the completions endpoint
    message = choice["message"]
    if message is None:
        return ""
    return text_of(object_of(message, "message").get("content"), "content")


def _of_responses(body: Record) -> Response:
    """The one response of `/v1/responses`: what its messages say, its reasoning left out."""
    items = _objects(body["output"], "response.body.output is no list of items", empty=True)
    _refuse_failed(body.get("error") is not None or body.get("status") in ("failed", "cancelled"))
    said = [one for one in items if one.get("type") == "message"]
    final = [one for one in said if one.get("phase") != "commentary"]
    text = "\n".join(_parts(one.get("content"), "output_text", "refusal") for one in final)
    usage, cut = body.get("usage"), _at(body.get("incomplete_details"), "reason")
    hidden = _at(_at(usage, "output_tokens_details"), "reasoning_tokens")
    return Response(text, cut == "max_output_tokens", _less(_at(usage, "output_tokens"), hidden))


def anthropic_responses(record: Record) -> list[Response]:
    """The response of a line of Anthropic's output."""
    result = object_of(record.get("result"), "result")
    outcome = result.get("type")
    if outcome != "succeeded":
        shown = outcome if outcome in ("errored", "canceled", "expired") else kind(outcome)
        raise BadRecord(f"the request failed (result.type {shown}): there is nothing to score")
    message = object_of(result.get("message"), "result.message")
    content = message.get("content")
    blocks = _objects(content, "result.message.content is no list of blocks", empty=True)
    hidden = any(block.get("type") in ("thinking", "redacted_thinking") for block in blocks)
    tokens = None if hidden else _less(_at(message.get("usage"), "output_tokens"))
    return [Response(_parts(content, "text"), message.get("stop_reason") == "max_tokens", tokens)]


def gemini_responses(record: Record) -> list[Response]:
    """The responses of a line of Google's output."""
    _refuse_failed(record.get("error") is not None or record.get("status") not in (None, ""))
    response = object_of(record.get("response"), "response")
    none = "response.candidates is no list of candidates"
    candidates = _objects(response.get("candidates"), none)
    # Its thoughts are counted apart, as thoughtsTokenCount.
    counted = _less(_at(response.get("usageMetadata"), "candidatesTokenCount"))
    tokens = counted if len(candidates) == 1 else None
    found = []
    for candidate in candidates:
        content = candidate.get("content")
        parts = content.get("parts", []) if isinstance(content, dict) else []
        parts = _objects(parts, "content.parts is no list", empty=True)
        said = [part for part in parts if part.get("thought") is not True]
        text = "".join(text_of(part.get("text"), "text") for part in said)
        found.append(Response(text, candidate.get("finishReason") == "MAX_TOKENS", tokens))
    return found


def _refuse_failed(failed: bool) -> None:
    if failed:
        raise BadRecord("the request failed: it has an error, and so no response to score")


def _parts(content: object, *kinds: str) -> str:
    """The texts of a message's parts of some kinds, put together."""
    return "".join(
        text_of(part.get("text", part.get("refusal")), "a part's text")
        for part in _objects(content, "content is no list of parts", empty=True)
        if part.get("type") in kinds
    )


def _objects(value: object, otherwise: str, empty: bool = False) -> list[Record]:
    if not isinstance(value, list) or not (value or empty):
        raise BadRecord(otherwise)
    return [object_of(one, "one of its parts") for one in value]


def _at(value: object, key: str) -> object:
    return value.get(key) if isinstance(value, dict) else None


def _less(count: object, hidden: object = None) -> int | None:
    """A count of tokens without the hidden ones; None where it is no count."""
    counts = [one if type(one) is int and 0 <= one < 10**9 else None for one in (count, hidden)]
    return None if counts[0] is None else max(0, counts[0] - (counts[1] or 0))


def asked(record: Record, hands: Mapping[str, Puzzle] | None, any_hand: bool) -> Puzzle:
    """The puzzle of the request with a record's id (`custom_id` or `key`).

    Args:
        record: a line of a batch's output; Vertex AI's holds the request itself.
        hands: the puzzles by id, from `load_hands`; None reads them from the ids.
        any_hand: whether ids may hold hands of other sizes than the deck's.
    """
    if hands is None and isinstance(record.get("request"), dict):
        return asked_in(_question(record["request"]))
    field, name = _id_of(record)
    if hands is not None:
        if name not in hands:
            raise BadRecord(f"no request has the {field} {name[:60]!r}")
        return hands[name]
    numbers = hand_in_id(name, any_hand)
    if numbers is None:
        raise BadRecord(f"no hand in {field} {name[:60]!r}: give the batch's requests with --hands")
    return puzzle_of(numbers)


def hand_in_id(name: str, any_hand: bool = False) -> tuple[int, ...] | None:
    """The hand that an id spells, as the first run of numbers between spaces, `_`, `-` or commas.

    A number beside a letter (`game24`, `gpt-4o`) is none of a run. In a run of up to MAX_RUN cards,
    the first four are the hand, and what follows counts samples; a number that is no card (0, 25)
    ends a run. With `any_hand` a run of 3 to MAX_RUN positive numbers is the hand as a whole.

    >>> hand_in_id("gpt-4o/run 2026: 3-3-8-8 (7)"), hand_in_id("request-17"), hand_in_id("1-2-3")
    ((3, 3, 8, 8), None, None)
    >>> hand_in_id("x-1-2-3", any_hand=True)
    (1, 2, 3)
    """
    for run in (_NUMBERS if any_hand else _CARDS).findall(name[:MAX_ID_CHARS]):
        numbers = tuple(map(int, re.findall("[0-9]+", run)))
        if CARDS - any_hand <= len(numbers) <= MAX_RUN:
            return numbers if any_hand else numbers[:CARDS]
    return None


def load_hands(path: Path) -> dict[str, Puzzle]:
    """The puzzles of a batch's requests by id.

    Raises:
        BadTranscript: a line that is no request, or that asks for no hand.
        OSError: the file cannot be read.
    """
    hands: dict[str, Puzzle] = {}
    puzzles: dict[Puzzle, Puzzle] = {}  # one object a hand, however many requests ask for it
    with path.open("rb") as file:
        try:
            for line, value, fault in json_records(file):
                try:
                    name, puzzle = _request(value, fault)
                    if hands.setdefault(name, puzzles.setdefault(puzzle, puzzle)) != puzzle:
                        raise BadRecord(f"the id {name[:60]!r} stands twice with other hands")
                except BadRecord as error:
                    raise BadTranscript(f"line {line}: {error}") from None
        except BadTranscript as error:
            raise BadTranscript(f"{path}: {error}") from None
    if not hands:
        raise BadTranscript(f"{path}: holds no requests")
    return hands


def _request(value: object, fault: str) -> tuple[str, Puzzle]:
    """The id of a request, and the puzzle that it asks."""
    if fault:
        raise BadRecord(fault)
    record = object_of(value, "the request")
    _, name = _id_of(record)
    body = next((part for part in ("body", "params", "request") if part in record), "body")
    text = _question(object_of(record.get(body), body))
    if "Input:" not in text:
        raise BadRecord(f"the request {name[:60]!r} has no line `Input: ...` in its last question")
    return name, asked_in(text)


def _id_of(record: Record) -> tuple[str, str]:
    field = "custom_id" if "custom_id" in record else "key"
    name = record.get(field)
    if not isinstance(name, str):
        raise BadRecord(f"{field} is {kind(name)}, not text")
    return field, name


def _question(body: Record) -> str:
    """The text of the last user message, or of the one prompt."""
    for name in ("messages", "contents", "input"):
        if isinstance(body.get(name), list) or (name == "messages" and name in body):
            return last_question(body[name])
    return text_of(body.get("input", body.get("prompt")), "prompt")
