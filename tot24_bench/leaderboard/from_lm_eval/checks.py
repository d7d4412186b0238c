"""What must hold of logged hands before they are a row: which, how asked, and how lm-eval scored.

Each check ends in a BadResults whose message names the hands and what helps, or in a note for the
row's readers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tot24_bench.game import load_split
from tot24_bench.harness import MAX_GEN_TOKS, METRICS, HandResult, mean_metrics, metrics_of_scores
from tot24_bench.leaderboard.from_lm_eval.environment import LOCAL_BACKENDS
from tot24_bench.leaderboard.from_lm_eval.folder import BadResults, Run
from tot24_bench.leaderboard.from_lm_eval.hands import LoggedHand, is_count, named
from tot24_bench.leaderboard.from_lm_eval.prompts import build, is_ours, skeleton
from tot24_bench.leaderboard.submission import OTHER

TOLERANCE = 1e-9
"""Largest difference between lm-eval's figure and ours: rounding of sums, no more."""

COMPARED = tuple(name for name in METRICS if name != "truncated")
"""What must be as lm-eval recorded it. It may have lacked the tokenizer or been told another limit,
so `truncated` is counted here where it can be."""


class Setting(NamedTuple):
    """What makes one row of the leaderboard; of runs that share it the newest counts."""

    model: str
    method: str
    split: str
    shots: int
    variant: str
    chat: bool
    multiturn: bool


def check_hands(path: Path, hands: Sequence[LoggedHand], setting: Setting) -> None:
    """The first so many hands of the split, each once, in its order."""
    split = load_split(setting.split)
    known, asked = set(split), [hand.puzzle for hand in hands]
    times = Counter(asked)
    strange = [puzzle.text for puzzle in times if puzzle not in known]
    if strange:
        raise BadResults(f"{path}: {named(strange)} not in {setting.split}: use the task as it is")
    twice = [puzzle.text for puzzle, count in times.items() if count > 1]
    if twice:
        raise BadResults(f"{path}: {named(twice)} asked twice: each hand is asked once")
    missing = [puzzle.text for puzzle in split[: len(asked)] if puzzle not in times]
    if missing or tuple(asked) != split[: len(asked)]:
        raise BadResults(
            f"{path}: {len(asked)} hands, but not the first {len(asked)} of {setting.split}"
            + (f" ({named(missing)} missing)" if missing else "")
            + ": evaluate all, or the first so many with --limit"
        )


def shown_variant(
    path: Path, hands: Sequence[LoggedHand], setting: Setting, notes: list[str]
) -> str:
    """The exemplar variant that was really shown."""
    changed, around = [], set()
    for hand in hands:
        ours = build(setting.method, hand.puzzle, shots=setting.shots, variant=setting.variant)
        asked = hand.asked._replace(chat=setting.chat or hand.asked.chat)
        if not is_ours(asked, ours, setting.multiturn):
            changed.append(hand.puzzle.text)
        elif asked.chat and asked.messages is None:
            around.add(skeleton(asked.text, ours))
    if not changed and len(around) <= 1:
        return setting.variant
    if changed and len(changed) < len(hands):
        raise BadResults(
            f"{path}: the prompt of {named(changed)} not this benchmark's, those of the others "
            "are: evaluate again with the tasks as they are"
        )
    if not changed:
        raise BadResults(
            f"{path}: the chat form differs from hand to hand beyond the hand itself: evaluate "
            "again with one chat template"
        )
    notes.append(
        f"the prompts are not this benchmark's {setting.shots}-shot {setting.method} prompts"
    )
    return OTHER


def generation_of(
    path: Path, hands: Sequence[LoggedHand], setting: Setting, notes: list[str]
) -> dict[str, Any]:
    """The generation arguments, the same for every hand; changed ones are noted."""
    generation = hands[0].generation
    if any(hand.generation != generation for hand in hands):
        raise BadResults(f"{path}: generation arguments differ between hands: evaluate again")
    if not is_count(generation.get("max_gen_toks")):
        raise BadResults(f"{path}: max_gen_toks is no number of tokens: evaluate again")
    usual = {
        "until": ["\nInput:"],
        "do_sample": False,
        "max_gen_toks": MAX_GEN_TOKS[setting.method],
    }
    changed = [
        f"{name} = {generation[name]!r}"[:100]
        for name in generation
        if generation[name] != usual.get(name)
        and not (name == "temperature" and not generation[name])
    ]
    changed += [f"no {name}" for name in usual if name not in generation]
    if changed:
        notes.append(f"generation differs from the task's own: {', '.join(changed)}"[:1_000])
    return dict(generation)


def check_fits(
    run: Run, hands: Sequence[LoggedHand], generation: Mapping[str, Any], tokenizer: Any
) -> None:
    """lm-eval cuts a prompt that does not fit from the left, with only a warning."""
    context = run.settings.max_length
    if run.settings.config.model not in LOCAL_BACKENDS or context is None:
        return
    room = int(generation["max_gen_toks"])
    longest = max(hands, key=lambda hand: len(hand.asked.text))
    length = len(tokenizer(longest.asked.text)["input_ids"])
    if length + room > context:
        raise BadResults(
            f"{run.path}: a prompt of {length} tokens and a response of up to {room} do not fit "
            f"the model's context of {context}, so lm-eval cut the prompt: evaluate with "
            f"--num_fewshot 0, or --gen_kwargs max_gen_toks={max(context - length, 1)}"
        )


def check_figures(
    run: Run, task: str, path: Path, hands: Sequence[LoggedHand], scored: Sequence[HandResult]
) -> None:
    """What lm-eval recorded of each hand and of all is what our scorer says today."""
    for name in COMPARED:
        differ = [
            hand.puzzle.text
            for hand, result in zip(hands, scored, strict=True)
            if not abs(hand.recorded[name] - metrics_of_scores(result.scores)[name]) <= TOLERANCE
        ]
        if differ:
            raise BadResults(
                f"{path}: {name} of {named(differ)} not what the response gives when it is scored "
                "again: a changed file, or another version of the scorer; evaluate again"
            )
    figures = run.settings.results.get(task, {})
    means = mean_metrics(result.scores for result in scored)
    for name in COMPARED:
        stated = next((v for k, v in figures.items() if k.partition(",")[0] == name), None)
        known = isinstance(stated, int | float) and 0 <= stated <= 1
        if not known or not abs(float(stated or 0) - means[name]) <= TOLERANCE:
            raise BadResults(
                f"{run.path}: {name} of {task} is {str(stated)[:40]}, but its {len(scored)} "
                f"samples give {means[name]:.10g}: some are missing, or the file was changed"
            )
