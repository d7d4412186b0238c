"""Student, record and submissions of an arm are of the same weights, or nothing is said of it."""

from __future__ import annotations

from tot24_bench.checkpoint import checkpoint_sha256
from tot24_bench.leaderboard import path_of
from training.study.answers import Answers
from training.study.folders import Folders
from training.study.plan import Arm, Plan


class OtherWeights(ValueError):
    """A student or a submission is not of its record's weights; the message names the arm."""


def require_students_weights(arm: Arm, folders: Folders) -> None:
    """Refuse a student that is not the one of its record.

    Raises:
        OtherWeights: it is another, or there is no record.
    """
    if checkpoint_sha256(str(folders.student(arm))) != _recorded(arm, folders):
        raise OtherWeights(
            f"{arm.name}: {folders.student(arm)} holds other weights than its record says: move "
            f"{folders.run(arm)} away and train it again"
        )


def require_submissions_weights(plan: Plan, folders: Folders, answers: Answers) -> None:
    """Refuse submissions of other students than the records'.

    Raises:
        OtherWeights: there is one; an arm without a record has none to compare with.
    """
    arms = {arm.name: arm for arm in plan.arms}
    for (name, test), entry in (*answers.greedy.items(), *answers.sampled.items()):
        if entry.header.model.checkpoint_sha256 != _recorded(arms[name], folders):
            raise OtherWeights(
                f"{name}: its submission on {test} is of other weights than its record: restore "
                f"{folders.record(arms[name])} or {path_of(folders.kept, entry.key)}"
            )


def _recorded(arm: Arm, folders: Folders) -> str:
    record = folders.read_record(arm)
    sha256 = None if record is None else record["study"].get("checkpoint_sha256")
    if not sha256:
        raise OtherWeights(f"{arm.name}: {folders.record(arm)} names no weights: restore it")
    return str(sha256)
