"""Write the task files of the splits: four lines each, one method and one split.

    python -m tot24_bench.harness.task_files tasks/game24/splits

lm-eval finds a task by a file of its own; every one of these includes the method's file, so that
the template stands in one place. A test compares the folder with what this writes.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from tot24_bench.harness.tasks import GROUP, TASK_SPLITS, task_name
from tot24_bench.prompts import METHODS


def task_files() -> Iterator[tuple[str, str]]:
    """Name and text of each file."""
    for split in TASK_SPLITS:
        for method in METHODS:
            yield (
                f"{task_name(method)}_{split}.yaml",
                _TASK.format(task=task_name(method), method=method, split=split),
            )
        tasks = "".join(f"  - {task_name(method)}_{split}\n" for method in METHODS)
        yield f"{GROUP}_{split}.yaml", _GROUP.format(group=GROUP, split=split, tasks=tasks)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write them into a folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args(arguments).folder
    folder.mkdir(exist_ok=True)
    for name, text in task_files():
        (folder / name).write_text(text, encoding="utf-8")


_TASK = """\
include: ../{task}.yaml
task: {task}_{split}
dataset_kwargs: {{tot24_method: {method}, tot24_of: {split}}}
"""

_GROUP = """\
group: {group}_{split}
task:
{tasks}metadata: {{version: 1.0}}
"""

if __name__ == "__main__":
    main()
