"""The logs that two published projects keep.

Each of tree-of-thought-llm is a JSON array; `idx` is the rank of the hand, counted from 0:

    {"idx": 900, "ys": ["Answer: ...", ...], "accs": [...], "usage_so_far": {...}}

slm-tot's logs are JSON arrays too, and its teacher's responses are JSON Lines, some of them cut up:

    {"original_puzzle": {"Rank": "902", "Puzzles": "1 2 4 7", ...}, "response": "..."}
    {"file": "...", "rank": 1, "numbers": "1 1 4 6", "response": {"Steps": "...", "Answer": "..."}}

A response that was cut up is put together as "Steps:", the steps, and "Answer: " with the answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from tot24_bench.transcripts.fields import (
    Record,
    kind,
    object_of,
    puzzle_of,
    text_of,
    texts_of,
)
from tot24_bench.transcripts.rollouts import BadRecord, Rollouts

MAX_INDEX = 10**6
"""Far above the public list's 1,362 hands."""


def is_tree_of_thought(record: Record) -> bool:
    """Whether a record is one of tree-of-thought-llm's."""
    return "idx" in record and "ys" in record


def tree_of_thought_reader(ranks: Mapping[int, str]) -> Callable[[Record, int], Rollouts]:
    """A reader that knows the hands by rank."""

    def read(record: Record, line: int) -> Rollouts:
        index = record.get("idx")
        if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < MAX_INDEX:
            raise BadRecord(f"idx is {kind(index)} that is no place in the list of hands")
        if index + 1 not in ranks:
            raise BadRecord(
                f"idx {index} is rank {index + 1}, whose hand is not known here: give the public "
                "list of 1,362 hands (CSV, columns Rank and Puzzles) with --ranks"
            )
        return Rollouts.bare(
            puzzle_of(ranks[index + 1]), texts_of(record.get("ys"), "a response in ys"), line
        )

    return read


def is_slm_tot(record: Record) -> bool:
    """Whether a record is one of slm-tot's logs."""
    return "original_puzzle" in record


def read_slm_tot(record: Record, line: int) -> Rollouts:
    """A record of slm-tot's logs."""
    asked = object_of(record.get("original_puzzle"), "original_puzzle")
    response = _whole(record.get("response"))
    return Rollouts.bare(puzzle_of(asked.get("Puzzles")), (response,), line)


def is_slm_tot_teacher(record: Record) -> bool:
    """Whether a record is one of slm-tot's teacher responses."""
    return record.keys() >= {"file", "rank", "numbers", "response"}


def read_slm_tot_teacher(record: Record, line: int) -> Rollouts:
    """A record of slm-tot's teacher responses."""
    response = _whole(record.get("response"))
    return Rollouts.bare(puzzle_of(record.get("numbers")), (response,), line)


def _whole(response: object) -> str:
    response = _object_in(response)
    if not isinstance(response, dict):
        return text_of(response, "the response")
    if not {"Steps", "Answer"} & response.keys():
        raise BadRecord("the response is an object without Steps and Answer")
    steps, answer = (text_of(response.get(name), name) for name in ("Steps", "Answer"))
    return f"Steps:\n{steps}\nAnswer: {answer}"


def _object_in(response: object) -> object:
    """The object that a text spells, as fifty of the teacher's responses do; else the response."""
    if isinstance(response, str) and response.lstrip().startswith("{"):
        try:
            spelt = json.loads(response)
        except (ValueError, RecursionError):
            return response
        if isinstance(spelt, dict) and spelt.keys() == {"Steps", "Answer"}:
            return spelt if all(isinstance(part, str) for part in spelt.values()) else response
    return response
