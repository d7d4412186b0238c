"""Count how many traces, of how many hands, get how far, and what becomes of the others.

Every trace is counted once, with the one reason for which it is dropped, or as kept; `Counting`
asserts that the counts add up. A hand counts at a step as long as one of its traces gets there.

A yield is a share of the traces asked, or of the hands asked, with Wilson's 95% interval. Hands
were drawn, samples of one hand resemble each other: where a hand has several samples, the interval
of the hands is the one to trust.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from tot24_bench.game import BANDS, Puzzle
from tot24_bench.schema import Count, Name, Record
from tot24_bench.statistics import share, wilson
from tot24_bench.traces.judge import NO_BAND, Judged, Level, Reason, band_of

BAND_NAMES = (*(name for _, name in BANDS), NO_BAND)
"""The bands, the easiest first."""

_STAGES = {
    "asked": "",
    "answered": "TRUNCATED REFUSED FILTERED NO_ANSWER",
    "right": "WRONG",
    "agreeing": "NO_STEPS FALSE_RESULT NO_PATH DISAGREES AGREEMENT_UNKNOWN",
    "valid": "INVALID_THOUGHT WRONG_MARK FALSE_STATEMENT UNREAD",
    "not held out": "HELD_OUT_HAND HELD_OUT_PROMPT NO_END HELD_OUT_RESPONSE HELD_OUT_STATE",
    "distinct": "DUPLICATE",
    "kept": "FEW_BACKTRACKS OVER_CAP UNBALANCED",
}
"""The steps, and the reasons for which a trace does not get there."""

_REACHED = {
    Reason[name]: place - 1
    for place, names in enumerate(_STAGES.values())
    for name in names.split()
}
_KEPT, _RIGHT = len(_STAGES) - 1, list(_STAGES).index("right")
_NOT_LOOKED_AT = {Level.ANSWER: ("agreeing", "valid"), Level.AGREES: ("valid",), Level.VALID: ()}

_LEVEL = "lower --level, or ask another teacher"
_SAMPLES = "ask for more --samples, or ask another teacher"
_STEPS = "lower --level, or ask for steps (--method onestep_tot)"
_ADVICE = {
    Reason.TRUNCATED: "raise --max-tokens and generate again",
    Reason.NO_ANSWER: _SAMPLES,
    Reason.WRONG: _SAMPLES,
    Reason.NO_STEPS: _STEPS,
    Reason.NO_PATH: _STEPS,
    Reason.FALSE_RESULT: _LEVEL,
    Reason.DISAGREES: _LEVEL,
    Reason.AGREEMENT_UNKNOWN: "lower --level to answer",
    Reason.INVALID_THOUGHT: _LEVEL,
    Reason.WRONG_MARK: _LEVEL,
    Reason.FALSE_STATEMENT: _LEVEL,
    Reason.UNREAD: _LEVEL,
    Reason.HELD_OUT_HAND: "ask hands of the split train",
    Reason.HELD_OUT_PROMPT: "generate with the variant default, or with 0 shots",
    Reason.HELD_OUT_RESPONSE: "ask hands of four numbers of the split train, or another teacher",
    Reason.HELD_OUT_STATE: "leave out --avoid, or let a teacher that avoids such states answer",
    Reason.DUPLICATE: "ask for more --samples",
    Reason.FEW_BACKTRACKS: "lower --min-backtracks, or ask a teacher that searches",
    Reason.OVER_CAP: "raise --max-per-hand",
    Reason.UNBALANCED: "leave out --balance",
}


class Stage(Record):
    """How many traces got as far as a step, and of how many distinct hands."""

    name: Name
    traces: Count
    hands: Count


class Dropped(Record):
    """How many traces ended for a reason, and of how many distinct hands."""

    reason: Name
    traces: Count
    hands: Count


class Band(Record):
    """What a band of difficulty gave. `right`: traces with a right answer, held out or not."""

    name: Name
    asked: Count
    right: Count
    kept: Count
    hands_asked: Count
    hands_right: Count
    hands_kept: Count


class Funnel(Record):
    """All counts of one filtering.

    Attributes:
        stages: from `asked` to `kept`; a step that the level does not ask for is left out.
        dropped: by reason.
        held_out: of the traces dropped as held-out hands, which split they are of.
        bands: the easiest first; only those that were asked.
        kept_with_backtrack: kept traces whose search goes back at least once.
        rescored: traces that were recorded as right and are wrong today, or the other way round.
    """

    stages: tuple[Stage, ...]
    dropped: tuple[Dropped, ...]
    held_out: tuple[Dropped, ...]
    bands: tuple[Band, ...]
    kept_with_backtrack: Count
    rescored: Count

    @property
    def asked(self) -> int:
        """Traces that came in."""
        return self.stages[0].traces

    @property
    def kept(self) -> int:
        """Traces that are left."""
        return self.stages[-1].traces

    @property
    def share_with_backtrack(self) -> float:
        """Of the kept traces, 0 to 1."""
        return self.kept_with_backtrack / self.kept if self.kept else 0.0

    def at(self, name: str) -> Stage:
        """The stage of a name; a KeyError where there is none at this level."""
        return {stage.name: stage for stage in self.stages}[name]

    def report(self) -> dict[str, Any]:
        """`to_json` with what can be computed from it: shares and their intervals."""
        bands = []
        for band in self.bands:
            intervals = {
                "right": list(wilson(band.right, band.asked)),
                "kept": list(wilson(band.kept, band.asked)),
                "hands_right": list(wilson(band.hands_right, band.hands_asked)),
                "hands_kept": list(wilson(band.hands_kept, band.hands_asked)),
            }
            bands.append(band.to_json() | {"intervals": intervals})
        return self.to_json() | {"bands": bands, "share_with_backtrack": self.share_with_backtrack}


class Counting:
    """Counts traces as they are decided; memory grows with distinct hands, not with traces."""

    def __init__(self, level: Level) -> None:
        self._skipped = _NOT_LOOKED_AT[level]
        self._hands: dict[tuple[Any, ...], int] = {}
        # Traces by hand: of each step, reason, split, and band.
        self._stages: list[Counter[int]] = [Counter() for _ in _STAGES]
        self._dropped: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self._held_out: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self._bands: defaultdict[tuple[str, str], Counter[int]] = defaultdict(Counter)
        self._with_backtrack = self._rescored = 0

    def add(self, puzzle: Puzzle, judged: Judged) -> None:
        """Count one trace by what became of it in the end."""
        hand = self._hands.setdefault(puzzle.identity, len(self._hands))
        reason, band = judged.reason, band_of(puzzle)
        reached = _KEPT if reason is None else _REACHED[reason]
        counts = [*self._stages[: reached + 1], self._bands[band, "asked"]]
        if reason is not None:
            counts.append(self._dropped[reason])
        if reason is Reason.HELD_OUT_HAND:
            counts.append(self._held_out[judged.detail])
        if judged.right and reached >= _RIGHT:
            counts.append(self._bands[band, "right"])
        if reason is None:
            counts.append(self._bands[band, "kept"])
        for one in counts:
            one[hand] += 1
        self._with_backtrack += reason is None and judged.backtracks > 0
        self._rescored += judged.rescored

    def funnel(self) -> Funnel:
        """The counts so far."""
        asked, kept = self._stages[0].total(), self._stages[_KEPT].total()
        dropped = sum(counts.total() for counts in self._dropped.values())
        assert asked == kept + dropped, "every trace is kept or dropped for one reason"
        stages = zip(_STAGES, self._stages, strict=True)
        bands = []
        for name in BAND_NAMES:
            if (name, "asked") in self._bands:
                parts = {part: self._bands[name, part] for part in ("asked", "right", "kept")}
                traces = {part: counts.total() for part, counts in parts.items()}
                hands = {f"hands_{part}": len(counts) for part, counts in parts.items()}
                bands.append(Band(name=name, **traces, **hands))
        return Funnel(
            stages=tuple(
                Stage(name=name, traces=counts.total(), hands=len(counts))
                for name, counts in stages
                if name not in self._skipped
            ),
            dropped=_rows((reason, self._dropped[reason]) for reason in Reason),
            held_out=_rows(sorted(self._held_out.items())),
            bands=tuple(bands),
            kept_with_backtrack=self._with_backtrack,
            rescored=self._rescored,
        )


def _rows(counted: Iterable[tuple[str, Counter[int]]]) -> tuple[Dropped, ...]:
    return tuple(
        Dropped(reason=str(name), traces=counts.total(), hands=len(counts))
        for name, counts in counted
        if counts
    )


def nothing_kept(funnel: Funnel) -> str:
    """The message of a filtering that kept nothing: the main reason, and its fix."""
    if not funnel.dropped:
        return "the files hold no trace, so there is nothing to write: tot24 traces generate"
    most = max(funnel.dropped, key=lambda one: one.traces)
    return (
        f"no trace is kept, so there is nothing to write: {most.reason} ({most.traces:,} of "
        f"{funnel.asked:,}): {_ADVICE.get(Reason(most.reason), 'ask another teacher')}"
    )


def markdown(funnel: Funnel) -> str:
    """The funnel as Markdown tables, for cards and documents."""
    lines = ["| step | traces | hands |", "| --- | ---: | ---: |"]
    lines += [f"| {one.name} | {one.traces:,} | {one.hands:,} |" for one in funnel.stages]
    for title, rows in (
        ("dropped because", funnel.dropped),
        ("held-out hands of", funnel.held_out),
    ):
        if rows:
            lines += ["", f"| {title} | traces | hands |", "| --- | ---: | ---: |"]
            lines += [f"| {one.reason} | {one.traces:,} | {one.hands:,} |" for one in rows]
    lines += ["", "| difficulty | asked | right | kept | hands asked | hands kept |"]
    lines += ["| --- | ---: | ---: | ---: | ---: | ---: |"]
    lines += [
        f"| {band.name} | {band.asked:,} | {share(band.right, band.asked)} "
        f"| {share(band.kept, band.asked)} | {band.hands_asked:,} "
        f"| {share(band.hands_kept, band.hands_asked)} |"
        for band in funnel.bands
    ]
    return "\n".join(lines)
