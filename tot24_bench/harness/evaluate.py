"""Run the tasks on a model through lm-eval's Python API and keep everything that came out.

lm-eval loads the model, builds the prompts, generates and scores; this module only asks it to, with
`include_defaults=False` so that it does not read its 14,700 other tasks first, refuses what cannot
work before generating, lends it a faster generation of equal greedy responses (`generating`), and
returns each response beside its score. The accuracy recomputed from those scores must equal the one
that lm-eval reports, or nothing is returned. `plain_command` is for people who keep to lm-eval: its
own command, which asks a model the same.

>>> plan = EvaluationPlan("hf", {"pretrained": "org/base"}, ("game24_io",), limit=10, batch_size=8)
>>> plain_command(plan, "out")[:7]
('lm_eval', '--model', 'hf', '--model_args', 'pretrained=org/base', '--tasks', 'game24_io')
>>> " ".join(plain_command(plan, "out")[7:])
'--num_fewshot 5 --batch_size 8 --limit 10 --seed 1234 --output_path out --log_samples'
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

from tot24_bench.checkpoint import BadCheckpoint, check_checkpoint, checkpoint_sha256
from tot24_bench.game import Puzzle
from tot24_bench.harness.documents import (
    DEFAULT_SPLIT,
    count_tokens,
    mean_metrics,
    puzzle_of,
    score_all,
)
from tot24_bench.harness.generating import own_generation
from tot24_bench.harness.processes import share_hands, tell_accelerate_of_cpus
from tot24_bench.harness.tasks import SEARCH_TASK, expand, method_of, tasks_path
from tot24_bench.prompts import DEFAULT_VARIANT, SHOTS
from tot24_bench.scoring import Score

if TYPE_CHECKING:
    from lm_eval.api.model import LM
    from lm_eval.api.task import Task

DEFAULT_SEED = 1234  # lm-eval's own default for numpy, torch and few-shot seeds
BATCH_SIZE = 50  # hands generated at once by default: two batches a task on the published test set

_OTHER_LIMITS = {"max_new_tokens", "max_tokens", "max_completion_tokens", "max_length"}
"""Other libraries' names for `max_gen_toks`; beside it lm-eval passes over them in silence."""

_DEVICES = ("cpu", "cuda", "mps", "xpu", "npu", "hpu")

_PLAIN = re.compile(r"(?:\.{0,2}/)?[A-Za-z][\w./:@+-]*", re.ASCII)
"""Text that lm-eval reads as it stands in `key=value`, unless it is one of `_READ_AS_VALUES`."""

_READ_AS_VALUES = {"true", "false", "none", "nan", "inf", "infinity"}


class EvaluationError(ValueError):
    """The evaluation cannot be run as asked; the message names the fix."""


@dataclass(frozen=True, slots=True)
class EvaluationPlan:
    """What to evaluate, in lm-eval's words."""

    model: str  # lm-eval's name of the kind of model (`hf`, `local-completions`, ...)
    model_args: Mapping[str, Any]
    tasks: tuple[str, ...]  # names of tasks or of the group
    shots: int = SHOTS  # exemplars in the prompt, 0 to 5
    split: str = DEFAULT_SPLIT
    variant: str = DEFAULT_VARIANT  # of the exemplars
    repeats: int = 1  # responses a hand
    batch_size: int | str = BATCH_SIZE  # prompts generated at once
    device: str | None = None  # `cpu`, `cuda:0`, ...; None lets lm-eval choose
    chat: bool = False  # apply the model's chat template
    multiturn: bool = False  # with `chat`, show the exemplars as turns of their own
    generation: Mapping[str, Any] = field(default_factory=dict)  # replaces what the tasks say
    limit: int | None = None  # ask only the first so many hands
    seed: int = DEFAULT_SEED  # numpy's and torch's
    cache: str | None = None  # responses by prompt, a file a model: run again with it to go on


class NotRankZero(RuntimeError):
    """Another process of a distributed run holds the results; this one has nothing to write."""


class HandResult(NamedTuple):
    """One hand: what was asked, answered, and how it scored; one entry a repeat."""

    puzzle: Puzzle
    prompt: str
    responses: tuple[str, ...]
    tokens: tuple[int | None, ...]
    scores: tuple[Score, ...]
    prompt_tokens: int | None = (
        None  # of the prompt's text; None without a tokenizer, or of messages
    )


