"""Real lm-eval runs on a tiny random checkpoint, and what is refused before generating."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tot24_bench.checkpoint import BadCheckpoint, check_checkpoint, looks_local
from tot24_bench.harness import Evaluation, EvaluationPlan, evaluate, tasks_path
from tot24_bench.harness.evaluate import EvaluationError
from tot24_bench.harness.tasks import UnknownTask, expand
from tot24_bench.prompts import build

SHORT = {"max_gen_toks": 8}


def plan(checkpoint: Path, **changes: object) -> EvaluationPlan:
    settings = {"limit": 3, "device": "cpu", "generation": SHORT, "tasks": ("game24_io",)}
    return EvaluationPlan("hf", {"pretrained": str(checkpoint)}, **{**settings, **changes})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def three_tasks(tiny_checkpoint: Path) -> Evaluation:
    return evaluate(plan(tiny_checkpoint, tasks=("game24", "game24_io"), shots=5))


def test_a_group_and_its_member_are_evaluated_once(three_tasks: Evaluation) -> None:
    names = [task.task for task in three_tasks.tasks]
    assert names == ["game24_io", "game24_cot", "game24_onestep_tot"]


def test_every_response_stands_beside_its_prompt_and_score(three_tasks: Evaluation) -> None:
    for task in three_tasks.tasks:
        assert len(task.hands) == 3
        for hand in task.hands:
            assert hand.prompt == build(task.method, hand.puzzle, shots=5).text
            assert len(hand.responses) == len(hand.scores) == len(hand.tokens) == 1
            assert hand.prompt_tokens is not None
            assert len(hand.prompt) / 4 < hand.prompt_tokens <= len(hand.prompt.encode())


def test_an_untrained_student_runs_into_the_limit_and_is_called_truncated(
    three_tasks: Evaluation,
) -> None:
    assert three_tasks.tasks[0].generation["max_gen_toks"] == 8
    assert [hand.tokens for hand in three_tasks.tasks[0].hands] == [(8,), (8,), (8,)]
    assert three_tasks.tasks[0].metrics["truncated"] == 1.0


def test_the_model_is_described(three_tasks: Evaluation) -> None:
    assert three_tasks.precision == "fp32"
    assert three_tasks.parameters is not None and three_tasks.parameters < 100_000
    assert three_tasks.generators == ("tot24-bench",)


def test_repeats_with_sampling_differ_and_all_are_scored(tiny_checkpoint: Path) -> None:
    generation = {**SHORT, "do_sample": True, "temperature": 5.0}
    result = evaluate(plan(tiny_checkpoint, repeats=4, generation=generation, limit=2))
    hands = result.tasks[0].hands
    assert [len(hand.scores) for hand in hands] == [4, 4]
    assert len(set(hands[0].responses)) > 1


def test_the_chat_form_of_our_students_is_the_plain_prompt(tiny_checkpoint: Path) -> None:
    chat = evaluate(plan(tiny_checkpoint, chat=True, multiturn=True, limit=2))
    plain = evaluate(plan(tiny_checkpoint, limit=2))
    assert [h.prompt for h in chat.tasks[0].hands] == [h.prompt for h in plain.tasks[0].hands]


def test_a_chat_with_a_model_that_has_no_template_is_refused(
    tiny_checkpoint: Path, tmp_path: Path
) -> None:
    from transformers import AutoTokenizer

    base = tmp_path / "base"
    shutil.copytree(tiny_checkpoint, base)
    tokenizer = AutoTokenizer.from_pretrained(base)
    tokenizer.chat_template = None
    (base / "chat_template.jinja").unlink(missing_ok=True)
    tokenizer.save_pretrained(base)
    with pytest.raises(EvaluationError, match="has no chat template: leave --apply_chat_template"):
        evaluate(plan(base, chat=True, multiturn=True))


def test_a_prompt_that_does_not_fit_is_refused_before_generating(tiny_checkpoint: Path) -> None:
    with pytest.raises(EvaluationError, match="--num_fewshot 0"):
        evaluate(plan(tiny_checkpoint, generation={"max_gen_toks": 2000}))


def test_a_missing_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadCheckpoint, match="no checkpoint at"):
        check_checkpoint({"pretrained": str(tmp_path / "nope")})
    with pytest.raises(BadCheckpoint, match="pretrained="):
        check_checkpoint({})


def test_a_model_of_packages_that_is_not_here_names_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadCheckpoint, match="fetch it: tot24 models get smollm2-135m-instruct"):
        check_checkpoint({"pretrained": "models/smollm2-135m-instruct"})


def test_a_folder_that_is_no_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadCheckpoint, match=r"config\.json"):
        check_checkpoint({"pretrained": str(tmp_path)})


def test_a_checkpoint_without_a_tokenizer_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(BadCheckpoint, match="holds no tokenizer"):
        check_checkpoint({"pretrained": str(tmp_path)})
    check_checkpoint({"pretrained": str(tmp_path), "tokenizer": "gpt2"})


def test_a_hub_name_is_not_taken_for_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert not looks_local("gpt2")
    assert not looks_local("HuggingFaceTB/SmolLM-360M")
    assert looks_local("./gpt2")
    assert looks_local("/models/gpt2")
    (tmp_path / "students").mkdir()
    assert looks_local("students/nope")


def test_an_unknown_task_offers_near_names() -> None:
    with pytest.raises(UnknownTask, match="did you mean game24_onestep_tot"):
        expand(["game24_onestep"])


def test_a_cache_with_repeats_is_refused(tiny_checkpoint: Path) -> None:
    with pytest.raises(EvaluationError, match="same response"):
        evaluate(plan(tiny_checkpoint, repeats=2, cache="responses"))


def test_each_model_has_a_response_cache_of_its_own(tiny_checkpoint: Path, tmp_path: Path) -> None:
    """lm-eval's cache knows prompts, not models: another model must not get these responses."""
    from training.student import StudentConfig, make_student

    other = tmp_path / "other"
    config = StudentConfig(hidden=16, intermediate=32, layers=1, heads=1, attention="sdpa")
    model, tokenizer = make_student(config, seed=1)
    model.save_pretrained(other)
    tokenizer.save_pretrained(other)
    cache = str(tmp_path / "cache")
    responses = [
        [hand.responses for hand in evaluate(plan(checkpoint, cache=cache)).tasks[0].hands]
        for checkpoint in (tiny_checkpoint, other, tiny_checkpoint)
    ]
    assert responses[0] == responses[2]
    assert len(list(tmp_path.glob("cache-*"))) == 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"generation": {"max_new_tokens": 8}}, "max_gen_toks"),
        ({"multiturn": True}, "--apply_chat_template"),
        ({"batch_size": 0}, "--batch_size"),
        ({"device": "gpu7"}, "no device"),
    ],
)
def test_a_plan_that_lm_eval_would_misread_is_refused(
    tiny_checkpoint: Path, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(EvaluationError, match=words):
        evaluate(plan(tiny_checkpoint, **changes))


@pytest.mark.parametrize("arguments", [{"dtype": "float99"}, {"nonsense": 1}])
def test_arguments_that_the_model_does_not_take_are_one_error(
    tiny_checkpoint: Path, arguments: dict[str, object]
) -> None:
    asked = EvaluationPlan("hf", {"pretrained": str(tiny_checkpoint), **arguments}, ("game24_io",))
    with pytest.raises(BadCheckpoint, match="cannot load"):
        evaluate(asked)


def test_an_unsolvable_hand_is_judged_alike_by_lm_eval_and_by_us_whatever_the_limit(
    tiny_checkpoint: Path,
) -> None:
    """`truncated` decides whether a late "no solution" counts: both sides know the same limit."""
    result = evaluate(plan(tiny_checkpoint, split="unsolvable", generation={"max_gen_toks": 600}))
    assert {hand.tokens[0] for hand in result.tasks[0].hands} == {600}
    assert result.tasks[0].metrics["truncated"] == 1.0


def test_the_installed_task_files_equal_those_of_the_checkout(root: Path) -> None:
    import lm_eval.tasks

    installed = Path(lm_eval.tasks.__file__).parent / "game24"
    if not installed.is_dir():
        pytest.skip("tot24-bench is not installed beside lm-eval: run make test")
    ours, theirs = (
        {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
        for folder in (root / "tasks" / "game24", installed)
    )
    names = {name for name in ours if "__pycache__" not in name}
    assert names == {name for name in theirs if "__pycache__" not in name}
    for name in names:
        assert (installed / name).read_bytes() == (root / "tasks/game24" / name).read_bytes(), name
    assert tasks_path() == root / "tasks"
