"""Forgeries that no submission shows by itself, each with what an honest contributor may have.

They are made of the repository's own submissions, and written as somebody would who knows the
format: hashes, figures and places fit.
"""

from __future__ import annotations

import datetime
import gzip
import hashlib
import json
import os
import pickle
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tot24_bench.cli import app
from tot24_bench.game import draw, load_split
from tot24_bench.leaderboard import (
    Sample,
    Submission,
    TooLarge,
    Training,
    Verified,
    check_beside,
    mean_tokens_of,
    metrics_of,
    path_of,
    prompts_sha256,
    read,
    verify,
    write,
)
from tot24_bench.leaderboard.cross_checks import Gist
from tot24_bench.leaderboard.from_lm_eval.folder import BadResults
from tot24_bench.leaderboard.key import look_of
from tot24_bench.leaderboard.store import read_stream
from tot24_bench.leaderboard.submission import sha256_of
from tot24_bench.scoring import score
from tot24_bench.teachers import EXACT_SEARCH, SOLVER

runner = CliRunner()

OTHER_WEIGHTS = {"checkpoint_sha256": "1" * 64}
NOT_TAUGHT = {**OTHER_WEIGHTS, "teacher": None, "training": None}
"""Of a model that says it has nothing to do with ours."""


@pytest.fixture(scope="module")
def ours(root: Path) -> Callable[[str], Submission]:
    """A submission of the repository, by the end of its key."""
    results = root / "results"
    return lambda key: read(path_of(results, f"scout-2m/{key}"))


@pytest.fixture(scope="module")
def search(ours: Callable[[str], Submission]) -> Submission:
    """91 of 100 right, all long."""
    return ours("game24_onestep_tot.5shot")


@pytest.fixture(scope="module")
def short(ours: Callable[[str], Submission]) -> Submission:
    return ours("game24_io.5shot")


def changed(submission: Submission, **changes: Any) -> Submission:
    """Another submission; `model` holds fields of the model."""
    model = submission.model.model_copy(update=changes.pop("model", {}))
    if samples := changes.get("samples"):
        changes |= {
            "n": len(samples),
            "metrics": metrics_of(samples),
            "mean_response_tokens": mean_tokens_of(samples),
            "prompt_sha256": prompts_sha256(samples),
        }
    return Submission(**{**dict(submission), "model": model, **changes})


def written(results: Path, *submissions: Submission) -> list[Verified]:
    for submission in submissions:
        write(submission, results)
    return list(verify(results, jobs=1))


def faults(verified: list[Verified]) -> list[str]:
    return [f"{fault.where}: {fault.what}" for one in verified for fault in one.faults]


def warnings(verified: list[Verified]) -> list[str]:
    return [f"{fault.where}: {fault.what}" for one in verified for fault in one.warnings]


def same_answers(sample: Sample, change: Callable[[str], str]) -> Sample:
    """The sample with its responses changed, and scored as they are then."""
    responses = tuple(map(change, sample.responses))
    scores = tuple(
        score(sample.puzzle, response, truncated=stored.truncated)
        for response, stored in zip(responses, sample.scores, strict=True)
    )
    return sample.model_copy(update={"responses": responses, "scores": scores})


# One name, one model.


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ({"checkpoint_sha256": "1" * 64}, "one name, two checkpoints"),
        ({"parameters": 70_000_000_000}, "one name, two sizes"),
        ({"precision": "bf16"}, "one name, two precisions"),
        ({"arguments": {"peft": "someone/adapter"}}, "one name, two ways to load it"),
    ],
)
def test_one_name_for_two_models_is_refused(
    model: dict[str, Any], said: str, search: Submission, short: Submission, tmp_path: Path
) -> None:
    (fault,) = faults(written(tmp_path, search, changed(short, model=model)))
    assert said in fault and search.key in fault and short.key in fault
    found = runner.invoke(app, ["leaderboard", "verify", "--results", str(tmp_path)])
    assert found.exit_code == 2 and said in found.stderr and "--name" in found.stderr
    path = path_of(tmp_path, search.key)  # the other one is told of, too
    found = runner.invoke(app, ["leaderboard", "check", str(path)])
    assert found.exit_code == 2 and said in found.stderr


