"""vLLM where it is not installed, and what its outputs come to."""

from __future__ import annotations

from importlib.util import find_spec
from types import SimpleNamespace

import pytest

from tot24_bench.game import Puzzle
from tot24_bench.prompts import build
from tot24_bench.teachers import Failure, Finish, Reply, Request
from tot24_bench.teachers.local.checkpoint import STOP, LocalSettings, TokenPrompt
from tot24_bench.teachers.local.vllm import VllmTeacher, outcome_of, sampling
from tot24_bench.teachers.teacher import TeacherUnavailable

REQUEST = Request(build("io", Puzzle.parse("4 5 6 10"), shots=0), 3)


@pytest.mark.skipif(find_spec("vllm") is not None, reason="vLLM is installed")
def test_where_it_is_not_installed_the_fix_is_named() -> None:
    with pytest.raises(TeacherUnavailable, match="pip install vllm"):
        VllmTeacher(LocalSettings("students/scout-2m"))


def output(finish: str | None, text: str = "Answer: 1") -> SimpleNamespace:
    written = SimpleNamespace(text=text, token_ids=(5, 6, 7), finish_reason=finish)
    return SimpleNamespace(prompt_token_ids=[1, 2], outputs=[written])


@pytest.mark.parametrize(("finish", "means"), [("stop", Finish.STOP), ("length", Finish.LENGTH)])
def test_an_output_is_a_reply_with_its_tokens(finish: str, means: Finish) -> None:
    reply = outcome_of(REQUEST, output(finish), 0.5)
    assert isinstance(reply, Reply)
    assert (reply.request, reply.text, reply.finish) == (REQUEST, "Answer: 1", means)
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (2, 3)
    assert (reply.usage.cost, reply.usage.seconds) == (None, 0.5)


@pytest.mark.parametrize(
    "broken", [output("abort", ""), output(None), SimpleNamespace(outputs=[], prompt_token_ids=[])]
)
def test_an_output_that_did_not_finish_is_a_failure_to_ask_again(broken: SimpleNamespace) -> None:
    failure = outcome_of(REQUEST, broken, 0.5)
    assert isinstance(failure, Failure)
    assert failure.again


def test_each_request_has_a_seed_of_its_own() -> None:
    settings = LocalSettings("x", temperature=0.9, top_p=0.8, top_k=7, max_tokens=50)
    one, two = (sampling(settings, TokenPrompt((1,), f"0:abc:{i}"), STOP) for i in (0, 1))
    assert one["seed"] != two["seed"]
    assert one == sampling(settings, TokenPrompt((1, 2), "0:abc:0"), STOP)
    del one["seed"]
    assert one == {
        "n": 1,
        "temperature": 0.9,
        "max_tokens": 50,
        "top_p": 0.8,
        "top_k": 7,
        "stop": [STOP],
    }


def test_what_is_not_set_is_left_to_vllm() -> None:
    assert set(sampling(LocalSettings("x"), TokenPrompt((1,), "k"), None)) == {
        "n",
        "temperature",
        "max_tokens",
        "seed",
    }
