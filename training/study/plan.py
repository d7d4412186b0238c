"""What the study declares before it begins: arms, tests, hypotheses, rules. Read from plan.yaml.

A key that the plan does not know is refused, and so is a hypothesis about an arm or a test that
there is not. A group is the arms that differ in their seed alone: `cot-2m-s0` is in `cot-2m`.

>>> group_of("onestep-2m-s12"), group_of("cot-0.4m")
('onestep-2m', 'cot-0.4m')
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from tot24_bench.game import load_split
from tot24_bench.schema import Count, Record, Share, Text

Method = Literal["io", "cot", "onestep_tot"]

SLUG = r"^[a-z0-9][a-z0-9.-]{0,60}$"
"""Names of arms and data: they become names of folders."""

Slug = Annotated[str, Field(pattern=SLUG)]

PLAN = Path("training/study/plan.yaml")

_SEED = re.compile(r"-s[0-9]+$")


class BadPlan(ValueError):
    """A plan that cannot be carried out; the message is one line: the place and the fault."""


class Shape(Record):
    """A student from scratch, in the words of `training.sft`."""

    hidden: Annotated[int, Field(ge=8)]
    intermediate: Annotated[int, Field(ge=8)]
    layers: Annotated[int, Field(ge=1)]
    heads: Annotated[int, Field(ge=1)]


class Transcript(Record):
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
    longest: Annotated[int, Field(ge=1)] | None = None


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
    completion_tokens: Annotated[int, Field(ge=1)]
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
    data: dict[Slug, Transcript | SameHands] = Field(default_factory=dict)
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

    def arm(self, name: str) -> Arm:
        """The arm of that name.

        Raises:
            BadPlan: there is none.
        """
        for arm in self.arms:
            if arm.name == name:
                return arm
        raise BadPlan(f"no arm {name[:60]!r}: there is {', '.join(arm.name for arm in self.arms)}")

    def chosen(self, names: list[str] | None) -> list[Arm]:
        """The arms of these names, in the order of the plan; all of them for none."""
        wanted = {self.arm(name).name for name in names or ()}
        return [arm for arm in self.arms if not wanted or arm.name in wanted]

    def group(self, name: str) -> list[Arm]:
        """The arms of a group."""
        return [arm for arm in self.arms if arm.group == name]

    def tests_of(self, arm: Arm) -> tuple[str, ...]:
        """What an arm is asked."""
        return self.tests if arm.tests is None else arm.tests

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        twice = [
            name for name, times in Counter(arm.name for arm in self.arms).items() if times > 1
        ]
        if twice:
            raise ValueError(f"arm {twice[0]} is there twice")
        for arm in self.arms:
            if arm.size not in self.sizes:
                raise ValueError(f"{arm.name}: no size {arm.size}: {', '.join(self.sizes)}")
            if arm.data is not None and arm.data not in self.data:
                raise ValueError(f"{arm.name}: no data {arm.data}: {', '.join(self.data)}")
        for name, made in self.data.items():
            if isinstance(made, SameHands) and not isinstance(
                self.data.get(made.solver_for), Transcript
            ):
                raise ValueError(f"data {name}: {made.solver_for} is no transcript of the plan")
        groups = {arm.group for arm in self.arms}
        named = [group for curve in self.picture.values() for group in curve]
        named += [group for one in self.hypotheses for group in (one.better, one.worse)]
        if self.sampling is not None:
            named += [self.sampling.more, self.sampling.fewer]
        for group in named:
            if group not in groups:
                raise ValueError(f"no group {group}: there is {', '.join(sorted(groups))}")
        if self.sampling is not None:
            for arm in (*self.group(self.sampling.more), *self.group(self.sampling.fewer)):
                for test in self.sampling.tests:
                    if test not in self.tests_of(arm):
                        raise ValueError(f"sampling: {arm.name} is not asked {test}")
        for one in self.hypotheses:
            self._can_be_judged(one)
        return self

    def _can_be_judged(self, one: Hypothesis) -> None:
        for test in one.tests:
            for arm in (*self.group(one.better), *self.group(one.worse)):
                if test not in self.tests_of(arm):
                    raise ValueError(f"{one.name}: {arm.name} is not asked {test}")
            if one.worse_passes and (
                self.sampling is None
                or test not in self.sampling.tests
                or not all(arm.sampled for arm in self.group(one.worse))
            ):
                raise ValueError(f"{one.name}: {one.worse} is not sampled on {test}")


def group_of(name: str) -> str:
    """An arm's name without its seed."""
    return _SEED.sub("", name)


def read_plan(path: Path) -> Plan:
    """The plan of a file.

    Raises:
        BadPlan: it is none; the message names the place and the fault.
        OSError: it cannot be read.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadPlan(f"{path}: no YAML: {' '.join(str(error).split())[:300]}") from None
    try:
        plan = Plan.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadPlan(f"{path}: {where + ': ' if where else ''}{first['msg'][:300]}") from None
    for test in sorted({test for arm in plan.arms for test in plan.tests_of(arm)}):
        load_split(test)
    return plan


def sha256_of(path: Path, plan: Plan) -> str:
    """Hash of the plan and of the settings that it begins with."""
    digest = hashlib.sha256()
    for file in files_of(path, plan):
        digest.update(file.read_bytes() + b"\0")
    return digest.hexdigest()


def files_of(path: Path, plan: Plan) -> list[Path]:
    """The files that a plan stands in: its own and its base's."""
    return [path, path.parent / plan.base]
