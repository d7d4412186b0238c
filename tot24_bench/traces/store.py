"""A trace, one response of a teacher, and the file that traces are kept in.

A trace holds what was asked, what came back, what that took and what it is worth. The score is of
the time of recording; filters score again, so that an old file meets today's rules.

    with TraceFile.open(Path("traces.jsonl")) as file:
        if not file.has(trace.asked):
            file.append(trace)

A trace file is JSON Lines, one trace a line, and only ever appended to. A trace is one write of one
whole line. Whatever ends the process, the lines before stay as they are; a last line that was cut
off is taken away when the file is opened again, for nobody was told that it is recorded. One
process at a time may append: a second one is refused by a lock. Another schema, or a line in the
middle that is no trace, is refused, never skipped.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

from filelock import FileLock, Timeout
from pydantic import AwareDatetime, Field, ValidationError

from tot24_bench.game import Hand, Puzzle
from tot24_bench.schema import Count, Encodable, Name, Record, Sha256, first_fault
from tot24_bench.scoring import Score
from tot24_bench.teachers import Finish, Reply, Setting, TeacherInfo, Usage, teacher_name

FORMAT: Literal["tot24-trace/1"] = "tot24-trace/1"
"""Names the fields below; another number is another set of them."""

MAX_SAMPLES = 100_000  # samples of one hand

MAX_KEPT_CHARS = 2 * 10**6
"""Characters of a response that are kept: twice what is scored. What is longer is cut off there and
counts as cut off: a line of a file stays readable."""

MAX_LINE_BYTES = 2**24  # bytes of a line: ten times the longest response that is scored

LAZY_SYNC_SECONDS = 1.0
"""How long a record may be in the system's memory alone, where its loss costs nothing but time."""

_BEGINNING = f'{{"format":"{FORMAT}"'.encode()  # how every line begins that this module wrote

Asked = tuple[tuple[Hand, int, str], int]
"""What a trace answers: the puzzle's identity, however dealt, and the number of the sample."""


class Trace(Record):
    """One response, as it is kept."""

    format: Literal["tot24-trace/1"] = FORMAT
    puzzle: Puzzle  # the hand as the prompt showed it
    sample: Annotated[int, Field(ge=0, lt=MAX_SAMPLES)]  # which of the hand's samples, from 0
    method: Name  # the prompting method: one of `prompts.ALL_METHODS`
    variant: Name  # of the prompt's exemplars
    shots: Count | None  # exemplars in the prompt; None, as its hash, where it is not ours
    prompt_sha256: Sha256 | None
    teacher: TeacherInfo  # who answered, with its sampling settings
    response: Annotated[Encodable, Field(max_length=MAX_KEPT_CHARS)]
    finish: Finish  # why the response ends
    usage: Usage
    score: Score  # what the response was worth when it was recorded
    recorded: AwareDatetime
    details: dict[str, Setting] = Field(default_factory=dict)  # the model's snapshot, an id, ...

    @classmethod
    def of(cls, reply: Reply, teacher: TeacherInfo, score: Score, recorded: datetime) -> Trace:
        """The trace of a reply."""
        prompt = reply.request.prompt
        return cls(
            puzzle=prompt.puzzle,
            sample=reply.request.sample,
            method=prompt.method,
            variant=prompt.variant,
            shots=prompt.shots,
            prompt_sha256=prompt.sha256,
            teacher=teacher,
            response=reply.text[:MAX_KEPT_CHARS],
            finish=Finish.LENGTH if len(reply.text) > MAX_KEPT_CHARS else reply.finish,
            usage=reply.usage,
            score=score,
            recorded=recorded,
            details=reply.details,
        )

    @property
    def asked(self) -> Asked:
        """What it answers."""
        return self.puzzle.identity, self.sample


def label_of(teacher: TeacherInfo) -> str:
    """How tables and rows name a teacher."""
    return teacher_name(f"{teacher.kind}: {teacher.model}")


class BadTraceFile(ValueError):
    """A file that is no trace file, or holds other traces than wanted; the message says which."""


class TraceFileBusy(ValueError):
    """Another process appends to the file."""


