"""What a record gives, its rollouts, and what its fields may hold.

Whatever reads a field raises BadRecord where it holds something else, and says in one line what.

>>> numbers_of("4, 4, 6, 8"), numbers_of(["4", 4, 6.0, 8])
((4, 4, 6, 8), (4, 4, 6, 8))
>>> [one.text for one in responses_in(["a", None], "response")]
['a', '']
>>> verdicts_of({"infos": [{"r": 1}, {"r": 0}]}, 2), verdicts_of({"score": 0.01}, 1)
((True, False), (False,))
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from tot24_bench.game import (
    LARGEST_CARD,
    MAX_HAND_CHARS,
    TARGET,
    InvalidPuzzle,
    Puzzle,
    Rule,
    read_numbers,
    read_puzzle,
    read_target,
)
from tot24_bench.reward import reply_of

Record = Mapping[str, Any]  # a JSON object
CARDS = 4  # cards of a hand of the deck
MAX_NAMED = 12  # fields that a message names
MAX_LINES_NAMED = 10  # bad lines that are named; the others are counted

VERDICTS = (
    *("correct", "is_correct", "right", "accs", "infos"),
    *("acc", "exact_match", "score", "reward"),
)
"""Where a record may say which of its responses are right; the first there is taken."""

_INPUT = re.compile(r"Input:[ \t]*([^\n]*)")


class BadTranscript(ValueError):
    """A file that cannot be read as a transcript; the message is one line with the fix."""


class BadRecord(ValueError):
    """A record that does not hold a hand and its responses; the message says why."""


class Response(NamedTuple):
    """One response, and what its record says of it."""

    text: str
    truncated: bool = False  # the token limit cut it off
    tokens: int | None = None  # its length in the model's tokens
    judged: bool | None = None  # whether the record calls it right


class Rollouts(NamedTuple):
    """The responses of one record, at least one, and of each what `Response` says."""

    puzzle: Puzzle  # its numbers in the order of the record
    responses: tuple[str, ...]
    source_line: int  # where the record starts, from 1
    truncated: tuple[bool, ...]
    tokens: tuple[int | None, ...]
    judged: tuple[bool | None, ...]

    @classmethod
    def of(cls, puzzle: Puzzle, responses: Sequence[Response], source_line: int) -> Self:
        """Put the responses of a record together."""
        texts, truncated, tokens, judged = zip(*responses, strict=True)
        return cls(puzzle, texts, source_line, truncated, tokens, judged)


@dataclass
class BadLines:
    """The records that could not be used: how many, and the first MAX_LINES_NAMED."""

    count: int = 0
    first: list[tuple[int, str]] = field(default_factory=list)  # line and reason

    def add(self, line: int, reason: str) -> None:
        """Count a record, and keep its line while there are few."""
        self.count += 1
        if len(self.first) < MAX_LINES_NAMED:
            self.first.append((line, reason))

    @property
    def text(self) -> str:
        """All of it in one line, such as "2 bad records (lines 3, 9), line 3: not JSON".

        >>> BadLines(1, [(3, "not JSON")]).text
        '1 bad record, line 3: not JSON'
        """
        if not self.first:
            return "no bad records"
        line, reason = self.first[0]
        if self.count == 1:
            return f"1 bad record, line {line}: {reason}"
        lines = ", ".join(str(number) for number, _ in self.first)
        more = ", ..." if self.count > len(self.first) else ""
        return f"{self.count} bad records (lines {lines}{more}), line {line}: {reason}"


def puzzle_of(numbers: object, target: object = None, rule: object = None) -> Puzzle:
    """The puzzle of a record's fields, as `game.read_puzzle` reads them."""
    if numbers is None:
        raise BadRecord("there is no hand")
    try:
        return read_puzzle(numbers, target, rule)
    except InvalidPuzzle as error:
        raise BadRecord(str(error)) from None


def numbers_of(value: object) -> tuple[int, ...]:
    """The numbers of a hand: a list of integers or of their digits, or a text that holds them."""
    if value is None:
        raise BadRecord("there is no hand")
    if not isinstance(value, str | list):
        raise BadRecord(f"the hand is {kind(value)}, not a list or a text of numbers")
    try:
        return read_numbers(value)
    except InvalidPuzzle:
        raise BadRecord(f"{value[:40]!r} is no hand: give it like '4 4 6 8'") from None


