"""A dataset folder: the kept traces as training rows, in two forms, with a card and a record.

    dataset/README.md                            the card; its header names the two forms
    dataset/dataset.json                         the same for programs: funnel, rules, hashes
    dataset/hands.jsonl                          every hand that a row shows, for `tot24 overlap`
    dataset/prompt_completion/train.parquet
    dataset/messages/train.parquet

    datasets.load_dataset("dataset", "prompt_completion")

A folder is written beside its place and takes its name in one step. Equal traces and rules give
equal bytes, wherever the files lie and whenever it is run (another pyarrow may pack the same rows
otherwise; their hash stays). Only what this project wrote is ever replaced: a foreign file in the
folder, or a folder that merely looks like a dataset, is refused and named.

Whoever reads a dataset believes nothing in it that does not follow from the rest. Hashes say only
that a folder agrees with its own record: whoever edits one can compute the other anew. So what is
trained on is judged again, by the rules that the record names: every prompt is built from the
columns beside it, every completion is scored and ends where its answer does, nothing held out
shows, no row comes twice, and what the record and the card say of teachers and hands is counted
once more. What no count can tell is who wrote a right answer: a record that is false about that
throughout is refused only where it contradicts itself.
"""

from __future__ import annotations

import glob
import hashlib
import json
import os
import shlex
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import fields
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import ValidationError

from tot24_bench import __version__
from tot24_bench.game import LeakedHand, Puzzle, load_split
from tot24_bench.schema import Count, Record, Sha256, Text, first_fault
from tot24_bench.teachers import SolverSettings, SolverTeacher, is_oracle
from tot24_bench.traces.card import CARD, ROWS, render
from tot24_bench.traces.filter import (
    Candidate,
    FilterConfig,
    Selection,
    Source,
    TeacherShare,
    kept_traces,
    key_of,
    select,
)
from tot24_bench.traces.funnel import Funnel, nothing_kept
from tot24_bench.traces.generate import generate, wanted
from tot24_bench.traces.judge import Judged, Reason, judge_response
from tot24_bench.traces.leaks import Guard
from tot24_bench.traces.rows import (
    FORMS,
    PromptConfig,
    hashed_line,
    make_row,
    prompted_row,
    require_together,
    schema_of,
)
from tot24_bench.traces.store import LAZY_SYNC_SECONDS, Trace, TraceFile

FORMAT: Literal["tot24-dataset/1"] = "tot24-dataset/1"
"""Names the record's fields and the columns; another number is another set of them."""

RECORD, HANDS = "dataset.json", "hands.jsonl"
_FILES = frozenset({RECORD, CARD, HANDS, *(f"{form}/{ROWS}" for form in FORMS)})

UNKNOWN_LICENCE = "unknown"

MAX_LICENCE_CHARS = 200

MAX_RECORD_BYTES = 2**26

BATCH = 1_000  # rows held at once

SPLIT, METHOD, SAMPLES = "train", "onestep_tot", 16
SETTINGS = SolverSettings(explore=0.3, seed=0)
"""With the three above, the recipe of the reference dataset: what the exact solver writes for the
train hands. Whoever builds it has the same rows as everybody else, or an error."""

REFERENCE_SHA256 = "c6b5c7f50c2ec4556b090e46b3a9e639ed95a4969b3ecaf30b0640ab7c233c09"
"""Of its rows, as `DatasetRecord.sha256`; it changes when the solver teacher's writing does."""


class BadDataset(ValueError):
    """A folder that is no whole dataset of ours, or may not become one; the message says why."""


class ReferenceDiffers(ValueError):
    """The rows that were built are not the reference dataset's."""


class DatasetRecord(Record):
    """What `dataset.json` says."""

    format: Literal["tot24-dataset/1"] = FORMAT
    rows: Count  # in either form
    cut: Count = 0  # rows whose response went on after its answer, which was cut off there
    # over each row's prompt and completion as one line of JSON, in order, as students say it
    sha256: Sha256
    messages_sha256: Sha256  # the same over each row's messages
    hands_sha256: Sha256
    hands: Count  # how many hands the file of hands lists
    prompt: PromptConfig
    filter: FilterConfig
    funnel: Funnel
    teachers: tuple[TeacherShare, ...]
    sources: tuple[Source, ...]
    licence: Text
    command: Text  # what makes the same dataset of the same files
    version: Text  # of tot24-bench


