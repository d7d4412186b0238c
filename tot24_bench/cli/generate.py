"""`tot24 traces generate`: ask a teacher, record every answer, go on after any interruption."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Option

from tot24_bench.cli import options
from tot24_bench.cli.terminal import counting, say
from tot24_bench.prompts import ALL_METHODS, DEFAULT_VARIANT, SHOTS, STEP_METHODS
from tot24_bench.text import one_line

if TYPE_CHECKING:
    from tot24_bench.teachers import Request, Teacher
    from tot24_bench.traces import Amount, Outcome, TraceFile, Wanted

INTERRUPTED = 130  # exit code after Ctrl-C, as shells give it
INCOMPLETE = 1  # exit code where something that was wanted is not recorded
AGAIN = "The same command goes on."
LOG_SECONDS = 30.0  # between two lines of progress where no terminal shows a bar
# The one does not read prompts, the other was trained on bare ones.
WITHOUT_EXEMPLARS = ("solver", "student")
# Between settings that are given together, as lm-eval takes them: `top_k=50,seed=3`.
_COMMAS = re.compile(r",(?=\w+=)")


def generate_command(
    teacher: Annotated[
        str, Option(help="Who answers: solver, openai, openai-batch, transformers, vllm, student.")
    ],
    output: options.TraceOutput,
    model: Annotated[str | None, Option(help="The API's model, or a folder or hub name.")] = None,
    split: Annotated[
        str,
        Option(
            "--split", "--hands", help="A split, `fresh-n500/train` of a generated one, a file."
        ),
    ] = "train",
    method: Annotated[str, Option(help=", ".join(ALL_METHODS) + ".")] = "onestep_tot",
    samples: Annotated[int, Option(min=1, help="Responses a hand.")] = 1,
    num_fewshot: Annotated[
        int | None,
        Option("--num_fewshot", help=f"Exemplars [default: {SHOTS}; of solver, student: none]."),
    ] = None,
    exemplars: options.Exemplars = DEFAULT_VARIANT,
    states: Annotated[
        int | None,
        Option(min=1, help="propose, value(_at_once): ask about so many inner states of a hand."),
    ] = None,
    limit: options.Limit = None,
    temperature: Annotated[float | None, Option(help="Of sampling; 0 is greedy.")] = None,
    max_tokens: Annotated[int | None, Option(help="Tokens of a response, at most.")] = None,
    seed: Annotated[int | None, Option(help="Of sampling, or of the solver's choices.")] = None,
    base_url: Annotated[
        str | None, Option(help="Of an OpenAI-compatible server, such as http://localhost:8000/v1.")
    ] = None,
    concurrency: Annotated[int | None, Option(help="Requests under way at once.")] = None,
    batch_size: Annotated[int | None, Option(help="Prompts at once, local models.")] = None,
    device: options.Device = None,
    structured: Annotated[bool | None, Option("--structured", help="Ask for JSON answers.")] = None,
    max_cost: Annotated[str | None, Option(help="US dollars that the file may cost.")] = None,
    max_tokens_total: Annotated[int | None, Option(help="Tokens that the file may take.")] = None,
    prices: Annotated[Path | None, Option(help="Your price table: see docs/teachers.md.")] = None,
    teacher_args: Annotated[
        list[str] | None,
        Option(
            "--teacher_args",
            "--teacher-args",
            help="Any other setting; may be given again. `tot24 traces teachers` lists them.",
            metavar="KEY=VALUE",
        ),
    ] = None,
    as_json: options.AsJson = False,
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
    from tot24_bench import traces
    from tot24_bench.game import read_puzzles, sample_states
    from tot24_bench.harness import is_first_process
    from tot24_bench.teachers import Beside, kind_of, make_teacher, serve

    settings: dict[str, Any] = {"temperature": temperature, "max_tokens": max_tokens, "seed": seed}
    settings |= {"base_url": base_url, "concurrency": concurrency, "batch_size": batch_size}
    settings |= {"device": device, "structured": structured}
    given = {name: value for name, value in settings.items() if value is not None}
    for text in teacher_args or ():
        given |= map(_key_value, _COMMAS.split(text))
    _show_warnings()
    costs = kind_of(teacher).costs
    limits = (_dollars(max_cost), max_tokens_total)
    if limits != (None, None) and not costs:
        raise ValueError(f"the teacher {teacher} costs nothing: leave --max-cost and the like out")
    shots = num_fewshot
    if shots is None:
        shots = 0 if teacher in WITHOUT_EXEMPLARS else SHOTS
    puzzles = read_puzzles(split)[:limit]
    if states:
        if method not in STEP_METHODS:
            raise ValueError(f"--states is for {', '.join(STEP_METHODS)}, not for {method[:40]}")
        puzzles = sample_states(puzzles, states)
    ask = traces.wanted(puzzles, method, samples=samples, shots=shots, variant=exemplars)
    ask.check()
    if not is_first_process():
        serve(make_teacher(teacher, model, given, Beside()))
        return
    if held_out := sum(traces.held_out_split(one, method) is not None for one in ask.puzzles):
        say(
            f"{held_out} of {len(ask.puzzles)} hands are held out: never train on their traces "
            "(tot24 traces filter drops them)"
        )
    with ExitStack() as opened:
        sync_seconds = 0.0 if costs else traces.LAZY_SYNC_SECONDS
        file = opened.enter_context(traces.TraceFile.open(output, sync_seconds=sync_seconds))
        spending = traces.Spending.beside(output) if costs else None
        budget = None if spending is None else traces.budget_of(file, spending, *limits)
        state = output.with_name(f"{output.name}.batches.json")
        made = make_teacher(teacher, model, given, Beside(budget, prices, state, say))
        file.require(ask.setup(made.info))
        if file.repaired_bytes:
            say(f"{output}: a last line that was cut off ({file.repaired_bytes} bytes) is gone")
        missing = ask.count_missing(file)
        if missing < len(ask):
            say(f"{len(ask) - missing} of {len(ask)} are recorded already")
        show = opened.enter_context(_progress(missing, file))
        seen = show
        if spending is not None and budget is not None:
            worst = _under_way(made, next(ask.missing(file), None))
            note = opened.enter_context(traces.noting(spending, budget, file, worst))

            def seen(outcome: Outcome) -> None:
                note()
                show(outcome)

        try:
            outcome = traces.generate(made, ask, file, seen)
        except KeyboardInterrupt:
            say(f"interrupted: {file.totals.traces} traces are recorded. {AGAIN}")
            raise typer.Exit(INTERRUPTED) from None
    _report(outcome, file, ask, as_json)
    failed = sum(outcome.failed.values())
    if outcome.stopped or failed > outcome.hopeless or (failed and not file.totals.traces):
        raise typer.Exit(INCOMPLETE)


def _under_way(teacher: Teacher, first: Request | None) -> Amount | None:
    """What all calls under way can take; None for batches, which a file of their own notes."""
    from tot24_bench.traces import Amount

    most = getattr(teacher, "most_under_way", None)
    if most is None or first is None:
        return None
    worst = most(first.prompt)
    return Amount(cost=worst.cost or Decimal(0), tokens=worst.tokens)


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
        dollars = Decimal("nan")
    if not dollars.is_finite():
        raise ValueError(f"--max-cost {text[:40]!r}: give US dollars, like 2.50")
    return dollars


def _show_warnings() -> None:
    """What a teacher has to say while it works, in lines like all others."""
    import logging

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("tot24: %(message)s"))
    logging.getLogger("tot24_bench").handlers = [handler]


def _report(outcome: Outcome, file: TraceFile, ask: Wanted, as_json: bool) -> None:
    """Print what came of a run."""
    failed = sum(outcome.failed.values())
    totals = file.totals
    if as_json:
        said: dict[str, Any] = {"file": str(file.path), "wanted": len(ask), "traces": totals.traces}
        said |= {"tokens": totals.tokens, "cost": str(totals.cost)}
        typer.echo(json.dumps(outcome.to_json() | said))
        return
    share = f", {outcome.right / outcome.recorded:.1%} right" if outcome.recorded else ""
    cost = f", ${totals.cost:.4f}" if totals.cost else ""
    held = f"{file.path} holds {totals.traces}{cost}"
    typer.echo(f"recorded {outcome.recorded} traces{share}; {held}")
    if outcome.cut:
        typer.echo(
            f"{outcome.cut} of them were cut off at --max-tokens: to ask again with more, raise it "
            "and give another -o"
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
    started = last = time.monotonic()
    with counting(total, "traces") as tick:

        def show(outcome: Outcome) -> None:
            nonlocal last
            now = time.monotonic()
            right = outcome.right / max(outcome.recorded, 1)
            said = f"{outcome.recorded / max(now - started, 0.001):.1f}/s, {right:.0%} right"
            if file.totals.cost:
                said += f", ${file.totals.cost:.2f}"
            if outcome.failed:
                said += f", {sum(outcome.failed.values())} unanswered"
            tick(outcome.recorded + outcome.hopeless, said)
            if not sys.stderr.isatty() and now - last >= LOG_SECONDS:
                last = now
                say(f"{outcome.recorded} of {total} traces: {said}")

        yield show
