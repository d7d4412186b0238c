"""How sure an accuracy and a difference are, where both seeds and hands were drawn.

A draw takes as many seeds as there are, with replacement, and then as many hands: the same hands
for every seed, and for both groups of a difference, for hands are what both were asked. A group of
one seed is always drawn whole: its interval says nothing of other seeds.

>>> import numpy as np
>>> same = np.array([[1.0, 0.0, 1.0, 1.0]])
>>> difference(same, same).value
0.0
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tot24_bench.statistics import Interval, newcombe, wilson

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Rights = NDArray[np.float64]
    """Seeds by hands: 1 where the answer is right, 0 where it is not."""

RESAMPLES = 9_999
SEED = 24
LEVEL = 0.95

_BATCH = 1_000
"""Draws held at once."""


class Estimate(NamedTuple):
    """A share, or a difference of shares, and the ends of its interval."""

    value: float
    low: float
    high: float
    seeds: int
    hands: int


def accuracy(
    rights: Rights, *, level: float = LEVEL, resamples: int = RESAMPLES, seed: int = SEED
) -> Estimate:
    """Accuracy over seeds and hands.

    Where no draw differs, which would give an interval of no width, it is Wilson's, each hand
    counted once.

    Raises:
        ValueError: when there is nothing to average.
    """
    seeds, hands = _shape(rights)
    value = float(rights.mean())
    ends = _ends(_draws(rights, None, resamples, seed), level)
    if ends.high - ends.low < 1e-12:
        ends = wilson(round(value * hands), hands, level)
    return Estimate(value, ends.low, ends.high, seeds, hands)


def difference(
    first: Rights,
    second: Rights,
    *,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Estimate:
    """First less second, paired over hands: column i of both is the same hand.

    Raises:
        ValueError: when there is nothing to average, or the hands are not as many.
    """
    (seeds, hands), (others, other_hands) = _shape(first), _shape(second)
    if hands != other_hands:
        raise ValueError(f"{hands} hands beside {other_hands}: give both the same hands")
    value = float(first.mean() - second.mean())
    ends = _ends(_draws(first, second, resamples, seed), level)
    if ends.high - ends.low < 1e-12:  # no hand differs from another: as wide as for one seed each
        one, other = round(float(first.mean()) * hands), round(float(second.mean()) * hands)
        both = min(one, other)
        ends = newcombe(both, one - both, other - both, hands - max(one, other))
    return Estimate(value, ends.low, ends.high, min(seeds, others), hands)


def _draws(first: Rights, second: Rights | None, resamples: int, seed: int) -> Rights:
    import numpy as np

    rng = np.random.default_rng(seed)
    found = []
    for start in range(0, resamples, _BATCH):
        size = min(_BATCH, resamples - start)
        hands = rng.multinomial(first.shape[1], np.full(first.shape[1], 1 / first.shape[1]), size)
        drawn = _mean(first, hands, rng)
        found.append(drawn if second is None else drawn - _mean(second, hands, rng))
    return np.concatenate(found)


def _mean(rights: Rights, hands: NDArray[np.int64], rng: np.random.Generator) -> Rights:
    """The mean of each draw: seeds drawn here, hands as given (how often each, a row a draw)."""
    import numpy as np

    count = rights.shape[0]
    seeds = rng.multinomial(count, np.full(count, 1 / count), len(hands))
    mean: Rights = ((seeds @ rights) * hands).sum(axis=1) / (count * rights.shape[1])
    return mean


def _ends(draws: Rights, level: float) -> Interval:
    import numpy as np

    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))


def _shape(rights: Rights) -> tuple[int, int]:
    if rights.ndim != 2 or 0 in rights.shape:
        raise ValueError("no answers: give at least one seed and one hand")
    return int(rights.shape[0]), int(rights.shape[1])
