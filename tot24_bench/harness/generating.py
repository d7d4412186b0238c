"""Write responses with a model of transformers, as lm-eval and transformers do, but faster.

Their generation computes every prompt anew, copies all keys and values at every token, and goes on
with a batch until its last response ends. Here the common beginning of the prompts of a batch
(instruction and exemplars are nine tenths of them) is computed once, keys and values stand in
place, and a response that has ended leaves its batch. Greedy responses are the same, but for ties
that rounding decides. `tot24 eval`, searches and validation while training write so, the models
that `can_respond` knows; others generate as lm-eval or transformers have them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest.mock import patch

if TYPE_CHECKING:
    import torch
    from lm_eval.api.model import LM

FAMILIES = {"llama", "gemma3_text", "qwen2", "qwen3"}
"""Kinds of models that this was tested with: `model_type` of their configs."""

OURS, THEIRS = "tot24-bench", "lm-eval"  # whose generation wrote the responses

ROWS = 128  # prompts in a batch, where the caller does not say
CACHE_BYTES = 3 * 10**9  # of keys and values on a CPU: fewer rows are written at once before more
PACKED_BYTES = 2 * 10**9  # of weights of a model that are laid out anew for a CPU, beside the old

_GROWTH = 128  # tokens that the room for keys and values grows by
_LIVE_SHARE = 0.85  # of a batch's rows; where fewer go on the others are dropped
_TOP_K = 50  # transformers draws from so many likeliest tokens where nothing else is said
_NAME = "tot24_common_beginning"  # of the attention, among those of transformers

_HARMLESS = {
    "bos_token_id", "eos_token_id", "pad_token_id", "use_cache", "max_length", "do_sample",
    "temperature", "top_k", "top_p", "transformers_version", "_from_model_config",
    "output_attentions", "output_hidden_states", "return_dict_in_generate", "cache_implementation",
}  # fmt: skip
"""What a checkpoint's generation settings may say without changing a greedy response."""

_FIXED_ROTATIONS = {"default", "linear", "llama3", "yarn"}  # the same however long the text is


class Response(NamedTuple):
    """What a model wrote."""

    tokens: list[int]  # new ones, without the end token
    ended: bool  # by itself, with an end token or a stop text; else the limit cut it off
    end: int | None = None  # the token that ended it


def can_respond(model: Any, longest: int) -> bool:
    """Whether `respond` itself writes what transformers would, in sequences of so many tokens.

    So it is with a decoder of `FAMILIES`, with or without a LoRA adapter, whose layers all look at
    all tokens of such a sequence, and whose own settings change nothing of a greedy response.
    """
    from transformers import PreTrainedModel

    base = _base(model)
    if base is not model:
        kinds = getattr(model, "peft_config", {}).values()
        if any(kind.peft_type != "LORA" or _activated(kind) for kind in kinds):
            return False
    if not isinstance(base, PreTrainedModel) or base.config.model_type not in FAMILIES:
        return False
    config = base.config
    layers = set(getattr(config, "layer_types", None) or ()) - {"full_attention"}
    if "sliding_attention" in layers and longest <= (config.sliding_window or 0):
        layers.discard("sliding_attention")
    if layers or getattr(config, "use_bidirectional_attention", False):
        return False
    if not _rotations(config.rope_parameters) <= _FIXED_ROTATIONS:
        return False
    return set(base.generation_config.to_diff_dict()) <= _HARMLESS


