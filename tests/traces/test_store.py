"""Trace files: whatever ends the writer, what was recorded stays and the rest can go on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tot24_bench.teachers import TeacherInfo, Usage
from tot24_bench.traces import Trace, TraceFile, read_traces
from tot24_bench.traces.store import BadTraceFile, TraceFileBusy

MakeTrace = Callable[..., Trace]
HANDS = ["1 1 4 6", "1 2 4 7", "2 3 4 4", "1 3 8 8", "2 2 6 11"]


def written(path: Path, *traces: Trace) -> Path:
    with TraceFile.open(path) as file:
        for trace in traces:
            file.append(trace)
    return path


def test_what_is_appended_is_read_back(tmp_path: Path, make_trace: MakeTrace) -> None:
    traces = [make_trace(hand, sample=i) for hand in HANDS for i in range(3)]
    path = written(tmp_path / "t.jsonl", *traces[:7])
    written(path, *traces[7:])
    assert list(read_traces(path)) == traces


def test_a_recorded_sample_is_known_again_however_its_hand_is_dealt(
    tmp_path: Path, make_trace: MakeTrace
) -> None:
    path = written(tmp_path / "t.jsonl", make_trace("6 1 4 1", sample=2))
    with TraceFile.open(path) as file:
        assert file.has(make_trace("1 1 4 6", sample=2).asked)
        assert not file.has(make_trace("1 1 4 6", sample=1).asked)
        with pytest.raises(BadTraceFile, match="already holds sample 2"):
            file.append(make_trace("1 1 4 6", sample=2))


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cut=st.integers(1, 4000), junk=st.sampled_from([b"", b"\0" * 50, b'{"form', b"\xff"]))
def test_a_file_cut_anywhere_in_its_last_line_loses_that_line_alone(
    tmp_path: Path, make_trace: MakeTrace, cut: int, junk: bytes
) -> None:
    path = tmp_path / "t.jsonl"
    path.unlink(missing_ok=True)
    whole = written(path, *(make_trace(hand) for hand in HANDS)).read_bytes()
    lines = whole.splitlines(keepends=True)
    before = b"".join(lines[:-1])
    kept = lines[-1][: cut % len(lines[-1])] + junk
    path.write_bytes(before + kept)
    with TraceFile.open(path) as file:
        complete = kept == lines[-1][:-1]
        assert file.totals.traces == len(HANDS) - 1 + complete
        file.append(make_trace("3 3 8 8"))
    assert path.read_bytes().startswith(before)
    assert [trace.puzzle.text for trace in read_traces(path)][-1] == "3 3 8 8"


def test_a_last_line_that_only_lacks_its_end_is_kept(tmp_path: Path, make_trace: MakeTrace) -> None:
    path = written(tmp_path / "t.jsonl", *(make_trace(hand) for hand in HANDS))
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    with TraceFile.open(path) as file:
        assert (file.totals.traces, file.repaired_bytes) == (len(HANDS), 0)
    assert path.read_bytes() == whole


def test_the_first_line_of_a_file_may_be_torn(tmp_path: Path, make_trace: MakeTrace) -> None:
    path = tmp_path / "t.jsonl"
    line = make_trace().model_dump_json().encode()
    path.write_bytes(line[:100])
    with TraceFile.open(path) as file:
        assert file.repaired_bytes == 100
    assert path.read_bytes() == b""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"my only copy of a poem", "line 1 is no trace"),
        (b"notes\nline two\nmy only copy", "line 1 is no trace"),
        (b"a poem\nof two lines\n", "line 1 is no trace"),
        (b'{"format": "tot24-trace/9"}\n', "line 1 is of another schema"),
        (b'{"numbers": [4, 4, 6, 8], "response": "Answer: 24"}\n', "line 1 is no trace"),
    ],
)
def test_another_file_is_refused_and_left_as_it_is(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(content)
    with pytest.raises(BadTraceFile, match=message):
        TraceFile.open(path)
    assert path.read_bytes() == content


def test_another_schema_is_named(tmp_path: Path, make_trace: MakeTrace) -> None:
    path = written(tmp_path / "t.jsonl", make_trace())
    path.write_bytes(path.read_bytes().replace(b"tot24-trace/1", b"tot24-trace/7"))
    with pytest.raises(BadTraceFile, match="line 1 is of another schema than tot24-trace/1"):
        TraceFile.open(path)


def test_a_line_in_the_middle_that_is_no_trace_is_refused_not_skipped(
    tmp_path: Path, make_trace: MakeTrace
) -> None:
    path = written(tmp_path / "t.jsonl", *(make_trace(hand) for hand in HANDS))
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2][:80] + b"\n"
    path.write_bytes(b"".join(lines))
    with pytest.raises(BadTraceFile, match="line 3"):
        TraceFile.open(path)
    with pytest.raises(BadTraceFile, match="line 3"):
        list(read_traces(path))


OTHER_TEACHER = TeacherInfo(kind="openai", model="gpt-4o", settings={"seed": 1})


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"method": "cot"}, "method onestep_tot, not cot"),
        ({"shots": 5}, "shots 0, not 5"),
        ({"shots": 5, "variant": "search"}, "variant default, not search"),
        ({"teacher": OTHER_TEACHER}, "seed 0, not 1"),
        ({"teacher": TeacherInfo(kind="openai", model="gpt-5")}, "model gpt-4o, not gpt-5"),
    ],
)
def test_traces_that_were_asked_otherwise_do_not_join_a_file(
    tmp_path: Path, make_trace: MakeTrace, other: dict[str, Any], message: str
) -> None:
    path = written(tmp_path / "t.jsonl", make_trace())
    if "model" in message:
        message = "seed 0, not nothing"  # settings differ first
    with TraceFile.open(path) as file, pytest.raises(BadTraceFile, match=message):
        file.append(make_trace("1 1 4 6", **other))
    assert len(list(read_traces(path))) == 1


def test_two_writers_of_one_file_are_refused(tmp_path: Path, make_trace: MakeTrace) -> None:
    path = tmp_path / "t.jsonl"
    with TraceFile.open(path) as file:
        file.append(make_trace())
        code = f"""
            from pathlib import Path
            from tot24_bench.traces import TraceFile
            from tot24_bench.traces.store import TraceFileBusy
            try:
                TraceFile.open(Path({str(path)!r}))
            except TraceFileBusy as busy:
                print(busy)
        """
        second = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True
        )
    assert "is being written by another process" in second.stdout
    with TraceFile.open(path) as file:  # and free again afterwards
        assert file.totals.traces == 1


def test_totals_are_those_of_all_sessions(tmp_path: Path, make_trace: MakeTrace) -> None:
    path = tmp_path / "t.jsonl"
    usage = Usage(prompt_tokens=100, completion_tokens=20, cost="0.0015")
    written(path, make_trace(usage=usage))
    written(path, make_trace("1 1 4 6", "Answer: 4", usage=usage))
    with TraceFile.open(path) as file:
        assert file.totals[:3] == (2, 1, 240)
        assert str(file.totals.cost) == "0.0030"


WRITER = """
import sys
from pathlib import Path
from datetime import UTC, datetime
from tot24_bench.game import load_split
from tot24_bench.prompts import build
from tot24_bench.scoring import score
from tot24_bench.teachers import Reply, Request, TeacherInfo
from tot24_bench.traces import TraceFile
from tot24_bench.traces import Trace
teacher = TeacherInfo(kind="solver", model="exact search")
with TraceFile.open(Path(sys.argv[1])) as file:
    for sample in range(1000):
        for puzzle in load_split("train"):
            request = Request(build("io", puzzle, shots=0), sample)
            text = "Answer: " + "1" * 5000
            trace = Trace.of(Reply(request, text), teacher, score(puzzle, text), datetime.now(UTC))
            if not file.has(trace.asked):
                file.append(trace)
                print(trace.puzzle.text, sample, flush=True)
