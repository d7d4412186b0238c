"""`tot24 leaderboard`: the page of all submissions, and `upgrade`, all of them written again."""

from __future__ import annotations

import typer

from tot24_bench.cli.options import RESULTS, Results
from tot24_bench.cli.terminal import print_wide
from tot24_bench.text import one_line


def leaderboard_command(context: typer.Context, results: Results = RESULTS) -> None:
    """Render LEADERBOARD.md from the submissions under the results folder, and print it.

    Example: `tot24 leaderboard`
    """
    if context.invoked_subcommand is not None:
        return
    from tot24_bench.files import replace_all
    from tot24_bench.leaderboard import read_entries, render_markdown, render_rich

    entries = read_entries(results)
    if not entries:
        raise ValueError(f"no submissions under {results}: run `tot24 eval` first")
    page = results / "LEADERBOARD.md"
    text = render_markdown(entries).encode("utf-8")
    replace_all({page: lambda file: file.write(text)})
    print_wide(render_rich(entries))
    typer.echo(f"wrote {page}")


def upgrade_command(results: Results = RESULTS) -> None:
    """Write every submission again as this version writes and scores it, and say what changed.

    For submissions of an older version: they are read as they are, but `verify` finds scores that
    today's scorer does not give. What is withheld keeps its scores: `tot24 rescore` has its text.

    Example: `tot24 leaderboard upgrade --results training/study`
    """
    from tot24_bench.leaderboard import upgrade

    count = changed = 0
    for one in upgrade(results):
        count += 1
        changed += len(one.changes)
        for line in one.changes:
            typer.echo(one_line(f"{one.path}: {line}"))
    if not count:
        raise ValueError(f"no submissions under {results}: nothing to write again")
    typer.echo(f"wrote {count} submissions again, {changed:,} responses scored otherwise")
    typer.echo("next: tot24 leaderboard verify, then tot24 leaderboard")
