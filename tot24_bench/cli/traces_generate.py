"""`tot24 traces generate`: ask a teacher, record every answer, go on after any interruption."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tot24_bench.cli.options import AsJson
from tot24_bench.cli.traces_progress import AGAIN, progress_of, report, say
from tot24_bench.prompts import ALL_METHODS, DEFAULT_VARIANT, SHOTS, STEP_METHODS, VARIANTS

if TYPE_CHECKING:
    from tot24_bench.game import Puzzle
    from tot24_bench.teachers import Request, Teacher
    from tot24_bench.traces import Amount, Outcome, Wanted

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells give it."""

INCOMPLETE = 1
"""Exit code where something that was wanted is not recorded: the same command goes on."""

WITHOUT_EXEMPLARS = ("solver", "student")
"""Teachers that need none: the one does not read prompts, the other was trained on bare ones."""

_COMMAS = re.compile(r",(?=\w+=)")
"""Between settings that are given together, as lm-eval takes them: `top_k=50,seed=3`."""


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
    states: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="propose, value: ask about so many inner states of each hand, not about the hand.",
        ),
    ] = None,
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
        Path | None, typer.Option(help="A price table of yours: docs/teachers.md shows one.")
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
    from tot24_bench.game import read_puzzles
    from tot24_bench.harness import is_first_process
    from tot24_bench.teachers import Beside, kind_of, make_teacher, serve
    from tot24_bench.traces import (
        LAZY_SYNC_SECONDS,
        Spending,
        TraceFile,
        budget_of,
        generate,
        noting,
        wanted,
    )

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
    costs = kind_of(teacher).costs
    limits = (_dollars(max_cost), max_tokens_total)
    if limits != (None, None) and not costs:
        raise ValueError(f"the teacher {teacher} costs nothing: leave --max-cost and the like out")
    shots = num_fewshot
    if shots is None:
        shots = 0 if teacher in WITHOUT_EXEMPLARS else SHOTS
    puzzles = read_puzzles(split)[:limit]
    if states:
        puzzles = _with_states(puzzles, states, method)
    ask = wanted(puzzles, method, samples=samples, shots=shots, variant=exemplars)
    ask.check()
    if not is_first_process():
        serve(make_teacher(teacher, model, given, Beside()))
        return
    _warn_of_test_hands(ask)
    with ExitStack() as opened:
        sync_seconds = 0.0 if costs else LAZY_SYNC_SECONDS
        file = opened.enter_context(TraceFile.open(output, sync_seconds=sync_seconds))
        spending = Spending.beside(output) if costs else None
        budget = None if spending is None else budget_of(file, spending, *limits)
        state = output.with_name(f"{output.name}.batches.json")
        made = make_teacher(teacher, model, given, Beside(budget, prices, state, say))
        file.require(ask.setup(made.info))
        if file.repaired_bytes:
            say(f"{output}: a last line that was cut off ({file.repaired_bytes} bytes) is gone")
        missing = ask.count_missing(file)
        if missing < len(ask):
            say(f"{len(ask) - missing} of {len(ask)} are recorded already")
        show = opened.enter_context(progress_of(missing, file))
        seen = show
        if spending is not None and budget is not None:
            worst = _under_way(made, next(ask.missing(file), None))
            note = opened.enter_context(noting(spending, budget, file, worst))

            def seen(outcome: Outcome) -> None:
                note()
                show(outcome)

        try:
            outcome = generate(made, ask, file, seen)
        except KeyboardInterrupt:
            say(f"interrupted: {file.totals.traces} traces are recorded. {AGAIN}")
            raise typer.Exit(INTERRUPTED) from None
    report(outcome, file, ask, as_json)
    failed = sum(outcome.failed.values())
    if outcome.stopped or failed > outcome.hopeless or (failed and not file.totals.traces):
        raise typer.Exit(INCOMPLETE)


def _with_states(puzzles: Sequence[Puzzle], count: int, method: str) -> tuple[Puzzle, ...]:
    """The inner states of hands in place of the hands, for the methods that ask about states."""
    from tot24_bench.game import sample_states

    if method not in STEP_METHODS:
        raise ValueError(f"--states goes with {' and '.join(STEP_METHODS)}, not with {method[:40]}")
    return sample_states(puzzles, count)


def _warn_of_test_hands(ask: Wanted) -> None:
    from tot24_bench.traces import held_out_split

    held_out = sum(held_out_split(puzzle, ask.method) is not None for puzzle in ask.puzzles)
    if held_out:
        say(
            f"{held_out} of {len(ask.puzzles)} hands are held out: never train on their traces "
            "(tot24 traces filter drops them)"
        )


def _under_way(teacher: Teacher, first: Request | None) -> Amount | None:
    """What all calls under way can take; None for batches, which a file of their own notes."""
    from tot24_bench.traces import Amount

    most = getattr(teacher, "most_under_way", None)
    if most is None or first is None:
        return None
    worst = most(first.prompt)
    return Amount(cost=worst.cost or Decimal(0), tokens=worst.tokens)


def teachers_command(
    name: Annotated[
        str | None, typer.Argument(help="A teacher, for its settings and their defaults.")
    ] = None,
) -> None:
    """List the teachers, or the settings of one.

    Example: `tot24 traces teachers solver`
    """
    from tot24_bench.teachers import KINDS, describe_settings

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


def _show_warnings() -> None:
    """What a teacher has to say while it works, in lines like all others."""
    import logging

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("tot24: %(message)s"))
    logging.getLogger("tot24_bench").handlers = [handler]
