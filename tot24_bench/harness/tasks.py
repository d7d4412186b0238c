"""Which tasks there are, where their YAML files lie, and what those of the splits say.

lm-eval finds a task by a file of its own. Each of `tasks/game24/splits` has four lines, one method
and one split, and includes the method's file, so that the template stands in one place. A test
compares the folder with what it should hold.

>>> expand(["game24", "game24_io"])
('game24_io', 'game24_cot', 'game24_onestep_tot')
>>> expand_by_split(["game24_io", "game24_search_fresh"], "hard100")
{'hard100': ('game24_io',), 'fresh': ('game24_search',)}

`game24_search` is in no group: with three prompts a search would run three times.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import tot24_bench
from tot24_bench.game import ALL_SPLITS
from tot24_bench.harness.documents import DEFAULT_SPLIT, SEARCH
from tot24_bench.prompts import METHODS
from tot24_bench.text import did_you_mean

GROUP = "game24"
SEARCH_TASK = f"{GROUP}_{SEARCH}"

TASK_SPLITS = tuple(split for split in ALL_SPLITS if split not in (DEFAULT_SPLIT, "train"))
"""Splits that have tasks of their own: all but what the plain tasks ask and what is trained on."""


class UnknownTask(ValueError):
    """No task of that name; the message lists the nearest ones."""


class TasksNotFound(FileNotFoundError):
    """The task files are neither beside the package nor where its wheel puts them."""


def tasks_path() -> Path:
    """The folder to give to lm-eval's `--include_path`."""
    root = Path(tot24_bench.__file__).resolve().parents[1]
    for folder in (root / "tasks", root / "lm_eval" / "tasks" / "game24"):
        if (folder / "game24.yaml").exists() or (folder / "game24" / "game24.yaml").exists():
            return folder
    raise TasksNotFound(f"no task files beside {root.name}: install tot24-bench again")


def task_name(method: str) -> str:
    """The task that evaluates a method."""
    return f"{GROUP}_{method}"


def method_of(task: str) -> str:
    """The method that a task (else UnknownTask) evaluates, whatever its split; `search` is one."""
    ((base, _),) = _singles(task)
    return base.removeprefix(f"{GROUP}_")


def split_of(task: str) -> str | None:
    """The split that a task (else UnknownTask) says in its name; None of the plain task."""
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
    if name not in _BEHIND:
        raise UnknownTask(
            f"no task {name[:60]!r}: {did_you_mean(name, _BEHIND)}the tasks are {GROUP} (all of "
            f"{', '.join(_GROUPED)}), each of these, {SEARCH_TASK}, and all with a split, such as "
            f"{GROUP}_{TASK_SPLITS[-1]}"
        )
    return _BEHIND[name]


_GROUPED = tuple(task_name(method) for method in METHODS)
_PLAIN = (*_GROUPED, SEARCH_TASK)

_BEHIND: dict[str, list[tuple[str, str | None]]] = {}
"""Plain task and split of each task behind every name of a task or a group."""
for _split in (None, *TASK_SPLITS):
    _suffix = "" if _split is None else f"_{_split}"
    _BEHIND[GROUP + _suffix] = [(task, _split) for task in _GROUPED]
    _BEHIND |= {task + _suffix: [(task, _split)] for task in _PLAIN}