class Setup(NamedTuple):
    """What all traces of a file have in common: how the teacher was asked."""

    method: str
    variant: str
    shots: int | None
    teacher: TeacherInfo

    @classmethod
    def of(cls, trace: Trace) -> Setup:
        """How a trace was asked for."""
        return cls(trace.method, trace.variant, trace.shots, trace.teacher)

    def difference(self, other: Setup) -> str:
        """The first thing in which an unequal setup differs, for a message."""
        here, there = self._fields_by_name(), other._fields_by_name()
        name = next(name for name in {**here, **there} if here.get(name) != there.get(name))
        both = (here.get(name), there.get(name))
        mine, theirs = ("nothing" if one is None else str(one)[:60] for one in both)
        return f"{name} {mine}, not {theirs}"

    def _fields_by_name(self) -> dict[str, Any]:
        teacher = self.teacher.to_json()
        asked = {"method": self.method, "variant": self.variant, "shots": self.shots}
        return {**asked, **teacher.pop("settings"), **teacher}


class Totals(NamedTuple):
    """What the traces of a file took together, as far as it is known."""

    traces: int = 0
    right: int = 0  # when they were recorded
    tokens: int = 0
    cost: Any = 0  # US dollars
    unpriced: int = 0  # traces that took tokens and have no cost

    def plus(self, trace: Trace) -> Totals:
        """The same with one more trace."""
        usage = trace.usage
        tokens = (usage.prompt_tokens or 0) + (usage.completion_tokens or 0)
        return Totals(
            self.traces + 1,
            self.right + trace.score.correct,
            self.tokens + tokens,
            self.cost + (usage.cost or 0),
            self.unpriced + (tokens > 0 and usage.cost is None),
        )


class TraceFile:
    """A trace file that this process alone appends to; a context manager."""

    def __init__(self, path: Path, sync_seconds: float = 0.0) -> None:
        self.path = path
        self.setup: Setup | None = None  # of its traces; None while there are none
        self.totals = Totals()  # of its traces
        self.repaired_bytes = 0  # length of a cut-off last line that was taken away when opened
        self._sync_seconds = sync_seconds
        self._synced_at = time.monotonic()
        # Samples recorded of each puzzle as the bits of an integer: a million traces fit easily.
        self._recorded: Counter[tuple[Hand, int, str]] = Counter()
        self._lock = FileLock(f"{path}.lock", timeout=0)
        self._descriptor = -1
        self._made = False

    @classmethod
    def open(cls, path: Path, *, sync_seconds: float = 0.0) -> Self:
        """Lock a file, make it where there is none, mend its end, and learn what it holds.

        A record may wait `sync_seconds` until it is forced onto the disk: 0 forces every record,
        for answers that cost money.

        Raises:
            TraceFileBusy: another process appends to it.
            BadTraceFile: it holds something else than traces of one setup.
        """
        if not path.parent.is_dir():
            raise BadTraceFile(f"no folder {path.parent}: make it, or give another -o")
        if path.exists() and not path.is_file():
            raise BadTraceFile(f"{path} is not a file: give another -o")
        file = cls(path, sync_seconds)
        try:
            file._lock.acquire()
            file._made = not path.exists()
            file._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            _lock(file._descriptor)
            file._learn()
        except (Timeout, BlockingIOError):
            file.close()
            raise TraceFileBusy(
                f"{path} is being written by another process: wait for it, or give another -o"
            ) from None
        except BaseException:
            file.close()
            raise
        return file

    def has(self, asked: Asked) -> bool:
        """Whether the answer to a request is recorded."""
        puzzle, sample = asked
        return bool(self._recorded[puzzle] >> sample & 1)

    def require(self, setup: Setup) -> None:
        """Refuse to add traces of another setup than those in the file: names what differs."""
        if self.setup is not None and self.setup != setup:
            raise BadTraceFile(
                f"{self.path} holds traces of {self.setup.difference(setup)}: give another -o, or "
                "ask as it was asked"
            )

    def append(self, trace: Trace) -> None:
        """Record one trace: after this returns, no kill of the process loses it.

        Raises:
            BadTraceFile: a trace of another setup, or one that is recorded already.
            OSError: the disk is full; the file then ends with the trace before.
        """
        self.require(Setup.of(trace))
        if self.has(trace.asked):
            raise BadTraceFile(f"{self.path} already holds sample {trace.sample} of this hand")
        line = trace.model_dump_json().encode() + b"\n"
        if len(line) > MAX_LINE_BYTES:
            raise BadTraceFile(
                f"a trace of {len(line)} bytes is longer than any: bound responses before they are "
                "recorded"
            )
        self._write(line)
        self._note(trace)

    def add_missing(self, trace: Trace) -> bool:
        """Record a trace unless its sample is recorded; whether it was. Raises as `append`."""
        self.require(Setup.of(trace))
        if self.has(trace.asked):
            return False
        self.append(trace)
        return True

    def close(self) -> None:
        """Force what is recorded onto the disk and let others append."""
        if self._descriptor >= 0:
            self._sync()
            if self._made and os.fstat(self._descriptor).st_size == 0:
                self.path.unlink(missing_ok=True)  # a command that failed leaves nothing behind
            os.close(self._descriptor)
            self._descriptor = -1
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _sync(self) -> None:
        os.fsync(self._descriptor)
        self._synced_at = time.monotonic()

    def _write(self, line: bytes) -> None:
        end = os.fstat(self._descriptor).st_size
        try:
            if os.write(self._descriptor, line) < len(line):  # a disk that fills up takes a part
                raise OSError("only a part of a trace could be written")
        except OSError as error:
            os.ftruncate(self._descriptor, end)
            raise OSError(
                f"{self.path}: {error.strerror or error}: what was recorded before is whole; make "
                "room, then the same command goes on"
            ) from error
        if time.monotonic() - self._synced_at >= self._sync_seconds:
            self._sync()

    def _learn(self) -> None:
        """Take in every whole line, then mend the end; what is not ours is refused unchanged."""
        for number, line, ended in _lines(self.path):
            if not ended:
                self._mend(line, number)
                return
            trace = _parsed(line, self.path, number)
            setup = Setup.of(trace)
            if self.setup is not None and self.setup != setup:
                raise BadTraceFile(
                    f"{self.path}: line {number} is a trace of "
                    f"{setup.difference(self.setup)}: give another -o"
                )
            if self.has(trace.asked):
                raise BadTraceFile(
                    f"{self.path}: line {number} repeats sample {trace.sample} of its hand"
                )
            self._note(trace)

    def _mend(self, torn: bytes, number: int) -> None:
        """Take a last line without its end away, or give it its end where nothing else lacks."""
        # After whole traces it is ours, whatever a power cut left of it.
        if number == 1 and not torn.startswith(_BEGINNING[: len(torn)]):
            raise BadTraceFile(
                f"{self.path}: line 1 is no trace of the schema {FORMAT}: give another -o"
            )
        try:
            trace = _parsed(torn, self.path, number)
        except BadTraceFile:
            os.ftruncate(self._descriptor, os.fstat(self._descriptor).st_size - len(torn))
            self.repaired_bytes = len(torn)
        else:
            os.write(self._descriptor, b"\n")
            self._note(trace)
        self._sync()

    def _note(self, trace: Trace) -> None:
        puzzle, sample = trace.asked
        self._recorded[puzzle] |= 1 << sample
        self.totals = self.totals.plus(trace)
        self.setup = self.setup or Setup.of(trace)


