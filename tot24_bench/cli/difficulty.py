"""`tot24 difficulty`: how hard a hand or a split is, and how that goes with people's ranks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tot24_bench.cli.options import AsJson
from tot24_bench.cli.terminal import counting, print_wide
from tot24_bench.text import one_line

if TYPE_CHECKING:
    from rich.table import Table

    from tot24_bench.game import Difficulty, Puzzle
    from tot24_bench.leaderboard import Fit


def difficulty_command(
    hands: Annotated[
        str | None, typer.Argument(help='A hand such as "3 3 8 8", a split, or a file of hands.')
    ] = None,
    ranks: Annotated[
        Path | None,
        typer.Option(help="The public list of hands by rank: a CSV file, or its name on the hub."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say how hard hands are, by measures that the solver computes.

    Distinct solutions, the share of first thoughts after which the target can still be made,
    whether a fraction or a number above the target is needed, and the states that a guided search
    visits on average. With --ranks, Spearman's correlation of each with people's ranks.

    Examples:

    `tot24 difficulty "3 3 8 8"`

    `tot24 difficulty fresh-n500`

    `tot24 difficulty --ranks 24.csv`

    `tot24 difficulty --ranks test-time-compute/game-of-24`
    """
    if (hands is None) == (ranks is None):
        raise ValueError('give either hands, such as "3 3 8 8" or fresh, or --ranks FILE')
    if ranks is not None:
        _fit(ranks, as_json)
    elif hands is not None:
        _hands(hands, as_json)


def _fit(ranks: Path, as_json: bool) -> None:
    from tot24_bench.leaderboard import fit
    from tot24_bench.transcripts import ranks_by_hand

    listed = ranks_by_hand(ranks)
    with counting(len(listed), "hands") as tick:
        found = fit(listed, tick)
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=2))
    else:
        print_wide(_fit_table(found))


def _hands(name: str, as_json: bool) -> None:
    from tot24_bench.game import difficulty

    puzzles = _puzzles(name)
    measured = []
    with counting(len(puzzles), "hands") as tick:
        for puzzle in puzzles:
            measured.append(difficulty(puzzle))
            tick()
    if as_json:
        rows = zip(puzzles, measured, strict=True)
        typer.echo(json.dumps([_json(puzzle, one) for puzzle, one in rows], indent=2))
    elif len(puzzles) == 1:
        print_wide(_one_table(puzzles[0], measured[0]))
    else:
        print_wide(_summary_table(name, measured))


def _puzzles(name: str) -> tuple[Puzzle, ...]:
    from tot24_bench.game import Puzzle, read_puzzles

    if name[:1].isdigit() and not Path(name).exists():
        return (Puzzle.parse(name),)
    return read_puzzles(name)


def _one_table(puzzle: Puzzle, found: Difficulty) -> Table:
    table = _plain_table(f"{puzzle.text} to {puzzle.target}")
    for name, value in (
        ("distinct solutions", f"{found.solutions:,}"),
        ("first thoughts that can still win", f"{100 * float(found.winning_share):.1f}%"),
        ("needs a fraction", _yes(found.needs_fraction)),
        ("needs a number above the target", _yes(found.needs_large)),
        ("states a guided search visits", _number(found.expected_nodes)),
        ("band", found.band or "–"),
    ):
        table.add_row(name, value)
    return table


def _summary_table(name: str, measured: list[Difficulty]) -> Table:
    from statistics import median

    from tot24_bench.game import BANDS

    table = _plain_table(one_line(name))
    solvable = [one for one in measured if one.solutions]
    table.add_row("hands", f"{len(measured):,}")
    table.add_row("  that can make their target", f"{len(solvable):,}")
    if not solvable:
        return table
    nodes = [one.expected_nodes for one in solvable if one.expected_nodes is not None]
    table.add_row("distinct solutions, median", f"{median(o.solutions for o in solvable):,.0f}")
    share = median(float(one.winning_share) for one in solvable)
    table.add_row("first thoughts that can still win, median", f"{100 * share:.1f}%")
    for label, flags in (
        ("need a fraction", [one.needs_fraction for one in solvable]),
        ("need a number above the target", [one.needs_large for one in solvable]),
    ):
        if None not in flags:
            table.add_row(label, f"{100 * sum(map(bool, flags)) / len(flags):.1f}%")
    if nodes:
        table.add_row("states a guided search visits, median", _number(median(nodes)))
        bands = [one.band for one in solvable]
        for _, band in BANDS:
            table.add_row(f"  {band}", f"{bands.count(band):,}")
    return table


def _fit_table(found: Fit) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(title=f"Spearman with people's ranks, {found.hands:,} hands", box=box.HORIZONTALS)
    table.add_column("measure")
    table.add_column("Spearman [95%]", justify="right")
    for measure, value, ends in found.correlations:
        table.add_row(measure, f"{value:.3f} [{ends.low:.3f}, {ends.high:.3f}]")
    low, high = found.gain_interval
    table.caption = (
        f"{found.best} goes {found.gain:+.3f} [{low:+.3f}, {high:+.3f}] further with the ranks "
        "than the number of solutions alone"
    )
    return table


def _plain_table(title: str) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title), box=box.HORIZONTALS, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    return table


def _yes(flag: bool | None) -> str:
    return "–" if flag is None else "yes" if flag else "no"


def _number(value: Any) -> str:
    return "–" if value is None else f"{float(value):.1f}"


def _json(puzzle: Puzzle, found: Difficulty) -> dict[str, Any]:
    nodes = found.expected_nodes
    return {
        **puzzle.to_json(),
        "solutions": found.solutions,
        "winning_share": float(found.winning_share),
        "needs_fraction": found.needs_fraction,
        "needs_large": found.needs_large,
        "expected_nodes": None if nodes is None else float(nodes),
        "band": found.band,
    }
