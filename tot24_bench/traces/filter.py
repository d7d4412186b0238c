"""Choose which traces of some files are kept, and say of every other one why not.

    selection = select([Path("traces.jsonl")], FilterConfig(level=Level.VALID))
    selection.funnel.kept, len(selection.kept)

Files are read twice, never held: once to judge every trace, and once by whoever wants the traces
that are kept (`kept_traces`). What is remembered are some 200 bytes of every sound trace.

Of too many sound traces some stay, in this order: of responses that say the same to the same hand
under the same method (up to the answer; spaces and line ends do not count) one stays, by its
teacher's name and its sample, and the others are duplicates; responses with too few backtracks go;
of each hand and method at most `max_per_hand` stay; and each band of difficulty is cut to the size
of the smallest. Who stays is drawn by a hash of the seed and the response: the order of the files
does not matter, and the same seed always draws the same.
"""

from __future__ import annotations

import hashlib
import sys
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from tot24_bench.game import Puzzle
from tot24_bench.schema import Count, Name, Record, Sha256
from tot24_bench.teachers import TeacherInfo
from tot24_bench.traces.funnel import Counting, Funnel
from tot24_bench.traces.judge import Judged, Level, Reason, band_of, judge
from tot24_bench.traces.leaks import Avoid
from tot24_bench.traces.store import Trace, label_of, read_traces

MAX_SEED = 2**63  # seeds are below this


class ChangedFile(ValueError):
    """A trace file changed between the two readings."""


class Balance(StrEnum):
    """Whether every band of difficulty gets as many traces as the others."""

    NONE = "none"
    BANDS = "bands"


@dataclass(frozen=True, slots=True)
class FilterConfig:
    """What is kept. Every field is a flag of `tot24 traces filter`.

    Raises:
        ValueError: names the field and the fix.
    """

    level: Level = Level.VALID  # the answer is right; agrees with the steps; all thoughts are valid
    avoid: Avoid = Avoid.NOTHING  # whether traces through inner states of hard100 are dropped
    min_backtracks: int = 0  # a response's search must go back so many times
    max_per_hand: int | None = None  # most traces of a hand and method; None for all
    prefer_search: bool = False  # whether those with a backtrack are kept before those without
    balance: Balance = Balance.NONE  # whether every band of difficulty gets as many traces
    seed: int = 0  # of the choices that caps and balance leave open

    def __post_init__(self) -> None:
        for name, known in (("level", Level), ("avoid", Avoid), ("balance", Balance)):
            value = getattr(self, name)
            if value not in list(known):
                raise ValueError(f"no {name} {str(value)[:40]!r}: choose from {', '.join(known)}")
            object.__setattr__(self, name, known(value))
        if self.min_backtracks < 0:
            raise ValueError("min_backtracks must be 0 or more")
        if self.max_per_hand is not None and self.max_per_hand < 1:
            raise ValueError("max_per_hand must be 1 or more: leave it out to keep all")
        if not 0 <= self.seed < MAX_SEED:
            raise ValueError(f"the seed must be 0 or more, and below {MAX_SEED}")
        if self.prefer_search and self.max_per_hand is None and self.balance is Balance.NONE:
            raise ValueError("prefer_search chooses among too many: give max_per_hand or balance")


class Source(Record):
    """A trace file, by its name alone, with the hash of the bytes that were judged."""

    name: Name
    sha256: Sha256
    traces: Count


class TeacherShare(Record):
    """How many traces of a teacher came in, and how many of them are kept."""

    teacher: TeacherInfo
    asked: Count
    kept: Count

    @property
    def label(self) -> str:
        """How rows name it."""
        return label_of(self.teacher)


