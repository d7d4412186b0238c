"""Draw what responses look like: their lengths, their dead ends, and the yield by difficulty."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tot24_bench.statistics import wilson
from tot24_bench.traces.funnel import BAND_NAMES
from tot24_bench.traces.stats import Stats, quantile

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BINS = 40
"""Bars of a histogram."""

MAX_DRAWN = 6
"""Groups that are told apart by colour; the others are left out, and the title says so."""

SUFFIXES = (".png", ".svg", ".pdf")
"""What a plot may be called."""

_COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377")  # Tol's bright


def draw(teachers: Mapping[str, Stats], path: Path, title: str = "") -> None:
    """Write the figure; the suffix of `path` says in which form (png, svg, pdf).

    Raises:
        ValueError: nothing to draw, or matplotlib is not installed or does not know the suffix.
        OSError: the file cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as missing:
        raise ValueError("drawing needs matplotlib: pip install 'tot24-bench[plots]'") from missing
    if not teachers:
        raise ValueError("there is no trace to draw: give a file that holds one")
    drawn = dict(sorted(teachers.items(), key=lambda one: -one[1].traces)[:MAX_DRAWN])
    if len(drawn) < len(teachers):
        title = f"{title} ({len(drawn)} of {len(teachers)} groups)".strip()
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(f"a plot is a file {', '.join(SUFFIXES)}, not {path.name}: give another")
    figure = Figure(figsize=(12, 4), layout="constrained")
    lengths, dead_ends, yields = figure.subplots(1, 3)
    counted = all(one.measures["tokens"].total() == one.traces for one in drawn.values())
    unit = "tokens" if counted else "characters"
    _histogram(lengths, drawn, unit, f"{unit} {'generated' if counted else 'of a response'}")
    lengths.set_ylabel("share of responses")
    _histogram(dead_ends, drawn, "dead_ends", "dead ends marked in a response")
    _yields(yields, drawn)
    for axes in (lengths, dead_ends, yields):
        axes.spines[["top", "right"]].set_visible(False)
    yields.legend(frameon=False, fontsize="small")
    if title:
        figure.suptitle(_plain(title))
    figure.savefig(path, dpi=120, metadata={"Software": None} if path.suffix == ".png" else None)


def _histogram(axes: Axes, teachers: Mapping[str, Stats], measure: str, label: str) -> None:
    counts = [one.measures[measure] for one in teachers.values()]
    # The longest one in a hundred is put into the last bar: one of them would flatten the others.
    most = max((quantile(one, 0.99) for one in counts if one), default=0)
    width = max(1, -(-(most + 1) // BINS))
    edges = [start * width for start in range(most // width + 2)]
    longest = max((max(one) for one in counts if one), default=0)
    if longest >= edges[-1]:
        label += f"\n(last bar: {edges[-2]:,} and more, up to {longest:,})"
    axes.set_xlabel(label)
    for (name, _), colour, one in zip(teachers.items(), _COLOURS, counts, strict=False):
        total = one.total()
        if not total:
            continue
        bars: Counter[int] = Counter()
        for value, times in one.items():
            bars[min(value, most) // width] += times
        heights = [bars[place] / total for place in range(len(edges) - 1)]
        axes.stairs(heights, edges, color=colour, fill=True, alpha=0.35)
        axes.stairs(heights, edges, color=colour, label=_plain(name))


def _yields(axes: Axes, teachers: Mapping[str, Stats]) -> None:
    names = [name for name in BAND_NAMES if any(name in one.bands for one in teachers.values())]
    for place, ((teacher, stats), colour) in enumerate(
        zip(teachers.items(), _COLOURS, strict=False)
    ):
        offset = (place - (len(teachers) - 1) / 2) * 0.12
        for x, name in enumerate(names):
            band = stats.bands.get(name)
            if band is None:
                continue
            share = band.right / band.asked
            low, high = wilson(band.right, band.asked)
            axes.errorbar(
                x + offset,
                share,
                yerr=([max(0.0, share - low)], [max(0.0, high - share)]),
                fmt="o",
                capsize=3,
                color=colour,
            )
        axes.plot([], [], "o", color=colour, label=f"{_plain(teacher)} ({stats.traces:,})")
    axes.set_xticks(range(len(names)), names)
    axes.set_xlabel("difficulty of the hand")
    axes.set_ylabel("right responses (95% interval)")
    axes.set_ylim(0, 1.03)  # markers at 100% are whole


def _plain(text: str) -> str:
    """Text from outside as matplotlib shows it as it is: a dollar sign would start a formula."""
    shown = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return shown.replace("$", r"\$")[:80]
