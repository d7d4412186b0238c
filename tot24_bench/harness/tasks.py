"""Which tasks there are and where their YAML files lie.

>>> expand(["game24", "game24_io"])
('game24_io', 'game24_cot', 'game24_onestep_tot')
>>> expand_by_split(["game24_io", "game24_cot_fresh"], "hard100")
{'hard100': ('game24_io',), 'fresh': ('game24_cot',)}
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

import tot24_bench
from tot24_bench.game import ALL_SPLITS
from tot24_bench.harness.documents import DEFAULT_SPLIT
from tot24_bench.prompts import METHODS

GROUP = "game24"


class UnknownTask(ValueError):
    """No task of that name; the message lists the nearest ones."""


class TasksNotFound(FileNotFoundError):
    """The task files are neither beside the package nor where its wheel puts them."""


def tasks_path() -> Path:
    """The folder to give to lm-eval's `--include_path`.

    Raises:
        TasksNotFound: when an installation lacks the task files.
    """
    root = Path(tot24_bench.__file__).resolve().parents[1]
    for folder in (root / "tasks", root / "lm_eval" / "tasks" / "game24"):
        if (folder / "game24.yaml").exists() or (folder / "game24" / "game24.yaml").exists():
            return folder
    raise TasksNotFound(f"no task files beside {root.name}: install tot24-bench again")


def task_name(method: str) -> str:
    """The task that evaluates a method."""
    return f"{GROUP}_{method}"


def method_of(task: str) -> str:
    """The method that a task evaluates, whatever its split.

    Raises:
        UnknownTask: when there is no such task.
    """
    ((base, _),) = _singles(task)
    return base.removeprefix(f"{GROUP}_")


def split_of(task: str) -> str | None:
    """The split that a task says in its name; None where it is the plain task.

    Raises:
        UnknownTask: when there is no such task.
    """
    return _singles(task)[0][1]


def expand(names: Iterable[str]) -> tuple[str, ...]:
    """The single tasks behind the names, groups opened, each once, in the group's order.

    Raises:
        UnknownTask: when a name is neither a task nor a group, or one has a split of its own.
    """
    by_split = expand_by_split(names, None)
    if other := next((split for split in by_split if split is not None), None):
        raise UnknownTask(f"a task of {other} is not a plain one: name plain tasks and the split")
    return by_split[None]


def expand_by_split(names: Iterable[str], default: str | None) -> dict[str | None, tuple[str, ...]]:
    """The plain tasks behind the names, by the split that each asks.

    Args:
        names: tasks and groups, such as `game24`, `game24_io`, `game24_fresh`, `game24_io_fresh`.
        default: the split of the plain ones.

    Raises:
        UnknownTask: when a name is neither a task nor a group; the message lists the nearest ones.
    """
    wanted: dict[str | None, set[str]] = {}
    for name in names:
        for task, split in _singles(name):
            wanted.setdefault(default if split is None else split, set()).add(task)
    if not wanted:
        raise UnknownTask(f"no task given: name {GROUP} or one of {', '.join(_PLAIN)}")
    return {
        split: tuple(name for name in _PLAIN if name in tasks) for split, tasks in wanted.items()
    }


def _singles(name: str) -> list[tuple[str, str | None]]:
    """Plain task and split of each task behind a name."""
    for split in (None, *TASK_SPLITS):
        suffix = "" if split is None else f"_{split}"
        if name == GROUP + suffix:
            return [(task, split) for task in _PLAIN]
        for task in _PLAIN:
            if name == task + suffix:
                return [(task, split)]
    every = [f"{task}_{split}" for task in _PLAIN for split in TASK_SPLITS]
    groups = [f"{GROUP}_{split}" for split in TASK_SPLITS]
    near = difflib.get_close_matches(name, [GROUP, *_PLAIN, *groups, *every], n=2, cutoff=0.4)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    raise UnknownTask(
        f"no task {name[:60]!r}: {hint}the tasks are {GROUP} (all of), {', '.join(_PLAIN)}, and "
        f"each of these with a split, such as {GROUP}_{TASK_SPLITS[-1]}"
    )


NO_TASK = (DEFAULT_SPLIT, "train")
"""Splits without tasks of their own: what the plain tasks ask, and what is trained on."""

TASK_SPLITS = tuple(split for split in ALL_SPLITS if split not in NO_TASK)
"""Splits that have tasks of their own."""

_PLAIN = tuple(task_name(method) for method in METHODS)
