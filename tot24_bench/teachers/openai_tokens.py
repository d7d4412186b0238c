"""How many tokens a prompt has, before a server says so.

Two questions, two answers. A budget must never be passed, so it needs an upper bound: a tokenizer
that works on bytes makes no token of less than one. A context must not be refused without need, so
it needs an estimate: our prompts have 2.3 to 3.9 bytes a token (a vocabulary of 4,096 that reads
digits one by one) and BYTES_PER_TOKEN is below all of them. With a tokenizer both are exact but for
the chat template.

>>> from tot24_bench.game import Puzzle
>>> from tot24_bench.prompts import build
>>> prompt = build("io", Puzzle.parse("4 5 6 10"), shots=0)
>>> counter = TokenCounter()
>>> counter.estimate(prompt), counter.at_most(prompt)
(54, 196)
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from tot24_bench.prompts import Prompt
from tot24_bench.teachers.teacher import TeacherUnavailable

BYTES_PER_TOKEN = 2

TEMPLATE_TOKENS = 4
"""Tokens that a chat template puts around a message (ChatML: role, two marks, a newline)."""

MOST_TEMPLATE_TOKENS = 16
"""The same, never more: `<|start_header_id|>assistant<|end_header_id|>` and its like."""

MOST_OTHER_TOKENS = 64
"""What a template says beside the messages, such as a knowledge cutoff and a date."""

REMEMBERED = 64
"""Prompts whose count is kept: samples of one hand follow each other."""


class TokenCounter:
    """Counts the tokens of prompts.

    Args:
        tokenizer: folder or hub name of a tokenizer; None to estimate.
        chat: whether prompts are sent as messages.
        extra_bytes: what else each request carries to the model, such as a JSON schema.

    Raises:
        TeacherUnavailable: there is no such tokenizer.
    """

    def __init__(
        self, tokenizer: str | None = None, *, chat: bool = True, extra_bytes: int = 0
    ) -> None:
        self._tokenizer: Any = None if tokenizer is None else _load(tokenizer)
        self._chat = chat
        self._extra = extra_bytes
        self._count = lru_cache(maxsize=REMEMBERED)(self._text_tokens)

    @property
    def exact(self) -> bool:
        """Whether a tokenizer counts."""
        return self._tokenizer is not None

    def estimate(self, prompt: Prompt) -> int:
        """Tokens of a prompt, by the tokenizer or a little above what is usual."""
        text, messages = _sent(prompt, self._chat)
        count = self._count(text) if self.exact else -(-len(text.encode()) // BYTES_PER_TOKEN)
        return count + messages * TEMPLATE_TOKENS

    def at_most(self, prompt: Prompt) -> int:
        """Tokens that a prompt cannot have more of."""
        text, messages = _sent(prompt, self._chat)
        count = len(text.encode()) + self._extra
        return count + messages * MOST_TEMPLATE_TOKENS + MOST_OTHER_TOKENS

    def _text_tokens(self, text: str) -> int:
        return len(self._tokenizer.encode(text, add_special_tokens=True))


def _sent(prompt: Prompt, chat: bool) -> tuple[str, int]:
    """The text of a prompt, and how many messages it is."""
    # The opening of the answer is a message too.
    return prompt.text, len(prompt.turns) + 2 if chat else 0


def _load(name: str) -> Any:
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(name)
    except (OSError, ValueError, KeyError, ImportError):
        raise TeacherUnavailable(
            f"tokenizer={name[:80]!r} is not there: give the folder or hub name of one"
        ) from None
