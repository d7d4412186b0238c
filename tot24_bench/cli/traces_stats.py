"""`tot24 traces stats`: how long responses are, how much they search, how often they are right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tot24_bench.cli.options import AsJson
from tot24_bench.cli.terminal import counting, print_wide
from tot24_bench.cli.traces_filter import count_lines, require_files, require_new
from tot24_bench.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType
    from rich.table import Table

    from tot24_bench.traces import Stats

MAX_SHOWN = 20
"""Teachers and methods that get tables of their own."""


def stats_command(
    files: Annotated[list[Path], typer.Argument(help="Trace files, of any teachers.")],
    plot: Annotated[
        Path | None,
        typer.Option(help="Draw lengths, dead ends and yield into this file (png, svg, pdf)."),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a plot that is there.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say what the responses of trace files look like, by teacher and method.

    Every response is scored again, and its search replayed.

    Examples:

    `tot24 traces stats traces.jsonl --plot traces.png`

    `tot24 traces stats gpt-4o.jsonl solver.jsonl --json`
    """
    from tot24_bench.traces import collect, read_traces

    require_files(files)
    if plot is not None:
        from tot24_bench.traces import SUFFIXES

        if plot.suffix.lower() not in SUFFIXES:
            raise ValueError(f"--plot is a file {', '.join(SUFFIXES)}: give another name")
        require_new(plot, files, "--plot", overwrite)
    with counting(count_lines(files), "traces") as tick:
        everyone, teachers = collect((one for file in files for one in read_traces(file)), tick)
    if not everyone.traces:
        raise ValueError("the files hold no trace: tot24 traces generate writes them")
    if plot is not None:
        from tot24_bench.traces import draw

        draw(teachers, plot)
    if as_json:
        report = {
            "all": everyone.to_json(),
            "teachers": {name: one.to_json() for name, one in teachers.items()},
        }
        typer.echo(json.dumps(report, indent=2))
        return
    from rich.console import Group

    shown = dict(list(teachers.items())[:MAX_SHOWN])
    if len(teachers) > 1:
        shown = {"all together": everyone, **shown}
    for name, stats in shown.items():
        print_wide(Group(*_report(name, stats)))
    if plot is not None:
        typer.echo(f"wrote {plot}")


def _report(name: str, stats: Stats) -> Iterator[RenderableType]:
    from rich.table import Table
    from rich.text import Text

    from tot24_bench.statistics import share
    from tot24_bench.text import plural
    from tot24_bench.traces import MEASURES, QUANTILES, summary

    answered = f"{plural(stats.traces, 'response')} to {plural(stats.hands, 'hand')}"
    title = f"{one_line(name)}: {answered}"
    measures = Table(title=Text(title), title_style="")
    measures.add_column("a response")
    for heading in ("mean", *QUANTILES):
        measures.add_column(heading, justify="right")
    measured = stats.comparable()
    for measure, label in MEASURES.items():
        if measure in measured:
            found = summary(measured[measure])
            if found["responses"] < stats.traces:
                label += f" (of {plural(int(found['responses']), 'response')})"
            cells = [f"{found['mean']:,.1f}", *(f"{found[at]:,}" for at in QUANTILES)]
            measures.add_row(label, *cells)
    yield measures if measured else Text(f"{title}, of several methods")
    bands = Table(title="right, with Wilson's 95% interval", title_style="")
    bands.add_column("difficulty")
    for heading in ("responses", "right", "hands", "right at least once"):
        bands.add_column(heading, justify="right")
    for band, one in stats.by_band():
        asked, right = len(one.hands_asked), len(one.hands_right)
        bands.add_row(
            band, f"{one.asked:,}", share(one.right, one.asked), f"{asked:,}", share(right, asked)
        )
    yield bands
    yield _tally({str(name): count for name, count in stats.verdicts.items()}, "verdict")
    ended = {str(name): count for name, count in stats.finishes.items() if name != "stop"}
    if ended:
        yield _tally(ended, "ended early")
    if stats.priced:
        cost = stats.cost_of_right
        of_right = "" if cost is None else f", ${cost:.4f} a right response"
        known = "" if stats.priced == stats.traces else f" of {stats.priced:,} responses alone"
        yield Text(f"cost{known}: ${stats.cost:.2f}{of_right}")


def _tally(counts: dict[str, int], heading: str) -> Table:
    from rich.table import Table

    table = Table()
    table.add_column(heading)
    table.add_column("responses", justify="right")
    for name, count in sorted(counts.items(), key=lambda one: -one[1]):
        table.add_row(name, f"{count:,}")
    return table
