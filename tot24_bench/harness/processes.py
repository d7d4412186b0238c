"""Several processes of one evaluation, as torchrun and `accelerate launch` start them.

Each process of lm-eval's `hf` model asks a share of the hands, and the first one gathers them:
process r of w asks the hands r, r + w, r + 2w, ... A shorter share is filled up with its last hand,
whose further responses are dropped when it is scored.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lm_eval.api.model import LM

LAUNCHERS = "torchrun or accelerate launch"


class BadLaunch(ValueError):
    """Processes that cannot share an evaluation; the message says how to launch it."""


def process_count() -> int:
    """How many processes the launcher started; 1 where there was none."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_first_process() -> bool:
    """Whether this process is the one that speaks and writes."""
    return int(os.environ.get("RANK", "0")) == 0


def tell_accelerate_of_cpus(device: str | None) -> None:
    """Under torchrun accelerate joins processes on CPUs only where it is told to use CPUs."""
    if process_count() < 2:
        return
    import torch

    if device == "cpu" or not torch.accelerator.is_available():
        os.environ.setdefault("ACCELERATE_USE_CPU", "true")


def leave_together() -> None:
    """Leave the group of processes: one that ends while its threads still talk is aborted."""
    if process_count() < 2:
        return
    import torch.distributed as dist

    if dist.is_initialized():
        dist.destroy_process_group()


def end_silently() -> None:
    """End a process that has done its share and has nothing to say, where there are several.

    Without the interpreter's clearing up: gloo's threads abort that now and then, although the
    group was left, and a launcher takes the abort for a failure of the whole run.
    """
    leave_together()
    if not is_first_process():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def share_hands(model: LM, hands: int) -> None:
    """Give each process hands of its own.

    lm-eval 0.4.13 does so only where one machine has several GPUs, and there it numbers processes
    within their machine. On CPUs, or with one GPU a machine, every process would ask every hand;
    on several machines some hands would be asked twice and others never. `hands` are those of a
    task; of the one with the fewest where there are several.

    Raises:
        BadLaunch: a process would have no hand of its own, or one that has to fill up its share; or
            every process would send every hand to the same server.
    """
    from lm_eval.models.api_models import TemplateAPI

    if process_count() > 1 and isinstance(model, TemplateAPI):
        raise BadLaunch(
            f"each of {process_count()} processes would send every hand: run it without "
            f"{LAUNCHERS}, and raise num_concurrent in --model_args"
        )
    accelerator = getattr(model, "accelerator", None)  # there only with several processes
    if accelerator is None:
        return
    processes = accelerator.num_processes
    if hands < 2 * processes and hands != processes:
        most = max(hands // 2, 1)
        raise BadLaunch(f"{processes} processes cannot share {hands} hands: launch at most {most}")
    model._rank, model._world_size = accelerator.process_index, processes
