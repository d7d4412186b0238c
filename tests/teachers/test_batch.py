"""The Batch API teacher, with the real client against a server on loopback."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.teachers.batch_server import KEY, BatchServer, body_of, serving
from tot24_bench.game import Puzzle
from tot24_bench.prompts import build
from tot24_bench.teachers import Budget, BudgetSpent, Failure, Finish, Reply, Request
from tot24_bench.teachers.api import batch as batches
from tot24_bench.teachers.api import client
from tot24_bench.teachers.api.batch import (
    OpenAIBatchTeacher,
    answers_in,
    call_id,
    calls_of,
    sample_of,
    samples_of,
)
from tot24_bench.teachers.api.batch_provider import BatchProvider, Line, objects_in
from tot24_bench.teachers.api.money import Charge, price_of
from tot24_bench.teachers.api.settings import (
    KEY_VARIABLE,
    OFFICIAL_URL,
    OpenAIBatchSettings,
    OpenAISettings,
)
from tot24_bench.teachers.api.wire import OpenAIWire
from tot24_bench.teachers.teacher import TeacherUnavailable
from tot24_bench.traces import TraceFile, generate, read_traces, wanted
from tot24_bench.transcripts import read_transcript

HANDS = ["4 4 6 8", "1 1 4 6", "1 2 4 7", "2 3 4 4", "1 3 8 8"]


def requests_of(samples: int = 2, hands: Sequence[str] = HANDS) -> list[Request]:
    return [
        Request(build("io", Puzzle.parse(hand), shots=0), sample)
        for hand in hands
        for sample in range(samples)
    ]


@pytest.fixture
def server() -> Iterator[BatchServer]:
    with serving(BatchServer()) as server:
        yield server


class Runs:
    """Runs of the same command."""

    def __init__(self, server: BatchServer, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.server = server
        self.state = folder / "traces.jsonl.batches.json"
        self.said: list[str] = []
        self.patch = patch
        patch.setattr(client, "FIRST_WAIT_SECONDS", 0.005)

    def teacher(
        self, key: str = KEY, budget: Budget | None = None, interrupt: bool = False, **options: Any
    ) -> OpenAIBatchTeacher:
        quick = {"poll_seconds": 0.01, "max_poll_seconds": 0.05}
        options = {"temperature": 0.7, "max_tokens": 100, **quick, **options}
        settings = OpenAIBatchSettings("gpt-4o", base_url=self.server.base_url, **options)
        self.patch.setenv(KEY_VARIABLE, key)

        def say(line: str) -> None:
            self.said.append(line)
            if interrupt and "under way" in line:
                raise KeyboardInterrupt

        return OpenAIBatchTeacher(settings, self.state, budget, price_of("gpt-4o"), say=say)

    def ask(
        self, requests: Sequence[Request] | None = None, **options: Any
    ) -> list[Reply | Failure]:
        return list(self.teacher(**options).ask(requests_of() if requests is None else requests))


@pytest.fixture
def runs(server: BatchServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    return Runs(server, tmp_path, monkeypatch)


def replies(outcomes: Sequence[Reply | Failure]) -> dict[tuple[str, int], str]:
    found = {
        (o.request.puzzle.text, o.request.sample): o.text for o in outcomes if isinstance(o, Reply)
    }
    assert len(found) == sum(isinstance(o, Reply) for o in outcomes)
    return found


def failures(outcomes: Sequence[Reply | Failure]) -> list[Failure]:
    return [o for o in outcomes if isinstance(o, Failure)]


def everything(samples: int = 2) -> set[tuple[str, int]]:
    return {(hand, sample) for hand in HANDS for sample in range(samples)}


def test_every_sample_is_answered_once_though_lines_come_in_another_order(runs: Runs) -> None:
    outcomes = runs.ask(requests_of(3))
    assert replies(outcomes) == {
        (hand, i): f"Input: {hand} / sample {i} of 3" for hand, i in everything(3)
    }
    assert runs.server.counts["POST batches"] == runs.server.counts["POST files"] == 1
    assert len(runs.server.seen_calls) == len(HANDS)
    assert not runs.state.exists()


def test_the_order_of_the_hand_and_other_puzzles_come_back_as_they_were_asked(runs: Runs) -> None:
    hands = [Puzzle.parse("8 4 6 4"), Puzzle.parse("3 5", target=-2), Puzzle.parse("25 1 1 2 3")]
    asked = [Request(build("cot", puzzle, shots=0), 0) for puzzle in hands]
    outcomes = runs.ask(asked)
    assert {o.request for o in outcomes if isinstance(o, Reply)} == set(asked)


def test_samples_that_are_not_consecutive_are_calls_of_their_own(runs: Runs) -> None:
    asked = [r for r in requests_of(6) if r.sample in (0, 1, 4)]
    assert len(replies(runs.ask(asked))) == 3 * len(HANDS)
    assert {call["body"].get("n", 1) for call in runs.server.seen_calls} == {1, 2}


def test_a_batch_holds_no_more_calls_and_bytes_than_allowed(runs: Runs) -> None:
    assert replies(runs.ask(batch_calls=2)).keys() == everything()
    assert runs.server.counts["POST batches"] == 3
    size = max(map(len, runs.server.files.values()))
    runs.server.files.clear()
    runs.server.batches.clear()
    runs.patch.setattr(batches, "MAX_INPUT_BYTES", size)
    assert len(replies(runs.ask())) == 10
    assert max(map(len, runs.server.files.values())) <= size * 1.5


def test_a_run_cut_off_while_it_waits_goes_on_with_the_same_batches(runs: Runs) -> None:
    runs.server.polls = 10**6
    asking = runs.teacher(interrupt=True).ask(requests_of())
    with pytest.raises(KeyboardInterrupt):
        next(asking)
    assert "batch_0" in runs.said[-1] and "same command" in runs.said[-1]
    runs.server.batches["batch_0"]["left"] = 1
    assert replies(runs.ask()).keys() == everything()
    assert runs.server.counts["POST batches"] == runs.server.counts["POST files"] == 1
    assert not runs.state.exists()


def test_only_what_no_batch_asks_is_uploaded(runs: Runs) -> None:
    runs.server.polls = 10**6
    with pytest.raises(KeyboardInterrupt):
        next(runs.teacher(interrupt=True).ask(requests_of(2)))
    runs.server.polls = runs.server.batches["batch_0"]["left"] = 0
    assert replies(runs.ask(requests_of(3))).keys() == everything(3)
    assert [call["body"].get("n", 1) for call in runs.server.seen_calls] == [2] * 5 + [1] * 5


def test_an_answer_that_nobody_wants_now_is_kept_for_who_does(runs: Runs) -> None:
    runs.server.polls = 10**6
    with pytest.raises(KeyboardInterrupt):
        next(runs.teacher(interrupt=True).ask(requests_of(2)))
    runs.server.batches["batch_0"]["left"] = 0
    asked = requests_of(2)
    assert len(runs.ask(asked[:3])) == 3
    assert "also answers 7 requests" in runs.said[-1]
    assert runs.state.exists()
    assert len(runs.ask(asked[3:4])) == 1
    assert len(replies(runs.ask(asked[4:]))) == 6
    assert runs.server.counts["POST batches"] == 1
    assert not runs.state.exists()


def test_a_batch_that_was_made_though_its_answer_was_lost_is_not_made_again(runs: Runs) -> None:
    runs.server.create_lost = 1
    assert replies(runs.ask()).keys() == everything()
    assert len(runs.server.batches) == 1


def test_a_batch_that_was_made_though_its_answer_was_garbled_is_not_made_again(runs: Runs) -> None:
    runs.server.create_garbled = 1
    assert replies(runs.ask()).keys() == everything()
    assert len(runs.server.batches) == 1


def test_a_creation_that_the_server_could_not_do_is_tried_again(runs: Runs) -> None:
    runs.server.create_faults = [500, 503, 429]
    assert replies(runs.ask()).keys() == everything()
    assert len(runs.server.batches) == 1


def test_a_crash_between_making_a_batch_and_noting_it_is_healed_by_the_list(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(7):  # other batches, so that the list has pages
        runs.server.batches[f"other{number}"] = {"id": f"other{number}", **OTHER_BATCH}
    runs.server.create_lost = 1
    with monkeypatch.context() as patch:  # stands for kill -9 while the answer is on its way
        patch.setattr(BatchProvider, "_find", _die)
        with pytest.raises(SystemExit):
            runs.ask()
    noted = json.loads(runs.state.read_text())["batches"][0]
    assert noted["id"] is None and len(noted["key"]) == 32
    for number in range(7, 12):
        runs.server.batches[f"other{number}"] = {"id": f"other{number}", **OTHER_BATCH}
    assert replies(runs.ask()).keys() == everything()
    assert runs.server.counts["POST files"] == 1


def _die(*_: object) -> None:
    raise SystemExit


OTHER_BATCH = {
    "object": "batch",
    "endpoint": "/v1/embeddings",
    "input_file_id": "file-x",
    "completion_window": "24h",
    "status": "completed",
    "created_at": 2**31,
    "metadata": None,
}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(1, 8))
def test_kill_9_at_any_request_repeats_no_call_and_loses_no_trace(
    runs: Runs, number: int, done: bool
) -> None:
    path = runs.state.with_name("traces.jsonl")
    child = 0

    def generate_all() -> None:
        puzzles = [Puzzle.parse(hand) for hand in HANDS]
        with TraceFile.open(path) as file:
            generate(runs.teacher(), wanted(puzzles, "io", samples=2), file)

    def kill(now: int, now_done: bool) -> None:
        if (now, now_done) == (number, done):
            os.kill(child, signal.SIGKILL)

    runs.server.hook = kill
    child = os.fork()
    if not child:
        generate_all()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    runs.server.hook = lambda *_: None
    requests = sum(runs.server.counts.values())
    assert os.WIFSIGNALED(status) if number <= requests else status == 0
    generate_all()
    traces = list(read_traces(path))
    assert {(t.puzzle.text, t.sample) for t in traces} == everything()
    assert len(traces) == 10
    assert len(runs.server.batches) == 1
    assert len(runs.server.seen_calls) == len(HANDS)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_ctrl_c_while_waiting_says_that_the_batches_go_on(runs: Runs) -> None:
    told = runs.state.with_name("told")
    child = 0

    def interrupt(number: int, done: bool) -> None:
        if number == 6 and done:  # the third poll
            os.kill(child, signal.SIGINT)

    runs.server.polls = 10**6
    runs.server.hook = interrupt
    child = os.fork()
    if not child:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            runs.ask(poll_seconds=0.05, max_poll_seconds=60.0)
        except KeyboardInterrupt:
            told.write_text(runs.said[-1])
        os._exit(0)
    os.waitpid(child, 0)
    assert "batch_0" in told.read_text() and "the same command goes on" in told.read_text()
    runs.server.batches["batch_0"]["left"] = 0
    assert replies(runs.ask()).keys() == everything()
    assert len(runs.server.batches) == 1


def test_a_crash_before_a_batch_was_made_asks_anew(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(BatchProvider, "create", _die)
        with pytest.raises(SystemExit):
            runs.ask()
    assert runs.state.exists()
    assert replies(runs.ask()).keys() == everything()
    assert len(runs.server.batches) == 1
    assert not runs.state.exists()


def test_a_batch_that_no_state_file_knows_is_adopted_by_its_id(runs: Runs) -> None:
    runs.server.polls = 10**6
    with pytest.raises(KeyboardInterrupt):
        next(runs.teacher(interrupt=True).ask(requests_of()))
    runs.state.unlink()
    runs.server.polls = runs.server.batches["batch_0"]["left"] = 0
    with pytest.raises(TeacherUnavailable, match="batch_0 was asked with another temperature"):
        runs.ask(batch_id="batch_0", temperature=1.0)
    assert not runs.state.exists()
    assert replies(runs.ask(requests_of(3), batch_id="batch_0")).keys() == everything(3)
    assert len(runs.server.batches) == 2
    assert runs.ask([], batch_id="batch_0") == []
    assert not runs.state.exists()


def test_a_batch_of_another_program_is_not_adopted(runs: Runs) -> None:
    runs.ask()
    runs.server.files["file-0"] = b'{"custom_id": "request-1", "body": {}}\n'
    with pytest.raises(TeacherUnavailable, match="--teacher transcripts"):
        runs.ask(batch_id="batch_0")
    with pytest.raises(TeacherUnavailable, match="knows no batch 'batch_9'"):
        runs.ask(batch_id="batch_9")


def test_a_batch_that_fails_its_validation_says_why_and_is_asked_anew(runs: Runs) -> None:
    runs.server.ends = "failed"
    with pytest.raises(TeacherUnavailable, match=r"`gpt-none` does not exist \(line 1\)"):
        runs.ask()
    assert not runs.state.exists()
    runs.server.ends = "completed"
    assert replies(runs.ask()).keys() == everything()


@pytest.mark.parametrize("end", ["expired", "cancelled"])
def test_a_batch_that_ends_early_gives_what_it_has_and_the_rest_is_asked_in_a_new_one(
    runs: Runs, end: str
) -> None:
    runs.server.ends, runs.server.answered = end, 0.6
    outcomes = runs.ask()
    assert len(replies(outcomes)) == 6
    assert {(f.kind, f.again) for f in failures(outcomes)} == {(f"batch {end}", True)}
    runs.server.ends = "completed"
    rest = runs.ask([f.request for f in failures(outcomes)])
    assert replies(outcomes).keys() | replies(rest).keys() == everything()
    assert len(runs.server.seen_calls) == 5 + 2


@pytest.mark.parametrize(
    ("status", "again"), [(400, False), (404, False), (429, True), (500, True), (503, True)]
)
def test_a_call_that_failed_is_asked_again_only_where_that_may_help(
    runs: Runs, status: int, again: bool
) -> None:
    def answer(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if "1 1 4 6" in str(body["messages"][-1]):
            return status, {"error": {"message": "no\nsuch \x1b[31mluck", "code": None}}
        return 200, body_of(body)

    runs.server.answer = answer
    outcomes = runs.ask()
    assert len(replies(outcomes)) == 8
    kind = "rate limited" if status == 429 else f"HTTP {status}"
    assert [(f.kind, f.again) for f in failures(outcomes)] == [(kind, again)] * 2
    assert failures(outcomes)[0].reason == "no such [31mluck"


def test_a_call_without_a_line_was_not_answered(runs: Runs) -> None:
    runs.server.answer = lambda body: (
        None if "1 1 4 6" in str(body["messages"][-1]) else (200, body_of(body))
    )
    outcomes = runs.ask()
    assert len(replies(outcomes)) == 8
    assert [(f.kind, f.again) for f in failures(outcomes)] == [("no answer in batch", True)] * 2


JUNK = ["", "nonsense", "[]", "{}", "null", "7", '{"custom_id": 1}', '{"custom_id": "a", "x": 1}']
JUNK += ['{"custom_id": "tot24/1-1/24/all/io/000000000000/0-9999"}', "{" * 2000, '{"a":1,"a":2}']
JUNK += ['{"custom_id": "tot24/1-1/24/all/io/000000000000/0", "response": {"status_code": 200}}']


def test_lines_that_are_no_answers_harm_no_others(runs: Runs) -> None:
    runs.server.spoil = lambda lines: [*lines[:2], *JUNK, lines[1], lines[0], *lines[2:]]
    assert replies(runs.ask()).keys() == everything()


@pytest.mark.parametrize(
    "response",
    ["7", "null", "{}", '{"status_code": "x"}', '{"status_code": 200, "body": []}', "[1]"],
)
def test_an_answer_of_another_shape_is_a_failure(runs: Runs, response: str) -> None:
    def spoil(lines: list[str]) -> list[str]:
        line = json.loads(lines[0])
        line["response"] = json.loads(response)
        return [json.dumps(line), *lines[1:]]

    runs.server.spoil = spoil
    outcomes = runs.ask()
    assert len(replies(outcomes)) == 8
    assert [(f.kind, f.again) for f in failures(outcomes)] == [("malformed answer", True)] * 2


ODD: list[dict[str, Any]] = [
    {"request_counts": None},
    {"request_counts": {"completed": "5", "failed": None, "total": -1}},
    {"metadata": ["a"], "created_at": "now", "errors": 7},
    {"usage": [], "model": 3, "error_file_id": {"x": 1}},
]


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: ", ".join(odd))
def test_a_batch_that_is_told_oddly_is_read_all_the_same(runs: Runs, odd: dict[str, Any]) -> None:
    runs.server.odd = odd
    assert replies(runs.ask()).keys() == everything()


@pytest.mark.parametrize(
    "odd",
    [{"output_file_id": 7}, {"output_file_id": "../../models"}, {"output_file_id": "x" * 999}],
)
def test_a_result_with_a_name_that_no_file_has_answers_nothing(
    runs: Runs, odd: dict[str, Any]
) -> None:
    runs.server.odd = odd
    assert len(failures(runs.ask())) == 10


@pytest.mark.parametrize("odd", [{"id": None}, {"id": 5}, {"status": ["completed"]}])
def test_what_is_no_batch_is_refused(runs: Runs, odd: dict[str, Any]) -> None:
    runs.server.odd = odd
    with pytest.raises(TeacherUnavailable, match="something else than a batch"):
        runs.ask()


def test_a_queue_that_is_full_names_the_setting(runs: Runs) -> None:
    data = [{"code": "token_limit_exceeded", "message": "Enqueued token limit reached"}]
    runs.server.ends, runs.server.odd = "failed", {"errors": {"object": "list", "data": data}}
    with pytest.raises(TeacherUnavailable, match="limit reached; lower --teacher_args batch_calls"):
        runs.ask()


def test_a_file_that_is_an_array_answers_nothing(runs: Runs) -> None:
    runs.server.spoil = lambda lines: ["[" + ",".join(lines), '{"']
    outcomes = runs.ask()
    assert len(failures(outcomes)) == 10 - len(replies(outcomes))


def test_polling_goes_on_through_errors_of_the_server(runs: Runs) -> None:
    runs.server.poll_faults = [500, 429, 503, 200, 299, 408]
    assert replies(runs.ask()).keys() == everything()


def test_a_server_that_is_silent_for_long_ends_the_run_and_loses_nothing(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "MAX_SILENT_POLLS", 3)
    runs.server.poll_faults = [500] * 3
    with pytest.raises(TeacherUnavailable, match="same command goes on"):
        runs.ask()
    assert replies(runs.ask()).keys() == everything()
    assert len(runs.server.batches) == 1


def test_a_result_that_breaks_off_is_fetched_again(runs: Runs) -> None:
    runs.server.cut_downloads = 2
    assert replies(runs.ask()).keys() == everything()


def test_a_result_that_is_not_there_is_named_and_kept_to_be_fetched_by_the_next_command(
    runs: Runs,
) -> None:
    runs.server.gone = True
    with pytest.raises(TeacherUnavailable, match=r"has no file file-1 at the moment: .*give it up"):
        runs.ask()
    assert runs.state.exists()
    runs.server.gone = False
    asked = len(runs.server.batches)
    assert len(replies(runs.ask())) == 10
    assert len(runs.server.batches) == asked, "nothing was asked a second time"
    assert not runs.state.exists()


def test_a_result_without_its_answers_counts_at_its_worst(runs: Runs) -> None:
    runs.server.spoil = lambda lines: ["garbage"] * len(lines)
    budget = Budget()
    outcomes = runs.ask(budget=budget)
    assert not replies(outcomes) and len(failures(outcomes)) == 10
    assert not runs.state.exists()
    assert budget.spent_tokens >= worst_of(2).tokens


@pytest.mark.parametrize("line", ["[1,2]", "[" * 100_000, "null", "garbage }{"])
def test_a_line_that_is_none_costs_no_other_line(runs: Runs, line: str) -> None:
    runs.server.spoil = lambda lines: [line, *lines]
    assert len(replies(runs.ask())) == 10
    assert not runs.state.exists()


def worst_of(samples: int) -> Charge:
    """What all calls for so many samples a hand may take."""
    wire = OpenAIWire(OpenAISettings("gpt-4o", max_tokens=100), price_of("gpt-4o").batched())
    each = [wire.worst(request.prompt, samples) for request in requests_of(1)]
    return Charge(sum(w.tokens for w in each), sum((w.cost for w in each), Decimal(0)))


@pytest.mark.parametrize("limit", ["max_tokens", "max_cost"])
def test_only_what_the_budget_holds_at_its_worst_is_uploaded(runs: Runs, limit: str) -> None:
    worst = worst_of(2)
    most: Any = worst.tokens if limit == "max_tokens" else worst.cost
    with pytest.raises(BudgetSpent, match="at their worst 0 of 10 requests fit; raise it"):
        runs.ask(budget=Budget(**{limit: most / 100}))
    assert not runs.server.files and not runs.state.exists()
    outcomes = []
    budget = Budget(**{limit: most / 2})
    with pytest.raises(BudgetSpent, match="at their worst 4 of 10 requests fit; raise it"):
        for outcome in runs.teacher(budget=budget).ask(requests_of()):
            outcomes.append(outcome)
    assert len(replies(outcomes)) == 4
    assert len(runs.server.seen_calls) == 2
    assert budget.spent_tokens == 2 * 120
    assert replies(runs.ask(budget=Budget(**{limit: most}))).keys() == everything()


def test_what_is_under_way_counts_against_the_budget(runs: Runs) -> None:
    budget = Budget(max_tokens=worst_of(2).tokens + 10)
    runs.server.polls = 10**6
    with pytest.raises(KeyboardInterrupt):
        next(runs.teacher(interrupt=True, budget=budget).ask(requests_of(2)))
    runs.server.batches["batch_0"]["left"] = 0
    with pytest.raises(BudgetSpent, match="at their worst 0 of 5 requests fit"):
        runs.ask(requests_of(3), budget=budget)
    assert len(runs.server.seen_calls) == 5


def test_a_call_is_billed_at_the_price_of_batches_and_shared_among_its_samples(runs: Runs) -> None:
    outcomes = runs.ask(requests_of(3, HANDS[:1]))
    usages = [o.usage for o in outcomes if isinstance(o, Reply)]
    assert sum(u.prompt_tokens or 0 for u in usages) == 100
    assert sum(u.completion_tokens or 0 for u in usages) == 30
    cost = (100 * Decimal("2.50") + 30 * Decimal("10.00")) / 2 / 10**6
    assert sum((u.cost or Decimal(0) for u in usages), Decimal(0)) == cost


def test_why_a_response_ends_and_which_snapshot_wrote_it_are_kept(runs: Runs) -> None:
    runs.server.answer = lambda body: (200, body_of(body, finish="length"))
    (reply, *_) = runs.ask()
    assert isinstance(reply, Reply) and reply.finish is Finish.LENGTH
    assert reply.details["snapshot"] == "gpt-4o-2026-01-01"


def test_fewer_choices_than_samples_leave_the_others_unanswered(runs: Runs) -> None:
    runs.server.answer = lambda body: (200, body_of(body | {"n": 1}))
    outcomes = runs.ask()
    assert len(replies(outcomes)) == 5
    assert [(f.kind, f.again) for f in failures(outcomes)] == [("too few choices", True)] * 5
    assert {f.request.sample for f in failures(outcomes)} == {1}


def test_seeds_of_calls_are_those_of_the_live_api(runs: Runs) -> None:
    runs.ask(requests_of(4), seed=5, samples_per_request=2)
    seeds = [call["body"]["seed"] for call in runs.server.seen_calls]
    assert len(set(seeds)) == len(seeds) == 10
    assert {call["body"]["n"] for call in runs.server.seen_calls} == {2}


def test_a_prompt_that_does_not_fit_the_context_is_refused_before_anything_is_sent(
    runs: Runs,
) -> None:
    with pytest.raises(TeacherUnavailable, match=r"the model holds 150: lower --max-tokens or"):
        runs.ask(context=150)
    assert not runs.server.files and not runs.state.exists()


def test_structured_responses_are_kept_in_the_plain_form(runs: Runs) -> None:
    said = json.dumps({"steps": ["4 + 8 = 12 (left: 4 6 12)"], "answer": "(6 - 4) * (4 + 8) = 24"})
    runs.server.answer = lambda body: (200, body_of(body, [said]))
    (text,) = replies(runs.ask(requests_of(1, HANDS[:1]), structured=True)).values()
    assert text == "Steps:\n4 + 8 = 12 (left: 4 6 12)\nAnswer: (6 - 4) * (4 + 8) = 24"
    assert runs.server.seen_calls[0]["body"]["response_format"]["type"] == "json_schema"


def test_a_model_that_the_server_does_not_list_is_named_before_anything_is_sent(
    runs: Runs,
) -> None:
    runs.server.models = ("gpt-4o-mini", "o3")
    with pytest.raises(TeacherUnavailable, match="lists no model 'gpt-4o': it has gpt-4o-mini"):
        runs.ask()
    assert not runs.server.files and not runs.state.exists()


def test_a_teacher_is_made_from_settings_alone(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    url = runs.server.base_url
    settings = OpenAIBatchSettings(
        "gpt-4o", base_url=url, poll_seconds=0.01, max_poll_seconds=0.05, batch_calls=3
    )
    teacher = OpenAIBatchTeacher(settings, runs.state, Budget())
    assert teacher.info == OpenAISettings("gpt-4o", base_url=url).info
    assert replies(list(teacher.ask(requests_of()))).keys() == everything()
    assert len(runs.server.batches) == 2
    unpriced = OpenAIBatchSettings("mine", base_url=url)
    with pytest.raises(TeacherUnavailable, match=r"no price is known for 'mine'.*--prices"):
        OpenAIBatchTeacher(unpriced, runs.state, Budget(max_cost=Decimal(1)))
    with pytest.raises(TeacherUnavailable, match="give 1 to 50000"):
        OpenAIBatchSettings("gpt-4o", batch_calls=0)
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(TeacherUnavailable, match="set OPENAI_API_KEY"):
        OpenAIBatchTeacher(OpenAIBatchSettings("gpt-4o", base_url=OFFICIAL_URL), runs.state)


def test_a_state_of_other_settings_is_refused(runs: Runs) -> None:
    runs.server.polls = 10**6
    with pytest.raises(KeyboardInterrupt):
        next(runs.teacher(interrupt=True).ask(requests_of()))
    with pytest.raises(TeacherUnavailable, match=r"temperature 0\.7, not 1\.0: give the settings"):
        runs.ask(temperature=1.0)
    runs.state.write_text("{")
    with pytest.raises(TeacherUnavailable, match=r"no list of batches.*batch_id=ID"):
        runs.ask()


def test_progress_is_told_in_calls(runs: Runs) -> None:
    runs.ask()
    progress = [line for line in runs.said if "under way" in line]
    assert progress[0] == "1 batch under way: 0 of 5 calls done"
    assert progress[-1] == "1 batch under way: 5 of 5 calls done"


def test_the_key_is_nowhere(runs: Runs, capfd: pytest.CaptureFixture[str]) -> None:
    runs.server.polls = 10**6
    with pytest.raises(KeyboardInterrupt):
        next(runs.teacher(interrupt=True).ask(requests_of()))
    for key in ("sk-wrong-0123456789", KEY):
        runs.server.poll_faults = [403, 403]
        with pytest.raises(TeacherUnavailable, match=r"does not (accept|let) th") as error:
            runs.ask(key=key)
        texts = [runs.state.read_text(), *runs.said, str(error.value), *capfd.readouterr()]
        assert not any(key in text for text in texts)
        assert error.value.__cause__ is None and error.value.__suppress_context__
    assert not any(KEY.encode() in content for content in runs.server.files.values())


def test_nobody_listening_is_named(runs: Runs, tmp_path: Path) -> None:
    runs.server.port, port = 9, runs.server.port
    with pytest.raises(TeacherUnavailable, match=r"nobody answers at 127\.0\.0\.1:9"):
        runs.ask()
    assert not runs.state.exists()
    runs.server.port = port


def test_the_transcript_reader_reads_the_result_by_itself(runs: Runs, tmp_path: Path) -> None:
    runs.ask()
    output = tmp_path / "output.jsonl"
    output.write_bytes(runs.server.files[runs.server.batches["batch_0"]["output_file_id"]])
    rollouts = list(read_transcript(output))
    assert sorted(r.puzzle.text for r in rollouts) == sorted(HANDS)
    assert all(len(r.responses) == 2 for r in rollouts)


numbers = st.lists(st.integers(1, 10**9), min_size=1, max_size=12)
sample_sets = st.sets(st.integers(0, 99_999), max_size=30)


@given(numbers, st.integers(-(10**9), 10**9), sample_sets, st.integers(1, 200))
def test_ids_say_what_was_asked(
    numbers: list[int], target: int, samples: set[int], most: int
) -> None:
    prompt = build("io", Puzzle(tuple(numbers), target), shots=0)
    asked = [Request(prompt, sample) for sample in sorted(samples)]
    calls = calls_of(asked, most)
    assert [request for call in calls for request in call] == asked
    said = [sample for call in calls for sample in samples_of(call_id(call))]
    assert said == [sample_of(request) for request in asked]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["error", "response", "body", "status_code", "choices", "code", "usage"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.lists(json_values, max_size=5))
def test_whatever_a_result_holds_each_request_is_settled_once(
    tmp_path_factory: pytest.TempPathFactory, values: list[Any]
) -> None:
    asked = requests_of(2, HANDS[:1])
    (call,) = calls_of(asked, 8)
    path = tmp_path_factory.mktemp("result") / "result.jsonl"
    lines = [v | {"custom_id": call_id(call)} if isinstance(v, dict) else v for v in values]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    wanted_now = {sample_of(request): request for request in asked}
    pending = set(wanted_now)
    read = map(Line.model_validate, objects_in(path))
    outcomes = answers_in(read, pending, wanted_now, OpenAIWire(OpenAISettings("m")))
    settled = [outcome.request.sample for outcome, _ in outcomes]
    assert sorted([*settled, *(sample for _, sample in pending)]) == [0, 1]
