r"""The formats in which others keep responses: where hand and responses stand in a record.

docs/transcripts.md lists them. What is not seen at the first look:

- lm-eval's responses are `resps`, what the model wrote; filters of other tasks keep only a part of
  it. Of our own tasks it is `filtered_resps`, which has all of it without the padding that
  lm-eval's distributed runs leave in `resps`, and `truncated` says whether the token limit cut all
  responses off, or none. A task with several filters has its records once for each filter; one
  filter's are read:

      {"doc": {"numbers": "4 5 6 10", "target": 24, ...}, "resps": [["...", "..."]],
       "filtered_resps": [["...", "..."]], "filter": "none", "acc": 1.0, "truncated": 0.0, ...}

- tree-of-thought-llm's logs name their hand (`x`, in a search's log in `steps`), or a row `idx`,
  from 0, of the list that the run read: of the public list, by rank, unless another is given:

      {"idx": 900, "ys": ["Answer: ...", ...], "accs": [...], "usage_so_far": {...}}
      {"steps": [{"x": "4 5 6 10", ...}], "idx": 900, "ys": [...], "infos": [{"r": 1}, ...]}

- Some responses of slm-tot's teacher are cut up; they are put together again:

      {"file": "...", "rank": 1, "numbers": "1 1 4 6",
       "response": {"Steps": "...", "Answer": "..."}}

- verl's hand is the ground truth, or, where that is none, what the prompt shows last:

      {"input": "<prompt>", "output": "<response>", "gts": {"target": 24, "numbers": [4, 4, 6, 8]},
       "score": 1.0, "step": 3}

- reasoning-gym's results are one object a dataset (and one of all of them), of which `puzzle24` and
  `countdown` are puzzles here; an older one has a response an entry in place of `completions`:

      {"name": "puzzle24", "results": [{"question": "Make 24 using 4, 4, 6, 8. ...",
       "completions": [{"full_model_response": "...", "score": 1.0}, ...]}, ...]}

Records of any other kind are read by `Keys`: the user names the fields by paths, such as
`--hand-key doc.hand --response-key choices.message.content`. A step is a key or a place in a list;
any other step into a list goes into each of its elements. Where a list stands on the way to the
hand, each of its elements is a record: one object may hold a whole run.

>>> run = {"model": "m", "rows": [{"hand": "4 4 6 8", "out": [{"text": "a"}, {"text": "b"}]}]}
>>> keys = Keys("rows.hand", "rows.out.text")
>>> [keys.responses(one) for one in one_each(run, keys.hand)][0][1].text
'b'
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from tot24_bench.game import Puzzle, Rule
from tot24_bench.transcripts import batches
from tot24_bench.transcripts.fields import (
    BadRecord,
    BadTranscript,
    Record,
    Response,
    Rollouts,
    asked_in,
    kind,
    names_of,
    number_or_none,
    object_of,
    puzzle_of,
    responses_in,
    text_of,
    verdict,
    verdicts_of,
)

PLAIN = '{"numbers": [4, 4, 6, 8], "response": "Answer: (6 - 4) * (4 + 8) = 24"}'
"""A record as anybody can write it."""

HAND_KEYS = ("numbers", "nums", "puzzle", "puzzles", "hand", "cards", "input")
"""Where a document of lm-eval's may hold its hand, in letters of either case; the first counts."""

MAX_INDEX = 10**6  # a place in a list of hands: far above the public list's 1,362
MAX_QUESTION_CHARS = 2_000  # characters of a question that are looked at; reasoning-gym's have 400
MAX_STEPS = 32  # steps of a path; the records of the widest API nest a response 8 deep

Reader = Callable[[Record, int], Rollouts | None]
"""From a record and its line to rollouts; None where the record repeats another."""


class Options(NamedTuple):
    """How a transcript is read, and the files that belong to it."""

    ranks: Mapping[int, str] = {}  # hands by rank, as text; of a run's own list by row
    hands: Mapping[str, Puzzle] | None = None  # by the id of their request; None: the ids say
    any_hand: bool = False  # whether hands that are not of the deck are allowed


def _itself(record: Record) -> Iterator[Record]:
    yield record


class Format(NamedTuple):
    """One way to write a transcript."""

    knows: Callable[[Record], bool]  # whether a record is of this format
    fields: str  # that a record must have, for messages
    puzzle: Callable[[Record, Options], Puzzle]
    responses: Callable[[Record], list[Response]]
    entries: Callable[[Record], Iterator[Record]] = _itself  # the records in one JSON value
    copies: str | None = None  # a field: only records with its first value are read

    def reader(self, options: Options) -> Reader:
        """A reader of one file."""
        first: object = ...

        def read(record: Record, line: int) -> Rollouts | None:
            nonlocal first
            if self.copies is not None:
                value = record.get(self.copies)
                first = value if first is ... else first
                if value != first:
                    return None
            puzzle = self.puzzle(record, options)
            found = Rollouts.of(puzzle, self.responses(record), line)
            if all(one is None for one in found.judged):
                found = found._replace(judged=verdicts_of(record, len(found.responses)))
            return found

        return read


