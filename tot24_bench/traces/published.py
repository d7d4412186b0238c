"""Traces of responses that others published: the teacher `transcripts`.

    for trace in published_traces(Path("teacher.jsonl"), method="onestep_tot", model="gpt-4o"):
        file.append(trace)

Nothing is known of the prompt, and of the sampling only what the caller says. Samples are counted
for each puzzle in the order of the file, whatever the order of its numbers.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from tot24_bench.prompts import ALL_METHODS
from tot24_bench.schema import MAX_COUNT
from tot24_bench.scoring import score
from tot24_bench.teachers import Finish, Setting, TeacherInfo, Usage
from tot24_bench.traces.trace import MAX_KEPT_CHARS, MAX_SAMPLES, Trace
from tot24_bench.transcripts import BadTranscript, read_transcript

KIND = "transcript"
"""How traces name this teacher."""

VARIANT = "other"
"""The variant of a prompt that is not ours."""


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

    Args:
        path: the transcript.
        method: the prompting method that it was asked with.
        model: who answered.
        format: one of `transcripts.FORMATS`; None recognises it.
        ranks: the public list of hands by rank, where the transcript names hands by it.
        skip_bad: leave out records that cannot be used.
        any_hand: allow hands that are not four cards from 1 to 13 with the target 24.
        settings: how it was sampled, as far as known; the file's name is added as `source`.
        now: the time of recording, with its zone; None is the present.

    Raises:
        BadTranscript: not a transcript, a bad record, or more samples of a hand than fit.
        OSError: the file cannot be read.
    """
    if method not in ALL_METHODS:
        raise BadTranscript(f"no method {method[:40]!r}: the methods are {', '.join(ALL_METHODS)}")
    source = path.name.encode("utf-8", "replace").decode()  # names on disk may be no text
    # Samples are known by their place: another file, or a changed one, is another source.
    origin = {"source": source, "source_sha256": _sha256(path)}
    teacher = TeacherInfo(kind=KIND, model=model, settings={**(settings or {}), **origin})
    recorded = now or datetime.now(UTC)
    samples: Counter[object] = Counter()
    transcript = read_transcript(
        path, format=format, ranks=ranks, skip_bad=skip_bad, any_hand=any_hand
    )
    for rollouts in transcript:
        puzzle = rollouts.puzzle
        answers = zip(rollouts.responses, rollouts.truncated, rollouts.tokens, strict=True)
        for response, truncated, tokens in answers:
            sample = samples[puzzle.identity]
            samples[puzzle.identity] += 1
            if sample >= MAX_SAMPLES:
                raise BadTranscript(
                    f"{path}: line {rollouts.source_line}: more than {MAX_SAMPLES} responses to "
                    f"{puzzle.text}: split the file"
                )
            too_long = len(response) > MAX_KEPT_CHARS
            yield Trace(
                puzzle=puzzle,
                sample=sample,
                method=method,
                variant=VARIANT,
                shots=None,
                prompt_sha256=None,
                teacher=teacher,
                response=response[:MAX_KEPT_CHARS],
                finish=Finish.LENGTH if truncated or too_long else Finish.STOP,
                usage=Usage(completion_tokens=_count(tokens)),
                score=score(puzzle, response, truncated=truncated),
                recorded=recorded,
                details={"source_line": rollouts.source_line},
            )


def _count(tokens: int | None) -> int | None:
    return tokens if tokens is not None and 0 <= tokens <= MAX_COUNT else None


def _sha256(path: Path) -> str:
    """Of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
