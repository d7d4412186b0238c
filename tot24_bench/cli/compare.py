"""`tot24 compare`: entries of the leaderboard beside each other, and what may be concluded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from tot24_bench.cli.options import RESULTS, AsJson, Results
from tot24_bench.cli.terminal import print_wide
from tot24_bench.text import one_line


def compare_command(
    names: Annotated[
        list[str],
        typer.Argument(help="Two or more: keys, words that only one key holds, or JSON files."),
    ],
    results: Results = RESULTS,
    ranks: Annotated[
        Path | None,
        typer.Option(help="The public list of hands by rank (CSV) [default: the test hands']."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare entries on the hands that both answered, and say what can be concluded.

    Accuracy by people's rank, by the solver's difficulty, and tokens for a solved hand; exact
    McNemar where each hand has one response, sign flips over hands where it has several; Holm's
    correction with more than one pair.

    Examples:

    `tot24 compare "scout onestep 0shot" "GPT-4o onestep rescored"`

    `tot24 compare scout-2m/game24_onestep_tot.0shot my-model/game24_onestep_tot.0shot --json`
    """
    from tot24_bench.leaderboard import choose, compare, pair_names, render_entries, render_pairs
    from tot24_bench.transcripts import ranks_by_hand

    by_hand = ranks_by_hand(ranks)
    comparison = compare([choose(name, results) for name in names], by_hand)
    if as_json:
        typer.echo(json.dumps(comparison.to_json(), indent=2, ensure_ascii=False))
        return
    print_wide(render_entries(comparison))
    print_wide(render_pairs(comparison))
    pairs = pair_names(comparison) if len(comparison.pairings) > 1 else [""]
    said = zip(pairs, comparison.pairings, comparison.conclusions(), strict=True)
    for name, pairing, conclusion in said:
        typer.echo(one_line(f"{name}: {conclusion}" if name else conclusion))
        for warning in pairing.warnings:
            typer.echo(f"  {one_line(warning)}")
