"""`tot24 overlap`: what a test set shares with a training set."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tot24_bench.cli.options import AsJson
from tot24_bench.cli.terminal import counting, print_wide
from tot24_bench.text import one_line

if TYPE_CHECKING:
    from rich.table import Table

    from tot24_bench.game import Overlap

SHOWN = 10
"""Hands that are listed."""


def overlap_command(
    train: Annotated[
        str, typer.Argument(help="A split, NAME/train of a generated one, a student, or a file.")
    ],
    test: Annotated[str, typer.Argument(help="The same; what is tested.")],
    as_json: AsJson = False,
) -> None:
    """Say which hands and inner states a test set shares with a training set.

    An inner state is three numbers left, with the target. It counts as seen where any training hand
    reaches it, whether or not a trace went there.

    Examples:

    `tot24 overlap train hard100`

    `tot24 overlap students/scout-2m fresh`

    `tot24 overlap traces.jsonl hard100 --json`
    """
    from tot24_bench.game import overlap, read_puzzles

    trained, tested = read_puzzles(train), read_puzzles(test)
    with counting(len(trained) + len(tested), "hands") as tick:
        found = overlap(trained, tested, tick)
    if as_json:
        typer.echo(json.dumps(_json(found, train, test), indent=2))
    else:
        print_wide(_table(found, train, test))


def _table(found: Overlap, train: str, test: str) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=Text(f"{one_line(test)} beside {one_line(train)}"),
        box=box.HORIZONTALS,
        show_header=False,
    )
    table.add_column()
    table.add_column(justify="right")
    rows = [
        ("training hands", f"{found.train_hands:,}"),
        ("test hands", f"{found.test_hands:,}"),
        ("  of them in the training set", f"{found.shared_hands:,}"),
        ("inner states of the test hands", f"{found.states:,}"),
        ("  of them seen", _of(found.states_seen, found.states)),
        ("those that can still win", f"{found.winning:,}"),
        ("  of them seen", _of(found.winning_seen, found.winning)),
        ("  of them seen, mean over test hands", f"{100 * found.mean_share:.1f}%"),
        ("test hands whose winning states were all seen", f"{found.all_seen:,}"),
        ("  none of them seen", f"{found.none_seen:,}"),
    ]
    for name, value in rows:
        table.add_row(name, value)
    least = sorted(found.by_hand, key=lambda one: one.share)[:SHOWN]
    table.caption = Text(
        "Least seen: "
        + ", ".join(f"{one.puzzle.text} ({one.seen} of {one.winning})" for one in least)
    )
    return table


def _of(part: int, whole: int) -> str:
    return f"{part:,} ({100 * part / whole:.1f}%)" if whole else "0"


def _json(found: Overlap, train: str, test: str) -> dict[str, Any]:
    return {
        "train": train,
        "test": test,
        "train_hands": found.train_hands,
        "test_hands": found.test_hands,
        "shared_hands": found.shared_hands,
        "states": found.states,
        "states_seen": found.states_seen,
        "winning": found.winning,
        "winning_seen": found.winning_seen,
        "mean_share": found.mean_share,
        "hands": [
            {"puzzle": one.puzzle.to_json(), "winning": one.winning, "seen": one.seen}
            for one in found.by_hand
        ],
    }
