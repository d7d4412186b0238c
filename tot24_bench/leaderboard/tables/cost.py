"""Accuracy against cost: every row of a split, models small and large, by tokens an answer.

A point is a whole split that a model was asked in one way, measured, rescored or reported, whose
tokens are known: those of prompts and responses, or of responses alone where nobody counted the
prompt, so that the row costs more than it shows. A row without either has no place on the axis;
exact search, which is no model, and runs of some hands have none, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import log10
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tot24_bench.game import is_split, split_size
from tot24_bench.harness import DEFAULT_SPLIT
from tot24_bench.leaderboard.entry import Entry, interval
from tot24_bench.leaderboard.submission import OTHER, Header
from tot24_bench.leaderboard.tables.drawing import (
    PLACES,
    Label,
    NoPoints,
    csv_of,
    figure_at,
    write_labels,
)
from tot24_bench.leaderboard.tables.frontier import COLOURS, FAMILIES
from tot24_bench.leaderboard.tables.ranks import is_exact_search
from tot24_bench.leaderboard.tables.rows import (
    ORACLE_STOP,
    flags_of,
    in_order,
    method_of,
    row_of,
    short,
    short_count,
)
from tot24_bench.statistics import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

KINDS = {
    "measured": ("o", "measured"),
    "rescored": ("D", "published responses, rescored"),
    "reported": ("s", "as its source reports it"),
}
"""How a figure was obtained: its shape, with room for a letter, and how the legend calls it."""

LETTERS = dict(zip((*FAMILIES, OTHER), "IC1SKRBDMo", strict=True))
"""A family's letter within its points, for who cannot tell its colour; One-Step ToT is the 1."""

OTHERS = "#bbbbbb", "another method"  # the colour of a method of somebody else, and what it is

BRIGHT = ("#bbbbbb", "#56b4e9", "#cc79a7", "#e69f00")  # colours on which a letter is black

BESIDE = 0.02  # between the places of an interval that labels leave free: below a label's height

UNSIZED = 45.0  # the area of a point whose parameters nobody published: below that of any other
SMALLEST, DECADE = 80.0, 32.0  # the area of a million parameters or fewer; ten times as many add

AROUND = [
    *PLACES,
    *((7, 9), (-7, 9)),
    *((side * 14, up) for side in (-1, 1) for up in (-22, -33, -44, *range(22, 240, 11))),
]
"""Where a model's name may stand: beside its point, else further up or down."""


class CostPoint(NamedTuple):
    """One row of a split."""

    key: str
    model: str
    method: str
    label: str  # what tables call the method
    kind: str  # one of KINDS
    parameters: int | None  # None where nobody published it
    shots: int | None  # None where the source does not say
    prompt: str  # plain or chat, as tables say it
    n: int
    accuracy: float  # share of right responses, 0 to 1
    ends: Interval | None  # of its 95% interval; None of a mean that is only reported
    tokens: float  # of one answer to a hand, all calls that led to it; the mean over hands
    total: bool  # whether they are those of prompts and responses; False: of responses alone
    oracle: bool  # whether right answers were used to stop or choose


def cost_points(entries: Iterable[Entry], split: str = DEFAULT_SPLIT) -> list[CostPoint]:
    """The rows of a split whose tokens are known, the cheapest first.

    Raises:
        NoPoints: there is none.
    """
    found = []
    for one in in_order(entries):
        header = one.header
        tokens, total = _tokens(header)
        whole = not is_split(split) or header.n == split_size(split)
        if header.split != split or not whole or is_exact_search(header) or not tokens:
            continue
        found.append(
            CostPoint(
                key=one.key,
                model=short(header.model.name),
                method=header.method,
                label=short(method_of(header)),
                kind=header.obtained,
                parameters=header.model.parameters,
                shots=header.shots,
                prompt=row_of(one).prompt,
                n=header.n,
                accuracy=header.metrics.acc,
                ends=interval(one),
                tokens=tokens,
                total=total,
                oracle=ORACLE_STOP in flags_of(header),
            )
        )
    if not found:
        raise NoPoints(
            f"no row of a model on all hands of {short(split)} says how many tokens it took: run "
            "`tot24 eval` or `tot24 methods` first"
        )
    return sorted(found, key=lambda one: (one.tokens, -one.accuracy, one.key))


