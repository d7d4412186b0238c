"""A real TRL run of a few steps: it learns, resumes where it stopped, and exports a student."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

CONFIG = {
    "rows": 64,
    "hidden": 32,
    "intermediate": 64,
    "layers": 1,
    "heads": 2,
    "max_steps": 6,
    "per_device_train_batch_size": 4,
    "learning_rate": 1e-3,
    "logging_steps": 1,
    "save_strategy": "steps",
    "save_steps": 3,
    "train_sampling_strategy": "group_by_length",
    "bf16": False,
    "use_cpu": True,
    "report_to": "none",
    "seed": 0,
}


def run(folder: Path, **changes: object) -> dict[str, object]:
    from training.sft import main

    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "config.yaml"
    config.write_text(yaml.safe_dump({**CONFIG, "output_dir": str(folder / "run"), **changes}))
    student = main(["--config", str(config)])
    record: dict[str, object] = json.loads((student / "training.json").read_text())
    return record


def losses(record: dict[str, object]) -> list[float]:
    log = record["log"]
    assert isinstance(log, list)
    return [float(entry["loss"]) for entry in log if "loss" in entry]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    folder = tmp_path_factory.mktemp("whole")
    return folder, run(folder)


def test_the_loss_falls(whole: tuple[Path, dict[str, object]]) -> None:
    first, *_, last = losses(whole[1])
    assert last < first


def test_a_run_that_was_stopped_goes_on_to_the_same_losses(
    whole: tuple[Path, dict[str, object]], tmp_path: Path
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
    whole: tuple[Path, dict[str, object]], capsys: pytest.CaptureFixture[str]
) -> None:
    from training.resume import AlreadyFinished

    before = (whole[0] / "run" / "student" / "training.json").read_bytes()
    with pytest.raises(AlreadyFinished, match="another --output_dir"):
        run(whole[0])
    assert (whole[0] / "run" / "student" / "training.json").read_bytes() == before


def test_a_run_that_ended_before_its_export_is_only_exported(
    whole: tuple[Path, dict[str, object]], tmp_path: Path
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
    second = run(tmp_path / "two", base=str(tmp_path / "one" / "run" / "student"), max_steps=1)
    assert second["earlier"] == first
    assert losses(second)[0] < losses(first)[0]


def test_the_loss_is_on_the_completion_alone_and_ends_on_the_end_token(tmp_path: Path) -> None:
    """What TRL makes of our rows: the prompt is masked, the last label is the end of text."""
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    from training.rows import RowConfig, make_row
    from training.student import StudentConfig, make_student

    row = make_row(RowConfig(), 0)
    model, tokenizer = make_student(StudentConfig(hidden=16, layers=1, heads=1), seed=0)
    trainer = SFTTrainer(
        model=model,
        args=SFTConfig(output_dir=str(tmp_path), use_cpu=True, bf16=False, report_to="none"),
        train_dataset=Dataset.from_list([{k: row[k] for k in ("prompt", "completion")}]),
        processing_class=tokenizer,
    )
    (batch,) = trainer.get_train_dataloader()
    labels = batch["labels"][0].tolist()
    prompt = tokenizer(row["prompt"])["input_ids"]
    assert labels[: len(prompt)] == [-100] * len(prompt)
    supervised = labels[len(prompt) :]
    assert tokenizer.decode(supervised) == row["completion"] + tokenizer.eos_token
    assert supervised[-1] == tokenizer.eos_token_id


def test_the_student_is_exported_as_fp32_safetensors_with_its_tokenizer(
    whole: tuple[Path, dict[str, object]],
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


def test_greedy_accuracy_on_val_is_an_accuracy(tiny_checkpoint: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from training import validation

    model = AutoModelForCausalLM.from_pretrained(tiny_checkpoint)
    tokenizer = AutoTokenizer.from_pretrained(tiny_checkpoint)
    accuracy, tokens = validation.greedy_accuracy(model, tokenizer, max_new_tokens=16)
    assert accuracy == 0.0
    assert 0 < tokens <= 16


def test_the_shipped_config_names_only_fields_that_exist(root: Path) -> None:
    from trl import SFTConfig, TrlParser

    from training.rows import RowConfig
    from training.sft import RunConfig
    from training.student import StudentConfig

    parser = TrlParser((RowConfig, StudentConfig, RunConfig, SFTConfig))
    for config in sorted((root / "training" / "configs").glob("*.yaml")):
        rows, student, run_config, sft = parser.parse_args_and_config(["--config", str(config)])
        assert rows.split == "train"
        assert run_config.resume
        assert student.base is None or isinstance(student.base, str)
        assert sft.metric_for_best_model == "eval_val_acc"
