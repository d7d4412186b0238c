r"""JSON records of a file, one at a time: an object a line, the elements of one array, or objects
that are laid out over lines.

- A file whose first sign is `[` is an array, laid out over lines in whatever way. One whose first
  line opens an object that the next line goes on with holds objects laid out so. Any other file is
  JSON Lines. Blank lines, CRLF and a byte order mark are passed over.
- No more than one record is held, and a record is bounded.
- A line that is no JSON is one bad record. What is wrong within an array is wrong for all that
  follows: nobody can say where the next element starts.

>>> import io
>>> [record[:2] for record in json_records(io.BytesIO(b'{"a": 1}\n\n{"a": 1, "a": 2}\n'))]
[(1, {'a': 1}), (3, None)]
>>> [record[:2] for record in json_records(io.BytesIO(b'[\n {"a": 1},\n {"a": 2}\n]\n'))]
[(2, {'a': 1}), (3, {'a': 2})]
>>> [record[:2] for record in json_records(io.BytesIO(b'{\n "a": 1\n}\n{\n "a": 2\n}\n'))]
[(1, {'a': 1}), (4, {'a': 2})]
"""

from __future__ import annotations

import codecs
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

from tot24_bench.transcripts.fields import BadTranscript

MAX_RECORD_BYTES = 64 * 2**20
"""Bytes (in an array: characters) of one record; 100 responses of 7,000 tokens take 3 MB."""

SAVE_AS_UTF8 = "save the file as UTF-8"
ONE_A_LINE = "write one JSON object a line, its keys and texts in double quotes"

CHUNK_BYTES = 2**16  # bytes of an array that are read at once, at least

_BLANKS = b" \t\r\n"
_BLANK_RUN = re.compile(r"[ \t\r\n]*")


class JsonRecord(NamedTuple):
    """A value, or what is wrong with it."""

    line: int  # where it starts, from 1
    value: object  # None where there is a fault
    fault: str  # empty where there is a value


def json_records(file: BinaryIO) -> Iterator[JsonRecord]:
    """The records of a file that stands at its beginning and can seek.

    Raises:
        BadTranscript: an array that breaks off or is no JSON; the message has no file name.
    """
    if file.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:
        file.seek(0)
    start = file.tell()
    sign = _first_sign(file)
    file.seek(start)
    array = sign == b"["
    laid_out = sign == b"{" and _goes_on(file)
    file.seek(start)
    yield from _values(file, array) if array or laid_out else _lines(file)


def _first_sign(file: BinaryIO) -> bytes:
    while chunk := file.read(CHUNK_BYTES):
        if text := chunk.lstrip(_BLANKS):
            return text[:1]
    return b""


def _goes_on(file: BinaryIO) -> bool:
    """Whether the first line breaks off where a line of a laid-out object does, and the next is no
    object of its own: where it is one, the file is JSON Lines, of which a line is broken.
    """
    lines = (line.strip(_BLANKS) for line in iter(lambda: file.readline(MAX_RECORD_BYTES + 1), b""))
    filled = filter(None, lines)
    if not next(filled).endswith((b"{", b"[", b",", b":")):
        return False
    second = next(filled, b"")
    return bool(second) and not isinstance(_record(2, second).value, dict)


def _lines(file: BinaryIO) -> Iterator[JsonRecord]:
    number = 0
    while line := file.readline(MAX_RECORD_BYTES + 1):
        number += 1
        if len(line) > MAX_RECORD_BYTES:
            while line and not line.endswith(b"\n"):
                line = file.readline(CHUNK_BYTES)
            yield JsonRecord(number, None, f"longer than {MAX_RECORD_BYTES} bytes")
        elif text := line.strip(_BLANKS):
            yield _record(number, text)


def _record(number: int, line: bytes) -> JsonRecord:
    """A line that holds one value and nothing else."""
    try:
        text = line.decode()
        value, end, fault = _decode(text)
        if end < len(text):
            raise ValueError(f"something after the value, at column {end + 1}")
    except UnicodeDecodeError as error:
        fault = f"not UTF-8 text (byte {error.start + 1} of the line): {SAVE_AS_UTF8}"
    except json.JSONDecodeError as error:
        what = f"{error.msg.removesuffix(' at')} at column {error.colno}"
        fault = f"not JSON ({what}): {ONE_A_LINE}"
    except ValueError as error:
        fault = f"not JSON ({error}): {ONE_A_LINE}"
    return JsonRecord(number, None if fault else value, fault)