def _tokens(header: Header) -> tuple[float | None, bool]:
    """What one answer took, and whether its prompts are counted, too."""
    if header.total_tokens is not None:
        # The accuracy of a row of many responses is that of one of them, and so is its cost here.
        return header.total_tokens / header.repeats, True
    return header.mean_response_tokens, False


def cost_csv(points: Sequence[CostPoint]) -> str:
    """The points as a table for programs; shares from 0 to 1."""
    return csv_of(CostPoint._fields, points)


def draw_cost(points: Sequence[CostPoint], path: Path, split: str = DEFAULT_SPLIT) -> None:
    """Draw accuracy against tokens, log x; the suffix says in which form.

    Raises:
        ValueError: matplotlib is missing.
    """
    with figure_at(path, 11, 6.5) as figure:
        axes = figure.subplots()
        axes.set_xscale("log")
        fewest, most = min(one.tokens for one in points), max(one.tokens for one in points)
        axes.set_xlim(fewest / 1.6, max(2 * most, 20 * fewest))
        axes.set_ylim(-0.02, 1.08)
        axes.xaxis.set_major_formatter(lambda tokens, _: f"{tokens:,.0f}")
        axes.xaxis.set_minor_formatter("")
        axes.set_xlabel("\n".join(_words(points)), parse_math=False)
        axes.set_ylabel("right answers (95% interval)")
        hands = " or ".join(f"{n:,}" for n in sorted({one.n for one in points}))
        axes.set_title(
            f"Accuracy against cost: every model and method on {short(split)}, {hands} hands",
            loc="left",
            parse_math=False,
        )
        axes.grid(alpha=0.25, linewidth=0.5)
        axes.spines[["top", "right"]].set_visible(False)
        _draw_points(axes, points)
        _write_legend(figure, points)
        figure.draw_without_rendering()  # lays the axes out
        figure.set_layout_engine("none")
        write_labels(axes, _labels(points), AROUND)
        for text in axes.texts:
            text.set_zorder(2)  # a line from a name to its point passes below other points


def _draw_points(axes: Axes, points: Iterable[CostPoint]) -> None:
    """Intervals below all points; large points below small ones, which they would hide."""
    drawn = sorted(points, key=lambda one: -_area(one))
    for place, one in enumerate(drawn):
        colour, _ = _family(one.method)
        x, y, above = one.tokens, one.accuracy, 3 + place
        if one.ends is not None:
            axes.vlines(x, *one.ends, color=colour, linewidth=0.8, alpha=0.7, zorder=2)
        if not one.total:
            axes.annotate(
                "",
                (x, y),
                (19, 0),
                textcoords="offset points",
                zorder=2,
                arrowprops={"arrowstyle": "<-", "color": colour, "linewidth": 0.9},
            )
        for part in _parts(one.method, one.kind, _area(one), _is_hollow(one)):
            part.set_data([x], [y])
            part.set_zorder(above)
            axes.add_line(part)


def _parts(method: str, kind: str, area: float, hollow: bool) -> tuple[Line2D, Line2D]:
    """A point and the letter within it, at no place yet."""
    from matplotlib.lines import Line2D

    colour, _ = _family(method)
    inner = "black" if colour in BRIGHT else colour if hollow else "white"
    size = area**0.5
    shape, _ = KINDS[kind]
    if shape == "D":  # a square on its tip is drawn larger than others of its size
        size *= 0.85
    outer = Line2D(
        [],
        [],
        linestyle="none",
        marker=shape,
        markersize=size,
        markerfacecolor="white" if hollow else colour,
        markeredgecolor=colour if hollow else "white",
        markeredgewidth=1.1 if hollow else 0.5,
    )
    letter = Line2D(
        [],
        [],
        linestyle="none",
        marker=rf"$\mathrm{{{LETTERS.get(method, LETTERS[OTHER])}}}$",
        markersize=0.5 * size,
        markerfacecolor=inner,
        markeredgecolor=inner,
        markeredgewidth=0.25,
    )
    return outer, letter


def _family(method: str) -> tuple[str, str]:
    """The colour of a method, and how the legend calls it."""
    if method not in FAMILIES:
        return OTHERS
    return COLOURS[method], FAMILIES[method]


