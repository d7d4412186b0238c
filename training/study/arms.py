"""From an arm of the plan to a trained student: its config, its data, its training.

An arm's config is the base, then its size, its method and seed, its budget, and last its own
settings. What the plan's own fields decide, no settings say again.

Data that no solver wrote goes the road of everybody's (`tot24 traces import`, then `filter`).
`solver_for` asks the solver for the hands of such a dataset, each as often as there, and filters
them by the same rules. Where a transcript is absent, what rests on it is left out, visibly.

Each arm is trained in a process of its own: `training.sft` passes over one that is finished and
goes on with one that was interrupted. What is kept of an arm is its record, with the config and the
hash of the weights. Once the arm has met a test, its record stays, and a student trained again is
compared with it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from tot24_bench.checkpoint import checkpoint_sha256
from tot24_bench.files import write_durably
from tot24_bench.harness import MAX_GEN_TOKS
from tot24_bench.prompts import build
from tot24_bench.traces import Trace

from ..export import RECORD, read_record
from ..rows import guard, hands_shown
from ..tokenizer import build_tokenizer
from .answers import Answers
from .plan import Arm, BadPlan, Folders, Plan, PublicTranscript, SameHands

SHARES = {"io": (1.0, 0.0), "cot": (0.0, 1.0), "onestep_tot": (0.0, 0.0)}
"""IO and CoT rows' shares of an arm's rows: rows of one method alone."""

DECIDED = {
    *("output_dir", "export_dir", "seed", "row_seed", "completion_tokens", "dataset"),
    *("val_method", "val_split"),
}
"""Keys that the plan's own fields decide: given again as settings, they could say otherwise."""


class ArmFailed(ValueError):
    """An arm could not be trained; the message is what `training.sft` said."""


def config_of(plan: Plan, arm: Arm, folders: Folders) -> dict[str, Any]:
    """The arm's config, every key of it.

    Raises:
        BadPlan: a setting that the plan's fields decide, or a base without settings.
    """
    file = folders.kept / plan.base
    base = yaml.safe_load(file.read_text(encoding="utf-8"))
    if not isinstance(base, dict):
        raise BadPlan(f"{file} holds no settings: give keys of training.sft")
    for where, settings in ((plan.base, base), (arm.name, arm.settings)):
        if again := DECIDED & settings.keys():
            raise BadPlan(f"{where}: {sorted(again)[0]} is decided by the plan's own fields")
    io_share, cot_share = SHARES[arm.method]
    return {
        "val_tokens": MAX_GEN_TOKS[arm.method],
        **base,
        **plan.sizes[arm.size].to_json(),
        "io_share": io_share,
        "cot_share": cot_share,
        "val_method": arm.method,
        "seed": arm.seed,
        "row_seed": arm.seed,
        "completion_tokens": arm.completion_tokens,
        "output_dir": str(folders.run(arm)),
        "export_dir": str(folders.student(arm)),
        **({} if arm.data is None else {"dataset": str(folders.dataset(arm.data))}),
        **arm.settings,
    }


def check_config(config: dict[str, Any]) -> None:
    """Build the config as `training.sft` does; BadPlan for a key or a value that cannot be."""
    from ..config import Configs, make_parser

    try:
        found = Configs(*make_parser().parse_dict({**config}, allow_extra_keys=False))
    except (ValueError, TypeError) as error:
        raise BadPlan(f"{config['output_dir']}: {' '.join(str(error).split())[:300]}") from None
    if found.rows.dataset is None:
        guard(found.rows)


def require_same_settings(plan: Plan, arm: Arm, folders: Folders) -> None:
    """Refuse a student that was trained by anything but the plan, or nobody knows by what.

    Folders decide nothing; of a dataset its name counts, whatever it lies in.
    """

    def learnt(config: dict[str, Any]) -> dict[str, Any]:
        name = Path(config.get("dataset") or "").name
        return {**config, "dataset": name, "output_dir": None, "export_dir": None}

    record = folders.read_record(arm)
    if record is None:
        raise BadPlan(f"{arm.name} is not trained: python -m training.study train {arm.name}")
    if learnt(record["study"]["config"]) != learnt(config_of(plan, arm, folders)):
        raise BadPlan(
            f"{arm.name} was trained by other settings than the plan's: move {folders.run(arm)} "
            f"away and train it again: python -m training.study train {arm.name}"
        )


# Data.


def absent(plan: Plan, arm: Arm) -> Path | None:
    """The transcript that an arm needs and that is not here; None where it can be trained."""
    source = arm.data and _source(plan, arm.data).transcript
    return None if not source or source.is_file() else source


def make_data(plan: Plan, name: str, folders: Folders) -> Path:
    """The dataset of that name, made where it is not there yet.

    `NAME.made.json` says what of the plan it was made from.

    Raises:
        BadPlan: its transcript is absent, `tot24 traces` refuses it, or the one that is there was
            made from something else.
    """
    made, source, folder = plan.data[name], _source(plan, name), folders.dataset(name)
    note = folder.with_name(f"{name}.made.json")
    wanted = {name: made.to_json()}
    if isinstance(made, SameHands):
        wanted[made.solver_for] = source.to_json()
    if (folder / "prompt_completion").is_dir():
        if not note.is_file() or json.loads(note.read_text(encoding="utf-8")) != wanted:
            raise BadPlan(f"{folder} was not made from the plan's data {name}: move it away")
        return folder
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
        _traces("filter", *files, "-o", folder, "--level", source.level)
    return folder


def hands_of(folder: Path) -> Counter[str]:
    """The hands that a dataset's rows ask, as text, and how often."""
    from datasets import Dataset

    rows = Dataset.from_parquet(str(folder / "prompt_completion" / "train.parquet"))
    return Counter(hands_shown(prompt)[-1] for prompt in rows["prompt"])


