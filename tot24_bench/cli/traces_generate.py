"""`tot24 traces generate`: ask a teacher, record every answer, go on after any interruption."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tot24_bench.cli.options import AsJson
from tot24_bench.cli.terminal import one_line
from tot24_bench.prompts import ALL_METHODS, DEFAULT_VARIANT, SHOTS, VARIANTS

if TYPE_CHECKING:
    from tot24_bench.traces.generate import Outcome
    from tot24_bench.traces.store import TraceFile

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells give it."""

INCOMPLETE = 1
"""Exit code where something that was wanted is not recorded: the same command goes on."""

LOG_SECONDS = 30.0
"""Between two lines of progress where no terminal shows a bar."""

WITHOUT_EXEMPLARS = ("solver", "student")
"""Teachers that need none: the one does not read prompts, the other was trained on bare ones."""

_COMMAS = re.compile(r",(?=\w+=)")
"""Between settings that are given together, as lm-eval takes them: `top_k=50,seed=3`."""

AGAIN = "The same command goes on."


def generate_command(
    teacher: Annotated[
        str,
        typer.Option(
            help="Who answers: solver, openai, openai-batch, transformers, vllm, student."
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The trace file.")],
    model: Annotated[
        str | None, typer.Option(help="The API's model, or the checkpoint's folder or hub name.")
    ] = None,
    split: Annotated[
        str,
        typer.Option(
            "--split",
            "--hands",
            help="Hands to ask: a split, `fresh-n500/train` of a generated one, or a file.",
        ),
    ] = "train",
    method: Annotated[str, typer.Option(help=", ".join(ALL_METHODS) + ".")] = "onestep_tot",
    samples: Annotated[int, typer.Option(min=1, help="Responses a hand.")] = 1,
    num_fewshot: Annotated[
        int | None,
        typer.Option(
            "--num_fewshot",
            help=f"Exemplars in the prompt [default: {SHOTS}; none for solver and student].",
        ),
    ] = None,
    exemplars: Annotated[
        str, typer.Option(help=f"Exemplar variant: {', '.join(VARIANTS)}.")
    ] = DEFAULT_VARIANT,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many hands.")] = None,
    temperature: Annotated[float | None, typer.Option(help="Of sampling; 0 is greedy.")] = None,
    max_tokens: Annotated[int | None, typer.Option(help="Tokens of a response, at most.")] = None,
    seed: Annotated[
        int | None, typer.Option(help="Of sampling, or of the solver's choices.")
    ] = None,
    base_url: Annotated[
        str | None,
        typer.Option(help="Of an OpenAI-compatible server, such as http://localhost:8000/v1."),
    ] = None,
    concurrency: Annotated[int | None, typer.Option(help="Requests under way at once.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Prompts at once, local models.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda:0, ...")] = None,
    structured: Annotated[
        bool | None, typer.Option("--structured", help="Ask for JSON: steps and answer.")
    ] = None,
    max_cost: Annotated[
        str | None, typer.Option(help="US dollars that all traces of the file may cost.")
    ] = None,
    max_tokens_total: Annotated[
        int | None, typer.Option(help="Tokens that all traces of the file may take.")
    ] = None,
    prices: Annotated[
        Path | None, typer.Option(help="Your price table (YAML), beside the one that comes along.")
    ] = None,
    teacher_args: Annotated[
        list[str] | None,
        typer.Option(
            "--teacher_args",
            "--teacher-args",
            help="Any other setting; may be given again. `tot24 traces teachers` lists them.",
            metavar="KEY=VALUE",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask a teacher for traces, and record each as it comes.

    Interrupt it whenever you like: the same command goes on where it was, and asks nothing twice
    that is recorded. Hands of a test split are asked too, if you say so; `tot24 traces filter`
    drops them.

    Examples:

    `tot24 traces generate --teacher solver --split train --samples 4 -o solver.jsonl`

    `tot24 traces generate --teacher openai --model gpt-4o --samples 8 --max-cost 5 -o t.jsonl`

    `tot24 traces generate --teacher openai --base-url http://localhost:8000/v1 --model NAME -o t`

    `tot24 traces generate --teacher student --model students/scout-2m --samples 8 -o own.jsonl`
    """
    from tot24_bench.game.parts import part_of
    from tot24_bench.game.puzzle_files import read_puzzles
    from tot24_bench.harness.processes import is_first_process
    from tot24_bench.teachers.kinds import Beside, kind_of, make_teacher, serve
    from tot24_bench.traces.generate import generate, wanted
    from tot24_bench.traces.store import LAZY_SYNC_SECONDS, TraceFile

    settings = {
        "temperature": temperature,
        "max_tokens": max_tokens,
        "seed": seed,
        "base_url": base_url,
        "concurrency": concurrency,
        "batch_size": batch_size,
        "device": device,
        "structured": structured,
    }
    given = {name: value for name, value in settings.items() if value is not None}
    for text in teacher_args or ():
        given |= dict(_key_value(part) for part in _COMMAS.split(text))
    _show_warnings()
    puzzles = read_puzzles(split)[:limit]
    shots = num_fewshot
    if shots is None:
        shots = 0 if teacher in WITHOUT_EXEMPLARS else SHOTS
    ask = wanted(puzzles, method, samples=samples, shots=shots, variant=exemplars)
    kind_of(teacher)  # an unknown one is an error before a file is made
    held_out = sum(part_of(puzzle.hand) == "test" for puzzle in ask.puzzles)
    if held_out and is_first_process():
        _say(f"{held_out} of {len(ask.puzzles)} hands are test hands: never train on their traces")
    if not is_first_process():
        serve(make_teacher(teacher, model, given, Beside()))
        return
    paid = teacher.startswith("openai")
    with TraceFile.open(output, sync_seconds=0.0 if paid else LAZY_SYNC_SECONDS) as file:
        if file.repaired_bytes:
            _say(f"{output}: a last line that was cut off ({file.repaired_bytes} bytes) is gone")
        beside = Beside(
            max_cost=_dollars(max_cost),
            max_tokens_total=max_tokens_total,
            spent_cost=Decimal(file.totals.cost),
            spent_tokens=file.totals.tokens,
            prices=prices,
            state=output.with_name(f"{output.name}.batches.json"),
            say=_say,
        )
        made = make_teacher(teacher, model, given, beside)
        missing = sum(1 for _ in ask.missing(file))
        have = len(ask) - missing
        if have:
            _say(f"{have} of {len(ask)} are recorded already")
        with _progress(missing, file) as seen:
            try:
                outcome = generate(made, ask, file, seen)
            except KeyboardInterrupt:
                _say(f"interrupted: {file.totals.traces} traces are recorded. {AGAIN}")
                raise typer.Exit(INTERRUPTED) from None
        _report(outcome, file, len(ask), as_json)
    if outcome.stopped or sum(outcome.failed.values()) > outcome.hopeless:
        raise typer.Exit(INCOMPLETE)


def teachers_command(
    name: Annotated[
        str | None, typer.Argument(help="A teacher, for its settings and their defaults.")
    ] = None,
) -> None:
    """List the teachers, or the settings of one.

    Example: `tot24 traces teachers solver`
    """
    from tot24_bench.teachers.kinds import KINDS, describe_settings

    if name is not None:
        typer.echo(describe_settings(name))
        return
    for kind, found in KINDS.items():
        typer.echo(f"{kind:14}{found.says}")


def _key_value(text: str) -> tuple[str, Any]:
    import yaml

    key, separator, value = text.partition("=")
    if not separator or not key:
        raise ValueError(f"--teacher_args {text[:40]!r}: write KEY=VALUE")
    try:
        return key.strip(), yaml.safe_load(value)
    except yaml.YAMLError:
        return key.strip(), value


def _dollars(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        dollars = Decimal(text.lstrip("$"))
    except InvalidOperation:
        raise ValueError(f"--max-cost {text[:40]!r}: give US dollars, like 2.50") from None
    if not dollars.is_finite():
        raise ValueError("--max-cost: give US dollars, like 2.50")
    return dollars


def _report(outcome: Outcome, file: TraceFile, asked: int, as_json: bool) -> None:
    failed = sum(outcome.failed.values())
    totals = file.totals
    if as_json:
        said = {
            **outcome.to_json(),
            "file": str(file.path),
            "wanted": asked,
            "traces": totals.traces,
            "tokens": totals.tokens,
            "cost": str(totals.cost),
        }
        typer.echo(json.dumps(said))
        return
    share = f", {outcome.right / outcome.recorded:.1%} right" if outcome.recorded else ""
    cost = f", ${totals.cost:.4f}" if totals.cost else ""
    typer.echo(
        f"recorded {outcome.recorded} traces{share}; {file.path} holds {totals.traces}{cost}"
    )
    for kind, count in outcome.failed.most_common():
        typer.echo(f"not answered: {count} x {kind}: {one_line(outcome.reasons[kind])}")
    if outcome.stopped:
        typer.echo(f"stopped: {one_line(outcome.stopped)}")
    if failed > outcome.hopeless:
        typer.echo(f"{failed - outcome.hopeless} requests are still to be answered. {AGAIN}")


@contextmanager
def _progress(total: int, file: TraceFile) -> Iterator[Callable[[Outcome], None]]:
    """A bar with rate, cost, share right and time left; lines now and then where nobody looks."""
    if not sys.stderr.isatty():
        yield _log(total, file)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("traces"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[said]}"),
        TimeRemainingColumn(),
    )
    started = time.monotonic()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("traces", total=total, said="")

        def seen(outcome: Outcome) -> None:
            done = outcome.recorded + outcome.hopeless
            said = _said(outcome, file, time.monotonic() - started)
            progress.update(task, completed=done, said=said)

        yield seen


def _log(total: int, file: TraceFile) -> Callable[[Outcome], None]:
    started = last = time.monotonic()

    def seen(outcome: Outcome) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= LOG_SECONDS:
            last = now
            _say(f"{outcome.recorded} of {total} traces: {_said(outcome, file, now - started)}")

    return seen


def _said(outcome: Outcome, file: TraceFile, seconds: float) -> str:
    right = outcome.right / outcome.recorded if outcome.recorded else 0.0
    parts = [f"{outcome.recorded / max(seconds, 0.001):.1f}/s", f"{right:.0%} right"]
    if file.totals.cost:
        parts.append(f"${file.totals.cost:.2f}")
    if outcome.failed:
        parts.append(f"{sum(outcome.failed.values())} unanswered")
    return ", ".join(parts)


def _show_warnings() -> None:
    """What a teacher has to say while it works, in lines like all others."""
    import logging

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("tot24: %(message)s"))
    logging.getLogger("tot24_bench").handlers = [handler]


def _say(text: str) -> None:
    typer.echo(f"tot24: {one_line(text)}", err=True)
