"""The whole study in miniature: plan, train, eval, report, by its own commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.training.small_study import commit, write_study
from training.study.__main__ import app
from training.study.report import BEGIN, END


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)))


def test_an_arm_that_fails_says_what_training_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2]))
    _, folders = write_study(tmp_path)
    base = folders.kept / "base.yaml"
    base.write_text(base.read_text().replace("rows: 64", "rows: 0"))
    failed = call("train", "onestep-s0", "--plan", folders.plan, "--runs", folders.runs)
    assert failed.exit_code == 2
    assert "onestep-s0: training.sft: --rows 0 leaves nothing" in failed.output


def test_the_whole_chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2]))
    plan, folders = write_study(tmp_path)
    where = ("--plan", folders.plan, "--runs", folders.runs)
    commit(tmp_path)

    printed = call("plan", *where)
    assert printed.exit_code == 0 and "onestep-s0" in printed.output and "4,000" in printed.output

    too_early = call("eval", *where)
    assert too_early.exit_code == 2 and "not trained: onestep-s0, cot-s0" in too_early.output

    trained = call("train", *where)
    assert trained.exit_code == 0, trained.output
    onestep, cot = (json.loads(folders.record(arm).read_text()) for arm in plan.arms)
    assert onestep["data"]["completion_tokens"] >= 2000
    assert 0 < cot["data"]["distinct"] <= cot["data"]["rows"]
    assert len(cot["study"]["checkpoint_sha256"]) == 64
    assert cot["validation"]["val_method"] == "cot"
    again = call("train", *where)
    assert again.output.count("trained already") == 2

    asked = call("eval", "cot-s0", *where)
    assert asked.exit_code == 0, asked.output
    assert "cot-s0: sampled later: onestep-s0 is not asked yet" in asked.output
    asked = call("eval", *where)
    assert asked.exit_code == 0, asked.output
    submissions = sorted(folders.kept.glob("submissions/*/*.json"))
    assert len(submissions) == 3  # each once, and CoT's samples
    before = {path: path.read_bytes() for path in submissions}
    again = call("eval", *where)
    assert again.output.count("has met every test") == 2
    assert {path: path.read_bytes() for path in submissions} == before

    page = tmp_path / "study.md"
    page.write_text(f"# Words\n\n{BEGIN}\nold figures\n{END}\n\nMore words.\n")
    reported = call("report", *where, "--page", page, "--studies", tmp_path)
    assert reported.exit_code == 0, reported.output
    text = page.read_text()
    assert (
        text.startswith("# Words\n")
        and text.endswith("More words.\n")
        and "old figures" not in text
    )
    assert "| onestep | onestep_tot |" in text and "| H2 |" in text and "| pass@k |" in text
    assert f"({folders.kept.name}/accuracy.png)" in text
    new = tmp_path / "pages" / "study.md"
    new.parent.mkdir()
    assert call("report", *where, "--page", new, "--studies", tmp_path).exit_code == 0
    assert new.read_text().startswith(f"# study\n\n{BEGIN}\n")
    assert f"(../{folders.kept.name}/accuracy.png)" in new.read_text()
    results = json.loads((folders.kept / "results.json").read_text())
    assert [one["outcome"] for one in results["hypotheses"]] != ["not tested"] * 2
    assert (folders.kept / "accuracy.png").read_bytes().startswith(b"\x89PNG")
    assert results["declared"]["plan_sha256"]

    folders.plan.write_text(folders.plan.read_text() + "# changed\n")
    commit(tmp_path)
    assert "was changed since" in call("eval", *where).output
    assert "git checkout" in call("report", *where, "--page", page, "--studies", tmp_path).output
