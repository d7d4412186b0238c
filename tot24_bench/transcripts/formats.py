r"""The formats in which others keep responses: for each a reader from a JSON record to `Rollouts`.

Plain records, for whoever writes their own:

    {"numbers": [4, 4, 6, 8], "response": "Answer: (6 - 4) * (4 + 8) = 24"}
    {"numbers": "4 4 6 8", "response": ["...", "..."], "target": 24}

lm-eval's `samples_*.jsonl`, written by `lm_eval --log_samples --output_path ...`. The responses are
`resps`, what the model wrote; filters of other tasks keep only a part of it. Of our own tasks it is
`filtered_resps`, which has all of it without the padding that lm-eval's distributed runs leave in
`resps`, and `truncated` says whether the token limit cut all responses off, or none. A task with
several filters has its records once for each filter; one filter's are read:

    {"doc_id": 0, "doc": {"numbers": "4 5 6 10", "target": 24, ...}, "target": "...",
     "arguments": {"gen_args_0": {"arg_0": "<prompt>", "arg_1": {...}}}, "resps": [["..."]],
     "filtered_resps": [["..."]], "filter": "none", "acc": 1.0, ...}

tree-of-thought-llm's logs. A record that names its hand (`x`, in a search's log in `steps`) is that
hand; else `idx` is a row, from 0, of the list that the run read: of the public list, by rank,
unless another is given:

    {"idx": 900, "ys": ["Answer: ...", ...], "accs": [...], "usage_so_far": {...}}
    {"steps": [{"x": "4 5 6 10", ...}], "idx": 900, "ys": [...], "infos": [{"r": 1}, ...]}

A question and an output, the assistant's last message, as meta-prompting and cumulative reasoning
write them:

    {"input": "4 5 6 10", "target": "24", "message_log": [...], "output": "..."}
    {"puzzle": "4, 5, 6, 10", "output": "5 * 6 - (10 - 4)", "correct": true}

slm-tot's logs, and its teacher's responses. Some of these are cut up; they are put together as
"Steps:", the steps, and "Answer: " with the answer:

    {"original_puzzle": {"Rank": "902", "Puzzles": "1 2 4 7", ...}, "response": "..."}
    {"file": "...", "rank": 1, "numbers": "1 1 4 6", "response": {"Steps": "...", "Answer": "..."}}

verl's rollouts, from `trainer.rollout_data_dir` or `trainer.validation_data_dir`. The hand is the
ground truth, or, where that is none, what the prompt shows after its last `Input:`:

    {"input": "<prompt>", "output": "<response>", "gts": {"target": 24, "numbers": [4, 4, 6, 8]},
     "score": 1.0, "step": 3}

reasoning-gym's results, one object a dataset (and one of all of them), of which `puzzle24` and
`countdown` are puzzles here; an older one has a response an entry in place of `completions`:

    {"name": "puzzle24", "results": [{"question": "Make 24 using 4, 4, 6, 8. ...",
     "completions": [{"full_model_response": "...", "score": 1.0}, ...]}, ...]}

Records of any other kind are read by `Keys`: the user names the fields by paths, such as
`--hand-key doc.hand --response-key choices.message.content`. A step is a key or a place in a list;
any other step into a list goes into each of its elements. Where a list stands on the way to the
hand, each of its elements is a record: one object may hold a whole run.

>>> run = {"model": "m", "rows": [{"hand": "4 4 6 8", "out": [{"text": "a"}, {"text": "b"}]}]}
>>> keys = Keys("rows.hand", "rows.out.text")
>>> [keys.read(one, 1).responses for one in one_each(run, keys.hand)]
[('a', 'b')]
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from tot24_bench.game import Puzzle, Rule
from tot24_bench.transcripts.batches import (
    Responses,
    anthropic_responses,
    batch_reader,
    gemini_responses,
    openai_responses,
)
from tot24_bench.transcripts.fields import (
    BadRecord,
    BadTranscript,
    Record,
    Rollouts,
    asked_in,
    kind,
    names_of,
    number_or_none,
    object_of,
    puzzle_of,
    text_of,
    texts_of,
    verdicts_of,
)

PLAIN = '{"numbers": [4, 4, 6, 8], "response": "Answer: (6 - 4) * (4 + 8) = 24"}'
"""A record as anybody can write it."""

HAND_KEYS = ("numbers", "nums", "puzzle", "puzzles", "hand", "cards", "input")
"""Where a document of lm-eval's may hold its hand, in letters of either case; the first counts."""

