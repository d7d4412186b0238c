"""Generate with a model of transformers as lm-eval does, but compute what prompts share once.

The prompts of a search begin alike: the instruction and the exemplars are nine tenths of them.
lm-eval computes them anew for every prompt, copies all keys and values at every token, and goes on
with a batch until its last response ends. Here the common beginning is computed once and looked at
by all rows together, keys and values stand in place, and a response that has ended is dropped from
its batch. Greedy responses are the same, but for ties that rounding decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

if TYPE_CHECKING:
    import torch
    from lm_eval.api.model import LM

LIVE_SHARE = 0.75  # of a batch's rows; where fewer go on the others are dropped


@contextmanager
def sharing_beginnings(lm: LM) -> Iterator[None]:
    """While it is open an lm-eval model of transformers generates like this; others as ever."""
    if not _can(lm):
        yield
        return
    model = lm.model

    def generate(
        context: torch.Tensor,
        max_length: int,
        stop: list[str],
        attention_mask: torch.Tensor,
        do_sample: bool = False,
        temperature: float = 0.0,
        **others: Any,
    ) -> torch.Tensor:
        heat = temperature if do_sample else 0.0
        return _generate(model, lm.tokenizer, context, attention_mask, max_length, stop, heat)

    with patch.object(lm, "_model_generate", generate):
        yield


def _can(lm: LM) -> bool:
    """Whether it is a plain decoder, all of whose layers look at all tokens."""
    from lm_eval.models.huggingface import HFLM
    from transformers import PreTrainedModel

    if not isinstance(lm, HFLM) or lm.backend != "causal" or lm.mixed_precision_dtype is not None:
        return False
    if not isinstance(lm.model, PreTrainedModel) or lm.model.config.model_type not in PLAIN:
        return False
    told = lm.model.generation_config
    default = {"repetition_penalty": 1.0, "num_beams": 1, "top_p": 1.0, "top_k": TOP_K}
    return all(getattr(told, name, None) in (None, usual) for name, usual in default.items())


PLAIN = {"llama"}
"""Kinds of models that this was tested with."""

NAME = "tot24_common_beginning"  # of the attention, among those of transformers

TOP_K = 50  # transformers draws from so many likeliest tokens where nothing else is said


def _generate(
    model: Any,
    tokenizer: Any,
    context: torch.Tensor,
    attention_mask: torch.Tensor,
    max_length: int,
    stop: list[str],
    temperature: float,
) -> torch.Tensor:
    """Contexts, padded on the left, and what the model writes after each: rows of token ids."""
    import torch

    rows = [ids[seen.bool()].tolist() for ids, seen in zip(context, attention_mask, strict=True)]
    alike = takewhile(lambda column: len(set(column)) == 1, zip(*rows, strict=False))
    shared = min(sum(1 for _ in alike), min(map(len, rows)) - 1)
    width, room = max(map(len, rows)) - shared, max_length - context.shape[1]
    pad, ends = tokenizer.pad_token_id, _ends(model)
    blank = [width + shared - len(row) for row in rows]

    def tensor(values: Any) -> torch.Tensor:
        return torch.tensor(values, device=context.device)

    ids = tensor([[pad] * gap + row[shared:] for gap, row in zip(blank, rows, strict=True)])
    seen = tensor([[0] * gap + [1] * (width - gap) for gap in blank]).bool()
    last_letters = {text[-1] for text in stop if text}
    live = list(range(len(rows)))  # by row of the batch
    written: list[list[int]] = [[] for _ in rows]
    done = [False] * len(rows)
    with torch.inference_mode(), _looking_together(model):
        common = None
        if shared:
            common = _cache(model, 1, shared)
            whole = torch.ones(1, shared, dtype=torch.bool, device=context.device)
            first = {
                "input_ids": tensor([rows[0][:shared]]),
                "attention_mask": _causal(model, whole),
            }
            model(**first, past_key_values=common, logits_to_keep=1)
        cache = _cache(model, len(rows), width + room)
        mask, later = _causal(model, seen), _masked(model, seen)
        positions = shared + (seen.long().cumsum(-1) - 1).clamp(min=0)
        for _ in range(room):
            out = model(
                input_ids=ids,
                attention_mask=mask,
                position_ids=positions,
                past_key_values=cache,
                logits_to_keep=1,
                common=common,
            )
            chosen = _choose(out.logits[:, -1], temperature)
            ids, positions = chosen[:, None], positions[:, -1:] + 1
            later = torch.nn.functional.pad(later, (0, 1))
            for row, token in zip(live, chosen.tolist(), strict=True):
                if not done[row]:
                    written[row].append(token)
                    done[row] = token in ends or _stops(tokenizer, written[row], stop, last_letters)
            going = [place for place, row in enumerate(live) if not done[row]]
            if not going:
                break
            if len(going) < LIVE_SHARE * len(live):
                kept = tensor(going)
                ids, positions, later = ids[kept], positions[kept], later[kept]
                for layer in cache.layers:
                    layer.keep(kept)
                live = [live[place] for place in going]
            mask = later
    longest = max(map(len, written))
    tail = tensor([row + [pad] * (longest - len(row)) for row in written])
    return torch.cat([context, tail], dim=1)


def _masked(model: Any, seen: torch.Tensor) -> torch.Tensor:
    """What is added to the scores of keys, for all queries: rows, 1, 1, keys."""
    import torch

    added = torch.zeros(seen.shape, dtype=model.dtype, device=seen.device)
    return added.masked_fill(~seen, torch.finfo(model.dtype).min)[:, None, None]


def _causal(model: Any, seen: torch.Tensor) -> torch.Tensor:
    """The same where each query sees no later key: rows, 1, queries, keys."""
    import torch

    length = seen.shape[1]
    before = torch.ones(length, length, dtype=torch.bool, device=seen.device).tril()
    added = torch.zeros(len(seen), length, length, dtype=model.dtype, device=seen.device)
    return added.masked_fill(~(before & seen[:, None]), torch.finfo(model.dtype).min)[:, None]


@contextmanager
def _looking_together(model: Any) -> Iterator[None]:
    """While it is open the model's attention is `_look`."""
    from transformers import AttentionInterface

    AttentionInterface.register(NAME, _look)
    before = model.config._attn_implementation
    model.config._attn_implementation = NAME
    try:
        yield
    finally:
        model.config._attn_implementation = before


