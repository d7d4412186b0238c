"""Greedy responses to many prompts at once, on any device.

`generate` of transformers goes on computing rows that have ended until the last one ends. Here such
rows leave the batch, and prompts of equal length stand together, so that hardly a token is padding.
The responses are the same.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import torch
from transformers import DynamicCache

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

ROWS = 128  # prompts in a batch

_SHRINK = 0.85
"""The batch is made smaller when the share of its rows that still write falls to this."""


class Response(NamedTuple):
    """What the student wrote."""

    tokens: list[int]  # new ones, without the end token
    ended: bool  # by itself; else the limit cut it off


def respond(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[list[int]],
    max_new_tokens: int,
) -> list[Response]:
    """The greedy response to each prompt of token ids, in the order of the prompts.

    The model is in evaluation mode; the caller decides on precision. A response is cut off at
    `max_new_tokens`, or earlier at the end of the context.
    """
    # Every token that ends a response: the tokenizer's, and those that the checkpoint names.
    named = getattr(model.generation_config, "eos_token_id", None)
    ends = {*(named if isinstance(named, list) else [named]), tokenizer.eos_token_id} - {None}
    responses = [Response([], False)] * len(prompts)
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    for start in range(0, len(order), ROWS):
        rows = order[start : start + ROWS]
        for i, response in _respond([prompts[i] for i in rows], model, ends, max_new_tokens):
            responses[rows[i]] = response
    return responses


def _respond(
    prompts: list[list[int]], model: PreTrainedModel, ends: set[int], max_new_tokens: int
) -> Iterator[tuple[int, Response]]:
    device = model.device
    width = max(map(len, prompts))
    ids = torch.tensor([[0] * (width - len(p)) + p for p in prompts], device=device)
    padding = [width - len(p) for p in prompts]
    # Without padding there is no mask to build at every step.
    mask = None
    if any(padding):
        mask = torch.tensor([[0] * n + [1] * (width - n) for n in padding], device=device)
    left = torch.tensor(padding, device=device)[:, None]
    positions = (torch.arange(width, device=device)[None] - left).clamp(min=0)
    context = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    steps = min(max_new_tokens, (context or width + max_new_tokens) - width)
    live = list(range(len(prompts)))
    written: list[list[int]] = [[] for _ in prompts]
    cache = DynamicCache(config=model.config)
    last_only = {"logits_to_keep": 1} if _keeps_logits(model) else {}
    with torch.no_grad():
        for _ in range(steps):
            output = model(
                input_ids=ids,
                attention_mask=mask,
                position_ids=positions,
                past_key_values=cache,
                use_cache=True,
                **last_only,
            )
            new: torch.Tensor = output.logits[:, -1].argmax(-1)
            rows_left = []
            for row, (i, token) in enumerate(zip(live, new.tolist(), strict=True)):
                if i < 0:
                    continue
                if token in ends:
                    yield i, Response(written[i], True)
                    live[row] = -1
                else:
                    written[i].append(token)
                    rows_left.append(row)
            if not rows_left:
                return
            ids, positions = new[:, None], positions[:, -1:] + 1
            if mask is not None:
                mask = torch.cat([mask, mask.new_ones(len(live), 1)], dim=1)
            if len(rows_left) <= _SHRINK * len(live):
                keep = torch.tensor(rows_left, device=device)
                cache.batch_select_indices(keep)
                ids, positions = ids[keep], positions[keep]
                mask = None if mask is None else mask[keep]
                live = [live[row] for row in rows_left]
    for i in live:
        if i >= 0:
            yield i, Response(written[i], False)


def _keeps_logits(model: PreTrainedModel) -> bool:
    """Whether it can leave out the logits of all positions but the last."""
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    return "logits_to_keep" in inspect.signature(type(base).forward).parameters
