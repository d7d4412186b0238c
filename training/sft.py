"""Distil: TRL's SFTTrainer on One-Step ToT traces, from one config.

    python -m training.sft --config training/configs/scout-2m.yaml
    python -m training.sft --config training/configs/scout-2m.yaml --max_steps 9 --output_dir runs/x

Every key of the YAML file is a flag and the other way round: the fields of `RowConfig`,
`StudentConfig`, `RunConfig` and TRL's own `SFTConfig`. The loss is on the completion alone. Run the
same command again after an interruption and it goes on from its last checkpoint. At the end the
checkpoint with the best greedy accuracy on `val` is written to `export_dir`.
"""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

from transformers.trainer_utils import get_last_checkpoint
from trl import SFTConfig, TrlParser

from training.memory import keep_freed_memory
from training.rows import RowConfig, guard, make_dataset, make_validation_rows
from training.student import StudentConfig, make_student
from training.validation import ValidatedTrainer

TEACHER = "solver (exact search)"
"""Who writes the traces, as submissions and cards name it."""


@dataclass
class RunConfig:
    """What becomes of the run. Flags and YAML keys."""

    export_dir: str | None = field(
        default=None,
        metadata={"help": "Where the finished student goes; none: output_dir/student."},
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
    """Train one student and export it.

    Raises:
        LeakedHand: when a held-out hand is in the training rows or their exemplars.
    """
    guard(rows)
    if sft.use_cpu:
        keep_freed_memory()
    model, tokenizer = make_student(student, sft.seed)
    trainer = ValidatedTrainer(
        model=model,
        args=sft,
        train_dataset=make_dataset(rows).select_columns(["prompt", "completion"]),
        eval_dataset=make_validation_rows(rows).select_columns(["prompt", "completion"]),
        processing_class=tokenizer,
    )
    started = perf_counter()
    checkpoint = get_last_checkpoint(sft.output_dir) if run.resume else None
    trainer.train(resume_from_checkpoint=checkpoint)
    export = Path(run.export_dir or Path(sft.output_dir) / "student")
    trainer.model.float().save_pretrained(export)
    tokenizer.save_pretrained(export)
    record = {
        "teacher": TEACHER,
        "rows": asdict(rows),
        "student": asdict(student),
        "seed": sft.seed,
        "steps": trainer.state.global_step,
        "batch": sft.per_device_train_batch_size * sft.gradient_accumulation_steps,
        "peak_learning_rate": sft.learning_rate,
        "precision": "bf16 autocast" if sft.bf16 else "fp32",
        "hardware": f"{platform.machine()} CPU, {os.cpu_count()} cores" if sft.use_cpu else "GPU",
        "versions": {name: version(name) for name in ("torch", "transformers", "trl")},
        "best_val_acc": trainer.state.best_metric,
        "best_checkpoint_step": trainer.state.best_global_step,
        "parameters": trainer.model.num_parameters(),
        "seconds_this_run": round(perf_counter() - started),
        "resumed": checkpoint is not None,
        "log": trainer.state.log_history,
    }
    (export / "training.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return export


if __name__ == "__main__":
    main()
