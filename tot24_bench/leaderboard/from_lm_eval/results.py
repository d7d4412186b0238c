"""Turn a folder that plain `lm_eval` wrote into an evaluation, as `tot24 eval` gets it.

    lm_eval --model ... --tasks game24 --output_path FOLDER --log_samples

Each response is scored again, and what lm-eval recorded must be what our scorer says; the hands
must be the first of their split, the prompts this benchmark's. Each check ends in a BadResults
whose message names the hands and what helps, or in a note for the row's readers.

- Of several runs the newest of each task and setting is taken; the others are named.
- A prompt that is another for every hand makes the exemplar variant "other"; for some hands only
  it is an error.
- Tokens are counted where the tokenizer is on this machine; else lm-eval's own `truncated` stands.
"""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tot24_bench.game import is_split, load_split
from tot24_bench.harness import (
    DEFAULT_SEED,
    DEFAULT_SPLIT,
    GROUP,
    MAX_GEN_TOKS,
    METRICS,
    Evaluation,
    EvaluationPlan,
    HandResult,
    TaskResult,
    count_tokens,
    mean_metrics,
    metrics_of_scores,
    named_split,
    score_all,
    task_name,
)
from tot24_bench.leaderboard.from_lm_eval.environment import (
    LOCAL_BACKENDS,
    hardware_of,
    local_tokenizer,
    parameters_of,
    precision_of,
    versions_of,
)
from tot24_bench.leaderboard.from_lm_eval.folder import (
    MAX_NAMED,
    BadResults,
    LoggedHand,
    Run,
    Settings,
    find_runs,
    is_count,
    named,
    read_hands,
)
from tot24_bench.leaderboard.from_lm_eval.prompts import is_ours, skeleton
from tot24_bench.leaderboard.key import check_split_name
from tot24_bench.leaderboard.submission import OTHER
from tot24_bench.prompts import DEFAULT_VARIANT, METHODS, SHOTS, build, pick
from tot24_bench.transcripts import BadRecord

TOLERANCE = 1e-9  # largest difference between lm-eval's figure and ours: rounding of sums, no more

COMPARED = tuple(name for name in METRICS if name != "truncated")
"""What must be as lm-eval recorded it. It may have lacked the tokenizer or been told another limit,
so `truncated` is counted here where it can be."""

_TASK = re.compile(rf"{GROUP}_(?P<method>{'|'.join(METHODS)})(?:_\w{{1,60}})?", re.ASCII)


class Setting(NamedTuple):
    """What makes one row of the leaderboard; of runs that share it the newest counts."""

    model: str
    method: str
    split: str
    shots: int
    variant: str
    chat: bool
    multiturn: bool


class Recorded(NamedTuple):
    """What lm-eval wrote down that an `Evaluation` has no place for."""

    versions: dict[str, str]  # of lm-eval, transformers, torch and python when it ran
    hardware: str | None  # the machine in words; None where it is a server's
    seeds: dict[str, int]
    created: datetime.date | None  # the UTC date on which it ran
    started: float | None  # the same in seconds since 1970
    notes: tuple[str, ...]  # what a reader of the figure must know


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
        tokenizer: a folder to count tokens with; None takes the model's own where it is here.

    Raises:
        BadResults: something is missing, changed or not this benchmark's.
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
    order = sorted(newest, key=lambda setting: METHODS.index(setting.method))
    return {setting: newest[setting] for setting in order}, passed_over


def _setting(run: Run, task: str) -> Setting | None:
    """The row that a task of a run is; None where it is not a task of ours."""
    settings = run.settings
    kwargs = settings.configs[task].dataset_kwargs or {}
    ours = _TASK.fullmatch(task)
    if ours is None or kwargs.get("tot24_method") != ours["method"]:
        return None
    told = {**kwargs, **(settings.configs[task].metadata or {})}
    shots = settings.shots.get(task)
    if type(shots) is not int or not 0 <= shots <= SHOTS:
        raise BadResults(f"{run.path}: n-shot of {task} is not 0 to {SHOTS}: evaluate again")
    split = kwargs.get("tot24_of") or told.get("tot24_split") or DEFAULT_SPLIT
    variant = str(told.get("tot24_exemplars") or DEFAULT_VARIANT)
    try:
        full = named_split(str(split), told.get("tot24_seed"), told.get("tot24_size"))
        if is_split(full):
            check_split_name(full, measured=True)
        load_split(full)
        pick(variant)
    except ValueError as error:
        raise BadResults(f"{run.path}: {task}: {error}") from None
    chat = settings.chat_template is not None
    multiturn = chat and settings.fewshot_as_multiturn is not False
    return Setting(str(settings.model_name), ours["method"], full, shots, variant, chat, multiturn)


