"""Every Eval Ever: valid by that project's schemas and validator, and honest in what it says."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tot24_bench.game import Puzzle
from tot24_bench.leaderboard import Sample
from tot24_bench.leaderboard.export import choose, eval_files, write_files
from tot24_bench.scoring import score

from ..conftest import make_reported, make_submission
from ..searches import make_search
from .conftest import HOSTILE, every_kind, hostile, store

Written = dict[str, tuple[dict[str, Any], list[dict[str, Any]]]]


def export(results: Path, out: Path) -> Written:
    """The aggregate and the lines of each submission, by its key."""
    write_files(out, eval_files(choose(results), results))
    found: Written = {}
    for path in sorted(out.rglob("*.json")):
        aggregate = json.loads(path.read_bytes())
        lines = path.with_name(f"{path.stem}_samples.jsonl")
        instances = (
            [json.loads(line) for line in lines.read_bytes().splitlines()] if lines.exists() else []
        )
        found[aggregate["source_metadata"]["additional_details"]["submission"]] = (
            aggregate,
            instances,
        )
    return found


def one(found: Written, beginning: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    return next(value for key, value in found.items() if key.startswith(beginning))


def test_every_file_is_valid_by_the_schemas_of_the_wheel(
    eee_wheel: Path, root: Path, tmp_path: Path
) -> None:
    validator = pytest.importorskip("jsonschema").Draft7Validator
    with zipfile.ZipFile(eee_wheel) as wheel:
        aggregates, instances = (
            validator(json.loads(wheel.read(f"every_eval_ever/schemas/{name}.schema.json")))
            for name in ("eval", "instance_level_eval")
        )
    own = store(tmp_path, [*every_kind(), make_search(), *map(hostile, HOSTILE)])
    # Of our own results every tenth response: they are alike, and the whole takes half a minute.
    for results, every in ((own, 1), (root / "results", 10)):
        found = export(results, tmp_path / results.parent.name)
        assert found
        for aggregate, lines in found.values():
            aggregates.validate(aggregate)
            for line in lines[::every]:
                instances.validate(line)


def test_the_projects_own_validator_has_no_error_and_no_warning(
    eee_wheel: Path, tmp_path: Path
) -> None:
    results = store(tmp_path, [*every_kind(), make_search(), *map(hostile, HOSTILE)])
    export(results, tmp_path / "out")
    pattern = str(tmp_path / "out/data/*/*/*/*.json*")
    done = subprocess.run(
        [sys.executable, "-m", "every_eval_ever.validator.validate", pattern],
        env=os.environ | {"PYTHONPATH": str(eee_wheel)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-3_000:]


def test_a_measured_submission_says_what_ran_and_how_sure_its_figure_is(
    results: Path, tmp_path: Path
) -> None:
    aggregate, lines = one(export(results, tmp_path / "out"), "some-lab--tiny-24")
    (result,) = aggregate["evaluation_results"]
    assert result["score_details"]["score"] == 0.84
    sure = result["score_details"]["uncertainty"]
    assert sure["confidence_interval"]["method"] == "Wilson score interval"
    assert sure["num_samples"] == 100 and "num_bootstrap_samples" not in sure
    assert result["metric_config"]["score_type"] == "continuous"
    assert result["generation_config"]["generation_args"] == {"max_tokens": 896}
    assert aggregate["model_info"]["id"] == "some-lab/tiny-24"
    assert aggregate["source_metadata"]["source_type"] == "evaluation_run"
    assert aggregate["source_metadata"]["evaluator_relationship"] == "other"
    assert sum(line["evaluation"]["is_correct"] for line in lines) == 84
    assert lines[0]["output"]["raw"][0].startswith("Steps:")
    (attribution,) = lines[0]["answer_attribution"]
    assert attribution["extracted_value"] in lines[0]["output"]["raw"][0]


def test_lines_and_aggregate_belong_together(results: Path, tmp_path: Path) -> None:
    found = export(results, tmp_path / "out")
    for aggregate, lines in found.values():
        detail = aggregate.get("detailed_evaluation_results")
        if detail is None:
            assert not lines
            continue
        data = (tmp_path / "out" / detail["file_path"]).read_bytes()
        assert detail["checksum"] == hashlib.sha256(data).hexdigest()
        assert detail["total_rows"] == len(lines)
        ids = {result["evaluation_result_id"] for result in aggregate["evaluation_results"]}
        for line in lines:
            assert line["evaluation_id"] == aggregate["evaluation_id"]
            assert line["model_id"] == aggregate["model_info"]["id"]
            assert line["evaluation_result_id"] in ids
    every_id = [aggregate["evaluation_id"] for aggregate, _ in found.values()]
    assert len(set(every_id)) == len(every_id)


def test_several_responses_are_several_lines_with_a_bootstrap_by_hand(
    results: Path, tmp_path: Path
) -> None:
    aggregate, lines = one(export(results, tmp_path / "out"), "scout-2m")
    assert [line["metadata"]["repeat"] for line in lines] == ["1", "2", "3"] * 3
    assert sum(line["evaluation"]["score"] for line in lines) == 3
    sure = aggregate["evaluation_results"][0]["score_details"]["uncertainty"]
    assert "bootstrap clustered by hand" in sure["confidence_interval"]["method"]
    assert sure["num_bootstrap_samples"] == 9_999 and sure["num_samples"] == 3


def test_withheld_responses_are_lines_without_their_text(results: Path, tmp_path: Path) -> None:
    found = export(results, tmp_path / "out")
    aggregate, lines = next(v for k, v in found.items() if k.endswith("rescored"))
    assert len(lines) == 100 and sum(line["evaluation"]["is_correct"] for line in lines) == 84
    assert all(line["output"] == {"raw": []} for line in lines)
    assert all(line["answer_attribution"] == [] for line in lines)
    assert all(len(line["metadata"]["response_sha256"]) == 64 for line in lines)
    assert aggregate["model_info"]["id"] == "openai/gpt-4"
    assert aggregate["source_metadata"]["additional_details"]["responses_from"] == "a public log"
    assert aggregate["detailed_evaluation_results"]["additional_details"] == {
        "responses_withheld": "true"
    }


def test_a_reported_figure_is_documentation_without_lines(results: Path, tmp_path: Path) -> None:
    found = export(results, tmp_path / "out")
    reported = {k: v for k, v in found.items() if k.endswith("reported")}
    assert len(reported) == 2
    for key, (aggregate, lines) in reported.items():
        assert not lines and aggregate["source_metadata"]["source_type"] == "documentation"
        assert aggregate["source_metadata"]["source_organization_name"] == "Yao et al. 2023"
        assert aggregate["eval_library"] == {"name": "unknown", "version": "unknown"}
        details = aggregate["evaluation_results"][0]["score_details"]
        assert ("uncertainty" in details) != ("x100" in key)


def test_two_exports_have_equal_bytes(results: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_files(tmp_path / name, eval_files(choose(results), results))
    first, second = (
        {path.relative_to(tmp_path / name): path.read_bytes() for path in files}
        for name in ("a", "b")
        if (files := [p for p in (tmp_path / name).rglob("*") if p.is_file()])
    )
    assert first == second and len(first) == 8


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_stays_inside_and_does_not_act(text: str, tmp_path: Path) -> None:
    results = store(tmp_path, [hostile(text)])
    out = tmp_path / "out"
    written = write_files(out, eval_files(choose(results), results))
    assert all(path.resolve().is_relative_to(out / "data/tot24-bench") for path in written)
    for path in written:
        shown = path.read_bytes().decode("ascii")
        assert all(line.isprintable() for line in shown.splitlines())


def test_a_hostile_response_is_kept_and_written_in_ascii(tmp_path: Path) -> None:
    text = "\x1b[2J\u202e Answer: 1\u2028" + "x" * 10_000_000
    sample = make_submission(1, 1).samples[0]
    changed = sample.model_copy(
        update={"responses": (text,), "scores": (score(sample.puzzle, text),)}
    )
    results = store(tmp_path, [make_submission(samples=(changed,))])
    found = export(results, tmp_path / "out")
    ((_, lines),) = found.values()
    assert lines[0]["output"]["raw"] == [text]
    (path,) = (tmp_path / "out").rglob("*_samples.jsonl")
    assert path.read_bytes().rstrip(b"\n").decode("ascii").isprintable()


@pytest.mark.parametrize("digits", [30, 4_290, 4_400, 100_000])
def test_a_number_of_thousands_of_digits_is_text_or_refused(digits: int, tmp_path: Path) -> None:
    results = store(tmp_path, [make_submission()])
    (path,) = results.rglob("*.json")
    path.write_text(path.read_text().replace("896", "9" * digits))
    try:
        entries = choose(results)
    except ValueError as refused:
        assert digits > 4_300 and len(str(refused)) < 1_000
        return
    written = write_files(tmp_path / "out", eval_files(entries, results))
    aggregate = json.loads(written[1].read_bytes())
    config = aggregate["evaluation_results"][0]["generation_config"]
    assert config["generation_args"] == {}
    shown = config["additional_details"]["generation.max_gen_toks"]
    assert shown == "9" * digits or (digits > 4_300 and shown == "too large to show")


def test_the_reference_says_what_is_right_and_long_hands_are_not_searched(tmp_path: Path) -> None:
    samples = tuple(
        Sample(
            puzzle=puzzle,
            prompt_sha256=None,
            responses=("No idea.",),
            tokens=(None,),
            scores=(score(puzzle, "No idea."),),
        )
        for puzzle in (
            Puzzle((4, 4, 6, 8)),
            Puzzle((1, 1, 1, 1)),
            Puzzle(tuple(range(901, 913)), target=7),
        )
    )
    own = make_submission(
        samples=samples, split="own hands", mean_response_tokens=None, obtained="rescored",
        source="a log",
    )  # fmt: skip
    ((_, lines),) = export(store(tmp_path, [own]), tmp_path / "out").values()
    assert [line["input"]["reference"] for line in lines] == [["24"], ["no solution"], ["7"]]
    assert "output_tokens" not in lines[0]["metadata"]


@pytest.mark.parametrize("name", ["con", "data", "NUL.txt", "unknown", "data/x", "a/aux"])
def test_names_that_no_datastore_takes_get_another_folder(name: str, tmp_path: Path) -> None:
    found = export(store(tmp_path, [make_submission(name=name)]), tmp_path / "out")
    ((aggregate, _),) = found.values()
    assert aggregate["model_info"]["developer"] == "unspecified"
    assert aggregate["model_info"]["name"] == name
    parts = aggregate["detailed_evaluation_results"]["file_path"].split("/")
    assert parts[2:4] == ["unspecified", aggregate["model_info"]["id"]]


def test_a_reported_row_with_a_hostile_source(tmp_path: Path) -> None:
    results = store(tmp_path, [make_reported(source="\x1b[31mA paper\u202e")])
    ((aggregate, _),) = export(results, tmp_path / "out").values()
    assert aggregate["source_metadata"]["source_organization_name"] == "[31mA paper"
