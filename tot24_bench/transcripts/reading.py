"""Read a transcript: recognise its format, then give its records one by one.

The format is that of the first record that any format knows, among the first few. A record that
cannot be used is counted with its line and its reason; unless such records are to be left out, no
rollouts follow it and the reading ends in one error that names them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeVar

from tot24_bench.game import TARGET, Puzzle
from tot24_bench.transcripts.fields import Record, in_deck, object_of
from tot24_bench.transcripts.json_records import json_records
from tot24_bench.transcripts.lm_eval_samples import is_lm_eval, lm_eval_reader
from tot24_bench.transcripts.openai_batch import (
    is_openai_batch,
    load_hands,
    openai_batch_reader,
)
from tot24_bench.transcripts.plain import is_plain, read_plain
from tot24_bench.transcripts.published_logs import (
    is_slm_tot,
    is_slm_tot_teacher,
    is_tree_of_thought,
    read_slm_tot,
    read_slm_tot_teacher,
    tree_of_thought_reader,
)
from tot24_bench.transcripts.ranks import load_ranks
from tot24_bench.transcripts.rollouts import (
    BadLines,
    BadRecord,
    BadTranscript,
    Rollouts,
)

LOOKED_AT = 10
"""Records at the beginning of a file among which one of a known format must be."""

Reader = Callable[[Record, int], Rollouts | None]
"""From a record and its line to rollouts; None where the record repeats another."""


class Beside(NamedTuple):
    """What stands beside a transcript.

    Attributes:
        ranks: hands by rank, as text.
        hands: puzzles by the id of their request; None where the ids spell them.
        any_hand: whether hands that are not of the deck are allowed.
    """

    ranks: Mapping[int, str]
    hands: Mapping[str, Puzzle] | None
    any_hand: bool


class Format(NamedTuple):
    """One way to write a transcript.

    Attributes:
        knows: whether a record is of this format.
        reader: makes the reader of one file.
        fields: the fields that a record must have, for messages.
    """

    knows: Callable[[Record], bool]
    reader: Callable[[Beside], Reader]
    fields: str


FORMATS: dict[str, Format] = {
    "lm-eval": Format(is_lm_eval, lambda _: lm_eval_reader(), "doc, resps"),
    "openai-batch": Format(
        is_openai_batch,
        lambda beside: openai_batch_reader(beside.hands, beside.any_hand),
        "custom_id, response",
    ),
    "slm-tot": Format(is_slm_tot, lambda _: read_slm_tot, "original_puzzle, response"),
    "slm-tot-teacher": Format(
        is_slm_tot_teacher, lambda _: read_slm_tot_teacher, "file, rank, numbers, response"
    ),
    "tree-of-thought-llm": Format(
        is_tree_of_thought, lambda beside: tree_of_thought_reader(beside.ranks), "idx, ys"
    ),
    "plain": Format(is_plain, lambda _: read_plain, "numbers, response"),
}
"""Every format by name, in the order in which they are tried."""


class Transcript:
    """A transcript that can be read, from its beginning, as often as wanted.

    Attributes:
        path: the file.
        format: the name of its format.
        size: its bytes.
        bad: the records that could not be used, so far or in the last reading.
    """

    def __init__(self, path: Path, format: str, beside: Beside, skip_bad: bool) -> None:
        self.path = path
        self.format = format
        self.size = path.stat().st_size
        self.bad = BadLines()
        self._beside = beside
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
        read = FORMATS[self.format].reader(self._beside)
        given = 0
        with self.path.open("rb") as file:
            self._file = file
            for rollouts in _named(self.path, self._rollouts(file, read)):
                if self._skip_bad or not self.bad.count:
                    given += 1
                    yield rollouts
        if self.bad.count and not self._skip_bad:
            raise BadTranscript(f"{self.path}: {self.bad.text}; --skip-bad leaves them out")
        if not given:
            raise BadTranscript(f"{self.path}: no record can be used: {self.bad.text}")

    def _rollouts(self, file: BinaryIO, read: Reader) -> Iterator[Rollouts]:
        for line, value, fault in json_records(file):
            try:
                if fault:
                    raise BadRecord(fault)
                rollouts = read(object_of(value, "the record"), line)
                if rollouts is None:
                    continue
                if not (self._beside.any_hand or in_deck(rollouts.puzzle)):
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
) -> Transcript:
    """A transcript, ready to be iterated.

    Args:
        path: the file: JSON Lines, or a JSON array.
        format: one of FORMATS; None recognises it.
        ranks: the public list of hands by rank, where a log names hands beyond the test splits;
            a format that spells its hands does not need it.
        hands: the requests of an OpenAI batch, where its ids do not spell the hands.
        skip_bad: leave records that cannot be used out, rather than end in an error.
        any_hand: allow hands that are not four cards from 1 to 13 with the target 24.

    Raises:
        BadTranscript: an empty file, an unknown format, a file beside it that does not fit.
        OSError: a file cannot be read.
    """
    if format is not None and format not in FORMATS:
        raise BadTranscript(f"no format {format[:40]!r}: {_known()}")
    if path.exists() and not path.is_file():
        raise BadTranscript(f"{path}: not a file that can be read from its beginning twice")
    name = _recognise(path) if format is None else format
    if hands is not None and name != "openai-batch":
        raise BadTranscript(f"--hands goes with openai-batch; {path} is {name}")
    by_rank = load_ranks() if name == "tree-of-thought-llm" else {}
    if by_rank and ranks is not None:
        by_rank |= load_ranks(ranks)
    beside = Beside(by_rank, None if hands is None else load_hands(hands), any_hand)
    return Transcript(path, name, beside, skip_bad)


def _recognise(path: Path) -> str:
    fault = ""
    with path.open("rb") as file:
        records = list(_named(path, islice(json_records(file), LOOKED_AT)))
    for line, value, wrong in records:
        if isinstance(value, dict):
            for name, format in FORMATS.items():
                if format.knows(value):
                    return name
        elif wrong and not fault:
            fault = f"line {line}: {wrong}"
    if not records:
        raise BadTranscript(f"{path}: holds no records")
    if fault:
        raise BadTranscript(f"{path}: {fault}")
    raise BadTranscript(f"{path}: a format that is not known here: {_known()}")


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
