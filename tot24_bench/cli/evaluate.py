"""`tot24 eval`, `baseline` and `tasks-path`: evaluation through lm-eval."""

from __future__ import annotations

import gc
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Option

from tot24_bench.cli import options, search
from tot24_bench.cli.terminal import complain, print_wide, say, table
from tot24_bench.game import load_split
from tot24_bench.harness import DEFAULT_SPLIT
from tot24_bench.prompts import DEFAULT_VARIANT, METHOD_NAMES, METHODS, SHOTS, pick
from tot24_bench.text import one_line

if TYPE_CHECKING:
    from rich.table import Table

    from tot24_bench.leaderboard import Baseline, Options

MAX_ERROR_CHARS = 300  # characters of what is said of a model that failed


def tasks_path_command() -> None:
    """Print the folder for lm-eval's `--include_path`.

    Example: `lm_eval --include_path "$(tot24 tasks-path)" --tasks game24_onestep_tot ...`
    """
    from tot24_bench.harness import tasks_path

    typer.echo(str(tasks_path()))


def eval_command(
    tasks: Annotated[
        str | None,
        Option(
            help="Tasks, between commas; `game24` is all three, `game24_fresh` all on a split "
            "[default: game24, or game24_search with --method]."
        ),
    ] = None,
    model: Annotated[str, Option(help="lm-eval's kind of model.")] = "hf",
    model_args: Annotated[str, Option("--model_args", help="Its arguments, as for lm_eval.")] = "",
    num_fewshot: Annotated[int, Option("--num_fewshot", help=f"Exemplars, 0 to {SHOTS}.")] = SHOTS,
    split: Annotated[str, Option(help="Hands: hard100, val, fresh-s7-n500, ...")] = DEFAULT_SPLIT,
    exemplars: options.Exemplars = DEFAULT_VARIANT,
    repeats: Annotated[int, Option(min=1, help="Responses a hand.")] = 1,
    batch_size: options.BatchSize = None,
    device: options.Device = None,
    apply_chat_template: Annotated[
        bool, Option("--apply_chat_template", help="Ask in the model's chat form.")
    ] = False,
    fewshot_as_multiturn: Annotated[
        bool | None,
        Option(
            "--fewshot_as_multiturn/--fewshot_as_one_turn",
            help="In a chat, show each exemplar as turns of its own [default: as turns].",
        ),
    ] = None,
    gen_kwargs: Annotated[
        str, Option("--gen_kwargs", help="Generation arguments: do_sample=true,temperature=0.7")
    ] = "",
    limit: options.Limit = None,
    seed: Annotated[int, Option(help="Seed of numpy and torch.")] = 1234,
    use_cache: options.UseCache = None,
    name: options.ModelName = None,
    results: options.Results = options.RESULTS,
    overwrite: options.Overwrite = False,
    method: search.Method = None,
    beam: search.Beam = None,
    select: search.Select = None,
    values: search.Values = None,
    value_samples: search.ValueSamples = None,
    temperature: search.Temperature = None,
    nodes: search.Nodes = None,
    prune: search.Prune = None,
    exploration: search.Exploration = None,
    root: search.Root = None,
    oracle_stop: search.Oracle = None,
    prompt: search.PromptOf = None,
    k: search.K = None,
    choose: search.Choose = None,
    votes: search.Votes = None,
    answer: search.AnswerBy = None,
    max_tokens_per_hand: search.Budget = None,
    save_trees: search.SaveTrees = None,
    work: search.Work = None,
) -> None:
    """Evaluate a model and write a submission for each task, responses included.

    With --method a search is run around the model, and the row is the search's.

    Examples:

    `tot24 eval --model_args pretrained=students/scout-2m --num_fewshot 0`

    `tot24 eval --model_args pretrained=HuggingFaceTB/SmolLM-360M --tasks game24_onestep_tot`

    `tot24 eval --model_args pretrained=... --tasks game24_onestep_tot --split fresh-s7-n500`

    `tot24 eval --method tot_bfs --beam 5 --temperature 0 --num_fewshot 0
    --model_args pretrained=students/scout-2m-search`
    """
    from tot24_bench import harness
    from tot24_bench.leaderboard import (
        Entry,
        render_rich,
        run_plans,
        run_search,
    )
    from tot24_bench.search import read_settings

    options.check_limit(limit, results)
    load_split(split)
    pick(exemplars, shots=num_fewshot)
    told = {
        "method": method, "beam": beam, "select": select, "values": values,
        "value_samples": value_samples, "temperature": temperature, "nodes": nodes,
        "prune": prune, "exploration": exploration, "root": root, "oracle": oracle_stop,
        "prompt": prompt, "k": k, "choose": choose, "votes": votes, "answer": answer,
        "max_tokens_per_hand": max_tokens_per_hand,
    }  # fmt: skip
    told = {setting: value for setting, value in told.items() if value is not None}
    told["seed"] = seed
    settings = None
    if method is not None:
        settings = read_settings(told, search.option)
    elif needless := sorted(told.keys() - {"seed"}):
        raise ValueError(f"{search.option(needless[0])} is for a search: add --method")
    if settings is not None and (gen_kwargs or use_cache or repeats > 1):
        raise ValueError(
            "--gen_kwargs, --use_cache and --repeats are not for searches: they have "
            "--temperature, --work and --k"
        )
    tasks = tasks or ("game24_search" if method else "game24")
    named = [part for part in tasks.replace(" ", ",").split(",") if part]
    by_split = harness.expand_by_split(named, split)
    if method is None:
        harness.check_model_searches([one for names in by_split.values() for one in names], None)
    from lm_eval.utils import simple_parse_args_string  # slow: after all that can be refused

    plan = harness.EvaluationPlan(
        model=model,
        model_args=simple_parse_args_string(model_args),
        tasks=(),
        shots=num_fewshot,
        split=split,
        variant=exemplars,
        repeats=repeats,
        batch_size=batch_size or (harness.BATCH_SIZE if model == "hf" else 1),
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
    if save_trees is not None and len(plans) > 1:
        raise ValueError("--save-trees is a file of one split's trees: name one task")
    if settings is not None:
        for one in plans:
            with search.showing() as progress:
                done = run_search(
                    one,
                    settings,
                    results,
                    name=name,
                    overwrite=overwrite,
                    work=work,
                    trees=save_trees,
                    progress=progress,
                )
            typer.echo(f"wrote {done.path}")
            report = done.submission.search
            if report is not None and report.out_of_budget:
                spent = f"{report.out_of_budget} of {done.submission.n} searches"
                typer.echo(f"{spent} ended early: --max-tokens-per-hand did not allow for more")
            entries.append(Entry.of(done.submission))
        print_wide(render_rich(entries))
        return
    try:
        for stored in run_plans(plans, results, name, overwrite):
            typer.echo(f"wrote {stored.path}")
            entries.append(Entry.of(stored.submission))
    except harness.NotRankZero:
        harness.end_silently()
        return
    finally:
        harness.leave_together()
    print_wide(render_rich(entries))


def baseline_command(
    model: Annotated[
        list[str] | None,
        Option("--model", help="Only this one, with or without its owner; may be repeated."),
    ] = None,
    config: Annotated[Path | None, Option(help="Your own list (YAML) [default: ours].")] = None,
    offline: Annotated[
        bool, Option("--offline", help="Our list for who has no model hub: see `tot24 models`.")
    ] = False,
    show: Annotated[bool, Option("--list", help="Show what has run; run nothing.")] = False,
    dry_run: Annotated[
        bool, Option("--dry-run", help="Print lm_eval commands; run nothing.")
    ] = False,
    limit: options.Limit = None,
    batch_size: options.BatchSize = None,
    device: options.Device = None,
    use_cache: options.UseCache = None,
    results: options.Results = options.RESULTS,
    overwrite: options.Overwrite = False,
) -> None:
    """Evaluate the untuned models that are not on the leaderboard yet, one after another.

    IO, CoT and One-Step ToT with five exemplars, as `tot24 eval` does it: base models in plain
    text, chat models in their chat form. What is there already is skipped, so the same command goes
    on after an interruption. A model that fails is one line; the others go on, and the exit code
    is 2. `docs/baselines.md` says more.

    Examples:

    `tot24 baseline --list`

    `tot24 baseline --model SmolLM-360M --device cuda:0`

    `tot24 baseline --offline`
    """
    from tot24_bench import leaderboard as board
    from tot24_bench.harness import NotRankZero, is_first_process, process_count

    if offline and config is not None:
        raise ValueError("--offline is a list of ours and --config one of yours: drop one")
    chosen = board.load_baselines(config, offline=offline)
    if model:
        chosen = board.pick_baselines(chosen, model)
    changed = board.Options(device, batch_size, limit, use_cache)
    if show:
        print_wide(_table(chosen, results, changed))
        return
    if dry_run:
        _print_commands(chosen, results, changed, overwrite)
        return
    a_key = next(iter(board.keys_of(chosen[0], changed).values()))
    board.check_writable(results, a_key, overwrite=True)
    failed, speaks = 0, is_first_process()
    for baseline in chosen:
        try:
            stored = board.run_baseline(baseline, results, changed, overwrite, say)
        except NotRankZero:
            continue
        except Exception as error:  # whatever a backend raises must not cost the other models
            failed, kind = failed + 1, type(error).__name__
            line = one_line(str(error))[:MAX_ERROR_CHARS] or kind
            if kind in ("OutOfMemoryError", "MemoryError"):
                line += " (use a smaller --batch_size)"
            complain(f"{one_line(baseline.name)}: {line}")
            if process_count() > 1:  # the other processes may be waiting for this one's share
                break
            continue
        finally:  # let go of the model before the next one is loaded
            gc.collect()
            torch = sys.modules.get("torch")
            if torch is not None and torch.cuda.is_available():
                torch.cuda.empty_cache()
        if not stored and speaks:
            typer.echo(f"{one_line(baseline.name)}: there already (--overwrite runs it again)")
        for one in stored:
            typer.echo(f"wrote {one.path}")
    if speaks:
        print_wide(_table(chosen, results, changed))
    if failed:
        say(f"{failed} of {len(chosen)} models failed, see above")
        raise typer.Exit(2)


def _table(baselines: Sequence[Baseline], results: Path, changed: Options) -> Table:
    """Accuracy where there is a submission; everything else has not run."""
    from tot24_bench.leaderboard import keys_of, path_of, read_entry

    rows = []
    for baseline in baselines:
        cells = dict.fromkeys(METHODS, "")
        for method, key in keys_of(baseline, changed).items():
            path = path_of(results, key)
            cells[method] = "not run"
            if path.exists():
                cells[method] = f"{100 * read_entry(path).header.metrics.acc:.1f}%"
        asked = "chat" if baseline.chat else "plain"
        name, licence = one_line(baseline.name), one_line(baseline.licence or "")
        rows.append([name, licence, asked, str(baseline.shots), *cells.values()])
    headings = ["model", "licence", "prompt", "shots", *map(METHOD_NAMES.__getitem__, METHODS)]
    made = table("Untuned models: accuracy", headings, rows, left=(0, 1, 2))
    for column in made.columns[3:]:
        column.no_wrap = True
    return made


def _print_commands(
    baselines: Sequence[Baseline], results: Path, changed: Options, overwrite: bool
) -> None:
    """A shell script: what would run, as plain lm_eval commands that ask the same."""
    from tot24_bench.harness import plain_command
    from tot24_bench.leaderboard import keys_of, missing_methods, plan_of

    place = [] if results == options.RESULTS else ["--results", str(results)]
    for one in baselines:
        methods = one.methods if overwrite else missing_methods(one, results, changed)
        typer.echo(f"# {one_line(one.name)}: {', '.join(methods) or 'there already'}")
        if not methods:
            continue
        if one.fetch:
            it = Path(str(one.model_args["pretrained"]))
            typer.echo(shlex.join(["tot24", "models", "get", it.name, "--folder", str(it.parent)]))
        # A folder of its own for each way to ask, safe whatever the model is called.
        name, _, asked = next(iter(keys_of(one).values())).partition("/")
        out = f"out/{name}.{asked.partition('.')[2]}"
        typer.echo(shlex.join(plain_command(plan_of(one, changed, methods), out)))
        facts = {"name": one.name, "licence": one.licence, "link": one.link, "note": one.note}
        told = chain(*((f"--{fact}", one_line(text)) for fact, text in facts.items() if text))
        typer.echo(shlex.join(["tot24", "leaderboard", "add", out, "--yes", *told, *place]))
