"""Searches over HTTP: a real `transformers serve`, through lm-eval's API models, killed and all."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from lm_eval.api.instance import Instance
from typer.testing import CliRunner

from tests.serving import serving
from tot24_bench.cli import app
from tot24_bench.game import load_split
from tot24_bench.harness import EvaluationPlan, load_model
from tot24_bench.leaderboard import Submission, read_all
from tot24_bench.prompts import build_step
from tot24_bench.search import (
    Backend,
    Call,
    CannotAsk,
    HandSearch,
    ModelFailed,
    around,
    backend,
    read_settings,
)

HANDS = 30  # of the runs that are killed: a call each
SECONDS = 120  # a guard against hanging, not a timing
STOP_AT = 5
EVAL = f"""
import os, signal
from tot24_bench.search import ReplyStore, backend
keep = ReplyStore.put
def put(store, call, reply):  # it stops in the middle, so that nobody has to be quick
    keep(store, call, reply)
    if len(store) == {STOP_AT}:
        os.kill(os.getpid(), signal.SIGSTOP)
ReplyStore.put = put
backend.LIMITS.update(dict.fromkeys(backend.LIMITS, 8))
from tot24_bench.cli import app
app()
"""


@pytest.fixture(scope="module")
def server(tiny_server: str) -> str:
    return tiny_server


@pytest.fixture(autouse=True, scope="module")
def short() -> Iterator[None]:
    """Responses of eight tokens: the tiny checkpoint never ends by itself."""
    with pytest.MonkeyPatch.context() as patch:
        for kind in backend.LIMITS:
            patch.setitem(backend.LIMITS, kind, 8)
        yield


def load(kind: str, url: str, checkpoint: Path, **more: Any) -> Any:
    """A model of lm-eval that asks the server; `kind` is `chat-completions` or `completions`."""
    path = kind.replace("-", "/")
    told = {"model": str(checkpoint), "base_url": f"{url}/{path}", **more}
    return load_model(EvaluationPlan(f"local-{kind}", told, ("game24_search",), batch_size=1))


def searched(model: Any, chat: bool, method: str = "tot_bfs", **told: Any) -> list[HandSearch]:
    """What searches of four hands record."""
    settings = read_settings({"method": method, "temperature": 0, **told})
    search = around(model, settings, chat=chat)
    rows = [{"numbers": hand.text} for hand in load_split("hard100")[:4]]
    search.generate_until([Instance("generate_until", row, ("", {}), 0) for row in rows])
    return list(search.records.values())


@pytest.mark.parametrize("concurrent", [1, 2])
def test_the_same_search_runs_whoever_counts_its_tokens(
    server: str, tiny_checkpoint: Path, concurrent: int
) -> None:
    """Counted here by the tokenizer, or as the server says what it used."""
    path, several = str(tiny_checkpoint), {"num_concurrent": concurrent}
    here = {"tokenizer": path, "tokenizer_backend": "huggingface", "tokenized_requests": False}
    found = [
        searched(load(kind, server, tiny_checkpoint, **several, **told), chat)
        for kind, chat in (("chat-completions", True), ("completions", False))
        for told in (here, {"tokenizer_backend": None})
    ]
    local = EvaluationPlan("hf", {"pretrained": path}, ("game24_search",), device="cpu")
    own = searched(load_model(local), False)
    for record in own:
        assert record.prompt_tokens
        assert (record.calls, record.completion_tokens) == (1, 8)
    assert found == [own] * 4


def test_two_draws_of_one_prompt_are_counted_each(server: str, tiny_checkpoint: Path) -> None:
    model = load(
        "chat-completions", server, tiny_checkpoint, tokenizer_backend=None, num_concurrent=2
    )
    for record in searched(model, True, "self_consistency", k=3, temperature=1.0):
        assert (record.calls, record.completion_tokens) == (3, 24)


def test_several_prompts_in_a_request_are_not_counted_by_their_sum(tiny_checkpoint: Path) -> None:
    """No request is made: what a server that takes lists would say is handed in."""
    model = load("completions", "http://127.0.0.1:9/v1", tiny_checkpoint, tokenizer_backend=None)

    def answered(messages: Any, **_: Any) -> dict[str, Any]:
        choices = [{"index": i, "text": "x"} for i in range(len(messages))]
        return {"choices": choices, "usage": {"prompt_tokens": 20, "completion_tokens": 2}}

    model.model_call = answered
    asking = Backend(model)
    for prompts in (["a", "b"], ["c"]):
        model.parse_generations(outputs=model.model_call(prompts), contexts=prompts)
    assert asking._used == {"c": deque([(20, 2)])}


def test_a_server_without_log_likelihoods_is_refused_one_pass_values(
    server: str, tiny_checkpoint: Path
) -> None:
    (hand, *_) = load_split("hard100")
    words = (" sure", " likely", " impossible")
    prompt = build_step("value_at_once", hand, hand.numbers, shots=0)
    call = Call(prompt, "value_at_once", after="Judgement:", words=words)
    told = {"tokenizer": str(tiny_checkpoint), "tokenized_requests": False}
    asking = Backend(load("completions", server, tiny_checkpoint, **told))
    asking.check(True)
    with pytest.raises(CannotAsk, match=r"gives no log-likelihoods .*: take --values written"):
        asking.ask([call], lambda *_: None)
    without = load("completions", server, tiny_checkpoint, tokenizer_backend=None)
    with pytest.raises(CannotAsk, match="add tokenizer=NAME"):
        Backend(without).check(True)


def test_what_a_server_says_of_a_bad_request_is_told(server: str, tiny_checkpoint: Path) -> None:
    """This one takes no tokens for prompts; lm-eval sends them unless it is told not to."""
    model = load("completions", server, tiny_checkpoint, tokenizer=str(tiny_checkpoint))
    with pytest.raises(ModelFailed, match="prompt must be a string"):
        searched(model, False)


# Killed


def command(url: str, checkpoint: Path, results: Path, work: Path) -> list[str]:
    arguments = f"model={checkpoint},base_url={url}/chat/completions,num_concurrent=2,max_retries=1"
    told = ["eval", "--method", "tot_bfs", "--temperature", "0", "--num_fewshot", "0"]
    told += ["--model", "local-chat-completions", "--model_args", arguments, "--name", "served"]
    told += ["--apply_chat_template", "--limit", str(HANDS), "--results", str(results)]
    return [sys.executable, "-c", EVAL, *told, "--work", str(work)]


def run(command: list[str]) -> None:
    """The same command in this process, which has loaded all it needs."""
    done = CliRunner().invoke(app, command[3:])
    assert done.exit_code == 0, done.output


def start(command: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ}
    )


def kept(work: Path) -> int:
    """Replies in the file."""
    if not work.exists():
        return 0
    with closing(sqlite3.connect(f"file:{work}?mode=ro", uri=True)) as database:
        try:
            return int(database.execute("SELECT COUNT(*) FROM replies").fetchone()[0])
        except sqlite3.OperationalError:  # not made yet
            return 0


def wait_in_the_middle(work: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + SECONDS
    while kept(work) < STOP_AT:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def row(results: Path) -> Submission:
    (found,) = read_all(results)
    return found


def sent(submission: Submission) -> int:
    assert submission.search is not None
    return submission.search.sent


def same(one: Submission, other: Submission) -> bool:
    """But for what a run takes: time, and calls that were asked anew."""
    assert one.search is not None and other.search is not None
    first = one.search.model_copy(update={"sent": other.search.sent})
    return (one.samples, first) == (other.samples, other.search)


@pytest.fixture(scope="module")
def whole(
    server: str, tiny_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory
) -> Submission:
    """The row of a run that nothing interrupts."""
    folder = tmp_path_factory.mktemp("whole")
    run(command(server, tiny_checkpoint, folder / "results", folder / "work.sqlite"))
    found = row(folder / "results")
    assert sent(found) == kept(folder / "work.sqlite") == HANDS
    return found


def test_a_run_that_is_killed_goes_on(
    server: str, tiny_checkpoint: Path, whole: Submission, tmp_path: Path
) -> None:
    results, work = tmp_path / "results", tmp_path / "work.sqlite"
    asked = command(server, tiny_checkpoint, results, work)
    process = start(asked)
    wait_in_the_middle(work, process)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=SECONDS)
    assert not results.exists()
    before = kept(work)
    assert STOP_AT <= before < HANDS
    run(asked)
    assert sent(row(results)) == HANDS - before
    assert same(row(results), whole)


def test_a_server_that_dies_is_named_and_nothing_is_lost(
    tiny_checkpoint: Path, whole: Submission, tmp_path: Path
) -> None:
    results, work = tmp_path / "results", tmp_path / "work.sqlite"
    with serving(tiny_checkpoint) as url:
        process = start(command(url, tiny_checkpoint, results, work))
        wait_in_the_middle(work, process)
    os.kill(process.pid, signal.SIGCONT)
    _, said = process.communicate(timeout=SECONDS)
    assert process.returncode == 2, said
    ours = [line for line in said.splitlines() if line.startswith("tot24: ")]
    ours = [line for line in ours if "of this level" not in line]  # where it takes seconds
    assert len(ours) == 1, said
    host = url.removeprefix("http://").removesuffix("/v1")
    assert f"the server at {host} stopped answering after" in ours[0]
    assert "what it answered is kept, start it and run the same command again" in ours[0]
    assert not results.exists()
    before = kept(work)
    assert STOP_AT <= before < HANDS
    with serving(tiny_checkpoint, port=int(host.rpartition(":")[2])) as again:
        assert again == url
        run(command(url, tiny_checkpoint, results, work))
    assert sent(row(results)) == HANDS - before
    assert same(row(results), whole)
