"""Submissions on disk, two files each, that are there wholly or not at all.

    results/submissions/<model>/<task>.<shots>shot[...].json               everything but samples
    results/submissions/<model>/<task>.<shots>shot[...].samples.jsonl.gz   one sample a line
    results/training_hands/<SHA-256>.txt                                   one hand a line

- Both are replaced together (`files.replace_all`). The JSON moves away first and comes last, so
  that even a killed process leaves no JSON beside samples that are not its own.
- The JSON holds the hash of the samples as they are unzipped: samples that were changed, or are
  another submission's, are refused.
- The hands that a student was trained on stand once, whatever number of submissions declare them:
  in a file that their hash names, and the JSON holds the hash.
- Equal submissions give equal bytes: the gzip file holds no time and no name.
- No two samples are held at once, but by who asks for a whole `Submission`.
- What is read is not trusted: links, pipes and devices are not read, sizes are bounded before
  anything is decompressed in full, and every fault is one line that names the file and the field.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
import re
import stat
import tempfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeVar

from pydantic import Field, ValidationError
from pydantic.json_schema import models_json_schema

from tot24_bench.files import Writer, replace_all
from tot24_bench.leaderboard.entry import Entry
from tot24_bench.leaderboard.key import is_key
from tot24_bench.leaderboard.submission import (
    SCHEMA_VERSION,
    Header,
    Sample,
    Submission,
    Totals,
    Training,
)
from tot24_bench.schema import Sha256, first_fault

FOLDER, TRAINING = "submissions", "training_hands"
"""Below the results folder: submissions, and lists of hands that students were trained on."""

SAMPLES_END = ".samples.jsonl.gz"  # in place of the JSON file's `.json`

HASH, HANDS = "samples_sha256", "hands_sha256"
"""Keys of the JSON file that are no field of a submission: hash of the samples' lines, unzipped;
and in `training`, for `hands`, the name of their file."""

LATER = ("mean_prompt_tokens", "search")
"""Fields that came after schema 3; left out where they are None, so that what has none of them is
written as before."""

INLINE_HANDS = 2  # the older `schema_version` that is read: with training hands in the JSON file

MAX_HEADER_BYTES = 256 * 2**10  # all but samples: 2,000 as a rule, 100,000 with hands inline
MAX_HANDS_BYTES = 4 * 2**20  # a file of training hands
MAX_SAMPLE_BYTES = 32 * 2**20  # unzipped: 100 repeats of a response of 300,000 characters
MAX_SAMPLES_BYTES = 2 * 2**30
"""All samples unzipped, four times what 100 repeats of an ordinary long response (3,400 characters)
for each hand of the largest split take. They are read a line at a time."""

MAX_SAMPLE_PARTS = 300_000
"""Fields, objects and lists of one hand that are read, brackets within responses included: each is
an object in memory. A score has ten."""


class SubmissionExists(FileExistsError):
    """There is a submission of that key already; the message says how to go on."""


class ResultsNotWritable(OSError):
    """The results folder cannot be written; the message names the folder and the fix."""


class TooLarge(ValueError):
    """Samples that would be written and could not be read back; the message says which bound."""


class BadSubmission(ValueError):
    """A file that is no submission; the message is one line: the file, the field, the fault."""


def write(submission: Submission, results: Path, overwrite: bool = False) -> Path:
    """Store a submission; see `write_stream`."""
    return write_stream(submission, submission.samples, results, overwrite)


def write_stream(
    header: Header, samples: Iterable[Sample], results: Path, overwrite: bool = False
) -> Path:
    """Store a submission whose samples come one at a time; the path of its JSON file.

    Samples are checked against the header first; on any failure the folder is as it was.

    Raises:
        ValueError: the samples break a rule of a submission, or do not give what the header says.
        TooLarge: `read` would refuse them.
        SubmissionExists: there is one of that key and `overwrite` is False.
        ResultsNotWritable: the folder cannot be written.
    """
    check_writable(results, header.key, overwrite)
    path = path_of(results, header.key)
    kept = {name for name in Header.model_fields if not _left_out(header, name)}
    stored = header.model_dump(mode="json", include=kept)
    contents = _put_out_hands(stored, header.model.training, results)

    def write_samples(file: BinaryIO) -> None:
        stored[HASH] = _write_lines(_checked(samples, header), file)

    def write_header(file: BinaryIO) -> None:  # after the samples, whose hash it holds
        data = json.dumps(stored, indent=2, ensure_ascii=False, allow_nan=False).encode() + b"\n"
        if len(data) > MAX_HEADER_BYTES:
            raise TooLarge(f"all but the samples is larger than {MAX_HEADER_BYTES} bytes")
        file.write(data)

    contents |= {_samples_path(path): None if samples == () else write_samples, path: write_header}
    try:
        for file in contents:
            file.parent.mkdir(parents=True, exist_ok=True)
        replace_all(contents)
    except OSError as error:
        raise _not_writable(path.parent, error) from error
    finally:  # only folders that are empty can be removed
        for folder in (path.parent, path.parent.parent, results / TRAINING):
            with contextlib.suppress(OSError):
                folder.rmdir()
    return path


def _left_out(record: Header | Sample, name: str) -> bool:
    return name in LATER and getattr(record, name) is None


def _line_of(sample: Sample) -> bytes:
    """A sample as it is written, without the end of the line."""
    kept = {name for name in Sample.model_fields if not _left_out(sample, name)}
    return sample.model_dump_json(include=kept).encode()


def _put_out_hands(
    stored: dict[str, Any], training: Training | None, results: Path
) -> dict[Path, Writer | None]:
    """Put the hash of the training hands in their place; their file, where it is not there yet."""
    if training is None:
        return {}
    digest, data = training.hands_file()
    if len(data) > MAX_HANDS_BYTES:
        raise TooLarge(f"the training hands are larger than {MAX_HANDS_BYTES} bytes")
    said = stored["model"]["training"]
    del said["hands"]
    stored["model"]["training"] = {HANDS: digest, **said}
    file = hands_path(results, digest)
    there = file.is_file() and not file.is_symlink() and file.read_bytes() == data
    return {} if there else {file: lambda out: out.write(data)}


def check_writable(results: Path, key: str, overwrite: bool = False) -> None:
    """Fail before hours of evaluation as `write` would fail after them; leaves nothing behind."""
    path = path_of(results, key)
    for folder in (results / FOLDER, path.parent, results / TRAINING):
        if folder.is_symlink():
            raise ResultsNotWritable(f"{folder} is a link: submissions are written into folders")
    try:
        exists = path.exists()
        nearest = next(folder for folder in path.parents if folder.exists())
        with tempfile.TemporaryDirectory(prefix=".tot24-", dir=nearest):
            pass
    except OSError as error:
        raise _not_writable(path.parent, error) from error
    if exists and not overwrite:
        raise SubmissionExists(
            f"there is a submission already at {path}: use --overwrite to replace it, "
            "or --name to store this one under another name"
        )


def path_of(results: Path, key: str) -> Path:
    """The JSON file of a key; a ValueError for one not of `key_of`, which could point anywhere."""
    if not is_key(key):
        raise ValueError(f"{key[:80]!r} is no submission's key: make it with key_of")
    return results / FOLDER / f"{key}.json"


def hands_path(results: Path, digest: str) -> Path:
    """The file of training hands that a hash names."""
    return results / TRAINING / f"{digest}.txt"


def header_path(path: Path) -> Path:
    """The JSON file of a submission, of which either file may be named."""
    json_name = path.name.removesuffix(SAMPLES_END) + ".json"
    return path.with_name(json_name) if path.name.endswith(SAMPLES_END) else path


def results_of(path: Path) -> Path | None:
    """The results folder that a submission's file stands in; None where it lies elsewhere."""
    return path.parents[2] if len(path.parents) > 2 and path.parents[1].name == FOLDER else None


