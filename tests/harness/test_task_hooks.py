"""The hooks: repeats reach the metrics, truncation is counted with the model's tokenizer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tot24_bench.harness import MAX_GEN_TOKS, METRICS, tasks_path
from tot24_bench.harness.documents import TruncationCheck

ROW = {
    "numbers": "4 4 6 8",
    "target": 24,
    "rule": "all",
    "method": "io",
    "max_gen_toks": MAX_GEN_TOKS["io"],
}
RIGHT = "Answer: (6 - 4) * (4 + 8) = 24"
FALSE = "Answer: 4 + 4 + 6 + 8 = 24"


def process(responses: list[str], **model_args: Any) -> dict[str, float]:
    from tot24_bench.harness import task_hooks

    task_hooks.dataset(tot24_method="io", **model_args)
    return task_hooks.process_results(ROW, [responses])


def test_acc_is_the_mean_over_repeats() -> None:
    metrics = process([RIGHT, FALSE, RIGHT, "I give up."])
    assert metrics["acc"] == 0.5
    assert metrics["false_claim"] == 0.25
    assert metrics["valid"] == 0.75
    assert metrics["answered"] == 0.75


def test_the_metrics_are_those_that_the_yaml_declares() -> None:
    import yaml

    text = (tasks_path() / "game24" / "_game24_template_yaml").read_text(encoding="utf-8")
    loader = yaml.SafeLoader
    loader.add_constructor("!function", lambda _, node: node.value)
    declared = [metric["metric"] for metric in yaml.load(text, loader)["metric_list"]]
    assert tuple(declared) == METRICS == tuple(process([RIGHT]))


def test_a_response_as_long_as_the_limit_is_truncated(tiny_checkpoint: Path) -> None:
    cut_off = "1 + 1 = 2\n" * MAX_GEN_TOKS["io"]
    assert process([cut_off], pretrained=str(tiny_checkpoint))["truncated"] == 1.0
    assert process([RIGHT], pretrained=str(tiny_checkpoint))["truncated"] == 0.0


def test_truncation_counts_tokens_not_characters(tiny_checkpoint: Path) -> None:
    check = TruncationCheck({"pretrained": str(tiny_checkpoint)})
    text = "12 " * 50
    assert check(text, 100)
    assert not check(text, 101)


def test_without_a_tokenizer_nothing_is_called_truncated(
    caplog: pytest.LogCaptureFixture,
) -> None:
    from tot24_bench.harness import documents

    documents._warn_once.cache_clear()
    assert not TruncationCheck({"model": "gpt-4o"})("x" * 10_000, 10)
    assert "tokenizer=NAME" in caplog.text


def test_a_tokenizer_that_cannot_be_loaded_does_not_cost_a_finished_run() -> None:
    assert not TruncationCheck({"tokenizer": "cl100k_base"})("x" * 10_000, 10)


def test_every_hand_keeps_as_many_repeats_as_the_hand_with_the_fewest() -> None:
    from tot24_bench.harness.task_hooks import keep_all

    assert keep_all([["a", "b"], ["c", "d", "padding"]], None) == [["a", "b"], ["c", "d"]]


def test_a_misspelt_metadata_key_is_refused() -> None:
    from tot24_bench.harness.documents import make_dataset

    with pytest.raises(ValueError, match="tot24_split"):
        make_dataset("io", tot24_spilt="val", pretrained="x")


def test_the_rows_know_a_changed_token_limit() -> None:
    from tot24_bench.harness.documents import TEST, make_dataset

    assert set(make_dataset("io")[TEST]["max_gen_toks"]) == {MAX_GEN_TOKS["io"]}
    assert set(make_dataset("io", tot24_max_gen_toks=7)[TEST]["max_gen_toks"]) == {7}
