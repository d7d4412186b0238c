"""From submissions and records to `results.json`, the picture, and the generated part of the page.

Figures stand between two marks in docs/study.md; the words around them are written by hand.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tot24_bench.files import write_durably
from training.study.afterwards import DECK, look
from training.study.answers import Answers, groups_of
from training.study.bootstrap import Estimate, accuracy
from training.study.committed import NOTE, declared
from training.study.configs import config_of, require_same_settings
from training.study.folders import Folders
from training.study.holdout import Band, by_states_seen
from training.study.judge import judge
from training.study.marks import ROWS, marks_of
from training.study.picture import Point, draw
from training.study.plan import Arm, Plan
from training.study.same_weights import require_submissions_weights
from training.study.tables import page

BEGIN, END = "<!-- study:begin -->", "<!-- study:end -->"
RESULTS, PICTURE = "results.json", "accuracy.png"


class BadPage(ValueError):
    """A page without the two marks; the message names them."""


def report(plan: Plan, folders: Folders, docs: Path) -> dict[str, Any]:
    """Write the results, the picture, and the figures of the page.

    Args:
        docs: the page; its marks have to be there, or it is a new one.

    Raises:
        BadPage: it has no marks.
        NotDeclared: students met the tests under another plan.
        BadPlan: a student was trained by other settings.
        OtherWeights: a submission is of another student than its record.
        ValueError: nothing was evaluated, or a submission cannot be read.
    """
    before, after = _around(docs)
    declared(folders.plan, plan, folders)
    answers = Answers.read(plan, folders.kept)
    for arm in plan.arms:
        if folders.read_record(arm) is not None:
            require_same_settings(plan, arm, folders)
    require_submissions_weights(plan, folders, answers)
    if not answers.greedy:
        raise ValueError(f"nothing was evaluated in {folders.kept}: python -m training.study eval")
    results = results_of(plan, folders, answers)
    write_durably(folders.kept / RESULTS, json.dumps(results, indent=1) + "\n")
    panels, picture = _panels(plan, folders, answers), None
    if panels:
        draw(panels, folders.kept / PICTURE)
        picture = Path(os.path.relpath(folders.kept / PICTURE, docs.parent)).as_posix()
    text = page(plan, results, picture=picture)
    write_durably(docs, f"{before}{BEGIN}\n{text}\n{END}{after}")
    return results


def results_of(plan: Plan, folders: Folders, answers: Answers) -> dict[str, Any]:
    """Everything that the study found, as JSON."""
    note = folders.kept / NOTE
    groups = groups_of(plan)
    return {
        "declared": json.loads(note.read_text(encoding="utf-8")) if note.is_file() else None,
        "statistics": plan.statistics.to_json(),
        "groups": [_group(plan, folders, answers, name, arms) for name, arms in groups.items()],
        "arms": [_arm(arm, folders, answers, plan) for arm in plan.arms],
        "hypotheses": [one.to_json() for one in judge(plan, answers)],
        "afterwards": [one.to_json() for one in look(plan, answers)],
        "marks": [
            {"arm": arm.name, "rows": ROWS, **marks_of(config_of(plan, arm, folders)).to_json()}
            for arm in plan.arms
            if arm.settings.get("marks") == "random"
        ],
        "states_seen": [band.to_json() for band in _bands(plan, answers)],
    }


def _group(
    plan: Plan, folders: Folders, answers: Answers, name: str, arms: list[Arm]
) -> dict[str, Any]:
    tests = plan.tests_of(arms[0])
    rule = plan.sampling if arms[0].sampled else None
    once = [] if rule is None else plan.group(rule.more)
    return {
        "group": name,
        "method": arms[0].method,
        "size": arms[0].size,
        "parameters": _parameters(arms, folders),
        "seeds": len(arms),
        "tests": {
            test: _estimate(plan, answers, arms, (test,))._asdict()
            for test in tests
            if answers.has(arms, (test,))
        },
        "passes": {
            test: {
                "k": sorted({answers.sampled[arm.name, test].header.repeats for arm in arms}),
                **_estimate(plan, answers, arms, (test,), passes=True)._asdict(),
                "tokens": answers.tokens(arms, test, passes=True),
                "once_tokens": answers.tokens(once, test) if answers.has(once, (test,)) else None,
            }
            for test in (() if rule is None else rule.tests)
            if answers.has(arms, (test,), passes=True)
        },
    }


def _arm(arm: Arm, folders: Folders, answers: Answers, plan: Plan) -> dict[str, Any]:
    record = folders.read_record(arm)
    found: dict[str, Any] = {"arm": arm.name, "trained": record is not None}
    if record is not None:
        data = record["data"]
        found |= {
            "parameters": record["parameters"],
            "rows": data["rows"],
            "distinct": data.get("distinct"),
            "completion_tokens": data["completion_tokens"],
            "steps": record["steps"],
            "best_checkpoint_step": record["best_checkpoint_step"],
            "best_val_acc": record["best_val_acc"],
            "minutes": round(record["seconds"] / 60, 1),
            "hardware": record["hardware"],
        }
    found["tests"] = {}
    for test in plan.tests_of(arm):
        entry = answers.greedy.get((arm.name, test))
        if entry is not None:
            header = entry.header
            found["tests"][test] = {
                **header.metrics.to_json(),
                "mean_response_tokens": header.mean_response_tokens,
            }
    return found


def _bands(plan: Plan, answers: Answers) -> list[Band]:
    tests = tuple(test for test in plan.tests if test in DECK)
    found: list[Band] = []
    for arms in groups_of(plan).values():
        if tests and arms[0].data is None and answers.has(arms, tests):
            found += by_states_seen(arms, answers, tests)
    return found


def _panels(plan: Plan, folders: Folders, answers: Answers) -> dict[str, dict[str, list[Point]]]:
    panels: dict[str, dict[str, list[Point]]] = {}
    for test in plan.tests:
        for label, groups in plan.picture.items():
            for name in groups:
                arms = plan.group(name)
                size = _parameters(arms, folders)
                if size is not None and answers.has(arms, (test,)):
                    point = Point(size, _estimate(plan, answers, arms, (test,)))
                    panels.setdefault(test, {}).setdefault(label, []).append(point)
    return panels


def _estimate(
    plan: Plan, answers: Answers, arms: list[Arm], tests: tuple[str, ...], *, passes: bool = False
) -> Estimate:
    rule = plan.statistics
    rights = answers.rights(arms, tests, passes=passes)
    return accuracy(rights, level=rule.level, resamples=rule.resamples, seed=rule.seed)


def _parameters(arms: list[Arm], folders: Folders) -> int | None:
    for arm in arms:
        record = folders.read_record(arm)
        if record is not None:
            return int(record["parameters"])
    return None


def _around(docs: Path) -> tuple[str, str]:
    """What stands before and after the figures; a page that is not there yet is a new one."""
    if not docs.exists():
        return f"# {docs.stem}\n\n", "\n"
    text = docs.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise BadPage(f"{docs} lacks {BEGIN} and {END}: put them where the figures go")
    return before, after
