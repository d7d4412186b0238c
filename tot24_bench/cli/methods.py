"""`tot24 methods`: every prompting method and search on one model, and the frontier of cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Option

from tot24_bench.cli import options, search
from tot24_bench.cli.leaderboard import PLOTS
from tot24_bench.cli.terminal import print_wide, say, table
from tot24_bench.files import write_durably
from tot24_bench.game import load_split
from tot24_bench.harness import DEFAULT_SPLIT
from tot24_bench.prompts import SHOTS

if TYPE_CHECKING:
    from tot24_bench.harness import EvaluationPlan
    from tot24_bench.leaderboard import Done, MethodRun, Point


def methods_command(
    model: Annotated[str, Option(help="lm-eval's kind of model.")] = "hf",
    model_args: Annotated[str, Option("--model_args", help="Its arguments, as for lm_eval.")] = "",
    num_fewshot: Annotated[int, Option("--num_fewshot", help=f"Exemplars, 0 to {SHOTS}.")] = SHOTS,
    split: Annotated[str, Option(help="Hands: hard100, val, ...")] = DEFAULT_SPLIT,
    then: Annotated[
        str | None, Option(help="Run the three best on this split, too, such as hardest.")
    ] = None,
    plan: Annotated[Path | None, Option(help="Your own list (YAML) [default: ours].")] = None,
    show: Annotated[bool, Option("--list", help="Show the methods; run nothing.")] = False,
    draw_only: Annotated[bool, Option("--draw", help="Draw what is there; run nothing.")] = False,
    batch_size: options.BatchSize = None,
    device: options.Device = None,
    apply_chat_template: Annotated[
        bool, Option("--apply_chat_template", help="Ask in the model's chat form.")
    ] = False,
    seed: Annotated[int, Option(help="Seed of whatever is drawn.")] = 1234,
    limit: options.Limit = None,
    name: options.ModelName = None,
    results: options.Results = options.RESULTS,
) -> None:
    """Run every method on one model, and draw accuracy against what it costs.

    IO, CoT and One-Step ToT, votes, best of k, refining, Tree of Thoughts and MCTS: a row for each,
    a table and two figures below results/plots. What is there is not run again, so the same command
    goes on after an interruption.

    Examples:

    `tot24 methods --model_args pretrained=students/scout-2m-search --num_fewshot 0 --then hardest`

    `tot24 methods --draw --name scout-2m-search`
    """
    from tot24_bench import harness
    from tot24_bench import leaderboard as board

    listed = board.load_methods(plan)
    if show:
        for run in listed:
            typer.echo(run.label)
        return
    from lm_eval.utils import simple_parse_args_string

    for one in (split, then):
        if one is not None:
            load_split(one)
    options.check_limit(limit, results)
    asked = harness.EvaluationPlan(
        model=model,
        model_args=simple_parse_args_string(model_args),
        tasks=(),
        shots=num_fewshot,
        split=split,
        batch_size=batch_size or (harness.BATCH_SIZE if model == "hf" else 1),
        device=device,
        chat=apply_chat_template,
        multiturn=apply_chat_template,
        limit=limit,
        seed=seed,
    )
    called = name or board.model_name(asked.model_args)
    if not draw_only:
        done = _run(listed, asked, results, name)
        if then is not None:
            _run(board.best_methods(done), replace(asked, split=then), results, name)
    every = board.read_entries(results)
    _show(board.points(every, called, split, results), called, split, results)


def _run(
    listed: Sequence[MethodRun], asked: EvaluationPlan, results: Path, name: str | None
) -> list[Done]:
    """Run a list on a split, saying what is run and what was there."""
    from tot24_bench.leaderboard import run_methods

    def begun(run: MethodRun, number: int) -> None:
        say(f"{number} of {len(listed)} on {asked.split}: {run.label}")

    done = []
    with search.showing() as progress:
        for one in run_methods(listed, asked, results, name=name, begun=begun, progress=progress):
            typer.echo(f"{'wrote' if one.new else 'there already:'} {one.path}")
            done.append(one)
    return done


def _show(found: Sequence[Point], model: str, split: str, results: Path) -> None:
    """The table, and the figures with their data."""
    from tot24_bench.leaderboard import draw_frontier, frontier_csv, frontier_table

    headings = ["method", "right [95%]", "any", "mean", "calls", "tokens", "states", ""]
    print_wide(table(f"{model} on {split}", headings, frontier_table(found), left=(0, 7)))
    folder = results / PLOTS
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"methods-{split}"
    write_durably(folder / f"{stem}.csv", frontier_csv(found))
    typer.echo(f"wrote {folder / stem}.csv")
    for by in ("tokens", "states"):
        for suffix in ("svg", "png"):
            path = folder / f"{stem}-{by}.{suffix}"
            draw_frontier(found, path, f"{model}, {split}, {found[0].n} hands", by)
            typer.echo(f"wrote {path}")
