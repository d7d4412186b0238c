"""A contributor's submissions: from a results folder to files that a reviewer can take.

`gather` reads what was evaluated, by lm-eval or by `tot24 eval`; `describe` adds what only the
contributor knows; `store_checked` writes what `verify` finds nothing wrong with. `questions` are
what a reviewer will ask of a submission that is consistent, and `mend` says what to do about a
fault.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from tot24_bench import __version__
from tot24_bench.checkpoint import checkpoint_sha256, teacher_of
from tot24_bench.game import is_split, split_size
from tot24_bench.leaderboard.cross_checks import Fault, Gist
from tot24_bench.leaderboard.from_lm_eval import (
    BadResults,
    FromLmEval,
    changed_since,
    parameters_of,
    read_results,
)
from tot24_bench.leaderboard.measured import submissions_of, training_of
from tot24_bench.leaderboard.records import ModelInfo, Training
from tot24_bench.leaderboard.store import FOLDER, check_writable, path_of, paths, read, write
from tot24_bench.leaderboard.submission import OTHER, Header, Submission
from tot24_bench.leaderboard.verification import (
    Verified,
    beside_each_other,
    gists_of,
    verify_file,
)

MOST_TRUNCATED = 0.1
"""Share of responses cut off by the token limit from which a reviewer asks for a longer one."""

SAMPLES_END = ".samples.jsonl.gz"


class Gathered(NamedTuple):
    """What a results folder holds.

    Attributes:
        submissions: one for each task.
        passed_over: what was left out and why, a line each.
        warnings: what the contributor must know before it is published.
    """

    submissions: tuple[Submission, ...]
    passed_over: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class Told(NamedTuple):
    """What a contributor says of a model; None where nothing is said.

    Attributes are those of `ModelInfo` and `Header`; `notes` are added to those that are there.
    """

    name: str | None = None
    parameters: int | None = None
    precision: str | None = None
    licence: str | None = None
    link: str | None = None
    base: str | None = None
    teacher: str | None = None
    training: Training | None = None
    hardware: str | None = None
    notes: tuple[str, ...] = ()


class Contradiction(ValueError):
    """Something told is not what was recorded or found on disk; the message names the flag."""


def gather(path: Path, checkpoint: Path | None = None) -> Gathered:
    """The submissions that a folder gives.

    Args:
        path: lm-eval's `--output_path` folder, a results file in it, or a `tot24 eval --results`
            folder.
        checkpoint: the folder of the model's weights, where it is not where lm-eval found it.

    Raises:
        BadResults: it holds nothing that can be added; the message says what helps.
    """
    if (path / FOLDER).is_dir():
        return Gathered(tuple(_copied(path)))
    if checkpoint is not None and checkpoint_sha256(str(checkpoint)) is None:
        raise BadResults(f"--checkpoint {checkpoint} holds no *.safetensors")
    found = read_results(path, None if checkpoint is None else str(checkpoint))
    warnings: dict[str, None] = {}
    submissions = []
    for one in found.tasks:
        submission, warning = _submission(one, checkpoint)
        submissions.append(submission)
        warnings |= dict.fromkeys(warning)
    return Gathered(tuple(submissions), found.passed_over, tuple(warnings))


def describe(submission: Submission, told: Told) -> Submission:
    """The submission with what its contributor says.

    Raises:
        Contradiction: where something else was measured, or the words cannot be stored.
    """
    model = submission.model
    for flag in ("parameters", "precision"):
        known, said = getattr(model, flag), getattr(told, flag)
        if None not in (known, said) and known != said:
            raise Contradiction(f"--{flag} {said} is not what was recorded ({known}): leave it out")
    fields = ("name", "parameters", "precision", "licence", "link", "base", "teacher", "training")
    said = {name: getattr(told, name) for name in fields if getattr(told, name) is not None}
    changes: dict[str, Any] = {
        "model": {**dict(model), **said},
        "notes": (*submission.notes, *told.notes),
        "hardware": told.hardware or submission.hardware,
    }
    return _changed(submission, changes)


def unnamed(submission: Submission) -> bool:
    """Whether nothing says what the model is called."""
    return submission.model.name in ("unnamed", "local")


def key_conflicts(submissions: Sequence[Submission], results: Path, overwrite: bool) -> None:
    """Fail before anything is written where one could not be.

    Raises:
        SubmissionExists, ResultsNotWritable: as `store.write`.
    """
    for submission in submissions:
        check_writable(results, submission.key, overwrite)


def check_consistent(submission: Submission) -> None:
    """Refuse what `tot24 leaderboard verify` would find fault with.

    Raises:
        BadResults: the first faults, and how to mend the first.
    """
    with tempfile.TemporaryDirectory(prefix="tot24-") as folder:
        path = write(submission, Path(folder))
        faults = verify_file(path, Path(folder)).faults
    if faults:
        listed = "; ".join(f"{fault.where}: {fault.what}" for fault in faults[:3])
        raise BadResults(f"{submission.key}: {listed}: {mend(faults[0])}")


def check_beside(submissions: Sequence[Submission], results: Path) -> tuple[Fault, ...]:
    """Refuse what `tot24 leaderboard verify` would find fault with in the results folder.

    Returns:
        What is odd, and may be honest.

    Raises:
        BadResults: the first faults, with what to do.
    """
    verified = []
    for submission in submissions:
        gist = Gist(path_of(results, submission.key), submission)
        for sample in submission.samples:
            gist.add(sample)
        verified.append(Verified(gist.path, (), 0, 0, gist=gist))
    there = gists_of(results, without=(one.path for one in verified))
    found = list(beside_each_other(verified, results, there))
    if faults := [fault for one in found for fault in one.faults]:
        listed = "; ".join(f"{fault.where}: {fault.what}: {fault.fix}" for fault in faults[:3])
        raise BadResults(listed)
    return tuple(warning for one in found for warning in one.warnings)


def check_files(files: Sequence[Path]) -> Iterator[Verified]:
    """Check submissions by themselves, beside each other and beside what else is in their folder.

    Args:
        files: their JSON files.
    """
    folders: dict[Path | None, list[Path]] = {}
    for path in files:
        folders.setdefault(results_of(path), []).append(path)
    for results, inside in folders.items():
        verified = [verify_file(path, results) for path in inside]
        others = () if results is None else gists_of(results, without=inside)
        yield from beside_each_other(verified, results, others)


def results_of(path: Path) -> Path | None:
    """The results folder that a submission's file stands in; None where it lies elsewhere."""
    return path.parents[2] if len(path.parents) > 2 and path.parents[1].name == FOLDER else None


