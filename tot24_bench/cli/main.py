"""The `tot24` command: its subcommands, wired together."""

from __future__ import annotations

from typing import Annotated

import typer
from typer import Option

from tot24_bench import __version__
from tot24_bench.cli.add import add_command, check_command, schema_command
from tot24_bench.cli.compare import compare_command, failures_command
from tot24_bench.cli.evaluate import baseline_command, eval_command, tasks_path_command
from tot24_bench.cli.hands import score_command, solve_command
from tot24_bench.cli.leaderboard import (
    export_command,
    leaderboard_command,
    upgrade_command,
    verify_command,
)
from tot24_bench.cli.rescore import rescore_command
from tot24_bench.cli.splits import difficulty_command, overlap_command
from tot24_bench.cli.terminal import one_line_errors
from tot24_bench.cli.traces import (
    import_command,
    reference_command,
    stats_command,
    teachers_command,
)
from tot24_bench.cli.traces_filter import filter_command
from tot24_bench.cli.traces_generate import generate_command
from tot24_bench.cli.train import train_command

app = typer.Typer(
    name="tot24",
    help="Can a small language model be taught to search? Game of 24 for lm-eval.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
)
leaderboard_app = typer.Typer(
    help="Render results/LEADERBOARD.md from the submissions and print it."
)
app.add_typer(leaderboard_app, name="leaderboard")
traces_app = typer.Typer(
    help="Ask teachers for traces, filter them into a dataset.", no_args_is_help=True
)
app.add_typer(traces_app, name="traces")


@app.callback(invoke_without_command=True)
def main(version: Annotated[bool, Option("--version", help="Print the version.")] = False) -> None:
    """Can a small language model be taught to search? Game of 24 for lm-eval."""
    if version:
        typer.echo(__version__)
        raise typer.Exit()


# A negative number is a wrong hand, with a message of its own, rather than an unknown option.
app.command("solve", context_settings={"ignore_unknown_options": True})(
    one_line_errors()(solve_command)
)
app.command("score")(one_line_errors()(score_command))
# Its flags, `--help` among them, are read by the parser of training.
app.command(
    "train",
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
)(train_command)
app.command("tasks-path")(one_line_errors()(tasks_path_command))
app.command("eval")(one_line_errors()(eval_command))
app.command("baseline")(one_line_errors()(baseline_command))
app.command("rescore")(one_line_errors()(rescore_command))
app.command("compare")(one_line_errors()(compare_command))
app.command("overlap")(one_line_errors()(overlap_command))
app.command("difficulty")(one_line_errors()(difficulty_command))
app.command("failures")(one_line_errors()(failures_command))
leaderboard_app.callback(invoke_without_command=True)(one_line_errors()(leaderboard_command))
leaderboard_app.command("verify")(one_line_errors()(verify_command))
leaderboard_app.command("add")(one_line_errors()(add_command))
leaderboard_app.command("check")(one_line_errors()(check_command))
leaderboard_app.command("upgrade")(one_line_errors()(upgrade_command))
leaderboard_app.command("schema")(one_line_errors()(schema_command))
leaderboard_app.command("export")(one_line_errors()(export_command))
traces_app.command("generate")(one_line_errors()(generate_command))
traces_app.command("import")(one_line_errors()(import_command))
traces_app.command("teachers")(one_line_errors()(teachers_command))
traces_app.command("filter")(one_line_errors()(filter_command))
traces_app.command("stats")(one_line_errors()(stats_command))
traces_app.command("reference")(one_line_errors()(reference_command))
