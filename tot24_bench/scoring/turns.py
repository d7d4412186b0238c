"""Cut a response into the turns of those who speak in it, and say whose hand each is about.

A model that runs on writes the next exemplar, or plays the user. A turn ends at an end token and at
a line that somebody else starts: `Input:`, `Question:`, `User:`, `### Instruction`, or any label
with as many numbers as the hand. What stands behind the model's own end token is no part of its
response, and what a user says is nobody's answer.
"""

from __future__ import annotations

import re
from enum import StrEnum
from itertools import islice

from tot24_bench.game.puzzle import Puzzle

MAX_TURNS = 20
"""Turns that a response is cut into: a model that runs on writes one exemplar after another."""


class Whose(StrEnum):
    """Whose hand a turn is about."""

    ASKED = "asked"
    OTHER = "other"
    NOBODY = "nobody"


def turns_of(said: str, puzzle: Puzzle) -> list[tuple[int, int, Whose]] | None:
    """Where each turn of a response starts and ends, and whose it is; None for a single one."""
    headers = list(islice(_HEADER.finditer(said), MAX_TURNS))
    if not headers:
        return None
    turns: list[tuple[int, int, Whose]] = []
    start, whose, ended = 0, Whose.ASKED, False
    for header in headers:
        named = _named(said, header, puzzle)
        if named is None or (header["list"] is not None and named is whose is Whose.ASKED):
            continue  # to list the numbers asked is no new turn, but where another hand was told
        if header.start() > start and not ended:
            turns.append((start, header.start(), whose))
        # What a model writes behind its own end token is no part of its response.
        ended = ended or (header["token"] is not None and _said_something(said[: header.start()]))
        start, whose = header.start(), named
        if header["user"] is not None:
            start = _reply_after(said, header.end())
    if not ended:
        turns.append((start, len(said), whose))
    return turns


def _said_something(text: str) -> bool:
    """Whether a text holds anything but an echoed prompt and the names of roles."""
    return ALNUM.search(_ROLE_LINE.sub("", text)) is not None


def _reply_after(said: str, start: int) -> int:
    """Where somebody answers the user who speaks from `start` on; the end where nobody does."""
    reply = _REPLY.search(said, start, start + _PROMPT_CHARS)
    return len(said) if reply is None else reply.start()


def _named(said: str, header: re.Match[str], puzzle: Puzzle) -> Whose | None:
    """Whose hand a header names; None where it is no header after all."""
    size = len(puzzle.numbers)
    if header["list"] is not None:
        numbers = numbers_in(header["list"])
        if len(numbers) != size:
            return None
        return Whose.ASKED if tuple(sorted(numbers)) == puzzle.hand else Whose.OTHER
    if header["token"] is not None:
        return Whose.NOBODY
    line = said[header.end() : header.end() + HEADER_CHARS].lstrip("\n").partition("\n")[0]
    others = False
    for listed in LISTED.finditer(line):
        numbers = numbers_in(listed[0])
        for i in range(len(numbers) - size + 1):
            if tuple(sorted(numbers[i : i + size])) == puzzle.hand:
                return Whose.ASKED
            others = True
    return Whose.OTHER if others else Whose.NOBODY


def numbers_in(text: str) -> list[int]:
    """The whole numbers that are written in a text, in order."""
    return [int(number) for number in _NUMBER.findall(text)]


_PROMPT_CHARS = 4_000
HEADER_CHARS = 200
_NUMBER = re.compile(r"(?<![0-9.])[0-9]{1,12}(?![0-9])")
_ROLE_LINE = re.compile(
    r"(?:^|>)\s{0,4}(?:user|system|human|assistant|model)\b[^<]{0,2000}?(?=<)|<[^<>\s]{1,40}>|\[/?INST\]"
)
_REPLY = re.compile(
    r"^\W{0,4}(?:assistant|ai|model|bot|response|(?:final )?answer)\b"
    r"|<(?:\|im_start\|>assistant|start_of_turn>model)",
    re.IGNORECASE | re.MULTILINE,
)
LISTED = re.compile(r"[0-9]{1,12}(?:[ ,]{1,3}(?:and )?[0-9]{1,12}){1,12}")
_HEADER = re.compile(
    r"""
    ^(?!\n)(?:
        [ \t>#*_-]{0,8}(?:input|question|q|(?P<user>user|human|system)|problem|puzzle|instructions?
                |prompt|game|exercise|round|example)
            [ \t]?\#?[0-9]{0,3}[ \t*_]{0,4}:
        |[ \t]{0,3}\#{1,6}[ \t]*(?:instructions?|input|question|user|human|system)\b
        |(?=[^0-9\n]{0,50}[0-9])
            (?:[^\n0-9:=]{1,40}(?::|(?=[^\n:]{1,80}:\s*$))|[A-Za-z][A-Za-z ]{1,24}[ ]
                |[ \t]{0,3}(?:\#{1,6}|\*\*)[^\n0-9:=]{1,40})?[ \t*_\[(]{0,4}
            (?P<list>[0-9]{1,12}(?:[ ,]{1,3}(?:and[ ])?[0-9]{1,12}){1,12})[ \t\])*_.:]{0,6}$
    )
    |(?P<token></?s>|<\|(?:im_(?:end|start|sep)|end_?of_?(?:text|turn|sentence)|eo[tms](?:_id)?|end
        |return|user|human|system|begin_of_(?:text|sentence)
        |(?!(?:channel|message|constrain|call|python_tag|begin_of_box|end_of_box|assistant|tool\w*
            |think\w*|recipient)\|)[a-z]\w{2,39})\|>
        |<(?:end_of_turn|start_of_turn|end_of_utterance|eos|EOT|pad|turn\||\|turn)>
        |<extra_id_[0-9]{1,2}>|\[/?INST\])
    """,
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
ALNUM = re.compile(r"[^\W_]")