MAX_INDEX = 10**6
"""A place in a list of hands: far above the public list's 1,362."""

MAX_QUESTION_CHARS = 2_000
"""Characters of a question that are looked at; reasoning-gym's have 400."""

MAX_STEPS = 32
"""Steps of a path; the records of the widest API nest a response 8 deep."""

Reader = Callable[[Record, int], Rollouts | None]
"""From a record and its line to rollouts; None where the record repeats another."""


class Options(NamedTuple):
    """How a transcript is read, and the files that belong to it.

    Attributes:
        ranks: hands by rank, as text; of a run's own list by row.
        hands: puzzles by the id of their request; None where the ids spell them.
        any_hand: whether hands that are not of the deck are allowed.
    """

    ranks: Mapping[int, str]
    hands: Mapping[str, Puzzle] | None
    any_hand: bool


def _one(record: Record) -> Iterator[Record]:
    yield record


class Format(NamedTuple):
    """One way to write a transcript.

    Attributes:
        knows: whether a record is of this format.
        reader: makes the reader of one file.
        fields: the fields that a record must have, for messages.
        entries: the records that one JSON value holds.
    """

    knows: Callable[[Record], bool]
    reader: Callable[[Options], Reader]
    fields: str
    entries: Callable[[Record], Iterator[Record]] = _one


def _read_plain(record: Record, line: int) -> Rollouts:
    puzzle = puzzle_of(record.get("numbers"), record.get("target"), record.get("rule"))
    return Rollouts.bare(puzzle, texts_of(record.get("response"), "the response"), line)


# lm-eval.

_OURS = {"numbers", "target", "rule", "method", "exemplars"}


def lm_eval_reader() -> Reader:
    """A reader of one file of lm-eval's; it gives None for records of a further filter."""
    taken: list[object] = []

    def read(record: Record, line: int) -> Rollouts | None:
        name = record.get("filter")
        if not taken:
            taken.append(name)
        if name != taken[0]:
            return None
        doc = object_of(record.get("doc"), "doc")
        ours = doc.keys() >= _OURS
        puzzle = _hand_of_doc(doc, ours)
        responses = _lm_eval_responses(record, ours)
        found = Rollouts.bare(puzzle, responses, line)
        if ours and record.get("truncated") == 1:
            found = found._replace(truncated=(True,) * len(responses))
        return found

    return read


def _hand_of_doc(doc: Record, ours: bool) -> Puzzle:
    by_name = {key.lower(): value for key, value in doc.items()}
    value = next((by_name[key] for key in HAND_KEYS if by_name.get(key) is not None), None)
    if value is None:
        raise BadRecord(f"no hand in doc: looked for {', '.join(HAND_KEYS)}")
    if isinstance(value, dict):
        return puzzle_of(value)
    if isinstance(value, str):
        value = value.strip().removeprefix("Input:")
    rule = doc.get("rule") if ours else None
    return puzzle_of(value, number_or_none(by_name.get("target")), rule)


def _lm_eval_responses(record: Record, ours: bool) -> tuple[str, ...]:
    name = "filtered_resps" if ours and "filtered_resps" in record else "resps"
    requests = record[name] if name in record else record.get("filtered_resps")
    if not isinstance(requests, list) or not requests:
        raise BadRecord(f"{name} is {kind(requests)}, not a list of a request's responses")
    if len(requests) > 1:
        raise BadRecord(f"{name} has {len(requests)} requests for one document: not generated text")
    return texts_of(requests[0], name)


# Logs that published projects keep.


