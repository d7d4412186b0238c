"""docs/scale.md and docs/baselines.md: every command is read by the parser of what it calls.

A program that is not installed (vLLM, SGLang, Ray) is a skip that says so. `--model_args` are
compared with the parameters in lm-eval's source, which is there whether its engine is or not.
"""

from __future__ import annotations

import ast
import importlib.util
import re
import shlex
import sys
from collections.abc import Sequence
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml

from tot24_bench.harness import GROUP
from tot24_bench.harness.tasks import expand
from tot24_bench.leaderboard import load_baselines

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("scale.md", "baselines.md")
CONFIGS = sorted((ROOT / "docs" / "scale").glob("*.yaml"))

KINDS = {
    "hf": ("huggingface.py", "HFLM"),
    "vllm": ("vllm_causallms.py", "VLLM"),
    "local-completions": ("openai_completions.py", "LocalCompletionsAPI"),
    "local-chat-completions": ("openai_completions.py", "LocalChatCompletion"),
    "openai-chat-completions": ("openai_completions.py", "OpenAIChatCompletion"),
}
"""Where lm-eval keeps the constructors of its kinds of model."""

FOR_VLLM = {"distributed_executor_backend", "gpu_memory_utilization"}
"""What lm-eval hands on to vLLM's engine unread; compared with the engine where it is installed."""


def commands(page: str) -> list[str]:
    """The commands of a page's blocks of shell: one each, without comments."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [line for line in lines if shlex.split(line, comments=True)]


def check(words: Sequence[str]) -> None:
    """Read a command with the parser of its program, and what it launches with that one's."""
    program, *rest = words
    checkers = {
        "lm_eval": check_lm_eval,
        "tot24": check_tot24,
        "torchrun": check_torchrun,
        "accelerate": check_accelerate,
        "ray": check_ray,
        "vllm": check_vllm_serve,
        "transformers": check_transformers,
        "python": check_module,
    }
    checkers[program](rest)


def check_lm_eval(words: Sequence[str]) -> None:
    config = lm_eval_reads(words)
    tasks = config.tasks if isinstance(config.tasks, list) else config.tasks.split(",")
    assert expand(tasks)
    assert config.output_path and config.log_samples, "nothing to add to the leaderboard"
    check_model_args(config.model, config.model_args)


def lm_eval_reads(words: Sequence[str]) -> Any:
    from lm_eval._cli import HarnessCLI
    from lm_eval.config.evaluate_config import EvaluatorConfig

    before = sys.argv
    try:
        sys.argv = ["lm_eval", *words]
        return EvaluatorConfig.from_cli(HarnessCLI().parse_args())
    finally:
        sys.argv = before


def check_model_args(kind: str, given: dict[str, Any]) -> None:
    known = parameters_of(kind)
    unknown = given.keys() - known
    if kind == "vllm":
        unknown -= FOR_VLLM
    assert not unknown, f"{kind} has no {unknown}"
    assert "pretrained" in given or "model" in given


def parameters_of(kind: str) -> set[str]:
    """The named parameters of a kind's constructor, and of the constructors that it inherits."""
    spec = importlib.util.find_spec("lm_eval")
    assert spec is not None and spec.origin is not None
    models = Path(spec.origin).parent / "models"
    file, first = KINDS[kind]
    wanted = [first]
    classes = classes_of(models / file) | classes_of(models / "api_models.py")
    found: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name not in classes:
            continue
        wanted += [base.id for base in classes[name].bases if isinstance(base, ast.Name)]
        for node in classes[name].body:
            if isinstance(node, ast.FunctionDef) and node.name == "__init__":
                found |= {one.arg for one in (*node.args.args, *node.args.kwonlyargs)}
    assert len(found) > 10, f"the constructor of {kind} was not found in lm-eval's source"
    return found - {"self"}


def classes_of(path: Path) -> dict[str, ast.ClassDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}


def check_tot24(words: Sequence[str]) -> None:
    from lm_eval.utils import simple_parse_args_string
    from typer.main import get_command

    from tot24_bench.cli.main import app

    command: Any = get_command(app)
    rest = [*words]
    while groups := getattr(command, "commands", None):
        if not rest or rest[0].startswith("-"):
            break
        assert rest[0] in groups, f"tot24 has no command {rest[0]}"
        command = groups[rest.pop(0)]
    params = command.make_context(command.name, rest).params
    if command.name == "eval":
        assert expand((params["tasks"] or GROUP).split(","))
        check_model_args(params["model"], simple_parse_args_string(params["model_args"]))


def check_torchrun(words: Sequence[str]) -> None:
    from torch.distributed.run import get_args_parser

    read = get_args_parser().parse_args(words)
    assert read.standalone or read.master_port, (
        "one machine picks a free port, several agree on one"
    )
    assert read.module or read.no_python
    check([read.training_script, *read.training_script_args])