def _base(model: Any) -> Any:
    """The model below an adapter."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def _activated(kind: Any) -> bool:
    """Whether an adapter of PEFT is switched on by what stands in the text."""
    return getattr(kind, "alora_invocation_tokens", None) is not None


def _rotations(told: Any) -> set[str]:
    """The kinds of rotary embeddings of a config: it has one, or one by kind of layer."""
    if "rope_type" in told:
        return {told["rope_type"]}
    return {one["rope_type"] for one in told.values() if one is not None}


def respond(
    model: Any,
    tokenizer: Any,
    prompts: Sequence[Sequence[int]],
    max_new_tokens: int,
    *,
    ends: set[int] | None = None,
    stop: Sequence[str] = (),
    temperature: float = 0.0,
    rows: int = ROWS,
    packed: bool = False,
) -> list[Response]:
    """The response to each prompt of token ids, in the order of the prompts.

    The model is in evaluation mode; the caller decides on precision. One that not `can_respond`
    writes as transformers has it: greedy, and without a look at `stop`.

    Args:
        max_new_tokens: a response is cut off there, or earlier at the end of the context.
        ends: tokens that end a response; None takes those that the checkpoint names.
        stop: texts that end a response, too; what ends with one of them has it still.
        temperature: 0 is greedy; else torch's seed decides.
        rows: prompts at once, at most; on a CPU fewer where `CACHE_BYTES` would not do.
        packed: lay the weights out for a CPU first (see `_packed`).
    """
    ends = _ends(model) if ends is None else ends
    config = _base(model).config
    context = getattr(config.get_text_config(), "max_position_embeddings", None)
    rooms = [min(max_new_tokens, (context or len(p) + max_new_tokens) - len(p)) for p in prompts]
    order = sorted((i for i, room in enumerate(rooms) if room > 0), key=lambda i: len(prompts[i]))
    responses = [Response([], False)] * len(prompts)
    longest = max((len(prompts[i]) + rooms[i] for i in order), default=0)
    stops = _Stops(tokenizer, stop)
    with ExitStack() as opened:
        write: Callable[..., list[Response]] = _transformers
        if can_respond(model, longest):
            opened.enter_context(_looking_together(config))
            if packed:
                opened.enter_context(_packed(_base(model)))
            write = partial(_write, stops=stops, temperature=temperature)
            if model.device.type == "cpu" and order:
                alike = _alike([prompts[i] for i in order]) if model.dtype.itemsize >= 4 else 0
                most = CACHE_BYTES // (_token_bytes(model) * (longest - alike))
                parts = -(-len(order) // max(1, min(rows, most)))
                rows = -(-len(order) // parts)  # of one size: none is left with a few
        for start in range(0, len(order), rows):
            batch = order[start : start + rows]
            asked = [list(prompts[i]) for i in batch]
            found = write(model, asked, [rooms[i] for i in batch], ends)
            for i, response in zip(batch, found, strict=True):
                responses[i] = response
    return responses


@contextmanager
def own_generation(lm: LM, *, half: bool = False) -> Iterator[set[str]]:
    """While it is open an lm-eval model of transformers generates by `respond`, where it can.

    Yields the set of those who generate, of `OURS` and `THEIRS`, which is filled meanwhile; it
    stays empty for other models of lm-eval. With `half` it does so in half precision, too, where
    rounding decides often: responses differ from lm-eval's as those of two batch sizes differ. An
    adapter of a model in full precision is merged into its weights meanwhile.
    """
    import torch
    from lm_eval.models.huggingface import HFLM

    used: set[str] = set()
    if not isinstance(lm, HFLM):
        yield used
        return
    theirs = lm._model_generate

    def generate(
        context: torch.Tensor,
        max_length: int,
        stop: list[str],
        attention_mask: torch.Tensor,
        **told: Any,
    ) -> torch.Tensor:
        heat = _temperature(told)
        if heat is None or not _can_generate(lm, max_length, heat, half):
            used.add(THEIRS)
            given: torch.Tensor = theirs(
                context=context,
                max_length=max_length,
                stop=stop,
                attention_mask=attention_mask,
                **told,
            )
            return given
        used.add(OURS)
        found = respond(
            lm.model,
            lm.tokenizer,
            [ids[seen.bool()].tolist() for ids, seen in zip(context, attention_mask, strict=True)],
            max_length - context.shape[1],
            stop=stop,
            temperature=heat,
            rows=len(context),
            packed=True,
        )
        written = [one.tokens + ([] if one.end is None else [one.end]) for one in found]
        longest, pad = max(map(len, written)), lm.tokenizer.pad_token_id
        tail = context.new_tensor([row + [pad] * (longest - len(row)) for row in written])
        return torch.cat([context, tail], dim=1)

    with _merged(lm.model), patch.object(lm, "_model_generate", generate):
        yield used


@contextmanager
def _merged(model: Any) -> Iterator[None]:
    """While it is open, an adapter of a model in full precision is part of its weights.

    Alone it is two small products beside each of the model's, and many times as slow on a CPU.
    """
    alone = _base(model) is not model and can_respond(model, 1) and model.dtype.itemsize >= 4
    if alone:
        model.merge_adapter()
    try:
        yield
    finally:
        if alone:
            model.unmerge_adapter()


def _temperature(told: dict[str, Any]) -> float | None:
    """Of lm-eval's arguments, 0 for greedy; None where they say what is not written here."""
    heat, sampling = told.get("temperature") or 0.0, told.get("do_sample")
    if told.keys() - {"temperature", "do_sample"} or (sampling is None and heat):
        return None
    if not sampling:
        return 0.0
    return float(heat) or None


