"""Run a model and store what came out: what `tot24 eval` and `tot24 baseline` share.

An evaluation becomes one submission for each task, with all that reproduces it; that of a search,
one with what the search recorded of each hand. `rerun` asks the
model of a submission again and compares what it writes with what is stored: `verify` shows that a
submission is consistent, this shows that the checkpoint writes those responses. It needs the
checkpoint itself, whose hash must be the stored one, and greedy generation: a sampled response is
another one each time.
"""

from __future__ import annotations

import datetime
import hashlib
import os
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any, NamedTuple

from tot24_bench.checkpoint import (
    base_of,
    check_checkpoint,
    checkpoint_sha256,
    origin_of,
    teacher_of,
    training_data_of,
)
from tot24_bench.game import Puzzle
from tot24_bench.harness import (
    DEFAULT_SEED,
    SEARCH_TASK,
    Evaluation,
    EvaluationPlan,
    HandResult,
    NotRankZero,
    TaskResult,
    evaluate,
    load_model,
    method_of,
    model_sha256,
)
from tot24_bench.leaderboard.key import first_of, key_of
from tot24_bench.leaderboard.store import check_writable, write
from tot24_bench.leaderboard.submission import (
    LIMITS,
    OTHER,
    ModelInfo,
    Sample,
    Submission,
    Training,
    figures_of,
    report_of,
)
from tot24_bench.prompts import DEFAULT_VARIANT, variant_of
from tot24_bench.search import (
    HandSearch,
    Progress,
    SearchSettings,
    around,
    first_prompt,
)

if TYPE_CHECKING:
    from lm_eval.api.model import LM

RECORDED_ARGUMENTS = {
    "attn_implementation", "autogptq", "dtype", "gguf_file", "load_in_4bit", "load_in_8bit",
    "max_length", "peft", "quantization", "revision", "think_end_token", "tokenizer",
    "trust_remote_code",
}  # fmt: skip
"""Arguments of a model that are recorded; others (addresses, headers, keys) never are."""

RERUN_ARGUMENTS = {
    "dtype": {"auto", "float32", "float16", "bfloat16"},
    "attn_implementation": {"eager", "sdpa"},
}
RERUN_GENERATION = {"do_sample", "max_gen_toks", "temperature", "top_k", "top_p", "until"}
"""What is run again of model arguments, with these values, and of generation arguments: a
submission may name code to load."""

_PACKAGES = ("tot24-bench", "lm-eval", "transformers", "torch", "datasets")


class Stored(NamedTuple):
    """A submission and the path of its JSON file."""

    path: Path
    submission: Submission


def run_plans(
    plans: Sequence[EvaluationPlan],
    results: Path,
    name: str | None = None,
    overwrite: bool = False,
    told: Callable[[Submission], Submission] = lambda submission: submission,
    model: LM | None = None,
) -> Iterator[Stored]:
    """Evaluate plans with one model, loaded once, and write one submission a task.

    Args:
        name: the model's name on the leaderboard; None takes the checkpoint's.
        told: adds what is known of the model beside what an evaluation can see.
        model: from `load_model` for plans of that model; None loads it.

    Raises:
        SubmissionExists, ResultsNotWritable: before anything is loaded.
        NotRankZero: in every process of a distributed run but the first.
        ValueError: as `evaluate`.
    """
    for plan in plans:
        for key in plan_keys(plan, name):
            check_writable(results, key, overwrite)
    if plans[0].model == "hf":
        check_checkpoint(plans[0].model_args)
    if model is None and len(plans) > 1:
        model = load_model(plans[0])
    writes = True
    for plan in plans:
        try:
            for submission in map(told, submissions_of(evaluate(plan, model), name)):
                yield Stored(write(submission, results, overwrite), submission)
        except NotRankZero:  # this process still has its share of the next plans
            writes = False
    if not writes:
        raise NotRankZero


def plan_keys(
    plan: EvaluationPlan, name: str | None = None, search: SearchSettings | None = None
) -> tuple[str, ...]:
    """The keys that the submissions of a plan will have: known before anything is evaluated.

    `search` are the settings of the search that the plan is evaluated by, if it is.
    """
    name, first = name or model_name(plan.model_args), first_of(plan.split, plan.limit)
    parts = {part: getattr(plan, part) for part in ("shots", "chat", "multiturn", "repeats")}
    if search is not None:
        parts["search"] = search.slug
    return tuple(
        key_of(
            name,
            task,
            split=plan.split,
            variant=plan.variant if search else variant_of(method_of(task), plan.variant),
            first=first,
            **parts,
        )
        for task in plan.tasks
    )


