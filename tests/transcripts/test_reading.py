"""Transcripts as people have them: every format, and whatever can be wrong with a file."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tot24_bench.game import load_split
from tot24_bench.harness.documents import test_rows as rows_of_task
from tot24_bench.transcripts import (
    FORMATS,
    BadTranscript,
    Rollouts,
    json_reader,
    json_records,
    read_transcript,
)

RIGHT = "Answer: (6 - 4) * (4 + 8) = 24"
PLAIN = {"numbers": "4 4 6 8", "response": RIGHT}


def lines(path: Path, *records: object) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def array(path: Path, *records: object) -> Path:
    path.write_text(json.dumps(list(records), indent=4), encoding="utf-8")
    return path


def read(path: Path, **options: Any) -> list[Rollouts]:
    return list(read_transcript(path, **options))


def only(path: Path, **options: Any) -> tuple[str, tuple[str, ...]]:
    """The hand and the responses of the one record of a file."""
    (rollouts,) = read(path, **options)
    return rollouts.puzzle.text, rollouts.responses


def lm_eval(doc: object, *responses: str, **more: object) -> dict[str, Any]:
    """A line of lm-eval's, as `save_results_samples` of lm-eval 0.4.13 writes it."""
    return {
        "doc_id": 0,
        "doc": doc,
        "target": "worked",
        "arguments": {"gen_args_0": {"arg_0": "prompt", "arg_1": {"until": ["\nInput:"]}}},
        "resps": [list(responses)],
        "filtered_resps": [responses[0] if responses else ""],
        "filter": "none",
        "metrics": ["acc"],
        "doc_hash": "0" * 64,
        "acc": 1.0,
        **more,
    }


