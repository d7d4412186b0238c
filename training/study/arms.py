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
from typing import TYPE_CHECKING, Any

import yaml

from tot24_bench.checkpoint import checkpoint_sha256
from tot24_bench.files import write_durably
from tot24_bench.harness import MAX_GEN_TOKS
from tot24_bench.prompts import build
from tot24_bench.traces import Trace

from ..export import RECORD
from ..rows import guard, hands_shown
from ..tokenizer import build_tokenizer
from .answers import Answers
from .plan import Arm, BadPlan, Folders, Plan, PublicTranscript, SameHands

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

SHARES = {
    "io": {"io_share": 1.0, "cot_share": 0.0},
    "cot": {"io_share": 0.0, "cot_share": 1.0},
    "onestep_tot": {"io_share": 0.0, "cot_share": 0.0},
}
"""Rows of one method alone."""

DECIDED = frozenset(
    {"output_dir", "export_dir", "seed", "row_seed", "completion_tokens", "dataset"}
    | {"val_method", "val_split"}
)
"""Keys that the plan's own fields decide: given again as settings, they could say otherwise."""


class ArmFailed(ValueError):
    """An arm could not be trained; the message is what `training.sft` said."""


def config_of(plan: Plan, arm: Arm, folders: Folders) -> dict[str, Any]:
    """The arm's config, every key of it.

    Raises:
        BadPlan: a setting that the plan's fields decide, or a base without settings.
        OSError: the base cannot be read.
    """
    file = folders.kept / plan.base
    base = yaml.safe_load(file.read_text(encoding="utf-8"))
    if not isinstance(base, dict):
        raise BadPlan(f"{file} holds no settings: give keys of training.sft")
    for where, settings in ((plan.base, base), (arm.name, arm.settings)):
        if again := DECIDED & settings.keys():
            raise BadPlan(f"{where}: {sorted(again)[0]} is decided by the plan's own fields")
    config: dict[str, Any] = {
        "val_tokens": MAX_GEN_TOKS[arm.method],
        **base,
        **plan.sizes[arm.size].to_json(),
        **SHARES[arm.method],
        "val_method": arm.method,
        "seed": arm.seed,
        "row_seed": arm.seed,
        "completion_tokens": arm.completion_tokens,
        "output_dir": str(folders.run(arm)),
        "export_dir": str(folders.student(arm)),
    }
    if arm.data is not None:
        config["dataset"] = str(folders.dataset(arm.data))
    return {**config, **arm.settings}


def check_config(config: dict[str, Any]) -> None:
    """Build the config as `training.sft` does.

    Raises:
        BadPlan: an unknown key, or a value that cannot be.
    """
    from ..config import Configs, make_parser

    try:
        found = Configs(*make_parser().parse_dict({**config}, allow_extra_keys=False))
    except (ValueError, TypeError) as error:
        raise BadPlan(f"{config['output_dir']}: {' '.join(str(error).split())[:300]}") from None
    if found.rows.dataset is None:
        guard(found.rows)


def require_same_settings(plan: Plan, arm: Arm, folders: Folders) -> None:
    """Refuse a student that was trained by anything but the plan.

    Raises:
        BadPlan: it was, or nobody knows.
    """
    record = folders.read_record(arm)
    if record is None:
        raise BadPlan(f"{arm.name} is not trained: python -m training.study train {arm.name}")
    if _learnt(record["study"]["config"]) != _learnt(config_of(plan, arm, folders)):
        raise BadPlan(
            f"{arm.name} was trained by other settings than the plan's: move {folders.run(arm)} "
            "away and train it again"
        )


def _learnt(config: dict[str, Any]) -> dict[str, Any]:
    """Without the folders, which decide nothing; of a dataset its name, whatever it lies in."""
    dataset = config.get("dataset")
    left = {key: value for key, value in config.items() if key not in ("output_dir", "export_dir")}
    return {**left, "dataset": None if dataset is None else Path(dataset).name}


# Data.


def absent(plan: Plan, arm: Arm) -> Path | None:
    """The transcript that an arm needs and that is not here; None where it can be trained."""
    source = None if arm.data is None else _source(plan, arm.data).transcript
    return None if source is None or source.is_file() else source


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
    """The traces of a transcript, without those that are too long."""
    asked = ("--model", source.model, "--method", source.method)
    _traces("import", source.transcript, *asked, "-o", traces)
    if source.longest is not None:
        tokenizer = build_tokenizer()
        lines = filter(None, traces.read_text(encoding="utf-8").split("\n"))
        kept = [f"{line}\n" for line in lines if _tokens(line, tokenizer) <= source.longest]
        traces.write_text("".join(kept), encoding="utf-8")
    return traces


