"""Distil: TRL's SFTTrainer on One-Step ToT traces, from one config.

    python -m training.sft --config training/configs/scout-2m.yaml
    python -m training.sft --config training/configs/scout-2m.yaml --rows 960 \\
        --output_dir runs/x --export_dir runs/x/student
    torchrun --nproc_per_node 2 -m training.sft --config ... --batch 32

Every key of the YAML file is a flag and the other way round: the fields of `RowConfig`,
`StudentConfig`, `AdapterConfig`, `FeedConfig`, `ValidationConfig`, `RunConfig` and TRL's own
`SFTConfig`. The loss is on the completion alone. Run the same command again after an interruption
and it goes on from its last checkpoint. At the end the checkpoint with the best greedy accuracy on
`val` is written to `export_dir`, an adapter merged into its weights. docs/training.md has it all.
"""

from __future__ import annotations

import os
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

try:
    from trl import SFTConfig, TrlParser
except ImportError as missing:
    raise SystemExit("training needs TRL: pip install 'tot24-bench[train]'") from missing

from transformers import AutoModelForCausalLM, EarlyStoppingCallback, TrainerState

from training.adapter import AdapterConfig, is_adapted, load_adapter, peft_config
from training.checks import require_sound
from training.export import RECORD, export
from training.faults import fault
from training.feed import FeedConfig
from training.feeding import feed_rows
from training.identity import (
    ROWS,
    SCHEDULE,
    KeepIdentity,
    require_same_rows,
    require_same_run,
    require_same_shape,
)
from training.memory import keep_freed_memory
from training.processes import require_together, share_batch
from training.record import make_record, require_own_place
from training.resume import AlreadyFinished, Stopwatch, is_finished, last_whole_checkpoint
from training.rows import RowConfig, guard
from training.stop import StopAfter
from training.student import StudentConfig, export_dtype, make_student
from training.validation import ValidatedTrainer, ValidationConfig


@dataclass
class RunConfig:
    """What becomes of the run. Flags and YAML keys."""

    export_dir: str | None = field(
        default=None,
        metadata={"help": "Where the finished student goes; none: output_dir/student."},
    )
    replace: bool = field(
        default=False,
        metadata={"help": "Let it replace a student of other settings in export_dir."},
    )
    stop_after: int | None = field(
        default=None, metadata={"help": "End at this step of a longer schedule."}
    )
    resume: bool = field(
        default=True, metadata={"help": "Go on from the last checkpoint of output_dir."}
    )
    batch: int | None = field(
        default=None,
        metadata={"help": "Rows of a step over all processes; none: per_device_... times those."},
    )
    patience: int = field(
        default=0,
        metadata={"help": "Evaluations without a better one until the run ends; 0: never."},
    )
    processes: int | None = field(
        default=None, metadata={"help": "Refuse to train in more or fewer processes."}
    )


class Configs(NamedTuple):
    """All settings of a run, in the order in which the parser knows them."""

    rows: RowConfig
    student: StudentConfig
    adapter: AdapterConfig
    feed: FeedConfig
    validation: ValidationConfig
    run: RunConfig
    sft: SFTConfig


def make_parser() -> TrlParser:
    """The parser of flags and YAML keys; batches are length-grouped unless told otherwise."""
    parser = TrlParser(
        (
            RowConfig,
            StudentConfig,
            AdapterConfig,
            FeedConfig,
            ValidationConfig,
            RunConfig,
            SFTConfig,
        )
    )
    parser.set_defaults(train_sampling_strategy="group_by_length")
    return parser


def main(arguments: list[str] | None = None) -> Path:
    """Train as the flags say; returns the folder of the finished student."""
    return train(Configs(*make_parser().parse_args_and_config(arguments)))


