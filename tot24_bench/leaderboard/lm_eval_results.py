"""From a folder that plain `lm_eval` wrote to an evaluation, as `tot24 eval` gets it.

    lm_eval --model ... --tasks game24 --output_path FOLDER --log_samples

Whatever the backend. Each response is scored again, and what lm-eval recorded must be what our
scorer says; the hands must be the first of their split, the prompts this benchmark's. What becomes
of the evaluation (keys, hashes, metrics) is `measured`'s business, for both roads.

- Of several runs the newest of each task and setting is taken; the others are named.
- A prompt that is another for every hand makes the exemplar variant "other"; for some hands only
  it is an error.
- Tokens are counted where the tokenizer is on this machine; else lm-eval's own `truncated` stands.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tot24_bench.game import is_split, load_split
from tot24_bench.harness import (
    DEFAULT_SEED,
    DEFAULT_SPLIT,
    GROUP,
    Evaluation,
    HandResult,
    Plan,
    TaskResult,
    count_tokens,
    mean_metrics,
    named_split,
    score_all,
    task_name,
)
from tot24_bench.leaderboard.key import check_split_name
from tot24_bench.leaderboard.lm_eval_checks import (
    Setting,
    check_figures,
    check_fits,
    check_hands,
    generation_of,
    shown_variant,
)
from tot24_bench.leaderboard.lm_eval_environment import (
    hardware_of,
    local_tokenizer,
    precision_of,
    versions_of,
    weights_of,
)
from tot24_bench.leaderboard.lm_eval_folder import BadResults, Run, find_runs
from tot24_bench.leaderboard.lm_eval_hands import MAX_NAMED, LoggedHand, read_hands
from tot24_bench.prompts import DEFAULT_VARIANT, METHODS, SHOTS, pick

_TASK = re.compile(rf"{GROUP}_(?P<method>{'|'.join(METHODS)})(?:_\w{{1,60}})?", re.ASCII)


class Recorded(NamedTuple):
    """What lm-eval wrote down that an `Evaluation` has no place for.

    Attributes:
        versions: of lm-eval, transformers, torch and python when it ran.
        hardware: the machine in words; None where it is a server's.
        seeds: every seed by what it seeds.
        created: the UTC date on which it ran; None where it does not say.
        started: the same in seconds since 1970.
        notes: what a reader of the figure must know.
    """

    versions: dict[str, str]
    hardware: str | None
    seeds: dict[str, int]
    created: datetime.date | None
    started: float | None
    notes: tuple[str, ...]


_PREDICTED = "bypass,none"
"""The one figure of lm-eval's --predict_only, which is none."""


class FromLmEval(NamedTuple):
    """One task of one run: the evaluation, and what was recorded beside it."""

    evaluation: Evaluation
    recorded: Recorded


class Found(NamedTuple):
    """What a folder holds: its newest tasks, and what was passed over, a line each."""

    tasks: tuple[FromLmEval, ...]
    passed_over: tuple[str, ...]


def read_results(path: Path, tokenizer: str | None = None) -> Found:
    """Read an `--output_path` folder, or one results file in it.

    Args:
        path: the folder or file.
        tokenizer: a folder to count tokens with; None takes the model's own where it is here.

    Raises:
        BadResults: something is missing, changed or not this benchmark's; the message says what
            helps.
    """
    newest, passed_over = _newest(find_runs(path))
    models = sorted({setting.model for setting in newest})
    if len(models) > 1:
        names = ", ".join(repr(name[:60]) for name in models[:MAX_NAMED])
        raise BadResults(f"{path} holds runs of {len(models)} models ({names}): give one's folder")
    tasks = tuple(_read(run, task, setting, tokenizer) for setting, (run, task) in newest.items())
    return Found(tasks, tuple(passed_over))


def _newest(runs: Sequence[Run]) -> tuple[dict[Setting, tuple[Run, str]], list[str]]:
    newest: dict[Setting, tuple[Run, str]] = {}
    passed_over = []
    others: set[str] = set()
    for run in runs:
        for task in run.settings.configs:
            if (setting := _setting(run, task)) is None:
                others.add(task)
                continue
            if setting in newest:
                older = newest.pop(setting)[0]
                passed_over.append(f"{task}: {older.path.name} is older than {run.path.name}")
            newest[setting] = (run, task)
    if others:
        passed_over.append(f"tasks of others: {', '.join(sorted(others)[:MAX_NAMED])[:200]}")
    if not newest:
        raise BadResults(
            f"{runs[-1].path} holds no task of this benchmark: evaluate --tasks {GROUP}"
        )
    order = {method: place for place, method in enumerate(METHODS)}
    return dict(sorted(newest.items(), key=lambda item: order[item[0].method])), passed_over


def _setting(run: Run, task: str) -> Setting | None:
    """The row that a task of a run is; None where it is not a task of ours."""
    settings = run.settings
    kwargs = settings.configs[task].dataset_kwargs or {}
    named = _TASK.fullmatch(task)
    if named is None or kwargs.get("tot24_method") != named["method"]:
        return None
    told = {**kwargs, **(settings.configs[task].metadata or {})}
    shots = settings.shots.get(task)
    if not isinstance(shots, int) or isinstance(shots, bool) or not 0 <= shots <= SHOTS:
        raise BadResults(f"{run.path}: n-shot of {task} is not 0 to {SHOTS}: evaluate again")
    split = kwargs.get("tot24_of") or told.get("tot24_split") or DEFAULT_SPLIT
    variant = told.get("tot24_exemplars") or DEFAULT_VARIANT
    try:
        full = named_split(str(split), told.get("tot24_seed"), told.get("tot24_size"))
        if is_split(full):
            check_split_name(full, measured=True)
        load_split(full)
        pick(str(variant))
    except ValueError as error:
        raise BadResults(f"{run.path}: {task}: {error}") from None
    chat = settings.chat_template is not None
    return Setting(
        str(settings.model_name),
        named["method"],
        full,
        shots,
        str(variant),
        chat,
        chat and settings.fewshot_as_multiturn is not False,
    )


