"""The naive baselines: the list that ships, lists of one's own, and what has not run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.leaderboard.conftest import entries, make_submission
from tot24_bench.harness import EvaluationPlan, plain_command
from tot24_bench.leaderboard import (
    Baseline,
    Options,
    keys_of,
    load_baselines,
    missing_methods,
    pick_baselines,
    plan_of,
    run_baseline,
    write,
)
from tot24_bench.leaderboard.baselines import BadBaselines, not_run
from tot24_bench.models import MODELS
from tot24_bench.prompts import METHODS

ONE = """
baselines:
  - name: org/base
    backend: hf
    model_args: {pretrained: org/base}
"""


def listed(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def parsed(command: tuple[str, ...]) -> Any:
    """What lm-eval itself reads from the words of a command."""
    from lm_eval._cli import HarnessCLI
    from lm_eval.config.evaluate_config import EvaluatorConfig

    before = sys.argv
    try:
        sys.argv = list(command)
        return EvaluatorConfig.from_cli(HarnessCLI().parse_args())
    finally:
        sys.argv = before


def test_the_list_that_ships_names_what_the_page_promises() -> None:
    names = {baseline.name.rpartition("/")[2] for baseline in load_baselines()}
    assert names >= {f"SmolLM{v}-{size}" for v in ("", "2") for size in ("135M", "360M", "1.7B")}
    assert names >= {f"Qwen3-{size}" for size in ("0.6B", "1.7B", "4B")}
    assert any(name.startswith("gpt-4o") for name in names)
    assert not any("scout" in name for name in names)


@pytest.mark.parametrize("baseline", load_baselines(), ids=lambda one: one.name)
def test_every_baseline_is_asked_the_three_methods_with_five_exemplars(baseline: Baseline) -> None:
    assert baseline.methods == METHODS
    assert baseline.shots == 5
    assert baseline.licence and baseline.link
    model = baseline.model_args.get("pretrained") or baseline.model_args.get("model")
    assert baseline.name == model, "tot24 eval would write it under another name"
    assert (baseline.parameters is None) == (baseline.backend != "hf")


def test_the_offline_list_asks_every_model_of_packages_in_each_way_that_makes_sense() -> None:
    listed = load_baselines(offline=True)
    asked = {(one.name, one.chat, one.shots) for one in listed}
    ways = {(True, 5), (True, 0), (False, 5), (False, 0)}
    smollm, gemma = "SmolLM2-135M-Instruct-Q4_1", "gemma-3-270m-Q4_K_M"
    assert asked == {(smollm, *way) for way in ways} | {(gemma, False, 5), (gemma, False, 0)}
    keys = [key for one in listed for key in keys_of(one).values()]
    assert len(set(keys)) == len(keys) == 18
    hub = {key for one in load_baselines() for key in keys_of(one).values()}
    assert not hub.intersection(keys)
    known = {model.name: model for model in MODELS}
    for one in listed:
        model = known[Path(str(one.model_args["pretrained"])).name]
        told = (model.row, model.parameters, model.licence, model.link)
        assert (one.name, one.parameters, one.licence, one.link) == told
        assert one.fetch and one.methods == METHODS


@pytest.mark.parametrize(
    "baseline",
    [*load_baselines(), *load_baselines(offline=True)],
    ids=lambda one: f"{one.name}-{one.chat}-{one.shots}",
)
def test_the_plain_command_of_a_baseline_asks_lm_eval_for_the_same(baseline: Baseline) -> None:
    plan = plan_of(baseline, Options(device="cpu", limit=7, cache="responses"))
    read = parsed(plain_command(plan, "out"))
    assert (read.model, read.model_args) == (plan.model, plan.model_args)
    assert tuple(read.tasks) == plan.tasks
    assert (read.num_fewshot, read.limit, read.use_cache) == (plan.shots, 7, "responses")
    assert int(read.batch_size) == plan.batch_size
    assert read.apply_chat_template == plan.chat
    assert bool(read.fewshot_as_multiturn) == plan.multiturn
    assert (read.log_samples, read.output_path) == (True, "out")
    assert read.seed == [plan.seed] * 4


SCALARS = st.one_of(
    st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()
)


@given(values=st.dictionaries(st.from_regex(r"[a-z_][a-z0-9_]{0,9}", fullmatch=True), SCALARS))
def test_arguments_survive_the_way_through_lm_evals_command_line(values: dict[str, Any]) -> None:
    plan = EvaluationPlan("hf", {"pretrained": "org/base", **values}, ("game24_io",))
    assert parsed(plain_command(plan, "out")).model_args == plan.model_args


def test_a_changed_token_limit_is_told_to_the_task_as_well(tmp_path: Path) -> None:
    text = ONE + "    generation: {max_gen_toks: 8}\n    shots: 0\n    methods: [onestep_tot, io]\n"
    (baseline,) = load_baselines(listed(tmp_path, text))
    assert baseline.methods == ("io", "onestep_tot")
    read = parsed(plain_command(plan_of(baseline), "out"))
    assert read.gen_kwargs == {"max_gen_toks": 8}
    assert read.metadata["tot24_max_gen_toks"] == 8
    assert read.num_fewshot == 0


def test_repeats_have_no_plain_command() -> None:
    with pytest.raises(ValueError, match="repeats"):
        plain_command(EvaluationPlan("hf", {"pretrained": "x"}, ("game24_io",), repeats=2), "out")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("baselines: []", "baselines"),
        ("- just a list", "valid"),
        ("baselines: {a: [", "no YAML"),
        (ONE + "    methods: [tot]\n", "'tot' is not one of io, cot, onestep_tot"),
        (ONE + "    shots: 6\n", "baselines.0.shots"),
        (ONE + "    acc: 0.5\n", "baselines.0.acc"),
        (ONE.replace("pretrained:", "dtype:"), "name no model"),
        (ONE.replace("pretrained:", "model:") + "    fetch: true\n", "fetch needs model_args"),
        (ONE + "    link: javascript:alert(1)\n", "baselines.0.link"),
        (ONE + ONE.replace("baselines:\n", ""), "two baselines are named 'org/base'"),
        (ONE + "    note: !!python/object/apply:os.getcwd []\n", "no YAML"),
        ("#" * 2**20 + "\n" + ONE, "larger than"),
        ("[" * 100_000, "no YAML"),
    ],
    ids=lambda text: text[-30:].strip(),
)
def test_a_list_that_cannot_be_used_is_one_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(BadBaselines) as caught:
        load_baselines(listed(tmp_path, text))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path / 'mine.yaml'}: ")


def test_a_list_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadBaselines, match=r"nope\.yaml: cannot be read"):
        load_baselines(tmp_path / "nope.yaml")


def test_a_baseline_is_found_without_its_owner_in_any_case() -> None:
    picked = pick_baselines(load_baselines(), ["qwen3-4b", "HuggingFaceTB/SmolLM-360M"])
    assert [one.name for one in picked] == ["HuggingFaceTB/SmolLM-360M", "Qwen/Qwen3-4B"]
    with pytest.raises(ValueError, match=r"did you mean .*SmolLM2-360M"):
        pick_baselines(load_baselines(), ["SmolLM2-350M"])


def test_a_row_is_not_run_until_its_submission_is_there(tmp_path: Path) -> None:
    (baseline,) = load_baselines(listed(tmp_path, ONE))
    row = make_submission(hands=100, name="org/base", task="game24_io", method="io", shots=5)
    assert [one.method for one in not_run([], [baseline])] == list(METHODS)
    (cot, search) = not_run(entries([row]), [baseline])
    assert (cot.method, search.method) == ("cot", "onestep_tot")
    assert cot.key == keys_of(baseline)["cot"] == "org--base/game24_cot.5shot"
    write(row, tmp_path)
    assert missing_methods(baseline, tmp_path) == ("cot", "onestep_tot")


@pytest.mark.parametrize(
    "changes",
    [{"shots": 0}, {"chat": True}, {"hands": 3}, {"obtained": "rescored", "source": "x"}],
    ids=str,
)
def test_a_row_of_another_setting_does_not_fill_it(tmp_path: Path, changes: dict[str, Any]) -> None:
    (baseline,) = load_baselines(listed(tmp_path, ONE))
    settings = {"hands": 100, "shots": 5, "task": "game24_io", "method": "io", **changes}
    row = make_submission(name="org/base", **settings)
    assert len(not_run(entries([row]), [baseline])) == 3


def test_a_model_behind_a_key_asks_for_it_before_anything_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    (baseline,) = pick_baselines(load_baselines(), ["gpt-4o-2024-08-06"])
    with pytest.raises(ValueError, match="set OPENAI_API_KEY"):
        run_baseline(baseline, tmp_path)
