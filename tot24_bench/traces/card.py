"""The card of a dataset (README.md): written from its record alone, so that the two agree.

Its header makes the folder loadable: `datasets.load_dataset(folder, "prompt_completion")`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from tot24_bench.traces.funnel import markdown
from tot24_bench.traces.held_out import Avoid
from tot24_bench.traces.judging import Level
from tot24_bench.traces.rows import FORMS

if TYPE_CHECKING:
    from tot24_bench.traces.dataset_record import DatasetRecord

_LEVELS = {
    Level.ANSWER: "the answer is right, to the last digit; its steps were not looked at",
    Level.AGREES: "the answer is right and is what the steps before it come to",
    Level.VALID: "the answer is right, is what the steps come to, and every thought is valid",
}

_TEXT = """\
# Game of 24: {rows:,} traces of {names}

{rows:,} responses to {asked_hands:,} hands, each scored again by exact arithmetic when this dataset
was made: {level}.

```python
from datasets import load_dataset

load_dataset("FOLDER", "prompt_completion")  # prompt, completion
load_dataset("FOLDER", "messages")  # messages: system, user, assistant
```

Beside them stand `method`, `numbers` (as dealt), `target`, `rule`, `teacher`, `oracle` and
`backtracks` (times that the search goes back). {with_backtrack:,} of the rows
({share:.1%}) go back at least once.

## Teachers

| teacher | oracle | asked | kept | settings |
| --- | --- | ---: | ---: | --- |
{teachers}

An oracle's judgements (which numbers left are a dead end) are those of an exact search: no model
knew them by itself.

## Funnel

{funnel}

Right and kept are shares of the traces asked, and of the hands asked, with Wilson's 95% interval.
{resampled}Difficulty is the number of states that a guided search visits (`tot24 difficulty`).
{rescored}
## What is held out

No row asks or shows a hand of a test part ({parts}),
or a held-out target. Every row was looked at once more after the filter, with the exemplars of its
prompt and the text of its completion. {states}`hands.jsonl` lists the {hands:,}
hands that the rows show.

The prompts are built anew: {shots}.
What the teachers were asked is not in this dataset. Where their prompt is known and shows a test
hand, their answer is not kept either; where it is not known (`shots` is null in the trace), nobody
can say what it showed.

## Made by

    {command}

tot24-bench {version}, from

{sources}

SHA-256 of the rows (each row's prompt and completion as one line of JSON, in order):
`{sha256}`. Licence of the responses: {licence}.
"""


def render(record: DatasetRecord) -> str:
    """The card's text."""
    funnel = record.funnel
    several = funnel.asked > funnel.stages[0].hands
    differs = funnel.rescored
    return _header(record) + _TEXT.format(
        rows=record.rows,
        names=_cell(", ".join(dict.fromkeys(t.label for t in record.teachers if t.kept))),
        asked_hands=funnel.stages[-1].hands,
        level=_LEVELS[record.filter.level],
        with_backtrack=funnel.kept_with_backtrack,
        share=funnel.share_with_backtrack,
        teachers="\n".join(
            f"| {_cell(one.label)} | {'yes' if one.teacher.oracle else 'no'} | {one.asked:,} "
            f"| {one.kept:,} | {_cell(_settings(one.teacher.settings))} |"
            for one in record.teachers
        ),
        funnel=markdown(funnel),
        resampled=(
            "Hands were asked several times, so the intervals of traces are too narrow: those of "
            "hands hold.\n"
            if several
            else ""
        ),
        rescored=(
            f"{differs:,} traces were scored otherwise when they were recorded: today's rules "
            "hold.\n"
            if differs
            else ""
        ),
        parts="`hard100`, `hardest`, `val`, unsolvable hands, test parts beyond the deck",
        states=(
            "No response shows a three-number state of `hard100` (`state_holdout`). "
            if record.filter.avoid is Avoid.STATE_HOLDOUT
            else ""
        ),
        hands=record.hands,
        shots=(
            f"{record.prompt.shots} exemplars ({record.prompt.variant})"
            if record.prompt.shots
            else "the bare instruction, without exemplars"
        ),
        command=record.command,
        version=record.version,
        sources="\n".join(
            f"- {_cell(one.name)}: {one.traces:,} traces, SHA-256 `{one.sha256}`"
            for one in record.sources
        ),
        sha256=record.sha256,
        licence=_cell(record.licence),
    )


def _header(record: DatasetRecord) -> str:
    header = {
        "license": record.licence,
        "language": ["en"],
        "task_categories": ["text-generation"],
        "tags": ["game-of-24", "tree-of-thoughts", "distillation"],
        "size_categories": [_size(record.rows)],
        "configs": [
            {
                "config_name": form,
                "default": form == FORMS[0],
                "data_files": [{"split": "train", "path": f"{form}/*.parquet"}],
            }
            for form in FORMS
        ],
    }
    return f"---\n{yaml.safe_dump(header, sort_keys=False, allow_unicode=True)}---\n\n"


def _size(rows: int) -> str:
    """The hub's word for so many rows."""
    for bound, name in ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K")):
        if rows < bound:
            return name
    return "100K<n<1M" if rows < 10**6 else "1M<n<10M"


def _settings(settings: dict[str, str | int | float | bool | None]) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(settings.items())) or "none"


def _cell(text: str) -> str:
    """Text from outside in one cell of a table: on one line, without marks of its own."""
    shown = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return "".join(f"\\{char}" if char in "\\`*_[]<>|#" else char for char in shown)
