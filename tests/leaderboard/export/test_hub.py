"""`.eval_results/*.yaml` and `eval.yaml`: the documented fields and no other, round trip."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from huggingface_hub import eval_result_entries_to_yaml, parse_eval_result_entries
from pydantic import ValidationError

from tot24_bench.game import load_split
from tot24_bench.leaderboard.export import choose, hub_files, write_files
from tot24_bench.leaderboard.export.hub import SEARCH, as_yaml, benchmark_yaml, result_of, task_id
from tot24_bench.prompts import METHODS

from ..conftest import entries, make_submission
from .conftest import HOSTILE, Result, every_kind, hostile, parse_benchmark, parse_results

# The example of https://huggingface.co/docs/hub/eval-results, field by field.
DOCUMENTED = """
- dataset:
    id: cais/hle
    task_id: default
    revision: 5503434ddd753f426f4b38109466949a1217c2bb
  value: 20.90
  verifyToken: token
  date: "2025-01-15"
  source:
    url: https://huggingface.co/spaces/SaylorTwift/smollm3-mmlu-pro
    name: Eval traces
    user: SaylorTwift
    org: cais
  notes: "no-tools"
- dataset: {id: Idavidrein/gpqa, task_id: gpqa_diamond}
  value: 0.412
"""


def test_the_models_take_the_documented_example_and_nothing_else() -> None:
    first, second = parse_results(DOCUMENTED)
    assert first.value == 20.9 and first.source is not None and second.notes is None
    for extra in ("metric: acc", "config: x"):
        with pytest.raises(ValidationError):
            parse_results(f"- dataset: {{id: a/b, task_id: c}}\n  value: 1.0\n  {extra}\n")
    with pytest.raises(ValidationError):
        parse_results("- dataset: {id: a/b}\n  value: 1.0\n")


def test_results_come_back_equal_by_our_model_and_by_the_hubs_own_parser() -> None:
    (entry,) = entries([make_submission(84, 100, model={"link": "https://example.org/run"})])
    result = result_of(entry)
    text = as_yaml([result])
    assert parse_results(text) == [Result.model_validate(result)]
    loaded = yaml.safe_load(text)
    (parsed,) = parse_eval_result_entries(loaded)
    assert eval_result_entries_to_yaml([parsed]) == loaded
    assert (parsed.dataset_id, parsed.task_id) == ("tot24-bench/game24", "game24_onestep_tot")
    assert parsed.value == 84.0 and parsed.date == "2025-11-20"
    assert parsed.source_url == "https://example.org/run" and parsed.verify_token is None
    assert parsed.notes is not None and "95% interval 75.6 to 89.9" in parsed.notes


def test_the_benchmark_has_a_task_for_every_method_and_test_split() -> None:
    tasks = parse_benchmark(benchmark_yaml()).tasks
    assert {(task.id, task.split) for task in tasks} == {
        (task_id(method, split), split)
        for method in (*METHODS, SEARCH)
        for split in ("hard100", "hardest")
    }
    assert len({task.id for task in tasks}) == len(tasks)
    with pytest.raises(ValueError, match="extra"):
        parse_benchmark(benchmark_yaml() + "metrics: []\n")


def test_only_what_was_measured_of_a_hub_model_is_written(results: Path, tmp_path: Path) -> None:
    files, left_out = hub_files(choose(results))
    assert [file.name for file in files] == [
        "dataset/eval.yaml",
        "models/some-lab--tiny-24/.eval_results/tot24_game24_onestep_tot.0shot.yaml",
    ]
    why = {one.key: one.why for one in left_out}
    assert len(why) == 4 and sum("not measured" in words for words in why.values()) == 3
    assert "--model" in next(words for key, words in why.items() if key.startswith("scout-2m"))
    written = write_files(tmp_path / "out", files)
    (result,) = parse_results(written[1].read_text())
    assert result.dataset.task_id in {task.id for task in parse_benchmark(benchmark_yaml()).tasks}


def test_a_model_chosen_by_name_needs_no_hub_name_but_all_hands() -> None:
    whole = entries([make_submission(84, 100)])
    assert len(hub_files(whole, named=True)[0]) == 2
    files, left_out = hub_files(entries([make_submission(2, 3)]), named=True)
    assert len(files) == 1 and left_out[0].why == "3 hands only of hard100"


def test_what_is_trained_or_chosen_on_has_no_leaderboard() -> None:
    puzzle = load_split("train")[0]
    from ..conftest import make_sample

    trained = make_submission(split="train", samples=(make_sample(puzzle, (True,)),), name="a/b")
    files, left_out = hub_files(entries([trained]))
    assert len(files) == 1 and "no task" in left_out[0].why


def test_a_wrong_dataset_is_refused() -> None:
    for name in ("game24", "a/../b", "a/b\nvalue: 100"):
        with pytest.raises(ValueError, match="OWNER/NAME"):
            hub_files(entries(every_kind()), dataset_id=name)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_of_a_submission_is_yaml(text: str, tmp_path: Path) -> None:
    submission = hostile(text)
    from ..conftest import make_sample

    samples = tuple(make_sample(puzzle, (True,)) for puzzle in load_split("hard100"))
    whole = make_submission(
        samples=samples, name=submission.model.name, notes=submission.notes, model={"teacher": text}
    )
    files, left_out = hub_files(entries([whole]), named=True)
    assert not left_out
    written = write_files(tmp_path / "out", files)
    assert all(path.resolve().is_relative_to(tmp_path / "out") for path in written)
    shown = written[1].read_bytes().decode("ascii")
    assert "!!" not in shown and all(line.isprintable() for line in shown.splitlines())
    assert parse_results(shown) == [Result.model_validate(result_of(entries([whole])[0]))]


def test_text_in_a_field_is_quoted() -> None:
    for text in HOSTILE:
        result = {"dataset": {"id": "a/b", "task_id": "c"}, "value": 1.0, "notes": text}
        out = as_yaml([result])
        assert out.isascii() and parse_results(out) == [Result.model_validate(result)]
