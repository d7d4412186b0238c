"""From results to submissions: facts, training data, verification, a reviewer's questions."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tot24_bench.checkpoint import checkpoint_sha256
from tot24_bench.game import LeakedHand, draw, held_out_targets, load_split
from tot24_bench.leaderboard import (
    Fault,
    Told,
    Training,
    check_consistent,
    describe,
    gather,
    header_path,
    mend,
    questions,
    read,
    read_training,
    submission_schema,
    write,
)
from tot24_bench.leaderboard.add import BadTraining, Contradiction
from tot24_bench.leaderboard.from_lm_eval.folder import BadResults
from tot24_bench.leaderboard.store import results_of
from tot24_bench.leaderboard.verify import verify_file

from .conftest import make_reported, make_submission
from .lm_eval_runs import edit_results


def test_a_submission_is_what_tot24_eval_would_have_stored(
    neox: Path, written: Path, tmp_path: Path
) -> None:
    """The two roads differ in what the other one cannot know, and in nothing else."""
    from tot24_bench.harness import EvaluationPlan
    from tot24_bench.leaderboard.runs import run_plans

    plan = EvaluationPlan(
        "hf",
        {"pretrained": str(neox)},
        ("game24_io",),
        shots=0,
        batch_size=8,
        device="cpu",
        limit=3,
        generation={"max_gen_toks": 8},
    )
    (stored,) = run_plans([plan], tmp_path)
    (added,) = gather(written).submissions
    theirs, ours = stored.submission.to_json(), added.to_json()
    recorded = ("versions", "hardware", "seeds", "wall_seconds", "notes", "created")
    for field in recorded:
        theirs.pop(field), ours.pop(field)
    assert ours == theirs
    assert added.key == stored.submission.key == "neox/game24_io.0shot.first3"


def test_what_is_told_is_added_and_what_was_measured_stands(written: Path) -> None:
    (submission,) = gather(written).submissions
    told = Told(
        name="my-neox", licence="MIT", link="https://example.org", base="b", notes=("a note",)
    )
    described = describe(submission, told)
    assert (described.model.name, described.model.licence) == ("my-neox", "MIT")
    assert described.model.parameters == submission.model.parameters
    assert described.notes == (*submission.notes, "a note")
    assert described.samples is submission.samples
    with pytest.raises(Contradiction, match="--parameters 7 is not what was recorded"):
        describe(submission, Told(parameters=7))
    with pytest.raises(Contradiction, match="--precision int4"):
        describe(submission, Told(precision="int4"))
    with pytest.raises(Contradiction, match="link"):
        describe(submission, Told(link="javascript:alert(1)"))
    with pytest.raises(Contradiction, match="name"):
        describe(submission, Told(name="x" * 2_000))


def test_weights_written_after_the_evaluation_are_not_said_to_have_run(
    output: Path, neox: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(neox, tmp_path / "later"))
    os.utime(folder / "model.safetensors", (4e9, 4e9))
    arguments = {"pretrained": str(folder)}
    edit_results(output, lambda results: results["config"].update(model_args=arguments))
    gathered = gather(output)
    assert gathered.submissions[0].model.checkpoint_sha256 is None
    assert "newer than the evaluation" in gathered.warnings[0]
    told = gather(output, checkpoint=folder)
    assert told.submissions[0].model.checkpoint_sha256 == checkpoint_sha256(str(folder))
    assert not told.warnings
    with pytest.raises(BadResults, match="safetensors"):
        gather(output, checkpoint=tmp_path)


def test_a_folder_of_tot24_eval_is_copied_once_it_is_verified(root: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    key = "scout-2m/game24_io.0shot"
    (theirs / "submissions" / "scout-2m").mkdir(parents=True)
    for file in (root / "results" / "submissions").glob(f"{key}.*"):
        shutil.copy(file, theirs / "submissions" / "scout-2m")
    shutil.copytree(root / "results" / "training_hands", theirs / "training_hands")
    (submission,) = gather(theirs).submissions
    assert submission.key == key
    path = theirs / "submissions" / f"{key}.json"
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r'"acc": [0-9.]+', '"acc": 0.95', text), encoding="utf-8")
    with pytest.raises(BadResults, match=r"metrics.acc is 0.95.*change nothing by hand"):
        gather(theirs)
    shutil.rmtree(path.parent)
    with pytest.raises(BadResults, match="holds no submissions"):
        gather(theirs)


def test_what_verify_would_refuse_is_refused_before_it_is_written(written: Path) -> None:
    (submission,) = gather(written).submissions
    check_consistent(submission)
    hand = " ".join(map(str, load_split("hard100")[0].hand))
    leaked = describe(submission, Told(training=Training(hands=(hand,))))
    with pytest.raises(BadResults, match="held-out"):
        check_consistent(leaked)
    with pytest.raises(BadResults, match="prompt_sha256"):
        check_consistent(make_submission())  # its prompts are made up


ROWS = {
    "rows that show hands": (
        json.dumps({"prompt": "Use.\nInput: 1 1 1 8\nAnswer: x\nInput: 8 1 1 1\n", "n": 1}) + "\n",
        ("1 1 1 8",),
        1,
    ),
    "rows that name hands": (
        '{"numbers": [1, 1, 1, 8]}\n\n{"Numbers": "11 1 1 1"}\n',
        ("1 1 1 8", "1 1 1 11"),
        2,
    ),
    "messages": (
        json.dumps({"messages": [{"role": "user", "content": "Input: 1 1 1 8\n"}]}) + "\n",
        ("1 1 1 8",),
        1,
    ),
    "an array": ('[{"hand": "1 1 1 8"}, "1, 1, 1, 11"]', ("1 1 1 8", "1 1 1 11"), 2),
    "bare hands": ("1 1 1 8\n\n1,1,1,11\n1 1 1 8\n", ("1 1 1 8", "1 1 1 11"), 3),
}


@pytest.mark.parametrize("case", ROWS)
def test_training_rows_are_read(case: str, tmp_path: Path) -> None:
    text, hands, rows = ROWS[case]
    path = tmp_path / "rows"
    path.write_text(text, encoding="utf-8")
    digest = hashlib.sha256(text.encode()).hexdigest()
    assert read_training(path) == Training(hands=hands, rows=rows, data_sha256=digest)


def test_a_held_out_hand_is_refused_however_it_is_dealt(tmp_path: Path) -> None:
    for split in ("hard100", "hardest", "val"):
        hand = load_split(split)[0].hand[::-1]
        shown = f"Input: 1 1 1 8\nAnswer: ...\nInput: {' '.join(map(str, hand))}\n"
        for text in (json.dumps({"prompt": shown}), " ".join(map(str, hand))):
            path = tmp_path / "rows.jsonl"
            path.write_text(text + "\n", encoding="utf-8")
            with pytest.raises(LeakedHand, match=split):
                read_training(path)


@pytest.mark.parametrize(
    "row",
    [
        draw("five", size=1)[0].text,
        {"numbers": "1 1 1 25"},
        {"hand": [1, 1, 4, 6], "target": sorted(held_out_targets())[0]},
        {"numbers": "1 1 4 6", "completion": "So 5 * (10 - 6) + 4 makes 24."},
        {"numbers": "1 1 4 6", "text": "five times (ten minus six) plus four"},
        {
            "prompt": "Input: 1 1 4 6\n",
            "completion": '["5", "*", "(", "10", "-", "6", ")", "+", "4"]',
        },
        {"prompt": "Make 24 of [4, 5, 6, 10].\nInput: 1 1 4 6"},
        {
            "messages": [
                {"role": "user", "content": "Input: 1 3 4 4 13"},
                {
                    "role": "assistant",
                    "content": "3 + 4 = 7; 4 + 7 = 11; 11 + 13 = 24; * 1",
                },
            ]
        },
    ],
)
def test_a_training_file_passes_the_guard_of_training_data(row: object, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    honest = {"numbers": "1 1 4 6", "completion": "4 * 6 * 1 * 1 = 24"}
    rows = [honest, row] if not isinstance(row, str) else []
    text = "".join(json.dumps(one) + "\n" for one in rows) or f"1 1 4 6\n{row}\n"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LeakedHand, match=r"rows.jsonl: line 2.*held-out"):
        read_training(path)


TEST_HAND = [10, 6, 4, 5]
SOLUTION = ["4 * 5 = 20", "10 - 6 = 4", "4 + 20 = 24"]
HIDDEN: dict[str, dict[str, object]] = {
    "a task's ground truth": {
        "reward_model": {"ground_truth": {"numbers": TEST_HAND, "target": 24}}
    },
    "a second key": {"hand": TEST_HAND},
    "the same key in capitals": {"Numbers": "10 6 4 5"},
    "a document": {"doc": {"numbers": TEST_HAND}},
    "a list of documents": {"docs": [{"cards": "4 5 6 10"}]},
    "a key of another's": {"dealt": TEST_HAND},
    "steps": {"steps": SOLUTION},
    "steps in parts": {
        "steps": [
            {"a": 4, "op": "*", "b": 5, "result": 20},
            {"a": 10, "op": "-", "b": 6, "result": 4},
            {"a": 4, "op": "+", "b": 20, "result": 24},
        ]
    },
    "tokens": {"tokens": ["(", 10, "-", 6, ")", "+", "(", 4, "*", 5, ")"]},
    "a tree": {
        "tree": {
            "op": "+",
            "left": {"op": "-", "left": 10, "right": 6},
            "right": {"op": "*", "left": 4, "right": 5},
        }
    },
    "a step a turn": {"messages": [{"role": "assistant", "content": one} for one in SOLUTION]},
    "a step a turn, with talk": {
        "messages": [
            {"role": role, "content": said}
            for one in SOLUTION
            for role, said in (("assistant", one), ("user", "Go on, please."))
        ]
    },
    "begun in the prompt": {
        "prompt": "Input: 1 1 4 6\nAnswer: (10 - 6) ",
        "completion": "+ (4 * 5) = 24",
    },
    "a key of its own": {"(10 - 6) + (4 * 5) = 24": True},
    "a target as text": {"target": "2"},
    "a target as a float": {"target": 2.0},
    "a target inside": {"extra_info": {"target": 2}},
    "a target of another hand": {"doc": {"numbers": "1 1 4 6", "target": "2"}},
}


@pytest.mark.parametrize("case", HIDDEN)
def test_nothing_held_out_hides_between_the_fields_of_a_row(case: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"numbers": [1, 1, 4, 6], **HIDDEN[case]}), encoding="utf-8")
    with pytest.raises(LeakedHand, match=r"line 1.*held-out"):
        read_training(path)


HONEST: dict[str, dict[str, object]] = {
    "counts beside a solution": {
        "completion": "4 * 6 * 1 * 1 = 24",
        "shots": 5,
        "index": 1207,
        "sample": 3,
        "seed": 42,
        "epoch": 1,
    },
    "its own steps": {
        "steps": [{"a": 4, "op": "*", "b": 6, "result": 24}, {"a": 1, "op": "*", "b": 24}]
    },
    "a reward's fields": {
        "reward_model": {"ground_truth": {"numbers": [1, 1, 4, 6], "target": "24"}},
        "extra_info": {"split": "train", "index": 12, "puzzles": "one of many"},
    },
}


@pytest.mark.parametrize("case", HONEST)
def test_fields_about_a_train_hand_are_no_leak(case: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"numbers": [1, 1, 4, 6], **HONEST[case]}), encoding="utf-8")
    assert read_training(path).hands == ("1 1 4 6",)


def test_rows_of_ours_with_exemplars_are_a_training_file(tmp_path: Path) -> None:
    from training.rows import RowConfig, make_row

    path = tmp_path / "rows.jsonl"
    config = RowConfig(few_shot_share=0.5, wide_share=0.3)
    rows = [make_row(config, index) for index in range(60)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert read_training(path).rows == 60


BAD_ROWS = {
    "no hand": ('{"text": "hello"}\n', "line 1: shows no hand"),
    "no numbers": ("1 1 1 8\nfour fours\n", "line 2: 'four fours' is no hand"),
    "nothing": ("", "no rows"),
    "not JSON": ('{"numbers": \n', "line 1: not JSON"),
    "nested where nobody looks": (
        '{"numbers": "1 1 4 6", "a": ' + "[" * 10 + '"x"' + "]" * 10 + "}\n",
        "nested deeper than 8 levels",
    ),
    "nested too deep": ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}\n", "nested too deep"),
    "a bomb of a line": ("1" * 10_000, "no hand"),
    "huge numbers": ('{"numbers": [1, 1, 1, ' + "9" * 4_000 + "]}\n", "line 1"),
    "escapes": ("\x1b[31m4 4 6 8\n", "no hand"),
}


@pytest.mark.parametrize("case", BAD_ROWS)
def test_what_is_no_training_file_is_refused_in_a_line(case: str, tmp_path: Path) -> None:
    text, message = BAD_ROWS[case]
    path = tmp_path / "rows.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadTraining, match=message) as raised:
        read_training(path)
    assert "\n" not in str(raised.value) and len(str(raised.value)) < len(str(path)) + 400


def test_a_training_file_is_a_plain_file(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("1 1 1 8\n")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    for path in (tmp_path / "link", tmp_path):
        with pytest.raises(ValueError, match="no plain file"):
            read_training(path)
    with pytest.raises(BadTraining, match="cannot be read"):
        read_training(tmp_path / "absent")


def test_a_reviewer_asks_for_what_is_missing() -> None:
    asked = " ".join(questions(make_submission(hardware="")))
    for word in ("no licence", "no link", "no hardware", "no hash", "a partial run: 3 of the 100"):
        assert word in asked
    student = make_submission(model={"teacher": "GPT-4"})
    asked = " ".join(questions(student))
    assert "which hands it was trained on" in asked and "without a base model" in asked
    hands = Training(hands=("1 1 1 8",))
    assert "who wrote the traces" in " ".join(questions(make_submission(model={"training": hands})))
    assert "not measured" in " ".join(questions(make_reported()))
    assert "not this benchmark's" in " ".join(questions(make_submission(variant="other")))
    sampled = make_submission(generation={"do_sample": True})
    assert "sampled, with one response" in " ".join(questions(sampled))


def test_of_a_complete_submission_nothing_is_asked() -> None:
    model: dict[str, Any] = {
        "licence": "MIT",
        "link": "https://example.org",
        "checkpoint_sha256": "0" * 64,
    }
    assert list(questions(make_submission(hands=100, model=model))) == []


def test_every_fault_has_a_remedy(tmp_path: Path) -> None:
    path = write(make_submission(), tmp_path)
    for fault in verify_file(path, tmp_path).faults:
        assert "tasks as they are" in mend(fault)
    assert "schema" in mend(Fault(path, "file", "something new"))
    assert "move both files" in mend(Fault(path, "place", "it belongs at x"))
    assert "change nothing by hand" in mend(Fault(path, "4 4 6 8", "correct is stored as True"))


def test_either_file_of_a_submission_names_it(tmp_path: Path) -> None:
    path = write(make_submission(), tmp_path)
    zipped = path.with_name(f"{path.stem}.samples.jsonl.gz")
    assert header_path(zipped) == header_path(path) == path
    assert results_of(path) == tmp_path
    assert results_of(Path("alone.json")) is None


def test_the_published_submissions_and_their_samples_fit_the_schema(root: Path) -> None:
    schema = submission_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    header = jsonschema.Draft202012Validator(schema)
    sample = jsonschema.Draft202012Validator({"$ref": "#/$defs/Sample", "$defs": schema["$defs"]})
    every = sorted((root / "results" / "submissions").glob("*/*.json"))
    for path in every:
        header.validate(json.loads(path.read_text(encoding="utf-8")))
    for path in every[:12]:
        for one in read(path).samples[:5]:
            sample.validate(one.to_json())


REFUSED: dict[str, Callable[[dict[str, Any]], object]] = {
    "an unknown field": lambda header: header.update(rank=1),
    "another version": lambda header: header.update(schema_version=99),
    "an accuracy of 2": lambda header: header["metrics"].update(acc=2),
    "no model": lambda header: header.pop("model"),
    "a script as a link": lambda header: header["model"].update(link="javascript:alert(1)"),
    "a hash that is none": lambda header: header.update(samples_sha256="x"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_the_schema_refuses(case: str, root: Path) -> None:
    path = root / "results" / "submissions" / "scout-2m" / "game24_io.0shot.json"
    header = json.loads(path.read_text(encoding="utf-8"))
    REFUSED[case](header)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(header, submission_schema())
    assert read(path).key  # the file itself is as it was
