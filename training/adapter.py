"""LoRA and DoRA: the flags, and how a trained adapter becomes part of the weights.

The flags are those of TRL's own scripts (`trl.ModelConfig`), of which these few mean something
here; without `--use_peft true` every weight is trained.

>>> AdapterConfig().use_peft
False
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from peft import PeftConfig
    from transformers import PreTrainedModel

ADAPTER = "adapter"
"""Folder of the adapter beside the merged weights."""


@dataclass
class AdapterConfig:
    """Which adapter to train, if any. Flags and YAML keys."""

    use_peft: bool = field(default=False, metadata={"help": "Train a LoRA adapter alone."})
    use_dora: bool = field(
        default=False, metadata={"help": "Weight-decomposed LoRA: slower, better at a low rank."}
    )
    use_rslora: bool = field(default=False, metadata={"help": "Scale by alpha / sqrt(rank)."})
    lora_r: int = field(default=16, metadata={"help": "Rank of the adapter."})
    lora_alpha: int = field(default=32, metadata={"help": "Its scale is alpha / rank."})
    lora_dropout: float = field(default=0.05, metadata={"help": "Dropout before the adapter."})
    lora_target_modules: list[str] | None = field(
        default=None,
        metadata={"help": "Layers to adapt; all-linear for all but the head; none: peft's choice."},
    )
    lora_modules_to_save: list[str] | None = field(
        default=None, metadata={"help": "Layers to train in full beside the adapter."}
    )


def peft_config(config: AdapterConfig) -> PeftConfig | None:
    """What TRL takes; None where every weight is trained.

    Raises:
        ValueError: DoRA or rsLoRA without an adapter.
        ImportError: peft is not installed.
    """
    if not config.use_peft:
        if config.use_dora or config.use_rslora:
            raise ValueError("--use_dora and --use_rslora need an adapter: add --use_peft true")
        return None
    from trl import ModelConfig, get_peft_config

    made: PeftConfig = get_peft_config(ModelConfig(**asdict(config)))
    return made


def is_adapted(model: object) -> bool:
    """Whether the model carries an adapter."""
    return hasattr(model, "peft_config") and hasattr(model, "merge_and_unload")


def save_adapter(model: PreTrainedModel, folder: Path) -> None:
    """Write the adapter alone, for `peft.PeftModel.from_pretrained`."""
    model.save_pretrained(folder / ADAPTER)


def load_adapter(model: PreTrainedModel, checkpoint: Path) -> None:
    """Put a checkpoint's adapter in place of the one that the model carries."""
    from peft import load_peft_weights, set_peft_model_state_dict

    set_peft_model_state_dict(model, load_peft_weights(str(checkpoint), device="cpu"))


def merge(model: PreTrainedModel) -> PreTrainedModel:
    """The student with its adapter added to the weights, in fp32: a sum in bf16 would lose it."""
    return model.float().merge_and_unload()
