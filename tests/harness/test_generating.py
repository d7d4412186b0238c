"""What we compute once for a batch changes nothing of what lm-eval's own generation writes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import torch
from lm_eval.api.instance import Instance

from tot24_bench.game import load_split
from tot24_bench.harness import (
    EvaluationPlan,
    can_respond,
    generating,
    load_model,
    own_generation,
    respond,
)
from tot24_bench.harness.generating import FAMILIES, OURS, THEIRS, _Stops
from tot24_bench.prompts import build, build_step


def load(**told: Any) -> Any:
    return load_model(EvaluationPlan("hf", told, ("game24_search",), batch_size=16, device="cpu"))


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
    return load(pretrained=str(root / "students" / "scout-2m"))


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


def test_lm_eval_has_its_own_generation_back(student: Any) -> None:
    before = student._model_generate
    with own_generation(student):
        assert student._model_generate != before
    assert student._model_generate == before
    assert student.model.config._attn_implementation == "sdpa"
    assert not any("forward" in vars(one) for one in student.model.modules())


SHAPE = {
    "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 8, "initializer_range": 0.2,
}  # fmt: skip
KINDS = ("llama", "bf16", "lora", "gemma3_text", "qwen2", "qwen3")


@pytest.fixture(scope="module")
def small(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, str]]:
    """Arguments of a small model of a kind, which lm-eval loads."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(root / "students" / "scout-2m")
    made: dict[str, dict[str, str]] = {}

    def make(kind: str, **more: Any) -> dict[str, str]:
        name = f"{kind} {more}"
        if name in made:
            return made[name]
        folder = tmp_path_factory.mktemp(kind)
        torch.manual_seed(3)
        family = kind if kind in FAMILIES else "llama"
        ends = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
        told = {**SHAPE, **ends, "vocab_size": len(tokenizer), "bos_token_id": None, **more}
        if family.startswith("gemma"):
            told = {"layer_types": ["sliding_attention", "full_attention"], **told}
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model(family, **told))
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        made[name] = {"pretrained": str(folder)}
        if kind == "bf16":
            made[name]["dtype"] = "bfloat16"
        if kind == "lora":
            adapter = LoraConfig(r=2, target_modules=["q_proj", "up_proj"], init_lora_weights=False)
            get_peft_model(model, adapter).save_pretrained(folder / "adapter")
            made[name]["peft"] = str(folder / "adapter")
        return made[name]

    return make


SHORT = [build("io", hand, shots=0).text for hand in HANDS[:6]]


def both(lm: Any, contexts: list[str], **told: Any) -> tuple[set[str], list[str], list[str]]:
    """Who wrote, what was written, and what lm-eval writes."""
    told = {"max_gen_toks": 24, **told}
    with own_generation(lm, half=True) as used:
        ours = said(lm, contexts, False, **told)
    return used, ours, said(lm, contexts, False, **told)


@pytest.mark.parametrize("kind", KINDS)
def test_every_family_writes_what_lm_eval_has_it_write(kind: str, small: Any) -> None:
    lm = load(**small(kind))
    # Of several lengths, as one batch and split, and with room that has to grow.
    with patch.multiple(generating, _GROWTH=5, CACHE_BYTES=100_000):
        used, ours, theirs = both(lm, [*SHORT, "4", SHORT[0] + "4 +"])
    assert used == {OURS}
    assert ours == theirs
    assert len(set(ours)) > 1


@pytest.mark.parametrize(
    "kind, more, told",
    [
        ("gemma3_text", {"sliding_window": 24}, {}),
        ("llama", {"max_position_embeddings": 24}, {}),
        ("llama", {"rope_parameters": {"rope_type": "dynamic", "factor": 2.0}}, {}),
        ("bf16", {}, {}),
        ("llama", {}, {"repetition_penalty": 1.3}),
        ("llama", {}, {"num_beams": 2}),
        ("llama", {}, {"do_sample": True, "temperature": 1.0, "top_p": 0.5}),
    ],
    ids=["window", "context", "rotations", "half", "penalty", "beams", "nucleus"],
)
def test_what_is_not_written_here_lm_eval_writes(
    kind: str, more: dict[str, Any], told: dict[str, Any], small: Any
) -> None:
    lm = load(**small(kind, **more), max_length=2048)
    torch.manual_seed(1)
    with own_generation(lm) as used:
        first = said(lm, SHORT, False, max_gen_toks=16, **told)
    torch.manual_seed(1)
    assert first == said(lm, SHORT, False, max_gen_toks=16, **told)
    assert used == {THEIRS}


def test_models_of_other_families_and_with_settings_of_their_own(neox: Path, small: Any) -> None:
    used, ours, theirs = both(load(pretrained=str(neox)), SHORT)
    assert (used, ours) == ({THEIRS}, theirs)
    lm = load(**small("llama"))
    assert can_respond(lm.model, 100)
    lm.model.generation_config.repetition_penalty = 1.2
    assert not can_respond(lm.model, 100)
    lm.model.generation_config.repetition_penalty = None
    lm.think_end_token = "</think>"
    assert both(lm, SHORT)[0] == {THEIRS}


def test_stop_texts_are_seen_however_tokens_cut_them() -> None:
    class Letters:
        """A tokenizer of bytes."""

        def decode(self, tokens: list[int]) -> str:
            return bytes(tokens).decode(errors="replace")

    stops = _Stops(Letters(), ["\nInput:", "→ ", ""])
    for text, seen in [
        ("a\nInput:", True), ("a\nInput: 4", False), ("\nInput", False), ("4 → ", True),
        ("Input:", False), ("x" * 99 + "\nInput:", True), ("→", False), (" ", False),
    ]:  # fmt: skip
        assert stops.just_written(list(text.encode())) is seen
    assert not _Stops(Letters(), []).just_written([65])


@pytest.mark.parametrize("until", ["4", " +", "+ 1", "r:", "= 2"])
def test_responses_end_where_lm_eval_cuts_them(until: str, student: Any) -> None:
    used, ours, theirs = both(student, SHORT, until=[until, "never"])
    assert (used, ours) == ({OURS}, theirs)


@pytest.mark.parametrize("kind", ["llama", "lora", "bf16"])
def test_under_autocast_it_writes_what_transformers_does(kind: str, small: Any) -> None:
    lm = load(**small(kind))
    prompts = lm.tokenizer(SHORT)["input_ids"]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert can_respond(lm.model, 100)
        ours = respond(lm.model, lm.tokenizer, prompts, 12)
        with patch.object(generating, "can_respond", lambda *_: False):
            theirs = respond(lm.model, lm.tokenizer, prompts, 12)
    assert ours == theirs