def _area(point: CostPoint) -> float:
    """In square points."""
    if point.parameters is None:
        return UNSIZED
    return SMALLEST + DECADE * log10(max(point.parameters, 10**6) / 10**6)


def _is_hollow(point: CostPoint) -> bool:
    return point.oracle or point.parameters is None


def _words(points: Iterable[CostPoint]) -> list[str]:
    """What stands below the axis."""
    kinds = [says for kind, (_, says) in KINDS.items() if kind in {one.kind for one in points}]
    only = f"every row is {kinds[0]}; " if kinds == ["measured"] else ""
    return [
        "tokens of an answer to one hand, prompts and responses together (log)",
        f"{only}rows whose tokens nobody counted have no place here",
    ]


def _labels(points: Sequence[CostPoint]) -> list[Label]:
    """The best row of a model, unaided if any is, by name; without words what they leave free."""
    best: dict[str, CostPoint] = {}
    for one in sorted(points, key=lambda one: (one.oracle, -one.accuracy, one.tokens)):
        best.setdefault(one.model, one)
    named = {one.key for one in best.values()}
    labels = []
    for one in sorted(points, key=lambda one: one.tokens):
        text = one.model.rpartition("/")[2] if one.key in named else ""
        labels.append(Label(one.tokens, one.accuracy, text))
    return [*labels, *(blank for one in points for blank in _covered(one))]


def _covered(point: CostPoint) -> list[Label]:
    """What else a point covers: its sign is larger than the dot of other pictures, its interval."""
    low, high = point.ends or (point.accuracy, point.accuracy)
    steps = range(round((high - low) / BESIDE) + 1)
    up = [Label(point.tokens, low + i * BESIDE, "") for i in steps]
    factors = [1.03, 1 / 1.03] + [1.08, 1.13] * (not point.total)  # its width, and its arrow
    return [*up, *(Label(point.tokens * by, point.accuracy, "") for by in factors)]


def _write_legend(figure: Figure, points: Sequence[CostPoint]) -> None:
    """Beside the axes: the methods, then what shape, size, filling and arrow mean, as drawn."""
    from matplotlib.legend_handler import HandlerTuple
    from matplotlib.lines import Line2D

    def plain(area: float, shape: str = "o", hollow: bool = False) -> Line2D:
        return Line2D(
            [],
            [],
            linestyle="none",
            marker=shape,
            markersize=area**0.5,
            markerfacecolor="white" if hollow else "#333333",
            markeredgecolor="#333333",
        )

    handles: list[Any] = []  # points, or points and letters, which matplotlib's types do not know
    words: list[str] = []
    there = {one.method if one.method in FAMILIES else OTHER for one in points}
    for method in (*FAMILIES, OTHER):
        if method in there:
            handles.append(_parts(method, "measured", SMALLEST, hollow=False))
            words.append(_family(method)[1])
    told = [(plain(0), "")]  # a gap
    kinds = {one.kind for one in points}
    if kinds != {"measured"}:  # as the words below the axis say
        told += [(plain(50, shape), says) for kind, (shape, says) in KINDS.items() if kind in kinds]
    sized = {one.parameters: _area(one) for one in points if one.parameters is not None}
    for size in sorted({min(sized), max(sized)} if sized else ()):
        told.append((plain(sized[size]), f"{short_count(size)} parameters"))
    if len(sized) < len({one.parameters for one in points}):
        told.append((plain(UNSIZED, hollow=True), "smallest, hollow:\nsize not published"))
    if any(one.oracle for one in points):
        told.append((plain(SMALLEST, hollow=True), "hollow: right answers\nused to stop or choose"))
    if not all(one.total for one in points):
        arrow = plain(120, r"$\rightarrow$")
        told.append((arrow, "response alone is counted:\nwith its prompt it costs more"))
    figure.legend(
        [*handles, *(handle for handle, _ in told)],
        [*words, *(says for _, says in told)],
        handler_map={tuple: HandlerTuple(ndivide=1)},
        loc="outside right center",
        frameon=False,
        fontsize="small",
        labelspacing=0.7,
        title="method, by letter and colour",
        title_fontsize="small",
        alignment="left",
    )
