"""An adapter beside a base: what is no adapter, or made for another base, is one line.

What fits is evaluated, and its row says who taught the adapter, on which base.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tot24_bench.checkpoint import BadCheckpoint, adapter_fault_of, base_of, check_checkpoint
from tot24_bench.checkpoint import checkpoint_sha256 as sha256
from tot24_bench.harness import EvaluationPlan, model_sha256


def make_base(tiny_checkpoint: Path, folder: Path, **shape: int) -> Path:
    """A base with the students' tokenizer; of other sizes where they are given."""
    from training.student import StudentConfig, make_student

    if not shape:
        return Path(shutil.copytree(tiny_checkpoint, folder))
    sizes: dict[str, Any] = {"hidden": 16, "intermediate": 32, "layers": 1, "heads": 1, **shape}
    model, tokenizer = make_student(StudentConfig(**sizes, attention="sdpa"), seed=9)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def made(tiny_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A base, and an adapter that peft wrote for it, with a record of its training."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    root = tmp_path_factory.mktemp("adapted")
    base, adapter = make_base(tiny_checkpoint, root / "my-base"), root / "my-adapter"
    model = AutoModelForCausalLM.from_pretrained(base)
    lora = LoraConfig(r=2, target_modules="all-linear", task_type="CAUSAL_LM")
    get_peft_model(model, lora).save_pretrained(str(adapter))
    record = {
        "teacher": "GPT-4o",
        "student": {"base": str(base)},
        "base_sha256": sha256(str(base)),
        "data": {"rows": 3, "sha256": "0" * 64, "hands": ["4 4 6 8"]},
    }
    (adapter / "training.json").write_text(json.dumps(record))
    return base, adapter


def test_an_adapter_is_evaluated_and_its_row_says_who_taught_it(
    made: tuple[Path, Path], tmp_path: Path
) -> None:
    from tot24_bench.leaderboard import run_plans

    base, adapter = made
    plan = EvaluationPlan(
        "hf",
        {"pretrained": str(base), "peft": str(adapter)},
        ("game24_io",),
        shots=0,
        limit=1,
        device="cpu",
        generation={"max_gen_toks": 2},
    )
    (stored,) = run_plans([plan], tmp_path)
    model = stored.submission.model
    assert (model.name, model.base, model.teacher) == ("my-base+my-adapter", "my-base", "GPT-4o")
    assert model.training is not None and model.training.hands == ("4 4 6 8",)
    assert model.arguments["peft"] == "my-adapter"


def test_a_base_among_the_models_is_called_by_its_own_name_on_every_machine(tmp_path: Path) -> None:
    record = {"student": {"base": "models/smollm2-135m-instruct"}}
    (tmp_path / "training.json").write_text(json.dumps(record))
    assert base_of(str(tmp_path)) == "smollm2-135m-instruct"


def test_what_tells_a_model_from_others_is_the_adapter_s_weights_too(
    made: tuple[Path, Path], tmp_path: Path
) -> None:
    base, adapter = made
    here = Path(shutil.copytree(adapter, tmp_path / "adapter"))
    plan = EvaluationPlan("hf", {"pretrained": str(base), "peft": str(here)}, ("game24_io",))
    before = model_sha256(plan)
    with (here / "adapter_model.safetensors").open("ab") as file:
        file.write(b"trained on")
    assert model_sha256(plan) != before


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ({"hidden": 32}, "32 values, not 16"),
        ({"intermediate": 48}, "48 values, not 32"),
    ],
    ids=str,
)
def test_a_base_of_another_shape_is_refused(
    made: tuple[Path, Path],
    tiny_checkpoint: Path,
    tmp_path: Path,
    shape: dict[str, int],
    words: str,
) -> None:
    other = make_base(tiny_checkpoint, tmp_path / "other", **shape)
    with pytest.raises(BadCheckpoint) as caught:
        check_checkpoint({"pretrained": str(other), "peft": str(made[1])})
    line = str(caught.value)
    assert "is an adapter for another base than" in line and words in line
    assert line.endswith("(my-base)") and "\n" not in line


def test_an_adapter_of_more_layers_than_the_base_has_is_refused(
    made: tuple[Path, Path], tmp_path: Path
) -> None:
    from safetensors.numpy import load_file, save_file

    deeper = Path(shutil.copytree(made[1], tmp_path / "deeper"))
    weights = load_file(deeper / "adapter_model.safetensors")
    more = {name.replace("layers.0", "layers.1"): value for name, value in weights.items()}
    save_file(more, deeper / "adapter_model.safetensors")
    fault = adapter_fault_of(str(deeper), str(made[0]))
    assert fault is not None and "which has no model.layers.1." in fault


