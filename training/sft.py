"""Distil: TRL's SFTTrainer on One-Step ToT traces, from one config.

    python -m training.sft --config training/configs/scout-2m.yaml
    python -m training.sft --config training/configs/scout-2m.yaml --rows 960 --output_dir runs/x

Every key of the YAML file is a flag and the other way round: the fields of `RowConfig`,
`StudentConfig`, `RunConfig` and TRL's own `SFTConfig`. The loss is on the completion alone. Run the
same command again after an interruption and it goes on from its last checkpoint. At the end the
checkpoint with the best greedy accuracy on `val` is written to `export_dir`.
"""

from __future__ import annotations

import json
import os
import platform
import shlex
import sys
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

try:
    from trl import SFTConfig, TrlParser
except ImportError as missing:
    raise SystemExit("training needs TRL: pip install 'tot24-bench[train]'") from missing

from transformers import AutoModelForCausalLM, TrainerState

from training.memory import keep_freed_memory
from training.resume import AlreadyFinished, Stopwatch, is_finished, last_whole_checkpoint
from training.rows import RowConfig, describe, guard, make_dataset, make_validation_rows, teacher_of
from training.stop import StopAfter
from training.student import StudentConfig, make_student
from training.validation import ValidatedTrainer

RECORD = "training.json"
"""The record beside the exported weights."""


@dataclass
class RunConfig:
    """What becomes of the run. Flags and YAML keys."""

    export_dir: str | None = field(
        default=None,
        metadata={"help": "Where the finished student goes; none: output_dir/student."},
    )
    stop_after: int | None = field(
        default=None, metadata={"help": "End at this step of a longer schedule."}
    )
    resume: bool = field(
        default=True, metadata={"help": "Go on from the last checkpoint of output_dir."}
    )


def main(arguments: list[str] | None = None) -> Path:
    """Train as the flags say; returns the folder of the finished student."""
    parser = TrlParser((RowConfig, StudentConfig, RunConfig, SFTConfig))
    rows, student, run, sft = parser.parse_args_and_config(arguments)
    return train(rows, student, run, sft)


def train(rows: RowConfig, student: StudentConfig, run: RunConfig, sft: SFTConfig) -> Path:
    """Train one student and export it; goes on where an earlier run of the same folder stopped.

    Raises:
        LeakedHand: when a held-out hand is in the training rows or their exemplars.
        AlreadyFinished: when the run has ended and its student is exported.
    """
    guard(rows)
    export = Path(run.export_dir or Path(sft.output_dir) / "student")
    checkpoint = last_whole_checkpoint(sft.output_dir) if run.resume else None
    finished = is_finished(checkpoint, run.stop_after)
    if finished and (export / RECORD).is_file():
        raise AlreadyFinished(
            f"{sft.output_dir} is finished and exported to {export}: give another --output_dir "
            "to train again"
        )
    if sft.use_cpu:
        keep_freed_memory()
    model, tokenizer = make_student(student, sft.seed)
    dataset = make_dataset(rows).select_columns(["prompt", "completion"])
    trainer = ValidatedTrainer(
        model=model,
        args=sft,
        train_dataset=dataset,
        eval_dataset=make_validation_rows(rows).select_columns(["prompt", "completion"]),
        processing_class=tokenizer,
    )
    stopwatch = Stopwatch(sft.output_dir, resumed=checkpoint is not None)
    trainer.add_callback(stopwatch)
    if run.stop_after is not None:
        trainer.add_callback(StopAfter(run.stop_after))
    if finished and checkpoint is not None:
        # It ended between its last checkpoint and the export: only the export is left to do.
        trainer.state = TrainerState.load_from_json(str(checkpoint / "trainer_state.json"))
        best = trainer.state.best_model_checkpoint
        trainer.model = AutoModelForCausalLM.from_pretrained(best or checkpoint)
    else:
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    trainer.model.float().save_pretrained(export)
    tokenizer.save_pretrained(export)
    record = _record(rows, student, sft, trainer, stopwatch, resumed=checkpoint is not None)
    record["data"] = describe(dataset)
    (export / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return export


def _record(
    rows: RowConfig,
    student: StudentConfig,
    sft: SFTConfig,
    trainer: ValidatedTrainer,
    stopwatch: Stopwatch,
    *,
    resumed: bool,
) -> dict[str, Any]:
    """What reproduces the student, and what came out."""
    state = trainer.state
    on_val = sft.metric_for_best_model == "eval_val_acc"
    return {
        "teacher": teacher_of(rows),
        "command": shlex.join(["python", "-m", "training.sft", *sys.argv[1:]]),
        "rows": asdict(rows),
        "student": asdict(student),
        "seed": sft.seed,
        "steps": state.global_step,
        "batch": sft.per_device_train_batch_size * sft.gradient_accumulation_steps,
        "peak_learning_rate": sft.learning_rate,
        "precision": "bf16 autocast" if sft.bf16 else "fp32",
        "hardware": f"{platform.machine()} CPU, {os.cpu_count()} cores" if sft.use_cpu else "GPU",
        "versions": {name: version(name) for name in ("torch", "transformers", "trl")},
        "best_val_acc": state.best_metric if on_val else None,
        "best_checkpoint_step": state.best_global_step,
        "parameters": trainer.model.num_parameters(),
        "seconds": round(stopwatch.seconds),
        "resumed": resumed,
        "log": state.log_history,
        "earlier": _record_of(student.base),
    }


def _record_of(base: str | None) -> dict[str, Any] | None:
    """The record of the student that this one starts from, where it is one of ours."""
    file = Path(base or "") / RECORD
    if base is None or not file.is_file():
        return None
    record: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return record


if __name__ == "__main__":
    try:
        main()
    except AlreadyFinished as finished:
        print(f"training.sft: {finished}", file=sys.stderr)
    except ValueError as error:
        print(f"training.sft: {error}", file=sys.stderr)
        raise SystemExit(2) from error
