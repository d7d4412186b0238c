"""What the study declares before it begins: arms, tests, hypotheses, rules. Read from plan.yaml.

A key that the plan does not know is refused, and so is a hypothesis about an arm or a test that
there is not. A group is the arms that differ in their seed alone: `cot-2m-s0` is in `cot-2m`.

>>> group_of("onestep-2m-s12"), group_of("cot-0.4m")
('onestep-2m', 'cot-0.4m')
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

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


class BadPlan(ValueError):
    """A plan that cannot be carried out; the message is one line: the place and the fault."""


class Shape(Record):
    """A student from scratch, in the words of `training.sft`."""

    hidden: Annotated[int, Field(ge=8)]
    intermediate: Annotated[int, Field(ge=8)]
    layers: Positive
    heads: Positive


class PublicTranscript(Record):
    """Rows out of a public transcript, as `tot24 traces import` and `filter` make them."""

    transcript: Path  # from where the study is run
    model: Text  # who wrote it
    method: Method = "onestep_tot"
    level: Literal["answer", "agrees", "valid"] = "valid"  # of the filter
    longest: Positive | None = None  # tokens of a row; longer ones go before the solver is asked


class SameHands(Record):
    """The solver's rows for the hands of other data, each as often as there."""

    solver_for: Slug


class Arm(Record):
    """One student."""

    name: Slug  # `-sN` at its end is its seed, the rest its group
    method: Method  # what it learns, is validated by and is tested by
    size: str
    seed: Annotated[int, Field(ge=0)] = 0  # of the weights, of the order and of the rows
    completion_tokens: Positive
    minutes: Annotated[float, Field(gt=0)]  # on two cores, estimated before it is trained
    data: Slug | None = None  # of the plan's data; None has the solver write the rows
    settings: dict[str, Any] = Field(default_factory=dict)  # other keys of `training.sft`
    sampled: bool = False  # whether it is also asked k times a hand, see `Sampling`

    @property
    def group(self) -> str:
        """The arms that differ from it in their seed alone."""
        return group_of(self.name)

    @property
    def task(self) -> str:
        """The lm-eval task that asks it."""
        return f"game24_{self.method}"


class Hypothesis(Record):
    """A claim that one group is right more often than another, and where that is looked at."""

    name: Annotated[str, Field(pattern=r"^H[0-9]+[a-z]?$")]
    says: Text  # the claim, in words
    better: Slug
    worse: Slug
    tests: Annotated[tuple[str, ...], Field(min_length=1)]  # their hands are taken together
    worse_passes: bool = False  # `worse` is right where any of its k sampled responses is
    worse_votes: bool = False  # `worse` is right where the most frequent of its k answers is
    margin: Annotated[float, Field(ge=-1, le=1)] = 0.0  # the difference has to be larger


class Sampling(Record):
    """How pass@k and votes are asked: k times a hand at a temperature.

    On each test k is the tokens of a greedy response of `more` over those of `fewer`, rounded up
    and at least 2: then k responses cost what one does, or more.
    """

    tests: tuple[str, ...]
    temperature: Annotated[float, Field(gt=0)] = 1.0
    more: Slug
    fewer: Slug
    most: Annotated[int, Field(ge=2, le=100)] = 20  # where a student never stops


class Statistics(Record):
    """Intervals: a bootstrap that draws seeds, then hands; of a difference, the same hands."""

    level: Share = 0.95
    resamples: Annotated[int, Field(ge=100, le=100_000)] = 9_999
    seed: Count = 24


