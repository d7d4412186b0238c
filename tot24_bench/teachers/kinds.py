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
from pkgutil import resolve_name
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


class TeacherKind(NamedTuple):
    """One kind of teacher; its classes are named by their place in this package."""

    settings: str  # the dataclass of its settings
    teacher: str  # what makes it of them
    says: str  # what it is, in a line
    needs_model: bool = True  # whether it cannot do without a model
    costs: bool = False  # whether its answers may cost money


ORACLES = ("solver", "student")  # kinds whose judgements are those of an exact search


def is_oracle(kind: str) -> bool:
    """Whether a kind of teacher, of ours or of a transcript, knows by exact search what it says."""
    return kind in ORACLES


def make_teacher(kind: str, model: str | None, given: Mapping[str, Any], beside: Beside) -> Teacher:
    """The teacher of a kind: of an API's model or a checkpoint, where it needs one.

    Raises:
        TeacherUnavailable: no such kind, a setting that it does not have, or that does not fit.
    """
    found = kind_of(kind)
    if found.needs_model and not model:
        raise TeacherUnavailable(f"the teacher {kind} needs --model NAME_OR_FOLDER")
    if model and not found.needs_model:
        raise TeacherUnavailable(f"the teacher {kind} has no --model")
    values = {**given, "model": model} if model else dict(given)
    settings = _filled(kind, _named(found.settings), values)
    make: Callable[..., Teacher] = _named(found.teacher)
    if not found.costs:
        return make(settings)
    from tot24_bench.teachers.api import price_of

    price = price_of(settings.model, beside.prices)
    if kind == "openai":
        return make(settings, beside.budget, price)
    if beside.state is None:
        raise TeacherUnavailable("the teacher openai-batch needs a file to note its batches in")
    return make(settings, beside.state, beside.budget, price, beside.say)


def _named(place: str) -> Any:
    return resolve_name(f"{__package__}.{place}")


def serve(teacher: Teacher) -> None:
    """Do this process's share of what the first process of a torchrun asks."""
    if (own := getattr(teacher, "serve", None)) is None:
        alone = f"several processes cannot share the teacher {teacher.info.kind}"
        raise TeacherUnavailable(f"{alone}: run it without torchrun")
    own()


def kind_of(name: str) -> TeacherKind:
    """The kind of a name; raises TeacherUnavailable where there is none."""
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
            near = did_you_mean(name, difflib.get_close_matches(name, names, n=1))
            raise TeacherUnavailable(
                f"the teacher {kind} has no setting {name[:40]!r}: {near}it has {', '.join(names)}"
            )
    try:
        return TypeAdapter(settings).validate_python(dict(values))
    except ValidationError as error:
        where, fault = first_fault(error, "")
        fault = fault.removeprefix("Value error, ")
        raise TeacherUnavailable(f"{where}: {fault}" if where else fault) from None


def describe_settings(kind: str) -> str:
    """The settings of a kind with their defaults, a line each."""
    settings = _named(kind_of(kind).settings)
    return "\n".join(
        f"{field.name}={'needed' if field.default is MISSING else field.default}"
        for field in fields(settings)
    )


KINDS: dict[str, TeacherKind] = {
    "solver": TeacherKind(
        "solver:SolverSettings",
        "solver:SolverTeacher",
        "the built-in exact search (an oracle)",
        False,
    ),
    "openai": TeacherKind(
        "api:OpenAISettings",
        "api.live:OpenAITeacher",
        "a server that speaks OpenAI's API",
        costs=True,
    ),
    "openai-batch": TeacherKind(
        "api:OpenAIBatchSettings",
        "api.batch:OpenAIBatchTeacher",
        "OpenAI's Batch API: a day, half the price",
        costs=True,
    ),
    "transformers": TeacherKind(
        "local:LocalSettings", "local:TransformersTeacher", "a local checkpoint"
    ),
    "vllm": TeacherKind(
        "local:LocalSettings", "local:VllmTeacher", "a local checkpoint through vLLM"
    ),
    "student": TeacherKind(
        "student:StudentSettings",
        "student:student_teacher",
        "a student's own searches, corrected by the solver",
    ),
}
"""Every kind by name."""
