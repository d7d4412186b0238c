"""The card of a dataset (README.md): written from its record alone, so that the two agree.

Its header makes the folder loadable: `datasets.load_dataset(folder, "prompt_completion")`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from tot24_bench.teachers import TeacherInfo
from tot24_bench.text import one_line, plural
from tot24_bench.traces.funnel import markdown
from tot24_bench.traces.judge import Level
from tot24_bench.traces.leaks import Avoid
from tot24_bench.traces.rows import FORMS

if TYPE_CHECKING:
    from tot24_bench.traces.dataset import DatasetRecord

CARD, ROWS = "README.md", "train.parquet"

_LEVELS = {
    Level.ANSWER: "the answer is right, to the last digit; its steps were not looked at",
    Level.AGREES: "the answer is right and is what the steps before it come to",
    Level.VALID: (
        "the answer is right, is what the steps come to, every thought and every equation beside "
        "them is true, and no state that can win is called a dead end; a response with an equation "
        "that could not be read was dropped"
    ),
}

_RESAMPLED = """\
Hands were asked several times, so the intervals of traces are too narrow: those of hands hold.
"""
_RESCORED = "Scored otherwise when recorded, by rules of the time: {}.\n"
_STATES = "No response shows a three-number state of `hard100` (`state_holdout`). "
_CUT = " What followed the answer was not judged and is cut off: {rows} would have gone on."

_TEXT = """\
# Game of 24: {traces} of {names}

{responses} to {asked_hands}, each scored again by exact arithmetic when this dataset
was made: {level}.{cut}

```python
from datasets import load_dataset

load_dataset("FOLDER", "prompt_completion")  # prompt, completion
load_dataset("FOLDER", "messages")  # messages: system, user, assistant
```

Beside them stand `method`, `numbers` (as dealt), `target`, `rule`, `teacher`, `oracle` and
`backtracks` (times that the search goes back). Rows that go back at least once: {searches:,}
({funnel.share_with_backtrack:.1%}).

## Teachers

| teacher | oracle | asked | kept | settings |
| --- | --- | ---: | ---: | --- |
{teachers}

An oracle's judgements (which numbers left are a dead end) are those of an exact search: no model
knew them by itself.

## Funnel

{tables}

Right and kept are shares of the traces asked, and of the hands asked, with Wilson's 95% interval.
{resampled}Difficulty is the number of states that a guided search visits (`tot24 difficulty`).
{rescored}
## What is held out

No row asks or shows a hand of a test part (`hard100`, `hardest`, `val`, unsolvable hands, \
test parts beyond the deck),
or a held-out target; four numbers or more that a longer hand leaves, that stand as a list, or that
are combined to the target in whatever dress, count as a hand. Every row was looked at once more
after the filter, with the exemplars of its prompt and the text of its completion.
{states}`hands.jsonl` lists what the rows ask and show: {hands}.

The prompts are built anew: {shots}.
What the teachers were asked is not in this dataset. Where their prompt is known and shows a test
hand, their answer is not kept either; where it is not known (`shots` is null in the trace), nobody
can say what it showed.

## Made by

    {command}

tot24-bench {record.version}, from

{sources}

SHA-256 of the rows (each row's prompt and completion as one line of JSON, in order):
`{record.sha256}`. Licence of the responses: {licence}.
"""


def render(record: DatasetRecord) -> str:
    """The card's text."""
    funnel, prompt = record.funnel, record.prompt
    teachers = [
        f"| {_cell(one.label)} | {'yes' if one.teacher.oracle else 'no'} | {one.asked:,} "
        f"| {one.kept:,} | {_cell(_settings(one.teacher))} |"
        for one in record.teachers
    ]
    sources = [
        f"- {_cell(one.name)}: {plural(one.traces, 'trace')}, SHA-256 `{one.sha256}`"
        for one in record.sources
    ]
    shots = "the bare instruction, without exemplars"
    if prompt.shots:
        shots = f"{plural(prompt.shots, 'exemplar')} ({prompt.variant})"
    return _header(record) + _TEXT.format(
        record=record,
        funnel=funnel,
        traces=plural(record.rows, "trace"),
        responses=plural(record.rows, "response"),
        cut=_CUT.format(rows=plural(record.cut, "row")) if record.cut else "",
        names=_cell(", ".join(dict.fromkeys(t.label for t in record.teachers if t.kept))),
        asked_hands=plural(funnel.stages[-1].hands, "hand"),
        level=_LEVELS[record.filter.level],
        searches=funnel.kept_with_backtrack,
        teachers="\n".join(teachers),
        tables=markdown(funnel),
        resampled=_RESAMPLED if funnel.asked > funnel.stages[0].hands else "",
        rescored=_RESCORED.format(plural(funnel.rescored, "trace")) if funnel.rescored else "",
        states=_STATES if record.filter.avoid is Avoid.STATE_HOLDOUT else "",
        hands=plural(record.hands, "hand"),
        shots=shots,
        command=one_line(record.command),
        sources="\n".join(sources),
        licence=_cell(record.licence),
    )


def _header(record: DatasetRecord) -> str:
    sizes = {10**3: "n<1K", 10**4: "1K<n<10K", 10**5: "10K<n<100K", 10**6: "100K<n<1M"}
    size = (name for bound, name in sizes.items() if record.rows < bound)
    header = {
        "license": one_line(record.licence),
        "language": ["en"],
        "task_categories": ["text-generation"],
        "tags": ["game-of-24", "tree-of-thoughts", "distillation"],
        "size_categories": [next(size, "1M<n<10M")],
        "configs": [
            {
                "config_name": form,
                "default": form == FORMS[0],
                "data_files": [{"split": "train", "path": f"{form}/{ROWS}"}],
            }
            for form in FORMS
        ],
    }
    return f"---\n{yaml.safe_dump(header, sort_keys=False, allow_unicode=True)}---\n\n"


def _settings(teacher: TeacherInfo) -> str:
    settings = sorted(teacher.settings.items())
    return ", ".join(f"{name} {value}" for name, value in settings) or "none"


def _cell(text: str) -> str:
    """Text from outside as it is: on one line, without marks, HTML or links of its own."""
    shown = one_line(text).translate(_ENTITIES).replace("://", ":&#47;&#47;")
    return shown.replace("www.", "www&#46;").replace("WWW.", "WWW&#46;")


_MARKS = "\\`*_[]()<>|#~$&@!{}"
_ENTITIES = {ord(mark): f"&#{ord(mark)};" for mark in _MARKS}
_ENTITIES |= {ord("<"): "&lt;", ord(">"): "&gt;", ord("&"): "&amp;"}
"""Entities, not backslashes: these hold in every dialect, in tables and in HTML."""
