"""`tot24 failures`: where the responses of two or more runs first fail, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tot24_bench.cli.options import Ranks, SkipBad
from tot24_bench.cli.terminal import print_wide
from tot24_bench.game import Hand, Puzzle
from tot24_bench.scoring import AT_ANSWER, MALFORMED

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tot24_bench.leaderboard import Run

_PLACES = {AT_ANSWER: "answer", MALFORMED: "no thought", "correct": "correct"}


def failures_command(
    runs: Annotated[
        list[str],
        typer.Argument(
            help="Two or more runs: transcripts of any known format, or submissions "
            "(results/submissions/...json); NAME=FILE names one."
        ),
    ],
    count: Annotated[
        str,
        typer.Option(
            help="tot24: the thought that first breaks a rule. lost: the thought after which 24 is "
            "out of reach. slm-tot: the published count, which calls what it cannot parse step 1."
        ),
    ] = "tot24",
    model: Annotated[
        str | None, typer.Option(help="The model that answered, where the files do not say.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the shares into this file (png, svg, pdf).")
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(help='A hand to leave out, such as "4 9 10 13"; may be given again.'),
    ] = None,
    ranks: Ranks = None,
    skip_bad: SkipBad = False,
) -> None:
    """Compare where runs first fail, with intervals and exact tests.

    Examples:

    `tot24 failures CoT=cot.json "One-Step ToT=onestep.json" --model gpt-4o --plot failures.png`

    `tot24 failures results/submissions/scout-2m/game24_cot.0shot.json
    results/submissions/scout-2m/game24_onestep_tot.0shot.json`
    """
    from rich.console import Group

    from tot24_bench.leaderboard import COUNTS

    if len(runs) < 2:
        raise ValueError("give two runs or more to compare")
    if count not in COUNTS:
        raise ValueError(f"unknown count {count!r}: choose from {', '.join(COUNTS)}")
    left_out = {Puzzle.parse(hand).hand for hand in without or ()}
    judged = [_run(one, count, model, left_out, ranks, skip_bad) for one in runs]
    if plot is not None:
        from tot24_bench.leaderboard import draw

        draw(judged, plot)
    print_wide(Group(*_report(judged, count)))
    if plot is not None:
        typer.echo(f"wrote {plot}")


def _run(
    spec: str,
    count: str,
    model: str | None,
    left_out: set[Hand],
    ranks: Path | None,
    skip_bad: bool,
) -> Run:
    name, _, file = spec.rpartition("=")
    path = Path(file)
    if not path.exists() and Path(spec).exists():
        name, path = "", Path(spec)
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    from tot24_bench.leaderboard import make_run

    if path.suffix == ".json" and path.parent.parent.name == "submissions":
        from tot24_bench.leaderboard import read

        submission = read(path)
        pairs: Iterator[tuple[Puzzle, Sequence[str]]] = (
            (sample.puzzle, sample.responses) for sample in submission.samples
        )
        model = submission.model.name
        name = name or f"{model} {submission.method} {submission.shots}-shot"
    else:
        from tot24_bench.transcripts import read_transcript

        transcript = read_transcript(path, ranks=ranks, skip_bad=skip_bad)
        pairs = ((one.puzzle, one.responses) for one in transcript)
        name = name or path.stem
    kept = ((puzzle, texts) for puzzle, texts in pairs if puzzle.hand not in left_out)
    return make_run(name, kept, count, model)


def _report(runs: list[Run], count: str) -> Iterator[RenderableType]:
    from rich.table import Table
    from rich.text import Text

    from tot24_bench.leaderboard import compare_failures as compare
    from tot24_bench.leaderboard import shares, warnings

    table = Table(title=f"Where the final attempt first fails (count: {count})", title_style="")
    table.add_column("")
    places = [row.place for row in shares(max(runs, key=lambda run: len(shares(run))))]
    for place in [*places[1:], places[0]]:
        table.add_column(_PLACES.get(place, f"thought {place}"), justify="right")
    for run in runs:
        rows = {row.place: row for row in shares(run)}
        cells = []
        for place in [*places[1:], places[0]]:
            row = rows.get(place)
            cells.append(
                f"{row.share:.2f}\n[{row.interval.low:.2f}, {row.interval.high:.2f}]"
                if row
                else "0.00"
            )
        table.add_row(Text(f"{run.name}\nn = {len(run.places)}"), *map(Text, cells))
    yield table
    for other in runs[1:]:
        tests = Table(title=Text(f"{runs[0].name} against {other.name}"), title_style="")
        for heading in ("", "first", "second", "only first", "only second", "p", "Holm", "test"):
            tests.add_column(heading, justify="left" if heading in ("", "test") else "right")
        for test in compare(runs[0], other):
            only = [
                "" if hands is None else str(hands) for hands in (test.only_first, test.only_second)
            ]
            tests.add_row(
                _PLACES.get(test.place, f"thought {test.place}"),
                f"{test.first:.2f}",
                f"{test.second:.2f}",
                *only,
                f"{test.p:.3f}",
                f"{test.holm:.3f}",
                test.test,
            )
        yield tests
        for warning in warnings(runs[0], other):
            yield Text(f"warning: {warning}", "yellow")
