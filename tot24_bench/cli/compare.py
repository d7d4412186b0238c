"""`tot24 compare` and `tot24 failures`: who is right more often, and where runs first fail."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from tot24_bench.cli import options
from tot24_bench.cli.terminal import print_wide, table
from tot24_bench.game import Puzzle
from tot24_bench.text import one_line

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tot24_bench.leaderboard import Run


def compare_command(
    names: Annotated[
        list[str], Argument(help="Two or more: keys, words that only one key holds, or JSON files.")
    ],
    results: options.Results = options.RESULTS,
    ranks: Annotated[
        Path | None,
        Option(help="The public list of hands by rank (CSV) [default: the test hands']."),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Compare entries on the hands that both answered, and say what can be concluded.

    Accuracy by people's rank, by the solver's difficulty, and tokens for a solved hand; exact
    McNemar where each hand has one response, sign flips over hands where it has several; Holm's
    correction with more than one pair.

    Examples:

    `tot24 compare "scout-2m/ onestep 0shot" "GPT-4o onestep rescored"`

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


def failures_command(
    runs: Annotated[
        list[str],
        Argument(
            help="Two or more runs: transcripts of any known format, or submissions "
            "(results/submissions/...json); NAME=FILE names one."
        ),
    ],
    count: Annotated[
        str,
        Option(
            help="tot24: the thought that first breaks a rule. lost: the thought after which 24 is "
            "out of reach. slm-tot: the published count, which calls what it cannot parse step 1."
        ),
    ] = "tot24",
    model: Annotated[str | None, Option(help="Who answered, where the files do not say.")] = None,
    plot: options.Plot = None,
    without: Annotated[
        list[str] | None,
        Option(help='A hand to leave out, such as "4 9 10 13"; may be given again.'),
    ] = None,
    ranks: options.Ranks = None,
    skip_bad: options.SkipBad = False,
) -> None:
    """Compare where runs first fail, with intervals and exact tests.

    Examples:

    `tot24 failures CoT=cot.json "One-Step ToT=onestep.json" --model gpt-4o --plot failures.png`

    `tot24 failures results/submissions/scout-2m/game24_cot.0shot.json
    results/submissions/scout-2m/game24_onestep_tot.0shot.json`
    """
    from rich.console import Group

    from tot24_bench.leaderboard import COUNTS, draw, make_run

    if len(runs) < 2:
        raise ValueError("give two runs or more to compare")
    if count not in COUNTS:
        raise ValueError(f"unknown count {count!r}: choose from {', '.join(COUNTS)}")
    left_out = {Puzzle.parse(hand).hand for hand in without or ()}
    judged = []
    for spec in runs:
        name, author, answered = _read(spec, model, ranks, skip_bad)
        kept = ((puzzle, texts) for puzzle, texts in answered if puzzle.hand not in left_out)
        judged.append(make_run(name, kept, count, author))
    if plot is not None:
        draw(judged, plot)
    print_wide(Group(*_report(judged, count)))
    if plot is not None:
        typer.echo(f"wrote {plot}")


def _read(
    spec: str, model: str | None, ranks: Path | None, skip_bad: bool
) -> tuple[str, str | None, Iterable[tuple[Puzzle, Sequence[str]]]]:
    """The name of a run, who answered, and the responses to each hand."""
    from tot24_bench.leaderboard import read
    from tot24_bench.transcripts import read_transcript

    name, _, file = spec.rpartition("=")
    path = Path(file)
    if not path.exists() and Path(spec).exists():
        name, path = "", Path(spec)
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    if path.suffix == ".json" and path.parent.parent.name == "submissions":
        submission = read(path)
        model = submission.model.name
        search = submission.search
        method = submission.method if search is None else search.settings.slug
        name = name or f"{model} {method} {submission.shots}-shot"
        return name, model, ((one.puzzle, one.responses) for one in submission.samples)
    transcript = read_transcript(path, ranks=ranks, skip_bad=skip_bad)
    return name or path.stem, model, ((one.puzzle, one.responses) for one in transcript)


def _report(runs: list[Run], count: str) -> Iterator[RenderableType]:
    from rich.text import Text

    from tot24_bench.leaderboard import compare_failures, place_label, shares, warnings

    found = [{row.place: row for row in shares(run)} for run in runs]
    correct, *others = max(found, key=len)  # the longest lists every place, the right ones first
    places = [*others, correct]
    rows = []
    for run, by_place in zip(runs, found, strict=True):
        cells = [f"{run.name}\nn = {len(run.places)}"]
        for place in places:
            cell = "0.00"
            if row := by_place.get(place):
                ends = row.interval
                cell = f"{row.share:.2f}\n[{ends.low:.2f}, {ends.high:.2f}]"
            cells.append(cell)
        rows.append(cells)
    title = f"Where the final attempt first fails (count: {count})"
    yield table(title, ["", *map(place_label, places)], rows)
    for other in runs[1:]:
        rows = []
        for test in compare_failures(runs[0], other):
            only = ["" if n is None else str(n) for n in (test.only_first, test.only_second)]
            figures = [f"{test.p:.3f}", f"{test.holm:.3f}", test.test]
            shown = [f"{test.first:.2f}", f"{test.second:.2f}"]
            rows.append([place_label(test.place), *shown, *only, *figures])
        headings = ["", "first", "second", "only first", "only second", "p", "Holm", "test"]
        yield table(f"{runs[0].name} against {other.name}", headings, rows, left=(0, 7))
        for warning in warnings(runs[0], other):
            yield Text(f"warning: {warning}", "yellow")
