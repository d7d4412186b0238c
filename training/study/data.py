"""Rows that are made before training: public transcripts, and the solver on the same hands.

A transcript goes the road of everybody's (`tot24 traces import`, then `filter`). `solver_for` asks
the solver for the hands of such a dataset, each as often as there, and filters them by the same
rules. Where a transcript is absent, what rests on it is left out, visibly.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from training.study.folders import Folders
from training.study.plan import Arm, BadPlan, Plan, SameHands, Transcript

_TOT24 = (sys.executable, "-m", "tot24_bench.cli", "traces")


def absent(plan: Plan, arm: Arm) -> Path | None:
    """The transcript that an arm needs and that is not here; None where it can be trained."""
    if arm.data is None:
        return None
    source = _transcript(plan, arm.data).transcript
    return None if source.is_file() else source


def make_data(plan: Plan, name: str, folders: Folders) -> Path:
    """The dataset of that name, made where it is not there yet.

    Raises:
        BadPlan: its transcript is absent, or `tot24 traces` refuses it.
    """
    folder = folders.dataset(name)
    if (folder / "prompt_completion").is_dir():
        return folder
    made, source = plan.data[name], _transcript(plan, name)
    if not source.transcript.is_file():
        raise BadPlan(f"there is no {source.transcript}: data {name} is made of it")
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(made, SameHands):
        traces = _solved(make_data(plan, made.solver_for, folders), folder)
    else:
        traces = [folder.with_name(f"{name}.jsonl")]
        arguments = ["--model", source.model, "--method", source.method, "-o", str(traces[0])]
        _run("import", str(source.transcript), *arguments)
    _run("filter", *map(str, traces), "-o", str(folder), "--level", source.level)
    return folder


def hands_of(folder: Path) -> Counter[str]:
    """The hands that a dataset's rows ask, as text, and how often."""
    from datasets import Dataset

    from training.rows import hands_shown

    rows = Dataset.from_parquet(str(folder / "prompt_completion" / "train.parquet"))
    return Counter(hands_shown(prompt)[-1] for prompt in rows["prompt"])


def _transcript(plan: Plan, name: str) -> Transcript:
    made = plan.data[name]
    source = plan.data[made.solver_for] if isinstance(made, SameHands) else made
    if not isinstance(source, Transcript):
        raise BadPlan(f"data {name}: {source.solver_for} is no transcript")
    return source


def _solved(other: Path, folder: Path) -> list[Path]:
    """Trace files of the solver, one for each number of rows that a hand has."""
    found = []
    wanted = hands_of(other)
    for times in sorted(set(wanted.values())):
        hands = folder.with_name(f"{folder.name}.x{times}.txt")
        chosen = sorted(hand for hand, count in wanted.items() if count == times)
        hands.write_text("".join(f"{hand}\n" for hand in chosen), encoding="utf-8")
        traces = folder.with_name(f"{folder.name}.x{times}.jsonl")
        asked = ["--teacher", "solver", "--hands", str(hands), "--samples", str(times)]
        _run("generate", *asked, "-o", str(traces))
        found.append(traces)
    return found


def _run(*arguments: str) -> None:
    done = subprocess.run(
        [*_TOT24, *arguments], capture_output=True, text=True, env={**os.environ, "NO_COLOR": "1"}
    )
    if done.returncode:
        said = " ".join(done.stderr.split())[-300:]
        raise BadPlan(f"tot24 traces {arguments[0]}: {said or done.returncode}")
