r"""What frameworks of reinforcement learning write: verl's rollouts, reasoning-gym's results.

verl dumps a line a rollout, with `trainer.rollout_data_dir` or `trainer.validation_data_dir`; the
hand is the ground truth, or, where that is none, what the prompt shows after its last `Input:`:

    {"input": "<prompt>", "output": "<response>", "gts": {"target": 24, "numbers": [4, 4, 6, 8]},
     "score": 1.0, "step": 3}

reasoning-gym's evaluation writes one object a dataset (and one of all of them), of which `puzzle24`
and `countdown` are puzzles here; an older one has a response an entry in place of `completions`:

    {"name": "puzzle24", "results": [{"question": "Make 24 using 4, 4, 6, 8. ...",
     "completions": [{"full_model_response": "...", "score": 1.0}, ...]}, ...]}

>>> question_of("Calculate 133 using the numbers 89, 75. Each number may be used at most once.")
Puzzle(numbers=(89, 75), target=133, rule=<Rule.SOME: 'some'>)
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tot24_bench.game import Puzzle, Rule
from tot24_bench.transcripts.fields import (
    Record,
    asked_in,
    kind,
    object_of,
    puzzle_of,
    text_of,
    verdicts_of,
)
from tot24_bench.transcripts.plain import one_each
from tot24_bench.transcripts.rollouts import BadRecord, Rollouts

MAX_QUESTION_CHARS = 2_000
"""Characters of a question that are looked at; reasoning-gym's have 400."""

_RESPONSES = ("completions", "best_full_model_response", "full_model_response")
_NUMBERS = r"(?P<numbers>[0-9]{1,10}(?:, [0-9]{1,10})*)"
_TARGET = r"(?P<target>-?[0-9]{1,10})"
_QUESTIONS: tuple[tuple[str, Rule], ...] = (
    (rf"Make {_TARGET} using {_NUMBERS}\. You can only use each number once", Rule.ALL),
    (rf"Using the numbers {_NUMBERS}, create an expression that equals {_TARGET}\.", Rule.SOME),
    (rf"make {_TARGET} using some or all of these numbers: {_NUMBERS}\.", Rule.SOME),
    (rf"Calculate {_TARGET} using the numbers {_NUMBERS}\.", Rule.SOME),
)
"""Of puzzle24 and of countdown, which asks for each number at most once."""


def is_verl(record: Record) -> bool:
    """Whether a record is a line of verl's rollouts."""
    return record.keys() >= {"input", "output", "score", "step"}


def read_verl(record: Record, line: int) -> Rollouts:
    """A line of verl's rollouts."""
    try:
        puzzle = puzzle_of(record.get("gts"))
    except BadRecord:
        if "Input:" not in text_of(record.get("input"), "input"):
            raise
        puzzle = asked_in(record["input"])
    return Rollouts.bare(puzzle, (text_of(record.get("output"), "output"),), line)


def is_reasoning_gym(record: Record) -> bool:
    """Whether a record is a results file of reasoning-gym's, or an entry of one."""
    entry = next(reasoning_gym_entries(record), {})
    return "question" in entry and any(name in entry for name in _RESPONSES)


def reasoning_gym_entries(record: Record) -> Iterator[Record]:
    """The entries of a results file, which is one object."""
    path = "categories.datasets.results.question" if "categories" in record else "results.question"
    inner: object
    for one in one_each(record, path):
        inner = one
        for step in path.split(".")[:-1]:
            inner = inner.get(step, inner) if isinstance(inner, dict) else None
        if isinstance(inner, dict):
            yield inner


def read_reasoning_gym(record: Record, line: int) -> Rollouts:
    """An entry of reasoning-gym's results."""
    puzzle = question_of(record.get("question"))
    several = record.get("completions")
    if several is None:
        name = next((name for name in _RESPONSES[1:] if name in record), _RESPONSES[-1])
        score = record.get("score", record.get("best_score"))
        several = [{"full_model_response": record.get(name), "score": score}]
    if not isinstance(several, list):
        raise BadRecord(f"completions is {kind(several)}, not a list")
    if not several:
        raise BadRecord("the request failed: the entry has no completions")
    found = [object_of(one, "a completion") for one in several]
    texts = [text_of(one.get("full_model_response"), "full_model_response") for one in found]
    judged = tuple(verdicts_of({"score": one.get("score")}, 1)[0] for one in found)
    return Rollouts.bare(puzzle, texts, line)._replace(judged=judged)


def question_of(question: object) -> Puzzle:
    """The puzzle that reasoning-gym asks in words.

    Raises:
        BadRecord: it is no question of its `puzzle24` or `countdown`.
    """
    text = text_of(question, "question")[:MAX_QUESTION_CHARS]
    for pattern, rule in _QUESTIONS:
        if found := re.search(pattern, text, re.ASCII):
            return puzzle_of(found["numbers"], found["target"], rule)
    raise BadRecord(f"{text[:60]!r} asks no puzzle24 and no countdown")
