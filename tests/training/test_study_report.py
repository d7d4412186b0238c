"""What the report says of our own plan, for answers that are made up."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tot24_bench.game import load_split
from tot24_bench.leaderboard import Entry, Header, Metrics, Outcome
from tot24_bench.statistics import sign_flip
from training.study.answers import Answers
from training.study.judge import Estimate, judge
from training.study.looks import by_states_seen, share_seen
from training.study.plan import PLAN as OURS
from training.study.plan import Folders, read_plan
from training.study.report import _bars, draw, draw_groups, results_of
from training.study.tables import page

PLAN = read_plan(OURS)
PLAN = PLAN.model_copy(update={"statistics": PLAN.statistics.model_copy(update={"resamples": 500})})
"""Our own, with fewer draws: what is asked here is not how wide an interval is."""


def made_up(share: dict[str, float], seed: int = 0) -> Answers:
    """Greedy answers of every arm, right by chance: the share of its group, else a half."""
    rng = Random(seed)
    greedy = {
        (arm.name, test): entry(test, share.get(arm.group, 0.5), rng)
        for arm in PLAN.arms
        for test in PLAN.tests
    }
    return Answers(greedy, {})


def entry(test: str, right: float, rng: Random, repeats: int = 1, tokens: float = 100.0) -> Entry:
    outcomes = tuple(
        Outcome(puzzle, int(rng.random() < right), repeats, 100) for puzzle in load_split(test)
    )
    acc = sum(one.right for one in outcomes) / len(outcomes)
    metrics = Metrics(acc=acc, valid=acc, answered=1.0, false_claim=0.0, truncated=0.0)
    header = Header.model_construct(metrics=metrics, mean_response_tokens=tokens, repeats=repeats)
    return Entry(header, outcomes)


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The results of made-up answers where nothing is trained; to be read alone."""
    return found(tmp_path_factory.mktemp("untrained"), made_up({}))


def found(tmp_path: Path, answers: Answers) -> dict[str, Any]:
    """The results where nothing is trained."""
    shutil.copy(OURS.parent / PLAN.base, tmp_path)
    return results_of(PLAN, Folders(tmp_path / "plan.yaml", tmp_path), answers)


def test_claims_hold_where_the_answers_differ_and_not_where_they_do_not() -> None:
    judged = {
        one["name"]: one
        for one in judge(PLAN, made_up({"onestep-2m": 0.9, "cot-2m": 0.3, "onestep-0.4m": 0.1}))
    }
    assert judged["H1"]["outcome"] == "holds" and judged["H1"]["test"] == "sign-flip"
    assert judged["H2"]["outcome"] == "not tested"  # nothing was sampled
    assert (
        judged["H3"]["outcome"] == "does not hold (one seed)"
        and judged["H3"]["test"] == "sign-flip"
    )
    assert judged["H8a"]["outcome"] == "does not hold (one seed)"
    assert judged["H8a"]["test"] == "exact McNemar"
    assert judged["H9"]["outcome"] == "undecided (one seed)"
    assert judged["H1"]["p_holm"] is not None and judged["H1"]["p_holm"] < 0.01


def test_what_is_not_tested_counts_as_p_1() -> None:
    answers = made_up({"onestep-2m": 0.9, "cot-2m": 0.3})
    wanted = {arm.name for arm in (*PLAN.group("onestep-2m"), *PLAN.group("cot-2m"))}
    alone = Answers({key: one for key, one in answers.greedy.items() if key[0] in wanted}, {})
    first, *others = judge(PLAN, alone)
    assert first["p_holm"] is not None and first["estimate"] is not None
    assert all(one["p_holm"] is None and one["outcome"] == "not tested" for one in others)
    differences = (
        alone.rights(PLAN.group("onestep-2m"), first["tests"]).mean(axis=0)
        - alone.rights(PLAN.group("cot-2m"), first["tests"]).mean(axis=0)
    ).tolist()
    assert first["p_holm"] == pytest.approx(min(1.0, len(PLAN.hypotheses) * sign_flip(differences)))


def test_an_arm_that_avoids_the_test_states_has_seen_none_of_them() -> None:
    answers = made_up({})
    held_out = by_states_seen(PLAN.group("onestep-holdout-2m"), answers, ("hard100",))
    assert [(band["name"], band["hands"]) for band in held_out] == [("none", 100)]
    bands = by_states_seen(PLAN.group("onestep-2m"), answers, ("hard100", "hardest"))
    assert sum(band["hands"] for band in bands) == 461
    assert len(bands) > 1 and all(band["interval"][0] < band["interval"][1] for band in bands)


def test_the_share_seen_is_that_of_the_overlap_command() -> None:
    from tot24_bench.game import overlap

    found = overlap(load_split("train"), load_split("hard100"))
    for one in found.by_hand:
        assert share_seen(one.puzzle.hand, False) == pytest.approx(one.share)


