"""The reference dataset is the same for everybody who builds it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tot24_bench.game import load_split
from tot24_bench.traces import build_reference, dataset, read_dataset
from tot24_bench.traces.dataset import ReferenceDiffers


def test_the_reference_dataset_is_rebuilt_to_its_hash_and_datasets_loads_it(tmp_path: Path) -> None:
    from datasets import load_dataset

    record = build_reference(tmp_path / "reference")
    assert read_dataset(tmp_path / "reference").record == record
    assert record.rows > 2_000
    assert record.hands == len(load_split("train"))
    (teacher,) = record.teachers
    assert teacher.teacher.oracle
    for form in ("prompt_completion", "messages"):
        rows = load_dataset(str(tmp_path / "reference"), form, split="train")
        assert len(rows) == record.rows


def test_other_rows_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset, "SAMPLES", 1)
    with pytest.raises(ReferenceDiffers, match="the rows have the hash"):
        build_reference(tmp_path / "reference")
