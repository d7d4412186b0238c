"""A cache of keys and values that grows in place.

That of transformers copies all that it holds at every token: for a hundred long responses of a
small student that is most of the time. This one has room for more tokens and copies when it is used
up, a handful of times a response.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from transformers.cache_utils import DynamicCache, DynamicLayer

if TYPE_CHECKING:
    from transformers import PretrainedConfig

_LEAST = 64
"""Tokens of room at least."""


class GrowingLayer(DynamicLayer):  # type: ignore[misc]
    """A layer's keys and values, the beginning of two tensors with room for more."""

    keys: torch.Tensor
    values: torch.Tensor

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._rooms: tuple[torch.Tensor, torch.Tensor] | None = None

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Append; returns all keys and values so far."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        before = self.get_seq_length()
        after = before + key_states.shape[-2]
        rooms = self._rooms
        # After `batch_select_indices` the keys are no longer in the room.
        if rooms is None or len(rooms[0]) != len(key_states) or rooms[0].shape[-2] < after:
            rooms = (self._room(key_states, after), self._room(value_states, after))
            if before:
                rooms[0][..., :before, :] = self.keys
                rooms[1][..., :before, :] = self.values
            self._rooms = rooms
        rooms[0][..., before:after, :] = key_states
        rooms[1][..., before:after, :] = value_states
        self.keys = rooms[0][..., :after, :]
        self.values = rooms[1][..., :after, :]
        return self.keys, self.values

    @staticmethod
    def _room(states: torch.Tensor, tokens: int) -> torch.Tensor:
        rows, heads, _, width = states.shape
        return states.new_empty(rows, heads, tokens + max(_LEAST, tokens // 2), width)


def make_cache(config: PretrainedConfig) -> DynamicCache:
    """An empty cache for a model; layers of full attention grow in place, others as they come."""
    cache = DynamicCache(config=config)
    cache.layers = [GrowingLayer() if type(kept) is DynamicLayer else kept for kept in cache.layers]
    return cache