def batch(name: object, *contents: str | None, **more: object) -> dict[str, Any]:
    """A line of a batch's output, as OpenAI writes it."""
    choices = [
        {"index": i, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        for i, text in enumerate(contents)
    ]
    body = {"id": "chatcmpl-1", "choices": choices, "usage": {"completion_tokens": 9}}
    response = {"status_code": 200, "request_id": "r", "body": body}
    return {"id": "batch_req_1", "custom_id": name, "response": response, "error": None, **more}


def request(name: str, *messages: tuple[str, object]) -> dict[str, Any]:
    """A line of a batch's input."""
    said = [{"role": role, "content": content} for role, content in messages]
    body = {"model": "gpt-4o", "messages": said}
    return {"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": body}


def test_plain_records_of_every_kind(tmp_path: Path) -> None:
    path = lines(
        tmp_path / "t",
        {"numbers": [4, 4, 6, 8], "response": RIGHT},
        {"numbers": "4,4; 6|8", "response": ["a", "b"], "target": 24},
        {"numbers": "[4, 4, 6, 8]", "response": None, "model": "m"},
        {"numbers": ["4", "4", 6, 8]},
        {"numbers": "8-6-4-4", "response": [], "target": "24"},
    )
    found = read(path)
    assert [rollouts.puzzle.hand for rollouts in found] == [(4, 4, 6, 8)] * 5
    assert [rollouts.responses for rollouts in found] == [(RIGHT,), ("a", "b"), ("",), ("",), ("",)]
    assert [rollouts.source_line for rollouts in found] == [1, 2, 3, 4, 5]
    assert read_transcript(path).format == "plain"


def test_lm_eval_samples_of_this_project_keep_every_repeat(tmp_path: Path) -> None:
    row = rows_of_task("cot", "hard100", "default")[0]
    sample = lm_eval(row, "one", "two", "padding", filtered_resps=[["one", "two"]], truncated=1.0)
    (found,) = read(lines(tmp_path / "t", sample))
    assert (found.puzzle, found.responses) == (load_split("hard100")[0], ("one", "two"))
    assert found.truncated == (True, True)


def test_lm_eval_samples_of_another_task_are_what_the_model_wrote(tmp_path: Path) -> None:
    filtered = {"filtered_resps": ["24"], "filter": "strict-match"}
    doc = {"question": "Make 24.", "Puzzles": "4 4 6 8", "target": "(6 - 4) * (4 + 8)"}
    path = lines(
        tmp_path / "t",
        lm_eval(doc, RIGHT, "again", **filtered),
        lm_eval(doc, RIGHT, "again", filter="flexible-extract", filtered_resps=["8"]),
    )
    assert read_transcript(path).format == "lm-eval"
    assert only(path) == ("4 4 6 8", (RIGHT, "again"))


@pytest.mark.parametrize(
    "doc",
    [
        {"numbers": [4, 4, 6, 8]},
        {"nums": ["4", "4", "6", "8"], "target": 24},
        {"nums": [4.0, 4.0, 6.0, 8.0], "target": 24.0},
        {"input": "Input: 4 4 6 8\n"},
        {"puzzle": {"numbers": [4, 4, 6, 8], "target": 24, "rule": "all"}},
        {"Puzzles": "4 4 6 8", "Rank": "1077"},
    ],
)
def test_the_hand_of_a_document_goes_by_many_names(doc: object, tmp_path: Path) -> None:
    assert only(lines(tmp_path / "t", lm_eval(doc, RIGHT))) == ("4 4 6 8", (RIGHT,))


@pytest.mark.parametrize(
    ("sample", "reason"),
    [
        (lm_eval({"question": "Make 24."}, RIGHT), "no hand in doc: looked for numbers, nums"),
        (lm_eval({"input": "Use 4 4 6 8."}, RIGHT), "'Use' is not a positive integer"),
        (lm_eval(PLAIN, resps=[["a"], ["b"]]), "resps has 2 requests for one document"),
        (lm_eval(PLAIN, resps=[[["-1.5", "False"]]]), "resps is a list, not text"),
        (lm_eval(PLAIN, resps="a"), "resps is text, not a list"),
        (lm_eval([4, 4, 6, 8], RIGHT), "doc is a list, not an object"),
    ],
)
def test_lm_eval_samples_that_hold_no_response_to_a_hand(
    sample: object, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(BadTranscript, match=f"1 bad record, line 1: {reason}"):
        read(lines(tmp_path / "t", sample))


def test_tree_of_thought_logs_know_the_ranks_of_the_test_splits(tmp_path: Path) -> None:
    path = array(
        tmp_path / "t",
        {"idx": 900, "ys": [RIGHT, "no"], "accs": [1, 0], "usage_so_far": {"cost": 1.5}},
        {"idx": 1361, "ys": []},
    )
    assert read_transcript(path).format == "tree-of-thought-llm"
    first, last = read(path)
    assert (first.puzzle, first.responses) == (load_split("hard100")[0], (RIGHT, "no"))
    assert (last.puzzle, last.responses) == (load_split("hardest")[-1], ("",))
    assert (first.source_line, last.source_line) == (2, 16)


def test_other_ranks_need_the_public_list(tmp_path: Path) -> None:
    path = lines(tmp_path / "t", {"idx": 0, "ys": [RIGHT]})
    with pytest.raises(BadTranscript, match=r"idx 0 is rank 1, whose hand .* with --ranks"):
        read(path)
    ranks = tmp_path / "24.csv"
    ranks.write_text("\ufeffRank,Puzzles,AMT (s)\r\n1,1 1 4 6,4.4\r\n", encoding="utf-8")
    assert only(path, ranks=ranks) == ("1 1 4 6", (RIGHT,))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "no columns Rank and Puzzles"),
        (b"Rank,Hand\n1,1 1 4 6\n", "no columns Rank and Puzzles"),
        (b"Rank,Puzzles\nfirst,1 1 4 6\n", "line 2: 'first' is no rank"),
        (b"Rank,Puzzles\n1,1 1 4 6\n1,1 1 4 6\n", "line 3: the rank 1 stands twice"),
        (b"Rank,Puzzles\n1\n", "a hand has 1 to 12 numbers"),
        (b"Rank,Puzzles\n1,\xff\n", "not a CSV file"),
        (b"\0" * 10, "no columns|not a CSV"),
        (b"x" * 2_000_000, "this is not the list"),
    ],
)
def test_a_list_of_ranks_that_is_none(text: bytes, reason: str, tmp_path: Path) -> None:
    tmp_path.joinpath("ranks").write_bytes(text)
    path = lines(tmp_path / "t", {"idx": 0, "ys": [RIGHT]})
    with pytest.raises(BadTranscript, match=reason) as raised:
        read(path, ranks=tmp_path / "ranks")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("idx", [-1, True, "900", 900.0, 10**30, None])
