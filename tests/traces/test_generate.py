"""Generating: every answer recorded once, failures asked again, nothing scored that nobody said."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tot24_bench.game import Puzzle, load_split
from tot24_bench.teachers import BudgetSpent, Failure, Finish, Reply, Request, TeacherInfo, Usage
from tot24_bench.teachers.teacher import TeacherUnavailable
from tot24_bench.traces import Outcome, Trace, TraceFile, generate, read_traces, wanted
from tot24_bench.traces.store import BadTraceFile

HANDS = load_split("train")[:6]


@dataclass
class Scripted:
    """A teacher that does what a script says: "." answers, "x" fails, "!" is gone for good.

    Its answers name their hand and sample, so that a mix-up would show.
    """

    script: str = "."
    info: TeacherInfo = field(default_factory=lambda: TeacherInfo(kind="scripted", model="test"))
    asked: list[tuple[str, int]] = field(default_factory=list)
    closed: bool = False

    def ask(self, requests: Iterable[Request]) -> Generator[Reply | Failure]:
        try:
            for i, request in enumerate(requests):
                act = self.script[i % len(self.script)]
                self.asked.append((request.puzzle.text, request.sample))
                if act == "!":
                    raise TeacherUnavailable("gone")
                if act == "$":
                    raise BudgetSpent("no money left: raise --max-cost")
                if act == "x":
                    yield Failure(request, "HTTP 503", "the server is busy")
                elif act == "h":
                    yield Failure(request, "too long", "no server takes it", again=False)
                else:
                    finish = Finish.LENGTH if act == "l" else Finish.STOP
                    yield Reply(request, f"{request.puzzle.text} {request.sample}", finish)
        finally:
            self.closed = True


def run(path: Path, teacher: Scripted, samples: int = 2) -> Outcome:
    with TraceFile.open(path) as file:
        return generate(teacher, wanted(HANDS, "cot", samples=samples), file)


def recorded_in(path: Path) -> list[Trace]:
    """The traces of a file; none where there is no file, as after a run that recorded nothing."""
    return list(read_traces(path)) if path.exists() else []


def test_every_hand_and_sample_is_recorded_once(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    outcome = run(path, Scripted())
    assert outcome.recorded == 12
    recorded = [trace.response for trace in read_traces(path)]
    assert recorded == [f"{puzzle.text} {sample}" for puzzle in HANDS for sample in (0, 1)]
    again = Scripted()
    assert run(path, again).recorded == 0
    assert again.asked == []


def test_more_samples_ask_only_for_those(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    run(path, Scripted(), samples=2)
    more = Scripted()
    run(path, more, samples=3)
    assert more.asked == [(puzzle.text, 2) for puzzle in HANDS]


def test_a_hand_dealt_twice_is_asked_once(tmp_path: Path) -> None:
    deals = [Puzzle.parse("1 4 8 8"), Puzzle.parse("8 1 8 4")]
    assert wanted(deals, "io").puzzles == (Puzzle.parse("8 1 8 4"),)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(scripts=st.lists(st.text(".xl!$h", min_size=1, max_size=15), min_size=1, max_size=5))
def test_whatever_fails_what_was_said_is_kept_and_only_the_rest_is_asked_again(
    tmp_path: Path, scripts: list[str]
) -> None:
    path = tmp_path / "t.jsonl"
    path.unlink(missing_ok=True)
    told: list[str] = []
    for script in [*scripts, "."]:
        teacher = Scripted(script)
        recorded = recorded_in(path)
        before = {(trace.puzzle.text, trace.sample) for trace in recorded}
        try:
            outcome = run(path, teacher)
        except TeacherUnavailable:
            outcome = None
        assert teacher.closed or not teacher.asked
        assert not before & set(teacher.asked)
        traces = recorded_in(path)
        assert told == [trace.response for trace in traces][: len(told)]  # nothing was touched
        told = [trace.response for trace in traces]
        if outcome is not None:
            answered = outcome.recorded + sum(outcome.failed.values())
            assert answered == len(teacher.asked) - (outcome.stopped is not None)
    assert sorted(told) == sorted(f"{puzzle.text} {i}" for puzzle in HANDS for i in (0, 1))


def test_failures_are_counted_by_kind_and_never_scored(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    outcome = run(path, Scripted("x.h"))
    assert outcome.failed == {"HTTP 503": 4, "too long": 4}
    assert (outcome.hopeless, outcome.recorded) == (4, 4)
    assert outcome.reasons["HTTP 503"] == "the server is busy"
    assert len(list(read_traces(path))) == 4


def test_a_response_cut_off_by_the_limit_is_scored_as_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    assert run(path, Scripted("l")).cut == 12
    assert all(trace.score.truncated for trace in read_traces(path))


def test_another_teacher_is_refused_before_it_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    run(path, Scripted())
    other = Scripted(info=TeacherInfo(kind="scripted", model="another"))
    with pytest.raises(BadTraceFile, match="model test, not another"):
        run(path, other, samples=3)
    assert other.asked == []


def test_a_spent_budget_ends_the_run_and_says_why(tmp_path: Path) -> None:
    outcome = run(tmp_path / "t.jsonl", Scripted("...$"))
    assert (outcome.recorded, outcome.stopped) == (3, "no money left: raise --max-cost")


def test_usage_adds_up_in_the_file(tmp_path: Path) -> None:
    class Priced(Scripted):
        def ask(self, requests: Iterable[Request]) -> Generator[Reply | Failure]:
            for request in requests:
                usage = Usage(prompt_tokens=10, completion_tokens=5, cost="0.25")
                yield Reply(request, "Answer: 24", usage=usage)

    path = tmp_path / "t.jsonl"
    run(path, Priced())
    with TraceFile.open(path) as file:
        assert (file.totals.tokens, file.totals.cost) == (180, 3)
