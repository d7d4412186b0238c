"""Accuracy against size: what models of more parameters solve, untaught, and what students solve.

A point is a row of IO, CoT or One-Step ToT on the 100 published test hands. Measured rows, ours and
those of models as they come, are told apart from what others published. A model whose size nobody
published stands in a strip of its own; exact search, which is no model, nowhere. Published rows of
a hundred other hands are points where nearly all of these are the same; a line below says so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import exp, log
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

from tot24_bench.game import load_split
from tot24_bench.harness import DEFAULT_SPLIT
from tot24_bench.leaderboard.entry import Entry, interval
from tot24_bench.leaderboard.tables.drawing import (
    ABOVE,
    Label,
    NoPoints,
    csv_of,
    figure_at,
    mark,
    write_labels,
)
from tot24_bench.leaderboard.tables.frontier import COLOURS
from tot24_bench.leaderboard.tables.ranks import is_exact_search
from tot24_bench.leaderboard.tables.rows import row_of, short, short_count
from tot24_bench.prompts import METHOD_NAMES, METHODS
from tot24_bench.statistics import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAIVE, STUDENT, TUNED = "naive", "student", "student of a pretrained model"

KINDS = {
    NAIVE: ("o", "as it comes, measured"),
    STUDENT: ("s", "student from nothing, measured"),
    TUNED: ("^", "student of a pretrained model, measured"),
    "rescored": ("D", "published responses, rescored"),
    "reported": ("X", "as its source reports it"),
}
"""What a point can be: its shape, and how the legend calls it."""

NEARLY = 0.95  # share of a published row's hands that must be test hands

NEAR = 0.25  # models whose sizes differ by less, in log, stand side by side
STEP = 0.022  # between points that do: a share of the panel


class SizePoint(NamedTuple):
    """One row: a method of a model, asked in one way."""

    model: str
    method: str
    kind: str  # one of KINDS
    parameters: int | None  # None where nobody published it
    base: str | None  # what a student was trained from
    shots: int | None  # None where the source does not say
    prompt: str  # plain or chat, as tables say it
    split: str
    n: int
    shared: int  # hands that are test hands
    repeats: int
    accuracy: float  # share of right responses, 0 to 1
    ends: Interval | None  # of its 95% interval; None of a mean that is only reported
    key: str


def size_points(entries: Iterable[Entry]) -> list[SizePoint]:
    """The rows that the picture shows: by method, then by size, unknown ones last.

    Raises:
        NoPoints: there is none.
    """
    rows = [one for one in entries if one.header.method in METHODS]
    hands = {puzzle.identity for puzzle in load_split(DEFAULT_SPLIT)}
    nearly = {}
    for one in rows:
        shared = sum(outcome.puzzle.identity in hands for outcome in one.outcomes)
        if one.header.obtained != "measured" and shared >= NEARLY * one.header.n:
            nearly[_asked(one)] = shared
    students = {
        one.header.model.name: one.header.model.base
        for one in rows
        if one.header.model.teacher or one.header.model.training
    }
    found = []
    for one in rows:
        header = one.header
        whole = header.split == DEFAULT_SPLIT and header.n == len(hands)
        # What is only reported is of the hands of the same responses, rescored.
        shared = len(hands) if whole else nearly.get(_asked(one), 0)
        if not shared or is_exact_search(header) or not (whole or header.obtained != "measured"):
            continue
        measured = header.obtained == "measured"
        kind = _kind(header.model.name, students) if measured else header.obtained
        found.append(
            SizePoint(
                model=short(header.model.name),
                method=header.method,
                kind=kind,
                parameters=header.model.parameters,
                base=header.model.base,
                shots=header.shots,
                prompt=row_of(one).prompt,
                split=header.split,
                n=header.n,
                shared=shared,
                repeats=header.repeats,
                accuracy=header.metrics.acc,
                ends=interval(one),
                key=one.key,
            )
        )
    if not found:
        raise NoPoints(
            f"no row of IO, CoT or One-Step ToT on all hands of {DEFAULT_SPLIT}: run `tot24 eval` "
            "or `tot24 baseline` first"
        )
    return sorted(found, key=_order)


def nearly_asked(entries: Iterable[Entry]) -> set[str]:
    """The keys of published rows that were asked nearly the hands of the published test set."""
    hands = {puzzle.hand for puzzle in load_split(DEFAULT_SPLIT)}
    published = [one for one in entries if one.header.obtained != "measured"]
    nearly = set()
    for one in published:
        asked = {outcome.puzzle.hand for outcome in one.outcomes}
        if len(asked & hands) >= NEARLY * max(len(asked), len(hands)):
            nearly.add(_asked(one))
    # What is only reported is of the hands of the same responses, rescored.
    return {one.key for one in published if _asked(one) in nearly}


def _asked(entry: Entry) -> tuple[str, str, int]:
    """A model, and the hands that a source says it was asked."""
    return entry.header.model.name, entry.header.split, entry.header.n


def _order(point: SizePoint) -> tuple[object, ...]:
    return (
        METHODS.index(point.method),
        point.parameters or float("inf"),
        point.model.casefold(),
        list(KINDS).index(point.kind),
        -1 if point.shots is None else point.shots,
        point.prompt,
        point.key,
    )


def _kind(model: str, students: Mapping[str, str | None]) -> str:
    """What a measured model is, given the base of each student: that of its base, if a student."""
    if model not in students:
        return NAIVE
    seen = {model}
    base = students[model]
    while base is not None and base in students and base not in seen:
        seen.add(base)
        base = students[base]
    return STUDENT if base is None else TUNED


def size_csv(found: Sequence[SizePoint]) -> str:
    """The points as a table for programs; shares from 0 to 1."""
    return csv_of(SizePoint._fields, found)


def draw_sizes(found: Sequence[SizePoint], path: Path) -> None:
    """Draw accuracy against parameters, log x, a panel a method; the suffix says in which form.

    Raises:
        ValueError: matplotlib is missing.
    """
    unknown = list(dict.fromkeys(one.model for one in found if one.parameters is None))
    sizes = [one.parameters for one in found if one.parameters is not None] or [10**6]
    ends = min(sizes) / 2, max(100 * min(sizes), 3 * max(sizes))
    widths = [4, 0.6 * len(unknown) + 0.4] if unknown else [4]
    with figure_at(path, 13, 5) as figure:
        grid = figure.subplots(1, 3 * len(widths), sharey=True, width_ratios=3 * widths)
        labels = []
        for axes, aside, method in zip(
            grid[:: len(widths)], grid[len(widths) - 1 :: len(widths)], METHODS, strict=True
        ):
            mine = [one for one in found if one.method == method]
            axes.set_xscale("log")
            axes.set_xlim(*ends)
            axes.xaxis.set_major_formatter(lambda size, _: short_count(round(size)))
            axes.xaxis.set_minor_formatter("")
            axes.set_title(METHOD_NAMES[method], loc="left")
            labels.append((axes, _draw_known(axes, mine, STEP * log(ends[1] / ends[0]))))
            if unknown:
                _draw_unknown(aside, mine, unknown)
            for one in {axes, aside}:
                one.grid(alpha=0.25, linewidth=0.5)
                one.spines[["top", "right"]].set_visible(False)
        grid[0].set_ylim(-0.02, 1.08)
        grid[0].set_ylabel("right answers (95% interval)")
        words = ["parameters (log); rows of one size stand side by side", *_notes(found)]
        figure.supxlabel("\n".join(words), fontsize="small", parse_math=False)
        _write_legend(grid[0], found)
        drawn = grid[0].get_legend_handles_labels()
        figure.legend(*drawn, frameon=False, loc="outside upper left", ncols=6, fontsize="small")
        figure.draw_without_rendering()  # lays the axes out
        figure.set_layout_engine("none")
        for axes, written in labels:
            write_labels(axes, written, ABOVE)


def _draw_known(axes: Axes, points: Iterable[SizePoint], step: float) -> list[Label]:
    """Points at their sizes, those of one size `step` apart (in log); a label for each model."""
    groups: list[list[tuple[float, SizePoint]]] = []
    for point in points:
        if point.parameters is not None:
            size = log(point.parameters)
            if not groups or size > groups[-1][0][0] + NEAR:
                groups.append([])
            groups[-1].append((size, point))
    placed = []
    for group in groups:
        middle = fmean(size for size, _ in group)
        for i, (_, point) in enumerate(group):
            x = exp(middle + (i - (len(group) - 1) / 2) * step)
            _mark(axes, x, point)
            placed.append((x, point))
    placed.sort(key=lambda one: -one[1].accuracy)
    named: set[str] = set()
    labels = []
    for x, point in placed:
        text = "" if point.model in named else point.model.rpartition("/")[2]
        named.add(point.model)
        labels.append(Label(x, point.accuracy, text))
    return labels


def _draw_unknown(axes: Axes, points: Iterable[SizePoint], models: Sequence[str]) -> None:
    """The strip of models whose size is not published, a place each."""
    unknown = [one for one in points if one.parameters is None]
    for place, model in enumerate(models):
        mine = [one for one in unknown if one.model == model]
        for i, point in enumerate(mine):
            _mark(axes, place + (i - (len(mine) - 1) / 2) * 0.6 / len(mine), point)
    axes.set_xlim(-0.6, len(models) - 0.4)
    axes.set_xticks(range(len(models)), models, fontsize=7, parse_math=False)
    axes.set_xlabel("size not\npublished", fontsize=7)
    axes.set_facecolor("#f4f4f4")
    axes.tick_params(left=False)


def _mark(axes: Axes, x: float, point: SizePoint) -> None:
    shape, _ = KINDS[point.kind]
    at, hollow = (x, point.accuracy), point.shots == 0
    mark(axes, at, point.ends, COLOURS[point.method], hollow, size=5, fmt=shape)


def _write_legend(axes: Axes, found: Sequence[SizePoint]) -> None:
    """Entries without points, of the kinds that are drawn."""
    there = {one.kind for one in found}
    for kind, (shape, words) in KINDS.items():
        if kind in there:
            axes.plot([], [], shape, color="#333333", label=words)
    if any(one.shots == 0 for one in found):
        axes.plot([], [], "o", color="#333333", markerfacecolor="white", label="hollow: 0-shot")


def _notes(found: Iterable[SizePoint]) -> list[str]:
    """Which rows were asked other hands, a line for those of each such set."""
    others: defaultdict[tuple[int, int], dict[str, None]] = defaultdict(dict)
    for one in found:
        if one.split != DEFAULT_SPLIT:
            others[one.n, one.shared][f"{one.model} ({METHOD_NAMES[one.method]})"] = None
    return [
        f"{', '.join(rows)}: {n} hands, {shared} of them of {DEFAULT_SPLIT}"
        for (n, shared), rows in others.items()
    ]
