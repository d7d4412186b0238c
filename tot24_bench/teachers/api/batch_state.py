"""Which batches are under way: a small file beside the traces, so that any run can be gone on with.

A batch is noted with a key of our own before it is made at the provider, and with its id after. A
batch that has a key and no id was cut off in between: the provider's list tells whether it exists.
The file is replaced as a whole and never half written. It holds no key, no address and no prompt.

Each call of a batch has an id that spells the hand, the target, the rule, the method, the prompt's
hash and the samples, so that a result file alone tells what was asked, and `transcripts` reads the
hand from it:

>>> from tot24_bench.game import Puzzle
>>> from tot24_bench.prompts import build
>>> prompt = build("io", Puzzle.parse("8 4 6 4"), shots=0)
>>> [call_id(call) for call in calls_of([Request(prompt, i) for i in (0, 1, 2, 5)], most=8)]
['tot24/8-4-6-4/24/all/io/dbed91b1aea5/0-2', 'tot24/8-4-6-4/24/all/io/dbed91b1aea5/5']
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from tot24_bench.files import write_durably
from tot24_bench.schema import Count, Name, first_fault
from tot24_bench.teachers.api.money import Charge
from tot24_bench.teachers.teacher import Request, TeacherInfo, TeacherUnavailable

FORMAT: Literal["tot24-batches/1"] = "tot24-batches/1"

HASH_DIGITS = 12
"""Hexadecimal digits of a prompt's hash in an id: 48 bits tell the prompts of a file apart."""

MAX_SAMPLES = 128
"""Samples of one call: OpenAI's largest `n`."""

_ID = re.compile(
    r"(tot24/[0-9]{1,10}(?:-[0-9]{1,10}){0,11}/-?[0-9]{1,10}/(?:all|some)/[a-z_]{1,40}"
    rf"/[0-9a-f]{{{HASH_DIGITS}}})/([0-9]{{1,6}})(?:-([0-9]{{1,6}}))?",
    re.ASCII,
)

Sample = tuple[str, int]
"""What is asked, as ids spell it, and the number of the sample."""


def sample_of(request: Request) -> Sample:
    """What a request asks for."""
    puzzle, prompt = request.puzzle, request.prompt
    numbers = "-".join(map(str, puzzle.numbers))
    asked = f"{numbers}/{puzzle.target}/{puzzle.rule}/{prompt.method}"
    return f"tot24/{asked}/{prompt.sha256[:HASH_DIGITS]}", request.sample


def calls_of(requests: Iterable[Request], most: int) -> list[list[Request]]:
    """Calls that ask for all requests, each for consecutive samples of one prompt.

    Args:
        requests: samples of one prompt are adjacent.
        most: samples of a call, at most.
    """
    calls: list[list[Request]] = []
    for request in requests:
        last = calls[-1] if calls else []
        if (
            last
            and len(last) < min(most, MAX_SAMPLES)
            and (request.prompt, request.sample) == (last[-1].prompt, last[-1].sample + 1)
        ):
            last.append(request)
        else:
            calls.append([request])
    return calls


def call_id(call: Sequence[Request]) -> str:
    """The id of a call, OpenAI's `custom_id`."""
    return _spelt(*sample_of(call[0]), len(call))


def _spelt(question: str, first: int, size: int) -> str:
    return f"{question}/{first}" + (f"-{first + size - 1}" if size > 1 else "")


def samples_of(id: str) -> list[Sample]:
    """The consecutive samples that a call asks for; none where the id is not one of ours.

    >>> samples_of("tot24/4-4-6-8/24/all/io/dbed91b1aea5/6-7")
    [('tot24/4-4-6-8/24/all/io/dbed91b1aea5', 6), ('tot24/4-4-6-8/24/all/io/dbed91b1aea5', 7)]
    >>> samples_of("request-1"), samples_of("tot24/4-4-6-8/24/all/io/dbed91b1aea5/7-0")
    ([], [])
    """
    found = _ID.fullmatch(id)
    if found is None:
        return []
    first, last = int(found[2]), int(found[3] or found[2])
    ours = last - first < MAX_SAMPLES and id == _spelt(found[1], first, last - first + 1)
    return [(found[1], number) for number in range(first, last + 1)] if ours else []


