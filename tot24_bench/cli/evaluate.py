"""`tot24 eval` and `tot24 tasks-path`: evaluation through lm-eval."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from tot24_bench.cli.options import RESULTS, Overwrite, Results
from tot24_bench.cli.terminal import print_wide
from tot24_bench.game import load_split
from tot24_bench.harness import DEFAULT_SPLIT
from tot24_bench.prompts import DEFAULT_VARIANT, SHOTS, pick


def tasks_path_command() -> None:
    """Print the folder for lm-eval's `--include_path`.

    Example: `lm_eval --include_path "$(tot24 tasks-path)" --tasks game24_onestep_tot ...`
    """
    from tot24_bench.harness import tasks_path

    typer.echo(str(tasks_path()))


def eval_command(
    tasks: Annotated[
        str,
        typer.Option(
            help="Tasks, between commas; `game24` is all three, `game24_fresh` all on a split."
        ),
    ] = "game24",
    model: Annotated[str, typer.Option(help="lm-eval's kind of model.")] = "hf",
    model_args: Annotated[
        str, typer.Option("--model_args", help="Its arguments, as for lm_eval.")
    ] = "",
    num_fewshot: Annotated[
        int, typer.Option("--num_fewshot", help=f"Exemplars in the prompt, 0 to {SHOTS}.")
    ] = SHOTS,
    split: Annotated[
        str, typer.Option(help="Hands to ask: hard100, val, fresh, fresh-s7-n500, ...")
    ] = DEFAULT_SPLIT,
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
    results: Results = RESULTS,
    overwrite: Overwrite = False,
) -> None:
    """Evaluate a model and write a submission for each task, responses included.

    Examples:

    `tot24 eval --model_args pretrained=students/scout-2m --num_fewshot 0`

    `tot24 eval --model_args pretrained=HuggingFaceTB/SmolLM-360M --tasks game24_onestep_tot`

    `tot24 eval --model_args pretrained=... --tasks game24_onestep_tot --split fresh-s7-n500`
    """
    if limit is not None:
        from tot24_bench.leaderboard import kept_by_git

        if kept := kept_by_git(results):
            raise typer.BadParameter(
                f"a --limit run has no place in {results}, {kept}: give --results out/results"
            )
    load_split(split)
    pick(exemplars, shots=num_fewshot)
    from tot24_bench.harness import expand_by_split

    named = [part for part in tasks.replace(" ", ",").split(",") if part]
    by_split = expand_by_split(named, split)
    from lm_eval.utils import simple_parse_args_string

    from tot24_bench.harness import BATCH_SIZE, NotRankZero, Plan
    from tot24_bench.leaderboard import Entry, render_rich, run_plans

    plan = Plan(
        model=model,
        model_args=simple_parse_args_string(model_args),
        tasks=(),
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
    plans = [replace(plan, tasks=names, split=str(one)) for one, names in by_split.items()]
    entries = []
    try:
        for stored in run_plans(plans, results, name, overwrite):
            typer.echo(f"wrote {stored.path}")
            entries.append(Entry.of(stored.submission))
    except NotRankZero:
        return
    print_wide(render_rich(entries))
