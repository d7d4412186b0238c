"""The funnel: how many traces, of how many hands, get how far, and what becomes of the others.

Every trace is counted once, with the one reason for which it is dropped, or as kept; `Counting`
asserts that the counts add up. A hand counts at a step as long as one of its traces gets there.

A yield is a share of the traces asked, or of the hands asked, with Wilson's 95% interval. Hands
were drawn, samples of one hand resemble each other: where a hand has several samples, the interval
of the hands is the one to trust.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tot24_bench.game import BANDS, Puzzle
from tot24_bench.schema import Count, Name, Record
from tot24_bench.statistics import share, wilson
from tot24_bench.traces.judging import NO_BAND, Judged, Level, Reason, band_of

BAND_NAMES = (*(name for _, name in BANDS), NO_BAND)
"""The bands, the easiest first."""

_DROPPED_BEFORE: dict[str, tuple[Reason, ...]] = {
    "asked": (),
    "answered": (Reason.TRUNCATED, Reason.REFUSED, Reason.FILTERED, Reason.NO_ANSWER),
    "right": (Reason.WRONG,),
    "agreeing": (
        Reason.NO_STEPS,
        Reason.FALSE_RESULT,
        Reason.NO_PATH,
        Reason.DISAGREES,
        Reason.AGREEMENT_UNKNOWN,
    ),
    "valid": (
        Reason.INVALID_THOUGHT,
        Reason.WRONG_MARK,
        Reason.FALSE_STATEMENT,
        Reason.UNREAD,
    ),
    "not held out": (
        Reason.HELD_OUT_HAND,
        Reason.HELD_OUT_PROMPT,
        Reason.NO_END,
        Reason.HELD_OUT_RESPONSE,
        Reason.HELD_OUT_STATE,
    ),
    "distinct": (Reason.DUPLICATE,),
    "kept": (Reason.FEW_BACKTRACKS, Reason.OVER_CAP, Reason.UNBALANCED),
}
_NAMES = tuple(_DROPPED_BEFORE)
_RIGHT, _KEPT = _NAMES.index("right"), _NAMES.index("kept")
# A trace dropped before a step has reached the step before it.
_REACHED = {
    reason: place - 1
    for place, reasons in enumerate(_DROPPED_BEFORE.values())
    for reason in reasons
}
_NOT_LOOKED_AT = {Level.ANSWER: ("agreeing", "valid"), Level.AGREES: ("valid",), Level.VALID: ()}


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
        """The stage of a name.

        Raises:
            KeyError: no such stage at this level.
        """
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise KeyError(name)

    def report(self) -> dict[str, Any]:
        """`to_json` with what can be computed from it: shares and their intervals."""
        bands = []
        for band in self.bands:
            shares = {
                "right": (band.right, band.asked),
                "kept": (band.kept, band.asked),
                "hands_right": (band.hands_right, band.hands_asked),
                "hands_kept": (band.hands_kept, band.hands_asked),
            }
            intervals = {name: list(wilson(*share)) for name, share in shares.items()}
            bands.append(band.to_json() | {"intervals": intervals})
        share = self.share_with_backtrack
        return self.to_json() | {"bands": bands, "share_with_backtrack": share}


class Counting:
    """Counts traces as they are decided; memory grows with distinct hands, not with traces."""

    def __init__(self, level: Level) -> None:
        self._skipped = _NOT_LOOKED_AT[level]
        self._hands: dict[tuple[Any, ...], int] = {}
        self._reached = [_Tally() for _ in _NAMES]
        self._dropped: dict[Reason, _Tally] = {}
        self._held_out: dict[str, _Tally] = {}
        self._bands: dict[str, list[_Tally]] = {}
        self._with_backtrack = 0
        self._rescored = 0

    def add(self, puzzle: Puzzle, judged: Judged) -> None:
        """Count one trace by what became of it in the end."""
        hand = self._hands.setdefault(puzzle.identity, len(self._hands))
        reason = judged.reason
        reached = _KEPT if reason is None else _REACHED[reason]
        for tally in self._reached[: reached + 1]:
            tally.add(hand)
        if reason is not None:
            self._dropped.setdefault(reason, _Tally()).add(hand)
        if reason is Reason.HELD_OUT_HAND:
            self._held_out.setdefault(judged.detail, _Tally()).add(hand)
        asked, right, kept = self._bands.setdefault(band_of(puzzle), [_Tally(), _Tally(), _Tally()])
        asked.add(hand)
        if judged.right and reached >= _RIGHT:
            right.add(hand)
        if reason is None:
            kept.add(hand)
        self._with_backtrack += reason is None and judged.backtracks > 0
        self._rescored += judged.rescored

    def funnel(self) -> Funnel:
        """The counts so far."""
        asked, kept = self._reached[0].traces, self._reached[_KEPT].traces
        dropped = sum(tally.traces for tally in self._dropped.values())
        assert asked == kept + dropped, "every trace is kept or dropped for one reason"
        stages = tuple(
            Stage(name=name, traces=tally.traces, hands=len(tally.hands))
            for name, tally in zip(_NAMES, self._reached, strict=True)
            if name not in self._skipped
        )
        bands = tuple(
            Band(
                name=name,
                **{
                    key: count
                    for part, tally in zip(
                        ("asked", "right", "kept"), self._bands[name], strict=True
                    )
                    for key, count in ((part, tally.traces), (f"hands_{part}", len(tally.hands)))
                },
            )
            for name in BAND_NAMES
            if name in self._bands
        )
        return Funnel(
            stages=stages,
            dropped=_rows((str(reason), self._dropped.get(reason)) for reason in Reason),
            held_out=_rows(sorted(self._held_out.items())),
            bands=bands,
            kept_with_backtrack=self._with_backtrack,
            rescored=self._rescored,
        )


class _Tally:
    """Traces, and the distinct hands that they are of."""

    __slots__ = ("hands", "traces")

    def __init__(self) -> None:
        self.traces = 0
        self.hands: set[int] = set()

    def add(self, hand: int) -> None:
        self.traces += 1
        self.hands.add(hand)


def _rows(tallies: Iterable[tuple[str, _Tally | None]]) -> tuple[Dropped, ...]:
    return tuple(
        Dropped(reason=name, traces=tally.traces, hands=len(tally.hands))
        for name, tally in tallies
        if tally is not None
    )


def markdown(funnel: Funnel) -> str:
    """The funnel as Markdown tables, for cards and documents."""
    lines = ["| step | traces | hands |", "| --- | ---: | ---: |"]
    lines += [f"| {one.name} | {one.traces:,} | {one.hands:,} |" for one in funnel.stages]
    if funnel.dropped:
        lines += ["", "| dropped because | traces | hands |", "| --- | ---: | ---: |"]
        lines += [f"| {one.reason} | {one.traces:,} | {one.hands:,} |" for one in funnel.dropped]
    if funnel.held_out:
        lines += ["", "| held-out hands of | traces | hands |", "| --- | ---: | ---: |"]
        lines += [f"| {one.reason} | {one.traces:,} | {one.hands:,} |" for one in funnel.held_out]
    lines += [
        "",
        "| difficulty | asked | right | kept | hands asked | hands kept |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for band in funnel.bands:
        cells = (
            f"{band.asked:,}",
            share(band.right, band.asked),
            share(band.kept, band.asked),
            f"{band.hands_asked:,}",
            share(band.hands_kept, band.hands_asked),
        )
        lines.append(f"| {band.name} | {' | '.join(cells)} |")
    return "\n".join(lines)
