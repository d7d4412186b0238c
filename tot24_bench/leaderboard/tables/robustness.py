"""Accuracy over splits: what a model that solves the published test hands does with other hands.

A series is a model asked in one way on four splits or more, measured here: whole splits by their
own names, of generated ones the draw that a name alone means. The splits stand in the benchmark's
order. Series of students that answer 0-shot by One-Step ToT come first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from tot24_bench.game import ALL_SPLITS, split_size
from tot24_bench.leaderboard.entry import Entry, interval
from tot24_bench.leaderboard.tables.drawing import NoPoints, csv_of, figure_at, mark
from tot24_bench.leaderboard.tables.frontier import COLOURS, SHAPES
from tot24_bench.leaderboard.tables.ranks import is_exact_search
from tot24_bench.leaderboard.tables.rows import in_order, method_of, row_of, short
from tot24_bench.statistics import Interval

FEWEST = 4  # splits of a series

MOST = 8  # series in the picture, which has as many signs; the CSV has all

QUESTIONS = {
    "hard100": "published\ntest",
    "hardest": "slowest\nfor people",
    "val": "checkpoint\nchosen here",
    "train": "may be\ntrained on",
    "full": "the whole\ndeck",
    "unsolvable": "does it\nsay so?",
    "fresh": "numbers\nup to 25",
    "target": "other\nthan 24",
    "five": "instead of\nfour cards",
    "six": "instead of\nfour cards",
    "rational": "through\na fraction",
    "unsolvable_fresh": "no solution,\nup to 25",
    "countdown": "another\ngame",
    "shuffled": "hard100,\nreordered",
    "state_holdout": "hard100,\nnew states",
}
"""What a split asks, in a few words below its name."""

LOOKS = (
    *((COLOURS[one], SHAPES[one]) for one in ("onestep_tot", "cot", "tot_bfs", "best_of_k")),
    *((COLOURS[one], SHAPES[one]) for one in ("mcts", "self_consistency", "tot_dfs", "io")),
)
"""A series' colour and shape, in order; they stand for no method here."""


class RobustnessPoint(NamedTuple):
    """One split of a series."""

    model: str
    label: str  # what tables call the method; prompts that are not plain, responses to a hand
    shots: int | None
    split: str
    n: int
    accuracy: float  # share of right responses, 0 to 1
    ends: Interval | None  # of its 95% interval
    key: str


def robustness_points(entries: Iterable[Entry]) -> list[RobustnessPoint]:
    """The series of four splits or more: split after split of one, then the next.

    Raises:
        NoPoints: there is none.
    """
    series: defaultdict[tuple[str, str, int | None], list[Entry]] = defaultdict(list)
    for one in in_order(entries):
        header = one.header
        # A draw by another seed or size is other hands, a run of some hands is no split.
        whole = header.split in ALL_SPLITS and header.n == split_size(header.split)
        if header.obtained == "measured" and whole and not is_exact_search(header):
            series[header.model.name, _label(one), header.shots].append(one)
    chosen = [own for own in series.values() if len({o.header.split for o in own}) >= FEWEST]
    if not chosen:
        raise NoPoints(
            f"no model was asked {FEWEST} whole splits in one way: run `tot24 eval` with the tasks "
            "of other splits, such as game24_onestep_tot_fresh"
        )
    return [_point(one) for own in sorted(chosen, key=_order) for one in _by_split(own)]


def _label(entry: Entry) -> str:
    """The method, and what else tells rows of one model and split apart."""
    header, prompt = entry.header, row_of(entry).prompt
    parts = [method_of(header)]
    parts += [prompt] * (prompt != "plain")
    parts += [f"mean of {header.repeats}"] * (header.repeats > 1)
    return short(", ".join(parts))


def _by_split(own: Iterable[Entry]) -> list[Entry]:
    return sorted(own, key=lambda one: (ALL_SPLITS.index(one.header.split), one.key))


def _order(own: Sequence[Entry]) -> tuple[object, ...]:
    """Students' 0-shot One-Step ToT first; then who was asked the most splits."""
    first = own[0].header
    student = first.model.teacher is not None or first.model.training is not None
    ahead = student and first.method == "onestep_tot" and first.shots == 0
    return (
        not ahead,
        -len({one.header.split for one in own}),
        first.model.name.casefold(),
        first.shots is None,
        first.shots or 0,
        min(one.key for one in own),
    )


def _point(entry: Entry) -> RobustnessPoint:
    header = entry.header
    return RobustnessPoint(
        model=short(header.model.name),
        label=_label(entry),
        shots=header.shots,
        split=header.split,
        n=header.n,
        accuracy=header.metrics.acc,
        ends=interval(entry),
        key=entry.key,
    )


def robustness_csv(points: Sequence[RobustnessPoint]) -> str:
    """The points as a table for programs; shares from 0 to 1."""
    return csv_of(RobustnessPoint._fields, points)


def draw_robustness(points: Sequence[RobustnessPoint], path: Path) -> None:
    """Draw accuracy by split, a sign a series; the suffix says in which form.

    Raises:
        ValueError: matplotlib is missing.
    """
    every = list(dict.fromkeys(map(_series, points)))
    names = every[:MOST]
    splits = {one.split: one.n for one in points if _series(one) in names}
    order = sorted(splits, key=ALL_SPLITS.index)
    with figure_at(path, max(6.0, 1.5 + 0.98 * len(order)), 4.8) as figure:
        axes = figure.subplots()
        step = 0.7 / len(names)
        for one in points:
            if _series(one) in names:
                place = names.index(_series(one))
                x = order.index(one.split) + (place - (len(names) - 1) / 2) * step
                colour, shape = LOOKS[place]
                mark(axes, (x, one.accuracy), one.ends, colour, hollow=False, fmt=shape)
                if len(names) == 1:  # more have no room for figures
                    axes.annotate(
                        f"{one.accuracy:.0%}",
                        (x, one.accuracy),
                        (8, 0),
                        textcoords="offset points",
                        fontsize=8,
                        va="center",
                    )
        for name, (colour, shape) in zip(names, LOOKS, strict=False):
            axes.plot([], [], shape, color=colour, label=name)
        axes.set_xticks(range(len(order)), order, fontsize=7.5, fontweight="bold")
        for place, split in enumerate(order):
            axes.annotate(
                f"{QUESTIONS[split]}\n({splits[split]:,} hands)",
                (place, 0),
                (0, -15),
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                fontsize=7.5,
                ha="center",
                va="top",
            )
        axes.tick_params(axis="x", length=0)
        axes.set_xlim(-0.5, len(order) - 0.5)
        axes.set_ylim(-0.03, 1.05)
        for between in range(1, len(order)):
            axes.axvline(between - 0.5, color="#dddddd", linewidth=0.6, zorder=0)
        axes.grid(axis="y", alpha=0.25, linewidth=0.5)
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_ylabel("right answers (95% interval)")
        more = f"; {len(every) - MOST} more series are in the CSV" if len(every) > MOST else ""
        figure.suptitle(
            f"Accuracy over the benchmark's splits, by model and method{more}",
            x=0.01,
            ha="left",
            fontsize="large",
        )
        drawn, said = axes.get_legend_handles_labels()
        legend = figure.legend(
            drawn, said, loc="outside lower left", ncols=2, frameon=False, fontsize="small"
        )
        for text in legend.get_texts():
            text.set_parse_math(False)  # a model's name is no formula


def _series(point: RobustnessPoint) -> str:
    """How the legend calls what a point belongs to."""
    shots = "shots not known" if point.shots is None else f"{point.shots}-shot"
    return f"{point.model}: {point.label}, {shots}"
