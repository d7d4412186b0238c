"""The package as a whole: what a bare import may load, and how its modules hang together."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

HEAVY = ("torch", "transformers", "lm_eval", "datasets", "pydantic", "scipy", "typer", "numpy")

ROOT = Path(__file__).parents[1]
FILES = [path for top in ("tot24_bench", "training") for path in sorted((ROOT / top).rglob("*.py"))]

MAX_SHARED_PREFIX = 3
"""Files of one folder that may share their first word: more are a package that was never made."""


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in FILES}
ROOMS = {
    name
    for name, path in MODULES.items()
    if path.name == "__init__.py" and name.startswith("tot24_bench.")
}


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


FACES = {
    room: {
        alias.asname or alias.name
        for statement in tree(room).body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
    for room in ROOMS
}
"""The names that each room's `__init__` imports, which may be those of its modules, too."""


def imported(statements: Iterable[ast.AST]) -> Iterator[str]:
    """The modules of ours that import statements name."""
    for statement in statements:
        if isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names if alias.name in MODULES)
        elif isinstance(statement, ast.ImportFrom) and statement.module in MODULES:
            room = statement.module
            for alias in statement.names:
                inner = f"{room}.{alias.name}"
                is_module = inner in MODULES and alias.name not in FACES.get(room, ())
                yield inner if is_module else room


def loaded_by(statement: str) -> set[str]:
    """Top-level modules in memory after a statement, in a fresh interpreter."""
    code = f"{statement}\nimport sys; print(' '.join({{m.split('.')[0] for m in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_package_loads_the_standard_library_alone() -> None:
    assert loaded_by("import tot24_bench").isdisjoint(HEAVY)


def test_the_command_line_loads_no_model_library() -> None:
    assert loaded_by("import tot24_bench.cli").isdisjoint(set(HEAVY) - {"typer"})


def test_a_room_is_imported_through_its_init_and_not_past_it() -> None:
    past = set()
    for name in MODULES:
        for target in imported(ast.walk(tree(name))):
            room = target if target in ROOMS else target.rpartition(".")[0]
            inside = name == room or name.startswith(f"{room}.")
            scoring_reads_game = room == "tot24_bench.game" and name.startswith(
                "tot24_bench.scoring."
            )
            if room in ROOMS and target != room and not inside and not scoring_reads_game:
                past.add(f"{name} imports {target}")
    assert not past, "\n".join(sorted(past))


def test_no_more_than_three_files_of_a_folder_share_their_first_word() -> None:
    shared = Counter((path.parent, path.stem.partition("_")[0]) for path in FILES)
    families = [
        f"{folder.relative_to(ROOT)}/{word}_*"
        for (folder, word), count in shared.items()
        if word and count > MAX_SHARED_PREFIX
    ]
    assert not families, "\n".join(families)


def test_no_modules_import_each_other_in_a_circle() -> None:
    """What a function or a type checker imports is no circle: it is read after the modules are."""
    graph = {name: set(imported(tree(name).body)) - {name} for name in MODULES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise AssertionError(" -> ".join(error.args[1])) from None
