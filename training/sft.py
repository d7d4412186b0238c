"""Distil: TRL's SFTTrainer on One-Step ToT traces, from one config.

    python -m training.sft --config training/configs/scout-2m.yaml
    python -m training.sft --config training/configs/scout-2m.yaml --rows 960 \\
        --output_dir runs/x --export_dir runs/x/student
    torchrun --nproc_per_node 2 -m training.sft --config ... --batch 32

`tot24 train` is the same command. Every key of the YAML file is a flag and the other way round:
see `training/config.py`. The loss is on the completion alone. Run the same command again after an
interruption and it goes on from its last checkpoint. At the end the checkpoint with the best greedy
accuracy on `val` is written to `export_dir`, an adapter merged into its weights. docs/training.md
has it all.
"""

from __future__ import annotations

import errno
import re
import sys
from pathlib import Path
from typing import Any

try:
    import trl  # noqa: F401
except ImportError as missing:
    raise SystemExit("training needs TRL: pip install 'tot24-bench[train]'") from missing

from transformers import AutoModelForCausalLM, EarlyStoppingCallback, TrainerState

from tot24_bench.checkpoint import ADAPTER_CONFIG
from tot24_bench.harness import is_first_process

from .config import Configs, read_configs, require_sound, say
from .export import RECORD, export, make_record, require_own_place
from .rows import guard
from .run import (
    ROWS,
    SMALL_VOCABULARY,
    STATE,
    AlreadyFinished,
    BadProcesses,
    RunNotes,
    give_back_large_blocks,
    is_finished,
    keep_freed_memory,
    last_whole_checkpoint,
    require_same_rows,
    require_same_run,
    require_together,
    settings_of,
    share_batch,
)
from .student import make_student, peft_config
from .tokens import make_tokens
from .validation import ValidatedTrainer


def main(arguments: list[str] | None = None) -> Path:
    """Train as the flags say; returns the folder of the finished student."""
    return train(read_configs(arguments))


def train(configs: Configs) -> Path:
    """Train one student and export it; goes on where an earlier run of the same folder stopped.

    Raises:
        AlreadyFinished: when the run has ended and its student is exported.
        ValueError: what cannot be trained is refused where it is found: LeakedHand, BadDataset,
            BadStudent, TooLong, AnotherRun, AnotherStudent, BadProcesses.
        OSError: a checkpoint or the student cannot be written.
    """
    rows, student, adapter, feed, validation, run, sft = configs
    require_sound(configs)
    guard(rows)
    batch = share_batch(sft, run.batch)
    folder = Path(run.export_dir or Path(sft.output_dir) / "student")
    checkpoint = last_whole_checkpoint(sft.output_dir) if run.resume else None
    if run.export_dir and not run.replace:
        require_own_place(folder, configs, batch)
    settings, finished = settings_of(configs, batch), False
    if checkpoint is not None:
        require_same_run(checkpoint, settings)
        finished = is_finished(checkpoint, run.stop_after)
    if finished and (folder / RECORD).is_file():
        raise AlreadyFinished(
            f"{sft.output_dir} is finished and exported to {folder}: give another --output_dir "
            "to train again"
        )
    model, tokenizer = make_student(
        student, sft.seed, eos_token=sft.eos_token, pad_token=sft.pad_token
    )
    if hasattr(model, "peft_config") and not adapter.use_peft:
        model = model.merge_and_unload()  # every weight is trained on from there
    if sft.use_cpu:
        if len(tokenizer) <= SMALL_VOCABULARY:
            keep_freed_memory()
        else:
            give_back_large_blocks()
    with sft.main_process_first(desc="rows"):
        train_rows, val_rows, data = make_tokens(rows, feed, sft, model, tokenizer)
    if checkpoint is not None:
        require_same_rows(checkpoint, data["sha256"])
    trainer = ValidatedTrainer(
        model=model,
        args=sft,
        train_dataset=train_rows,
        eval_dataset=val_rows,
        processing_class=tokenizer,
        peft_config=peft_config(adapter, model),
    )
    require_together(trainer.accelerator.num_processes, run.processes)
    trainer.validation, trainer.chat = validation, feed.chat
    trainer.shared_prompt, trainer.short_first = feed.shared_prompt, feed.short_first
    if feed.shared_prompt and trainer.accelerator.num_processes > 1:
        raise BadProcesses("--shared_prompt is for one process: leave it false with several")
    told, resumed = {**settings, ROWS: data["sha256"]}, checkpoint is not None
    notes = RunNotes(sft.output_dir, told, resumed=resumed, stop_after=run.stop_after)
    trainer.add_callback(notes)
    if run.patience:
        sft.restore_callback_states_from_checkpoint = True  # else an interruption resets the count
        trainer.add_callback(EarlyStoppingCallback(run.patience))
    if finished and checkpoint is not None:
        # It ended between its last checkpoint and the export: only the export is left to do.
        trainer.state = TrainerState.load_from_json(str(checkpoint / STATE))
        trainer._load_from_checkpoint(trainer.state.best_model_checkpoint or str(checkpoint))
    else:
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    model = _whole_model(trainer)
    if trainer.is_world_process_zero():
        seconds = round(notes.seconds)
        record = make_record(configs, trainer, data, batch, seconds, resumed=resumed)
        export(model, tokenizer, record, folder, configs)
    trainer.accelerator.wait_for_everyone()
    return folder


