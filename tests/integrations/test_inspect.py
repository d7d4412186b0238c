"""A real Inspect evaluation, offline, with Inspect's own mock model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tot24_bench.game import Puzzle, load_split, solve
from tot24_bench.prompts import build
from tot24_bench.scoring import score

pytest.importorskip(
    "inspect_ai",
    reason="no Inspect: pip install 'tot24-bench[inspect]' (its fsspec is not the pinned one)",
)

from inspect_ai import Task
from inspect_ai import eval as evaluate
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalLog
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.solver import generate

from tot24_bench.integrations.inspect_scorer import game24

# The hand as a sample's metadata holds it, the response, and why it ended.
ASKED: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"numbers": "4 4 6 8"}, "Answer: (6 - 4) * (4 + 8) = 24", "stop"),
    ({"numbers": [4, 4, 6, 8], "target": 22}, "Answer: 4 + 4 + 6 + 8 = 22", "stop"),
    ({"numbers": "3 3 8 8"}, "Steps:\n8 / 3 = 8/3 (left: 3 8 8/3)\n3 -", "max_tokens"),
    ({"numbers": "1 2 3 4"}, "Answer: 1 + 2 + 3 + 4 = 24", "stop"),
)


def run(folder: Path, task: Task, responses: Sequence[tuple[str, str]], **limits: int) -> EvalLog:
    """The log of an evaluation whose model says `responses` and stops as they say."""
    outputs = [
        ModelOutput.from_content("mockllm", text, stop_reason=why)  # type: ignore[arg-type]
        for text, why in responses
    ]
    for output in outputs:
        output.usage = ModelUsage()  # else the mock model downloads a tokenizer to count with
    (log,) = evaluate(
        task,
        model=get_model("mockllm/model", custom_outputs=outputs),
        log_dir=str(folder),
        display="none",
        max_samples=1,  # the mock model answers in the order in which it is asked
        **limits,  # type: ignore[arg-type]
    )
    return log


def ask(*hands: dict[str, Any]) -> Task:
    samples = [Sample(input="Input: ...", metadata=hand) for hand in hands]
    return Task(dataset=samples, solver=generate(), scorer=game24())


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> EvalLog:
    task = ask(*(metadata for metadata, _, _ in ASKED))
    return run(tmp_path_factory.mktemp("inspect"), task, [(text, why) for _, text, why in ASKED])


def test_every_sample_has_the_score_of_the_one_scorer(log: EvalLog) -> None:
    assert log.status == "success" and log.samples is not None
    for sample, (metadata, text, why) in zip(log.samples, ASKED, strict=True):
        assert sample.scores is not None
        given = sample.scores["game24"]
        result = score(Puzzle.from_json(metadata), text, truncated=why == "max_tokens")
        assert given.metadata == result.to_json()
        assert (given.answer, given.explanation) == (result.answer, result.reason)
        assert isinstance(given.value, dict) and given.value["acc"] == float(result.correct)


def test_the_means_have_the_names_of_our_tasks(log: EvalLog) -> None:
    assert log.results is not None
    means = {one.name: one.metrics["mean"].value for one in log.results.scores}
    assert means == {
        "acc": 0.5,
        "valid": 0.75,
        "answered": 0.75,
        "false_claim": 0.25,
        "truncated": 0.25,
    }


def test_a_sample_without_a_hand_is_an_error_and_not_a_wrong_answer(tmp_path: Path) -> None:
    log = run(tmp_path, ask({}), [("Answer: 24", "stop")])
    assert log.status == "error" and log.error is not None
    assert 'a puzzle needs "numbers"' in log.error.message


def test_the_task_of_the_page_asks_our_prompts_and_scores(
    tmp_path: Path, snippet: Callable[[str], str]
) -> None:
    names: dict[str, Any] = {"__name__": "game24_inspect"}
    exec(snippet("Inspect"), names)
    first, second = load_split("val")[:2]
    right = f"Answer: {solve(first)[0].expression} = 24"
    task = names["game24_onestep_tot"](split="val", shots=0)
    log = run(tmp_path, task, [(right, "stop"), (right, "stop")], limit=2)
    assert log.status == "success" and log.samples is not None
    prompts = [build("onestep_tot", puzzle, shots=0).text for puzzle in (first, second)]
    assert [sample.input for sample in log.samples] == prompts
    given = [sample.scores["game24"].value["acc"] for sample in log.samples]  # type: ignore
    assert given == [1.0, 0.0]
