r"""A contributor's own list of what a student was trained on, held against the test hands.

JSON Lines (or one JSON array) of rows, or plain lines of hands. A row names its hand under one of
HAND_KEYS, shows it in its text as `Input: 4 4 6 8`, or both; every hand that is shown counts, those
of exemplars too. All text of a row passes the guard of training data (`traces.guard`): a solution
of a test hand is refused in whatever dress.

>>> sorted(hands_of_row({"prompt": "Input: 4 4 6 8\nAnswer: ...\nInput: 8 3 8 3\n"}))
[(3, 3, 8, 8), (4, 4, 6, 8)]
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from tot24_bench.game import Hand, LeakedHand, Puzzle
from tot24_bench.game.puzzle import TARGET
from tot24_bench.leaderboard.lm_eval_folder import check_file
from tot24_bench.leaderboard.records import Training
from tot24_bench.traces.guard import Guard
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
        BadRecord: it shows none.
        InvalidPuzzle: what it names is no hand.
    """
    if isinstance(row, str | list):
        return {Puzzle(numbers_of(row)).hand}
    if not isinstance(row, Mapping):
        raise BadRecord("no row: give an object, or a hand such as 4 4 6 8")
    named = _named({str(key).lower(): value for key, value in row.items()})
    found: set[Hand] = set() if named is None else {named}
    for text in _texts(row, MAX_DEPTH):
        found |= {Puzzle(numbers_of(shown.strip())).hand for shown in _SHOWN.findall(text)}
    if not found:
        raise BadRecord(
            f"shows no hand: name it under {HAND_KEYS[0]}, or show it as Input: 4 4 6 8"
        )
    return found


def _named(by_name: Mapping[str, object]) -> Hand | None:
    """The hand under one of HAND_KEYS; None where there is none, or a whole prompt."""
    named = next(
        (value for key in HAND_KEYS if isinstance(value := by_name.get(key), str | list)), None
    )
    if named is None or (isinstance(named, str) and _SHOWN.search(named)):
        return None
    return Puzzle(numbers_of(named)).hand


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
        hands = hands_of_row(row)
        by_name = {str(k).lower(): v for k, v in row.items()} if isinstance(row, Mapping) else {}
        target, method = by_name.get("target"), by_name.get("method")
        target = target if type(target) is int else TARGET
        method = method if isinstance(method, str) else ""
        guard.check_hands((Puzzle(hand, target) for hand in hands), method, where)
        if by_name:
            asked = Puzzle(_named(by_name) or max(hands), target)
            for text in _texts(row, MAX_DEPTH):
                asked = guard.check_text(text, asked, method, where)
        return hands
    except LeakedHand:
        raise
    except ValueError as error:
        raise BadTraining(f"{where}: {error}") from None


def _texts(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif depth and isinstance(value, Mapping | list):
        inner: Iterable[object] = value.values() if isinstance(value, Mapping) else value
        for part in inner:
            yield from _texts(part, depth - 1)
