"""Rows as chat messages, for students that are asked in a chat template."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tot24_bench.game import Puzzle
from tot24_bench.prompts import VARIANTS, build, variant_of
from training.rows import RowConfig

if TYPE_CHECKING:
    from datasets import Dataset


def as_messages(config: RowConfig, rows: Dataset) -> Dataset:
    """The same rows in the same order with one column, `messages`.

    Args:
        config: where the rows are from.
        rows: what `make_dataset` or `make_validation_rows` made of it.
    """
    from datasets import Dataset

    if config.dataset is not None and "messages" not in rows.column_names:
        file = Path(config.dataset) / "messages" / "train.parquet"
        if "teacher" in rows.column_names and file.is_file():
            return Dataset.from_parquet(str(file)).select_columns(["messages"])
    return rows.map(_to_messages, remove_columns=rows.column_names, desc="Messages")


def _to_messages(row: dict[str, Any]) -> dict[str, Any]:
    asked = Puzzle.parse(row["numbers"])
    method, shots = row.get("method", "onestep_tot"), row.get("shots", 0)
    for variant in VARIANTS:
        prompt = build(method, asked, shots=shots, variant=variant_of(method, variant))
        if prompt.text == row["prompt"]:
            answer = {"role": "assistant", "content": row["completion"]}
            return {"messages": [*prompt.messages, answer]}
    raise ValueError(f"the prompt of {row['numbers']} is none of ours: train with --chat false")
