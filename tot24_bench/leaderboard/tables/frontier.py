"""Accuracy against cost: every method of one model, by tokens a hand or by states visited.

A point is a row of the leaderboard. The frontier holds the rows that no other beats with as many
tokens or fewer; rows that used right answers to stop or to choose are drawn hollow and are no part
of it. A plain row is beside searches where its prompt's tokens are known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

from tot24_bench.leaderboard.entry import Entry, interval
from tot24_bench.leaderboard.store import path_of, read
from tot24_bench.leaderboard.tables.drawing import (
    PLACES,
    Label,
    NoPoints,
    csv_of,
    figure_at,
    mark,
    write_labels,
)
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
    return csv_of(Point._fields, found)


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
    words = {
        "tokens": "tokens a hand, prompts and responses (log)",
        "states": "different states visited a hand (log)",
    }
    with figure_at(path, 9.5, 6) as figure:
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
        labels = [Label(getattr(one, by), one.accuracy, _short(one)) for one in found]
        write_labels(axes, sorted(labels, key=lambda one: (-one.x, one.y)), PLACES)


def _draw_points(axes: Axes, found: Sequence[Point], by: str) -> None:
    named = set()
    for point in found:
        family = FAMILIES[point.method]
        mark(
            axes,
            (getattr(point, by), point.accuracy),
            point.ends,
            COLOURS[point.method],
            hollow=point.oracle,
            fmt=SHAPES[point.method],
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
