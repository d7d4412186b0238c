r"""Compare the prompts that lm-eval logged with this benchmark's own.

- Plain text is compared to the letter.
- The messages of a chat server are compared with ours, one by one.
- A local model's chat template is not rendered here (it is a program, and not ours). The text that
  it gave must hold the instruction and every turn of ours in order and no further question, and
  what stands between them must be the same for every hand.

>>> from tot24_bench.game import Puzzle
>>> from tot24_bench.prompts import build
>>> ours = build("io", Puzzle.parse("4 5 6 10"), shots=0)
>>> is_ours(SentPrompt(ours.text), ours), is_ours(SentPrompt("Make 24!"), ours)
(True, False)
>>> turns = [f"<{m['role']}>{m['content'].strip()}</>" for m in ours.messages]
>>> is_ours(SentPrompt("".join(turns), chat=True), ours)
True
"""

from __future__ import annotations

import json
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from tot24_bench.prompts import Prompt

QUESTION = "Input: "  # what every hand that is shown or asked starts with


class SentPrompt(NamedTuple):
    """A prompt as it was sent."""

    text: str  # plain text, the text that a chat template gave, or messages as JSON
    chat: bool = False  # whether it was sent as turns
    messages: tuple[tuple[str, str], ...] | None = None  # role and content, where sent so


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    role: str
    content: str
    type: Any = None


_MESSAGES = TypeAdapter(Annotated[list[_Message], Field(min_length=1)])


def sent_prompt(argument: object) -> SentPrompt | None:
    """The prompt in the `arg_0` of lm-eval's log of a request: text, messages, or these as JSON."""
    if isinstance(argument, str):
        return SentPrompt(utf8(argument))
    if isinstance(argument, list) and len(argument) == 1 and isinstance(argument[0], str):
        text = utf8(argument[0])  # how lm-eval logs what it sends to a chat server
        return SentPrompt(text, chat=True, messages=_messages(text))
    text = json.dumps(argument)
    messages = _messages(text)
    return None if messages is None else SentPrompt(text, chat=True, messages=messages)


def is_ours(sent: SentPrompt, ours: Prompt, multiturn: bool = True) -> bool:
    """Whether what was sent is this benchmark's prompt."""
    if sent.messages is not None:
        first, *others = [(message["role"], message["content"]) for message in ours.messages]
        if not multiturn:
            others = [("user", ours.text.removeprefix(ours.instruction))]
        return sent.messages == (first, *others)
    return skeleton(sent.text, ours) is not None if sent.chat else sent.text == ours.text


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


def _messages(text: str) -> tuple[tuple[str, str], ...] | None:
    try:
        found = _MESSAGES.validate_json(text)
    except ValidationError:
        return None
    return tuple((message.role, message.content) for message in found)


def utf8(text: str) -> str:
    """Text that UTF-8 can hold: a model may write half of a surrogate pair."""
    return text.encode("utf-8", "replace").decode()