"""


def test_a_writer_killed_without_warning_loses_nothing_it_had_recorded(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    told: list[str] = []
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        for _, line in zip(range(100), process.stdout, strict=False):
            told.append(line.strip())
        os.kill(process.pid, signal.SIGKILL)
        told += [line.strip() for line in process.stdout if line.endswith("\n")]
        process.wait()
    with TraceFile.open(path):
        pass
    recorded = [f"{trace.puzzle.text} {trace.sample}" for trace in read_traces(path)]
    assert len(set(recorded)) == len(recorded)
    assert set(told) <= set(recorded)
    assert len(recorded) <= len(told) + 3  # recorded, and killed before it said so


def test_a_full_disk_leaves_whole_lines(tmp_path: Path, make_trace: MakeTrace) -> None:
    resource = pytest.importorskip("resource")
    path = written(tmp_path / "t.jsonl", make_trace())
    before = path.read_bytes()
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with TraceFile.open(path) as file:
            resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 100, old[1]))
            with pytest.raises(OSError):
                file.append(make_trace("1 1 4 6"))
            resource.setrlimit(resource.RLIMIT_FSIZE, old)
            assert path.read_bytes() == before
            file.append(make_trace("1 1 4 6"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, handler)
    assert len(list(read_traces(path))) == 2


def test_a_folder_or_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadTraceFile, match="is not a file"):
        TraceFile.open(tmp_path)
    with pytest.raises(BadTraceFile, match="no folder"):
        TraceFile.open(tmp_path / "no" / "t.jsonl")


def test_a_sample_number_beyond_all_bounds_is_refused(
    tmp_path: Path, make_trace: MakeTrace
) -> None:
    path = written(tmp_path / "t.jsonl", make_trace())
    record = json.loads(path.read_text())
    record["sample"] = 10**14
    path.write_text(json.dumps(record) + "\n")
    with pytest.raises(BadTraceFile, match="line 1 is no trace"):
        TraceFile.open(path)


def test_a_file_is_locked_by_whatever_name_it_is_opened(
    tmp_path: Path, make_trace: MakeTrace
) -> None:
    path = written(tmp_path / "t.jsonl", make_trace())
    (tmp_path / "link.jsonl").symlink_to(path)
    (tmp_path / "hard.jsonl").hardlink_to(path)
    with TraceFile.open(path):
        for name in ("link.jsonl", "hard.jsonl"):
            with pytest.raises(TraceFileBusy):
                TraceFile.open(tmp_path / name)


def test_a_response_of_any_length_leaves_a_file_that_can_be_read(
    tmp_path: Path, make_trace: MakeTrace
) -> None:
    path = tmp_path / "t.jsonl"
    for hand, char in (("1 1 4 6", "a"), ("1 2 4 7", "\x01"), ("1 3 8 8", "\U0001f600")):
        written(path, make_trace(hand, char * 17_000_000))
    traces = list(read_traces(path))
    assert len(traces) == 3
    assert {str(trace.finish) for trace in traces} == {"length"}


def test_a_command_that_fails_leaves_no_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    with pytest.raises(RuntimeError), TraceFile.open(path):
        raise RuntimeError
    assert not path.exists()


def test_a_whole_last_line_without_its_end_is_read(tmp_path: Path, make_trace: MakeTrace) -> None:
    path = written(tmp_path / "t.jsonl", make_trace(), make_trace("1 1 4 6"))
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert len(list(read_traces(path))) == 2
    path.write_bytes(whole[:-9])
    assert len(list(read_traces(path))) == 1


@pytest.mark.parametrize("change", [{"score": {}}, {"response": None}, {"extra": 1}])
def test_a_line_that_only_looks_like_a_trace_is_refused_when_writing_and_reading(
    tmp_path: Path, make_trace: MakeTrace, change: dict[str, Any]
) -> None:
    path = written(tmp_path / "t.jsonl", make_trace())
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}) + "\n")
    with pytest.raises(BadTraceFile, match="line 1 is no trace"):
        TraceFile.open(path)
    with pytest.raises(BadTraceFile, match="line 1 is no trace"):
        list(read_traces(path))