def _read(run: Run, task: str, setting: Setting, tokenizer: str | None) -> FromLmEval:
    path = run.samples(task)
    if _PREDICTED in run.settings.results.get(task, {}):
        raise BadResults(
            f"{run.path}: {task} was run with --predict_only, so lm-eval judged nothing: score its "
            f"responses with `tot24 rescore {path} --model NAME --method {setting.method} "
            f"--num_fewshot {setting.shots}`, or evaluate again without --predict_only"
        )
    notes: list[str] = []
    model_args = _model_args(run)
    counted = {**model_args, "tokenizer": tokenizer} if tokenizer else model_args
    counter = local_tokenizer(counted)
    hands = read_hands(path)
    check_hands(path, hands, setting)
    variant = shown_variant(path, hands, setting, notes)
    generation = generation_of(path, hands, setting, notes)
    if counter is not None:
        check_fits(run, hands, generation, counter)
    else:
        notes.append(
            "tokens were not counted: the tokenizer is not known here"
            + (
                ", and responses that the limit cut off could not be told"
                if _without_tokenizer(model_args)
                else ""
            )
        )
    scored = tuple(_scored(path, hand, generation, counter) for hand in hands)
    check_figures(run, task, path, hands, scored)
    if run.settings.system_instruction:
        notes.append("asked with a system instruction of its own")
    return FromLmEval(
        _evaluation(run, setting, variant, model_args, generation, scored),
        _recorded(run, notes),
    )


def _scored(
    path: Path, hand: LoggedHand, generation: Mapping[str, Any], tokenizer: Any | None
) -> HandResult:
    limit = int(generation["max_gen_toks"])
    if tokenizer is not None:
        tokens: tuple[int | None, ...] = tuple(
            count_tokens(tokenizer, response) for response in hand.responses
        )
        cut = [count is not None and count >= limit for count in tokens]
    else:
        tokens = (None,) * len(hand.responses)
        share = hand.recorded["truncated"] if hand.limit == limit else 0.0
        if share not in (0.0, 1.0):
            raise BadResults(
                f"{path}: {hand.puzzle.text}: some of its responses were cut off, and which cannot "
                "be told without the tokenizer: give the checkpoint's folder with --checkpoint"
            )
        cut = [share == 1.0] * len(hand.responses)
    scores = score_all(hand.puzzle, hand.responses, cut)
    return HandResult(hand.puzzle, hand.asked.text, hand.responses, tokens, scores)


def _evaluation(
    run: Run,
    setting: Setting,
    variant: str,
    model_args: Mapping[str, Any],
    generation: dict[str, Any],
    hands: tuple[HandResult, ...],
) -> Evaluation:
    config = run.settings.config
    folder = Path(str(model_args.get("pretrained") or ""))
    plain = model_args.get("pretrained") and not model_args.get("peft") and folder.is_dir()
    weights = weights_of(folder) if plain else None
    recorded = config.model_num_parameters
    counted = recorded if recorded and recorded > 0 else weights.parameters if weights else None
    task = task_name(setting.method)
    return Evaluation(
        Plan(
            model=config.model,
            model_args=model_args,
            tasks=(task,),
            shots=setting.shots,
            split=setting.split,
            variant=variant,
            repeats=max(len(hand.responses) for hand in hands),
            device=config.device,
            chat=setting.chat,
            multiturn=setting.multiturn,
            limit=len(hands),
            seed=DEFAULT_SEED if config.torch_seed is None else config.torch_seed,
        ),
        (
            TaskResult(
                task,
                setting.method,
                hands,
                generation,
                mean_metrics(hand.scores for hand in hands),
            ),
        ),
        counted,
        precision_of(config.model_dtype, model_args),
        _seconds(run) or 0.0,
    )


def _recorded(run: Run, notes: Sequence[str]) -> Recorded:
    settings = run.settings
    environment = settings.pretty_env_info or ""
    versions = versions_of(environment)
    if settings.lm_eval_version:
        versions["lm-eval"] = settings.lm_eval_version
    if settings.transformers_version:
        versions["transformers"] = settings.transformers_version
    config = settings.config
    seeds = {
        "python": config.random_seed,
        "numpy": config.numpy_seed,
        "torch": config.torch_seed,
        "fewshot": config.fewshot_seed,
    }
    timed = _seconds(run) is not None
    return Recorded(
        versions,
        hardware_of(environment, config.model, config.device),
        {name: seed for name, seed in seeds.items() if seed is not None},
        _date(settings.date),
        settings.date,
        (
            *notes,
            *(("the wall time is lm-eval's own, loading the model included",) if timed else ()),
        ),
    )


def _seconds(run: Run) -> float | None:
    try:
        seconds = float(run.settings.total_evaluation_time_seconds or "")
    except ValueError:
        return None
    return seconds if 0 <= seconds < 1e9 else None


def _date(seconds: float | None) -> datetime.date | None:
    try:
        return (
            datetime.datetime.fromtimestamp(seconds or 0, datetime.UTC).date() if seconds else None
        )
    except (OverflowError, OSError, ValueError):
        return None


def _model_args(run: Run) -> dict[str, Any]:
    arguments = run.settings.config.model_args
    if isinstance(arguments, str):
        from lm_eval.utils import simple_parse_args_string

        return dict(simple_parse_args_string(arguments))
    return dict(arguments or {})


def _without_tokenizer(model_args: Mapping[str, Any]) -> bool:
    return not (model_args.get("tokenizer") or model_args.get("pretrained"))