class TaskResult(NamedTuple):
    """One task: every hand, and the generation arguments that were really used."""

    task: str
    method: str
    hands: tuple[HandResult, ...]
    generation: dict[str, Any]
    metrics: dict[str, float]


class Evaluation(NamedTuple):
    """All tasks of a plan, and what is known of the model that answered."""

    plan: EvaluationPlan
    tasks: tuple[TaskResult, ...]
    parameters: int | None
    precision: str | None
    seconds: float
    generators: tuple[str, ...] = ()  # `OURS`, `THEIRS` of `generating`; of local models alone


def evaluate(plan: EvaluationPlan, model: LM | None = None) -> Evaluation:
    """Carry out a plan.

    Args:
        model: from `load_model` for a plan with the same model; None loads it.

    Raises:
        UnknownTask, UnknownSplit, UnknownVariant, ValueError: the plan names what does not exist.
        BadCheckpoint: the checkpoint is missing, incomplete or cannot be loaded.
        EvaluationError: the plan contradicts itself, a prompt does not fit the model, or a model
            that is no search was given a search's task.
        BadLaunch: it was launched as processes that cannot share it.
        NotRankZero: in every process of a distributed run but the first, once it is done.
    """
    names = expand(plan.tasks)
    check_model_searches(names, model)
    _check_plan(plan)
    if plan.model == "hf":
        check_checkpoint(plan.model_args)
        # Its warnings there are about what is checked here. For a server they tell of failures.
        logging.getLogger("lm_eval").setLevel(logging.ERROR)
    else:
        # The first request that fails is raised; of the others asyncio would print tracebacks.
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    tasks = _load_tasks(plan, names)
    model = model or load_model(plan)
    fewest = min(len(task.task_docs) for task in tasks.values())
    share_hands(model, fewest if plan.limit is None else min(fewest, plan.limit))
    _check_prompts_fit(plan, model, tasks)
    started = perf_counter()
    with own_generation(model) as generators:
        results = _run(plan, model, tasks)
    return Evaluation(
        plan,
        tuple(_task_result(plan, model, name, results) for name in names),
        _parameters(model),
        _precision(model),
        perf_counter() - started,
        tuple(sorted(generators)),
    )


def check_model_searches(tasks: Iterable[str], model: LM | None) -> None:
    """Refuse the plain task of searches to a model that is none: it has no `search_settings`.

    Raises:
        EvaluationError: names the fix.
    """
    if SEARCH_TASK in tasks and not hasattr(model, "search_settings"):
        raise EvaluationError(f"{SEARCH_TASK} is for searches: add --method tot_bfs")


def _check_plan(plan: EvaluationPlan) -> None:
    if plan.cache is not None and plan.repeats > 1:
        raise EvaluationError("--use_cache would give every repeat the same response: drop one")
    if plan.multiturn and not plan.chat:
        raise EvaluationError("--fewshot_as_multiturn needs --apply_chat_template")
    if wrong := _OTHER_LIMITS.intersection(plan.generation):
        raise EvaluationError(f"lm-eval does not read {wrong.pop()}: say max_gen_toks instead")
    size = str(plan.batch_size)
    if not (size.isdigit() and int(size) > 0) and size.split(":")[0] != "auto":
        raise EvaluationError(f"--batch_size must be a positive number or auto, not {size[:40]!r}")
    if plan.device is not None and plan.device.split(":")[0] not in _DEVICES:
        raise EvaluationError(
            f"no device {plan.device[:40]!r}: use one of {', '.join(_DEVICES)}, or cuda:0 and so on"
        )


def _load_tasks(plan: EvaluationPlan, names: tuple[str, ...]) -> dict[str, Task]:
    from lm_eval.tasks import TaskManager

    metadata = {**plan.model_args, **_metadata(plan)}
    manager = TaskManager(include_path=str(tasks_path()), include_defaults=False, metadata=metadata)
    tasks: dict[str, Task] = manager.load(list(names))["tasks"]
    for task in tasks.values():
        task.set_config("repeats", plan.repeats)
        task.set_config("num_fewshot", plan.shots)
    return tasks


def _metadata(plan: EvaluationPlan) -> dict[str, Any]:
    """What the tasks are told beside lm-eval's own options."""
    return {
        "tot24_split": plan.split,
        "tot24_exemplars": plan.variant,
        "tot24_max_gen_toks": plan.generation.get("max_gen_toks"),
    }


