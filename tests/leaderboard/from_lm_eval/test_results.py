"""Folders that lm-eval wrote: what is read of them, and what is refused."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tot24_bench.game import load_split
from tot24_bench.leaderboard.from_lm_eval import folder as lm_eval_folder
from tot24_bench.leaderboard.from_lm_eval.environment import (
    hardware_of,
    parameters_of,
    precision_of,
    versions_of,
)
from tot24_bench.leaderboard.from_lm_eval.folder import BadResults
from tot24_bench.leaderboard.from_lm_eval.prompts import is_ours, sent_prompt
from tot24_bench.leaderboard.from_lm_eval.results import read_results
from tot24_bench.prompts import build
from tot24_bench.transcripts import read_transcript

from ..lm_eval_runs import edit_results, edit_samples, results_file, run_lm_eval

Rows = list[dict[str, Any]]


def test_what_ran_is_what_is_read(written: Path, neox: Path) -> None:
    found = read_results(written)
    ((evaluation, recorded),) = found.tasks
    (task,) = evaluation.tasks
    assert [hand.puzzle for hand in task.hands] == list(load_split("hard100")[:3])
    assert [hand.prompt for hand in task.hands] == [
        build("io", hand.puzzle, shots=0).text for hand in task.hands
    ]
    plan = evaluation.plan
    assert (plan.model, plan.shots, plan.split, plan.variant) == ("hf", 0, "hard100", "default")
    assert evaluation.parameters is not None and evaluation.parameters == parameters_of(neox)
    assert evaluation.precision == "fp32"
    assert task.generation["max_gen_toks"] == 8
    assert recorded.seeds["torch"] == 1234
    assert {"lm-eval", "transformers", "torch", "python"} <= recorded.versions.keys()
    assert recorded.created is not None
    assert any("max_gen_toks = 8" in note for note in recorded.notes)


def test_tokens_are_counted_with_the_models_own_tokenizer(written: Path) -> None:
    ((evaluation, _),) = read_results(written).tasks
    for hand in evaluation.tasks[0].hands:
        (tokens,) = hand.tokens
        assert tokens is not None and 0 < tokens <= 8
        assert hand.scores[0].truncated == (tokens >= 8)
        assert hand.prompt_tokens is not None and 0 < hand.prompt_tokens <= len(hand.prompt)


def test_without_the_tokenizer_lm_evals_own_truncated_stands(output: Path, tmp_path: Path) -> None:
    def elsewhere(results: dict[str, Any]) -> None:
        results["config"]["model_args"] = {"model": "gpt", "base_url": "http://x"}
        results["config"] |= {"model": "local-completions", "model_num_parameters": -1}

    def cut(rows: Rows) -> None:
        for row in rows:
            row["doc"]["max_gen_toks"] = 8
            row["truncated"] = 1.0

    edit_results(output, elsewhere)
    edit_samples(output, cut)
    ((evaluation, recorded),) = read_results(output).tasks
    assert all(hand.scores[0].truncated for hand in evaluation.tasks[0].hands)
    first = evaluation.tasks[0].hands[0]
    assert first.tokens == (None,) and first.prompt_tokens is None
    assert evaluation.parameters is None and recorded.hardware is None
    assert any("tokens were not counted" in note for note in recorded.notes)


def test_another_split_and_exemplars_are_recognised(neox: Path, tmp_path: Path) -> None:
    told = {"tot24_exemplars": "published", "tot24_seed": 7}
    run_lm_eval(tmp_path, neox, ("game24_cot_fresh",), shots=2, metadata=told)
    ((evaluation, _),) = read_results(tmp_path).tasks
    plan = evaluation.plan
    assert (plan.tasks, plan.split, plan.variant) == (("game24_cot",), "fresh-s7", "published")
    assert plan.shots == 2


@pytest.mark.parametrize("multiturn", [True, False])
def test_a_chat_template_is_seen_through(
    multiturn: bool, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(tiny_checkpoint, tmp_path / "chatty"))
    template = (
        "{% for m in messages %}<{{ m.role }}>{{ m.content | trim }}</>\n{% endfor %}<assistant>"
    )
    (folder / "chat_template.jinja").write_text(template)
    output = tmp_path / "out"
    run_lm_eval(output, folder, shots=2, apply_chat_template=True, fewshot_as_multiturn=multiturn)
    ((evaluation, _),) = read_results(output).tasks
    assert (evaluation.plan.chat, evaluation.plan.multiturn) == (True, multiturn)
    assert evaluation.plan.variant == "default"
    assert "<user>" in evaluation.tasks[0].hands[0].prompt

    def reword(rows: Rows) -> None:
        for row in rows:
            sent = row["arguments"]["gen_args_0"]
            sent["arg_0"] = sent["arg_0"].replace("Use numbers", "Please use numbers cleverly")

    edit_samples(output, reword)
    ((evaluation, _),) = read_results(output).tasks
    assert evaluation.plan.variant == "other"


def test_a_hint_for_one_hand_within_a_chat_is_refused(
    tiny_checkpoint: Path, tmp_path: Path
) -> None:
    run_lm_eval(tmp_path, tiny_checkpoint, shots=0, apply_chat_template=True)

    def hint(rows: Rows) -> None:
        rows[1]["arguments"]["gen_args_0"]["arg_0"] += "(try 5 * 4 first)"

    edit_samples(tmp_path, hint)
    with pytest.raises(BadResults, match="differs from hand to hand"):
        read_results(tmp_path)


@pytest.mark.parametrize("multiturn", [True, False])
def test_messages_to_a_server_are_compared_one_by_one(multiturn: bool) -> None:
    from lm_eval.models.api_models import JsonChatStr
    from lm_eval.tasks import TaskManager

    from tot24_bench.harness import tasks_path

    manager = TaskManager(include_path=str(tasks_path()), include_defaults=False)
    task = manager.load("game24_cot")["tasks"]["game24_cot"]
    sent = task.fewshot_context(
        task.test_docs()[0],
        num_fewshot=3,
        apply_chat_template=True,
        fewshot_as_multiturn=multiturn,
        chat_template=lambda messages, **_: JsonChatStr(json.dumps(messages)),
    )
    asked = sent_prompt(json.loads(json.dumps(sent)))  # as the tracker logs it
    ours = build("cot", load_split("hard100")[0], shots=3)
    assert asked is not None and asked.chat and asked.messages
    assert is_ours(asked, ours, multiturn)
    assert not is_ours(asked, ours, not multiturn)
    assert not is_ours(asked._replace(messages=asked.messages[1:]), ours, multiturn)


def run_again(output: Path, time: str) -> dict[str, Path]:
    """Copies of the one run's files as if lm-eval had run again at another time."""
    copies = {}
    for path in sorted(output.rglob("*_20*.json*")):
        kind, _, ending = path.name.rpartition("_")
        suffix = ending[ending.index(".json") :]
        copies[suffix] = Path(shutil.copy(path, path.with_name(f"{kind}_{time}{suffix}")))
    return copies