def _tokens(line: str, tokenizer: PreTrainedTokenizerFast) -> int:
    """Tokens of the row that a trace becomes, its end token included."""
    trace = Trace.model_validate_json(line)
    prompt = build(trace.method, trace.puzzle, shots=0).text
    return len(tokenizer(prompt + trace.response, verbose=False)["input_ids"]) + 1


def _solved(other: Path, name: str, folder: Path) -> list[Path]:
    """Trace files of the solver, one for each number of rows that a hand has."""
    found = []
    wanted = hands_of(other)
    for times in sorted(set(wanted.values())):
        hands = folder / f"{name}.x{times}.txt"
        chosen = sorted(hand for hand, count in wanted.items() if count == times)
        hands.write_text("".join(f"{hand}\n" for hand in chosen), encoding="utf-8")
        found.append(folder / f"{name}.x{times}.jsonl")
        asked = ("--teacher", "solver", "--hands", hands, "--samples", times)
        _traces("generate", *asked, "-o", found[-1])
    return found


def _traces(*arguments: object) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tot24_bench.cli", "traces", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
    )
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
    """Train what is not trained yet.

    Args:
        say: gets a line an arm.
        again: train an arm whose student is gone though it has met every test, to compare.

    Raises:
        ArmFailed: `training.sft` ended with an error; the arms after it are not begun.
        BadPlan: an arm has checkpoints of other settings.
        BadSubmission: a submission beside the plan cannot be read.
    """
    answers = Answers.read(plan, folders.kept)
    for place, arm in enumerate(arms, start=1):
        head = f"[{place}/{len(arms)}] {arm.name}"
        if folders.is_trained(arm):
            say(f"{head}: trained already{_keep_record(arm, folders, answers)}")
        elif answers.complete(plan, arm) and not again:
            say(f"{head}: has met every test; named, it is trained again and compared")
        elif missing := absent(plan, arm):
            say(f"{head}: SKIPPED, there is no {missing}")
        else:
            if arm.data is not None:
                make_data(plan, arm.data, folders)
            config = write_config(plan, arm, folders)
            say(f"{head}: {arm.completion_tokens:,} completion tokens, about {arm.minutes:g} min")
            _train(arm, config)
            kept = _keep_record(arm, folders, answers)
            say(f"{head}: {_told(_record_of_student(arm, folders))}{kept}")


def write_config(plan: Plan, arm: Arm, folders: Folders) -> Path:
    """The arm's config as a file.

    Raises:
        BadPlan, OSError: as `config_of`; or the arm has checkpoints of other settings.
    """
    config, path = config_of(plan, arm, folders), folders.run(arm) / "config.yaml"
    begun = any(folders.run(arm).glob("checkpoint-*")) or folders.is_trained(arm)
    if begun and path.is_file() and yaml.safe_load(path.read_text(encoding="utf-8")) != config:
        raise BadPlan(
            f"{arm.name} was trained by other settings than the plan's: move {folders.run(arm)} "
            "away, or restore the plan"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_durably(path, yaml.safe_dump(config, sort_keys=False))
    return path


def _train(arm: Arm, config: Path) -> None:
    command = [sys.executable, "-m", "training.sft", "--config", str(config)]
    log = config.with_name("training.log")
    with log.open("a", encoding="utf-8") as file:
        done = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT)
    if done.returncode:
        lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
        last = next((line for line in reversed(lines) if line.strip()), "")
        raise ArmFailed(f"{arm.name}: {last.strip()[:400]} (all of it: {log})")


def _told(record: dict[str, Any]) -> str:
    """What came out, in a line."""
    best = record["best_val_acc"]
    accuracy = "no accuracy on val" if best is None else f"{best:.1%} on val"
    return f"{accuracy}, {record['steps']:,} steps, {record['seconds'] / 60:.1f} min"


def _record_of_student(arm: Arm, folders: Folders) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((folders.student(arm) / RECORD).read_text(encoding="utf-8"))
    return record


def _keep_record(arm: Arm, folders: Folders, answers: Answers) -> str:
    """Keep the student's record, unless there is one that has to stay; what to say of that."""
    kept = folders.read_record(arm)
    weights = checkpoint_sha256(str(folders.student(arm)))
    met = answers.weights_that_met(arm)
    if met and weights not in met:
        which = "" if kept is None else f" ({_told(kept)})"
        return (
            f"; OTHER WEIGHTS than those that met tests{which}: their record stays, and this "
            "student is asked nothing"
        )
    if kept is not None and kept["study"].get("checkpoint_sha256") == weights:
        return ", the weights of its record"
    file = folders.run(arm) / "config.yaml"
    config = yaml.safe_load(file.read_text(encoding="utf-8"))
    record = _record_of_student(arm, folders)
    record["study"] = {"arm": arm.name, "checkpoint_sha256": weights, "config": config}
    path = folders.record(arm)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_durably(path, json.dumps(record, indent=1) + "\n")
    return ""
