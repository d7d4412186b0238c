"""The teacher `openai` against a server that fails in every way we know of."""

from __future__ import annotations

import logging
import os
import random
import signal
import socket
import threading
import time
import traceback
from collections.abc import Iterator
from itertools import pairwise

import pytest

from tests.teachers.asking import asked, asked_for, failures, replies, teacher_of, wanted
from tests.teachers.faulty_server import PROMPT_TOKENS, Behaviour, FaultyServer, serving
from tot24_bench.teachers import Failure, Finish, Reply, Request
from tot24_bench.teachers.api import client
from tot24_bench.teachers.api.live import OpenAITeacher
from tot24_bench.teachers.api.money import Price, price_of
from tot24_bench.teachers.api.settings import KEY_VARIABLE, OpenAISettings
from tot24_bench.teachers.teacher import TeacherUnavailable

KEY = "sk-verysecret1234567890"

SURVIVED = ("429", "500", "503", "cut", "cut body", "malformed", "html", "deep", "empty")


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (KEY_VARIABLE, "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with serving() as server:
        yield server


def test_every_request_gets_one_reply_that_belongs_to_its_hand(server: FaultyServer) -> None:
    requests = wanted(20, samples=3)
    outcomes = list(teacher_of(server).ask(requests))
    assert asked(outcomes) == asked_for(requests)
    for reply in replies(outcomes):
        assert reply.text == f"echo of {reply.request.puzzle.text}"
        assert reply.finish is Finish.STOP
        assert reply.details == {"response_id": "call-1", "snapshot": "m-2026-01-01"}


def test_samples_of_a_hand_share_calls_and_their_tokens_add_up_to_what_was_billed(
    server: FaultyServer,
) -> None:
    price = Price(input=price_of("gpt-4o").input, output=price_of("gpt-4o").output)  # type: ignore[union-attr]
    outcomes = list(
        teacher_of(server, price=price, samples_per_request=8).ask(wanted(2, samples=11))
    )
    assert sorted(body.get("n", 1) for body in server.seen.bodies) == [3, 3, 8, 8]
    usages = [reply.usage for reply in replies(outcomes)]
    tokens = sum((u.prompt_tokens or 0) + (u.completion_tokens or 0) for u in usages)
    assert tokens == server.seen.billed
    prompts = sum(u.prompt_tokens or 0 for u in usages)
    assert prompts == 4 * PROMPT_TOKENS
    assert sum(u.cost or 0 for u in usages) == price.cost(prompts, tokens - prompts)
    assert all(u.seconds is not None and u.seconds >= 0 for u in usages)


@pytest.mark.parametrize("fault", SURVIVED)
def test_a_passing_fault_is_survived(fault: str) -> None:
    requests = wanted(3)
    with serving(faults=[fault]) as server:
        outcomes = list(teacher_of(server).ask(requests))
    assert asked(outcomes) == asked_for(requests)
    assert len(replies(outcomes)) == 3
    assert len(server.seen.bodies) == 4


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("429", "rate limited"),
        ("500", "HTTP 500"),
        ("503", "HTTP 503"),
        ("cut", "connection lost"),
        ("cut body", "connection lost"),
        ("malformed", "malformed answer"),
        ("empty", "malformed answer"),
        ("abort", "broken off"),
    ],
)
def test_a_fault_that_stays_is_a_failure_and_never_a_reply(fault: str, kind: str) -> None:
    requests = wanted(3, samples=2)
    with serving(Behaviour(always=fault, retry_after=None)) as server:
        outcomes = list(teacher_of(server, max_retries=0).ask(requests))
    assert asked(outcomes) == asked_for(requests)
    assert {failure.kind for failure in failures(outcomes)} == {kind}
    assert len(failures(outcomes)) == 6
    assert all(failure.again for failure in failures(outcomes))


