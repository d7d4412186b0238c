"""Takes requests as late as possible, and puts samples of one prompt into one call.

>>> from tot24_bench.game import Puzzle
>>> from tot24_bench.prompts import build
>>> first, second = (build("io", Puzzle.parse(hand), shots=0) for hand in ("4 4 6 8", "1 2 3 4"))
>>> feed = Feed([Request(first, 0), Request(first, 1), Request(first, 2), Request(second, 0)])
>>> [len(feed.take(2)) for _ in range(4)]
[2, 1, 1, 0]
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from tot24_bench.teachers.teacher import Request


class Feed:
    """Requests, in groups that one call can ask for."""

    def __init__(self, requests: Iterable[Request]) -> None:
        self._requests = iter(requests)
        self._returned: deque[Request] = deque()
        self._ended = False

    def take(self, most: int) -> list[Request]:
        """Adjacent requests with one prompt, at most so many; empty at the end."""
        group: list[Request] = []
        while len(group) < most:
            request = self._next()
            if request is None:
                break
            if group and request.prompt != group[0].prompt:
                self._returned.appendleft(request)
                break
            group.append(request)
        return group

    def put_back(self, requests: Sequence[Request]) -> None:
        """Requests that are still to be asked; they come next."""
        self._returned.extendleft(reversed(requests))

    def _next(self) -> Request | None:
        if self._returned:
            return self._returned.popleft()
        if self._ended:
            return None
        request = next(self._requests, None)
        self._ended = request is None
        return request
