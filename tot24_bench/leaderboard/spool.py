"""Scored responses on disk until their hand is complete.

A transcript may give the responses to one hand anywhere; a submission has them together. They wait
in a temporary file that has no name (it is gone with the process, however that ends), each with the
place of the one before it of the same hand, so that memory holds two numbers a hand.

>>> from tot24_bench.scoring import score
>>> puzzle = Puzzle.parse("4 4 6 8")
>>> with Spool() as spool:
...     for text in ("Answer: 4 * 6", "No idea."):
...         spool.add(puzzle, text, None, score(puzzle, text))
...     spool.sample(puzzle).responses
('Answer: 4 * 6', 'No idea.')
"""

from __future__ import annotations

import json
import struct
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from tot24_bench.game import Puzzle
from tot24_bench.leaderboard.records import Sample, sha256_of
from tot24_bench.leaderboard.store import MAX_SAMPLE_BYTES, MAX_SAMPLES_BYTES, TooLarge
from tot24_bench.scoring import Score

_HEAD = struct.Struct("<qI")
"""Before each entry: the place of the hand's entry before it (_NONE: there is none), its length."""

_NONE = -1


class Spool:
    """A temporary file of responses; a context manager.

    Args:
        folder: where the file is made: on the disk that will hold the submission, as the system's
            folder may be in memory. None takes the system's.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (closed by __exit__)
        self._size = 0
        self._last: dict[Puzzle, int] = {}
        self._bytes: dict[Puzzle, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def add(self, puzzle: Puzzle, response: str, tokens: int | None, score: Score) -> None:
        """Keep one response.

        Raises:
            TooLarge: there are more than a submission can hold.
        """
        entry = json.dumps([response, tokens, score.to_json()], ensure_ascii=False).encode()
        of_hand = self._bytes.get(puzzle, 0) + len(entry)
        if of_hand > MAX_SAMPLE_BYTES or self._size + len(entry) > MAX_SAMPLES_BYTES:
            what = f"to {puzzle.text} " if of_hand > MAX_SAMPLE_BYTES else ""
            raise TooLarge(
                f"the responses {what}are more than a submission can hold: --no-save gives the "
                "summary alone"
            )
        self._file.write(_HEAD.pack(self._last.get(puzzle, _NONE), len(entry)))
        self._file.write(entry)
        self._last[puzzle] = self._size
        self._bytes[puzzle] = of_hand
        self._size += _HEAD.size + len(entry)

    def sample(self, puzzle: Puzzle, withhold: bool = False) -> Sample:
        """All that was kept of one hand, in the order in which it came.

        Args:
            withhold: give the hashes of the responses instead of their text.
        """
        entries = []
        place = self._last[puzzle]
        while place != _NONE:
            self._file.seek(place)
            place, length = _HEAD.unpack(self._file.read(_HEAD.size))
            entries.append(json.loads(self._file.read(length)))
        responses, tokens, scores = zip(*reversed(entries), strict=True)
        return Sample(
            puzzle=puzzle,
            prompt_sha256=None,
            responses=() if withhold else responses,
            responses_sha256=tuple(map(sha256_of, responses)) if withhold else (),
            tokens=tokens,
            scores=tuple(map(Score.from_json, scores)),
        )
