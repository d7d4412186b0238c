"""The naive baselines: which untuned models the leaderboard compares with, and what of them is run.

They are a list in `baselines.yaml` (or `offline.yaml`, of models that ordinary packages hold), or
in a file of one's own of the same form. A baseline has run where its submission stands under the
key that its plan gives; every other one is "not run", and nothing is ever put in its place.

>>> names = [baseline.name for baseline in load_baselines()]
>>> names[0], len(names)
('HuggingFaceTB/SmolLM-135M', 13)
>>> missing = not_run([], load_baselines())
>>> missing[0].key
'HuggingFaceTB--SmolLM-135M/game24_io.5shot'
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated, NamedTuple, Self

from pydantic import Field, JsonValue, ValidationError, field_validator, model_validator

from tot24_bench.harness import BATCH_SIZE, EvaluationPlan, task_name
from tot24_bench.leaderboard.entry import Entry
from tot24_bench.leaderboard.runs import Stored, plan_keys, run_plans
from tot24_bench.leaderboard.store import path_of
from tot24_bench.leaderboard.submission import Submission
from tot24_bench.models import get_model
from tot24_bench.prompts import METHODS, SHOTS
from tot24_bench.schema import MAX_COUNT, Link, Name, Record, Text, first_fault
from tot24_bench.text import did_you_mean

CONFIG = "baselines.yaml"  # beside this file
OFFLINE = "offline.yaml"  # beside it: what runs without a model hub
MAX_CONFIG_BYTES = 2**20  # the list that ships has 4,000
API_BATCH_SIZE = 1  # prompts in a request to a server; `num_concurrent` is what makes it faster

_Key = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,60}$")]


class BadBaselines(ValueError):
    """A list of baselines that cannot be used; the message names the file and the field."""


class Baseline(Record):
    """One model as it comes, and how it is asked.

    `licence`, `link`, `note` and `parameters` are as in a submission.
    """

    name: Name  # the hub's name, so that `tot24 eval` writes the same row
    backend: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,60}$")]  # lm-eval's kind of model
    model_args: Annotated[dict[_Key, str | int | float | bool], Field(max_length=50)]
    chat: bool = False  # asked in its chat form, exemplars as turns; otherwise in plain text
    methods: Annotated[tuple[str, ...], Field(min_length=1)] = METHODS
    shots: Annotated[int, Field(ge=0, le=SHOTS)] = SHOTS
    batch_size: Annotated[int, Field(ge=1)] | None = None  # None takes BATCH_SIZE for hf, else one
    generation: dict[str, JsonValue] = Field(default_factory=dict)  # over the tasks' own arguments
    fetch: bool = (
        False  # `pretrained` is FOLDER/NAME, a model of `tot24 models`: fetched if missing
    )
    key_variable: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,100}$")] | None = None
    """The environment variable that must hold a key for its server."""
    parameters: Annotated[int, Field(gt=0, le=MAX_COUNT)] | None = None
    licence: Text | None = None
    link: Annotated[Link, Field(max_length=2_000)] | None = None
    note: Text | None = None

    @field_validator("methods")
    @classmethod
    def _in_order_and_once(cls, methods: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [method for method in methods if method not in METHODS]:
            raise ValueError(f"{unknown[0][:40]!r} is not one of {', '.join(METHODS)}")
        return tuple(method for method in METHODS if method in methods)

    @model_validator(mode="after")
    def _names_a_model(self) -> Self:
        if not {"pretrained", "model"} & self.model_args.keys():
            raise ValueError("model_args name no model: add pretrained or model")
        if self.fetch and not isinstance(self.model_args.get("pretrained"), str):
            raise ValueError("fetch needs model_args with pretrained: FOLDER/NAME")
        return self

    def describe(self, submission: Submission) -> Submission:
        """Add what is said here of a model and not known of it otherwise."""
        names = ("parameters", "licence", "link")
        known = {name: getattr(submission.model, name) or getattr(self, name) for name in names}
        model = submission.model.model_copy(update=known)
        notes = submission.notes + ((self.note,) if self.note else ())
        return submission.model_copy(update={"model": model, "notes": notes})


class _File(Record):
    baselines: Annotated[tuple[Baseline, ...], Field(min_length=1)]


class Options(NamedTuple):
    """What a user changes for all baselines of a run; None leaves it to each of them."""

    device: str | None = None
    batch_size: str | None = None
    limit: int | None = None
    cache: str | None = None


class NotRun(NamedTuple):
    """A row that the leaderboard has no figure for; `key` is where its submission would stand."""

    name: str
    method: str
    shots: int
    chat: bool
    key: str


def load_baselines(path: Path | None = None, *, offline: bool = False) -> tuple[Baseline, ...]:
    """The baselines of a file, else of a list that ships; BadBaselines where it is none."""
    import yaml

    ours = OFFLINE if offline else CONFIG
    source = files("tot24_bench.leaderboard") / ours if path is None else path
    shown = ours if path is None else str(path)
    try:
        with source.open("rb") as file:
            data = file.read(MAX_CONFIG_BYTES + 1)
        if len(data) > MAX_CONFIG_BYTES:
            raise BadBaselines(f"{shown}: larger than {MAX_CONFIG_BYTES} bytes")
        baselines = _File.model_validate(yaml.safe_load(data)).baselines
    except OSError as error:
        raise BadBaselines(f"{shown}: cannot be read ({error.strerror})") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise BadBaselines(f"{shown}: no YAML ({str(error).partition(chr(10))[0][:200]})") from None
    except ValidationError as error:
        where, what = first_fault(error)
        raise BadBaselines(f"{shown}: {where}: {what[:200]}") from None
    asked = [(one.name, one.chat, one.shots) for one in baselines]
    if twice := [one for one in asked if asked.count(one) > 1]:
        name = twice[0][0][:80]
        raise BadBaselines(f"{shown}: two baselines are named {name!r} and asked alike")
    return baselines


def pick_baselines(baselines: Sequence[Baseline], names: Iterable[str]) -> tuple[Baseline, ...]:
    """Those of the names, in the list's order; a name is good without its owner, in any case."""
    named = [{one.name.casefold(), _short(one.name).casefold()} for one in baselines]
    wanted = {name.casefold(): name for name in names}
    for plain, name in wanted.items():
        if not any(plain in known for known in named):
            known = [one.name for one in baselines]
            hint = did_you_mean(name, [*known, *map(_short, known)])
            raise ValueError(f"no baseline {name[:60]!r}: {hint}see tot24 baseline --list")
    return tuple(one for one, known in zip(baselines, named, strict=True) if known & wanted.keys())


