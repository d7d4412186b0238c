"""`tot24 traces import`: responses that others published, as traces."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from tot24_bench.cli.options import AsJson, Ranks, SkipBad


def import_command(
    file: Annotated[Path, typer.Argument(help="The transcript: JSON Lines or a JSON array.")],
    model: Annotated[str, typer.Option(help="Who wrote the responses.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The trace file.")],
    method: Annotated[str, typer.Option(help="What was asked for.")] = "onestep_tot",
    format_name: Annotated[
        str | None, typer.Option("--format", help="Its format [default: recognised].")
    ] = None,
    ranks: Ranks = None,
    any_hand: Annotated[
        bool, typer.Option("--any-hand", help="Allow hands that are not four cards from 1 to 13.")
    ] = False,
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
