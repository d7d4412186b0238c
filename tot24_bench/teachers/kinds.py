"""The kinds of teachers by name, made from the settings that a user gives.

A kind's settings are the fields of one dataclass: a flag, a key of `--teacher_args` and a field are
the same thing. Nothing heavy is imported before its teacher is made.

>>> make_teacher("solver", None, {"dead_ends": 2}, Beside()).info.settings["dead_ends"]
2
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tot24_bench.schema import first_fault
from tot24_bench.teachers.teacher import TeacherUnavailable
from tot24_bench.text import did_you_mean

if TYPE_CHECKING:
    from tot24_bench.teachers.api import Budget
    from tot24_bench.teachers.teacher import Teacher


@dataclass(frozen=True, slots=True)
class Beside:
    """What a teacher is given beside its settings: a budget, and where it keeps what it must."""

    # what may be spent, for teachers that cost money; None where nothing limits it
    budget: Budget | None = None
    prices: Path | None = None  # a price table of the user's
    state: Path | None = None  # where batches that are under way are kept
    say: Callable[[str], None] = lambda _: None  # tells the user something in one line


Make = Callable[[Any, Beside], "Teacher"]
"""From settings and what stands beside them to the teacher."""


class TeacherKind(NamedTuple):
    """One kind of teacher."""

    # imports it, and gives the dataclass of its settings and its maker
    load: Callable[[], tuple[type[Any], Make]]
    needs_model: bool  # whether it cannot do without a model
    says: str  # what it is, in a line
    costs: bool = False  # whether its answers may cost money


ORACLES = ("solver", "student")  # kinds whose judgements are those of an exact search


def is_oracle(kind: str) -> bool:
    """Whether a kind of teacher, of ours or of a transcript, knows by exact search what it says."""
    return kind in ORACLES


def make_teacher(kind: str, model: str | None, given: Mapping[str, Any], beside: Beside) -> Teacher:
    """The teacher of a kind.

    Args:
        kind: one of KINDS.
        model: the API's model or the checkpoint; None where the kind needs none.
        given: settings by name; those left out have their defaults.
        beside: limits and files.

    Raises:
        TeacherUnavailable: no such kind, a setting that it does not have, or that does not fit.
    """
    found = kind_of(kind)
    if found.needs_model and not model:
        raise TeacherUnavailable(f"the teacher {kind} needs --model NAME_OR_FOLDER")
    if model and not found.needs_model:
        raise TeacherUnavailable(f"the teacher {kind} has no --model")
    settings, make = found.load()
    return make(_filled(kind, settings, {**given, **({"model": model} if model else {})}), beside)


def serve(teacher: Teacher) -> None:
    """Do this process's share of what the first process of a torchrun asks.

    Raises:
        TeacherUnavailable: several processes cannot share this teacher.
    """
    own = getattr(teacher, "serve", None)
    if own is None:
        raise TeacherUnavailable(
            f"several processes cannot share the teacher {teacher.info.kind}: run it without "
            "torchrun"
        )
    own()


def kind_of(name: str) -> TeacherKind:
    """The kind of a name.

    Raises:
        TeacherUnavailable: there is none.
    """
    if name.startswith("transcript"):
        raise TeacherUnavailable("responses that others published are read by: tot24 traces import")
    if name not in KINDS:
        raise TeacherUnavailable(f"no teacher {name[:40]!r}: the teachers are {', '.join(KINDS)}")
    return KINDS[name]


def _filled(kind: str, settings: type[Any], values: Mapping[str, Any]) -> Any:
    """Settings from values by name, each converted to its field's type."""
    from pydantic import TypeAdapter, ValidationError

    names = [field.name for field in fields(settings)]
    for name in values:
        if name not in names:
            raise TeacherUnavailable(
                f"the teacher {kind} has no setting {name[:40]!r}: {did_you_mean(name, names)}it "
                f"has {', '.join(names)}"
            )
    try:
        return TypeAdapter(settings).validate_python(dict(values))
    except ValidationError as error:
        where, fault = first_fault(error, "")
        fault = fault.removeprefix("Value error, ")
        raise TeacherUnavailable(f"{where}: {fault}" if where else fault) from None


def describe_settings(kind: str) -> str:
    """The settings of a kind with their defaults, a line each."""
    settings, _ = kind_of(kind).load()
    return "\n".join(
        f"{field.name}={'needed' if field.default is MISSING else field.default}"
        for field in fields(settings)
    )


def _solver() -> tuple[type[Any], Make]:
    from tot24_bench.teachers.solver import SolverSettings, SolverTeacher

    return SolverSettings, lambda settings, _: SolverTeacher(settings)


def _openai() -> tuple[type[Any], Make]:
    from tot24_bench.teachers.api import OpenAISettings, price_of

    def make(settings: OpenAISettings, beside: Beside) -> Teacher:
        from tot24_bench.teachers.api.live import OpenAITeacher

        return OpenAITeacher(settings, beside.budget, price_of(settings.model, beside.prices))

    return OpenAISettings, make


def _openai_batch() -> tuple[type[Any], Make]:
    from tot24_bench.teachers.api import OpenAIBatchSettings, price_of

    def make(settings: OpenAIBatchSettings, beside: Beside) -> Teacher:
        from tot24_bench.teachers.api.batch import OpenAIBatchTeacher

        if beside.state is None:
            raise TeacherUnavailable("the teacher openai-batch needs a file to note its batches in")
        price = price_of(settings.model, beside.prices)
        return OpenAIBatchTeacher(settings, beside.state, beside.budget, price, say=beside.say)

    return OpenAIBatchSettings, make


def _transformers() -> tuple[type[Any], Make]:
    from tot24_bench.teachers.local import LocalSettings, TransformersTeacher

    return LocalSettings, lambda settings, _: TransformersTeacher(settings)


def _vllm() -> tuple[type[Any], Make]:
    from tot24_bench.teachers.local import LocalSettings, VllmTeacher

    return LocalSettings, lambda settings, _: VllmTeacher(settings)


def _student() -> tuple[type[Any], Make]:
    from tot24_bench.teachers.student import StudentSettings, student_teacher

    return StudentSettings, lambda settings, _: student_teacher(settings)


KINDS: dict[str, TeacherKind] = {
    "solver": TeacherKind(_solver, False, "the built-in exact search (an oracle)"),
    "openai": TeacherKind(_openai, True, "a server that speaks OpenAI's API", True),
    "openai-batch": TeacherKind(
        _openai_batch, True, "OpenAI's Batch API: a day, half the price", True
    ),
    "transformers": TeacherKind(_transformers, True, "a local checkpoint"),
    "vllm": TeacherKind(_vllm, True, "a local checkpoint through vLLM"),
    "student": TeacherKind(_student, True, "a student's own searches, corrected by the solver"),
}
"""Every kind by name."""
