"""A dataset's folder: nothing of others is ever removed, and nothing forged is ever read."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.traces.test_filter import SEARCH, STRAIGHT, TRAIN, write
from tot24_bench.game import LeakedHand
from tot24_bench.teachers import TeacherInfo
from tot24_bench.traces import (
    FilterConfig,
    PromptConfig,
    Trace,
    dataset,
    read_dataset,
    require_free,
    select,
    write_dataset,
)
from tot24_bench.traces.card import render
from tot24_bench.traces.dataset import BadDataset, DatasetRecord
from tot24_bench.traces.filter import Selection
from tot24_bench.traces.leaks import Avoid
from tot24_bench.traces.rows import FORMS, hashed_line, schema_of

MakeTrace = Callable[..., Trace]
Rows = list[dict[str, Any]]


@pytest.fixture
def selection(make_trace: MakeTrace, tmp_path: Path) -> Selection:
    traces = [make_trace(TRAIN, STRAIGHT), make_trace(TRAIN, f"{SEARCH}\nMore of it.", 1)]
    return select([write(tmp_path / "traces.jsonl", traces)])


@pytest.fixture
def folder(selection: Selection, tmp_path: Path) -> Path:
    write_dataset(selection, tmp_path / "dataset")
    return tmp_path / "dataset"


def test_a_folder_of_somebody_else_is_never_replaced(selection: Selection, tmp_path: Path) -> None:
    kaggle = tmp_path / "kaggle"
    kaggle.mkdir()
    for text in ('{"name": "kaggle"}', "[]", '{"format": "other/1"}', "{", '{"format": null}'):
        (kaggle / "dataset.json").write_text(text)
        with pytest.raises(BadDataset, match="is no dataset: give another -o"):
            write_dataset(selection, kaggle, overwrite=True)
        assert (kaggle / "dataset.json").read_text() == text


@pytest.mark.parametrize(
    "extra", ["thesis.txt", "messages/notes.txt", "prompt_completion/x.parquet"]
)
def test_a_dataset_with_foreign_files_is_not_replaced_and_not_read(
    selection: Selection, folder: Path, extra: str
) -> None:
    (folder / extra).write_text("years of work")
    for do in (
        lambda: write_dataset(selection, folder, overwrite=True),
        lambda: read_dataset(folder),
    ):
        with pytest.raises(BadDataset, match=f"holds {extra}, which is no part"):
            do()
    assert (folder / extra).read_text() == "years of work"


def test_a_link_in_a_dataset_is_a_foreign_file(folder: Path, tmp_path: Path) -> None:
    (folder / "README.md").unlink()
    (folder / "README.md").symlink_to(tmp_path / "traces.jsonl")
    with pytest.raises(BadDataset, match=r"holds README\.md"):
        require_free(folder, overwrite=True)


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_that_appears_while_filtering_is_not_replaced(
    selection: Selection, tmp_path: Path, overwrite: bool
) -> None:
    out = tmp_path / "out"

    def appear() -> None:
        out.mkdir(exist_ok=True)
        (out / "thesis.txt").write_text("years of work")

    with pytest.raises(BadDataset, match=r"appeared while|is no dataset"):
        write_dataset(selection, out, overwrite=overwrite, tick=appear)
    assert [path.name for path in out.iterdir()] == ["thesis.txt"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "traces.jsonl"]


def _of_a_killed_run(folder: Path) -> Path:
    """A folder as a process leaves it that is killed while it writes; no process has this id."""
    left = folder.parent / f".{folder.name}.99999999.abcdefgh"
    (left / "new").mkdir(parents=True)
    return left


def test_what_a_killed_run_left_is_removed_by_the_next(selection: Selection, folder: Path) -> None:
    left = _of_a_killed_run(folder)
    write_dataset(selection, folder, overwrite=True)
    assert not left.exists()
    assert read_dataset(folder).record.rows == 2


def test_a_dataset_that_a_killed_run_moved_away_is_named(
    selection: Selection, folder: Path
) -> None:
    old = _of_a_killed_run(folder) / "old"
    folder.rename(old)
    with pytest.raises(BadDataset, match=r"which lies in .*/old now: move it back"):
        write_dataset(selection, folder)
    assert read_dataset(old).record.rows == 2


def test_a_run_that_fails_leaves_the_dataset_that_was_there(
    selection: Selection, folder: Path
) -> None:
    def fail() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_dataset(selection, folder, overwrite=True, tick=fail)
    assert read_dataset(folder).record.rows == 2
    assert not list(folder.parent.glob(".dataset*"))


def test_a_run_that_goes_on_keeps_its_folders(folder: Path) -> None:
    mine = folder.with_name(f".dataset.{os.getpid()}.new")
    mine.mkdir()
    require_free(folder, overwrite=True)
    assert mine.is_dir()


def test_a_file_that_appears_at_the_last_moment_is_not_removed(
    selection: Selection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, look = [], dataset.require_free

    def appear(*given: Any) -> None:
        look(*given)
        looked.append(given)
        if len(looked) == 2:
            (folder / "thesis.txt").write_text("years of work")

    monkeypatch.setattr(dataset, "require_free", appear)
    with pytest.raises(BadDataset, match=r"holds thesis\.txt"):
        write_dataset(selection, folder, overwrite=True)
    assert (folder / "thesis.txt").read_text() == "years of work"
    assert not list(folder.parent.glob(".dataset*"))


def forge(folder: Path, change: Callable[[Rows, str], None]) -> None:
    """Edit the rows, and make the record's hashes agree."""
    from pyarrow import Table, parquet

    record = json.loads((folder / "dataset.json").read_text())
    for form, key in zip(FORMS, ("sha256", "messages_sha256"), strict=True):
        path = folder / form / "train.parquet"
        rows = parquet.read_table(path).to_pylist()
        change(rows, form)
        parquet.write_table(Table.from_pylist(rows, schema=schema_of(form)), path)
        lines = b"".join(hashed_line(row, form) for row in rows)
        record |= {key: hashlib.sha256(lines).hexdigest(), "rows": len(rows)}
    (folder / "dataset.json").write_text(json.dumps(record))


