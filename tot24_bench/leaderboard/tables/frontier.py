"""Accuracy against cost: every method of one model, by tokens a hand or by states visited.

A point is a row of the leaderboard. The frontier holds the rows that no other beats with as many
tokens or fewer; rows that used right answers to stop or to choose are drawn hollow and are no part
of it. A plain row is beside searches where its prompt's tokens are known.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

from tot24_bench.leaderboard.entry import Entry, interval
from tot24_bench.leaderboard.store import path_of, read
from tot24_bench.leaderboard.tables.rows import method_of, percent
from tot24_bench.prompts import METHOD_NAMES
from tot24_bench.search import states_of
from tot24_bench.statistics import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FAMILIES = {
    **METHOD_NAMES,
    "self_consistency": "self-consistency",
    "best_of_k": "best of k",
    "refine": "refine",
    "tot_bfs": "ToT (BFS)",
    "tot_dfs": "ToT (DFS)",
    "mcts": "MCTS",
}
"""How the legend calls the methods, in its order."""

COLOURS = dict(
    zip(
        FAMILIES,
        ("#666666", "#0072b2", "#d55e00", "#56b4e9", "#cc79a7", "#8c6d31", "#009e73", "#000000",
         "#e69f00"),
        strict=True,
    )
)  # fmt: skip
"""Told apart by those who see colours otherwise, too (Okabe and Ito 2008); shapes differ, too."""

SHAPES = dict(zip(FAMILIES, "ovDsPXp*^", strict=True))


class Point(NamedTuple):
    """One method of a model on a split."""

    label: str
    method: str
    key: str
    n: int
    accuracy: float  # share of hands whose first-ranked answer is right, 0 to 1
    ends: Interval  # of its 95% interval
    any_final: float | None  # of a search: share of hands where any final answer is right
    mean_final: float | None
    calls: float
    tokens: float  # of a hand, prompts and responses together
    states: float  # different states of a hand
    oracle: bool
    symbolic: bool
    on_frontier: bool


class NoPoints(ValueError):
    """No row of a model can be drawn; the message says what is missing."""


def points(entries: Iterable[Entry], model: str, split: str, results: Path) -> list[Point]:
    """The rows of a model on a split, the cheapest first.

    Raises:
        NoPoints: there is no such row whose tokens are known.
    """
    rows = [
        entry
        for entry in entries
        if entry.header.model.name == model
        and entry.header.split == split
        and entry.header.obtained == "measured"
        and entry.header.method in FAMILIES
        and entry.header.repeats == 1
        and entry.header.total_tokens  # none, or zero, has no place on the axis
    ]
    if not rows:
        raise NoPoints(
            f"no row of {model} on {split} says how many tokens a hand took: run `tot24 methods` "
            "on it"
        )
    every = (_point(entry, results) for entry in rows)
    found = sorted(every, key=lambda one: (one.tokens, -one.accuracy))
    best, marked = -1.0, []
    for point in found:
        ahead = not point.oracle and point.accuracy > best
        best = point.accuracy if ahead else best
        marked.append(point._replace(on_frontier=ahead))
    return marked


def _point(entry: Entry, results: Path) -> Point:
    header = entry.header
    search = header.search
    ends = interval(entry)
    return Point(
        label=method_of(header),
        method=header.method,
        key=entry.key,
        n=header.n,
        accuracy=header.metrics.acc,
        ends=ends or Interval(header.metrics.acc, header.metrics.acc),
        any_final=search.any_final if search else None,
        mean_final=search.mean_final if search else None,
        calls=search.calls if search else 1.0,
        tokens=header.total_tokens or 0.0,
        states=search.states if search else _states(path_of(results, entry.key)),
        oracle=bool(search and search.oracle_stop),
        symbolic=bool(search and search.symbolic_step),
        on_frontier=False,
    )


def _states(path: Path) -> float:
    """Different states that a plain row's valid thoughts come to, the mean of a hand."""
    return fmean(states_of(one.puzzle, one.responses) for one in read(path).samples)