def check_accelerate(words: Sequence[str]) -> None:
    from accelerate.commands.launch import launch_command_parser

    assert words[0] == "launch"
    read = launch_command_parser().parse_args(words[1:])
    assert read.module or read.no_python
    if read.config_file is not None:
        assert ROOT / read.config_file in CONFIGS
    check([read.training_script, *read.training_script_args])


def check_ray(words: Sequence[str]) -> None:
    scripts = pytest.importorskip("ray.scripts.scripts", reason="ray is not installed")
    scripts.cli.commands[words[0]].make_context(words[0], [*words[1:]])


def check_vllm_serve(words: Sequence[str]) -> None:
    pytest.importorskip("vllm", reason="vllm is not installed")
    from vllm.entrypoints.openai.cli_args import make_arg_parser
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    assert words[0] == "serve"
    make_arg_parser(FlexibleArgumentParser()).parse_args(words[1:])


def check_transformers(words: Sequence[str]) -> None:
    pytest.importorskip("fastapi", reason="transformers[serving] is not installed")
    from transformers.cli.transformers import app

    command: Any = app.commands[words[0]]  # type: ignore[attr-defined]
    command.make_context(words[0], [*words[1:]])


def check_module(words: Sequence[str]) -> None:
    assert words[:2] == ["-m", "sglang.launch_server"]
    pytest.importorskip("sglang", reason="sglang is not installed")
    from sglang.srt.server_args import prepare_server_args

    prepare_server_args([*words[2:]])


@pytest.mark.parametrize(
    "line", [line for page in PAGES for line in commands(page)], ids=lambda line: line[:60]
)
def test_the_program_that_a_command_calls_reads_it(
    line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    words = shlex.split(line, comments=True)
    while re.fullmatch(r"[A-Z_]+=\S*", words[0]):
        words.pop(0)
    check(words)


@pytest.mark.parametrize(
    "wrong",
    [
        "lm_eval --model hf --model_args pretrained=x --tasks game25 --output_path o --log_samples",
        "lm_eval --model vllm --model_args pretrained=x,tensor_parallel=2 --tasks game24 "
        "--output_path o --log_samples",
        "lm_eval --model hf --model_args pretrained=x --task_names game24",
        "lm_eval --model hf --model_args pretrained=x --tasks game24",
        "torchrun --standalone --processes 2 -m lm_eval --tasks game24",
        "accelerate launch --gpus 2 -m lm_eval",
        "tot24 eval --model-args pretrained=x",
        "tot24 leaderboard append x",
        "transformers serve x --continuous",
    ],
)
def test_a_command_that_is_wrong_is_found(wrong: str) -> None:
    """The checks above do not let everything pass; parsers say so in ways of their own."""
    with pytest.raises((Exception, SystemExit)):
        check(wrong.split())


def test_what_lm_eval_hands_on_to_vllm_is_an_argument_of_its_engine() -> None:
    arg_utils = pytest.importorskip("vllm.engine.arg_utils", reason="vllm is not installed")
    assert set(arg_utils.EngineArgs.__dataclass_fields__) >= FOR_VLLM


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_a_shipped_config_is_read_by_the_program_that_it_is_for(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert f"docs/scale/{path.name}" in text.partition("\n")[0], "the first line says how to use it"
    page = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    assert f"docs/scale/{path.name}" in page
    data = yaml.safe_load(text)
    if "model_args" in data:
        check_lm_eval(["--config", str(path)])
        return
    from accelerate.commands.config.config_args import load_config_from_file

    config = load_config_from_file(str(path))
    assert {key: getattr(config, key) for key in data if key != "distributed_type"} == {
        key: value for key, value in data.items() if key != "distributed_type"
    }
    assert str(config.distributed_type.value) == data["distributed_type"]
    assert config.num_processes % config.num_machines == 0


@pytest.mark.parametrize("extra", ["vllm"])
def test_the_extras_that_the_page_installs_exist(extra: str) -> None:
    page = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    assert f"lm-eval[{extra}]" in page
    assert extra in (metadata("lm-eval").get_all("Provides-Extra") or [])


def test_every_prompt_fits_where_the_page_says_so() -> None:
    """No byte-level tokenizer makes more tokens than there are bytes; 2,048 is SmolLM's context."""
    from tot24_bench.game import load_split
    from tot24_bench.harness import MAX_GEN_TOKS
    from tot24_bench.prompts import METHODS, SHOTS, build

    for method in METHODS:
        longest = max(
            len(build(method, hand, shots=SHOTS).text.encode()) for hand in load_split("hard100")
        )
        assert 1 + longest + MAX_GEN_TOKS[method] <= 2048


def test_the_file_of_ones_own_on_the_page_can_be_used(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "baselines.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```yaml\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    path = tmp_path / "mine.yaml"
    path.write_text(block, encoding="utf-8")
    (baseline,) = load_baselines(path)
    assert baseline.chat and baseline.methods == ("io", "onestep_tot")


def test_the_pages_name_the_group_of_tasks() -> None:
    assert any(f"--tasks {GROUP}" in line for line in commands("scale.md"))
