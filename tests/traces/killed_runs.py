"""A server that fails at random, and a writer that is killed again and again: what is left?

    python -m tests.traces.killed_runs

Runs `tot24 traces generate` against the fault-injecting server on loopback, kills it without
warning several times, runs it until it says that everything is recorded, and counts: calls, faults,
traces, and answers that were lost because the writer died between the answer and the record.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.teachers.faulty_server import Behaviour, serving
from tot24_bench.game import Puzzle
from tot24_bench.traces import TraceFile, read_traces

FAULTS = ("429", "500", "503", "slow", "cut", "cut body", "malformed", "html", "empty", "deep")
ENDS = ("length", "refusal", "null")

FAULT_SHARE = 0.25
"""Share of calls that something happens to."""

GIVE_UP_SECONDS = 300
"""A guard against hanging, not a timing."""


@dataclass
class Figures:
    """What came of it.

    Attributes:
        wanted: hands times samples.
        recorded: traces in the file at the end.
        distinct: different (hand, sample) among them.
        kills: times that the writer was killed.
        runs: times that the command was given, the killed ones included.
        calls: calls that reached the server.
        faulted: how many of them it did not answer well, by fault.
        ended_early: answers that were cut off, refused or empty, by kind: recorded as such.
        asked_again: calls for hands that were recorded whole before the run began.
        lost: answers that the server gave and no file holds.
        touched: lines of an earlier file that a later run changed.
        foreign: traces whose response is another hand's.
    """

    wanted: int
    recorded: int = 0
    distinct: int = 0
    kills: int = 0
    runs: int = 0
    calls: int = 0
    faulted: dict[str, int] | None = None
    ended_early: dict[str, int] | None = None
    asked_again: int = 0
    lost: int = 0
    touched: int = 0
    foreign: int = 0


def run(hands: int, samples: int, concurrency: int, kills: int, seed: int) -> Figures:
    """Carry it out.

    Raises:
        TimeoutError: it did not come to an end.
    """
    draw = random.Random(seed)
    behaviour = Behaviour(latency=0.02, retry_after="0.02")
    script = [
        draw.choice((*FAULTS, *ENDS)) if draw.random() < FAULT_SHARE else ""
        for _ in range(20 * hands)
    ]
    figures = Figures(hands * samples)
    with tempfile.TemporaryDirectory() as folder, serving(behaviour, script) as server:
        path = Path(folder) / "traces.jsonl"
        command = _command(path, server.url, hands, samples, concurrency)
        deadline = time.monotonic() + GIVE_UP_SECONDS
        code = -1
        while code != 0:
            if time.monotonic() > deadline:
                raise TimeoutError(f"not done after {figures.runs} runs")
            before = _lines(path)
            whole = _whole(path, samples)
            first = len(server.seen.bodies)
            stop_at = None
            if figures.kills < kills:
                left = figures.wanted - len(before)
                stop_at = len(before) + 1 + draw.randrange(max(1, left // (kills + 1)))
            code = _until(command, path, stop_at)
            figures.runs += 1
            figures.kills += code == -signal.SIGKILL
            figures.touched += sum(
                one != other for one, other in zip(before, _lines(path), strict=False)
            )
            figures.asked_again += sum(_hand(body) in whole for body in server.seen.bodies[first:])
        traces = list(read_traces(path))
        used = script[: len(script) - len(behaviour.faults)]
        figures.recorded = len(traces)
        figures.distinct = len({trace.asked for trace in traces})
        figures.calls = len(server.seen.bodies)
        figures.faulted = dict(Counter(fault for fault in used if fault in FAULTS))
        figures.ended_early = dict(Counter(fault for fault in used if fault in ENDS))
        figures.lost = server.seen.choices - len(traces)
        figures.foreign = sum(trace.response not in ("", *_own(trace.puzzle)) for trace in traces)
    return figures


def _command(path: Path, url: str, hands: int, samples: int, concurrency: int) -> list[str]:
    command = [sys.executable, "-m", "tot24_bench.cli", "traces", "generate"]
    command += ["--teacher", "openai", "--model", "m", "--base-url", url, "--method", "io"]
    command += ["--split", "train", "--limit", str(hands), "--samples", str(samples)]
    command += ["--num_fewshot", "0", "--concurrency", str(concurrency), "-o", str(path)]
    return [*command, "--teacher_args", "timeout=0.5,max_retries=3"]


def _until(command: list[str], path: Path, stop_at: int | None) -> int:
    """Run the command to its end, or kill it when the file has so many lines; its exit code."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while stop_at is not None and process.poll() is None:
        if len(_lines(path)) >= stop_at:
            os.kill(process.pid, signal.SIGKILL)
            break
        time.sleep(0.005)
    return process.wait(GIVE_UP_SECONDS)


def _lines(path: Path) -> list[bytes]:
    """The whole lines."""
    if not path.exists():
        return []
    return path.read_bytes().rpartition(b"\n")[0].splitlines()


def _whole(path: Path, samples: int) -> set[tuple[int, ...]]:
    """Hands of which every sample is recorded; mends the file as the next run would."""
    if not path.exists():
        return set()
    with TraceFile.open(path):
        pass
    counts = Counter(trace.puzzle.hand for trace in read_traces(path))
    return {hand for hand, count in counts.items() if count == samples}


def _hand(body: dict[str, list[dict[str, str]]]) -> tuple[int, ...]:
    return Puzzle.parse(body["messages"][-1]["content"].rsplit("Input: ", 1)[1]).hand


def _own(puzzle: Puzzle) -> tuple[str, str]:
    return f"echo of {puzzle.text}", f"I will not: {puzzle.text}"


if __name__ == "__main__":
    found = run(hands=800, samples=4, concurrency=16, kills=10, seed=0)
    for name, value in asdict(found).items():
        print(f"{name:12}{value}")
