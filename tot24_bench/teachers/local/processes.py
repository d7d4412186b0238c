"""Share a teacher's batches among the processes that torchrun starts.

    torchrun --nproc_per_node 2 -m ...

The first process takes requests, gives every process its batches, and alone has the responses; the
others `serve` until the first releases them. Only plain objects go between them, over gloo, so
that it is the same on CPUs and GPUs.

>>> Processes().count, Processes().first
(1, True)
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, TypeVar

from tot24_bench.teachers.teacher import TeacherUnavailable

_In = TypeVar("_In")
_Out = TypeVar("_Out")

PATIENCE = timedelta(days=1)
"""How long a process waits for the first: that one waits for whoever takes its responses."""


class Processes:
    """The processes of one run, as torchrun's environment variables tell; one without them."""

    def __init__(self) -> None:
        self.count = int(os.environ.get("WORLD_SIZE", "1"))
        self.rank = int(os.environ.get("RANK", "0"))
        self.local_rank = int(os.environ.get("LOCAL_RANK", "0"))
        self._released = False

    @property
    def first(self) -> bool:
        """Whether this is the process that asks and records; the others serve."""
        return self.rank == 0

    def share(self, jobs: Sequence[_In], work: Callable[[_In], _Out]) -> list[_Out]:
        """Every job's result, in order; the first process calls it, with at most `count` jobs.

        Raises:
            TeacherUnavailable: another process failed, or has gone; or all were released.
        """
        if self.count == 1:
            return [work(job) for job in jobs]
        if self._released:
            raise TeacherUnavailable("the other processes have ended: ask once in each torchrun")
        jobs = [*jobs]
        self._broadcast(jobs)
        mine, error = _try(work, jobs[0]) if jobs else (None, None)
        results = self._gather((mine, None if error is None else _says(error)))
        if error is not None:
            raise error
        for rank, (_, fault) in enumerate(results):
            if fault is not None:
                raise TeacherUnavailable(f"process {rank} failed: {fault}")
        return [result for result, _ in results[: len(jobs)]]

    def serve(self, work: Callable[[Any], Any]) -> None:
        """Work on what the first process shares until it releases this one.

        Raises:
            TeacherUnavailable: the first process has gone.
        """
        while (jobs := self._broadcast(None)) is not None:
            mine, error = _try(work, jobs[self.rank]) if self.rank < len(jobs) else (None, None)
            self._gather((mine, None if error is None else _says(error)))
        self._leave()

    def release(self) -> None:
        """Let the others go; the first process calls it, any number of times."""
        if self.count == 1 or self._released or not self.first:
            return
        self._released = True
        with suppress(TeacherUnavailable):  # who has gone need not be told
            self._broadcast(None)
        self._leave()

    def _broadcast(self, jobs: list[Any] | None) -> list[Any] | None:
        dist = self._join()
        box = [jobs]
        try:
            dist.broadcast_object_list(box, src=0)
        except RuntimeError as error:
            raise TeacherUnavailable(f"another process has gone: {_says(error)}") from None
        return box[0]

    def _gather(self, result: tuple[Any, str | None]) -> list[tuple[Any, str | None]]:
        dist = self._join()
        results: list[Any] = [None] * self.count
        try:
            dist.gather_object(result, results if self.first else None, dst=0)
        except RuntimeError as error:
            raise TeacherUnavailable(f"another process has gone: {_says(error)}") from None
        return results

    def _join(self) -> Any:
        import torch.distributed as dist

        if not dist.is_initialized():
            dist.init_process_group("gloo", timeout=PATIENCE)
        return dist

    def _leave(self) -> None:
        import torch.distributed as dist

        if dist.is_initialized():
            dist.destroy_process_group()


def _try(work: Callable[[_In], _Out], job: _In) -> tuple[_Out | None, BaseException | None]:
    """The result or the error, so that a process that fails still meets the others."""
    try:
        return work(job), None
    except BaseException as error:
        return None, error


def _says(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else ''}"[:200]
