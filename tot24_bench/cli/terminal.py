"""What commands share: options that read alike everywhere, one-line errors, bars and tables."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from tot24_bench.game import InvalidPuzzle, Rule, read_target
from tot24_bench.text import one_line

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

WIDTH = 160
"""Columns of what goes to a log or a pipe."""

UNREAD = 141
"""Exit code of a command whose output nobody reads: that of one which SIGPIPE ends."""

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
Overwrite = Annotated[bool, Option("--overwrite", help="Replace a submission of the same name.")]
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
AsJson = Annotated[bool, Option("--json", help="Print JSON, for programs.")]


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn errors that a user can mend into one line on standard error and exit code 2.

    Where nobody reads the output any more (`| head -1`), the command ends without a word.
    """
    try:
        yield
    except (ValueError, OSError) as error:
        if isinstance(error, BrokenPipeError) and _nobody_reads():
            # What is still buffered must not fail once more when Python ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(UNREAD) from None
        complain(one_line(str(error)) or type(error).__name__)
        raise typer.Exit(2) from error


def _nobody_reads() -> bool:
    """Whether it is standard output that broke, not a socket or a worker's pipe."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), select.POLLOUT)
        return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
    except (OSError, ValueError, AttributeError):  # no file, or a system without poll
        return False


def complain(message: str) -> None:
    """Print an error on a line of its own, below a progress bar that was cut short."""
    typer.echo(f"\ntot24: {message}" if sys.stderr.isatty() else f"tot24: {message}", err=True)


def warn(message: str) -> None:
    """Print a warning in one line on standard error."""
    typer.echo(f"warning: {one_line(message)}", err=True)


@contextmanager
def counting(total: int, what: str) -> Iterator[Callable[..., None]]:
    """A bar on a terminal's standard error, gone when it is done.

    What it yields moves the bar on by one, or to the place that it is given.
    """
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=total)

        def tick(place: int | None = None) -> None:
            progress.update(task, completed=place, advance=1 if place is None else None)

        yield tick


def table(
    title: str, headings: Sequence[str], rows: Iterable[Sequence[str]], left: Sequence[int] = (0,)
) -> Table:
    """A table whose text is never read as markup.

    Args:
        title: what it shows.
        headings: one a column; without any text among them the header is left out.
        rows: the cells.
        left: the columns that are aligned to the left.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    made = Table(title=Text(title), box=box.HORIZONTALS, show_header=any(headings))
    for place, heading in enumerate(headings):
        made.add_column(heading, justify="left" if place in left else "right")
    for row in rows:
        made.add_row(*map(Text, row))
    return made


def print_wide(shown: RenderableType) -> None:
    """Print a table or a tree, in a log or a pipe WIDTH columns wide."""
    from rich.console import Console

    console = Console() if sys.stdout.isatty() else Console(width=WIDTH)
    console.print(shown)