def test_a_server_that_does_not_answer_in_time_is_a_failure() -> None:
    with serving(Behaviour(always="slow")) as server:
        (failure,) = teacher_of(server, timeout=0.3, max_retries=0).ask(wanted(1))
    assert isinstance(failure, Failure)
    assert (failure.kind, failure.again) == ("timed out", True)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("context", "prompt too long"), ("policy", "refused by policy"), ("odd 400", "HTTP 400")],
)
def test_a_request_that_no_server_takes_fails_once_and_for_all(fault: str, kind: str) -> None:
    with serving(faults=[fault]) as server:
        outcomes = list(teacher_of(server, concurrency=1).ask(wanted(2)))
    first, second = outcomes
    assert isinstance(first, Failure)
    assert (first.kind, first.again) == (kind, False)
    assert isinstance(second, Reply)
    assert len(server.seen.bodies) == 2


@pytest.mark.parametrize(
    ("fault", "finish", "text"),
    [
        ("length", Finish.LENGTH, "echo of 1 1 1 1"),
        ("content_filter", Finish.FILTERED, "echo of 1 1 1 1"),
        ("refusal", Finish.REFUSAL, "I will not: 1 1 1 1"),
        ("null", Finish.STOP, ""),
    ],
)
def test_how_a_response_ends_is_kept(fault: str, finish: Finish, text: str) -> None:
    with serving(faults=[fault]) as server:
        (reply,) = replies(list(teacher_of(server).ask(wanted(1))))
    assert (reply.finish, reply.text) == (finish, text)


@pytest.mark.parametrize("seed", range(3))
def test_200_requests_under_random_faults_each_get_one_outcome_of_their_own(seed: int) -> None:
    draw = random.Random(seed)
    kinds = (*SURVIVED, "context", "policy", "length", "refusal", "null", "abort", "")
    faults = [draw.choice(kinds) if draw.random() < 0.4 else "" for _ in range(400)]
    requests = wanted(50, samples=4)
    behaviour = Behaviour(retry_after="0.01", honours_n=draw.choice([True, 1, 3]))
    with serving(behaviour, faults) as server:
        teacher = teacher_of(server, concurrency=16, max_retries=4, samples_per_request=4)
        outcomes = list(teacher.ask(requests))
    assert asked(outcomes) == asked_for(requests)
    texts = {
        Finish.STOP: "echo of {0}",
        Finish.LENGTH: "echo of {0}",
        Finish.REFUSAL: "I will not: {0}",
    }
    answered = [outcome for outcome in outcomes if isinstance(outcome, Reply)]
    for reply in answered:
        own = texts[reply.finish].format(reply.request.puzzle.text)
        assert reply.text in (own, ""), "a reply of another hand"
    assert len(answered) > 100
    assert server.seen.most_at_once <= 16


@pytest.mark.parametrize("honoured", [1, 3])
def test_a_server_that_ignores_n_is_asked_again_for_what_is_missing(honoured: int) -> None:
    requests = wanted(6, samples=8)
    with serving(Behaviour(honours_n=honoured)) as server:
        outcomes = list(teacher_of(server, concurrency=1).ask(requests))
    assert asked(outcomes) == asked_for(requests)
    assert len(replies(outcomes)) == 48
    sent = [body.get("n", 1) for body in server.seen.bodies]
    assert sent[0] == 8
    assert max(sent[1:]) == honoured, "it learns how many it gets"
    assert server.seen.billed == sum(
        (r.usage.prompt_tokens or 0) + (r.usage.completion_tokens or 0) for r in replies(outcomes)
    )


