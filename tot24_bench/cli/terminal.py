"""What commands say to a terminal: errors in one line, tables that a pipe does not fold."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from tot24_bench.text import one_line

if TYPE_CHECKING:
    from rich.console import RenderableType

WIDTH = 160
"""Columns of what goes to a log or a pipe."""

UNREAD = 141
"""Exit code of a command whose output nobody reads: that of one which SIGPIPE ends."""


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
        message = one_line(str(error)) or type(error).__name__
        # On a line of its own, below a progress bar that was cut short.
        typer.echo(f"\ntot24: {message}" if sys.stderr.isatty() else f"tot24: {message}", err=True)
        raise typer.Exit(2) from error


def _nobody_reads() -> bool:
    """Whether it is standard output that broke, not a socket or a worker's pipe."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), select.POLLOUT)
        return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
    except (OSError, ValueError, AttributeError):  # no file, or a system without poll
        return False


@contextmanager
def counting(total: int, what: str) -> Iterator[Callable[[], None]]:
    """A bar on a terminal's standard error, gone when it is done; yields what moves it on."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda: progress.advance(task)


def print_wide(shown: RenderableType) -> None:
    """Print a table or a tree, in a log or a pipe WIDTH columns wide."""
    from rich.console import Console

    console = Console() if sys.stdout.isatty() else Console(width=WIDTH)
    console.print(shown)