@pytest.mark.parametrize(
    "model",
    [
        {"checkpoint_sha256": None},
        {"parameters": 1_900_000},
        {"parameters": None},
        {"precision": "float32"},
        {"arguments": {"dtype": "float32", "revision": "main"}},
    ],
)
def test_what_one_of_them_does_not_say_or_says_in_other_words_is_no_contradiction(
    model: dict[str, Any], search: Submission, short: Submission, tmp_path: Path
) -> None:
    verified = written(tmp_path, search, changed(short, model=model))
    assert not faults(verified) and not warnings(verified)


@pytest.mark.parametrize(
    "name",
    [
        "Scout-2M",
        "scout-2m\u200b",
        "scout\u20112m",
        "ｓcout-2m",
        "\u0455c\u043eut-2m",
        "sco\u00adut-2m",
        "scout-2m\u2800",
        "scout-2m\U0001d159",
        "scout-2m\ue000",
        "scout-2m\u0378",
    ],
)
def test_two_names_that_look_the_same_are_refused(
    name: str, search: Submission, short: Submission, tmp_path: Path
) -> None:
    (fault,) = faults(written(tmp_path, search, changed(short, model={"name": name})))
    assert "two names that look the same" in fault and ascii(name) in fault


def test_names_that_a_reader_tells_apart_are_two() -> None:
    names = ("GPT-4", "GPT-4o", "GPT-40", "Qwen-1.5B", "Qwen-15B", "org/m", "m", "é", "e", "模型")
    assert len(set(map(look_of, names))) == len(names)


def test_one_name_for_two_sources_without_a_hash_is_odd(
    search: Submission, short: Submission, tmp_path: Path
) -> None:
    one = changed(search, model={"checkpoint_sha256": None})
    other = changed(short, model={"checkpoint_sha256": None, "source": "gpt-4o-2024-08-06"})
    verified = written(tmp_path, one, other)
    assert not faults(verified) and "two sources" in warnings(verified)[0]


@pytest.mark.parametrize(
    "name",
    [
        "Solver (exact search)",
        "solver: exact search",
        "Solver – exact search",
        "s\u043elver exact-search",
    ],
)
def test_nobody_takes_the_name_of_the_solver(name: str, search: Submission, tmp_path: Path) -> None:
    (fault,) = faults(written(tmp_path, changed(search, model={"name": name})))
    assert "the solver's name" in fault


# One checkpoint, one training.


@pytest.mark.parametrize(
    "model",
    [
        {"training": None},
        {"training": Training(hands=("1 1 1 8",))},
        {"teacher": "openai: gpt-4o"},
    ],
)
def test_one_checkpoint_with_two_declarations_of_its_training_is_refused(
    model: dict[str, Any], search: Submission, short: Submission, tmp_path: Path
) -> None:
    for name in ("scout-2m", "another"):
        other = changed(short, model={**model, "name": name})
        (fault,) = faults(written(tmp_path / name, search, other))
        assert "one checkpoint, two training declarations" in fault
        assert search.key in fault and other.key in fault


def test_so_it_is_where_only_the_way_to_load_it_differs_and_an_adapter_is_other_weights(
    search: Submission, short: Submission, tmp_path: Path
) -> None:
    untold = {"name": "another", "training": None, "teacher": None}
    other = changed(short, model={**untold, "arguments": {"revision": "v2"}})
    (fault,) = faults(written(tmp_path / "a", search, other))
    assert "one checkpoint, two training declarations" in fault
    other = changed(short, model={**untold, "arguments": {"peft": "someone/adapter"}})
    assert not faults(written(tmp_path / "b", search, other))


def test_the_older_name_of_the_solver_is_no_other_teacher(
    search: Submission, short: Submission, tmp_path: Path
) -> None:
    path = write(search, tmp_path)
    path.write_text(path.read_text().replace(f'"{SOLVER}"', f'"solver: {EXACT_SEARCH}"'))
    assert read(path) == search
    assert not faults(written(tmp_path, short))


def test_one_checkpoint_under_two_names_is_odd_and_in_two_precisions_is_not(
    search: Submission, short: Submission, tmp_path: Path
) -> None:
    renamed = changed(short, model={"name": "another"})
    verified = written(tmp_path / "a", search, renamed)
    assert not faults(verified) and "one checkpoint, two names" in warnings(verified)[0]
    bf16 = {"name": "scout-2m-bf16", "precision": "bf16"}
    verified = written(tmp_path / "b", short, changed(short, model=bf16))
    assert not faults(verified) and not warnings(verified)
    verified = written(tmp_path / "c", search, changed(search, model=bf16))
    assert not faults(verified) and "100 of 100" in warnings(verified)[0]