class DatasetFolder(NamedTuple):
    """A dataset that was checked: its folder and what it says of itself."""

    path: Path
    record: DatasetRecord

    def rows(self, form: str = FORMS[0]) -> Iterator[dict[str, Any]]:
        """The rows of a form, one by one."""
        return _read_rows(self.path, form)


def require_free(folder: Path, overwrite: bool) -> None:
    """Refuse a folder that exists and may not be overwritten, is no dataset, or holds others."""
    if folder.name in ("", ".."):
        raise BadDataset(f"{folder} is no name for a new folder: give another -o")
    if not folder.parent.is_dir():
        raise BadDataset(f"no folder {folder.parent}: make it, or give another -o")
    if not os.path.lexists(folder):
        return
    schema = _format_of(folder / RECORD) or ""
    if folder.is_symlink() or not schema.startswith("tot24-dataset/"):
        raise BadDataset(f"{folder} is there and is no dataset: give another -o")
    _require_no_others(folder, "give another -o")
    if not overwrite:
        raise BadDataset(f"{folder} is there already: add --overwrite, or give another -o")


def require_licence(licence: str) -> None:
    """Refuse what is no name of a licence: it is empty, too long, or on several lines."""
    if not licence.isprintable() or not 0 < len(licence) <= MAX_LICENCE_CHARS:
        raise BadDataset("the licence is a name on one line: give a shorter --licence")


def write_dataset(
    selection: Selection,
    folder: Path,
    prompt: PromptConfig | None = None,
    *,
    licence: str = UNKNOWN_LICENCE,
    overwrite: bool = False,
    tick: Callable[[], object] = lambda: None,
) -> DatasetRecord:
    """Write the kept traces as a dataset: all of the folder, or nothing.

    The folder's parent must exist. The prompts are by default the bare instruction, the licence is
    that of the responses, and `tick` is called once a trace that is read.

    Raises:
        BadDataset: nothing is kept, or the folder may not be written.
        LeakedHand: a row shows a test hand; then the filter is at fault.
        ChangedFile: a trace file changed since it was filtered.
    """
    prompt = prompt or PromptConfig()
    require_together(prompt, selection.config.avoid)
    require_free(folder, overwrite)
    require_licence(licence)
    if not selection.kept:
        raise BadDataset(nothing_kept(selection.funnel))
    _clear_away_killed(folder)
    prefix = f".{folder.name}.{os.getpid()}."
    with tempfile.TemporaryDirectory(prefix=prefix, dir=folder.parent) as scratch:
        new = Path(scratch, "new")
        guard = Guard(selection.config.avoid)
        written = _write_rows(kept_traces(selection, tick), new, prompt, guard)
        hands = guard.text()
        record = DatasetRecord(
            **written,
            hands_sha256=hashlib.sha256(hands.encode()).hexdigest(),
            hands=len(guard.hands),
            prompt=prompt,
            filter=selection.config,
            funnel=selection.funnel,
            teachers=selection.teachers,
            sources=selection.sources,
            licence=licence,
            command=_command(selection, prompt, licence),
            version=__version__,
        )
        (new / HANDS).write_text(hands, encoding="utf-8")
        (new / CARD).write_text(render(record), encoding="utf-8")
        text = json.dumps(record.to_json(), indent=1, ensure_ascii=False) + "\n"
        (new / RECORD).write_text(text, encoding="utf-8")
        _put(new, folder, overwrite)
    return record


def build_reference(
    folder: Path, *, overwrite: bool = False, seen: Callable[[], None] = lambda: None
) -> DatasetRecord:
    """Write the reference dataset; `seen` is called once a trace.

    Raises:
        BadDataset: the folder may not be written.
        ReferenceDiffers: the rows are others than those of REFERENCE_SHA256.
    """
    require_free(folder, overwrite)
    asked = wanted(load_split(SPLIT), METHOD, samples=SAMPLES)
    with tempfile.TemporaryDirectory() as scratch:
        traces = Path(scratch, "reference.jsonl")
        with TraceFile.open(traces, sync_seconds=LAZY_SYNC_SECONDS) as file:
            generate(SolverTeacher(SETTINGS), asked, file, lambda _: seen())
        record = write_dataset(select([traces]), folder, licence="Apache-2.0", overwrite=overwrite)
    if record.sha256 != REFERENCE_SHA256:
        raise ReferenceDiffers(
            f"the rows have the hash {record.sha256}, the reference dataset {REFERENCE_SHA256}: "
            "this version's solver teacher writes otherwise"
        )
    return record


