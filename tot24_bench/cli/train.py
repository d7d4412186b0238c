"""`tot24 train`: train a student; `python -m training.sft` of a checkout, from anywhere.

Training is no part of the benchmark: this command alone knows where it lies. In an installed
package that is `tot24_bench.training`, in a checkout the folder `training` beside `tot24_bench`.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import typer

NAME = "tot24 train"


def train_command(context: typer.Context) -> None:
    """Train a student on One-Step ToT traces: every key of the config is a flag, too.

    Example: `tot24 train --config scout-2m --output_dir runs/mine --export_dir runs/mine/student`
    """
    # Its flags are those of TRL's parser, which reads them itself and answers `--help`.
    before, sys.argv = sys.argv, [NAME, *(context.args or ["--help"])]
    try:
        code = _sft().command()
    finally:
        sys.argv = before
    raise typer.Exit(code)


def _sft() -> ModuleType:
    try:
        return import_module("tot24_bench.training.sft")
    except ModuleNotFoundError as error:
        if error.name != "tot24_bench.training":
            raise
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    return import_module("training.sft")
