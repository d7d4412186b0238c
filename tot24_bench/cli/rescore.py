"""`tot24 rescore`: the transcripts that people have, scored by the rules of this benchmark."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Option

from tot24_bench.cli import options
from tot24_bench.cli.terminal import counting, print_wide, warn
from tot24_bench.game import load_split
from tot24_bench.prompts import METHODS, VARIANTS

if TYPE_CHECKING:
    from tot24_bench.leaderboard import Rescored

MOST_DIFFERENT = 0.02  # share of a file's own verdicts that may not be ours, without a warning
OTHER = "other"


def rescore_command(
    file: options.TranscriptFile,
    model: Annotated[
        str | None, Option("--model", "--name", help="The model's name on the leaderboard.")
    ] = None,
    method: Annotated[str | None, Option(help=f"Asked: {', '.join(METHODS)} or {OTHER}.")] = None,
    prompt: Annotated[
        str, Option(help=f"Whose prompt: this project's {', '.join(VARIANTS)}, or {OTHER}.")
    ] = OTHER,
    num_fewshot: Annotated[
        int | None,
        Option("--num_fewshot", min=0, max=1_000, help="Exemplars [default: unknown]."),
    ] = None,
    split: Annotated[
        str | None, Option(help="Hands that were asked [default: the first split with them all].")
    ] = None,
    label: Annotated[str | None, Option(help=f"Name of the method, if it is {OTHER}.")] = None,
    source: Annotated[str | None, Option(help="Where it is from [default: file name].")] = None,
    format_name: options.FormatName = None,
    ranks: options.Ranks = None,
    hands: Annotated[Path | None, Option(help="A batch's requests, if ids name no hands.")] = None,
    hand_key: Annotated[
        str | None,
        Option(metavar="PATH", help="Of other JSON: the field of the hand, such as doc.numbers."),
    ] = None,
    response_key: Annotated[
        str | None,
        Option(metavar="PATH", help="The field of the response, a list of them, or the messages."),
    ] = None,
    target_key: Annotated[
        str | None, Option(metavar="PATH", help="The field of the target, if not 24.")
    ] = None,
    first: Annotated[
        bool, Option("--first", help="Score each record's first (best-ranked) response only.")
    ] = False,
    any_hand: options.AnyHand = False,
    skip_bad: options.SkipBad = False,
    results: Annotated[
        Path, Option("--results", "--output", help="Folder of submissions.")
    ] = options.RESULTS,
    overwrite: options.Overwrite = False,
    note: options.Notes = None,
    withhold: Annotated[
        bool, Option("--withhold", help="Store hashes of a text that is not yours to publish.")
    ] = False,
    no_save: Annotated[bool, Option("--no-save", help="Only print the summary.")] = False,
    as_json: options.AsJson = False,
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
    from tot24_bench import leaderboard as board
    from tot24_bench.transcripts import Keys, read_transcript

    if (model is None) != (method is None):
        raise ValueError("--model and --method go together: a submission needs both")
    if (hand_key is None) != (response_key is None) or (hand_key is None and target_key):
        raise ValueError("--hand-key and --response-key go together: name both fields")
    name = file.name.encode("utf-8", "replace").decode()
    origin = keys = spool = path = None
    if model is not None and method is not None:
        told, said = (source or "").strip() or name, tuple(note or ())
        origin = board.Origin(model, method, prompt, num_fewshot, told, said, label)
        origin.check()
    if split is not None and not any_hand:
        load_split(split)  # an unknown one is an error before anything is read
    if hand_key is not None and response_key is not None:
        keys = Keys(hand_key, response_key, target_key)
    transcript = read_transcript(file, format_name, ranks, hands, skip_bad, any_hand, keys)
    with ExitStack() as opened:
        if origin is not None and not no_save:
            board.check_writable(results, origin.a_key, overwrite=True)  # before a long reading
            # Responses wait on the disk that the submission will be on.
            folder = next(one for one in (results, *results.parents) if one.is_dir())
            spool = opened.enter_context(board.Spool(folder))
            if first:
                several = board.rescore(transcript)
                mean = f"{several.metrics().acc:.1%}, {board.several_figures(several)}"
                more = f"the first response of each record; of all of them: mean {mean}"
                origin = origin._replace(notes=(more, *origin.notes))
        with counting(transcript.size, "rescore") as tick:
            rescored = board.rescore(transcript, spool, lambda: tick(transcript.position), first)
        split = rescored.split if split is None else split
        board.check_split(rescored, split)
        if origin is not None and spool is not None:
            header = board.header_of(rescored, origin, split)
            samples = board.samples_of(rescored, spool, withhold)
            path = board.write_stream(header, samples, results, overwrite)
    _warn_of_verdicts(rescored)
    summary = board.summarise(rescored, transcript.bad, split)
    if as_json:
        saved = {"submission": None if path is None else str(path)}
        typer.echo(json.dumps({**summary.to_json(), **saved}))
        return
    print_wide(board.render_summary(summary, name))
    if path is not None:
        typer.echo(f"wrote {path}")
    elif origin is None:
        named = f"--model NAME --method {'|'.join(METHODS)}"
        typer.echo(f"Not saved: {named} writes it as a submission of the kind `rescored`.")


def _warn_of_verdicts(rescored: Rescored) -> None:
    """Say it loudly where the file's own verdicts are others than ours."""
    compared = rescored.compared
    if compared.differ <= MOST_DIFFERENT * compared.responses:
        return
    right = compared.right - compared.only_theirs + compared.only_ours
    warn(
        f"the file's own verdicts and ours differ on {compared.differ:,} of "
        f"{compared.responses:,} responses ({compared.differ / compared.responses:.1%}): it calls "
        f"{compared.right:,} right, here {right:,} are ({compared.only_theirs:,} are right by it "
        f"alone, {compared.only_ours:,} here alone). Are these the hands that were asked, and with "
        "this target? Where idx is a row of the run's own list, give that list with --ranks"
    )