def _tree_of_thought_reader(rows: Mapping[int, str]) -> Reader:
    """A reader that knows the hands by rank, which is a row less one."""

    def read(record: Record, line: int) -> Rollouts:
        steps = record.get("steps")
        first = steps[0] if isinstance(steps, list) and steps and isinstance(steps[0], dict) else {}
        hand = record.get("x", first.get("x"))
        if hand is None:
            hand = _row(record.get("idx"), rows)
        return Rollouts.bare(puzzle_of(hand), texts_of(record.get("ys"), "a response in ys"), line)

    return read


def _row(index: object, rows: Mapping[int, str]) -> str:
    if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < MAX_INDEX:
        raise BadRecord(f"idx is {kind(index)} that is no place in the list of hands")
    if index + 1 not in rows:
        raise BadRecord(
            f"idx {index} is rank {index + 1}, whose hand is not known here: give the list that "
            "the run read (CSV, column Puzzles), or the public one of 1,362 hands, with --ranks"
        )
    return rows[index + 1]


def _read_input_output(record: Record, line: int) -> Rollouts:
    question = record["input"] if "input" in record else record.get("puzzle")
    puzzle = asked_in(question, number_or_none(record.get("target")))
    return Rollouts.bare(puzzle, texts_of(record.get("output"), "output"), line)


def _read_slm_tot(record: Record, line: int) -> Rollouts:
    asked = object_of(record.get("original_puzzle"), "original_puzzle").get("Puzzles")
    return Rollouts.bare(puzzle_of(asked), (_put_together(record.get("response")),), line)


def _read_slm_tot_teacher(record: Record, line: int) -> Rollouts:
    response = _put_together(record.get("response"))
    return Rollouts.bare(puzzle_of(record.get("numbers")), (response,), line)


def _put_together(response: object) -> str:
    response = _object_in(response)
    if not isinstance(response, dict):
        return text_of(response, "the response")
    if not {"Steps", "Answer"} & response.keys():
        raise BadRecord("the response is an object without Steps and Answer")
    steps, answer = (text_of(response.get(name), name) for name in ("Steps", "Answer"))
    return f"Steps:\n{steps}\nAnswer: {answer}"


def _object_in(response: object) -> object:
    """The object that a text spells, as fifty of the teacher's responses do; else the response."""
    if isinstance(response, str) and response.lstrip().startswith("{"):
        try:
            spelt = json.loads(response)
        except (ValueError, RecursionError):
            return response
        if isinstance(spelt, dict) and spelt.keys() == {"Steps", "Answer"}:
            return spelt if all(isinstance(part, str) for part in spelt.values()) else response
    return response


# Frameworks of reinforcement learning.


def _read_verl(record: Record, line: int) -> Rollouts:
    try:
        puzzle = puzzle_of(record.get("gts"))
    except BadRecord:
        if "Input:" not in text_of(record.get("input"), "input"):
            raise
        puzzle = asked_in(record["input"])
    return Rollouts.bare(puzzle, (text_of(record.get("output"), "output"),), line)


_GYM_RESPONSES = ("completions", "best_full_model_response", "full_model_response")
_NUMBERS = r"(?P<numbers>[0-9]{1,10}(?:, [0-9]{1,10})*)"
_TARGET = r"(?P<target>-?[0-9]{1,10})"
_QUESTIONS: tuple[tuple[str, Rule], ...] = (
    (rf"Make {_TARGET} using {_NUMBERS}\. You can only use each number once", Rule.ALL),
    (rf"Using the numbers {_NUMBERS}, create an expression that equals {_TARGET}\.", Rule.SOME),
    (rf"make {_TARGET} using some or all of these numbers: {_NUMBERS}\.", Rule.SOME),
    (rf"Calculate {_TARGET} using the numbers {_NUMBERS}\.", Rule.SOME),
)
"""Of puzzle24 and of countdown, which asks for each number at most once."""


def _is_reasoning_gym(record: Record) -> bool:
    """Whether a record is a results file of reasoning-gym's, or an entry of one."""
    entry = next(_reasoning_gym_entries(record), {})
    return "question" in entry and any(name in entry for name in _GYM_RESPONSES)


