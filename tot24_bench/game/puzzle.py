"""A puzzle: the numbers dealt, the target, and the rule that says how many must be used.

Game of 24 is the default (four numbers, target 24, every number exactly once), not an assumption:
any non-empty multiset of positive integers is a hand, any integer is a target.

>>> Puzzle.parse("8 4 6 4")
Puzzle(numbers=(8, 4, 6, 4), target=24, rule=<Rule.ALL: 'all'>)
>>> Puzzle.parse("8 4 6 4").hand
(4, 4, 6, 8)
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

TARGET = 24  # the default target
LARGEST_CARD = 13  # the deck's numbers are 1 to 13

MAX_NUMBERS = 12
"""Most numbers a puzzle may hold. A bound on input, not on what the solver can do in time."""

MAX_NUMBER = 10**9
"""Largest number (and absolute target) a puzzle may hold: keeps exact arithmetic small."""

Hand = tuple[int, ...]
"""Numbers in ascending order: two deals of the same numbers are the same hand."""

MAX_HAND_CHARS = 400
"""Characters of a text that is looked at as a hand; twelve numbers of ten digits take 143."""

_NO_NUMBER = f'is not a positive integer up to {MAX_NUMBER}: give the hand like "4 4 6 8"'
_NEEDS_NUMBERS = 'a puzzle needs "numbers", like {"numbers": [4, 4, 6, 8]}'
_SEPARATORS = re.compile(r"[\s,;]+")
_WHOLE = re.compile(r"-?[0-9]{1,10}(?:\.0{1,10})?", re.ASCII)
_DEALT = re.compile(
    r"[\[({\s]*+['\"]?[0-9]{1,10}(?:\.0{1,10})?['\"]?"
    r"(?:(?:\s*[,;|/_]\s*|\s+-\s+|-|\s+)['\"]?[0-9]{1,10}(?:\.0{1,10})?['\"]?)*+[\])}\s]*+",
    re.ASCII,
)
_DEALT_NUMBER = re.compile(r"([0-9]+)(?:\.0+)?", re.ASCII)


class InvalidPuzzle(ValueError):
    """The numbers, the target or the rule do not make a puzzle; the message names the fix."""


class Rule(StrEnum):
    """How many of the numbers a solution uses: `all` of them, or at least one (`some`)."""

    ALL = "all"
    SOME = "some"


@dataclass(frozen=True, slots=True)
class Puzzle:
    """A hand of numbers as dealt, the target to make from them, and the rule.

    Raises:
        InvalidPuzzle: numbers that are not positive integers, too many or too large, or a rule
            that does not exist.
    """

    numbers: tuple[int, ...]
    target: int = TARGET
    rule: Rule = Rule.ALL

    def __post_init__(self) -> None:
        if not isinstance(self.numbers, Iterable):
            raise InvalidPuzzle("the numbers must be a list, such as [4, 4, 6, 8]")
        numbers = tuple(self.numbers)
        if not 1 <= len(numbers) <= MAX_NUMBERS:
            raise InvalidPuzzle(
                f"a hand has 1 to {MAX_NUMBERS} numbers, this one has {len(numbers)}: "
                'give them like "4 4 6 8"'
            )
        for number in numbers:
            if type(number) is not int or not 1 <= number <= MAX_NUMBER:
                raise InvalidPuzzle(f"{_shown(number)} {_NO_NUMBER}")
        if type(self.target) is not int or abs(self.target) > MAX_NUMBER:
            raise InvalidPuzzle(
                f"the target must be an integer up to {MAX_NUMBER}, not {_shown(self.target)}"
            )
        try:
            rule = Rule(self.rule)
        except ValueError:
            raise InvalidPuzzle(f"no rule {_shown(self.rule)}: use 'all' or 'some'") from None
        object.__setattr__(self, "numbers", numbers)
        object.__setattr__(self, "rule", rule)

    @classmethod
    def parse(cls, text: str, target: int = TARGET, rule: Rule = Rule.ALL) -> Puzzle:
        """Read a hand as people write it: numbers between spaces, commas or semicolons."""
        parts = [part for part in _SEPARATORS.split(text.strip()) if part]
        for part in parts:
            if not (part.isascii() and part.isdigit() and len(part) <= len(str(MAX_NUMBER))):
                raise InvalidPuzzle(f"{part[:40]!r} {_NO_NUMBER}")
        return cls(tuple(map(int, parts)), target, rule)

    @property
    def hand(self) -> Hand:
        """The numbers in ascending order."""
        return tuple(sorted(self.numbers))

    @property
    def identity(self) -> tuple[Hand, int, str]:
        """What makes two puzzles the same, whatever the order of their numbers."""
        return self.hand, self.target, str(self.rule)

    @property
    def text(self) -> str:
        """The numbers as dealt, between spaces: what follows `Input:` in a prompt."""
        return " ".join(map(str, self.numbers))

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` reads back to an equal puzzle."""
        return {"numbers": list(self.numbers), "target": self.target, "rule": str(self.rule)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Puzzle:
        """Read what `to_json` wrote; `target` and `rule` may be left out."""
        if "numbers" not in data:
            raise InvalidPuzzle(_NEEDS_NUMBERS)
        numbers = data["numbers"]
        if isinstance(numbers, str):
            return cls.parse(numbers, data.get("target", TARGET), data.get("rule", Rule.ALL))
        return cls(numbers, data.get("target", TARGET), data.get("rule", Rule.ALL))


def read_puzzle(numbers: object, target: object = None, rule: object = None) -> Puzzle:
    """The puzzle that other people's data hold: the one place where what they write is understood.

    >>> read_puzzle(["4", 4.0, 6, 8]) == read_puzzle("[4, 4, 6, 8]") == Puzzle((4, 4, 6, 8))
    True
    >>> read_puzzle({"target": "22", "numbers": [4, 4, 6, 8]}).target
    22

    Args:
        numbers: a list (or array, or tensor) of integers, whole floats or their digits; a text that
            holds them, between spaces, commas, `;`, `|`, `/`, `_` or `-`, brackets or none; or an
            object with `numbers` (or `nums`) and perhaps `target` and `rule`, itself or as JSON.
        target: an integer, a whole float or its digits; None is that of the object, or 24.
        rule: "all" or "some"; None is that of the object, or "all".

    Raises:
        InvalidPuzzle: they make no puzzle, or the object has another target or rule.
    """
    value = _plain(numbers)
    if isinstance(value, str) and value.lstrip()[:1] == "{":
        value = _object_in(value)
    if isinstance(value, Mapping):
        inner = next((value[key] for key in ("numbers", "nums") if key in value), None)
        if inner is None or isinstance(inner, Mapping):
            raise InvalidPuzzle(_NEEDS_NUMBERS)
        goal = _one_of("target", read_target(value.get("target")), read_target(target))
        used = _one_of("rule", value.get("rule"), rule)
        return read_puzzle(inner, goal, used)
    goal = read_target(target)
    return Puzzle(
        read_numbers(value),
        TARGET if goal is None else goal,
        Rule.ALL if rule is None else rule,  # type: ignore[arg-type]  # Puzzle makes a Rule of it
    )


def read_numbers(value: object) -> tuple[int, ...]:
    """The numbers of `read_puzzle`, where no object is expected.

    Raises:
        InvalidPuzzle: a text that is no hand. Other values are for `Puzzle` to refuse.
    """
    value = _plain(value)
    if isinstance(value, str):
        if len(value) <= MAX_HAND_CHARS and _DEALT.fullmatch(value):
            return tuple(map(int, _DEALT_NUMBER.findall(value)))
        return Puzzle.parse(value).numbers  # it says what is wrong
    if isinstance(value, list | tuple):
        return tuple(map(_whole, value))  # type: ignore[arg-type]
    return value  # type: ignore[return-value]


def read_target(value: object) -> int | None:
    """The target of `read_puzzle`; None where there is none.

    Raises:
        InvalidPuzzle: it is no whole number.
    """
    if value is None:
        return None
    number = _whole(value)
    if type(number) is not int:
        raise InvalidPuzzle(
            f"the target must be an integer up to {MAX_NUMBER}, not {_shown(number)}"
        )
    return number


def _whole(value: object) -> object:
    """The integer that a whole float or a text of digits is; anything else as it is."""
    value = _plain(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)  # of numpy or a subclass
    if isinstance(value, float) and value.is_integer() and abs(value) <= MAX_NUMBER:
        return int(value)
    if isinstance(value, str) and len(value) <= MAX_HAND_CHARS and _WHOLE.fullmatch(value.strip()):
        return int(value.strip().partition(".")[0])
    return value


def _plain(value: object) -> object:
    """What an array or a tensor holds, whose numbers are no Python integers."""
    as_list = getattr(value, "tolist", None)
    return value if as_list is None else as_list()


def _object_in(text: str) -> object:
    try:
        return json.loads(text) if len(text) <= MAX_HAND_CHARS else text
    except (ValueError, RecursionError):
        return text


def _one_of(name: str, own: object, told: object) -> object:
    if None not in (own, told) and own != told:
        raise InvalidPuzzle(f"two {name}s: {_shown(own)} in the puzzle, and {_shown(told)}")
    return told if own is None else own


def _shown(value: object) -> str:
    """A value as a message shows it: bounded, and without printing an integer of any size."""
    if isinstance(value, int) and abs(value) > MAX_NUMBER:
        return "an integer out of range"
    return repr(value)[:40]
