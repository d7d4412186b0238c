"""The tables of docs/appendix/study-results.md: what `results.json` holds, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tot24_bench.statistics import p_text

from .plan import Plan

NONE = "–"


def page(plan: Plan, results: dict[str, Any], *, picture: str | None) -> str:
    """The figures as Markdown; `picture` is its path as seen from the page, None for none."""
    parts = [
        _declared(plan, results),
        "### Accuracy\n\n" + _accuracy(plan, results),
        "### Hypotheses\n\n" + _hypotheses(results["hypotheses"]),
        *map(_marks, results["marks"]),
    ]
    if results["afterwards"]:
        parts.append("### Not declared\n\n" + _afterwards(results["afterwards"]))
    if any(group["passes"] for group in results["groups"]):
        parts.append("### pass@k at equal inference tokens\n\n" + _passes(results["groups"]))
    if picture is not None:
        parts.append(
            f"### Accuracy against size\n\n![accuracy against the number of parameters]({picture})"
        )
    if results["states_seen"]:
        parts.append("### By share of winning states seen\n\n" + _bands(results["states_seen"]))
    parts.append("### How the students were trained\n\n" + _training(results["arms"]))
    parts.append("### How answers fail\n\n" + _failures(results["arms"]))
    return "\n\n".join(parts)


def plan_table(plan: Plan) -> list[tuple[str, ...]]:
    """The arms as rows, for a terminal; the first row is the heading, the last the total."""
    rows: list[tuple[str, ...]] = [("arm", "method", "size", "seed", "tokens", "min", "what else")]
    for arm in plan.arms:
        what = [f"{key}={value}" for key, value in arm.settings.items()]
        what += [f"data={arm.data}"] if arm.data else []
        what += ["sampled"] if arm.sampled else []
        tokens, minutes = f"{arm.completion_tokens:,}", f"{arm.minutes:g}"
        rows.append(
            (arm.name, arm.method, arm.size, str(arm.seed), tokens, minutes, ", ".join(what))
        )
    total = sum(arm.completion_tokens for arm in plan.arms)
    rows.append(("total", "", "", "", f"{total:,}", f"{plan.minutes:g}", ""))
    return rows


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


def _accuracy(plan: Plan, results: dict[str, Any]) -> str:
    tests = list(dict.fromkeys(test for arm in plan.arms for test in plan.tests_of(arm)))
    rows = []
    for group in results["groups"]:
        millions = None if group["parameters"] is None else group["parameters"] / 1e6
        cells = [_ends(group["tests"].get(test)) for test in tests]
        size = _or_none(millions, "{:.2f}M")
        rows.append([group["group"], group["method"], size, str(group["seeds"]), *cells])
    return _table(["group", "method", "parameters", "seeds", *tests], rows)


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
    pair = f"{one['better']} less {one['worse']}{' pass@k' if one['worse_passes'] else ''}"
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
            rows.append([group["group"], test, greedy, k, _ends(found), *tokens])
    heading = ["group", "test", "greedy, once", "k", "pass@k", "tokens, k times"]
    return _table([*heading, "tokens, One-Step ToT once"], rows)


def _bands(bands: Sequence[dict[str, Any]]) -> str:
    rows = [
        [one["group"], one["name"], str(one["hands"]), _points(one["share"], *one["interval"])]
        for one in bands
    ]
    table = _table(["group", "winning states seen", "hands", "right [95%]"], rows)
    return (
        "Wilson intervals over hands, for the mean of the seeds rounded to a whole hand."
        f"\n\n{table}"
    )


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
    rows = [
        [arm["arm"], *(_or_none(arm.get(key), how) for key, how in _OF_TRAINING.values())]
        for arm in arms
    ]
    # Shares stand as points, without their sign.
    return _table(["arm", *_OF_TRAINING], [[cell.rstrip("%") for cell in row] for row in rows])


def _failures(arms: Iterable[dict[str, Any]]) -> str:
    shares = ("acc", "answered", "false_claim", "truncated")
    rows = [
        [
            *(arm["arm"], test),
            *(f"{100 * found[key]:.1f}" for key in shares),
            _or_none(found["mean_response_tokens"], "{:.0f}"),
        ]
        for arm in arms
        for test, found in arm["tests"].items()
    ]
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
