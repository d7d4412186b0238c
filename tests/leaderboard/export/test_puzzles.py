"""The dataset repository: it loads, it says what is held out, and its bytes do not change."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tot24_bench.game import HELD_OUT, Puzzle, guard_parts, is_solvable, load_split
from tot24_bench.leaderboard.export import dataset_files, write_files
from tot24_bench.leaderboard.export.puzzles import CANARY, COLUMNS, PARTS

from .conftest import parse_benchmark


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dataset")
    write_files(folder, dataset_files())
    return folder


def test_it_loads_as_it_would_from_the_hub(repository: Path, tmp_path: Path) -> None:
    from datasets import load_dataset

    loaded = load_dataset(str(repository), cache_dir=str(tmp_path))
    assert {name: len(part) for name, part in loaded.items()} == {
        "hard100": 100,
        "hardest": 361,
        "val": 100,
        "train": 800,
        "unsolvable": 458,
    }
    assert loaded["hard100"].column_names == list(COLUMNS)
    first = loaded["hard100"][0]
    assert first["numbers"] == [4, 5, 6, 10] and first["rank"] == 901 and first["target"] == 24
    assert first["solvable"] and first["never_train"] and first["canary"] == CANARY
    for name, part in loaded.items():
        assert [tuple(numbers) for numbers in part["numbers"]] == [
            puzzle.numbers for puzzle in load_split(name)
        ]
        assert set(part["held_out"]) == {name in HELD_OUT}
        assert set(part["solvable"]) == {name != "unsolvable"}
        assert set(part["never_train"]) == {name != "train"}
    guard_parts(map(Puzzle, loaded["train"]["numbers"]), "the train split")
    assert set(loaded["train"]["canary"]) == {None}


def test_the_card_points_at_every_file(repository: Path) -> None:
    text = (repository / "README.md").read_text()
    front = yaml.safe_load(text.split("---\n")[1])
    paths = [part["path"] for part in front["configs"][0]["data_files"]]
    assert sorted(paths) == sorted(
        str(path.relative_to(repository)) for path in repository.rglob("*.parquet")
    )
    assert front["license"] == "apache-2.0"
    assert CANARY in text and all(f"`{part.split}`" in text for part in PARTS)
    splits = {part["split"] for part in front["configs"][0]["data_files"]}
    tasks = parse_benchmark((repository / "eval.yaml").read_text()).tasks
    assert {task.split for task in tasks} <= splits
    assert {task.config for task in tasks} == {front["configs"][0]["config_name"]}


def test_the_card_is_one_that_the_hubs_library_reads(repository: Path) -> None:
    from huggingface_hub import DatasetCard

    card = DatasetCard.load(repository / "README.md")
    assert card.data.pretty_name == "Game of 24 (tot24-bench)"


def test_another_process_writes_the_same_bytes(repository: Path, tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from tot24_bench.leaderboard.export import *;"
        "write_files(Path(sys.argv[1]), dataset_files())"
    )
    subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "again")],
        env=os.environ | {"PYTHONHASHSEED": "7"},
        check=True,
        timeout=120,
    )
    for path in repository.rglob("*"):
        if path.is_file():
            again = tmp_path / "again" / path.relative_to(repository)
            assert again.read_bytes() == path.read_bytes()


def test_every_hand_of_the_deck_is_in_one_split_but_the_exemplar() -> None:
    hands = [puzzle.hand for part in PARTS for puzzle in load_split(part.split)]
    assert len(hands) == len(set(hands)) == 1_820 - 1 and (4, 4, 6, 8) not in hands
    assert not any(map(is_solvable, load_split("unsolvable")[:20]))


def test_a_wrong_dataset_name_does_not_reach_the_card() -> None:
    with pytest.raises(ValueError, match="OWNER/NAME"):
        dataset_files("x\n---\nlicense: mit")
