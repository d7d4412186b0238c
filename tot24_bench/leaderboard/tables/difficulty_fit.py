"""Correlate the solver's measures of difficulty with people's ranks.

Spearman's rank correlation of each measure with the public ranks, with a 95% percentile bootstrap
over hands; and of all measures together, by a linear fit whose predictions are made for hands that
it was not fitted on (ten folds), so that it is no better for having more measures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import log
from typing import TYPE_CHECKING, Any, NamedTuple

from tot24_bench.game import Difficulty, Hand, Puzzle, difficulty
from tot24_bench.statistics import SEED, Interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

RESAMPLES = 2_000  # draws of the bootstrap: its ends then move by about 0.002
MIN_HANDS = 30  # fewer ranked hands say nothing about a correlation

MEASURES: dict[str, Callable[[Difficulty], float]] = {
    "solutions": lambda d: -log(d.solutions),
    "winning_share": lambda d: -float(d.winning_share),
    "needs_fraction": lambda d: float(bool(d.needs_fraction)),
    "needs_large": lambda d: float(bool(d.needs_large)),
    "expected_nodes": lambda d: log(d.expected_nodes or 1),
}
"""Each as a number that is higher for harder hands."""


class Correlation(NamedTuple):
    """Spearman's correlation of a measure with the ranks, and its 95% interval."""

    measure: str
    spearman: float
    interval: Interval


class Fit(NamedTuple):
    """What the ranks say of the measures."""

    hands: int  # ranked hands that have a solution
    correlations: tuple[Correlation, ...]  # of each measure, then of all together
    best: str  # the measure that goes best with the ranks
    gain: float  # how much further it goes than the number of solutions
    gain_interval: Interval

    def to_json(self) -> dict[str, Any]:
        """A JSON object."""
        return {
            "hands": self.hands,
            "spearman": {
                one.measure: {"value": one.spearman, "interval": list(one.interval)}
                for one in self.correlations
            },
            "best": self.best,
            "gain_over_solutions": {"value": self.gain, "interval": list(self.gain_interval)},
        }


def fit(ranks: Mapping[Hand, int], tick: Callable[[], object] = lambda: None) -> Fit:
    """Hold the measures against people's ranks, higher for harder hands; `tick` once a hand."""
    import numpy as np

    found = []
    for hand, rank in ranks.items():
        measured = difficulty(Puzzle(hand))
        tick()
        if measured.solutions:
            found.append((rank, [measure(measured) for measure in MEASURES.values()]))
    if len(found) < MIN_HANDS:
        raise ValueError(f"{len(found)} ranked hands: a correlation needs {MIN_HANDS}")
    people = np.array([rank for rank, _ in found], dtype=float)
    columns = np.array([values for _, values in found])
    columns = np.column_stack([columns, _predictions(columns, people)])
    values = _spearman(columns, people)
    random = np.random.default_rng(SEED)
    drawn = np.empty((RESAMPLES, len(values)))
    for i in range(RESAMPLES):
        chosen = random.integers(len(people), size=len(people))
        drawn[i] = _spearman(columns[chosen], people[chosen])
    names = [*MEASURES, "all, fitted"]
    best, base = int(values[: len(MEASURES)].argmax()), names.index("solutions")
    return Fit(
        len(found),
        tuple(map(Correlation, names, values.tolist(), map(_interval, drawn.T))),
        names[best],
        float(values[best] - values[base]),
        _interval(drawn[:, best] - drawn[:, base]),
    )


def _predictions(columns: Floats, people: Floats) -> Floats:
    """Ranks by least squares on the ranked measures, each hand's from the folds without it."""
    import numpy as np
    from scipy.stats import rankdata

    order = np.random.default_rng(SEED).permutation(len(people))
    design = np.column_stack([rankdata(columns, axis=0), np.ones(len(people))])
    predicted = np.empty(len(people))
    for held in (order[fold::10] for fold in range(10)):
        rest = np.setdiff1d(order, held)
        weights, *_ = np.linalg.lstsq(design[rest], people[rest], rcond=None)
        predicted[held] = design[held] @ weights
    return predicted


def _spearman(columns: Floats, people: Floats) -> Floats:
    """Pearson's correlation of the ranks, of each column with the people's."""
    import numpy as np
    from scipy.stats import rankdata

    x, y = rankdata(columns, axis=0), rankdata(people[:, None], axis=0)
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    spread = np.sqrt((x**2).sum(axis=0) * (y**2).sum(axis=0))
    found: Floats = np.zeros_like(spread)  # where all hands have one value, nothing goes with it
    np.divide((x * y).sum(axis=0), spread, out=found, where=spread > 0)
    return found


def _interval(values: Floats) -> Interval:
    import numpy as np

    low, high = np.quantile(values, [0.025, 0.975])
    return Interval(float(low), float(high))
