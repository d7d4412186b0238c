"""What the study declares before it begins: arms, tests, hypotheses, rules. Read from plan.yaml.

A key that the plan does not know is refused, and so is a hypothesis about an arm or a test that
there is not. A group is the arms that differ in their seed alone: `cot-2m-s0` is in `cot-2m`.

>>> group_of("onestep-2m-s12"), group_of("cot-0.4m")
('onestep-2m', 'cot-0.4m')
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from tot24_bench.game import load_split
from tot24_bench.schema import Count, Record, Share, Text, first_fault

from ..export import RECORD, read_record

Method = Literal["io", "cot", "onestep_tot"]

Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,60}$")]
"""Names of arms and data: they become names of folders."""

Positive = Annotated[int, Field(ge=1)]

PLAN = Path("training/study/plan.yaml")
RUNS = Path("runs/study")


class BadPlan(ValueError):
    """A plan that cannot be carried out; the message is one line: the place and the fault."""


class Shape(Record):
    """A student from scratch, in the words of `training.sft`."""

    hidden: Annotated[int, Field(ge=8)]
    intermediate: Annotated[int, Field(ge=8)]
    layers: Positive
    heads: Positive


class PublicTranscript(Record):
    """Training rows out of a public transcript, as `tot24 traces import` and `filter` make them.

    Attributes:
        transcript: the file, from where the study is run.
        model: who wrote it.
        method: what it was asked for.
        level: of the filter.
        longest: tokens of a row that our students can read; a longer one is left out before the
            solver is asked for the same hands.
    """

    transcript: Path
    model: Text
    method: Method = "onestep_tot"
    level: Literal["answer", "agrees", "valid"] = "valid"
    longest: Positive | None = None


class SameHands(Record):
    """The solver's rows for the hands of other data, each as often as there."""

    solver_for: Slug


class Arm(Record):
    """One student.

    Attributes:
        name: of the arm; `-sN` at its end is its seed, the rest its group.
        method: what it learns, is validated by and is tested by.
        size: one of the plan's shapes.
        seed: of the weights, of the order and of the rows.
        completion_tokens: that it is trained on.
        minutes: on two cores, estimated before it is trained.
        data: rows of the plan's data; None has the solver write them.
        settings: other keys of `training.sft`.
        tests: what it is asked; None is the plan's tests.
        sampled: whether it is also asked k times a hand, see `Sampling`.
    """

    name: Slug
    method: Method
    size: str
    seed: Annotated[int, Field(ge=0)] = 0
    completion_tokens: Positive
    minutes: Annotated[float, Field(gt=0)]
    data: Slug | None = None
    settings: dict[str, Any] = Field(default_factory=dict)
    tests: tuple[str, ...] | None = None
    sampled: bool = False

    @property
    def group(self) -> str:
        """The arms that differ from it in their seed alone."""
        return group_of(self.name)

    @property
    def task(self) -> str:
        """The lm-eval task that asks it."""
        return f"game24_{self.method}"


class Hypothesis(Record):
    """A claim that one group is right more often than another, and where that is looked at.

    Attributes:
        name: H1 and so on.
        says: the claim, in words.
        better, worse: groups.
        tests: their hands are taken together.
        worse_passes: `worse` is right where any of its k sampled responses is.
        margin: the difference has to be larger than this share.
    """

    name: Annotated[str, Field(pattern=r"^H[0-9]+[a-z]?$")]
    says: Text
    better: Slug
    worse: Slug
    tests: Annotated[tuple[str, ...], Field(min_length=1)]
    worse_passes: bool = False
    margin: Annotated[float, Field(ge=-1, le=1)] = 0.0


class Sampling(Record):
    """How pass@k is asked: k times a hand at a temperature.

    Attributes:
        tests: where.
        temperature: of sampling.
        more, fewer: groups; on each test k is the tokens of a greedy response of `more` over those
            of `fewer`, rounded up and at least 2: then k responses cost what one does, or more.
        most: k at most, so that a student that never stops does not decide the cost.
    """

    tests: tuple[str, ...]
    temperature: Annotated[float, Field(gt=0)] = 1.0
    more: Slug
    fewer: Slug
    most: Annotated[int, Field(ge=2, le=100)] = 20


class Statistics(Record):
    """Intervals: a bootstrap that draws seeds, then hands; of a difference, the same hands."""

    level: Share = 0.95
    resamples: Annotated[int, Field(ge=100, le=100_000)] = 9_999
    seed: Count = 24