def test_an_idx_that_is_no_place(idx: object, tmp_path: Path) -> None:
    with pytest.raises(BadTranscript, match="no place in the list"):
        read(array(tmp_path / "t", {"idx": idx, "ys": [RIGHT]}))


def test_slm_tot_logs_and_the_responses_that_its_teacher_cut_up(tmp_path: Path) -> None:
    asked = {"Rank": "1077", "Puzzles": "4 4 6 8", "AMT (s)": "10"}
    logs = array(tmp_path / "logs", {"original_puzzle": asked, "response": RIGHT})
    assert read_transcript(logs).format == "slm-tot"
    assert only(logs) == ("4 4 6 8", (RIGHT,))
    row = {"file": "f", "rank": 1077, "numbers": "4 4 6 8"}
    parts = {"Steps": "6 - 4 = 2 (left: 2 4 8)", "Answer": "(6 - 4) * (4 + 8) = 24"}
    cut = lines(tmp_path / "cut", {**row, "response": parts}, {**row, "response": RIGHT})
    assert read_transcript(cut).format == "slm-tot-teacher"
    whole = "Steps:\n6 - 4 = 2 (left: 2 4 8)\nAnswer: (6 - 4) * (4 + 8) = 24"
    assert [rollouts.responses for rollouts in read(cut)] == [(whole,), (RIGHT,)]
    with pytest.raises(BadTranscript, match="an object without Steps and Answer"):
        read(lines(tmp_path / "bad", {**row, "response": {"steps": ""}}))


def test_a_batch_names_its_hands_in_its_ids(tmp_path: Path) -> None:
    path = lines(
        tmp_path / "t",
        batch("game24-4-4-6-8-0", RIGHT),
        batch("4 4 6 8", "a", "b"),
        batch("4_4_6_8#3", None),
        batch("gpt-4o/run 2026: 4,4,6,8", RIGHT),
    )
    assert read_transcript(path).format == "openai-batch"
    found = read(path)
    assert {rollouts.puzzle.text for rollouts in found} == {"4 4 6 8"}
    assert [rollouts.responses for rollouts in found] == [(RIGHT,), ("a", "b"), ("",), (RIGHT,)]
    assert [rollouts.tokens for rollouts in found] == [(9,), (None, None), (9,), (9,)]


def test_a_batch_says_what_was_cut_off_and_what_was_hidden(tmp_path: Path) -> None:
    record = batch("4 4 6 8", "Steps: 4")
    body = record["response"]["body"]
    body["choices"][0]["finish_reason"] = "length"
    body["usage"] = {
        "completion_tokens": 900,
        "completion_tokens_details": {"reasoning_tokens": 892},
    }
    (found,) = read(lines(tmp_path / "t", record))
    assert (found.truncated, found.tokens) == ((True,), (8,))


def test_a_completions_batch_has_text(tmp_path: Path) -> None:
    record = batch("4 4 6 8")
    record["response"]["body"]["choices"] = [{"text": RIGHT, "finish_reason": "stop"}]
    assert only(lines(tmp_path / "t", record)) == ("4 4 6 8", (RIGHT,))