def read(path: Path) -> Submission:
    """Read a submission; BadSubmission where a file is missing, damaged, too large, or wrong."""
    header, samples = read_stream(path)
    return Submission.model_construct(**dict(header), samples=tuple(samples))


def read_stream(path: Path) -> tuple[Header, Iterator[Sample]]:
    """As `read`, but samples are read as they are taken, and held against it after the last."""
    with _blaming(path):
        fields, stored = _read_fields(path)
        header = Header.from_json(fields)

    def samples() -> Iterator[Sample]:
        with _blaming(path):
            yield from _checked(_read_samples(path, stored), header)

    return header, samples()


@contextlib.contextmanager
def _blaming(path: Path, line: int | None = None) -> Iterator[None]:
    """Make of whatever is wrong one line of bounded length that names the file."""
    where = path if line is None else f"{path}: line {line}"
    try:
        yield
    except BadSubmission:
        raise
    except OSError as error:
        raise BadSubmission(f"{where}: cannot be read ({error.strerror})") from None
    except ValidationError as error:
        field, what = first_fault(error, "")
        what = " ".join(what.removeprefix("Value error, ").split())[:300]
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise BadSubmission(f"{where}: {field}{': ' if field else ''}{what}{more}") from None
    except ValueError as error:
        raise BadSubmission(f"{where}: {error}") from None


