"""Read a transcript: recognise its format, then give its records one by one.

The format is that of the first record that any format knows, among the first few. A record that
cannot be used is counted with its line and its reason; unless such records are to be left out, no
rollouts follow it and the reading ends in one error that names them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from tot24_bench.game import TARGET, Puzzle
from tot24_bench.transcripts.batches import load_hands
from tot24_bench.transcripts.fields import (
    BadLines,
    BadRecord,
    BadTranscript,
    Rollouts,
    in_deck,
    names_of,
    object_of,
)
from tot24_bench.transcripts.formats import BATCHES, FORMATS, PLAIN, Format, Keys, Options, Reader
from tot24_bench.transcripts.json_reader import JsonRecord, json_records
from tot24_bench.transcripts.ranks import load_ranks

LOOKED_AT = 10  # records at the beginning of a file among which one of a known format must be
KEYS = "keys"  # what a transcript's format is called whose fields the user named


class Transcript:
    """A transcript that can be read, from its beginning, as often as wanted."""

    def __init__(
        self, path: Path, name: str, format: Format, options: Options, skip_bad: bool
    ) -> None:
        self.path = path
        self.format = name  # KEYS where the user named the fields
        self.size = path.stat().st_size
        self.bad = BadLines()  # so far, or of the last reading
        self._format = format
        self._options = options
        self._skip_bad = skip_bad
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
        read = self._format.reader(self._options)
        given = 0
        with self.path.open("rb") as file:
            self._file = file
            try:
                for record in json_records(file):
                    for rollouts in self._rollouts(record, read):
                        if self._skip_bad or not self.bad.count:
                            given += 1
                            yield rollouts
            except BadTranscript as error:
                raise BadTranscript(f"{self.path}: {error}") from None
        if self.bad.count and not self._skip_bad:
            raise BadTranscript(f"{self.path}: {self.bad.text}; --skip-bad leaves them out")
        if not given:
            raise BadTranscript(f"{self.path}: no record can be used: {self.bad.text}")

    def _rollouts(self, record: JsonRecord, read: Reader) -> Iterator[Rollouts]:
        """The rollouts of one JSON value, which may hold many; what is bad is counted."""
        line, value, fault = record
        try:
            if fault:
                raise BadRecord(fault)
            entries = self._format.entries(object_of(value, "the record"))
        except BadRecord as error:
            self.bad.add(line, str(error))
            return
        for entry in entries:
            try:
                rollouts = read(entry, line)
                if rollouts is None:
                    continue
                if not (self._options.any_hand or in_deck(rollouts.puzzle)):
                    raise BadRecord(_not_in_deck(rollouts.puzzle))
            except BadRecord as error:
                self.bad.add(line, str(error))
            else:
                yield rollouts


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
        format: one of FORMATS; None recognises it.
        ranks: the list of hands that a log's `idx` counts in, where it is not the public one, or
            where hands beyond the test splits were asked.
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
        name, found = KEYS, keys.format()
    else:
        name = format or _recognise(path)
        found = FORMATS[name]
    if hands is not None and name not in BATCHES:
        raise BadTranscript(f"--hands goes with {', '.join(BATCHES)}; {path} is {name}")
    by_rank = load_ranks() if name == "tree-of-thought-llm" else {}
    if by_rank and ranks is not None:
        by_rank |= load_ranks(ranks, by_row=True)
    options = Options(by_rank, None if hands is None else load_hands(hands), any_hand)
    return Transcript(path, name, found, options, skip_bad)


def _recognise(path: Path) -> str:
    with path.open("rb") as file:
        try:
            records = list(islice(json_records(file), LOOKED_AT))
        except BadTranscript as error:
            raise BadTranscript(f"{path}: {error}") from None
    objects = [record.value for record in records if isinstance(record.value, dict)]
    for record in objects:
        for name, format in FORMATS.items():
            if format.knows(record):
                return name
    if not records:
        raise BadTranscript(f"{path}: holds no records")
    for line, _, fault in records:
        if fault:
            raise BadTranscript(f"{path}: line {line}: {fault}")
    named = names_of(objects[0]) if objects else ""
    fields = f" (its fields are {named})" if named else ""
    raise BadTranscript(
        f"{path}: a format that is not known here{fields}: name its fields with --hand-key and "
        f"--response-key (of `tot24 rescore`), or write a record a line as {PLAIN}; {_known()}"
    )


def _known() -> str:
    listed = "; ".join(f"{name} ({format.fields})" for name, format in FORMATS.items())
    return f"the formats are {listed}; --format NAME forces one"


def _not_in_deck(puzzle: Puzzle) -> str:
    target = "" if puzzle.target == TARGET else f" for {puzzle.target}"
    return (
        f"the hand {puzzle.text}{target} is not four cards from 1 to 13 that should make 24: "
        "--any-hand allows it"
    )
