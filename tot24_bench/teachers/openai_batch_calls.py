"""The calls of a batch: which samples of which prompt each one asks for, and the id that says so.

An id spells the hand, the target, the rule, the method, the prompt's hash and the samples, so that
a result file alone tells what was asked, and `transcripts` reads the hand from it:

>>> from tot24_bench.game import Puzzle
>>> from tot24_bench.prompts import build
>>> prompt = build("io", Puzzle.parse("8 4 6 4"), shots=0)
>>> [call.name for call in calls_of([Request(prompt, i) for i in (0, 1, 2, 5)], most=8)]
['tot24/8-4-6-4/24/all/io/dbed91b1aea5/0-2', 'tot24/8-4-6-4/24/all/io/dbed91b1aea5/5']
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tot24_bench.teachers.teacher import Request

HASH_DIGITS = 12
"""Hexadecimal digits of a prompt's hash in an id: 48 bits tell the prompts of a file apart."""

MAX_SAMPLES = 128
"""Samples of one call: OpenAI's largest `n`."""

MAX_NAME_CHARS = 300
"""Characters of an id of ours: twelve numbers of ten digits take 131 of them."""

_NAME = re.compile(
    r"(tot24/[0-9]{1,10}(?:-[0-9]{1,10}){0,11}/-?[0-9]{1,10}/(?:all|some)/[a-z_]{1,40}"
    rf"/[0-9a-f]{{{HASH_DIGITS}}})/([0-9]{{1,6}})(?:-([0-9]{{1,6}}))?",
    re.ASCII,
)


class Samples(NamedTuple):
    """What an id says: consecutive samples of one question.

    Attributes:
        question: the hand, target, rule, method and hash of the prompt, as the id spells them.
        first: the number of the first sample.
        size: how many samples there are.
    """

    question: str
    first: int
    size: int

    @property
    def name(self) -> str:
        """The id."""
        last = self.first + self.size - 1
        return f"{self.question}/{self.first}" + (f"-{last}" if self.size > 1 else "")

    @property
    def each(self) -> Iterator[tuple[str, int]]:
        """Every question and sample."""
        return ((self.question, self.first + i) for i in range(self.size))


class Call(NamedTuple):
    """One line of a batch's input.

    Attributes:
        requests: the samples that it asks for, in order; all have one prompt.
    """

    requests: tuple[Request, ...]

    @property
    def name(self) -> str:
        """The id, OpenAI's `custom_id`."""
        first = self.requests[0]
        return Samples(question_of(first), first.sample, len(self.requests)).name


def calls_of(requests: Iterable[Request], most: int) -> list[Call]:
    """Calls that ask for all requests, each for consecutive samples of one prompt.

    Args:
        requests: samples of one prompt are adjacent.
        most: samples of a call, at most.
    """
    most = min(most, MAX_SAMPLES)
    calls: list[Call] = []
    run: list[Request] = []
    for request in requests:
        if run and (
            len(run) >= most
            or request.prompt != run[-1].prompt
            or request.sample != run[-1].sample + 1
        ):
            calls.append(Call(tuple(run)))
            run = []
        run.append(request)
    return [*calls, Call(tuple(run))] if run else calls


def question_of(request: Request) -> str:
    """What is asked, without the number of the sample."""
    puzzle, prompt = request.puzzle, request.prompt
    numbers = "-".join(map(str, puzzle.numbers))
    asked = f"{numbers}/{puzzle.target}/{puzzle.rule}/{prompt.method}"
    return f"tot24/{asked}/{prompt.sha256[:HASH_DIGITS]}"


def samples_of(name: object) -> Samples | None:
    """What an id asks for; None where it is not one of ours.

    >>> samples_of("tot24/4-4-6-8/24/all/io/dbed91b1aea5/0-7")
    Samples(question='tot24/4-4-6-8/24/all/io/dbed91b1aea5', first=0, size=8)
    >>> samples_of("request-1"), samples_of("tot24/4-4-6-8/24/all/io/dbed91b1aea5/7-0")
    (None, None)
    """
    if not isinstance(name, str) or len(name) > MAX_NAME_CHARS:
        return None
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    first, last = int(found[2]), int(found[3] or found[2])
    samples = Samples(found[1], first, last - first + 1)
    return samples if 1 <= samples.size <= MAX_SAMPLES and samples.name == name else None
