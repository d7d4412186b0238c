"""Files as other tools write them: batches, trainers' dumps, evaluations, and any JSON at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tot24_bench.game import Rule
from tot24_bench.transcripts import BadTranscript, Keys, Rollouts, read_transcript

RIGHT = "Answer: (6 - 4) * (4 + 8) = 24"
HAND = "4 4 6 8"


def lines(path: Path, *records: object) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def laid_out(path: Path, *records: object) -> Path:
    path.write_text("\n".join(json.dumps(record, indent=2) for record in records))
    return path


def read(path: Path, **options: Any) -> list[Rollouts]:
    return list(read_transcript(path, **options))


def only(path: Path, **options: Any) -> Rollouts:
    (rollouts,) = read(path, **options)
    return rollouts


# What OpenAI's /v1/responses answers, as its own types spell it.
def responses_line(name: str, *items: object, **body: object) -> dict[str, Any]:
    told = {
        "object": "response",
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "output": list(items),
        "usage": {"output_tokens": 900, "output_tokens_details": {"reasoning_tokens": 892}},
        **body,
    }
    response = {"status_code": 200, "request_id": "r", "body": told}
    return {"id": "batch_req_1", "custom_id": name, "response": response, "error": None}


def said(text: str, **more: object) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {"type": "message", "role": "assistant", "content": content, **more}


def anthropic_line(name: str, *blocks: object, **message: object) -> dict[str, Any]:
    told = {
        "type": "message",
        "role": "assistant",
        "content": list(blocks),
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 11, "output_tokens": 36},
        **message,
    }
    return {"custom_id": name, "result": {"type": "succeeded", "message": told}}


def gemini_line(name: str, *parts: object, **candidate: object) -> dict[str, Any]:
    told = {"content": {"parts": list(parts), "role": "model"}, "finishReason": "STOP"}
    usage = {"promptTokenCount": 7, "candidatesTokenCount": 9, "thoughtsTokenCount": 500}
    return {
        "key": name,
        "response": {"candidates": [{**told, **candidate}], "usageMetadata": usage},
    }


def test_a_batch_of_the_responses_endpoint_is_what_its_messages_say(tmp_path: Path) -> None:
    reasoning = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "4 * 6"}]}
    path = lines(
        tmp_path / "t",
        responses_line("game24-4-4-6-8", reasoning, said(RIGHT)),
        responses_line("4 4 6 8", said("Let me see.", phase="commentary"), said(RIGHT)),
        responses_line(
            "4_4_6_8",
            reasoning,
            status="incomplete",
            incomplete_details={"reason": "max_output_tokens"},
        ),
    )
    assert read_transcript(path).format == "openai-batch"
    found = read(path)
    assert [one.responses for one in found] == [(RIGHT,), (RIGHT,), ("",)]
    assert [one.truncated for one in found] == [(False,), (False,), (True,)]
    assert {one.tokens for one in found} == {(8,)}


def test_the_requests_of_every_service_say_their_hands(tmp_path: Path) -> None:
    asked = "Input: 1 1 4 6\nAnswer: 4 * 6\n\nInput: 4 4 6 8\n"
    users = [{"role": "system", "content": "Input: 9 9 9 9"}, {"role": "user", "content": asked}]
    parts = [{"role": "user", "content": [{"type": "input_text", "text": asked}]}]
    requests = lines(
        tmp_path / "requests",
        {"custom_id": "a", "body": {"model": "m", "input": asked}},
        {"custom_id": "b", "body": {"model": "m", "input": parts}},
        {"custom_id": "c", "params": {"model": "m", "max_tokens": 9, "messages": users}},
        {"key": "d", "request": {"contents": [{"parts": [{"text": asked}]}]}},
    )
    for name, record in {
        "a": responses_line("a", said(RIGHT)),
        "b": responses_line("b", said(RIGHT)),
        "c": anthropic_line("c", {"type": "text", "text": RIGHT}),
        "d": gemini_line("d", {"text": RIGHT}),
    }.items():
        path = lines(tmp_path / name, record)
        assert only(path, hands=requests).puzzle.text == HAND
        with pytest.raises(BadTranscript, match=r"no hand in .* --hands"):
            read(path)


def test_a_plain_record_may_have_a_key_of_its_own(tmp_path: Path) -> None:
    more = {"key": 7, "custom_id": "a", "result": {}, "error": None}
    path = lines(tmp_path / "t", {"numbers": HAND, "response": RIGHT, "key": 7})
    assert (read_transcript(path).format, only(path).responses) == ("plain", (RIGHT,))
    path = lines(tmp_path / "t", {"input": "How many?" * 20 + HAND, "output": RIGHT, **more})
    with pytest.raises(BadTranscript, match="the question shows no hand after `Input:`"):
        read(path, format="input-output")


def test_an_anthropic_batch(tmp_path: Path) -> None:
    thinking = {"type": "thinking", "thinking": "4 * 6", "signature": "s"}
    parts = [{"type": "text", "text": RIGHT[:9]}, {"type": "text", "text": RIGHT[9:]}]
    path = lines(
        tmp_path / "t",
        anthropic_line("4-4-6-8", *parts),
        anthropic_line("4-4-6-8-1", thinking, *parts),
        anthropic_line("4-4-6-8-2", thinking, stop_reason="max_tokens"),
    )
    assert read_transcript(path).format == "anthropic-batch"
    found = read(path)
    assert [one.responses for one in found] == [(RIGHT,), (RIGHT,), ("",)]
    assert [one.truncated for one in found] == [(False,), (False,), (True,)]
    assert [one.tokens for one in found] == [(36,), (None,), (None,)]  # thinking is counted, too


def test_a_gemini_batch_and_one_of_vertex_ai(tmp_path: Path) -> None:
    thought = {"text": "4 * 6", "thought": True}
    record = gemini_line("4-4-6-8", thought, {"text": RIGHT[:9]}, {"text": RIGHT[9:]})
    cut = gemini_line("4-4-6-8", finishReason="MAX_TOKENS")
    path = lines(tmp_path / "t", record, cut)
    assert read_transcript(path).format == "gemini-batch"
    found = read(path)
    assert [one.responses for one in found] == [(RIGHT,), ("",)]
    assert [one.truncated for one in found] == [(False,), (True,)]
    assert found[0].tokens == (9,)
    request = {"contents": [{"role": "user", "parts": [{"text": "Make 24.\nInput: 4 4 6 8"}]}]}
    vertex = {"status": "", "request": request, "response": record["response"]}
    assert only(lines(tmp_path / "v", vertex)).puzzle.text == HAND


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (responses_line("4 4 6 8", said(RIGHT), status="failed"), "the request failed"),
        (responses_line("4 4 6 8", said(RIGHT), error={"code": "x"}), "the request failed"),
        (responses_line("4 4 6 8", "text"), "one of its parts is text"),
        ({"custom_id": "4 4 6 8", "result": {"type": "errored"}}, r"result.type errored\)"),
        ({"custom_id": "4 4 6 8", "result": {"type": "expired"}}, r"result.type expired\)"),
        ({"custom_id": "4 4 6 8", "result": {"type": None}}, r"result.type missing\)"),
        (anthropic_line("4 4 6 8", content="text"), "no list of blocks"),
        ({"key": "4 4 6 8", "error": {"code": 8}}, "the request failed"),
        ({"key": "4 4 6 8", "response": {"promptFeedback": {}}}, "no list of candidates"),
        (
            {
                "status": "INTERNAL",
                "request": {"contents": [{"parts": [{"text": "Input: 4 4 6 8"}]}]},
                "response": {"candidates": []},
            },
            "the request failed",
        ),
    ],
)
def test_a_request_that_failed_is_no_wrong_answer(
    record: object, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(BadTranscript, match=f"1 bad record, line 1: .*{reason}"):
        read(lines(tmp_path / "t", record))


def test_rollouts_of_verl_know_their_hand_by_the_ground_truth(tmp_path: Path) -> None:
    prompt = "user\nInput: 1 1 4 6\nAnswer: ...\nInput: 4 4 6 8\nassistant\n"
    rest = {"input": prompt, "output": RIGHT, "score": 1.0, "step": 3}
    path = lines(
        tmp_path / "t",
        {**rest, "gts": {"target": 24, "numbers": [4, 4, 6, 8]}},
        {**rest, "gts": HAND, "acc": 1.0},
        {**rest, "gts": json.dumps({"target": 24.0, "numbers": [4.0, 4, 6, 8]}), "score": 0.1},
        {**rest, "gts": None, "score": -1},
        {**rest, "gts": "(6 - 4) * (4 + 8)", "score": 17.5},
    )
    assert read_transcript(path).format == "verl"
    found = read(path)
    assert {one.puzzle.text for one in found} == {HAND}
    assert [one.judged[0] for one in found] == [True, True, False, False, None]


def test_results_of_reasoning_gym_are_one_object_a_dataset(tmp_path: Path) -> None:
    rules = "Final answer format instructions:\n1. Provide your final answer as a arithmetic "
    make = "You can only use each number once. You can use the operators +, -, *, /.\n"
    answers = [
        {"model_answer": "x", "full_model_response": RIGHT, "score": 1.0},
        {"model_answer": None, "full_model_response": "no", "score": 0.01},
    ]
    entry = {"question": f"Make 24 using 4, 4, 6, 8. {make}{rules}", "completions": answers}
    failed = {**entry, "completions": [], "error": "timeout"}
    dataset = {"name": "puzzle24", "category": "games", "results": [entry, failed, entry]}
    path = laid_out(tmp_path / "t", dataset)
    transcript = read_transcript(path, skip_bad=True)
    assert transcript.format == "reasoning-gym"
    first, second = list(transcript)
    assert first == second
    assert (first.responses, first.judged) == ((RIGHT, "no"), (True, False))
    assert transcript.bad.first == [(1, "the request failed: the entry has no completions")]
    every = {"metadata": {}, "categories": [{"name": "games", "datasets": [dataset, dataset]}]}
    assert len(read(laid_out(tmp_path / "all", every), skip_bad=True)) == 4
    with pytest.raises(BadTranscript, match="asks no puzzle24 and no countdown"):
        read(lines(tmp_path / "other", {"question": "How many legs?", "completions": answers}))


@pytest.mark.parametrize(
    "question",
    [
        "Calculate 133 using the numbers 89, 75, 84.\nEach number may be used at most once.",
        "Using the numbers 89, 75, 84, create an expression that equals 133.\nYou can only use",
        "Find a way to make 133 using some or all of these numbers: 89, 75, 84.\nEach number",
    ],
)
def test_countdown_of_reasoning_gym_may_leave_numbers_out(question: str, tmp_path: Path) -> None:
    older = {"question": question, "full_model_response": "89 + 44", "score": 0.05}
    found = only(laid_out(tmp_path / "t", {"results": [older]}), any_hand=True)
    puzzle = found.puzzle
    assert (puzzle.numbers, puzzle.target, puzzle.rule) == ((89, 75, 84), 133, Rule.SOME)
    assert (found.responses, found.judged) == (("89 + 44",), (False,))


def test_a_log_that_names_its_hand_is_of_that_hand(tmp_path: Path) -> None:
    path = lines(
        tmp_path / "t",
        {"idx": 0, "x": HAND, "ys": [RIGHT]},
        {"idx": 900, "steps": [{"step": 0, "x": "3 3 8 8"}], "ys": [RIGHT]},
        {"x": "1 1 4 6", "ys": [RIGHT]},
    )
    assert [one.puzzle.text for one in read(path)] == [HAND, "3 3 8 8", "1 1 4 6"]


def test_idx_is_a_row_of_the_runs_own_list(tmp_path: Path) -> None:
    path = lines(tmp_path / "t", {"idx": 1, "ys": [RIGHT]}, {"idx": 901, "ys": [RIGHT]})
    own = tmp_path / "own.csv"
    own.write_text("Puzzles\n1 1 4 6\n4 4 6 8\n")
    assert [one.puzzle.text for one in read(path, ranks=own)] == [HAND, "1 2 4 7"]
    own.write_text("Rank,Puzzles\n902,3 3 8 8\n700,4 4 6 8\n")  # shuffled, and a part
    assert [one.puzzle.text for one in read(path, ranks=own)] == [HAND, "3 3 8 8"]


@pytest.mark.parametrize(
    ("record", "judged"),
    [
        ({"correct": True}, True),
        ({"correct": 0}, False),
        ({"score": 1}, True),
        ({"score": 0.99}, False),
        ({"score": 100}, None),
        ({"accs": [False]}, False),
        ({"infos": [{"r": 1}]}, True),
        ({"infos": [{"r": 1}, {"r": 0}]}, None),
        ({"correct": None, "score": 0.0}, False),
        ({"score": "1"}, None),
        ({}, None),
    ],
)
def test_a_records_own_verdict_is_kept(
    record: dict[str, object], judged: bool | None, tmp_path: Path
) -> None:
    path = lines(tmp_path / "t", {"numbers": HAND, "response": RIGHT, **record})
    assert only(path).judged == (judged,)


CHAT = [
    {"role": "user", "content": "Use these.\nInput: 4 4 6 8"},
    {"role": "assistant", "content": "Answer: 1"},
    {"role": "tool", "content": "Answer: 2"},
    {"role": "assistant", "content": [{"type": "text", "text": RIGHT}]},
]

NAMED: dict[str, tuple[object, Keys, list[tuple[str, ...]]]] = {
    "dotted paths": (
        {"doc": {"hand": HAND}, "out": {"text": RIGHT}},
        Keys("doc.hand", "out.text"),
        [(RIGHT,)],
    ),
    "a list of responses": ({"h": HAND, "r": [RIGHT, "b"]}, Keys("h", "r"), [(RIGHT, "b")]),
    "choices": (
        {"h": HAND, "choices": [{"message": {"content": RIGHT}}, {"message": {"content": None}}]},
        Keys("h", "choices.message.content"),
        [(RIGHT, "")],
    ),
    "one of the choices": (
        {"h": [HAND], "choices": [{"text": "a"}, {"text": RIGHT}]},
        Keys("h.0", "choices.1.text"),
        [(RIGHT,)],
    ),
    "messages": ({"chat": CHAT}, Keys("chat", "chat"), [(RIGHT,)]),
    "several chats": ({"h": HAND, "chats": [CHAT, CHAT[:2]]}, Keys("h", "chats"),
                      [(RIGHT, "Answer: 1")]),
    "a message": ({"h": HAND, "m": CHAT[3]}, Keys("h", "m"), [(RIGHT,)]),
    "a key with a dot": ({"a.b": HAND, "c.d": RIGHT}, Keys("a.b", "c.d"), [(RIGHT,)]),
    "a target": (
        {"q": {"numbers": ["4", 4.0, 6, 8]}, "goal": "24.0", "r": RIGHT},
        Keys("q", "r", "goal"),
        [(RIGHT,)],
    ),
    "a whole run": (
        {"model": "m", "rows": [{"h": HAND, "r": RIGHT}, {"h": HAND, "r": ["b", "c"]}]},
        Keys("rows.h", "rows.r"),
        [(RIGHT,), ("b", "c")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("write", [lines, laid_out])
@pytest.mark.parametrize("case", NAMED)
def test_any_json_is_read_by_the_fields_that_are_named(
    case: str, write: Any, tmp_path: Path
) -> None:
    record, keys, expected = NAMED[case]
    transcript = read_transcript(write(tmp_path / "t", record), keys=keys)
    found = list(transcript)
    assert transcript.format == "keys"
    assert [one.responses for one in found] == expected
    assert {one.puzzle.hand for one in found} == {(4, 4, 6, 8)}


def test_a_field_that_is_not_there_is_no_empty_response(tmp_path: Path) -> None:
    path = lines(tmp_path / "t", {"hand": HAND, "text": RIGHT, "none": None})
    with pytest.raises(BadTranscript, match="no field 'texts': there are hand, none, text"):
        read(path, keys=Keys("hand", "texts"))
    with pytest.raises(BadTranscript, match=r"no field 'b': the value before it holds none"):
        read(path, keys=Keys("hand", "text.b"))
    assert only(path, keys=Keys("hand", "none")).responses == ("",)
    deep = tmp_path / "deep"
    deep.write_text('{"hand": "4 4 6 8", "text": ' + "[" * 900 + "]" * 900 + "}")
    with pytest.raises(BadTranscript, match="no field 'b'"):
        read(deep, keys=Keys("hand", "text.b"))
    with pytest.raises(BadTranscript, match="give one"):
        read(path, keys=Keys("hand", "text"), format="plain")


def test_the_verdicts_beside_named_responses_are_found(tmp_path: Path) -> None:
    runs = [{"text": RIGHT, "correct": True}, {"text": "b", "correct": False}]
    record = {"h": HAND, "runs": runs}
    assert only(lines(tmp_path / "a", record), keys=Keys("h", "runs.text")).judged == (True, False)
    record = {"h": HAND, "out": {"text": RIGHT}, "score": 0}
    assert only(lines(tmp_path / "b", record), keys=Keys("h", "out.text")).judged == (False,)


def test_objects_may_be_laid_out_over_lines(tmp_path: Path) -> None:
    records = [{"numbers": HAND, "response": [RIGHT, "{\n}"], "n": i} for i in range(3)]
    found = read(laid_out(tmp_path / "t", *records))
    assert [one.source_line for one in found] == [1, 9, 17]
    assert {one.responses for one in found} == {(RIGHT, "{\n}")}
    half = tmp_path / "half"
    half.write_text('{"numbers": "4 4 6 8", "resp\n{"numbers":\n' + json.dumps(records[0]) + "\n")
    transcript = read_transcript(half, skip_bad=True)
    assert len(list(transcript)) == 1 and transcript.bad.count == 2
    broken = tmp_path / "broken"
    broken.write_text(json.dumps(records[0], indent=2) + "\n]")
    with pytest.raises(BadTranscript, match="line 9: not JSON: ']' where an object should be"):
        read(broken)
    broken.write_text(json.dumps(records[0], indent=2)[:-9])
    with pytest.raises(BadTranscript, match="value that starts on line 1 is not JSON"):
        read(broken)


def test_a_format_that_is_not_known_shows_the_record_to_write(tmp_path: Path) -> None:
    path = lines(tmp_path / "t", {"hand": HAND, "text": RIGHT})
    with pytest.raises(BadTranscript, match="its fields are hand, text") as raised:
        read(path)
    message = str(raised.value)
    assert "--hand-key and --response-key" in message
    plain = message[message.index("{") : message.index("}") + 1]
    assert only(lines(tmp_path / "p", json.loads(plain))).puzzle.text == HAND


_words = st.sampled_from(
    ["results", "question", "completions", "categories", "datasets", "input", "output", "gts",
     "score", "step", "puzzle", "result", "message", "content", "type", "text", "key", "response",
     "candidates", "parts", "request", "x", "ys", "steps", "role", "infos", "r", "a"]
)  # fmt: skip
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from([HAND, RIGHT, "Make 24 using 4, 4, 6, 8. You can only use each number once",
                       "succeeded", "assistant", "user", "message"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_words, inner, max_size=4),
    max_leaves=14,
)  # fmt: skip


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.dictionaries(_words, _values, max_size=6), min_size=1, max_size=3),
    st.none() | st.builds(Keys, st.sampled_from(["a", "a.r", "results.a", "x.0"]),
                          st.sampled_from(["a", "ys.0.text", "results.text"])),
    st.booleans(),
)  # fmt: skip
def test_no_file_of_others_is_a_crash(
    tmp_path: Path, found: list[object], keys: Keys | None, together: bool
) -> None:
    path = (laid_out if together else lines)(tmp_path / "t", *found)
    try:
        for rollouts in read_transcript(path, skip_bad=True, any_hand=True, keys=keys):
            assert len(rollouts.responses) == len(rollouts.judged) == len(rollouts.tokens)
    except BadTranscript as error:
        assert "\n" not in str(error)