class DroppedTrace(NamedTuple):
    """A trace that is not kept; `line` is its line in the file, from 1."""

    file: str
    line: int
    puzzle: Puzzle
    sample: int
    reason: Reason
    detail: str

    def to_json(self) -> dict[str, Any]:
        """A JSON object, for `--why`."""
        hand, target, rule = self.puzzle.identity
        asked = {"hand": " ".join(map(str, hand)), "target": target, "rule": rule}
        said = {"sample": self.sample, "reason": str(self.reason), "detail": self.detail}
        return {"file": self.file, "line": self.line, **asked, **said}


class Candidate(NamedTuple):
    """What is remembered of a sound trace: about 200 bytes, whatever its length."""

    place: int  # among all traces of all files, from 0
    key: bytes  # equal of duplicates
    hand: tuple[str, Puzzle]  # the method and the puzzle: the same object however it was dealt
    teacher: str
    sample: int
    backtracks: int
    band: str
    rescored: bool
    tie: bytes = b""  # of duplicates the smallest one stays
    length: int = 0  # so many characters of the response are trained on

    def completion(self, trace: Trace) -> str:
        """What of its trace is trained on."""
        return trace.response.strip()[: self.length]


@dataclass(frozen=True)
class Selection:
    """What `select` decided."""

    files: tuple[Path, ...]
    config: FilterConfig
    funnel: Funnel
    teachers: tuple[TeacherShare, ...]
    sources: tuple[Source, ...]
    kept: dict[int, Candidate]  # the traces that stay, by place among all of all files


def select(
    files: Sequence[Path],
    config: FilterConfig | None = None,
    *,
    dropped: Callable[[DroppedTrace], object] = lambda _: None,
    tick: Callable[[], object] = lambda: None,
) -> Selection:
    """Judge every trace and choose among the sound ones.

    `dropped` is called once for every trace that is not kept, in any order, `tick` once a trace.

    Raises:
        ValueError: no file, or one twice; as `read_traces`, a line that is no trace.
        ChangedFile: a file was changed meanwhile; lines that are added do no harm.
    """
    config = config or FilterConfig()
    if not files:
        raise ValueError("give at least one trace file")
    if len({(at.st_dev, at.st_ino) for at in (file.stat() for file in files)}) < len(files):
        raise ValueError("a trace file is given twice: give every file once")
    counting, place = Counting(config.level), 0
    candidates: list[Candidate] = []
    sources: list[Source] = []
    starts: list[int] = []
    teachers: dict[str, TeacherInfo] = {}
    asked: Counter[str] = Counter()
    hands: dict[object, tuple[str, Puzzle]] = {}

    def count(place: int, puzzle: Puzzle, sample: int, judged: Judged) -> None:
        counting.add(puzzle, judged)
        if judged.reason is not None:
            at = bisect_right(starts, place) - 1
            where = files[at].name, place - starts[at] + 1
            dropped(DroppedTrace(*where, puzzle, sample, judged.reason, judged.detail))

    for file in files:
        starts.append(place)
        size = file.stat().st_size
        sha256 = _sha256(file, size)
        for trace in read_traces(file, size):
            puzzle, method = trace.puzzle, trace.method
            teacher = sys.intern(trace.teacher.model_dump_json())
            teachers.setdefault(teacher, trace.teacher)
            asked[teacher] += 1
            judged = judge(trace, config.level, config.avoid)
            if judged.reason is None and judged.kept is not None:
                candidate = Candidate(
                    place=place,
                    key=key_of(method, puzzle, judged.kept),
                    hand=hands.setdefault((method, puzzle.identity), (method, puzzle)),
                    teacher=teacher,
                    sample=trace.sample,
                    backtracks=judged.backtracks,
                    band=band_of(puzzle),
                    rescored=judged.rescored,
                    tie=_tie_of(trace),
                    length=len(judged.kept),
                )
                candidates.append(candidate)
            else:
                count(place, puzzle, trace.sample, judged)
            place += 1
            tick()
        if _sha256(file, size) != sha256:
            raise ChangedFile(f"{file} was changed while it was filtered: filter again")
        sources.append(Source(name=file.name, sha256=sha256, traces=place - starts[-1]))
    lost = choose(candidates, config)
    for one in candidates:
        judged = Judged(lost.get(one.place), "", True, one.backtracks, one.rescored)
        count(one.place, one.hand[1], one.sample, judged)
    kept = {one.place: one for one in candidates if one.place not in lost}
    stay = Counter(one.teacher for one in kept.values())
    shares = tuple(
        TeacherShare(teacher=info, asked=asked[name], kept=stay[name])
        for name, info in teachers.items()
    )
    return Selection(tuple(files), config, counting.funnel(), shares, tuple(sources), kept)