# Whose responses they are.


def rival(search: Submission, **changes: Any) -> Submission:
    model = {"name": "rival", **NOT_TAUGHT, **changes.pop("model", {})}
    return changed(search, model=model, **changes)


def test_responses_of_another_model_are_refused(search: Submission, tmp_path: Path) -> None:
    (fault,) = faults(written(tmp_path, search, rival(search)))
    assert "100 of 100 responses are those of another model" in fault
    assert search.key in fault and "rival/" in fault


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.upper().replace("\n", " \u200b\n"),
        lambda text: text + "\nDone.",
        lambda text: "Let me see.\n" + text,
        lambda text: text.replace("left", "rest").replace("Steps", "Thoughts"),
        lambda text: text.replace("*", "×").replace("/", "÷").replace("-", "−"),
        lambda text: text.replace("*", r"\times"),
        lambda text: text.replace("\n", "\n- ").replace("Path", "The **way**"),
        lambda text: re.sub("^", "1. ", text, flags=re.MULTILINE),
        lambda text: text + "\nCheck: 1 + 1 = 2",
    ],
)
def test_so_they_are_in_another_dress_and_some_not_copied(
    change: Callable[[str], str], search: Submission, tmp_path: Path
) -> None:
    samples = tuple(
        same_answers(one, lambda _, i=i: f"I looked for a way and there is none, try {i}. " * 3)
        if i < 5
        else same_answers(one, change)
        for i, one in enumerate(search.samples)
    )
    copy = rival(search, samples=[one.model_copy(update={"tokens": (150,)}) for one in samples])
    found = faults(written(tmp_path, search, copy))
    assert any("95 of 100 responses are those" in fault for fault in found), found


def test_so_are_the_solvers_own(root: Path, tmp_path: Path) -> None:
    (path,) = (root / "results/submissions").glob("solver*/game24_onestep_tot.0shot.json")
    solver = read(path)
    copy = changed(solver, model={"name": "genius", "backend": "hf", "source": "genius"})
    assert "responses are those" in faults(written(tmp_path / "a", solver, copy))[0]
    taught = changed(copy, model={"teacher": SOLVER})
    assert "responses are those" in faults(written(tmp_path / "b", solver, taught))[0]


def test_so_are_those_that_were_published_by_their_hashes(
    search: Submission, tmp_path: Path
) -> None:
    samples = tuple(
        one.model_copy(
            update={"responses": (), "responses_sha256": tuple(map(sha256_of, one.responses))}
        )
        for one in search.samples
    )
    model = {"name": "GPT-X", **NOT_TAUGHT, "checkpoint_sha256": None}
    log = changed(search, model=model, samples=samples, obtained="rescored", source="a log")
    assert "100 of 100" in faults(written(tmp_path / "a", log, rival(search)))[0]
    renamed = changed(log, model={"name": "GPT-Y"})
    assert "100 of 100" in faults(written(tmp_path / "b", log, renamed))[0]


def test_a_choice_among_many_published_responses_is_one_of_them(root: Path, tmp_path: Path) -> None:
    """The best of nine samples as one response of somebody else's."""
    many = read(path_of(root / "training/study", "cot-2m-s0/game24_cot.0shot.x9"))
    chosen = []
    for one in many.samples:
        i = max(range(9), key=lambda i, one=one: one.scores[i].correct)
        fields = {name: (getattr(one, name)[i],) for name in ("responses", "tokens", "scores")}
        chosen.append(one.model_copy(update=fields))
    best = changed(many, model={"name": "rival", **NOT_TAUGHT}, samples=tuple(chosen), repeats=1)
    assert "of another model" in faults(written(tmp_path, many, best))[0]


def test_short_answers_may_coincide(short: Submission, tmp_path: Path) -> None:
    verified = written(tmp_path, short, rival(short))
    assert not faults(verified) and not warnings(verified)