def as_csv(found: Sequence[Point]) -> str:
    """The points as a table for programs; shares from 0 to 1."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    fields = [name for name in Point._fields if name != "ends"]
    place = fields.index("accuracy") + 1
    writer.writerow([*fields[:place], "low", "high", *fields[place:]])
    for point in found:
        cells = [_cell(getattr(point, name)) for name in fields]
        writer.writerow([*cells[:place], *map(_cell, point.ends), *cells[place:]])
    return text.getvalue()


def _cell(value: object) -> object:
    return round(value, 4) if isinstance(value, float) else value


def as_rows(found: Sequence[Point]) -> list[list[str]]:
    """The points as cells for people, the best first: method, figures, costs, flags."""
    cells = []
    for point in sorted(found, key=lambda one: (-one.accuracy, one.tokens)):
        flags = {
            "frontier": point.on_frontier,
            "oracle stop": point.oracle,
            "symbolic step": point.symbolic,
        }
        cells.append(
            [
                point.label,
                percent(point.accuracy, point.ends),
                "" if point.any_final is None else percent(point.any_final),
                "" if point.mean_final is None else percent(point.mean_final),
                f"{point.calls:,.0f}",
                f"{point.tokens:,.0f}",
                f"{point.states:,.0f}",
                ", ".join(name for name, holds in flags.items() if holds),
            ]
        )
    return cells


def draw(found: Sequence[Point], path: Path, title: str, by: str = "tokens") -> None:
    """Draw accuracy against `tokens` or `states`, log x; the suffix says in which form.

    Raises:
        ValueError: matplotlib is missing.
    """
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError as missing:
        raise ValueError("drawing needs matplotlib: pip install 'tot24-bench[plots]'") from missing
    words = {
        "tokens": "tokens a hand, prompts and responses (log)",
        "states": "different states visited a hand (log)",
    }
    with mpl.rc_context({"svg.hashsalt": "tot24", "svg.fonttype": "none"}):
        figure = Figure(figsize=(9.5, 6), layout="constrained")
        axes = figure.subplots()
        _draw_points(axes, found, by)
        axes.set_xscale("log")
        axes.set_ylim(-0.02, 1.08)
        axes.set_xlabel(words[by])
        axes.set_ylabel("right answers, first-ranked (95% interval)")
        axes.set_title(title, loc="left")
        axes.grid(alpha=0.25, which="both", linewidth=0.5)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
        figure.draw_without_rendering()  # lays the axes out
        figure.set_layout_engine("none")
        _write_labels(axes, found, by)
        meta = {".png": {"Software": None}, ".svg": {"Date": None, "Creator": None}}
        figure.savefig(path, dpi=120, metadata=meta.get(path.suffix))


def _draw_points(axes: Axes, found: Sequence[Point], by: str) -> None:
    named = set()
    for point in found:
        x = getattr(point, by)
        below, above = point.accuracy - point.ends.low, point.ends.high - point.accuracy
        colour = COLOURS[point.method]
        family = FAMILIES[point.method]
        axes.errorbar(
            [x],
            [point.accuracy],
            yerr=[[max(0.0, below)], [max(0.0, above)]],
            fmt=SHAPES[point.method],
            color=colour,
            markerfacecolor="white" if point.oracle else colour,
            markersize=7,
            elinewidth=0.8,
            label=None if family in named else family,
        )
        named.add(family)
    if by == "tokens":
        ahead = [point for point in found if point.on_frontier]
        x = [point.tokens for point in ahead]
        y = [point.accuracy for point in ahead]
        axes.step(x, y, where="post", color="#999999", linewidth=1, zorder=0, label="frontier")
    if any(point.oracle for point in found):
        axes.plot([], [], "o", color="#333333", markerfacecolor="white", label="oracle stop")


PLACES = [(7, 3), (7, -9), (-7, 3), (-7, -9)] + [
    (side * 14, down) for down in range(-22, -170, -11) for side in (1, -1)
]
"""Where a label may stand beside its point, in points; the first that is free is taken."""


def _write_labels(axes: Axes, found: Sequence[Point], by: str) -> None:
    """Label every point where no other label or point is; with a line where it stands apart."""
    taken = []
    for point in found:
        x, y = axes.transData.transform((getattr(point, by), point.accuracy))
        taken.append((x - 5, y - 5, x + 5, y + 5))
    for point in sorted(found, key=lambda one: (-getattr(one, by), one.accuracy)):
        if not (short := _short(point)):
            continue
        at = (getattr(point, by), point.accuracy)
        for right, up in PLACES:
            apart = abs(up) > 10
            label = axes.annotate(
                short,
                at,
                (right, up),
                textcoords="offset points",
                fontsize=7,
                ha="left" if right > 0 else "right",
                va="center" if apart else "baseline",
                arrowprops={"arrowstyle": "-", "linewidth": 0.4, "color": "#999999"}
                if apart
                else None,
            )
            box = label.get_window_extent()
            mine = (box.x0 - 1, box.y0 - 1, box.x1 + 1, box.y1 + 1)
            inside = axes.bbox.x0 < mine[0] and mine[2] < axes.bbox.x1 + 20
            if inside and not any(_overlap(mine, other) for other in taken):
                taken.append(mine)
                break
            label.remove()


_Box = tuple[float, float, float, float]  # left, bottom, right, top


def _overlap(one: _Box, other: _Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _short(point: Point) -> str:
    """What of a label tells it from others of its family, where the family does not say it."""
    parts = [
        part
        for part in point.label.split(", ")
        if part not in (FAMILIES[point.method], "greedy", "oracle") and not part.endswith(" nodes")
    ]
    said = ", ".join(parts).removeprefix("self-consistency of ").removeprefix("best of ")
    for long, brief in (
        (", refined up to 10 times", ""),
        ("values in one pass", "1 pass"),
        ("answer by code", "code answers"),
        ("Gumbel root", "Gumbel"),
        ("One-Step ToT", "One-Step"),
    ):
        said = said.replace(long, brief)
    is_tree = point.method in ("tot_bfs", "tot_dfs", "mcts")
    return f"{said}, sampled".strip(", ") if is_tree and "greedy" not in point.label else said
