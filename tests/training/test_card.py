"""The model card says what the record and the submissions say, and nothing else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tot24_bench.harness import EvaluationPlan, evaluate
from tot24_bench.leaderboard import read_entries, write
from tot24_bench.leaderboard.runs import submissions_of
from training import card

RECORD = {
    "teacher": "solver (exact search)",
    "rows": {
        "rows": 1000,
        "row_seed": 7,
        "split": "train",
        "io_share": 0.1,
        "cot_share": 0.2,
        "few_shot_share": 0.06,
        "explore": 0.25,
    },
    "student": {"base": None, "layers": 1, "hidden": 16},
    "command": "python -m training.sft --config mine.yaml",
    "hardware": "two CPU cores",
    "parameters": 20000,
    "seed": 3,
    "steps": 10,
    "batch": 4,
    "precision": "fp32",
    "peak_learning_rate": 0.001,
    "best_val_acc": 0.5,
    "best_checkpoint_step": 8,
    "seconds": 120,
    "resumed": False,
    "log": [{"num_tokens": "1500000"}],
}


@pytest.fixture
def student(tiny_checkpoint: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "probe"
    shutil.copytree(tiny_checkpoint, folder)
    (folder / "training.json").write_text(json.dumps(RECORD))
    return folder


def test_the_figures_are_those_of_the_submissions_of_these_weights(
    student: Path, tmp_path: Path
) -> None:
    plan = EvaluationPlan(
        "hf",
        {"pretrained": str(student)},
        ("game24_io",),
        shots=0,
        device="cpu",
        limit=2,
        generation={"max_gen_toks": 8},
    )
    (submission,) = submissions_of(evaluate(plan))
    assert submission.model.teacher == "solver (exact search)"
    write(submission, tmp_path / "results")
    text = card.main([str(student), "--results", str(tmp_path / "results")]).read_text()
    assert "| IO | hard100 | 0 | 2 | 0.0% [0.0%, 65.8%] |" in text
    assert "70.0% One-Step ToT, 20.0% CoT, 10.0% IO" in text
    assert "1.5M tokens" in text
    assert "50% at step 8" in text
    assert "Greedy, fp32" in text
    assert "`python -m training.sft --config mine.yaml`" in text
    assert "2 minutes on two CPU cores" in text

    (student / "model.safetensors").write_bytes(b"other weights")
    assert "No submission of these weights yet" in card.render(
        student, read_entries(tmp_path / "results")
    )


def test_a_student_trained_in_parts_tells_of_each(student: Path) -> None:
    second = {**RECORD, "command": "python -m training.sft --config then.yaml", "earlier": RECORD}
    (student / "training.json").write_text(json.dumps(second))
    text = card.render(student, [])
    assert text.index("Part 1 of 2: `python -m training.sft --config mine.yaml`") < text.index(
        "Part 2 of 2: `python -m training.sft --config then.yaml`"
    )


def test_a_wide_student_and_a_written_judgement_are_told(student: Path) -> None:
    text = card.render(student, [])
    assert "Deck-only." in text and "oracle knowledge: the traces" in text
    rows = {**RECORD["rows"], "judge": "look-ahead", "wide_share": 0.4, "wide_hands": 5000}
    (student / "training.json").write_text(json.dumps({**RECORD, "rows": rows}))
    text = card.render(student, [])
    assert (
        "**Not deck-only**: the hands are drawn 40% from 5,000 hands with numbers up to 25" in text
    )
    assert "Deck-only." not in text
    assert "nothing in a trace is oracle knowledge" in text


def test_hands_of_every_part_are_told(student: Path) -> None:
    rows = {**RECORD["rows"], "wide_share": 0.3, "wide_hands": 5000}
    then = {**RECORD, "rows": {**rows, "rational_share": 0.1}, "earlier": {**RECORD, "rows": rows}}
    (student / "training.json").write_text(json.dumps(then))
    text = card.render(student, [])
    assert "the hands of part 1 are drawn 30% from 5,000 hands with numbers up to 25" in text
    assert "10% from those that need a fraction (train part of `rational`)" in text


def test_what_the_rows_and_the_choice_were_is_told(student: Path) -> None:
    assert "longest" not in card.render(student, []) and "orders of" not in card.render(student, [])
    knobs = {"judge": "look-ahead", "long_share": 0.1, "long_of": 8}
    knobs |= {"fractions": "early", "informed": 0.5, "reorder": 0.3}
    validation = {"val_orders": 3, "val_tokens": 896}
    record = {**RECORD, "rows": {**RECORD["rows"], **knobs}, "validation": validation}
    (student / "training.json").write_text(json.dumps(record))
    text = card.render(student, [])
    assert (
        "; 10% of them the longest of 8; fractions before sums; 50% of the searches begin where "
        "they are shortest; 30% of the others reordered\n" in text
    )
    assert "`val` (each hand in up to 3 orders of its numbers, responses of up to 896" in text


def test_a_folder_without_a_record_is_named(tmp_path: Path) -> None:
    with pytest.raises(card.NoRecord, match=r"training\.json"):
        card.render(tmp_path, [])


def test_what_the_command_does_not_tell_is_said_in_a_note(student: Path) -> None:
    assert "stopped by hand" not in card.render(student, [])
    noted = {**RECORD, "note": "stopped by hand"}
    (student / "training.json").write_text(json.dumps(noted))
    assert "  - stopped by hand\n" in card.render(student, [])