def test_arms_of_other_data_are_in_no_band(untrained: dict[str, Any]) -> None:
    groups = {band["group"] for band in untrained["states_seen"]}
    assert groups == {arm.group for arm in PLAN.arms if arm.data is None}


def test_pass_at_k_tells_k_as_it_was_asked_and_the_tokens_of_both(tmp_path: Path) -> None:
    answers, rng = made_up({}), Random(1)
    for arm in PLAN.group("cot-2m"):
        answers.sampled[arm.name, "hard100"] = entry("hard100", 0.8, rng, repeats=3, tokens=41.0)
        answers.sampled[arm.name, "hardest"] = entry("hardest", 0.8, rng, repeats=4, tokens=41.0)
    results = found(tmp_path, answers)
    (passes,) = (group["passes"] for group in results["groups"] if group["passes"])
    assert [passes[test]["k"] for test in ("hard100", "hardest")] == [[3], [4]]
    assert [passes[test]["tokens"] for test in ("hard100", "hardest")] == [123, 164]
    assert passes["hard100"]["once_tokens"] == 100
    text = page(PLAN, results, picture=None)
    row = next(line for line in text.split("\n") if line.startswith("| cot-2m | hardest |"))
    assert "| 4 |" in row and row.endswith("| 164 | 100 |")


def test_the_page_has_a_row_for_every_group_and_hypothesis(untrained: dict[str, Any]) -> None:
    text = page(PLAN, untrained, picture=None)
    for arm in PLAN.arms:
        assert f"| {arm.group} | {arm.method} |" in text
        assert f"| {arm.name} |" in text
    for one in PLAN.hypotheses:
        assert f"| {one.name} | {one.says} |" in text
    assert "0 of 17 arms" in text and "Not trained: onestep-2m-s0" in text
    assert "rows of `onestep-random-marks-2m-s0` 7" in text  # not 100% of the marks are true
    assert "Wilson intervals over hands, for the mean of the seeds rounded to a whole hand." in text


def test_a_trained_arm_has_its_different_rows_in_the_table(tmp_path: Path) -> None:
    folders, (first, second, *_) = Folders(tmp_path / "plan.yaml", tmp_path), PLAN.arms
    record: dict[str, Any] = {"parameters": 1, "steps": 9, "seconds": 60, "hardware": "a machine"}
    record |= {"best_checkpoint_step": 8, "best_val_acc": 0.5}
    data = {"rows": 1_300, "completion_tokens": 4_000}
    folders.record(first).parent.mkdir()
    folders.record(first).write_text(json.dumps({**record, "data": {**data, "distinct": 1_234}}))
    folders.record(second).write_text(json.dumps({**record, "data": data}))
    text = page(PLAN, found(tmp_path, made_up({})), picture=None)
    assert f"| {first.name} | 1,300 | 1,234 | 4,000 | 9 | 8 | 50.0 | 1.0 |" in text
    assert f"| {second.name} | 1,300 | – | 4,000 |" in text  # an older record does not tell


def test_the_picture_has_a_panel_a_test(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    points = [(400_000, Estimate(0.2, 0.1, 0.3, 1, 9)), (10**6, Estimate(1, 1, 1, 1, 9))]
    curves = {"CoT": points, "One-Step ToT": points[:1]}
    draw({"hard100": curves, "hardest": curves}, tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 5_000


def test_without_curves_every_group_is_drawn_and_its_tries_beside_it(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    half = Estimate(0.5, 0.4, 0.6, 1, 9)._asdict()
    tries = {**half, "k": [3], "votes": half, "tokens": 120.0, "once_tokens": 100.0}
    groups: list[dict[str, Any]] = [
        {"group": "look-ahead", "tests": {"hard100": half}, "passes": {}},
        {"group": "cot", "tests": {"hard100": half}, "passes": {"hard100": tries}},
        {"group": "io", "tests": {}, "passes": {}},
    ]
    bars = _bars(PLAN, {"groups": groups})
    shown = ["look-ahead", "cot", "cot, majority of k", "cot, best of k"]
    assert {test: list(own) for test, own in bars.items()} == {"hard100": shown}
    draw_groups(bars, tmp_path / "b.png")
    assert (tmp_path / "b.png").stat().st_size > 5_000


def test_every_interval_of_the_page_is_one_that_the_report_wrote(root: Path) -> None:
    told, *written = (
        re.sub(r"[+%\\]|\s+(?=\\?\[)", "", (root / name).read_text(encoding="utf-8"))
        for name in (
            "docs/study.md",
            "docs/appendix/study-results.md",
            "docs/appendix/pretrained-results.md",
            "results/LEADERBOARD.md",  # students beside their teachers
        )
    )
    interval = re.compile(r"-?[\d.]+\[-?[\d.]+, -?[\d.]+\]")
    assert len(interval.findall(told)) > 20
    assert set(interval.findall(told)) <= set(interval.findall("\n".join(written)))
    assert len(told.split()) < 1_500
