"""Which tasks there are and where their YAML files lie.

>>> expand(["game24", "game24_io"])
('game24_io', 'game24_cot', 'game24_onestep_tot')
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

import tot24_bench
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
    """The method that a task evaluates.

    Raises:
        UnknownTask: when there is no such task.
    """
    (name,) = expand([task])
    return name.removeprefix(f"{GROUP}_")


def expand(names: Iterable[str]) -> tuple[str, ...]:
    """The single tasks behind the names, groups opened, each once, in the group's order.

    Raises:
        UnknownTask: when a name is neither a task nor the group.
    """
    every = [task_name(method) for method in METHODS]
    wanted: set[str] = set()
    for name in names:
        if name != GROUP and name not in every:
            near = difflib.get_close_matches(name, [GROUP, *every], n=2, cutoff=0.4)
            hint = f"did you mean {' or '.join(near)}? " if near else ""
            raise UnknownTask(
                f"no task {name[:60]!r}: {hint}the tasks are {GROUP} (all of), {', '.join(every)}"
            )
        wanted |= set(every) if name == GROUP else {name}
    if not wanted:
        raise UnknownTask(f"no task given: name {GROUP} or one of {', '.join(every)}")
    return tuple(name for name in every if name in wanted)
