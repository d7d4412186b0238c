"""What a dataset says of itself in `dataset.json`, and its card in words."""

from __future__ import annotations

from typing import Literal

from tot24_bench.schema import Count, Record, Sha256, Text
from tot24_bench.traces.filter import FilterConfig
from tot24_bench.traces.funnel import Funnel
from tot24_bench.traces.rows import PromptConfig
from tot24_bench.traces.sources import Source, Teacher

FORMAT: Literal["tot24-dataset/1"] = "tot24-dataset/1"
"""Names the record's fields and the columns; another number is another set of them."""


class DatasetRecord(Record):
    """What `dataset.json` says.

    Attributes:
        format: FORMAT.
        rows: in either form.
        cut: rows whose response went on after its answer, which was cut off there.
        sha256: over each row's prompt and completion as one line of JSON, in order, as students
            say it of their data.
        messages_sha256: the same over each row's messages.
        hands_sha256: of the file of hands.
        hands: how many it lists.
        prompt: which prompts the rows have.
        filter: by which rules traces were kept.
        funnel: the counts.
        teachers: who answered.
        sources: the trace files.
        licence: as the user gave it.
        command: what makes the same dataset of the same files.
        version: of tot24-bench.
    """

    format: Literal["tot24-dataset/1"] = FORMAT
    rows: Count
    cut: Count = 0
    sha256: Sha256
    messages_sha256: Sha256
    hands_sha256: Sha256
    hands: Count
    prompt: PromptConfig
    filter: FilterConfig
    funnel: Funnel
    teachers: tuple[Teacher, ...]
    sources: tuple[Source, ...]
    licence: Text
    command: Text
    version: Text
