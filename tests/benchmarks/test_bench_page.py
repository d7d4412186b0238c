"""The page at scale: how long it takes to build, to appear, and to sort.

    make bench

A page of 1,000 submissions of 100 hands, whose rows are all different, is built by the command. Its
peer in the same run reads the same submissions and does nothing else, so the ratio is what the page
costs beside reading. The marks: under 60 s, 1 GB and 6 MB; first paint within 1.5 s and a sort
within 150 ms, in Chromium, both from the browser's own clock.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.site.conftest import browser  # noqa: F401  (a fixture)
from tot24_bench.game import Puzzle, load_split
from tot24_bench.leaderboard import (
    ModelInfo,
    Sample,
    mean_tokens_of,
    metrics_of,
    prompts_sha256,
    read,
    read_entries,
    site,
    write,
)
from tot24_bench.scoring import score
from tot24_bench.teachers.solver import write_response

MANY = 1_000
MAX_MEGABYTES = 1_000
MAX_BYTES = 6_000_000


def make_many(folder: Path, root: Path, count: int) -> None:
    """Submissions that differ in every response: searches of the solver, some of them spoilt."""
    of = read(root / "results" / "submissions" / "scout-2m" / "game24_onestep_tot.0shot.json")
    puzzles = load_split("hard100")
    texts: dict[Puzzle, list[str]] = {
        puzzle: [write_response(puzzle, "onestep_tot", Random(seed)) for seed in range(12)]
        for puzzle in puzzles
    }
    for number in range(count):
        random = Random(number)
        share = random.random()
        samples = []
        for puzzle in puzzles:
            text = random.choice(texts[puzzle]).replace("Steps:", f"Steps: (number {number})")
            if random.random() > share:
                text = f"{text.rpartition('Answer:')[0]}Answer: {random.randrange(99)} + 1 = 24"
            samples.append(
                Sample(
                    puzzle=puzzle,
                    prompt_sha256="0" * 64,
                    responses=(text,),
                    tokens=(len(text) // 2,),
                    scores=(score(puzzle, text),),
                )
            )
        model = ModelInfo(
            name=f"model-{number}", backend="hf", source="x", parameters=1000 + number
        )
        made = of.model_copy(
            update={
                "model": model,
                "samples": tuple(samples),
                "metrics": metrics_of(samples),
                "mean_response_tokens": mean_tokens_of(samples),
                "mean_prompt_tokens": 20.0 + number,
                "prompt_sha256": prompts_sha256(samples),
            }
        )
        write(made, folder)


@pytest.fixture(scope="module")
def many(request: pytest.FixtureRequest, root: Path, tmp_path_factory: Any) -> Path:
    """The folder of 1,000 submissions, with its page."""
    if not request.config.getoption("benchmark_enable"):
        pytest.skip("1,000 submissions are written by `make bench` only")
    folder = Path(tmp_path_factory.mktemp("many"))
    make_many(folder, root, MANY)
    return folder


@pytest.mark.benchmark(group="a page of 1,000 submissions of 100 hands (mark: 60 s)")
def test_build(benchmark: Any, many: Path) -> None:
    command = [sys.executable, "-m", "tot24_bench.cli", "leaderboard", "--results", str(many)]
    benchmark.pedantic(
        lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL), rounds=1
    )
    kilobytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert kilobytes < MAX_MEGABYTES * 1_000
    assert (many / site.PAGE).stat().st_size < MAX_BYTES


@pytest.mark.benchmark(group="a page of 1,000 submissions of 100 hands (mark: 60 s)")
def test_reading_alone(benchmark: Any, many: Path) -> None:
    benchmark.pedantic(lambda: read_entries(many), rounds=1)


@pytest.mark.benchmark(group="a sort of a page of 1,000 rows, in Chromium (mark: 150 ms)")
def test_sort(benchmark: Any, many: Path, browser: Any) -> None:  # noqa: F811
    page = browser.new_page()
    page.goto((many / site.PAGE).as_uri())
    page.wait_for_selector("#more-rows")
    paint = page.evaluate(
        "performance.getEntriesByName('first-contentful-paint').map((one) => one.startTime)[0]"
    )
    columns = iter(["acc", "model", "total", "size"] * 5)
    times = []

    def sort() -> None:
        milliseconds = page.evaluate(
            """async (id) => {
                const start = performance.now();
                document.getElementById(id).click();
                await new Promise((done) => addEventListener("hashchange", done, {once: true}));
                document.getElementById("rows").getBoundingClientRect(); // lays it out
                return performance.now() - start;
            }""",
            f"sort-{next(columns)}",
        )
        times.append(milliseconds)

    benchmark.pedantic(sort, rounds=12)
    megabytes = (many / site.PAGE).stat().st_size / 1e6
    said = f"{megabytes:.1f} MB, first paint {paint:.0f} ms, sorts (browser's clock):"
    print(f"\n{said}", *(f"{one:.0f}" for one in times), "ms")
    page.close()