def _look(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor,
    scaling: float,
    common: Any = None,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Attention of each row to its own keys, and of all rows at once to those of the beginning.

    Shapes: rows, heads, tokens, width of a head; of what comes back: rows, tokens, heads, width.
    """
    import torch

    rows, heads, length, size = query.shape
    groups = key.shape[1]
    asked = (query * scaling).reshape(rows, groups, heads // groups * length, size)
    own = (asked @ key.transpose(-1, -2)).view(rows, groups, heads // groups, length, -1)
    scores = (own + attention_mask[:, :, None]).view(rows, groups, heads // groups * length, -1)
    if common is None:
        found = scores.softmax(-1) @ value
    else:
        layer = common.layers[module.layer_idx]
        together = asked.transpose(0, 1).reshape(groups, -1, size)
        first = (together @ layer.keys[0].transpose(-1, -2)).view(groups, rows, -1, layer.length)
        weights = torch.cat([first.transpose(0, 1), scores], dim=-1).softmax(-1)
        shared, rest = weights[..., : layer.length], weights[..., layer.length :]
        seen = shared.transpose(0, 1).reshape(groups, -1, layer.length) @ layer.values[0]
        found = seen.view(groups, rows, -1, size).transpose(0, 1) + rest @ value
    return found.reshape(rows, heads, length, size).transpose(1, 2).contiguous(), None


def _choose(logits: torch.Tensor, temperature: float) -> torch.Tensor:
    """The next token of each row."""
    import torch

    if not temperature:
        return logits.argmax(-1)
    best, tokens = logits.float().topk(min(TOP_K, logits.shape[-1]))
    drawn = torch.multinomial(torch.softmax(best / temperature, -1), 1)
    return tokens.gather(-1, drawn)[:, 0]


def _ends(model: Any) -> set[int]:
    ends = model.generation_config.eos_token_id
    return set(ends) if isinstance(ends, list) else {ends}


def _stops(tokenizer: Any, written: list[int], stop: list[str], last_letters: set[str]) -> bool:
    """Whether a stop text has just been written."""
    if not last_letters.intersection(tokenizer.decode(written[-1:])):
        return False
    tail = tokenizer.decode(written[-32:])
    return any(text in tail for text in stop)


def _cache(model: Any, rows: int, capacity: int) -> Any:
    """Room for the keys and values of so many tokens of each row."""
    from transformers import Cache
    from transformers.cache_utils import DynamicLayer

    class Layer(DynamicLayer):  # type: ignore[misc]
        """Keys and values that stand in place."""

        length = 0

        def lazy_initialization(self, key_states: Any, value_states: Any) -> None:
            shape = (rows, key_states.shape[1], capacity)
            self.keys = key_states.new_empty((*shape, key_states.shape[-1]))
            self.values = value_states.new_empty((*shape, value_states.shape[-1]))
            self.is_initialized = True

        def get_seq_length(self) -> int:
            return self.length

        def update(self, key_states: Any, value_states: Any, *_: Any, **__: Any) -> Any:
            if not self.is_initialized:
                self.lazy_initialization(key_states, value_states)
            start, self.length = self.length, self.length + key_states.shape[-2]
            self.keys[:, :, start : self.length] = key_states
            self.values[:, :, start : self.length] = value_states
            return self.keys[:, :, : self.length], self.values[:, :, : self.length]

        def keep(self, chosen: Any) -> None:
            self.keys, self.values = self.keys[chosen], self.values[chosen]

    return Cache(layers=[Layer() for _ in range(model.config.num_hidden_layers)])
