"""How `tot24 traces generate` tells what it does: a bar, lines in a log, and the outcome."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from tot24_bench.text import one_line

if TYPE_CHECKING:
    from tot24_bench.traces import Outcome, TraceFile, Wanted

LOG_SECONDS = 30.0
"""Between two lines of progress where no terminal shows a bar."""

AGAIN = "The same command goes on."


def say(text: str) -> None:
    """One line to standard error."""
    typer.echo(f"tot24: {one_line(text)}", err=True)


def report(outcome: Outcome, file: TraceFile, ask: Wanted, as_json: bool) -> None:
    """Print what came of a run."""
    failed = sum(outcome.failed.values())
    totals = file.totals
    if as_json:
        said = {
            **outcome.to_json(),
            "file": str(file.path),
            "wanted": len(ask),
            "traces": totals.traces,
            "tokens": totals.tokens,
            "cost": str(totals.cost),
        }
        typer.echo(json.dumps(said))
        return
    share = f", {outcome.right / outcome.recorded:.1%} right" if outcome.recorded else ""
    cost = f", ${totals.cost:.4f}" if totals.cost else ""
    typer.echo(
        f"recorded {outcome.recorded} traces{share}; {file.path} holds {totals.traces}{cost}"
    )
    if outcome.cut:
        typer.echo(
            f"{outcome.cut} of them were cut off at --max-tokens: to ask again with more, raise it "
            "and give another -o"
        )
    for kind, count in outcome.failed.most_common():
        typer.echo(f"not answered: {count} x {kind}: {one_line(outcome.reasons[kind])}")
    if outcome.stopped:
        typer.echo(f"stopped: {one_line(outcome.stopped)}")
    if failed > outcome.hopeless:
        typer.echo(f"{failed - outcome.hopeless} requests are still to be answered. {AGAIN}")


@contextmanager
def progress_of(total: int, file: TraceFile) -> Iterator[Callable[[Outcome], None]]:
    """A bar with rate, cost, share right and time left; lines now and then where nobody looks."""
    if not sys.stderr.isatty():
        yield _log(total, file)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("traces"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[said]}"),
        TimeRemainingColumn(),
    )
    started = time.monotonic()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("traces", total=total, said="")

        def seen(outcome: Outcome) -> None:
            done = outcome.recorded + outcome.hopeless
            said = _said(outcome, file, time.monotonic() - started)
            progress.update(task, completed=done, said=said)

        yield seen


def _log(total: int, file: TraceFile) -> Callable[[Outcome], None]:
    started = last = time.monotonic()

    def seen(outcome: Outcome) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= LOG_SECONDS:
            last = now
            say(f"{outcome.recorded} of {total} traces: {_said(outcome, file, now - started)}")

    return seen


def _said(outcome: Outcome, file: TraceFile, seconds: float) -> str:
    right = outcome.right / outcome.recorded if outcome.recorded else 0.0
    parts = [f"{outcome.recorded / max(seconds, 0.001):.1f}/s", f"{right:.0%} right"]
    if file.totals.cost:
        parts.append(f"${file.totals.cost:.2f}")
    if outcome.failed:
        parts.append(f"{sum(outcome.failed.values())} unanswered")
    return ", ".join(parts)
