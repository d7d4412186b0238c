"""One submission as an aggregate record of Every Eval Ever; see `every_eval_ever`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from tot24_bench import __version__
from tot24_bench.leaderboard.entry import Entry, interval
from tot24_bench.leaderboard.export.choice import BOOTSTRAP, HUB_LINK, interval_method
from tot24_bench.leaderboard.export.eval_identity import (
    PUBLISHED,
    SCHEMA_VERSION,
    Identity,
    epoch,
    evaluation_id,
    identity_of,
)
from tot24_bench.leaderboard.export.eval_instance import RESULT_ID
from tot24_bench.leaderboard.tables.rows import MAX_NOTES, NOT_KNOWN, method_of, one_line
from tot24_bench.leaderboard.submission import Header
from tot24_bench.schema import MAX_NAME_CHARS, MAX_TEXT_CHARS
from tot24_bench.statistics import LEVEL, RESAMPLES

MAX_NUMBER = 10**15
"""Of a generation argument that is written as a number; a larger one only stands as text."""

Relationship = Literal["first_party", "third_party", "collaborative", "other"]


class Detail(NamedTuple):
    """The file of a submission's lines.

    Attributes:
        path: from data/ on.
        rows: lines.
        sha256: of the file.
    """

    path: str
    rows: int
    sha256: str


def aggregate(
    entry: Entry, relationship: Relationship = "other", detail: Detail | None = None
) -> dict[str, Any]:
    """The aggregate record.

    Args:
        relationship: of whoever ran the evaluation to the model's developer.
        detail: the file of its lines; None where there is none.
    """
    header = entry.header
    identity = identity_of(header)
    record: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": evaluation_id(header.key.split("/")[1], identity.id, header.created),
        "evaluation_timestamp": header.created.isoformat(),
        "retrieved_timestamp": epoch(header.created),
        "source_metadata": _source(entry, relationship),
        "eval_library": _library(header),
        "model_info": _model(header, identity),
        "evaluation_results": [_result(entry)],
    }
    if detail is not None:
        record["detailed_evaluation_results"] = {
            "format": "jsonl",
            "file_path": detail.path,
            "hash_algorithm": "sha256",
            "checksum": detail.sha256,
            "total_rows": detail.rows,
            "additional_details": {"responses_withheld": str(entry.withheld).lower()},
        }
    return record


def _source(entry: Entry, relationship: Relationship) -> dict[str, Any]:
    header = entry.header
    source = _line(header.source or "", MAX_NAME_CHARS)
    details = {"obtained": header.obtained, "submission": header.key}
    if header.obtained == "rescored":
        details["responses_from"] = source
    for number, note in enumerate(header.notes[:MAX_NOTES], start=1):
        details[f"note_{number}"] = _line(note)
    reported = header.obtained == "reported"
    return {
        "source_name": source or "tot24-bench submission",
        "source_type": "evaluation_run" if entry.outcomes else "documentation",
        "source_organization_name": source if reported else "tot24-bench",
        "evaluator_relationship": relationship,
        "additional_details": details,
    }


def _library(header: Header) -> dict[str, Any]:
    """What ran the evaluation: lm-eval where it says so, else what scored it."""
    versions = {_line(name, 200): _line(version, 200) for name, version in header.versions.items()}
    if header.obtained == "reported":
        return {"name": "unknown", "version": "unknown"}
    name = "lm_eval" if "lm-eval" in versions else "tot24-bench"
    version = versions.get("lm-eval") or versions.get("tot24-bench") or "unknown"
    return {"name": name, "version": version, "additional_details": versions}


def _model(header: Header, identity: Identity) -> dict[str, Any]:
    model = header.model
    local = header.obtained == "measured" and not model.backend.startswith(("local-", "openai-"))
    details: dict[str, str] = {
        "deployment_type": "self_deployed" if local else "unknown",
        "model_availability": "unknown",
        "backend": _line(model.backend),
    }
    if identity.id in PUBLISHED.values():
        details["model_availability"] = "closed_weights"
    elif HUB_LINK.fullmatch(model.link or ""):
        details["model_availability"] = "open_weights"
    known = {
        "parameters": None if model.parameters is None else str(model.parameters),
        "precision": model.precision,
        "checkpoint_sha256": model.checkpoint_sha256,
        "base": model.base,
        "licence": model.licence,
        "link": model.link,
        "teacher": model.teacher,
    }
    details |= {name: _line(text) for name, text in known.items() if text}
    return {
        "name": _line(model.name, MAX_NAME_CHARS) or NOT_KNOWN,
        "id": identity.id,
        "developer": identity.developer,
        "additional_details": details,
    }


def _result(entry: Entry) -> dict[str, Any]:
    header = entry.header
    split = _line(header.split, MAX_NAME_CHARS)
    return {
        "evaluation_result_id": RESULT_ID,
        "evaluation_name": header.key.split("/")[1],
        "evaluation_timestamp": header.created.isoformat(),
        "source_data": {
            "dataset_name": f"tot24-bench {split}",
            "source_type": "other",
            "additional_details": {"split": split, "hands": str(header.n)},
        },
        "metric_config": {
            "evaluation_description": (
                f"Game of 24, {_line(method_of(header))}: the share of right answers, checked "
                "exactly; the mean over hands of the mean over a hand's responses"
            ),
            "metric_id": "accuracy",
            "metric_name": "Accuracy",
            "metric_kind": "accuracy",
            "metric_unit": "proportion",
            "lower_is_better": False,
            "score_type": "continuous",
            "min_score": 0.0,
            "max_score": 1.0,
        },
        "score_details": _score(entry),
        "generation_config": _generation(header),
    }


def _score(entry: Entry) -> dict[str, Any]:
    header = entry.header
    shares = header.metrics.model_dump(exclude={"acc"}, exclude_none=True)
    details = {name: repr(share) for name, share in shares.items()}
    details |= {"hands": str(header.n), "responses_per_hand": str(header.repeats)}
    if header.mean_response_tokens is not None:
        details["mean_response_tokens"] = repr(header.mean_response_tokens)
    scored: dict[str, Any] = {"score": header.metrics.acc, "details": details}
    ends, how = interval(entry), interval_method(entry)
    if ends is not None and how is not None:
        given = ", from the reported figure and n" if header.obtained == "reported" else ""
        scored["uncertainty"] = {
            "confidence_interval": {
                "lower": ends.low,
                "upper": ends.high,
                "confidence_level": LEVEL,
                "method": how + given,
            },
            "num_samples": header.n,
        }
        if how == BOOTSTRAP:
            scored["uncertainty"]["num_bootstrap_samples"] = RESAMPLES
    return scored


def _generation(header: Header) -> dict[str, Any]:
    """Documented arguments under the project's names where their types fit; all of them as text."""
    given = header.generation
    arguments: dict[str, Any] = {
        name: given[name] for name in ("temperature", "top_p", "top_k") if _number(given, name)
    }
    most = given.get("max_gen_toks")
    if type(most) is int and 1 <= most <= MAX_NUMBER:
        arguments["max_tokens"] = most
    details = {f"generation.{_line(name, 200)}": _json(value) for name, value in given.items()}
    details |= {f"seed.{_line(name, 200)}": _json(seed) for name, seed in header.seeds.items()}
    details |= {
        "method": header.method,
        "shots": "unknown" if header.shots is None else str(header.shots),
        "exemplar_variant": header.variant,
        "chat_template": _flag(header.chat),
        "multiturn": _flag(header.multiturn),
        "exporter": f"tot24-bench {__version__}",
    }
    if header.prompt_sha256 is not None:
        details["prompt_sha256"] = header.prompt_sha256
    if header.hardware:
        details["hardware"] = _line(header.hardware)
    return {"generation_args": arguments, "additional_details": details}


def _number(given: Mapping[str, Any], name: str) -> bool:
    value = given.get(name)
    return isinstance(value, int | float) and type(value) is not bool and abs(value) <= MAX_NUMBER


def _line(text: str, most: int = MAX_TEXT_CHARS) -> str:
    return one_line(text, most)


def _json(value: Any) -> str:
    try:
        return _line(json.dumps(value))
    except ValueError:  # Python does not write a number of thousands of digits
        return "too large to show"


def _flag(value: bool) -> str:
    return str(value).lower()
