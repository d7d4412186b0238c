"""Where traces come from: a teacher that is asked for what is missing, or a published transcript.

    with TraceFile.open(path) as file:
        outcome = generate(teacher, wanted(puzzles, "onestep_tot", samples=8), file)

Every answer is recorded as it comes. A request that nobody answered is counted and left for the
next run, which asks what is missing: only what a teacher really wrote is scored.

    for trace in published_traces(Path("teacher.jsonl"), method="onestep_tot", model="gpt-4o"):
        file.append(trace)

Of published responses nothing is known of the prompt, and of the sampling only what the caller
says. Samples are counted for each puzzle in the order of the file, whatever the order of its
numbers.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import groupby, product
from operator import itemgetter
from pathlib import Path
from typing import Any

from tot24_bench.game import Puzzle
from tot24_bench.prompts import ALL_METHODS, DEFAULT_VARIANT, Prompt, build_any
from tot24_bench.schema import MAX_COUNT
from tot24_bench.scoring import score, score_method
from tot24_bench.teachers import (
    BudgetSpent,
    Failure,
    Finish,
    Reply,
    Request,
    Setting,
    Teacher,
    TeacherInfo,
    Usage,
)
from tot24_bench.traces.store import MAX_KEPT_CHARS, MAX_SAMPLES, Setup, Trace, TraceFile
from tot24_bench.transcripts import BadTranscript, read_transcript


@dataclass(frozen=True, slots=True)
class Wanted:
    """The responses that a trace file is to hold: so many samples of each hand."""

    puzzles: tuple[Puzzle, ...]
    method: str
    samples: int = 1
    shots: int = 0
    variant: str = DEFAULT_VARIANT

    def __len__(self) -> int:
        return len(self.puzzles) * self.samples

    def check(self) -> None:
        """Refuse what no prompt can be made of: a ValueError names it."""
        if not self.puzzles:
            raise ValueError("there are no hands to ask")
        self._prompt(self.puzzles[0])

    def setup(self, teacher: TeacherInfo) -> Setup:
        """What all traces of these requests have in common."""
        prompt = self._prompt(self.puzzles[0])
        return Setup(prompt.method, prompt.variant, prompt.shots, teacher)

    def count_missing(self, file: TraceFile) -> int:
        """How many responses the file does not hold; no prompt is made for that."""
        return sum(1 for _ in self._missing(file))

    def missing(self, file: TraceFile) -> Iterator[Request]:
        """What the file does not hold, hand by hand: samples of one hand are adjacent."""
        for puzzle, missing in groupby(self._missing(file), key=itemgetter(0)):
            prompt = self._prompt(puzzle)
            yield from (Request(prompt, sample) for _, sample in missing)

    def _missing(self, file: TraceFile) -> Iterator[tuple[Puzzle, int]]:
        pairs = product(self.puzzles, range(self.samples))
        return (one for one in pairs if not file.has((one[0].identity, one[1])))

    def _prompt(self, puzzle: Puzzle) -> Prompt:
        return build_any(self.method, puzzle, shots=self.shots, variant=self.variant)


@dataclass
class Outcome:
    """What one run has done."""

    recorded: int = 0  # traces that it added, and how many of them
    right: int = 0  # were right,
    cut: int = 0  # were cut off by the token limit,
    refused: int = 0  # were refused by the model or its provider
    failed: Counter[str] = field(default_factory=Counter)  # requests not answered, by kind
    hopeless: int = 0  # how many of those need not be asked again
    reasons: dict[str, str] = field(default_factory=dict)  # an example of each kind
    stopped: str | None = None  # why it ended before everything was asked

    def to_json(self) -> dict[str, Any]:
        """A JSON object with the same fields."""
        return asdict(self) | {"failed": dict(self.failed)}


def wanted(puzzles: Iterable[Puzzle], method: str, **options: Any) -> Wanted:
    """What to ask of some hands; a hand that comes twice, in any order, is asked once."""
    distinct = {puzzle.identity: puzzle for puzzle in puzzles}
    return Wanted(tuple(distinct.values()), method, **options)


def generate(
    teacher: Teacher,
    wanted: Wanted,
    file: TraceFile,
    seen: Callable[[Outcome], None] = lambda _: None,
) -> Outcome:
    """Record the teacher's answer to everything that the file lacks.

    `seen` is called after every answer or failure, for a progress bar.

    Raises:
        BadTraceFile: the file holds traces of another setup; nothing is asked then.
        TeacherUnavailable: as the teacher; what it answered before is recorded.
        UnknownMethod, UnknownVariant: before anything is asked.
    """
    outcome = Outcome()
    if not wanted.puzzles:
        return outcome
    file.require(wanted.setup(teacher.info))
    with closing(teacher.ask(wanted.missing(file))) as answers:  # closed, it gives up the rest
        try:
            for answer in answers:
                match answer:
                    case Reply():
                        _record(answer, teacher, file, outcome)
                    case Failure():
                        outcome.failed[answer.kind] += 1
                        outcome.hopeless += not answer.again
                        outcome.reasons.setdefault(answer.kind, answer.reason)
                seen(outcome)
        except BudgetSpent as spent:
            outcome.stopped = str(spent)
    return outcome


def _record(reply: Reply, teacher: Teacher, file: TraceFile, outcome: Outcome) -> None:
    prompt, cut = reply.request.prompt, reply.finish is Finish.LENGTH
    worth = score_method(prompt.method, prompt.puzzle, reply.text, truncated=cut)
    file.append(Trace.of(reply, teacher.info, worth, datetime.now(UTC)))
    outcome.recorded += 1
    outcome.right += worth.correct
    outcome.cut += cut
    outcome.refused += reply.finish in (Finish.REFUSAL, Finish.FILTERED)


def published_traces(
    path: Path,
    *,
    method: str,
    model: str,
    format: str | None = None,
    ranks: Path | None = None,
    skip_bad: bool = False,
    any_hand: bool = False,
    settings: Mapping[str, Setting] | None = None,
    now: datetime | None = None,
) -> Iterator[Trace]:
    """One trace for each response of a transcript.

    It is read as by `transcripts.read_transcript`. `settings` say how it was sampled, as far as
    known; the file's name is added as `source`. None for the time of recording is the present.

    Raises:
        BadTranscript: not a transcript, a bad record, or more samples of a hand than fit.
    """
    if method not in ALL_METHODS:
        raise BadTranscript(f"no method {method[:40]!r}: the methods are {', '.join(ALL_METHODS)}")
    source = path.name.encode("utf-8", "replace").decode()  # names on disk may be no text
    # Samples are known by their place: another file, or a changed one, is another source.
    with path.open("rb") as opened:
        sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
    origin = {"source": source, "source_sha256": sha256}
    teacher = TeacherInfo(kind="transcript", model=model, settings={**(settings or {}), **origin})
    recorded = now or datetime.now(UTC)
    samples: Counter[object] = Counter()
    transcript = read_transcript(
        path, format=format, ranks=ranks, skip_bad=skip_bad, any_hand=any_hand
    )
    for rollouts in transcript:
        puzzle, line = rollouts.puzzle, rollouts.source_line
        answers = zip(rollouts.responses, rollouts.truncated, rollouts.tokens, strict=True)
        for response, truncated, tokens in answers:
            sample = samples[puzzle.identity]
            samples[puzzle.identity] += 1
            if sample >= MAX_SAMPLES:
                raise BadTranscript(
                    f"{path}: line {line}: more than {MAX_SAMPLES} responses to {puzzle.text}: "
                    "split the file"
                )
            cut = truncated or len(response) > MAX_KEPT_CHARS
            counted = tokens is not None and 0 <= tokens <= MAX_COUNT
            yield Trace(
                puzzle=puzzle,
                sample=sample,
                method=method,
                variant="other",
                shots=None,
                prompt_sha256=None,
                teacher=teacher,
                response=response[:MAX_KEPT_CHARS],
                finish=Finish.LENGTH if cut else Finish.STOP,
                usage=Usage(completion_tokens=tokens if counted else None),
                score=score(puzzle, response, truncated=truncated),
                recorded=recorded,
                details={"source_line": line},
            )
