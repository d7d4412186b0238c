"""Accuracy against the number of parameters, a curve a method, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from training.study.bootstrap import Estimate

COLOURS = ("#1b6ca8", "#c8553d", "#3c896d", "#6d597a")
MARKERS = ("o", "s", "^", "D")


class Point(NamedTuple):
    """A group of a curve."""

    parameters: int
    estimate: Estimate


def draw(panels: Mapping[str, Mapping[str, Sequence[Point]]], path: Path) -> None:
    """Draw a panel a test, side by side.

    Args:
        panels: by the title of the panel, the points of each curve by its label.
        path: of the PNG.

    Raises:
        OSError: it cannot be written.
        ImportError: matplotlib is not installed.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.2 * max(len(panels), 1), 3.8), layout="constrained")
    axes = figure.subplots(1, max(len(panels), 1), sharey=True, squeeze=False)[0]
    for place, (one, (title, curves)) in enumerate(zip(axes, panels.items(), strict=False)):
        for (label, points), colour, marker in zip(curves.items(), COLOURS, MARKERS, strict=False):
            _curve(one, label, sorted(points), colour, marker)
        one.set(xscale="log", title=title, xlabel="parameters", ylim=(-2, 102))
        one.grid(axis="y", alpha=0.3)
        if place == 0:
            one.set_ylabel("right, % (greedy, 0-shot)")
            one.legend(frameon=False)
    figure.savefig(path, dpi=150, metadata={"Software": None})


def _curve(axes: object, label: str, points: Sequence[Point], colour: str, marker: str) -> None:
    sizes = [point.parameters for point in points]
    shares = [100 * point.estimate.value for point in points]
    # A percentile interval may leave its mean out by a hair; a bar of negative length is refused.
    below = [max(100 * (p.estimate.value - p.estimate.low), 0.0) for p in points]
    above = [max(100 * (p.estimate.high - p.estimate.value), 0.0) for p in points]
    axes.errorbar(  # type: ignore[attr-defined]
        sizes, shares, yerr=[below, above], label=label, color=colour, marker=marker, capsize=3
    )
