"""Randomly initialised checkpoints of the hub students' architectures and tokenizer classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def texts() -> list[str]:
    """What the small tokenizers learn their merges from."""
    from training.rows import RowConfig, make_row

    rows = [make_row(RowConfig(few_shot_share=0.5), index) for index in range(40)]
    return [row["prompt"] + row["completion"] for row in rows]


def learn_bpe(size: int, specials: list[str]) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Vocabulary and merges of a byte-level BPE."""
    import json

    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=specials,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts(), trainer)
    state = json.loads(tokenizer.to_str())["model"]
    return state["vocab"], [tuple(pair) for pair in state["merges"]]


def make_smollm(folder: Path, **changes: Any) -> Path:
    """Llama with GPT-2's tokenizer and no padding token, as SmolLM and SmolLM2 are."""
    from transformers import GPT2Tokenizer, LlamaConfig

    vocab, merges = learn_bpe(400, ["<|endoftext|>"])
    tokenizer = GPT2Tokenizer(vocab=vocab, merges=merges)
    assert tokenizer.pad_token is None
    shape = {
        "vocab_size": len(tokenizer),
        "hidden_size": 48,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 3,
        "num_key_value_heads": 1,
        "max_position_embeddings": 2048,
        "tie_word_embeddings": True,
        "bos_token_id": 0,
        "eos_token_id": 0,
    }
    return _save(folder, LlamaConfig(**{**shape, **changes}), tokenizer)


def make_qwen3(folder: Path) -> Path:
    """Qwen3 with its tokenizer's class, a chat template, and `<|im_end|>` as the end token."""
    from transformers import Qwen2Tokenizer, Qwen3Config

    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    vocab, merges = learn_bpe(400, specials)
    tokenizer = Qwen2Tokenizer(
        vocab=vocab, merges=merges, eos_token="<|im_end|>", pad_token="<|endoftext|>"
    )
    tokenizer.add_special_tokens({"additional_special_tokens": specials[1:]})
    tokenizer.chat_template = CHATML
    config = Qwen3Config(
        vocab_size=len(tokenizer) + 5,  # the real one has rows to spare, too
        hidden_size=48,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        bos_token_id=0,
        eos_token_id=tokenizer.eos_token_id,
    )
    return _save(folder, config, tokenizer)


def _save(folder: Path, config: Any, tokenizer: Any) -> Path:
    from transformers import AutoModelForCausalLM, set_seed

    set_seed(0)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