def _source(plan: Plan, name: str) -> PublicTranscript:
    """The transcript that data are of, or whose hands they are of."""
    made = plan.data[name]
    return _source(plan, made.solver_for) if isinstance(made, SameHands) else made


def _imported(source: PublicTranscript, traces: Path) -> Path:
    """The traces of a transcript, without those whose rows are too long, the end token included."""
    asked = ("--model", source.model, "--method", source.method)
    _traces("import", source.transcript, *asked, "-o", traces)
    if source.longest is not None:
        tokenizer, kept = build_tokenizer(), []
        for line in filter(None, traces.read_text(encoding="utf-8").split("\n")):
            trace = Trace.model_validate_json(line)
            row = build(trace.method, trace.puzzle, shots=0).text + trace.response
            if len(tokenizer(row, verbose=False)["input_ids"]) < source.longest:
                kept.append(f"{line}\n")
        traces.write_text("".join(kept), encoding="utf-8")
    return traces


def _solved(other: Path, name: str, folder: Path) -> list[Path]:
    """Trace files of the solver, one for each number of rows that a hand has."""
    found, wanted = [], hands_of(other)
    for times in sorted(set(wanted.values())):
        hands = folder / f"{name}.x{times}.txt"
        chosen = sorted(hand for hand, count in wanted.items() if count == times)
        hands.write_text("".join(f"{hand}\n" for hand in chosen), encoding="utf-8")
        found.append(hands.with_suffix(".jsonl"))
        asked = ("--teacher", "solver", "--hands", hands, "--samples", times)
        _traces("generate", *asked, "-o", found[-1])
    return found


def _traces(*arguments: object) -> None:
    command = [sys.executable, "-m", "tot24_bench.cli", "traces", *map(str, arguments)]
    plain = {**os.environ, "NO_COLOR": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=plain)
    if done.returncode:
        said = " ".join(done.stderr.split())[-300:]
        raise BadPlan(f"tot24 traces {arguments[0]}: {said or done.returncode}")


# Training.


def train_arms(
    plan: Plan,
    arms: Sequence[Arm],
    folders: Folders,
    say: Callable[[str], object],
    *,
    again: bool = False,
) -> None:
    """Train what is not trained yet; `again`, too, what has a record and is gone, to compare.

    Raises:
        ArmFailed: `training.sft` ended with an error; the arms after it are not begun.
        BadPlan, BadSubmission: as `make_data`; as `Answers.read`.
    """
    answers = Answers.read(plan, folders.kept)
    for place, arm in enumerate(arms, start=1):
        head = f"[{place}/{len(arms)}] {arm.name}"
        if folders.is_trained(arm):
            say(f"{head}: trained already{_keep_record(arm, folders, answers)}")
        elif answers.complete(plan, arm) and not again:
            say(f"{head}: has met every test; named, it is trained again and compared")
        elif folders.read_record(arm) is not None and not again:
            say(f"{head}: has a record; named, it is trained again where its student is lost")
        elif missing := absent(plan, arm):
            say(f"{head}: SKIPPED, there is no {missing}")
        else:
            if arm.data is not None:
                make_data(plan, arm.data, folders)
            say(f"{head}: {arm.completion_tokens:,} completion tokens, about {arm.minutes:g} min")
            _train(arm, config_of(plan, arm, folders), folders.run(arm))
            kept = _keep_record(arm, folders, answers)
            say(f"{head}: {_told(read_record(folders.student(arm) / RECORD))}{kept}")


def _train(arm: Arm, config: dict[str, Any], folder: Path) -> None:
    """Train by `training.sft`, which refuses to go on with checkpoints of other settings."""
    folder.mkdir(parents=True, exist_ok=True)
    file, log = folder / "config.yaml", folder / "training.log"
    write_durably(file, yaml.safe_dump(config, sort_keys=False))
    command = [sys.executable, "-m", "training.sft", "--config", str(file)]
    with log.open("a", encoding="utf-8") as told:
        done = subprocess.run(command, stdout=told, stderr=subprocess.STDOUT)
    if done.returncode:
        last = log.read_text(encoding="utf-8", errors="replace").strip().split("\n")[-1]
        raise ArmFailed(f"{arm.name}: {last.strip()[:400]} (all of it: {log})")


def _told(record: dict[str, Any] | None) -> str:
    """What came out, in a line."""
    if record is None:
        return "no record"
    best = record["best_val_acc"]
    accuracy = "no accuracy on val" if best is None else f"{best:.1%} on val"
    return f"{accuracy}, {record['steps']:,} steps, {record['seconds'] / 60:.1f} min"


def _keep_record(arm: Arm, folders: Folders, answers: Answers) -> str:
    """Keep the student's record, unless there is one that has to stay; what to say of that."""
    kept, student = folders.read_record(arm), folders.student(arm)
    weights, met = checkpoint_sha256(str(student)), answers.weights_that_met(arm)
    if met and weights not in met:
        which = "" if kept is None else f" ({_told(kept)})"
        return (
            f"; OTHER WEIGHTS than those that met tests{which}: their record stays, and this "
            "student is asked nothing"
        )
    if kept is not None and kept["study"].get("checkpoint_sha256") == weights:
        return ", the weights of its record"
    config = yaml.safe_load((folders.run(arm) / "config.yaml").read_text(encoding="utf-8"))
    study = {"arm": arm.name, "checkpoint_sha256": weights, "config": config}
    record = {**(read_record(student / RECORD) or {}), "study": study}
    folders.record(arm).parent.mkdir(parents=True, exist_ok=True)
    write_durably(folders.record(arm), json.dumps(record, indent=1) + "\n")
    return ""
