"""The figures of a rescored transcript, for people and as JSON.

A hand is the unit of every figure and of every interval: shares of hands (best of k, majority) have
Wilson's, means over hands (the mean, pass@k) a bootstrap over hands.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NamedTuple

from tot24_bench.game import is_split
from tot24_bench.leaderboard.rescore import Rescored, hands_of
from tot24_bench.leaderboard.tables.rows import pass_at_each, percent, text_table
from tot24_bench.statistics import Estimate, over_hands
from tot24_bench.transcripts import BadLines

if TYPE_CHECKING:
    from rich.table import Table


class Summary(NamedTuple):
    """The figures of a transcript."""

    counted: Rescored  # the transcript as counts
    bad: BadLines  # the records that were left out
    split: str  # the split that was asked
    mean: Estimate  # over hands, of the share of right responses
    best_of: Estimate  # the share of hands with any right response
    majority: Estimate  # the share of hands whose most frequent last line is right; see `votes`
    majority_by_form: Estimate  # the same of the most frequent expression
    pass_at: dict[int, Estimate]  # by k

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
    counts = [(tally.samples, tally.right) for tally in rescored.hands]
    return Summary(
        rescored,
        bad,
        split,
        mean=over_hands([right / samples for samples, right in counts]),
        best_of=over_hands(rescored.any_right()),
        majority=over_hands(rescored.majority_by_text()),
        majority_by_form=over_hands(rescored.majority_by_form()),
        pass_at=pass_at_each(counts),
    )


def render_summary(summary: Summary, title: str) -> Table:
    """The figures for a terminal."""
    counted = summary.counted
    fewest, most = counted.repeats
    times = str(most) if fewest == most else f"{fewest} to {most}"
    whole = f" of {len(hands_of(summary.split))}" if is_split(summary.split) else ""
    rows = [
        ("format", counted.format),
        ("hands", f"{len(counted.hands)}{whole} ({summary.split})"),
        ("samples", f"{sum(tally.samples for tally in counted.hands)}, {times} a hand"),
        ("mean [95%]", percent(*summary.mean, 2)),
    ]
    if most > 1:
        rows += [
            (f"best of {times}", percent(*summary.best_of, 2)),
            (f"majority of {times}, by text", percent(*summary.majority, 2)),
            ("  by form", percent(*summary.majority_by_form, 2)),
            *((f"pass@{k}", percent(*found, 2)) for k, found in summary.pass_at.items()),
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
    return text_table(title, ("", ""), rows)


def _json(estimate: Estimate) -> dict[str, float]:
    return {"value": estimate.value, **estimate.interval._asdict()}
