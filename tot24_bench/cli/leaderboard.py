"""`tot24 leaderboard`, and below it `serve`, `verify`, `upgrade`, ...: all submissions together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, Literal, TypeVar

import typer
from typer import Option

from tot24_bench.cli import options
from tot24_bench.cli.terminal import counting, print_wide, say, warn
from tot24_bench.text import one_line

if TYPE_CHECKING:
    from tot24_bench.leaderboard import Fault, Verified

Point = TypeVar("Point")  # of a picture

PLOTS = "plots"  # below the results
STUDENTS = Path("students")  # where a checkout keeps the checkpoints that it ships


def leaderboard_command(
    context: typer.Context,
    results: options.Results = options.RESULTS,
    publish: Annotated[
        Path | None,
        Option(help="Write the page here, too, as GitHub Pages or a static Space shows it."),
    ] = None,
) -> None:
    """Write the leaderboard as a page and as Markdown, and print it.

    The page, index.html below the results, opens from disk: sort, filter and compare rows, open a
    model and a hand, watch a response search. It asks nobody for anything. `tot24 leaderboard
    serve` shows it while submissions change.

    Examples:

    `tot24 leaderboard`

    `tot24 leaderboard --results out/results --publish site`
    """
    if context.invoked_subcommand is not None:
        return
    from tot24_bench.files import replace_all
    from tot24_bench.leaderboard import paths, render_markdown, render_rich, site

    found = len(paths(results))
    if not found:
        raise ValueError(f"no submissions under {results}: run `tot24 eval` first")
    with counting(2 * found, "reading submissions") as tick:
        graded = site.read_graded(results, tick)
        entries = [one.entry for one in graded]
        text = render_markdown(entries).encode("utf-8")
        tick(found, "writing the page")
        page = site.build(results, graded, tick=tick)
    files = {results / "LEADERBOARD.md": text, results / site.PAGE: page.html}
    replace_all({path: partial(_put, data) for path, data in files.items()})
    print_wide(render_rich(entries))
    for path in files:
        typer.echo(f"wrote {path}")
    if page.left_out:
        typer.echo(
            f"the page holds the responses of its first rows; those of {len(page.left_out)} more "
            "are there when it is served: tot24 leaderboard serve"
        )
    if publish is not None:
        written = site.publish(results, page, publish)
        typer.echo(one_line(f"wrote {len(written)} files to publish under {publish}"))


def _put(data: bytes, file: BinaryIO) -> None:
    file.write(data)


def serve_command(
    results: options.Results = options.RESULTS,
    port: Annotated[int, Option(min=0, max=65535, help="Of this machine; 0: any free one.")] = 8024,
) -> None:
    """Show the page at an address of this machine, built anew when submissions change.

    Reload the page to see what is new. Nobody else can reach it. Ctrl-C ends it.

    Example: `tot24 leaderboard serve --results out/results`
    """
    from tot24_bench.leaderboard import paths, site

    if not paths(results):
        raise ValueError(f"no submissions under {results}: run `tot24 eval` first")
    preview = site.Preview(results, told=typer.echo)
    try:
        server = site.server(preview, port)
    except OSError as error:
        raise ValueError(
            f"port {port} cannot be had ({error.strerror}): give another one with --port"
        ) from None
    with server:
        preview.page()
        typer.echo(f"http://127.0.0.1:{server.server_address[1]}/ shows {results}; Ctrl-C ends it")
        with suppress(KeyboardInterrupt):
            server.serve_forever()


def plot_command(results: options.Results = options.RESULTS) -> None:
    """Draw what the leaderboard says, each picture with its data as CSV.

    It writes plots/NAME.csv, .svg and .png below the results folder, from its submissions alone:

    accuracy-size: IO, CoT and One-Step ToT by the number of weights, on the 100 published test
    hands: models as they come, students beside them, and what others published.

    accuracy-cost: every row of those hands by the tokens of an answer.

    robustness: models that were asked four splits or more, split by split.

    first-failures: at which thought responses first fail, CoT beside One-Step ToT of one model.

    A picture without data is left out, with a line that says what is missing.

    Example: `tot24 leaderboard plot`
    """
    from tot24_bench import leaderboard as tables

    entries = tables.read_entries(results)
    folder = results / PLOTS
    drawn = [
        _plot(
            folder / "accuracy-size",
            lambda: tables.size_points(entries),
            tables.size_csv,
            tables.draw_sizes,
        ),
        _plot(
            folder / "accuracy-cost",
            lambda: tables.cost_points(entries),
            tables.cost_csv,
            tables.draw_cost,
        ),
        _plot(
            folder / "robustness",
            lambda: tables.robustness_points(entries),
            tables.robustness_csv,
            tables.draw_robustness,
        ),
        _plot(
            folder / "first-failures",
            lambda: tables.first_failure_points(entries, results),
            tables.first_failure_csv,
            tables.draw_first_failures,
        ),
    ]
    if not any(drawn):
        raise ValueError(f"nothing under {results} can be drawn: see the lines above")


def _plot(
    stem: Path,
    find: Callable[[], list[Point]],
    as_csv: Callable[[Sequence[Point]], str],
    draw: Callable[[Sequence[Point], Path], None],
) -> bool:
    """Write a picture's three files; False where it has no points, after a line that says why."""
    from tot24_bench.files import write_durably
    from tot24_bench.leaderboard import NoPoints

    try:
        found = find()
    except NoPoints as why:
        say(f"{stem.name} is not drawn: {why}")
        return False
    stem.parent.mkdir(parents=True, exist_ok=True)
    table, *pictures = (stem.with_suffix(f".{suffix}") for suffix in ("csv", "svg", "png"))
    write_durably(table, as_csv(found))
    for path in pictures:
        draw(found, path)
    for path in (table, *pictures):
        typer.echo(f"wrote {path}")
    return True


