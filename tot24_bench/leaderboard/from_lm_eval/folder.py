"""Read a folder that `lm_eval --output_path FOLDER --log_samples` wrote.

    FOLDER/<model>/results_<time>.json             settings and figures of one run
    FOLDER/<model>/samples_<task>_<time>.jsonl     every response, where --log_samples was given

The folder is not trusted: links are not followed, nothing but plain files is opened, sizes and
numbers of files are bounded, and what is read of the settings and samples is checked field by
field. The hand and the responses of a sample are read as `tot24 rescore` reads them.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import from_json

from tot24_bench.game import Puzzle
from tot24_bench.harness import METRICS
from tot24_bench.leaderboard.from_lm_eval.prompts import SentPrompt, sent_prompt, utf8
from tot24_bench.schema import MAX_COUNT, MAX_NAME_CHARS, first_fault
from tot24_bench.transcripts import BadRecord, BadTranscript, json_records, lm_eval_reader

MAX_FILES = 10_000  # files and folders that are looked at below a results folder
MAX_RESULTS_BYTES = 16 * 2**20  # bytes of a results file; that of the three tasks has 20,000

MAX_SAMPLES_FILE_BYTES = 2**30
"""Bytes of a samples file. 100 responses of 3,400 characters to every hand of the deck take half;
it is held in memory with its scores."""

MAX_NAMED = 5  # hands that one message names

_RESULTS = re.compile(r".+_\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(?:\.\d{1,9})?\.json", re.ASCII)


class BadResults(ValueError):
    """A results folder that cannot be added; the message names the fix."""


def _if_known(value: object, read: ValidatorFunctionWrapHandler) -> object:
    try:
        return read(value)
    except ValidationError:
        return None


def _as_dict(arguments: object) -> object:
    if not isinstance(arguments, str):
        return arguments or {}
    from lm_eval.utils import simple_parse_args_string

    return simple_parse_args_string(arguments)


_IfKnown = WrapValidator(_if_known)
_Text = Annotated[str | None, _IfKnown]
_Moment = Annotated[float | None, Field(strict=True, gt=0, lt=2.5e11), _IfKnown]  # to the year 9892
_Seconds = Annotated[float | None, Field(ge=0, lt=1e9), _IfKnown]
_Seed = Annotated[int | None, Field(ge=0, le=2**63)]


class _Part(BaseModel):
    """A part of the settings; lm-eval records much more than is read here."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class ModelSettings(_Part):
    """What lm-eval calls `config`: the model, how it ran, and the seeds."""

    model: Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARS)]
    model_args: Annotated[dict[str, Any], BeforeValidator(_as_dict)] = {}
    model_num_parameters: Annotated[int | None, Field(le=MAX_COUNT)] = None
    model_dtype: _Text = None
    device: _Text = None
    random_seed: _Seed = None
    numpy_seed: _Seed = None
    torch_seed: _Seed = None
    fewshot_seed: _Seed = None


class TaskSettings(_Part):
    """A task's configuration: which split, which exemplars."""

    dataset_kwargs: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None


class Settings(_Part):
    """A results file."""

    config: ModelSettings
    configs: dict[str, TaskSettings]
    results: dict[str, dict[str, Any]]
    shots: Annotated[dict[str, Any], Field(alias="n-shot")]
    date: _Moment = None
    total_evaluation_time_seconds: _Seconds = None
    model_name: _Text = None
    chat_template: _Text = None
    fewshot_as_multiturn: bool | None = None
    system_instruction: _Text = None
    lm_eval_version: _Text = None
    transformers_version: _Text = None
    pretty_env_info: _Text = None
    max_length: int | None = None


class Run(NamedTuple):
    """One run of lm_eval: its results file, when it ended, and what the file says."""

    path: Path
    time: str
    settings: Settings

    def samples(self, task: str) -> Path:
        """Where the samples of a task stand, if they were logged."""
        return self.path.with_name(f"samples_{task}_{self.time}.jsonl")


def find_runs(path: Path) -> list[Run]:
    """The runs of a folder, or of one results file; the oldest first."""
    if path.is_symlink():
        raise BadResults(f"{path} is a link: give the folder itself")
    if not path.exists():
        raise BadResults(f"no folder or file {path}")
    found = [one for one in _files(path) if _RESULTS.fullmatch(one.name)]
    if path.is_file() and not found:
        raise BadResults(f"{path} is not lm-eval's results_<time>.json: give the folder it is in")
    if not found:
        raise BadResults(
            f"no results_*.json below {path}: give the folder of `lm_eval --output_path FOLDER "
            "--log_samples`, or of `tot24 eval --results FOLDER`"
        )
    runs = [Run(file, file.stem.rpartition("_")[2], _settings(file)) for file in found]
    return sorted(runs, key=lambda run: (run.time, str(run.path)))


