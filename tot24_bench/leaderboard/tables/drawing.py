"""What the leaderboard's pictures share: a figure that comes out the same again, points, labels.

Beside each picture stands the same as a CSV file, for programs.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tot24_bench.statistics import Interval
from tot24_bench.text import guarded

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class NoPoints(ValueError):
    """Nothing can be drawn; the message says what is missing."""


@contextmanager
def figure_at(path: Path, width: float, height: float) -> Iterator[Figure]:
    """An empty figure of so many inches, which is written when its body has ended.

    The suffix of the path says in which form (svg, png, pdf); the same data give the same bytes.

    Raises:
        ValueError: matplotlib is missing.
    """
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError as missing:
        raise ValueError("drawing needs matplotlib: pip install 'tot24-bench[plots]'") from missing
    with mpl.rc_context({"svg.hashsalt": "tot24", "svg.fonttype": "none"}):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure
        meta = {".png": {"Software": None}, ".svg": {"Date": None, "Creator": None}}
        figure.savefig(path, dpi=120, metadata=meta.get(path.suffix))


def mark(
    axes: Axes,
    at: tuple[float, float],
    ends: Interval | None,
    colour: str,
    hollow: bool,
    size: int = 7,
    **more: Any,
) -> None:
    """A point with its interval, where it has one."""
    low, high = ends or (at[1], at[1])
    axes.errorbar(
        [at[0]],
        [at[1]],
        yerr=[[max(0.0, at[1] - low)], [max(0.0, high - at[1])]],
        color=colour,
        markerfacecolor="white" if hollow else colour,
        markersize=size,
        elinewidth=0.8,
        **more,
    )


class Label(NamedTuple):
    """Words beside a point of the axes; without words only the point, which labels leave free."""

    x: float
    y: float
    text: str


PLACES = [(7, 3), (7, -9), (-7, 3), (-7, -9)]
"""Where a label may stand beside its point, in points; the first that is free is taken."""

ABOVE = PLACES + [(side * 14, up) for up in range(22, 170, 11) for side in (1, -1)]
"""The same for points at the foot of a picture; the further ones have a line to their point."""


def write_labels(axes: Axes, labels: Sequence[Label], places: Sequence[tuple[int, int]]) -> None:
    """Write the labels where no other label or point is; one that finds no place is left out.

    The first of them is the first to choose. To be called once the axes are laid out.
    """
    from matplotlib.text import Text

    taken = []
    for at in labels:
        x, y = axes.transData.transform((at.x, at.y))
        taken.append((x - 5, y - 5, x + 5, y + 5))
    for at in labels:
        if not at.text:
            continue
        for right, up in places:
            apart = abs(up) > 10
            label = axes.annotate(
                at.text,
                (at.x, at.y),
                (right, up),
                textcoords="offset points",
                fontsize=7,
                ha="left" if right > 0 else "right",
                va="center" if apart else "baseline",
                arrowprops={"arrowstyle": "-", "linewidth": 0.4, "color": "#999999"}
                if apart
                else None,
                parse_math=False,
            )
            label.get_window_extent()  # puts it into its place; it would hold the line, too
            box = Text.get_window_extent(label)
            mine = (box.x0 - 1, box.y0 - 1, box.x1 + 1, box.y1 + 1)
            inside = axes.bbox.x0 < mine[0] and mine[2] < axes.bbox.x1 + 20
            inside = inside and axes.bbox.y0 < mine[1]
            if inside and not any(_overlap(mine, other) for other in taken):
                taken.append(mine)
                break
            label.remove()


_Box = tuple[float, float, float, float]  # left, bottom, right, top


def _overlap(one: _Box, other: _Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def csv_of(fields: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table for programs; shares from 0 to 1. The field `ends` becomes `low` and `high`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    place = list(fields).index("ends")
    writer.writerow([*fields[:place], "low", "high", *fields[place + 1 :]])
    for row in rows:
        ends = row[place] or ("", "")
        assert isinstance(ends, tuple)
        writer.writerow(map(_cell, [*row[:place], *ends, *row[place + 1 :]]))
    return text.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, str):
        return guarded(value)
    return round(value, 4) if isinstance(value, float) else value
