"""How Every Eval Ever names a model, an evaluation and a time; see `every_eval_ever`.

>>> evaluation_id("game24_io.0shot", "some-lab/tiny", datetime.date(1970, 1, 2))
'game24_io.0shot/some-lab/tiny/86400'
"""

from __future__ import annotations

import datetime
from typing import NamedTuple

from tot24_bench.leaderboard.export.choice import HUB_NAME, hub_id
from tot24_bench.leaderboard.submission import Header

SCHEMA_VERSION = "0.3.0"
"""The `version` of the schemas in that wheel."""

UNSPECIFIED = "unspecified"
"""The developer's folder of a model that has no name on the hub."""

PUBLISHED = {"GPT-4": "openai/gpt-4", "GPT-4o": "openai/gpt-4o"}
"""The models of published figures, as the project names API models; not used for measured rows."""

NOT_PORTABLE = frozenset(
    (
        "data",
        "unknown",
        "con",
        "prn",
        "aux",
        "nul",
        *(f"{n}{i}" for n in ("com", "lpt") for i in range(1, 10)),
    )
)
"""Names of folders that the project refuses, in lower case."""


class Identity(NamedTuple):
    """A model as the project files it.

    Attributes:
        id: `model_info.id`.
        developer: its folder, and `model_info.developer`.
        model: its folder below that.
    """

    id: str
    developer: str
    model: str


def identity_of(header: Header) -> Identity:
    """How the project names the model; every part is safe as a folder's name."""
    published = PUBLISHED.get(header.model.name) if header.obtained != "measured" else None
    name = published or hub_id(header) or header.model.name  # an API's model has a name like it
    if HUB_NAME.fullmatch(name):
        developer, model = name.split("/")
        if _portable(developer) and _portable(model):
            return Identity(name, developer, model)
    stem = header.key.split("/")[0]
    model = stem if _portable(stem) else f"model-{stem}"
    return Identity(model, UNSPECIFIED, model)


def evaluation_id(name: str, model: str, date: datetime.date) -> str:
    """The project's form: the evaluation, the model, the time."""
    return f"{name}/{model}/{epoch(date)}"


def epoch(date: datetime.date) -> str:
    """Midnight UTC of a date, in seconds since 1970."""
    midnight = datetime.datetime(date.year, date.month, date.day, tzinfo=datetime.UTC)
    return str(int(midnight.timestamp()))


def _portable(name: str) -> bool:
    return name.split(".")[0].lower() not in NOT_PORTABLE and name.lower() not in NOT_PORTABLE