def model_name(model_args: Mapping[str, Any]) -> str:
    """What to call a model that was given no name: a folder's own name, or the hub's name.

    One out of packages (`tot24 models`) says what it is called. An adapter's name follows its
    base's.

    >>> model_name({"pretrained": "org/base", "peft": "/somewhere/adapter"})
    'org/base+adapter'
    """
    source = _source(model_args)
    name = (origin_of(source) or {}).get("name")
    return _with_adapter(name if isinstance(name, str) and name else source, model_args)


def _with_adapter(name: str, model_args: Mapping[str, Any]) -> str:
    names = [name, *([str(model_args["peft"])] if "peft" in model_args else [])]
    return "+".join(map(_without_path, names))


class Searched(NamedTuple):
    """What a search recorded beside the answers that an evaluation has."""

    records: Mapping[Puzzle, HandSearch]  # by the hand as it was dealt
    oracle_stop: bool
    symbolic_step: bool
    sent: int  # calls that really went to the model
    limits: Mapping[str, int]  # the most tokens of a call, by its kind


WORK = Path("runs/search")  # where the replies of a search are kept while it runs


def run_search(
    plan: EvaluationPlan,
    settings: SearchSettings,
    results: Path,
    *,
    name: str | None = None,
    overwrite: bool = False,
    work: Path | None = None,
    trees: Path | None = None,
    progress: Callable[[Progress, int], None] = lambda _, __: None,
    model: LM | None = None,
) -> Stored:
    """Search every hand of a plan with its model, and write the submission.

    After an interruption the same call goes on from the replies that are there.

    Args:
        work: file of the replies, which stays; None is one of this row's, gone at the end.
        trees: file for the trees, a line a hand; it is written anew.
        model: from `load_model`; None loads it.

    Raises:
        SubmissionExists, ResultsNotWritable, ValueError, OSError: before anything is loaded, as
            `run_plans`; or the model stopped answering.
    """
    if plan.tasks != (SEARCH_TASK,):
        raise ValueError(
            f"a search is evaluated as {SEARCH_TASK} alone, not as {', '.join(plan.tasks)}: leave "
            "--tasks out, or name that one"
        )
    if plan.variant != DEFAULT_VARIANT:
        raise ValueError("a search shows the default exemplars alone: leave --exemplars out")
    if plan.chat and plan.shots and not plan.multiturn:
        raise ValueError("a search shows exemplars as turns: leave --fewshot_as_one_turn out")
    (key,) = plan_keys(plan, name, settings)
    check_writable(results, key, overwrite)
    if plan.model == "hf":
        check_checkpoint(plan.model_args)
    identity = asked_sha256(plan)
    row = hashlib.sha256(f"{identity} {key}".encode()).hexdigest()
    replies = work or WORK / f"{row[:16]}.sqlite"
    found = around(
        model or load_model(plan),
        settings,
        shots=plan.shots,
        chat=plan.chat,
        work=replies,
        trees=trees,
        identity=identity,
        progress=progress,
    )
    evaluation = evaluate(replace(plan, shots=0), found)
    searched = Searched(
        found.records, found.oracle_stop, found.symbolic_step, found.sent, found.limits
    )
    evaluation = evaluation._replace(plan=plan)
    submission = search_submission(evaluation, settings, searched, name)
    stored = Stored(write(submission, results, overwrite), submission)
    if work is None:
        for file in replies.parent.glob(f"{replies.name}*"):
            file.unlink()
    return stored


def asked_sha256(plan: EvaluationPlan) -> str:
    """What tells a model, and how it is asked, from others: its replies are no other's."""
    return model_sha256(plan, plan.chat, plan.multiturn, plan.seed)


def submissions_of(evaluation: Evaluation, name: str | None = None) -> tuple[Submission, ...]:
    """The submissions of an evaluation, one a task; `name` as in `run_plans`."""
    plan = evaluation.plan
    return tuple(
        _submission(
            evaluation,
            task,
            name,
            tuple(map(_sample, task.hands)),
            method=task.method,
            variant=variant_of(task.method, plan.variant),
            generation=task.generation,
            mean_prompt_tokens=_mean_prompt_tokens(task),
        )
        for task in evaluation.tasks
    )


