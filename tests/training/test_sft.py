"""A real TRL run of a few steps: it learns, resumes where it stopped, and exports a student."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.training.small_runs import losses, run


def test_the_loss_falls(whole: tuple[Path, dict[str, Any]]) -> None:
    first, *_, last = losses(whole[1])
    assert last < first


def test_a_run_that_was_stopped_goes_on_to_the_same_losses(
    whole: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    import shutil

    # What a kill between step 3 and the end leaves behind: the first checkpoint alone.
    shutil.copytree(whole[0] / "run" / "checkpoint-3", tmp_path / "run" / "checkpoint-3")
    (tmp_path / "run" / "seconds.json").write_text("1000")
    # What a kill in the middle of writing a checkpoint leaves behind.
    (tmp_path / "run" / "checkpoint-5").mkdir()
    resumed = run(tmp_path)
    assert resumed["resumed"] is True
    assert isinstance(resumed["seconds"], int) and 1000 <= resumed["seconds"] < 1200
    assert losses(resumed) == pytest.approx(losses(whole[1]), rel=1e-5)


def test_a_finished_run_is_not_run_again(
    whole: tuple[Path, dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    from training.run import AlreadyFinished

    before = (whole[0] / "run" / "student" / "training.json").read_bytes()
    with pytest.raises(AlreadyFinished, match="another --output_dir"):
        run(whole[0])
    assert (whole[0] / "run" / "student" / "training.json").read_bytes() == before


def test_a_run_that_ended_before_its_export_is_only_exported(
    whole: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    import shutil

    from safetensors.torch import load_file

    shutil.copytree(whole[0] / "run" / "checkpoint-6", tmp_path / "run" / "checkpoint-6")
    record = run(tmp_path)
    assert record["steps"] == 6
    exported = load_file(tmp_path / "run" / "student" / "model.safetensors")
    trained = load_file(whole[0] / "run" / "student" / "model.safetensors")
    assert all((exported[name] == trained[name]).all() for name in trained)


def test_a_part_stops_early_and_the_next_part_carries_its_record(tmp_path: Path) -> None:
    first = run(tmp_path / "one", stop_after=3)
    assert first["steps"] == 3
    assert len(losses(first)) == 3
    base = str(tmp_path / "one" / "run" / "student")
    second = run(tmp_path / "two", base=base, row_seed=1, max_steps=1)
    assert second["earlier"] == first
    assert set(first["data"]["hands"]) <= set(second["data"]["hands"])
    assert losses(second)[0] < losses(first)[0]


def test_the_student_is_exported_as_fp32_safetensors_with_its_tokenizer(
    whole: tuple[Path, dict[str, Any]],
) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    student = whole[0] / "run" / "student"
    assert list(student.glob("*.safetensors"))
    model = AutoModelForCausalLM.from_pretrained(student)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    tokenizer = AutoTokenizer.from_pretrained(student)
    assert len(tokenizer("Input: 4 4 6 8\n")["input_ids"]) == 9
    assert whole[1]["parameters"] == model.num_parameters()
    assert whole[1]["teacher"] == "solver (exact search)"


def test_held_out_hands_stop_the_run_before_it_trains(tmp_path: Path) -> None:
    from tot24_bench.game import LeakedHand

    with pytest.raises(LeakedHand, match="100 held-out"):
        run(tmp_path, split="val")
    assert not (tmp_path / "run").exists()


def test_the_log_and_the_picture_show_what_the_searches_do(tmp_path: Path) -> None:
    record = run(tmp_path, eval_strategy="steps", eval_steps=3, val_tokens=16)
    logged = [entry for entry in record["log"] if "eval_val_acc" in entry]
    assert [entry["step"] for entry in logged] == [3, 6]
    assert list(logged[0])[:2] == ["eval_loss", "eval_val_acc"]
    assert {"eval_val_dead_ends_wrong", "eval_val_backtracks", "eval_val_thoughts"} <= set(
        logged[0]
    )
    assert sum("eval_loss" in entry for entry in record["log"]) == 2
    picture = tmp_path / "run" / "student" / "training.png"
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_run_without_patience_ends_when_val_gets_no_better(tmp_path: Path) -> None:
    evaluated = {"eval_strategy": "steps", "eval_steps": 1, "save_steps": 1, "val_tokens": 4}
    best = {"load_best_model_at_end": True, "metric_for_best_model": "eval_val_acc"}
    record = run(tmp_path, patience=2, greater_is_better=True, **evaluated, **best)
    assert record["steps"] == 3


def test_val_is_asked_in_as_many_orders_as_the_config_says() -> None:
    from tot24_bench.game import load_split
    from training.config import ValidationConfig
    from training.validation import in_orders

    hands = load_split("val")
    assert in_orders(hands, 1) == list(hands)
    thrice = in_orders(hands, 3)
    assert thrice[: len(hands)] == list(hands) and len(set(thrice)) == len(thrice)
    assert {puzzle.hand for puzzle in thrice} == {puzzle.hand for puzzle in hands}
    assert 2 * len(hands) < len(thrice) <= 3 * len(hands)
    with pytest.raises(ValueError, match="--val_orders 0 asks nothing"):
        ValidationConfig(val_orders=0)


def test_val_is_asked_by_the_method_that_is_trained(tmp_path: Path) -> None:
    from training.student import StudentConfig, make_student
    from training.validation import greedy_tally

    model, tokenizer = make_student(StudentConfig(hidden=32, layers=1, heads=2), seed=0)
    seen: list[str] = []

    class Reader:
        def __call__(self, texts: list[str]) -> object:
            seen.extend(texts)
            return tokenizer(texts)

        def __getattr__(self, name: str) -> object:
            return getattr(tokenizer, name)

    from tot24_bench.game import load_split
    from tot24_bench.prompts import build

    hands = load_split("val")[:3]
    greedy_tally(model, Reader(), hands, max_new_tokens=2, method="cot")  # type: ignore[arg-type]
    assert seen == [build("cot", hand, shots=0).text for hand in hands]


def test_without_matplotlib_there_is_a_note_and_no_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import sys

    from training.export import plot

    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert plot([{"step": 1, "loss": 2.0}], tmp_path / "training.png", "x") is False
    assert not list(tmp_path.iterdir())
    assert "pip install 'tot24-bench[plots]'" in capsys.readouterr().err


def test_a_tracker_that_is_not_installed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training import config

    monkeypatch.setattr(config, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match="pip install tensorboard"):
        run(tmp_path, report_to="tensorboard")


def test_the_log_goes_to_tensorboard_where_that_is_asked(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="pip install tensorboard to see its files written")
    run(tmp_path, report_to="tensorboard", max_steps=2)
    assert list((tmp_path / "run").rglob("events.out.tfevents.*"))
