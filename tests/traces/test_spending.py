"""A limit counts what was sent and never recorded, whatever ended the run."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

pytest.importorskip("aiohttp")
from tests.teachers.faulty_server import Behaviour, serving
from tot24_bench.cli.main import app
from tot24_bench.traces import Amount, Spending, TraceFile
from tot24_bench.traces.spending import BadSpending

run = CliRunner().invoke


def test_a_run_that_ended_leaves_what_it_lost_and_nothing_where_it_lost_nothing(
    tmp_path: Path,
) -> None:
    traces = tmp_path / "t.jsonl"
    spending = Spending.beside(traces)
    spending.begin(Amount(cost=Decimal("0.5"), tokens=900))
    spending.end(Amount(cost=Decimal("0.02"), tokens=40))
    assert Spending.beside(traces).unrecorded == Amount(cost=Decimal("0.02"), tokens=40)
    spending.end(Amount())
    assert Spending.beside(traces).unrecorded == Amount()
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_never_ended_counts_all_that_could_be_under_way(tmp_path: Path) -> None:
    traces = tmp_path / "t.jsonl"
    for runs in (1, 2):  # and again, for every run that was killed
        Spending.beside(traces).begin(Amount(cost=Decimal("0.5"), tokens=900))
        found = Spending.beside(traces).unrecorded
        assert found == Amount(cost=Decimal("0.5") * runs, tokens=900 * runs)


def test_a_note_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl.spent.json").write_text("[]")
    with pytest.raises(BadSpending, match=r"t\.jsonl\.spent\.json cannot be read: mend it"):
        Spending.beside(tmp_path / "t.jsonl")


def test_lost_tries_count_against_the_limit_of_the_next_run(tmp_path: Path) -> None:
    traces = tmp_path / "t.jsonl"
    note = tmp_path / "t.jsonl.spent.json"
    arguments = ["traces", "generate", "--teacher", "openai", "--model", "m", "--method", "io"]
    arguments += ["--num_fewshot", "0", "--limit", "4", "--concurrency", "1", "-o", str(traces)]
    arguments += ["--teacher_args", "timeout=0.5,max_retries=0"]
    with serving(Behaviour(), faults=["slow"]) as server:
        arguments += ["--base-url", server.url]
        first = run(app, [*arguments, "--max-tokens-total", "100000"])
        assert first.exit_code in (0, 1), first.output
        lost = json.loads(note.read_text())
        assert lost["tokens"] > 1_000, "the worst case of a call that nobody answered"
        assert lost["under_way"] is None
        with TraceFile.open(traces) as file:
            recorded = file.totals
        more = [*arguments, "--samples", "2"]
        limit = recorded.tokens + lost["tokens"]
        second = run(app, [*more, "--max-tokens-total", str(limit)])
        assert second.exit_code == 1
        assert "the budget is spent" in second.output
    with TraceFile.open(traces) as file:
        assert file.totals.traces == recorded.traces


def test_what_is_lost_while_calls_are_under_way_is_noted_at_once(tmp_path: Path) -> None:
    traces = tmp_path / "t.jsonl"
    spending = Spending.beside(traces)
    spending.begin(Amount(cost=Decimal("0.5"), tokens=900))
    spending.note(Amount(cost=Decimal("0.2"), tokens=300), Amount(cost=Decimal("0.6"), tokens=950))
    # Killed here: the loss so far, and the most that was held at once.
    assert Spending.beside(traces).unrecorded == Amount(cost=Decimal("0.8"), tokens=1250)


def test_answers_without_an_account_of_tokens_count_at_their_worst_after_a_kill(
    tmp_path: Path,
) -> None:
    import os
    import signal
    import subprocess
    import sys
    import time

    traces = tmp_path / "t.jsonl"
    with serving(Behaviour(usage=False, latency=0.05)) as server:
        command = [sys.executable, "-m", "tot24_bench.cli", "traces", "generate", "--teacher"]
        command += ["openai", "--model", "m", "--method", "io", "--num_fewshot", "0", "--base-url"]
        command += [server.url, "--concurrency", "1", "--samples", "1", "-o", str(traces)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and (
            not traces.exists() or traces.read_bytes().count(b"\n") < 10
        ):
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    noted = json.loads((tmp_path / "t.jsonl.spent.json").read_text())
    assert noted["tokens"] > 9 * 1024, "nine answers or more, each at its worst"


def test_traces_without_a_price_do_not_meet_a_limit_on_cost(tmp_path: Path) -> None:
    traces = tmp_path / "t.jsonl"
    prices = tmp_path / "prices.yaml"
    prices.write_text("models:\n  m: {input: 1, output: 2}\n")
    arguments = ["traces", "generate", "--teacher", "openai", "--model", "m", "--method", "io"]
    arguments += ["--num_fewshot", "0", "--limit", "2", "-o", str(traces)]
    with serving() as server:
        assert run(app, [*arguments, "--base-url", server.url]).exit_code == 0
        limited = [*arguments, "--base-url", server.url, "--prices", str(prices)]
        done = run(app, [*limited, "--max-cost", "1"])
    assert done.exit_code == 2
    assert "2 traces" in done.output and "were recorded without a price" in done.output
