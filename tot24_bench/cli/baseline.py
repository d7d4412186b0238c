"""`tot24 baseline`: the untuned models that the leaderboard compares with, in one command."""

from __future__ import annotations

import gc
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tot24_bench.cli.options import RESULTS, Overwrite, Results
from tot24_bench.cli.terminal import print_wide
from tot24_bench.text import one_line

if TYPE_CHECKING:
    from rich.table import Table

    from tot24_bench.leaderboard import Baseline, Options

MAX_ERROR_CHARS = 300
"""Characters of what is said of a model that failed."""

NOT_RUN = "not run"


def baseline_command(
    model: Annotated[
        list[str] | None,
        typer.Option("--model", help="Only this one, with or without its owner; may be repeated."),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="A list of your own (YAML) [default: the one that ships].")
    ] = None,
    show: Annotated[
        bool, typer.Option("--list", help="Show what has run and what has not; run nothing.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would run as lm_eval commands.")
    ] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Only the first so many hands, to try things out.")
    ] = None,
    batch_size: Annotated[
        str | None,
        typer.Option("--batch_size", help="Prompts at once [default: 50 for hf, else 1]."),
    ] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda:0, ...")] = None,
    use_cache: Annotated[
        str | None,
        typer.Option(
            "--use_cache", help="Response cache: run again with it to go on within a model."
        ),
    ] = None,
    results: Results = RESULTS,
    overwrite: Overwrite = False,
) -> None:
    """Evaluate the untuned models that are not on the leaderboard yet, one after another.

    IO, CoT and One-Step ToT with five exemplars, as `tot24 eval` does it: base models in plain
    text, chat models in their chat form. What is there already is skipped, so the same command goes
    on after an interruption. A model that fails is one line; the others go on, and the exit code
    is 2. `docs/baselines.md` says more.

    Examples:

    `tot24 baseline --list`

    `tot24 baseline --model SmolLM-360M --device cuda:0`
    """
    from tot24_bench.harness import NotRankZero, is_first_process, process_count
    from tot24_bench.leaderboard import (
        Options,
        check_writable,
        keys_of,
        load_baselines,
        pick_baselines,
        run_baseline,
    )

    baselines = load_baselines(config)
    chosen = pick_baselines(baselines, model) if model else baselines
    options = Options(device, batch_size, limit, use_cache)
    if show:
        print_wide(_table(chosen, results, options))
        return
    if dry_run:
        _print_commands(chosen, results, options, overwrite)
        return
    check_writable(results, next(iter(keys_of(chosen[0], options).values())), overwrite=True)
    failed, speaks = 0, is_first_process()
    for baseline in chosen:
        try:
            stored = run_baseline(baseline, results, options, overwrite)
        except NotRankZero:
            continue
        except Exception as error:  # whatever a backend raises must not cost the other models
            failed += 1
            # On a line of its own, below a progress bar that was cut short.
            start = "\n" if sys.stderr.isatty() else ""
            typer.echo(f"{start}tot24: {one_line(baseline.name)}: {_line(error)}", err=True)
            if process_count() > 1:  # the other processes may be waiting for this one's share
                break
            continue
        finally:
            _free_memory()
        if not stored and speaks:
            typer.echo(f"{one_line(baseline.name)}: there already (--overwrite runs it again)")
        for one in stored:
            typer.echo(f"wrote {one.path}")
    if speaks:
        print_wide(_table(chosen, results, options))
    if failed:
        typer.echo(f"tot24: {failed} of {len(chosen)} models failed, see above", err=True)
        raise typer.Exit(2)


def _table(baselines: Sequence[Baseline], results: Path, options: Options) -> Table:
    """Accuracy where there is a submission; everything else has not run."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from tot24_bench.leaderboard import keys_of, path_of, read_entry
    from tot24_bench.prompts import METHOD_NAMES, METHODS

    table = Table(title="Untuned models: accuracy", box=box.HORIZONTALS)
    for heading in ("model", "licence", "prompt"):
        table.add_column(heading)
    for heading in ("shots", *(METHOD_NAMES[method] for method in METHODS)):
        table.add_column(heading, justify="right", no_wrap=True)
    for baseline in baselines:
        keys = keys_of(baseline, options)
        cells = []
        for method in METHODS:
            path = path_of(results, keys[method]) if method in keys else None
            if path is None:
                cells.append("")
            elif path.exists():
                cells.append(f"{100 * read_entry(path).header.metrics.acc:.1f}%")
            else:
                cells.append(NOT_RUN)
        asked = "chat" if baseline.chat else "plain"
        row = [one_line(baseline.name), one_line(baseline.licence or ""), asked]
        table.add_row(*map(Text, [*row, str(baseline.shots), *cells]))
    return table


def _print_commands(
    baselines: Sequence[Baseline], results: Path, options: Options, overwrite: bool
) -> None:
    """A shell script: what would run, as plain lm_eval commands that ask the same."""
    from tot24_bench.harness import plain_command
    from tot24_bench.leaderboard import missing_methods, plan_of

    for baseline in baselines:
        methods = baseline.methods if overwrite else missing_methods(baseline, results, options)
        name = one_line(baseline.name)
        if not methods:
            typer.echo(f"# {name}: there already")
            continue
        typer.echo(f"# {name}: {', '.join(methods)}")
        plan = plan_of(baseline, options, methods)
        out = f"out/{_file_name(baseline)}"
        typer.echo(shlex.join(plain_command(plan, out)))
        typer.echo(shlex.join(_add_command(baseline, out, results)))


def _add_command(baseline: Baseline, out: str, results: Path) -> list[str]:
    """What makes lm-eval's results the baseline's row: its name, and what lm-eval cannot know."""
    known = {"--licence": baseline.licence, "--link": baseline.link, "--note": baseline.note}
    told = [word for flag, value in known.items() if value for word in (flag, one_line(value))]
    name = one_line(baseline.name)
    place = [] if results == RESULTS else ["--results", str(results)]
    return ["tot24", "leaderboard", "add", out, "--yes", "--name", name, *told, *place]


def _file_name(baseline: Baseline) -> str:
    """A folder's name that is safe whatever the model is called: that of its submissions."""
    from tot24_bench.leaderboard import keys_of

    return next(iter(keys_of(baseline).values())).partition("/")[0]


def _line(error: Exception) -> str:
    """What went wrong in one line of bounded length, and what helps where that is known."""
    line = one_line(str(error))[:MAX_ERROR_CHARS] or type(error).__name__
    if type(error).__name__ == "OutOfMemoryError" or isinstance(error, MemoryError):
        line += " (use a smaller --batch_size)"
    return line


def _free_memory() -> None:
    """Let go of a model before the next one is loaded."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
