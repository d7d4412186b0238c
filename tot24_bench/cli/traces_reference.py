"""`tot24 traces reference`: the solver's dataset, the same for everybody."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tot24_bench.cli.terminal import counting


def reference_command(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the dataset.")],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a dataset that is there.")
    ] = False,
) -> None:
    """Build the reference dataset: the exact solver's searches for the train hands.

    It takes about a minute; the rows are checked against the hash that this version names.

    Example: `tot24 traces reference -o reference`
    """
    from tot24_bench.game import load_split
    from tot24_bench.traces import SAMPLES, SPLIT, build_reference

    with counting(SAMPLES * len(load_split(SPLIT)), "traces") as tick:
        record = build_reference(output, overwrite=overwrite, seen=tick)
    typer.echo(f"wrote {record.rows:,} rows to {output}, sha256 {record.sha256}: as it should be")