def test_a_text_that_a_model_writes_whatever_is_asked_proves_nothing(
    search: Submission, tmp_path: Path
) -> None:
    text = "I have tried each pair of the numbers and found nothing that makes the target. " * 3
    samples = tuple(
        same_answers(one, lambda _: text).model_copy(update={"tokens": (60,)})
        for one in search.samples
    )
    weak = changed(search, samples=[
        one.model_copy(update={"scores": (score(one.puzzle, text),)}) for one in samples
    ])  # fmt: skip
    verified = written(tmp_path, weak, rival(weak))
    assert not faults(verified) and not warnings(verified)


def test_right_searches_of_two_students_of_the_solver_are_its_and_prove_nothing(
    search: Submission, ours: Callable[[str], Submission], tmp_path: Path
) -> None:
    """9 of the 100 are wrong: too few. On the harder hands 51 are wrong, and equal."""
    sister = {**OTHER_WEIGHTS, "name": "sister", "training": Training(hands=("1 1 1 8",))}
    verified = written(tmp_path / "a", search, changed(search, model=sister))
    assert not faults(verified) and "100 of 100" in warnings(verified)[0]
    hardest = ours("game24_onestep_tot_hardest.0shot")
    (fault,) = faults(written(tmp_path / "b", hardest, changed(hardest, model=sister)))
    assert "361 of 361" in fault


def test_a_twin_and_a_descendant_that_say_so_are_a_question(
    search: Submission, tmp_path: Path
) -> None:
    twin = changed(search, model={**OTHER_WEIGHTS, "name": "my-scout"})
    quantised = rival(search, model={"name": "scout-int8", "base": "scout-2m"})
    for i, one in enumerate((twin, quantised)):
        verified = written(tmp_path / str(i), search, one)
        assert not faults(verified) and "100 of 100" in warnings(verified)[0]


# Tokens, dates, tasks, parts.


def with_one(submission: Submission, **changes: Any) -> Submission:
    first, *others = submission.samples
    return changed(submission, samples=(first.model_copy(update=changes), *others))


def test_a_response_at_the_limit_that_is_not_cut_off_is_refused(
    search: Submission, tmp_path: Path
) -> None:
    response = search.samples[0].responses[0]
    limit = search.samples[0].tokens[0]
    tight = changed(search, generation={**search.generation, "max_gen_toks": limit})
    assert f"its {limit} tokens reach the limit" in faults(written(tmp_path / "a", tight))[0]
    cut = with_one(search, scores=(score(search.samples[0].puzzle, response, truncated=True),))
    assert "do not reach the limit" in faults(written(tmp_path / "b", cut))[0]


@pytest.mark.parametrize("name", ["max_gen_toks", "max_tokens", "max_new_tokens"])
@pytest.mark.parametrize("kind", [int, str, float])
def test_the_limit_is_read_under_each_of_its_names_and_as_people_write_it(
    name: str, kind: type, search: Submission, tmp_path: Path
) -> None:
    limit = search.samples[0].tokens[0]
    assert limit is not None
    tight = changed(search, generation={name: kind(limit)})
    assert f"its {limit} tokens reach the limit" in faults(written(tmp_path, tight))[0]


@pytest.mark.parametrize("limit", [True, None, [896], "many", "9" * 5_000, 895.5, 1e300, 0, -1])
def test_a_limit_that_is_no_number_is_refused(
    limit: object, search: Submission, tmp_path: Path
) -> None:
    (fault,) = faults(written(tmp_path, changed(search, generation={"max_tokens": limit})))
    assert fault.startswith("generation.max_tokens: ") and "no number of tokens" in fault
    assert len(fault) < 200


def test_two_limits_are_refused_and_none_is_odd(search: Submission, tmp_path: Path) -> None:
    two = changed(search, generation={"max_gen_toks": 896, "max_tokens": 900})
    assert "say two limits" in faults(written(tmp_path / "a", two))[0]
    same = changed(search, generation={"max_gen_toks": 896, "max_tokens": "896"})
    assert not faults(written(tmp_path / "b", same))
    verified = written(tmp_path / "c", changed(search, generation={}))
    assert not faults(verified) and "no max_gen_toks" in warnings(verified)[0]


@pytest.mark.parametrize(("tokens", "said"), [(800, "bytes"), (1, "characters")])
def test_tokens_that_the_text_cannot_have_are_refused(
    tokens: int, said: str, search: Submission, tmp_path: Path
) -> None:
    assert 100 < len(search.samples[0].responses[0]) < 780
    (fault,) = faults(written(tmp_path, with_one(search, tokens=(tokens,))))
    assert f"{tokens} tokens, but the response has" in fault and said in fault


