"""The figures of a rescored transcript, for people and as JSON.

A hand is the unit of every figure and of every interval: shares of hands (best of k, majority) have
Wilson's, means over hands (the mean, pass@k) a bootstrap over hands.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NamedTuple

from tot24_bench.game import is_split
from tot24_bench.leaderboard.rescore import Rescored, hands_of
from tot24_bench.leaderboard.tables.compare import KS
from tot24_bench.statistics import Estimate, over_hands, pass_at_k
from tot24_bench.transcripts import BadLines

if TYPE_CHECKING:
    from rich.table import Table


class Summary(NamedTuple):
    """The figures of a transcript.

    Attributes:
        counted: the transcript as counts; `bad` are the records that were left out.
        split: the split that was asked.
        mean: the mean over hands of the share of right responses.
        best_of: the share of hands with any right response.
        majority: the share of hands whose most frequent last line is right; see `votes`.
        majority_by_form: the same of the most frequent expression.
        pass_at: pass@k by k; see `pass_at_k`.
    """

    counted: Rescored
    bad: BadLines
    split: str
    mean: Estimate
    best_of: Estimate
    majority: Estimate
    majority_by_form: Estimate
    pass_at: dict[int, Estimate]

    def to_json(self) -> dict[str, Any]:
        """A JSON object."""
        counted = self.counted
        return {
            "format": counted.format,
            "split": self.split,
            "hands": len(counted.hands),
            "samples": sum(tally.samples for tally in counted.hands),
            "samples_a_hand": list(counted.repeats),
            "mean": _json(self.mean),
            "best_of": _json(self.best_of),
            "majority": _json(self.majority),
            "majority_by_form": _json(self.majority_by_form),
            "pass_at": {str(k): _json(estimate) for k, estimate in self.pass_at.items()},
            "metrics": counted.metrics().to_json(),
            "verdicts": {str(one): count for one, count in counted.verdicts.most_common()},
            "empty": counted.empty,
            "own_verdicts": {**asdict(counted.compared), "differ": counted.compared.differ},
            "bad": {
                "count": self.bad.count,
                "first": [{"line": line, "reason": reason} for line, reason in self.bad.first],
            },
        }


def summarise(rescored: Rescored, bad: BadLines, split: str) -> Summary:
    """Estimate the figures of a transcript that was scored."""
    hands = rescored.hands
    fewest, _ = rescored.repeats
    return Summary(
        rescored,
        bad,
        split,
        mean=over_hands([tally.right / tally.samples for tally in hands]),
        best_of=over_hands(rescored.any_right()),
        majority=over_hands(rescored.majority_by_text()),
        majority_by_form=over_hands(rescored.majority_by_form()),
        pass_at={
            k: over_hands([pass_at_k(tally.samples, tally.right, k) for tally in hands])
            for k in KS
            if k <= fewest
        },
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
    counted = summary.counted
    fewest, most = counted.repeats
    times = str(most) if fewest == most else f"{fewest} to {most}"
    whole = f" of {len(hands_of(summary.split))}" if is_split(summary.split) else ""
    rows = [
        ("format", counted.format),
        ("hands", f"{len(counted.hands)}{whole} ({summary.split})"),
        ("samples", f"{sum(tally.samples for tally in counted.hands)}, {times} a hand"),
        ("mean [95%]", _text(summary.mean)),
    ]
    if most > 1:
        rows += [
            (f"best of {times}", _text(summary.best_of)),
            (f"majority of {times}, by text", _text(summary.majority)),
            ("  by form", _text(summary.majority_by_form)),
            *((f"pass@{k}", _text(estimate)) for k, estimate in summary.pass_at.items()),
        ]
    verdicts = (f"{verdict} {count}" for verdict, count in counted.verdicts.most_common())
    rows.append(("verdicts", ", ".join(verdicts)))
    if responses := counted.compared.responses:
        agree = responses - counted.compared.differ
        rows.append(("own verdicts", f"{agree:,} of {responses:,} are ours"))
    if counted.empty:
        rows.append(("empty", f"{counted.empty} responses, scored as wrong"))
    if summary.bad.count:
        rows.append(("left out", summary.bad.text))
    return rows


def _text(estimate: Estimate) -> str:
    """As in "7.34% [4.85, 10.12]"."""
    value, (low, high) = estimate
    return f"{100 * value:.2f}% [{100 * low:.2f}, {100 * high:.2f}]"


def _json(estimate: Estimate) -> dict[str, float]:
    value, (low, high) = estimate
    return {"value": value, "low": low, "high": high}
