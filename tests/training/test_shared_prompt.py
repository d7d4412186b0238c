"""Less work a step: a prompt computed once a batch gives the same loss; short rows come first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

from tests.training.small_runs import losses, run
from training.shared_prompt import loss_of, shared_length
from training.tokens import MASKED
from training.validation import _Sampler

PROMPT = [5, 6, 7, 8, 9]
ROWS = [
    ([*PROMPT, 11, 12], [20, 21, 22, 23, 2]),
    ([*PROMPT, 13, 12], [24, 2]),
    ([*PROMPT, 13, 14], [25, 26, 27, 2]),
]


def padded(rows: list[tuple[list[int], list[int]]]) -> dict[str, torch.Tensor]:
    """Prompts and completions as a batch, padded on the right."""
    width = max(len(prompt) + len(completion) for prompt, completion in rows)
    found: dict[str, list[list[int]]] = {"input_ids": [], "labels": [], "attention_mask": []}
    for prompt, completion in rows:
        rest = width - len(prompt) - len(completion)
        found["input_ids"].append([*prompt, *completion, *[0] * rest])
        found["labels"].append([*[MASKED] * len(prompt), *completion, *[MASKED] * rest])
        found["attention_mask"].append([1] * (width - rest) + [0] * rest)
    return {name: torch.tensor(values) for name, values in found.items()}


def student(adapter: bool, attention: str) -> Any:
    torch.manual_seed(0)
    shape = {"hidden_size": 24, "intermediate_size": 32, "num_hidden_layers": 2, "vocab_size": 40}
    heads = {"num_attention_heads": 3, "num_key_value_heads": 1}
    config = LlamaConfig(**shape, **heads, attn_implementation=attention)
    model = LlamaForCausalLM(config)
    if not adapter:
        return model
    lora = LoraConfig(r=2, target_modules="all-linear", init_lora_weights=False)
    return get_peft_model(model, lora)


def gradients(model: Any, loss: torch.Tensor) -> list[torch.Tensor]:
    loss.backward()  # type: ignore[no-untyped-call]
    found = [one.grad.clone() for one in model.parameters() if one.grad is not None]
    model.zero_grad()
    return found


@pytest.mark.parametrize("adapter", [False, True], ids=["whole", "adapter"])
@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_loss_and_gradients_are_those_of_whole_rows(adapter: bool, attention: str) -> None:
    model, batch = student(adapter, attention), padded(ROWS)
    assert shared_length(batch["input_ids"], batch["labels"]) == len(PROMPT)
    whole = model(**batch)
    expected = gradients(model, whole.loss)
    found = loss_of(model, **batch)
    assert int(found.tokens) == sum(len(completion) for _, completion in ROWS)
    torch.testing.assert_close(found.sum / found.tokens, whole.loss, rtol=1e-5, atol=1e-6)
    kept = batch["labels"][:, 1:] != MASKED
    likeliest = whole.logits[:, :-1].argmax(-1) == batch["labels"][:, 1:]
    assert int(found.right) == int(likeliest[kept].sum())
    for one, other in zip(gradients(model, found.sum / found.tokens), expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("rows", [ROWS[:1], [([1, 2], [3, 4]), ([5, 2], [3, 4])]])
def test_a_row_alone_and_rows_that_share_nothing(rows: list[tuple[list[int], list[int]]]) -> None:
    model, batch = student(False, "eager"), padded(rows)
    found = loss_of(model, **batch)
    torch.testing.assert_close(found.sum / found.tokens, model(**batch).loss, rtol=1e-5, atol=1e-6)


def test_the_token_before_the_first_label_is_never_shared() -> None:
    """What it says decides the first label, so every row computes it."""
    batch = padded([(PROMPT, [20, 2]), (PROMPT, [20, 21, 2])])
    assert shared_length(batch["input_ids"], batch["labels"]) == len(PROMPT) - 1


def test_the_shortest_batches_come_first_and_every_row_once() -> None:
    lengths = [(7 * i) % 101 + 1 for i in range(82)]
    sampler = _Sampler(4, lengths, 3, short_first=0.2)
    order = list(sampler)
    assert sorted(order) == list(range(82))
    batches = [[lengths[row] for row in order[i : i + 4]] for i in range(0, 80, 4)]
    longest = [max(batch) for batch in batches]
    assert longest[:4] == sorted(longest)[:4]
    assert longest[4:] not in (sorted(longest[4:]), sorted(longest[4:], reverse=True))
    torch.manual_seed(0)
    again = list(_Sampler(4, lengths, 3, short_first=0.2))
    torch.manual_seed(0)
    assert again == list(_Sampler(4, lengths, 3, short_first=0.2))


@pytest.mark.parametrize("extra", [{}, {"use_peft": True, "lora_target_modules": ["all-linear"]}])
def test_a_run_with_a_shared_prompt_has_the_losses_of_one_without(
    smollm: Path, tmp_path: Path, extra: dict[str, Any]
) -> None:
    told = {
        "base": str(smollm),
        "max_steps": 3,
        "logging_steps": 1,
        "gradient_checkpointing": False,
        **extra,
    }
    plain = losses(run(tmp_path / "plain", **told))
    shared = losses(run(tmp_path / "shared", **told, shared_prompt=True))
    assert shared == pytest.approx(plain, rel=1e-3) and len(shared) == 3