def _read(run: Run, task: str, setting: Setting, tokenizer: str | None) -> FromLmEval:
    path = run.samples(task)
    if "bypass,none" in run.settings.results.get(task, {}):
        raise BadResults(
            f"{run.path}: {task} was run with --predict_only, so lm-eval judged nothing: score its "
            f"responses with `tot24 rescore {path} --model NAME --method {setting.method} "
            f"--num_fewshot {setting.shots}`, or evaluate again without --predict_only"
        )
    notes: list[str] = []
    model_args = run.settings.config.model_args
    counter = local_tokenizer({**model_args, "tokenizer": tokenizer} if tokenizer else model_args)
    hands = read_hands(path)
    try:
        _check_hands(hands, setting)
        setting = setting._replace(variant=_shown_variant(hands, setting, notes))
        generation = _generation_of(hands, setting, notes)
        if counter is not None:
            _check_fits(run, hands, generation, counter)
        else:
            note = "tokens were not counted: the tokenizer is not known here"
            if not (model_args.get("tokenizer") or model_args.get("pretrained")):
                note += ", and responses that the limit cut off could not be told"
            notes.append(note)
        scored = tuple(_scored(hand, generation, counter) for hand in hands)
        _check_scores(hands, scored)
    except BadRecord as error:
        raise BadResults(f"{path}: {error}") from None
    if run.settings.system_instruction:
        notes.append("asked with a system instruction of its own")
    means = mean_metrics(hand.scores for hand in scored)
    _check_means(run, task, len(hands), means)
    result = TaskResult(task_name(setting.method), setting.method, scored, generation, means)
    return FromLmEval(_evaluation(run.settings, setting, result), _recorded(run.settings, notes))


def _check_hands(hands: Sequence[LoggedHand], setting: Setting) -> None:
    """The first so many hands of the split, each once, in its order."""
    split, asked = load_split(setting.split), [hand.puzzle for hand in hands]
    known, times = set(split), Counter(asked)
    if strange := [puzzle.text for puzzle in times if puzzle not in known]:
        raise BadRecord(f"{named(strange)} not in {setting.split}: use the task as it is")
    if twice := [puzzle.text for puzzle, count in times.items() if count > 1]:
        raise BadRecord(f"{named(twice)} asked twice: each hand is asked once")
    first = split[: len(asked)]
    if tuple(asked) != first:
        missing = [puzzle.text for puzzle in first if puzzle not in times]
        raise BadRecord(
            f"{len(asked)} hands, but not the first {len(asked)} of {setting.split}"
            + (f" ({named(missing)} missing)" if missing else "")
            + ": evaluate all, or the first so many with --limit"
        )


def _shown_variant(hands: Sequence[LoggedHand], setting: Setting, notes: list[str]) -> str:
    """The exemplar variant that was really shown."""
    changed, around = [], set()
    for hand in hands:
        ours = build(setting.method, hand.puzzle, shots=setting.shots, variant=setting.variant)
        sent = hand.sent._replace(chat=setting.chat or hand.sent.chat)
        if not is_ours(sent, ours, setting.multiturn):
            changed.append(hand.puzzle.text)
        elif sent.chat and sent.messages is None:
            around.add(skeleton(sent.text, ours))
    if not changed and len(around) <= 1:
        return setting.variant
    if not changed:
        raise BadRecord(
            "the chat form differs from hand to hand beyond the hand itself: evaluate again with "
            "one chat template"
        )
    if len(changed) < len(hands):
        raise BadRecord(
            f"the prompt of {named(changed)} not this benchmark's, those of the others are: "
            "evaluate again with the tasks as they are"
        )
    notes.append(
        f"the prompts are not this benchmark's {setting.shots}-shot {setting.method} prompts"
    )
    return OTHER


def _generation_of(
    hands: Sequence[LoggedHand], setting: Setting, notes: list[str]
) -> dict[str, Any]:
    """The generation arguments, the same for every hand; changed ones are noted."""
    generation = hands[0].generation
    if any(hand.generation != generation for hand in hands):
        raise BadRecord("generation arguments differ between hands: evaluate again")
    if not is_count(generation.get("max_gen_toks")):
        raise BadRecord("max_gen_toks is no number of tokens: evaluate again")
    most = MAX_GEN_TOKS[setting.method]
    usual = {"until": ["\nInput:"], "do_sample": False, "max_gen_toks": most}
    changed = [
        f"{name} = {value!r}"[:100]
        for name, value in generation.items()
        if value != usual.get(name) and not (name == "temperature" and not value)
    ]
    changed += [f"no {name}" for name in usual if name not in generation]
    if changed:
        notes.append(f"generation differs from the task's own: {', '.join(changed)}"[:1_000])
    return dict(generation)


