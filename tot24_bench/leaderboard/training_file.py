r"""A contributor's own list of what a student was trained on, held against the test hands.

JSON Lines (or one JSON array) of rows, or plain lines of hands. A row names its hand under one of
HAND_KEYS, shows it in its text as `Input: 4 4 6 8`, or both; every hand that is named or shown
counts, at every level, those of exemplars too, and so does every target.

A row passes the guard of training data (`traces.guard`) three times: each text by itself, all texts
one after the other (a solution told in turns, or begun in the prompt), and as JSON, with its keys
and numbers. Columns of numbers that nobody can read, such as token ids, are refused where they look
like hands: leave them out.

>>> sorted(hands_of_row({"prompt": "Input: 4 4 6 8\nAnswer: ...\nInput: 8 3 8 3\n"}))
[(3, 3, 8, 8), (4, 4, 6, 8)]
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from tot24_bench.game import TARGET, Hand, LeakedHand, Puzzle
from tot24_bench.leaderboard.from_lm_eval import check_file
from tot24_bench.leaderboard.records import Training
from tot24_bench.traces import Guard
from tot24_bench.transcripts import (
    HAND_KEYS,
    BadRecord,
    BadTranscript,
    json_records,
    number_or_none,
    numbers_of,
)

MAX_TRAINING_BYTES = 8 * 2**30
"""Bytes of a file of training rows; it is read a row at a time."""

MAX_HANDS = 100_000
"""Different hands that a submission can declare."""

MAX_LINE_BYTES = 4_096
"""Bytes of a line that is a bare hand."""

MAX_DEPTH = 8
"""Levels of lists and objects in a row (messages lie on the third); deeper ones are refused."""

LONG_TEXT = 80
"""Characters of a text that is read by itself, and not among the numbers of the row."""

_SHOWN = re.compile(r"^Input: *([0-9 ,]{1,200})", re.MULTILINE)


class BadTraining(ValueError):
    """A file of training rows that cannot be used; the message names the file and the line."""


def read_training(path: Path) -> Training:
    """The hands, the number of rows, and the hash of a file of training rows.

    Raises:
        LeakedHand: a hand of a test part or a held-out target is among them, or a row's text shows
            one.
        BadTraining: the file is missing or no such file, or a row shows no hand.
    """
    hands: set[Hand] = set()
    guard = Guard()
    count = 0
    try:
        check_file(path, MAX_TRAINING_BYTES)
        with path.open("rb") as file:
            for line, row in _rows(file):
                found = _checked(path, line, row, guard)
                hands |= found
                count += 1
                if len(hands) > MAX_HANDS:
                    raise BadTraining(f"{path}: more than {MAX_HANDS} different hands")
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BadTraining(f"{path}: cannot be read ({error.strerror})") from None
    except BadTranscript as error:
        raise BadTraining(f"{path}: {error}") from None
    if not count:
        raise BadTraining(f"{path}: holds no rows")
    return Training(
        hands=tuple(" ".join(map(str, hand)) for hand in sorted(hands)),
        rows=count,
        data_sha256=digest,
    )


def hands_of_row(row: object) -> set[Hand]:
    """Every hand that a row names or shows.

    Raises:
        BadRecord: it shows none, or is nested too deep.
        InvalidPuzzle: what it names is no hand.
    """
    return {puzzle.hand for puzzle in _puzzles(row)}


def _puzzles(row: object) -> list[Puzzle]:
    """The puzzles of `hands_of_row`, those that are named first, each with the target beside it."""
    if isinstance(row, str | list):
        return [Puzzle(numbers_of(row))]
    if not isinstance(row, Mapping):
        raise BadRecord("no row: give an object, or a hand such as 4 4 6 8")
    found = list(_named(row, TARGET, MAX_DEPTH))
    target = next(iter(_targets(row, MAX_DEPTH)), TARGET)
    for text in _texts(row, MAX_DEPTH):
        for shown in _SHOWN.findall(text):
            found.append(Puzzle(numbers_of(shown.strip()), target))
    if not found:
        raise BadRecord(
            f"shows no hand: name it under {HAND_KEYS[0]}, or show it as Input: 4 4 6 8"
        )
    return found


def _named(fields: Mapping[str, object], target: int, depth: int) -> Iterator[Puzzle]:
    """The hands under HAND_KEYS, of this level first; a whole prompt is left to `_SHOWN`.

    On deeper levels other data have those names, too: what is no hand there is text.
    """
    target = next(_targets(fields, 1), target)
    for key, value in fields.items():
        shows = isinstance(value, str) and _SHOWN.search(value)
        if key.lower() in HAND_KEYS and isinstance(value, str | list) and not shows:
            try:
                numbers = numbers_of(value)
                hand = Puzzle(numbers, target)
            except ValueError:
                if depth == MAX_DEPTH:
                    raise
            else:
                yield hand
    for inner in fields.values():
        for one in inner if isinstance(inner, list) else (inner,):
            if depth and isinstance(one, Mapping):
                yield from _named(one, target, depth - 1)


def _targets(value: object, depth: int) -> Iterator[int]:
    """What stands under `target` as a whole number, whether as 22, 22.0 or "22"."""
    for key, inner in _fields(value):
        if key.lower() == "target" and (target := number_or_none(inner)) is not None:
            yield target
        elif depth > 1:
            yield from _targets(inner, depth - 1)


def _fields(value: object) -> Iterable[tuple[str, object]]:
    if isinstance(value, Mapping):
        return value.items()
    return (("", one) for one in value) if isinstance(value, list) else ()


def _rows(file: BinaryIO) -> Iterator[tuple[int, object]]:
    first = file.read(1 << 16).lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    file.seek(0)
    if first in (b"{", b"["):
        for line, value, fault in json_records(file):
            if fault:
                raise BadTranscript(f"line {line}: {fault}")
            yield line, value
        return
    for number, shown in enumerate(iter(lambda: file.readline(MAX_LINE_BYTES), b""), 1):
        if text := shown.decode("utf-8", "replace").strip():
            yield number, text


def _checked(path: Path, line: int, row: object, guard: Guard) -> set[Hand]:
    """The hands of a row that shows nothing held out."""
    where = f"{path}: line {line}"
    try:
        if _depth_is_over(row, MAX_DEPTH):
            raise BadRecord(f"nested deeper than {MAX_DEPTH} levels, where nothing is looked for")
        puzzles = _puzzles(row)
        method = row.get("method") if isinstance(row, Mapping) else ""
        method = method if isinstance(method, str) else ""
        targets = set(_targets(row, MAX_DEPTH))
        asked = puzzles[0]
        guard.check_hands((*puzzles, *(Puzzle(asked.hand, one) for one in targets)), method, where)
        if isinstance(row, Mapping):
            said = "\n".join(_texts(_unread(row), MAX_DEPTH))
            as_json = json.dumps(_unread(row, LONG_TEXT), ensure_ascii=False).replace("\\n", "\n")
            puzzle = asked
            for text in _texts(row, MAX_DEPTH):
                puzzle = guard.check_text(text, puzzle, method, where)
            for text in (said, as_json):
                guard.check_text(text, asked, method, where)
        return {puzzle.hand for puzzle in puzzles}
    except LeakedHand:
        raise
    except ValueError as error:
        raise BadTraining(f"{where}: {error}") from None


def _depth_is_over(value: object, depth: int) -> bool:
    inner = [one for _, one in _fields(value)]
    return bool(inner) and (depth == 0 or any(_depth_is_over(one, depth - 1) for one in inner))


def _unread(value: object, longest: int | None = None) -> object:
    """A row without the hands and targets that were read, and without longer texts.

    Beside the end of a solution, numbers that count something would look as if they made it.
    """
    if isinstance(value, Mapping):
        left = {key: one for key, one in value.items() if not _is_read(key.lower(), one)}
        return {key: _unread(one, longest) for key, one in left.items()}
    if isinstance(value, list):
        return [_unread(one, longest) for one in value]
    return "" if longest and isinstance(value, str) and len(value) > longest else value


def _is_read(key: str, value: object) -> bool:
    if key == "target":
        return number_or_none(value) is not None
    try:
        return key in HAND_KEYS and bool(Puzzle(numbers_of(value)))
    except ValueError:
        return False


def _texts(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif depth:
        for _, part in _fields(value):
            yield from _texts(part, depth - 1)