def load_model(plan: EvaluationPlan) -> LM:
    """The model of a plan.

    Raises:
        BadCheckpoint: it cannot be loaded.
        EvaluationError: there is no such kind, or a chat is asked of a model without a chat form.
    """
    from lm_eval.api.registry import get_model

    if plan.model == "hf":
        tell_accelerate_of_cpus(plan.device)
    # As lm-eval's own command does: the first GPU where there is one, else the CPU.
    device = plan.device or ("cuda:0" if plan.model == "hf" else None)
    settings = {"batch_size": plan.batch_size, "device": device}
    name = plan.model_args.get("pretrained") or plan.model_args.get("model")
    try:
        kind = get_model(plan.model)
    except (KeyError, ValueError) as error:
        raise EvaluationError(f"lm-eval knows no model kind {plan.model!r}: try hf") from error
    if adapter := plan.model_args.get("peft"):
        name = f"{name} with the adapter {adapter}"
    try:
        model = kind.create_from_arg_obj(dict(plan.model_args), settings)
    except Exception as error:  # whatever a backend raises is about the checkpoint or its arguments
        # The first line may only announce the others ("Error(s) in loading state_dict ...:").
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        told = " ".join(lines[: 2 if lines and lines[0].endswith(":") else 1])
        raise BadCheckpoint(
            f"cannot load {name}: {(told or type(error).__name__)[:300]}"
        ) from error
    _check_has_chat_form(plan, model)
    return model


def _check_has_chat_form(plan: EvaluationPlan, model: LM) -> None:
    tokenizer = getattr(model, "tokenizer", None)
    if plan.chat and callable(tokenizer) and getattr(tokenizer, "chat_template", "") is None:
        name = plan.model_args.get("pretrained") or plan.model_args.get("model")
        raise EvaluationError(
            f"{name} has no chat template: leave --apply_chat_template (chat: true in a list of "
            "baselines) out, or name the tuned model"
        )


def _check_prompts_fit(plan: EvaluationPlan, model: LM, tasks: Mapping[str, Task]) -> None:
    """lm-eval would cut a prompt from the left, the instruction first, with only a warning."""
    tokenizer = getattr(model, "tokenizer", None)
    context = getattr(model, "max_length", None)
    if not callable(tokenizer) or not isinstance(context, int):
        return
    for name, task in tasks.items():
        prompts = [
            task.fewshot_context(
                row,
                num_fewshot=plan.shots,
                apply_chat_template=plan.chat,
                fewshot_as_multiturn=plan.multiturn,
                chat_template=model.apply_chat_template if plan.chat else None,
            )
            for row in islice(task.task_docs, plan.limit)
        ]
        generation = {**task.config.generation_kwargs, **plan.generation}
        room = int(generation.get("max_gen_toks", 0))
        length = max(len(tokenizer(str(prompt))["input_ids"]) for prompt in prompts)
        if length + room > context:
            raise EvaluationError(
                f"{name}: a prompt of {length} tokens and a response of up to {room} do not fit "
                f"the model's context of {context}: use fewer shots (--num_fewshot 0) or a smaller "
                f"--gen_kwargs max_gen_toks={max(context - length, 1)}"
            )


def _run(plan: EvaluationPlan, model: LM, tasks: Mapping[str, Task]) -> Mapping[str, Any]:
    from unittest.mock import patch

    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager

    # lm-eval would ask git for the commit of whatever folder the user stands in, and git complains
    # where that is no checkout.
    with patch("lm_eval.evaluator.get_git_commit_hash", lambda: None):
        results: Mapping[str, Any] = simple_evaluate(
            model=model,
            tasks=list(tasks.values()),
            task_manager=TaskManager(include_path=str(tasks_path()), include_defaults=False),
            limit=plan.limit,
            use_cache=_cache_of(plan),
            apply_chat_template=plan.chat,
            fewshot_as_multiturn=plan.multiturn,
            gen_kwargs=dict(plan.generation) or None,
            random_seed=plan.seed,
            numpy_random_seed=plan.seed,
            torch_random_seed=plan.seed,
            fewshot_random_seed=plan.seed,
            bootstrap_iters=0,
            log_samples=True,
        )
    if results is None:
        raise NotRankZero("the first process has the results")
    return results


def _cache_of(plan: EvaluationPlan) -> str | None:
    """A cache of this model alone: lm-eval looks responses up by the prompt, whoever answered."""
    return None if plan.cache is None else f"{plan.cache}-{model_sha256(plan)[:16]}"


