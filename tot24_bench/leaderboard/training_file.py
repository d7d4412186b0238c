r"""A contributor's own list of what a student was trained on, held against the test hands.

JSON Lines (or one JSON array) of rows, or plain lines of hands. A row names its hand under one of
HAND_KEYS, shows it in its text as `Input: 4 4 6 8`, or both; every hand that is shown counts, those
of exemplars too.

>>> sorted(hands_of_row({"prompt": "Input: 4 4 6 8\nAnswer: ...\nInput: 8 3 8 3\n"}))
[(3, 3, 8, 8), (4, 4, 6, 8)]
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from tot24_bench.game import Hand, Puzzle, guard_training_hands
from tot24_bench.leaderboard.lm_eval_folder import check_file
from tot24_bench.leaderboard.records import Training
from tot24_bench.transcripts.fields import numbers_of
from tot24_bench.transcripts.json_records import json_records
from tot24_bench.transcripts.lm_eval_samples import HAND_KEYS
from tot24_bench.transcripts.rollouts import BadRecord, BadTranscript

MAX_TRAINING_BYTES = 8 * 2**30
"""Bytes of a file of training rows; it is read a row at a time."""

MAX_HANDS = 100_000
"""Different hands that a submission can declare."""

MAX_LINE_BYTES = 4_096
"""Bytes of a line that is a bare hand."""

MAX_DEPTH = 8
"""Levels of lists and objects in which text of a row is looked for (messages lie on the third)."""

_SHOWN = re.compile(r"^Input: *([0-9 ,]{1,200})", re.MULTILINE)


class BadTraining(ValueError):
    """A file of training rows that cannot be used; the message names the file and the line."""


def read_training(path: Path) -> Training:
    """The hands, the number of rows, and the hash of a file of training rows.

    Raises:
        LeakedHand: a hand of hard100, hardest or val is among them.
        BadTraining: the file is missing or no such file, or a row shows no hand.
    """
    hands: set[Hand] = set()
    count = 0
    try:
        check_file(path, MAX_TRAINING_BYTES)
        with path.open("rb") as file:
            for line, row in _rows(file):
                found = _checked(path, line, row)
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
    guard_training_hands(hands, str(path))
    return Training(
        hands=tuple(" ".join(map(str, hand)) for hand in sorted(hands)),
        rows=count,
        data_sha256=digest,
    )


def hands_of_row(row: object) -> set[Hand]:
    """Every hand that a row names or shows.

    Raises:
        BadRecord: it shows none.
        InvalidPuzzle: what it names is no hand.
    """
    if isinstance(row, str | list):
        return {Puzzle(numbers_of(row)).hand}
    if not isinstance(row, Mapping):
        raise BadRecord("no row: give an object, or a hand such as 4 4 6 8")
    by_name = {str(key).lower(): value for key, value in row.items()}
    named = next(
        (by_name[key] for key in HAND_KEYS if isinstance(by_name.get(key), str | list)), None
    )
    found: set[Hand] = set()
    if named is not None and not (isinstance(named, str) and _SHOWN.search(named)):
        found.add(Puzzle(numbers_of(named)).hand)
    for text in _texts(row, MAX_DEPTH):
        found |= {Puzzle(numbers_of(shown.strip())).hand for shown in _SHOWN.findall(text)}
    if not found:
        raise BadRecord(
            f"shows no hand: name it under {HAND_KEYS[0]}, or show it as Input: 4 4 6 8"
        )
    return found


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


def _checked(path: Path, line: int, row: object) -> set[Hand]:
    try:
        return hands_of_row(row)
    except ValueError as error:
        raise BadTraining(f"{path}: line {line}: {error}") from None


def _texts(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif depth and isinstance(value, Mapping | list):
        inner: Iterable[object] = value.values() if isinstance(value, Mapping) else value
        for part in inner:
            yield from _texts(part, depth - 1)