class Plan(Record):
    """The whole plan.

    Attributes:
        base: settings of all arms, a YAML file beside the plan.
        chosen_on: what every choice is made on, in words.
        rules: in words: how checkpoints are chosen and hypotheses judged.
        sizes: shapes by name.
        data: rows that are made before training, by name.
        tests: what every student is asked, once each, greedy and 0-shot.
        picture: curves of accuracy against size: groups by label.
    """

    base: Path
    chosen_on: Text
    rules: tuple[Text, ...]
    sizes: dict[str, Shape]
    data: dict[Slug, PublicTranscript | SameHands] = Field(default_factory=dict)
    tests: Annotated[tuple[str, ...], Field(min_length=1)]
    sampling: Sampling | None = None
    statistics: Statistics = Statistics()
    arms: Annotated[tuple[Arm, ...], Field(min_length=1)]
    hypotheses: tuple[Hypothesis, ...] = ()
    picture: dict[str, tuple[Slug, ...]] = Field(default_factory=dict)

    @property
    def minutes(self) -> float:
        """Of all arms, on two cores."""
        return sum(arm.minutes for arm in self.arms)

    @property
    def groups(self) -> dict[str, list[Arm]]:
        """The arms of each group, in the order of the plan."""
        found: dict[str, list[Arm]] = {}
        for arm in self.arms:
            found.setdefault(arm.group, []).append(arm)
        return found

    def group(self, name: str) -> list[Arm]:
        """The arms of a group; none where there is no such group."""
        return self.groups.get(name, [])

    def arm(self, name: str) -> Arm:
        """The arm of that name.

        Raises:
            BadPlan: there is none.
        """
        arms = {arm.name: arm for arm in self.arms}
        if name not in arms:
            raise BadPlan(f"no arm {name[:60]!r}: there is {', '.join(arms)}")
        return arms[name]

    def chosen(self, names: list[str] | None) -> list[Arm]:
        """The arms of these names, in the order of the plan; all of them for none."""
        wanted = {self.arm(name).name for name in names or ()}
        return [arm for arm in self.arms if not wanted or arm.name in wanted]

    def tests_of(self, arm: Arm) -> tuple[str, ...]:
        """What an arm is asked."""
        return self.tests if arm.tests is None else arm.tests

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        names = [arm.name for arm in self.arms]
        for arm in self.arms:
            if names.count(arm.name) > 1:
                raise ValueError(f"arm {arm.name} is there twice")
            if arm.size not in self.sizes:
                raise ValueError(f"{arm.name}: no size {arm.size}: {', '.join(self.sizes)}")
            if arm.data is not None and arm.data not in self.data:
                raise ValueError(f"{arm.name}: no data {arm.data}: {', '.join(self.data)}")
        for name, made in self.data.items():
            if isinstance(made, SameHands) and not isinstance(
                self.data.get(made.solver_for), PublicTranscript
            ):
                raise ValueError(f"data {name}: {made.solver_for} is no transcript of the plan")
        self._require_groups(group for curve in self.picture.values() for group in curve)
        if self.sampling is not None:
            self._require_asked("sampling", self.sampling.tests, self.sampling.more)
            self._require_asked("sampling", self.sampling.tests, self.sampling.fewer)
        for one in self.hypotheses:
            self._require_asked(one.name, one.tests, one.better)
            self._require_asked(one.name, one.tests, one.worse)
            sampled = all(arm.sampled for arm in self.group(one.worse)) and self.sampling
            for test in one.tests if one.worse_passes else ():
                if not sampled or test not in sampled.tests:
                    raise ValueError(f"{one.name}: {one.worse} is not sampled on {test}")
        return self

    def _require_groups(self, names: Iterable[str]) -> None:
        for name in names:
            if name not in self.groups:
                raise ValueError(f"no group {name}: there is {', '.join(sorted(self.groups))}")

    def _require_asked(self, who: str, tests: Iterable[str], group: str) -> None:
        self._require_groups([group])
        for test in tests:
            for arm in self.group(group):
                if test not in self.tests_of(arm):
                    raise ValueError(f"{who}: {arm.name} is not asked {test}")


def group_of(name: str) -> str:
    """An arm's name without its seed."""
    return re.sub("-s[0-9]+$", "", name)


def read_plan(path: Path) -> Plan:
    """The plan of a file.

    Raises:
        BadPlan: it is none; the message names the place and the fault.
        OSError: it cannot be read.
    """
    try:
        plan = Plan.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadPlan(f"{path}: no YAML: {' '.join(str(error).split())[:300]}") from None
    except ValidationError as error:
        where, fault = first_fault(error, whole="plan")
        raise BadPlan(f"{path}: {where}: {fault[:300]}") from None
    for test in sorted({test for arm in plan.arms for test in plan.tests_of(arm)}):
        load_split(test)
    return plan


def files_of(path: Path, plan: Plan) -> list[Path]:
    """The files that a plan stands in: its own and its base's."""
    return [path, path.parent / plan.base]


def sha256_of(path: Path, plan: Plan) -> str:
    """Hash of the plan and of the settings that it begins with."""
    text = b"".join(file.read_bytes() + b"\0" for file in files_of(path, plan))
    return hashlib.sha256(text).hexdigest()


@dataclass(frozen=True, slots=True)
class Folders:
    """Where things of a study are.

    Beside the plan, kept in git: `records/`, `submissions/`, `results.json`, `accuracy.png`, and
    `evaluated.json`, which says under which plan the first test hand was asked. Below the runs
    folder, not kept: the data, and a folder an arm with its checkpoints and its finished student.

    Attributes:
        plan: the plan's file.
        runs: where checkpoints, students and data go.
    """

    plan: Path
    runs: Path

    @property
    def kept(self) -> Path:
        """What is kept: it is a results folder of `tot24`, too."""
        return self.plan.parent

    def run(self, arm: Arm) -> Path:
        """The arm's checkpoints, and the config that it was trained by."""
        return self.runs / arm.name

    def student(self, arm: Arm) -> Path:
        """The finished student."""
        return self.run(arm) / "student"

    def dataset(self, name: str) -> Path:
        """Rows of the plan's data."""
        return self.runs / "data" / name

    def record(self, arm: Arm) -> Path:
        """The kept copy of the student's record."""
        return self.kept / "records" / f"{arm.name}.json"

    def is_trained(self, arm: Arm) -> bool:
        """Whether the student is there, whole: the record is what an export writes last."""
        return (self.student(arm) / RECORD).is_file()

    def read_record(self, arm: Arm) -> dict[str, Any] | None:
        """The kept record: what the student says of its training, and `study`; None without."""
        return read_record(self.record(arm))
