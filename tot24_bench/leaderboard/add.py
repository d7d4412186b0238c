r"""Add a model to the leaderboard: from somebody's results to files that a reviewer can take.

`gather` reads what was evaluated, by lm-eval or by `tot24 eval`; `describe` adds what only the
contributor knows; `check_consistent` and `check_beside` refuse what `verify` would find fault with.

`read_training` holds a contributor's own list of what a student was trained on against the test
hands: JSON Lines (or one JSON array) of rows, or plain lines of hands. A row names its hand under
one of HAND_KEYS, shows it in its text as `Input: 4 4 6 8`, or both; every hand that is named or
shown counts, at every level, those of exemplars too, and so does every target.

A row passes the guard of training data (`traces.Guard`) three times: each text by itself, all texts
one after the other (a solution told in turns), and as JSON, with its keys and numbers. Columns that
nobody can read, such as token ids, are refused where they look like hands: leave them out.

>>> [one.text for one in _puzzles({"prompt": "Input: 4 4 6 8\nAnswer: ...\nInput: 8 3 8 3\n"})]
['4 4 6 8', '8 3 8 3']
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from pydantic import ValidationError

from tot24_bench import __version__
from tot24_bench.checkpoint import checkpoint_sha256, teacher_of
from tot24_bench.game import TARGET, Hand, LeakedHand, Puzzle, is_split, split_size
from tot24_bench.leaderboard.cross_checks import Fault, Gist
from tot24_bench.leaderboard.from_lm_eval import (
    BadResults,
    FromLmEval,
    changed_since,
    check_file,
    parameters_of,
    read_results,
)
from tot24_bench.leaderboard.runs import submissions_of, training_of
from tot24_bench.leaderboard.store import FOLDER, path_of, paths, read, write
from tot24_bench.leaderboard.submission import OTHER, Header, ModelInfo, Submission, Training
from tot24_bench.leaderboard.verify import Verified, beside_each_other, gists_of, verify_file
from tot24_bench.schema import first_fault
from tot24_bench.traces import Guard
from tot24_bench.transcripts import (
    HAND_KEYS,
    BadRecord,
    BadTranscript,
    json_records,
    number_or_none,
    numbers_of,
)

MOST_TRUNCATED = 0.1  # share of responses cut off from which a reviewer asks for a longer limit
MAX_TRAINING_BYTES = 8 * 2**30  # of a file of training rows; it is read a row at a time
MAX_HANDS = 100_000  # different ones that a submission can declare
MAX_LINE_BYTES = 4_096  # of a line that is a bare hand
MAX_DEPTH = 8  # levels of lists and objects in a row (messages lie on the third)
LONG_TEXT = 80  # characters of a text that is read by itself, and not among the row's numbers

_SHOWN = re.compile(r"^Input: *([0-9 ,]{1,200})", re.MULTILINE)


class Gathered(NamedTuple):
    """What a results folder holds, a submission a task; what was left out and why, a line each."""

    submissions: tuple[Submission, ...]
    passed_over: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class Told(NamedTuple):
    """What a contributor says of a model, as in `ModelInfo` and `Header`; None: nothing is said."""

    name: str | None = None
    parameters: int | None = None
    precision: str | None = None
    licence: str | None = None
    link: str | None = None
    base: str | None = None
    teacher: str | None = None
    training: Training | None = None
    hardware: str | None = None
    notes: tuple[str, ...] = ()  # in addition to those that are there


class Contradiction(ValueError):
    """Something told is not what was recorded or found on disk; the message names the flag."""


class BadTraining(ValueError):
    """A file of training rows that cannot be used; the message names the file and the line."""


def gather(path: Path, checkpoint: Path | None = None) -> Gathered:
    """The submissions of lm-eval's `--output_path` or one of `tot24 eval --results`, or BadResults.

    `checkpoint` is the folder of the model's weights, where they are not where lm-eval found them.
    """
    if (path / FOLDER).is_dir():
        return Gathered(tuple(_copied(path)))
    if checkpoint is not None and checkpoint_sha256(str(checkpoint)) is None:
        raise BadResults(f"--checkpoint {checkpoint} holds no *.safetensors")
    found = read_results(path, None if checkpoint is None else str(checkpoint))
    warnings: list[str] = []
    submissions = tuple(_submission(one, checkpoint, warnings) for one in found.tasks)
    return Gathered(submissions, found.passed_over, tuple(dict.fromkeys(warnings)))


def _copied(folder: Path) -> Iterator[Submission]:
    """The submissions of a `tot24 eval --results` folder, each one verified."""
    found = paths(folder)
    if not found:
        raise BadResults(f"{folder / FOLDER} holds no submissions: run `tot24 eval` with --results")
    for path in found:
        for fault in verify_file(path, folder).faults:
            raise BadResults(f"{path}: {fault.where}: {fault.what}: {mend(fault)}")
        yield read(path)


def _submission(one: FromLmEval, checkpoint: Path | None, warnings: list[str]) -> Submission:
    """A submission as `tot24 eval` makes it, of the machine and versions that lm-eval recorded."""
    (submission,) = submissions_of(one.evaluation)
    recorded, model = one.recorded, dict(submission.model)
    folder = Path(str(one.evaluation.plan.model_args.get("pretrained") or ""))
    if checkpoint is not None:
        name = str(checkpoint)
        model |= {
            "checkpoint_sha256": checkpoint_sha256(name),
            "teacher": model["teacher"] or teacher_of(name),
            "training": model["training"] or training_of(name),
            "parameters": model["parameters"] or parameters_of(checkpoint),
        }
    elif model["checkpoint_sha256"] and changed_since(folder, recorded.started):
        model["checkpoint_sha256"] = None
        warnings.append(
            f"the weights in {folder.name} are newer than the evaluation, so their hash is left "
            "out: if they are the ones that ran, give --checkpoint FOLDER"
        )
    return _changed(
        submission,
        model=model,
        versions={**recorded.versions, "tot24-bench": __version__},
        hardware=recorded.hardware or "",
        seeds=recorded.seeds,
        created=recorded.created or submission.created,
        wall_seconds=submission.wall_seconds or None,
        notes=(*submission.notes, *recorded.notes),
    )


def describe(submission: Submission, told: Told) -> Submission:
    """The submission with what its contributor says, or Contradiction where it cannot be."""
    model = dict(submission.model)
    for flag in ("parameters", "precision"):
        known, said = model[flag], getattr(told, flag)
        if None not in (known, said) and known != said:
            raise Contradiction(f"--{flag} {said} is not what was recorded ({known}): leave it out")
    said = {name: value for name, value in told._asdict().items() if value is not None}
    return _changed(
        submission,
        model={**model, **{name: value for name, value in said.items() if name in model}},
        notes=(*submission.notes, *told.notes),
        hardware=told.hardware or submission.hardware,
    )


def _changed(submission: Submission, *, model: Mapping[str, Any], **changes: Any) -> Submission:
    """The same with other fields, which are checked; its samples are not read again."""
    try:
        fields = {name: getattr(submission, name) for name in Header.model_fields}
        described = ModelInfo.model_validate(model)
        header = Header.model_validate({**fields, **changes, "model": described})
    except ValidationError as error:
        where, what = first_fault(error)
        raise Contradiction(f"--{where}: {what[:200]}") from None
    return submission.model_copy(update=dict(header))


def check_consistent(submission: Submission) -> None:
    """Refuse what `tot24 leaderboard verify` would find fault with, and say how to mend it."""
    with tempfile.TemporaryDirectory(prefix="tot24-") as folder:
        path = write(submission, Path(folder))
        faults = verify_file(path, Path(folder)).faults
    if faults:
        listed = "; ".join(f"{fault.where}: {fault.what}" for fault in faults[:3])
        raise BadResults(f"{submission.key}: {listed}: {mend(faults[0])}")


def check_beside(submissions: Sequence[Submission], results: Path) -> tuple[Fault, ...]:
    """Refuse what `verify` would find fault with in the results folder; what is odd is returned."""
    gists = [Gist(path_of(results, one.key), one, one.samples) for one in submissions]
    verified = [Verified(gist.path, (), gist=gist) for gist in gists]
    there = gists_of(results, without=(one.path for one in verified))
    found = list(beside_each_other(verified, results, there))
    if faults := [fault for one in found for fault in one.faults]:
        said = (f"{fault.where}: {fault.what}: {fault.fix}" for fault in faults[:3])
        raise BadResults("; ".join(said))
    return tuple(warning for one in found for warning in one.warnings)


def mend(fault: Fault) -> str:
    """What to do about a fault, in a few words."""
    said = f"{fault.where}: {fault.what}"
    return fault.fix or next(words for part, words in _MENDS if part in said)


_AGAIN = "run `tot24 leaderboard add RESULTS --overwrite` again, and change nothing by hand"

_MENDS: tuple[tuple[str, str], ...] = (
    ("hands_sha256", "commit the folder training_hands, too, as it was written"),
    ("held-out", "train without these hands and evaluate again: they are the test"),
    ("were trained on", "evaluate on hands that were not trained on"),
    ("model.training", "declare the hands that were trained on: --training FILE"),
    ("place: ", "move both files there, or add the results again"),
    ("is a link", "put the file itself there"),
    ("is missing beside it", "commit both files of the submission"),
    *((part, _AGAIN) for part in ("samples_sha256", "is stored as", "metrics.", "mean_response_")),
    ("search.", "store what the search wrote, and change nothing by hand"),
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
"""What to do, by a part of what is wrong; the first that fits counts."""


def questions(submission: Submission) -> Iterator[str]:
    """What a reviewer will ask; none of it makes a submission wrong."""
    model, generation, n = submission.model, submission.generation, submission.n
    ours = submission.obtained == "measured"  # of what others ran the source is what there is
    local = model.backend in ("hf", "vllm", "sglang")
    counted = submission.mean_response_tokens is not None
    if ours and not model.licence:
        yield "no licence: may others use the model, and how? (--licence)"
    if ours and not model.link:
        yield "no link: where is the model described? (--link)"
    if ours and not submission.hardware:
        yield "no hardware: what did it run on? (--hardware)"
    if local and model.parameters is None:
        yield "no number of parameters (--parameters)"
    if local and model.precision is None:
        yield "no precision: fp32, bf16, quantised? It moves a small model's score (--precision)"
    if model.backend == "hf" and model.checkpoint_sha256 is None:
        which = "nobody can say which checkpoint it was (--checkpoint FOLDER, where you have it)"
        yield f"no hash of the weights: {which}"
    if model.teacher and model.training is None:
        which = "does not say which hands it was trained on: were test hands among them?"
        yield f"a student of {model.teacher} that {which} (--training FILE)"
    if model.training is not None and not model.teacher:
        yield "training hands but no teacher: who wrote the traces? (--teacher)"
    if model.teacher and not model.base:
        yield "a student without a base model: from what, or `--base none` for from scratch?"
    if is_split(submission.split) and n < (whole := split_size(submission.split)):
        yield f"a partial run: {n} of the {whole} hands"
    if ours and submission.variant == OTHER:
        yield "the prompt is not this benchmark's: what was asked? It stands apart in the tables"
    if (cut := submission.metrics.truncated or 0) > MOST_TRUNCATED:
        yield f"{cut:.0%} of the responses were cut off by the token limit"
    if ours and not counted:
        yield "tokens were not counted: name a tokenizer (tokenizer=NAME in --model_args)"
    search = submission.search
    limit = "max_gen_toks" if search is None else "limits"
    if counted and not isinstance(generation.get(limit), int | dict):
        yield f"no token limit ({limit}) is recorded: who can say which responses were cut off?"
    sampled = generation.get("do_sample") or generation.get("temperature")
    if search is None and submission.repeats == 1 and sampled:
        yield "sampled, with one response a hand: greedy, or several repeats, say more"
    if empty := sum(not text for sample in submission.samples for text in sample.responses):
        yield f"{empty} empty responses: did requests fail?"
    if not ours:
        yield f"{submission.obtained}, not measured: it is listed apart from what was measured"


def read_training(path: Path) -> Training:
    """The hands, the number of rows, and the hash of a file of training rows.

    Raises:
        LeakedHand: a row names or shows a hand of a test part, or a held-out target.
        BadTraining: the file is missing or no such file, or a row shows no hand.
    """
    hands: set[Hand] = set()
    guard, count = Guard(), 0
    try:
        check_file(path, MAX_TRAINING_BYTES)
        with path.open("rb") as file:
            for line, row in _rows(file):
                hands |= _checked_hands(row, guard, f"{path}: line {line}")
                count += 1
                if len(hands) > MAX_HANDS:
                    raise BadTraining(f"{path}: more than {MAX_HANDS} different hands")
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BadTraining(f"{path}: cannot be read ({error.strerror})") from None
    except BadTranscript as error:
        raise BadTraining(f"{path}: {error}") from None
    if not count:
        raise BadTraining(f"{path}: holds no rows")
    named = tuple(" ".join(map(str, hand)) for hand in sorted(hands))
    return Training(hands=named, rows=count, data_sha256=digest)


def _rows(file: BinaryIO) -> Iterator[tuple[int, object]]:
    first = file.read(1 << 16).lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    file.seek(0)
    if first in (b"{", b"["):
        for line, value, fault in json_records(file):
            if fault:
                raise BadTranscript(f"line {line}: {fault}")
            yield line, value
        return
    for number, shown in enumerate(iter(lambda: file.readline(MAX_LINE_BYTES), b""), 1):
        if text := shown.decode("utf-8", "replace").strip():
            yield number, text


def _checked_hands(row: object, guard: Guard, where: str) -> set[Hand]:
    """The hands of a row that shows nothing held out."""
    try:
        puzzles = _puzzles(row)
        asked, method = puzzles[0], ""
        targets = {one for part, _ in _parts(row) for one in _targets(part)}
        if isinstance(row, dict) and isinstance(row.get("method"), str):
            method = row["method"]
        guard.check_hands((*puzzles, *(Puzzle(asked.hand, one) for one in targets)), method, where)
        if isinstance(row, dict):
            puzzle = asked
            for text in _texts(row):
                puzzle = guard.check_text(text, puzzle, method, where)
            guard.check_text("\n".join(_texts(_unread(row))), asked, method, where)
            as_json = json.dumps(_unread(row, LONG_TEXT), ensure_ascii=False).replace("\\n", "\n")
            guard.check_text(as_json, asked, method, where)
        return {puzzle.hand for puzzle in puzzles}
    except LeakedHand:
        raise
    except ValueError as error:
        raise BadTraining(f"{where}: {error}") from None


def _puzzles(row: object) -> list[Puzzle]:
    """Every puzzle that a row names or shows, named ones first, each with the target beside it."""
    if isinstance(row, str | list):
        return [Puzzle(numbers_of(row))]
    if not isinstance(row, dict):
        raise BadRecord("no row: give an object, or a hand such as 4 4 6 8")
    parts = list(_parts(row))
    found = []
    for part, target in parts:
        for key, value in part.items() if isinstance(part, dict) else ():
            shows = isinstance(value, str) and _SHOWN.search(value)
            if key.lower() in HAND_KEYS and isinstance(value, str | list) and not shows:
                try:
                    found.append(Puzzle(numbers_of(value), target))
                except ValueError:  # inside, other data have these names, too
                    if part is row:
                        raise
    shown_for = next((one for part, _ in parts for one in _targets(part)), TARGET)
    for text in _texts(row):
        found += [Puzzle(numbers_of(shown.strip()), shown_for) for shown in _SHOWN.findall(text)]
    if not found:
        known = HAND_KEYS[0]
        raise BadRecord(f"shows no hand: name it under {known}, or show it as Input: 4 4 6 8")
    return found


def _parts(
    value: object, target: int = TARGET, depth: int = MAX_DEPTH
) -> Iterator[tuple[object, int]]:
    """A row and all inside it, outer before inner, each with the target that it is about."""
    target = next(_targets(value), target)
    yield value, target
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in inner:
        if not depth:
            raise BadRecord(f"nested deeper than {MAX_DEPTH} levels, where nothing is looked for")
        yield from _parts(part, target, depth - 1)


def _texts(value: object) -> Iterator[str]:
    return (part for part, _ in _parts(value) if isinstance(part, str))


def _targets(value: object) -> Iterator[int]:
    """What an object has under `target` as a whole number, whether as 22, 22.0 or "22"."""
    for key, one in value.items() if isinstance(value, dict) else ():
        if key.lower() == "target" and (target := number_or_none(one)) is not None:
            yield target


def _unread(value: object, longest: int | None = None) -> object:
    """A row without the hands and targets that were read, and without longer texts.

    Beside the end of a solution, numbers that count something would look as if they made it.
    """
    if isinstance(value, dict):
        left = {key: one for key, one in value.items() if not _is_read(key.lower(), one)}
        return {key: _unread(one, longest) for key, one in left.items()}
    if isinstance(value, list):
        return [_unread(one, longest) for one in value]
    return "" if longest and isinstance(value, str) and len(value) > longest else value


def _is_read(key: str, value: object) -> bool:
    if key == "target":
        return number_or_none(value) is not None
    try:
        return key in HAND_KEYS and bool(Puzzle(numbers_of(value)))
    except ValueError:
        return False