def search_submission(
    evaluation: Evaluation, settings: SearchSettings, searched: Searched, name: str | None = None
) -> Submission:
    """The submission of an evaluation of `SEARCH_TASK` alone, whose responses a search gave.

    Raises:
        ValueError: it evaluated something else, or what the search recorded does not fit it.
    """
    if len(evaluation.tasks) != 1 or evaluation.tasks[0].task != SEARCH_TASK:
        named = ", ".join(task.task for task in evaluation.tasks)
        raise ValueError(f"a search is evaluated as {SEARCH_TASK} alone, not as {named}")
    (task,) = evaluation.tasks
    samples = []
    for hand in task.hands:
        if (record := searched.records.get(hand.puzzle)) is None:
            raise ValueError(f"no record of the search for {hand.puzzle.text}")
        prompt = first_prompt(settings, hand.puzzle, evaluation.plan.shots)
        update = {"search": record, "prompt_sha256": prompt.sha256}
        samples.append(Sample(**{**dict(_sample(hand)), **update}))
    flags = {name: getattr(searched, name) for name in ("oracle_stop", "symbolic_step", "sent")}
    sampling = {"do_sample": settings.temperature > 0, "temperature": settings.temperature}
    own = {name: v for name, v in task.generation.items() if name not in (*LIMITS, "until")}
    return _submission(
        evaluation,
        task,
        name,
        tuple(samples),
        method=settings.method,
        variant=evaluation.plan.variant,
        generation={**own, **sampling, "limits": dict(searched.limits)},
        search=report_of(settings, samples, **flags),
    )


def _sample(hand: HandResult) -> Sample:
    return Sample(
        puzzle=hand.puzzle,
        prompt_sha256=hashlib.sha256(hand.prompt.encode()).hexdigest(),
        responses=hand.responses,
        tokens=hand.tokens,
        scores=hand.scores,
    )


def _mean_prompt_tokens(task: TaskResult) -> float | None:
    known = [hand.prompt_tokens for hand in task.hands if hand.prompt_tokens is not None]
    return fmean(known) if known and len(known) == len(task.hands) else None


def _submission(
    evaluation: Evaluation,
    task: TaskResult,
    name: str | None,
    samples: tuple[Sample, ...],
    **fields: Any,
) -> Submission:
    plan = evaluation.plan
    source = _source(plan.model_args)
    student = str(plan.model_args.get("peft") or source)  # an adapter's record is its own
    adapted = student != source
    base = base_of(student) or (_without_path(source) if adapted else None)
    origin = {} if adapted else origin_of(source) or {}
    return Submission(
        model=ModelInfo(
            name=name or model_name(plan.model_args),
            parameters=evaluation.parameters,
            precision=evaluation.precision,
            backend=plan.model,
            source=_with_adapter(source, plan.model_args),
            checkpoint_sha256=checkpoint_sha256(source),
            arguments={  # those that change what it answers; an unknown one could be a key
                key: _without_path(str(value))
                for key, value in plan.model_args.items()
                if key in RECORDED_ARGUMENTS and value is not None
            },
            base=base,
            licence=origin.get("licence"),
            link=origin.get("link"),
            teacher=teacher_of(student),
            training=training_of(student),
        ),
        task=task.task,
        split=plan.split,
        shots=plan.shots,
        chat=plan.chat,
        multiturn=plan.chat and plan.multiturn,
        repeats=plan.repeats,
        seeds={"numpy": plan.seed, "python": plan.seed, "torch": plan.seed},
        versions=_versions(evaluation.generators),
        hardware=_hardware(plan),
        wall_seconds=round(evaluation.seconds, 1),
        created=datetime.datetime.now(datetime.UTC).date(),
        obtained="measured",
        notes=tuple(_notes(plan, samples)),
        samples=samples,
        **figures_of(samples),
        **fields,
    )


def training_of(checkpoint: str) -> Training | None:
    """What a student's own record says of its data; None where it says nothing."""
    if (data := training_data_of(checkpoint)) is None:
        return None
    hands = tuple(data.get("hands", ()))
    return Training(hands=hands, rows=data.get("rows"), data_sha256=data.get("sha256"))


