"""`tot24 leaderboard add`, `check` and `schema`: from somebody's results to a pull request."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Argument, Option

from tot24_bench.cli import options
from tot24_bench.cli.leaderboard import said
from tot24_bench.cli.terminal import print_wide, warn
from tot24_bench.text import one_line

if TYPE_CHECKING:
    from tot24_bench.leaderboard import Submission, Told

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9, "t": 10**12}


def add_command(
    source: Annotated[
        Path,
        Argument(
            metavar="RESULTS",
            help="lm_eval's --output_path folder (with --log_samples) or a results file in it, or "
            "a folder of `tot24 eval --results`.",
        ),
    ],
    name: options.ModelName = None,
    parameters: Annotated[str | None, Option(help="How many weights: 360M, 1.7B, digits.")] = None,
    precision: Annotated[str | None, Option(help="Of the weights: fp32, bf16, int4 ...")] = None,
    licence: Annotated[str | None, Option(help="Of the weights (SPDX): Apache-2.0, ...")] = None,
    link: Annotated[str | None, Option(help="Where the model is described.")] = None,
    base: Annotated[str | None, Option(help="The model it was trained from.")] = None,
    teacher: Annotated[str | None, Option(help="Of a student: who wrote its traces.")] = None,
    training: Annotated[
        Path | None,
        Option(help="Of a student: its training rows (JSON Lines) or hands, one a line."),
    ] = None,
    hardware: Annotated[str | None, Option(help="What it ran on.")] = None,
    note: options.Notes = None,
    checkpoint: Annotated[
        Path | None, Option(help="Folder of the weights [default: where lm-eval found them].")
    ] = None,
    yes: Annotated[bool, Option("--yes", "-y", help="Ask nothing: leave it unknown.")] = False,
    results: options.Results = options.RESULTS,
    overwrite: options.Overwrite = False,
    dry_run: options.DryRun = False,
) -> None:
    """Add a model: score its responses again, check them, and write one submission a task.

    Whatever the backend was (hf, vllm, an API server). It asks for what the results do not say.

    Examples:

    `tot24 leaderboard add out/my-model`

    `tot24 leaderboard add out/my-model --name my-model --licence Apache-2.0 --yes`
    """
    from tot24_bench import leaderboard as board

    told = board.Told(
        name=name,
        parameters=None if parameters is None else count_of(parameters),
        precision=precision,
        licence=licence,
        link=link,
        base=base,
        teacher=teacher,
        training=None if training is None else board.read_training(training),
        hardware=hardware,
        notes=tuple(note or ()),
    )
    gathered = board.gather(source, checkpoint)
    for line in gathered.passed_over:
        typer.echo(one_line(f"passed over: {line}"))
    for line in gathered.warnings:
        warn(line)
    told = _complete(gathered.submissions, told, ask=not yes)
    submissions = [board.describe(one, told) for one in gathered.submissions]
    for one in submissions:
        board.check_consistent(one)
        board.check_writable(results, one.key, overwrite)
    for warning in board.check_beside(submissions, results):
        warn(said(warning))
    paths = [board.path_of(results, one.key) for one in submissions]
    for path, one in zip(paths, submissions, strict=True):
        if not dry_run:
            board.write(one, results, overwrite)
        typer.echo(f"{'would write' if dry_run else 'wrote'} {path}")
    print_wide(board.render_rich(board.Entry.of(one) for one in submissions))
    for line in dict.fromkeys(line for one in submissions for line in board.questions(one)):
        typer.echo(one_line(f"a reviewer will ask: {line}"))
    if dry_run:
        typer.echo("nothing was written: leave --dry-run out")
        return
    # The commands that are left between here and a pull request.
    folders = sorted({str(path.parent) for path in paths})
    told_results = "" if results == options.RESULTS else f" --results {shlex.quote(str(results))}"
    several = len(folders) > 1
    check = f"verify{told_results}" if several else f"check {shlex.quote(folders[0])}/*.json"
    typer.echo(f"next: tot24 leaderboard {check}")
    commit = f"git add {shlex.quote(str(results))} && git commit"
    typer.echo(f"then: tot24 leaderboard{told_results} && {commit}")


def check_command(
    files: Annotated[list[Path], Argument(metavar="FILE...", help="Submissions, a file of each.")],
) -> None:
    """Say what is wrong with a submission, and how to mend it, before a pull request is opened.

    Everything that `tot24 leaderboard verify` checks, for files in a results folder or elsewhere,
    and beside what else stands in their folder; then what a reviewer will ask. Exit code 2 where
    something is wrong. It shows consistency only: nobody can tell from a file which model wrote it.

    Example: `tot24 leaderboard check results/submissions/my-model/*.json`
    """
    from tot24_bench.leaderboard import check_files, header_path, mend, questions, read

    paths = list(dict.fromkeys(map(header_path, files)))
    wrong = responses = 0
    for verified in check_files(paths):
        path = verified.path
        wrong += bool(verified.faults)
        responses += verified.responses
        for fault in verified.faults:
            typer.echo(said(fault._replace(path=path, fix=mend(fault))), err=True)
        for warning in verified.warnings:
            warn(said(warning._replace(path=path)))
        if not verified.faults:
            typer.echo(one_line(f"{path}: consistent, {verified.responses:,} responses"))
            for line in questions(read(path)):
                typer.echo(one_line(f"  a reviewer will ask: {line}"))
    typer.echo(
        f"{len(paths) - wrong} of {len(paths)} submissions are consistent, {responses:,} responses "
        "scored again. This shows that a submission is consistent with itself and with the "
        "benchmark, not that the model wrote the responses."
    )
    if wrong:
        raise typer.Exit(2)


def schema_command(
    output: Annotated[Path | None, Option(help="The file to write [default: print it].")] = None,
) -> None:
    """Print the JSON Schema of a submission's file, and of a line of its samples.

    Example: `tot24 leaderboard schema --output docs/submission.schema.json`
    """
    from tot24_bench.leaderboard import submission_schema

    text = json.dumps(submission_schema(), indent=2, ensure_ascii=False)
    if output is None:
        typer.echo(text)
        return
    output.write_text(text + "\n", encoding="utf-8")
    typer.echo(f"wrote {output}")


def count_of(text: str) -> int:
    """A number of weights as people write it.

    >>> count_of("360M"), count_of("1.7B"), count_of("10_480")
    (360000000, 1700000000, 10480)

    Raises:
        ValueError: it is no such number.
    """
    plain = text.strip().replace("_", "").replace(",", "")
    found = re.fullmatch(r"(\d{1,15}(?:\.\d{1,6})?)([kmbt]?)", plain.lower(), re.ASCII)
    count = round(float(found[1]) * _UNITS[found[2]]) if found else 0
    if not found or count <= 0:
        raise ValueError(
            f"--parameters {text[:20]!r} is no number of weights: give 360M, 1.7B or digits"
        )
    return count


_QUESTIONS = {
    "parameters": "Number of parameters (360M, 1.7B)",
    "precision": "Precision of the weights as they ran (fp32, bf16, int4)",
    "licence": "Licence of the weights (SPDX, such as Apache-2.0)",
    "link": "Link to a page about the model",
    "base": "Base model that it was trained from",
    "teacher": "Of a student: its teacher, who wrote the training traces",
    "training": "File of its training rows or hands",
    "hardware": "Hardware that it ran on",
}


def _complete(submissions: Sequence[Submission], told: Told, ask: bool) -> Told:
    """What is told, with answers to what is missing; the model's name must be known at the end."""
    from tot24_bench.leaderboard import read_training

    first = submissions[0]
    nameless = first.model.name in ("unnamed", "local")
    several = len({one.model.name for one in submissions}) > 1
    if told.name is not None and several:
        raise ValueError("--name is for one model, and the folder holds several: leave it out")
    if ask:
        typer.echo("Nothing, then Enter, where it is not known.")
        if told.name is None and not several:
            default = "" if nameless else one_line(first.model.name)
            told = told._replace(name=_ask("Name on the leaderboard", default))
        for field, question in _QUESTIONS.items():
            known = first.hardware if field == "hardware" else getattr(first.model, field)
            if getattr(told, field) is not None or known:
                continue
            if field == "training" and not (told.teacher or first.model.teacher):
                continue
            answer: Any = _ask(question)
            if answer is not None and field == "parameters":
                answer = count_of(answer)
            elif answer is not None and field == "training":
                answer = read_training(Path(answer))
            told = told._replace(**{field: answer})
    if told.name is None and nameless:
        raise ValueError("the results do not say what the model is called: give --name NAME")
    return told


def _ask(question: str, default: str = "") -> str | None:
    try:
        answer: str = typer.prompt(question, default=default, show_default=bool(default))
    except typer.Abort:
        raise ValueError(
            "no answer: answer the questions, give their flags (see --help), or --yes to leave "
            "unknown what is not known"
        ) from None
    return answer.strip() or None
