"""The JSON Schema of a submission: of its JSON file, and of a line of its samples.

The rules that need more than one field (a metric is what the scores give, a hand is of its split)
are not in a schema: `tot24 leaderboard check` knows them.

>>> schema = submission_schema()
>>> schema["title"], "Sample" in schema["$defs"], "samples_sha256" in schema["properties"]
('A submission without its samples', True, True)
"""

from __future__ import annotations

from typing import Any

from pydantic import Field
from pydantic.json_schema import models_json_schema

from tot24_bench.leaderboard.records import Sample, Training
from tot24_bench.leaderboard.store import HANDS, TRAINING
from tot24_bench.leaderboard.submission import Header
from tot24_bench.schema import Sha256

DIALECT = "https://json-schema.org/draft/2020-12/schema"

SAMPLE = "Sample"
"""Name of the definition of a line of the samples file."""


class _Stored(Header):
    samples_sha256: Sha256 | None = Field(
        default=None, description="Hash of the samples' lines, unzipped; none where only reported."
    )


def submission_schema() -> dict[str, Any]:
    """The schema: of the JSON file at the top, of a line of the samples at `$defs/Sample`."""
    _, schema = models_json_schema([(_Stored, "validation"), (Sample, "validation")])
    definitions = schema["$defs"]
    stored = definitions.pop(_Stored.__name__)
    training = definitions[Training.__name__]
    del training["properties"]["hands"]
    training["properties"][HANDS] = {
        "description": f"Names the file of the hands in {TRAINING}/, one hand a line.",
        "pattern": "^[0-9a-f]{64}$",
        "type": "string",
    }
    training["required"] = [HANDS]
    return {
        "$schema": DIALECT,
        **stored,
        "title": "A submission without its samples",
        "description": (
            "A row of the tot24-bench leaderboard. Each line of its .samples.jsonl.gz is a "
            f"#/$defs/{SAMPLE}.\n\n{Header.__doc__}"
        ),
        "$defs": dict(sorted(definitions.items())),
    }
