"""What the report says of our own plan, for answers that are made up."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tot24_bench.game import load_split
from tot24_bench.leaderboard.entry import Entry, Outcome
from tot24_bench.leaderboard.submission import Header, Metrics
from training.study.answers import Answers
from training.study.bootstrap import Estimate
from training.study.folders import Folders
from training.study.holdout import by_states_seen, share_seen
from training.study.judge import judge
from training.study.picture import Point, draw
from training.study.plan import PLAN as OURS
from training.study.plan import read_plan
from training.study.report import results_of
from training.study.tables import page

PLAN = read_plan(OURS)


def made_up(share: dict[str, float], seed: int = 0) -> Answers:
    """Greedy answers of every arm, right by chance: the share of its group, else a half."""
    rng = Random(seed)
    greedy = {}
    for arm in PLAN.arms:
        for test in PLAN.tests_of(arm):
            right = share.get(arm.group, 0.5)
            outcomes = tuple(
                Outcome(puzzle, int(rng.random() < right), 1, 100) for puzzle in load_split(test)
            )
            acc = sum(one.right for one in outcomes) / len(outcomes)
            metrics = Metrics(acc=acc, valid=acc, answered=1.0, false_claim=0.0, truncated=0.0)
            header = Header.model_construct(metrics=metrics, mean_response_tokens=100.0)
            greedy[arm.name, test] = Entry(header, outcomes)
    return Answers(greedy, {})


def test_claims_hold_where_the_answers_differ_and_not_where_they_do_not() -> None:
    judged = {
        one.hypothesis.name: one
        for one in judge(PLAN, made_up({"onestep-2m": 0.9, "cot-2m": 0.3, "onestep-0.4m": 0.1}))
    }
    assert judged["H1"].outcome == "holds" and judged["H1"].test == "sign-flip"
    assert judged["H2"].outcome == "not tested"  # nothing was sampled
    assert judged["H9a"].outcome == "does not hold" and judged["H9a"].test == "exact McNemar"
    assert judged["H10"].outcome == "undecided"
    assert judged["H1"].p is not None and judged["H1"].p < 0.01


def test_an_arm_that_avoids_the_test_states_has_seen_none_of_them() -> None:
    answers = made_up({})
    held_out = by_states_seen(PLAN.group("onestep-holdout-2m"), answers, ("hard100",))
    assert [(band.name, band.hands) for band in held_out] == [("none", 100)]
    bands = by_states_seen(PLAN.group("onestep-2m"), answers, ("hard100", "hardest"))
    assert sum(band.hands for band in bands) == 461
    assert len(bands) > 1 and all(band.interval.low < band.interval.high for band in bands)


def test_the_share_seen_is_that_of_the_overlap_command() -> None:
    from tot24_bench.game.overlap import overlap

    found = overlap(load_split("train"), load_split("hard100"))
    for one in found.by_hand:
        assert share_seen(one.puzzle.hand, False) == pytest.approx(one.share)


def test_the_page_has_a_row_for_every_group_and_hypothesis(tmp_path: Path) -> None:
    results = results_of(PLAN, Folders(tmp_path / "plan.yaml", tmp_path), made_up({}))
    text = page(PLAN, results, with_picture=False)
    for arm in PLAN.arms:
        assert f"| {arm.group} | {arm.method} |" in text
        assert f"| {arm.name} |" in text
    for one in PLAN.hypotheses:
        assert f"| {one.name} | {one.says} |" in text
    assert "0 of 18 arms" in text and "Not trained: onestep-2m-s0" in text
    assert "state_holdout |" in text  # the one arm's own test has a column


def test_the_picture_has_a_panel_a_test(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    points = [Point(400_000, Estimate(0.2, 0.1, 0.3, 1, 9)), Point(10**6, Estimate(1, 1, 1, 1, 9))]
    curves = {"CoT": points, "One-Step ToT": points[:1]}
    draw({"hard100": curves, "hardest": curves}, tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 5_000
