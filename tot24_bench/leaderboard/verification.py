"""Check a submission against itself and against this benchmark's rules, response by response.

What is checked, each where the data allow it:

- the file: readable, complete, where its key says, its samples the ones that its hash names;
- the hands: of the split, none twice; of what was measured, all of them or the first so many;
- the prompts: those that this benchmark asks (plain text; a chat template cannot be rendered here);
- the scores: what `score` says of each response today, to the letter of its reason;
- the figures: what the scores give;
- the training: none of the declared hands is held out.

This proves that a submission is consistent. It cannot prove that the model wrote the responses:
`rerun` asks the model again, and only for a checkpoint that is at hand.

Responses that a `rescored` submission withholds are known by their hashes. Whoever has the
transcript passes its responses, and they are checked, too; else they are counted as not checked.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tot24_bench.game import Puzzle, is_split, load_split
from tot24_bench.game.parts import guard_parts
from tot24_bench.game.puzzle import InvalidPuzzle
from tot24_bench.game.splits import LeakedHand
from tot24_bench.leaderboard.records import Sample, sha256_of
from tot24_bench.leaderboard.store import FOLDER, BadSubmission, path_of, paths, read
from tot24_bench.leaderboard.submission import OTHER, Submission
from tot24_bench.prompts import build
from tot24_bench.scoring import score

MAY_BE_TRAINED_ON = ("train", "full")
"""Splits whose rows say nothing about unseen hands in any case."""

MAX_FAULTS = 20
"""Faults of one submission that are named; what is wrong throughout would fill the screen."""

Texts = Mapping[str, str]
"""Responses of transcripts by their hash, for submissions that withhold them."""


class Fault(NamedTuple):
    """What is wrong with a submission.

    Attributes:
        path: its JSON file.
        where: the field or the hand.
        what: what is wrong there, in one line.
    """

    path: Path
    where: str
    what: str


class Verified(NamedTuple):
    """What came of checking one submission.

    Attributes:
        path: its JSON file.
        faults: all that is wrong, at most MAX_FAULTS.
        responses: how many were scored again.
        withheld: how many could not be, as their text is not here.
    """

    path: Path
    faults: tuple[Fault, ...]
    responses: int
    withheld: int


def verify(
    results: Path, jobs: int | None = None, texts: Texts | None = None
) -> Iterator[Verified]:
    """Check every submission below a results folder, and that nothing else lies there.

    Args:
        results: the results folder.
        jobs: processes; None takes one a core, and one where there is little to do.
        texts: see the file's docstring.
    """
    stray = tuple(_stray(results))
    if stray:
        yield Verified(results / FOLDER, stray[:MAX_FAULTS], 0, 0)
    every = paths(results)
    count = min(jobs or os.cpu_count() or 1, len(every))
    check = partial(verify_file, results=results, texts=texts)
    if count <= 1:
        yield from map(check, every)
        return
    with ProcessPoolExecutor(count) as pool:
        yield from pool.map(check, every, chunksize=max(1, len(every) // (8 * count)))


def verify_file(path: Path, results: Path | None = None, texts: Texts | None = None) -> Verified:
    """Check one submission.

    Args:
        path: its JSON file.
        results: the results folder that it belongs into; None where it lies elsewhere still.
    """
    try:
        submission = read(path)
    except BadSubmission as error:
        return Verified(path, (Fault(path, "file", str(error).removeprefix(f"{path}: ")),), 0, 0)
    faults: list[Fault] = []
    try:
        for where, what in _faults(submission, texts or {}):
            faults.append(Fault(path, where, what))
            if len(faults) == MAX_FAULTS:
                break
        if results is not None and path != path_of(results, submission.key):
            place = path_of(results, submission.key)
            faults.insert(0, Fault(path, "place", f"it belongs at {place}"))
    except ValueError as error:  # a setting that no prompt, split or key has
        faults.append(Fault(path, "settings", str(error)))
    known = [sample for sample in submission.samples if _texts(sample, texts or {}) is not None]
    checked = sum(len(sample.scores) for sample in known)
    every = sum(len(sample.scores) for sample in submission.samples)
    return Verified(path, tuple(faults), checked, every - checked)


def verify_submission(path: Path, results: Path | None = None) -> Iterator[Fault]:
    """The faults of one submission; see `verify_file`."""
    yield from verify_file(path, results).faults


def texts_of(transcripts: Iterable[Sequence[str]]) -> dict[str, str]:
    """Responses by the hash that a submission which withholds them gives."""
    return {sha256_of(text): text for responses in transcripts for text in responses}


def _stray(results: Path) -> Iterator[Fault]:
    """What lies among the submissions and is none: it would be published and never checked."""
    folder = results / FOLDER
    if not folder.is_dir():
        return
    stems = {path.with_suffix("") for path in paths(results)}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            yield Fault(path, "file", "is a link: a submission is two plain files")
        elif path.is_file() and path.suffix != ".json":
            stem = path.with_name(path.name.removesuffix(".samples.jsonl.gz"))
            if stem == path or stem not in stems:
                yield Fault(path, "file", "belongs to no submission: remove it")
        elif path.is_file() and path.parent.parent != folder:
            yield Fault(path, "file", f"a submission stands two levels below {folder.name}")


def _faults(submission: Submission, texts: Texts) -> Iterator[tuple[str, str]]:
    yield from _training_faults(submission)
    yield from _hand_faults(submission)
    for sample in submission.samples:
        yield from _prompt_faults(submission, sample)
        yield from _score_faults(sample, texts)


def _training_faults(submission: Submission) -> Iterator[tuple[str, str]]:
    training = submission.model.training
    if training is None:
        return
    try:
        guard_parts(map(Puzzle.parse, training.hands), "training.hands")
    except (LeakedHand, InvalidPuzzle) as error:
        yield "model.training", str(error)
    if submission.split in MAY_BE_TRAINED_ON or not is_split(submission.split):
        return
    try:
        trained = {Puzzle.parse(hand).hand for hand in training.hands}
    except InvalidPuzzle:
        return  # the guard has said so
    both = [sample.puzzle for sample in submission.samples if sample.puzzle.hand in trained]
    if both:
        yield (
            "model.training",
            f"{len(both)} hand(s) of {submission.split} were trained on, the first {both[0].text}",
        )


def _hand_faults(submission: Submission) -> Iterator[tuple[str, str]]:
    """Hands that are missing; those that are foreign or asked twice are refused when read."""
    if submission.obtained != "measured" or not is_split(submission.split):
        return
    whole = load_split(submission.split)
    if submission.n < len(whole):
        asked = {sample.puzzle.hand for sample in submission.samples}
        missing = [puzzle for puzzle in whole[: submission.n] if puzzle.hand not in asked]
        if missing:
            yield (
                missing[0].text,
                f"missing: {submission.n} hands were asked, and they are not the first "
                f"{submission.n} of {submission.split}",
            )
            return
    for sample, puzzle in zip(submission.samples, whole, strict=False):
        if sample.puzzle.numbers != puzzle.numbers:
            yield (
                sample.puzzle.text,
                f"{submission.split} asks {puzzle.text} in its place: hands come in the split's "
                "order, and numbers as they are dealt",
            )
            return


def _prompt_faults(submission: Submission, sample: Sample) -> Iterator[tuple[str, str]]:
    ours = OTHER not in (submission.method, submission.variant)
    known = submission.obtained == "measured" and ours and not submission.chat
    if not known or submission.shots is None:
        return
    prompt = build(
        submission.method, sample.puzzle, shots=submission.shots, variant=submission.variant
    )
    if sample.prompt_sha256 != prompt.sha256:
        yield (
            sample.puzzle.text,
            f"prompt_sha256 is not that of this benchmark's {submission.shots}-shot "
            f"{submission.method} prompt",
        )


def _score_faults(sample: Sample, texts: Texts) -> Iterator[tuple[str, str]]:
    responses = _texts(sample, texts)
    if responses is None:
        return
    several = len(responses) > 1
    for i, (response, stored) in enumerate(zip(responses, sample.scores, strict=True)):
        again = score(sample.puzzle, response, truncated=stored.truncated)
        if again == stored:
            continue
        where = sample.puzzle.text + (f", response {i + 1}" if several else "")
        field = next(
            name for name, value in again.to_json().items() if value != stored.to_json().get(name)
        )
        yield (
            where,
            f"{field} is stored as {_short(stored.to_json().get(field))}, but the response gives "
            f"{_short(again.to_json()[field])}",
        )


def _texts(sample: Sample, texts: Texts) -> Sequence[str] | None:
    """The responses of a sample; None where they are withheld and not known."""
    if not sample.withheld:
        return sample.responses
    found = [texts.get(digest) for digest in sample.responses_sha256]
    return None if None in found else [text for text in found if text is not None]


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
