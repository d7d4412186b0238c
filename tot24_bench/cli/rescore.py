"""`tot24 rescore`: the transcripts that people have, scored by the rules of this benchmark."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tot24_bench.cli.options import RESULTS, Overwrite, Ranks, SkipBad
from tot24_bench.cli.terminal import print_wide
from tot24_bench.game import load_split
from tot24_bench.prompts import METHODS, VARIANTS

if TYPE_CHECKING:
    from tot24_bench.leaderboard import Origin, Rescored, Sample, Spool
    from tot24_bench.transcripts import Keys, Transcript

LARGE_BYTES = 8 * 2**20
"""Size from which a transcript shows its progress: about a second of reading."""

MANY_HANDS = 50
"""Hands from which writing a submission shows its progress: each may have many responses."""

RECORDS_A_STEP = 256
"""Records between two steps of the progress bar."""

MOST_DIFFERENT = 0.02
"""Share of a file's own verdicts that may be others than ours before a warning is due."""

OTHER = "other"

HOW_TO_SAVE = (
    f"Not saved: --model NAME --method {'|'.join(METHODS)} writes it as a submission of the kind "
    "`rescored`."
)


def rescore_command(
    file: Annotated[Path, typer.Argument(help="The transcript: JSON Lines or a JSON array.")],
    model: Annotated[
        str | None, typer.Option("--model", "--name", help="The model's name on the leaderboard.")
    ] = None,
    method: Annotated[
        str | None, typer.Option(help=f"What was asked for: {', '.join(METHODS)} or {OTHER}.")
    ] = None,
    prompt: Annotated[
        str,
        typer.Option(help=f"Whose prompt: this project's {', '.join(VARIANTS)}, or {OTHER}."),
    ] = OTHER,
    num_fewshot: Annotated[
        int | None,
        typer.Option(
            "--num_fewshot", min=0, max=1_000, help="Exemplars in the prompt [default: unknown]."
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(help="Hands that were asked [default: the first split that has them all]."),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(help=f"What tables call the method, with --method {OTHER}."),
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Where it is from [default: the name of the file].")
    ] = None,
    format_name: Annotated[
        str | None, typer.Option("--format", help="Its format [default: recognised].")
    ] = None,
    ranks: Ranks = None,
    hands: Annotated[
        Path | None, typer.Option(help="The requests of a batch, where its ids name no hands.")
    ] = None,
    hand_key: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="Of any other JSON: the field of the hand, such as doc.numbers.",
        ),
    ] = None,
    response_key: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="The field of the response, a list of them, or the messages.",
        ),
    ] = None,
    target_key: Annotated[
        str | None, typer.Option(metavar="PATH", help="The field of the target, if not 24.")
    ] = None,
    first: Annotated[
        bool,
        typer.Option(
            "--first",
            help="Score each record's first response only: of ranked ones that ranked first.",
        ),
    ] = False,
    any_hand: Annotated[
        bool, typer.Option("--any-hand", help="Allow hands that are not four cards from 1 to 13.")
    ] = False,
    skip_bad: SkipBad = False,
    results: Annotated[
        Path, typer.Option("--results", "--output", help="Folder of submissions.")
    ] = RESULTS,
    overwrite: Overwrite = False,
    note: Annotated[
        list[str] | None,
        typer.Option(help="What a reader of the figure must know; may be given again."),
    ] = None,
    withhold: Annotated[
        bool,
        typer.Option(
            "--withhold",
            help="Store hashes instead of responses, where the text is not yours to publish.",
        ),
    ] = False,
    no_save: Annotated[bool, typer.Option("--no-save", help="Only print the summary.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Score the responses of a transcript, and store it as a submission of the kind `rescored`.

    It reads lm-eval's samples_*.jsonl, batches of OpenAI, Anthropic and Google, logs of
    tree-of-thought-llm, slm-tot, meta-prompting, verl and reasoning-gym, plain JSON Lines with
    `numbers` and `response`, and any other JSON whose fields are named.

    Examples:

    `tot24 rescore samples_game24_cot_2025-11-20T10-00-00.jsonl`

    `tot24 rescore mine.json --hand-key doc.hand --response-key choices.message.content`

    `tot24 rescore responses.jsonl --model my-model --method cot --prompt default`
    """
    from tot24_bench.leaderboard import (
        check_split,
        header_of,
        render_summary,
        rescore,
        samples_of,
        several_figures,
        summarise,
        write_stream,
    )
    from tot24_bench.transcripts import read_transcript

    name = file.name.encode("utf-8", "replace").decode()
    origin = _origin(
        model, method, prompt, num_fewshot, (source or "").strip() or name, note, label
    )
    if split is not None and not any_hand:
        load_split(split)  # an unknown one is an error before anything is read
    keys = _keys(hand_key, response_key, target_key)
    transcript = read_transcript(file, format_name, ranks, hands, skip_bad, any_hand, keys)
    if first and origin is not None:
        several = rescore(transcript)
        told = (
            f"the first response of each record; of all of them: mean {several.metrics().acc:.1%}"
        )
        origin = origin._replace(notes=(f"{told}, {several_figures(several)}", *origin.notes))
    path = None
    with _spool(None if no_save else origin, results) as spool:
        with _progress(transcript) as step:
            rescored = rescore(transcript, spool, step, first)
        split = rescored.split if split is None else split
        check_split(rescored, split)
        if origin is not None and spool is not None:
            header = header_of(rescored, origin, split)
            samples = _counted(samples_of(rescored, spool, withhold), header.n)
            path = write_stream(header, samples, results, overwrite)
    _warn_of_verdicts(rescored)
    summary = summarise(rescored, transcript.bad, split)
    if as_json:
        saved = {"submission": None if path is None else str(path)}
        typer.echo(json.dumps({**summary.to_json(), **saved}))
        return
    print_wide(render_summary(summary, name))
    if path is not None:
        typer.echo(f"wrote {path}")
    elif origin is None:
        typer.echo(HOW_TO_SAVE)


def _origin(
    model: str | None,
    method: str | None,
    prompt: str,
    shots: int | None,
    source: str,
    notes: list[str] | None,
    label: str | None,
) -> Origin | None:
    """What the user says of the transcript; None where nothing that a submission needs is said.

    Raises:
        ValueError: only half of it is said, or it names what does not exist.
    """
    from tot24_bench.leaderboard import Origin

    if model is None and method is None:
        return None
    if model is None or method is None:
        raise ValueError("--model and --method go together: a submission needs both")
    origin = Origin(model, method, prompt, shots, source, tuple(notes or ()), label)
    origin.check()
    return origin


def _keys(hand: str | None, response: str | None, target: str | None) -> Keys | None:
    """The fields that the user names; None where none is.

    Raises:
        ValueError: only a part of them is named.
    """
    from tot24_bench.transcripts import Keys

    if hand is None and response is None and target is None:
        return None
    if hand is None or response is None:
        raise ValueError("--hand-key and --response-key go together: name both fields")
    return Keys(hand, response, target)


def _warn_of_verdicts(rescored: Rescored) -> None:
    """Say it loudly where the file's own verdicts are others than ours."""
    compared = rescored.compared
    if compared.differ <= MOST_DIFFERENT * compared.responses:
        return
    right = compared.right - compared.only_theirs + compared.only_ours
    typer.echo(
        f"warning: the file's own verdicts and ours differ on {compared.differ:,} of "
        f"{compared.responses:,} responses ({compared.differ / compared.responses:.1%}): it calls "
        f"{compared.right:,} right, here {right:,} are ({compared.only_theirs:,} are right by it "
        f"alone, {compared.only_ours:,} here alone). Are these the hands that were asked, and with "
        "this target? Where idx is a row of the run's own list, give that list with --ranks",
        err=True,
    )


def _spool(origin: Origin | None, results: Path) -> AbstractContextManager[Spool | None]:
    """Where responses wait for a submission, on its disk; nothing where none will be written.

    Raises:
        ResultsNotWritable: before a long transcript is read rather than after it.
    """
    from tot24_bench.leaderboard import Spool, check_writable

    if origin is None:
        return nullcontext()
    check_writable(results, origin.a_key, overwrite=True)
    return Spool(next(folder for folder in (results, *results.parents) if folder.is_dir()))


def _counted(samples: Iterator[Sample], hands: int) -> Iterator[Sample]:
    """The samples, with a progress bar on standard error where somebody waits."""
    if hands < MANY_HANDS or not sys.stderr.isatty():
        return samples
    from rich.console import Console
    from rich.progress import track

    return iter(track(samples, "write", total=hands, console=Console(stderr=True), transient=True))


@contextmanager
def _progress(transcript: Transcript) -> Iterator[Callable[[], object]]:
    """A progress bar by bytes on standard error, where somebody waits for a large file."""
    if transcript.size < LARGE_BYTES or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("rescore", total=transcript.size)
        records = count(1)

        def step() -> None:
            if next(records) % RECORDS_A_STEP == 0:
                progress.update(task, completed=transcript.position)

        yield step
