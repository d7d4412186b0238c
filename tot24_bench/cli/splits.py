"""`tot24 overlap` and `tot24 difficulty`: what splits share, and how hard their hands are."""

from __future__ import annotations

import json
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Argument, Option

from tot24_bench.cli import options
from tot24_bench.cli.terminal import counting, print_wide, table
from tot24_bench.text import one_line

if TYPE_CHECKING:
    from rich.table import Table

    from tot24_bench.game import Difficulty, Overlap, Puzzle
    from tot24_bench.leaderboard import Fit


def overlap_command(
    train: Annotated[str, Argument(help="A split (or NAME/train), a student, or a file.")],
    test: Annotated[str, Argument(help="The same; what is tested.")],
    as_json: options.AsJson = False,
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
    if not as_json:
        print_wide(_overlap_table(found, f"{one_line(test)} beside {one_line(train)}"))
        return
    said: dict[str, Any] = {"train": train, "test": test, **found._asdict()}
    hands = [one._asdict() | {"puzzle": one.puzzle.to_json()} for one in said.pop("by_hand")]
    typer.echo(json.dumps(said | {"mean_share": found.mean_share, "hands": hands}, indent=2))


def difficulty_command(
    hands: Annotated[str | None, Argument(help='A hand ("3 3 8 8"), a split, a file.')] = None,
    ranks: Annotated[
        Path | None,
        Option(help="The public list of hands by rank: a CSV file, or its name on the hub."),
    ] = None,
    as_json: options.AsJson = False,
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
        from tot24_bench.leaderboard import fit
        from tot24_bench.transcripts import ranks_by_hand

        listed = ranks_by_hand(ranks)
        with counting(len(listed), "hands") as tick:
            found = fit(listed, tick)
        if as_json:
            typer.echo(json.dumps(found.to_json(), indent=2))
        else:
            print_wide(_fit_table(found))
        return
    from tot24_bench.game import Puzzle, difficulty, read_puzzles

    name, measured = hands or "", []
    one_hand = name[:1].isdigit() and not Path(name).exists()
    puzzles = [Puzzle.parse(name)] if one_hand else read_puzzles(name)
    with counting(len(puzzles), "hands") as tick:
        for puzzle in puzzles:
            measured.append(difficulty(puzzle))
            tick()
    if as_json:
        both = zip(puzzles, measured, strict=True)
        rows = [puzzle.to_json() | asdict(one) | {"band": one.band} for puzzle, one in both]
        typer.echo(json.dumps(rows, indent=2, default=float))
    elif len(puzzles) == 1:
        print_wide(_one_table(puzzles[0], measured[0]))
    else:
        print_wide(_summary_table(one_line(name), measured))


def _overlap_table(found: Overlap, title: str) -> Table:
    from rich.text import Text

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
    made = table(title, ("", ""), rows)
    least = sorted(found.by_hand, key=lambda one: one.share)[:10]
    seen = ", ".join(f"{one.puzzle.text} ({one.seen} of {one.winning})" for one in least)
    made.caption = Text(f"Least seen: {seen}")
    return made


def _of(part: int, whole: int) -> str:
    return f"{part:,} ({100 * part / whole:.1f}%)" if whole else "0"


def _one_table(puzzle: Puzzle, found: Difficulty) -> Table:
    rows = [
        ("distinct solutions", f"{found.solutions:,}"),
        ("first thoughts that can still win", f"{100 * float(found.winning_share):.1f}%"),
        ("needs a fraction", _cell(found.needs_fraction)),
        ("needs a number above the target", _cell(found.needs_large)),
        ("states a guided search visits", _cell(found.expected_nodes)),
        ("band", found.band or "–"),
    ]
    return table(f"{puzzle.text} to {puzzle.target}", ("", ""), rows)


def _summary_table(name: str, measured: list[Difficulty]) -> Table:
    from statistics import median

    from tot24_bench.game import BANDS

    solvable = [one for one in measured if one.solutions]
    rows = [("hands", f"{len(measured):,}"), ("  that can make their target", f"{len(solvable):,}")]
    if solvable:
        solutions = median(one.solutions for one in solvable)
        rows.append(("distinct solutions, median", f"{solutions:,.0f}"))
        share = 100 * median(float(one.winning_share) for one in solvable)
        rows.append(("first thoughts that can still win, median", f"{share:.1f}%"))
    for label, flags in (
        ("need a fraction", [one.needs_fraction for one in solvable]),
        ("need a number above the target", [one.needs_large for one in solvable]),
    ):
        if flags and None not in flags:
            rows.append((label, f"{100 * sum(map(bool, flags)) / len(flags):.1f}%"))
    nodes = [one.expected_nodes for one in solvable if one.expected_nodes is not None]
    if nodes:
        rows.append(("states a guided search visits, median", _cell(median(nodes))))
        bands = [one.band for one in solvable]
        rows += [(f"  {band}", f"{bands.count(band):,}") for _, band in BANDS]
    return table(name, ("", ""), rows)


def _fit_table(found: Fit) -> Table:
    rows = [
        (measure, f"{value:.3f} [{ends.low:.3f}, {ends.high:.3f}]")
        for measure, value, ends in found.correlations
    ]
    title = f"Spearman with people's ranks, {found.hands:,} hands"
    made = table(title, ("measure", "Spearman [95%]"), rows)
    low, high = found.gain_interval
    made.caption = (
        f"{found.best} goes {found.gain:+.3f} [{low:+.3f}, {high:+.3f}] further with the ranks "
        "than the number of solutions alone"
    )
    return made


def _cell(value: bool | Fraction | None) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "–" if value is None else f"{float(value):.1f}"
