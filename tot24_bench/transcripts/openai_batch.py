"""Output of OpenAI's Batch API, and the requests behind it.

    {"id": "...", "custom_id": "game24-4-4-6-8-0", "error": null, "response": {"status_code": 200,
     "body": {"choices": [{"message": {"content": "..."}, "finish_reason": "stop"}],
              "usage": {"completion_tokens": 57, ...}}}}

- The hand is read from `custom_id` (see `hand_in_id`), or it is that of the request with this id:
  what follows the last `Input:` of its last user message.
- A request that failed (an error, another status than 200) is a bad record, never a wrong answer.
- `finish_reason: length` is a truncated response. Its tokens are known where it is the only choice;
  tokens of hidden reasoning are left out, as the reasoning is.

>>> hand_in_id("game24-4-4-6-8-0"), hand_in_id("4_4_6_8#3")
((4, 4, 6, 8), (4, 4, 6, 8))
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeGuard

from tot24_bench.game import Puzzle
from tot24_bench.game.puzzle import LARGEST_CARD
from tot24_bench.transcripts.fields import (
    CARDS,
    Record,
    kind,
    object_of,
    puzzle_of,
    text_of,
)
from tot24_bench.transcripts.json_records import json_records
from tot24_bench.transcripts.rollouts import BadRecord, BadTranscript, Rollouts

MAX_RUN = 6
"""Numbers of a run in an id that may hold a hand; a longer one is a date or a hash."""

MAX_ID_CHARS = 1_000
"""Characters of an id that are looked at."""

_OK = 200
_NUMBER = re.compile(r"(?<![A-Za-z0-9])[0-9]+(?![A-Za-z0-9])")
_BETWEEN = re.compile(r"[ _,-]{1,2}")
_INPUT = re.compile(r"Input:[ \t]*([^\n]*)")


def is_openai_batch(record: Record) -> bool:
    """Whether a record is a line of a batch's output."""
    return "custom_id" in record and ("response" in record or "error" in record)


def openai_batch_reader(
    hands: Mapping[str, Puzzle] | None, any_hand: bool
) -> Callable[[Record, int], Rollouts]:
    """A reader of one file.

    Args:
        hands: the puzzles by id, from `load_hands`; None reads them from the ids.
        any_hand: whether ids may hold hands of other sizes than the deck's.
    """

    def read(record: Record, line: int) -> Rollouts:
        puzzle = _asked(record.get("custom_id"), hands, any_hand)
        choices, tokens = _answered(record)
        responses = tuple(_content(choice) for choice in choices)
        cut = tuple(choice.get("finish_reason") == "length" for choice in choices)
        counted = (tokens,) if len(choices) == 1 else (None,) * len(choices)
        return Rollouts(puzzle, responses, line, cut, counted)

    return read


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
                    if fault:
                        raise BadRecord(fault)
                    name, puzzle = _request(object_of(value, "the request"))
                    if hands.setdefault(name, puzzles.setdefault(puzzle, puzzle)) != puzzle:
                        raise BadRecord(f"custom_id {name[:60]!r} stands twice with other hands")
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


def _asked(name: object, hands: Mapping[str, Puzzle] | None, any_hand: bool) -> Puzzle:
    if not isinstance(name, str):
        raise BadRecord(f"custom_id is {kind(name)}, not text")
    if hands is not None:
        if name not in hands:
            raise BadRecord(f"no request has the custom_id {name[:60]!r}")
        return hands[name]
    numbers = hand_in_id(name, any_hand)
    if numbers is None:
        raise BadRecord(
            f"no hand in custom_id {name[:60]!r}: give the batch's requests with --hands"
        )
    return puzzle_of(list(numbers))


def _answered(record: Record) -> tuple[list[Record], int | None]:
    """The choices and the number of tokens, where the request was answered."""
    if record.get("error") is not None:
        raise BadRecord("the request failed: it has an error, and so no response to score")
    response = object_of(record.get("response"), "response")
    status = response.get("status_code", _OK)
    if status != _OK:
        shown = status if isinstance(status, int) and 0 <= status < 1_000 else kind(status)
        raise BadRecord(f"the request failed (status_code {shown}): there is nothing to score")
    body = object_of(response.get("body"), "response.body")
    choices = body.get("choices")
    if not isinstance(choices, list) or not choices:
        raise BadRecord("response.body.choices is no list of choices")
    return [object_of(choice, "a choice") for choice in choices], _tokens(body.get("usage"))


def _content(choice: Record) -> str:
    if "message" not in choice:
        return text_of(choice.get("text"), "text")  # of the completions endpoint
    message = choice["message"]
    return (
        "" if message is None else text_of(object_of(message, "message").get("content"), "content")
    )


def _tokens(usage: object) -> int | None:
    if not isinstance(usage, dict):
        return None
    details = usage.get("completion_tokens_details")
    hidden = details.get("reasoning_tokens") if isinstance(details, dict) else None
    count = usage.get("completion_tokens")
    if not _is_count(count):
        return None
    return max(0, count - hidden) if _is_count(hidden) else count


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9


def _request(record: Record) -> tuple[str, Puzzle]:
    name = record.get("custom_id")
    if not isinstance(name, str):
        raise BadRecord(f"custom_id is {kind(name)}, not text")
    body = object_of(record.get("body"), "body")
    text = _question(body)
    asked = _INPUT.findall(text)
    if not asked:
        raise BadRecord(f"the request {name[:60]!r} has no line `Input: ...` in its last question")
    return name, puzzle_of(asked[-1])


def _question(body: Record) -> str:
    """The text of the last user message, or the prompt of the completions endpoint."""
    messages = body.get("messages")
    if messages is None:
        return text_of(body.get("prompt"), "prompt")
    if not isinstance(messages, list):
        raise BadRecord(f"messages is {kind(messages)}, not a list")
    for message in reversed(messages):
        if isinstance(message, dict) and message.get("role") == "user":
            content = message.get("content")
            if isinstance(content, list):  # parts, of which those of text are read
                parts = [part.get("text") for part in content if isinstance(part, dict)]
                return "\n".join(text_of(part, "a part's text") for part in parts)
            return text_of(content, "content")
    raise BadRecord("there is no user message")