def kept_traces(
    selection: Selection, tick: Callable[[], object] = lambda: None
) -> Iterator[tuple[Trace, Candidate]]:
    """The traces that are kept, read once more, in the order of the files.

    A file that holds another trace now is a ChangedFile.
    """
    place = 0
    for file, source in zip(selection.files, selection.sources, strict=True):
        changed = ChangedFile(f"{file} was changed while it was filtered: filter again")
        end = place + source.traces
        for trace in islice(read_traces(file), source.traces):
            candidate = selection.kept.get(place)
            place += 1
            tick()
            if candidate is not None:
                completion = candidate.completion(trace)
                if key_of(trace.method, trace.puzzle, completion) != candidate.key:
                    raise changed
                yield trace, candidate
        if place < end:
            raise changed


def key_of(method: str, puzzle: Puzzle, completion: str) -> bytes:
    """Equal for two responses that say the same to the same hand under the same method."""
    said = repr((method, puzzle.identity, " ".join(completion.split())))
    return hashlib.blake2b(said.encode(), digest_size=16).digest()


def _tie_of(trace: Trace) -> bytes:
    """What orders duplicates, wherever they stand: teacher, sample, the response to the letter."""
    response = hashlib.blake2b(repr(trace.response).encode(), digest_size=16).digest()
    return label_of(trace.teacher).encode() + b"\0" + trace.sample.to_bytes(8) + response


def choose(candidates: Sequence[Candidate], config: FilterConfig) -> dict[int, Reason]:
    """Why candidates are not kept, by place; one that is missing is kept."""
    dropped: dict[int, Reason] = {}
    first: dict[bytes, Candidate] = {}
    for one in sorted(candidates, key=lambda one: (one.tie, one.place)):
        first.setdefault(one.key, one)
    hands: defaultdict[tuple[str, Puzzle], list[Candidate]] = defaultdict(list)
    for one in candidates:
        if first[one.key] is not one:
            dropped[one.place] = Reason.DUPLICATE
        elif one.backtracks < config.min_backtracks:
            dropped[one.place] = Reason.FEW_BACKTRACKS
        else:
            hands[one.hand].append(one)

    def draw(one: Candidate) -> tuple[bool, bytes]:
        without_search = config.prefer_search and one.backtracks == 0
        salt = config.seed.to_bytes(8)
        return without_search, hashlib.blake2b(one.key, digest_size=16, salt=salt).digest()

    bands: defaultdict[str, list[tuple[int, Candidate]]] = defaultdict(list)
    for of_hand in hands.values():
        for rank, one in enumerate(sorted(of_hand, key=draw)):
            if config.max_per_hand is not None and rank >= config.max_per_hand:
                dropped[one.place] = Reason.OVER_CAP
            else:
                bands[one.band].append((rank, one))
    if config.balance is Balance.BANDS:
        size = min(map(len, bands.values()), default=0)
        for band in bands.values():
            # The first of every hand before the second of any: so a band keeps most hands.
            band.sort(key=lambda ranked: (ranked[0], draw(ranked[1])))
            dropped.update((one.place, Reason.UNBALANCED) for _, one in band[size:])
    return dropped


def _sha256(file: Path, size: int) -> str:
    """Of the first bytes of a file; a teacher may add others meanwhile."""
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while chunk := opened.read(min(size, 2**20)):
            digest.update(chunk)
            size -= len(chunk)
    return digest.hexdigest()
