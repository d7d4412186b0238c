"""Every config parses, and those of hub students run on small copies of what they name."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.training.small_runs import read_record

CONFIGS = Path(__file__).resolve().parents[2] / "training" / "configs"

HUB = {
    "smollm-360m-lora": "smollm",
    "smollm-360m-full": "smollm",
    "smollm2-135m": "smollm",
    "qwen3-0.6b-lora": "qwen3",
}
"""Each config of a hub student, and the fixture that stands for what it names."""

SHORT = [
    *("--rows", "32", "--max_steps", "4", "--save_steps", "4", "--eval_steps", "4"),
    *("--per_device_train_batch_size", "2", "--gradient_accumulation_steps", "1"),
    *("--logging_steps", "1", "--learning_rate", "1e-2", "--warmup_steps", "0"),
    *("--bf16", "false", "--use_cpu", "true", "--val_tokens", "8", "--disable_tqdm", "true"),
]


@pytest.mark.parametrize("config", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_config_names_only_fields_that_exist(config: Path) -> None:
    from training.config import make_parser

    rows, student, _, feed, validation, run, sft = make_parser().parse_args_and_config(
        ["--config", str(config), "--use_cpu", "true", "--bf16", "false"]
    )
    assert rows.split == "train"
    assert (validation.val_split, validation.val_tokens) == ("val", 896)
    assert run.resume
    assert student.base is None or isinstance(student.base, str)
    assert sft.metric_for_best_model == ("eval_val_acc" if sft.load_best_model_at_end else None)
    assert sft.train_sampling_strategy == "group_by_length"
    assert not sft.packing
    assert feed.long_rows in ("auto", "refuse", "drop")


def test_every_hub_config_is_proven_here() -> None:
    bases = {
        path.stem: yaml.safe_load(path.read_text()).get("base") for path in CONFIGS.glob("*.yaml")
    }
    local = ("students/", "runs/", "models/")
    hub = {name for name, base in bases.items() if base and not base.startswith(local)}
    assert hub == set(HUB)


PACKAGE = "smollm2-135m-lora"
"""The config of a student whose base comes out of a package (`tot24 models`)."""


@pytest.mark.parametrize("name", [*HUB, PACKAGE])
def test_a_hub_config_trains_a_student_that_lm_eval_evaluates(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from tot24_bench.harness import EvaluationPlan, evaluate
    from training.sft import main

    base = request.getfixturevalue(HUB.get(name, "smollm"))
    other = ["--merge", "true", "--dtype", "float32"] if name == PACKAGE else []
    student = main(
        [
            *("--config", str(CONFIGS / f"{name}.yaml"), "--base", str(base), *other),
            *("--output_dir", str(tmp_path / "run"), "--export_dir", str(tmp_path / "student")),
            *SHORT,
        ]
    )
    record = read_record(student)
    losses = [entry["loss"] for entry in record["log"] if "loss" in entry]
    assert record["steps"] == 4 and losses[-1] < losses[0]
    assert record["best_val_acc"] == (None if name == PACKAGE else 0.0)
    # The exported weights are the base's with the adapter in them, under the same names.
    before = AutoModelForCausalLM.from_pretrained(base).state_dict()
    model = AutoModelForCausalLM.from_pretrained(student)
    after = model.state_dict()
    assert after.keys() == before.keys()
    assert {weight.dtype for weight in after.values()} == {torch.float32}
    changed = {key for key in after if not torch.equal(after[key], before[key])}
    assert (student / "adapter" / "adapter_config.json").is_file() is ("lora" in name)
    if "lora" in name:
        assert changed and all("_proj.weight" in key for key in changed)
        assert AutoTokenizer.from_pretrained(student).eos_token_id == model.config.eos_token_id
    else:
        assert "model.embed_tokens.weight" in changed
    plan = EvaluationPlan(
        "hf",
        {"pretrained": str(student), "dtype": "float32"},
        ("game24_onestep_tot",),
        shots=0,
        split="val",
        device="cpu",
        chat=name.startswith("qwen3"),
        generation={"max_gen_toks": 8},
        limit=2,
    )
    (task,) = evaluate(plan).tasks
    assert len(task.hands) == 2


@pytest.mark.parametrize(
    "config", sorted((CONFIGS / "accelerate").glob("*.yaml")), ids=lambda path: path.stem
)
def test_accelerate_takes_its_configs(config: Path) -> None:
    from accelerate.commands.config.config_args import ClusterConfig, load_config_from_file
    from accelerate.commands.launch import launch_command_parser

    cluster = load_config_from_file(str(config))
    assert isinstance(cluster, ClusterConfig)
    text = config.read_text()
    assert f"distributed_type: {cluster.distributed_type.value}" in text
    # The command in its first lines is one that the launcher understands.
    command = text[text.index("accelerate launch") :].split("\ncompute")[0]
    words = command.replace("\\\n#", " ").split()[2:]
    known, _ = launch_command_parser().parse_known_args(words)
    assert known.training_script == "training.sft"
    assert (CONFIGS.parents[1] / known.config_file) == config
    assert known.training_script_args[-2:] == ["--processes", str(cluster.num_processes)]


def test_the_fsdp_config_makes_a_plugin() -> None:
    from accelerate.commands.config.config_args import load_config_from_file
    from accelerate.utils import FullyShardedDataParallelPlugin

    config = load_config_from_file(str(CONFIGS / "accelerate" / "fsdp.yaml")).fsdp_config
    plugin = FullyShardedDataParallelPlugin(
        fsdp_version=config["fsdp_version"],
        auto_wrap_policy=config["fsdp_auto_wrap_policy"],
        cpu_offload=config["fsdp_offload_params"],
        reshard_after_forward=config["fsdp_reshard_after_forward"],
        state_dict_type=config["fsdp_state_dict_type"],
        cpu_ram_efficient_loading=config["fsdp_cpu_ram_efficient_loading"],
    )
    assert plugin.fsdp_version == 2


def test_every_option_of_ours_is_documented() -> None:
    from dataclasses import fields

    from training.config import (
        AdapterConfig,
        FeedConfig,
        RowConfig,
        RunConfig,
        StudentConfig,
        ValidationConfig,
    )

    documented = (CONFIGS.parents[1] / "docs" / "training-options.md").read_text()
    ours = (RowConfig, StudentConfig, AdapterConfig, FeedConfig, ValidationConfig, RunConfig)
    names = {field.name for config in ours for field in fields(config)}
    assert {name for name in names if f"`{name}`" not in documented} == set()


def test_every_shipped_config_is_documented() -> None:
    documented = (CONFIGS.parents[1] / "docs" / "training.md").read_text()
    hub = {path.stem for path in CONFIGS.glob("*.yaml") if not path.stem.startswith("scout")}
    assert {name for name in hub if f"`{name}`" not in documented} == set()
