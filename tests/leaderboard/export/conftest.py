"""Submissions with hostile text in every field that an export shows, and the other project's wheel.

The wheel of every-eval-ever cannot be installed beside this project (it wants Python 3.12 and an
older huggingface-hub), so tests read its schemas and run its validator out of the file:

    pip download every-eval-ever==0.3.0 --no-deps --python-version 3.12 --only-binary=:all: \\
        -d .eee_cache
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from tot24_bench.leaderboard import Submission, write

from ..conftest import make_reported, make_sample, make_submission

WHEEL = "every_eval_ever-0.3.0-py3-none-any.whl"

HOSTILE = (
    "../../x",
    "\x1b[31mred\x1b]8;;http://evil\x07",
    "\u202egpj.exe\u2066",
    '=HYPERLINK("http://evil")',
    "+1+1",
    "-1",
    "@SUM(A1)",
    "\t=1+1",
    "\\input{/etc/passwd}",
    "\\\\[9in]",
    "[9in] a & b \\\\ \\write18{id} $x$ #1 %",
    "*",
    "a}}\\end{tabular}",
    "!!python/object/apply:os.system ['id']",
    "&a [*a, *a]",
    "a: b\n- dataset: {id: x/y}",
    "--- \n...",
    "日本 é ß Łódź ¿? 𝒳",
    "x" * 1_000,
)


@pytest.fixture(scope="session")
def eee_wheel(root: Path) -> Path:
    """The wheel of every-eval-ever; the test skips where nobody has downloaded it."""
    wheel = Path(os.environ.get("TOT24_EEE_WHEEL", root / ".eee_cache" / WHEEL))
    if not wheel.is_file():
        pytest.skip(f"no {wheel}: see {Path(__file__).relative_to(root)} for the one command")
    return wheel


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Measured, several responses a hand, rescored with responses withheld, and reported."""
    return store(tmp_path, every_kind())


def every_kind() -> list[Submission]:
    full = make_submission(84, 100, name="some-lab/tiny-24")
    repeated = make_submission(samples=mixed(), repeats=3, name="scout-2m")
    responses = tuple(withheld(sample) for sample in full.samples)
    rescored = make_submission(
        samples=responses,
        name="GPT-4",
        obtained="rescored",
        source="a public log",
        prompt_sha256=full.prompt_sha256,
    )
    return [full, repeated, rescored, make_reported(), make_reported(0.073, repeats=100, task="io")]


def mixed() -> tuple[Any, ...]:
    from tot24_bench.game import load_split

    puzzles = load_split("hard100")[:3]
    return tuple(
        make_sample(puzzle, right)
        for puzzle, right in zip(
            puzzles, [(True, True, False), (False, False, False), (True, False, False)], strict=True
        )
    )


def withheld(sample: Any) -> Any:
    from tot24_bench.leaderboard.submission import sha256_of

    hashes = tuple(map(sha256_of, sample.responses))
    return sample.model_copy(update={"responses": (), "responses_sha256": hashes})


def hostile(text: str) -> Submission:
    """A submission that says this wherever it can say something."""
    measured = make_submission(name="placeholder")
    model = {
        "name": text if text.strip() else "x",
        "precision": text,
        "base": text,
        "licence": text,
        "teacher": text,
        "source": text,
        "backend": text,
    }
    return make_submission(
        name=model.pop("name"),
        model=model,
        samples=measured.samples,
        notes=(text,),
        hardware=text,
        versions={text: text},
        generation={text: text, "temperature": text},
        seeds={text: 1},
    )


def store(tmp_path: Path, submissions: Iterable[Submission]) -> Path:
    folder = tmp_path / "results"
    for submission in submissions:
        write(submission, folder)
    return folder


Text = Annotated[str, StringConstraints(min_length=1, max_length=10_000)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class ResultDataset(_Strict):
    """`dataset` of a result: `id` and `task_id` are required."""

    id: Text
    task_id: Text
    revision: Text | None = None


class ResultSource(_Strict):
    """`source` of a result: `url` is required where it is given."""

    url: Annotated[str, StringConstraints(pattern=r"^https?://\S+$", max_length=2_000)]
    name: Text | None = None
    user: Text | None = None
    org: Text | None = None


class Result(_Strict):
    """One item of a file in `.eval_results/`."""

    dataset: ResultDataset
    value: Annotated[float, Field(ge=0, le=100)]
    verifyToken: Text | None = None  # noqa: N815 - the documented spelling
    date: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")] | None = None
    source: ResultSource | None = None
    notes: Text | None = None


class BenchmarkTask(_Strict):
    """One item of `tasks` in `eval.yaml`: `id` is required."""

    id: Text
    config: Text = "default"
    split: Text = "test"


class Benchmark(_Strict):
    """`eval.yaml`."""

    name: Text
    description: Text
    evaluation_framework: Text
    tasks: Annotated[list[BenchmarkTask], Field(min_length=1)]


def parse_results(text: str) -> list[Result]:
    """Read a file of `.eval_results/` back, refusing fields that are not documented."""
    return [Result.model_validate(item) for item in yaml.safe_load(text)]


def parse_benchmark(text: str) -> Benchmark:
    """Read `eval.yaml` back, refusing fields that are not documented."""
    return Benchmark.model_validate(yaml.safe_load(text))
