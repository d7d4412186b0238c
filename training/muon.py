"""Muon for the matrices inside the layers, AdamW for everything else, as one optimizer.

Muon (Jordan et al. 2024) makes each matrix's update orthogonal; torch's version scales it to the
size of an AdamW step (`match_rms_adamw`, Liu et al. 2025), so that both share a learning rate.
Embeddings, the head and norms stay with AdamW. One optimizer is what the Trainer, its schedule and
its checkpoints know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn
from torch.optim import AdamW, Muon, Optimizer


class MuonWithAdamW(Optimizer):
    """Steps both; `param_groups` are those of both, Muon's first.

    Args:
        model: what is trained; its parameters that need no gradient are left out.
        lr: learning rate of the AdamW part.
        muon_lr: learning rate of the Muon part.
        weight_decay: of all matrices; none for vectors.
        betas: AdamW's.
    """

    def __init__(
        self,
        model: nn.Module,
        lr: float,
        muon_lr: float,
        weight_decay: float,
        betas: tuple[float, float],
    ) -> None:
        inner, outer, vectors = _parts(model)
        self.parts: tuple[Optimizer, ...] = (
            Muon(inner, lr=muon_lr, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw"),
            AdamW(
                [
                    {"params": outer, "weight_decay": weight_decay},
                    {"params": vectors, "weight_decay": 0.0},
                ],
                lr=lr,
                betas=betas,
            ),
        )
        # The groups are shared, not copied: a schedule that sets a rate here sets it there.
        super().__init__([group for part in self.parts for group in part.param_groups], {})
        self._share()

    def _share(self) -> None:
        groups = [group for part in self.parts for group in part.param_groups]
        self.param_groups[:] = groups

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """One step of both."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for part in self.parts:
            part.step()
        return loss

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of both."""
        for part in self.parts:
            part.zero_grad(set_to_none=set_to_none)

    def state_dict(self) -> dict[str, Any]:
        """The states of both, in their order."""
        return {"parts": [part.state_dict() for part in self.parts]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take what `state_dict` gave."""
        for part, state in zip(self.parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)
        self._share()


def _parts(
    model: nn.Module,
) -> tuple[list[nn.Parameter], list[nn.Parameter], list[nn.Parameter]]:
    """Matrices inside the layers; other matrices; vectors. A tied weight comes once."""
    outside = {id(weight) for weight in _outer_weights(model)}
    inner: list[nn.Parameter] = []
    outer: list[nn.Parameter] = []
    vectors: list[nn.Parameter] = []
    for parameter in model.parameters():
        if parameter.requires_grad:
            matrix = parameter.ndim == 2
            inside = matrix and id(parameter) not in outside
            (inner if inside else outer if matrix else vectors).append(parameter)
    return inner, outer, vectors


def _outer_weights(model: nn.Module) -> Iterator[nn.Parameter]:
    for module in model.modules():
        if isinstance(module, nn.Embedding):
            yield module.weight
    head = getattr(model, "get_output_embeddings", lambda: None)()
    if head is not None:
        yield head.weight
