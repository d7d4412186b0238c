"""Which batches are under way: a small file beside the traces, so that any end can be gone on from.

A batch is noted with a key of our own before it is made at the provider, and with its id after. A
batch that has a key and no id was cut off in between: the provider's list tells whether it exists.
The file is replaced as a whole and never half written. It holds no key, no address and no prompt.
"""

from __future__ import annotations

import hashlib
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from tot24_bench.files import write_durably
from tot24_bench.schema import Count, Name
from tot24_bench.teachers.openai_batch_calls import samples_of
from tot24_bench.teachers.teacher import TeacherInfo, TeacherUnavailable

FORMAT: Literal["tot24-batches/1"] = "tot24-batches/1"

MAX_STATE_BYTES = 2**30
"""Bytes of a state file; a million calls take 60 MB."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", validate_assignment=True)


class OpenBatch(_Model):
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

    key: Name | None
    id: Name | None = None
    noted: AwareDatetime
    ended: bool = False
    unread: bool = False
    calls: list[Name]
    worst_tokens: Count = 0
    worst_cost: Annotated[Decimal, Field(ge=0)] = Decimal(0)

    @property
    def pending(self) -> set[tuple[str, int]]:
        """The samples that its calls ask for."""
        asked = (samples for samples in map(samples_of, self.calls) if samples is not None)
        return {sample for samples in asked for sample in samples.each}


class _File(_Model):
    format: str
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
        if path.exists():
            self.batches = self._read().batches

    def _read(self) -> _File:
        if self.path.stat().st_size > MAX_STATE_BYTES:
            raise TeacherUnavailable(f"{self.path}: too long for a list of batches: move it away")
        try:
            file = _File.model_validate_json(self.path.read_bytes())
        except ValidationError as error:
            fault = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, fault["loc"])) or "the file"
            raise TeacherUnavailable(
                f"{self.path}: no list of batches: {where}: {fault['msg']}: move it away, and give "
                "the batches that it named with --teacher_args batch_id=ID"
            ) from None
        if file.format != FORMAT:
            raise TeacherUnavailable(
                f"{self.path}: of the schema {file.format[:40]!r}, not {FORMAT}"
            )
        other = _difference(file.teacher, self._teacher)
        if not other and file.server != self._server:
            other = "another server"
        if other:
            raise TeacherUnavailable(
                f"{self.path}: its batches were asked with {other}: give the settings of that "
                "command to fetch them, another -o to ask anew, or delete the file to give them up"
            )
        return file

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
