"""The command line, `tot24`: each command is a thin call into the rooms of the package.

Whatever a user can get wrong ends in one line on standard error that says what to do, and exit
code 2. Heavy libraries load inside the commands that need them, so that `--help` stays quick.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from tot24_bench import __version__
from tot24_bench.cli_failures import failures_command
from tot24_bench.cli_rescore import rescore_command
from tot24_bench.game import Puzzle, Rule, load_split, solve
from tot24_bench.harness.documents import DEFAULT_SPLIT
from tot24_bench.prompts import DEFAULT_VARIANT, SHOTS, pick
from tot24_bench.scoring import analyse, score

app = typer.Typer(
    name="tot24",
    help="Can a small language model be taught to search? Game of 24 for lm-eval.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
)
leaderboard_app = typer.Typer(
    help="Render results/LEADERBOARD.md from the submissions and print it."
)
app.add_typer(leaderboard_app, name="leaderboard")

RESULTS = Path("results")

MAX_RESPONSE_BYTES = 64 * 1024 * 1024
"""Most that `tot24 score` reads from standard input; far above what any model writes."""

MAX_SOLVED = 6
"""Numbers of a hand whose every solution `tot24 solve` lists: a seventh takes minutes."""

_Results = Annotated[Path, typer.Option("--results", help="Folder of submissions.")]


@contextmanager
def _one_line_errors() -> Iterator[None]:
    """Turn errors that a user can mend into one line and exit code 2."""
    try:
        yield
    except (ValueError, OSError) as error:
        message = " ".join(str(error).split()) or type(error).__name__
        # On a line of its own, below a progress bar that was cut short.
        typer.echo(f"\ntot24: {message}" if sys.stderr.isatty() else f"tot24: {message}", err=True)
        raise typer.Exit(2) from error


@app.callback(invoke_without_command=True)
def main(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Can a small language model be taught to search? Game of 24 for lm-eval."""
    if version:
        typer.echo(__version__)
        raise typer.Exit()


# A negative number is a wrong hand, with a message of its own, rather than an unknown option.
@app.command("solve", context_settings={"ignore_unknown_options": True})
def solve_command(
    numbers: Annotated[list[str], typer.Argument(help="The hand, such as 4 4 6 8.")],
    target: Annotated[int, typer.Option(help="The number to make.")] = 24,
    rule: Annotated[Rule, typer.Option(help="Use all of the numbers, or some.")] = Rule.ALL,
) -> None:
    """Print every distinct solution of a hand.

    Example: `tot24 solve 4 4 6 8`
    """
    with _one_line_errors():
        puzzle = Puzzle.parse(" ".join(numbers), target, rule)
        if len(puzzle.numbers) > MAX_SOLVED:
            raise ValueError(
                f"{len(puzzle.numbers)} numbers are too many to list every solution of: "
                f"give at most {MAX_SOLVED}"
            )
        solutions = solve(puzzle)
        if not solutions:
            typer.echo(f"{puzzle.text} cannot make {target}.")
            return
        for solution in solutions:
            typer.echo(f"{solution.expression} = {target}")


@app.command("score")
def score_command(
    hand: Annotated[str, typer.Argument(help='The hand asked, such as "4 4 6 8".')],
    target: Annotated[int, typer.Option(help="The number to make.")] = 24,
    rule: Annotated[Rule, typer.Option(help="Use all of the numbers, or some.")] = Rule.ALL,
    truncated: Annotated[
        bool, typer.Option(help="The response was cut off by a token limit.")
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show the attempts as a tree, and what went wrong.")
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print the score as JSON; with --explain every thought, too."),
    ] = False,
) -> None:
    """Score one response, read from standard input.

    Examples:

    `tot24 score "4 4 6 8" < response.txt`

    `tot24 score "4 4 6 8" --explain < response.txt`
    """
    with _one_line_errors():
        puzzle = Puzzle.parse(hand, target, rule)
        response = sys.stdin.buffer.read(MAX_RESPONSE_BYTES).decode("utf-8", "replace")
        if explain:
            analysis = analyse(puzzle, response, truncated=truncated)
            if as_json:
                typer.echo(json.dumps(analysis.to_json(), ensure_ascii=False))
            else:
                from tot24_bench.cli_explain import explain as as_tree

                _print(as_tree(analysis))
            return
        result = score(puzzle, response, truncated=truncated)
        if as_json:
            typer.echo(json.dumps(result.to_json(), ensure_ascii=False))
            return
        typer.echo(f"verdict: {result.verdict}")
        typer.echo(f"reason:  {result.reason}")
        if result.answer is not None:
            typer.echo(f"answer:  {result.answer}")
        if result.value is not None:
            typer.echo(f"value:   {result.value}")


@app.command("tasks-path")
def tasks_path_command() -> None:
    """Print the folder for lm-eval's `--include_path`.

    Example: `lm_eval --include_path "$(tot24 tasks-path)" --tasks game24_onestep_tot ...`
    """
    from tot24_bench.harness.tasks import tasks_path

    with _one_line_errors():
        typer.echo(str(tasks_path()))


