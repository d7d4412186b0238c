"""`tot24 traces` import, stats, reference and teachers: what needs no teacher to be asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from tot24_bench.cli.terminal import (
    AnyHand,
    AsJson,
    FormatName,
    Ranks,
    SkipBad,
    TraceFiles,
    TraceOutput,
    TranscriptFile,
    counting,
    print_wide,
    table,
)
from tot24_bench.cli.traces_filter import count_lines, require_files, require_new
from tot24_bench.text import one_line, plural

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tot24_bench.traces import Stats

MAX_SHOWN = 20
"""Teachers and methods that get tables of their own."""


def import_command(
    file: TranscriptFile,
    model: Annotated[str, Option(help="Who wrote the responses.")],
    output: TraceOutput,
    method: Annotated[str, Option(help="What was asked for.")] = "onestep_tot",
    format_name: FormatName = None,
    ranks: Ranks = None,
    any_hand: AnyHand = False,
    skip_bad: SkipBad = False,
    as_json: AsJson = False,
) -> None:
    """Turn published responses into traces, so that they go through the same filter.

    It reads what `tot24 rescore` reads. The prompts are not known: a dataset gets our own. After an
    interruption the same command goes on; another transcript needs a trace file of its own.

    Example:

    `tot24 traces import gpt-4o_teacher.jsonl --model gpt-4o --method onestep_tot -o gpt-4o.jsonl`
    """
    from tot24_bench.traces import LAZY_SYNC_SECONDS, TraceFile, published_traces

    traces = published_traces(
        file,
        method=method,
        model=model,
        format=format_name,
        ranks=ranks,
        skip_bad=skip_bad,
        any_hand=any_hand,
    )
    added = right = 0
    with TraceFile.open(output, sync_seconds=LAZY_SYNC_SECONDS) as store:
        for trace in traces:
            if store.add_missing(trace):
                added += 1
                right += trace.score.correct
        held = store.totals.traces
    if as_json:
        typer.echo(json.dumps({"added": added, "right": right, "traces": held}))
        return
    share = f", {right / added:.1%} right" if added else ""
    typer.echo(f"added {added} traces{share}; {output} holds {held}")


def reference_command(
    output: Annotated[Path, Option("--output", "-o", help="Folder of the dataset.")],
    overwrite: Annotated[
        bool, Option("--overwrite", help="Replace a dataset that is there.")
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


def teachers_command(
    name: Annotated[
        str | None, Argument(help="A teacher, for its settings and their defaults.")
    ] = None,
) -> None:
    """List the teachers, or the settings of one.

    Example: `tot24 traces teachers solver`
    """
    from tot24_bench.teachers import KINDS, describe_settings

    if name is not None:
        typer.echo(describe_settings(name))
        return
    for kind, found in KINDS.items():
        typer.echo(f"{kind:14}{found.says}")


def stats_command(
    files: TraceFiles,
    plot: Annotated[
        Path | None,
        Option(help="Draw lengths, dead ends and yield into this file (png, svg, pdf)."),
    ] = None,
    overwrite: Annotated[bool, Option("--overwrite", help="Replace a plot that is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say what the responses of trace files look like, by teacher and method.

    Every response is scored again, and its search replayed.

    Examples:

    `tot24 traces stats traces.jsonl --plot traces.png`

    `tot24 traces stats gpt-4o.jsonl solver.jsonl --json`
    """
    from tot24_bench.traces import SUFFIXES, collect, draw, read_traces

    require_files(files)
    if plot is not None:
        if plot.suffix.lower() not in SUFFIXES:
            raise ValueError(f"--plot is a file {', '.join(SUFFIXES)}: give another name")
        require_new(plot, files, "--plot", overwrite)
    with counting(count_lines(files), "traces") as tick:
        everyone, teachers = collect((one for file in files for one in read_traces(file)), tick)
    if not everyone.traces:
        raise ValueError("the files hold no trace: tot24 traces generate writes them")
    if plot is not None:
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
    from rich.text import Text

    from tot24_bench.statistics import share
    from tot24_bench.traces import MEASURES, QUANTILES, summary

    answered = f"{plural(stats.traces, 'response')} to {plural(stats.hands, 'hand')}"
    title = f"{one_line(name)}: {answered}"
    measured = stats.comparable()
    rows = []
    for measure, label in MEASURES.items():
        if measure in measured:
            found = summary(measured[measure])
            if found["responses"] < stats.traces:
                label += f" (of {plural(int(found['responses']), 'response')})"
            quantiles = [f"{found[at]:,}" for at in QUANTILES]
            rows.append([label, f"{found['mean']:,.1f}", *quantiles])
    headings: tuple[str, ...] = ("a response", "mean", *QUANTILES)
    yield table(title, headings, rows) if measured else Text(f"{title}, of several methods")
    bands = []
    for band, one in stats.by_band():
        asked, right = len(one.hands_asked), len(one.hands_right)
        shares = share(one.right, one.asked), f"{asked:,}", share(right, asked)
        bands.append([band, f"{one.asked:,}", *shares])
    headings = ("difficulty", "responses", "right", "hands", "right at least once")
    yield table("right, with Wilson's 95% interval", headings, bands)
    ended = {name: count for name, count in stats.finishes.items() if name != "stop"}
    for heading, counts in (("verdict", stats.verdicts), ("ended early", ended)):
        if counts:
            most_first = sorted(counts.items(), key=lambda one: -one[1])
            tally = [(str(name), f"{count:,}") for name, count in most_first]
            yield table("", (heading, "responses"), tally)
    if stats.priced:
        cost = stats.cost_of_right
        of_right = "" if cost is None else f", ${cost:.4f} a right response"
        known = "" if stats.priced == stats.traces else f" of {stats.priced:,} responses alone"
        yield Text(f"cost{known}: ${stats.cost:.2f}{of_right}")
