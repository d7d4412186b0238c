"""One response as a line of Every Eval Ever; see `every_eval_ever` for what is decided here."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any

from tot24_bench.game import Puzzle, is_solvable
from tot24_bench.leaderboard.export.eval_identity import SCHEMA_VERSION, Identity, evaluation_id
from tot24_bench.leaderboard.submission import Header, Sample

RESULT_ID = "accuracy"
"""Of the one result of an aggregate, to which every line belongs."""

MAX_SEARCHED = 6
"""Numbers of a hand up to which it is searched for a solution, in 0.1 s; 12 would take for ever."""


def instance(header: Header, identity: Identity, sample: Sample, index: int) -> dict[str, Any]:
    """The record of one response.

    Args:
        index: which of the hand's responses, from 0.
    """
    name = header.key.split("/")[1]
    score, tokens = sample.scores[index], sample.tokens[index]
    raw, reference = sample.puzzle.text, _reference(sample.puzzle)
    metadata = {
        "repeat": str(index + 1),
        "target": str(sample.puzzle.target),
        "rule": str(sample.puzzle.rule.value),
        "verdict": str(score.verdict),
        "valid": _flag(score.valid),
        "false_claim": _flag(score.false_claim),
        "truncated": _flag(score.truncated),
        "withheld": _flag(sample.withheld),
    }
    if tokens is not None:
        metadata["output_tokens"] = str(tokens)
    if sample.prompt_sha256 is not None:
        metadata["prompt_sha256"] = sample.prompt_sha256
    if sample.withheld:
        metadata["response_sha256"] = sample.responses_sha256[index]
    attribution = {
        "turn_idx": 0,
        "source": "output.raw",
        "extracted_value": score.answer,
        "extraction_method": "tot24-bench answer parser, exact arithmetic",
        "is_terminal": True,
    }
    return {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": evaluation_id(name, identity.id, header.created),
        "model_id": identity.id,
        "evaluation_name": name,
        "evaluation_result_id": RESULT_ID,
        "sample_id": raw,
        "sample_hash": hashlib.sha256((raw + "".join(reference)).encode()).hexdigest(),
        "interaction_type": "single_turn",
        "input": {"raw": raw, "reference": list(reference)},
        "output": {"raw": [] if sample.withheld else [sample.responses[index]]},
        "answer_attribution": [attribution] if score.answered and not sample.withheld else [],
        "evaluation": {"score": float(score.correct), "is_correct": score.correct},
        "metadata": metadata,
    }


@lru_cache(maxsize=10_000)
def _reference(puzzle: Puzzle) -> tuple[str, ...]:
    """What is right: to make the target, in any way, or to say that nothing does."""
    searched = len(puzzle.numbers) <= MAX_SEARCHED
    return ("no solution" if searched and not is_solvable(puzzle) else str(puzzle.target),)


def _flag(value: bool) -> str:
    return str(value).lower()
