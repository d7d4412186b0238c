"""Each student meets each test once, by the code of `tot24 eval`.

Nothing is asked before the plan is committed and every arm is trained. Trained is an arm whose
record is kept: its student may lie on another machine, and is asked there. A submission that is
there stays: what is missing is asked, nothing is asked again, and an arm that has met every test
needs no student any more. All greedy answers come first: how often a hand is sampled on a test
follows from the tokens that they took there, not from what was right.

`evaluated.json`, beside the plan, says under which commit of which plan a student first met a test.
From then on another plan is refused, by the report, too: it could have been written for what came
out. And nothing is said of an arm whose student, record and submissions are not of the same
weights.
"""

from __future__ import annotations

import datetime
import json
import subprocess
from collections.abc import Callable, Sequence
from math import ceil
from typing import Any

from tot24_bench.checkpoint import checkpoint_sha256
from tot24_bench.files import write_durably
from tot24_bench.harness import EvaluationPlan as Evaluation
from tot24_bench.harness import expand_by_split
from tot24_bench.leaderboard import path_of, paths, run_plans

from .answers import Answers
from .arms import absent, require_same_settings
from .plan import Arm, Folders, Plan

NOTE = "evaluated.json"


_ELSEWHERE = "eval where it lies, or train it again by name"


class NotDeclared(ValueError):
    """The plan is not committed as it is, or was another one when tests began."""


class NotTrained(ValueError):
    """Arms of the plan have no student; the message names them."""


class OtherWeights(ValueError):
    """A student or a submission is not of its record's weights; the message names the arm."""


def evaluate_arms(
    plan: Plan, arms: Sequence[Arm], folders: Folders, say: Callable[[str], object]
) -> None:
    """Ask what has not been asked; all arms of the plan have to be trained in any case.

    Raises:
        NotDeclared: the plan is not committed as it is.
        NotTrained: an arm of the plan has no student, and tests to meet.
        BadPlan, OtherWeights: a student or a submission is not its record's.
    """
    answers = Answers.read(plan, folders.kept)
    require_trained(plan, folders, answers, say)
    waiting = [arm for arm in plan.arms if not answers.complete(plan, arm)]
    able = [arm for arm in plan.arms if arm not in waiting or folders.is_trained(arm)]
    for arm in plan.arms:
        if arm in able or folders.read_record(arm) is not None:
            require_same_settings(plan, arm, folders)
        student = folders.student(arm)
        here = arm in waiting and arm in able
        if here and checkpoint_sha256(str(student)) != _recorded(arm, folders):
            raise OtherWeights(
                f"{arm.name}: {student} holds other weights than its record says: move "
                f"{folders.run(arm)} away and train it again"
            )
    declare(plan, folders)
    require_submissions_weights(plan, folders, answers)
    for arm in arms:
        if arm not in able and folders.read_record(arm) is not None:
            say(f"{arm.name}: not asked here, there is no {folders.student(arm)}: {_ELSEWHERE}")
    asked = [arm for arm in arms if arm in able]
    for arm in asked:
        wanted = greedy(plan, arm, folders, answers)
        if not wanted:
            say(f"{arm.name}: has met every test")
        _ask(arm, wanted, folders, say)
    answers = Answers.read(plan, folders.kept)
    for arm in asked:
        if arm.sampled and (missing := _unasked(plan, answers)):
            say(f"{arm.name}: sampled later: {missing[0]} is not asked yet")
        else:
            _ask(arm, sampled(plan, arm, folders, answers), folders, say)


def require_trained(
    plan: Plan, folders: Folders, answers: Answers, say: Callable[[str], object]
) -> None:
    """Refuse to ask anybody while an arm is not trained; arms without their data are named.

    An arm with a record, or that has met every test, was trained, wherever its student is by now.
    """
    missing = []
    for arm in plan.arms:
        recorded = folders.read_record(arm) is not None
        if folders.is_trained(arm) or recorded or answers.complete(plan, arm):
            continue
        if source := absent(plan, arm):
            say(f"{arm.name}: SKIPPED, there is no {source}")
        else:
            missing.append(arm.name)
    if missing:
        raise NotTrained(
            f"not trained: {', '.join(missing)}: python -m training.study train, then evaluate"
        )


def greedy(plan: Plan, arm: Arm, folders: Folders, answers: Answers) -> list[Evaluation]:
    """The tests that an arm has not met."""
    tests = [test for test in plan.tests if not answers.has([arm], [test])]
    return [_evaluation(arm, folders, test, 1, {}) for test in tests]