def _can_generate(lm: Any, longest: int, temperature: float, half: bool) -> bool:
    """Whether lm-eval would make the same of what is written here."""
    if lm.backend != "causal" or lm.mixed_precision_dtype is not None:
        return False
    if lm.think_end_token is not None:  # a stop text in a thought does not end the response
        return False
    if not can_respond(lm.model, longest) or not (half or lm.model.dtype.itemsize >= 4):
        return False
    config, told = lm.model.config, lm.model.generation_config
    draws_plainly = (told.top_k, told.top_p) in ((None, None), (_TOP_K, None), (_TOP_K, 1.0))
    return longest <= config.max_position_embeddings and (not temperature or draws_plainly)


def _ends(model: Any) -> set[int]:
    """The tokens that end a response, as the checkpoint names them."""
    named = getattr(model.generation_config, "eos_token_id", None)
    return {*(named if isinstance(named, list) else [named])} - {None}


def _alike(prompts: Sequence[Sequence[int]]) -> int:
    """Tokens that all prompts begin with; at least one of each is left."""
    alike = takewhile(lambda column: len(set(column)) == 1, zip(*prompts, strict=False))
    return min(sum(1 for _ in alike), min(map(len, prompts)) - 1)


def _token_bytes(model: Any) -> int:
    """Bytes of the keys and values of one token."""
    config = _base(model).config
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    layers = config.num_hidden_layers
    return int(2 * layers * config.num_key_value_heads * width * model.dtype.itemsize)


def _transformers(
    model: Any, prompts: list[list[int]], rooms: list[int], ends: set[int]
) -> list[Response]:
    """A batch by the generation of transformers."""
    import torch

    width, some = max(map(len, prompts)), min(ends, default=0)
    blank = [width - len(prompt) for prompt in prompts]
    ids = [[some] * gap + prompt for gap, prompt in zip(blank, prompts, strict=True)]
    seen = [[0] * gap + [1] * (width - gap) for gap in blank]
    with torch.no_grad():
        whole = model.generate(
            input_ids=torch.tensor(ids, device=model.device),
            attention_mask=torch.tensor(seen, device=model.device),
            max_new_tokens=min(rooms),
            do_sample=False,
            eos_token_id=sorted(ends) or None,
            pad_token_id=some,
        )
    found = []
    for row in whole[:, width:].tolist():
        tokens = list(takewhile(lambda token: token not in ends, row))
        end = row[len(tokens)] if len(tokens) < len(row) else None
        found.append(Response(tokens, end is not None, end))
    return found


def _write(
    model: Any,
    prompts: list[list[int]],
    rooms: list[int],
    ends: set[int],
    stops: _Stops,
    temperature: float,
) -> list[Response]:
    """A batch."""
    import torch

    def tensor(values: Any) -> torch.Tensor:
        return torch.tensor(values, device=model.device)

    shared = _alike(prompts)
    width = max(map(len, prompts)) - shared
    blank = [width + shared - len(prompt) for prompt in prompts]
    own = zip(blank, prompts, strict=True)
    ids = tensor([[0] * gap + prompt[shared:] for gap, prompt in own])
    seen = tensor([[0] * gap + [1] * (width - gap) for gap in blank]).bool()
    live = list(range(len(prompts)))  # by row of the batch
    written: list[list[int]] = [[] for _ in prompts]
    done: list[Response | None] = [None] * len(prompts)
    with torch.no_grad():
        positions = shared + (seen.long().cumsum(-1) - 1).clamp(min=0)
        cache, common = _cache(model), None
        if shared:
            common = _cache(model)
            whole = torch.ones(1, shared, dtype=torch.bool, device=model.device)
            model(
                input_ids=tensor([prompts[0][:shared]]),
                attention_mask=_causal(whole, 0),
                past_key_values=common,
                use_cache=True,
                logits_to_keep=1,
            )
            # In half precision the scores of two parts are rounded otherwise than those of one.
            if common.layers[0].values.dtype.itemsize < 4:
                cache, common = common, None
                for layer in cache.layers:
                    layer.keep(torch.zeros(len(prompts), dtype=torch.long, device=model.device))
                seen = torch.nn.functional.pad(seen, (shared, 0), value=True)
        mask, later = _causal(seen, seen.shape[1] - width), seen[:, None, None]
        for _ in range(max(rooms)):
            out = model(
                input_ids=ids,
                attention_mask=mask,
                position_ids=positions,
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
                common=common,
            )
            chosen = _choose(out.logits[:, -1], temperature)
            ids, positions = chosen[:, None], positions[:, -1:] + 1
            later = torch.nn.functional.pad(later, (0, 1), value=True)
            for row, token in zip(live, chosen.tolist(), strict=True):
                if done[row] is None:
                    done[row] = _noted(written[row], token, rooms[row], ends, stops)
            going = [place for place, row in enumerate(live) if done[row] is None]
            if not going:
                break
            if len(going) <= _LIVE_SHARE * len(live):
                kept = tensor(going)
                ids, positions, later = ids[kept], positions[kept], later[kept]
                for layer in cache.layers:
                    layer.keep(kept)
                live = [live[place] for place in going]
            mask = later
    return [one for one in done if one is not None]


