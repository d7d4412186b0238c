"""What commands print alike: errors in one line, progress bars and tables."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from tot24_bench.text import one_line

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

WIDTH = 160  # columns of what goes to a log or a pipe
UNREAD = 141  # exit code of a command whose output nobody reads: that of one which SIGPIPE ends


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


def say(text: str) -> None:
    """Print one line on standard error."""
    typer.echo(f"tot24: {one_line(text)}", err=True)


def warn(message: str) -> None:
    """Print a warning in one line on standard error."""
    typer.echo(f"warning: {one_line(message)}", err=True)


@contextmanager
def counting(total: int, what: str) -> Iterator[Callable[..., None]]:
    """A bar on a terminal's standard error, gone when it is done.

    What it yields moves the bar on by one, or to the place that it is given, with other words.
    """
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=total)

        def tick(place: int | None = None, what: str | None = None) -> None:
            step = 1 if place is None else None
            progress.update(task, completed=place, advance=step, description=what)

        yield tick


def table(
    title: str, headings: Sequence[str], rows: Iterable[Sequence[str]], left: Sequence[int] = (0,)
) -> Table:
    """A table whose text is never read as markup.

    The header is left out where no heading has text. `left` columns are aligned to the left.
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
