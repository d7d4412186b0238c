"""What cannot be trained is refused in one line that names the fix, with exit code 2."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.training.small_runs import read_config, run, write_config
from tests.training.tiny_bases import make_smollm


def refused(folder: Path, **changes: Any) -> str:
    """The one line of a run that ends with exit code 2; a process of its own takes seconds."""
    from training.sft import command

    stream = io.StringIO()
    with contextlib.redirect_stderr(stream):
        code = command(["--config", str(write_config(folder, **changes))])
    said = stream.getvalue()
    ours = [line for line in said.splitlines() if line.startswith("training.sft: ")]
    assert code == 2, said[-2000:]
    assert "Traceback" not in said
    return ours[-1]


# Rows.


def test_a_dataset_that_was_not_filtered_is_refused(tmp_path: Path) -> None:
    traces = tmp_path / "traces.jsonl"
    traces.write_text("{}\n")
    said = refused(tmp_path, dataset=str(traces))
    assert "is no dataset (dataset.json is missing): tot24 traces filter" in said


def test_an_empty_dataset_and_one_with_a_held_out_hand_are_refused(tmp_path: Path) -> None:
    from tot24_bench.game import LeakedHand
    from tot24_bench.traces.dataset import BadDataset

    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "dataset.json").write_text('{"format": "x"}')
    with pytest.raises(BadDataset, match="filter again"):
        run(tmp_path, dataset=str(tmp_path / "data"))
    with pytest.raises(LeakedHand, match="held-out"):
        run(tmp_path, split="hard100")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"rows": 0}, "--rows 0"),
        ({"io_share": 1.5}, "--io_share 1.5"),
        ({"io_share": 0.6, "cot_share": 0.6}, "--io_share and --cot_share"),
        ({"explore": -0.1}, "--explore -0.1"),
    ],
)
def test_rows_that_cannot_be_made_are_refused(
    changes: dict[str, Any], named: str, tmp_path: Path
) -> None:
    from training.rows import BadRows

    with pytest.raises(BadRows, match=named):
        run(tmp_path, **changes)


# Students.


def test_a_student_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "nobody/nothing cannot be loaded" in refused(tmp_path, base="nobody/nothing")
    (tmp_path / "empty").mkdir()
    from training.student import BadStudent

    with pytest.raises(BadStudent, match=r"is no checkpoint \(config.json is missing\)"):
        run(tmp_path, base=str(tmp_path / "empty"))


def test_a_tokenizer_without_padding_pads_with_its_end_token(smollm: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    assert AutoTokenizer.from_pretrained(smollm).pad_token is None
    run(tmp_path, base=str(smollm), max_steps=1)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "run" / "student")
    assert tokenizer.pad_token == tokenizer.eos_token == "<|endoftext|>"
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "run" / "student")
    assert model.config.pad_token_id == 0
    assert model.get_input_embeddings().num_embeddings == len(tokenizer)


def test_a_tokenizer_without_an_end_token_is_refused_unless_one_is_named(
    smollm: Path, tmp_path: Path
) -> None:
    from training.student import BadStudent

    base = Path(shutil.copytree(smollm, tmp_path / "base"))
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        file = base / name
        if file.is_file():
            file.write_text(json.dumps({**json.loads(file.read_text()), "eos_token": None}))
    with pytest.raises(BadStudent, match=r"no end token.*--eos_token"):
        run(tmp_path, base=str(base))
    with pytest.raises(BadStudent, match="--eos_token <nope> is no token"):
        run(tmp_path, base=str(base), eos_token="<nope>")
    assert run(tmp_path, base=str(base), eos_token="<|endoftext|>", max_steps=1)["steps"] == 1


def test_a_tokenizer_that_knows_more_than_the_weights_is_refused(tmp_path: Path) -> None:
    from training.student import BadStudent

    base = make_smollm(tmp_path / "base", vocab_size=300)
    with pytest.raises(BadStudent, match="400 tokens and the weights 300"):
        run(tmp_path, base=str(base))


# Checkpoints.


@pytest.fixture
def checkpoint(whole: tuple[Path, dict[str, Any]], tmp_path: Path) -> Path:
    """The first checkpoint of a run that was interrupted, in the folder of a run."""
    kept = whole[0] / "run" / "checkpoint-3"
    return Path(shutil.copytree(kept, tmp_path / "run" / "checkpoint-3"))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"hidden": 64}, "hidden is 64 here and 32 there"),
        ({"learning_rate": 0.5}, "learning_rate is 0.5 here and 0.001 there"),
        ({"rows": 32}, "rows is 32 here and 64 there"),
        ({"batch": 8}, "batch is 8 here and 4 there"),
    ],
)
def test_a_checkpoint_of_another_run_is_named(
    checkpoint: Path, tmp_path: Path, changes: dict[str, Any], named: str
) -> None:
    from training.run import AnotherRun

    with pytest.raises(AnotherRun, match=rf"is of another run: {named}.*--output_dir.*--resume"):
        run(tmp_path, **changes)


def test_a_run_starts_anew_where_it_is_told_to(checkpoint: Path, tmp_path: Path) -> None:
    assert run(tmp_path, resume=False, hidden=64, max_steps=1)["resumed"] is False


def test_a_checkpoint_of_rows_that_other_code_made_is_refused(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the same settings: what else makes rows is known when they are made."""
    from training import tokens
    from training.rows import make_dataset
    from training.run import AnotherRun, require_same_rows

    monkeypatch.setattr(
        tokens, "make_dataset", lambda rows: make_dataset(rows).select(range(63, -1, -1))
    )
    with pytest.raises(AnotherRun, match=r"is of other rows.*--output_dir.*--resume false"):
        run(tmp_path)
    kept = json.loads((checkpoint / "tot24_run.json").read_text())
    assert len(kept.pop("rows_sha256")) == 64
    (checkpoint / "tot24_run.json").write_text(json.dumps(kept))
    require_same_rows(checkpoint, "0" * 64)  # an older checkpoint, which tells no rows