def test_a_run_of_one_sign_may_be_few_tokens(search: Submission, tmp_path: Path) -> None:
    puzzle, text = search.samples[0].puzzle, "=" * 640
    one = with_one(search, responses=(text,), tokens=(10,), scores=(score(puzzle, text),))
    assert not faults(written(tmp_path, one))


@pytest.mark.parametrize(
    ("date", "said"),
    [
        (datetime.date(2022, 12, 31), "before 2023"),
        (datetime.date(1, 1, 1), "before 2023"),
        (datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=3), "in the future"),
    ],
)
def test_a_date_that_cannot_be_is_refused(
    date: datetime.date, said: str, search: Submission, tmp_path: Path
) -> None:
    (fault,) = faults(written(tmp_path, changed(search, created=date)))
    assert fault.startswith("created: ") and said in fault


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ("game24_io", "is the task of io, and the method is onestep_tot"),
        ("game24_onestep_tot_fresh", "asks fresh, and the split is hard100"),
        ("game24", "is no task of the method"),
        ("gsm8k", "is no task of the method onestep_tot: that is game24_onestep_tot"),
    ],
)
def test_a_task_that_is_not_the_methods_is_refused(
    task: str, said: str, search: Submission, tmp_path: Path
) -> None:
    (fault,) = faults(written(tmp_path, changed(search, task=task)))
    assert said in fault


def test_a_run_of_part_of_the_hands_is_refused_where_git_keeps_the_results(
    search: Submission, tmp_path: Path
) -> None:
    """Whoever chooses when to stop chooses the figure."""
    part = changed(search, samples=search.samples[:7])
    results = tmp_path / "results"
    assert not faults(written(results, part))
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    assert not faults(list(verify(results)))  # a repository, but they are not part of it
    subprocess.run(["git", "-C", results, "add", "-f", "submissions"], check=True)
    (fault,) = faults(list(verify(results)))
    assert "a --limit run, 7 of the 100 hands of hard100" in fault
    with pytest.raises(BadResults, match=r"--limit run.*--results"):
        check_beside([part], results)
    full = written(tmp_path / "full", search)
    assert not faults(full)


def test_so_it_is_where_there_is_a_repository_and_git_says_nothing_of_it(
    search: Submission, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = tmp_path / "results"
    write(changed(search, samples=search.samples[:7]), results)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    subprocess.run(["git", "-C", results, "add", "-f", "submissions"], check=True)
    monkeypatch.setenv("GIT_DIR", "/nope")  # it points elsewhere, and is passed over
    assert "folder that git keeps" in faults(list(verify(results)))[0]
    (tmp_path / ".git" / "HEAD").write_text("broken")
    assert "folder that git may keep (it cannot be asked: fatal" in faults(list(verify(results)))[0]
    monkeypatch.setenv("PATH", "")
    assert "(it cannot be asked: FileNotFoundError)" in faults(list(verify(results)))[0]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="chown needs root")
def test_so_it_is_in_a_folder_of_another_user(search: Submission, tmp_path: Path) -> None:
    results = tmp_path / "results"
    write(changed(search, samples=search.samples[:7]), results)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    subprocess.run(["git", "-C", results, "add", "-f", "submissions"], check=True)
    for path in (tmp_path, *tmp_path.rglob("*")):
        os.chown(path, 12_345, 12_345)
    assert "folder that git keeps" in faults(list(verify(results)))[0]


def test_a_draw_of_ones_own_is_refused_where_git_keeps_the_results(
    ours: Callable[[str], Submission], tmp_path: Path
) -> None:
    """Whoever chooses the seed chooses the hands."""
    fresh = ours("game24_onestep_tot_fresh.0shot")
    five = draw("fresh", size=5)
    samples = [one for one in fresh.samples if one.puzzle in five]
    few = changed(fresh, split="fresh-n5", samples=samples)
    results = tmp_path / "results"
    assert not faults(written(results, few, fresh))
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    subprocess.run(["git", "-C", results, "add", "-f", "submissions"], check=True)
    (fault,) = faults(list(verify(results)))
    assert "a draw of one's own, fresh-n5" in fault


