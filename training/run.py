"""A run over its interruptions and its processes: what makes it the run that it is.

Each checkpoint holds the settings that decide what is learnt in which step, and the hash of the
rows; they are written last. A checkpoint without them was being written when the process died, and
is passed over. One of another student, other rows or another schedule would load without a word, or
end in a page of shapes; here the difference is named, with what to do.

>>> differences({"seed": 1, "rows": 5}, {"seed": 0, "rows": 5}, ["seed", "rows"])
['seed is 1 here and 0 there']
"""

from __future__ import annotations

import ctypes
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback, TrainerState

from tot24_bench.files import write_durably
from tot24_bench.harness import process_count

from .config import AdapterConfig, FeedConfig, RowConfig, StudentConfig

if TYPE_CHECKING:
    from transformers import TrainingArguments

    from .config import Configs

IDENTITY = "tot24_run.json"
"""What is written last into a checkpoint: the settings, and the hash of the rows."""

ROWS = "rows_sha256"
"""Its key of the hash of the rows: not known before they are made, so it has a check of its own."""

SECONDS = "seconds.json"  # beside the checkpoints: seconds of training up to the last one
STATE = "trainer_state.json"  # where transformers tells how far a checkpoint is

SMALL_VOCABULARY = 4_096
"""Tokens up to which freed memory is kept."""

SCHEDULE = (
    *("adam_beta1", "adam_beta2", "adam_epsilon", "bf16", "fp16", "data_seed", "learning_rate"),
    *("lr_scheduler_type", "max_grad_norm", "max_length", "max_steps", "num_train_epochs", "optim"),
    *("packing", "seed", "train_sampling_strategy", "warmup_steps", "weight_decay"),
)
"""Settings of TRL and transformers that decide what is learnt in which step."""

_FIX = "give another --output_dir, or set these back, or start anew with --resume false"


class AlreadyFinished(ValueError):
    """The run has ended and its student is exported; training it again needs a new folder."""


class AnotherRun(ValueError):
    """The checkpoint belongs to a run with other settings."""


class BadProcesses(ValueError):
    """The processes cannot train this together."""


