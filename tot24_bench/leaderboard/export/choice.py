"""Which submissions are exported, and what is said of each in every format alike.

>>> from tot24_bench.leaderboard.export.choice import HUB_NAME
>>> bool(HUB_NAME.fullmatch("HuggingFaceTB/SmolLM2-135M")), bool(HUB_NAME.fullmatch("../../x"))
(True, False)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from tot24_bench.leaderboard.entry import Entry
from tot24_bench.leaderboard.tables.rows import is_row
from tot24_bench.leaderboard.store import read_entries
from tot24_bench.leaderboard.submission import Header

MAX_HUB_NAME_CHARS = 96
"""Characters of either half of a name on the HF hub, as huggingface_hub checks them."""

_HALF = rf"(?![.-])(?!.*(?:--|\.\.))[A-Za-z0-9._-]{{1,{MAX_HUB_NAME_CHARS}}}(?<![.-])"
HUB_NAME = re.compile(f"{_HALF}/{_HALF}")
"""An owner and a repository of the HF hub (huggingface_hub's `validate_repo_id`)."""

HUB_LINK = re.compile(r"https://(?:huggingface\.co|hf\.co)/([^/?#]+/[^/?#]+)/?")

_CLOSED = "openai-"
"""How the backends of lm-eval begin whose model names are an API's, not the hub's."""

WILSON = "Wilson score interval"
BOOTSTRAP = "percentile bootstrap clustered by hand"


class NothingToExport(ValueError):
    """No submission was chosen; the message says what there is."""


def choose(results: Path, splits: Sequence[str] = (), models: Sequence[str] = ()) -> list[Entry]:
    """The entries of a results folder, of these splits and models only where any are given.

    Raises:
        NothingToExport: when there are none.
        BadSubmission: when a submission is not one.
    """
    entries = list(filter(is_row, read_entries(results)))
    if not entries:
        raise NothingToExport(f"no submissions under {results}: run `tot24 eval` first")
    chosen = [
        entry
        for entry in entries
        if (not splits or entry.header.split in splits)
        and (not models or entry.header.model.name in models)
    ]
    if not chosen:
        there = sorted({entry.header.split for entry in entries})
        names = sorted({entry.header.model.name for entry in entries})
        raise NothingToExport(
            f"no submission under {results} is of that split and model: the splits are "
            f"{_some(there)}; the models are {_some(names)}"
        )
    return chosen


def checked_dataset_id(name: str) -> str:
    """The same name, when it is one of a dataset on the hub.

    Raises:
        ValueError: when it is not.
    """
    if not HUB_NAME.fullmatch(name):
        raise ValueError(f"{name[:80]!r} is no dataset of the hub: give --dataset-id OWNER/NAME")
    return name


def hub_id(header: Header) -> str | None:
    """The model's name on the HF hub, by its link or its name; None where neither is one.

    Whether the hub has such a model is not asked.
    """
    if header.model.backend.startswith(_CLOSED):
        return None
    link = HUB_LINK.fullmatch(header.model.link or "")
    for name in (link[1] if link else "", header.model.name):
        if HUB_NAME.fullmatch(name) and not name.endswith(".git"):
            return name
    return None


def interval_method(entry: Entry) -> str | None:
    """How `statistics.interval` came by this entry's interval; None where there is none."""
    if entry.header.repeats == 1:
        return WILSON
    if not entry.outcomes:
        return None
    return BOOTSTRAP if len({outcome.mean for outcome in entry.outcomes}) > 1 else WILSON


def _some(names: Sequence[str], most: int = 10) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(repr(name[:60]) for name in names[:most]) + more