def _values(file: BinaryIO, array: bool) -> Iterator[JsonRecord]:
    """The elements of an array, or objects that follow each other."""
    window = _Window(file)
    if array:
        window.sign()
        window.go_past()
    comma = False
    while (sign := window.sign()) != ("]" if array else ""):
        if comma:
            if sign != ",":
                raise _broken(window.line, sign, "a comma or the end of the array")
            window.go_past()
            sign = window.sign()
        if not sign or not (array or sign == "{"):
            raise _broken(window.line, sign, "an object")
        line = window.line
        value, fault = window.take_value()
        yield JsonRecord(line, None if fault else value, fault)
        comma = array
    if array:
        window.go_past()
        if sign := window.sign():
            raise _broken(window.line, sign, "nothing")


def _broken(line: int, sign: str, expected: str) -> BadTranscript:
    if not sign:
        return BadTranscript(f"line {line}: the file ends in the middle of its array")
    return BadTranscript(f"line {line}: not JSON: {sign!r} where {expected} should be")


def _decode(text: str, start: int = 0) -> tuple[object, int, str]:
    """The value that starts there, where it ends, and what is wrong with it though it is JSON.

    Raises:
        ValueError: no whole value.
    """
    fault = ""

    def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal fault
        value = dict(pairs)
        if len(value) < len(pairs):
            ((key, _),) = Counter(key for key, _ in pairs).most_common(1)
            fault = f"the key {key[:40]!r} stands twice in one object"
        return value

    try:
        value, end = json.JSONDecoder(object_pairs_hook=object_of).raw_decode(text, start)
    except RecursionError:
        raise ValueError("nested too deep") from None
    except json.JSONDecodeError:
        raise
    except ValueError:  # Python's own words name a switch of Python
        digits = sys.get_int_max_str_digits()
        raise ValueError(f"an integer of more than {digits:,} digits") from None
    return value, end, fault


class _Window:
    """The part of an array's text that is in memory, and how far it has been read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._ended = False
        self._text = ""
        self._at = 0
        self.line = 1  # of the file, that the reading has reached

    def sign(self) -> str:
        """Pass over blanks; the sign after them, empty at the end."""
        while True:
            blanks = _BLANK_RUN.match(self._text, self._at)
            self._go_to(blanks.end() if blanks else self._at)
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._grow():
                return ""

    def go_past(self) -> None:
        """Go past the sign that `sign` found."""
        self._go_to(self._at + 1)

    def take_value(self) -> tuple[object, str]:
        """Go past the value that starts here; the value, and what is wrong with it."""
        while True:
            value, end, fault, broken = None, self._at, "", "it does not end"
            try:
                value, end, fault = _decode(self._text, self._at)
            except json.JSONDecodeError as error:
                broken = error.msg.removesuffix(" at")
            except ValueError as error:
                broken = str(error)
            if self._at < end < len(self._text):  # at the very end 12 may go on as 123
                break
            starts = f"the value that starts on line {self.line} is not JSON"
            if len(self._text) - self._at > MAX_RECORD_BYTES:
                longer = f"or longer than {MAX_RECORD_BYTES} characters"
                raise BadTranscript(f"{starts}, {longer} ({broken})")
            if not self._grow():
                if end == self._at:
                    raise BadTranscript(f"{starts} ({broken})")
                break
        self._go_to(end)
        return value, fault

    def _go_to(self, place: int) -> None:
        self.line += self._text.count("\n", self._at, place)
        self._at = place

    def _grow(self) -> bool:
        """Drop what has been read and read on, at least doubling what is left; False at the end."""
        if self._ended:
            return False
        rest = self._text[self._at :]
        chunk = self._file.read(max(CHUNK_BYTES, len(rest)))
        try:
            self._text = rest + self._decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError:
            raise BadTranscript(
                f"not UTF-8 text (somewhere from line {self.line} on): {SAVE_AS_UTF8}"
            ) from None
        self._at = 0
        self._ended = not chunk
        return True