def asks(text: str, **columns: object) -> Callable[[Rows, str], None]:
    def change(rows: Rows, form: str) -> None:
        if form == "messages":
            rows[0]["messages"][-2]["content"] = text
        else:
            rows[0]["prompt"] = text
        rows[0].update(columns)

    return change


def completes(text: str, only: str = "") -> Callable[[Rows, str], None]:
    def change(rows: Rows, form: str) -> None:
        if only not in ("", form):
            return
        if form == "messages":
            rows[0]["messages"][-1]["content"] = text
        else:
            rows[0]["completion"] = text

    return change


def assert_refused(folder: Path, change: Callable[[Rows, str], None], message: str) -> None:
    """The folder with `change` made in every form, its hashes put right, is refused in one line."""
    forge(folder, change)
    with pytest.raises((BadDataset, LeakedHand), match=message) as refused:
        read_dataset(folder)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (asks("Input: 4 5 6 10\n"), "4 5 6 10"),
        (asks("Input: [4, 5, 6, 10]\n"), "4 5 6 10"),
        (asks("Make 24 of 4 5 6 10\n"), "is not what follows from"),
        (asks("Input: 4 5 16\n", method="value", numbers="4 5 16"), "row 0"),
        (asks("Use them to obtain 31\nInput: 1 1 4 6\n"), "is not what follows from"),
        (asks("x", numbers="x y"), "row 0.*positive integer"),
        (asks("x", rule="zzz"), "row 0"),
        (asks("x", target=2**62), "row 0"),
        (asks("x", method="telepathy"), "row 0.*no method"),
        (completes("world", only="prompt_completion"), "is not what follows from"),
        (completes("Numbers: 4 5 6 10"), "4 5 6 10"),
        (lambda rows, form: rows[0].update(backtracks=int(form == "messages")), "differ in backt"),
        (lambda rows, form: rows.clear(), "holds no rows"),
        (lambda rows, form: rows.pop() if form == "messages" else None, "rows of"),
    ],
)
def test_a_forged_dataset_is_refused_though_its_hashes_agree(
    folder: Path, change: Callable[[Rows, str], None], message: str
) -> None:
    assert_refused(folder, change, message)