def _field(name: str, shown: str | None = None) -> Callable[[Record], list[Response]]:
    return lambda record: responses_in(record.get(name), shown or name)


# lm-eval.

_OURS = {"numbers", "target", "rule", "method", "exemplars"}


def lm_eval_reader() -> Reader:
    """A reader of one file of lm-eval's; it gives None for records of a further filter."""
    return FORMATS["lm-eval"].reader(Options())


def _puzzle_of_doc(record: Record, _: Options) -> Puzzle:
    doc = object_of(record.get("doc"), "doc")
    by_name = {key.lower(): value for key, value in doc.items()}
    value = next((by_name[key] for key in HAND_KEYS if by_name.get(key) is not None), None)
    if value is None:
        raise BadRecord(f"no hand in doc: looked for {', '.join(HAND_KEYS)}")
    if isinstance(value, dict):
        return puzzle_of(value)
    if isinstance(value, str):
        value = value.strip().removeprefix("Input:")
    rule = doc.get("rule") if doc.keys() >= _OURS else None
    return puzzle_of(value, number_or_none(by_name.get("target")), rule)


def _lm_eval_responses(record: Record) -> list[Response]:
    ours = record["doc"].keys() >= _OURS
    name = "filtered_resps" if ours and "filtered_resps" in record else "resps"
    requests = record[name] if name in record else record.get("filtered_resps")
    if not isinstance(requests, list) or not requests:
        raise BadRecord(f"{name} is {kind(requests)}, not a list of a request's responses")
    if len(requests) > 1:
        raise BadRecord(f"{name} has {len(requests)} requests for one document: not generated text")
    cut = ours and record.get("truncated") == 1
    return [one._replace(truncated=cut) for one in responses_in(requests[0], name)]


# Logs that published projects keep.


def _puzzle_of_log(record: Record, options: Options) -> Puzzle:
    """The hand that a log of tree-of-thought-llm names, or that stands at its place in the list."""
    steps = record.get("steps")
    first = steps[0] if isinstance(steps, list) and steps and isinstance(steps[0], dict) else {}
    hand = record.get("x", first.get("x"))
    if hand is not None:
        return puzzle_of(hand)
    index = record.get("idx")
    if type(index) is not int or not 0 <= index < MAX_INDEX:
        raise BadRecord(f"idx is {kind(index)} that is no place in the list of hands")
    if index + 1 not in options.ranks:
        raise BadRecord(
            f"idx {index} is rank {index + 1}, whose hand is not known here: give the list that "
            "the run read (CSV, column Puzzles), or the public one of 1,362 hands, with --ranks"
        )
    return puzzle_of(options.ranks[index + 1])


def _put_together(record: Record) -> list[Response]:
    """A response of slm-tot, as text or cut up; fifty of the teacher's spell the object as text."""
    response = record.get("response")
    if isinstance(response, str) and response.lstrip().startswith("{"):
        try:
            spelt = json.loads(response)
        except (ValueError, RecursionError):
            spelt = None
        if isinstance(spelt, dict) and spelt.keys() == {"Steps", "Answer"}:
            response = spelt if all(isinstance(one, str) for one in spelt.values()) else response
    if not isinstance(response, dict):
        return [Response(text_of(response, "the response"))]
    if not {"Steps", "Answer"} & response.keys():
        raise BadRecord("the response is an object without Steps and Answer")
    steps, answer = (text_of(response.get(name), name) for name in ("Steps", "Answer"))
    return [Response(f"Steps:\n{steps}\nAnswer: {answer}")]


# Frameworks of reinforcement learning.


def _puzzle_of_verl(record: Record, _: Options) -> Puzzle:
    try:
        return puzzle_of(record.get("gts"))
    except BadRecord:
        if "Input:" not in text_of(record.get("input"), "input"):
            raise
        return asked_in(record["input"])


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
    entry = next(_gym_entries(record), {})
    return "question" in entry and any(name in entry for name in _GYM_RESPONSES)


def _gym_entries(record: Record) -> Iterator[Record]:
    """The entries of a results file, which is one object, or the record where it is one."""
    found: list[Any] = [record]
    for name in ("categories", "datasets", "results"):
        objects = [one for one in found if isinstance(one, dict)]
        lists = [inner if isinstance(inner := one.get(name), list) else [one] for one in objects]
        found = [one for listed in lists for one in listed]
    if all(isinstance(one, dict) for one in found):
        yield from found