def _noted(
    written: list[int], token: int, room: int, ends: set[int], stops: _Stops
) -> Response | None:
    """Add a token to what a row has written; the response if that ends it."""
    if token in ends:
        return Response(written, True, token)
    written.append(token)
    stopped = stops.just_written(written)
    return Response(written, stopped) if stopped or len(written) >= room else None


class _Stops:
    """Texts that end a response, and whether one of them has just been written.

    A text may be spread over tokens in any way. Only what a token can be the end of is looked at.
    """

    def __init__(self, tokenizer: Any, texts: Sequence[str]) -> None:
        self._tokenizer, self._texts = tokenizer, [text for text in texts if text]
        self._last = {text[-1] for text in self._texts}
        # A tail of so many tokens has at least as many bytes, but for one that begins before it.
        self._tail = max((len(text.encode()) for text in self._texts), default=0) + 8
        self._may_end: dict[int, bool] = {}

    def just_written(self, written: list[int]) -> bool:
        """Whether the last token has completed one."""
        token = written[-1]
        if (may := self._may_end.get(token)) is None:
            text = self._tokenizer.decode([token])
            # A part of a letter, or a space that is left out at the beginning, says nothing.
            unclear = "\ufffd" in text or not text.strip()
            may = bool(self._last) and (unclear or not self._last.isdisjoint(text))
            self._may_end[token] = may
        if not may:
            return False
        tail = self._tokenizer.decode(written[-self._tail :])
        return any(text in tail for text in self._texts)


def _causal(seen: torch.Tensor, before: int) -> torch.Tensor:
    """Which keys each query sees, the first of them after `before` keys.

    Shape: rows, 1, queries, keys.
    """
    import torch

    length = seen.shape[1]
    square = torch.ones(length, length, dtype=torch.bool, device=seen.device)
    # What fills a row up sees itself, as it must see something.
    visible = square.tril() & seen[:, None] | torch.eye(length, device=seen.device).bool()
    return visible[:, None, before:]