@pytest.mark.parametrize("field", ["n", "seed", "max_tokens"])
def test_a_field_that_the_server_refuses_is_left_out_with_one_warning(
    field: str, caplog: pytest.LogCaptureFixture
) -> None:
    requests = wanted(6, samples=4)
    with serving(Behaviour(refuses=frozenset({field}))) as server:
        outcomes = list(teacher_of(server, seed=1).ask(requests))
    assert asked(outcomes) == asked_for(requests)
    assert len(replies(outcomes)) == 24
    warnings = [r for r in caplog.records if r.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert repr(field) in warnings[0].getMessage()
    if field == "max_tokens":
        assert server.seen.bodies[-1]["max_completion_tokens"] == 16


@pytest.mark.parametrize(
    ("field", "fix"),
    [("response_format", "leave --structured out"), ("temperature", "temperature")],
)
def test_a_field_that_changes_the_answers_is_never_left_out(field: str, fix: str) -> None:
    with (
        serving(Behaviour(refuses=frozenset({field}))) as server,
        pytest.raises(TeacherUnavailable, match=fix),
    ):
        list(teacher_of(server, structured=True).ask(wanted(3)))


def test_samples_of_a_hand_have_seeds_of_their_own_and_the_same_in_every_run() -> None:
    seeds = []
    for _ in range(2):
        with serving() as server:
            list(teacher_of(server, seed=7, samples_per_request=1).ask(wanted(4, samples=4)))
        seeds.append(sorted(body["seed"] for body in server.seen.bodies))
    assert seeds[0] == seeds[1]
    assert len(set(seeds[0])) == 16


def test_a_pause_that_the_server_asks_for_holds_back_every_call() -> None:
    with serving(Behaviour(retry_after="0.8", latency=0.02), [*[""] * 12, "429"]) as server:
        outcomes = list(teacher_of(server, concurrency=4).ask(wanted(60)))
    assert len(replies(outcomes)) == 60
    gaps = [later - earlier for earlier, later in pairwise(server.seen.times)]
    assert max(gaps) > 0.6, "sending went on during the pause"
    assert len(server.seen.bodies) == 61


def test_a_call_is_not_given_up_while_the_server_says_how_long_to_wait() -> None:
    with serving(Behaviour(retry_after="0.01"), ["429"] * 10) as server:
        (reply,) = teacher_of(server, max_retries=1).ask(wanted(1))
    assert isinstance(reply, Reply)
    assert len(server.seen.bodies) == 11


def test_a_longer_pause_than_anyone_waits_for_ends_the_run() -> None:
    with serving(Behaviour(retry_after="7200"), ["", "429"]) as server:
        answers = teacher_of(server, concurrency=1).ask(wanted(5))
        assert isinstance(next(answers), Reply)
        with pytest.raises(TeacherUnavailable, match=r"wait 7\d\d\d s.*run the same command again"):
            list(answers)
    assert len(server.seen.bodies) == 2


def test_a_server_that_goes_away_ends_the_run_after_its_failures_are_told() -> None:
    outcomes: list[Reply | Failure] = []
    with (
        serving(Behaviour(always="503"), [""] * 5) as server,
        pytest.raises(TeacherUnavailable, match=r"does not answer any more.*again to go on"),
    ):
        for outcome in teacher_of(server, concurrency=2, max_retries=0).ask(wanted(200)):
            outcomes.append(outcome)
    assert sum(isinstance(outcome, Reply) for outcome in outcomes) == 5
    assert 6 <= len(failures(outcomes)) <= 8, "three times the calls under way"


def test_a_base_url_that_nobody_listens_on_is_named_before_anything_is_asked() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    taken: list[Request] = []
    teacher = teacher_of(f"http://127.0.0.1:{port}/v1")
    with pytest.raises(TeacherUnavailable, match=r"nobody answers at 127\.0\.0\.1:.*--base-url"):
        list(teacher.ask(_watched(wanted(3), taken)))
    assert taken == []


def _watched(requests: list[Request], taken: list[Request]) -> Iterator[Request]:
    for request in requests:
        taken.append(request)
        yield request


def test_a_wrong_key_is_named_before_anything_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    with (
        serving(Behaviour(key="another")) as server,
        pytest.raises(TeacherUnavailable, match=f"does not accept the key: check {KEY_VARIABLE}"),
    ):
        list(teacher_of(server).ask(wanted(3)))
    assert server.seen.bodies == []


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        ("402", "no credit left"),
        ("401", "the key"),
        ("404", "--model"),
        ("no credit", "no credit left"),
    ],
)
def test_what_no_waiting_mends_ends_the_run_at_once(fault: str, named: str) -> None:
    with serving(faults=["", fault]) as server:
        answers = teacher_of(server, concurrency=1).ask(wanted(20))
        assert isinstance(next(answers), Reply)
        with pytest.raises(TeacherUnavailable, match=named):
            list(answers)
    assert len(server.seen.bodies) == 2


