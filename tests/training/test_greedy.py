"""Greedy responses: those of transformers, whatever the batch, and their statistics."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

import pytest

from tests.training.tiny_bases import make_smollm
from tot24_bench.game import Puzzle, load_split
from tot24_bench.harness import respond
from tot24_bench.prompts import build
from training.validation import Tally, greedy_tally


def test_responses_are_those_of_generate(root: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    student = root / "students" / "scout-2m"
    model = AutoModelForCausalLM.from_pretrained(student)
    tokenizer = AutoTokenizer.from_pretrained(student)
    hands = load_split("val")[:6]
    # Prompts of different lengths in one batch.
    texts = [build("onestep_tot", p, shots=5 * (i % 2)).text for i, p in enumerate(hands)]
    prompts = tokenizer(texts)["input_ids"]
    found = respond(model, tokenizer, prompts, 200)
    for prompt, response in zip(prompts, found, strict=True):
        with torch.no_grad():
            whole = model.generate(
                torch.tensor([prompt]), max_new_tokens=200, do_sample=False, use_cache=True
            )[0, len(prompt) :].tolist()
        ended = whole[-1] == tokenizer.eos_token_id
        assert response.ended is ended
        assert response.tokens == (whole[:-1] if ended else whole)


def test_a_response_is_cut_off_at_the_limit_and_at_the_end_of_the_context(tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    base = make_smollm(tmp_path, max_position_embeddings=64)
    model = AutoModelForCausalLM.from_pretrained(base)
    model.generation_config.eos_token_id = None
    tokenizer = AutoTokenizer.from_pretrained(base)
    prompts = [[5] * 10, [6] * 30]
    lengths = [len(r.tokens) for r in respond(model, tokenizer, prompts, 8)]
    assert lengths == [8, 8]
    assert max(len(r.tokens) for r in respond(model, tokenizer, prompts, 500)) <= 64


def test_greedy_accuracy_on_val_is_an_accuracy(tiny_checkpoint: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(tiny_checkpoint)
    tokenizer = AutoTokenizer.from_pretrained(tiny_checkpoint)
    model.train()
    tally = greedy_tally(model, tokenizer, load_split("val"), max_new_tokens=16)
    accuracy, tokens = (tally.metrics()[f"eval_val_{name}"] for name in ("acc", "tokens"))
    assert model.training
    assert accuracy == 0.0
    assert 0 < tokens <= 16


def test_the_tally_counts_what_a_search_does() -> None:
    tally = Tally()
    puzzle = Puzzle.parse("4 4 6 8")
    right = "6 - 4 = 2 (left: 2 4 8)\n4 + 8 = 12 (left: 2 12)\n2 * 12 = 24 (left: 24)\n"
    tally.add(puzzle, right + "Answer: (6 - 4) * (4 + 8) = 24", 30, ended=True)
    wrong = "4 + 8 = 12 (left: 4 6 12): dead end\n4 * 4 = 16 (left: 6 8 16)\n"
    tally.add(puzzle, wrong, 10, ended=False)
    metrics = tally.metrics()
    assert next(iter(metrics)) == "eval_val_acc"
    assert metrics["eval_val_acc"] == 0.5
    assert metrics["eval_val_tokens"] == 20
    assert metrics["eval_val_truncated"] == 0.5
    assert metrics["eval_val_thoughts"] == 2.5
    assert metrics["eval_val_dead_ends"] == 0.5
    assert metrics["eval_val_dead_ends_wrong"] == 1.0
    assert Tally().metrics()["eval_val_acc"] == 0


def test_the_shipped_student_is_validated_in_seconds(root: Path) -> None:
    """The goal is 30 s on two quiet cores; here other work may share them."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    student = root / "students" / "scout-2m"
    model = AutoModelForCausalLM.from_pretrained(student)
    tokenizer = AutoTokenizer.from_pretrained(student)
    started = perf_counter()
    tally = greedy_tally(model, tokenizer, load_split("val"))
    print(f"{tally.responses} hands in {perf_counter() - started:.1f} s")
    assert tally.metrics()["eval_val_acc"] >= 0.9
    if perf_counter() - started > 30:
        pytest.skip("slower than 30 s: other work shares the cores; run it again with one thread")
