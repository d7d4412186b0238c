"""`tot24 leaderboard`: the page of all submissions."""

from __future__ import annotations

import typer

from tot24_bench.cli.options import RESULTS, Results
from tot24_bench.cli.terminal import print_wide


def leaderboard_command(context: typer.Context, results: Results = RESULTS) -> None:
    """Render LEADERBOARD.md from the submissions under the results folder, and print it.

    Example: `tot24 leaderboard`
    """
    if context.invoked_subcommand is not None:
        return
    from tot24_bench.leaderboard import read_entries, render_markdown, render_rich
    from tot24_bench.leaderboard.atomic import replace_all

    entries = read_entries(results)
    if not entries:
        raise ValueError(f"no submissions under {results}: run `tot24 eval` first")
    page = results / "LEADERBOARD.md"
    text = render_markdown(entries).encode("utf-8")
    replace_all({page: lambda file: file.write(text)})
    print_wide(render_rich(entries))
    typer.echo(f"wrote {page}")
