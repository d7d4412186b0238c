"""The teacher `openai` against a real server of a real checkpoint: `transformers serve`.

It ignores `n`, refuses unknown fields, and answers greedily whatever the temperature is, unless the
checkpoint says `do_sample`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.teachers.asking import asked, asked_for, replies, wanted
from tot24_bench.teachers import Budget, BudgetSpent, Finish
from tot24_bench.teachers.api.live import OpenAITeacher
from tot24_bench.teachers.api.settings import OpenAISettings
from tot24_bench.teachers.teacher import TeacherUnavailable


@pytest.fixture(scope="module")
def served(tiny_server: str) -> str:
    return tiny_server


def settings_of(url: str, checkpoint: Path, **given: object) -> OpenAISettings:
    small: dict[str, object] = {"max_tokens": 6, "concurrency": 4, "completions": True}
    return OpenAISettings(str(checkpoint), url, **small | given)  # type: ignore[arg-type]


def test_every_sample_is_answered_though_the_server_ignores_n(
    served: str, tiny_checkpoint: Path
) -> None:
    requests = wanted(3, samples=4)
    teacher = OpenAITeacher(settings_of(served, tiny_checkpoint, seed=3))
    outcomes = list(teacher.ask(requests))
    assert asked(outcomes) == asked_for(requests)
    for reply in replies(outcomes):
        assert reply.finish is Finish.LENGTH, "this checkpoint never ends by itself"
        assert reply.text
        assert (reply.usage.completion_tokens or 0) > 0
        assert (reply.usage.prompt_tokens or 0) > 5
        assert not any("/" in str(value) for value in reply.details.values()), "a path of ours"
    greedy = {(r.request.puzzle, r.text) for r in replies(outcomes)}
    assert len(greedy) == 3, "the server does not sample"


def test_chat_messages_are_answered_too(served: str, tiny_checkpoint: Path) -> None:
    teacher = OpenAITeacher(settings_of(served, tiny_checkpoint, completions=False, max_retries=0))
    assert len(replies(list(teacher.ask(wanted(2))))) == 2


def test_a_model_that_is_not_served_is_named(served: str) -> None:
    with pytest.raises(TeacherUnavailable, match="has no model 'another' there: check --model"):
        list(OpenAITeacher(settings_of(served, Path("another"))).ask(wanted(1)))


def test_a_budget_of_tokens_holds_with_the_tokens_that_the_server_counts(
    served: str, tiny_checkpoint: Path
) -> None:
    budget = Budget(max_tokens=900)
    outcomes = []
    with pytest.raises(BudgetSpent):
        for outcome in OpenAITeacher(settings_of(served, tiny_checkpoint), budget).ask(wanted(50)):
            outcomes.append(outcome)
    told = [reply.usage for reply in replies(outcomes)]
    assert 0 < len(told) < 50
    spent = sum((u.prompt_tokens or 0) + (u.completion_tokens or 0) for u in told)
    assert spent == budget.spent_tokens <= 900
