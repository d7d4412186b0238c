"""LoRA and DoRA: the exported student is the merged one, its best checkpoint, and it resumes."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.training.small_runs import losses, run
from tot24_bench.checkpoint import checkpoint_sha256
from training.student import BadStudent

ADAPTER = {"use_peft": True, "lora_target_modules": ["all-linear"], "lora_r": 4}
BEST = {
    "eval_strategy": "steps",
    "eval_steps": 3,
    "load_best_model_at_end": True,
    "metric_for_best_model": "eval_val_acc",
    "greater_is_better": True,
    "val_tokens": 8,
}


@pytest.fixture(scope="module")
def lora(smollm: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A finished run of an adapter: its folder and its record."""
    folder = tmp_path_factory.mktemp("lora")
    return folder, run(folder, base=str(smollm), **ADAPTER, learning_rate=1e-2)


@pytest.mark.parametrize("kind", [{}, {"use_dora": True}], ids=["lora", "dora"])
def test_the_merged_student_answers_as_the_adapter_on_its_base(
    smollm: Path,
    lora: tuple[Path, dict[str, Any]],
    kind: dict[str, Any],
    tmp_path: Path,
) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder, record = lora
    if kind:
        folder = tmp_path
        record = run(folder, base=str(smollm), **ADAPTER, **kind, learning_rate=1e-2, max_steps=3)
    student = folder / "run" / "student"
    assert record["adapter"]["use_dora"] is bool(kind)
    tokenizer = AutoTokenizer.from_pretrained(student)
    ids = tokenizer("Input: 4 4 6 8\nSteps:\n", return_tensors="pt")["input_ids"]
    own = AutoModelForCausalLM.from_pretrained(smollm)
    with torch.no_grad():
        before = own(ids).logits
        beside = PeftModel.from_pretrained(own, student / "adapter").eval()(ids).logits
        merged = AutoModelForCausalLM.from_pretrained(student)(ids).logits
    torch.testing.assert_close(merged, beside, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(merged, before, atol=1e-3)


def test_an_adapter_alone_answers_as_the_merged_student(
    smollm: Path, lora: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    import torch
    from peft import AutoPeftModelForCausalLM
    from transformers import AutoModelForCausalLM, AutoTokenizer

    record = run(tmp_path, base=str(smollm), **ADAPTER, learning_rate=1e-2, merge=False)
    alone, merged = tmp_path / "run" / "student", lora[0] / "run" / "student"
    assert record["base_sha256"] == checkpoint_sha256(str(smollm))
    assert record["parameters"] > record["adapter_parameters"] > 0
    assert not list(alone.glob("model*")) and not list(alone.glob("tokenizer*"))
    ids = AutoTokenizer.from_pretrained(smollm)("Input: 4 4 6 8\n", return_tensors="pt")[
        "input_ids"
    ]
    with torch.no_grad():
        one = AutoPeftModelForCausalLM.from_pretrained(alone).float().eval()(ids).logits
        other = AutoModelForCausalLM.from_pretrained(merged)(ids).logits
    torch.testing.assert_close(one, other, rtol=0.05, atol=0.05)  # the adapter is held in bf16
    # It is gone on with: the same adapter, more steps, for the same base.
    told = {**ADAPTER, "base": str(alone), "learning_rate": 1e-2, "merge": False}
    next_part = run(tmp_path / "next", **told)
    assert next_part["earlier"]["steps"] == record["steps"]
    assert next_part["base_sha256"] == record["base_sha256"]
    assert losses(next_part)[0] < losses(record)[0]
    # Under other weights than its base's it is nothing.
    weights = next(smollm.glob("*.safetensors"))
    kept = weights.read_bytes()
    try:
        weights.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
        with pytest.raises(BadStudent, match="adapter for another base"):
            run(tmp_path / "other", **told)
    finally:
        weights.write_bytes(kept)


def test_the_best_checkpoint_s_adapter_is_what_is_exported(smollm: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    # No accuracy is ever better than the first: the first checkpoint stays the best.
    record = run(tmp_path, base=str(smollm), **ADAPTER, **BEST)
    assert record["best_checkpoint_step"] == 3 and record["steps"] == 6
    kept = load_file(tmp_path / "run" / "checkpoint-3" / "adapter_model.safetensors")
    last = load_file(tmp_path / "run" / "checkpoint-6" / "adapter_model.safetensors")
    out = load_file(tmp_path / "run" / "student" / "adapter" / "adapter_model.safetensors")
    assert all((out[name] == kept[name]).all() for name in kept)
    assert not all((out[name] == last[name]).all() for name in last)

    # The same, where the run ended between its last checkpoint and the export.
    shutil.copytree(tmp_path / "run", tmp_path / "again" / "run")
    shutil.rmtree(tmp_path / "again" / "run" / "student")
    for state in (tmp_path / "again").glob("run/checkpoint-*/trainer_state.json"):
        state.write_text(state.read_text().replace(str(tmp_path), str(tmp_path / "again")))
    run(tmp_path / "again", base=str(smollm), **ADAPTER, **BEST)
    again = load_file(tmp_path / "again" / "run" / "student" / "model.safetensors")
    first = load_file(tmp_path / "run" / "student" / "model.safetensors")
    assert all((again[name] == first[name]).all() for name in first)


def test_an_adapter_goes_on_to_the_same_losses(
    smollm: Path, lora: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    shutil.copytree(lora[0] / "run" / "checkpoint-3", tmp_path / "run" / "checkpoint-3")
    resumed = run(tmp_path, base=str(smollm), **ADAPTER, learning_rate=1e-2)
    assert resumed["resumed"] is True
    assert losses(resumed) == pytest.approx(losses(lora[1]), rel=1e-5)


def test_the_weights_are_exported_as_the_base_s_are_stored_where_that_is_asked(
    smollm: Path, tmp_path: Path
) -> None:
    import torch
    from safetensors.torch import load_file
    from transformers import AutoModelForCausalLM, AutoTokenizer

    half = tmp_path / "half"
    AutoModelForCausalLM.from_pretrained(smollm, dtype=torch.bfloat16).save_pretrained(half)
    AutoTokenizer.from_pretrained(smollm).save_pretrained(half)
    run(
        tmp_path,
        base=str(half),
        max_steps=1,
        export_dtype="base",
        dtype="bfloat16",
        bf16=True,
        **ADAPTER,
    )
    weights = load_file(tmp_path / "run" / "student" / "model.safetensors")
    assert {weight.dtype for weight in weights.values()} == {torch.bfloat16}


def test_dora_without_an_adapter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="--use_peft true"):
        run(tmp_path, use_dora=True)


def test_training_all_weights_in_bf16_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="forget small steps"):
        run(tmp_path, dtype="bfloat16")
