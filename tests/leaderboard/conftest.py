"""Submissions to test with: real hands, real responses, really scored."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any

from tot24_bench.game import Puzzle, load_split, solve
from tot24_bench.leaderboard import (
    Entry,
    ModelInfo,
    Sample,
    Submission,
    mean_tokens_of,
    metrics_of,
    prompts_sha256,
)
from tot24_bench.scoring import score


def make_sample(puzzle: Puzzle, right: tuple[bool, ...]) -> Sample:
    """One response for each entry of `right`."""
    answer = solve(puzzle)[0].expression
    responses = tuple(
        f"Steps: I tried.\nAnswer: {answer} = 24" if good else "Answer: 1 + 1 = 24"
        for good in right
    )
    return Sample(
        puzzle=puzzle,
        prompt_sha256="0" * 64,
        responses=responses,
        tokens=tuple(10 + i for i in range(len(right))),
        scores=tuple(score(puzzle, response) for response in responses),
    )


def make_submission(
    right: int = 2, hands: int = 3, *, repeats: int = 1, name: str = "scout-2m", **changes: Any
) -> Submission:
    """The first `hands` hands of hard100; `right` of them are right, each time they are asked."""
    puzzles = load_split("hard100")[:hands]
    samples = changes.pop(
        "samples", tuple(make_sample(p, (i < right,) * repeats) for i, p in enumerate(puzzles))
    )
    model = {"parameters": 1_900_000, "precision": "fp32", "backend": "hf", "source": name}
    fields: dict[str, Any] = {
        "model": ModelInfo(name=name, **(model | changes.pop("model", {}))),
        "task": "game24_onestep_tot",
        "method": "onestep_tot",
        "split": "hard100",
        "shots": 0,
        "n": len(samples),
        "repeats": repeats,
        "metrics": metrics_of(samples) if samples else None,
        "mean_response_tokens": mean_tokens_of(samples),
        "prompt_sha256": prompts_sha256(samples) if samples else None,
        "generation": {"until": ["\nInput:"], "max_gen_toks": 896, "do_sample": False},
        "seeds": {"torch": 1234},
        "versions": {"python": "3.11.9"},
        "hardware": "2 CPU cores",
        "wall_seconds": 61.5,
        "created": datetime.date(2025, 11, 20),
        "obtained": "measured",
        "samples": samples,
    }
    return Submission(**(fields | changes))


def entries(submissions: Iterable[Submission]) -> list[Entry]:
    """What tables and statistics take."""
    return [Entry.of(submission) for submission in submissions]


def make_reported(acc: float = 0.74, name: str = "GPT-4", **changes: Any) -> Submission:
    """A figure from a paper, without responses."""
    fields: dict[str, Any] = {
        "samples": (),
        "n": 100,
        "metrics": {"acc": acc},
        "obtained": "reported",
        "source": "Yao et al. 2023",
        "task": "game24_tot_bfs",
        "method": "other",
        "variant": "other",
    }
    return make_submission(name=name, **(fields | changes))