class Plan(Record):
    """The whole plan."""

    base: Slug  # settings of all arms: a YAML file beside the plan
    chosen_on: Text  # what every choice is made on, in words
    rules: tuple[Text, ...]  # how checkpoints are chosen and hypotheses judged, in words
    sizes: dict[str, Shape]
    data: dict[Slug, PublicTranscript | SameHands] = Field(default_factory=dict)
    tests: Annotated[tuple[str, ...], Field(min_length=1)]  # once each, greedy and 0-shot
    sampling: Sampling | None = None
    statistics: Statistics = Statistics()
    arms: Annotated[tuple[Arm, ...], Field(min_length=1)]
    hypotheses: tuple[Hypothesis, ...] = ()
    picture: dict[str, tuple[Slug, ...]] = Field(default_factory=dict)  # curves: groups by label

    @property
    def minutes(self) -> float:
        """Of all arms, on two cores."""
        return sum(arm.minutes for arm in self.arms)

    @property
    def groups(self) -> dict[str, list[Arm]]:
        """The arms of each group, in the order of the plan."""
        names = dict.fromkeys(arm.group for arm in self.arms)
        return {name: [arm for arm in self.arms if arm.group == name] for name in names}

    def group(self, name: str) -> list[Arm]:
        """The arms of a group; none where there is no such group."""
        return self.groups.get(name, [])

    def arm(self, name: str) -> Arm:
        """The arm of that name."""
        return self.chosen([name])[0]

    def chosen(self, names: list[str] | None) -> list[Arm]:
        """The arms of these names, in the order of the plan; all of them for none."""
        there = [arm.name for arm in self.arms]
        if unknown := set(names or ()) - set(there):
            raise BadPlan(f"no arm {min(unknown)[:60]!r}: there is {', '.join(there)}")
        return [arm for arm in self.arms if not names or arm.name in names]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        names = [arm.name for arm in self.arms]
        for arm in self.arms:
            if names.count(arm.name) > 1:
                raise ValueError(f"arm {arm.name} is there twice")
            _require("size", arm.size, self.sizes, arm.name)
            if arm.data is not None:
                _require("data", arm.data, self.data, arm.name)
        transcripts = [n for n, made in self.data.items() if isinstance(made, PublicTranscript)]
        for name, made in self.data.items():
            if isinstance(made, SameHands):
                _require("transcript", made.solver_for, transcripts, f"data {name}")
        for label, curve in self.picture.items():
            for group in curve:
                _require("group", group, self.groups, label)
        if rule := self.sampling:
            self._require_asked("sampling", rule.tests, rule.more, rule.fewer)
        for one in self.hypotheses:
            self._require_asked(one.name, one.tests, one.better, one.worse)
            sampled = rule.tests if rule and all(a.sampled for a in self.group(one.worse)) else ()
            if one.worse_passes and one.worse_votes:
                raise ValueError(f"{one.name}: worse_passes and worse_votes are two claims")
            by_samples = one.worse_passes or one.worse_votes
            if by_samples and (missing := set(one.tests) - set(sampled)):
                raise ValueError(f"{one.name}: {one.worse} is not sampled on {min(missing)}")
        return self

    def _require_asked(self, who: str, tests: Iterable[str], *groups: str) -> None:
        for group in groups:
            _require("group", group, self.groups, who)
            if missing := set(tests) - set(self.tests):
                raise ValueError(f"{who}: {group} is not asked {min(missing)}")


def _require(kind: str, name: str, there: Collection[str], who: str) -> None:
    if name not in there:
        raise ValueError(f"{who}: no {kind} {name}: there is {', '.join(sorted(there))}")


def group_of(name: str) -> str:
    """An arm's name without its seed."""
    return re.sub("-s[0-9]+$", "", name)


def read_plan(path: Path) -> Plan:
    """The plan of a file; BadPlan where it is none."""
    try:
        plan = Plan.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise BadPlan(f"{path}: {': '.join(first_fault(error, whole='plan'))[:400]}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadPlan(f"{path}: no YAML: {' '.join(str(error).split())[:300]}") from None
    for test in plan.tests:
        load_split(test)
    return plan


class Folders(NamedTuple):
    """Where things of a study are.

    Beside the plan, kept in git: `records/`, `submissions/`, `results.json`, `accuracy.png`, and
    `evaluated.json`, which says under which plan the first test hand was asked. Below the runs
    folder, not kept: the data, and a folder an arm with its checkpoints and its finished student.
    """

    plan: Path
    runs: Path

    @classmethod
    def of(cls, plan: Path, runs: Path | None) -> Self:
        """Those of a plan; its runs in `runs`, below the name of its folder, unless told."""
        return cls(plan, runs or Path("runs") / plan.resolve().parent.name)

    @property
    def kept(self) -> Path:
        """What is kept: it is a results folder of `tot24`, too."""
        return self.plan.parent

    def declared(self, plan: Plan) -> list[Path]:
        """The files that a plan stands in: its own and its base's."""
        return [self.plan, self.kept / plan.base]

    def sha256(self, plan: Plan) -> str:
        """Hash of the plan and of the settings that it begins with."""
        text = b"".join(file.read_bytes() + b"\0" for file in self.declared(plan))
        return hashlib.sha256(text).hexdigest()

    def run(self, arm: Arm) -> Path:
        """The arm's checkpoints, and the config that it was trained by."""
        return self.runs / arm.name

    def student(self, arm: Arm) -> Path:
        """The finished student."""
        return self.run(arm) / "student"

    def is_trained(self, arm: Arm) -> bool:
        """Whether the student is there, whole: the record is what an export writes last."""
        return (self.student(arm) / RECORD).is_file()

    def dataset(self, name: str) -> Path:
        """Rows of the plan's data."""
        return self.runs / "data" / name

    def record(self, arm: Arm) -> Path:
        """The kept copy of the student's record: what it says of its training, and `study`."""
        return self.kept / "records" / f"{arm.name}.json"

    def read_record(self, arm: Arm) -> dict[str, Any] | None:
        """The kept record; None where there is none."""
        return read_record(self.record(arm))
