"""Rows of a public transcript and the solver's for the same hands, by the commands of everybody."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tot24_bench.cli import app
from training.study import arms
from training.study.arms import absent, hands_of, make_data
from training.study.plan import PLAN, BadPlan, Folders, read_plan

HERE = read_plan(PLAN)
MISSING = absent(HERE, HERE.arm("gpt4o-2m-s0"))


def test_data_without_its_transcript_is_named(tmp_path: Path) -> None:
    elsewhere = HERE.data["gpt4o"].model_copy(update={"transcript": tmp_path / "none.jsonl"})
    plan = HERE.model_copy(update={"data": {**HERE.data, "gpt4o": elsewhere}})
    for name in plan.data:
        with pytest.raises(BadPlan, match=r"there is no .*none\.jsonl"):
            make_data(plan, name, Folders(PLAN, tmp_path))


def in_this_process(*arguments: object) -> None:
    """The same command as that of another process."""
    done = CliRunner().invoke(app, ["traces", *map(str, arguments)])
    assert done.exit_code == 0, done.output


@pytest.mark.skipif(MISSING is not None, reason=f"no {MISSING}")
def test_gpt4os_rows_and_the_solvers_are_of_the_same_hands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = Folders(PLAN, tmp_path)
    theirs = hands_of(make_data(HERE, "gpt4o", folders))
    monkeypatch.setattr(arms, "_traces", in_this_process)  # each other process takes seconds
    solved = hands_of(make_data(HERE, "solver139", folders))
    assert theirs.total() == 138  # of 139 one is longer than the students' context
    assert set(theirs) == set(solved)
    assert solved.total() >= 137  # the solver writes one easy hand twice alike
    before = (folders.dataset("solver139") / "dataset.json").stat().st_mtime_ns
    make_data(HERE, "solver139", folders)
    longer = HERE.data["gpt4o"].model_copy(update={"longest": 3000})
    other = HERE.model_copy(update={"data": {**HERE.data, "gpt4o": longer}})
    for name in HERE.data:
        with pytest.raises(BadPlan, match=f"{name} was not made from .* move it away"):
            make_data(other, name, folders)
    assert (folders.dataset("solver139") / "dataset.json").stat().st_mtime_ns == before


def test_a_dataset_that_nobody_knows_the_source_of_is_refused(tmp_path: Path) -> None:
    folders = Folders(PLAN, tmp_path)
    (folders.dataset("gpt4o") / "prompt_completion").mkdir(parents=True)
    with pytest.raises(
        BadPlan, match="gpt4o was not made from the plan's data gpt4o: move it away"
    ):
        make_data(HERE, "gpt4o", folders)