def _gym_responses(record: Record) -> list[Response]:
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
    field = "full_model_response"
    return [
        Response(text_of(one.get(field), field), judged=verdict(one.get("score"))) for one in found
    ]


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
    """The fields of records of no known format, as paths."""

    hand: str  # its numbers, or a question or messages that show it as `Input: 4 4 6 8`
    response: str  # the response, a list of them, or the messages
    target: str | None = None  # None where it is 24 or stands with the hand

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
            lambda _: False,
            f"{self.hand}, {self.response}",
            self.puzzle,
            self.responses,
            lambda record: one_each(record, self.hand),
        )

    def puzzle(self, record: Record, _: Options) -> Puzzle:
        """The puzzle of a record of `one_each`."""
        target = None if self.target is None else _at(record, self.target)
        return asked_in(_at(record, self.hand), target)

    def responses(self, record: Record) -> list[Response]:
        """Its responses, with the verdicts that stand beside them, or further up."""
        found = responses_in(_at(record, self.response), self.response)
        steps = self.response.split(".")
        for depth in range(len(steps) - 1, 0, -1):
            try:
                judge = _at(record, ".".join(steps[:depth]))
            except BadRecord:  # the dot is a part of the key
                continue
            judged: tuple[bool | None, ...] = ()
            if isinstance(judge, dict):
                judged = verdicts_of(judge, len(found))
            elif isinstance(judge, list) and len(judge) == len(found):
                each = (verdicts_of(one, 1) if isinstance(one, dict) else (None,) for one in judge)
                judged = tuple(one for (one,) in each)
            if any(one is not None for one in judged):
                return [one._replace(judged=own) for one, own in zip(found, judged, strict=True)]
        return found


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


def _has(*names: str, one_of: Iterable[str] = ()) -> Callable[[Record], bool]:
    """Whether all of some fields are there, and one of others where there are any."""
    return lambda record: (
        record.keys() >= set(names) and (not one_of or not record.keys().isdisjoint(one_of))
    )


def _is_anthropic(record: Record) -> bool:
    result = record.get("result")
    return "custom_id" in record and isinstance(result, dict) and "type" in result


def _is_gemini(record: Record) -> bool:
    response = record.get("response")
    if isinstance(response, dict):
        return "candidates" in response or "key" in record
    return response is None and "key" in record and isinstance(record.get("error"), dict)


def _asked(record: Record, options: Options) -> Puzzle:
    return batches.asked(record, options.hands, options.any_hand)


FORMATS: dict[str, Format] = {
    "lm-eval": Format(
        _has("doc", one_of=("resps", "filtered_resps")),
        "doc, resps",
        _puzzle_of_doc,
        _lm_eval_responses,
        copies="filter",
    ),
    "openai-batch": Format(
        _has("custom_id", one_of=("response", "error")),
        "custom_id, response",
        _asked,
        batches.openai_responses,
    ),
    "anthropic-batch": Format(
        _is_anthropic, "custom_id, result", _asked, batches.anthropic_responses
    ),
    "gemini-batch": Format(_is_gemini, "key, response", _asked, batches.gemini_responses),
    "slm-tot": Format(
        _has("original_puzzle"),
        "original_puzzle, response",
        lambda record, _: puzzle_of(
            object_of(record.get("original_puzzle"), "original_puzzle").get("Puzzles")
        ),
        _put_together,
    ),
    "slm-tot-teacher": Format(
        _has("file", "rank", "numbers", "response"),
        "file, rank, numbers, response",
        lambda record, _: puzzle_of(record.get("numbers")),
        _put_together,
    ),
    "tree-of-thought-llm": Format(
        _has("ys", one_of=("idx", "x", "steps")),
        "idx, ys",
        _puzzle_of_log,
        _field("ys", "a response in ys"),
    ),
    "plain": Format(
        _has("numbers", "response"),
        "numbers, response",
        lambda record, _: puzzle_of(*map(record.get, ("numbers", "target", "rule"))),
        _field("response", "the response"),
    ),
    "verl": Format(
        _has("input", "output", "score", "step"),
        "input, output, gts, score, step",
        _puzzle_of_verl,
        lambda record: [Response(text_of(record.get("output"), "output"))],
    ),
    "input-output": Format(
        _has("output", one_of=("input", "puzzle")),
        "input or puzzle, output",
        lambda record, _: asked_in(
            record.get("input" if "input" in record else "puzzle"),
            number_or_none(record.get("target")),
        ),
        _field("output"),
    ),
    "reasoning-gym": Format(
        _is_reasoning_gym,
        "results of question, completions",
        lambda record, _: question_of(record.get("question")),
        _gym_responses,
        _gym_entries,
    ),
}
"""Every format by name, in the order in which they are tried."""

BATCHES = ("openai-batch", "anthropic-batch", "gemini-batch")
"""Formats whose hands may stand in the batch's requests."""
