r"""Plain records, for whoever writes their own, and any others whose fields the user names.

{"numbers": [4, 4, 6, 8], "response": "Answer: (6 - 4) * (4 + 8) = 24"}
{"numbers": "4 4 6 8", "response": ["...", "..."], "target": 24}

A field of others is named by a path: `--hand-key doc.hand --response-key choices.message.content`.
A step is a key or a place in a list; any other step into a list goes into each of its elements.
Where a list stands on the way to the hand, each of its elements is a record: one object may hold a
whole run.

>>> run = {"model": "m", "rows": [{"hand": "4 4 6 8", "out": [{"text": "a"}, {"text": "b"}]}]}
>>> keys = Keys("rows.hand", "rows.out.text")
>>> [keys.read(one, 1).responses for one in one_each(run, keys.hand)]
[('a', 'b')]
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tot24_bench.transcripts.fields import (
    Record,
    asked_in,
    names_of,
    puzzle_of,
    texts_of,
    verdicts_of,
)
from tot24_bench.transcripts.rollouts import BadRecord, BadTranscript, Rollouts

PLAIN = '{"numbers": [4, 4, 6, 8], "response": "Answer: (6 - 4) * (4 + 8) = 24"}'
"""A record as anybody can write it."""


def is_plain(record: Record) -> bool:
    """Whether a record has the two fields of a plain one."""
    return "numbers" in record and "response" in record


def read_plain(record: Record, line: int) -> Rollouts:
    """A plain record."""
    puzzle = puzzle_of(record.get("numbers"), record.get("target"), record.get("rule"))
    return Rollouts.bare(puzzle, texts_of(record.get("response"), "the response"), line)


MAX_STEPS = 32
"""Steps of a path; the records of the widest API nest a response 8 deep."""


class Keys(NamedTuple):
    """The fields of records of no known format.

    Attributes:
        hand: the path of the hand: its numbers, or a question or messages that show it as
            `Input: 4 4 6 8`.
        response: the path of the response, of a list of them, or of the messages.
        target: the path of the target; None where it is 24 or stands with the hand.
    """

    hand: str
    response: str
    target: str | None = None

    def check(self) -> None:
        """Refuse paths of more than MAX_STEPS.

        Raises:
            BadTranscript: names the option.
        """
        for name, path in self._asdict().items():
            if path is not None and (steps := path.count(".") + 1) > MAX_STEPS:
                raise BadTranscript(
                    f"--{name}-key has {steps} steps: a path has at most {MAX_STEPS}, such as "
                    "doc.hand"
                )

    def read(self, record: Record, line: int) -> Rollouts:
        """A record of `one_each`.

        Raises:
            BadRecord: a field is missing, or holds something else.
        """
        target = None if self.target is None else _at(record, self.target)
        puzzle = asked_in(_at(record, self.hand), target)
        responses = texts_of(_at(record, self.response), self.response)
        found = Rollouts.bare(puzzle, responses, line)
        return found._replace(judged=self._judged(record, len(responses)))

    def _judged(self, record: Record, count: int) -> tuple[bool | None, ...]:
        """The record's own verdicts: they stand beside the response, or further up."""
        steps = self.response.split(".")
        for depth in range(len(steps) - 1, -1, -1):
            try:
                judge = _at(record, ".".join(steps[:depth])) if depth else record
            except BadRecord:  # the dot is a part of the key
                continue
            if isinstance(judge, list) and len(judge) == count:
                judged = tuple(
                    verdicts_of(one, 1)[0] if isinstance(one, dict) else None for one in judge
                )
            else:
                judged = verdicts_of(judge, count) if isinstance(judge, dict) else ()
            if any(one is not None for one in judged):
                return judged
        return (None,) * count


def one_each(record: Record, path: str) -> Iterator[Record]:
    """The record once for each element of the lists of objects on the way to a path's last step.

    Each has the element in the list's place; nothing else is copied.
    """
    head, dot, rest = path.partition(".")
    inner = record.get(head) if dot and path not in record else None
    in_list = isinstance(inner, list) and not _is_place(rest.partition(".")[0])
    if in_list and inner and all(isinstance(one, dict) for one in inner):
        for one in inner:
            yield from ({**record, head: part} for part in one_each(one, rest))
    elif isinstance(inner, dict):
        yield from ({**record, head: part} for part in one_each(inner, rest))
    else:
        yield record


def _is_place(step: str) -> bool:
    return step.isdecimal() and step.isascii() and len(step) < 10


def _at(value: object, path: str) -> object:
    """What stands at a path.

    Raises:
        BadRecord: nothing does; the message names the fields that are there.
    """
    head, _, rest = path.partition(".")
    if isinstance(value, list):
        if _is_place(head) and int(head) < len(value):
            return _at(value[int(head)], rest) if rest else value[int(head)]
        if all(isinstance(one, dict) for one in value):
            return [_at(one, path) for one in value]
    if isinstance(value, dict):
        if path in value:
            return value[path]
        if rest and head in value:
            return _at(value[head], rest)
        raise BadRecord(f"no field {path[:60]!r}: there are {names_of(value) or 'none'}")
    raise BadRecord(f"no field {path[:60]!r}: the value before it holds none")
