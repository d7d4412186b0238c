"""Verification and the leaderboard's page at scale.

    make bench

Verification reads, re-scores and compares 2,000 stored responses of 20 submissions on one core; its
peer scores the same responses alone, so the ratio is what checking costs beside scoring. The marks:
3,000 responses a second on one core, and a page of 1,000 submissions of 100 hands in under 60 s and
1 GB; the memory is asserted, as it does not depend on what else the machine does.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tot24_bench.leaderboard import (
    ModelInfo,
    Submission,
    read,
    read_entries,
    render_markdown,
    verify,
    write,
)
from tot24_bench.scoring import score

SUBMISSIONS = 20
MANY = 1_000
MAX_MEGABYTES = 1_000


def make_results(folder: Path, root: Path, count: int) -> list[Submission]:
    """Submissions of the shipped student's responses, each under a name of its own."""
    published = root / "results" / "submissions" / "scout-2m"
    kinds = [
        read(published / f"game24_{method}.{shots}shot.json")
        for method in ("io", "cot", "onestep_tot")
        for shots in (0, 5)
    ]
    made = []
    for i in range(count):
        of = kinds[i % len(kinds)]
        model = ModelInfo(name=f"model-{i}", backend="hf", source=f"model-{i}")
        made.append(of.model_copy(update={"model": model}))
        write(made[-1], folder)
    return made


@pytest.mark.benchmark(group="2,000 stored responses on one core (mark: 3,000 a second)")
def test_verify_stored_responses(benchmark: Any, root: Path, tmp_path: Path) -> None:
    make_results(tmp_path, root, SUBMISSIONS)
    verified = benchmark.pedantic(lambda: list(verify(tmp_path, jobs=1)), rounds=5)
    assert sum(one.responses for one in verified) == 100 * SUBMISSIONS
    # They are the same responses under many names, and it says so; nothing else is wrong.
    faults = [fault for one in verified for fault in one.faults]
    assert faults and {fault.where for fault in faults} == {"responses"}, faults[:3]


@pytest.mark.benchmark(group="2,000 stored responses on one core (mark: 3,000 a second)")
def test_score_alone(benchmark: Any, root: Path, tmp_path: Path) -> None:
    samples = [s for made in make_results(tmp_path, root, SUBMISSIONS) for s in made.samples]
    benchmark.pedantic(
        lambda: [score(sample.puzzle, sample.responses[0]) for sample in samples], rounds=5
    )


@pytest.mark.benchmark(group="a page of 1,000 submissions of 100 hands (mark: 60 s, 1 GB)")
def test_page_of_many_submissions(benchmark: Any, root: Path, tmp_path: Path) -> None:
    if not benchmark.enabled:
        pytest.skip("1,000 submissions are written by `make bench` only")
    make_results(tmp_path, root, MANY)
    page = benchmark.pedantic(lambda: render_markdown(read_entries(tmp_path)), rounds=2)
    assert page.count("model-") >= MANY
    command = [sys.executable, "-m", "tot24_bench.cli", "leaderboard", "--results", str(tmp_path)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=600)
    kilobytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert kilobytes / 1024 < MAX_MEGABYTES
