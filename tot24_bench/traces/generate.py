"""Ask a teacher for what a trace file does not hold yet, and record every answer as it comes.

    with TraceFile.open(path) as file:
        outcome = generate(teacher, wanted(puzzles, "onestep_tot", samples=8), file)

A request that nobody answered is counted and left for the next run, which asks what is missing:
only what a teacher really wrote is scored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tot24_bench.game import Puzzle
from tot24_bench.prompts import DEFAULT_VARIANT, build_any
from tot24_bench.scoring import score_method
from tot24_bench.teachers import BudgetSpent, Failure, Finish, Reply, Request, Teacher, TeacherInfo
from tot24_bench.traces.store import Setup, TraceFile
from tot24_bench.traces.trace import Asked, Trace


@dataclass(frozen=True, slots=True)
class Wanted:
    """The responses that a trace file is to hold.

    Attributes:
        puzzles: the hands to ask, each once.
        method: the prompting method, one of `prompts.ALL_METHODS`.
        samples: responses wanted of each hand.
        shots: exemplars in the prompt.
        variant: which exemplars.
    """

    puzzles: tuple[Puzzle, ...]
    method: str
    samples: int = 1
    shots: int = 0
    variant: str = DEFAULT_VARIANT

    def __len__(self) -> int:
        return len(self.puzzles) * self.samples

    def check(self) -> None:
        """Refuse what no prompt can be made of.

        Raises:
            ValueError: no hands, no such method or variant, or more shots than exemplars.
        """
        if not self.puzzles:
            raise ValueError("there are no hands to ask")
        build_any(self.method, self.puzzles[0], shots=self.shots, variant=self.variant)

    def setup(self, teacher: TeacherInfo) -> Setup:
        """What all traces of these requests have in common."""
        prompt = build_any(self.method, self.puzzles[0], shots=self.shots, variant=self.variant)
        return Setup(prompt.method, prompt.variant, prompt.shots, teacher)

    def count_missing(self, file: TraceFile) -> int:
        """How many responses the file does not hold; no prompt is made for that."""
        return sum(len(samples) for _, samples in self._missing(file))

    def missing(self, file: TraceFile) -> Iterator[Request]:
        """What the file does not hold, hand by hand: samples of one hand are adjacent."""
        for puzzle, samples in self._missing(file):
            prompt = build_any(self.method, puzzle, shots=self.shots, variant=self.variant)
            yield from (Request(prompt, sample) for sample in samples)

    def _missing(self, file: TraceFile) -> Iterator[tuple[Puzzle, list[int]]]:
        for puzzle in self.puzzles:
            hand, target, rule = puzzle.identity
            samples = [
                sample
                for sample in range(self.samples)
                if not file.has(Asked(hand, target, rule, sample))
            ]
            if samples:
                yield puzzle, samples


@dataclass
class Outcome:
    """What one run has done.

    Attributes:
        recorded: traces that it added.
        right: how many of them were right.
        cut: how many of them the token limit cut off.
        refused: how many of them the model or its provider refused.
        failed: requests that nobody answered, by kind.
        hopeless: how many of those need not be asked again.
        reasons: an example of each kind.
        stopped: why it ended before everything was asked; None where it did not.
    """

    recorded: int = 0
    right: int = 0
    cut: int = 0
    refused: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    hopeless: int = 0
    reasons: dict[str, str] = field(default_factory=dict)
    stopped: str | None = None

    def to_json(self) -> dict[str, Any]:
        """A JSON object with the same fields."""
        return {
            "recorded": self.recorded,
            "right": self.right,
            "cut": self.cut,
            "refused": self.refused,
            "failed": dict(self.failed),
            "hopeless": self.hopeless,
            "reasons": self.reasons,
            "stopped": self.stopped,
        }


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

    Args:
        teacher: who is asked.
        wanted: what the file is to hold.
        file: where it is recorded.
        seen: called after every answer or failure, for a progress bar.

    Raises:
        BadTraceFile: the file holds traces of another setup; nothing is asked then.
        TeacherUnavailable: as the teacher; what it answered before is recorded.
        UnknownMethod, UnknownVariant: before anything is asked.
    """
    outcome = Outcome()
    if not wanted.puzzles:
        return outcome
    file.require(wanted.setup(teacher.info))
    answers = teacher.ask(wanted.missing(file))
    with closing(answers):  # a closed teacher gives up what is under way
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
    worth = score_method(
        reply.request.prompt.method,
        reply.request.puzzle,
        reply.text,
        truncated=reply.finish is Finish.LENGTH,
    )
    file.append(Trace.of(reply, teacher.info, worth, datetime.now(UTC)))
    outcome.recorded += 1
    outcome.right += worth.correct
    outcome.cut += reply.finish is Finish.LENGTH
    outcome.refused += reply.finish in (Finish.REFUSAL, Finish.FILTERED)
