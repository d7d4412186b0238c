"""The loss of a batch whose rows begin alike: what they share is computed once.

The prompts of a method differ in the hand alone, at their end. A trainer computes all of each, and
logits for every token of it; with a vocabulary of 49,152 that is most of a step. Here the common
beginning is computed once a batch, all rows look at its keys and values (gradients flow back
through them), and logits are made where there is a label. Loss and gradients are the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from transformers import DynamicCache

from .tokens import MASKED

if TYPE_CHECKING:
    from torch import Tensor


class Loss(NamedTuple):
    """Of a batch, each a tensor of one number."""

    sum: Tensor  # of the losses of its tokens that have a label
    right: Tensor  # how many of these are the likeliest
    tokens: Tensor  # how many there are


def loss_of(model: Any, input_ids: Tensor, labels: Tensor, attention_mask: Tensor) -> Loss:
    """The loss of rows, padded on the right: three tensors of rows, tokens.

    `model` is a decoder of transformers, bare or under an adapter of peft.
    """
    causal = model.get_base_model() if hasattr(model, "get_base_model") else model
    shared = shared_length(input_ids, labels)
    rows, length = input_ids.shape
    cache = DynamicCache(config=causal.config)
    if shared:
        causal.base_model(input_ids=input_ids[:1, :shared], past_key_values=cache, use_cache=True)
        cache.batch_repeat_interleave(rows)
    places = torch.arange(shared, length, device=input_ids.device)
    hidden = causal.base_model(
        input_ids=input_ids[:, shared:],
        attention_mask=attention_mask,
        position_ids=places.expand(rows, -1),
        past_key_values=cache,
        use_cache=True,
    ).last_hidden_state
    after = labels[:, shared + 1 :]
    learnt = after != MASKED
    logits = causal.get_output_embeddings()(hidden[:, :-1][learnt]).float()
    wanted = after[learnt]
    right = (logits.argmax(-1) == wanted).sum()
    loss = torch.nn.functional.cross_entropy(logits, wanted, reduction="sum")
    return Loss(loss, right, learnt.sum())


def shared_length(input_ids: Tensor, labels: Tensor) -> int:
    """Tokens at the beginning that are the same in all rows; what tells the first label is not.

    >>> ids = torch.tensor([[5, 6, 7, 1], [5, 6, 8, 2]])
    >>> shared_length(ids, torch.tensor([[-100, -100, 7, 1], [-100, -100, 8, 2]]))
    1
    """
    width = input_ids.shape[1]
    apart = [*(input_ids != input_ids[:1]).any(0).tolist(), True].index(True)
    learnt = [*(labels != MASKED).any(0).tolist(), True].index(True)
    return max(0, int(min(apart, learnt - 1, width - 1)))
