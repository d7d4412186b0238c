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
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, TypeGuard

from tot24_bench.game import LARGEST_CARD, Puzzle
from tot24_bench.transcripts.fields import (
    CARDS,
    BadRecord,
    BadTranscript,
    Record,
    Rollouts,
    asked_in,
    kind,
    last_question,
    object_of,
    puzzle_of,
    text_of,
)
from tot24_bench.transcripts.json_reader import json_records

MAX_RUN = 6
"""Numbers of a run in an id that may hold a hand; a longer one is a date or a hash."""

MAX_ID_CHARS = 1_000
"""Characters of an id that are looked at."""

_NUMBER = re.compile(r"(?<![A-Za-z0-9])[0-9]+(?![A-Za-z0-9])")
_BETWEEN = re.compile(r"[ _,-]{1,2}")

_OK = 200


class Response(NamedTuple):
    """One response of a request: its text, and whether the token limit cut it off."""

    text: str
    cut: bool


Responses = tuple[list[Response], int | None]
"""The responses of a request, and the tokens of all of them together where they are known."""


def batch_reader(
    responses_of: Callable[[Record], Responses], hands: Mapping[str, Puzzle] | None, any_hand: bool
) -> Callable[[Record, int], Rollouts]:
    """A reader of one file.

    Args:
        responses_of: `openai_responses`, `anthropic_responses` or `gemini_responses`.
        hands, any_hand: as `asked`.
    """

    def read(record: Record, line: int) -> Rollouts:
        puzzle = asked(record, hands, any_hand)
        responses, tokens = responses_of(record)
        found = Rollouts.bare(puzzle, [one.text for one in responses], line)
        counted = (tokens,) if len(responses) == 1 else found.tokens
        return found._replace(truncated=tuple(one.cut for one in responses), tokens=counted)

    return read


def openai_responses(record: Record) -> Responses:
    """The responses of a line of OpenAI's output."""
    if record.get("error") is not None:
        raise BadRecord("the request failed: it has an error, and so no response to score")
    response = object_of(record.get("response"), "response")
    status = response.get("status_code", _OK)
    if status != _OK:
        shown = status if isinstance(status, int) and 0 <= status < 1_000 else kind(status)
        raise BadRecord(f"the request failed (status_code {shown}): there is nothing to score")
    body = object_of(response.get("body"), "response.body")
    if "output" in body:
        return _of_responses(body)
    choices = _objects(body.get("choices"), "response.body.choices is no list of choices")
    found = [Response(_content(one), one.get("finish_reason") == "length") for one in choices]
    hidden = _at(body, "usage", "completion_tokens_details", "reasoning_tokens")
    return found, _less(_at(body, "usage", "completion_tokens"), hidden)


def _of_responses(body: Record) -> Responses:
    """The one response of `/v1/responses`: what its messages say, its reasoning left out."""
    items = _objects(body["output"], "response.body.output is no list of items", empty=True)
    if body.get("error") is not None or body.get("status") in ("failed", "cancelled"):
        raise BadRecord("the request failed: there is nothing to score")
    said = [one for one in items if one.get("type") == "message"]
    final = [one for one in said if one.get("phase") != "commentary"]
    text = "\n".join(_text_parts(one.get("content"), ("output_text", "refusal")) for one in final)
    hidden = _at(body, "usage", "output_tokens_details", "reasoning_tokens")
    tokens = _less(_at(body, "usage", "output_tokens"), hidden)
    return [
        Response(text, _at(body, "incomplete_details", "reason") == "max_output_tokens")
    ], tokens


def anthropic_responses(record: Record) -> Responses:
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
    tokens = None if hidden else _less(_at(message, "usage", "output_tokens"), None)
    return [Response(_text_parts(content), message.get("stop_reason") == "max_tokens")], tokens


def gemini_responses(record: Record) -> Responses:
    """The responses of a line of Google's output."""
    if record.get("error") is not None or record.get("status") not in (None, ""):
        raise BadRecord("the request failed: it has an error, and so no response to score")
    response = object_of(record.get("response"), "response")
    candidates = _objects(
        response.get("candidates"), "response.candidates is no list of candidates"
    )
    found = []
    for candidate in candidates:
        content = candidate.get("content")
        parts = content.get("parts", []) if isinstance(content, dict) else []
        parts = _objects(parts, "content.parts is no list", empty=True)
        said = [part for part in parts if part.get("thought") is not True]
        text = "".join(text_of(part.get("text"), "text") for part in said)
        found.append(Response(text, candidate.get("finishReason") == "MAX_TOKENS"))
    # Its thoughts are counted apart, as thoughtsTokenCount.
    return found, _less(_at(response, "usageMetadata", "candidatesTokenCount"), None)


def _content(choice: Record) -> str:
    if "message" not in choice:
        return text_of(choice.get("text"), "text")  # of the completions endpoint
    message = choice["message"]
    return (
        "" if message is None else text_of(object_of(message, "message").get("content"), "content")
    )


def _text_parts(content: object, kinds: tuple[str, ...] = ("text",)) -> str:
    """The texts of a message's parts of some kinds, put together."""
    parts = _objects(content, "content is no list of parts", empty=True)
    return "".join(
        text_of(part.get("text", part.get("refusal")), "a part's text")
        for part in parts
        if part.get("type") in kinds
    )


def _objects(value: object, otherwise: str, empty: bool = False) -> list[Record]:
    if not isinstance(value, list) or not (value or empty):
        raise BadRecord(otherwise)
    return [object_of(one, "one of its parts") for one in value]


def _at(value: object, *path: str) -> object:
    """What stands at a path of keys; None where nothing does."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _less(count: object, hidden: object) -> int | None:
    if not _is_count(count):
        return None
    return max(0, count - hidden) if _is_count(hidden) else count


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9


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
    name = name[:MAX_ID_CHARS]
    largest = 10**9 if any_hand else LARGEST_CARD
    fewest = CARDS - 1 if any_hand else CARDS
    run: list[int] = []
    end = 0
    for match in [*_NUMBER.finditer(name), None]:
        number = int(match[0]) if match is not None and len(match[0]) <= 10 else 0
        joined = match is not None and bool(_BETWEEN.fullmatch(name, end, match.start()))
        fits = 1 <= number <= largest and match is not None and not match[0].startswith("0")
        if not (joined and fits):
            if fewest <= len(run) <= MAX_RUN:
                return tuple(run if any_hand else run[:CARDS])
            run = []
        if fits:
            run.append(number)
        end = match.end() if match is not None else end
    return None


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
    return puzzle_of(list(numbers))


def _id_of(record: Record) -> tuple[str, str]:
    field = "custom_id" if "custom_id" in record else "key"
    name = record.get(field)
    if not isinstance(name, str):
        raise BadRecord(f"{field} is {kind(name)}, not text")
    return field, name


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


def _question(body: Record) -> str:
    """The text of the last user message, or of the one prompt."""
    for name in ("messages", "contents", "input"):
        if isinstance(body.get(name), list) or (name == "messages" and name in body):
            return last_question(body[name])
    return text_of(body.get("input", body.get("prompt")), "prompt")
