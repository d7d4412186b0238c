r"""Was a model asked what this benchmark asks? The prompts that lm-eval logged, beside our own.

- Plain text is compared by its hash, to the letter.
- The messages of a chat server are compared with ours, one by one.
- A local model's chat template is not rendered here (it is a program, and not ours). The text that
  it gave must hold the instruction and every turn of ours in order and no further question, and
  what stands between them must be the same for every hand.

>>> from tot24_bench.game import Puzzle
>>> ours = build("io", Puzzle.parse("4 5 6 10"), shots=0)
>>> is_ours(Asked(ours.text, chat=False), ours), is_ours(Asked("Make 24!", chat=False), ours)
(True, False)
>>> turns = [f"<{m['role']}>{m['content'].strip()}</>" for m in ours.messages]
>>> is_ours(Asked("".join(turns), chat=True), ours)
True
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pydantic_core import from_json

from tot24_bench.prompts import Prompt, build

__all__ = ["Asked", "asked_of", "build", "is_ours", "skeleton"]

QUESTION = "Input: "
"""What every hand that is shown or asked starts with."""

MESSAGE_KEYS = {"role", "content", "type"}


class Asked(NamedTuple):
    """A prompt as it was sent.

    Attributes:
        text: plain text, the text that a chat template gave, or messages as JSON.
        chat: whether it was sent in a chat form.
        messages: role and content of each message, where they were sent so.
    """

    text: str
    chat: bool
    messages: tuple[tuple[str, str], ...] | None = None


def asked_of(argument: object, chat: bool) -> Asked | None:
    """The prompt in lm-eval's log of a request; None where it is none.

    Args:
        argument: its `arg_0`: text, messages, or messages as JSON within a list.
        chat: whether a chat template was applied.
    """
    if isinstance(argument, list) and len(argument) == 1 and isinstance(argument[0], str):
        argument = argument[0]  # how lm-eval logs what it sends to a chat server
        chat = True
    if isinstance(argument, str):
        text = argument.encode("utf-8", "replace").decode()
        return Asked(text, chat, _messages(_json(text)) if chat else None)
    messages = _messages(argument)
    return None if messages is None else Asked(json.dumps(argument), True, messages)


def is_ours(asked: Asked, ours: Prompt, multiturn: bool = True) -> bool:
    """Whether what was sent is this benchmark's prompt."""
    if asked.messages is not None:
        return asked.messages == _our_messages(ours, multiturn)
    if not asked.chat:
        return asked.text == ours.text
    return skeleton(asked.text, ours) is not None


def skeleton(text: str, ours: Prompt) -> str | None:
    """What a chat template put around our turns; None where they are not there in order."""
    if text.count(QUESTION) != ours.shots + 1:
        return None
    around, start = [], 0
    for part in (ours.instruction, *ours.turns):
        found = text.find(part.strip(), start)
        if found < 0:
            return None
        around.append(text[start:found])
        start = found + len(part.strip())
    return "\0".join((*around, text[start:]))


def _our_messages(ours: Prompt, multiturn: bool) -> tuple[tuple[str, str], ...]:
    every = [(message["role"], message["content"]) for message in ours.messages]
    if multiturn:
        return tuple(every)
    return every[0], ("user", ours.text.removeprefix(ours.instruction))


def _json(text: str) -> object:
    try:
        return from_json(text) if text.startswith("[") else None
    except ValueError:
        return None


def _messages(value: object) -> tuple[tuple[str, str], ...] | None:
    if not isinstance(value, Sequence) or isinstance(value, str) or not value:
        return None
    found = [_message(message) for message in value]
    known = [message for message in found if message is not None]
    return tuple(known) if len(known) == len(found) else None


def _message(value: Any) -> tuple[str, str] | None:
    if not isinstance(value, Mapping) or not value.keys() <= MESSAGE_KEYS:
        return None
    role, content = value.get("role"), value.get("content")
    return (role, content) if isinstance(role, str) and isinstance(content, str) else None
