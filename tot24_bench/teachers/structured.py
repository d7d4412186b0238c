r"""Structured output: ask for steps and an answer as JSON, and write them in the plain form.

A response is kept in the benchmark's own form, so that it is scored and trained on as any other:

>>> print(plain('{"steps": ["6 - 4 = 2 (left: 2 4 8)"], "answer": "(6 - 4) * (4 + 8) = 24"}'))
Steps:
6 - 4 = 2 (left: 2 4 8)
Answer: (6 - 4) * (4 + 8) = 24
>>> plain('{"steps": "none"') is None
True
"""

from __future__ import annotations

import json
from typing import Any

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "steps": {
            "type": "array",
            "items": {"type": "string"},
            "description": "each line of the path or the search, as the examples write it",
        },
        "answer": {
            "type": "string",
            "description": "what stands after 'Answer:', such as (6 - 4) * (4 + 8) = 24",
        },
    },
    "required": ["steps", "answer"],
    "additionalProperties": False,
}
"""JSON schema of a response."""

MAX_STEPS = 10_000
"""Steps of a response: far beyond any search that fits a context."""


def response_format() -> dict[str, Any]:
    """What a request carries to have it."""
    return {
        "type": "json_schema",
        "json_schema": {"name": "game24", "strict": True, "schema": SCHEMA},
    }


def plain(text: str) -> str | None:
    """A structured response in the plain form; None where it is not one, and stays as it is."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or set(value) != {"steps", "answer"}:
        return None
    steps, answer = value["steps"], value["answer"]
    if not isinstance(steps, list) or not isinstance(answer, str) or len(steps) > MAX_STEPS:
        return None
    if not all(isinstance(step, str) for step in steps):
        return None
    lines = [step.strip() for step in steps if step.strip()]
    if lines and lines[0].casefold() == "steps:":
        lines = lines[1:]
    answer = answer.strip()
    if answer[:7].casefold() == "answer:":
        answer = answer[7:].strip()
    return "\n".join([*(["Steps:", *lines] if lines else []), f"Answer: {answer}"])
