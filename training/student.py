"""Which student to train: a Llama from scratch with our tokenizer, or a checkpoint to start from.

A tokenizer without a padding token pads with its end token: no token is added, so no weight changes
shape. The end token is learnt all the same, as padding has neither label nor attention.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tot24_bench.checkpoint import ADAPTER_CONFIG, adapter_fault_of

from .config import AdapterConfig, StudentConfig
from .tokenizer import CONTEXT, add_step_tokens, build_tokenizer

if TYPE_CHECKING:
    import torch
    from peft import PeftConfig
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    Student = tuple[PreTrainedModel, PreTrainedTokenizerBase]


class BadStudent(ValueError):
    """There is no such student, or it cannot be trained as it is; the message says the fix."""


def make_student(
    config: StudentConfig, seed: int, *, eos_token: str | None = None, pad_token: str | None = None
) -> Student:
    """The student and its tokenizer; a from-scratch one is initialised from the seed.

    `eos_token` and `pad_token` take the place of the tokenizer's own.

    Raises:
        BadStudent: there is no such checkpoint, or its tokenizer does not suit it.
    """
    from transformers import set_seed

    set_seed(seed)
    model, tokenizer = _from_scratch(config) if config.base is None else _from_checkpoint(config)
    _name_tokens(tokenizer, eos_token, pad_token)
    if config.step_tokens and add_step_tokens(tokenizer):
        model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    rows = model.get_input_embeddings().num_embeddings
    if len(tokenizer) > rows:
        raise BadStudent(
            f"{config.base}: the tokenizer knows {len(tokenizer):,} tokens and the weights "
            f"{rows:,}: take the tokenizer of that checkpoint"
        )
    for part in (model.config.get_text_config(), model.generation_config):
        part.pad_token_id = tokenizer.pad_token_id
        if eos_token is not None or part.eos_token_id is None:
            part.eos_token_id = tokenizer.eos_token_id
    return model, tokenizer


def peft_config(config: AdapterConfig, student: PreTrainedModel) -> PeftConfig | None:
    """The adapter as TRL takes it; None where every weight is trained, or one is there already."""
    from trl import ModelConfig, get_peft_config

    if hasattr(student, "peft_config"):
        return None

    made: PeftConfig | None = get_peft_config(ModelConfig(**asdict(config)))
    return made


def export_dtype(config: StudentConfig) -> torch.dtype:
    """What the exported weights are held in."""
    import torch
    from transformers import AutoConfig

    if config.export_dtype == "float32" or config.base is None:
        return torch.float32
    return AutoConfig.from_pretrained(config.base).dtype or torch.float32


def _from_scratch(config: StudentConfig) -> Student:
    from transformers import LlamaConfig, LlamaForCausalLM

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


def _from_checkpoint(config: StudentConfig) -> Student:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    base = str(config.base)
    if (Path(base) / ADAPTER_CONFIG).is_file():
        return _from_adapter(config, Path(base))
    if Path(base).exists() and not (Path(base) / "config.json").is_file():
        raise BadStudent(f"{base} is no checkpoint (config.json is missing): give another --base")
    try:
        tokenizer = AutoTokenizer.from_pretrained(base)
        model = AutoModelForCausalLM.from_pretrained(
            base, dtype=getattr(torch, config.dtype), attn_implementation=config.attention
        )
    except (OSError, ValueError, ImportError) as error:
        said = " ".join(str(error).split())[:300]
        raise BadStudent(f"--base {base} cannot be loaded: {said}") from error
    return model, tokenizer


def _from_adapter(config: StudentConfig, folder: Path) -> Student:
    """The base of an adapter of ours with the adapter on it, to be trained on."""
    from peft import PeftModel

    told = json.loads((folder / ADAPTER_CONFIG).read_text(encoding="utf-8"))
    base = str(told["base_model_name_or_path"])
    if (fault := adapter_fault_of(str(folder), base)) is not None:
        raise BadStudent(f"--base {folder}: {fault}")
    model, tokenizer = _from_checkpoint(replace(config, base=base))
    return PeftModel.from_pretrained(model, folder, is_trainable=True), tokenizer


def _name_tokens(
    tokenizer: PreTrainedTokenizerBase, eos_token: str | None, pad_token: str | None
) -> None:
    for flag, token in (("eos_token", eos_token), ("pad_token", pad_token)):
        if token is not None:
            if token not in tokenizer.get_vocab():
                raise BadStudent(
                    f"--{flag} {token} is no token of the student: give one of its own"
                )
            setattr(tokenizer, flag, token)
    if tokenizer.eos_token is None:
        raise BadStudent(
            "the tokenizer has no end token, so that a response would never end: name one of its "
            "tokens with --eos_token"
        )
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
