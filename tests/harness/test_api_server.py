"""An OpenAI-compatible server, evaluated over HTTP: `transformers serve` on a tiny checkpoint."""

from __future__ import annotations

from pathlib import Path

import pytest

from tot24_bench.harness import EvaluationPlan, evaluate
from tot24_bench.prompts import build


@pytest.fixture(scope="module")
def server(tiny_server: str) -> str:
    return tiny_server


def test_a_served_model_is_asked_the_same_prompts_and_its_tokens_are_counted(
    server: str, tiny_checkpoint: Path
) -> None:
    model_args = {
        "model": str(tiny_checkpoint),
        "base_url": f"{server}/completions",
        "tokenized_requests": False,
        "tokenizer": str(tiny_checkpoint),
    }
    plan = EvaluationPlan(
        "local-completions",
        model_args,
        ("game24_io",),
        shots=5,
        limit=2,
        batch_size=1,
        generation={"max_gen_toks": 6},
    )
    (task,) = evaluate(plan).tasks
    assert [hand.prompt for hand in task.hands] == [
        build("io", hand.puzzle, shots=5).text for hand in task.hands
    ]
    assert all(response for hand in task.hands for response in hand.responses)
    assert all(0 < (hand.tokens[0] or 0) <= 8 for hand in task.hands)
    assert all((hand.prompt_tokens or 0) > 100 for hand in task.hands)
