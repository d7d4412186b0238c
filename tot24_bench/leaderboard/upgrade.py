"""Write the submissions of a results folder again as this version writes and scores them.

An older file is read and written in today's form; responses that are there are scored again, and
the figures taken anew. What is withheld keeps its scores: `tot24 rescore` has the text.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tot24_bench.leaderboard.records import Sample
from tot24_bench.leaderboard.store import TRAINING, hands_path, paths, read, write
from tot24_bench.leaderboard.submission import Submission, metrics_of
from tot24_bench.scoring import score


class Upgraded(NamedTuple):
    """A submission that was written again.

    Attributes:
        path: its JSON file.
        changes: the responses that are scored otherwise now, a line each.
    """

    path: Path
    changes: tuple[str, ...]


def upgrade(results: Path) -> Iterator[Upgraded]:
    """Write every submission below a results folder again, and remove lists that none names.

    Raises:
        BadSubmission: one cannot be read; those before it are written.
        ResultsNotWritable: as `write`.
    """
    named = set()
    for path in paths(results):
        before = read(path)
        after, changes = _scored_again(before)
        if (training := after.model.training) is not None:
            named.add(hands_path(results, training.hands_file()[0]))
        yield Upgraded(write(after, results, overwrite=True), tuple(changes))
    for file in (results / TRAINING).glob("*.txt"):
        if file not in named:
            file.unlink()


def _scored_again(submission: Submission) -> tuple[Submission, list[str]]:
    changes: list[str] = []
    samples = tuple(_sample(sample, changes) for sample in submission.samples)
    if not changes:
        return submission, changes
    fields = {**dict(submission), "samples": samples, "metrics": metrics_of(samples)}
    return Submission(**fields), changes


def _sample(sample: Sample, changes: list[str]) -> Sample:
    if sample.withheld:
        return sample
    scores = tuple(
        score(sample.puzzle, response, truncated=stored.truncated)
        for response, stored in zip(sample.responses, sample.scores, strict=True)
    )
    for stored, again in zip(sample.scores, scores, strict=True):
        if again != stored:
            changes.append(f"{sample.puzzle.text}: {stored.verdict}, now {again.verdict}")
    return sample if scores == sample.scores else sample.model_copy(update={"scores": scores})