def _reasoning_gym_entries(record: Record) -> Iterator[Record]:
    """The entries of a results file, which is one object."""
    path = "categories.datasets.results.question" if "categories" in record else "results.question"
    inner: object
    for one in one_each(record, path):
        inner = one
        for step in path.split(".")[:-1]:
            inner = inner.get(step, inner) if isinstance(inner, dict) else None
        if isinstance(inner, dict):
            yield inner


def _read_reasoning_gym(record: Record, line: int) -> Rollouts:
    puzzle = question_of(record.get("question"))
    several = record.get("completions")
    if several is None:
        name = next((name for name in _GYM_RESPONSES[1:] if name in record), _GYM_RESPONSES[-1])
        score = record.get("score", record.get("best_score"))
        several = [{"full_model_response": record.get(name), "score": score}]
    if not isinstance(several, list):
        raise BadRecord(f"completions is {kind(several)}, not a list")
    if not several:
        raise BadRecord("the request failed: the entry has no completions")
    found = [object_of(one, "a completion") for one in several]
    texts = [text_of(one.get("full_model_response"), "full_model_response") for one in found]
    judged = tuple(verdicts_of({"score": one.get("score")}, 1)[0] for one in found)
    return Rollouts.bare(puzzle, texts, line)._replace(judged=judged)


def question_of(question: object) -> Puzzle:
    """The puzzle that reasoning-gym asks in words.

    >>> question_of("Calculate 133 using the numbers 89, 75. Each number may be used at most once.")
    Puzzle(numbers=(89, 75), target=133, rule=<Rule.SOME: 'some'>)
    """
    text = text_of(question, "question")[:MAX_QUESTION_CHARS]
    for pattern, rule in _QUESTIONS:
        if found := re.search(pattern, text, re.ASCII):
            return puzzle_of(found["numbers"], found["target"], rule)
    raise BadRecord(f"{text[:60]!r} asks no puzzle24 and no countdown")


# Fields that the user names.


class Keys(NamedTuple):
    """The fields of records of no known format.

    Attributes:
        hand: the path of the hand: its numbers, or a question or messages that show it as
            `Input: 4 4 6 8`.
        response: the path of the response, of a list of them, or of the messages.
        target: the path of the target; None where it is 24 or stands with the hand.
    """

    hand: str
    response: str
    target: str | None = None

    def format(self) -> Format:
        """The format of such records.

        Raises:
            BadTranscript: a path of more than MAX_STEPS; names the option.
        """
        for name, path in self._asdict().items():
            if path is not None and (steps := path.count(".") + 1) > MAX_STEPS:
                raise BadTranscript(
                    f"--{name}-key has {steps} steps: a path has at most {MAX_STEPS}, such as "
                    "doc.hand"
                )
        return Format(
            knows=lambda _: False,
            reader=lambda _: self.read,
            fields=f"{self.hand}, {self.response}",
            entries=lambda record: one_each(record, self.hand),
        )

    def read(self, record: Record, line: int) -> Rollouts:
        """A record of `one_each`."""
        target = None if self.target is None else _at(record, self.target)
        puzzle = asked_in(_at(record, self.hand), target)
        responses = texts_of(_at(record, self.response), self.response)
        found = Rollouts.bare(puzzle, responses, line)
        return found._replace(judged=self._judged(record, len(responses)))

    def _judged(self, record: Record, count: int) -> tuple[bool | None, ...]:
        """The record's own verdicts: they stand beside the response, or further up."""
        steps = self.response.split(".")
        for depth in range(len(steps) - 1, -1, -1):
            try:
                judge = _at(record, ".".join(steps[:depth])) if depth else record
            except BadRecord:  # the dot is a part of the key
                continue
            if isinstance(judge, list) and len(judge) == count:
                judged = tuple(
                    verdicts_of(one, 1)[0] if isinstance(one, dict) else None for one in judge
                )
            else:
                judged = verdicts_of(judge, count) if isinstance(judge, dict) else ()
            if any(one is not None for one in judged):
                return judged
        return (None,) * count


