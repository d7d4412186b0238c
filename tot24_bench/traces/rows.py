"""Rows of a dataset: a trace in the form that a student trains on.

Prompts are built anew, by default the bare instruction: what the teacher was asked need not be what
the student is asked.

| column | of | what |
| --- | --- | --- |
| `prompt`, `completion` | the form `prompt_completion` | what the teacher wrote, up to its answer |
| `messages` | the form `messages` | system, user (and exemplars), assistant |
| `method`, `numbers`, `target`, `rule` | both | what was asked, the numbers as dealt |
| `teacher`, `oracle` | both | who answered; whether it knows by exact search what it says |
| `backtracks` | both | times that the search goes back |
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tot24_bench.game import LeakedHand, Puzzle
from tot24_bench.prompts import DEFAULT_VARIANT, SHOTS, build_any, pick
from tot24_bench.scoring import read_steps
from tot24_bench.traces.leaks import Avoid, held_out_state_of, is_held_out, states_in
from tot24_bench.traces.store import Trace, label_of

if TYPE_CHECKING:
    import pyarrow  # type: ignore[import-untyped]

FORMS = ("prompt_completion", "messages")
"""The two forms of the rows, each a folder and a configuration of the card."""


@dataclass(frozen=True, slots=True)
class PromptConfig:
    """The prompts of the rows.

    Raises:
        LeakedHand: the exemplars hold a test hand.
        ValueError: no such variant, or more shots than there are exemplars.
    """

    shots: int = 0  # exemplars in a prompt; 0 for the bare instruction
    variant: str = DEFAULT_VARIANT  # which exemplars

    def __post_init__(self) -> None:
        for exemplar in pick(self.variant, shots=self.shots):
            if is_held_out(exemplar.puzzle):
                raise LeakedHand(
                    f"the exemplars of {self.variant!r} hold {exemplar.puzzle.text}, a test hand: "
                    f"train on the variant {DEFAULT_VARIANT!r}, or with 0 shots"
                )


def require_together(prompt: PromptConfig, avoid: Avoid) -> None:
    """Refuse exemplars that show what responses may not show: a state that is held out."""
    if avoid is not Avoid.STATE_HOLDOUT or not prompt.shots:
        return
    # Where one of them is asked, the one after the last is shown in its place.
    for exemplar in pick(prompt.variant, shots=min(prompt.shots + 1, SHOTS)):
        steps = read_steps("\n".join(exemplar.path))
        if (state := held_out_state_of(states_in(steps, ()))) is not None:
            raise ValueError(
                f"{prompt.shots} shots and avoid {avoid} do not go together: the exemplars show "
                f"{state.text}, a held-out state: use 0 shots"
            )


def make_row(
    trace: Trace, completion: str, prompt: PromptConfig, backtracks: int
) -> dict[str, Any]:
    """A trace, of which `completion` is trained on, as a row with the columns of both forms."""
    return prompted_row(trace.method, trace.puzzle, prompt, completion) | {
        "teacher": label_of(trace.teacher),
        "oracle": trace.teacher.oracle,
        "backtracks": backtracks,
    }


def prompted_row(
    method: str, puzzle: Puzzle, prompt: PromptConfig, completion: str
) -> dict[str, Any]:
    """The columns that follow from what was asked and what is answered."""
    built = build_any(method, puzzle, shots=prompt.shots, variant=prompt.variant)
    return {
        "prompt": built.text,
        "completion": completion,
        "messages": [*built.messages, {"role": "assistant", "content": completion}],
        "method": method,
        "numbers": puzzle.text,
        "target": puzzle.target,
        "rule": str(puzzle.rule),
    }


def schema_of(form: str) -> pyarrow.Schema:
    """The columns of a form."""
    import pyarrow as pa

    text, count = pa.string(), pa.int64()
    if form == "messages":
        message = pa.struct([("role", text), ("content", text)])
        own = [("messages", pa.list_(message))]
    else:
        own = [("prompt", text), ("completion", text)]
    asked = [("method", text), ("numbers", text), ("target", count), ("rule", text)]
    answered = [("teacher", text), ("oracle", pa.bool_()), ("backtracks", count)]
    return pa.schema([*own, *asked, *answered])


def hashed_line(row: dict[str, Any], form: str) -> bytes:
    """What the hash of the rows is over: a line of JSON, as a student's record has it.

    >>> hashed_line({"prompt": "2 + 2 =", "completion": "4"}, "prompt_completion")
    b'["2 + 2 =", "4"]\\n'
    """
    if form == "messages":
        told = [[one["role"], one["content"]] for one in row["messages"]]
    else:
        told = [row["prompt"], row["completion"]]
    return json.dumps(told, ensure_ascii=False).encode() + b"\n"
