"""`tot24 solve`: every distinct solution of a hand."""

from __future__ import annotations

from typing import Annotated

import typer

from tot24_bench.cli.options import Target, UsingRule
from tot24_bench.game import read_puzzle, solve

MAX_SOLVED = 6
"""Numbers of a hand whose every solution is listed: a seventh takes minutes."""


def solve_command(
    numbers: Annotated[list[str], typer.Argument(help="The hand, such as 4 4 6 8.")],
    target: Target = None,
    rule: UsingRule = None,
) -> None:
    """Print every distinct solution of a hand.

    Example: `tot24 solve 4 4 6 8`
    """
    puzzle = read_puzzle(" ".join(numbers), target, rule)
    if len(puzzle.numbers) > MAX_SOLVED:
        raise ValueError(
            f"{len(puzzle.numbers)} numbers are too many to list every solution of: "
            f"give at most {MAX_SOLVED}"
        )
    solutions = solve(puzzle)
    if not solutions:
        typer.echo(f"{puzzle.text} cannot make {puzzle.target}.")
        return
    for solution in solutions:
        typer.echo(f"{solution.expression} = {puzzle.target}")
