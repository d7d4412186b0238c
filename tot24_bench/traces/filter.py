"""Which traces of some files are kept, which are not, and why not.

    selection = select([Path("traces.jsonl")], FilterConfig(level=Level.VALID))
    selection.funnel.kept, len(selection.kept)

Files are read twice, never held: once to judge every trace, and once by whoever wants the traces
that are kept (`kept_traces`). What is remembered are some 200 bytes of every sound trace.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from tot24_bench.game import Puzzle
from tot24_bench.teachers import TeacherInfo
from tot24_bench.traces.balance import Balance, Candidate, Limits, choose, key_of, tie_of
from tot24_bench.traces.funnel import Counting, Funnel
from tot24_bench.traces.held_out import Avoid
from tot24_bench.traces.judging import Judged, Level, band_of, judge
from tot24_bench.traces.sources import DroppedTrace, Source, Teacher, snapshot
from tot24_bench.traces.store import read_traces
from tot24_bench.traces.trace import Trace

MAX_SEED = 2**63
"""Seeds are below this."""


class ChangedFile(ValueError):
    """A trace file changed between the two readings."""


@dataclass(frozen=True, slots=True)
class FilterConfig:
    """What is kept. Every field is a flag of `tot24 traces filter`.

    Attributes:
        level: the answer is right; and agrees with the steps; and every thought is valid.
        avoid: whether traces through inner states of hard100 are dropped.
        min_backtracks: a response's search must go back so many times.
        max_per_hand: most traces of a hand and method; None for all.
        prefer_search: whether those with a backtrack are kept before those without.
        balance: whether every band of difficulty gets as many traces as the others.
        seed: of the choices that caps and balance leave open.

    Raises:
        ValueError: names the field and the fix.
    """

    level: Level = Level.VALID
    avoid: Avoid = Avoid.NOTHING
    min_backtracks: int = 0
    max_per_hand: int | None = None
    prefer_search: bool = False
    balance: Balance = Balance.NONE
    seed: int = 0

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

    @property
    def limits(self) -> Limits:
        """What chooses among sound traces."""
        return Limits(
            self.min_backtracks, self.max_per_hand, self.prefer_search, self.balance, self.seed
        )


@dataclass(frozen=True)
class Selection:
    """What `select` decided.

    Attributes:
        files: the files that were read, in order.
        config: by which rules.
        funnel: the counts.
        teachers: who answered.
        sources: the files by name and hash.
        kept: the traces that stay, by place among all traces of all files.
    """

    files: tuple[Path, ...]
    config: FilterConfig
    funnel: Funnel
    teachers: tuple[Teacher, ...]
    sources: tuple[Source, ...]
    kept: dict[int, Candidate]


def select(
    files: Sequence[Path],
    config: FilterConfig | None = None,
    *,
    dropped: Callable[[DroppedTrace], object] = lambda _: None,
    tick: Callable[[], object] = lambda: None,
) -> Selection:
    """Judge every trace and choose among the sound ones.

    Args:
        files: trace files; one that is given twice is refused.
        config: by which rules; None for the defaults.
        dropped: called once for every trace that is not kept, in any order.
        tick: called once a trace.

    Raises:
        ValueError: no file, or one twice; as `read_traces`, a line that is no trace.
        ChangedFile: a file was changed meanwhile; lines that are added do no harm.
        OSError: a file cannot be read.
    """
    config = config or FilterConfig()
    if not files:
        raise ValueError("give at least one trace file")
    if len({(at.st_dev, at.st_ino) for at in (file.stat() for file in files)}) < len(files):
        raise ValueError("a trace file is given twice: give every file once")
    pass_ = _Pass(config, dropped)
    sources = []
    for file in files:
        before = pass_.place
        pass_.open(file.name)
        stand = snapshot(file)
        for trace in islice(read_traces(file), stand.lines):
            pass_.add(trace)
            tick()
        if not stand.holds(file):
            raise ChangedFile(f"{file} was changed while it was filtered: filter again")
        sources.append(Source(name=file.name, sha256=stand.sha256, traces=pass_.place - before))
    kept = pass_.choose()
    return Selection(
        files=tuple(files),
        config=config,
        funnel=pass_.counting.funnel(),
        teachers=pass_.teachers(kept.values()),
        sources=tuple(sources),
        kept=kept,
    )


def kept_traces(
    selection: Selection, tick: Callable[[], object] = lambda: None
) -> Iterator[tuple[Trace, Candidate]]:
    """The traces that are kept, read once more, in the order of the files.

    Args:
        tick: called once a trace that is read.

    Raises:
        ChangedFile: a file holds another trace now.
        OSError: a file cannot be read.
    """
    place = 0
    found = 0
    for file, source in zip(selection.files, selection.sources, strict=True):
        end = place + source.traces
        for trace in islice(read_traces(file), source.traces):
            candidate = selection.kept.get(place)
            place += 1
            tick()
            if candidate is not None:
                if key_of(trace) != candidate.key:
                    raise ChangedFile(f"{file} was changed while it was filtered: filter again")
                found += 1
                yield trace, candidate
        if place < end:
            raise ChangedFile(f"{file} lost traces while it was filtered: filter again")
    assert found == len(selection.kept), "every trace that is kept is read again"


class _Pass:
    """The first reading: what is counted and what is remembered."""

    def __init__(self, config: FilterConfig, dropped: Callable[[DroppedTrace], object]) -> None:
        self.counting = Counting(config.level)
        self.place = 0
        self._config = config
        self._dropped = dropped
        self._candidates: list[Candidate] = []
        self._hands: dict[tuple[Any, ...], int] = {}
        self._puzzles: list[Puzzle] = []
        self._teachers: dict[str, tuple[int, TeacherInfo]] = {}
        self._asked: list[int] = []
        self._files: list[tuple[int, str]] = []

    def open(self, name: str) -> None:
        """The traces that follow are of this file."""
        self._files.append((self.place, name))

    def add(self, trace: Trace) -> None:
        """Judge a trace, and count it or remember it."""
        teacher = self._teacher(trace.teacher)
        self._asked[teacher] += 1
        judged = judge(trace, self._config.level, self._config.avoid)
        if judged.reason is None:
            key = trace.method, trace.puzzle.identity
            hand = self._hands.setdefault(key, len(self._puzzles))
            if hand == len(self._puzzles):
                self._puzzles.append(trace.puzzle)
            self._candidates.append(
                Candidate(
                    place=self.place,
                    key=key_of(trace),
                    hand=hand,
                    teacher=teacher,
                    sample=trace.sample,
                    backtracks=judged.backtracks,
                    band=band_of(trace.puzzle),
                    rescored=judged.rescored,
                    tie=tie_of(trace),
                )
            )
        else:
            self._drop(self.place, trace.puzzle, trace.sample, judged)
        self.place += 1

    def choose(self) -> dict[int, Candidate]:
        """Choose among what is remembered; what is kept, by place."""
        lost = choose(self._candidates, self._config.limits)
        kept = {}
        for one in self._candidates:
            puzzle = self._puzzles[one.hand]
            reason = lost.get(one.place)
            judged = Judged(reason, "", True, one.backtracks, one.rescored)
            if reason is None:
                kept[one.place] = one
                self.counting.add(puzzle, judged)
            else:
                self._drop(one.place, puzzle, one.sample, judged)
        return kept

    def teachers(self, kept: Iterable[Candidate]) -> tuple[Teacher, ...]:
        """Who answered, with what came of it, in the order in which they come."""
        counts = Counter(one.teacher for one in kept)
        return tuple(
            Teacher(teacher=info, asked=self._asked[number], kept=counts[number])
            for number, info in self._teachers.values()
        )

    def _teacher(self, info: TeacherInfo) -> int:
        number, _ = self._teachers.setdefault(info.model_dump_json(), (len(self._asked), info))
        if number == len(self._asked):
            self._asked.append(0)
        return number

    def _drop(self, place: int, puzzle: Puzzle, sample: int, judged: Judged) -> None:
        self.counting.add(puzzle, judged)
        assert judged.reason is not None
        start, name = next(file for file in reversed(self._files) if file[0] <= place)
        line = place - start + 1
        self._dropped(DroppedTrace(name, line, puzzle, sample, judged.reason, judged.detail))