def test_the_hands_of_a_batch_stand_in_its_requests(tmp_path: Path) -> None:
    shots = "Input: 1 1 4 6\nAnswer: 4 * 6\n\nInput: 4 4 6 8\n"
    parts = [{"type": "text", "text": "Input: 3 3 8 8"}]
    hands = lines(
        tmp_path / "requests",
        request("request-0", ("system", "Input: 9 9 9 9"), ("user", shots)),
        request("request-1", ("user", "Input: 1 1 1 1"), ("assistant", "?"), ("user", parts)),
        {"custom_id": "request-2", "body": {"model": "m", "prompt": "Input: 1 2 3 4\n"}},
    )
    output = lines(tmp_path / "out", *(batch(f"request-{i}", RIGHT) for i in (2, 0, 1)))
    texts = [rollouts.puzzle.text for rollouts in read(output, hands=hands)]
    assert texts == ["1 2 3 4", "4 4 6 8", "3 3 8 8"]
    with pytest.raises(BadTranscript, match=r"no hand in custom_id 'request-2': .* --hands"):
        read(output)
    with pytest.raises(BadTranscript, match="no request has the custom_id 'request-9'"):
        read(lines(tmp_path / "more", batch("request-9", RIGHT)), hands=hands)


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        ([], "holds no requests"),
        ([1], "line 1: the request is a number"),
        ([{"custom_id": 1}], "custom_id is a number"),
        ([{"custom_id": "a", "body": []}], "body is a list"),
        ([request("a", ("user", "Make 24 of 4 4 6 8"))], "no line `Input: ...`"),
        ([request("a", ("system", "Input: 4 4 6 8"))], "no user message"),
        ([request("a", ("user", "Input: four"))], "'four' is not a positive integer"),
        (
            [request("a", ("user", "Input: 4 4 6 8")), request("a", ("user", "Input: 1 2 3 4"))],
            "line 2: the id 'a' stands twice with other hands",
        ),
    ],
)
def test_requests_that_are_none(records: list[object], reason: str, tmp_path: Path) -> None:
    output = lines(tmp_path / "out", batch("a", RIGHT))
    with pytest.raises(BadTranscript, match=reason) as raised:
        read(output, hands=lines(tmp_path / "requests", *records))
    assert str(raised.value).startswith(str(tmp_path / "requests"))


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (batch("4 4 6 8", response=None, error={"code": "e"}), "the request failed: it has an err"),
        (
            batch("4 4 6 8", response={"status_code": 500, "body": {}}),
            r"failed \(status_code 500\)",
        ),
        (batch("4 4 6 8", response={"status_code": 200}), "response.body is missing"),
        (batch("4 4 6 8"), "choices is no list of choices"),
        (batch("4 4 6 8", response="text"), "response is text, not an object"),
        (batch(["4 4 6 8"], RIGHT), "custom_id is a list"),
    ],
)
def test_a_request_that_failed_is_no_wrong_answer(
    record: object, reason: str, tmp_path: Path
) -> None:
    path = lines(tmp_path / "t", batch("4 4 6 8", RIGHT), record)
    with pytest.raises(BadTranscript, match=f"line 2: .*{reason}"):
        read(path)
    assert len(read(path, skip_bad=True)) == 1


def test_a_format_can_be_forced_and_an_unknown_one_lists_those_there_are(tmp_path: Path) -> None:
    path = lines(tmp_path / "t", {"numbers": "4 4 6 8", "text": RIGHT})
    with pytest.raises(BadTranscript, match=r"not known here .* the formats are lm-eval") as raised:
        read(path)
    assert all(name in str(raised.value) for name in FORMATS)
    assert only(path, format="plain") == ("4 4 6 8", ("",))
    with pytest.raises(BadTranscript, match="no format 'csv': the formats are"):
        read(path, format="csv")


