"""Write Every Eval Ever JSON: each submission as one aggregate file and one line a response.

    data/tot24-bench/<developer>/<model>/<uuid>.json
    data/tot24-bench/<developer>/<model>/<uuid>_samples.jsonl

The fields and the layout are those of the project's wheel, every-eval-ever 0.3.0: the two files of
`every_eval_ever/schemas/`, and its README on where files stand
(https://github.com/evaleval/every_eval_ever). What they leave open is decided here:

- One metric, accuracy, so that every line belongs to one result; the other shares are details.
- A line is a response, not a hand: only a response is right or wrong. `metadata.repeat` counts.
- A reported figure has no lines. Where responses are withheld, lines have an empty `output.raw`, no
  extracted answer, and the response's hash in `metadata`.
- `token_usage` wants the tokens of the prompt too, which are not stored of each: a response's own
  tokens stand in `metadata`.
- A search is a line a hand, with the answer that it ranks first. Its other answers, calls and
  tokens stand in `metadata`, its settings with the generation's.
- Times are the submission's date, at midnight UTC, and the UUID is made from its key and content,
  so that an export twice gives equal bytes.
- A model without a name on the hub stands under UNSPECIFIED; nobody is made its developer.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import uuid
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from tot24_bench import __version__
from tot24_bench.files import File
from tot24_bench.game import Puzzle, is_solvable
from tot24_bench.leaderboard.entry import Entry, interval
from tot24_bench.leaderboard.export.hub import HUB_LINK, HUB_NAME, hub_id
from tot24_bench.leaderboard.export.tables import BOOTSTRAP, interval_method
from tot24_bench.leaderboard.store import path_of, read
from tot24_bench.leaderboard.submission import Header, Sample
from tot24_bench.leaderboard.tables import MAX_NOTES, NOT_KNOWN, method_of
from tot24_bench.schema import MAX_NAME_CHARS, MAX_TEXT_CHARS, Record
from tot24_bench.search import HandSearch
from tot24_bench.statistics import LEVEL, RESAMPLES
from tot24_bench.text import one_line

SCHEMA_VERSION = "0.3.0"  # the `version` of the schemas in that wheel
COLLECTION = "tot24-bench"  # the folder below data/ that a datastore knows this benchmark by
UNSPECIFIED = "unspecified"  # the developer's folder of a model that has no name on the hub

PUBLISHED = {"GPT-4": "openai/gpt-4", "GPT-4o": "openai/gpt-4o"}
"""The models of published figures, as the project names API models; not used for measured rows."""

NOT_PORTABLE = {"data", "unknown", "con", "prn", "aux", "nul"}.union(
    *({f"com{i}", f"lpt{i}"} for i in range(1, 10))
)
"""Names of folders that the project refuses, in lower case."""

METRIC = {
    "metric_id": "accuracy", "metric_name": "Accuracy", "metric_kind": "accuracy",
    "metric_unit": "proportion", "lower_is_better": False, "score_type": "continuous",
    "min_score": 0.0, "max_score": 1.0,
}  # fmt: skip

MAX_SEARCHED = 6
"""Numbers of a hand up to which it is searched for a solution, in 0.1 s; 12 would take for ever."""

MAX_NUMBER = 10**15
"""Of a generation argument that is written as a number; a larger one only stands as text."""

Relationship = Literal["first_party", "third_party", "collaborative", "other"]


def eval_files(
    entries: Iterable[Entry], results: Path, relationship: Relationship = "other"
) -> list[File]:
    """The files of all entries.

    Args:
        results: the folder that the entries were read from: responses are read again, one
            submission at a time, when its lines are written.
        relationship: of whoever ran the evaluations to the models' developers.
    """
    files: list[File] = []
    for entry in entries:
        export = _Export(entry, results, relationship)
        if entry.outcomes:
            files.append(File(export.lines_name, export.lines))  # first: the aggregate has its hash
        files.append(File(f"{export.stem}.json", export.aggregate))
    return files


class _Export:
    """The two files of a submission."""

    def __init__(self, entry: Entry, results: Path, relationship: Relationship) -> None:
        self.entry, self.results, self.relationship = entry, results, relationship
        header = entry.header
        self.name = header.key.split("/")[1]
        self.model_id, self.developer, folder = _identity(header)
        midnight = datetime.datetime.combine(header.created, datetime.time(), datetime.UTC)
        self.epoch = str(int(midnight.timestamp()))
        # What both files say, so that a line is found from its aggregate.
        self.common = {
            "schema_version": SCHEMA_VERSION,
            "evaluation_id": f"{self.name}/{self.model_id}/{self.epoch}",
        }
        # Of the form that the project wants, version 4, but made from the submission.
        known = f"{header.key}\n{header.model_dump_json()}\n{entry.outcomes!r}".encode()
        own = uuid.UUID(bytes=hashlib.sha256(known).digest()[:16], version=4)
        self.stem = f"data/{COLLECTION}/{self.developer}/{folder}/{own}"
        self.lines_name = f"{self.stem}_samples.jsonl"
        self.detail: dict[str, Any] = {}

    def lines(self) -> Iterator[bytes]:
        """The file of the responses, a line at a time."""
        digest, rows = hashlib.sha256(), 0
        for sample in read(path_of(self.results, self.entry.key)).samples:
            for index in range(len(sample.scores)):
                line = json.dumps(self._line(sample, index), allow_nan=False).encode() + b"\n"
                rows += 1
                digest.update(line)
                yield line
        self.detail["detailed_evaluation_results"] = {
            "format": "jsonl",
            "file_path": self.lines_name,
            "hash_algorithm": "sha256",
            "checksum": digest.hexdigest(),
            "total_rows": rows,
            "additional_details": _texts(responses_withheld=self.entry.withheld),
        }

    def _line(self, sample: Sample, index: int) -> dict[str, Any]:
        """The record of one response, the index-th of its hand."""
        score, withheld = sample.scores[index], sample.withheld
        raw, reference = sample.puzzle.text, _reference(sample.puzzle)
        attribution = {
            "turn_idx": 0,
            "source": "output.raw",
            "extracted_value": score.answer,
            "extraction_method": "tot24-bench answer parser, exact arithmetic",
            "is_terminal": True,
        }
        return {
            **self.common,
            "model_id": self.model_id,
            "evaluation_name": self.name,
            "evaluation_result_id": METRIC["metric_id"],
            "sample_id": raw,
            "sample_hash": hashlib.sha256((raw + reference).encode()).hexdigest(),
            "interaction_type": "single_turn",
            "input": {"raw": raw, "reference": [reference]},
            "output": {"raw": [] if withheld else [sample.responses[index]]},
            "answer_attribution": [attribution] if score.answered and not withheld else [],
            "evaluation": {"score": float(score.correct), "is_correct": score.correct},
            "metadata": _texts(
                repeat=index + 1,
                target=sample.puzzle.target,
                rule=sample.puzzle.rule.value,
                verdict=score.verdict,
                valid=score.valid,
                false_claim=score.false_claim,
                truncated=score.truncated,
                withheld=withheld,
                output_tokens=sample.tokens[index],
                prompt_sha256=sample.prompt_sha256,
                response_sha256=sample.responses_sha256[index] if withheld else None,
                **_went(sample.search),
            ),
        }

    def aggregate(self) -> Iterator[bytes]:
        """The file of the figures; the lines must have been written before."""
        header, date = self.entry.header, self.entry.header.created.isoformat()
        split = one_line(header.split, MAX_NAME_CHARS)
        description = (
            f"Game of 24, {_text(method_of(header))}: the share of right answers, checked exactly; "
            "the mean over hands of the mean over a hand's responses"
        )
        result = {
            "evaluation_result_id": METRIC["metric_id"],
            "evaluation_name": self.name,
            "evaluation_timestamp": date,
            "source_data": {
                "dataset_name": f"tot24-bench {split}",
                "source_type": "other",
                "additional_details": _texts(split=split, hands=header.n),
            },
            "metric_config": {"evaluation_description": description, **METRIC},
            "score_details": _score(self.entry),
            "generation_config": _generation(header),
        }
        record = {
            **self.common,
            "evaluation_timestamp": date,
            "retrieved_timestamp": self.epoch,
            "source_metadata": _source(self.entry, self.relationship),
            "eval_library": _library(header),
            "model_info": {
                "name": one_line(header.model.name, MAX_NAME_CHARS) or NOT_KNOWN,
                "id": self.model_id,
                "developer": self.developer,
                "additional_details": _model_details(header, self.model_id),
            },
            "evaluation_results": [result],
            **self.detail,
        }
        # ASCII: what a name or a response holds cannot act on the terminal of whoever reads it.
        yield json.dumps(record, indent=2, allow_nan=False).encode() + b"\n"


def _identity(header: Header) -> tuple[str, str, str]:
    """`model_info.id`, the developer, and the model's folder: the last two are safe as folders."""
    published = PUBLISHED.get(header.model.name) if header.obtained != "measured" else None
    name = published or hub_id(header) or header.model.name  # an API's model has a name like it
    if HUB_NAME.fullmatch(name):
        developer, model = name.split("/")
        if _portable(developer) and _portable(model):
            return name, developer, model
    stem = header.key.split("/")[0]
    model = stem if _portable(stem) else f"model-{stem}"
    return model, UNSPECIFIED, model