def test_the_newest_run_of_a_task_counts_and_the_others_are_named(output: Path, neox: Path) -> None:
    samples = run_again(output, "2999-01-01T00-00-00.000001")[".jsonl"]
    samples.write_text("".join(samples.read_text().splitlines(keepends=True)[:2]))
    run_lm_eval(output, neox, ("game24_cot",), limit=1)
    found = read_results(output)
    assert [len(one.evaluation.tasks[0].hands) for one in found.tasks] == [2, 1]
    assert [one.evaluation.plan.tasks for one in found.tasks] == [("game24_io",), ("game24_cot",)]
    assert len(found.passed_over) == 1 and "is older than" in found.passed_over[0]


def test_runs_of_two_models_are_not_one_contribution(output: Path) -> None:
    other = run_again(output, "2999-01-01T00-00-00.000001")[".json"]
    results = json.loads(other.read_text())
    other.write_text(json.dumps(results | {"model_name": "another"}))
    with pytest.raises(BadResults, match="runs of 2 models"):
        read_results(output)


def test_one_results_file_may_be_named(written: Path) -> None:
    assert len(read_results(results_file(written)).tasks) == 1
    (samples,) = written.rglob("samples_*.jsonl")
    with pytest.raises(BadResults, match="give the folder it is in"):
        read_results(samples)


def test_missing_samples_name_the_flag(output: Path) -> None:
    (samples,) = output.rglob("samples_*.jsonl")
    samples.unlink()
    with pytest.raises(BadResults, match="--log_samples"):
        read_results(output)


def test_a_run_that_judged_nothing_is_sent_to_rescore(neox: Path, tmp_path: Path) -> None:
    """And `rescore` takes its samples."""
    output = run_lm_eval(tmp_path / "out", neox, predict_only=True)
    (samples,) = output.rglob("samples_*.jsonl")
    with pytest.raises(BadResults, match="run with --predict_only") as raised:
        read_results(output)
    assert f"`tot24 rescore {samples} --model NAME --method io --num_fewshot 0`" in str(
        raised.value
    )
    transcript = read_transcript(samples)
    assert (transcript.format, len(list(transcript))) == ("lm-eval", 3)


def test_a_system_instruction_is_another_prompt(neox: Path, tmp_path: Path) -> None:
    run_lm_eval(tmp_path, neox, system_instruction="You are a calculator.")
    ((evaluation, recorded),) = read_results(tmp_path).tasks
    assert evaluation.plan.variant == "other"
    assert any("not this benchmark's 0-shot io prompts" in note for note in recorded.notes)
    assert any("system instruction" in note for note in recorded.notes)


