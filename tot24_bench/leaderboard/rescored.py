"""From a rescored transcript to a submission: what the user says of it, and what was counted."""

from __future__ import annotations

import datetime
import platform
import re
from collections.abc import Iterator
from typing import NamedTuple

from tot24_bench import __version__
from tot24_bench.game import SPLITS, is_split
from tot24_bench.harness import task_name
from tot24_bench.leaderboard.key import key_of
from tot24_bench.leaderboard.records import ModelInfo, Sample
from tot24_bench.leaderboard.spool import Spool
from tot24_bench.leaderboard.submission import OTHER, Header
from tot24_bench.leaderboard.tally import DECK, Rescored, hands_of
from tot24_bench.prompts import METHODS, VARIANTS, UnknownMethod, UnknownVariant, variant_of
from tot24_bench.transcripts import in_deck

MAX_TASK_CHARS = 60
"""Characters of a label that name its task; a submission's file is named by it."""


class Origin(NamedTuple):
    """What the user says of a transcript, which does not say it of itself.

    Attributes:
        model: the model's name on the leaderboard.
        method: one of `prompts.METHODS`, or "other".
        prompt: the exemplar variant of this project's prompt, or "other".
        shots: exemplars in the prompt; None where nobody knows.
        source: where the transcript is from.
        notes: what a reader of the figure must know.
        label: what tables call a method that is none of this project's.
    """

    model: str
    method: str
    prompt: str
    shots: int | None
    source: str
    notes: tuple[str, ...] = ()
    label: str | None = None

    @property
    def task(self) -> str:
        """The task whose question it is, as a submission names it; of another, from its label."""
        name = re.sub(r"[^a-z0-9]+", "_", (self.label or "").casefold()).strip("_")
        return task_name(name[:MAX_TASK_CHARS] or self.method)

    @property
    def variant(self) -> str:
        """The exemplar variant, as a submission names it."""
        return (
            OTHER if OTHER in (self.prompt, self.method) else variant_of(self.method, self.prompt)
        )

    @property
    def a_key(self) -> str:
        """The key of a submission of it, were it the whole default split answered once."""
        return key_of(self.model, self.task, shots=self.shots, obtained="rescored")

    def check(self) -> None:
        """Fail before a long transcript is read.

        Raises:
            UnknownMethod, UnknownVariant: each names what there is.
            ValueError: the model has no name.
        """
        if not self.model.strip():
            raise ValueError("the model has no name: give one with --model")
        if self.method not in (*METHODS, OTHER):
            names = ", ".join((*METHODS, OTHER))
            raise UnknownMethod(f"no method {self.method[:40]!r}: the methods are {names}")
        if self.label is not None and (self.method != OTHER or not self.label.strip()):
            raise ValueError(f"--label names a method of others: give it with --method {OTHER}")
        if self.prompt not in (*VARIANTS, OTHER):
            names = ", ".join((*VARIANTS, OTHER))
            raise UnknownVariant(f"no prompt {self.prompt[:40]!r}: the prompts are {names}")


def check_split(rescored: Rescored, split: str) -> None:
    """Fail where a hand is not of the split that is said to have been asked.

    A name that is no fixed split is for hands that are not of the deck.

    Raises:
        UnknownSplit: no fixed split of that name, while all hands are of the deck.
        ValueError: a hand that is not of the split.
    """
    if split in (DECK, OTHER) or (not is_split(split) and rescored.split == OTHER):
        return
    hands = hands_of(split)
    for tally in rescored.hands:
        fits = in_deck(tally.puzzle) or split not in SPLITS
        if not fits or tally.puzzle.hand not in hands:
            raise ValueError(
                f"the hand {tally.puzzle.text} is not in {split}: leave --split out, and the split "
                f"is the first that holds every hand (here {rescored.split})"
            )


def header_of(rescored: Rescored, origin: Origin, split: str) -> Header:
    """The submission of a transcript, without its samples; `split` as `check_split` wants it."""
    return Header(
        model=ModelInfo(name=origin.model, backend="transcript", source=origin.model),
        task=origin.task,
        method=origin.method,
        label=origin.label,
        split=split,
        shots=origin.shots,
        variant=origin.variant,
        n=len(rescored.hands),
        repeats=rescored.repeats[1],
        metrics=rescored.metrics(),
        mean_response_tokens=rescored.mean_tokens(),
        # A transcript's prompts are not known here.
        prompt_sha256=None,
        versions={"python": platform.python_version(), "tot24-bench": __version__},
        created=datetime.datetime.now(datetime.UTC).date(),
        obtained="rescored",
        source=origin.source,
        notes=(*_notes(rescored, split), *origin.notes),
    )


def samples_of(rescored: Rescored, spool: Spool, withhold: bool = False) -> Iterator[Sample]:
    """The samples of a transcript whose responses are in the spool, one hand at a time.

    Args:
        withhold: give the hashes of the responses instead of their text.
    """
    for tally in rescored.hands:
        yield spool.sample(tally.puzzle, withhold)


def _notes(rescored: Rescored, split: str) -> Iterator[str]:
    article = "an" if rescored.format[0] in "aeiou" else "a"
    yield f"read from {article} {rescored.format} transcript"
    if is_split(split) and len(rescored.hands) < len(hands_of(split)):
        yield f"{len(rescored.hands)} of the split's {len(hands_of(split))} hands"
    fewest, most = rescored.repeats
    if fewest < most:
        total = sum(tally.samples for tally in rescored.hands)
        yield f"{fewest} to {most} responses a hand, {total} in all"
    if most > 1:
        yield f"the figure is the mean of a hand's responses: {several_figures(rescored)}"
    if rescored.empty:
        yield f"empty responses, scored as wrong: {rescored.empty}"
    if compared := rescored.compared.responses:
        agree = compared - rescored.compared.differ
        yield f"its own verdicts are ours on {agree:,} of {compared:,} responses"
    if rescored.bad:
        yield f"records that could not be used and were left out: {rescored.bad}"


def several_figures(rescored: Rescored) -> str:
    """What several responses a hand are worth together, beside their mean."""
    count = len(rescored.hands)
    figures = (
        ("any of them right", rescored.any_right()),
        ("their majority by text", rescored.majority_by_text()),
        ("by form", rescored.majority_by_form()),
    )
    return ", ".join(f"{name} {sum(right) / count:.1%}" for name, right in figures)