def plan_of(
    baseline: Baseline, options: Options | None = None, methods: Iterable[str] | None = None
) -> EvaluationPlan:
    """What `tot24 eval` would be asked for, for all methods of the baseline or for some."""
    options = options or Options()
    local = baseline.backend == "hf"
    usual: int | str = BATCH_SIZE if local else API_BATCH_SIZE
    return EvaluationPlan(
        model=baseline.backend,
        model_args=dict(baseline.model_args),
        tasks=tuple(map(task_name, baseline.methods if methods is None else methods)),
        shots=baseline.shots,
        batch_size=options.batch_size or baseline.batch_size or usual,
        device=options.device if local else None,
        chat=baseline.chat,
        multiturn=baseline.chat,
        generation=dict(baseline.generation),
        limit=options.limit,
        cache=options.cache,
    )


def keys_of(baseline: Baseline, options: Options | None = None) -> dict[str, str]:
    """By method, the key that the submission of a baseline has or will have."""
    keys = plan_keys(plan_of(baseline, options), baseline.name)
    return dict(zip(baseline.methods, keys, strict=True))


def missing_methods(
    baseline: Baseline, results: Path, options: Options | None = None
) -> tuple[str, ...]:
    """The methods whose submission is not in the results folder yet."""
    keys = keys_of(baseline, options)
    return tuple(method for method, key in keys.items() if not path_of(results, key).exists())


def not_run(entries: Iterable[Entry], baselines: Iterable[Baseline]) -> list[NotRun]:
    """The rows of the baselines, on all hands, that no entry fills; in the baselines' order."""
    there = {entry.key for entry in entries}
    return [
        NotRun(one.name, method, one.shots, one.chat, key)
        for one in baselines
        for method, key in keys_of(one).items()
        if key not in there
    ]


def run_baseline(
    baseline: Baseline,
    results: Path,
    options: Options | None = None,
    overwrite: bool = False,
    tell: Callable[[str], object] = lambda _: None,
) -> list[Stored]:
    """Evaluate the methods that are missing, all of them to `overwrite`; a model is loaded once.

    `tell` is called with the steps of fetching a model that is not here yet.

    Raises what `run_plans` does, whatever a backend does, CannotFetch, and ValueError where a key
    is not set.
    """
    methods = baseline.methods if overwrite else missing_methods(baseline, results, options)
    if not methods:
        return []
    if baseline.key_variable and not os.environ.get(baseline.key_variable):
        raise ValueError(f"no key for its server: set {baseline.key_variable}")
    if baseline.fetch:
        place = Path(str(baseline.model_args["pretrained"]))
        get_model(place.name, place.parent, tell)
    plan = plan_of(baseline, options, methods)
    return list(run_plans([plan], results, baseline.name, overwrite, baseline.describe))


def _short(name: str) -> str:
    return name.rpartition("/")[2]
