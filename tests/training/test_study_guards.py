"""What the study refuses, each in a line that names the fix."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import yaml

from tests.training.small_study import PLAN, commit, git, pretend_trained, write_study
from training.study.committed import NotDeclared, commit_of_plan, declare
from training.study.configs import config_of, require_same_settings, settings_of
from training.study.data import absent
from training.study.evaluate import (
    NotTrained,
    asked,
    evaluate_arms,
    is_there,
    require_trained,
    tries,
)
from training.study.plan import PLAN as OURS
from training.study.plan import BadPlan, read_plan
from training.study.report import BadPage, report


def refused(tmp_path: Path, **changes: object) -> str:
    with pytest.raises(BadPlan) as error:
        write_study(tmp_path, **changes)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_our_own_plan_reads_and_has_three_seeds_of_the_main_arms() -> None:
    plan = read_plan(OURS)
    assert [arm.seed for arm in plan.group("onestep-2m")] == [0, 1, 2]
    assert [arm.seed for arm in plan.group("cot-2m")] == [0, 1, 2]
    assert len({arm.size for arm in plan.arms}) >= 3


def test_an_unknown_key_is_refused(tmp_path: Path) -> None:
    assert "colour" in refused(tmp_path, colour="blue")


def test_a_hypothesis_about_no_group_is_refused(tmp_path: Path) -> None:
    hypothesis = {**PLAN["hypotheses"][0], "worse": "io"}
    assert "no group io" in refused(tmp_path, hypotheses=[hypothesis])


def test_a_hypothesis_on_a_test_that_is_not_asked_is_refused(tmp_path: Path) -> None:
    hypothesis = {**PLAN["hypotheses"][0], "tests": ["hard100"]}
    assert "is not asked hard100" in refused(tmp_path, hypotheses=[hypothesis])


def test_pass_at_k_of_an_arm_that_is_not_sampled_is_refused(tmp_path: Path) -> None:
    hypothesis = {**PLAN["hypotheses"][1], "worse": "onestep"}
    assert "is not sampled" in refused(tmp_path, hypotheses=[hypothesis])


def test_two_arms_of_a_name_and_rows_as_of_a_later_arm_are_refused(tmp_path: Path) -> None:
    first, second = PLAN["arms"]
    assert "twice" in refused(tmp_path / "a", arms=[first, first], hypotheses=[])
    assert "no arm before it" in refused(tmp_path / "b", arms=[second, first])


def test_a_name_that_would_leave_its_folder_is_refused(tmp_path: Path) -> None:
    arms = copy.deepcopy(PLAN["arms"])
    arms[0]["name"] = "../x"
    assert "arms.0.name" in refused(tmp_path, arms=arms)


def test_a_test_that_is_no_split_is_refused(tmp_path: Path) -> None:
    arms = [{**arm, "sampled": False} for arm in PLAN["arms"]]
    changes = {"tests": ["hard99"], "sampling": None, "hypotheses": [], "arms": arms}
    with pytest.raises(ValueError, match="hard99"):
        write_study(tmp_path, **changes)


def test_no_yaml_is_named(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text("a: [")
    with pytest.raises(BadPlan, match="no YAML"):
        read_plan(path)


def test_a_setting_that_the_arms_own_fields_decide_is_refused(tmp_path: Path) -> None:
    arms = copy.deepcopy(PLAN["arms"])
    arms[0]["settings"] = {"row_seed": 7}
    plan, folders = write_study(tmp_path, arms=arms)
    with pytest.raises(BadPlan, match="row_seed is decided"):
        settings_of(plan, plan.arms[0], folders)


def test_distinct_traces_of_an_untrained_arm_name_what_to_train(tmp_path: Path) -> None:
    plan, folders = write_study(tmp_path)
    with pytest.raises(BadPlan, match="study train onestep-s0"):
        config_of(plan, plan.arms[1], folders)


def test_a_plan_outside_git_or_uncommitted_or_changed_is_refused(tmp_path: Path) -> None:
    plan, folders = write_study(tmp_path)
    git(tmp_path, "init")
    with pytest.raises(NotDeclared, match=r"plan\.yaml is not committed: git add"):
        commit_of_plan(folders.plan, plan)
    commit(tmp_path)
    assert len(commit_of_plan(folders.plan, plan)) == 40
    base = folders.kept / "base.yaml"
    base.write_text(base.read_text() + "# later\n")
    with pytest.raises(NotDeclared, match=r"base\.yaml was changed since"):
        commit_of_plan(folders.plan, plan)


def test_another_plan_than_that_of_the_first_evaluation_is_refused(tmp_path: Path) -> None:
    plan, folders = write_study(tmp_path)
    commit(tmp_path)
    first = declare(folders.plan, plan, folders)
    assert declare(folders.plan, plan, folders) == first
    folders.plan.write_text(folders.plan.read_text() + "# later\n")
    commit(tmp_path)
    with pytest.raises(NotDeclared, match="git checkout"):
        declare(folders.plan, plan, folders)


def test_nothing_is_asked_under_a_plan_that_is_not_committed(tmp_path: Path) -> None:
    plan, folders = write_study(tmp_path)
    pretend_trained(folders, plan)
    git(tmp_path, "init")
    with pytest.raises(NotDeclared, match="not committed"):
        evaluate_arms(plan, plan.arms, folders, print)
    assert not (folders.kept / "evaluated.json").exists()
    assert not (folders.kept / "submissions").exists()


def test_an_untrained_arm_is_named_even_where_another_is_asked(tmp_path: Path) -> None:
    plan, folders = write_study(tmp_path)
    commit(tmp_path)
    with pytest.raises(NotTrained, match="onestep-s0, cot-s0"):
        evaluate_arms(plan, [plan.arms[0]], folders, print)


def test_a_student_of_other_settings_than_the_plans_is_refused(tmp_path: Path) -> None:
    plan, folders = write_study(tmp_path)
    pretend_trained(folders, plan)
    require_same_settings(plan, plan.arms[0], folders)
    base = folders.kept / "base.yaml"
    base.write_text(base.read_text().replace("0.001", "0.002"))
    with pytest.raises(BadPlan, match="other settings"):
        require_same_settings(plan, plan.arms[0], folders)


def test_an_arm_whose_transcript_is_absent_is_skipped_and_said_so(tmp_path: Path) -> None:
    data = {"theirs": {"transcript": str(tmp_path / "none.jsonl"), "model": "m"}}
    arm = {**PLAN["arms"][0], "name": "theirs-s0", "data": "theirs"}
    plan, folders = write_study(tmp_path, data=data, arms=[*PLAN["arms"], arm])
    assert absent(plan, plan.arms[2]) == tmp_path / "none.jsonl"
    said: list[str] = []
    with pytest.raises(NotTrained, match="onestep-s0, cot-s0:"):
        require_trained(plan, folders, said.append)
    assert said == [f"theirs-s0: SKIPPED, there is no {tmp_path / 'none.jsonl'}"]


def test_k_is_the_tokens_of_one_step_over_those_of_cot_and_is_asked_sampled(tmp_path: Path) -> None:
    plan, folders = write_study(tmp_path)
    pretend_trained(folders, plan)
    assert tries(plan, folders) == 3
    greedy, sampled = asked(plan, plan.arms[1], folders)
    assert (greedy.repeats, dict(greedy.generation), greedy.shots) == (1, {}, 0)
    assert sampled.repeats == 3 and sampled.generation["temperature"] == 1.0
    assert not is_there(greedy, plan.arms[1], folders)


def test_a_submission_that_is_there_is_not_asked_for_again(tmp_path: Path) -> None:
    plan, folders = write_study(tmp_path)
    pretend_trained(folders, plan)
    commit(tmp_path)
    for arm in plan.arms:
        for one in asked(plan, arm, folders):
            repeats = f".x{one.repeats}" if one.repeats > 1 else ""
            name = f"{arm.task}_fresh-n3.0shot{repeats}.json"
            path = folders.kept / "submissions" / arm.name / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("kept")
    said: list[str] = []
    evaluate_arms(plan, plan.arms, folders, said.append)  # the students hold no weights
    assert said == ["onestep-s0: has met every test", "cot-s0: has met every test"]


def test_a_page_without_marks_is_refused(tmp_path: Path) -> None:
    plan, folders = write_study(tmp_path)
    page = tmp_path / "page.md"
    page.write_text("words")
    with pytest.raises(BadPage, match="study:begin"):
        report(plan, folders, page)


def test_a_base_that_is_no_mapping_is_named(tmp_path: Path) -> None:
    plan, folders = write_study(tmp_path)
    (folders.kept / "base.yaml").write_text(yaml.safe_dump(["rows"]))
    with pytest.raises(BadPlan, match="holds no settings"):
        settings_of(plan, plan.arms[0], folders)


def test_val_is_cut_off_where_the_tasks_are() -> None:
    from tot24_bench.harness.tasks import tasks_path
    from training.study.configs import LIMITS

    for method, limit in LIMITS.items():
        text = (tasks_path() / "game24" / f"game24_{method}.yaml").read_text(encoding="utf-8")
        assert f"max_gen_toks: {limit}\n" in text
