"""Ask the model of a submission again, and compare what it writes with what is stored.

`verification` shows that a submission is consistent; this shows that the checkpoint writes those
responses. It needs the checkpoint itself, whose hash must be the stored one, and greedy generation:
a sampled response is another one each time.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from tot24_bench.checkpoint import checkpoint_sha256
from tot24_bench.harness import DEFAULT_SEED, Plan, evaluate
from tot24_bench.leaderboard.submission import OTHER, Submission

ARGUMENTS = {
    "dtype": {"auto", "float32", "float16", "bfloat16"},
    "attn_implementation": {"eager", "sdpa"},
}
"""Model arguments that are run again, and their values: a submission may name code to load."""

GENERATION = {"do_sample", "max_gen_toks", "temperature", "top_k", "top_p", "until"}
"""Generation arguments that are run again."""


class CannotRerun(ValueError):
    """The responses cannot be written again here; the message says why and what to do."""


class Difference(NamedTuple):
    """A hand that is answered otherwise than stored.

    Attributes:
        hand: the numbers as asked.
        stored, again: the responses.
        correct: whether the stored one and the new one are right.
    """

    hand: str
    stored: str
    again: str
    correct: tuple[bool, bool]


def find_checkpoint(submission: Submission, folders: tuple[Path, ...]) -> Path:
    """The first folder whose weights are those of the submission.

    Raises:
        CannotRerun: there is none.
    """
    wanted = submission.model.checkpoint_sha256
    if wanted is None:
        raise CannotRerun(f"{submission.key} names no checkpoint hash: nothing to run again")
    for folder in folders:
        if checkpoint_sha256(str(folder)) == wanted:
            return folder
    looked = ", ".join(map(str, folders)) or "no folder"
    raise CannotRerun(
        f"no checkpoint with the hash {wanted[:12]}... of {submission.key} (looked in {looked}): "
        "give its folder with --checkpoint"
    )


def rerun(submission: Submission, checkpoint: Path, hands: int, device: str) -> list[Difference]:
    """Generate the responses to the first `hands` hands anew.

    Raises:
        CannotRerun: it was not generated greedily, once a hand, from a prompt of ours.
    """
    generation = dict(submission.generation)
    if submission.obtained != "measured" or submission.shots is None:
        raise CannotRerun(f"{submission.key} was not measured with this benchmark's prompts")
    if generation.get("do_sample") or submission.repeats > 1:
        raise CannotRerun(f"{submission.key} was sampled: its responses differ from run to run")
    if submission.variant == OTHER or submission.method == OTHER:
        raise CannotRerun(f"{submission.key} answers a prompt that is not this benchmark's")
    if submission.model.backend != "hf":
        raise CannotRerun(
            f"{submission.key} ran on {submission.model.backend}: only hf is run again here"
        )
    _refuse_strange(submission)
    generation.pop("until", None)  # the task's own
    evaluation = evaluate(
        Plan(
            model="hf",
            model_args={"pretrained": str(checkpoint), **submission.model.arguments},
            tasks=(submission.task,),
            shots=submission.shots,
            split=submission.split,
            variant=submission.variant,
            chat=submission.chat,
            multiturn=submission.multiturn,
            device=device,
            limit=min(hands, submission.n),
            generation=generation,
            seed=submission.seeds.get("torch", DEFAULT_SEED),
        )
    )
    (task,) = evaluation.tasks
    return [
        Difference(
            sample.puzzle.text,
            sample.responses[0],
            hand.responses[0],
            (sample.scores[0].correct, hand.scores[0].correct),
        )
        for sample, hand in zip(submission.samples, task.hands, strict=False)
        if sample.responses[0] != hand.responses[0]
    ]


def _refuse_strange(submission: Submission) -> None:
    for name, value in submission.model.arguments.items():
        if value not in ARGUMENTS.get(name, set()):
            raise CannotRerun(f"{submission.key} ran with {name}={value[:60]}: not run again here")
    if strange := submission.generation.keys() - GENERATION:
        raise CannotRerun(
            f"{submission.key} generated with {min(strange)[:60]}: not run again here"
        )
