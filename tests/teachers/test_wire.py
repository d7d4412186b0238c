"""What a server says is read without trust, and its tokens are divided exactly."""

from __future__ import annotations

import html
import json
from decimal import Decimal
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.teachers.asking import wanted
from tot24_bench.teachers import Failure, Reply
from tot24_bench.teachers.api.money import Price
from tot24_bench.teachers.api.settings import OpenAISettings, redacted
from tot24_bench.teachers.api.wire import BadBody, OpenAIWire, Tokens, plain, shares

FIELDS = (
    *("choices", "message", "content", "refusal", "text", "finish_reason", "usage", "id"),
    *("prompt_tokens", "completion_tokens", "prompt_tokens_details", "cached_tokens"),
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(FIELDS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)
bodies = json_values | st.fixed_dictionaries({"choices": json_values, "usage": json_values})


@given(body=bodies, completions=st.booleans(), count=st.integers(1, 4))
def test_whatever_json_a_server_sends_each_request_gets_one_outcome(
    body: object, completions: bool, count: int
) -> None:
    wire = OpenAIWire(OpenAISettings("m", "http://localhost/v1", completions=completions))
    requests = wanted(1, samples=count)
    outcomes = wire.read(body, requests)  # type: ignore[arg-type]
    assert [outcome.request for outcome in outcomes] == requests


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"choices": ' + "9" * 5_000 + "}", "the answer is no JSON"),
        ('{"choices": ', "the answer is no JSON"),
        ("[" * 100_000, "the answer is nested too deeply"),
        ("null", "the answer has no list of choices"),
    ],
)
def test_an_answer_that_cannot_be_read_is_a_fault_of_the_server(text: str, said: str) -> None:
    with pytest.raises(BadBody, match=said):
        OpenAIWire(OpenAISettings("m", "http://localhost/v1")).parse_text(text, 1)


@given(
    prompt=st.integers(0, 10**6),
    completion=st.integers(0, 10**6),
    cached=st.floats(0, 1),
    written=st.floats(0, 1),
    lengths=st.lists(st.integers(0, 10**5), min_size=1, max_size=12),
)
def test_shares_of_a_call_add_up_to_it_in_tokens_and_in_dollars(
    prompt: int, completion: int, cached: float, written: float, lengths: list[int]
) -> None:
    hits = int(prompt * cached)
    total = Tokens(prompt, completion, hits, int((prompt - hits) * written))
    parts = shares(total, lengths)
    assert tuple(map(sum, zip(*parts, strict=True))) == total
    price = Price(*map(Decimal, ("2.5", "10", "0.25", "3.1")))

    def cost(took: Tokens) -> Decimal:
        return price.cost(took.prompt, took.completion, cached=took.cached, written=took.written)

    assert sum(map(cost, parts)) == cost(total)
    assert all(cost(part) >= 0 for part in parts)


@given(value=json_values | st.fixed_dictionaries({"steps": json_values, "answer": json_values}))
def test_structured_output_is_either_of_the_schema_or_left_alone(value: object) -> None:
    text = plain(json.dumps(value))
    fits = (
        isinstance(value, dict)
        and set(value) == {"steps", "answer"}
        and isinstance(value["answer"], str)
        and isinstance(value["steps"], list)
        and all(isinstance(step, str) for step in value["steps"])
    )
    assert (text is not None) == fits


def test_a_sample_that_nobody_wants_takes_its_share_and_is_left_out() -> None:
    wire = OpenAIWire(OpenAISettings("m", "http://localhost/v1"))
    first, _, third = wanted(1, samples=3)
    message = {"message": {"content": "a"}, "finish_reason": "stop"}
    body = {"choices": [message] * 2, "usage": {"prompt_tokens": 10, "completion_tokens": 4}}
    reply, failure = wire.read(body, [first, None, third])
    assert isinstance(reply, Reply)
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (5, 2)
    assert isinstance(failure, Failure)
    assert (failure.kind, failure.again) == ("too few choices", True)


def test_half_an_account_of_tokens_is_none() -> None:
    wire = OpenAIWire(OpenAISettings("m", "http://localhost/v1"))

    def tokens(prompt: int, completion: int | None) -> Tokens | None:
        usage = {"prompt_tokens": prompt, "completion_tokens": completion}
        choice = {"message": {"content": "a"}, "finish_reason": "stop"}
        return wire.parse({"choices": [choice], "usage": usage}, 1).tokens

    assert tokens(20, None) is None
    assert tokens(0, 5) is None
    assert tokens(20, 0) == Tokens(20, 0)


def test_a_choice_that_nobody_answered_is_no_response() -> None:
    wire = OpenAIWire(OpenAISettings("m", "http://localhost/v1"))
    upstream = {
        "error": {"code": 502},
        "finish_reason": None,
        "message": {"role": "assistant", "content": "par"},
    }
    silent = {"finish_reason": None, "message": {"role": "assistant", "content": None}}
    for choice in (upstream, silent):
        (outcome,) = wire.read({"choices": [choice]}, wanted(1))
        assert isinstance(outcome, Failure)


def test_a_key_is_hidden_however_it_is_spelt() -> None:
    key = 'zz-secret"quote\\\\and&more'
    for spelt in (key, json.dumps(key), html.escape(key), quote(key)):
        assert "secret" not in redacted(f"wrong key {spelt}", key)
    assert "zz-sec" not in redacted(" " * 5_990 + key, key)