@contextmanager
def _looking_together(config: Any) -> Iterator[None]:
    """While it is open the attention of the model with that config is `_look`."""
    from transformers import AttentionInterface

    AttentionInterface.register(_NAME, _look)
    before = config._attn_implementation
    config._attn_implementation = _NAME
    try:
        yield
    finally:
        config._attn_implementation = before


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
    if common is None:
        found = torch.nn.functional.scaled_dot_product_attention(
            query.to(key.dtype),
            key,
            value,
            attn_mask=attention_mask,
            scale=scaling,
            enable_gqa=heads != groups,
        )
        return found.transpose(1, 2).contiguous(), None
    layer = common.layers[module.layer_idx]
    asked = (query * scaling).reshape(rows, groups, heads // groups * length, size)
    together = asked.transpose(0, 1).reshape(groups, -1, size)
    first = (together @ layer.keys[0].transpose(-1, -2)).view(groups, rows, -1, layer.length)
    own = (asked @ key.transpose(-1, -2)).view(rows, groups, heads // groups, length, -1)
    unseen = torch.finfo(own.dtype).min
    own = own.masked_fill(~attention_mask[:, :, None], unseen)
    scores = torch.cat([first.transpose(0, 1), own.view(*asked.shape[:3], -1)], dim=-1)
    weights = scores.softmax(-1)
    shared, rest = weights.split([layer.length, key.shape[2]], -1)
    seen = shared.transpose(0, 1).reshape(groups, -1, layer.length) @ layer.values[0]
    found = seen.view(groups, rows, -1, size).transpose(0, 1) + rest @ value
    return found.reshape(rows, heads, length, size).transpose(1, 2).contiguous(), None


def _choose(logits: torch.Tensor, temperature: float) -> torch.Tensor:
    """The next token of each row."""
    import torch

    if not temperature:
        return logits.argmax(-1)
    best, tokens = logits.float().topk(min(_TOP_K, logits.shape[-1]))
    drawn = torch.multinomial(torch.softmax(best / temperature, -1), 1)
    return tokens.gather(-1, drawn)[:, 0]


def _cache(model: Any) -> Any:
    """Keys and values that stand in place, in room that grows by pieces."""
    from transformers import Cache
    from transformers.cache_utils import DynamicLayer

    class Layer(DynamicLayer):  # type: ignore[misc]
        """Those of a layer; `keys` and `values` are what is written of the room."""

        keys: Any
        values: Any
        _keys: Any = None
        _values: Any = None
        length = 0

        def get_seq_length(self) -> int:
            return self.length

        def update(self, key_states: Any, value_states: Any, *_: Any, **__: Any) -> Any:
            key_states = key_states.to(value_states.dtype)  # autocast leaves them wider
            start, self.length = self.length, self.length + key_states.shape[-2]
            if self._keys is None or self.length > self._keys.shape[-2]:
                self._keys = _grown(self.keys if start else None, key_states, self.length)
                self._values = _grown(self.values if start else None, value_states, self.length)
                self.is_initialized = True
            self._keys[:, :, start : self.length] = key_states
            self._values[:, :, start : self.length] = value_states
            self._show()
            return self.keys, self.values

        def keep(self, chosen: Any) -> None:
            """Go on with these rows."""
            chosen = chosen.to(self._keys.device)  # layers may lie on several
            self._keys, self._values = self._keys[chosen], self._values[chosen]
            self._show()

        def _show(self) -> None:
            self.keys = self._keys[:, :, : self.length]
            self.values = self._values[:, :, : self.length]

    return Cache(layers=[Layer() for _ in range(_base(model).config.num_hidden_layers)])


def _grown(before: torch.Tensor | None, new: torch.Tensor, length: int) -> torch.Tensor:
    """Room for so many tokens and some more, with what there was before at its beginning."""
    rows, groups, _, size = new.shape
    room = new.new_empty(rows, groups, length + _GROWTH, size)
    if before is not None:
        room[:, :, : before.shape[2]] = before
    return room


@contextmanager
def _packed(model: Any) -> Iterator[None]:
    """While it is open, layers of an fp32 model on a CPU multiply by weights laid out for oneDNN.

    PyTorch lays a matrix out anew for each product otherwise, which costs as much as a batch of
    some dozen rows. It takes the room of the weights once more: so large models go without.
    """
    import torch

    try:
        lay_out = torch.ops.mkldnn._reorder_linear_weight
        multiply = torch.ops.mkldnn._linear_pointwise
    except (AttributeError, RuntimeError):  # a build of PyTorch without oneDNN
        yield
        return
    head = model.get_output_embeddings()  # as fast without, and large
    layers = [one for one in model.modules() if type(one) is torch.nn.Linear and one is not head]
    size = sum(one.weight.nbytes for one in layers)
    plain = all(
        one.weight.dtype is torch.float32 and one.weight.device.type == "cpu" for one in layers
    )
    if not plain or size > PACKED_BYTES or any("forward" in vars(one) for one in layers):
        yield
        return
    try:
        for one in layers:
            bias = None if one.bias is None else one.bias.detach()
            weight = lay_out(one.weight.detach(), None)
            one.forward = partial(_multiplied, multiply, weight, bias)
        yield
    finally:
        for one in layers:
            vars(one).pop("forward", None)


def _multiplied(multiply: Any, weight: Any, bias: Any, given: torch.Tensor) -> torch.Tensor:
    made: torch.Tensor = multiply(given, weight, bias, "none", [], "")
    return made