def header_path(path: Path) -> Path:
    """The JSON file of a submission, of which either file may be named."""
    if path.name.endswith(SAMPLES_END):
        return path.with_name(path.name.removesuffix(SAMPLES_END) + ".json")
    return path


def mend(fault: Fault) -> str:
    """What to do about a fault, in a few words."""
    return fault.fix or next(
        words for part, words in _MENDS if part in f"{fault.where}: {fault.what}"
    )


_AGAIN = "run `tot24 leaderboard add RESULTS --overwrite` again, and change nothing by hand"

_MENDS: tuple[tuple[str, str], ...] = (
    ("hands_sha256", "commit the folder training_hands, too, as it was written"),
    ("held-out", "train without these hands and evaluate again: they are the test"),
    ("were trained on", "evaluate on hands that were not trained on"),
    ("model.training", "declare the hands that were trained on: --training FILE"),
    ("place: ", "move both files there, or add the results again"),
    ("is a link", "put the file itself there"),
    ("is missing beside it", "commit both files of the submission"),
    ("samples_sha256", _AGAIN),
    ("is stored as", _AGAIN),
    ("metrics.", _AGAIN),
    ("mean_response_tokens", _AGAIN),
    ("is asked twice", "evaluate each hand once"),
    ("does not belong to it", "name the split that was asked"),
    ("a pipe or a device", "put the file itself there"),
    ("created: ", "give the day of the evaluation"),
    ("task: ", "name the task that was asked"),
    ("tokens", "count them with the model's own tokenizer: --checkpoint FOLDER, or tokenizer=NAME"),
    ("model.name", "give the model a name of its own: --name"),
    ("missing: ", "evaluate all hands of the split, or the first so many"),
    (
        "prompt_sha256 is not that",
        'evaluate with the tasks as they are, or say variant "other" of a prompt of your own',
    ),
    ("cannot be read", "is the path right?"),
    ("schema_version", "write it with this version of tot24-bench"),
    ("larger than", "store what `tot24 leaderboard add` writes"),
    ("not JSON", _AGAIN),
    ("", "see docs/add-a-model.md; `tot24 leaderboard schema` prints what each field may hold"),
)


def questions(submission: Submission) -> Iterator[str]:
    """What a reviewer will ask; none of it makes a submission wrong."""
    model = submission.model
    local = model.backend in ("hf", "vllm", "sglang")
    ours = submission.obtained == "measured"  # of what others ran the source is what there is
    if ours and not model.licence:
        yield "no licence: may others use the model, and how? (--licence)"
    if ours and not model.link:
        yield "no link: where is the model described? (--link)"
    if submission.obtained == "measured" and not submission.hardware:
        yield "no hardware: what did it run on? (--hardware)"
    if local and model.parameters is None:
        yield "no number of parameters (--parameters)"
    if local and model.precision is None:
        yield "no precision: fp32, bf16, quantised? It moves a small model's score (--precision)"
    if model.backend == "hf" and model.checkpoint_sha256 is None:
        yield (
            "no hash of the weights: nobody can say which checkpoint it was "
            "(--checkpoint FOLDER, where you have it)"
        )
    yield from _student_questions(model)
    yield from _run_questions(submission)