def _check_fits(
    run: Run, hands: Sequence[LoggedHand], generation: Mapping[str, Any], tokenizer: Any
) -> None:
    """lm-eval cuts a prompt that does not fit from the left, with only a warning."""
    context = run.settings.max_length
    if run.settings.config.model not in LOCAL_BACKENDS or context is None:
        return
    room = int(generation["max_gen_toks"])
    longest = max((hand.sent.text for hand in hands), key=len)
    length = len(tokenizer(longest)["input_ids"])
    if length + room > context:
        raise BadResults(
            f"{run.path}: a prompt of {length} tokens and a response of up to {room} do not fit "
            f"the model's context of {context}, so lm-eval cut the prompt: evaluate with "
            f"--num_fewshot 0, or --gen_kwargs max_gen_toks={max(context - length, 1)}"
        )


def _scored(hand: LoggedHand, generation: Mapping[str, Any], tokenizer: Any | None) -> HandResult:
    limit = int(generation["max_gen_toks"])
    asked = None
    if tokenizer is not None:
        if hand.sent.messages is None:
            asked = count_tokens(tokenizer, hand.sent.text)
        counts: list[int | None] = [count_tokens(tokenizer, text) for text in hand.responses]
        cut = [count is not None and count >= limit for count in counts]
    else:
        counts = [None] * len(hand.responses)
        share = hand.recorded["truncated"] if hand.limit == limit else 0.0
        if share not in (0.0, 1.0):
            raise BadRecord(
                f"{hand.puzzle.text}: some of its responses were cut off, and which cannot be told "
                "without the tokenizer: give the checkpoint's folder with --checkpoint"
            )
        cut = [share == 1.0] * len(hand.responses)
    scores = score_all(hand.puzzle, hand.responses, cut)
    return HandResult(hand.puzzle, hand.sent.text, hand.responses, tuple(counts), scores, asked)


def _check_scores(hands: Sequence[LoggedHand], scored: Sequence[HandResult]) -> None:
    """What lm-eval recorded of each hand is what our scorer says today."""
    for name in COMPARED:
        differ = [
            hand.puzzle.text
            for hand, result in zip(hands, scored, strict=True)
            if not abs(hand.recorded[name] - metrics_of_scores(result.scores)[name]) <= TOLERANCE
        ]
        if differ:
            raise BadRecord(
                f"{name} of {named(differ)} not what the response gives when it is scored again: "
                "a changed file, or another version of the scorer; evaluate again"
            )


def _check_means(run: Run, task: str, hands: int, means: Mapping[str, float]) -> None:
    """What lm-eval recorded of all hands is what our scorer says today."""
    figures = {key.partition(",")[0]: it for key, it in run.settings.results.get(task, {}).items()}
    for name in COMPARED:
        stated = figures.get(name)
        if not isinstance(stated, int | float) or not abs(stated - means[name]) <= TOLERANCE:
            raise BadResults(
                f"{run.path}: {name} of {task} is {str(stated)[:40]}, but its {hands} samples give "
                f"{means[name]:.10g}: some are missing, or the file was changed"
            )


def _evaluation(settings: Settings, setting: Setting, result: TaskResult) -> Evaluation:
    config, model_args = settings.config, settings.config.model_args
    folder = Path(str(model_args.get("pretrained") or ""))
    plain = model_args.get("pretrained") and not model_args.get("peft") and folder.is_dir()
    parameters = config.model_num_parameters
    if not parameters or parameters < 0:  # of a server's model lm-eval says -1
        parameters = parameters_of(folder) if plain else None
    plan = EvaluationPlan(
        model=config.model,
        model_args=model_args,
        tasks=(result.task,),
        shots=setting.shots,
        split=setting.split,
        variant=setting.variant,
        repeats=max(len(hand.responses) for hand in result.hands),
        device=config.device,
        chat=setting.chat,
        multiturn=setting.multiturn,
        limit=len(result.hands),
        seed=DEFAULT_SEED if config.torch_seed is None else config.torch_seed,
    )
    precision = precision_of(config.model_dtype, model_args)
    seconds = settings.total_evaluation_time_seconds or 0.0
    return Evaluation(plan, (result,), parameters, precision, seconds)


def _recorded(settings: Settings, notes: list[str]) -> Recorded:
    config, date = settings.config, settings.date
    environment = settings.pretty_env_info or ""
    versions = {"lm-eval": settings.lm_eval_version, "transformers": settings.transformers_version}
    seeds = {
        "python": config.random_seed,
        "numpy": config.numpy_seed,
        "torch": config.torch_seed,
        "fewshot": config.fewshot_seed,
    }
    if settings.total_evaluation_time_seconds is not None:
        notes.append("the wall time is lm-eval's own, loading the model included")
    return Recorded(
        {**versions_of(environment), **{name: text for name, text in versions.items() if text}},
        hardware_of(environment, config.model, config.device),
        {name: seed for name, seed in seeds.items() if seed is not None},
        None if date is None else datetime.datetime.fromtimestamp(date, datetime.UTC).date(),
        date,
        tuple(notes),
    )
