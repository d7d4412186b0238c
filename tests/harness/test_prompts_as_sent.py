"""What lm-eval really sends is what `prompts.build` says, for every method, shot and form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tot24_bench.game import Puzzle, load_split
from tot24_bench.harness import MAX_GEN_TOKS, SEARCH, task_name, tasks_path
from tot24_bench.prompts import METHODS, build

CASES = [("hard100", 0, "default"), ("hard100", 5, "default"), ("hard100", 5, "search")]


def load_task(method: str, **metadata: str) -> Any:
    from lm_eval.tasks import TaskManager

    manager = TaskManager(include_path=str(tasks_path()), include_defaults=False, metadata=metadata)
    return manager.load(task_name(method))["tasks"][task_name(method)]


def plain_chat(messages: list[dict[str, str]], **_: Any) -> str:
    return "".join(f"<{m['role']}>{m['content']}" for m in messages)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("split", "shots", "variant"), CASES)
def test_lm_eval_sends_the_prompt_that_we_build(
    method: str, split: str, shots: int, variant: str
) -> None:
    task = load_task(method, tot24_split=split, tot24_exemplars=variant)
    for row, puzzle in zip(task.test_docs(), load_split(split), strict=True):
        sent = task.fewshot_context(row, num_fewshot=shots)
        assert sent == build(method, puzzle, shots=shots, variant=variant).text


@pytest.mark.parametrize("method", METHODS)
def test_the_multiturn_chat_is_the_messages_that_we_build(method: str) -> None:
    task = load_task(method)
    puzzle = load_split("hard100")[0]
    chat: Callable[..., str] = plain_chat
    sent = task.fewshot_context(
        task.test_docs()[0],
        num_fewshot=5,
        apply_chat_template=True,
        fewshot_as_multiturn=True,
        chat_template=chat,
    )
    assert sent == plain_chat(build(method, puzzle).messages)


@pytest.mark.parametrize("variant", ["default", "published", "search"])
def test_no_exemplar_equals_the_hand_asked(variant: str) -> None:
    task = load_task("onestep_tot", tot24_split="full", tot24_exemplars=variant)
    for row in task.test_docs():
        *shown, asked = [
            Puzzle.parse(line.removeprefix("Input: ")).hand
            for line in task.fewshot_context(row, num_fewshot=5).splitlines()
            if line.startswith("Input: ")
        ]
        assert len(set(shown)) == 5
        assert asked not in shown


@pytest.mark.parametrize("shots", [0, 5])
def test_a_model_that_is_no_search_is_sent_the_prompt_of_io(shots: int) -> None:
    task = load_task(SEARCH, tot24_exemplars="search")
    for row, puzzle in zip(task.test_docs(), load_split("hard100"), strict=True):
        sent = task.fewshot_context(row, num_fewshot=shots)
        assert sent == build("io", puzzle, shots=shots).text


def test_the_task_of_searches_shows_no_exemplar_unless_told() -> None:
    assert load_task(SEARCH).config.num_fewshot == 0


@pytest.mark.parametrize("method", [*METHODS, SEARCH])
def test_each_task_states_its_own_token_limit_and_one_stop_string(method: str) -> None:
    generation = load_task(method).config.generation_kwargs
    assert generation["max_gen_toks"] == MAX_GEN_TOKS[method]
    assert generation["until"] == ["\nInput:"]
    assert generation["do_sample"] is False


def test_an_unknown_split_is_named_when_the_task_loads() -> None:
    with pytest.raises(ValueError, match="did you mean hard100"):
        load_task("io", tot24_split="hard10")
