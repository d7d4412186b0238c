"""The `tot24` command: its subcommands, wired together."""

from __future__ import annotations

from typing import Annotated

import typer
from typer import Option

from tot24_bench import __version__
from tot24_bench.cli import (
    add,
    compare,
    evaluate,
    generate,
    hands,
    leaderboard,
    methods,
    models,
    rescore,
    show,
    splits,
    traces,
    tree,
)
from tot24_bench.cli.terminal import one_line_errors
from tot24_bench.cli.train import train_command

app = typer.Typer(
    name="tot24",
    help="Can a small language model be taught to search? Game of 24 for lm-eval.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
)
leaderboard_app = typer.Typer()
app.add_typer(leaderboard_app, name="leaderboard")
traces_app = typer.Typer(
    help="Ask teachers for traces, filter them into a dataset.", no_args_is_help=True
)
app.add_typer(traces_app, name="traces")
models_app = typer.Typer()
app.add_typer(models_app, name="models")


@app.callback(invoke_without_command=True)
def main(version: Annotated[bool, Option("--version", help="Print the version.")] = False) -> None:
    """Can a small language model be taught to search? Game of 24 for lm-eval."""
    if version:
        typer.echo(__version__)
        raise typer.Exit()


board = one_line_errors()(leaderboard.leaderboard_command)
leaderboard_app.callback(invoke_without_command=True)(board)
models_app.callback(invoke_without_command=True)(one_line_errors()(models.models_command))
for group, name, command in (
    (app, "solve", hands.solve_command),
    (app, "score", hands.score_command),
    (app, "tasks-path", evaluate.tasks_path_command),
    (app, "eval", evaluate.eval_command),
    (app, "methods", methods.methods_command),
    (app, "baseline", evaluate.baseline_command),
    (app, "rescore", rescore.rescore_command),
    (app, "compare", compare.compare_command),
    (app, "overlap", splits.overlap_command),
    (app, "difficulty", splits.difficulty_command),
    (app, "failures", compare.failures_command),
    (app, "show", show.show_command),
    (app, "tree", tree.tree_command),
    (leaderboard_app, "serve", leaderboard.serve_command),
    (leaderboard_app, "plot", leaderboard.plot_command),
    (leaderboard_app, "verify", leaderboard.verify_command),
    (leaderboard_app, "add", add.add_command),
    (leaderboard_app, "check", add.check_command),
    (leaderboard_app, "upgrade", leaderboard.upgrade_command),
    (leaderboard_app, "schema", add.schema_command),
    (leaderboard_app, "export", leaderboard.export_command),
    (models_app, "list", models.list_command),
    (models_app, "get", models.get_command),
    (traces_app, "generate", generate.generate_command),
    (traces_app, "import", traces.import_command),
    (traces_app, "teachers", traces.teachers_command),
    (traces_app, "filter", traces.filter_command),
    (traces_app, "stats", traces.stats_command),
    (traces_app, "reference", traces.reference_command),
):
    # A negative number is a wrong hand, with a message of its own, rather than an unknown option.
    settings = {"ignore_unknown_options": True} if name == "solve" else None
    group.command(name, context_settings=settings)(one_line_errors()(command))
# Its flags, `--help` among them, are read by the parser of training.
app.command(
    "train",
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
)(train_command)