def upgrade_command(results: options.Results = options.RESULTS) -> None:
    """Write every submission again as this version writes and scores it, and say what changed.

    For submissions of an older version: they are read as they are, but `verify` finds scores that
    today's scorer does not give. What is withheld keeps its scores: `tot24 rescore` has its text.

    Example: `tot24 leaderboard upgrade --results training/study`
    """
    from tot24_bench.leaderboard import upgrade

    count = changed = 0
    for one in upgrade(results):
        count, changed = count + 1, changed + len(one.changes)
        for line in one.changes:
            typer.echo(one_line(f"{one.path}: {line}"))
    if not count:
        raise ValueError(f"no submissions under {results}: nothing to write again")
    typer.echo(f"wrote {count} submissions again, {changed:,} responses scored otherwise")
    typer.echo("next: tot24 leaderboard verify, then tot24 leaderboard")


def verify_command(
    results: options.Results = options.RESULTS,
    jobs: Annotated[int | None, Option(min=1, max=256, help="Processes [default: cores].")] = None,
    transcripts: Annotated[
        list[Path] | None,
        Option(help="A transcript whose responses a submission withholds; may be given again."),
    ] = None,
    ranks: options.Ranks = None,
    rerun: Annotated[int, Option(min=0, help="Hands of each to generate anew and compare.")] = 0,
    checkpoint: Annotated[
        list[Path] | None,
        Option(
            help=f"A checkpoint to do so with; may be given again [default: those in {STUDENTS}/]."
        ),
    ] = None,
    device: Annotated[str, Option(help="Where to generate anew.")] = "cpu",
) -> None:
    """Score every response of every submission again, and fail on any difference.

    It also fails on unknown, doubled and missing hands, wrong hashes, prompts that are not this
    benchmark's, held-out hands in declared training data, tokens and dates that cannot be, and
    across submissions on one name for two models, one checkpoint that was trained twice, and
    responses that are another model's. What is odd and may be honest is a warning. This shows that
    submissions are consistent, not that their models wrote the responses; `--rerun` asks a model
    again.

    Examples:

    `tot24 leaderboard verify`

    `tot24 leaderboard verify --rerun 8 --checkpoint students/scout-2m`
    """
    from tot24_bench.leaderboard import paths, texts_of, verify
    from tot24_bench.transcripts import read_transcript

    texts = texts_of(
        one.responses for path in transcripts or () for one in read_transcript(path, ranks=ranks)
    )
    with counting(len(paths(results)), "verify") as tick:
        verified = list(verify(results, jobs, texts, tick))
    if not verified:
        raise ValueError(f"no submissions under {results}: nothing to verify")
    for fault in (fault for one in verified for fault in one.faults):
        typer.echo(said(fault), err=True)
    for warning in (warning for one in verified for warning in one.warnings):
        warn(said(warning))
    good = sum(not one.faults for one in verified)
    responses = sum(one.responses for one in verified)
    typer.echo(f"{good} of {len(verified)} submissions are consistent, {responses:,} responses")
    if withheld := sum(one.withheld for one in verified):
        typer.echo(
            f"{withheld:,} responses are withheld and were not scored again: give --transcripts"
        )
    if good < len(verified) or (rerun and _rerun(verified, rerun, checkpoint, device)):
        raise typer.Exit(2)
    if not rerun:
        typer.echo("This shows consistency, not who wrote the responses: see --rerun.")