def read_dataset(folder: Path) -> DatasetFolder:
    """Check a dataset: its schema, files and hashes, that its rows follow from what they say was
    asked, and that they show nothing that is held out.

    Raises:
        BadDataset: names what is missing, too much, or differs from what its record says.
        LeakedHand: it shows a test hand, or a state that its record says is avoided.
    """
    record = read_record(folder)
    if not record.rows:
        raise BadDataset(f"{folder} holds no rows: filter again, with a lower --level")
    _require_no_others(folder, "filter again")
    check = _Check(folder, record)
    digests = {form: hashlib.sha256() for form in FORMS}
    counts: Counter[str] = Counter()
    for place, rows in enumerate(zip_longest(*(_read_rows(folder, form) for form in FORMS))):
        where = f"row {place} of {folder}"
        whole: dict[str, Any] = {}
        for form, row in zip(FORMS, rows, strict=True):
            if row is not None:
                digests[form].update(hashed_line(row, form))
                counts[form] += 1
                if differs := next((k for k in row if whole.get(k, row[k]) != row[k]), None):
                    raise BadDataset(f"{where}: the forms differ in {differs}: filter again")
                whole |= row
        check.row(whole, where)
    for form, said in zip(FORMS, (record.sha256, record.messages_sha256), strict=True):
        if (digests[form].hexdigest(), counts[form]) != (said, record.rows):
            raise BadDataset(
                f"{folder}: the rows of {form} are not those that {RECORD} names (their hash "
                "differs): filter again, or fetch the folder anew"
            )
    check.record()
    return DatasetFolder(folder, record)


def read_record(folder: Path) -> DatasetRecord:
    """What a dataset says of itself; nothing of it is checked against its rows."""
    path = folder / RECORD
    if not path.is_file():
        raise BadDataset(f"{folder} is no dataset ({RECORD} is missing): tot24 traces filter")
    found = _format_of(path)
    if found is None:
        raise BadDataset(f"{path} is not JSON, or larger than any record: filter again")
    if found != FORMAT:
        raise BadDataset(
            f"{folder} is of the schema {found[:40]}, not {FORMAT}: filter again with this "
            "version of tot24-bench"
        )
    try:
        return DatasetRecord.model_validate_json(path.read_bytes())
    except ValidationError as error:
        where, what = first_fault(error)
        raise BadDataset(f"{path}: {where}: {what}: filter again") from None


def _write_rows(
    kept: Iterator[tuple[Trace, Candidate]], folder: Path, prompt: PromptConfig, guard: Guard
) -> dict[str, Any]:
    """Write both forms; how many rows there are, how many were cut, and their hashes."""
    import pyarrow  # type: ignore[import-untyped]
    from pyarrow import parquet

    count = cut = 0
    digests = {form: hashlib.sha256() for form in FORMS}
    with ExitStack() as opened:
        writers = {}
        for form in FORMS:
            (folder / form).mkdir(parents=True)
            path, schema = folder / form / ROWS, schema_of(form)
            writer = parquet.ParquetWriter(path, schema, compression="zstd")
            writers[form] = opened.enter_context(writer)
        while some := list(islice(kept, BATCH)):
            rows = []
            for trace, candidate in some:
                completion = candidate.completion(trace)
                row = make_row(trace, completion, prompt, candidate.backtracks)
                guard.check(row, f"row {count} of the dataset")
                rows.append(row)
                count += 1
                cut += completion != trace.response.strip()
            for form, writer in writers.items():
                digests[form].update(b"".join(hashed_line(row, form) for row in rows))
                writer.write_table(pyarrow.Table.from_pylist(rows, schema=writer.schema))
    sha256, messages_sha256 = (digest.hexdigest() for digest in digests.values())
    return {"rows": count, "cut": cut, "sha256": sha256, "messages_sha256": messages_sha256}