def test_a_base_of_the_same_shape_and_other_weights_is_refused(
    made: tuple[Path, Path], tiny_checkpoint: Path, tmp_path: Path
) -> None:
    other = make_base(tiny_checkpoint, tmp_path / "other")
    with (other / "model.safetensors").open("r+b") as file:
        file.seek(-4, 2)
        file.write(b"\0\0\0\0")
    fault = adapter_fault_of(str(made[1]), str(other))
    assert fault is not None and "its weights have SHA-256" in fault and "(my-base)" in fault


def test_a_base_with_another_tokenizer_is_refused_unless_the_adapter_s_own_is_named(
    made: tuple[Path, Path], tmp_path: Path
) -> None:
    base, adapter = made
    trained = Path(shutil.copytree(adapter, tmp_path / "trained"))
    for file in base.glob("token*.json"):
        shutil.copy(file, trained)
    assert adapter_fault_of(str(trained), str(base)) is None
    own = trained / "tokenizer.json"
    told = json.loads(own.read_text())
    own.write_text(json.dumps({**told, "truncation": {"max_length": 9}}))
    assert adapter_fault_of(str(trained), str(base)) is None, (
        "how it cuts is not which ids it gives"
    )
    own.write_text(json.dumps({**told, "model": {"type": "BPE", "vocab": {}, "merges": []}}))
    with pytest.raises(BadCheckpoint, match=r"another tokenizer than .*tokenizer=.*trained"):
        check_checkpoint({"pretrained": str(base), "peft": str(trained)})
    named = {"pretrained": str(base), "peft": str(trained), "tokenizer": str(trained)}
    check_checkpoint(named)


def test_what_is_no_adapter_is_named(made: tuple[Path, Path], tmp_path: Path) -> None:
    base, adapter = made
    empty = Path(shutil.copytree(adapter, tmp_path / "empty"))
    (empty / "adapter_model.safetensors").unlink()
    broken = Path(shutil.copytree(adapter, tmp_path / "broken"))
    (broken / "adapter_model.safetensors").write_bytes(b"no weights")
    for name, words in [
        (tmp_path / "nope", "no adapter at"),
        (base, f"a whole checkpoint, give it with pretrained={base} alone"),
        (empty, r"holds no adapter_model.safetensors"),
        (broken, "copy or save it again"),
    ]:
        with pytest.raises(BadCheckpoint) as caught:
            check_checkpoint({"pretrained": str(base), "peft": str(name)})
        assert words in str(caught.value) and "\n" not in str(caught.value)


def test_a_base_of_the_hub_is_left_to_transformers(made: tuple[Path, Path]) -> None:
    check_checkpoint({"pretrained": "org/base", "peft": str(made[1])})
    check_checkpoint({"pretrained": str(made[0]), "peft": "org/adapter"})


def test_a_merged_adapter_writes_what_lm_eval_writes_and_comes_apart_again(
    made: tuple[Path, Path],
) -> None:
    import torch
    from lm_eval.api.instance import Instance

    from tot24_bench.harness import load_model, own_generation

    base, adapter = made
    told = {"pretrained": str(base), "peft": str(adapter)}
    lm = load_model(EvaluationPlan("hf", told, ("game24_io",), batch_size=4, device="cpu"))
    with torch.no_grad():  # an adapter fresh from peft changes nothing
        for name, weight in lm.model.named_parameters():
            if "lora_B" in name:
                weight.copy_(torch.linspace(-1, 1, weight.numel()).reshape(weight.shape))
    generation = {"until": ["\nInput:"], "max_gen_toks": 24, "do_sample": False}
    asked = [
        Instance("generate_until", {}, (f"Input: {hand}\n", generation), 0)
        for hand in ("4 5 6 10", "1 2 4 7", "2 5 8 11")
    ]
    before = {name: one.clone() for name, one in lm.model.named_parameters()}
    theirs = lm.generate_until(asked, disable_tqdm=True)
    with own_generation(lm) as used:
        ours = lm.generate_until(asked, disable_tqdm=True)
        assert lm.model.base_model.model.model.layers[0].self_attn.q_proj.merged
    assert used and ours == theirs
    assert not lm.model.base_model.model.model.layers[0].self_attn.q_proj.merged
    for name, one in lm.model.named_parameters():
        torch.testing.assert_close(one, before[name], rtol=0, atol=1e-5)