def ids_of(samples: set[Sample]) -> list[str]:
    """Samples as ids of consecutive ones.

    >>> ids_of({("q", 0), ("q", 1), ("q", 4), ("p", 2)})
    ['p/2', 'q/0-1', 'q/4']
    """
    runs = groupby(enumerate(sorted(samples)), lambda pair: (pair[1][0], pair[1][1] - pair[0]))
    each = [[sample for _, sample in run] for _, run in runs]
    return [_spelt(*run[0], len(run)) for run in each]


class OpenBatch(BaseModel):
    """A batch whose answers have not all been given.

    Attributes:
        key: what its metadata says, made here; None of a batch that was adopted by its id.
        id: the provider's id; None until the provider has said it.
        noted: when it was noted, in UTC.
        ended: whether the provider has finished with it; what is left is in its result file.
        unread: whether its result could not be read whole once: it is fetched a second time.
        calls: the ids of the calls that have not been settled.
        worst_tokens: tokens that it may take at most.
        worst_cost: US dollars that it may cost at most.
    """

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    key: Name | None
    id: Name | None = None
    noted: AwareDatetime
    ended: bool = False
    unread: bool = False
    calls: list[Name]
    worst_tokens: Count = 0
    worst_cost: Annotated[Decimal, Field(ge=0)] = Decimal(0)

    @property
    def pending(self) -> set[Sample]:
        """The samples that its calls ask for."""
        return {sample for call in self.calls for sample in samples_of(call)}

    @property
    def most(self) -> Charge:
        """What it may take at most."""
        return Charge(self.worst_tokens, self.worst_cost)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    format: Literal["tot24-batches/1"]
    teacher: TeacherInfo
    server: str
    batches: list[OpenBatch]


class BatchState:
    """The batches of one trace file.

    Attributes:
        path: the file, which exists only while there is something to keep.
        batches: in the order in which they were made.
    """

    def __init__(self, path: Path, teacher: TeacherInfo, base_url: str) -> None:
        """Read what is there.

        Args:
            path: the file.
            teacher: who is asked; a file of another teacher or other settings is refused.
            base_url: the server, of which only a hash is kept.

        Raises:
            TeacherUnavailable: a file that cannot be gone on with; names the fix.
            OSError: it cannot be read.
        """
        self.path = path
        self.batches: list[OpenBatch] = []
        self._teacher = teacher
        self._server = hashlib.sha256(base_url.rstrip("/").encode()).hexdigest()[:16]
        if not path.exists():
            return
        try:
            file = _File.model_validate_json(path.read_bytes())
        except ValidationError as error:
            where, fault = first_fault(error)
            raise TeacherUnavailable(
                f"{path}: no list of batches: {where}: {fault}: move it away, and give the batches "
                "that it named with --teacher_args batch_id=ID"
            ) from None
        other = _difference(file.teacher, teacher)
        if not other and file.server != self._server:
            other = "another server"
        if other:
            raise TeacherUnavailable(
                f"{path}: its batches were asked with {other}: give the settings of that command "
                "to fetch them, another -o to ask anew, or delete the file to give them up"
            )
        self.batches = file.batches

    def save(self) -> None:
        """Write the file through to the disk, or remove it where nothing is left to keep.

        Raises:
            OSError: it cannot be written.
        """
        if not self.batches:
            self.path.unlink(missing_ok=True)
            return
        file = _File(
            format=FORMAT, teacher=self._teacher, server=self._server, batches=self.batches
        )
        write_durably(self.path, file.model_dump_json(indent=1))

    def add(self, batch: OpenBatch) -> None:
        """Note a batch, and save."""
        self.batches.append(batch)
        self.save()

    def remove(self, batch: OpenBatch) -> None:
        """Forget a batch, and save."""
        self.batches = [other for other in self.batches if other is not batch]
        self.save()


def _difference(then: TeacherInfo, now: TeacherInfo) -> str:
    old = {"model": then.model, "teacher": then.kind, **then.settings}
    new = {"model": now.model, "teacher": now.kind, **now.settings}
    for name in [*old, *new]:
        if old.get(name) != new.get(name):
            return f"{name} {str(old.get(name))[:40]}, not {str(new.get(name))[:40]}"
    return ""
