"""One batch over several processes: the same rows in each step, however many share them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import TrainingArguments


class BadProcesses(ValueError):
    """The processes cannot train this together; the message says why and the fix."""


def processes() -> int:
    """How many processes the launcher says there are."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def share_batch(training: TrainingArguments, batch: int | None) -> int:
    """Rows of one optimizer step over all processes; divides `batch` among them where it is given.

    Raises:
        BadProcesses: the batch cannot be divided.
    """
    each = processes() * training.gradient_accumulation_steps
    if batch is not None:
        if batch < 1 or batch % each:
            raise BadProcesses(
                f"--batch {batch} cannot be shared by {processes()} processes with "
                f"{training.gradient_accumulation_steps} accumulation steps: take a multiple "
                f"of {each}"
            )
        training.per_device_train_batch_size = batch // each
    return int(training.per_device_train_batch_size * each)


def require_together(training: int, wanted: int | None) -> None:
    """Check that the processes that were started do train together.

    Args:
        training: how many take part.
        wanted: how many the user asked for; None for any number.

    Raises:
        BadProcesses: some train on their own, or there are more or fewer than wanted.
    """
    started = processes()
    if started != training:
        raise BadProcesses(
            f"{started} processes were started and {training} train together: start them with "
            "torchrun --nproc_per_node N -m training.sft ..."
        )
    if wanted is not None and wanted != training:
        raise BadProcesses(
            f"--processes {wanted}, but {training} train: start them with torchrun "
            f"--nproc_per_node {wanted} -m training.sft ... (accelerate launch --cpu starts one)"
        )
