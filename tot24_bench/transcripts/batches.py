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
- Which hand it was: see `batch_requests`.
- A request that failed is a bad record, never a wrong answer.
- What the token limit cut off is truncated. Tokens are known where there is one response; those of
  hidden reasoning are left out, as the reasoning is. Anthropic does not tell them apart: where
  there is thinking, the length of the answer is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeGuard

from tot24_bench.game import Puzzle
from tot24_bench.transcripts.batch_requests import asked
from tot24_bench.transcripts.fields import Record, kind, object_of, text_of
from tot24_bench.transcripts.rollouts import BadRecord, Rollouts

_OK = 200


class Answer(NamedTuple):
    """One response of a request: its text, and whether the token limit cut it off."""

    text: str
    cut: bool


Answered = tuple[list[Answer], int | None]
"""The responses of a request, and the tokens of all of them together where they are known."""


def is_openai_batch(record: Record) -> bool:
    """Whether a record is a line of OpenAI's output."""
    return "custom_id" in record and ("response" in record or "error" in record)


def is_anthropic_batch(record: Record) -> bool:
    """Whether a record is a line of Anthropic's output."""
    result = record.get("result")
    return "custom_id" in record and isinstance(result, dict) and "type" in result


def is_gemini_batch(record: Record) -> bool:
    """Whether a record is a line of Google's output."""
    response = record.get("response")
    if isinstance(response, dict):
        return "candidates" in response or "key" in record
    return response is None and "key" in record and isinstance(record.get("error"), dict)


def batch_reader(
    answered: Callable[[Record], Answered], hands: Mapping[str, Puzzle] | None, any_hand: bool
) -> Callable[[Record, int], Rollouts]:
    """A reader of one file.

    Args:
        answered: `openai_answers`, `anthropic_answers` or `gemini_answers`.
        hands, any_hand: as `batch_requests.asked`.
    """

    def read(record: Record, line: int) -> Rollouts:
        puzzle = asked(record, hands, any_hand)
        answers, tokens = answered(record)
        found = Rollouts.bare(puzzle, [answer.text for answer in answers], line)
        counted = (tokens,) if len(answers) == 1 else found.tokens
        return found._replace(truncated=tuple(answer.cut for answer in answers), tokens=counted)

    return read


def openai_answers(record: Record) -> Answered:
    """The responses of a line of OpenAI's output.

    Raises:
        BadRecord: the request failed, or it is no such line.
    """
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
    answers = [Answer(_content(one), one.get("finish_reason") == "length") for one in choices]
    usage = _object_or_none(body.get("usage"))
    details = _object_or_none(usage.get("completion_tokens_details"))
    return answers, _less(usage.get("completion_tokens"), details.get("reasoning_tokens"))


def _of_responses(body: Record) -> Answered:
    """The one response of `/v1/responses`: what its messages say, its reasoning left out."""
    items = _objects(body["output"], "response.body.output is no list of items", empty=True)
    if body.get("error") is not None or body.get("status") in ("failed", "cancelled"):
        raise BadRecord("the request failed: there is nothing to score")
    said = [one for one in items if one.get("type") == "message"]
    final = [one for one in said if one.get("phase") != "commentary"]
    text = "\n".join(_text_parts(one.get("content"), ("output_text", "refusal")) for one in final)
    why = _object_or_none(body.get("incomplete_details"))
    usage = _object_or_none(body.get("usage"))
    details = _object_or_none(usage.get("output_tokens_details"))
    tokens = _less(usage.get("output_tokens"), details.get("reasoning_tokens"))
    return [Answer(text, why.get("reason") == "max_output_tokens")], tokens


def anthropic_answers(record: Record) -> Answered:
    """The response of a line of Anthropic's output.

    Raises:
        BadRecord: the request failed, or it is no such line.
    """
    result = object_of(record.get("result"), "result")
    outcome = result.get("type")
    if outcome != "succeeded":
        shown = outcome if outcome in ("errored", "canceled", "expired") else kind(outcome)
        raise BadRecord(f"the request failed (result.type {shown}): there is nothing to score")
    message = object_of(result.get("message"), "result.message")
    content = message.get("content")
    blocks = _objects(content, "result.message.content is no list of blocks", empty=True)
    usage = _object_or_none(message.get("usage"))
    hidden = any(block.get("type") in ("thinking", "redacted_thinking") for block in blocks)
    tokens = None if hidden else _less(usage.get("output_tokens"), None)
    return [Answer(_text_parts(content), message.get("stop_reason") == "max_tokens")], tokens


def gemini_answers(record: Record) -> Answered:
    """The responses of a line of Google's output.

    Raises:
        BadRecord: the request failed, or it is no such line.
    """
    if record.get("error") is not None or record.get("status") not in (None, ""):
        raise BadRecord("the request failed: it has an error, and so no response to score")
    response = object_of(record.get("response"), "response")
    candidates = _objects(
        response.get("candidates"), "response.candidates is no list of candidates"
    )
    answers = []
    for candidate in candidates:
        content = _object_or_none(candidate.get("content"))
        parts = _objects(content.get("parts", []), "content.parts is no list", empty=True)
        said = [part for part in parts if part.get("thought") is not True]
        text = "".join(text_of(part.get("text"), "text") for part in said)
        answers.append(Answer(text, candidate.get("finishReason") == "MAX_TOKENS"))
    # Its thoughts are counted apart, as thoughtsTokenCount.
    usage = _object_or_none(response.get("usageMetadata"))
    return answers, _less(usage.get("candidatesTokenCount"), None)


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


def _object_or_none(value: object) -> Record:
    return value if isinstance(value, dict) else {}


def _less(count: object, hidden: object) -> int | None:
    if not _is_count(count):
        return None
    return max(0, count - hidden) if _is_count(hidden) else count


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9
