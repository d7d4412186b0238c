"""`tot24 score`: the verdict on one response, and with `--explain` what went on in it."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from tot24_bench.cli.options import Target, UsingRule
from tot24_bench.cli.terminal import print_wide
from tot24_bench.game import read_puzzle
from tot24_bench.scoring import analyse, score

MAX_RESPONSE_BYTES = 64 * 1024 * 1024
"""Most that is read from standard input; far above what any model writes."""


def score_command(
    hand: Annotated[
        str,
        typer.Argument(help='The hand asked: "4 4 6 8", "[4, 4, 6, 8]", or JSON with its target.'),
    ],
    target: Target = None,
    rule: UsingRule = None,
    truncated: Annotated[
        bool, typer.Option(help="The response was cut off by a token limit.")
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show the attempts as a tree, and what went wrong.")
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print the score as JSON; with --explain every thought, too."),
    ] = False,
) -> None:
    """Score one response, read from standard input.

    Examples:

    `tot24 score "4 4 6 8" < response.txt`

    `tot24 score "4 4 6 8" --explain < response.txt`
    """
    puzzle = read_puzzle(hand, target, rule)
    response = sys.stdin.buffer.read(MAX_RESPONSE_BYTES).decode("utf-8", "replace")
    if explain:
        analysis = analyse(puzzle, response, truncated=truncated)
        if as_json:
            typer.echo(json.dumps(analysis.to_json(), ensure_ascii=False))
        else:
            from tot24_bench.cli.explain import explain as as_tree

            print_wide(as_tree(analysis))
        return
    result = score(puzzle, response, truncated=truncated)
    if as_json:
        typer.echo(json.dumps(result.to_json(), ensure_ascii=False))
        return
    typer.echo(f"verdict: {result.verdict}")
    typer.echo(f"reason:  {result.reason}")
    if result.answer is not None:
        typer.echo(f"answer:  {result.answer}")
    if result.value is not None:
        typer.echo(f"value:   {result.value}")
