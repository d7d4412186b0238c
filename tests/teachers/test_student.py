"""The student teacher: a checkpoint's own searches, each corrected to a right one."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from pathlib import Path

import pytest

from tot24_bench.checkpoint import checkpoint_sha256
from tot24_bench.game import Puzzle, State, held_out_states, load_split, thoughts
from tot24_bench.prompts import build
from tot24_bench.scoring import analyse, score
from tot24_bench.teachers import Failure, Finish, Reply, Request, TeacherInfo, Usage
from tot24_bench.teachers.local.checkpoint import LocalSettings
from tot24_bench.teachers.local.hf import TransformersTeacher
from tot24_bench.teachers.solver import CorrectionConfig
from tot24_bench.teachers.student import StudentSettings, StudentTeacher, student_teacher
from tot24_bench.teachers.teacher import TeacherUnavailable

HAND = Puzzle.parse("4 5 6 10")


class Recorded:
    """A student whose responses are given; one that is None was never answered."""

    def __init__(self, *texts: str | None) -> None:
        self.texts, self.closed = texts, False

    @property
    def info(self) -> TeacherInfo:
        return TeacherInfo(kind="transcript", model="recorded", settings={"temperature": 0.7})

    def ask(self, requests: Iterable[Request]) -> Generator[Reply | Failure]:
        try:
            for request, text in zip(requests, self.texts, strict=False):
                if text is None:
                    yield Failure(request, "timeout", "nobody answered")
                else:
                    usage = Usage(completion_tokens=7)
                    yield Reply(request, text, Finish.LENGTH, usage, {"id": "r1"})
        finally:
            self.closed = True


def asked(puzzle: Puzzle = HAND, samples: int = 1, method: str = "onestep_tot") -> list[Request]:
    return [Request(build(method, puzzle, shots=0), sample) for sample in range(samples)]


def test_a_small_students_searches_all_come_out_right(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    student = str(root / "students" / "scout-2m")
    kept = {}
    for temperature in (1.0, 1.6):
        settings = LocalSettings(student, device="cpu", temperature=temperature, max_tokens=300)
        teacher = StudentTeacher(TransformersTeacher(settings))
        requests = [Request(build("onestep_tot", p, shots=0), 0) for p in load_split("train")[::80]]
        replies = [reply for reply in teacher.ask(requests) if isinstance(reply, Reply)]
        assert len(replies) == 10
        for reply in replies:
            read = analyse(reply.request.puzzle, reply.text)
            assert read.score.correct and read.answer_agrees
            assert all(thought.fault is None for thought in read.thoughts)
            assert reply.finish is Finish.STOP
            own = [thought for thought in read.thoughts if not thought.repeats]
            assert len(own) == reply.details["kept"] + reply.details["solver_lines"]
        total = [sum(int(r.details[k] or 0) for r in replies) for k in ("kept", "solver_lines")]
        kept[temperature] = total[0] / sum(total)
    with capsys.disabled():
        print("\nshare of thoughts that are the student's own:", kept)
    assert kept[1.0] > kept[1.6] > 0.2, "a hotter student needs more help"


def test_details_say_what_was_done_and_how_the_student_fared() -> None:
    search = "10 + 6 = 16 (left: 4 5 16)\n10 - 6 = 4 (left: 4 4 5)\n5 * 4 = 21 (left: 4 21)"
    (reply,) = StudentTeacher(Recorded(search)).ask(asked())
    assert isinstance(reply, Reply)
    assert score(HAND, reply.text).correct
    assert reply.details == {
        "id": "r1",
        "kept": 2,
        "marked": 1,
        "solver_lines": reply.details["solver_lines"],
        "cut_at": 3,
        "student_right": False,
        "student_finish": "length",
    }
    assert reply.usage.completion_tokens == 7, "what the student wrote is what it took"


def test_records_say_that_an_oracle_corrected_it() -> None:
    info = StudentTeacher(Recorded(), CorrectionConfig(explore=0.5, max_lines=30), seed=4).info
    assert (info.kind, info.model, info.oracle) == ("student", "recorded", True)
    assert info.settings == {
        "temperature": 0.7,
        "explorer": "transcript",
        "explore": 0.5,
        "max_lines": 30,
        "correction_seed": 4,
        "avoid": None,
    }
    avoiding = StudentTeacher(Recorded(), CorrectionConfig(avoid=held_out_states())).info
    assert str(avoiding.settings["avoid"]).startswith("1760 states ")


def test_what_nobody_answered_stays_unanswered() -> None:
    outcomes = list(StudentTeacher(Recorded(None, "")).ask(asked(samples=2)))
    assert isinstance(outcomes[0], Failure) and outcomes[0].kind == "timeout"
    assert isinstance(outcomes[1], Reply)


def test_a_hand_that_cannot_be_corrected_is_not_asked_again() -> None:
    avoid = frozenset(thought.left for thought in thoughts(State.of(HAND)))
    (failure,) = StudentTeacher(Recorded(""), CorrectionConfig(avoid=avoid)).ask(asked())
    assert isinstance(failure, Failure) and not failure.again


def test_each_sample_is_corrected_by_its_own_seed_and_the_same_each_time() -> None:
    def texts(seed: int) -> list[str]:
        teacher = StudentTeacher(Recorded(*[""] * 20), CorrectionConfig(explore=0.5), seed)
        return [r.text for r in teacher.ask(asked(samples=20)) if isinstance(r, Reply)]

    assert len(set(texts(0))) > 1
    assert texts(0) == texts(0) != texts(1)


def test_other_methods_hold_no_search_to_correct() -> None:
    with pytest.raises(TeacherUnavailable, match="use method onestep_tot, not io"):
        list(StudentTeacher(Recorded("x")).ask(asked(method="io")))


def test_it_is_made_from_one_set_of_settings(root: Path) -> None:
    student = str(root / "students" / "scout-2m")
    settings = StudentSettings(student, device="cpu", explore=0.4, avoid="state_holdout")
    teacher = student_teacher(settings)
    assert (teacher.info.model, teacher.info.settings["explore"]) == ("scout-2m", 0.4)
    assert teacher.info.settings["sha256"] == checkpoint_sha256(student)[:12]
    assert str(teacher.info.settings["avoid"]).startswith("1760 states")
    with pytest.raises(TeacherUnavailable, match="share from 0 to 1"):
        student_teacher(StudentSettings(student, explore=2.0))
    with pytest.raises(TeacherUnavailable, match="use state_holdout"):
        student_teacher(StudentSettings(student, avoid="everything"))


def test_closing_it_closes_the_student() -> None:
    student = Recorded("a", "b")
    outcomes = StudentTeacher(student).ask(asked(samples=2))
    next(outcomes)
    outcomes.close()
    assert student.closed