def test_a_checkpoint_that_was_not_written_to_the_end_is_passed_over(
    checkpoint: Path, tmp_path: Path
) -> None:
    """What it is of is written last."""
    (checkpoint / "tot24_run.json").unlink()
    assert run(tmp_path, hidden=64, max_steps=1)["resumed"] is False


def test_whole_weights_are_no_checkpoint_of_an_adapter(checkpoint: Path, tmp_path: Path) -> None:
    from training.run import AnotherRun

    with pytest.raises(AnotherRun, match="use_peft is True here and False there"):
        run(tmp_path, use_peft=True)


# The disk.


def test_a_disk_that_is_full_is_one_line_and_the_run_goes_on_later(tmp_path: Path) -> None:
    """A limit on the size of files stands for the end of the disk: the write itself fails."""
    import resource

    shape = {"hidden": 128, "intermediate": 512}
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (700_000, before[1]))
    try:
        said = refused(tmp_path, **shape)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "make room, and run the same command again" in said
    assert not (tmp_path / "run" / "student").exists()
    assert run(tmp_path, **shape)["steps"] == 6


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"rows": 32}, "rows is 32 here and 64 there"),
        ({"hidden": 64}, "hidden is 64 here and 32 there"),
        ({"seed": 1}, "seed is 1 here and 0 there"),
        ({"learning_rate": 0.5}, "peak_learning_rate is 0.5 here and 0.001 there"),
        ({"max_steps": 1}, "steps is 1 here and 2 there"),
    ],
)
def test_a_student_that_was_trained_otherwise_is_not_replaced(
    shipped: Path, tmp_path: Path, changes: dict[str, Any], named: str
) -> None:
    """A shipped student's config names the shipped folder, and a flag is soon changed."""
    from training.export import AnotherStudent

    before = (shipped / "training.json").read_bytes()
    with pytest.raises(AnotherStudent, match=rf"{named}.*--export_dir, or --replace true"):
        run(tmp_path, **{"export_dir": str(shipped), "max_steps": 2, **changes})
    assert (shipped / "training.json").read_bytes() == before


def test_a_student_is_replaced_by_its_own_settings_or_when_told_so(
    shipped: Path, tmp_path: Path
) -> None:
    from training.export import AnotherStudent, require_own_place

    student = Path(shutil.copytree(shipped, tmp_path / "student"))
    record = json.loads((student / "training.json").read_text())
    (student / "training.json").write_text(json.dumps({**record, "rows": {"row_seed": 0}}))
    again = {"export_dir": str(student), "max_steps": 3}  # more steps; an older record tells less
    require_own_place(student, read_config(tmp_path / "a", **again), batch=4)
    assert run(tmp_path / "b", **again, hidden=64, replace=True)["student"]["hidden"] == 64
    with pytest.raises(AnotherStudent, match="hidden is 32 here and 64 there"):
        run(tmp_path / "c", **again)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shipped")
    run(folder / "first", max_steps=2, export_dir=str(folder / "student"))
    return folder / "student"


def test_a_failed_export_leaves_no_record(tmp_path: Path) -> None:
    export = tmp_path / "student"
    export.write_text("in the way")
    assert "student" in refused(tmp_path, export_dir=str(export / "below"))
    assert export.read_text() == "in the way"


def test_an_unknown_key_is_named(tmp_path: Path) -> None:
    assert "colour" in refused(tmp_path, colour="blue")
