"""The comparison at full budget: declared as it should be, and what its votes count."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from random import Random
from typing import Any

import yaml

from tests.training.small_study import PLAN, pretend_trained, submit, write_study
from tot24_bench.game import Puzzle, load_split
from tot24_bench.prompts import METHODS
from tot24_bench.teachers import write
from training.config import RowConfig
from training.rows import guard, make_row
from training.study.answers import Answers
from training.study.arms import config_of
from training.study.judge import judge
from training.study.plan import PLAN as SMALL
from training.study.plan import Folders, read_plan
from training.tokenizer import build_tokenizer

ROOT = Path(__file__).resolve().parents[2]
FULL = ROOT / SMALL.parent / "full-budget" / "plan.yaml"
FULL_PLAN = read_plan(FULL)
SCHEDULE = (
    *("learning_rate", "lr_scheduler_type", "warmup_steps", "adam_beta2", "weight_decay"),
    *("max_grad_norm", "max_length", "bf16", "num_train_epochs", "wide_share", "val_orders"),
    *("hidden", "intermediate", "layers", "heads"),
)


def configs() -> dict[str, dict[str, Any]]:
    folders = Folders.of(FULL, None)
    return {arm.name: config_of(FULL_PLAN, arm, folders) for arm in FULL_PLAN.arms}


def rows_of(config: dict[str, Any]) -> RowConfig:
    known = {field.name for field in fields(RowConfig)}
    return RowConfig(**{key: value for key, value in config.items() if key in known})


def test_every_arm_has_the_tokens_the_size_and_the_schedule_of_scout_2m() -> None:
    record = json.loads((ROOT / "students/scout-2m/training.json").read_text())
    recipe = yaml.safe_load((ROOT / "training/configs/scout-2m.yaml").read_text())
    for config in configs().values():
        assert config["completion_tokens"] == record["data"]["completion_tokens"]
        assert {key: config[key] for key in SCHEDULE} == {key: recipe[key] for key in SCHEDULE}
        assert config["eval_steps"] == config["save_steps"] == 0.125
        assert "patience" not in config and config["few_shot_share"] == 0


def test_the_groups_have_their_seeds_and_differ_where_they_should() -> None:
    seeds = {name: [arm.seed for arm in arms] for name, arms in FULL_PLAN.groups.items()}
    two, one = [0, 1], [0]
    assert seeds == {"lookahead": two, "cot": two, "cot-notation": one, "oracle": one, "io": one}
    told = {name: rows_of(config) for name, config in configs().items()}
    guard(told["cot-notation-s0"])  # the others' rows are of settings that have tests of their own
    assert {arm.method for arm in FULL_PLAN.arms} == set(METHODS)
    assert len({str(one) for one in told.values()}) == len(FULL_PLAN.arms)
    assert told["lookahead-s1"].row_seed == 1
    assert (told["lookahead-s0"].judge, told["oracle-s0"].judge) == ("look-ahead", "oracle")
    assert told["cot-notation-s0"].cot_notation == "look-ahead"
    assert {arm.group for arm in FULL_PLAN.arms if arm.sampled} == {"cot"}
    assert [one.name for one in FULL_PLAN.hypotheses if one.worse_votes] == ["H2"]


def test_every_arm_asks_the_same_hands_and_sees_as_many_tokens_a_step() -> None:
    tokenizer, hands = build_tokenizer(), []
    for name, config in configs().items():
        if config["seed"]:
            continue
        rows = [make_row(rows_of(config), index) for index in range(150)]
        hands.append([row["numbers"] for row in rows])
        if config["val_method"] != "onestep_tot":  # these are nearly of one length
            tokens = [len(tokenizer(row["completion"])["input_ids"]) + 1 for row in rows]
            step = sum(tokens) / len(rows) * config["per_device_train_batch_size"]
            assert 3_300 < step < 3_550, (name, step)
    assert len(hands) == 5 and all(own == hands[0] for own in hands)


def test_a_majority_is_counted_up_to_order_and_grouping_and_judged(tmp_path: Path) -> None:
    """Every other hand has two right responses of three, the others have one."""
    hypothesis = {**PLAN["hypotheses"][1], "worse_passes": False, "worse_votes": True}
    plan, folders = write_study(tmp_path, hypotheses=[*PLAN["hypotheses"], hypothesis])
    pretend_trained(folders, plan)
    onestep, cot = plan.arms
    hands = [puzzle.text for puzzle in load_split("fresh-n3")]
    assert len(hands) > 1

    def said(puzzle: Puzzle) -> list[str]:
        right, wrong = write(puzzle, "io", Random(0)), "Answer: 1 + 1 + 1 = 24"
        return [wrong, right, right if hands.index(puzzle.text) % 2 else wrong]

    submit(onestep, folders, tokens=120)
    submit(cot, folders, tokens=40, said=lambda puzzle: said(puzzle)[:1])
    submit(cot, folders, tokens=40, repeats=3, said=said)
    answers = Answers.read(plan, folders.kept)
    votes = answers.votes([cot], plan.tests)
    assert votes is not None and votes.tolist() == [[i % 2 for i in range(len(hands))]]
    assert answers.votes([onestep], plan.tests) is None
    assert answers.rights([cot], plan.tests, passes=True).all()
    once, passes, majority = (one["estimate"]["value"] for one in judge(plan, answers))
    assert (once, passes, majority) == (0.0, -1.0, -votes.mean())
