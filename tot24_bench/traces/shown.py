r"""What a text shows, in whatever dress: hands after `Input`, lists of numbers, states of thoughts.

This module reads and judges nothing; `held_out` says what of it may not be trained on. It reads
more than a person would: a list that is none costs a trace, one that is overlooked is a leak.

>>> lists_in("Back to [4, 5, 16], not 1 | 2 | 3 and 4")
[(4, 5, 16), (1, 2, 3, 4)]
>>> after_input("**input :** 4, 5, 6 and 10.\n")
([(4, 5, 6, 10)], [])
>>> after_input("Input: 4 5 6 10 (make 24)")
([], [(4, 5, 6, 10, 24)])
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Collection, Iterable
from fractions import Fraction

from tot24_bench.game import Number, Numbers
from tot24_bench.scoring import Step, Thought, holds, plain

MAX_NUMBERS = 12
"""Numbers of the largest hand."""

FEWEST = 3
"""Numbers of the smallest state that is ever held out."""


def bare(text: str) -> str:
    """The text in plain signs and digits, without marks that only dress it."""
    text = plain(_decoded(text)).replace("\\neq", "≠").replace("\\n", "\n")
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
        text = "".join(one for one in text if unicodedata.category(one) not in _NOT_SEEN)
    return _DRESS.sub("", text)


def _decoded(text: str) -> str:
    r"""The text with signs that are told by their number: `&#49;`, `%31`, `\u0031`, `\x31`."""
    for _ in range(_DECODINGS):
        before = text
        if "&" in text:
            text = _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
        if "%" in text or "\\" in text:
            text = _CODED.sub(lambda code: chr(int(code[1] or code[2], 16)), text)
        if text == before:
            break
    return text


def after_input(text: str) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    """The hands that follow the word `Input`, and the numbers where it is followed by what is no
    plain list of them.

    Args:
        text: as `bare` gives it.
    """
    if "input" not in text.lower():
        return [], []
    found: list[tuple[int, ...]] = []
    unread: list[tuple[int, ...]] = []
    lines = [line for line in text.split("\n") if line.strip()]
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        # Each line is read once, from its first `Input` on: more of them on it are no clean list.
        word = _INPUT.search(line)
        if word is None:
            continue
        rest = line[word.end() :]
        told = rest if _DIGIT.search(rest) else following if _BARE.fullmatch(rest) else ""
        hand = _hand(told)
        if hand is not None:
            found.append(hand)
        elif told is rest and len(numbers := _DIGITS.findall(rest)) >= FEWEST:
            unread.append(tuple(map(int, numbers)))
    return found, unread


def lists_in(text: str) -> list[Numbers]:
    """Every list of three numbers or more, as they stand: side by side, or one a line.

    A number that an operation or an equation takes is of no list.

    Args:
        text: as `bare` gives it.
    """
    text = _IN_BRACKETS.sub(r"\1", text)
    found = []
    for match in _LIST.finditer(text):
        numbers = [_number(one[0]) for one in _NUMBER.finditer(match[0])]
        if _SIGN_AFTER.match(text, match.end()):
            numbers.pop()
        if _SIGN_BEFORE.search(text, max(0, match.start() - 3), match.start()):
            numbers = numbers[1:]
        if len(numbers) >= FEWEST:
            found.append(tuple(numbers))
    found += [
        tuple(_number(one[0]) for one in _NUMBER.finditer(match[0]))
        for match in _COLUMN.finditer(text)
    ]
    return found


def undealt(text: str) -> str:
    """The text with hands as plain lists: without quotes and suits, of objects the numbers alone.

    >>> undealt('10 of hearts, 6♣ [{"value": 4}, {"suit": "clubs", "value": 5}] 10/6/4/5')
    '10, 6 [4, 5] 10 6 4 5'
    """
    text = _SUIT.sub("", text)
    if "{" in text:
        text = _ONE_NUMBER.sub(r"\1", text)
    text = _BETWEEN_SLASHES.sub(lambda match: match[0].replace("/", " "), text)
    return text.replace('"', "").replace("'", "")


def states_in(steps: Iterable[Step], thoughts: Iterable[Thought]) -> set[Numbers]:
    """The numbers that thoughts leave, go back to, or must have started from; ascending."""
    found = {thought.left for thought in thoughts}
    for step in steps:
        if step.back_to is not None:
            found.add(tuple(sorted(step.back_to)))
        if step.left is not None:
            found.add(tuple(sorted(step.left)))
            before = list(step.left)
            if step.value in before:
                before.remove(step.value)
                found.add(tuple(sorted((*before, step.a, step.b))))
    return found


def without_look_ahead(text: str, states: Collection[Numbers]) -> str:
    """The text without the lines that try out one of some states, as `4 | 4 5: +9 -1 *20 !`.

    >>> without_look_ahead("4 | 4 5: +9 -1 *20 !\\n4 | 4 6: +10\\n4 | 4 5: +8", {(4, 4, 5)})
    '\\n4 | 4 6: +10\\n4 | 4 5: +8'
    """

    def left(match: re.Match[str]) -> str:
        held, x, y = (_number(one) for one in match.group(1, 2, 3))
        true = tuple(sorted((held, x, y))) in states and all(
            any(holds(a, op, b, _number(value)) for a, b in ((x, y), (y, x)))
            for op, value in _TRIED.findall(match[4])
        )
        return "" if true else match[0]

    return _LOOK_AHEAD.sub(left, text) if "|" in text else text


def _hand(text: str) -> tuple[int, ...] | None:
    """The numbers of a text that is a list of them and nothing else."""
    if not _DIGIT.search(text) or not _LIST_ALONE.fullmatch(text):
        return None
    numbers = [int(one) for one in _DIGITS.findall(text)]
    return tuple(numbers) if len(numbers) <= MAX_NUMBERS else None


def _number(text: str) -> Number:
    over, _, under = text.partition("/")
    if under and not int(under):
        return 0
    value = Fraction(over) / int(under or 1)
    return value.numerator if value.denominator == 1 else value


_SUIT = re.compile(
    "[ \t]?[\u2660-\u2667]|[ \t](?:of[ \t])?(?:hearts?|clubs?|spades?|diamonds?)\\b", re.IGNORECASE
)
_ONE_NUMBER = re.compile(r"\{[^{}0-9]{0,80}([0-9]{1,12})[^{}0-9]{0,80}\}")
_BETWEEN_SLASHES = re.compile(
    r"(?<![\w./)])[0-9]{1,12}(?:[ ]?/[ ]?[0-9]{1,12}){3,11}(?![\w/(]|\.[0-9])"
)
_NOT_SEEN = {"Cf", "Mn", "Me"}
_DECODINGS = 3
_ENTITY = re.compile(r"&#?\w{1,10};")
_CODED = re.compile(r"%([2-7][0-9A-Fa-f])|\\(?:u00|x)([2-7][0-9A-Fa-f])")
_LOOK_AHEAD = re.compile(
    r"(?m)^(\d{1,12}(?:/\d{1,12})?) \| (\d{1,12}(?:/\d{1,12})?) (\d{1,12}(?:/\d{1,12})?):"
    r"((?: [-+*/]\d{1,12}(?:/\d{1,12})?){0,8})(?: !)?$"
)
_TRIED = re.compile(r"([-+*/])(\d{1,12}(?:/\d{1,12})?)")
_DRESS = re.compile(r"\*\*|__|[`$]|\\[()\[\],;:! ]|\\(?:text|boxed|mathbf|mathrm)(?=\s?\{)")
_DIGIT = re.compile(r"\d")
_DIGITS = re.compile(r"\d{1,12}")
_INPUT = re.compile(r"(?<![a-z])inputs?(?![a-z])", re.IGNORECASE)
_BARE = re.compile(r"[\s:>*_.\"'#|\[({=-]*(?:numbers|hand)?[\s:>*_.\"'#|\[({=-]*", re.IGNORECASE)
_LIST_ALONE = re.compile(
    r"[\s:>*_.\"'#|\[({=-]*(?:(?:numbers|hand)\b)?[\s:>*_.\"'#|\[({=-]*"
    r"\d{1,12}(?:(?:[\s,;|&]|and\b)+\d{1,12})*[\s:*_.,;\"'|\])}]*",
    re.IGNORECASE,
)
_IN_BRACKETS = re.compile(r"\(\s?(-?\d{1,12}/\d{1,12})\s?\)")
_UNIT = r"-?\d{1,12}(?:/\d{1,12}|\.\d{1,6})?"
_NUMBER = re.compile(_UNIT)
_LIST = re.compile(
    rf"(?<![\w./-]){_UNIT}(?:(?:[^\S\n]|[,;|&]|\band\b){{1,8}}{_UNIT}(?!\w)){{2,40}}", re.IGNORECASE
)
_COLUMN = re.compile(
    rf"(?m)^(?:[ \t>*#-]{{0,8}}{_UNIT}[ \t,;]{{0,4}}\n){{2,12}}[ \t>*#-]{{0,8}}{_UNIT}$"
)
_SIGN_AFTER = re.compile(r"[^\S\n]{0,3}(?:[+*/=^]|-(?!>|-))")
_SIGN_BEFORE = re.compile(r"[+*/^-]\s{0,2}$")
