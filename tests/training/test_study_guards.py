"""What the study refuses, each in a line that names the fix."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.training.small_study import PLAN, commit, git, pretend_trained, submit, write_study
from tot24_bench.harness import EvaluationPlan as Asked
from tot24_bench.leaderboard import BadSubmission, read
from tot24_bench.leaderboard.runs import Stored
from training.study import evaluate
from training.study.answers import Answers
from training.study.arms import absent, config_of, require_same_settings, train_arms
from training.study.evaluate import (
    NotDeclared,
    NotTrained,
    OtherWeights,
    commit_of_plan,
    declare,
    evaluate_arms,
    greedy,
    require_trained,
    sampled,
)
from training.study.plan import PLAN as OURS
from training.study.plan import BadPlan, Folders, Plan, read_plan
from training.study.report import BEGIN, END, BadPage, report


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


def test_every_generated_arm_of_ours_gets_the_same_tokens_and_none_ends_early() -> None:
    plan = read_plan(OURS)
    assert len({arm.completion_tokens for arm in plan.arms if arm.data is None}) == 1
    for arm in plan.arms:
        config = config_of(plan, arm, Folders(OURS, Path("runs")))
        assert "patience" not in config and config["eval_steps"] == config["save_steps"] == 0.125


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


def test_votes_of_an_arm_that_is_not_sampled_are_refused(tmp_path: Path) -> None:
    changed = {"worse_passes": False, "worse_votes": True, "worse": "onestep"}
    assert "is not sampled" in refused(tmp_path, hypotheses=[{**PLAN["hypotheses"][1], **changed}])


def test_a_claim_about_votes_and_pass_at_k_at_once_is_refused(tmp_path: Path) -> None:
    hypothesis = {**PLAN["hypotheses"][1], "worse_votes": True}
    assert "are two claims" in refused(tmp_path, hypotheses=[hypothesis])


def test_what_a_plan_makes_lies_below_the_name_of_its_folder(tmp_path: Path) -> None:
    assert Folders.of(OURS, None) == Folders(OURS, Path("runs/study"))
    assert Folders.of(tmp_path / "other" / "plan.yaml", None).runs == Path("runs/other")
    assert Folders.of(OURS, tmp_path).runs == tmp_path


def test_two_arms_of_a_name_are_refused(tmp_path: Path) -> None:
    first, _ = PLAN["arms"]
    assert "twice" in refused(tmp_path, arms=[first, first], hypotheses=[])


def test_sampling_where_its_groups_are_not_asked_is_refused(tmp_path: Path) -> None:
    sampling = {**PLAN["sampling"], "tests": ["hard100"]}
    said = refused(tmp_path, sampling=sampling, hypotheses=PLAN["hypotheses"][:1])
    assert "sampling: onestep is not asked hard100" in said


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
    arms[1]["settings"] = {"val_split": "hard100"}
    plan, folders = write_study(tmp_path, arms=arms)
    for arm, key in zip(plan.arms, ("row_seed", "val_split"), strict=True):
        with pytest.raises(BadPlan, match=f"{arm.name}: {key} is decided"):
            config_of(plan, arm, folders)


def test_a_setting_of_the_base_that_the_plan_decides_is_refused(tmp_path: Path) -> None:
    plan, folders = write_study(tmp_path)
    base = folders.kept / "base.yaml"
    base.write_text(base.read_text() + "val_split: hard100\n")
    with pytest.raises(BadPlan, match=r"base\.yaml: val_split is decided"):
        config_of(plan, plan.arms[0], folders)


def test_a_plan_outside_git_or_uncommitted_or_changed_is_refused(tmp_path: Path) -> None:
    plan, folders = write_study(tmp_path)
    git(tmp_path, "init")
    with pytest.raises(NotDeclared, match=r"plan\.yaml is not committed: git add"):
        commit_of_plan(plan, folders)
    commit(tmp_path)
    assert len(commit_of_plan(plan, folders)) == 40
    base = folders.kept / "base.yaml"
    base.write_text(base.read_text() + "# later\n")
    with pytest.raises(NotDeclared, match=r"base\.yaml was changed since"):
        commit_of_plan(plan, folders)


def test_another_plan_than_that_of_the_first_evaluation_is_refused(tmp_path: Path) -> None:
    plan, folders = write_study(tmp_path)
    commit(tmp_path)
    first = declare(plan, folders)
    assert declare(plan, folders) == first
    folders.plan.write_text(folders.plan.read_text() + "# later\n")
    commit(tmp_path)
    with pytest.raises(NotDeclared, match="git checkout"):
        declare(plan, folders)


def page_in(folder: Path) -> Path:
    page = folder / "page.md"
    page.write_text(f"{BEGIN}\n{END}\n")
    return page


def test_a_report_by_another_plan_than_that_of_the_evaluation_is_refused(tmp_path: Path) -> None:
    plan, folders = write_study(tmp_path)
    commit(tmp_path)
    commit_there = declare(plan, folders)["plan_commit"]
    folders.plan.write_text(folders.plan.read_text() + "# later\n")
    with pytest.raises(NotDeclared, match=f"git checkout {commit_there[:12]} -- "):
        report(plan, folders, page_in(tmp_path))


def test_submissions_whose_plan_nobody_knows_are_refused(tmp_path: Path) -> None:
    plan, folders = write_study(tmp_path)
    pretend_trained(folders, plan)
    commit(tmp_path)
    submit(plan.arms[0], folders, tokens=120)
    with pytest.raises(NotDeclared, match=r"submissions and no evaluated\.json"):
        declare(plan, folders)
    with pytest.raises(NotDeclared, match="move the submissions away"):
        report(plan, folders, page_in(tmp_path))
    assert not (folders.kept / "evaluated.json").exists()


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


def test_a_student_of_another_dataset_than_the_plans_is_refused(tmp_path: Path) -> None:
    data = {name: {"transcript": "x.jsonl", "model": "m"} for name in ("theirs", "others")}
    arm = {**PLAN["arms"][0], "data": "theirs"}
    plan, folders = write_study(tmp_path, data=data, arms=[arm, PLAN["arms"][1]])
    pretend_trained(folders, plan)
    require_same_settings(plan, plan.arms[0], folders)
    moved = Folders(folders.plan, tmp_path / "elsewhere")
    require_same_settings(plan, plan.arms[0], moved)
    other = plan.arms[0].model_copy(update={"data": "others"})
    with pytest.raises(BadPlan, match="other settings"):
        require_same_settings(plan, other, folders)


def test_a_student_that_is_not_its_records_is_refused(tmp_path: Path) -> None:
    plan, folders = write_study(tmp_path)
    pretend_trained(folders, plan)
    commit(tmp_path)
    (folders.student(plan.arms[1]) / "model.safetensors").write_text("another")
    with pytest.raises(OtherWeights, match=r"cot-s0: .* holds other weights .*: move"):
        evaluate_arms(plan, plan.arms, folders, print)
    assert not (folders.kept / "evaluated.json").exists()


def test_submissions_of_other_weights_are_refused(tmp_path: Path) -> None:
    plan, folders = write_study(tmp_path)
    pretend_trained(folders, plan)
    commit(tmp_path)
    declare(plan, folders)
    weights = folders.student(plan.arms[0]) / "model.safetensors"
    weights.write_text("another")
    submit(plan.arms[0], folders, tokens=120)
    weights.write_text("onestep-s0")
    named = r"onestep-s0: its submission on fresh-n3 .*: restore .*onestep-s0\.json or "
    with pytest.raises(OtherWeights, match=named):
        evaluate_arms(plan, plan.arms, folders, print)
    with pytest.raises(OtherWeights, match=named):
        report(plan, folders, page_in(tmp_path))


def test_only_what_the_plan_asks_for_counts(tmp_path: Path) -> None:
    plan, folders = write_study(tmp_path)
    pretend_trained(folders, plan)
    onestep, cot = plan.arms
    submit(onestep, folders, tokens=120)
    submit(onestep, folders, tokens=120, shots=5)
    submit(onestep, folders, tokens=120, chat=True)
    submit(cot, folders, tokens=40, task="game24_io", method="io")
    submit(cot.model_copy(update={"name": "stranger"}), folders, tokens=40)
    submit(cot, folders, tokens=40, generation={"do_sample": True})
    submit(cot, folders, tokens=40, repeats=3, generation={"do_sample": True, "temperature": 0.1})
    answers = Answers.read(plan, folders.kept)
    assert list(answers.greedy) == [("onestep-s0", "fresh-n3")] and not answers.sampled


def test_two_submissions_of_one_kind_are_named(tmp_path: Path) -> None:
    plan, folders = write_study(tmp_path)
    pretend_trained(folders, plan)
    paths = [submit(plan.arms[1], folders, tokens=40, repeats=repeats) for repeats in (2, 3)]
    with pytest.raises(BadSubmission) as error:
        Answers.read(plan, folders.kept)
    assert all(str(path) in str(error.value) for path in paths)


def test_an_arm_whose_transcript_is_absent_is_skipped_and_said_so(tmp_path: Path) -> None:
    data = {"theirs": {"transcript": str(tmp_path / "none.jsonl"), "model": "m"}}
    arm = {**PLAN["arms"][0], "name": "theirs-s0", "data": "theirs"}
    plan, folders = write_study(tmp_path, data=data, arms=[*PLAN["arms"], arm])
    assert absent(plan, plan.arms[2]) == tmp_path / "none.jsonl"
    said: list[str] = []
    with pytest.raises(NotTrained, match="onestep-s0, cot-s0:"):
        require_trained(plan, folders, Answers({}, {}), said.append)
    assert said == [f"theirs-s0: SKIPPED, there is no {tmp_path / 'none.jsonl'}"]


@pytest.mark.parametrize(("tokens", "k"), [(120, 3), (121, 4), (30, 2), (4000, 20)])
def test_k_is_the_tokens_of_one_step_over_those_of_cot_on_the_test(
    tmp_path: Path, tokens: int, k: int
) -> None:
    plan, folders = write_study(tmp_path)
    pretend_trained(folders, plan)
    onestep, cot = plan.arms
    (once,) = greedy(plan, cot, folders, Answers.read(plan, folders.kept))
    assert (once.repeats, dict(once.generation), once.shots) == (1, {}, 0)
    submit(onestep, folders, tokens=tokens)
    submit(cot, folders, tokens=40)
    answers = Answers.read(plan, folders.kept)
    assert greedy(plan, cot, folders, answers) == []
    (drawn,) = sampled(plan, cot, folders, answers)
    assert drawn.repeats == k and drawn.generation["temperature"] == 1.0
    assert sampled(plan, onestep, folders, answers) == []


def test_samples_wait_for_the_greedy_answers_that_tell_k(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, folders = write_study(tmp_path)
    pretend_trained(folders, plan)
    commit(tmp_path)
    asked: list[tuple[str | None, int]] = []

    def answer(plans: list[Asked], results: Path, name: str | None = None) -> Iterator[Stored]:
        for one in plans:
            asked.append((name, one.repeats))
            arm = plan.arm(str(name))
            tokens = 150 if arm.method == "onestep_tot" else 40
            path = submit(arm, folders, tokens=tokens, repeats=one.repeats)
            yield Stored(path, read(path))

    monkeypatch.setattr(evaluate, "run_plans", answer)
    said: list[str] = []
    evaluate_arms(plan, [plan.arms[1]], folders, said.append)
    assert asked == [("cot-s0", 1)]
    assert said[-1] == "cot-s0: sampled later: onestep-s0 is not asked yet"
    evaluate_arms(plan, plan.arms, folders, said.append)
    assert asked == [("cot-s0", 1), ("onestep-s0", 1), ("cot-s0", 4)]


def test_an_arm_that_lies_elsewhere_counts_as_trained_and_is_asked_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, folders = write_study(tmp_path)
    pretend_trained(folders, plan)
    commit(tmp_path)
    _, cot = plan.arms
    shutil.move(folders.run(cot), tmp_path / "another machine")
    said: list[str] = []
    train_arms(plan, [cot], folders, said.append)
    assert said.pop() == (
        "[1/1] cot-s0: has a record; named, it is trained again where its student is lost"
    )
    asked: list[str | None] = []

    def answer(plans: list[Asked], results: Path, name: str | None = None) -> Iterator[Stored]:
        asked.append(name)
        yield from ()

    monkeypatch.setattr(evaluate, "run_plans", answer)
    evaluate_arms(plan, plan.arms, folders, said.append)
    assert asked == ["onestep-s0"]
    assert said[0] == (
        f"cot-s0: not asked here, there is no {folders.student(cot)}: eval where it lies, or train "
        "it again by name"
    )
    folders.record(cot).unlink()
    with pytest.raises(NotTrained, match="not trained: cot-s0:"):
        evaluate_arms(plan, plan.arms, folders, said.append)


def test_an_arm_that_lies_elsewhere_is_held_to_the_plans_settings(tmp_path: Path) -> None:
    plan, folders = write_study(tmp_path)
    pretend_trained(folders, plan)
    commit(tmp_path)
    record = json.loads(folders.record(plan.arms[1]).read_text())
    record["study"]["config"]["learning_rate"] = 0.5
    folders.record(plan.arms[1]).write_text(json.dumps(record))
    shutil.rmtree(folders.run(plan.arms[1]))
    with pytest.raises(BadPlan, match=r"cot-s0 .* other settings"):
        evaluate_arms(plan, plan.arms, folders, print)


def met_every_test(tmp_path: Path) -> tuple[Plan, Folders]:
    """Both arms of the study were asked everything."""
    plan, folders = write_study(tmp_path)
    pretend_trained(folders, plan)
    commit(tmp_path)
    declare(plan, folders)
    for arm, tokens in zip(plan.arms, (120, 40), strict=True):
        submit(arm, folders, tokens=tokens)
    submit(plan.arms[1], folders, tokens=40, repeats=3)
    return plan, folders


def test_a_submission_that_is_there_is_not_asked_for_again(tmp_path: Path) -> None:
    plan, folders = met_every_test(tmp_path)
    said: list[str] = []
    evaluate_arms(plan, plan.arms, folders, said.append)  # the students hold no weights
    assert said == ["onestep-s0: has met every test", "cot-s0: has met every test"]


def test_an_arm_that_has_met_every_test_needs_no_student(tmp_path: Path) -> None:
    plan, folders = met_every_test(tmp_path)
    shutil.rmtree(folders.runs)
    said: list[str] = []
    evaluate_arms(plan, plan.arms, folders, said.append)
    train_arms(plan, plan.arms, folders, said.append)
    assert said == [
        "onestep-s0: has met every test",
        "cot-s0: has met every test",
        "[1/2] onestep-s0: has met every test; named, it is trained again and compared",
        "[2/2] cot-s0: has met every test; named, it is trained again and compared",
    ]
    assert not folders.runs.exists()


def test_a_student_trained_again_is_compared_and_the_record_of_what_met_tests_stays(
    tmp_path: Path,
) -> None:
    plan, folders = met_every_test(tmp_path)
    for arm in plan.arms:
        record = json.loads(folders.record(arm).read_text())
        record |= {"best_val_acc": 0.5, "steps": 4, "seconds": 90}
        folders.record(arm).write_text(json.dumps(record))
        told_again = {"best_val_acc": 0.25, "steps": 4, "seconds": 60}
        (folders.student(arm) / "training.json").write_text(json.dumps(told_again))
    (folders.student(plan.arms[1]) / "model.safetensors").write_text("another")
    before = [folders.record(arm).read_bytes() for arm in plan.arms]
    said: list[str] = []
    train_arms(plan, plan.arms, folders, said.append, again=True)
    assert said == [
        "[1/2] onestep-s0: trained already, the weights of its record",
        "[2/2] cot-s0: trained already; OTHER WEIGHTS than those that met tests (50.0% on val, "
        "4 steps, 1.5 min): their record stays, and this student is asked nothing",
    ]
    assert [folders.record(arm).read_bytes() for arm in plan.arms] == before
    folders.record(plan.arms[1]).unlink()
    train_arms(plan, plan.arms, folders, said.append, again=True)
    assert "OTHER WEIGHTS" in said[-1] and not folders.record(plan.arms[1]).exists()


def test_settings_of_an_arm_that_has_met_every_test_are_held_to_the_plan(tmp_path: Path) -> None:
    plan, folders = met_every_test(tmp_path)
    record = json.loads(folders.record(plan.arms[1]).read_text())
    record["study"]["config"]["learning_rate"] = 0.5
    folders.record(plan.arms[1]).write_text(json.dumps(record))
    with pytest.raises(BadPlan, match=r"cot-s0 .* other settings"):
        evaluate_arms(plan, plan.arms, folders, print)
    with pytest.raises(BadPlan, match=r"cot-s0 .* other settings"):
        report(plan, folders, page_in(tmp_path))


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
        config_of(plan, plan.arms[0], folders)


def test_val_is_cut_off_where_the_tasks_are(tmp_path: Path) -> None:
    from tot24_bench.harness import tasks_path

    plan, folders = write_study(tmp_path)
    folders.kept.joinpath("base.yaml").write_text("rows: 64\n")
    for method in ("io", "cot", "onestep_tot"):
        arm = plan.arms[0].model_copy(update={"method": method})
        limit = config_of(plan, arm, folders)["val_tokens"]
        text = (tasks_path() / "game24" / f"game24_{method}.yaml").read_text(encoding="utf-8")
        assert f"max_gen_toks: {limit}\n" in text