def test_add_refuses_what_verify_would(search: Submission, tmp_path: Path) -> None:
    write(search, tmp_path)
    with pytest.raises(BadResults, match="responses are those of another model"):
        check_beside([rival(search)], tmp_path)
    assert check_beside([search], tmp_path) == ()  # the one that it replaces is not beside it


# Training hands in a file of their own.


def test_training_hands_stand_once_and_are_read_back(
    search: Submission, short: Submission, tmp_path: Path
) -> None:
    assert not faults(written(tmp_path, search, short))
    (file,) = (tmp_path / "training_hands").iterdir()
    assert hashlib.sha256(file.read_bytes()).hexdigest() == file.stem
    path = path_of(tmp_path, short.key)
    assert read(path) == short
    assert json.loads(path.read_text())["model"]["training"]["hands_sha256"] == file.stem
    assert path.stat().st_size < 4_000


def test_an_older_file_that_holds_them_is_read(search: Submission, tmp_path: Path) -> None:
    path = write(search, tmp_path)
    header = json.loads(path.read_text())
    assert search.model.training is not None
    header["model"]["training"] = search.model.training.to_json()
    path.write_text(json.dumps(header))
    assert "they belong in training_hands" in faults(list(verify(tmp_path)))[0]
    path.write_text(json.dumps({**header, "schema_version": 2}))
    assert read(path) == search
    done = runner.invoke(app, ["leaderboard", "upgrade", "--results", str(tmp_path)])
    assert "wrote 1 submissions again, 0 responses scored otherwise" in done.stdout, done.output
    assert json.loads(path.read_text())["schema_version"] == 3
    assert read(path) == search and not faults(list(verify(tmp_path)))


def test_upgrade_scores_again_and_removes_lists_that_nobody_names(
    search: Submission, tmp_path: Path
) -> None:
    wrong = next(i for i, one in enumerate(search.samples) if not one.scores[0].correct)
    right = search.samples[0].scores[0]
    samples = list(search.samples)
    samples[wrong] = samples[wrong].model_copy(update={"scores": (right,)})
    path = write(changed(search, samples=samples), tmp_path)
    (tmp_path / "training_hands" / f"{'0' * 64}.txt").write_text("1 1 1 8\n")
    done = runner.invoke(app, ["leaderboard", "upgrade", "--results", str(tmp_path)])
    assert "1 responses scored otherwise" in done.stdout and "correct, now" in done.stdout
    assert read(path) == search and not faults(list(verify(tmp_path)))


def test_a_key_that_stands_twice_and_an_empty_list_of_hands_are_refused(
    search: Submission, tmp_path: Path
) -> None:
    path = write(search, tmp_path)
    text = path.read_text()
    path.write_text(text.replace('"n": 100', '"n": 5, "n": 100'))
    assert "'n' stands 2 times in one object" in faults(list(verify(tmp_path)))[0]
    path.write_text(text)
    zipped = path.with_name(path.stem + ".samples.jsonl.gz")
    lines = gzip.decompress(zipped.read_bytes())
    twice = lines.replace(b'"tokens":', b'"tokens":[1],"tokens":', 1)
    zipped.write_bytes(gzip.compress(twice))
    path.write_text(text.replace(*(hashlib.sha256(one).hexdigest() for one in (lines, twice))))
    assert "line 1: 'tokens' stands 2 times" in faults(list(verify(tmp_path)))[0]
    zipped.write_bytes(gzip.compress(lines))
    empty = hashlib.sha256(b"").hexdigest()
    (file,) = (tmp_path / "training_hands").iterdir()
    file.with_name(f"{empty}.txt").write_bytes(b"")
    path.write_text(text.replace(file.stem, empty))
    assert "is empty: it holds the training hands" in faults(list(verify(tmp_path)))[0]


def test_what_is_said_beside_the_samples_is_bounded(search: Submission, tmp_path: Path) -> None:
    wide = changed(search, generation={f"k{i}": [] for i in range(30_000)})
    with pytest.raises(TooLarge, match="all but the samples is larger than"):
        write(wide, tmp_path)
    assert not list(tmp_path.rglob("*.json"))
    fitting = changed(search, generation={"max_gen_toks": 896, **{f"k{i}": [] for i in range(900)}})
    path = write(fitting, tmp_path)
    gist = Gist(path, *read_stream(path))
    assert gist.header.key == search.key and len(pickle.dumps(gist.header)) < 5_000


