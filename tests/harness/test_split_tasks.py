"""Tasks of splits: one template, real lm-eval, the same hands as `tot24 eval` asks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lm_eval.tasks import TaskManager

from tot24_bench.game import BadDraw, UnknownSplit, load_split
from tot24_bench.harness import (
    SEARCH,
    SEARCH_TASK,
    EvaluationPlan,
    check_model_searches,
    evaluate,
    expand_by_split,
    method_of,
    named_split,
    split_of,
)
from tot24_bench.harness.documents import make_dataset
from tot24_bench.harness.tasks import GROUP, TASK_SPLITS, UnknownTask, expand, task_name
from tot24_bench.leaderboard import verify, write
from tot24_bench.leaderboard.runs import submissions_of
from tot24_bench.prompts import METHODS, build


def rows_of(task: str, root: Path, **metadata: Any) -> list[dict[str, Any]]:
    """The rows that lm-eval asks for a task."""
    manager = TaskManager(
        include_path=str(root / "tasks"), include_defaults=False, metadata=metadata
    )
    (loaded,) = manager.load([task])["tasks"].values()
    return list(loaded.test_docs())


def task_files() -> Iterator[tuple[str, str]]:
    """Name and text of each file of `tasks/game24/splits`."""
    for split in TASK_SPLITS:
        for method in (*METHODS, SEARCH):
            task = task_name(method)
            yield (
                f"{task}_{split}.yaml",
                f"include: ../{task}.yaml\n"
                f"task: {task}_{split}\n"
                f"dataset_kwargs: {{tot24_method: {method}, tot24_of: {split}}}\n",
            )
        tasks = "".join(f"  - {task}_{split}\n" for task in map(task_name, METHODS))
        yield (
            f"{GROUP}_{split}.yaml",
            f"group: {GROUP}_{split}\ntask:\n{tasks}metadata: {{version: 1.0}}\n",
        )


def test_the_files_are_those_of_every_split_and_method(root: Path) -> None:
    folder = root / "tasks" / "game24" / "splits"
    written = dict(task_files())
    assert {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()} == written
    assert len(written) == (len(METHODS) + 2) * len(TASK_SPLITS)
    assert all(len(text.splitlines()) <= 7 for text in written.values())


@pytest.mark.parametrize("split", TASK_SPLITS)
def test_each_split_is_asked_by_its_tasks_name(split: str, root: Path) -> None:
    rows = rows_of(f"game24_onestep_tot_{split}", root)
    asked = load_split(split)
    assert [(row["numbers"], row["target"]) for row in rows] == [
        (puzzle.text, puzzle.target) for puzzle in asked
    ]
    assert all(f"reach the goal {row['target']}." in row["instruction"] for row in rows)


def test_seed_and_size_come_from_metadata(root: Path) -> None:
    rows = rows_of("game24_io_fresh", root, tot24_seed=7, tot24_size=30)
    assert [row["numbers"] for row in rows] == [p.text for p in load_split("fresh-s7-n30")]
    same = rows_of("game24_io", root, tot24_split="fresh", tot24_seed="7", tot24_size="30")
    assert rows == same


@pytest.mark.parametrize(
    ("metadata", "error", "message"),
    [
        ({"tot24_split": "val"}, ValueError, "this task asks fresh, not 'val'"),
        ({"tot24_seed": "x"}, BadDraw, "seed 'x' is not an integer from 0"),
        ({"tot24_seed": -1}, BadDraw, "seed -1 is not an integer"),
        ({"tot24_size": 1.5}, BadDraw, "size 1.5 is not an integer from 1"),
        ({"tot24_size": 99_999}, BadDraw, "5295 test hands, 99999 were asked for: ask for fewer"),
        ({"tot24_sede": 7}, ValueError, "no metadata key 'tot24_sede'"),
    ],
)
def test_metadata_that_names_no_draw_is_an_error(
    metadata: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        make_dataset("io", tot24_of="fresh", **metadata)


def test_a_fixed_split_has_no_seed_and_a_misspelt_one_is_named() -> None:
    with pytest.raises(BadDraw, match="hard100 is a fixed split: seed and size are for fresh"):
        named_split("hard100", seed=7)
    with pytest.raises(UnknownSplit, match="did you mean fresh"):
        make_dataset("io", tot24_split="frehs", tot24_seed=7)


def test_names_of_tasks() -> None:
    assert expand_by_split(["game24_fresh", "game24_io_fresh", "game24_cot"], "val") == {
        "fresh": ("game24_io", "game24_cot", "game24_onestep_tot"),
        "val": ("game24_cot",),
    }
    assert method_of("game24_onestep_tot_unsolvable_fresh") == "onestep_tot"
    assert split_of("game24_onestep_tot_unsolvable_fresh") == "unsolvable_fresh"
    assert split_of("game24_io") is None
    assert method_of("game24_search") == method_of("game24_search_val") == SEARCH
    assert split_of("game24_search_unsolvable_fresh") == "unsolvable_fresh"
    with pytest.raises(UnknownTask, match="did you mean game24_io_fresh"):
        expand_by_split(["game24_io_frehs"], None)
    with pytest.raises(UnknownTask, match="not a plain one"):
        expand(["game24_io_fresh"])
    with pytest.raises(
        UnknownTask, match=r"game24_onestep_tot\), each of these, game24_search, and"
    ):
        expand(["tot_bfs"])


def test_searches_have_a_task_of_their_own_in_no_group() -> None:
    assert SEARCH_TASK not in expand(["game24"])
    assert expand_by_split(["game24_fresh"], None) == {"fresh": expand(["game24"])}
    assert expand(["game24_search", "game24"]) == (*expand(["game24"]), SEARCH_TASK)


def test_the_task_of_searches_is_refused_to_a_model_that_is_none(tiny_checkpoint: Path) -> None:
    plan = EvaluationPlan("hf", {"pretrained": str(tiny_checkpoint)}, (SEARCH_TASK,), limit=1)
    with pytest.raises(ValueError, match=r"^game24_search is for searches: add --method tot_bfs$"):
        evaluate(plan)
    check_model_searches(["game24_io"], None)
    check_model_searches([SEARCH_TASK], type("Search", (), {"search_settings": None})())


def test_a_row_of_a_search_holds_the_puzzle_and_the_texts_of_io(root: Path) -> None:
    (io, *_), (row, *_) = rows_of("game24_io_target", root), rows_of("game24_search_target", root)
    assert row == {**io, "method": SEARCH, "max_gen_toks": 896}


def test_plain_lm_eval_asks_any_model_the_bare_prompt_of_io(
    tiny_checkpoint: Path, root: Path
) -> None:
    from lm_eval import simple_evaluate

    found = simple_evaluate(
        model="hf",
        model_args={"pretrained": str(tiny_checkpoint)},
        tasks=[SEARCH_TASK],
        num_fewshot=5,
        limit=2,
        device="cpu",
        gen_kwargs={"max_gen_toks": 8},
        task_manager=TaskManager(include_path=str(root / "tasks"), include_defaults=False),
        bootstrap_iters=0,
    )
    asked = [row["arguments"][0][0] for row in found["samples"][SEARCH_TASK]]
    hands = load_split("hard100")[:2]
    assert asked == [build("io", puzzle, shots=0).text for puzzle in hands]
    assert set(found["results"][SEARCH_TASK]) > {"acc,none", "truncated,none"}


@pytest.mark.parametrize("split", ["target", "countdown", "six"])
def test_an_evaluation_on_a_split_is_a_submission_that_verifies(
    split: str, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    plan = EvaluationPlan(
        "hf", {"pretrained": str(tiny_checkpoint)}, ("game24_io",), split=split, limit=3, shots=2,
        device="cpu", generation={"max_gen_toks": 8},
    )  # fmt: skip
    (submission,) = submissions_of(evaluate(plan), "tiny")
    assert submission.split == split and submission.n == 3
    assert submission.key == f"tiny/game24_io_{split}.2shot.first3"
    write(submission, tmp_path)
    (verified,) = verify(tmp_path)
    assert verified.faults == ()
