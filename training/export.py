"""The finished student as a folder: merged weights, tokenizer, record, adapter, picture.

Everything is written beside the folder first and moved in at the end, the record last: a folder
with a record is whole, whatever the disk did. The record, `training.json`, is what the student says
of its training: all settings, the data with its hash and every hand, the log, and the record of the
student that it started from.
"""

from __future__ import annotations

import json
import os
import platform
import shlex
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tot24_bench.checkpoint import RECORD as RECORD  # beside the exported weights
from tot24_bench.checkpoint import checkpoint_sha256

from .config import TOT24, Configs, RowConfig, say
from .rows import teacher_of
from .run import differences
from .student import export_dtype

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from .validation import ValidatedTrainer

ADAPTER = "adapter"  # folder of the adapter beside the merged weights

PLOT = "training.png"


class AnotherStudent(ValueError):
    """`export_dir` holds a student of other settings; the message names them and the fix."""


def require_own_place(folder: Path, configs: Configs, batch: int) -> None:
    """Refuse to put a student in the place of one that was trained otherwise.

    Configs of shipped students name the shipped folder: with a flag changed, a run of a minute
    would replace weights that took an hour. What an older record does not tell is passed over.

    Raises:
        AnotherStudent: names what differs.
    """
    there = read_record(folder / RECORD)
    if there is None:
        return
    sft = configs.sft
    here = {**_rows(configs.rows), **asdict(configs.student), **asdict(configs.feed)}
    here |= {"seed": sft.seed, "batch": batch, "peak_learning_rate": sft.learning_rate}
    steps = configs.run.stop_after or sft.max_steps
    if 0 < steps < there.get("steps", 0):  # more are its next part, or patience ended it
        here["steps"] = steps
    told = dict(there)
    for part in ("rows", "student", "feed"):
        told |= told.pop(part, None) or {}
    differ = differences(here, told, [name for name in here if name in told])
    if differ:
        raise AnotherStudent(
            f"{folder} holds a student that was trained otherwise ({'; '.join(differ[:3])}): give "
            "another --export_dir, or --replace true to put the new one in its place"
        )


def read_record(file: Path) -> dict[str, Any] | None:
    """The record in a file; None where there is no such file."""
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else None


def make_record(
    configs: Configs,
    trainer: ValidatedTrainer,
    data: dict[str, Any],
    batch: int,
    seconds: int,
    *,
    resumed: bool,
) -> dict[str, Any]:
    """What reproduces the student, and what came out.

    Args:
        trainer: once it has trained.
        data: the rows described; the hands of a base of ours are added to theirs.
        batch: rows of a step, over all processes.
        seconds: of training, over all parts of the run.
        resumed: whether it was interrupted.
    """
    state, sft, base = trainer.state, configs.sft, configs.student.base
    earlier = None if base is None else read_record(Path(base) / RECORD)
    packages = ["torch", "transformers", "trl", *(["peft"] if configs.adapter.use_peft else [])]
    program = TOT24.split() if sys.argv[0] == TOT24 else ["python", "-m", "training.sft"]
    return {
        "teacher": teacher_of(configs.rows),
        "command": shlex.join([*program, *sys.argv[1:]]),
        "rows": _rows(configs.rows),
        "student": asdict(configs.student),
        "adapter": asdict(configs.adapter) if configs.adapter.use_peft else None,
        "feed": asdict(configs.feed),
        "validation": asdict(configs.validation),
        "seed": sft.seed,
        "steps": state.global_step,
        "batch": batch,
        "processes": trainer.accelerator.num_processes,
        "peak_learning_rate": sft.learning_rate,
        "precision": "bf16 autocast" if sft.bf16 else "fp16 autocast" if sft.fp16 else "fp32",
        "hardware": _hardware(trainer),
        "versions": {name: version(name) for name in packages},
        "best_val_acc": state.best_metric if sft.metric_for_best_model == "eval_val_acc" else None,
        "best_checkpoint_step": state.best_global_step,
        "seconds": seconds,
        "resumed": resumed,
        "log": state.log_history,
        "earlier": earlier,
        "data": {**data, "hands": _hands_of_all_parts(data, earlier)},
    }


def _rows(rows: RowConfig) -> dict[str, Any]:
    """What the rows were made of: of a dataset its name, for the other settings did nothing."""
    return asdict(rows) if rows.dataset is None else {"dataset": Path(rows.dataset).name}


