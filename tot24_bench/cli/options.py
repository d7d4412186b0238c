"""Options that several commands share, so that they read alike everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tot24_bench.game import InvalidPuzzle, Rule, read_target

RESULTS = Path("results")


def _target(value: object) -> int | None:
    try:
        return read_target(value)
    except InvalidPuzzle as error:
        raise typer.BadParameter(str(error)) from None


Target = Annotated[
    int | None,
    typer.Option(parser=_target, metavar="INTEGER", help="The number to make [default: 24]."),
]
UsingRule = Annotated[
    Rule | None,
    typer.Option("--rule", help="Use all of the numbers, or some [default: all]."),
]
Results = Annotated[Path, typer.Option("--results", help="Folder of submissions.")]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace a submission of the same name.")
]
Ranks = Annotated[
    Path | None,
    typer.Option(help="The public list of hands by rank (CSV), for logs that name ranks."),
]
SkipBad = Annotated[bool, typer.Option("--skip-bad", help="Leave out records that cannot be used.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
