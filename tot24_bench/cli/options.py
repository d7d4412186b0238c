"""Options that several commands take; each reads alike everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from tot24_bench.game import InvalidPuzzle, Rule, read_target
from tot24_bench.prompts import VARIANTS

RESULTS = Path("results")


def _target(value: object) -> int | None:
    try:
        return read_target(value)
    except InvalidPuzzle as error:
        raise typer.BadParameter(str(error)) from None


Target = Annotated[
    int | None, Option(parser=_target, metavar="INTEGER", help="The number to make [default: 24].")
]
UsingRule = Annotated[
    Rule | None, Option("--rule", help="Use all of the numbers, or some [default: all].")
]
Results = Annotated[Path, Option("--results", help="Folder of submissions.")]
Overwrite = Annotated[bool, Option("--overwrite", help="Replace what is there.")]
ModelName = Annotated[
    str | None, Option(help="Name on the leaderboard [default: the checkpoint's].")
]
Notes = Annotated[
    list[str] | None,
    Option("--note", help="What a reader of the figure must know; may be given again."),
]
Limit = Annotated[
    int | None, Option(min=1, help="Only the first so many hands, to try things out.")
]
BatchSize = Annotated[
    str | None, Option("--batch_size", help="Prompts at once [default: 50 for hf, else 1].")
]
UseCache = Annotated[
    str | None, Option("--use_cache", help="Response cache: run again with it to go on.")
]
Exemplars = Annotated[str, Option(help=f"Exemplar variant: {', '.join(VARIANTS)}.")]
Device = Annotated[str | None, Option(help="cpu, cuda:0, ...")]
TranscriptFile = Annotated[Path, Argument(help="The transcript: JSON Lines or a JSON array.")]
FormatName = Annotated[str | None, Option("--format", help="Its format [default: recognised].")]
Ranks = Annotated[
    Path | None, Option(help="The public list of hands by rank (CSV), for logs that name ranks.")
]
AnyHand = Annotated[
    bool, Option("--any-hand", help="Allow hands that are not four cards from 1 to 13.")
]
SkipBad = Annotated[bool, Option("--skip-bad", help="Leave out records that cannot be used.")]
TraceFiles = Annotated[list[Path], Argument(help="Trace files, of any teachers.")]
TraceOutput = Annotated[Path, Option("--output", "-o", help="The trace file.")]
Plot = Annotated[Path | None, Option(help="Draw it into this file (png, svg, pdf).")]
DryRun = Annotated[bool, Option("--dry-run", help="Show what would be written; write nothing.")]
AsJson = Annotated[bool, Option("--json", help="Print JSON, for programs.")]


def check_limit(limit: int | None, results: Path) -> None:
    """Refuse a run of some hands alone where git keeps the results: that is the record."""
    from tot24_bench.leaderboard import kept_by_git

    if limit is not None and (kept := kept_by_git(results)):
        raise typer.BadParameter(
            f"a --limit run has no place in {results}, {kept}: give --results out/results"
        )
