"""Read a transcript: recognise its format, then give its records one by one.

The format is that of the first record that any format knows, among the first few. A record that
cannot be used is counted with its line and its reason; unless such records are to be left out, no
rollouts follow it and the reading ends in one error that names them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TypeVar

from tot24_bench.game import TARGET, Puzzle
from tot24_bench.transcripts.batches import load_hands
from tot24_bench.transcripts.fields import (
    BadLines,
    BadRecord,
    BadTranscript,
    Record,
    Rollouts,
    in_deck,
    names_of,
    object_of,
    verdicts_of,
)
from tot24_bench.transcripts.formats import (
    BATCHES,
    FORMATS,
    PLAIN,
    Beside,
    Keys,
    Reader,
    one_each,
)
from tot24_bench.transcripts.json_reader import json_records
from tot24_bench.transcripts.ranks import load_ranks

LOOKED_AT = 10
"""Records at the beginning of a file among which one of a known format must be."""

KEYS = "keys"
"""What a transcript's format is called whose fields the user named."""


class Transcript:
    """A transcript that can be read, from its beginning, as often as wanted.

    Attributes:
        path: the file.
        format: the name of its format; KEYS where the user named the fields.
        size: its bytes.
        bad: the records that could not be used, so far or in the last reading.
    """

    def __init__(
        self,
        path: Path,
        format: str,
        beside: Beside,
        skip_bad: bool,
        keys: Keys | None = None,
    ) -> None:
        self.path = path
        self.format = format
        self.size = path.stat().st_size
        self.bad = BadLines()
        self._beside = beside
        self._skip_bad = skip_bad
        self._keys = keys
        self._file: BinaryIO | None = None

    @property
    def position(self) -> int:
        """How many bytes have been read: for a progress bar while the transcript is iterated."""
        return 0 if self._file is None else self.size if self._file.closed else self._file.tell()

    def __iter__(self) -> Iterator[Rollouts]:
        """Give the rollouts of each record that can be used.

        Raises:
            BadTranscript: at the end, where there are bad records that are not to be skipped, or
                no record that can be used; at once, where an array breaks off.
        """
        self.bad = BadLines()
        entries, read = self._read()
        given = 0
        with self.path.open("rb") as file:
            self._file = file
            for rollouts in _named(self.path, self._rollouts(file, entries, read)):
                if self._skip_bad or not self.bad.count:
                    given += 1
                    yield rollouts
        if self.bad.count and not self._skip_bad:
            raise BadTranscript(f"{self.path}: {self.bad.text}; --skip-bad leaves them out")
        if not given:
            raise BadTranscript(f"{self.path}: no record can be used: {self.bad.text}")

    def _read(self) -> tuple[Callable[[Record], Iterator[Record]], Reader]:
        """What takes a JSON value apart into records, and a new reader of them."""
        if self._keys is not None:
            hand = self._keys.hand
            return lambda record: one_each(record, hand), self._keys.read
        found = FORMATS[self.format]
        return found.entries, found.reader(self._beside)

    def _rollouts(
        self, file: BinaryIO, entries: Callable[[Record], Iterator[Record]], read: Reader
    ) -> Iterator[Rollouts]:
        for line, value, fault in json_records(file):
            try:
                if fault:
                    raise BadRecord(fault)
                records = entries(object_of(value, "the record"))
            except BadRecord as error:
                self.bad.add(line, str(error))
                continue
            for record in records:
                try:
                    rollouts = self._one(record, line, read)
                except BadRecord as error:
                    self.bad.add(line, str(error))
                else:
                    if rollouts is not None:
                        yield rollouts

    def _one(self, record: Record, line: int, read: Reader) -> Rollouts | None:
        rollouts = read(record, line)
        if rollouts is None:
            return None
        if not (self._beside.any_hand or in_deck(rollouts.puzzle)):
            raise BadRecord(_not_in_deck(rollouts.puzzle))
        if not any(judged is not None for judged in rollouts.judged):
            judged = verdicts_of(record, len(rollouts.responses))
            rollouts = rollouts._replace(judged=judged)
        return rollouts


def read_transcript(
    path: Path,
    format: str | None = None,
    ranks: Path | None = None,
    hands: Path | None = None,
    skip_bad: bool = False,
    any_hand: bool = False,
    keys: Keys | None = None,
) -> Transcript:
    """A transcript, ready to be iterated.

    Args:
        path: the file: JSON Lines, a JSON array, or objects laid out over lines.
        format: one of FORMATS; None recognises it.
        ranks: the list of hands that a log's `idx` counts in, where it is not the public one, or
            where hands beyond the test splits were asked; a format that spells its hands does not
            need it.
        hands: the requests of a batch, where its ids do not spell the hands.
        skip_bad: leave records that cannot be used out, rather than end in an error.
        any_hand: allow hands that are not four cards from 1 to 13 with the target 24.
        keys: the fields of records of any other format.

    Raises:
        BadTranscript: an empty file, an unknown format, a file beside it that does not fit.
        OSError: a file cannot be read.
    """
    if format is not None and format not in FORMATS:
        raise BadTranscript(f"no format {format[:40]!r}: {_known()}")
    if not path.exists():
        raise FileNotFoundError(
            f"{path}: No such file: give the path of a transcript that is there"
        )
    if not path.is_file():
        raise BadTranscript(f"{path}: not a file that can be read from its beginning twice")
    if keys is not None and format is not None:
        raise BadTranscript("--format names a format, --hand-key the fields of none: give one")
    if keys is not None:
        keys.check()
    name = KEYS if keys is not None else _recognise(path) if format is None else format
    if hands is not None and name not in BATCHES:
        raise BadTranscript(f"--hands goes with {', '.join(BATCHES)}; {path} is {name}")
    by_rank = load_ranks() if name == "tree-of-thought-llm" else {}
    if by_rank and ranks is not None:
        by_rank |= load_ranks(ranks, by_row=True)
    beside = Beside(by_rank, None if hands is None else load_hands(hands), any_hand)
    return Transcript(path, name, beside, skip_bad, keys)


def _recognise(path: Path) -> str:
    fault = ""
    first: Record = {}
    with path.open("rb") as file:
        records = list(_named(path, islice(json_records(file), LOOKED_AT)))
    for line, value, wrong in records:
        if isinstance(value, dict):
            first = first or value
            for name, format in FORMATS.items():
                if format.knows(value):
                    return name
        elif wrong and not fault:
            fault = f"line {line}: {wrong}"
    if not records:
        raise BadTranscript(f"{path}: holds no records")
    if fault:
        raise BadTranscript(f"{path}: {fault}")
    named = names_of(first)
    fields = f" (its fields are {named})" if named else ""
    raise BadTranscript(
        f"{path}: a format that is not known here{fields}: name its fields with --hand-key and "
        f"--response-key (of `tot24 rescore`), or write a record a line as {PLAIN}; {_known()}"
    )


_T = TypeVar("_T")


def _named(path: Path, records: Iterator[_T]) -> Iterator[_T]:
    """The same, with the file's name in the error where the file breaks off."""
    try:
        yield from records
    except BadTranscript as error:
        raise BadTranscript(f"{path}: {error}") from None


def _known() -> str:
    listed = "; ".join(f"{name} ({format.fields})" for name, format in FORMATS.items())
    return f"the formats are {listed}; --format NAME forces one"


def _not_in_deck(puzzle: Puzzle) -> str:
    target = "" if puzzle.target == TARGET else f" for {puzzle.target}"
    return (
        f"the hand {puzzle.text}{target} is not four cards from 1 to 13 that should make 24: "
        "--any-hand allows it"
    )
