"""The records of lm-eval's samples file of one of our tasks, read strictly.

What a record must hold: the place of its hand, the hand, the prompt and generation arguments of one
request, every response as the model wrote it, and lm-eval's own figures for them. The hand and the
responses are read as `tot24 rescore` reads them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tot24_bench.game import Puzzle
from tot24_bench.harness import METRICS
from tot24_bench.leaderboard.from_lm_eval.folder import (
    MAX_SAMPLES_FILE_BYTES,
    BadResults,
    check_file,
)
from tot24_bench.leaderboard.from_lm_eval.prompts import Asked, asked_of
from tot24_bench.transcripts import BadRecord, BadTranscript, json_records, lm_eval_reader

MAX_NAMED = 5
"""Hands that one message names."""


class LoggedHand(NamedTuple):
    """A record of a samples file, as far as it is used."""

    place: int
    puzzle: Puzzle
    asked: Asked
    responses: tuple[str, ...]
    generation: dict[str, Any]
    recorded: dict[str, float]
    limit: int | None


def read_hands(path: Path) -> list[LoggedHand]:
    """The records of a samples file by the place of their hand.

    Raises:
        BadResults: no such file, or a record that is none; the message names its line.
    """
    try:
        check_file(path, MAX_SAMPLES_FILE_BYTES)
        with path.open("rb") as file:
            found = list(_records(path, file))
    except FileNotFoundError:
        raise BadResults(
            f"{path} is missing: evaluate again with --log_samples, which keeps the responses"
        ) from None
    except OSError as error:
        raise BadResults(f"{path}: cannot be read ({error.strerror})") from None
    except BadTranscript as error:
        raise BadResults(f"{path}: {error}") from None
    if not found:
        raise BadResults(f"{path} holds no responses: evaluate again with --log_samples")
    return sorted(found, key=lambda hand: hand.place)


def _records(path: Path, file: Any) -> Iterator[LoggedHand]:
    read = lm_eval_reader()
    for line, value, fault in json_records(file):
        try:
            if fault or not isinstance(value, dict):
                raise BadRecord(fault or "not an object")
            rollouts = read(value, line)
            if rollouts is not None:
                yield _hand(value, rollouts.puzzle, rollouts.responses)
        except BadRecord as error:
            raise BadResults(f"{path}: line {line}: {error}") from None


def _hand(record: Mapping[str, Any], puzzle: Puzzle, responses: tuple[str, ...]) -> LoggedHand:
    place = record.get("doc_id")
    if not isinstance(place, int) or isinstance(place, bool):
        raise BadRecord("doc_id is not a number")
    written = record.get("resps")
    first = written[0] if isinstance(written, list) and written else None
    if not isinstance(first, list) or not first:
        raise BadRecord("resps is missing: evaluate again with --log_samples")
    logged = tuple(_utf8(text) for text in first if isinstance(text, str))
    if logged[: len(responses)] != responses:
        raise BadRecord("filtered_resps is not what the model wrote (resps): use the task as it is")
    asked, generation = _request(record)
    figures = {name: record.get(name) for name in METRICS}
    recorded = {
        name: float(figure)
        for name, figure in figures.items()
        if isinstance(figure, int | float)
        and not isinstance(figure, bool)
        and not (figure < 0 or figure > 1)
    }
    if len(recorded) < len(METRICS):
        raise BadRecord(f"{', '.join(figures.keys() - recorded.keys())}: no figure of lm-eval's")
    limit = record["doc"].get("max_gen_toks")
    return LoggedHand(
        place, puzzle, asked, responses, generation, recorded, limit if is_count(limit) else None
    )


def _request(record: Mapping[str, Any]) -> tuple[Asked, dict[str, Any]]:
    arguments = record.get("arguments")
    request = arguments.get("gen_args_0") if isinstance(arguments, dict) else None
    if not isinstance(request, dict) or len(arguments or ()) != 1:
        raise BadRecord("arguments hold no request: not a sample of lm-eval 0.4")
    asked = asked_of(request.get("arg_0"), chat=False)
    generation = request.get("arg_1")
    if asked is None or not isinstance(generation, dict):
        raise BadRecord("arguments hold no prompt and generation arguments")
    return asked, generation


def named(hands: Sequence[str]) -> str:
    """Some hands by name, and the verb that follows."""
    more = f" and {len(hands) - MAX_NAMED} more" if len(hands) > MAX_NAMED else ""
    verb = "is" if len(hands) == 1 else "are"
    return f"{', '.join(hands[:MAX_NAMED])}{more} {verb}"


def is_count(value: object) -> bool:
    """Whether a value is a number of tokens."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**9


def _utf8(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
