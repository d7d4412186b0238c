"""What the responses of trace files look like: how long, how much search, how often right.

Scored by today's rules. Counts are kept, not responses: memory does not grow with the files, and
quantiles are exact all the same. `draw` draws them.

>>> quantile(Counter({10: 1, 20: 2, 40: 1}), 0.5)
20
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import accumulate
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tot24_bench.prompts import STEP_METHODS
from tot24_bench.scoring import Score, Verdict, analyse, score_method
from tot24_bench.statistics import wilson
from tot24_bench.teachers import Finish
from tot24_bench.text import one_line
from tot24_bench.traces.funnel import BAND_NAMES
from tot24_bench.traces.judge import band_of
from tot24_bench.traces.store import Trace, label_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

QUANTILES = {"least": 0.0, "5%": 0.05, "25%": 0.25, "median": 0.5, "75%": 0.75, "95%": 0.95}
QUANTILES |= {"most": 1.0}

MEASURES = {
    "tokens": "tokens generated",
    "lines": "lines",
    "characters": "characters",
    "thoughts": "thoughts",
    "backtracks": "backtracks",
    "dead_ends": "dead ends marked",
    "marked_wrongly": "  of them wrongly",
}
"""What is counted in a response, and how tables call it. A dead end is marked wrongly where the
solver can still win from there. Tokens are those that the teacher generated, as its server counts
them: the text of a student that was corrected has others."""

SUFFIXES = (".png", ".svg", ".pdf")  # what a plot may be called
BINS = 40  # bars of a histogram

_COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377")
"""Of the groups (Tol's bright); more are left out, and the title says so."""


@dataclass
class Yield:
    """What a band of difficulty gave: traces, and hands that were right at least once."""

    asked: int = 0
    right: int = 0
    hands_asked: set[object] = field(default_factory=set)
    hands_right: set[object] = field(default_factory=set)

    def to_json(self) -> dict[str, Any]:
        """A JSON object, with Wilson's 95% intervals."""
        asked, right = len(self.hands_asked), len(self.hands_right)
        return {
            "asked": self.asked,
            "right": self.right,
            "interval": list(wilson(self.right, self.asked)),
            "hands_asked": asked,
            "hands_right": right,
            "hands_interval": list(wilson(right, asked)),
        }


class Counted(NamedTuple):
    """What a response is worth, and what was counted in it."""

    worth: Score
    measures: dict[str, int]


@dataclass
class Stats:
    """What the responses of one teacher to one method look like, or those of all."""

    traces: int = 0
    right: int = 0
    # of each measure, how many responses have which value
    measures: dict[str, Counter[int]] = field(
        default_factory=lambda: {name: Counter() for name in MEASURES}
    )
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    finishes: Counter[Finish] = field(default_factory=Counter)  # how many responses end why
    bands: defaultdict[str, Yield] = field(default_factory=lambda: defaultdict(Yield))
    cost: Decimal = Decimal(0)  # US dollars, as far as known
    priced: int = 0  # responses whose cost is known
    methods: set[str] = field(default_factory=set)  # measures of several have no common mean

    @property
    def hands(self) -> int:
        """Distinct hands that were asked."""
        return sum(len(band.hands_asked) for band in self.bands.values())

    @property
    def cost_of_right(self) -> Decimal | None:
        """US dollars a right response; None where a cost is unknown or nothing is right."""
        known = self.right > 0 and self.priced == self.traces
        return self.cost / self.right if known else None

    def add(self, trace: Trace, counted: Counted) -> None:
        """Count one trace."""
        for name, value in counted.measures.items():
            self.measures[name][value] += 1
        right, hand = counted.worth.correct, trace.puzzle.identity
        self.methods.add(trace.method)
        self.traces += 1
        self.right += right
        self.verdicts[counted.worth.verdict] += 1
        self.finishes[trace.finish] += 1
        if trace.usage.cost is not None:
            self.cost += trace.usage.cost
            self.priced += 1
        band = self.bands[band_of(trace.puzzle)]
        band.asked += 1
        band.hands_asked.add(hand)
        if right:
            band.right += 1
            band.hands_right.add(hand)

    def comparable(self) -> dict[str, Counter[int]]:
        """The measures that mean one thing: none where proposals stand beside searches."""
        if len(self.methods) > 1:
            return {}
        return {name: counts for name, counts in self.measures.items() if counts}

    def by_band(self) -> list[tuple[str, Yield]]:
        """The yields, the easiest band first."""
        return [(name, self.bands[name]) for name in BAND_NAMES if name in self.bands]

    def to_json(self) -> dict[str, Any]:
        """A JSON object for programs."""
        cost = self.cost_of_right
        return {
            "traces": self.traces,
            "hands": self.hands,
            "right": self.right,
            "methods": sorted(self.methods),
            "measures": {name: summary(counts) for name, counts in self.comparable().items()},
            "verdicts": {str(name): count for name, count in self.verdicts.most_common()},
            "finishes": {str(name): count for name, count in self.finishes.most_common()},
            "bands": {name: one.to_json() for name, one in self.by_band()},
            "cost": str(self.cost) if self.priced else None,
            "priced": self.priced,
            "cost_of_right": None if cost is None else f"{cost:.6f}",
        }


def collect(
    traces: Iterable[Trace], tick: Callable[[], object] = lambda: None
) -> tuple[Stats, dict[str, Stats]]:
    """The statistics of all traces together, and by teacher and method."""
    everyone = Stats()
    teachers: defaultdict[str, Stats] = defaultdict(Stats)
    for trace in traces:
        counted = count(trace)
        everyone.add(trace, counted)
        teachers[f"{label_of(trace.teacher)}, {trace.method}"].add(trace, counted)
        tick()
    return everyone, dict(teachers)


def count(trace: Trace) -> Counted:
    """Look at one response."""
    cut, response = trace.finish is Finish.LENGTH, trace.response
    found = analyse(trace.puzzle, response, truncated=cut)
    worth, backtracks = found.score, found.backtracks
    if trace.method in STEP_METHODS:  # a method that lists what could come next does not search
        worth = score_method(trace.method, trace.puzzle, response, truncated=cut)
        backtracks = 0
    own = [thought for thought in found.thoughts if not thought.repeats]
    measures = {
        "lines": len(response.splitlines()),
        "characters": len(response),
        "thoughts": len(own),
        "backtracks": backtracks,
        "dead_ends": sum(thought.step.dead_end for thought in own),
        "marked_wrongly": found.dead_ends_marked_wrongly,
    }
    if trace.usage.completion_tokens is not None:
        measures["tokens"] = trace.usage.completion_tokens
    return Counted(worth, measures)


def summary(counts: Counter[int]) -> dict[str, float]:
    """Mean and quantiles of a measure, and of how many responses it is known."""
    total = counts.total()
    mean = sum(value * times for value, times in counts.items()) / total
    return {"responses": total, "mean": mean} | {
        name: quantile(counts, at) for name, at in QUANTILES.items()
    }


def quantile(counts: Counter[int], share: float) -> int:
    """The smallest value that at least so great a share of the responses does not exceed."""
    values = sorted(counts)
    least = max(1, ceil(share * counts.total()))
    reached = accumulate(counts[value] for value in values)
    return next(value for value, so_far in zip(values, reached, strict=True) if so_far >= least)


def draw(teachers: Mapping[str, Stats], path: Path, title: str = "") -> None:
    """Draw lengths, dead ends and the yield; the suffix of `path` says in which form."""
    try:
        from matplotlib.figure import Figure
    except ImportError as missing:
        raise ValueError("drawing needs matplotlib: pip install 'tot24-bench[plots]'") from missing
    if not teachers:
        raise ValueError("there is no trace to draw: give a file that holds one")
    drawn = dict(sorted(teachers.items(), key=lambda one: -one[1].traces)[: len(_COLOURS)])
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
    coloured = zip(_COLOURS, teachers.values(), strict=False)
    known = [(colour, counts) for colour, one in coloured if (counts := one.measures[measure])]
    # The longest one in a hundred is put into the last bar: one of them would flatten the others.
    most = max((quantile(counts, 0.99) for _, counts in known), default=0)
    width = most // BINS + 1
    edges = range(0, most + width + 1, width)
    longest = max((max(counts) for _, counts in known), default=0)
    if longest >= edges[-1]:
        label += f"\n(last bar: {edges[-2]:,} and more, up to {longest:,})"
    axes.set_xlabel(label)
    for colour, counts in known:
        values = [min(value, most) for value in counts]
        shares = [times / counts.total() for times in counts.values()]
        style: dict[str, Any] = {"fc": (colour, 0.35), "ec": colour, "histtype": "stepfilled"}
        axes.hist(values, edges, weights=shares, **style)


def _yields(axes: Axes, teachers: Mapping[str, Stats]) -> None:
    names = [name for name in BAND_NAMES if any(name in one.bands for one in teachers.values())]
    for place, (teacher, colour) in enumerate(zip(teachers, _COLOURS, strict=False)):
        stats = teachers[teacher]
        offset = (place - (len(teachers) - 1) / 2) * 0.12
        for x, name in enumerate(names):
            if (band := stats.bands.get(name)) is not None:
                share, (low, high) = band.right / band.asked, wilson(band.right, band.asked)
                errors = ([max(0.0, share - low)], [max(0.0, high - share)])
                axes.errorbar(x + offset, share, yerr=errors, fmt="o", capsize=3, color=colour)
        axes.plot([], [], "o", color=colour, label=f"{_plain(teacher)} ({stats.traces:,})")
    axes.set_xticks(range(len(names)), names)
    axes.set_xlabel("difficulty of the hand")
    axes.set_ylabel("right responses (95% interval)")
    axes.set_ylim(0, 1.03)  # markers at 100% are whole


def _plain(text: str) -> str:
    """Text from outside as matplotlib shows it as it is: a dollar sign would start a formula."""
    return one_line(text).replace("$", r"\$")[:80]
