"""Draw where runs first fail: one group of bars a place, one bar a run, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tot24_bench.leaderboard.tables.failures import Run, places_of, shares
from tot24_bench.scoring import AT_ANSWER, MALFORMED

_LABELS = {AT_ANSWER: "answer", MALFORMED: "no thought", "correct": "correct"}
_COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377")  # Tol's bright


def draw(runs: Sequence[Run], path: Path, title: str = "") -> None:
    """Write the figure; the suffix of `path` says in which form (png, svg, pdf).

    Raises:
        ValueError: where matplotlib is not installed, or does not know the suffix.
        OSError: where the file cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as missing:
        raise ValueError("drawing needs matplotlib: pip install 'tot24-bench[plots]'") from missing

    places = places_of(runs)
    order = [*places[1:], places[0]]
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    width = 0.8 / len(runs)
    for i, run in enumerate(runs):
        by_place = {row.place: row for row in shares(run)}
        rows = [by_place.get(place) for place in order]
        heights = [row.share if row else 0.0 for row in rows]
        below = [max(0.0, row.share - row.interval.low) if row else 0.0 for row in rows]
        above = [max(0.0, row.interval.high - row.share) if row else 0.0 for row in rows]
        offset = (i - (len(runs) - 1) / 2) * width
        bars = axes.bar(
            [x + offset for x in range(len(order))],
            heights,
            width,
            yerr=(below, above),
            label=f"{run.name} ({len(run.places)} hands)",
            color=_COLOURS[i % len(_COLOURS)],
            error_kw={"elinewidth": 1, "capsize": 2},
        )
        axes.bar_label(bars, [f"{height:.0%}" if height else "" for height in heights], padding=2)
    axes.set_xticks(
        range(len(order)),
        [_LABELS.get(place, f"thought {place}") for place in order],
    )
    axes.set_ylabel("share of responses (95% interval)")
    axes.set_xlabel("where the final attempt first fails")
    axes.set_ylim(0, 1)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    if title:
        axes.set_title(title)
    figure.savefig(path, dpi=120, metadata={"Software": None} if path.suffix == ".png" else None)