def test_a_model_that_the_server_does_not_list_is_named_with_those_it_has() -> None:
    with serving(Behaviour(models=("llama3:latest", "mistral"))) as server:
        with pytest.raises(TeacherUnavailable, match="lists no model 'mistrel': it has mistral"):
            list(teacher_of(server, model="mistrel").ask(wanted(1)))
        assert len(replies(list(teacher_of(server, model="llama3").ask(wanted(1))))) == 1
        free = teacher_of(server, model="unlisted", check_model=False)
        assert len(replies(list(free.ask(wanted(1))))) == 1


def test_an_address_without_its_v1_is_named() -> None:
    with serving() as server, pytest.raises(TeacherUnavailable, match="mostly ends in /v1"):
        list(teacher_of(server.url.removesuffix("/v1")).ask(wanted(1)))


def test_a_proxy_of_the_environment_is_not_asked_for_a_server_on_this_machine(
    server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert len(replies(list(teacher_of(server).ask(wanted(1))))) == 1


def test_a_server_without_a_list_of_models_is_asked_nevertheless() -> None:
    with serving(Behaviour(models=None)) as server:
        assert len(replies(list(teacher_of(server).ask(wanted(2))))) == 2


def test_openai_without_a_key_is_refused_when_the_teacher_is_made() -> None:
    with pytest.raises(TeacherUnavailable, match=f"set {KEY_VARIABLE}"):
        OpenAITeacher(OpenAISettings("gpt-4o"))


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8000/v1",
        "ftp://localhost/v1",
        "http://",
        "http://[::1/v1",
        "http://localhost:99999/v1",
        f"http://user:{KEY}@localhost/v1",
        f"http://localhost/v1?api_key={KEY}",
    ],
)
def test_an_address_that_cannot_be_is_named_without_what_it_hides(url: str) -> None:
    with pytest.raises(TeacherUnavailable, match="--base-url") as caught:
        OpenAISettings("m", base_url=url)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("told", [False, True])
def test_a_prompt_longer_than_the_context_is_refused_before_it_is_sent(told: bool) -> None:
    behaviour = Behaviour(max_model_len=100 if told else None)
    with serving(behaviour) as server:
        teacher = teacher_of(server, context=None if told else 100, max_tokens=80)
        with pytest.raises(TeacherUnavailable, match="the model holds 100: lower --max-tokens"):
            list(teacher.ask(wanted(1)))
    assert server.seen.bodies == []


def test_completion_models_get_the_plain_text(server: FaultyServer) -> None:
    (request,) = wanted(1)
    (reply,) = replies(list(teacher_of(server, completions=True).ask([request])))
    assert reply.text == "echo of 1 1 1 1"
    assert server.seen.bodies[0]["prompt"] == request.prompt.text
    assert "messages" not in server.seen.bodies[0]


def test_a_structured_response_is_kept_in_the_plain_form() -> None:
    text = '{"steps": ["6 - 4 = 2 (left: 2 4 8)"], "answer": "(6 - 4) * (4 + 8) = 24"}'
    with serving(Behaviour(text=text)) as server:
        (reply,) = replies(list(teacher_of(server, structured=True).ask(wanted(1))))
    assert reply.text == "Steps:\n6 - 4 = 2 (left: 2 4 8)\nAnswer: (6 - 4) * (4 + 8) = 24"
    assert reply.details["structured"] is True
    form = server.seen.bodies[0]["response_format"]["json_schema"]
    assert form["strict"] and form["schema"]["required"] == ["steps", "answer"]


