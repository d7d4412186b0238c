"""Where responses first fail: CoT against One-Step ToT of the same model.

What `failures` says of two runs, for the leaderboard: models that have measured rows of both on all
hands of a split, whose responses are read again. Withheld ones cannot be; exact search, which is no
model, is left out. Of several rows of a model and method the one with the fewest shots is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tot24_bench.game import is_split, split_size
from tot24_bench.harness import DEFAULT_SPLIT
from tot24_bench.leaderboard.entry import Entry
from tot24_bench.leaderboard.store import path_of, read
from tot24_bench.leaderboard.tables.drawing import NoPoints, csv_of, figure_at
from tot24_bench.leaderboard.tables.failures import CORRECT, make_run, place_label, shares
from tot24_bench.leaderboard.tables.frontier import COLOURS
from tot24_bench.leaderboard.tables.ranks import is_exact_search
from tot24_bench.leaderboard.tables.rows import in_order, short
from tot24_bench.prompts import DEFAULT_VARIANT, METHOD_NAMES
from tot24_bench.statistics import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CHAIN, SEARCH = METHODS = ("cot", "onestep_tot")

MOST = 6  # panels of the picture; the CSV has all models
COLUMNS = 3

HATCHES = {CHAIN: "////", SEARCH: ""}  # for who cannot tell the colours


class FailurePoint(NamedTuple):
    """The responses of a model and method that first fail in one place, or are correct."""

    model: str
    method: str  # one of METHODS
    place: str  # see `failures.places_of`
    label: str  # how tables call the place
    share: float  # of responses, 0 to 1
    ends: Interval | None  # of its 95% interval
    n: int  # hands
    key: str


def first_failure_points(
    entries: Iterable[Entry], results: Path, split: str = DEFAULT_SPLIT
) -> list[FailurePoint]:
    """The places of both methods, a model after the other, the best at One-Step ToT first.

    Raises:
        NoPoints: no model has a row of both methods whose responses are stored.
    """
    rows: dict[str, dict[str, Entry]] = {}
    for one in in_order(entries):
        header = one.header
        whole = not is_split(split) or header.n == split_size(split)
        kept = header.obtained == "measured" and not one.withheld and one.outcomes
        asked = header.split == split and header.method in METHODS and whole
        if asked and kept and not is_exact_search(header):
            own = rows.setdefault(header.model.name, {})
            own[header.method] = min(own.get(header.method, one), one, key=_plainness)
    both = [own for own in rows.values() if len(own) == len(METHODS)]
    if not both:
        raise NoPoints(
            f"no model has rows of CoT and of One-Step ToT on all hands of {short(split)} with "
            "their responses: run `tot24 eval` with both tasks first"
        )
    both.sort(key=lambda own: (-own[SEARCH].header.metrics.acc, own[SEARCH].key))
    return [point for own in both for method in METHODS for point in _points(own[method], results)]


def _plainness(entry: Entry) -> tuple[object, ...]:
    """Fewest shots first; between rows of as many the plainest prompt, one response a hand."""
    header = entry.header
    return (
        header.shots is None,
        header.shots or 0,
        header.variant != DEFAULT_VARIANT,
        header.chat,
        header.repeats,
        entry.key,
    )


def _points(entry: Entry, results: Path) -> list[FailurePoint]:
    header = entry.header
    samples = read(path_of(results, entry.key)).samples
    run = make_run(entry.key, ((one.puzzle, one.responses) for one in samples))
    return [
        FailurePoint(
            model=short(header.model.name),
            method=header.method,
            place=row.place,
            label=place_label(row.place),
            share=row.share,
            ends=row.interval,
            n=header.n,
            key=entry.key,
        )
        for row in shares(run)
    ]


def first_failure_csv(points: Sequence[FailurePoint]) -> str:
    """The points as a table for programs; shares from 0 to 1."""
    return csv_of(FailurePoint._fields, points)


def draw_first_failures(
    points: Sequence[FailurePoint], path: Path, split: str = DEFAULT_SPLIT
) -> None:
    """Draw the places as groups of two bars, a panel a model; the suffix says in which form.

    Raises:
        ValueError: matplotlib is missing.
    """
    models = list(dict.fromkeys(one.model for one in points))[:MOST]
    columns = min(COLUMNS, len(models))
    lines = -(-len(models) // columns)
    with figure_at(path, max(9.5, 5 * columns), 1.1 + 3.1 * lines) as figure:
        grid = figure.subplots(lines, columns, sharey=True, squeeze=False).flat
        for axes, model in zip(grid, models, strict=False):
            mine = [one for one in points if one.model == model]
            _draw_model(axes, mine)
            hands = " and ".join(f"{n:,}" for n in dict.fromkeys(one.n for one in mine))
            axes.set_title(f"{model} ({hands} hands)", loc="left", fontsize=9, parse_math=False)
        first = figure.axes[0]
        first.set_ylim(0, 1.12)
        first.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0%", "25%", "50%", "75%", "100%"])
        for spare in figure.axes[len(models) :]:
            spare.set_visible(False)
        figure.suptitle(
            f"Where responses first fail on {short(split)}: CoT against One-Step ToT",
            x=0.01,
            ha="left",
            fontsize="large",
            parse_math=False,
        )
        figure.supylabel("share of responses (95% interval)", fontsize="medium")
        figure.supxlabel(
            "thought of the final attempt that first breaks a rule; no thought: none can be read",
            fontsize="medium",
        )
        figure.legend(
            *first.get_legend_handles_labels(),
            loc="outside upper right",
            ncols=2,
            frameon=False,
        )


def _draw_model(axes: Axes, points: Sequence[FailurePoint]) -> None:
    """Two bars a place, the share above each; what is correct stands last, apart."""
    places = list(dict.fromkeys(one.place for one in points if one.place != CORRECT))
    at = {place: float(x) for x, place in enumerate(places)} | {CORRECT: len(places) + 0.3}
    labels = {one.place: one.label for one in points}
    for side, method in ((-0.2, CHAIN), (0.2, SEARCH)):
        mine = [one for one in points if one.method == method]
        heights = [one.share for one in mine]
        ends = [one.ends or Interval(one.share, one.share) for one in mine]
        # A bootstrap's interval may leave its mean out by a hair; no bar has a negative length.
        below = [max(0.0, high - end.low) for high, end in zip(heights, ends, strict=True)]
        above = [max(0.0, end.high - high) for high, end in zip(heights, ends, strict=True)]
        bars = axes.bar(
            [at[one.place] + side for one in mine],
            heights,
            0.38,
            yerr=(below, above),
            label=METHOD_NAMES[method],
            color=COLOURS[method],
            hatch=HATCHES[method],
            edgecolor="white",
            linewidth=0,
            error_kw={"elinewidth": 0.8, "capsize": 1.5},
        )
        axes.bar_label(
            bars, [f"{high:.0%}" if high else "" for high in heights], padding=1, fontsize=6.5
        )
    axes.axvline(len(places) - 0.35, color="#cccccc", linewidth=0.8)
    axes.set_xticks([at[one] for one in labels], list(labels.values()), fontsize=7.5)
    axes.tick_params(axis="x", length=0)
    axes.spines[["top", "right"]].set_visible(False)