def model_sha256(plan: EvaluationPlan, *more: object) -> str:
    """What tells a plan's model from others: its kind, arguments and weights, and `more`."""
    files = [plan.model_args[name] for name in ("pretrained", "peft") if name in plan.model_args]
    weights = [checkpoint_sha256(str(name)) for name in files]
    told = [plan.model, sorted(plan.model_args.items()), weights, *more]
    return hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()


def _task_result(
    plan: EvaluationPlan, model: LM, name: str, results: Mapping[str, Any]
) -> TaskResult:
    rows = sorted(results["samples"][name], key=lambda row: int(row["doc_id"]))
    generation = dict(rows[0]["arguments"][0][1])
    limit = int(generation["max_gen_toks"])
    hands = tuple(_hand_result(model, row, limit, plan.repeats) for row in rows)
    metrics = mean_metrics(hand.scores for hand in hands)
    reported = results["results"][name]["acc,none"]
    if abs(metrics["acc"] - reported) > 1e-9:
        raise EvaluationError(
            f"{name}: lm-eval reports acc {reported}, its samples score {metrics['acc']}: nothing "
            "is written; please report this with the command"
        )
    return TaskResult(name, method_of(name), hands, generation, metrics)


def _hand_result(model: LM, row: Mapping[str, Any], limit: int, repeats: int) -> HandResult:
    puzzle = puzzle_of(row["doc"])
    responses = row["filtered_resps"][0][:repeats]
    tokenizer = getattr(model, "tokenizer", None)
    counts = callable(tokenizer)
    tokens = tuple(count_tokens(tokenizer, text) if counts else None for text in responses)
    cut = [count is not None and count >= limit for count in tokens]
    prompt = row["arguments"][0][0]
    text = str(getattr(prompt, "prompt", prompt))  # a chat server's is its messages as JSON
    asked = count_tokens(tokenizer, text) if counts and isinstance(prompt, str) else None
    return HandResult(
        puzzle, text, tuple(responses), tokens, score_all(puzzle, responses, cut), asked
    )


def _parameters(model: LM) -> int | None:
    count = getattr(getattr(model, "model", None), "num_parameters", None)
    return int(count()) if callable(count) else None


def _precision(model: LM) -> str | None:
    dtype = getattr(getattr(model, "model", None), "dtype", None)
    name = str(dtype).removeprefix("torch.")
    names = {"None": None, "float32": "fp32", "bfloat16": "bf16", "float16": "fp16"}
    return names.get(name, name)


def plain_command(plan: EvaluationPlan, output: str) -> tuple[str, ...]:
    """The words of the command; `tot24 leaderboard add` reads its output.

    Raises:
        ValueError: the plan asks for repeats, which lm-eval's command has no option for.
    """
    if plan.repeats > 1:
        raise ValueError("lm_eval has no option for repeats: use tot24 eval")
    plain = {"tot24_split": DEFAULT_SPLIT, "tot24_exemplars": DEFAULT_VARIANT}
    told = {key: v for key, v in _metadata(plan).items() if v != plain.get(key)}
    options: dict[str, Any] = {
        "--model": plan.model,
        "--model_args": _arguments(plan.model_args),
        "--tasks": ",".join(plan.tasks),
        "--num_fewshot": plan.shots,
        "--batch_size": plan.batch_size,
        "--device": plan.device,
        "--apply_chat_template": plan.chat or None,
        "--fewshot_as_multiturn": str(plan.multiturn).lower() if plan.chat else None,
        "--gen_kwargs": _arguments(plan.generation) if plan.generation else None,
        "--metadata": json.dumps(told) if told else None,
        "--limit": plan.limit,
        "--use_cache": plan.cache,
        "--seed": plan.seed,
        "--output_path": output,
        "--log_samples": True,
    }
    words = ["lm_eval"]
    for name, value in options.items():
        if value is not None:
            words += [name] if value is True else [name, str(value)]
    return tuple(words)


def _arguments(values: Mapping[str, Any]) -> str:
    """As `key=value,...` where lm-eval reads that back to equal values, else as JSON."""
    if all(map(_is_plain, values.values())):
        return ",".join(f"{key}={value}" for key, value in values.items())
    return json.dumps(dict(values))


def _is_plain(value: object) -> bool:
    if isinstance(value, str):
        return _PLAIN.fullmatch(value) is not None and value.lower() not in _READ_AS_VALUES
    return isinstance(value, int) and value >= 0