def one_each(record: Record, path: str) -> Iterator[Record]:
    """The record once for each element of the lists of objects on the way to a path's last step.

    Each has the element in the list's place; nothing else is copied.
    """
    head, dot, rest = path.partition(".")
    inner = record.get(head) if dot and path not in record else None
    in_list = isinstance(inner, list) and not _is_place(rest.partition(".")[0])
    if in_list and inner and all(isinstance(one, dict) for one in inner):
        for one in inner:
            yield from ({**record, head: part} for part in one_each(one, rest))
    elif isinstance(inner, dict):
        yield from ({**record, head: part} for part in one_each(inner, rest))
    else:
        yield record


def _is_place(step: str) -> bool:
    return step.isdecimal() and step.isascii() and len(step) < 10


def _at(value: object, path: str) -> object:
    """What stands at a path; where nothing does, the message names the fields that are there."""
    head, _, rest = path.partition(".")
    if isinstance(value, list):
        if _is_place(head) and int(head) < len(value):
            return _at(value[int(head)], rest) if rest else value[int(head)]
        if all(isinstance(one, dict) for one in value):
            return [_at(one, path) for one in value]
    if isinstance(value, dict):
        if path in value:
            return value[path]
        if rest and head in value:
            return _at(value[head], rest)
        raise BadRecord(f"no field {path[:60]!r}: there are {names_of(value) or 'none'}")
    raise BadRecord(f"no field {path[:60]!r}: the value before it holds none")


# The formats.


def _has(*names: str) -> Callable[[Record], bool]:
    return lambda record: record.keys() >= set(names)


def _is_anthropic(record: Record) -> bool:
    result = record.get("result")
    return "custom_id" in record and isinstance(result, dict) and "type" in result


def _is_gemini(record: Record) -> bool:
    response = record.get("response")
    if isinstance(response, dict):
        return "candidates" in response or "key" in record
    return response is None and "key" in record and isinstance(record.get("error"), dict)


def _batch(responses: Callable[[Record], Responses]) -> Callable[[Options], Reader]:
    return lambda options: batch_reader(responses, options.hands, options.any_hand)


FORMATS: dict[str, Format] = {
    "lm-eval": Format(
        lambda record: "doc" in record and bool({"resps", "filtered_resps"} & record.keys()),
        lambda _: lm_eval_reader(),
        "doc, resps",
    ),
    "openai-batch": Format(
        lambda record: "custom_id" in record and bool({"response", "error"} & record.keys()),
        _batch(openai_responses),
        "custom_id, response",
    ),
    "anthropic-batch": Format(_is_anthropic, _batch(anthropic_responses), "custom_id, result"),
    "gemini-batch": Format(_is_gemini, _batch(gemini_responses), "key, response"),
    "slm-tot": Format(
        _has("original_puzzle"), lambda _: _read_slm_tot, "original_puzzle, response"
    ),
    "slm-tot-teacher": Format(
        _has("file", "rank", "numbers", "response"),
        lambda _: _read_slm_tot_teacher,
        "file, rank, numbers, response",
    ),
    "tree-of-thought-llm": Format(
        lambda record: "ys" in record and bool({"idx", "x", "steps"} & record.keys()),
        lambda options: _tree_of_thought_reader(options.ranks),
        "idx, ys",
    ),
    "plain": Format(_has("numbers", "response"), lambda _: _read_plain, "numbers, response"),
    "verl": Format(
        _has("input", "output", "score", "step"),
        lambda _: _read_verl,
        "input, output, gts, score, step",
    ),
    "input-output": Format(
        lambda record: "output" in record and bool({"input", "puzzle"} & record.keys()),
        lambda _: _read_input_output,
        "input or puzzle, output",
    ),
    "reasoning-gym": Format(
        _is_reasoning_gym,
        lambda _: _read_reasoning_gym,
        "results of question, completions",
        _reasoning_gym_entries,
    ),
}
"""Every format by name, in the order in which they are tried."""

BATCHES = ("openai-batch", "anthropic-batch", "gemini-batch")
"""Formats whose hands may stand in the batch's requests."""
