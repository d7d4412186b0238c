"""The tokens of a call, read from what the server says, and divided among its responses.

The API counts a call as a whole. The prompt is divided evenly, the responses' tokens in proportion
to the length of their texts; what is left over goes one by one to the first, and sums are exact.

>>> shares(Took(prompt=10, completion=7), [30, 10, 30])
[Took(prompt=4, completion=3, cached=0, written=0), Took(prompt=3, completion=1, cached=0, \
written=0), Took(prompt=3, completion=3, cached=0, written=0)]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tot24_bench.schema import MAX_COUNT


class Took(NamedTuple):
    """Tokens of a call or of one response.

    Attributes:
        prompt: of the prompt, those of the cache included.
        completion: of the response, hidden reasoning included.
        cached: tokens of the prompt that came from the provider's cache.
        written: tokens of the prompt that were stored in it.
    """

    prompt: int
    completion: int
    cached: int = 0
    written: int = 0


def took(usage: object) -> Took | None:
    """What a server says that a call took; None where it does not, or says nonsense."""
    if not isinstance(usage, Mapping):
        return None
    prompt, completion = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
    if not prompt or completion is None:  # half of it is no account of what was taken
        return None
    details = usage.get("prompt_tokens_details")
    details = details if isinstance(details, Mapping) else {}
    cached = min(_count(details, "cached_tokens") or 0, prompt)
    written = min(_count(details, "cache_write_tokens") or 0, prompt - cached)
    return Took(prompt, completion, cached, written)


def shares(took: Took, lengths: Sequence[int]) -> list[Took]:
    """The tokens of a call as those of its responses, whose texts have these lengths."""
    even = [1] * len(lengths)
    columns = (
        divide(took.prompt - took.cached - took.written, even),
        divide(took.completion, lengths),
        divide(took.cached, even),
        divide(took.written, even),
    )
    rows = zip(*columns, strict=True)
    return [
        Took(plain + cached + written, completion, cached, written)
        for plain, completion, cached, written in rows
    ]


def divide(total: int, weights: Sequence[int]) -> list[int]:
    """Whole parts of a total in proportion to weights; the sum is the total.

    >>> divide(11, [1, 1, 1]), divide(5, [0, 0]), divide(100, [1, 3])
    ([4, 4, 3], [3, 2], [25, 75])
    """
    weights = weights if any(weights) else [1] * len(weights)
    whole = sum(weights)
    parts = [total * weight // whole for weight in weights]
    rest = total - sum(parts)
    by_remainder = sorted(range(len(parts)), key=lambda i: -(total * weights[i] % whole))
    for i in by_remainder[:rest]:
        parts[i] += 1
    return parts


def _count(usage: Mapping[str, Any], name: str) -> int | None:
    value = usage.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value <= MAX_COUNT else None