def read_entry(path: Path) -> Entry:
    """Read what tables and statistics need of a submission, by the same rules as `read`."""
    return Entry.gather(*read_stream(path))


def paths(results: Path) -> list[Path]:
    """The JSON file of every submission below a results folder, sorted; its links are left out."""
    folder = results / FOLDER
    return [path for path in sorted(folder.glob("*/*.json")) if not path.parent.is_symlink()]


def read_all(results: Path) -> list[Submission]:
    """Every submission below a results folder, by path; none where the folder is missing.

    Raises:
        BadSubmission: as `read`, and for a submission that does not stand where its key says.
    """
    return read_each(results, read)


def read_entries(results: Path) -> list[Entry]:
    """The entry of every submission below a results folder; see `read_all`."""
    return read_each(results, read_entry)


class _Keyed(Protocol):
    @property
    def key(self) -> str: ...


_Kept = TypeVar("_Kept", bound=_Keyed)


def read_each(results: Path, reader: Callable[[Path], _Kept]) -> list[_Kept]:
    """What a reader makes of every submission below a results folder; see `read_all`."""
    found = {path: reader(path) for path in paths(results)}
    for path, kept in found.items():
        if path != path_of(results, kept.key):
            raise BadSubmission(f"{path}: model and task say that it belongs at {kept.key}")
    return list(found.values())


def _samples_path(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(".json") + SAMPLES_END)


def _write_lines(samples: Iterable[Sample], file: BinaryIO) -> str:
    """Write a samples file; the hash of its lines."""
    digest, total = hashlib.sha256(), 0
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as zipped:
        for sample in samples:
            line = _line_of(sample) + b"\n"
            total += len(line)
            what, most = "the responses", MAX_SAMPLES_BYTES
            if len(line) > MAX_SAMPLE_BYTES:
                what, most = f"the responses to {sample.puzzle.text}", MAX_SAMPLE_BYTES
            if len(line) > MAX_SAMPLE_BYTES or total > MAX_SAMPLES_BYTES:
                raise TooLarge(f"{what} are larger than {most} bytes: no submission can hold them")
            digest.update(line)
            zipped.write(line)
    return digest.hexdigest()


def _checked(samples: Iterable[Sample], header: Header) -> Iterator[Sample]:
    """The same, and at the end a ValueError where the header says something else."""
    totals = Totals()
    for sample in samples:
        if len(totals.repeats) == header.n:  # who says three and gives a million is not read on
            raise ValueError(f"n is {header.n}, but there are more samples")
        totals.add(sample)
        yield sample
        del sample  # before the next one is read: it may be large
    totals.check(header)


def _not_writable(folder: Path, error: OSError) -> ResultsNotWritable:
    return ResultsNotWritable(
        f"cannot write to {folder} ({error.strerror or error}): make it writable, "
        "or give another folder with --results"
    )


def _read_fields(path: Path) -> tuple[dict[str, Any], str | None]:
    """The fields of a submission as its JSON file has them, and the hash of its samples."""
    data = _read_plain(path, MAX_HEADER_BYTES)
    try:
        fields = _from_json(data)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON ({error})") from None
    if not isinstance(fields, dict):
        raise ValueError("not a JSON object")
    if "samples" in fields:
        raise ValueError(f"samples: they belong in {_samples_path(path).name}")
    stored = fields.pop(HASH, None)
    if stored is not None and not isinstance(stored, str):
        raise ValueError(f"{HASH}: not a hash")
    model = fields.get("model")
    training = model.get("training") if isinstance(model, dict) else None
    if fields.get("schema_version") == INLINE_HANDS:
        fields["schema_version"] = SCHEMA_VERSION
    elif isinstance(training, dict):
        _put_in_hands(training, path.parent.parent.parent)
    return fields, stored


def _put_in_hands(training: dict[str, Any], results: Path) -> None:
    """Put the training hands in the place of their hash."""
    field, digest = f"model.training.{HANDS}", training.pop(HANDS, None)
    if "hands" in training:
        raise ValueError(f"model.training.hands: they belong in {TRAINING}, by {HANDS}")
    if not isinstance(digest, str) or not re.fullmatch("[0-9a-f]{64}", digest):
        raise ValueError(f"{field}: not a hash")
    file = hands_path(results, digest)
    if file.parent.is_symlink():
        raise ValueError(f"{file.parent} is a link: put the folder itself there")
    if not file.exists():
        missing = f"{TRAINING}/{file.name} is missing beside {FOLDER}"
        raise ValueError(f"{field}: {missing}: commit it too")
    data = _read_plain(file, MAX_HANDS_BYTES)
    if not data:
        raise ValueError(f"{field}: {file} is empty: it holds the training hands, one a line")
    if hashlib.sha256(data).hexdigest() != digest:
        raise ValueError(f"{field} is not the hash of {file}")
    training["hands"] = data.decode("utf-8", "replace").removesuffix("\n").split("\n")


