"""`tot24 traces` filter, stats, import, reference and teachers: what asks no teacher."""

from __future__ import annotations

import fileinput
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Argument, Option

from tot24_bench.cli import options
from tot24_bench.cli.terminal import counting, print_wide, table
from tot24_bench.prompts import DEFAULT_VARIANT
from tot24_bench.text import one_line, plural

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from tot24_bench.traces import Funnel, Stats, TeacherShare

MAX_SHOWN = 20  # teachers and methods that get tables of their own


def import_command(
    file: options.TranscriptFile,
    model: Annotated[str, Option(help="Who wrote the responses.")],
    output: options.TraceOutput,
    method: Annotated[str, Option(help="What was asked for.")] = "onestep_tot",
    format_name: options.FormatName = None,
    ranks: options.Ranks = None,
    any_hand: options.AnyHand = False,
    skip_bad: options.SkipBad = False,
    as_json: options.AsJson = False,
) -> None:
    """Turn published responses into traces, so that they go through the same filter.

    It reads what `tot24 rescore` reads. The prompts are not known: a dataset gets our own. After an
    interruption the same command goes on; another transcript needs a trace file of its own.

    Example:

    `tot24 traces import gpt-4o_teacher.jsonl --model gpt-4o --method onestep_tot -o gpt-4o.jsonl`
    """
    from tot24_bench.traces import LAZY_SYNC_SECONDS, TraceFile, published_traces

    how: dict[str, Any] = {"ranks": ranks, "skip_bad": skip_bad, "any_hand": any_hand}
    traces = published_traces(file, method=method, model=model, format=format_name, **how)
    with TraceFile.open(output, sync_seconds=LAZY_SYNC_SECONDS) as store:
        added = [trace.score.correct for trace in traces if store.add_missing(trace)]
        held = store.totals.traces
    if as_json:
        typer.echo(json.dumps({"added": len(added), "right": sum(added), "traces": held}))
        return
    share = f", {sum(added) / len(added):.1%} right" if added else ""
    typer.echo(f"added {len(added)} traces{share}; {output} holds {held}")


