"""What the rules of a submission need to know of its samples, gathered one sample at a time.

So a submission of a gigabyte is checked while it is written, by the same rules as one in memory.

>>> from tot24_bench.scoring import score
>>> puzzle = Puzzle.parse("4 4 6 8")
>>> responses = ("Answer: (6 - 4) * (4 + 8)", "No idea.")
>>> ledger = Ledger()
>>> ledger.add(
...     Sample(
...         puzzle=puzzle,
...         prompt_sha256=None,
...         responses=responses,
...         tokens=(9, 3),
...         scores=tuple(score(puzzle, response) for response in responses),
...     )
... )
>>> ledger.metrics().acc, ledger.mean_tokens(), ledger.repeats
(0.5, 6.0, [2])
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from statistics import fmean
from typing import TYPE_CHECKING, Any, Self

from tot24_bench.game import Puzzle, is_split, load_split
from tot24_bench.harness import METRICS, metrics_of_scores
from tot24_bench.leaderboard.records import Metrics, Sample

if TYPE_CHECKING:
    from tot24_bench.leaderboard.submission import Header

METRIC_TOLERANCE = 1e-9
"""Largest difference between a stated figure and the recomputed one: rounding of sums, no more."""


class Ledger:
    """What is known of the samples so far.

    Attributes:
        repeats: the number of responses to each hand, in order.
        withheld: whether any response is known by its hash only.
    """

    def __init__(self) -> None:
        self.repeats: list[int] = []
        self.withheld = False
        self._prompts: Any = hashlib.sha256()
        self._puzzles: list[Puzzle] = []
        self._metrics: list[dict[str, float]] = []
        self._tokens: list[float | None] = []

    @classmethod
    def of(cls, samples: Iterable[Sample]) -> Self:
        """The ledger of samples that are all there."""
        ledger = cls()
        for sample in samples:
            ledger.add(sample)
        return ledger

    def add(self, sample: Sample) -> None:
        """Enter one sample; neither its responses nor its scores are kept."""
        self.repeats.append(len(sample.scores))
        self.withheld = self.withheld or sample.withheld
        if sample.prompt_sha256 is None:
            self._prompts = None
        elif self._prompts is not None:
            self._prompts.update(bytes.fromhex(sample.prompt_sha256))
        self._puzzles.append(sample.puzzle)
        self._metrics.append(metrics_of_scores(sample.scores))
        counted = [count for count in sample.tokens if count is not None]
        self._tokens.append(fmean(counted) if len(counted) == len(sample.tokens) else None)

    def metrics(self) -> Metrics:
        """The metrics, hand by hand as lm-eval's own are.

        Raises:
            ValueError: when there are no samples.
        """
        if not self._metrics:
            raise ValueError("no samples to take metrics of: evaluate at least one hand")
        return Metrics(**{name: fmean(hand[name] for hand in self._metrics) for name in METRICS})

    def mean_tokens(self) -> float | None:
        """Mean length of a response, averaged as the metrics; None where any is unknown."""
        known = [mean for mean in self._tokens if mean is not None]
        return fmean(known) if known and len(known) == len(self._tokens) else None

    def prompts_sha256(self) -> str | None:
        """Hash of the prompts' hashes in the order asked; None where any prompt is unknown."""
        known = self._prompts is not None and self.repeats
        return self._prompts.hexdigest() if known else None

    def check(self, header: Header) -> None:
        """Hold what a submission says against its samples.

        Raises:
            ValueError: the first rule that they break.
        """
        self._check_counts(header)
        self._check_hands(header.split)
        counted = self.metrics()
        for name in Metrics.model_fields:
            figure = getattr(header.metrics, name)
            _check_figure(f"metrics.{name}", figure, getattr(counted, name))
        tokens = self.mean_tokens()
        if tokens is not None:
            _check_figure("mean_response_tokens", header.mean_response_tokens, tokens)
        elif header.mean_response_tokens is not None:
            raise ValueError("mean_response_tokens is stated, but tokens of samples are not known")
        if header.prompt_sha256 != self.prompts_sha256():
            raise ValueError("prompt_sha256 is not the hash of the prompts of the stored samples")
        if header.obtained == "measured" and header.prompt_sha256 is None:
            raise ValueError("prompt_sha256 is missing: what was measured has known prompts")
        if self.withheld and header.obtained != "rescored":
            raise ValueError(f"responses are withheld: a {header.obtained} figure must give them")

    def _check_counts(self, header: Header) -> None:
        if header.n != len(self.repeats):
            raise ValueError(f"n is {header.n}, but there are {len(self.repeats)} samples")
        # A transcript of others may lack some; it then says so where it is shown.
        fewest = 1 if header.obtained == "rescored" else header.repeats
        for puzzle, count in zip(self._puzzles, self.repeats, strict=True):
            if not fewest <= count <= header.repeats:
                raise ValueError(
                    f"repeats is {header.repeats}, but {puzzle.text} has {count} response(s)"
                )
        if header.repeats not in self.repeats:
            raise ValueError(
                f"repeats is {header.repeats}, but no hand has more than {max(self.repeats)} "
                "response(s)"
            )

    def _check_hands(self, split: str) -> None:
        if not is_split(split):
            return
        asked = Counter(puzzle.identity for puzzle in self._puzzles)
        strange = asked.keys() - {puzzle.identity for puzzle in load_split(split)}
        twice = [identity for identity, times in asked.items() if times > 1]
        for faults, what in ((sorted(strange), "does not belong to it"), (twice, "is asked twice")):
            if faults:
                hand = " ".join(map(str, faults[0][0]))
                raise ValueError(f"split is {split}, but the hand {hand} {what}")


def _check_figure(name: str, stated: float | None, counted: float) -> None:
    if stated is None or abs(stated - counted) > METRIC_TOLERANCE * max(1.0, counted):
        raise ValueError(f"{name} is {stated}, but the stored samples give {counted:.10g}")
