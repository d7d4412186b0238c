"""Settings that would train wrongly, or ten times slower, without a word."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trl import SFTConfig

    from training.adapter import AdapterConfig
    from training.student import StudentConfig

_TRACKERS = {"tensorboard": ("tensorboard", "tensorboardX"), "trackio": ("trackio",)}
"""Where a log may go beside the record, and the packages that it takes."""


def require_sound(sft: SFTConfig, student: StudentConfig, adapter: AdapterConfig) -> None:
    """Refuse what would train wrongly or ten times slower without a word.

    Raises:
        ValueError: says what, and the fix.
    """
    for tracker, modules in _TRACKERS.items():
        if tracker in sft.report_to and not any(find_spec(module) for module in modules):
            raise ValueError(
                f"--report_to {tracker} needs its package: pip install {tracker}, or none of it"
            )
    if sft.packing and "flash" not in student.attention:
        raise ValueError(
            f"--packing needs flash attention, and {student.attention} pays for the square of the "
            "packed row: add --attention flash_attention_2 on a GPU, or leave packing off (batches "
            "are length-grouped then)"
        )
    if sft.packing and sft.packing_strategy != "bfd":
        raise ValueError(
            f"--packing_strategy {sft.packing_strategy} cuts through answers: leave it at bfd"
        )
    if sft.completion_only_loss is False or sft.assistant_only_loss:
        raise ValueError(
            "the loss is on the completion alone: leave out --completion_only_loss and "
            "--assistant_only_loss"
        )
    if student.dtype != "float32" and not adapter.use_peft:
        raise ValueError(
            "bf16 weights forget small steps: train all of them in fp32 (--bf16 true computes in "
            "bf16), or add --use_peft true"
        )
