"""The teacher `student`: a checkpoint explores, the exact solver corrects its search.

Every response is one that the checkpoint sampled, corrected by `solver.correction`: right, with the
student's own thoughts as far as they go and dead ends marked by an oracle. The checkpoint may be
any teacher; ours is `TransformersTeacher` at a temperature that makes samples differ.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, fields, replace
from random import Random

from tot24_bench.game import State
from tot24_bench.scoring import score
from tot24_bench.teachers.local import LocalSettings, TransformersTeacher
from tot24_bench.teachers.solver import (
    AVOIDABLE,
    EXPLORE,
    MAX_CORRECTED_LINES,
    CannotCorrect,
    CorrectionConfig,
    correct,
)
from tot24_bench.teachers.teacher import (
    Failure,
    Finish,
    Reply,
    Request,
    Teacher,
    TeacherInfo,
    TeacherUnavailable,
)

METHOD = "onestep_tot"  # the only method whose responses hold a search to correct


@dataclass(frozen=True, slots=True)
class StudentSettings(LocalSettings):
    """Which checkpoint explores, how it is sampled, and how it is corrected."""

    explore: float = EXPLORE  # see `CorrectionConfig`
    max_lines: int = MAX_CORRECTED_LINES  # see `CorrectionConfig`
    correction_seed: int = 0  # of the solver's own choices
    # states that no trace comes to, by their name in `AVOIDABLE`; None for none but the test
    # hands on the way of a larger train hand (`solver.truth`)
    avoid: str | None = None


def student_teacher(settings: StudentSettings) -> StudentTeacher:
    """A local checkpoint that explores, corrected; raises as `TransformersTeacher`."""
    own = {field.name: getattr(settings, field.name) for field in fields(LocalSettings)}
    if settings.avoid is not None and settings.avoid not in AVOIDABLE:
        raise TeacherUnavailable(
            f"no states {settings.avoid[:40]!r} to avoid: use {', '.join(AVOIDABLE)}"
        )
    avoid = frozenset() if settings.avoid is None else AVOIDABLE[settings.avoid]()
    try:
        config = CorrectionConfig(settings.explore, settings.max_lines, avoid)
    except ValueError as error:
        raise TeacherUnavailable(str(error)) from None
    explorer = TransformersTeacher(LocalSettings(**own))
    return StudentTeacher(explorer, config, settings.correction_seed)


class StudentTeacher:
    """A teacher that explores, corrected by the exact solver, with a seed of its choices."""

    def __init__(
        self, student: Teacher, config: CorrectionConfig | None = None, seed: int = 0
    ) -> None:
        self._student, self._config, self._seed = student, config or CorrectionConfig(), seed
        explorer = student.info
        settings = explorer.settings | {
            "explorer": explorer.kind,
            "explore": self._config.explore,
            "max_lines": self._config.max_lines,
            "correction_seed": seed,
            "avoid": _name_of(self._config.avoid),
        }
        self.info = TeacherInfo(
            kind="student", model=explorer.model, oracle=True, settings=settings
        )

    def serve(self) -> None:
        """As `TransformersTeacher.serve`; nothing to do for any other explorer."""
        if isinstance(self._student, TransformersTeacher):
            self._student.serve()

    def ask(self, requests: Iterable[Request]) -> Generator[Reply | Failure]:
        """See `Teacher.ask`. Details say what was kept, marked and added, and how the student did.

        A hand that cannot be corrected is a failure that need not be asked again.
        """
        with closing(self._student.ask(_searches(requests))) as outcomes:
            for outcome in outcomes:
                yield self._corrected(outcome) if isinstance(outcome, Reply) else outcome

    def _corrected(self, reply: Reply) -> Reply | Failure:
        request = reply.request
        rng = Random(f"{self._seed}:{request.prompt.sha256}:{request.sample}")
        try:
            found = correct(request.puzzle, reply.text, rng, self._config)
        except CannotCorrect as error:
            return Failure(request, "not correctable", str(error), again=False)
        truncated = reply.finish is Finish.LENGTH
        right = score(request.puzzle, reply.text, truncated=truncated).correct
        details = reply.details | {
            "kept": found.kept,
            "marked": found.marked,
            "solver_lines": found.solver_lines,
            "cut_at": found.cut_at,
            "student_right": right,
            "student_finish": str(reply.finish),
        }
        return replace(reply, text=found.text, finish=Finish.STOP, details=details)


def _searches(requests: Iterable[Request]) -> Iterator[Request]:
    for request in requests:
        if request.prompt.method != METHOD:
            raise TeacherUnavailable(
                f"the student teacher corrects searches: use method {METHOD}, "
                f"not {request.prompt.method}"
            )
        yield request


def _name_of(avoid: frozenset[State]) -> str | None:
    """States to avoid as records name them: how many, and a hash."""
    if not avoid:
        return None
    text = "\n".join(sorted(state.text for state in avoid))
    return f"{len(avoid)} states {hashlib.sha256(text.encode()).hexdigest()[:16]}"