def _portable(name: str) -> bool:
    return NOT_PORTABLE.isdisjoint({name.lower(), name.lower().split(".")[0]})


@lru_cache(maxsize=10_000)
def _reference(puzzle: Puzzle) -> str:
    """What is right: to make the target, in any way, or to say that nothing does."""
    searched = len(puzzle.numbers) <= MAX_SEARCHED
    return "no solution" if searched and not is_solvable(puzzle) else str(puzzle.target)


def _source(entry: Entry, relationship: Relationship) -> dict[str, Any]:
    header = entry.header
    source = one_line(header.source or "", MAX_NAME_CHARS)
    notes = {f"note_{i}": note for i, note in enumerate(header.notes[:MAX_NOTES], 1)}
    return {
        "source_name": source or "tot24-bench submission",
        "source_type": "evaluation_run" if entry.outcomes else "documentation",
        "source_organization_name": source if header.obtained == "reported" else "tot24-bench",
        "evaluator_relationship": relationship,
        "additional_details": _texts(
            obtained=header.obtained,
            submission=header.key,
            responses_from=source if header.obtained == "rescored" else None,
            **notes,
        ),
    }


def _library(header: Header) -> dict[str, Any]:
    """What ran the evaluation: lm-eval where it says so, else what scored it."""
    if header.obtained == "reported":
        return {"name": "unknown", "version": "unknown"}
    versions = {one_line(name, 200): one_line(it, 200) for name, it in header.versions.items()}
    name = "lm_eval" if "lm-eval" in versions else "tot24-bench"
    version = versions.get("lm-eval") or versions.get("tot24-bench") or "unknown"
    return {"name": name, "version": version, "additional_details": versions}


