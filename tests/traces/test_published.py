"""Published responses as traces: everything that the file says, and nothing that it does not."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tot24_bench.game import load_split
from tot24_bench.scoring import Verdict, score
from tot24_bench.teachers import Finish, TeacherInfo, Usage
from tot24_bench.traces import Trace, TraceFile, published_traces, read_traces
from tot24_bench.transcripts import BadTranscript

NOW = datetime(2026, 11, 1, tzinfo=UTC)
RIGHT = "Answer: (6 - 4) * (4 + 8) = 24"


def lines(path: Path, *records: object) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def traces(path: Path, **options: Any) -> list[Trace]:
    options = {"method": "onestep_tot", "model": "gpt-4o", "now": NOW, **options}
    return list(published_traces(path, **options))


def test_a_response_is_a_trace_that_claims_nothing_unknown(tmp_path: Path) -> None:
    path = lines(tmp_path / "t.jsonl", {"numbers": "8 4 6 4", "response": RIGHT})
    (trace,) = traces(path, settings={"temperature": 0.7})
    assert trace.puzzle.text == "8 4 6 4"
    assert (trace.method, trace.variant, trace.shots) == ("onestep_tot", "other", None)
    assert trace.prompt_sha256 is None
    origin = {"source": "t.jsonl", "source_sha256": sha256(path.read_bytes()).hexdigest()}
    assert trace.teacher == TeacherInfo(
        kind="transcript", model="gpt-4o", settings={"temperature": 0.7, **origin}
    )
    assert (trace.response, trace.finish, trace.usage) == (RIGHT, Finish.STOP, Usage())
    assert trace.score.correct and trace.recorded == NOW
    assert trace.details == {"source_line": 1}


def test_samples_are_counted_a_puzzle_however_it_is_dealt(tmp_path: Path) -> None:
    hands = ["4 4 6 8", "1 1 4 6", "8 6 4 4", "4 4 6 8"]
    path = lines(tmp_path / "t.jsonl", *({"numbers": h, "response": ["a", "b"]} for h in hands))
    found = traces(path)
    assert [trace.sample for trace in found] == [0, 1, 0, 1, 2, 3, 4, 5]
    assert [trace.details["source_line"] for trace in found] == [1, 1, 2, 2, 3, 3, 4, 4]
    assert len({trace.asked for trace in found}) == 8


def test_a_truncated_response_and_its_tokens_are_known(tmp_path: Path) -> None:
    def line(text: str, finish: str) -> dict[str, Any]:
        choices = [{"index": 0, "message": {"content": text}, "finish_reason": finish}]
        body = {"choices": choices, "usage": {"completion_tokens": 57}}
        response = {"status_code": 200, "body": body}
        return {"custom_id": "game24-4-4-6-8", "error": None, "response": response}

    path = lines(tmp_path / "t.jsonl", line(RIGHT, "stop"), line("Steps:\n4 + 8 =", "length"))
    whole, cut = traces(path, method="io")
    assert (whole.finish, cut.finish) == (Finish.STOP, Finish.LENGTH)
    assert cut.score.truncated and cut.score.verdict is Verdict.TRUNCATED
    assert whole.usage == cut.usage == Usage(completion_tokens=57)


def test_steps_and_answer_that_were_cut_up_are_one_response(tmp_path: Path) -> None:
    response = {"Steps": "4 + 8 = 12 (left: 4 6 12)", "Answer": "(6 - 4) * (4 + 8) = 24"}
    record = {"file": "f.json", "rank": 1, "numbers": "4 4 6 8", "response": response}
    (trace,) = traces(lines(tmp_path / "t.jsonl", record))
    assert trace.response == f"Steps:\n4 + 8 = 12 (left: 4 6 12)\n{RIGHT}"


def test_bad_records_are_refused_or_left_out(tmp_path: Path) -> None:
    good = {"numbers": "4 4 6 8", "response": RIGHT}
    path = lines(tmp_path / "t.jsonl", good, {"numbers": "4 4 6", "response": ""}, good)
    with pytest.raises(BadTranscript, match=r"line 2: .*--any-hand"):
        traces(path)
    assert [trace.details["source_line"] for trace in traces(path, skip_bad=True)] == [1, 3]
    assert len(traces(path, any_hand=True)) == 3


def test_what_is_imported_is_a_trace_file_like_any_other(tmp_path: Path) -> None:
    path = lines(tmp_path / "t.jsonl", {"numbers": "4 4 6 8", "response": ["\ud800", "", RIGHT]})
    out = tmp_path / "traces.jsonl"
    found = traces(path)
    with TraceFile.open(out) as file:
        for trace in found:
            file.append(trace)
    assert list(read_traces(out)) == found
    with TraceFile.open(out) as file:
        assert all(file.has(trace.asked) for trace in traces(path))


def test_the_public_responses_of_gpt_4o_give_the_counts_that_are_known(shared: Path) -> None:
    path = shared / "data" / "transcripts" / "gpt-4o_onestep_tot_teacher_all_hands.jsonl"
    if not path.exists():
        pytest.skip(f"{path.name} is absent")
    found = traces(path)
    assert len(found) == len({trace.asked for trace in found}) == 1_412
    hard = {puzzle.hand for puzzle in load_split("hard100")}
    right = {trace.puzzle.hand for trace in found if trace.score.correct}
    # Known before the referee was: at least 198, and 11. With the answer's first line alone it
    # finds the same 11; reading on, it finds right answers that some rows give after another try.
    assert (len(right), len(right & hard)) == (214, 14)
    lines_of = (trace.response.partition("\nAnswer: ") for trace in found)
    firsts = [
        f"Answer: {answer.strip().splitlines()[0]}" if answer.strip() else ""
        for _, _, answer in lines_of
    ]
    at_once = {
        t.puzzle.hand for t, f in zip(found, firsts, strict=True) if score(t.puzzle, f).correct
    }
    assert at_once < right and len(at_once & hard) == 11