def read_traces(path: Path, size: int | None = None) -> Iterator[Trace]:
    """The traces of a file, or of its first `size` bytes; a cut-off last line is left out.

    A line that is no trace is a BadTraceFile.
    """
    for number, line, ended in _lines(path, size):
        try:
            yield _parsed(line, path, number)
        except BadTraceFile:
            if ended:
                raise


def _lock(descriptor: int) -> None:
    """Lock the file itself, whatever name it was opened by, where the system can."""
    if os.name == "posix":  # elsewhere the lock beside it must do
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _lines(path: Path, size: int | None = None) -> Iterator[tuple[int, bytes, bool]]:
    """The lines of a file with their numbers, from 1, and whether each has its end."""
    most = MAX_LINE_BYTES + 1
    with path.open("rb") as file:
        number = 0
        while line := file.readline(most if size is None else min(most, size - file.tell())):
            number += 1
            if len(line) > MAX_LINE_BYTES:
                raise BadTraceFile(f"{path}: line {number} is longer than any trace")
            yield number, line, line.endswith(b"\n")


def _parsed(line: bytes, path: Path, number: int) -> Trace:
    try:
        return Trace.model_validate_json(line)
    except ValidationError as error:
        where, what = first_fault(error, "the line")
    if where == "format":
        raise BadTraceFile(f"{path}: line {number} is of another schema than {FORMAT}")
    raise BadTraceFile(f"{path}: line {number} is no trace of the schema {FORMAT}: {where}: {what}")
