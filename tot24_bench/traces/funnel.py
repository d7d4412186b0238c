"""Count how many traces, of how many hands, get how far, and what becomes of the others.

Every trace is counted once, with the one reason for which it is dropped, or as kept. A hand counts
at a step as long as one of its traces gets there.

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

BAND_NAMES = (*(name for _, name in BANDS), NO_BAND)  # the bands, the easiest first

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
_RIGHT = list(_STAGES).index("right")
_NOT_LOOKED_AT = {Level.ANSWER: ("agreeing", "valid"), Level.AGREES: ("valid",), Level.VALID: ()}

_ADVICE = {
    "raise --max-tokens and generate again": "TRUNCATED",
    "ask for more --samples, or ask another teacher": "NO_ANSWER WRONG",
    "lower --level, or ask for steps (--method onestep_tot)": "NO_STEPS NO_PATH",
    "lower --level to answer": "AGREEMENT_UNKNOWN",
    "lower --level, or ask another teacher": (
        "FALSE_RESULT DISAGREES INVALID_THOUGHT WRONG_MARK FALSE_STATEMENT UNREAD"
    ),
    "ask hands of the split train": "HELD_OUT_HAND",
    "generate with the variant default, or with 0 shots": "HELD_OUT_PROMPT",
    "ask hands of four numbers of the split train, or another teacher": "HELD_OUT_RESPONSE",
    "leave out --avoid, or let a teacher that avoids such states answer": "HELD_OUT_STATE",
    "ask for more --samples": "DUPLICATE",
    "lower --min-backtracks, or ask a teacher that searches": "FEW_BACKTRACKS",
}
"""What helps against the reason for which most traces were dropped."""


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
    """All counts of one filtering."""

    stages: tuple[Stage, ...]  # from `asked` to `kept`, without those that the level leaves out
    dropped: tuple[Dropped, ...]  # by reason
    held_out: tuple[Dropped, ...]  # of the held-out hands, which split they are of
    bands: tuple[Band, ...]  # the easiest first; only those that were asked
    kept_with_backtrack: Count  # kept traces whose search goes back at least once
    rescored: Count  # recorded as right and wrong today, or the other way round

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
            traces, hands = band.asked, band.hands_asked
            shares = {
                "right": (band.right, traces),
                "kept": (band.kept, traces),
                "hands_right": (band.hands_right, hands),
                "hands_kept": (band.hands_kept, hands),
            }
            intervals = {name: list(wilson(*part)) for name, part in shares.items()}
            bands.append(band.to_json() | {"intervals": intervals})
        return self.to_json() | {"bands": bands, "share_with_backtrack": self.share_with_backtrack}


class Counting:
    """Counts traces as they are decided; memory grows with distinct hands, not with traces."""

    def __init__(self, level: Level) -> None:
        self._skipped = _NOT_LOOKED_AT[level]
        # Traces by hand: of each step, reason, split, and of each part of a band.
        self._counts: defaultdict[tuple[str, ...], Counter[object]] = defaultdict(Counter)
        self._with_backtrack = self._rescored = 0

    def add(self, puzzle: Puzzle, judged: Judged) -> None:
        """Count one trace by what became of it in the end."""
        reason, band, hand = judged.reason, band_of(puzzle), puzzle.identity
        reached = len(_STAGES) - 1 if reason is None else _REACHED[reason]
        keys: list[tuple[str, ...]] = [("stage", name) for name in [*_STAGES][: reached + 1]]
        keys.append(("asked", band))
        if judged.right and reached >= _RIGHT:
            keys.append(("right", band))
        keys.append(("kept", band) if reason is None else ("dropped", reason))
        if reason is Reason.HELD_OUT_HAND:
            keys.append(("held out", judged.detail))
        for key in keys:
            self._counts[key][hand] += 1
        self._with_backtrack += reason is None and judged.backtracks > 0
        self._rescored += judged.rescored

    def funnel(self) -> Funnel:
        """The counts so far."""

        def count(*key: str) -> dict[str, int]:
            counts = self._counts.get(key, Counter())
            return {"traces": counts.total(), "hands": len(counts)}

        def dropped(what: str, names: Iterable[str]) -> tuple[Dropped, ...]:
            names = [name for name in names if (what, name) in self._counts]
            return tuple(Dropped(reason=str(name), **count(what, name)) for name in names)

        bands = []
        for name in BAND_NAMES:
            if ("asked", name) in self._counts:
                counts: dict[str, int] = {}
                for part in ("asked", "right", "kept"):
                    counts[part], counts[f"hands_{part}"] = count(part, name).values()
                bands.append(Band(name=name, **counts))
        stages = [name for name in _STAGES if name not in self._skipped]
        return Funnel(
            stages=tuple(Stage(name=name, **count("stage", name)) for name in stages),
            dropped=dropped("dropped", Reason),
            held_out=dropped(
                "held out", sorted(name for what, name in self._counts if what == "held out")
            ),
            bands=tuple(bands),
            kept_with_backtrack=self._with_backtrack,
            rescored=self._rescored,
        )


def nothing_kept(funnel: Funnel) -> str:
    """The message of a filtering that kept nothing: the main reason, and its fix."""
    if not funnel.dropped:
        return "the files hold no trace, so there is nothing to write: tot24 traces generate"
    most = max(funnel.dropped, key=lambda one: one.traces)
    name = Reason(most.reason).name
    advice = (fix for fix, names in _ADVICE.items() if name in names.split())
    return (
        f"no trace is kept, so there is nothing to write: {most.reason} ({most.traces:,} of "
        f"{funnel.asked:,}): {next(advice, 'ask another teacher')}"
    )


def markdown(funnel: Funnel) -> str:
    """The funnel as Markdown tables, for cards and documents."""
    lines: list[str] = []
    for title, rows in (
        ("step", [(one.name, one.traces, one.hands) for one in funnel.stages]),
        ("dropped because", [(one.reason, one.traces, one.hands) for one in funnel.dropped]),
        ("held-out hands of", [(one.reason, one.traces, one.hands) for one in funnel.held_out]),
    ):
        if rows:
            lines += [f"| {title} | traces | hands |", "| --- | ---: | ---: |"]
            lines += [f"| {name} | {traces:,} | {hands:,} |" for name, traces, hands in rows]
            lines.append("")
    lines += ["| difficulty | asked | right | kept | hands asked | hands kept |"]
    lines += ["| --- | ---: | ---: | ---: | ---: | ---: |"]
    lines += [
        f"| {band.name} | {band.asked:,} | {share(band.right, band.asked)} "
        f"| {share(band.kept, band.asked)} | {band.hands_asked:,} "
        f"| {share(band.hands_kept, band.hands_asked)} |"
        for band in funnel.bands
    ]
    return "\n".join(lines)