def test_changed_missing_and_foreign_lists_of_hands_are_refused(
    search: Submission, tmp_path: Path
) -> None:
    write(search, tmp_path)
    (file,) = (tmp_path / "training_hands").iterdir()
    hands = file.read_bytes()
    file.write_bytes(hands.partition(b"\n")[2])
    assert "is not the hash of" in faults(list(verify(tmp_path)))[0]
    file.unlink()
    assert "is missing beside submissions: commit it too" in faults(list(verify(tmp_path)))[0]
    file.write_bytes(hands)
    (file.parent / "notes.txt").write_text("x")
    assert "training hands of no submission: remove it" in faults(list(verify(tmp_path)))[0]
    file.parent.rename(tmp_path / "away")
    file.parent.symlink_to(tmp_path / "away")
    assert "is a link" in faults(list(verify(tmp_path)))[0]


def test_a_test_hand_in_such_a_list_is_caught_by_the_guard(
    search: Submission, tmp_path: Path
) -> None:
    leaked = Training(hands=("1 1 1 8", load_split("hard100")[7].text))
    found = faults(written(tmp_path, changed(search, model={"training": leaked})))
    assert any("model.training: " in fault and "hard100" in fault for fault in found)


# What is read is hostile.


@pytest.fixture
def alarm() -> Iterator[None]:
    """Ends a test that waits for somebody to write into a pipe."""

    def ring(*_: object) -> None:
        raise TimeoutError("it hangs")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(30)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("which", ["json", "samples", "hands", "another", "loose"])
def test_a_pipe_does_not_hang_it(
    which: str, short: Submission, tmp_path: Path, alarm: None
) -> None:
    path = write(short, tmp_path)
    (hands,) = (tmp_path / "training_hands").iterdir()
    place = {
        "json": path,
        "samples": path.with_name(f"{path.stem}.samples.jsonl.gz"),
        "hands": hands,
        "another": path.with_name("another.json"),
        "loose": path.with_name("pipe"),
    }[which]
    place.unlink(missing_ok=True)
    os.mkfifo(place)
    found = runner.invoke(app, ["leaderboard", "verify", "--results", str(tmp_path)])
    assert found.exit_code == 2
    assert "a pipe or a device" in found.stderr or "belongs to no submission" in found.stderr
    if which != "loose":
        page = runner.invoke(app, ["leaderboard", "--results", str(tmp_path)])
        assert page.exit_code == 2 and "a pipe or a device" in page.stderr


BOMBS = {
    "few long lines": lambda short: (
        changed(short, samples=short.samples[:6], generation={}),
        [
            one.model_dump_json(exclude={"search"}).replace(
                '"responses":["', f'"responses":["{" " * 30_000_000}\U0001f600'
            )
            for one in short.samples[:6]
        ],
    ),
    "many short lines": lambda short: (short, [short.samples[0].model_dump_json()] * 300_000),
}

PEAK = """
from tot24_bench.cli import app
try:
    app()
finally:
    with open("/proc/self/status") as status:
        print(*(line.split()[1] for line in status if line.startswith("VmHWM")))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc: no peak of memory")
@pytest.mark.parametrize("kind", BOMBS)
def test_a_bomb_takes_the_memory_of_one_sample(
    kind: str, short: Submission, tmp_path: Path
) -> None:
    """180 MB in 180 KB of gzip took 980 MB, 130 MB of samples in 580 KB took 680."""
    submission, lines = BOMBS[kind](short)
    path = write(submission, tmp_path)
    data = "".join(f"{line}\n" for line in lines).encode()
    path.with_name(f"{path.stem}.samples.jsonl.gz").write_bytes(gzip.compress(data, 6))
    header = json.loads(path.read_text()) | {"samples_sha256": hashlib.sha256(data).hexdigest()}
    path.write_text(json.dumps(header))
    command = [sys.executable, "-c", PEAK, "leaderboard", "verify", "--jobs", "1"]
    done = subprocess.run(
        [*command, "--results", str(tmp_path)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 2, done.stderr
    peak = int(done.stdout.split()[-1]) // 1024
    assert peak < 500, f"{peak} MB"