def number_or_none(target: object) -> int | None:
    """A target; None where the field holds something else, such as a reference answer in words."""
    try:
        return read_target(target)
    except InvalidPuzzle:
        return None


def asked_in(question: object, target: object = None) -> Puzzle:
    """The puzzle that a question asks: the question is the hand, or shows it as `Input: 4 4 6 8`.

    Args:
        question: a text, of which the last `Input:` counts; or messages, of which the last of the
            user does; or what `puzzle_of` takes.
        target: as `puzzle_of`.
    """
    if _is_messages(question):
        question = last_question(question)
    shown = _INPUT.findall(question) if isinstance(question, str) else []
    try:
        return puzzle_of(shown[-1] if shown else question, target)
    except BadRecord as error:
        if shown or not isinstance(question, str) or len(question) <= MAX_HAND_CHARS // 4:
            raise
        raise BadRecord(f"the question shows no hand after `Input:` ({error})") from None


def last_question(messages: object) -> str:
    """The text of the last user message."""
    if not isinstance(messages, list):
        raise BadRecord(f"messages is {kind(messages)}, not a list")
    for message in reversed(messages):
        if isinstance(message, dict) and message.get("role", "user") == "user":
            # Parts of a content are OpenAI's, Gemini's stand in the message itself.
            content = message.get("content", message.get("parts"))
            if not isinstance(content, list):
                return text_of(content, "content")
            parts = [part for part in content if isinstance(part, dict)]
            return "\n".join(text_of(part.get("text"), "a part's text") for part in parts)
    raise BadRecord("there is no user message")


def in_deck(puzzle: Puzzle) -> bool:
    """Whether `full` or `unsolvable` holds it: four cards, 1 to 13, all of which should make 24."""
    cards = len(puzzle.numbers) == CARDS and max(puzzle.numbers) <= LARGEST_CARD
    return cards and puzzle.target == TARGET and puzzle.rule is Rule.ALL


def responses_in(value: object, name: str) -> list[Response]:
    """The responses of a field that holds one, a list of them, or nothing: then one empty one.

    Args:
        value: a response is a text, a message, or a list of messages, of which the assistant's last
            is the response.
        name: of the field, for messages.
    """
    several = value if isinstance(value, list) and not _is_messages(value) else [value]
    return [Response(_reply(one, name)) for one in several or [None]]


def _reply(value: object, name: str) -> str:
    if isinstance(value, dict) and value.get("role") == "assistant":
        value = [value]
    return text_of(reply_of(value) if _is_messages(value) else value, name)


def _is_messages(value: object) -> bool:
    """Whether it is a chat: a list of objects that have a role each."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(part, dict) and "role" in part for part in value)
    )


def verdicts_of(record: Record, count: int) -> tuple[bool | None, ...]:
    """Which of a record's responses it calls right itself, where VERDICTS are such a judgement.

    A number from -1 to 1 is: 1 is right and less is not, as rewards are for a near miss. Anything
    else, another scale among it, is no verdict.
    """
    value = next((record[name] for name in VERDICTS if record.get(name) is not None), None)
    values = value if isinstance(value, list) else [value]
    return tuple(map(verdict, values)) if len(values) == count else (None,) * count


def verdict(value: object) -> bool | None:
    """What one value of VERDICTS says, or an object's `r`."""
    if isinstance(value, dict):
        value = value.get("r")
    return value == 1 if isinstance(value, int | float) and -1 <= value <= 1 else None


def text_of(value: object, name: str) -> str:
    """A text as UTF-8 can hold it; None is empty."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadRecord(f"{name} is {kind(value)}, not text")
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")


def object_of(value: object, name: str) -> Record:
    """A JSON object."""
    if not isinstance(value, dict):
        raise BadRecord(f"{name} is {kind(value)}, not an object")
    return value


def names_of(record: Record) -> str:
    """The names of a record's first fields, for a message of one line."""
    shown = ", ".join(sorted(map(str, record))[:MAX_NAMED])[:200]
    return "".join(char if char.isprintable() else "?" for char in shown)


def kind(value: object) -> str:
    """What a JSON value is, in words that name no value of any size."""
    return _KINDS.get(type(value), "something else")


_KINDS = {
    type(None): "missing",
    bool: "true or false",
    int: "a number",
    float: "a number with a point",
    str: "text",
    list: "a list",
    dict: "an object",
}
