"""Draw a batch's tokens so that a response depends on its own request and the weights alone.

`generate` draws all rows from one generator, so that a response changes with what stands beside it.
Here each row has a source of its own: at every step one number u from 0 to 1 is drawn, and the
token is the one at which the cumulated probabilities pass u (inverse transform sampling; Devroye
1986, III.2). One number a row and step costs nothing, on any device. The token is handed to
`generate` as the only one possible. What is left of the batch is padding, which may move the last
bits of a probability: a token changes where u falls between the two values, once in millions.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

TAIL = 16
"""Last tokens in which a stop is looked for: tokens of single bytes write `\\nInput:` in seven."""


class Draw:
    """A logits processor that leaves one token a row: the drawn one.

    Args:
        sources: of each row.
        temperature: above 0.
        top_p, top_k: see `checkpoint.LocalSettings`; top_k is applied first, then top_p.
    """

    def __init__(
        self,
        sources: Sequence[Random],
        temperature: float,
        top_p: float | None = None,
        top_k: int | None = None,
    ) -> None:
        self._sources, self._temperature = sources, temperature
        self._top_p, self._top_k = top_p, top_k

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Scores of the next tokens, rows by vocabulary, to 0 for the drawn one and -inf."""
        import torch

        exact = torch.float32 if scores.device.type == "mps" else torch.float64
        logits = scores.to(exact) / self._temperature
        if self._top_k is not None and self._top_k < logits.shape[-1]:
            least = logits.topk(self._top_k).values[:, -1:]
            logits = logits.masked_fill(logits < least, -torch.inf)
        if self._top_p is not None:
            ordered, order = logits.softmax(-1).sort(descending=True, stable=True)
            # A token stays where those likelier than it do not come to top_p without it.
            out = ordered.cumsum(-1) - ordered >= self._top_p
            logits = logits.masked_fill(out.scatter(-1, order, out), -torch.inf)
        # In the order of the vocabulary: that of the probabilities may hang on their last bits.
        sums = logits.softmax(-1).cumsum(-1)
        u = torch.tensor([[source.random()] for source in self._sources], dtype=exact)
        place = torch.searchsorted(sums, u.to(sums.device) * sums[:, -1:], right=True)
        drawn = place.clamp(max=sums.shape[-1] - 1)
        return torch.full_like(scores, -torch.inf).scatter_(-1, drawn, 0.0)


class Ended:
    """A stopping criterion: a row ends at an end token, or once it has written the stop.

    Attributes:
        lengths: of each row the tokens that it wrote, end token included; 0 while it writes.
    """

    def __init__(self, tokenizer: Any, rows: int, prompt: int, ends: set[int], stop: str | None):
        self.lengths = [0] * rows
        self._tokenizer, self._prompt, self._ends, self._stop = tokenizer, prompt, ends, stop

    def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
        """Which rows have ended."""
        import torch

        written = input_ids.shape[1] - self._prompt
        tails = input_ids[:, self._prompt :][:, -TAIL:].tolist()
        for row, tail in enumerate(tails):
            if not self.lengths[row] and (tail[-1] in self._ends or self._stops(tail)):
                self.lengths[row] = written
        return torch.tensor([length > 0 for length in self.lengths], device=input_ids.device)

    def _stops(self, tail: list[int]) -> bool:
        return self._stop is not None and self._stop in self._tokenizer.decode(tail)