def _from_json(data: bytes) -> object:
    """JSON in which no object has a key twice: one reader takes the first, one the last."""

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        for key, count in Counter(key for key, _ in pairs).most_common(1):
            if count > 1:
                raise ValueError(f"{ascii(key)[:80]} stands {count} times in one object")
        return dict(pairs)

    try:
        return json.loads(data.decode(), object_pairs_hook=once)
    except RecursionError:
        raise ValueError("nested too deep") from None
    except ValueError as error:
        if "int_max_str_digits" in str(error):  # Python's own words name a switch of Python
            raise ValueError("an integer of thousands of digits") from None
        raise


def _open_plain(path: Path) -> BinaryIO:
    """Open a plain file; a link is not followed, a pipe is not waited for."""
    if path.is_symlink():
        raise BadSubmission(f"{path}: is a link: a submission is two plain files")
    # A pipe without a writer would hold the open up for ever; not every system has the flag.
    file = os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        kinds = "a folder, a pipe or a device"
        raise BadSubmission(f"{path}: is {kinds}: a submission is two plain files")
    return file


def _read_plain(path: Path, most: int) -> bytes:
    """A file of bounded size."""
    with _blaming(path), _open_plain(path) as file:
        data = file.read(most + 1)
        if len(data) > most:
            raise ValueError(f"larger than {most} bytes")
        return data


def _read_samples(header: Path, stored: str | None) -> Iterator[Sample]:
    """The samples beside a JSON file that holds their hash, none where there is no file."""
    path = _samples_path(header)
    digest = hashlib.sha256()
    number = total = 0
    try:
        with _open_plain(path) as plain, gzip.GzipFile(fileobj=plain) as file:
            while line := file.readline(MAX_SAMPLE_BYTES + 1):
                number, total = number + 1, total + len(line)
                digest.update(line)
                with _blaming(path, number):
                    sample = _read_sample(line, total)
                del line  # one is held at once
                yield sample
                del sample
    except FileNotFoundError:
        if stored is not None:
            raise ValueError(f"{path.name} is missing beside it") from None
        return
    except (OSError, EOFError, zlib.error) as error:
        raise BadSubmission(f"{path}: not a whole gzip file ({error})") from None
    if digest.hexdigest() != stored:
        raise BadSubmission(f"{path}: {HASH} in {header.name} is not the hash of these samples")


def _read_sample(line: bytes, total: int) -> Sample:
    """A sample from its line; `total` bytes have been read with it."""
    if len(line) > MAX_SAMPLE_BYTES or total > MAX_SAMPLES_BYTES:
        raise ValueError("too large when decompressed")
    if sum(map(line.count, (b'":', b"{", b"["))) > MAX_SAMPLE_PARTS:
        raise ValueError("too many parts")
    sample = Sample.model_validate_json(line, strict=True)
    if line.rstrip() != _line_of(sample):  # not as it is written here
        _from_json(line)
    return sample


class _Stored(Header):
    samples_sha256: Sha256 | None = Field(
        default=None, description="Hash of the samples' lines, unzipped; none where only reported."
    )


def submission_schema() -> dict[str, Any]:
    """The JSON Schema: of the JSON file at the top, of a line of the samples at `$defs/Sample`.

    Rules that need more than one field (a metric is what the scores give, a hand is of its split)
    are not in it: `tot24 leaderboard check` knows them.
    """
    _, schema = models_json_schema([(_Stored, "validation"), (Sample, "validation")])
    definitions = schema["$defs"]
    stored = definitions.pop(_Stored.__name__)
    training = definitions[Training.__name__]
    del training["properties"]["hands"]
    training["properties"][HANDS] = {
        "description": f"Names the file of the hands in {TRAINING}/, one hand a line.",
        "pattern": "^[0-9a-f]{64}$",
        "type": "string",
    }
    training["required"] = [HANDS]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **stored,
        "title": "A submission without its samples",
        "description": (
            "A row of the tot24-bench leaderboard. Each line of its .samples.jsonl.gz is a "
            f"#/$defs/{Sample.__name__}.\n\n{Header.__doc__}"
        ),
        "$defs": dict(sorted(definitions.items())),
    }