@app.command("eval")
def eval_command(
    tasks: Annotated[
        str, typer.Option(help="Tasks, between commas; `game24` is all three.")
    ] = "game24",
    model: Annotated[str, typer.Option(help="lm-eval's kind of model.")] = "hf",
    model_args: Annotated[
        str, typer.Option("--model_args", help="Its arguments, as for lm_eval.")
    ] = "",
    num_fewshot: Annotated[
        int, typer.Option("--num_fewshot", help=f"Exemplars in the prompt, 0 to {SHOTS}.")
    ] = SHOTS,
    split: Annotated[str, typer.Option(help="Hands to ask.")] = DEFAULT_SPLIT,
    exemplars: Annotated[
        str, typer.Option(help="Exemplar variant: default, published or search.")
    ] = DEFAULT_VARIANT,
    repeats: Annotated[int, typer.Option(min=1, help="Responses a hand.")] = 1,
    batch_size: Annotated[
        str | None,
        typer.Option("--batch_size", help="Prompts at once [default: 50 for hf, else 1]."),
    ] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda:0, ...")] = None,
    apply_chat_template: Annotated[
        bool, typer.Option("--apply_chat_template", help="Ask in the model's chat form.")
    ] = False,
    fewshot_as_multiturn: Annotated[
        bool | None,
        typer.Option(
            "--fewshot_as_multiturn/--fewshot_as_one_turn",
            help="In a chat, show each exemplar as turns of its own [default: as turns].",
        ),
    ] = None,
    gen_kwargs: Annotated[
        str,
        typer.Option("--gen_kwargs", help="Generation arguments: do_sample=true,temperature=0.7"),
    ] = "",
    limit: Annotated[
        int | None, typer.Option(min=1, help="Only the first so many hands, to try things out.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of numpy and torch.")] = 1234,
    use_cache: Annotated[
        str | None,
        typer.Option(
            "--use_cache", help="Response cache: run again with it to go on after an interruption."
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Name on the leaderboard [default: the checkpoint's].")
    ] = None,
    results: _Results = RESULTS,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a submission of the same name.")
    ] = False,
) -> None:
    """Evaluate a model and write a submission for each task, responses included.

    Examples:

    `tot24 eval --model_args pretrained=students/scout-2m --num_fewshot 0`

    `tot24 eval --model_args pretrained=HuggingFaceTB/SmolLM-360M --tasks game24_onestep_tot`
    """
    with _one_line_errors():
        load_split(split)
        pick(exemplars, shots=num_fewshot)
        from tot24_bench.harness.tasks import expand

        names = expand(part for part in tasks.replace(" ", ",").split(",") if part)
        from lm_eval.utils import simple_parse_args_string

        from tot24_bench.harness.evaluate import BATCH_SIZE, NotRankZero, Plan, evaluate
        from tot24_bench.leaderboard import check_writable, render_rich, write
        from tot24_bench.leaderboard.measured import plan_keys, submissions_of

        plan = Plan(
            model=model,
            model_args=simple_parse_args_string(model_args),
            tasks=names,
            shots=num_fewshot,
            split=split,
            variant=exemplars,
            repeats=repeats,
            batch_size=batch_size or (BATCH_SIZE if model == "hf" else 1),
            device=device,
            chat=apply_chat_template,
            multiturn=apply_chat_template if fewshot_as_multiturn is None else fewshot_as_multiturn,
            generation=simple_parse_args_string(gen_kwargs),
            limit=limit,
            seed=seed,
            cache=use_cache,
        )
        for key in plan_keys(plan, name):
            check_writable(results, key, overwrite)
        try:
            evaluation = evaluate(plan)
        except NotRankZero:
            return
        submissions = submissions_of(evaluation, name)
        for submission in submissions:
            path = write(submission, results, overwrite=overwrite)
            typer.echo(f"wrote {path}")
        _print(render_rich(submissions))


app.command("rescore")(_one_line_errors()(rescore_command))
app.command("failures")(_one_line_errors()(failures_command))


@leaderboard_app.callback(invoke_without_command=True)
def leaderboard_command(results: _Results = RESULTS) -> None:
    """Render LEADERBOARD.md from the submissions under the results folder, and print it.

    Example: `tot24 leaderboard`
    """
    with _one_line_errors():
        from tot24_bench.leaderboard import read_all, render_markdown, render_rich

        submissions = read_all(results)
        if not submissions:
            raise ValueError(f"no submissions under {results}: run `tot24 eval` first")
        page = results / "LEADERBOARD.md"
        draft = page.with_name(f".{page.name}.tmp")
        draft.write_text(render_markdown(submissions), encoding="utf-8")
        draft.replace(page)
        _print(render_rich(submissions))
        typer.echo(f"wrote {page}")


def _print(shown: Any) -> None:
    from rich.console import Console

    # What goes to a log or a pipe must not be folded to 80 columns.
    console = Console() if sys.stdout.isatty() else Console(width=160)
    console.print(shown)