class RunNotes(TrainerCallback):  # type: ignore[misc]
    """Notes with each checkpoint whose run it is and how long it took; ends a part at its step.

    The learning rate is still high at `stop_after`. The next part starts from the exported
    student, with rows or a schedule of its own. Where nothing is resumed, seconds begin at 0.
    """

    def __init__(
        self, output_dir: str, settings: dict[str, Any], *, resumed: bool, stop_after: int | None
    ) -> None:
        self._folder, self._settings = Path(output_dir), settings
        self._stop_after = stop_after or sys.maxsize
        file = self._folder / SECONDS
        before = file.read_text(encoding="utf-8") if resumed and file.is_file() else "0"
        self._started = perf_counter() - float(json.loads(before))

    @property
    def seconds(self) -> float:
        """Seconds of training so far, those of earlier parts included."""
        return perf_counter() - self._started

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Ask the trainer to stop where the step is reached."""
        if state.global_step >= self._stop_after:
            control.should_training_stop = True

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """The checkpoint is there by now."""
        checkpoint = self._folder / f"checkpoint-{state.global_step}"
        if state.is_world_process_zero:
            (self._folder / SECONDS).write_text(json.dumps(round(self.seconds, 1)))
            if checkpoint.is_dir():
                text = json.dumps(self._settings, indent=1, sort_keys=True, default=str) + "\n"
                write_durably(checkpoint / IDENTITY, text)


def settings_of(configs: Configs, batch: int) -> dict[str, Any]:
    """What decides what the student learns, as JSON holds it."""
    found: dict[str, Any] = {"batch": batch}
    for part in (configs.rows, configs.student, configs.adapter, configs.feed):
        found |= asdict(part)
    found |= {name: getattr(configs.sft, name, None) for name in SCHEDULE}
    return dict(json.loads(json.dumps(found, default=str)))


def differences(
    here: Mapping[str, Any], there: Mapping[str, Any], names: Iterable[str]
) -> list[str]:
    """What a run and an earlier one do not agree on, each as words."""
    return [
        f"{name} is {here.get(name)!r} here and {there.get(name)!r} there"
        for name in names
        if here.get(name) != there.get(name)
    ]


def last_whole_checkpoint(output_dir: str) -> Path | None:
    """The checkpoint with the most steps among those that were written to the end."""
    whole = [file.parent for file in Path(output_dir).glob(f"checkpoint-[0-9]*/{IDENTITY}")]
    return max(whole, key=lambda path: int(path.name.split("-")[1]), default=None)


def is_finished(checkpoint: Path, stop_after: int | None = None) -> bool:
    """Whether the checkpoint is the end of its run, or of the part that ends at `stop_after`."""
    state = TrainerState.load_from_json(str(checkpoint / STATE))
    return bool(state.global_step >= min(state.max_steps, stop_after or state.max_steps))


def require_same_run(checkpoint: Path, settings: dict[str, Any]) -> None:
    """Refuse a checkpoint of other settings.

    Raises:
        AnotherRun: names what differs.
    """
    there = _defaults() | json.loads((checkpoint / IDENTITY).read_text(encoding="utf-8"))
    if differ := differences(settings, there, sorted({*there, *settings} - {ROWS})):
        raise AnotherRun(f"{checkpoint} is of another run: {', '.join(differ[:4])}: {_FIX}")


def _defaults() -> dict[str, Any]:
    """Of settings that there were not yet when an older checkpoint was written."""
    parts = (RowConfig(), StudentConfig(), AdapterConfig(), FeedConfig())
    return {name: value for part in parts for name, value in asdict(part).items()}


def require_same_rows(checkpoint: Path, sha256: str) -> None:
    """Refuse a checkpoint of other rows; one that does not tell its own is let through.

    Raises:
        AnotherRun: the settings are the same, so other code or other data made the rows.
    """
    there = json.loads((checkpoint / IDENTITY).read_text(encoding="utf-8"))
    if there.get(ROWS, sha256) != sha256:
        raise AnotherRun(
            f"{checkpoint} is of other rows, by the same settings: restore the code and the data "
            "that it began with, or give another --output_dir, or start anew with --resume false"
        )


def share_batch(training: TrainingArguments, batch: int | None) -> int:
    """Rows of one optimizer step over all processes; divides `batch` among them where it is given.

    Raises:
        BadProcesses: the batch cannot be divided.
    """
    each = process_count() * training.gradient_accumulation_steps
    if batch is not None:
        if batch < 1 or batch % each:
            raise BadProcesses(
                f"--batch {batch} cannot be shared by {process_count()} processes with "
                f"{training.gradient_accumulation_steps} accumulation steps: take a multiple "
                f"of {each}"
            )
        training.per_device_train_batch_size = batch // each
    return int(training.per_device_train_batch_size * each)


def require_together(training: int, wanted: int | None) -> None:
    """Check that so many processes train together as were started, and as were asked for.

    Raises:
        BadProcesses: some train on their own, or there are more or fewer than wanted.
    """
    if process_count() != training:
        raise BadProcesses(
            f"{process_count()} processes were started and {training} train together: start them "
            "with torchrun --nproc_per_node N -m training.sft ..."
        )
    if wanted not in (None, training):
        raise BadProcesses(
            f"--processes {wanted}, but {training} train: start them with torchrun "
            f"--nproc_per_node {wanted} -m training.sft ... (accelerate launch --cpu starts one)"
        )


def keep_freed_memory() -> None:
    """Tell glibc's malloc to keep what is freed, where there is such a malloc.

    A training step on the CPU frees and asks for the same gigabyte again, and every page is zeroed
    by the kernel anew. Keeping it is faster, and the process stays as large as its largest batch.
    """
    if sys.platform == "linux" and (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)):
        mallopt(-4, 0)  # M_MMAP_MAX
        mallopt(-1, -1)  # M_TRIM_THRESHOLD


def give_back_large_blocks() -> None:
    """Tell glibc's malloc to give blocks of 32 MB back as soon as they are freed, where it can.

    By itself it keeps ever larger ones. Logits over a large vocabulary, and attention over rows of
    all lengths, then leave holes that nothing fits into again: 16 GB, where 7 are enough. What is
    smaller is kept: to give all of it back took a third of the time (the kernel clears each page).
    """
    if sys.platform == "linux" and (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)):
        mallopt(-3, 32 << 20)  # M_MMAP_THRESHOLD, in bytes
        mallopt(-1, -1)  # M_TRIM_THRESHOLD
