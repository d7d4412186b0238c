"""What we compute once for a batch changes nothing of what lm-eval's own generation writes."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from lm_eval.api.instance import Instance

from tot24_bench.game import load_split
from tot24_bench.harness import EvaluationPlan, load_model
from tot24_bench.prompts import build, build_step
from tot24_bench.harness import own_generation


def load(checkpoint: Path, **told: Any) -> Any:
    arguments = {"pretrained": str(checkpoint), **told}
    return load_model(
        EvaluationPlan("hf", arguments, ("game24_search",), batch_size=16, device="cpu")
    )


def said(lm: Any, contexts: list[str], shares: bool, **told: Any) -> list[str]:
    generation = {"until": ["\nInput:"], "max_gen_toks": 120, "do_sample": False, **told}
    with own_generation(lm) if shares else nullcontext():
        found: list[str] = lm.generate_until(
            [Instance("generate_until", {}, (context, generation), 0) for context in contexts],
            disable_tqdm=True,
        )
    return found


@pytest.fixture(scope="module")
def student(root: Path) -> Any:
    return load(root / "students" / "scout-2m")


HANDS = load_split("hard100")[:12]


@pytest.mark.parametrize(
    "contexts",
    [
        [build("io", hand, shots=0).text for hand in HANDS],
        [build("cot", hand, shots=2).text for hand in HANDS],
        [
            build_step("value", HANDS[0], hand.hand[: 2 + i % 3]).text
            for i, hand in enumerate(HANDS)
        ],
        [build("io", HANDS[0], shots=0).text],
        [build("io", HANDS[0], shots=0).text] * 2,
        ["Input: 4 5 6 10\n", "4", "Answer: 4 +"],
        ["Input: 4 5", "Input: 4 5 6 10\nSteps:\n"],
    ],
    ids=["io", "shots", "values", "one", "twice", "nothing alike", "one begins the other"],
)
def test_greedy_responses_are_those_of_lm_eval(student: Any, contexts: list[str]) -> None:
    assert said(student, contexts, True) == said(student, contexts, False)


def test_stop_texts_end_a_response_and_the_batch(student: Any) -> None:
    contexts = [build("cot", hand, shots=0).text for hand in HANDS]
    whole = said(student, contexts, True)
    assert any("(left" in one for one in whole)
    cut = said(student, contexts, True, until=["(left"])
    assert cut == said(student, contexts, False, until=["(left"])
    assert cut == [one.partition("(left")[0] for one in whole]


def test_drawn_responses_are_drawn_alike(student: Any) -> None:
    """Not the same draws, but of the same odds: how often each first number is written."""
    import torch

    contexts = [HANDS[0].text and build("io", HANDS[0], shots=0).text] * 400
    counts = []
    for shares in (True, False):
        torch.manual_seed(1)
        told = {"do_sample": True, "temperature": 1.5, "max_gen_toks": 3}
        drawn = said(student, contexts, shares, **told)
        counts.append({text: drawn.count(text) / 400 for text in set(drawn)})
    first, second = counts
    assert len(first) > 1
    apart = sum(abs(first.get(one, 0) - second.get(one, 0)) for one in {*first, *second}) / 2
    assert apart < 0.25
    torch.manual_seed(1)
    again = said(student, contexts, True, **told)
    assert {text: again.count(text) / 400 for text in set(again)} == first


def test_other_models_generate_as_ever(neox: Path, student: Any) -> None:
    lm = load(neox)
    before = lm._model_generate
    with own_generation(lm):
        assert lm._model_generate == before
    with own_generation(student):
        assert student._model_generate.__module__ == own_generation.__module__
    assert student._model_generate.__module__ != own_generation.__module__
    assert student.model.config._attn_implementation == "sdpa"


def test_heads_that_share_keys_are_computed_alike(tmp_path: Path, root: Path) -> None:
    """Llamas of other makers have more queries than keys."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    tokenizer = AutoTokenizer.from_pretrained(root / "students" / "scout-2m")
    torch.manual_seed(3)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, initializer_range=0.2,
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    lm = load(tmp_path)
    contexts = [build("io", hand, shots=1).text for hand in HANDS]
    assert said(lm, contexts, True) == said(lm, contexts, False)
