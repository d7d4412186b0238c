"""`tot24 leaderboard verify`: every submission, response by response, and models asked again."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tot24_bench.cli.options import RESULTS, Ranks, Results
from tot24_bench.text import one_line

if TYPE_CHECKING:
    from tot24_bench.leaderboard import Fault, Verified

STUDENTS = Path("students")
"""Where a checkout keeps the checkpoints that it ships."""


def verify_command(
    results: Results = RESULTS,
    jobs: Annotated[
        int | None, typer.Option(min=1, max=256, help="Processes [default: one a core].")
    ] = None,
    transcripts: Annotated[
        list[Path] | None,
        typer.Option(
            help="A transcript whose responses a submission withholds; may be given again."
        ),
    ] = None,
    ranks: Ranks = None,
    rerun: Annotated[
        int, typer.Option(min=0, help="Hands of each submission to generate anew and compare.")
    ] = 0,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(
            help=f"A checkpoint to do so with; may be given again [default: those in {STUDENTS}/]."
        ),
    ] = None,
    device: Annotated[str, typer.Option(help="Where to generate anew.")] = "cpu",
) -> None:
    """Score every response of every submission again, and fail on any difference.

    It also fails on unknown, doubled and missing hands, wrong hashes, prompts that are not this
    benchmark's, held-out hands in declared training data, tokens and dates that cannot be, and
    across submissions on one name for two models, one checkpoint that was trained twice, and
    responses that are another model's. What is odd and may be honest is a warning. This shows that
    submissions are consistent, not that their models wrote the responses; `--rerun` asks a model
    again.

    Examples:

    `tot24 leaderboard verify`

    `tot24 leaderboard verify --rerun 8 --checkpoint students/scout-2m`
    """
    from tot24_bench.leaderboard import texts_of, verify
    from tot24_bench.transcripts import read_transcript

    texts = texts_of(
        one.responses for path in transcripts or () for one in read_transcript(path, ranks=ranks)
    )
    with _progress(results) as advance:
        verified = list(verify(results, jobs, texts, advance))
    if not verified:
        raise ValueError(f"no submissions under {results}: nothing to verify")
    faults = [fault for one in verified for fault in one.faults]
    for fault in faults:
        typer.echo(said(fault), err=True)
    for warning in (warning for one in verified for warning in one.warnings):
        typer.echo(f"warning: {said(warning)}", err=True)
    good = sum(not one.faults for one in verified)
    responses = sum(one.responses for one in verified)
    typer.echo(f"{good} of {len(verified)} submissions are consistent, {responses:,} responses")
    if withheld := sum(one.withheld for one in verified):
        typer.echo(
            f"{withheld:,} responses are withheld and were not scored again: give --transcripts"
        )
    differs = rerun and not faults and _rerun(verified, rerun, checkpoint, device)
    if faults or differs:
        raise typer.Exit(2)
    if not rerun:
        typer.echo("This shows consistency, not who wrote the responses: see --rerun.")


def said(fault: Fault) -> str:
    """A fault in one line, with what to do about it where it says so."""
    line = one_line(f"{fault.path}: {fault.where}: {fault.what}")
    return f"{line} -> {fault.fix}" if fault.fix else line


def _rerun(
    verified: list[Verified], hands: int, checkpoints: list[Path] | None, device: str
) -> bool:
    """Ask the models again that are at hand; whether any wrote something else."""
    from tot24_bench.leaderboard import CannotRerun, find_checkpoint, read, rerun

    folders = tuple(checkpoints or sorted(path.parent for path in STUDENTS.glob("*/config.json")))
    differs, ran = False, 0
    for one in verified:
        submission = read(one.path)
        try:
            differences = rerun(submission, find_checkpoint(submission, folders), hands, device)
        except CannotRerun as error:
            typer.echo(one_line(f"not run again: {error}"))
            continue
        ran += 1
        asked = min(hands, submission.n)
        same = asked - len(differences)
        typer.echo(f"{submission.key}: {same} of {asked} responses are the same")
        for difference in differences:
            before, after = difference.correct
            verdict = "right" if after else "wrong"
            typer.echo(
                f"  {difference.hand}: differs; the stored one is {'right' if before else 'wrong'}"
                f", the new one {verdict}",
                err=True,
            )
        differs = differs or bool(differences)
    if not ran:
        raise ValueError("no submission could be run again: see the reasons above")
    if differs:
        typer.echo(
            "Other hardware, precision or versions can change a response; the stored ones are in "
            "the submission.",
            err=True,
        )
    return differs


@contextmanager
def _progress(results: Path) -> Iterator[Callable[[], object]]:
    """A bar on a terminal, moved on by what is given."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    from tot24_bench.leaderboard import paths

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("verify", total=len(paths(results)))
        yield lambda: bar.advance(task)
