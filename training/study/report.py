"""From submissions and records to `results.json`, the picture, and the generated part of the page.

Figures stand between two marks in docs/appendix/study-results.md.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tot24_bench.files import write_durably

from .answers import Answers
from .arms import config_of, require_same_settings
from .evaluate import NOTE, declared, require_submissions_weights
from .judge import Estimate, accuracy, judge
from .looks import DECK, MARKED_ROWS, by_states_seen, compare_pairs, marks_of
from .plan import Arm, Folders, Plan
from .tables import page

BEGIN, END = "<!-- study:begin -->", "<!-- study:end -->"
RESULTS, PICTURE = "results.json", "accuracy.png"

LOOKS = (("#1b6ca8", "o"), ("#c8553d", "s"), ("#3c896d", "^"), ("#6d597a", "D"))
"""A curve's colour and marker, in the order of the plan."""

OF_A_RECORD = (
    *("parameters", "rows", "distinct", "completion_tokens", "steps", "best_checkpoint_step"),
    *("best_val_acc", "minutes", "hardware"),
)
"""What the results hold of a record and of its data."""

Point = tuple[int, Estimate]  # a group of a curve: its parameters, its accuracy


class BadPage(ValueError):
    """A page without the two marks; the message names them."""


def report(plan: Plan, folders: Folders, docs: Path) -> dict[str, Any]:
    """Write the results, the picture, and the figures of the page, which has both marks or is new.

    Raises:
        BadPage: it has no marks.
        NotDeclared: students met the tests under another plan.
        BadPlan, OtherWeights: a student or a submission is not its record's.
        ValueError: nothing was evaluated, or a submission cannot be read.
    """
    before, after = _around(docs)
    declared(plan, folders)
    answers = Answers.read(plan, folders.kept)
    for arm in plan.arms:
        if folders.read_record(arm) is not None:
            require_same_settings(plan, arm, folders)
    require_submissions_weights(plan, folders, answers)
    if not answers.greedy:
        raise ValueError(f"nothing was evaluated in {folders.kept}: python -m training.study eval")
    results = results_of(plan, folders, answers)
    write_durably(folders.kept / RESULTS, json.dumps(results, indent=1) + "\n")
    picture, file = None, folders.kept / PICTURE
    if panels := _panels(plan, results):
        draw(panels, file)
    elif not plan.picture:
        draw_groups(_bars(plan, results), file)
    if panels or not plan.picture:
        picture = Path(os.path.relpath(file, docs.parent)).as_posix()
    text = page(plan, results, picture=picture)
    write_durably(docs, f"{before}{BEGIN}\n{text}\n{END}{after}")
    return results


def _around(docs: Path) -> tuple[str, str]:
    """What stands before and after the figures; a page that is not there yet is a new one."""
    if not docs.exists():
        return f"# {docs.stem}\n\n", "\n"
    before, begin, rest = docs.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise BadPage(f"{docs} lacks {BEGIN} and {END}: put them where the figures go")
    return before, after