def said(fault: Fault) -> str:
    """A fault in one line, with what to do about it where it says so."""
    line = one_line(f"{fault.path}: {fault.where}: {fault.what}")
    return f"{line} -> {fault.fix}" if fault.fix else line


def _rerun(
    verified: list[Verified], hands: int, checkpoints: list[Path] | None, device: str
) -> bool:
    """Ask the models again that are at hand; whether any wrote something else."""
    from tot24_bench.leaderboard import CannotRerun, find_checkpoint, read, rerun

    folders = tuple(checkpoints or sorted(path.parent for path in STUDENTS.glob("*/config.json")))
    ran = differ = 0
    for one in verified:
        submission = read(one.path)
        try:
            differences = rerun(submission, find_checkpoint(submission, folders), hands, device)
        except CannotRerun as error:
            typer.echo(one_line(f"not run again: {error}"))
            continue
        ran += 1
        asked = min(hands, submission.n)
        same = asked - len(differences)
        typer.echo(f"{submission.key}: {same} of {asked} responses are the same")
        for difference in differences:
            before, after = ("right" if right else "wrong" for right in difference.correct)
            verdicts = f"the stored one is {before}, the new one {after}"
            typer.echo(f"  {difference.hand}: differs; {verdicts}", err=True)
        differ += len(differences)
    if not ran:
        raise ValueError("no submission could be run again: see the reasons above")
    if differ:
        typer.echo(
            "Other hardware, precision or versions can change a response; the stored ones are in "
            "the submission.",
            err=True,
        )
    return differ > 0


def export_command(
    format: Annotated[
        Literal["latex", "csv", "hf", "eee", "dataset"],
        Option(
            help="latex: a table. csv: a row a submission. hf: the hub's evaluation results. "
            "eee: Every Eval Ever. dataset: the puzzles, ready to push to the hub."
        ),
    ],
    output: Annotated[Path, Option(help="The file (latex, csv) or folder to write.")],
    results: options.Results = options.RESULTS,
    split: Annotated[list[str] | None, Option(help="Only this split; may be given again.")] = None,
    model: Annotated[list[str] | None, Option(help="Only this model; may be given again.")] = None,
    overwrite: options.Overwrite = False,
    dataset_id: Annotated[
        str | None, Option(help="hf, dataset: the benchmark's dataset on the hub, OWNER/NAME.")
    ] = None,
    evaluator: Annotated[
        Literal["first_party", "third_party", "collaborative", "other"],
        Option(help="eee: who ran the evaluations, as seen from the models' developers."),
    ] = "other",
) -> None:
    """Write the leaderboard in a form that others read.

    Examples:

    `tot24 leaderboard export --format latex --split hard100 --output table.tex`

    `tot24 leaderboard export --format hf --model scout-2m --output export/hf`
    """
    from tot24_bench.leaderboard import export

    if format == "dataset" and (split or model):
        raise ValueError("the dataset holds every split: leave --split and --model out")
    dataset = dataset_id or export.DATASET_ID
    entries = [] if format == "dataset" else export.choose(results, split or (), model or ())
    left_out: list[export.LeftOut] = []
    if format in ("latex", "csv"):  # one file, with a name of its own in a folder
        name = "leaderboard.tex" if format == "latex" else "leaderboard.csv"
        render = export.render_latex if format == "latex" else export.render_csv
        path = output / name if output.is_dir() else output
        written = export.write_file(path, render(entries), overwrite)
    else:
        if format == "dataset":
            files = export.dataset_files(dataset)
        elif format == "hf":
            files, left_out = export.hub_files(entries, dataset, named=bool(model))
        else:
            files = export.eval_files(entries, results, evaluator)
        written = export.write_files(output, files, overwrite)
    several = "" if len(written) == 1 else f"{len(written)} files under "
    typer.echo(one_line(f"wrote {several}{output if several else written[0]}"))
    for why, count in list(Counter(one.why for one in left_out).items())[:10]:
        first = next(one.key for one in left_out if one.why == why)
        more = f" and {count - 1} more" if count > 1 else ""
        typer.echo(one_line(f"left out: {first}{more}: {why}"), err=True)
    if format == "hf" and dataset_id is None:
        typer.echo(f"dataset.id is {dataset}: if yours stands elsewhere, give --dataset-id")
