"""Which of the sound traces are kept where there are too many: duplicates, caps, bands.

In this order: of responses that say the same to the same hand under the same method (up to the
answer; spaces and line ends do not count) one stays, by its teacher's name and its sample, and the
others are duplicates; responses with too few backtracks go; of
each hand and method at most `max_per_hand` stay; and each band of difficulty is cut to the size of
the smallest. Who stays is drawn by a hash of the seed and the response: the order of the files does
not matter, and the same seed always draws the same.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from tot24_bench.game import Puzzle
from tot24_bench.traces.committed import committed
from tot24_bench.traces.judging import Reason
from tot24_bench.traces.sources import label_of
from tot24_bench.traces.trace import Trace


class Balance(StrEnum):
    """Whether every band of difficulty gets as many traces as the others."""

    NONE = "none"
    BANDS = "bands"


class Candidate(NamedTuple):
    """What is remembered of a sound trace: about 200 bytes, whatever its length.

    Attributes:
        place: its place among all traces of all files, from 0.
        key: `key_of` the trace; equal keys are duplicates.
        hand: a number for its hand and method.
        teacher: a number for its teacher.
        sample: which sample of the hand it is.
        backtracks: times that its search goes back.
        band: its band of difficulty.
        rescored: whether its score was another when it was recorded.
        tie: of duplicates the one with the smallest stays.
    """

    place: int
    key: bytes
    hand: int
    teacher: int
    sample: int
    backtracks: int
    band: str
    rescored: bool
    tie: bytes = b""


class Limits(NamedTuple):
    """How many stay; see the file's docstring.

    Attributes:
        min_backtracks: of a response.
        max_per_hand: of a hand and method; None for all.
        prefer_search: whether responses with a backtrack stay before those without.
        balance: whether bands are cut to the smallest.
        seed: of the draw.
    """

    min_backtracks: int = 0
    max_per_hand: int | None = None
    prefer_search: bool = False
    balance: Balance = Balance.NONE
    seed: int = 0


def key_of(trace: Trace) -> bytes:
    """Equal for two traces that say the same to the same hand under the same method."""
    told = committed(trace.method, trace.puzzle, trace.response)
    return key_of_row(trace.method, trace.puzzle, trace.response if told is None else told)


def key_of_row(method: str, puzzle: Puzzle, completion: str) -> bytes:
    """`key_of` by what is trained on."""
    said = repr((method, puzzle.identity, " ".join(completion.split())))
    return hashlib.blake2b(said.encode(), digest_size=16).digest()


def tie_of(trace: Trace) -> bytes:
    """What orders duplicates, wherever they stand: teacher, sample, the response to the letter."""
    response = hashlib.blake2b(repr(trace.response).encode(), digest_size=16).digest()
    return label_of(trace.teacher).encode() + b"\0" + trace.sample.to_bytes(8) + response


def choose(candidates: Iterable[Candidate], limits: Limits) -> dict[int, Reason]:
    """Why candidates are not kept, by place; one that is missing is kept."""
    dropped: dict[int, Reason] = {}
    candidates = list(candidates)
    first: dict[bytes, Candidate] = {}
    for one in candidates:
        other = first.setdefault(one.key, one)
        if (one.tie, one.place) < (other.tie, other.place):
            first[one.key] = one
    left: list[Candidate] = []
    for one in candidates:
        if first[one.key] is not one:
            dropped[one.place] = Reason.DUPLICATE
        elif one.backtracks < limits.min_backtracks:
            dropped[one.place] = Reason.FEW_BACKTRACKS
        else:
            left.append(one)
    ranked = _ranked(left, limits)
    if limits.max_per_hand is not None:
        for rank, one in ranked:
            if rank >= limits.max_per_hand:
                dropped[one.place] = Reason.OVER_CAP
    if limits.balance is Balance.BANDS:
        bands: defaultdict[str, list[tuple[int, Candidate]]] = defaultdict(list)
        for rank, one in ranked:
            if one.place not in dropped:
                bands[one.band].append((rank, one))
        size = min(map(len, bands.values()), default=0)
        for band in bands.values():
            # The first of every hand before the second of any: so a band keeps most hands.
            band.sort(key=lambda ranked: (ranked[0], _draw(ranked[1], limits)))
            dropped.update((one.place, Reason.UNBALANCED) for _, one in band[size:])
    return dropped


def _ranked(candidates: list[Candidate], limits: Limits) -> list[tuple[int, Candidate]]:
    """Each candidate with its place, from 0, in the order in which its hand would keep them."""
    hands: defaultdict[int, list[Candidate]] = defaultdict(list)
    for one in candidates:
        hands[one.hand].append(one)
    ranked = []
    for of_hand in hands.values():
        of_hand.sort(key=lambda one: _draw(one, limits))
        ranked += list(enumerate(of_hand))
    return ranked


def _draw(one: Candidate, limits: Limits) -> tuple[bool, bytes]:
    without_search = limits.prefer_search and one.backtracks == 0
    drawn = hashlib.blake2b(one.key, digest_size=16, salt=limits.seed.to_bytes(8)).digest()
    return without_search, drawn