def test_the_format_is_recognised_past_records_that_are_bad(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_text(f"half a rec\n{{}}\n{json.dumps(PLAIN)}\n")
    transcript = read_transcript(path, skip_bad=True)
    assert (transcript.format, len(list(transcript)), transcript.bad.count) == ("plain", 1, 2)


def test_any_format_may_be_lines_or_an_array(tmp_path: Path) -> None:
    records: list[object] = [{"idx": 900, "ys": [RIGHT]}, {"idx": 901, "ys": [RIGHT]}]
    as_lines, as_array = lines(tmp_path / "l", *records), array(tmp_path / "a", *records)
    squeezed = tmp_path / "s"
    squeezed.write_text(json.dumps(records))
    found = [[one[:2] for one in read(path)] for path in (as_lines, as_array, squeezed)]
    assert found[0] == found[1] == found[2] and len(found[0]) == 2


def test_a_byte_order_mark_crlf_and_blank_lines_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "t"
    line = json.dumps(PLAIN).encode()
    path.write_bytes(b"\xef\xbb\xbf\r\n" + line + b"\r\n \r\n\r\n" + line + b"\r\n")
    assert [rollouts.source_line for rollouts in read(path)] == [2, 5]
    marked = tmp_path / "a"
    marked.write_bytes(b"\xef\xbb\xbf [\r\n" + line + b"\r\n]\r\n\r\n")
    assert [rollouts.source_line for rollouts in read(marked)] == [2]


BAD_LINES: dict[str, tuple[bytes, str]] = {
    "half a record": (b'{"numbers": "4 4 6 8", "resp', r"not JSON \(Unterminated string"),
    "two records": (b"{} {}", "something after the value, at column"),
    "no JSON": (b"4 4 6 8", "something after the value|not JSON"),
    "no UTF-8": (b'{"numbers": "4 4 6 8", "response": "\xff"}', r"not UTF-8 text \(byte 37"),
    "UTF-16": (json.dumps(PLAIN).encode("utf-16"), "not UTF-8 text"),
    "no object": (b'["4 4 6 8"]', "the record is a list, not an object"),
    "a key twice": (
        b'{"response": "a", "numbers": "4 4 6 8", "response": "b"}',
        "'response' stands",
    ),
    "an endless integer": (b'{"numbers": [' + b"9" * 5_000 + b'], "response": ""}', "not JSON"),
    "deep nesting": (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deep"),
    "not a number": (b'{"numbers": [4, 4, 6, NaN], "response": ""}', "nan is not a positive"),
    "infinity": (b'{"numbers": [4, 4, 6, 1e999], "response": ""}', "inf is not a positive"),
    "a huge number": (b'{"numbers": [4, 4, 6, 99999999999], "response": ""}', "out of range"),
    "zero": (b'{"numbers": [0, 4, 6, 8], "response": ""}', "0 is not a positive integer"),
    "true": (b'{"numbers": [true, 4, 6, 8], "response": ""}', "True is not a positive integer"),
    "no hand": (b'{"response": ""}', "there is no hand"),
    "an empty hand": (b'{"numbers": [], "response": ""}', "1 to 12 numbers"),
    "words": (b'{"numbers": "four 4 6 8", "response": ""}', "'four' is not a positive integer"),
    "a negative number": (b'{"numbers": "4 -4 6 8", "response": ""}', "'-4' is not a positive"),
    "a decimal": (b'{"numbers": "4 4.5 6 8", "response": ""}', "'4.5' is not a positive"),
    "a long hand": (b'{"numbers": "' + b"1 " * 200 + b'", "response": ""}', "this one has 200"),
    "a hand as an object": (b'{"numbers": {"a": 1}, "response": ""}', "a puzzle needs"),
    "a response that is none": (b'{"numbers": "4 4 6 8", "response": 24}', "a number, not text"),
    "nested responses": (b'{"numbers": "4 4 6 8", "response": [["a"]]}', "a list, not text"),
    "a NaN response": (b'{"numbers": "4 4 6 8", "response": NaN}', "with a point, not text"),
    "a target in words": (
        b'{"numbers": "4 4 6 8", "response": "", "target": "x"}',
        "target must be an integer",
    ),
    "a hand of no split": (
        b'{"numbers": "4 4 6 25", "response": ""}',
        "4 4 6 25 is not four cards",
    ),
    "five cards": (b'{"numbers": "4 4 6 8 1", "response": ""}', "not four cards .* --any-hand"),
    "another target": (
        b'{"numbers": "4 4 6 8", "response": "", "target": 25}',
        "4 4 6 8 for 25 is",
    ),
}


@pytest.mark.parametrize("case", BAD_LINES)
def test_a_bad_line_is_named_and_left_out_only_when_told_to(case: str, tmp_path: Path) -> None:
    bad, reason = BAD_LINES[case]
    good = json.dumps(PLAIN).encode()
    path = tmp_path / "t"
    path.write_bytes(b"\n".join([good, bad, good]) + b"\n")
    with pytest.raises(BadTranscript, match=rf"1 bad record, line 2: .*{reason}") as raised:
        read(path)
    assert str(raised.value).endswith("; --skip-bad leaves them out")
    assert "\n" not in str(raised.value) and len(str(raised.value)) < 400 + len(str(path))
    transcript = read_transcript(path, skip_bad=True)
    assert [rollouts.source_line for rollouts in transcript] == [1, 3]
    assert (transcript.bad.count, transcript.bad.first[0][0]) == (1, 2)


def test_ten_bad_lines_are_named_and_all_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_text(json.dumps(PLAIN) + "\n" + "{\n" * 12)
    with pytest.raises(
        BadTranscript, match=r"12 bad records \(lines 2, 3, .*, 11, \.\.\.\), line 2"
    ):
        read(path)


def test_no_rollouts_follow_a_bad_record_that_is_not_left_out(tmp_path: Path) -> None:
    path = lines(tmp_path / "t", PLAIN, {}, PLAIN)
    given = []
    with pytest.raises(BadTranscript):
        given.extend(read_transcript(path))
    transcript = iter(read_transcript(path))
    assert next(transcript).source_line == 1
    with pytest.raises(BadTranscript):
        next(transcript)


def test_other_hands_are_allowed_when_told_to(tmp_path: Path) -> None:
    path = lines(
        tmp_path / "t",
        {"numbers": "4 4 6 25", "response": "a"},
        {"numbers": "1 2 3", "target": -7, "response": "b"},
    )
    found = [rollouts.puzzle for rollouts in read(path, any_hand=True)]
    assert [(puzzle.text, puzzle.target) for puzzle in found] == [("4 4 6 25", 24), ("1 2 3", -7)]
    assert only(lines(tmp_path / "b", batch("x-1-2-30", "c")), any_hand=True)[0] == "1 2 30"


WHOLE_FILES: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "holds no records"),
    "blanks": (b"\n \r\n\n", "holds no records"),
    "an empty array": (b"[]", "holds no records"),
    "only a broken line": (b'{"numbers"\n', "line 1: not JSON"),
    "a CSV file": (b"numbers,response\n4 4 6 8,x\n", "line 1: not JSON"),
    "binary": (bytes(range(256)) * 10, "line 1: not UTF-8|line 1: not JSON"),
    "no records": (b"1\n2\n", "a format that is not known"),
    "an array that breaks off": (
        b'[{"idx": 900, "ys": []},',
        "line 1: the file ends in the middle",
    ),
    "half an element": (b'[\n{"idx": 900, "ys": [', "value that starts on line 2 is not JSON"),
    "elements without commas": (b'[{"idx": 900, "ys": []} {}]', "'{' where a comma or the end"),
    "something after an array": (
        b'[{"idx": 900, "ys": []}]\n{}',
        "line 2: .* where nothing should",
    ),
    "a deep array": (b"[" * 100_000, "nested too deep"),
    "an array that is no UTF-8": (b'[{"idx": "\xff"}]', "not UTF-8 text"),
    "an integer in an array": (b"[" + b"9" * 5_000 + b"]", "is not JSON"),
}