def _source(model_args: Mapping[str, Any]) -> str:
    return str(model_args.get("pretrained") or model_args.get("model") or "unnamed")


def _without_path(name: str) -> str:
    path = Path(name)
    local = path.exists() or path.is_absolute() or name.startswith((".", "~"))
    return path.resolve().name if local else name


def _versions(generators: tuple[str, ...]) -> dict[str, str]:
    found = {"python": platform.python_version()}
    if generators:
        found["generation"] = " and ".join(generators)
    for package in _PACKAGES:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def _hardware(plan: EvaluationPlan) -> str:
    import torch

    if plan.model == "hf" and plan.device != "cpu" and torch.cuda.is_available():
        return str(torch.cuda.get_device_name())
    return f"{platform.machine()} CPU, {os.cpu_count()} cores"


def _notes(plan: EvaluationPlan, samples: Sequence[Sample]) -> Iterator[str]:
    if note := (origin_of(_source(plan.model_args)) or {}).get("note"):
        yield str(note)
    if first_of(plan.split, len(samples)) is not None:
        yield f"the first {len(samples)} hands only"
    empty = sum(not response for sample in samples for response in sample.responses)
    if empty and plan.model != "hf":
        yield f"{empty} empty responses: lm-eval gives these for requests that failed too"


class CannotRerun(ValueError):
    """The responses cannot be written again here; the message says why and what to do."""


class Difference(NamedTuple):
    """A hand that is answered otherwise than stored; `correct` is of both."""

    hand: str
    stored: str
    again: str
    correct: tuple[bool, bool]


def find_checkpoint(submission: Submission, folders: tuple[Path, ...]) -> Path:
    """The first folder whose weights are those of the submission; CannotRerun if there is none."""
    wanted = submission.model.checkpoint_sha256
    if wanted is None:
        raise CannotRerun(f"{submission.key} names no checkpoint hash: nothing to run again")
    for folder in folders:
        if checkpoint_sha256(str(folder)) == wanted:
            return folder
    looked = ", ".join(map(str, folders)) or "no folder"
    raise CannotRerun(
        f"no checkpoint with the hash {wanted[:12]}... of {submission.key} (looked in {looked}): "
        "give its folder with --checkpoint"
    )


def rerun(submission: Submission, checkpoint: Path, hands: int, device: str) -> list[Difference]:
    """Generate the responses to the first `hands` hands anew, or say why that CannotRerun."""
    _check_can_rerun(submission)
    asked = {name: getattr(submission, name) for name in ("split", "variant", "chat", "multiturn")}
    plan = EvaluationPlan(
        model="hf",
        model_args={"pretrained": str(checkpoint), **submission.model.arguments},
        tasks=(submission.task,),
        shots=submission.shots or 0,
        device=device,
        limit=min(hands, submission.n),
        generation={k: v for k, v in submission.generation.items() if k != "until"},
        seed=submission.seeds.get("torch", DEFAULT_SEED),
        **asked,
    )
    found = []
    for sample, hand in zip(submission.samples, evaluate(plan).tasks[0].hands, strict=False):
        stored, again = sample.responses[0], hand.responses[0]
        if stored != again:
            correct = sample.scores[0].correct, hand.scores[0].correct
            found.append(Difference(sample.puzzle.text, stored, again, correct))
    return found


def _check_can_rerun(submission: Submission) -> None:
    model, generation = submission.model, submission.generation
    if submission.search is not None:
        why = "is a search: run it again by `tot24 eval --method`, with its settings"
    elif submission.obtained != "measured" or submission.shots is None:
        why = "was not measured with this benchmark's prompts"
    elif generation.get("do_sample") or submission.repeats > 1:
        why = "was sampled: its responses differ from run to run"
    elif OTHER in (submission.variant, submission.method):
        why = "answers a prompt that is not this benchmark's"
    elif model.backend != "hf":
        why = f"ran on {model.backend}: only hf is run again here"
    elif strange := [
        f"{name}={value[:60]}"
        for name, value in model.arguments.items()
        if value not in RERUN_ARGUMENTS.get(name, set())
    ]:
        why = f"ran with {strange[0]}: not run again here"
    elif unknown := generation.keys() - RERUN_GENERATION:
        why = f"generated with {min(unknown)[:60]}: not run again here"
    else:
        return
    raise CannotRerun(f"{submission.key} {why}")
