"""The rows that others' figures give: what papers report, and what exact search reaches.

    python -m tot24_bench.leaderboard.references --results results

writes a `reported` submission for each published figure, and the row of the solver, the teacher of
the students that ship here: exact search, no language model. Figures that public transcripts allow
to check are rescored instead, by `make references`.

Sources: Yao et al. 2023, Tree of Thoughts (arXiv 2305.10601), table 2 and its repository's logs;
slm-tot, the project that asked first whether One-Step ToT can be distilled.
"""

from __future__ import annotations

import argparse
import datetime
import platform
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from tot24_bench import __version__
from tot24_bench.game import load_split
from tot24_bench.harness import task_name
from tot24_bench.leaderboard.store import write
from tot24_bench.leaderboard.submission import (
    OTHER,
    Metrics,
    ModelInfo,
    Sample,
    Submission,
    figures_of,
)
from tot24_bench.prompts import METHODS, build
from tot24_bench.scoring import score
from tot24_bench.teachers import EXACT_SEARCH, SOLVER, write_response

DATE = datetime.date(2026, 11, 21)
"""When these rows were entered; fixed, so that writing them again changes nothing."""

_LEAKED = "4 9 10 13, rank 1000, is asked and is one of the five exemplars"
_ORACLE = "the best of many is chosen by the right answer, which a user does not have"
_AGREES = "rescored, the same responses give"


def reported() -> tuple[Submission, ...]:
    """The published figures on the hard 100, as submissions without responses."""
    yao = "Yao et al. 2023, Tree of Thoughts (arXiv 2305.10601), table 2"
    gpt4 = partial(_reported, "GPT-4", yao, "hard100")
    shifted = "ranks 902-1001: 99 hands of hard100 and one of hardest"
    gpt4o = partial(_reported, "GPT-4o", "slm-tot, plot of failed steps", "full")
    warm = "sampled at temperature 0.7"
    return (
        gpt4("game24_io", 0.073, f"{_AGREES} 7.34%", repeats=100),
        gpt4("game24_cot", 0.040, f"{_AGREES} 4.03%", repeats=100),
        gpt4(
            "game24_cot_sc100",
            0.09,
            "the majority of 100 responses",
            f"{_AGREES} 9%",
            label="CoT self-consistency, k = 100",
        ),
        gpt4(
            "game24_io_refine10",
            0.27,
            "each refinement is told whether the answer before it was right",
            label="IO + refine, k = 10",
        ),
        gpt4("game24_io_best100", 0.33, _ORACLE, f"{_AGREES} 33%", label="IO, best of 100"),
        gpt4("game24_cot_best100", 0.49, _ORACLE, f"{_AGREES} 49%", label="CoT, best of 100"),
        gpt4("game24_tot_b1", 0.45, label="ToT (BFS), b = 1"),
        gpt4(
            "game24_tot_b5",
            0.74,
            "another run: the public logs of a later one, rescored, give 69% where any of its five "
            "candidates counts and 62% where the first-ranked does",
            label="ToT (BFS), b = 5",
        ),
        gpt4o(
            "game24_cot",
            0.07,
            shifted,
            "its parser rejected two right answers: rescored, the same responses give 9%",
            warm,
        ),
        gpt4o("game24_onestep_tot", 0.19, shifted, f"{_AGREES} 19%", warm),
    )


def _reported(
    model: str, source: str, split: str, task: str, acc: float, *notes: str, **changes: Any
) -> Submission:
    """A figure; of a task that is none of this project's a `label` is what tables call it."""
    return Submission(
        model=ModelInfo(name=model, backend="published", source=model),
        task=task,
        method=next((name for name in METHODS if task_name(name) == task), OTHER),
        split=split,
        shots=5,
        variant=OTHER,
        n=100,
        metrics=Metrics(acc=acc),
        created=DATE,
        obtained="reported",
        source=source,
        notes=(_LEAKED, *notes),
        **changes,
    )


def solver() -> Iterator[Submission]:
    """The solver's answers to the hard 100, one submission a method."""
    for method in METHODS:
        samples = []
        for index, puzzle in enumerate(load_split("hard100")):
            response = write_response(puzzle, method, Random(index))
            samples.append(
                Sample(
                    puzzle=puzzle,
                    prompt_sha256=build(method, puzzle, shots=0).sha256,
                    responses=(response,),
                    tokens=(None,),
                    scores=(score(puzzle, response),),
                )
            )
        yield Submission(
            model=ModelInfo(
                name=SOLVER,
                backend=EXACT_SEARCH,
                source="tot24_bench.teachers.solver",
                licence="Apache-2.0",
            ),
            task=task_name(method),
            method=method,
            split="hard100",
            shots=0,
            generation={"do_sample": False},
            seeds={"python": 0},
            versions={"python": platform.python_version(), "tot24-bench": __version__},
            created=DATE,
            obtained="measured",
            notes=("exact search, no language model: it shows that every hand can be solved",),
            samples=tuple(samples),
            **figures_of(samples),
        )


def main(arguments: Sequence[str] | None = None) -> None:
    """Write them; see the module."""
    parser = argparse.ArgumentParser(description="Write the reported rows and the solver's.")
    parser.add_argument("--results", type=Path, default=Path("results"), help="results folder")
    options = parser.parse_args(arguments)
    for submission in (*reported(), *solver()):
        print(write(submission, options.results, overwrite=True))


if __name__ == "__main__":
    main()