def sampled(plan: Plan, arm: Arm, folders: Folders, answers: Answers) -> list[Evaluation]:
    """The tests on which an arm is sampled and was not yet; the greedy answers have to be there.

    k of pass@k follows from their tokens, by the plan's rule.
    """
    rule = plan.sampling
    if rule is None or not arm.sampled:
        return []
    drawn = {"do_sample": True, "temperature": rule.temperature, "top_k": 0}
    found = []
    for test in rule.tests:
        if not answers.has([arm], [test], passes=True):
            more, fewer = (answers.tokens(plan.group(g), test) for g in (rule.more, rule.fewer))
            k = min(max(ceil(more / max(fewer, 1.0)), 2), rule.most)
            found.append(_evaluation(arm, folders, test, k, drawn))
    return found


def _unasked(plan: Plan, answers: Answers) -> list[str]:
    """The arms whose greedy answers decide k, and that have not met the tests that are sampled."""
    if plan.sampling is None:
        return []
    deciding = (*plan.group(plan.sampling.more), *plan.group(plan.sampling.fewer))
    return [arm.name for arm in deciding if not answers.has([arm], plan.sampling.tests)]


def _ask(
    arm: Arm, wanted: Sequence[Evaluation], folders: Folders, say: Callable[[str], object]
) -> None:
    for stored in run_plans(wanted, folders.kept, arm.name) if wanted else ():
        header = stored.submission
        say(f"{arm.name}: {header.split} x{header.repeats} {header.metrics.acc:.1%}")


def _evaluation(
    arm: Arm, folders: Folders, test: str, repeats: int, generation: dict[str, Any]
) -> Evaluation:
    ((split, tasks),) = expand_by_split([arm.task], test).items()
    return Evaluation(
        model="hf",
        model_args={"pretrained": str(folders.student(arm)), "dtype": "float32"},
        tasks=tasks,
        shots=0,
        split=str(split),
        repeats=repeats,
        device="cpu",
        generation=generation,
    )


def require_submissions_weights(plan: Plan, folders: Folders, answers: Answers) -> None:
    """Refuse submissions of other students than the records'; without a record nobody knows."""
    for (name, test), entry in (*answers.greedy.items(), *answers.sampled.items()):
        arm = plan.arm(name)
        if entry.header.model.checkpoint_sha256 != _recorded(arm, folders):
            raise OtherWeights(
                f"{name}: its submission on {test} is of other weights than its record: restore "
                f"{folders.record(arm)} or {path_of(folders.kept, entry.key)}"
            )


def _recorded(arm: Arm, folders: Folders) -> str:
    record = folders.read_record(arm)
    sha256 = None if record is None else record["study"].get("checkpoint_sha256")
    if not sha256:
        raise OtherWeights(f"{arm.name}: {folders.record(arm)} names no weights: restore it")
    return str(sha256)


def declare(plan: Plan, folders: Folders) -> dict[str, Any]:
    """Note the plan, which is committed, at the first evaluation, hold the later ones to it."""
    commit, first = commit_of_plan(plan, folders), declared(plan, folders)
    if first is None:
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        sha256 = folders.sha256(plan)
        first = {"plan_commit": commit, "plan_sha256": sha256, "first_evaluation": now}
        write_durably(folders.kept / NOTE, json.dumps(first, indent=1) + "\n")
    return first


def declared(plan: Plan, folders: Folders) -> dict[str, Any] | None:
    """The note of the first evaluation; None before it.

    Raises:
        NotDeclared: it is of another plan, or is gone and submissions are there.
    """
    note = folders.kept / NOTE
    if not note.is_file():
        if paths(folders.kept):
            raise NotDeclared(
                f"{folders.kept} holds submissions and no {NOTE}, so nobody knows their plan: "
                f"git checkout -- {note}, or move the submissions away"
            )
        return None
    first: dict[str, Any] = json.loads(note.read_text(encoding="utf-8"))
    if first["plan_sha256"] != folders.sha256(plan):
        commit = first["plan_commit"][:12]
        raise NotDeclared(
            f"students met the tests under the plan of commit {commit}, and it was changed since: "
            f"git checkout {commit} -- {' '.join(map(str, folders.declared(plan)))}"
        )
    return first


def commit_of_plan(plan: Plan, folders: Folders) -> str:
    """The commit that the plan and its base last changed in; refused where they differ from it."""
    names = [file.name for file in folders.declared(plan)]
    listed = _git(folders, "ls-files", "--", *names).split()
    for name in names:
        if name not in listed:
            raise NotDeclared(
                f"{name} is not committed: git add and git commit it before any test hand is asked"
            )
    if changed := _git(folders, "status", "--porcelain", "--", *names).split():
        raise NotDeclared(
            f"{changed[-1]} was changed since it was committed: commit it, or restore it by git "
            "checkout"
        )
    return _git(folders, "log", "-1", "--format=%H", "--", *names).strip()


def _git(folders: Folders, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folders.kept, capture_output=True, text=True)
    if done.returncode:
        said = " ".join(done.stderr.split())[:200]
        raise NotDeclared(f"{folders.plan} cannot be vouched for: {said or 'git fails'}")
    return done.stdout
