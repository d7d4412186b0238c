"""The package as a whole: what a bare import may load, and that commands start quickly."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("torch", "transformers", "lm_eval", "datasets", "pydantic", "scipy", "typer", "numpy")


def loaded_by(statement: str) -> set[str]:
    """Top-level modules in memory after a statement, in a fresh interpreter."""
    code = f"{statement}\nimport sys; print(' '.join({{m.split('.')[0] for m in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_package_loads_the_standard_library_alone() -> None:
    assert loaded_by("import tot24_bench").isdisjoint(HEAVY)


def test_the_command_line_loads_no_model_library() -> None:
    assert loaded_by("import tot24_bench.cli").isdisjoint(set(HEAVY) - {"typer"})