@pytest.mark.parametrize("skip_bad", [False, True])
@pytest.mark.parametrize("case", WHOLE_FILES)
def test_a_file_that_is_no_transcript(case: str, skip_bad: bool, tmp_path: Path) -> None:
    content, reason = WHOLE_FILES[case]
    path = tmp_path / "t"
    path.write_bytes(content)
    with pytest.raises(BadTranscript, match=reason) as raised:
        read(path, skip_bad=skip_bad)
    assert str(raised.value).startswith(f"{path}: ") and "\n" not in str(raised.value)


def test_a_file_whose_records_are_all_bad_holds_none(tmp_path: Path) -> None:
    path = lines(tmp_path / "t", {"numbers": "x", "response": ""})
    with pytest.raises(BadTranscript, match="no record can be used: 1 bad record, line 1"):
        read(path, skip_bad=True)


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="missing: No such file: give the path"):
        read_transcript(tmp_path / "missing")
    (tmp_path / "odd").write_text('{"a\\nb": 1}')
    with pytest.raises(BadTranscript, match=r"its fields are a\?b\)"):
        read_transcript(tmp_path / "odd")
    with pytest.raises(BadTranscript, match="not a file"):
        read_transcript(tmp_path)


def test_a_bad_element_of_an_array_is_one_bad_record(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_text('[{"idx": 900, "ys": []},\n{"idx": 1, "idx": 2},\n3, {"idx": 901, "ys": []}]')
    transcript = read_transcript(path, skip_bad=True)
    assert len(list(transcript)) == 2
    assert [line for line, _ in transcript.bad.first] == [2, 3]


def test_a_record_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_reader, "MAX_RECORD_BYTES", 1_000)
    monkeypatch.setattr(json_reader, "CHUNK_BYTES", 100)
    path = lines(tmp_path / "t", PLAIN, {**PLAIN, "response": "x" * 5_000}, PLAIN)
    transcript = read_transcript(path, skip_bad=True)
    assert [rollouts.source_line for rollouts in transcript] == [1, 3]
    assert transcript.bad.first == [(2, "longer than 1000 bytes")]
    with pytest.raises(BadTranscript, match="starts on line 2 is not JSON, or longer than 1000"):
        read(array(tmp_path / "a", {"idx": 900, "ys": ["x" * 9_000]}))


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 64])
def test_an_array_reads_the_same_whatever_its_pieces(
    chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = [{"idx": 900 + i, "ys": ['é✓\u2028 \\ " ]}, [{' * i, "\n"]} for i in range(9)]
    path = tmp_path / "t"
    path.write_text(" [" + " ,\r\n ".join(json.dumps(r, ensure_ascii=i % 2 == 0) for i, r in
                    enumerate(records)) + "\n]\n", encoding="utf-8")  # fmt: skip
    whole = read(path)
    monkeypatch.setattr(json_reader, "CHUNK_BYTES", chunk)
    assert read(path) == whole
    assert [rollouts.responses for rollouts in whole] == [tuple(record["ys"]) for record in records]


def test_half_a_surrogate_pair_becomes_text(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_text('{"numbers": "4 4 6 8", "response": "Answer: \\ud83d"}\n')
    assert only(path) == ("4 4 6 8", ("Answer: ?",))


class Endless:
    """A file of one line again and again, that counts how much of it was read."""

    def __init__(self, line: bytes) -> None:
        self.line = line
        self.taken = 0

    def seek(self, place: int) -> None:
        assert place == 0

    def tell(self) -> int:
        return 0

    def read(self, size: int) -> bytes:
        return self.line[:size]

    def readline(self, limit: int) -> bytes:
        self.taken += 1
        return self.line


def test_no_more_is_read_than_is_asked_for() -> None:
    file = Endless(json.dumps(PLAIN).encode() + b"\n")
    records = json_records(file)  # type: ignore[arg-type]
    assert isinstance(records, Iterator)
    assert len(list(itertools.islice(records, 5))) == 5
    assert file.taken == 6  # the first line is looked at once more


@pytest.mark.parametrize("write", [lines, array])
def test_a_large_transcript_is_read_piece_by_piece(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    import tracemalloc

    path = write(tmp_path / "t", *({**PLAIN, "response": "x" * 10_000} for _ in range(2_000)))
    transcript = read_transcript(path)
    tracemalloc.start()
    places = [transcript.position for _ in transcript]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(places) == 2_000 and places == sorted(places)
    assert places[0] < 200_000 and transcript.position == transcript.size > 20_000_000
    assert peak < 2_000_000


def test_it_can_be_read_again(tmp_path: Path) -> None:
    transcript = read_transcript(lines(tmp_path / "t", PLAIN, {}), skip_bad=True)
    assert list(transcript) == list(transcript)
    assert transcript.bad.count == 1


_keys = st.text(max_size=3) | st.sampled_from(
    ["numbers", "response", "target", "doc", "resps", "filtered_resps", "filter", "truncated",
     "custom_id", "error", "body", "choices", "message", "content", "usage", "completion_tokens",
     "status_code", "original_puzzle", "Puzzles", "idx", "ys", "rank", "file", "Steps", "Answer"]
)  # fmt: skip
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text()
    | st.sampled_from(["4 4 6 8", RIGHT, "Input: 4 4 6 8", 24, 900]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_keys, inner, max_size=5),
    max_leaves=12,
)  # fmt: skip
records = st.dictionaries(_keys, json_values, max_size=7)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(records | json_values, min_size=1, max_size=4),
    st.sampled_from([None, *FORMATS]),
    st.booleans(),
    st.booleans(),
)
def test_no_records_of_any_kind_are_a_crash(
    tmp_path: Path, found: list[object], format: str | None, skip_bad: bool, any_hand: bool
) -> None:
    path = lines(tmp_path / "t", *found)
    reads(path, format, skip_bad, any_hand)
    reads(array(path, *found), format, skip_bad, any_hand)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=200), st.sampled_from([b"", b"[", b"{", b"\xef\xbb\xbf[", b'[{"idx":']))