OTHER = SEARCH.replace("6 + 4 = 10 (left: 2 10)", "6 - 4 = 2 (left: 2 2)")


def says(**columns: object) -> Callable[[Rows, str], None]:
    def change(rows: Rows, form: str) -> None:
        for row in rows:
            row.update(columns)

    return change


def twice(rows: Rows, form: str) -> None:
    rows[1] = {**rows[0], "numbers": rows[0]["numbers"]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            completes(f"We know that 6 + 4 + 1 + 1 = 99.\n{STRAIGHT}"),
            "row 0.*states a false equation",
        ),
        (completes(f"{STRAIGHT}\nBuy my book."), "row 0.*goes on after its answer"),
        (completes(f"{STRAIGHT} \n"), "row 0.*goes on after its answer"),
        (completes(f"{STRAIGHT}\nInput: 4 5 6 10\nAnswer: x"), "row 0.*"),
        (completes("5 * (10 - 6) + 4 makes 24.\n" + STRAIGHT), "row 0.*4 5 6 10"),
        (completes("Five times (ten minus six) plus four.\n" + STRAIGHT), "row 0.*4 5 6 10"),
        (completes('["5", "*", ["10", "-", "6"], "+", "4"]\n' + STRAIGHT), "row 0.*4 5 6 10"),
        (completes("I do not know."), "row 0.*no answer"),
        (completes(OTHER), "row 0.*goes back 1 times, not 0"),
        (twice, "row 1.*duplicate"),
        (says(backtracks=7), "row 0.*goes back 0 times, not 7"),
        (says(teacher="openai: gpt-5"), "the teachers are not those"),
        (says(oracle=True), "the teachers are not those"),
        (says(numbers="1 1 6 4"), "its (prompt|messages) is not what follows"),
        (lambda rows, form: rows.pop(), "the teachers are not those"),
    ],
)
def test_what_is_trained_on_is_judged_again(
    folder: Path, change: Callable[[Rows, str], None], message: str
) -> None:
    assert_refused(folder, change, message)


