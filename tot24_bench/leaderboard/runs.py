"""Carry out a plan and store what came out: what `tot24 eval` and `tot24 baseline` share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tot24_bench.checkpoint import check_checkpoint
from tot24_bench.harness import NotRankZero, Plan, evaluate, load_model
from tot24_bench.leaderboard.measured import plan_keys, submissions_of
from tot24_bench.leaderboard.records import ModelInfo
from tot24_bench.leaderboard.store import check_writable, write
from tot24_bench.leaderboard.submission import Submission

if TYPE_CHECKING:
    from lm_eval.api.model import LM


class Facts(NamedTuple):
    """What is known of a model beside what an evaluation can see; None where it is not known.

    Attributes:
        parameters: number of weights, used where the evaluation cannot count them.
        licence: of the weights, e.g. "Apache-2.0".
        link: where the model is described.
        note: what a reader of its figures must know.
    """

    parameters: int | None = None
    licence: str | None = None
    link: str | None = None
    note: str | None = None


class Stored(NamedTuple):
    """A submission and the path of its JSON file."""

    path: Path
    submission: Submission


def run_plan(
    plan: Plan,
    results: Path,
    name: str | None = None,
    overwrite: bool = False,
    facts: Facts | None = None,
    model: LM | None = None,
) -> list[Stored]:
    """Evaluate, and write one submission a task; nothing is generated that could not be written.

    Args:
        plan: what to ask.
        results: the results folder.
        name: the model's name on the leaderboard; None takes the checkpoint's.
        overwrite: whether to replace submissions of the same keys.
        facts: what to say of the model beside what was measured.
        model: where it is loaded already.

    Raises:
        SubmissionExists, ResultsNotWritable: before anything is loaded.
        NotRankZero: in every process of a distributed run but the first.
        ValueError: as `evaluate`.
    """
    for key in plan_keys(plan, name):
        check_writable(results, key, overwrite)
    submissions = submissions_of(evaluate(plan, model), name)
    told = [_with_facts(one, facts) if facts else one for one in submissions]
    return [Stored(write(one, results, overwrite=overwrite), one) for one in told]


def run_plans(
    plans: Sequence[Plan], results: Path, name: str | None = None, overwrite: bool = False
) -> Iterator[Stored]:
    """`run_plan` for plans with the same model, which is loaded once; one split after another.

    Raises:
        As `run_plan`; that something could not be written is known before anything is loaded.
    """
    for plan in plans:
        for key in plan_keys(plan, name):
            check_writable(results, key, overwrite)
    if plans[0].model == "hf":
        check_checkpoint(plans[0].model_args)
    model = load_model(plans[0]) if len(plans) > 1 else None
    writes = True
    for plan in plans:
        try:
            yield from run_plan(plan, results, name, overwrite, model=model)
        except NotRankZero:  # this process still has its share of the next plans
            writes = False
    if not writes:
        raise NotRankZero


def _with_facts(submission: Submission, facts: Facts) -> Submission:
    model = submission.model
    known = {
        "parameters": model.parameters or facts.parameters,
        "licence": model.licence or facts.licence,
        "link": model.link or facts.link,
    }
    notes = submission.notes + ((facts.note,) if facts.note else ())
    described = ModelInfo.from_json({**model.to_json(), **known})
    return submission.model_copy(update={"model": described, "notes": notes})