def _command(selection: Selection, prompt: PromptConfig, licence: str) -> str:
    """The command that makes the same dataset; files by their names alone."""
    words = ["tot24", "traces", "filter", *(source.name for source in selection.sources)]
    words += ["-o", "dataset"]
    for config in (selection.config, prompt):
        for one in fields(config):
            value = getattr(config, one.name)
            if value != one.default:
                flag = f"--{one.name.replace('_', '-')}"
                words += [flag] if value is True else [flag, str(value)]
    if licence != UNKNOWN_LICENCE:
        words += ["--licence", licence]
    return shlex.join(words)


def _clear_away_killed(folder: Path) -> None:
    """Remove what killed runs left beside a dataset; where that is the dataset itself, say so."""
    for left in folder.parent.glob(f".{glob.escape(folder.name)}.[0-9]*.*"):
        pid = left.name.removeprefix(f".{folder.name}.").partition(".")[0]
        if left.is_symlink() or not pid.isdigit() or _runs(int(pid)):
            continue
        if (left / "old").exists() and not os.path.lexists(folder):
            raise BadDataset(
                f"a run was killed while it replaced {folder}, which lies in {left / 'old'} now: "
                "move it back, or delete it"
            )
        shutil.rmtree(left, ignore_errors=True)


def _runs(pid: int) -> bool:
    if os.name != "posix":  # elsewhere a signal of 0 is no question
        return True
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _put(new: Path, folder: Path, overwrite: bool) -> None:
    """Give a finished folder its name; what was there is put back if that fails."""
    if not overwrite or not os.path.lexists(folder):
        try:
            new.rename(folder)  # never replaces what holds anything
        except OSError:
            if not os.path.lexists(folder):
                raise
            raise BadDataset(
                f"{folder} appeared while the dataset was made: nothing is written; give another -o"
            ) from None
        return
    require_free(folder, overwrite)
    old = new.with_name("old")
    folder.rename(old)
    try:
        _require_no_others(old, "give another -o")
        new.rename(folder)
    except BaseException:
        old.rename(folder)
        raise


def _require_no_others(folder: Path, fix: str) -> None:
    """Refuse a folder that holds anything that is no part of a dataset."""
    for path in sorted(folder.iterdir()):
        opened = path.name in FORMS and path.is_dir() and not path.is_symlink()
        for one in sorted(path.iterdir()) if opened else [path]:
            name = one.relative_to(folder).as_posix()
            if name not in _FILES or one.is_symlink() or not one.is_file():
                raise BadDataset(
                    f"{folder} holds {name}, which is no part of a dataset: move it, or {fix}"
                )


def _format_of(record: Path) -> str | None:
    """The schema that a record names; None where the file is none that can be read."""
    if not record.is_file() or record.stat().st_size > MAX_RECORD_BYTES:
        return None
    try:
        found = json.loads(record.read_bytes())
    except (ValueError, RecursionError):
        return None
    return str(found.get("format")) if isinstance(found, dict) else None


