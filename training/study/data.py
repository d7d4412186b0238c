"""Rows that are made before training: public transcripts, and the solver on the same hands.

A transcript goes the road of everybody's (`tot24 traces import`, then `filter`). `solver_for` asks
the solver for the hands of such a dataset, each as often as there, and filters them by the same
rules. Where a transcript is absent, what rests on it is left out, visibly. `NAME.made.json` says
what of the plan a dataset was made from: another plan does not take it for its own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tot24_bench.files import write_durably
from tot24_bench.prompts import build
from tot24_bench.traces import Trace
from training.study.folders import Folders
from training.study.plan import Arm, BadPlan, Plan, SameHands, Transcript
from training.tokenizer import build_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

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
        BadPlan: its transcript is absent, `tot24 traces` refuses it, or the one that is there was
            made from something else.
    """
    folder, wanted = folders.dataset(name), _made_from(plan, name)
    note = folder.with_name(f"{name}.made.json")
    if (folder / "prompt_completion").is_dir():
        if not note.is_file() or json.loads(note.read_text(encoding="utf-8")) != wanted:
            raise BadPlan(f"{folder} was not made from the plan's data {name}: move it away")
        return folder
    made, source = plan.data[name], _transcript(plan, name)
    if not source.transcript.is_file():
        raise BadPlan(f"there is no {source.transcript}: data {name} is made of it")
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    write_durably(note, json.dumps(wanted, indent=1) + "\n")
    with TemporaryDirectory(dir=folder.parent) as traces:  # old ones would be gone on with
        if isinstance(made, SameHands):
            files = _solved(make_data(plan, made.solver_for, folders), name, Path(traces))
        else:
            files = [_imported(source, Path(traces) / f"{name}.jsonl")]
        _run("filter", *map(str, files), "-o", str(folder), "--level", source.level)
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


def _made_from(plan: Plan, name: str) -> dict[str, Any]:
    """The plan's fields for the data, and for the data that its hands are of."""
    made = plan.data[name]
    found = {name: made.to_json()}
    return found | _made_from(plan, made.solver_for) if isinstance(made, SameHands) else found


def _imported(source: Transcript, traces: Path) -> Path:
    """The traces of a transcript, without those that are too long."""
    arguments = ["--model", source.model, "--method", source.method, "-o", str(traces)]
    _run("import", str(source.transcript), *arguments)
    if source.longest is not None:
        lines = filter(None, traces.read_text(encoding="utf-8").split("\n"))
        kept = [f"{line}\n" for line in lines if _tokens(line) <= source.longest]
        traces.write_text("".join(kept), encoding="utf-8")
    return traces


def _tokens(line: str) -> int:
    """Tokens of the row that a trace becomes, its end token included."""
    trace = Trace.model_validate_json(line)
    prompt = build(trace.method, trace.puzzle, shots=0).text
    return len(_tokenizer()(prompt + trace.response, verbose=False)["input_ids"]) + 1


@cache
def _tokenizer() -> PreTrainedTokenizerFast:
    return build_tokenizer()


def _solved(other: Path, name: str, folder: Path) -> list[Path]:
    """Trace files of the solver, one for each number of rows that a hand has."""
    found = []
    wanted = hands_of(other)
    for times in sorted(set(wanted.values())):
        hands = folder / f"{name}.x{times}.txt"
        chosen = sorted(hand for hand, count in wanted.items() if count == times)
        hands.write_text("".join(f"{hand}\n" for hand in chosen), encoding="utf-8")
        traces = folder / f"{name}.x{times}.jsonl"
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
