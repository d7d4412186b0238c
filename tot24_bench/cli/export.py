"""`tot24 leaderboard export`: the submissions for papers, spreadsheets, the hub and registries."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tot24_bench.cli.options import RESULTS, Results
from tot24_bench.text import one_line

MAX_SAID = 10
"""Submissions without a place in the export that are named one by one."""


class Format(StrEnum):
    """What can be written."""

    LATEX = "latex"
    CSV = "csv"
    HF = "hf"
    EEE = "eee"
    DATASET = "dataset"


class Evaluator(StrEnum):
    """How whoever ran the evaluations stands to the models' developers."""

    FIRST = "first_party"
    THIRD = "third_party"
    COLLABORATIVE = "collaborative"
    OTHER = "other"


SINGLE = {Format.LATEX: "leaderboard.tex", Format.CSV: "leaderboard.csv"}
"""The formats that are one file, and its name where a folder is given."""


def export_command(
    format: Annotated[
        Format,
        typer.Option(
            help="latex: a table. csv: a row a submission. hf: the hub's evaluation results. "
            "eee: Every Eval Ever. dataset: the puzzles, ready to push to the hub."
        ),
    ],
    output: Annotated[
        Path, typer.Option(help="The file (latex, csv) or folder to write; nothing else is.")
    ],
    results: Results = RESULTS,
    split: Annotated[
        list[str] | None, typer.Option(help="Only this split; may be given again.")
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="Only the model of this name; may be given again.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that are there.")
    ] = False,
    dataset_id: Annotated[
        str | None,
        typer.Option(help="hf, dataset: the benchmark's dataset on the hub, OWNER/NAME."),
    ] = None,
    evaluator: Annotated[
        Evaluator,
        typer.Option(help="eee: who ran the evaluations, as seen from the models' developers."),
    ] = Evaluator.OTHER,
) -> None:
    """Write the leaderboard in a form that others read.

    Examples:

    `tot24 leaderboard export --format latex --split hard100 --output table.tex`

    `tot24 leaderboard export --format hf --model scout-2m --output export/hf`
    """
    from tot24_bench.leaderboard import export

    if format is Format.DATASET and (split or model):
        raise ValueError("the dataset holds every split: leave --split and --model out")
    dataset = dataset_id or export.DATASET_ID
    if format is Format.DATASET:
        written = export.write_files(output, export.dataset_files(dataset), overwrite)
        _say(output, written)
        return
    entries = export.choose(results, split or (), model or ())
    left_out: list[export.LeftOut] = []
    if format in SINGLE:
        path = output / SINGLE[format] if output.is_dir() else output
        text = export.render_csv(entries) if format is Format.CSV else export.render_latex(entries)
        written = export.write_file(path, text, overwrite)
    elif format is Format.HF:
        files, left_out = export.hub_files(entries, dataset, named=bool(model))
        written = export.write_files(output, files, overwrite)
    else:
        written = export.write_files(
            output, export.eval_files(entries, results, evaluator.value), overwrite
        )
    _say(output, written)
    by_reason: dict[str, list[str]] = {}
    for one in left_out:
        by_reason.setdefault(one.why, []).append(one.key)
    for why, keys in list(by_reason.items())[:MAX_SAID]:
        more = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
        typer.echo(one_line(f"left out: {keys[0]}{more}: {why}"), err=True)
    if format is Format.HF and dataset_id is None:
        typer.echo(f"dataset.id is {dataset}: if yours stands elsewhere, give --dataset-id")


def _say(output: Path, written: list[Path]) -> None:
    place = written[0] if len(written) == 1 else output
    many = "" if len(written) == 1 else f"{len(written)} files under "
    typer.echo(one_line(f"wrote {many}{place}"))