def _student_questions(model: ModelInfo) -> Iterator[str]:
    if model.teacher and model.training is None:
        yield (
            f"a student of {model.teacher} that does not say which hands it was trained on: were "
            "test hands among them? (--training FILE)"
        )
    if model.training is not None and not model.teacher:
        yield "training hands but no teacher: who wrote the traces? (--teacher)"
    if model.teacher and not model.base:
        yield "a student without a base model: from what, or `--base none` for from scratch?"


def _run_questions(submission: Submission) -> Iterator[str]:
    if is_split(submission.split) and submission.n < split_size(submission.split):
        yield f"a partial run: {submission.n} of the {split_size(submission.split)} hands"
    if submission.variant == OTHER and submission.obtained == "measured":
        yield "the prompt is not this benchmark's: what was asked? It stands apart in the tables"
    if (submission.metrics.truncated or 0) > MOST_TRUNCATED:
        share = submission.metrics.truncated or 0
        yield f"{share:.0%} of the responses were cut off by the token limit"
    if submission.obtained == "measured" and submission.mean_response_tokens is None:
        yield "tokens were not counted: name a tokenizer (tokenizer=NAME in --model_args)"
    limit = submission.generation.get("max_gen_toks")
    if submission.mean_response_tokens is not None and not isinstance(limit, int):
        yield "no token limit (max_gen_toks) is recorded: who can say which responses were cut off?"
    sampled = submission.generation.get("do_sample") or submission.generation.get("temperature")
    if sampled and submission.repeats == 1:
        yield "sampled, with one response a hand: greedy, or several repeats, say more"
    empty = sum(not text for sample in submission.samples for text in sample.responses)
    if empty:
        yield f"{empty} empty responses: did requests fail?"
    if submission.obtained != "measured":
        yield f"{submission.obtained}, not measured: it is listed apart from what was measured"


def _copied(folder: Path) -> Iterator[Submission]:
    """The submissions of a `tot24 eval --results` folder, each one verified."""
    found = paths(folder)
    if not found:
        raise BadResults(f"{folder / FOLDER} holds no submissions: run `tot24 eval` with --results")
    for path in found:
        faults = verify_file(path, folder).faults
        if faults:
            first = faults[0]
            raise BadResults(f"{path}: {first.where}: {first.what}: {mend(first)}")
        yield read(path)


def _submission(one: FromLmEval, checkpoint: Path | None) -> tuple[Submission, tuple[str, ...]]:
    """A submission as `tot24 eval` makes it, of the machine and versions that lm-eval recorded."""
    (submission,) = submissions_of(one.evaluation)
    recorded, warnings = one.recorded, []
    changes: dict[str, Any] = {
        "versions": {**recorded.versions, "tot24-bench": __version__},
        "hardware": recorded.hardware or "",
        "seeds": recorded.seeds,
        "created": recorded.created or submission.created,
        "wall_seconds": submission.wall_seconds or None,
        "notes": (*submission.notes, *recorded.notes),
    }
    model = dict(submission.model)
    arguments: Mapping[str, Any] = one.evaluation.plan.model_args
    folder = Path(str(arguments.get("pretrained") or ""))
    if checkpoint is not None:
        model |= {
            "checkpoint_sha256": checkpoint_sha256(str(checkpoint)),
            "teacher": model["teacher"] or teacher_of(str(checkpoint)),
            "training": model["training"] or training_of(str(checkpoint)),
            "parameters": model["parameters"] or parameters_of(checkpoint),
        }
    elif model["checkpoint_sha256"] and changed_since(folder, recorded.started):
        model |= {"checkpoint_sha256": None}
        warnings.append(
            f"the weights in {folder.name} are newer than the evaluation, so their hash is left "
            "out: if they are the ones that ran, give --checkpoint FOLDER"
        )
    changes["model"] = model
    return _changed(submission, changes), tuple(warnings)


def _changed(submission: Submission, changes: Mapping[str, Any]) -> Submission:
    """The same with other fields, which are checked; its samples are not read again.

    Raises:
        Contradiction: a field cannot hold what it is given.
    """
    try:
        model = ModelInfo.model_validate(changes["model"])
        fields = {name: getattr(submission, name) for name in Header.model_fields}
        header = Header.model_validate({**fields, **changes, "model": model})
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, fault["loc"]))[:80]
        raise Contradiction(f"--{where}: {fault['msg'][:200]}") from None
    return submission.model_copy(
        update={name: getattr(header, name) for name in Header.model_fields}
    )


def written(submissions: Sequence[Submission], results: Path, overwrite: bool) -> list[Path]:
    """Write submissions; where each stands.

    Raises:
        SubmissionExists, ResultsNotWritable: as `store.write`.
    """
    return [write(submission, results, overwrite=overwrite) for submission in submissions]


def places(submissions: Sequence[Submission], results: Path) -> list[Path]:
    """Where submissions would be written."""
    return [path_of(results, submission.key) for submission in submissions]
