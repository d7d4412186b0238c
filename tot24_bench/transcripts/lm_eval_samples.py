"""lm-eval's `samples_*.jsonl`, written by `lm_eval --log_samples --output_path ...`.

    {"doc_id": 0, "doc": {"numbers": "4 5 6 10", "target": 24, ...}, "target": "...",
     "arguments": {"gen_args_0": {"arg_0": "<prompt>", "arg_1": {...}}}, "resps": [["..."]],
     "filtered_resps": [["..."]], "filter": "none", "acc": 1.0, ...}

- The responses are `resps`, what the model wrote; filters of other tasks keep only a part of it.
  Of our own tasks it is `filtered_resps`, which has all of it without the padding that lm-eval's
  distributed runs leave in `resps`.
- A task with several filters has its records once for each filter; one filter's are read.
- The hand of another's task stands in its document under one of HAND_KEYS.
- Of our own tasks `truncated` says whether the token limit cut all responses off, or none.
"""

from __future__ import annotations

from collections.abc import Callable

from tot24_bench.game import Puzzle
from tot24_bench.transcripts.fields import (
    Record,
    kind,
    number_or_none,
    object_of,
    puzzle_of,
    texts_of,
)
from tot24_bench.transcripts.rollouts import BadRecord, Rollouts

HAND_KEYS = ("numbers", "nums", "puzzle", "puzzles", "hand", "cards", "input")
"""Where a document may hold its hand, in letters of either case; the first there is taken."""

_OURS = {"numbers", "target", "rule", "method", "exemplars"}


def is_lm_eval(record: Record) -> bool:
    """Whether a record is one of lm-eval's samples."""
    return "doc" in record and ("resps" in record or "filtered_resps" in record)


def lm_eval_reader() -> Callable[[Record, int], Rollouts | None]:
    """A reader of one file; it gives None for records of a further filter."""
    taken: list[object] = []

    def read(record: Record, line: int) -> Rollouts | None:
        name = record.get("filter")
        if not taken:
            taken.append(name)
        if name != taken[0]:
            return None
        doc = object_of(record.get("doc"), "doc")
        ours = doc.keys() >= _OURS
        puzzle = _puzzle(doc)
        responses = _responses(record, ours)
        found = Rollouts.bare(puzzle, responses, line)
        if ours and record.get("truncated") == 1:
            found = found._replace(truncated=(True,) * len(responses))
        return found

    return read


def _puzzle(doc: Record) -> Puzzle:
    by_name = {key.lower(): value for key, value in doc.items()}
    key = next((key for key in HAND_KEYS if by_name.get(key) is not None), None)
    if key is None:
        raise BadRecord(f"no hand in doc: looked for {', '.join(HAND_KEYS)}")
    value = by_name[key]
    if isinstance(value, dict):
        return puzzle_of(value)
    if isinstance(value, str):
        value = value.strip().removeprefix("Input:")
    rule = doc.get("rule") if doc.keys() >= _OURS else None
    return puzzle_of(value, number_or_none(by_name.get("target")), rule)


def _responses(record: Record, ours: bool) -> tuple[str, ...]:
    name = "filtered_resps" if ours and "filtered_resps" in record else "resps"
    requests = record[name] if name in record else record.get("filtered_resps")
    if not isinstance(requests, list) or not requests:
        raise BadRecord(f"{name} is {kind(requests)}, not a list of a request's responses")
    if len(requests) > 1:
        raise BadRecord(f"{name} has {len(requests)} requests for one document: not generated text")
    return texts_of(requests[0], name)