def test_a_prompt_that_was_cut_to_fit_is_refused(neox: Path, output: Path) -> None:
    edit_results(output, lambda results: results.update(max_length=60))
    with pytest.raises(BadResults, match=r"lm-eval cut the prompt.*--num_fewshot 0"):
        read_results(output)


def _copy_first(rows: Rows) -> None:
    rows.append(rows[0])


def _other_hand(rows: Rows) -> None:
    rows[1]["doc"]["numbers"] = "1 1 1 8"


def _other_prompt(rows: Rows) -> None:
    rows[1]["arguments"]["gen_args_0"]["arg_0"] += "Hint: multiply.\n"


def _other_response(rows: Rows) -> None:
    right = "Answer: 5 * 4 + 10 - 6 = 24"
    rows[0]["resps"] = rows[0]["filtered_resps"] = [[right]]


def _filtered(rows: Rows) -> None:
    rows[0]["filtered_resps"] = [["24"]]


def _figure(name: str, value: object) -> Callable[[Rows], None]:
    return lambda rows: rows[2].update({name: value})


DAMAGE: dict[str, tuple[Callable[[Rows], object], str]] = {
    "a removed hand": (lambda rows: rows.pop(1), "not the first 2 of hard100"),
    "the last hand removed": (lambda rows: rows.pop(), "its 2 samples give|some are missing|acc"),
    "a doubled hand": (_copy_first, "4 5 6 10 is asked twice"),
    "a foreign hand": (_other_hand, "1 1 1 8 is not in hard100"),
    "another prompt for a hand": (_other_prompt, "the prompt of 1 2 4 7 is not this benchmark's"),
    "a better response": (_other_response, "acc of 4 5 6 10 is not what the response gives"),
    "a changed figure": (_figure("valid", 1.0), "valid of 2 5 8 11 is not what"),
    "NaN for a figure": (_figure("acc", float("nan")), "acc of 2 5 8 11 is not what"),
    "text for a figure": (_figure("acc", "1"), "acc: no figure"),
    "a filter that cuts": (_filtered, "not what the model wrote"),
    "no responses": (lambda rows: rows[0].pop("resps"), "resps is missing.*--log_samples"),
    "no prompt": (lambda rows: rows[0].pop("arguments"), "no request"),
    "no records": (lambda rows: rows.clear(), "holds no responses"),
    "other settings for a hand": (
        lambda rows: rows[0]["arguments"]["gen_args_0"]["arg_1"].update(do_sample=True),
        "differ between hands",
    ),
    "a token limit of text": (
        lambda rows: [r["arguments"]["gen_args_0"]["arg_1"].update(max_gen_toks="9") for r in rows],
        "no number of tokens",
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_refused_in_a_line(damage: str, output: Path) -> None:
    change, message = DAMAGE[damage]
    if damage == "the last hand removed":  # lm-eval's own acc of none right would still agree
        edit_results(
            output, lambda results: results["results"]["game24_io"].update({"acc,none": 0.3})
        )
    edit_samples(output, lambda rows: change(rows) and None)
    with pytest.raises(BadResults, match=message) as raised:
        read_results(output)
    assert "\n" not in str(raised.value) and len(str(raised.value)) < 1_000


def test_a_smaller_limit_is_a_smaller_row(output: Path) -> None:
    """Hands left out at the end are a partial run, and say so in the submission's name."""
    edit_samples(output, lambda rows: rows.pop() and None)
    ((evaluation, _),) = read_results(output).tasks
    assert evaluation.plan.limit == 2


def _settings(field: str, value: object) -> Callable[[Path], None]:
    return lambda output: edit_results(output, lambda results: results.update({field: value}))


def _raw(text: bytes) -> Callable[[Path], None]:
    def put(output: Path) -> None:
        results_file(output).write_bytes(text)

    return put


def _sample_line(text: str) -> Callable[[Path], None]:
    def put(output: Path) -> None:
        (path,) = output.rglob("samples_*.jsonl")
        path.write_text(text, encoding="utf-8")

    return put


def _linked(pattern: str) -> Callable[[Path], None]:
    def link(output: Path) -> None:
        (path,) = output.rglob(pattern)
        real = output.parent / "real"
        path.rename(real)
        path.symlink_to(real)

    return link


def _pipe(output: Path) -> None:
    path = results_file(output)
    path.unlink()
    os.mkfifo(path)


DEEP = "[" * 100_000 + "]" * 100_000

HOSTILE: dict[str, tuple[Callable[[Path], None], str]] = {
    "not JSON": (_raw(b"{"), "not JSON"),
    "not an object": (_raw(b"[]"), "not a results file"),
    "nested too deep": (_raw(DEEP.encode()), "not JSON"),
    "samples nested too deep": (_sample_line(DEEP + "\n"), "nested too deep|not an object"),
    "samples of bytes": (_sample_line("\x00\x01\n"), "not JSON"),
    "a results link": (_linked("results_*.json"), "no plain file"),
    "a samples link": (_linked("samples_*.jsonl"), "no plain file"),
    "a pipe": (_pipe, "no plain file"),
    "another's results": (_settings("configs", {"gsm8k": {}}), "no task of this benchmark"),
    "shots out of range": (_settings("n-shot", {"game24_io": 10**9}), "n-shot"),
    "shots NaN": (_settings("n-shot", {"game24_io": float("nan")}), "n-shot"),
    "a huge count": (
        lambda output: edit_results(
            output, lambda results: results["config"].update(model_num_parameters=10**30)
        ),
        "model_num_parameters",
    ),
    "an unknown split": (
        lambda output: edit_results(
            output,
            lambda results: results["configs"]["game24_io"]["metadata"].update(
                tot24_split="../../etc/passwd"
            ),
        ),
        "no split",
    ),
    "a draw without end": (
        lambda output: edit_results(
            output,
            lambda results: results["configs"]["game24_io"]["metadata"].update(
                tot24_split="fresh", tot24_size=10**12
            ),
        ),
        "size",
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_folders_are_refused_in_a_line(case: str, output: Path) -> None:
    change, message = HOSTILE[case]
    change(output)
    with pytest.raises(BadResults, match=message) as raised:
        read_results(output)
    assert "\n" not in str(raised.value) and len(str(raised.value)) < 1_000


def test_giant_files_are_not_read(output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (samples,) = output.rglob("samples_*.jsonl")
    with samples.open("r+b") as file:
        file.truncate(lm_eval_folder.MAX_SAMPLES_FILE_BYTES + 1)  # takes no room on the disk
    with pytest.raises(BadResults, match="larger than"):
        read_results(output)
    results = results_file(output)
    with results.open("r+b") as file:
        file.truncate(lm_eval_folder.MAX_RESULTS_BYTES + 1)
    with pytest.raises(BadResults, match="larger than"):
        read_results(output)
    monkeypatch.setattr(lm_eval_folder, "MAX_FILES", 1)
    with pytest.raises(BadResults, match="more than 1 files"):
        read_results(output)


def test_a_link_to_a_folder_is_not_followed(written: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "linked").symlink_to(written)
    with pytest.raises(BadResults, match="no results_"):
        read_results(tmp_path / "in")
    with pytest.raises(BadResults, match="is a link"):
        read_results(tmp_path / "in" / "linked")


def test_absurd_dates_and_times_are_not_known(output: Path) -> None:
    edit_results(
        output,
        lambda results: results.update(date=1e300, total_evaluation_time_seconds="nan"),
    )
    ((evaluation, recorded),) = read_results(output).tasks
    assert recorded.created is None and evaluation.seconds == 0


def test_a_number_where_text_belongs_is_not_known(output: Path) -> None:
    def change(results: dict[str, Any]) -> None:
        results |= {"model_name": 5, "lm_eval_version": [1]}
        results["config"] |= {"device": 5, "model_dtype": {}}

    edit_results(output, change)
    ((evaluation, recorded),) = read_results(output).tasks
    assert evaluation.plan.device is None and evaluation.precision is None
    assert "lm-eval" not in recorded.versions


ENVIRONMENT = """PyTorch version: 2.9.0+cu128
Python version: 3.12.3 (main) [GCC 13] (64-bit runtime)
GPU models and configuration: GPU 0: NVIDIA H100 80GB HBM3
GPU 1: NVIDIA H100 80GB HBM3
CPU(s):   64
Model name:      AMD EPYC 9004
"""


def test_the_machine_is_read_and_a_servers_is_not_known() -> None:
    assert hardware_of(ENVIRONMENT, "vllm", None) == "2 x NVIDIA H100 80GB HBM3"
    assert hardware_of(ENVIRONMENT, "hf", "cpu") == "AMD EPYC 9004 CPU, 64 cores"
    assert hardware_of(ENVIRONMENT, "openai-chat-completions", None) is None
    assert versions_of(ENVIRONMENT) == {"torch": "2.9.0+cu128", "python": "3.12.3"}


def test_precision_is_what_ran_else_what_was_asked_for_else_not_known() -> None:
    assert precision_of("torch.bfloat16", {}) == "bf16"
    assert precision_of(None, {"dtype": "float16"}) == "fp16"
    assert precision_of(None, {"dtype": "auto"}) is None
    assert precision_of("torch.float16", {"load_in_4bit": True}) is None
