"""What the fields of a record may hold, and the one line that says what they hold instead.

>>> numbers_of("4, 4, 6, 8"), numbers_of(["4", 4, 6, 8])
((4, 4, 6, 8), (4, 4, 6, 8))
>>> texts_of(None, "response"), texts_of(["a", None], "response")
(('',), ('a', ''))
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tot24_bench.game import TARGET, InvalidPuzzle, Puzzle, Rule
from tot24_bench.game.puzzle import LARGEST_CARD
from tot24_bench.transcripts.rollouts import BadRecord

Record = Mapping[str, Any]
"""A JSON object."""

CARDS = 4
"""Cards of a hand of the deck."""

MAX_HAND_CHARS = 200
"""Characters of a text that is read as a hand; twelve numbers of ten digits take 143."""

_HAND = re.compile(
    r"[\[({\s]*[0-9]{1,10}(?:(?:\s*[,;|/_]\s*|\s+-\s+|-|\s+)[0-9]{1,10})*[\])}\s]*", re.ASCII
)
_NUMBER = re.compile(r"[0-9]+")


def puzzle_of(numbers: object, target: object = None, rule: object = None) -> Puzzle:
    """The puzzle of a record's fields.

    Args:
        numbers: as `numbers_of`.
        target: an integer, or its digits; None is 24.
        rule: "all" or "some"; None is "all".

    Raises:
        BadRecord: they make no puzzle.
    """
    if isinstance(target, str) and re.fullmatch(r"-?[0-9]{1,10}", target.strip(), re.ASCII):
        target = int(target)
    if target is not None and (isinstance(target, bool) or not isinstance(target, int)):
        raise BadRecord(f"the target is {kind(target)}, not an integer")
    if rule is not None and not isinstance(rule, str):
        raise BadRecord(f"the rule is {kind(rule)}, not text")
    try:
        return Puzzle(
            numbers_of(numbers),
            TARGET if target is None else target,
            rule or Rule.ALL,  # type: ignore[arg-type]  # Puzzle makes a Rule of its text
        )
    except InvalidPuzzle as error:
        raise BadRecord(str(error)) from None


def numbers_of(value: object) -> tuple[int, ...]:
    """The numbers of a hand: a list of integers or of their digits, or a text that holds them.

    Raises:
        BadRecord: anything else.
    """
    if isinstance(value, str):
        if len(value) > MAX_HAND_CHARS or not _HAND.fullmatch(value):
            raise BadRecord(f"{value[:40]!r} is no hand: give it like '4 4 6 8'")
        return tuple(map(int, _NUMBER.findall(value)))
    if isinstance(value, list):
        return tuple(map(_number, value))
    if value is None:
        raise BadRecord("there is no hand")
    raise BadRecord(f"the hand is {kind(value)}, not a list or a text of numbers")


def _number(value: object) -> int:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,10}", value.strip(), re.ASCII):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadRecord(f"a number of the hand is {kind(value)}, not an integer")
    return value


def in_deck(puzzle: Puzzle) -> bool:
    """Whether `full` or `unsolvable` holds it: four cards, 1 to 13, all of which should make 24."""
    cards = len(puzzle.numbers) == CARDS and max(puzzle.numbers) <= LARGEST_CARD
    return cards and puzzle.target == TARGET and puzzle.rule is Rule.ALL


def texts_of(value: object, name: str) -> tuple[str, ...]:
    """The responses of a field that holds one, a list of them, or nothing: then one empty one.

    Raises:
        BadRecord: it holds what is no text.
    """
    if isinstance(value, list):
        return tuple(text_of(part, name) for part in value) or ("",)
    return (text_of(value, name),)


def text_of(value: object, name: str) -> str:
    """A text as UTF-8 can hold it; None is empty.

    Raises:
        BadRecord: it is no text.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadRecord(f"{name} is {kind(value)}, not text")
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")


def object_of(value: object, name: str) -> Record:
    """A JSON object.

    Raises:
        BadRecord: it is none.
    """
    if not isinstance(value, dict):
        raise BadRecord(f"{name} is {kind(value)}, not an object")
    return value


def kind(value: object) -> str:
    """What a JSON value is, in words that name no value of any size."""
    if value is None:
        return "missing"
    for types, words in _KINDS:
        if isinstance(value, types):
            return words
    return "something else"


_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "true or false"),
    (int, "a number"),
    (float, "a number with a point"),
    (str, "text"),
    (list, "a list"),
    (dict, "an object"),
)