def _hands_of_all_parts(data: dict[str, Any], earlier: dict[str, Any] | None) -> list[str]:
    """Every hand that the student has seen, its bases' included: leaks are looked for in these.

    The count of rows and their hash beside them are of the last part alone.
    """
    told = set(data["hands"])
    while earlier is not None:
        told.update((earlier.get("data") or {}).get("hands", ()))
        earlier = earlier.get("earlier")
    return sorted(told, key=lambda hand: [int(number) for number in hand.split()])


def _hardware(trainer: ValidatedTrainer) -> str:
    device = trainer.accelerator.device
    if device.type == "cpu":
        return f"{platform.machine()} CPU, {os.cpu_count()} cores"
    if device.type == "cuda":
        import torch

        return f"{trainer.accelerator.num_processes} x {torch.cuda.get_device_name(device)}"
    return str(device.type)


def export(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    record: dict[str, Any],
    folder: Path,
    configs: Configs,
) -> None:
    """Write the student; an adapter is merged into its weights and saved beside them.

    Or it stands alone, in bf16, and the record says which base it is for. Other files of the folder
    stay. `parameters` of the record are set here.

    Raises:
        OSError: it cannot be written; then `folder` has no record.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = folder.with_name(f".{folder.name}.{os.getpid()}.new")
    shutil.rmtree(new, ignore_errors=True)
    try:
        new.mkdir()
        if configs.run.merge:
            if hasattr(model, "merge_and_unload"):
                model.save_pretrained(new / ADAPTER)
                model = model.float().merge_and_unload()  # in fp32: a sum in bf16 would lose it
            record["parameters"] = model.num_parameters()
            model.to(export_dtype(configs.student)).save_pretrained(new)
            tokenizer.save_pretrained(new)
        else:
            trained = sum(one.numel() for one in model.parameters() if one.requires_grad)
            record |= {"parameters": model.num_parameters(), "adapter_parameters": trained}
            earlier = record["earlier"] or {}  # of the adapter that was gone on with
            weights = checkpoint_sha256(str(configs.student.base))
            record["base_sha256"] = earlier.get("base_sha256") or weights
            model.bfloat16().save_pretrained(new)
        plot(record["log"], new / PLOT, folder.resolve().name)
        (new / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        folder.mkdir(exist_ok=True)
        (folder / RECORD).unlink(missing_ok=True)
        shutil.rmtree(folder / ADAPTER, ignore_errors=True)
        # Of an export in more or fewer pieces: it would be loaded in place of the new weights.
        for old in (*folder.glob("model*.safetensors*"), *folder.glob("adapter_model*")):
            old.unlink()
        for path in sorted(new.iterdir(), key=lambda path: path.name == RECORD):
            os.replace(path, folder / path.name)
    finally:
        shutil.rmtree(new, ignore_errors=True)


_PANELS = {
    "loss a token": {"loss": "training rows", "eval_loss": "val"},
    "share of responses to val": {"eval_val_acc": "right", "eval_val_truncated": "cut off"},
    "a response to val": {
        "eval_val_thoughts": "thoughts",
        "eval_val_backtracks": "backtracks",
        "eval_val_dead_ends": "dead ends marked",
        "eval_val_revisits": "states come to again",
    },
    "share that is wrong": {
        "eval_val_dead_ends_wrong": "of the dead ends marked",
        "eval_val_false_thoughts": "of the thoughts",
    },
}
"""The picture: for each panel the keys of the log that it shows, and what they are called."""


def plot(log: Sequence[dict[str, Any]], path: Path, title: str) -> bool:
    """Draw the trainer's log as a PNG; False, with a note, where matplotlib is not installed.

    Raises:
        OSError: it cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        say(f"no {path.name}: pip install 'tot24-bench[plots]' has it drawn")
        return False
    figure = Figure(figsize=(10, 7), layout="constrained")
    figure.suptitle(title)
    for axes, (name, lines) in zip(figure.subplots(2, 2).flat, _PANELS.items(), strict=True):
        for key, label in lines.items():
            if points := [(entry["step"], float(entry[key])) for entry in log if key in entry]:
                axes.plot(*zip(*points, strict=True), label=label, marker="." * (len(points) < 40))
        axes.set(xlabel="step", ylabel=name)
        axes.set_ylim(bottom=0)
        if axes.lines:
            axes.legend(fontsize=8)
    figure.savefig(path, dpi=120)
    return True