def edit_record(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Edit the record, and write the card that follows from it."""
    path = folder / "dataset.json"
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record))
    (folder / "README.md").write_text(render(DatasetRecord.from_json(record)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r["teachers"][0]["teacher"].update(model="gpt-5"), "the teachers are not"),
        (lambda r: r["teachers"][0]["teacher"].update(kind="solver"), "about solver: gpt-4o being"),
        (lambda r: r["teachers"][0]["teacher"].update(oracle=True), "about openai: gpt-4o being"),
        (lambda r: r["teachers"][0].update(kept=1), "the teachers are not"),
        (lambda r: r["teachers"][0].update(asked=9), "the sources are not"),
        (lambda r: r["sources"][0].update(traces=9), "the sources are not"),
        (lambda r: r["funnel"]["stages"][-1].update(traces=9), "the (dropped|kept) traces are not"),
        (lambda r: r["funnel"]["stages"][-1].update(hands=9), "the kept hands are not"),
        (lambda r: r["funnel"]["bands"][0].update(kept=1), "the bands are not"),
        (lambda r: r["funnel"].update(kept_with_backtrack=0), "the traces with a backtrack are"),
        (lambda r: r.update(cut=9), "the cut rows are not"),
        (lambda r: r["filter"].update(min_backtracks=1), "row 0.*too few backtracks"),
        (lambda r: r["filter"].update(max_per_hand=1), "row 1.*over the cap"),
    ],
)
def test_a_record_that_its_rows_do_not_bear_out_is_refused(
    folder: Path, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    assert read_dataset(folder).record.rows == 2
    edit_record(folder, change)
    with pytest.raises(BadDataset, match=message):
        read_dataset(folder)


def test_no_other_version_excuses_a_card(folder: Path) -> None:
    edit_record(folder, lambda r: r.update(version="0.0.1"))
    read_dataset(folder)
    (folder / "README.md").write_text("Teacher: a person. Licence: MIT.")
    with pytest.raises(BadDataset, match=r"the card.*, of tot24-bench 0\.0\.1: filter again"):
        read_dataset(folder)


def test_a_card_that_says_something_else_is_refused(folder: Path) -> None:
    card = folder / "README.md"
    card.write_text(card.read_text().replace("gpt-4o", "gpt-5"))
    with pytest.raises(BadDataset, match="is not the card that follows"):
        read_dataset(folder)
    card.unlink()
    with pytest.raises(BadDataset, match="is not the card that follows"):
        read_dataset(folder)


def test_an_honest_forgery_of_the_list_of_hands_is_refused(folder: Path) -> None:
    path = folder / "hands.jsonl"
    for text in ("", path.read_text() * 2):
        path.write_text(text)
        with pytest.raises(BadDataset, match="does not list the hands"):
            read_dataset(folder)
    path.unlink()
    with pytest.raises(BadDataset, match=r"hands.jsonl is missing"):
        read_dataset(folder)


def test_states_are_looked_for_again_where_the_record_says_so(folder: Path) -> None:
    assert read_dataset(folder).record.rows == 2  # SEARCH shows 2 4 6
    record = json.loads((folder / "dataset.json").read_text())
    record["filter"]["avoid"] = "state_holdout"
    (folder / "dataset.json").write_text(json.dumps(record))
    with pytest.raises(LeakedHand, match="held-out state: 2 4 6"):
        read_dataset(folder)


def test_state_holdout_does_not_go_with_exemplars(make_trace: MakeTrace, tmp_path: Path) -> None:
    file = write(tmp_path / "t.jsonl", [make_trace(TRAIN, STRAIGHT)])
    chosen = select([file], FilterConfig(avoid=Avoid.STATE_HOLDOUT))
    with pytest.raises(ValueError, match="use 0 shots"):
        write_dataset(chosen, tmp_path / "d", PromptConfig(5))
    assert not (tmp_path / "d").exists()


def test_flipped_bits_are_refused_or_do_no_harm(folder: Path) -> None:
    path = folder / "prompt_completion" / "train.parquet"
    whole = path.read_bytes()
    for seed in range(120):
        drawn, bad = Random(seed), bytearray(whole)
        for _ in range(3):
            bad[drawn.randrange(len(bad))] ^= 1 << drawn.randrange(8)
        path.write_bytes(bad)
        try:
            read_dataset(folder)
        except (BadDataset, LeakedHand) as refused:
            assert "filter again" in str(refused)


def test_what_was_cut_off_is_counted_and_said(folder: Path) -> None:
    found = read_dataset(folder)
    assert found.record.cut == 1
    assert [row["completion"] for row in found.rows()] == [STRAIGHT, SEARCH]
    assert "cut off: 1 row would have gone on" in (folder / "README.md").read_text()


def test_nothing_from_outside_is_markup_in_the_card(make_trace: MakeTrace, tmp_path: Path) -> None:
    model = "a~~b~~ $x$ <img src=x> https://evil.example www.evil.example | [l](u) &lt; `c`"
    teacher = TeacherInfo(kind="openai", model=model, settings={"s<b>": "**v**"})
    file = tmp_path / "x\n\n# Owned <img src=x onerror=alert(1)>\n.jsonl"
    write(file, [make_trace(TRAIN, STRAIGHT, teacher=teacher)])
    write_dataset(select([file]), tmp_path / "d", licence="mit <b> ~~x~~")
    header, _, card = (tmp_path / "d" / "README.md").read_text()[4:].partition("\n---\n")
    assert "train.parquet" in header and "*.parquet" not in header
    own = "\n".join(line for line in card.splitlines() if not line.startswith("    tot24 "))
    for mark in ("<img", "~~", "$x", "://", "www.", "[l]", "**v", "<b>", "\n# Owned", "`c`"):
        assert mark not in own.replace("](", "](")
    assert sum(line.startswith("    tot24 traces filter ") for line in card.splitlines()) == 1
    with pytest.raises(BadDataset, match="the licence is a name on one line"):
        write_dataset(select([file]), tmp_path / "e", licence="mit\n# Owned")
