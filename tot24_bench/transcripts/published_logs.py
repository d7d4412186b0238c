"""The logs that published projects keep.

Each of tree-of-thought-llm is a JSON array. A record that names its hand (`x`, in a search's log in
`steps`) is that hand; else `idx` is a row, from 0, of the list that the run read: of the public
list, by rank, unless another is given.

    {"idx": 900, "ys": ["Answer: ...", ...], "accs": [...], "usage_so_far": {...}}
    {"steps": [{"x": "4 5 6 10", ...}], "idx": 900, "ys": [...], "infos": [{"r": 1}, ...]}

Meta-prompting's outputs and those of cumulative reasoning are JSON Lines of a question and an
output, the assistant's last message:

    {"input": "4 5 6 10", "target": "24", "message_log": [...], "output": "..."}
    {"puzzle": "4, 5, 6, 10", "output": "5 * 6 - (10 - 4)", "correct": true}

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
    asked_in,
    kind,
    number_or_none,
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
    return "ys" in record and ("idx" in record or "x" in record or "steps" in record)


def tree_of_thought_reader(rows: Mapping[int, str]) -> Callable[[Record, int], Rollouts]:
    """A reader that knows the hands by rank, which is a row less one."""

    def read(record: Record, line: int) -> Rollouts:
        hand = _named_hand(record)
        if hand is None:
            hand = _row(record.get("idx"), rows)
        return Rollouts.bare(puzzle_of(hand), texts_of(record.get("ys"), "a response in ys"), line)

    return read


def _named_hand(record: Record) -> object:
    steps = record.get("steps")
    first = steps[0] if isinstance(steps, list) and steps and isinstance(steps[0], dict) else {}
    return record.get("x", first.get("x"))


def _row(index: object, rows: Mapping[int, str]) -> str:
    if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < MAX_INDEX:
        raise BadRecord(f"idx is {kind(index)} that is no place in the list of hands")
    if index + 1 not in rows:
        raise BadRecord(
            f"idx {index} is rank {index + 1}, whose hand is not known here: give the list that "
            "the run read (CSV, column Puzzles), or the public one of 1,362 hands, with --ranks"
        )
    return rows[index + 1]


def is_input_output(record: Record) -> bool:
    """Whether a record has a question and an output, as meta-prompting's and others have."""
    return "output" in record and ("input" in record or "puzzle" in record)


def read_input_output(record: Record, line: int) -> Rollouts:
    """A question and an output."""
    question = record["input"] if "input" in record else record.get("puzzle")
    puzzle = asked_in(question, number_or_none(record.get("target")))
    return Rollouts.bare(puzzle, texts_of(record.get("output"), "output"), line)


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
