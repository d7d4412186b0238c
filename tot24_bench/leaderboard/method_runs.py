"""All methods on one model: what `tot24 methods` runs, what of it is there, and in which order.

The list is `methods.yaml`, or a file of one's own of the same form. A row that is there already is
not run again, so the same command goes on after an interruption; replies that searches share are
asked once.

>>> len(load_methods()), load_methods()[0].task
(30, 'game24_io')
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from tot24_bench.checkpoint import check_checkpoint
from tot24_bench.harness import SEARCH_TASK, EvaluationPlan, load_model, task_name
from tot24_bench.leaderboard.runs import WORK, asked_sha256, plan_keys, run_plans, run_search
from tot24_bench.leaderboard.store import path_of, read_entry
from tot24_bench.prompts import METHODS
from tot24_bench.search import CannotAsk, Progress, SearchSettings, read_settings

CONFIG = "methods.yaml"  # beside this file
MAX_CONFIG_BYTES = 2**20
BEST = 3  # methods that are run on a second split


class BadMethods(ValueError):
    """A list of methods that cannot be used; the message names the file and the place."""


class MethodRun(NamedTuple):
    """One row to come: a plain task, or a search."""

    task: str
    search: SearchSettings | None

    @property
    def label(self) -> str:
        """What is said of it while it runs."""
        return self.task if self.search is None else self.search.label


class Done(NamedTuple):
    """A row that is there."""

    run: MethodRun
    path: Path
    new: bool  # whether it was run now


def load_methods(path: Path | None = None) -> tuple[MethodRun, ...]:
    """The list of a file; None is the one that comes with the package.

    Raises:
        BadMethods: it cannot be read, or an entry is neither a task nor a search.
    """
    import yaml

    named = CONFIG if path is None else str(path)
    try:
        if path is None:
            text = files("tot24_bench.leaderboard").joinpath(CONFIG).read_text(encoding="utf-8")
        else:
            text = path.read_bytes()[: MAX_CONFIG_BYTES + 1].decode("utf-8")
        listed = yaml.safe_load(text) if len(text) <= MAX_CONFIG_BYTES else None
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise BadMethods(f"{named} cannot be read: {' '.join(str(error).split())[:200]}") from error
    if not isinstance(listed, list) or not listed:
        raise BadMethods(f"{named} holds no list of methods: see {CONFIG} of the package")
    return tuple(_read(named, number, entry) for number, entry in enumerate(listed, 1))


def _read(named: str, number: int, entry: Any) -> MethodRun:
    where = f"{named}, entry {number}"
    if not isinstance(entry, dict):
        raise BadMethods(f"{where}: give task: NAME, or method: NAME and its settings")
    if entry.keys() == {"task"}:
        if entry["task"] not in (plain := [task_name(method) for method in METHODS]):
            raise BadMethods(f"{where}: a task is one of {', '.join(plain)}")
        return MethodRun(str(entry["task"]), None)
    try:
        return MethodRun(SEARCH_TASK, read_settings(entry))
    except CannotAsk as error:
        raise BadMethods(f"{where}: {error}") from error


def run_methods(
    methods: Sequence[MethodRun],
    plan: EvaluationPlan,
    results: Path,
    *,
    name: str | None = None,
    begun: Callable[[MethodRun, int], None] = lambda _, __: None,
    progress: Callable[[Progress, int], None] = lambda _, __: None,
) -> Iterator[Done]:
    """Run what is not there yet, with one model, loaded once; each row as it is there.

    Args:
        plan: the model, how it is asked, and the split; its tasks are those of the methods.
        begun: called with each method before it runs, and its number.
        progress: of searches.

    Raises:
        ValueError, OSError: as `run_plans` and `run_search`; what is done by then stays.
    """
    if plan.model == "hf":
        check_checkpoint(plan.model_args)
    work = WORK / f"methods-{asked_sha256(plan)[:16]}-{plan.split}.sqlite"
    model = None
    for number, run in enumerate(methods, 1):
        if run.search is not None and "seed" not in run.search.model_fields_set:
            run = run._replace(search=run.search.model_copy(update={"seed": plan.seed}))
        one = replace(plan, tasks=(run.task,))
        (key,) = plan_keys(one, name, run.search)
        if (path := path_of(results, key)).exists():
            yield Done(run, path, new=False)
            continue
        begun(run, number)
        model = model or load_model(plan)
        if run.search is None:
            (stored,) = run_plans([one], results, name, model=model)
        else:
            stored = run_search(
                one, run.search, results, name=name, work=work, progress=progress, model=model
            )
        yield Done(run, stored.path, new=True)
    for file in work.parent.glob(f"{work.name}*"):
        file.unlink()


def best_methods(done: Sequence[Done], count: int = BEST) -> tuple[MethodRun, ...]:
    """The most accurate methods that use no right answer; of equal ones those of fewer tokens."""

    def worth(one: Done) -> tuple[float, float]:
        header = read_entry(one.path).header
        return -header.metrics.acc, header.total_tokens or float("inf")

    honest = [
        one
        for one in done
        if (search := read_entry(one.path).header.search) is None or not search.oracle_stop
    ]
    return tuple(one.run for one in sorted(honest, key=worth)[:count])