def train(configs: Configs) -> Path:
    """Train one student and export it; goes on where an earlier run of the same folder stopped.

    Raises:
        LeakedHand: when a held-out hand is in the training rows or their exemplars.
        BadDataset: the dataset is empty, unfiltered, or not whole.
        BadStudent: the student cannot be loaded, or its tokenizer does not suit.
        TooLong: rows are longer than the student's context.
        AnotherRun: the last checkpoint is of other settings, or of other rows.
        AnotherStudent: `export_dir` holds a student of other settings.
        BadProcesses: the processes that were started do not train together.
        AlreadyFinished: when the run has ended and its student is exported.
        OSError: a checkpoint or the student cannot be written.
    """
    rows, student, adapter, feed, validation, run, sft = configs
    require_sound(sft, student, adapter)
    guard(rows)
    batch = share_batch(sft, run.batch)
    folder = Path(run.export_dir or Path(sft.output_dir) / "student")
    checkpoint = last_whole_checkpoint(sft.output_dir) if run.resume else None
    if run.export_dir and not run.replace:
        require_own_place(folder, configs, batch)
    settings = _settings(configs, batch)
    if checkpoint is not None:
        require_same_run(checkpoint, settings)
    finished = is_finished(checkpoint, run.stop_after)
    if finished and (folder / RECORD).is_file():
        raise AlreadyFinished(
            f"{sft.output_dir} is finished and exported to {folder}: give another --output_dir "
            "to train again"
        )
    if sft.use_cpu:
        keep_freed_memory()
    adaption = peft_config(adapter)
    model, tokenizer = make_student(
        student, sft.seed, eos_token=sft.eos_token, pad_token=sft.pad_token
    )
    with sft.main_process_first(desc="rows"):
        fed = feed_rows(rows, feed, sft, model, tokenizer)
    data = fed.described()
    if checkpoint is not None:
        require_same_rows(checkpoint, data["sha256"])
    trainer = ValidatedTrainer(
        model=model,
        args=sft,
        train_dataset=fed.train,
        eval_dataset=fed.validation,
        processing_class=tokenizer,
        peft_config=adaption,
    )
    require_together(trainer.accelerator.num_processes, run.processes)
    trainer.validation, trainer.chat = validation, feed.chat
    stopwatch = Stopwatch(sft.output_dir, resumed=checkpoint is not None)
    trainer.add_callback(stopwatch)
    trainer.add_callback(KeepIdentity({**settings, ROWS: data["sha256"]}))
    if run.patience:
        sft.restore_callback_states_from_checkpoint = True  # else an interruption resets the count
        trainer.add_callback(EarlyStoppingCallback(run.patience))
    if run.stop_after is not None:
        trainer.add_callback(StopAfter(run.stop_after))
    if checkpoint is not None:
        require_same_shape(checkpoint, trainer.model, adaption is not None)
    if finished and checkpoint is not None:
        # It ended between its last checkpoint and the export: only the export is left to do.
        _take_best(trainer, checkpoint)
    else:
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    finished_model = _whole_model(trainer, folder)
    if trainer.is_world_process_zero():
        seconds = round(stopwatch.seconds)
        record = make_record(configs, trainer, data, batch, seconds, resumed=checkpoint is not None)
        export(finished_model, tokenizer, record, folder, export_dtype(student))
    trainer.accelerator.wait_for_everyone()
    return folder


def _settings(configs: Configs, batch: int) -> dict[str, Any]:
    """What decides what the student learns, for the checkpoints."""
    found: dict[str, Any] = {"batch": batch}
    for part in (configs.rows, configs.student, configs.adapter, configs.feed):
        found.update(asdict(part))
    found.update({name: getattr(configs.sft, name, None) for name in SCHEDULE})
    return {name: str(value) if isinstance(value, Path) else value for name, value in found.items()}


def _take_best(trainer: ValidatedTrainer, checkpoint: Path) -> None:
    """Give the trainer the state and the best weights of a run that has ended."""
    trainer.state = TrainerState.load_from_json(str(checkpoint / "trainer_state.json"))
    best = Path(trainer.state.best_model_checkpoint or checkpoint)
    if is_adapted(trainer.model):
        load_adapter(trainer.model, best)
    else:
        trainer.model = AutoModelForCausalLM.from_pretrained(best)


def _whole_model(trainer: ValidatedTrainer, folder: Path) -> Any:
    """The trained model with all its weights; every process takes part where they are in pieces."""
    from accelerate.utils import DistributedType

    if trainer.accelerator.distributed_type not in (
        DistributedType.FSDP,
        DistributedType.DEEPSPEED,
    ):
        return trainer.model
    gathered = Path(trainer.args.output_dir) / "gathered"
    trainer.save_model(str(gathered))
    if not trainer.is_world_process_zero():
        return None
    if (gathered / "adapter_config.json").is_file():
        from peft import AutoPeftModelForCausalLM

        return AutoPeftModelForCausalLM.from_pretrained(gathered)
    return AutoModelForCausalLM.from_pretrained(gathered)


def command(arguments: list[str] | None = None) -> int:
    """`main` for a terminal: its exit code, and a line of what it wrote or what is to be mended."""
    is_first = os.environ.get("RANK", "0") == "0"
    try:
        student = main(arguments)
        if is_first:
            print(
                f"training.sft: wrote {student}; evaluate it: tot24 eval --model hf --model_args "
                f"pretrained={student} --tasks game24_onestep_tot --num_fewshot 0 --name NAME"
            )
    except AlreadyFinished as done:
        print(f"training.sft: {done}", file=sys.stderr)
    except Exception as error:
        line = fault(error)
        if line is None:
            raise
        if is_first:
            print(f"training.sft: {line}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(command())
