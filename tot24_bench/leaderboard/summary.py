"""The figures of a rescored transcript, for people and as JSON.

A hand is the unit of every figure and of every interval: shares of hands (best of k, majority) have
Wilson's, means over hands (the mean, pass@k) a bootstrap over hands.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any, NamedTuple

from tot24_bench.game import is_split
from tot24_bench.leaderboard.rescore import Compared, Rescored, hands_of
from tot24_bench.leaderboard.submission import Metrics
from tot24_bench.scoring import Verdict
from tot24_bench.statistics import Interval, clustered, pass_at_k, wilson
from tot24_bench.transcripts import BadLines

if TYPE_CHECKING:
    from rich.table import Table

KS = (1, 5, 10, 50, 100, 500, 1_000)
"""The k of pass@k, as far as every hand has as many responses."""


class Estimate(NamedTuple):
    """A share and its 95% interval."""

    value: float
    interval: Interval

    @property
    def text(self) -> str:
        """As in "7.34% [4.85, 10.12]"."""
        low, high = self.interval
        return f"{100 * self.value:.2f}% [{100 * low:.2f}, {100 * high:.2f}]"

    def to_json(self) -> dict[str, float]:
        """A JSON object."""
        return {"value": self.value, "low": self.interval.low, "high": self.interval.high}


@dataclass(frozen=True)
class Summary:
    """The figures.

    Attributes:
        format: of the transcript.
        split: the split that holds every hand, or its name.
        hands: how many hands were asked.
        samples: how many responses there are.
        repeats: the fewest and the most responses to a hand.
        mean: the mean over hands of the share of right responses.
        best_of: the share of hands with any right response.
        majority: the share of hands whose most frequent last line is right; see `votes`.
        majority_by_form: the same of the most frequent expression.
        pass_at: pass@k by k; see `pass_at_k`.
        metrics: the metrics of a submission.
        verdicts: how many responses have each verdict, the most frequent first.
        empty: how many responses hold nothing.
        bad: the records that were left out.
        compared: the transcript's own verdicts beside ours.
    """

    format: str
    split: str
    hands: int
    samples: int
    repeats: tuple[int, int]
    mean: Estimate
    best_of: Estimate
    majority: Estimate
    majority_by_form: Estimate
    pass_at: dict[int, Estimate]
    metrics: Metrics
    verdicts: dict[Verdict, int]
    empty: int
    bad: BadLines
    compared: Compared

    def to_json(self) -> dict[str, Any]:
        """A JSON object."""
        return {
            "format": self.format,
            "split": self.split,
            "hands": self.hands,
            "samples": self.samples,
            "samples_a_hand": list(self.repeats),
            "mean": self.mean.to_json(),
            "best_of": self.best_of.to_json(),
            "majority": self.majority.to_json(),
            "majority_by_form": self.majority_by_form.to_json(),
            "pass_at": {str(k): estimate.to_json() for k, estimate in self.pass_at.items()},
            "metrics": self.metrics.to_json(),
            "verdicts": {str(verdict): count for verdict, count in self.verdicts.items()},
            "empty": self.empty,
            "own_verdicts": {**asdict(self.compared), "differ": self.compared.differ},
            "bad": {
                "count": self.bad.count,
                "first": [{"line": line, "reason": reason} for line, reason in self.bad.first],
            },
        }


def summarise(rescored: Rescored, bad: BadLines, split: str) -> Summary:
    """The figures of a transcript.

    Args:
        bad: the transcript's bad records.
        split: the split that was asked.
    """
    hands = rescored.hands
    fewest, most = rescored.repeats
    at_k = {
        k: _mean([pass_at_k(tally.samples, tally.right, k) for tally in hands])
        for k in KS
        if k <= fewest
    }
    return Summary(
        format=rescored.format,
        split=split,
        hands=len(hands),
        samples=sum(tally.samples for tally in hands),
        repeats=(fewest, most),
        mean=_mean([tally.right / tally.samples for tally in hands]),
        best_of=_share(rescored.any_right()),
        majority=_share(rescored.majority_by_text()),
        majority_by_form=_share(rescored.majority_by_form()),
        pass_at=at_k,
        metrics=rescored.metrics(),
        verdicts=dict(rescored.verdicts.most_common()),
        empty=rescored.empty,
        bad=bad,
        compared=rescored.compared,
    )


def render_summary(summary: Summary, title: str) -> Table:
    """The figures for a terminal."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title), box=box.HORIZONTALS, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, cell in _rows(summary):
        table.add_row(name, Text(cell))
    return table


def _rows(summary: Summary) -> list[tuple[str, str]]:
    fewest, most = summary.repeats
    times = str(most) if fewest == most else f"{fewest} to {most}"
    whole = f" of {len(hands_of(summary.split))}" if is_split(summary.split) else ""
    rows = [
        ("format", summary.format),
        ("hands", f"{summary.hands}{whole} ({summary.split})"),
        ("samples", f"{summary.samples}, {times} a hand"),
        ("mean [95%]", summary.mean.text),
    ]
    if most > 1:
        rows += [
            (f"best of {times}", summary.best_of.text),
            (f"majority of {times}, by text", summary.majority.text),
            ("  by form", summary.majority_by_form.text),
            *((f"pass@{k}", estimate.text) for k, estimate in summary.pass_at.items()),
        ]
    verdicts = ", ".join(f"{verdict} {count}" for verdict, count in summary.verdicts.items())
    rows.append(("verdicts", verdicts))
    if summary.compared.responses:
        agree = summary.compared.responses - summary.compared.differ
        own = f"{agree:,} of {summary.compared.responses:,} are ours"
        rows.append(("own verdicts", own))
    if summary.empty:
        rows.append(("empty", f"{summary.empty} responses, scored as wrong"))
    if summary.bad.count:
        rows.append(("left out", summary.bad.text))
    return rows


def _mean(shares: list[float]) -> Estimate:
    """A mean over hands; where each hand is right or wrong, a share of hands."""
    if all(share in (0, 1) for share in shares):
        return _share([share == 1 for share in shares])
    return Estimate(fmean(shares), clustered(shares))


def _share(right: list[bool]) -> Estimate:
    return Estimate(sum(right) / len(right), wilson(sum(right), len(right)))
