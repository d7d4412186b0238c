"""The kinds of teachers by name, made from the settings that a user gives.

A kind's settings are the fields of one dataclass: a flag, a key of `--teacher_args` and a field are
the same thing. Nothing heavy is imported before its teacher is made.

>>> make_teacher("solver", None, {"explore": 0.5}, Beside()).info.settings["explore"]
0.5
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from tot24_bench.teachers.teacher import TeacherUnavailable

if TYPE_CHECKING:
    from tot24_bench.teachers.budget import Budget
    from tot24_bench.teachers.teacher import Teacher

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Beside:
    """What a teacher is given beside its settings: a budget, and where it keeps what it must.

    Attributes:
        budget: what may be spent, for teachers that cost money; None where nothing limits it.
        prices: a price table of the user's.
        state: where batches that are under way are kept.
        say: tells the user something in one line.
    """

    budget: Budget | None = None
    prices: Path | None = None
    state: Path | None = None
    say: Callable[[str], None] = lambda _: None


class Kind(NamedTuple):
    """One kind of teacher.

    Attributes:
        settings: its dataclass.
        make: from settings and what stands beside them to the teacher.
        needs_model: whether it cannot do without a model.
        says: what it is, in a line.
        costs: whether its answers may cost money.
    """

    settings: Callable[[], type[Any]]
    make: Callable[[Any, Beside], Teacher]
    needs_model: bool
    says: str
    costs: bool = False


ORACLES = ("solver", "student")
"""Kinds whose judgements are those of an exact search."""


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
    values = {**given, "model": model} if model else dict(given)
    return found.make(fill(kind, found.settings(), values), beside)


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


def kind_of(name: str) -> Kind:
    """The kind of a name.

    Raises:
        TeacherUnavailable: there is none.
    """
    if name.startswith("transcript"):
        raise TeacherUnavailable("responses that others published are read by: tot24 traces import")
    if name not in KINDS:
        raise TeacherUnavailable(f"no teacher {name[:40]!r}: the teachers are {', '.join(KINDS)}")
    return KINDS[name]


def fill(kind: str, settings: type[_T], values: Mapping[str, Any]) -> _T:
    """Settings from values by name, each converted to its field's type.

    Raises:
        TeacherUnavailable: names the setting that there is not, or whose value does not fit.
    """
    from pydantic import TypeAdapter, ValidationError

    names = [field.name for field in fields(settings)]  # type: ignore[arg-type]
    for name in values:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise TeacherUnavailable(
                f"the teacher {kind} has no setting {name[:40]!r}: {hint}it has {', '.join(names)}"
            )
    try:
        return TypeAdapter(settings).validate_python(dict(values))
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, fault["loc"]))
        said = fault["msg"].removeprefix("Value error, ")
        raise TeacherUnavailable(f"{where}: {said}" if where else said) from None


def describe_settings(kind: str) -> str:
    """The settings of a kind with their defaults, a line each."""
    lines = []
    for field in fields(kind_of(kind).settings()):
        default = "needed" if field.default is MISSING else field.default
        lines.append(f"{field.name}={default}")
    return "\n".join(lines)


def _solver_settings() -> type[Any]:
    from tot24_bench.teachers.solver import SolverSettings

    return SolverSettings


def _solver(settings: Any, _: Beside) -> Teacher:
    from tot24_bench.teachers.solver import SolverTeacher

    return SolverTeacher(settings)


def _openai_settings() -> type[Any]:
    from tot24_bench.teachers.openai_settings import OpenAISettings

    return OpenAISettings


def _openai(settings: Any, beside: Beside) -> Teacher:
    from tot24_bench.teachers.openai_chat import OpenAITeacher
    from tot24_bench.teachers.prices import price_of

    price = price_of(settings.model, beside.prices)
    return OpenAITeacher(settings, beside.budget, price)


def _batch_settings() -> type[Any]:
    from tot24_bench.teachers.openai_batch_settings import OpenAIBatchSettings

    return OpenAIBatchSettings


def _openai_batch(settings: Any, beside: Beside) -> Teacher:
    from tot24_bench.teachers.budget import Budget
    from tot24_bench.teachers.openai_batch_settings import openai_batch_teacher

    if beside.state is None:
        raise TeacherUnavailable("the teacher openai-batch needs a file to note its batches in")
    return openai_batch_teacher(
        settings,
        state=beside.state,
        budget=beside.budget or Budget(),
        prices=beside.prices,
        seen=lambda progress: beside.say(progress.text),
        say=beside.say,
    )


def _local_settings() -> type[Any]:
    from tot24_bench.teachers.checkpoint import LocalSettings

    return LocalSettings


def _transformers(settings: Any, _: Beside) -> Teacher:
    from tot24_bench.teachers.local import TransformersTeacher

    return TransformersTeacher(settings)


def _vllm(settings: Any, _: Beside) -> Teacher:
    from tot24_bench.teachers.vllm_offline import VllmTeacher

    return VllmTeacher(settings)


def _student_settings() -> type[Any]:
    from tot24_bench.teachers.student import StudentSettings

    return StudentSettings


def _student(settings: Any, _: Beside) -> Teacher:
    from tot24_bench.teachers.student import student_teacher

    return student_teacher(settings)


KINDS: dict[str, Kind] = {
    "solver": Kind(_solver_settings, _solver, False, "the built-in exact search (an oracle)"),
    "openai": Kind(_openai_settings, _openai, True, "a server that speaks OpenAI's API", True),
    "openai-batch": Kind(
        _batch_settings, _openai_batch, True, "OpenAI's Batch API: a day, half the price", True
    ),
    "transformers": Kind(_local_settings, _transformers, True, "a local checkpoint"),
    "vllm": Kind(_local_settings, _vllm, True, "a local checkpoint through vLLM"),
    "student": Kind(
        _student_settings, _student, True, "a student's own searches, corrected by the solver"
    ),
}
"""Every kind by name."""
