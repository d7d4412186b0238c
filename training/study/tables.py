"""The tables of docs/appendix/study-results.md: what `results.json` holds, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tot24_bench.statistics import p_text

from .plan import Plan

NONE = "–"


def page(plan: Plan, results: dict[str, Any], *, picture: str | None) -> str:
    """The figures as Markdown; `picture` is its path as seen from the page, None for none."""
    sampled = any(group["passes"] for group in results["groups"])
    title = "Accuracy against size" if plan.picture else "Accuracy, drawn"
    drawn = f"![{title.lower()}, with intervals]({picture})" if picture else ""
    marks = "".join(f"\n\n{_marks(one)}" for one in results["marks"])
    parts = {
        "Accuracy": _accuracy(plan, results["groups"]),
        "Hypotheses": _hypotheses(results["hypotheses"]) + marks,
        "Not declared": results["afterwards"] and _afterwards(results["afterwards"]),
        "Votes and pass@k at equal inference tokens": sampled and _passes(results["groups"]),
        title: drawn,
        "By share of winning states seen": results["states_seen"]
        and _bands(results["states_seen"]),
        "How the students were trained": _training(results["arms"]),
        "How answers fail": _failures(results["arms"]),
    }
    told = [f"### {title}\n\n{text}" for title, text in parts.items() if text]
    return "\n\n".join([_declared(plan, results), *told])


def plan_table(plan: Plan) -> list[tuple[str, ...]]:
    """The arms as rows, for a terminal; the first row is the heading, the last the total."""
    rows: list[tuple[str, ...]] = [("arm", "method", "size", "seed", "tokens", "min", "what else")]
    for arm in plan.arms:
        what = [f"{key}={value}" for key, value in arm.settings.items()]
        what += [f"data={arm.data}"] * bool(arm.data) + ["sampled"] * arm.sampled
        cost = f"{arm.completion_tokens:,}", f"{arm.minutes:g}"
        rows.append((arm.name, arm.method, arm.size, str(arm.seed), *cost, ", ".join(what)))
    total = sum(arm.completion_tokens for arm in plan.arms)
    return [*rows, ("total", "", "", "", f"{total:,}", f"{plan.minutes:g}", "")]


def _declared(plan: Plan, results: dict[str, Any]) -> str:
    declared, rule = results["declared"], results["statistics"]
    trained = [arm for arm in results["arms"] if arm["trained"]]
    missing = [arm["arm"] for arm in results["arms"] if not arm["trained"]]
    minutes = sum(arm["minutes"] for arm in trained)
    hardware = " and ".join(sorted({arm["hardware"] for arm in trained}))
    said = [
        f"{len(trained)} of {len(plan.arms)} arms, trained in {minutes:,.0f} minutes "
        f"(declared: {plan.minutes:,.0f}) on {hardware or 'nothing'}."
    ]
    if missing:
        said.append(f"Not trained: {', '.join(missing)}.")
    if declared is not None:
        said.append(
            f"The plan is of commit `{declared['plan_commit'][:12]}`; the first test hand was "
            f"asked at {declared['first_evaluation']}."
        )
    said.append(
        f"Brackets hold {rule['level']:.0%} intervals: {rule['resamples']:,} draws of seeds, then "
        f"hands, seed {rule['seed']}. Where a group has one seed, the interval is over hands "
        "alone. Where no draw differs (all right, or none) it is Wilson's, of a difference "
        "Newcombe's."
    )
    return " ".join(said)


def _accuracy(plan: Plan, groups: Iterable[dict[str, Any]]) -> str:
    rows = []
    for group in groups:
        millions = None if group["parameters"] is None else group["parameters"] / 1e6
        head = [group["group"], group["method"], _or_none(millions, "{:.2f}M"), str(group["seeds"])]
        rows.append([*head, *(_ends(group["tests"].get(test)) for test in plan.tests)])
    return _table(["group", "method", "parameters", "seeds", *plan.tests], rows)


def _hypotheses(judged: Sequence[dict[str, Any]]) -> str:
    rows = []
    for one in judged:
        p = NONE if one["p_holm"] is None else f"{p_text(one['p_holm'])} ({one['test']})"
        rows.append([one["name"], one["says"], *_difference(one), p, one["outcome"]])
    return _table(["", "claim", *_DIFFERENCE, "p, Holm", "outcome"], rows)


def _afterwards(looked: Sequence[dict[str, Any]]) -> str:
    table = _table(_DIFFERENCE, map(_difference, looked))
    return f"Looked at once the answers were known; no p is given for them.\n\n{table}"


_DIFFERENCE = ("difference", "hands", "seeds", "points")


def _difference(one: dict[str, Any]) -> list[str]:
    how = " pass@k" if one["worse_passes"] else " votes" if one.get("worse_votes") else ""
    pair = f"{one['better']} less {one['worse']}{how}"
    seeds = " / ".join(map(str, one["seeds"]))
    return [pair, " + ".join(one["tests"]), seeds, _ends(one["estimate"], "+")]


def _marks(one: dict[str, Any]) -> str:
    """What marks at random still tell."""
    true, dead, winning = (
        _or_none(one[key], "{:.1%}") for key in ("true", "dead_marked", "winning_marked")
    )
    return (
        f"In the first {one['rows']:,} rows of `{one['arm']}` {true} of the marks stand on dead "
        f"states; {dead} of the lines with a dead state are marked, {winning} of those that can "
        "still win."
    )


def _passes(groups: Iterable[dict[str, Any]]) -> str:
    rows = []
    for group in groups:
        for test, found in group["passes"].items():
            k, greedy = " / ".join(map(str, found["k"])), _ends(group["tests"].get(test))
            tokens = [_or_none(found[key], "{:.0f}") for key in ("tokens", "once_tokens")]
            votes = _ends(found["votes"])
            rows.append([group["group"], test, greedy, k, votes, _ends(found), *tokens])
    heading = ["group", "test", "greedy, once", "k", "majority", "pass@k", "tokens, k times"]
    return _table([*heading, "tokens, One-Step ToT once"], rows)


def _bands(bands: Sequence[dict[str, Any]]) -> str:
    rows = [
        [one["group"], one["name"], str(one["hands"]), _points(one["share"], *one["interval"])]
        for one in bands
    ]
    table = _table(["group", "winning states seen", "hands", "right [95%]"], rows)
    said = "Wilson intervals over hands, for the mean of the seeds rounded to a whole hand."
    return f"{said}\n\n{table}"


_OF_TRAINING = {
    "rows": ("rows", "{:,}"),
    "distinct": ("distinct", "{:,}"),
    "tokens": ("completion_tokens", "{:,}"),
    "steps": ("steps", "{:,}"),
    "chosen at": ("best_checkpoint_step", "{:,}"),
    "val": ("best_val_acc", "{:.1%}"),
    "minutes": ("minutes", "{:.1f}"),
}
"""Of an arm: the heading, where it stands in the results, and how it is written."""


def _training(arms: Iterable[dict[str, Any]]) -> str:
    rows = []
    for arm in arms:
        cells = (_or_none(arm.get(key), how) for key, how in _OF_TRAINING.values())
        rows.append([arm["arm"], *(cell.rstrip("%") for cell in cells)])  # as points, without sign
    return _table(["arm", *_OF_TRAINING], rows)


def _failures(arms: Iterable[dict[str, Any]]) -> str:
    rows = []
    for arm in arms:
        for test, found in arm["tests"].items():
            shares = (found[key] for key in ("acc", "answered", "false_claim", "truncated"))
            tokens = _or_none(found["mean_response_tokens"], "{:.0f}")
            rows.append([arm["arm"], test, *(f"{100 * share:.1f}" for share in shares), tokens])
    heading = ["arm", "test", "right", "answered", "claims 24 falsely", "cut off", "tokens"]
    return _table(heading, rows)


def _or_none(value: float | None, how: str) -> str:
    return NONE if value is None else how.format(value)


def _ends(estimate: dict[str, Any] | None, sign: str = "") -> str:
    if estimate is None:
        return NONE
    return _points(estimate["value"], estimate["low"], estimate["high"], sign)


def _points(value: float, low: float, high: float, sign: str = "") -> str:
    return f"{100 * value:{sign}.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def _table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