def test_a_structured_response_that_is_none_stays_as_it_is() -> None:
    with serving(Behaviour(text='{"steps": [1]')) as server:
        (reply,) = replies(list(teacher_of(server, structured=True).ask(wanted(1))))
    assert reply.text == '{"steps": [1]'
    assert "structured" not in reply.details


def test_requests_are_taken_as_late_as_possible_and_closing_gives_up_what_is_under_way() -> None:
    taken: list[Request] = []
    with serving(Behaviour(latency=0.05)) as server:
        answers = teacher_of(server, concurrency=4).ask(_watched(wanted(100), taken))
        next(answers)
        assert len(taken) <= 4 + 1, "one more is looked at, to see whether its prompt is the same"
        started = time.monotonic()
        answers.close()
        assert time.monotonic() - started < 2
    assert server.seen.most_at_once <= 4
    assert len(server.seen.bodies) <= 5


def test_ctrl_c_ends_the_calls_under_way(request: pytest.FixtureRequest) -> None:
    # A shell starts what runs in the background with Ctrl-C ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    with serving(Behaviour(always="slow")) as server:
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        started = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            list(teacher_of(server, timeout=20).ask(wanted(5)))
        assert time.monotonic() - started < 5


def test_what_the_caller_raises_between_answers_leaves_no_call_behind(server: FaultyServer) -> None:
    def broken() -> Iterator[Request]:
        yield from wanted(3)
        raise ValueError("the file of hands is torn")

    with pytest.raises(ValueError, match="torn"):
        list(teacher_of(server, concurrency=2).ask(broken()))


def test_a_key_appears_in_no_output_exception_record_or_reply(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    caplog.set_level(logging.DEBUG)
    texts: list[str] = []
    faults = [each for fault in (*SURVIVED, "context", "policy", "refusal") for each in (fault, "")]
    with serving(Behaviour(text=f"your key is {KEY}"), [*faults, "401"]) as server:
        for url in (server.url, "http://127.0.0.1:9/v1"):
            try:
                for outcome in teacher_of(url, concurrency=1).ask(wanted(40)):
                    texts.append(repr(outcome))
            except TeacherUnavailable as error:
                texts += traceback.format_exception(error)
        teacher = teacher_of(server)
        texts += [repr(teacher), repr(teacher.info), repr(OpenAISettings("m", server.url))]
    assert server.seen.keys == {f"Bearer {KEY}"}
    out, err = capfd.readouterr()
    everything = "\n".join([*texts, out, err, caplog.text, *map(_whole, caplog.records)])
    assert "your key is [key]" in everything, "the server told it"
    assert "check OPENAI_API_KEY (Incorrect API key provided: [key])" in everything
    assert "nobody answers" in everything
    assert KEY not in everything
    assert KEY[3:] not in everything


def _whole(record: logging.LogRecord) -> str:
    return f"{record.getMessage()} {record.args!r} {record.exc_text}"


def test_a_key_that_is_no_secret_is_not_cut_out_of_responses(
    server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "1")
    (reply,) = replies(list(teacher_of(server).ask(wanted(1))))
    assert reply.text == "echo of 1 1 1 1"


def test_the_info_says_what_changes_the_answers_and_nothing_else() -> None:
    one = OpenAISettings("m", "http://localhost:1/v1", temperature=0.2, concurrency=1)
    two = OpenAISettings("m", "http://localhost:2/v1", temperature=0.2, timeout=3, max_retries=1)
    assert one.info == two.info
    assert one.info.kind == "openai"
    assert one.info.settings["temperature"] == 0.2
    assert one.info != OpenAISettings("m", "http://localhost:1/v1", temperature=0.3).info


def test_an_endless_answer_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "MAX_BODY_BYTES", 1000)
    with serving(Behaviour(text="x" * 5000)) as server:
        (failure,) = teacher_of(server, max_retries=0).ask(wanted(1))
    assert isinstance(failure, Failure)
    assert failure.kind == "connection lost"