def check_file(path: Path, most: int) -> None:
    """Refuse a link, a folder, a pipe, a device, and what is larger; OSError if it is not there."""
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode):
        raise BadResults(f"{path} is no plain file: links and pipes are not read")
    if found.st_size > most:
        raise BadResults(f"{path} is larger than {most} bytes: not read")


def _files(folder: Path) -> Iterator[Path]:
    """The plain files of a folder; of a file itself only."""
    if not folder.is_dir():
        yield folder
    count = 0
    for inner, folders, files in os.walk(folder, followlinks=False):
        folders.sort()
        count += len(folders) + len(files)
        if count > MAX_FILES:
            raise BadResults(f"{folder} holds more than {MAX_FILES} files: give the model's own")
        yield from (Path(inner, name) for name in sorted(files))


def _settings(path: Path) -> Settings:
    check_file(path, MAX_RESULTS_BYTES)
    try:
        return Settings.model_validate(from_json(path.read_bytes()))
    except ValidationError as error:
        where, what = first_fault(error)
        fault = f"{path}: {where}: {what[:200]}"
        raise BadResults(f"{fault}: not a results file of lm-eval 0.4") from None
    except ValueError as error:
        raise BadResults(f"{path}: not JSON ({str(error)[:200]})") from None


class LoggedHand(NamedTuple):
    """A record of a samples file, as far as it is used."""

    place: int
    puzzle: Puzzle
    sent: SentPrompt
    responses: tuple[str, ...]
    generation: dict[str, Any]
    recorded: dict[str, float]
    limit: int | None


def read_hands(path: Path) -> list[LoggedHand]:
    """The records of a samples file by the place of their hand."""
    found, read, line = [], lm_eval_reader(), 0
    try:
        check_file(path, MAX_SAMPLES_FILE_BYTES)
        with path.open("rb") as file:
            for line, value, fault in json_records(file):
                if fault or not isinstance(value, dict):
                    raise BadRecord(fault or "not an object")
                if rollouts := read(value, line):
                    found.append(_hand(value, rollouts.puzzle, rollouts.responses))
    except FileNotFoundError:
        raise BadResults(
            f"{path} is missing: evaluate again with --log_samples, which keeps the responses"
        ) from None
    except OSError as error:
        raise BadResults(f"{path}: cannot be read ({error.strerror})") from None
    except BadTranscript as error:
        raise BadResults(f"{path}: {error}") from None
    except BadRecord as error:
        raise BadResults(f"{path}: line {line}: {error}") from None
    if not found:
        raise BadResults(f"{path} holds no responses: evaluate again with --log_samples")
    return sorted(found, key=lambda hand: hand.place)


def _hand(record: dict[str, Any], puzzle: Puzzle, responses: tuple[str, ...]) -> LoggedHand:
    match record.get("resps"):
        case [[_, *_] as written, *_]:
            logged = tuple(utf8(text) for text in written if isinstance(text, str))
        case _:
            raise BadRecord("resps is missing: evaluate again with --log_samples")
    if logged[: len(responses)] != responses:
        raise BadRecord("filtered_resps is not what the model wrote (resps): use the task as it is")
    match record.get("arguments"):
        case {"gen_args_0": {"arg_0": asked, "arg_1": dict(generation)}, **others} if not others:
            sent = sent_prompt(asked)
        case _:
            sent = None
    if sent is None:
        raise BadRecord("arguments hold no request: not a sample of lm-eval 0.4")
    place = record.get("doc_id")
    if type(place) is not int:
        raise BadRecord("doc_id is not a number")
    for name in METRICS:
        figure: Any = record.get(name)
        if type(figure) not in (int, float) or figure < 0 or figure > 1:  # NaN passes, and differs
            raise BadRecord(f"{name}: no figure of lm-eval's")
    recorded = {name: float(record[name]) for name in METRICS}
    limit = record["doc"].get("max_gen_toks")
    known = limit if is_count(limit) else None
    return LoggedHand(place, puzzle, sent, responses, generation, recorded, known)


def named(hands: Sequence[str]) -> str:
    """Some hands by name, and the verb that follows."""
    more = f" and {len(hands) - MAX_NAMED} more" if len(hands) > MAX_NAMED else ""
    verb = "is" if len(hands) == 1 else "are"
    return f"{', '.join(hands[:MAX_NAMED])}{more} {verb}"


def is_count(value: object) -> bool:
    """Whether a value is a number of tokens."""
    return type(value) is int and 0 < value < 10**9
