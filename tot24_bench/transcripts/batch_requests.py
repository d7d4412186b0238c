"""Which hand a request of a batch asked: its id spells it, or the batch's own requests say it.

A request shows its hand after the last `Input:` of its last user message; it is one of

    {"custom_id": "...", "body": {"messages": [...]}}      OpenAI's; `input` or `prompt` as well
    {"custom_id": "...", "params": {"messages": [...]}}    Anthropic's
    {"key": "...", "request": {"contents": [...]}}         Gemini's

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
    Record,
    asked_in,
    kind,
    last_question,
    object_of,
    puzzle_of,
    text_of,
)
from tot24_bench.transcripts.json_records import json_records
from tot24_bench.transcripts.rollouts import BadRecord, BadTranscript

MAX_RUN = 6
"""Numbers of a run in an id that may hold a hand; a longer one is a date or a hash."""

MAX_ID_CHARS = 1_000
"""Characters of an id that are looked at."""

_NUMBER = re.compile(r"(?<![A-Za-z0-9])[0-9]+(?![A-Za-z0-9])")
_BETWEEN = re.compile(r"[ _,-]{1,2}")


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

    Raises:
        BadRecord: nothing says which hand it was.
    """
    if hands is None and isinstance(record.get("request"), dict):
        return asked_in(_question(record["request"]))
    field = "custom_id" if "custom_id" in record else "key"
    name = record.get(field)
    if not isinstance(name, str):
        raise BadRecord(f"{field} is {kind(name)}, not text")
    if hands is not None:
        if name not in hands:
            raise BadRecord(f"no request has the {field} {name[:60]!r}")
        return hands[name]
    numbers = hand_in_id(name, any_hand)
    if numbers is None:
        raise BadRecord(f"no hand in {field} {name[:60]!r}: give the batch's requests with --hands")
    return puzzle_of(list(numbers))


def _request(record: Record) -> tuple[str, Puzzle]:
    field = "custom_id" if "custom_id" in record else "key"
    name = record.get(field)
    if not isinstance(name, str):
        raise BadRecord(f"{field} is {kind(name)}, not text")
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
