"""From a batch's result files to replies and failures.

    {"custom_id": "tot24/4-4-6-8/24/all/io/dbed91b1aea5/0-1", "error": null,
     "response": {"status_code": 200, "body": {"choices": [...], "usage": {...}, ...}}}

Lines come in any order. What has no answer (no line, a line that cannot be read, fewer choices than
samples) was not answered, and may be asked again; only an error of the request itself is final.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from tot24_bench.teachers.openai_batch_calls import Samples, samples_of
from tot24_bench.teachers.openai_settings import NO_KEY, redacted
from tot24_bench.teachers.teacher import Failure, Reply, Request

Sample = tuple[str, int]
"""A question, as the ids spell it, and the number of the sample."""

ReadBody = Callable[[Mapping[str, Any], Sequence[Request | None]], Sequence[Reply | Failure]]
"""From the body of an answer to one outcome for each request of its call, in order; the place of a
sample that nobody wants holds None, and so does not count but for its share of the tokens."""

_OK = 200
_RATE_LIMITED = 429
_PASSING = (408, 409, _RATE_LIMITED)
_SERVER_ERROR = 500


MAX_LINE_BYTES = 2**26
"""Bytes of a line of a result file; the rest of a longer one counts as bad lines."""


class BatchResults:
    """The answers to what is wanted of one batch.

    Attributes:
        left: samples that the batch answers and nobody wants now.
        bad_lines: lines that could not be read.
        refused: whether the last line was an error of the provider, which bills nothing.
    """

    def __init__(
        self,
        pending: set[Sample],
        wanted: Mapping[Sample, Request],
        read_body: ReadBody,
        key: str = NO_KEY,
    ) -> None:
        """Prepare for the files of one batch.

        Args:
            pending: samples of the batch that have not been settled.
            wanted: the requests to be answered.
            read_body: reads one answer.
            key: never to appear in what is read.
        """
        self.left: set[Sample] = set()
        self.bad_lines = 0
        self.refused = False
        self._pending = set(pending)
        self._wanted = wanted
        self._read_body = read_body
        self._key = key

    def read(self, path: Path) -> Iterator[Reply | Failure]:
        """What one file holds; may be called for another."""
        with path.open("rb") as file:
            while text := file.readline(MAX_LINE_BYTES):
                line = _object(text)
                samples = None if line is None else samples_of(line.get("custom_id"))
                if line is None or samples is None:
                    self.bad_lines += bool(text.strip())
                else:
                    yield from self._settle(samples, line)

    @property
    def unanswered(self) -> set[Sample]:
        """Samples that no line has settled."""
        return set(self._pending)

    def missing(self, kind: str, reason: str) -> Iterator[Failure]:
        """What no file answers, as failures that asking again may mend."""
        for sample in sorted(self._pending):
            if sample in self._wanted:
                yield Failure(self._wanted[sample], kind, reason)
        self._pending = set()

    def _settle(self, samples: Samples, line: Mapping[str, Any]) -> Iterator[Reply | Failure]:
        each = list(samples.each)
        open_now = [sample for sample in each if sample in self._pending]
        if not open_now:  # a line that repeats another, or of another batch
            return
        requests = [self._wanted.get(s) if s in self._pending else None for s in each]
        fault = _fault(line, self._key)
        if fault is not None:
            self._pending.difference_update(open_now)
            self.refused = True
            kind, reason, again = fault
            for request in filter(None, requests):
                yield Failure(request, kind, reason, again)
            return
        self.refused = False
        outcomes = self._read_body(line["response"]["body"], requests)
        self._pending.difference_update(open_now)
        self.left.update(s for s in open_now if s not in self._wanted)
        yield from outcomes


def _object(text: bytes) -> dict[str, Any] | None:
    """The object of a line; None where it is none."""
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return line if isinstance(line, dict) else None


def runs_of(samples: set[Sample]) -> list[str]:
    """The samples as ids of consecutive ones.

    >>> runs_of({("q", 0), ("q", 1), ("q", 4), ("p", 2)})
    ['p/2', 'q/0-1', 'q/4']
    """
    names = []
    in_order = enumerate(sorted(samples))
    for _, run in groupby(in_order, key=lambda pair: (pair[1][0], pair[1][1] - pair[0])):
        (_, (question, first)), *rest = run
        names.append(Samples(question, first, 1 + len(rest)).name)
    return names


def _fault(line: Mapping[str, Any], key: str) -> tuple[str, str, bool] | None:
    """Why a line is no answer: kind, reason, and whether asking again may help."""
    error = line.get("error")
    response = line.get("response")
    if isinstance(response, dict):
        status = response.get("status_code", _OK)
        body = response.get("body")
        if not isinstance(status, int) or not 100 <= status < 1000:
            return "malformed answer", "a line of the batch's result has no status", True
        if status != _OK:
            told = body.get("error") if isinstance(body, dict) else None
            again = status in _PASSING or status >= _SERVER_ERROR
            kind = "rate limited" if status == _RATE_LIMITED else f"HTTP {status}"
            return kind, _words(told, f"status {status}", key), again
        if error is None and isinstance(body, dict):
            return None
    if isinstance(error, dict):
        code = error.get("code")
        kind = redacted(code, key, 40).replace("_", " ") if isinstance(code, str) else "batch error"
        return kind or "batch error", _words(error, kind, key), True
    return "malformed answer", "a line of the batch's result has no answer and no error", True


def _words(error: object, otherwise: str, key: str) -> str:
    message = error.get("message") if isinstance(error, dict) else None
    return (redacted(message, key) if isinstance(message, str) else "") or otherwise