def _model_details(header: Header, model_id: str) -> dict[str, str]:
    model = header.model
    local = header.obtained == "measured" and not model.backend.startswith(("local-", "openai-"))
    open_or_not = "open_weights" if HUB_LINK.fullmatch(model.link or "") else "unknown"
    names = ("parameters", "precision", "checkpoint_sha256", "base", "licence", "link", "teacher")
    return _texts(
        deployment_type="self_deployed" if local else "unknown",
        model_availability="closed_weights" if model_id in PUBLISHED.values() else open_or_not,
        backend=model.backend,
        **{name: getattr(model, name) or None for name in names},
    )


def _score(entry: Entry) -> dict[str, Any]:
    header = entry.header
    details = _texts(
        **header.metrics.model_dump(exclude={"acc"}),
        hands=header.n,
        responses_per_hand=header.repeats,
        mean_response_tokens=header.mean_response_tokens,
        mean_prompt_tokens=header.mean_prompt_tokens,
        total_tokens=header.total_tokens,
        **_named(header.search, "settings"),
    )
    scored: dict[str, Any] = {"score": header.metrics.acc, "details": details}
    ends, how = interval(entry), interval_method(entry)
    if ends is not None and how is not None:
        given = ", from the reported figure and n" if header.obtained == "reported" else ""
        span = {"lower": ends.low, "upper": ends.high, "confidence_level": LEVEL}
        draws = {"num_bootstrap_samples": RESAMPLES} if how == BOOTSTRAP else {}
        scored["uncertainty"] = {
            "confidence_interval": {**span, "method": how + given},
            "num_samples": header.n,
            **draws,
        }
    return scored


def _generation(header: Header) -> dict[str, Any]:
    """Documented arguments under the project's names where their types fit; all of them as text."""
    given: dict[str, Any] = dict(header.generation)
    arguments = {
        name: given[name]
        for name in ("temperature", "top_p", "top_k")
        if type(given.get(name)) in (int, float) and abs(given[name]) <= MAX_NUMBER
    }
    most = given.get("max_gen_toks")
    if type(most) is int and 1 <= most <= MAX_NUMBER:
        arguments["max_tokens"] = most
    details = {f"generation.{one_line(name, 200)}": _json(value) for name, value in given.items()}
    details |= {f"seed.{one_line(name, 200)}": _json(seed) for name, seed in header.seeds.items()}
    details |= _texts(
        method=header.method,
        shots="unknown" if header.shots is None else header.shots,
        exemplar_variant=header.variant,
        chat_template=header.chat,
        multiturn=header.multiturn,
        exporter=f"tot24-bench {__version__}",
        prompt_sha256=header.prompt_sha256,
        hardware=header.hardware or None,
        **_named(header.search and header.search.settings, "method"),
    )
    return {"generation_args": arguments, "additional_details": details}


def _named(record: Record | None, *but: str) -> dict[str, object]:
    """The fields of a search's record as details, but for some."""
    fields = {} if record is None else record.model_dump(exclude=set(but))
    return {f"search.{name}": value for name, value in fields.items()}


def _went(search: HandSearch | None) -> dict[str, object]:
    """How a hand's search went; its answers beside the first one as JSON."""
    if search is None:
        return {}
    others = {"search.other_answers": _json(search.finals[1:])} if search.finals[1:] else {}
    right = {"search.right": _json(search.right)}
    return {**_named(search, "finals", "right"), **right, **others}


def _texts(**details: object) -> dict[str, str]:
    """Details as the schema wants them, text alone: true and false as in JSON, None left out."""
    return {
        name: str(value).lower() if isinstance(value, bool) else _text(str(value))
        for name, value in details.items()
        if value is not None
    }


def _text(text: str) -> str:
    return one_line(text, MAX_TEXT_CHARS)


def _json(value: Any) -> str:
    try:
        return _text(json.dumps(value))
    except ValueError:  # Python does not write a number of thousands of digits
        return "too large to show"