def comparison_csv(results: Mapping[str, Any]) -> str:
    """The main comparison as the leaderboard's page shows it: a row a group and test, 0 to 1."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = ("group", "method", "parameters", "seeds")
    writer.writerow([*names, "test", "accuracy", "low", "high"])
    for group in results["groups"]:
        for test, one in group["tests"].items():
            ends = [round(one[name], 4) for name in ("value", "low", "high")]
            writer.writerow([*(group[name] for name in names), test, *ends])
    return text.getvalue()


def results_of(plan: Plan, folders: Folders, answers: Answers) -> dict[str, Any]:
    """Everything that the study found, as JSON."""
    note = folders.kept / NOTE
    deck = tuple(test for test in plan.tests if test in DECK)
    return {
        "declared": json.loads(note.read_text(encoding="utf-8")) if note.is_file() else None,
        "statistics": plan.statistics.to_json(),
        "groups": [_group(plan, folders, answers, arms) for arms in plan.groups.values()],
        "arms": [_arm(arm, folders, answers, plan) for arm in plan.arms],
        "hypotheses": judge(plan, answers),
        "afterwards": compare_pairs(plan, answers),
        "marks": [
            {"arm": arm.name, "rows": MARKED_ROWS}
            | marks_of(config_of(plan, arm, folders)).to_json()
            for arm in plan.arms
            if arm.settings.get("marks") == "random"
        ],
        "states_seen": [
            band
            for arms in plan.groups.values()
            if deck
            and arms[0].data is None
            and answers.has(arms, deck)
            # which states are shown is counted over hands of the deck
            and not config_of(plan, arms[0], folders).get("wide_share")
            for band in by_states_seen(arms, answers, deck)
        ],
    }


def _group(plan: Plan, folders: Folders, answers: Answers, arms: list[Arm]) -> dict[str, Any]:
    def found(test: str, passes: bool = False) -> dict[str, Any]:
        return accuracy(answers.rights(arms, (test,), passes=passes), plan.statistics)._asdict()

    records = filter(None, map(folders.read_record, arms))
    rule, passes = plan.sampling if arms[0].sampled else None, {}
    for test in rule.tests if rule else ():
        if rule and answers.has(arms, (test,), passes=True):
            once = plan.group(rule.more)
            passes[test] = {
                "k": sorted({answers.sampled[arm.name, test].header.repeats for arm in arms}),
                **found(test, passes=True),
                "votes": None
                if (votes := answers.votes(arms, (test,))) is None
                else accuracy(votes, plan.statistics)._asdict(),
                "tokens": answers.tokens(arms, test, passes=True),
                "once_tokens": answers.tokens(once, test) if answers.has(once, (test,)) else None,
            }
    return {
        "group": arms[0].group,
        "method": arms[0].method,
        "size": arms[0].size,
        "parameters": next((int(record["parameters"]) for record in records), None),
        "seeds": len(arms),
        "tests": {test: found(test) for test in plan.tests if answers.has(arms, (test,))},
        "passes": passes,
    }


def _arm(arm: Arm, folders: Folders, answers: Answers, plan: Plan) -> dict[str, Any]:
    record = folders.read_record(arm)
    found: dict[str, Any] = {"arm": arm.name, "trained": record is not None}
    if record is not None:
        told = {**record, **record["data"], "minutes": round(record["seconds"] / 60, 1)}
        found |= {key: told.get(key) for key in OF_A_RECORD}
    tests = {}
    for test in plan.tests:
        if entry := answers.greedy.get((arm.name, test)):
            tokens = {"mean_response_tokens": entry.header.mean_response_tokens}
            tests[test] = entry.header.metrics.to_json() | tokens
    return {**found, "tests": tests}


def _panels(plan: Plan, results: dict[str, Any]) -> dict[str, dict[str, list[Point]]]:
    """What the picture shows: by test and label, a point a group."""
    panels: dict[str, dict[str, list[Point]]] = {}
    groups = {group["group"]: group for group in results["groups"]}
    for test in plan.tests:
        for label, names in plan.picture.items():
            for group in map(groups.__getitem__, names):
                if group["parameters"] is not None and test in group["tests"]:
                    point = group["parameters"], Estimate(**group["tests"][test])
                    panels.setdefault(test, {}).setdefault(label, []).append(point)
    return panels


def _bars(plan: Plan, results: dict[str, Any]) -> dict[str, dict[str, Estimate]]:
    """What the picture shows where the plan names no curves: by test, every group and its tries."""
    bars: dict[str, dict[str, Estimate]] = {test: {} for test in plan.tests}
    for group in results["groups"]:
        for test, found in group["tests"].items():
            bars[test][group["group"]] = Estimate(**found)
        for test, found in group["passes"].items():
            if found["votes"]:
                bars[test][f"{group['group']}, majority of k"] = Estimate(**found["votes"])
            best = {key: found[key] for key in Estimate._fields}
            bars[test][f"{group['group']}, best of k"] = Estimate(**best)
    return {test: own for test, own in bars.items() if own}


def draw_groups(panels: Mapping[str, Mapping[str, Estimate]], path: Path) -> None:
    """Draw accuracies and their intervals: a panel a test, a line a group, the first on top."""
    from matplotlib.figure import Figure

    names = [*dict.fromkeys(name for own in panels.values() for name in own)]
    size = 1.6 + 3 * len(panels), 0.9 + 0.35 * len(names)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for one, (title, own) in zip(axes, panels.items(), strict=True):
        for name, found in own.items():
            shares = 100 * found.value, 100 * found.low, 100 * found.high
            one.plot(shares[1:], [names.index(name)] * 2, color=LOOKS[0][0], linewidth=2)
            one.plot(shares[0], names.index(name), color=LOOKS[0][0], marker="o")
        one.set(title=title, xlabel="right, %", xlim=(-2, 102))
        one.grid(axis="x", alpha=0.3)
    axes[0].set(yticks=range(len(names)), yticklabels=names, ylim=(len(names) - 0.5, -0.5))
    figure.savefig(path, dpi=150, metadata={"Software": None})


def draw(panels: Mapping[str, Mapping[str, Sequence[Point]]], path: Path) -> None:
    """Draw accuracy against parameters: a panel a test, a curve a label, with intervals."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.2 * len(panels), 3.8), layout="constrained")
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for one, (title, curves) in zip(axes, panels.items(), strict=True):
        for (label, points), (colour, marker) in zip(curves.items(), LOOKS, strict=False):
            sizes, found = zip(*sorted(points), strict=True)
            shares = [100 * e.value for e in found]
            # A percentile interval may leave its mean out by a hair; no bar has a negative length.
            ends = [(max(e.value - e.low, 0.0), max(e.high - e.value, 0.0)) for e in found]
            bars = [[100 * end for end in side] for side in zip(*ends, strict=True)]
            look = {"label": label, "color": colour, "marker": marker}
            one.errorbar(sizes, shares, yerr=bars, capsize=3, **look)
        one.set(xscale="log", title=title, xlabel="parameters", ylim=(-2, 102))
        one.grid(axis="y", alpha=0.3)
    axes[0].set_ylabel("right, % (greedy, 0-shot)")
    axes[0].legend(frameon=False)
    figure.savefig(path, dpi=150, metadata={"Software": None})
