"""What a search and whoever runs it say to each other: calls, replies, and what was found.

A search of one hand is a generator. It yields the calls that it needs next, all at once, and is
sent a reply to each, in order; it returns what it `Found`. So any number of hands can be searched
in lock-step, and every level of all of them is one batch for the model. Where a hand's tokens are
used up `BudgetSpent` is raised inside it at the point where it waits, and it ends with what it has.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import NamedTuple

from tot24_bench.prompts import Prompt
from tot24_bench.search.tree import SearchTree


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the model: a response to a prompt, or the likelihoods of some words after it.

    Two equal calls are the same request, whoever makes them: it is asked once.
    """

    prompt: Prompt
    kind: str  # `propose`, `value`, `value_at_once`, `answer`, or a prompting method: its limit
    temperature: float = 0.0
    draw: str = ""  # which draw, where it is sampled: other draws of a prompt are other calls
    after: str = ""  # text that the response goes on from
    words: tuple[str, ...] = ()  # continuations whose log-likelihoods are asked; else a response


class Reply(NamedTuple):
    """What the model gave."""

    text: str
    likelihoods: tuple[float, ...]  # log-likelihoods of `Call.words`, natural logarithms
    prompt_tokens: int | None  # None where nobody can count
    completion_tokens: int | None


class BudgetSpent(Exception):
    """The hand's tokens do not allow for another call."""


@dataclass(slots=True)
class Found:
    """What a search ended with."""

    finals: list[str]  # responses, the one that the search ranks first in front; never empty
    states: int  # different states visited
    tree: SearchTree | None = None
    dropped: int = 0  # proposals that were no valid thought
    unjudged: int = 0  # judgements that were none of the words
    symbolic: bool = False  # whether code did part of the arithmetic
    oracle: bool = False  # whether a right answer was used to stop or to choose
    right: list[bool] = field(default_factory=list)  # of the finals, once they are scored


Search = Generator[list[Call], list[Reply], Found]
"""A search of one hand."""