def _whole_model(trainer: ValidatedTrainer) -> Any:
    """The trained model with all its weights; every process takes part where they are in pieces."""
    if not trainer.in_pieces:
        return trainer.model
    gathered = Path(trainer.args.output_dir) / "gathered"
    trainer.save_model(str(gathered))
    if not trainer.is_world_process_zero():
        return None
    if (gathered / ADAPTER_CONFIG).is_file():
        from peft import AutoPeftModelForCausalLM

        return AutoPeftModelForCausalLM.from_pretrained(gathered)
    return AutoModelForCausalLM.from_pretrained(gathered)


def command(arguments: list[str] | None = None) -> int:
    """`main` for a terminal: its exit code, and a line of what it wrote or what is to be mended."""
    try:
        student = main(arguments)
        if is_first_process():
            print(
                f"training.sft: wrote {student}; evaluate it: tot24 eval --model hf --model_args "
                f"pretrained={student} --tasks game24_onestep_tot --num_fewshot 0 --name NAME"
            )
    except AlreadyFinished as done:
        say(str(done))
    except Exception as error:
        line = fault(error)
        if line is None:
            raise
        if is_first_process():
            say(line)
        return 2
    return 0


_FULL = "make room, and run the same command again: it goes on from the last whole checkpoint"
_MEANT = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "a file would be larger than the system allows",
}
_NOT_WRITTEN = re.compile("serializ|I/O|os error|PytorchStreamWriter|No space|inline_container")
"""What safetensors' and torch's own errors say where weights cannot be written."""


def fault(error: BaseException) -> str | None:
    """One line for an error that the user can mend; None for one in the code.

    >>> fault(ValueError("rows must be\\n    at least 1"))
    'rows must be at least 1'
    >>> fault(OSError(28, "No space left on device", "runs/x"))[:33]
    'the disk is full (runs/x): make r'
    >>> fault(RuntimeError("a bug")) is None
    True
    """
    said, kind = " ".join(str(error).split()), type(error).__name__
    if kind == "DatasetGenerationError" and error.__cause__ is not None:
        return fault(error.__cause__)
    if isinstance(error, OSError) and error.errno in _MEANT:
        where = f" ({error.filename})" if error.filename else ""
        return f"{_MEANT[error.errno]}{where}: {_FULL}"
    if kind in ("SafetensorError", "RuntimeError") and _NOT_WRITTEN.search(said):
        return f"a checkpoint cannot be written ({said[:120]}): {_FULL}"
    return said[:1000] if isinstance(error, (ValueError, OSError, ImportError)) else None


if __name__ == "__main__":
    sys.exit(command())
