"""Traces as a test needs them: real prompts, real scores, a teacher that exists."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tot24_bench.game import Puzzle
from tot24_bench.prompts import build
from tot24_bench.scoring import score
from tot24_bench.teachers import Finish, Reply, Request, TeacherInfo, Usage
from tot24_bench.traces import Trace

MakeTrace = Callable[..., Trace]

RIGHT = "Steps:\n4 + 8 = 12 (left: 4 6 12)\n6 - 4 = 2 (left: 2 12)\n2 * 12 = 24 (left: 24)\n"
RIGHT += "Answer: (6 - 4) * (4 + 8) = 24"


@pytest.fixture
def make_trace() -> MakeTrace:
    """Makes a trace; by default of the hand 4 4 6 8, answered rightly."""

    def make(
        hand: str = "4 4 6 8",
        response: str = RIGHT,
        sample: int = 0,
        *,
        method: str = "onestep_tot",
        shots: int = 0,
        variant: str = "default",
        teacher: TeacherInfo | None = None,
        finish: Finish = Finish.STOP,
        usage: Usage | None = None,
    ) -> Trace:
        puzzle = Puzzle.parse(hand)
        request = Request(build(method, puzzle, shots=shots, variant=variant), sample)
        reply = Reply(request, response, finish, usage or Usage())
        teacher = teacher or TeacherInfo(kind="openai", model="gpt-4o", settings={"seed": 0})
        worth = score(puzzle, response, truncated=finish is Finish.LENGTH)
        return Trace.of(reply, teacher, worth, datetime(2026, 11, 1, tzinfo=UTC))

    return make