def reference_command(
    output: Annotated[Path, Option("--output", "-o", help="Folder of the dataset.")],
    overwrite: options.Overwrite = False,
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
    name: Annotated[str | None, Argument(help="A teacher, for its settings.")] = None,
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


def filter_command(
    files: options.TraceFiles,
    output: Annotated[Path | None, Option("-o", "--output", help="Folder of the dataset.")] = None,
    level: Annotated[
        str,
        Option(
            help="answer: the answer is right. agrees: and is what the steps come to. "
            "valid: and every thought is valid."
        ),
    ] = "valid",
    avoid: Annotated[
        str,
        Option(help="state_holdout: drop what shows a three-number state of hard100. nothing."),
    ] = "nothing",
    min_backtracks: Annotated[int, Option(min=0, help="Keep searches that go back so often.")] = 0,
    max_per_hand: Annotated[int | None, Option(min=1, help="Traces of a hand and method.")] = None,
    prefer_search: Annotated[
        bool, Option("--prefer-search", help="Of too many keep those with a backtrack.")
    ] = False,
    balance: Annotated[
        str, Option(help="bands: as many traces of every band of difficulty. none.")
    ] = "none",
    seed: Annotated[int, Option(min=0, help="Of the choice among too many.")] = 0,
    shots: Annotated[int, Option(min=0, max=5, help="Exemplars in the prompts.")] = 0,
    variant: Annotated[str, Option(help="Which exemplars: default or search.")] = DEFAULT_VARIANT,
    licence: Annotated[str, Option(help="Licence of the responses, for the card.")] = "unknown",
    overwrite: options.Overwrite = False,
    dry_run: options.DryRun = False,
    why: Annotated[
        Path | None,
        Option(help="Write one JSON line for every trace that is dropped: hand, reason."),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Filter traces, show what becomes of them, and write a dataset that `datasets` loads.

    Every trace is scored again. Hands of test parts, prompts and responses that show one, and
    duplicates are always dropped.

    Examples:

    `tot24 traces filter traces.jsonl -o dataset`

    `tot24 traces filter a.jsonl b.jsonl -o dataset --max-per-hand 4 --why why.jsonl`

    `tot24 traces filter traces.jsonl --dry-run --level answer`
    """
    from tot24_bench import traces

    # All that can be refused is refused before an hour of filtering.
    choices: dict[str, Any] = {"level": level, "avoid": avoid, "balance": balance}
    choices |= {"min_backtracks": min_backtracks, "max_per_hand": max_per_hand}
    config = traces.FilterConfig(**choices, prefer_search=prefer_search, seed=seed)
    prompt = traces.PromptConfig(shots, variant)
    traces.require_together(prompt, config.avoid)
    traces.require_licence(licence)
    if dry_run:
        output = None
    elif output is None:
        raise ValueError("give the folder of the dataset with -o, or --dry-run to write nothing")
    else:
        traces.require_free(output, overwrite)
    _require_files(files)
    if why is not None:
        _require_new(why, files, "--why", overwrite)
    passes = 1 if output is None else 2
    with ExitStack() as opened:
        reasons = None if why is None else opened.enter_context(why.open("w", encoding="utf-8"))
        tick = opened.enter_context(counting(passes * _count_lines(files), "traces"))

        def note(one: traces.DroppedTrace) -> None:
            if reasons is not None:
                reasons.write(json.dumps(one.to_json()) + "\n")

        selection = traces.select(files, config, dropped=note, tick=tick)
        record = None
        if output is not None and selection.kept:
            how: dict[str, Any] = {"licence": licence, "overwrite": overwrite, "tick": tick}
            record = traces.write_dataset(selection, output, prompt, **how)
    if as_json:
        report = {
            "funnel": selection.funnel.report(),
            "teachers": [teacher.to_json() for teacher in selection.teachers],
            "dataset": None if record is None else str(output),
            "rows_sha256": None if record is None else record.sha256,
        }
        typer.echo(json.dumps(report, indent=2))
    else:
        from rich.console import Group

        print_wide(Group(*_filter_report(selection.funnel, selection.teachers)))
        if record is not None:
            if record.cut:
                typer.echo(f"cut off after the answer: {plural(record.cut, 'response')}")
            typer.echo(f"wrote {plural(record.rows, 'row')} to {output}, sha256 {record.sha256}")
    if not dry_run and record is None:
        raise ValueError(traces.nothing_kept(selection.funnel))


def _filter_report(funnel: Funnel, teachers: Sequence[TeacherShare]) -> Iterator[RenderableType]:
    from rich.text import Text

    from tot24_bench.statistics import share

    yield _counts("funnel", [(one.name, one.traces, one.hands) for one in funnel.stages])
    for title, reasons in (("dropped", funnel.dropped), ("held-out hands", funnel.held_out)):
        if reasons:
            yield _counts(title, [(one.reason, one.traces, one.hands) for one in reasons])
    rows = []
    for band in funnel.bands:
        right, kept = share(band.right, band.asked), share(band.kept, band.asked)
        hands = f"{band.hands_asked:,}", share(band.hands_kept, band.hands_asked)
        rows.append([band.name, f"{band.asked:,}", right, kept, *hands])
    headings = ("", "asked", "right", "kept", "hands asked", "hands kept")
    yield table("yield by difficulty, with Wilson's 95% interval", headings, rows)
    if len(teachers) > 1:
        oracle = {True: " (oracle)", False: ""}
        counts = [(one.label + oracle[one.teacher.oracle], one.asked, one.kept) for one in teachers]
        yield _counts("teachers", counts, ("asked", "kept"))
    with_backtrack = share(funnel.kept_with_backtrack, funnel.kept)
    yield Text(f"kept with at least one backtrack: {with_backtrack}")
    if funnel.rescored:
        otherwise = "traces were scored otherwise when they were recorded: today's rules hold"
        yield Text(f"{funnel.rescored:,} {otherwise}", "yellow")


def _counts(
    title: str,
    rows: Sequence[tuple[str, int, int]],
    headings: tuple[str, str] = ("traces", "hands"),
) -> Table:
    cells = [(one_line(name), f"{first:,}", f"{second:,}") for name, first, second in rows]
    return table(title, ("", *headings), cells)


def stats_command(
    files: options.TraceFiles,
    plot: options.Plot = None,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
) -> None:
    """Say what the responses of trace files look like, by teacher and method.

    Every response is scored again, and its search replayed.

    Examples:

    `tot24 traces stats traces.jsonl --plot traces.png`

    `tot24 traces stats gpt-4o.jsonl solver.jsonl --json`
    """
    from tot24_bench.traces import SUFFIXES, collect, draw, read_traces

    _require_files(files)
    if plot is not None:
        if plot.suffix.lower() not in SUFFIXES:
            raise ValueError(f"--plot is a file {', '.join(SUFFIXES)}: give another name")
        _require_new(plot, files, "--plot", overwrite)
    with counting(_count_lines(files), "traces") as tick:
        everyone, teachers = collect((one for file in files for one in read_traces(file)), tick)
    if not everyone.traces:
        raise ValueError("the files hold no trace: tot24 traces generate writes them")
    if plot is not None:
        draw(teachers, plot)
    if as_json:
        each = {name: one.to_json() for name, one in teachers.items()}
        typer.echo(json.dumps({"all": everyone.to_json(), "teachers": each}, indent=2))
        return
    from rich.console import Group

    shown = dict(list(teachers.items())[:MAX_SHOWN])
    if len(teachers) > 1:
        shown = {"all together": everyone, **shown}
    for name, stats in shown.items():
        print_wide(Group(*_stats_report(name, stats)))
    if plot is not None:
        typer.echo(f"wrote {plot}")


def _stats_report(name: str, stats: Stats) -> Iterator[RenderableType]:
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
            most_first = Counter(counts).most_common()
            tally = [(str(name), f"{count:,}") for name, count in most_first]
            yield table("", (heading, "responses"), tally)
    if stats.priced:
        cost = stats.cost_of_right
        of_right = "" if cost is None else f", ${cost:.4f} a right response"
        known = "" if stats.priced == stats.traces else f" of {stats.priced:,} responses alone"
        yield Text(f"cost{known}: ${stats.cost:.2f}{of_right}")


def _count_lines(files: list[Path]) -> int:
    """Lines of some files, for a progress bar."""
    with fileinput.input(files, mode="rb") as lines:
        return sum(1 for _ in lines)


def _require_files(files: list[Path]) -> None:
    """Refuse files that are not there before any of them is read."""
    for path in files:
        if path.is_dir():
            raise ValueError(f"{path} is a folder: give the trace files (.jsonl) in it")
        if not path.is_file():
            raise ValueError(f"there is no file {path}: tot24 traces generate writes one")


def _require_new(path: Path, files: list[Path], flag: str, overwrite: bool) -> None:
    """Refuse to write over what is there: over traces never, over anything else on request."""
    if not path.parent.is_dir():
        raise ValueError(f"no folder {path.parent}: make it, or give another {flag}")
    if not path.exists() and not path.is_symlink():
        return
    if not path.is_file():
        raise ValueError(f"{path} is no file: give another {flag}")
    with path.open("rb") as file:
        holds_traces = b'"tot24-trace/' in file.read(200)
    if holds_traces or any(map(path.samefile, files)):
        raise ValueError(f"{flag} would overwrite the traces in {path}: give another file")
    if not overwrite:
        raise ValueError(f"{path} is there already: add --overwrite, or give another {flag}")
