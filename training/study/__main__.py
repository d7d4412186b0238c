"""`python -m training.study`: declare, train, ask once, report."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from tot24_bench.files import write_durably
from tot24_bench.text import one_line

from .plan import PLAN, Folders, read_plan

STUDIES = Path("results/studies")  # which the leaderboard's page shows
OTHERWISE = {"study": "small-budget"}  # a plan's folder by a name that says more
PAGES = Path("docs/appendix")

PlanFile = Annotated[Path, typer.Option("--plan", help="The plan; what is kept lies beside it.")]
Runs = Annotated[
    Path | None,
    typer.Option("--runs", help="Checkpoints, students, data; none: runs/ and the plan's folder."),
]
Page = Annotated[
    Path | None,
    typer.Option("--page", help="Where the figures go; none: docs/appendix/, by the same name."),
]
Studies = Annotated[
    Path, typer.Option("--studies", help="Where the leaderboard's page finds the comparison.")
]
Names = Annotated[list[str] | None, typer.Argument(help="Arms; none: all of the plan.")]

app = typer.Typer(
    name="study",
    help="One declared plan: its students, what they answered, and what that shows.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn errors that a user can mend into one line and exit code 2."""
    try:
        yield
    except (ValueError, OSError, ImportError) as error:
        typer.echo(f"training.study: {one_line(str(error))[:1000]}", err=True)
        raise typer.Exit(2) from error


@app.command("plan")
@one_line_errors()
def plan_command(plan: PlanFile = PLAN, runs: Runs = None) -> None:
    """Print the arms, their budgets and the total, and check that each of them can be trained."""
    from rich.console import Console
    from rich.table import Table

    from .arms import check_config, config_of
    from .tables import plan_table

    read = read_plan(plan)
    for arm in read.arms:
        check_config(config_of(read, arm, Folders.of(plan, runs)))
    heading, *rows, total = plan_table(read)
    table = Table(*heading)
    for row in rows:
        table.add_row(*row)
    table.add_section()
    table.add_row(*total)
    (Console() if sys.stdout.isatty() else Console(width=160)).print(table)


@app.command("train")
@one_line_errors()
def train_command(arms: Names = None, plan: PlanFile = PLAN, runs: Runs = None) -> None:
    """Train each arm that is not finished; interrupted, the same command goes on.

    An arm that has met every test is trained again only by name, and compared with its record.

    Example: `python -m training.study train onestep-2m-s0 cot-2m-s0`
    """
    from .arms import train_arms

    read = read_plan(plan)
    train_arms(read, read.chosen(arms), Folders.of(plan, runs), typer.echo, again=bool(arms))


@app.command("eval")
@one_line_errors()
def eval_command(arms: Names = None, plan: PlanFile = PLAN, runs: Runs = None) -> None:
    """Ask each student each test once; refused before the plan is committed and all is trained.

    Greedy first, then k times a hand where the tokens of the greedy answers tell k.
    """
    from .evaluate import evaluate_arms

    read = read_plan(plan)
    evaluate_arms(read, read.chosen(arms), Folders.of(plan, runs), typer.echo)


@app.command("report")
@one_line_errors()
def report_command(
    plan: PlanFile = PLAN, runs: Runs = None, page: Page = None, studies: Studies = STUDIES
) -> None:
    """Write results.json, accuracy.png, the page of figures, and the leaderboard's comparison."""
    from .report import comparison_csv, report

    name = plan.resolve().parent.name
    page = page or PAGES / f"{name}-results.md"
    results = report(read_plan(plan), Folders.of(plan, runs), page)
    for one in results["hypotheses"]:
        typer.echo(f"{one['name']}: {one['outcome']}: {one['says']}")
    comparison = studies / f"{OTHERWISE.get(name, name)}.csv"
    comparison.parent.mkdir(parents=True, exist_ok=True)
    write_durably(comparison, comparison_csv(results))
    typer.echo(f"wrote {page} and {comparison}")


if __name__ == "__main__":
    app()