def test_no_bytes_of_any_kind_are_a_crash(tmp_path: Path, content: bytes, start: bytes) -> None:
    path = tmp_path / "t"
    path.write_bytes(start + content)
    reads(path, None, True, False)


def reads(path: Path, format: str | None, skip_bad: bool, any_hand: bool) -> None:
    """Every record comes out as rollouts, or the reading ends in one line."""
    try:
        for rollouts in read_transcript(path, format, skip_bad=skip_bad, any_hand=any_hand):
            assert rollouts.responses
            assert len(rollouts.responses) == len(rollouts.tokens) == len(rollouts.truncated)
            for response in rollouts.responses:
                response.encode()
    except BadTranscript as error:
        assert "\n" not in str(error)


def test_ranks_of_the_hub_are_read_from_a_dataset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real dataset of the hub's form, in a folder that goes by the hub's kind of name."""
    from tot24_bench.transcripts import ranks

    folder = tmp_path / "owner" / "list"
    folder.mkdir(parents=True)
    (folder / "train.csv").write_text("Rank,Puzzles,Other\n1,1 1 4 6,x\n2,4 4 6 8,y\n")
    monkeypatch.chdir(tmp_path)
    assert ranks._from_hub("owner/list") == {1: "1 1 4 6", 2: "4 4 6 8"}
