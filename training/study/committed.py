"""The guard before the first test hand: the plan is committed, and stays what it was.

`evaluated.json`, beside the plan, says under which commit of which plan a student first met a test.
From then on another plan is refused, by the report, too: it could have been written for what came
out.
"""

from __future__ import annotations

import datetime
import json
import subprocess
from pathlib import Path
from typing import Any

from tot24_bench.files import write_durably
from tot24_bench.leaderboard import paths
from training.study.folders import Folders
from training.study.plan import Plan, files_of, sha256_of

NOTE = "evaluated.json"


class NotDeclared(ValueError):
    """The plan is not committed as it is, or was another one when tests began."""


def commit_of_plan(path: Path, plan: Plan) -> str:
    """The commit that the plan and its base last changed in.

    Raises:
        NotDeclared: there is none, or the files were changed since.
    """
    files = files_of(path, plan)
    names = [file.resolve().name for file in files]
    if len({file.resolve().parent for file in files}) > 1:
        raise NotDeclared(f"{plan.base}: a base lies beside its plan, or one commit cannot tell")
    listed = _git(path, "ls-files", "--", *names).split()
    for name in names:
        if name not in listed:
            raise NotDeclared(
                f"{name} is not committed: git add and git commit it before any test hand is asked"
            )
    changed = _git(path, "status", "--porcelain", "--", *names).strip()
    if changed:
        raise NotDeclared(
            f"{changed.split()[-1]} was changed since it was committed: commit it, or "
            "restore it by git checkout"
        )
    return _git(path, "log", "-1", "--format=%H", "--", *names).strip()


def declare(path: Path, plan: Plan, folders: Folders) -> dict[str, Any]:
    """Note the plan at the first evaluation, hold the later ones to it.

    Raises:
        NotDeclared: the plan is not committed, or is not that of the first evaluation.
    """
    commit = commit_of_plan(path, plan)
    first = declared(path, plan, folders)
    if first is None:
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        sha256 = sha256_of(path, plan)
        first = {"plan_commit": commit, "plan_sha256": sha256, "first_evaluation": now}
        write_durably(folders.kept / NOTE, json.dumps(first, indent=1) + "\n")
    return first


def declared(path: Path, plan: Plan, folders: Folders) -> dict[str, Any] | None:
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
    if first["plan_sha256"] != sha256_of(path, plan):
        commit = first["plan_commit"][:12]
        raise NotDeclared(
            f"students met the tests under the plan of commit {commit}, and it was changed since: "
            f"git checkout {commit} -- {' '.join(map(str, files_of(path, plan)))}"
        )
    return first


def _git(path: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=path.resolve().parent, capture_output=True, text=True
        )
    except FileNotFoundError:
        raise NotDeclared("there is no git: the plan's commit is what declares it") from None
    if done.returncode:
        said = " ".join(done.stderr.split())[:200]
        raise NotDeclared(f"{path} cannot be vouched for: {said or 'git fails'}")
    return done.stdout
