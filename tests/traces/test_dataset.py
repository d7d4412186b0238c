"""A dataset folder loads, checks itself, and never shows a test hand."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.traces.test_filter import SEARCH, STRAIGHT, TRAIN, answer_of, write
from tot24_bench.game import LeakedHand, load_split
from tot24_bench.prompts import build
from tot24_bench.traces import (
    FilterConfig,
    PromptConfig,
    Trace,
    judge,
    read_dataset,
    select,
    write_dataset,
)
from tot24_bench.traces.dataset import BadDataset, DatasetRecord
from tot24_bench.traces.filter import Selection

MakeTrace = Callable[..., Trace]


@pytest.fixture
def selection(make_trace: MakeTrace, tmp_path: Path) -> Selection:
    traces = [make_trace(TRAIN, STRAIGHT), make_trace(TRAIN, SEARCH, 1), make_trace()]
    traces += [
        make_trace(puzzle.text, answer_of(puzzle.text)) for puzzle in load_split("train")[:5]
    ]
    return select([write(tmp_path / "traces.jsonl", traces)])


@pytest.fixture
def folder(selection: Selection, tmp_path: Path) -> Path:
    write_dataset(selection, tmp_path / "dataset", licence="apache-2.0")
    return tmp_path / "dataset"


def contents(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_both_forms_load_with_datasets(folder: Path, tmp_path: Path) -> None:
    from datasets import load_dataset

    loaded = {
        form: load_dataset(str(folder), form, split="train", cache_dir=str(tmp_path / "cache"))
        for form in ("prompt_completion", "messages")
    }
    first = loaded["prompt_completion"][0]
    prompt = build("onestep_tot", load_split("train")[0].__class__.parse(TRAIN), shots=0)
    assert first["prompt"] == prompt.text
    assert first["completion"] == STRAIGHT
    assert (first["teacher"], first["oracle"], first["backtracks"]) == ("openai: gpt-4o", False, 0)
    messages = loaded["messages"][0]["messages"]
    assert messages == [*prompt.messages, {"role": "assistant", "content": STRAIGHT}]
    assert len(loaded["messages"]) == len(loaded["prompt_completion"]) == 7


def test_the_hash_is_that_which_students_give_of_their_data(folder: Path) -> None:
    from training.rows import describe

    found = read_dataset(folder)
    described = describe(found.rows())
    assert (described["rows"], described["sha256"]) == (found.record.rows, found.record.sha256)
    hands = [json.loads(line) for line in (folder / "hands.jsonl").read_text().splitlines()]
    assert [" ".join(map(str, one["numbers"])) for one in hands] == described["hands"]


def test_equal_traces_give_equal_bytes_wherever_they_lie(
    selection: Selection, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    copy = tmp_path / "elsewhere" / "traces.jsonl"
    copy.write_bytes(selection.files[0].read_bytes())
    write_dataset(select([copy]), tmp_path / "elsewhere" / "other", licence="apache-2.0")
    assert contents(tmp_path / "elsewhere" / "other") == contents(folder)
    assert not any(str(tmp_path).encode() in data for data in contents(folder).values())


def test_the_card_says_who_answered_and_what_is_held_out(folder: Path) -> None:
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "license: apache-2.0" in card
    assert "| openai: gpt-4o | no | 8 | 7 | seed 0 |" in card
    assert "| exemplar 4 4 6 8 | 1 | 1 |" in card
    assert "tot24 traces filter traces.jsonl -o dataset --licence apache-2.0" in card
    assert read_dataset(folder).record.sha256 in card


def test_a_filter_with_a_bug_is_caught_by_the_last_guard(
    make_trace: MakeTrace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaked = load_split("hard100")[0].text
    file = write(tmp_path / "t.jsonl", [make_trace(leaked, answer_of(leaked))])
    monkeypatch.setattr(judge, "held_out_split", lambda puzzle, method: None)
    broken = select([file])
    assert broken.funnel.kept == 1
    with pytest.raises(LeakedHand, match="row 0 of the dataset holds 1 held-out puzzle"):
        write_dataset(broken, tmp_path / "dataset")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t.jsonl"]


def test_a_response_that_shows_a_test_hand_is_caught_by_the_last_guard(
    make_trace: MakeTrace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = make_trace(TRAIN, f"Input: 4 9 10 13\n{STRAIGHT}")
    monkeypatch.setattr(judge, "leak_in", lambda *given: None)
    broken = select([write(tmp_path / "t.jsonl", [trace])], FilterConfig(level=judge.Level.ANSWER))
    with pytest.raises(LeakedHand, match="4 9 10 13"):
        write_dataset(broken, tmp_path / "dataset")


def test_prompts_with_exemplars_are_made_on_request(selection: Selection, tmp_path: Path) -> None:
    write_dataset(selection, tmp_path / "d", PromptConfig(5, "search"))
    row = next(read_dataset(tmp_path / "d").rows("messages"))
    assert [one["role"] for one in row["messages"]] == ["system", *["user", "assistant"] * 6]
    with pytest.raises(LeakedHand, match="hold 4 9 10 13, a test hand"):
        PromptConfig(3, "published")


def test_a_dataset_is_only_replaced_on_request(selection: Selection, folder: Path) -> None:
    with pytest.raises(BadDataset, match="add --overwrite"):
        write_dataset(selection, folder)
    write_dataset(selection, folder, overwrite=True)
    assert read_dataset(folder).record.licence == "unknown"
    assert not list(folder.parent.glob(".dataset*"))


def test_a_folder_that_is_no_dataset_is_never_replaced(
    selection: Selection, tmp_path: Path
) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    (tmp_path / "link").symlink_to(tmp_path / "thesis")
    for name in ("thesis", "link", "traces.jsonl"):
        with pytest.raises(BadDataset, match="is no dataset: give another -o"):
            write_dataset(selection, tmp_path / name, overwrite=True)
    with pytest.raises(BadDataset, match="no folder"):
        write_dataset(selection, tmp_path / "no" / "folder")
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "years of work"


def test_nothing_kept_is_no_dataset(make_trace: MakeTrace, tmp_path: Path) -> None:
    nothing = select([write(tmp_path / "t.jsonl", [make_trace()])])
    with pytest.raises(BadDataset, match="no trace is kept"):
        write_dataset(nothing, tmp_path / "d")


def edit(folder: Path, **changes: object) -> None:
    path = folder / "dataset.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "dataset.json").unlink(), "dataset.json is missing"),
        (lambda folder: (folder / "dataset.json").write_text("{"), "is not JSON"),
        (lambda folder: edit(folder, format="tot24-dataset/9"), "of the schema tot24-dataset/9"),
        (lambda folder: edit(folder, extra=1), "extra: "),
        (lambda folder: edit(folder, rows=0), "holds no rows"),
        (lambda folder: edit(folder, rows=6), "their hash differs"),
        (lambda folder: edit(folder, sha256="0" * 64), "their hash differs"),
        (lambda folder: edit(folder, messages_sha256="0" * 64), "rows of messages are not"),
        (lambda folder: (folder / "messages/train.parquet").unlink(), "is missing"),
        (lambda folder: (folder / "messages/train.parquet").write_text("x"), "no parquet file"),
        (
            lambda folder: (folder / "messages/train.parquet").write_bytes(
                (folder / "prompt_completion/train.parquet").read_bytes()
            ),
            "other columns",
        ),
    ],
)
def test_a_damaged_dataset_is_refused_with_the_fix(
    folder: Path, damage: Callable[[Path], object], message: str
) -> None:
    damage(folder)
    with pytest.raises(BadDataset, match=re.escape(message)) as refused:
        read_dataset(folder)
    assert "\n" not in str(refused.value)
    assert "tot24 traces filter" in str(refused.value) or "filter again" in str(refused.value)


def test_a_dataset_that_shows_a_test_hand_is_refused(folder: Path) -> None:
    from pyarrow import Table, parquet

    for form in ("prompt_completion", "messages"):
        path = folder / form / "train.parquet"
        table = parquet.read_table(path)
        rows = table.to_pylist()
        rows[0]["numbers"] = load_split("val")[0].text
        parquet.write_table(Table.from_pylist(rows, schema=table.schema), path)
    with pytest.raises(LeakedHand, match="row 0"):
        read_dataset(folder)


def test_a_row_with_an_empty_cell_is_refused(folder: Path) -> None:
    from pyarrow import Table, parquet

    path = folder / "prompt_completion" / "train.parquet"
    table = parquet.read_table(path)
    rows = [row | {"numbers": None} for row in table.to_pylist()]
    parquet.write_table(Table.from_pylist(rows, schema=table.schema), path)
    with pytest.raises(BadDataset, match="empty cell"):
        read_dataset(folder)


def test_the_record_reads_back(folder: Path) -> None:
    text = (folder / "dataset.json").read_bytes()
    record = DatasetRecord.from_json(json.loads(text))
    hands = (folder / "hands.jsonl").read_bytes()
    assert record == read_dataset(folder).record
    assert record.hands_sha256 == hashlib.sha256(hands).hexdigest()
    assert record.hands == len(hands.splitlines())