class _Check:
    """Judges a dataset's rows again, and holds what its record says of them against the count."""

    def __init__(self, folder: Path, record: DatasetRecord) -> None:
        self._folder, self._record = folder, record
        self._guard = Guard(record.filter.avoid)
        self._with_backtrack = 0
        self._seen: set[bytes] = set()
        self._of_hand: Counter[tuple[str, object]] = Counter()
        self._of_teacher: Counter[tuple[str, bool]] = Counter()

    def row(self, row: dict[str, Any], where: str) -> None:
        """Refuse a row that shows what is held out, or that this project does not write."""
        rules = self._record.filter
        try:
            puzzle, completion = self._guard.check_prompt(row, where)
            method = row["method"]
            judged = judge_response(method, puzzle, completion, rules.level, rules.avoid)
            if judged.reason is not None:
                self._guard.check(row, where)  # a leak is named as such, whatever else is wrong
            expected = prompted_row(method, puzzle, self._record.prompt, completion)
        except LeakedHand:
            raise
        except (ValueError, LookupError) as error:
            raise BadDataset(f"{where}: {error}: filter again") from None
        for column in row.keys() & expected.keys():
            if row[column] != expected[column]:
                raise BadDataset(
                    f"{where}: its {column} is not what follows from the columns beside it "
                    "(numbers, target, rule, method): filter again"
                )
        fault = self._count(row, puzzle, completion, judged)
        if fault is not None:
            raise BadDataset(f"{where}: {fault}: filter again")

    def _count(
        self, row: dict[str, Any], puzzle: Puzzle, completion: str, judged: Judged
    ) -> str | None:
        """Count a row; why no filter of these rules keeps it beside the rows before it."""
        rules, method = self._record.filter, row["method"]
        key, hand = key_of(method, puzzle, completion), (method, puzzle.identity)
        self._of_hand[hand] += 1
        if judged.reason is not None:
            return f"{judged.reason}{judged.detail and f' ({judged.detail[:80]})'}"
        if judged.kept != completion:
            return "its completion goes on after its answer"
        if row["backtracks"] != judged.backtracks:
            return f"it goes back {judged.backtracks} times, not {row['backtracks']}"
        if key in self._seen:
            return Reason.DUPLICATE
        if judged.backtracks < rules.min_backtracks:
            return Reason.FEW_BACKTRACKS
        if rules.max_per_hand is not None and self._of_hand[hand] > rules.max_per_hand:
            return Reason.OVER_CAP
        self._seen.add(key)
        self._of_teacher[row["teacher"], row["oracle"]] += 1
        self._with_backtrack += judged.backtracks > 0
        return None

    def record(self) -> None:
        """Hold the counts, the teachers, the hands and the card against the record."""
        folder, record, funnel = self._folder, self._record, self._record.funnel
        hands = self._guard.text().encode()
        told = hashlib.sha256(hands).hexdigest(), len(self._guard.hands)
        if not _holds(folder / HANDS, hands) or told != (record.hands_sha256, record.hands):
            raise BadDataset(
                f"{folder / HANDS} is missing, or does not list the hands that the rows show: "
                "filter again, or fetch the folder anew"
            )
        kept: Counter[tuple[str, bool]] = Counter()
        for one in record.teachers:
            kept[one.label, one.teacher.oracle] += one.kept
            if one.teacher.oracle is not is_oracle(one.teacher.kind):
                raise BadDataset(
                    f"{folder}: {RECORD} is wrong about {one.label} being an oracle: filter again"
                )
        last = funnel.stages[-1]
        asked = {sum(one.asked for one in record.teachers), sum(s.traces for s in record.sources)}
        dropped = sum(one.traces for one in funnel.dropped)
        counts: dict[str, tuple[object, object]] = {
            "teachers": (self._of_teacher, +kept),
            "sources": (asked, {funnel.asked}),
            "dropped traces": (funnel.kept + dropped, funnel.asked),
            "kept traces": (record.rows, last.traces),
            "kept hands": (len({identity for _, identity in self._of_hand}), last.hands),
            "traces with a backtrack": (self._with_backtrack, funnel.kept_with_backtrack),
            "bands": (sum(band.kept for band in funnel.bands), last.traces),
            "cut rows": (min(record.cut, record.rows), record.cut),
        }
        for name, (counted, said) in counts.items():
            if counted != said:
                raise BadDataset(
                    f"{folder}: the {name} are not those that {RECORD} names: filter again"
                )
        if not _holds(folder / CARD, render(record).encode()):
            of = "" if record.version == __version__ else f", of tot24-bench {record.version[:20]}"
            raise BadDataset(
                f"{folder / CARD} is not the card that follows from {RECORD}{of}: filter again"
            )


def _holds(path: Path, content: bytes) -> bool:
    return path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content


def _read_rows(folder: Path, form: str) -> Iterator[dict[str, Any]]:
    import pyarrow
    from pyarrow import parquet

    path = folder / form / ROWS
    if not path.is_file():
        raise BadDataset(f"{path} is missing: filter again, or fetch the folder anew")
    try:
        with parquet.ParquetFile(path) as file:
            if not file.schema_arrow.equals(schema_of(form)):
                raise BadDataset(f"{path} has other columns than {FORMAT}: filter again")
            for batch in file.iter_batches(BATCH):
                for row in batch.to_pylist():
                    if None in row.values():
                        raise BadDataset(f"{path} has a row with an empty cell: filter again")
                    yield row
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError):
        raise BadDataset(
            f"{path} is no parquet file, or damaged: filter again, or fetch the folder anew"
        ) from None
