"""Which student to train: a Llama from scratch with our tokenizer, or a checkpoint to start from.

>>> StudentConfig().layers
4
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from training.tokenizer import CONTEXT, build_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass
class StudentConfig:
    """The student's architecture, or the checkpoint it starts from. Flags and YAML keys."""

    base: str | None = field(
        default=None,
        metadata={"help": "Hub name or folder to start from; none means from scratch."},
    )
    hidden: int = field(default=192, metadata={"help": "Hidden size of a from-scratch student."})
    intermediate: int = field(default=512, metadata={"help": "Width of its feed-forward layers."})
    layers: int = field(default=4, metadata={"help": "Its number of layers."})
    heads: int = field(default=4, metadata={"help": "Its number of attention heads."})
    attention: str = field(
        default="eager",
        metadata={"help": "Attention while training; eager is the faster one on a CPU."},
    )


def make_student(
    config: StudentConfig, seed: int
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The student in fp32 and its tokenizer; a from-scratch one is initialised from the seed."""
    import torch
    from transformers import (
        AutoModelForCausalLM,
        AutoTokenizer,
        LlamaConfig,
        LlamaForCausalLM,
        set_seed,
    )

    if config.base is not None:
        tokenizer = AutoTokenizer.from_pretrained(config.base)
        return AutoModelForCausalLM.from_pretrained(
            config.base, dtype=torch.float32, attn_implementation=config.attention
        ), tokenizer
    set_seed(seed)
    tokenizer = build_tokenizer()
    llama = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=config.hidden,
        intermediate_size=config.intermediate,
        num_hidden_layers=config.layers,
        num_attention_heads=config.heads,
        num_key_value_heads=config.heads,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    student = LlamaForCausalLM(llama)
    student.set_attn_implementation(config.attention)
    return student, tokenizer
