"""Training on what `tot24 traces filter` wrote: as text, as messages, and never on a test hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.training.small_runs import run
from tot24_bench.cli import app


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    for command in (
        ["generate", "--teacher", "solver", "--limit", "20", "-o", f"{folder}/solver.jsonl"],
        ["filter", f"{folder}/solver.jsonl", "-o", f"{folder}/dataset"],
    ):
        done = CliRunner().invoke(app, ["traces", *command])
        assert done.exit_code == 0, done.output
    return folder / "dataset"


def test_a_dataset_is_trained_on_row_by_row(dataset: Path, tmp_path: Path) -> None:
    record = run(tmp_path, dataset=str(dataset), max_steps=1)
    assert record["data"]["rows"] == 20 and len(record["data"]["hands"]) == 20
    assert "solver" in record["teacher"]
    assert record["data"]["completion_tokens"] > 20 * 20


def test_the_messages_of_a_dataset_train_a_chat_student(
    dataset: Path, qwen3: Path, tmp_path: Path
) -> None:
    from datasets import Dataset

    from training.rows import RowConfig, make_dataset
    from training.tokens import as_messages

    rows = RowConfig(dataset=str(dataset))
    text = make_dataset(rows)
    messages = as_messages(rows, text)
    assert isinstance(messages, Dataset) and len(messages) == len(text) == 20
    for told, row in zip(messages, text, strict=True):
        assert told["messages"][-1] == {"role": "assistant", "content": row["completion"]}
    changes = {"eval_strategy": "steps", "eval_steps": 2, "val_tokens": 8}
    record = run(tmp_path, dataset=str(dataset), base=str(qwen3), chat=True, max_steps=2, **changes)
    assert record["feed"]["chat"] is True
    assert any("eval_val_acc" in entry for entry in record["log"])


def test_a_dataset_with_a_held_out_hand_is_refused(dataset: Path, tmp_path: Path) -> None:
    import shutil

    from pyarrow import Table, parquet

    from tot24_bench.game import LeakedHand, load_split
    from tot24_bench.prompts import build

    leaking = Path(shutil.copytree(dataset, tmp_path / "leaking"))
    hand = load_split("hard100")[0]
    prompt = build("onestep_tot", hand, shots=0)
    for form in ("prompt_completion", "messages"):
        path = leaking / form / "train.parquet"
        table = parquet.read_table(path)
        rows = table.to_pylist()
        rows[0]["numbers"] = hand.text
        if form == "messages":
            rows[0]["messages"][:-1] = prompt.messages
        else:
            rows[0]["prompt"] = prompt.text
        parquet.write_table(Table.from_pylist(rows, schema=table.schema), path)
    with pytest.raises(LeakedHand, match="row 0"):
        run(tmp_path, dataset=str(leaking))
    assert not (tmp_path / "run").exists()
