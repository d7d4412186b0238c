"""`tot24 traces filter`: keep the traces that may be trained on, and write them as a dataset."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Option

from tot24_bench.cli.terminal import AsJson, TraceFiles, counting, print_wide, table
from tot24_bench.prompts import DEFAULT_VARIANT
from tot24_bench.text import one_line, plural

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from tot24_bench.traces import Funnel, TeacherShare


def filter_command(
    files: TraceFiles,
    output: Annotated[
        Path | None, Option("-o", "--output", help="Folder of the dataset; it must be new.")
    ] = None,
    level: Annotated[
        str,
        Option(
            help="answer: the answer is right. agrees: and is what the steps come to. "
            "valid: and every thought is valid."
        ),
    ] = "valid",
    avoid: Annotated[
        str,
        Option(
            help="state_holdout: drop traces that show a three-number state of hard100. nothing."
        ),
    ] = "nothing",
    min_backtracks: Annotated[
        int, Option(min=0, help="Keep only searches that go back so many times.")
    ] = 0,
    max_per_hand: Annotated[
        int | None, Option(min=1, help="Most traces of a hand and method.")
    ] = None,
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
    overwrite: Annotated[
        bool, Option("--overwrite", help="Replace a dataset (and --why) that is there.")
    ] = False,
    dry_run: Annotated[
        bool, Option("--dry-run", help="Show the funnel and write nothing.")
    ] = False,
    why: Annotated[
        Path | None,
        Option(help="Write one JSON line for every trace that is dropped: hand, reason."),
    ] = None,
    as_json: AsJson = False,
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
    if output is None and not dry_run:
        raise ValueError("give the folder of the dataset with -o, or --dry-run to write nothing")
    if output is not None and not dry_run:
        traces.require_free(output, overwrite)
    require_files(files)
    if why is not None:
        require_new(why, files, "--why", overwrite)
    lines = count_lines(files)
    with ExitStack() as opened:
        reasons = None if why is None else opened.enter_context(why.open("w", encoding="utf-8"))
        tick = opened.enter_context(counting(lines if dry_run else 2 * lines, "traces"))

        def note(one: traces.DroppedTrace) -> None:
            if reasons is not None:
                reasons.write(json.dumps(one.to_json()) + "\n")

        selection = traces.select(files, config, dropped=note, tick=tick)
        record = None
        if output is not None and not dry_run and selection.kept:
            record = traces.write_dataset(
                selection, output, prompt, licence=licence, overwrite=overwrite, tick=tick
            )
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

        print_wide(Group(*_report(selection.funnel, selection.teachers)))
        if record is not None:
            if record.cut:
                typer.echo(f"cut off after the answer: {plural(record.cut, 'response')}")
            rows = plural(record.rows, "row")
            typer.echo(f"wrote {rows} to {output}, sha256 {record.sha256}")
    if not dry_run and record is None:
        raise ValueError(traces.nothing_kept(selection.funnel))


def count_lines(files: list[Path]) -> int:
    """Lines of some files, for a progress bar."""
    total = 0
    for path in files:
        with path.open("rb") as file:
            total += sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(2**20), b""))
    return total


def require_files(files: list[Path]) -> None:
    """Refuse files that are not there before any of them is read."""
    for path in files:
        if path.is_dir():
            raise ValueError(f"{path} is a folder: give the trace files (.jsonl) in it")
        if not path.is_file():
            raise ValueError(f"there is no file {path}: tot24 traces generate writes one")


def require_new(path: Path, files: list[Path], flag: str, overwrite: bool) -> None:
    """Refuse to write over what is there: over traces never, over anything else on request."""
    if not path.parent.is_dir():
        raise ValueError(f"no folder {path.parent}: make it, or give another {flag}")
    if not path.exists() and not path.is_symlink():
        return
    if any(path.exists() and path.samefile(file) for file in files) or _holds_traces(path):
        raise ValueError(f"{flag} would overwrite the traces in {path}: give another file")
    if not path.is_file():
        raise ValueError(f"{path} is no file: give another {flag}")
    if not overwrite:
        raise ValueError(f"{path} is there already: add --overwrite, or give another {flag}")


def _holds_traces(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return b'"tot24-trace/' in file.read(200)


def _report(funnel: Funnel, teachers: Sequence[TeacherShare]) -> Iterator[RenderableType]:
    from rich.text import Text

    from tot24_bench.statistics import share

    yield _counts("funnel", [(one.name, one.traces, one.hands) for one in funnel.stages])
    for title, reasons in (("dropped", funnel.dropped), ("held-out hands", funnel.held_out)):
        if reasons:
            yield _counts(title, [(one.reason, one.traces, one.hands) for one in reasons])
    rows = [
        [
            band.name,
            f"{band.asked:,}",
            share(band.right, band.asked),
            share(band.kept, band.asked),
            f"{band.hands_asked:,}",
            share(band.hands_kept, band.hands_asked),
        ]
        for band in funnel.bands
    ]
    headings = ("", "asked", "right", "kept", "hands asked", "hands kept")
    yield table("yield by difficulty, with Wilson's 95% interval", headings, rows)
    if len(teachers) > 1:
        labels = [one.label + (" (oracle)" if one.teacher.oracle else "") for one in teachers]
        counts = [(one.asked, one.kept) for one in teachers]
        both = zip(labels, counts, strict=True)
        yield _counts("teachers", [(label, *two) for label, two in both], ("asked", "kept"))
    with_backtrack = share(funnel.kept_with_backtrack, funnel.kept)
    yield Text(f"kept with at least one backtrack: {with_backtrack}")
    if funnel.rescored:
        yield Text(
            f"{funnel.rescored:,} traces were scored otherwise when they were recorded: "
            "today's rules hold",
            "yellow",
        )


def _counts(
    title: str,
    rows: Sequence[tuple[str, int, int]],
    headings: tuple[str, str] = ("traces", "hands"),
) -> Table:
    cells = [(one_line(name), f"{first:,}", f"{second:,}") for name, first, second in rows]
    return table(title, ("", *headings), cells)
