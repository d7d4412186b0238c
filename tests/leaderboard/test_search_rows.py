"""Rows of searches: what they hold, every rule of theirs broken once, and where they are shown."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from typer.testing import CliRunner

from tot24_bench.cli import app
from tot24_bench.game import Puzzle, load_split
from tot24_bench.harness import SEARCH_TASK, EvaluationPlan
from tot24_bench.leaderboard import (
    CannotRerun,
    Searched,
    Submission,
    check_consistent,
    compare,
    path_of,
    plan_keys,
    questions,
    read,
    render_entries,
    render_markdown,
    report_of,
    rerun,
    rows,
    search_submission,
    verify,
    write,
)
from tot24_bench.leaderboard.cross_checks import Gist, together
from tot24_bench.leaderboard.export import eval_files, hub_files, render_csv, render_latex
from tot24_bench.leaderboard.tables.compare import match, tokens_per_solved
from tot24_bench.leaderboard.tables.pairing import conclusion, pair
from tot24_bench.leaderboard.tables.ranks import ranks
from tot24_bench.leaderboard.verify import upgrade, verify_file
from tot24_bench.prompts import NotAState, build, build_step
from tot24_bench.search import (
    SEARCH_METHODS,
    SearchReport,
    SearchSettings,
    first_prompt,
)

from .conftest import entries, make_sample, make_submission
from .searches import BFS, ORACLE, SYMBOLIC, WRONG, make_evaluation, make_search, record_of

runner = CliRunner()


def alone(right: int) -> Callable[[int], Sequence[bool]]:
    return lambda place: (place < right,)


def faults(results: Path) -> list[str]:
    return [f"{fault.where}: {fault.what}" for one in verify(results, 1) for fault in one.faults]


# What a row holds.


def test_it_says_what_its_search_did_and_reads_back_equal(tmp_path: Path) -> None:
    submission = make_search()
    search = submission.search
    assert search is not None
    assert (submission.method, submission.task) == ("tot_bfs", "game24_search")
    assert submission.metrics.acc == pytest.approx(2 / 3)
    assert (search.any_final, search.mean_final) == (1.0, pytest.approx(5 / 6))
    assert (search.calls, search.states, search.dropped, search.unjudged) == (40, 25, 2, 1)
    assert (search.sent, search.out_of_budget) == (110, 0)
    assert submission.total_tokens == 1_200 and submission.mean_response_tokens == 20
    assert submission.mean_prompt_tokens is None  # of a prompt that no model was shown
    assert submission.generation == {
        "top_p": 0.9,
        "do_sample": True,
        "temperature": 0.7,
        "limits": {"propose": 256, "value": 128, "answer": 128},
    }
    path = write(submission, tmp_path)
    assert read(path) == submission
    assert Submission.from_json(json.loads(json.dumps(submission.to_json()))) == submission
    assert not faults(tmp_path) and not verify_file(path, tmp_path).warnings
    check_consistent(submission)


def test_its_first_prompt_is_the_one_that_it_sends() -> None:
    puzzle = load_split("hard100")[0]
    numbers = puzzle.numbers
    for method in ("tot_bfs", "tot_dfs", "mcts"):
        chosen = SearchSettings(method=method)  # type: ignore[arg-type]
        asked = build_step("propose", puzzle, numbers, shots=2)
        assert first_prompt(chosen, puzzle, 2) == asked
    for method in ("self_consistency", "best_of_k", "refine"):
        chosen = SearchSettings(method=method, prompt="onestep_tot")  # type: ignore[arg-type]
        assert first_prompt(chosen, puzzle, 5) == build("onestep_tot", puzzle, shots=5)
    for sample in make_search().samples:
        assert sample.prompt_sha256 == first_prompt(BFS, sample.puzzle, 0).sha256
    with pytest.raises(NotAState, match="not 7"):
        first_prompt(BFS, Puzzle.parse("1 2 3 4 5 6 7"), 0)


def test_its_settings_and_its_split_are_in_its_key(tmp_path: Path) -> None:
    whole = make_search(hands=100)
    assert whole.key == "scout-2m-search/game24_search.0shot.tot_bfs-b5"
    hardest = make_search(hands=361, split="hardest", chat=True)
    assert hardest.key == "scout-2m-search/game24_search_hardest.0shot.tot_bfs-b5.chat"
    named = Submission(**{**dict(hardest), "task": "game24_search_hardest"})
    assert named.key == hardest.key
    part = make_search(SearchSettings(method="mcts", exploration=0.5), right=alone(1), shots=2)
    assert part.key == "scout-2m-search/game24_search.2shot.mcts-n50-c0p5.first3"
    for one in (whole, hardest, part):
        assert path_of(tmp_path, one.key).resolve().is_relative_to(tmp_path.resolve())
    plan = EvaluationPlan(
        "hf", {"pretrained": "a/scout-2m-search"}, (SEARCH_TASK,), shots=0, limit=3
    )
    assert plan_keys(plan, "scout-2m-search", BFS) == (make_search().key,)


@given(
    st.lists(
        st.tuples(
            st.lists(st.booleans(), min_size=1, max_size=5),
            st.integers(0, 500),
            st.none() | st.integers(0, 10**6),
            st.booleans(),
        ),
        min_size=1,
        max_size=8,
    )
)
@settings(max_examples=40, deadline=None)
def test_a_report_is_what_the_hands_give(
    hands: list[tuple[list[bool], int, int | None, bool]],
) -> None:
    asked = load_split("hard100")[: len(hands)]
    records = {
        puzzle: record_of(puzzle, right, calls=calls, prompt_tokens=shown, out_of_budget=out)
        for puzzle, (right, calls, shown, out) in zip(asked, hands, strict=True)
    }
    sent = sum(calls for _, calls, _, _ in hands)
    searched = Searched(records, oracle_stop=False, symbolic_step=False, sent=sent, limits={})
    chosen = SearchSettings(method="tot_bfs", max_tokens_per_hand=10**9)
    report = search_submission(make_evaluation(records), chosen, searched).search
    assert report is not None
    assert report.any_final == pytest.approx(fmean(any(right) for right, *_ in hands))
    assert report.mean_final == pytest.approx(fmean(fmean(right) for right, *_ in hands))
    assert report.out_of_budget == sum(out for *_, out in hands)
    known = [shown for _, _, shown, _ in hands if shown is not None]
    whole = len(known) == len(hands)
    assert report.prompt_tokens == (pytest.approx(fmean(known)) if whole else None)
    assert (report.tokens is None) is not whole


def test_what_a_search_recorded_must_fit_its_evaluation() -> None:
    puzzle = load_split("hard100")[0]
    records = {puzzle: record_of(puzzle, (True,))}
    evaluation = make_evaluation(records)
    searched = Searched(records, oracle_stop=False, symbolic_step=False, sent=1, limits={})
    with pytest.raises(ValueError, match="no record of the search for 4 5 6 10"):
        search_submission(evaluation, BFS, searched._replace(records={}))
    with pytest.raises(ValueError, match=r"4 5 6 10: search.finals\[0\] is not the one response"):
        other = {puzzle: record_of(puzzle, (False,))}
        search_submission(evaluation, BFS, searched._replace(records=other))
    task = evaluation.tasks[0]._replace(task="game24_io")
    with pytest.raises(ValueError, match="alone, not as game24_io"):
        search_submission(evaluation._replace(tasks=(task,)), BFS, searched)


# Every rule, broken once.

Edit = Callable[[dict[str, Any], list[dict[str, Any]]], None]


def header(**changes: Any) -> Edit:
    return lambda head, samples: head.update(changes)


def report(**changes: Any) -> Edit:
    return lambda head, samples: head["search"].update(changes)


def hand(**changes: Any) -> Edit:
    return lambda head, samples: samples[1]["search"].update(changes)


def sample(**changes: Any) -> Edit:
    return lambda head, samples: samples[1].update(changes)


def twice(head: dict[str, Any], samples: list[dict[str, Any]]) -> None:
    head["repeats"] = 2
    for one in samples:
        for name in ("responses", "tokens", "scores"):
            one[name] = one[name] * 2


def withheld(head: dict[str, Any], samples: list[dict[str, Any]]) -> None:
    samples[1]["responses_sha256"] = [hashlib.sha256(b"x").hexdigest()]
    samples[1]["responses"] = []


def as_io(head: dict[str, Any], samples: list[dict[str, Any]]) -> None:
    head |= {"search": None, "method": "io", "task": "game24_io"}


def of_settings(chosen: SearchSettings, **changes: Any) -> Edit:
    def edit(head: dict[str, Any], samples: list[dict[str, Any]]) -> None:
        head["search"] |= {"settings": chosen.to_json(), **changes}
        head["method"] = chosen.method

    return edit


ORACLE_DFS = SearchSettings(method="tot_dfs", oracle=True)

REFUSED: dict[str, tuple[Edit, str]] = {
    "no report": (header(search=None), "search is missing: tot_bfs is a search"),
    "a report of no search": (header(method="io"), "settings are of tot_bfs, but the method is io"),
    "another method": (header(method="mcts"), "settings are of tot_bfs, but the method is mcts"),
    "an unknown method": (header(method="tot_dijkstra"), "'tot_dijkstra' is not one of"),
    "another task": (header(task="game24_io"), "task is game24_io, but a search of hard100"),
    "a task of another split": (header(task="game24_search_val"), "task is game24_search_val"),
    "a task like it": (header(task="game24_search2"), "task is game24_search2"),
    "a variant": (header(variant="published"), "variant is published"),
    "somebody else's": (header(obtained="rescored", source="a log"), "measured here, not rescored"),
    "tokens of a prompt": (header(mean_prompt_tokens=7), "mean_prompt_tokens is not said"),
    "a label": (header(label="my search"), "label is for other methods"),
    "any of the answers": (report(any_final=0.9), "search.any_final is 0.9, but the stored"),
    "mean of the answers": (report(mean_final=0.9), "search.mean_final is 0.9"),
    "calls": (report(calls=39), "search.calls is 39"),
    "prompt tokens": (report(prompt_tokens=1), "search.prompt_tokens is 1"),
    "prompt tokens left out": (report(prompt_tokens=None), "search.prompt_tokens is None"),
    "prompt tokens of a hand left out": (hand(prompt_tokens=None), "samples give None"),
    "completion tokens": (report(completion_tokens=1), "search.completion_tokens is 1"),
    "states": (report(states=1), "search.states is 1"),
    "dropped": (report(dropped=0), "search.dropped is 0"),
    "unjudged": (report(unjudged=0), "search.unjudged is 0"),
    "out of budget": (hand(out_of_budget=True), "search.out_of_budget is 0, but .* give 1"),
    "more sent than asked": (report(sent=121), "sent is 121, but all hands together need 120"),
    "less than nothing sent": (report(sent=-1), "sent"),
    "more answers than it keeps": (
        of_settings(SearchSettings(method="tot_bfs", beam=1)),
        "search.finals of 4 5 6 10 are 2, but it keeps 1",
    ),
    "chosen by right answers": (
        of_settings(ORACLE),
        "oracle_stop is false, but the settings use right answers",
    ),
    "refined by right answers": (
        of_settings(SearchSettings(method="refine")),
        "oracle_stop is false",
    ),
    "stopped by right answers": (of_settings(ORACLE_DFS), "oracle_stop is false"),
    "answers by code": (
        of_settings(SearchSettings(method="tot_bfs", answer="symbolic")),
        "symbolic_step is false, but by the settings code does arithmetic",
    ),
    "answers worked out by code": (
        of_settings(SearchSettings(method="best_of_k", choose="value")),
        "symbolic_step is false, but by the settings code does arithmetic",
    ),
    "out of a budget that there is not": (
        lambda head, samples: (
            hand(out_of_budget=True)(head, samples),
            report(out_of_budget=1)(head, samples),
        )[1],
        "search.out_of_budget of 1 2 4 7, but its settings have no budget",
    ),
    "a setting of another method": (
        of_settings(BFS, settings=BFS.to_json() | {"k": 3}),
        "tot_bfs has no k",
    ),
    "a beam of none": (of_settings(BFS, settings=BFS.to_json() | {"beam": 0}), "settings.beam"),
    "a hand without a search": (sample(search=None), "sample of 1 2 4 7 has no search"),
    "a search in a plain row": (as_io, "method is io, but the sample of 4 5 6 10 has a search"),
    "another first answer": (hand(finals=["x", "y"]), r"search.finals\[0\] is not the one resp"),
    "two responses": (twice, r"search.finals\[0\] is not the one response"),
    "a response withheld": (withheld, r"search.finals\[0\] is not the one response"),
    "another judgement": (hand(right=[False, True]), r"search.right\[0\] is False, but its score"),
    "a judgement too few": (hand(right=[True]), "2 finals, but 1 of them judged"),
    "no answers": (hand(finals=[], right=[]), "finals"),
    "thousands of answers": (hand(finals=["x"] * 1_001), "finals"),
    "fewer than no calls": (hand(calls=-1), "calls"),
    "an unknown field": (hand(beauty=1), "beauty"),
    "an unknown figure": (report(beauty=1), "beauty"),
}


def forge(submission: Submission, results: Path, edit: Edit) -> tuple[Path, dict[str, Any]]:
    """Write a submission, change it as who knows the format would, and fit its hashes again."""
    path = write(submission, results)
    zipped = path.with_name(f"{path.stem}.samples.jsonl.gz")
    head = json.loads(path.read_text())
    samples = [json.loads(line) for line in gzip.decompress(zipped.read_bytes()).splitlines()]
    edit(head, samples)
    lines = "".join(json.dumps(one) + "\n" for one in samples).encode()
    zipped.write_bytes(gzip.compress(lines))
    head["samples_sha256"] = hashlib.sha256(lines).hexdigest()
    path.write_text(json.dumps(head))
    return path, {**{k: v for k, v in head.items() if k != "samples_sha256"}, "samples": samples}


@pytest.mark.parametrize("case", REFUSED)
def test_a_broken_rule_is_found_by_verify_and_by_construction(case: str, tmp_path: Path) -> None:
    edit, message = REFUSED[case]
    path, fields = forge(make_search(), tmp_path, edit)
    with pytest.raises(ValidationError, match=message):
        Submission.from_json(fields)
    (fault,) = verify_file(path).faults
    assert re.search(message, fault.what), fault.what
    assert "\n" not in fault.what and len(fault.what) < 1_000


def other_answers(head: dict[str, Any], samples: list[dict[str, Any]]) -> None:
    samples[2]["search"]["finals"][1] = WRONG


def votes_turned(head: dict[str, Any], samples: list[dict[str, Any]]) -> None:
    """The one wrong answer in front of two right ones."""
    of_settings(SearchSettings(method="self_consistency"))(head, samples)
    went = samples[2]["search"]
    went["finals"] = [went["finals"][0], went["finals"][1], went["finals"][1]]
    went["right"] = [went["right"][0], True, True]
    head["search"]["mean_final"] = (1 + 1 + 2 / 3) / 3


FOUND: dict[str, tuple[Edit, str]] = {
    "an answer that is not right": (
        other_answers,
        r"2 5 8 11: search.right[1] is True, but the answer gives False",
    ),
    "no tokens for its prompts": (
        lambda head, samples: (
            hand(prompt_tokens=0)(head, samples),
            report(prompt_tokens=600)(head, samples),
        )[1],
        "1 2 4 7: search.prompt_tokens is 0, but its first prompt alone has",
    ),
    "a vote that did not win": (
        votes_turned,
        "2 5 8 11: search.finals are not in the order of their votes",
    ),
    "no calls": (
        lambda head, samples: (
            hand(calls=0)(head, samples),
            report(calls=80 / 3, sent=70)(head, samples),
        )[1],
        "1 2 4 7: search.calls is 0, but a search asks the model",
    ),
    "another first prompt": (
        lambda head, samples: (
            samples[1].update(prompt_sha256="0" * 64)
            or head.update(
                prompt_sha256=hashlib.sha256(
                    b"".join(bytes.fromhex(one["prompt_sha256"]) for one in samples)
                ).hexdigest()
            )
        ),
        "prompt_sha256 is not that of this benchmark's 0-shot propose prompt",
    ),
    "more tokens than the text has": (
        lambda head, samples: (
            [one.update(tokens=[500]) for one in samples],
            head.update(mean_response_tokens=500.0),
        )[1],
        "500 tokens, but the response has",
    ),
    "one limit for all calls": (
        header(generation={"max_gen_toks": 8}),
        "generation.max_gen_toks: a search says the most tokens of each kind of call: limits",
    ),
    "limits that are none": (
        header(generation={"limits": 8}),
        "generation.limits: 8 is no list of kinds of calls",
    ),
    "a limit that is none": (
        header(generation={"limits": {"propose\n": -1}}),
        "generation.limits.propose: -1 is no number of tokens",
    ),
    "a date to come": (header(created="2999-01-01"), "created: 2999-01-01 is in the future"),
    "another place": (
        of_settings(SearchSettings(method="tot_bfs", beam=7)),
        "place: it belongs at",
    ),
    "more shots than there are": (header(shots=90), "settings: "),
}


@pytest.mark.parametrize("case", FOUND)
def test_verify_finds_what_only_the_texts_show(case: str, tmp_path: Path) -> None:
    edit, message = FOUND[case]
    path, _ = forge(make_search(), tmp_path, edit)
    found = [f"{fault.where}: {fault.what}" for fault in verify_file(path, tmp_path).faults]
    assert any(message in fault for fault in found), found


def test_flags_that_settings_do_not_ask_for_may_be_raised(tmp_path: Path) -> None:
    """Code may take the numbers left from a thought that does not tell them."""
    path, _ = forge(make_search(), tmp_path, report(symbolic_step=True, oracle_stop=True))
    assert not verify_file(path).faults


def test_a_method_is_a_search_or_plain_and_never_both() -> None:
    for method in SEARCH_METHODS:
        with pytest.raises(ValidationError, match=f"search is missing: {method} is a search"):
            make_submission(method=method)
    with pytest.raises(ValueError, match="every sample of a search says how it went"):
        report_of(BFS, make_submission().samples, oracle_stop=False, symbolic_step=False, sent=0)


# An older submission, and the tokens of prompts.


def test_a_submission_of_before_is_read_verified_and_written_as_it_was(
    root: Path, tmp_path: Path
) -> None:
    key = "scout-2m/game24_io.0shot"
    before = path_of(root / "results", key)
    assert "search" not in json.loads(before.read_text())
    shutil.copytree(root / "results" / "training_hands", tmp_path / "training_hands")
    after = write(read(before), tmp_path)
    assert after.read_bytes() == before.read_bytes()
    assert not verify_file(after, tmp_path).faults
    samples = after.with_name(f"{after.stem}.samples.jsonl.gz").read_bytes()
    assert b'"search"' not in gzip.decompress(samples)


def test_the_tokens_of_a_hand_are_those_of_every_prompt_and_response(tmp_path: Path) -> None:
    once = make_submission()
    assert once.total_tokens is None and "mean_prompt_tokens" not in write(
        once, tmp_path
    ).read_text().replace("samples", "")
    known = make_submission(repeats=4, mean_prompt_tokens=100.0)
    assert known.mean_response_tokens == 11.5 and known.total_tokens == 4 * 111.5
    assert read(write(known, tmp_path)) == known
    assert rows(entries([known]))[0].total == "446"


@pytest.mark.parametrize(("tokens", "good"), [(0.5, False), (60.0, True), (900.0, False)])
def test_a_prompt_has_no_more_tokens_than_its_text_can_have(
    tokens: float, good: bool, root: Path, tmp_path: Path
) -> None:
    plain = read(path_of(root / "results", "scout-2m/game24_io.0shot"))
    path = write(plain.model_copy(update={"mean_prompt_tokens": tokens}), tmp_path)
    found = [fault.where for fault in verify_file(path, tmp_path).faults]
    assert found == ([] if good else ["mean_prompt_tokens"])


def test_a_vocabulary_may_have_a_token_for_a_line_of_an_instruction(
    root: Path, tmp_path: Path
) -> None:
    """The shipped students' have: 482 characters of a One-Step prompt are 13 tokens."""
    plain = read(path_of(root / "results", "scout-2m/game24_onestep_tot.0shot"))
    path = write(plain.model_copy(update={"mean_prompt_tokens": 13.0}), tmp_path)
    assert not verify_file(path, tmp_path).faults


# Where they are shown.


def test_tables_name_a_search_by_its_settings_and_tell_what_helped_it() -> None:
    plain = make_submission(60, 100, name="scout-2m-search", mean_prompt_tokens=80.0)
    every = [
        plain,
        make_search(hands=100, right=lambda place: (place < 62, place < 90)),
        make_search(ORACLE, 100, alone(95)),
        make_search(SYMBOLIC, 100, alone(20)),
    ]
    found = {row.method: row for row in rows(entries(every))}
    bfs, best = found["ToT (BFS), b = 5"], found["best of 20 IO, oracle"]
    code = found["ToT (BFS), b = 1, greedy, answer by code"]
    assert (bfs.tokens, bfs.total, found["One-Step ToT"].total) == ("300", "1,200", "90")
    assert best.rank == "–" and {bfs.rank, found["One-Step ToT"].rank} == {"1"}
    assert code.rank == "3"
    assert ranks(entries(every[2:])) == [None, None]  # the only one that can have a rank
    page = render_markdown(entries(every))
    section = page.partition("## Searches")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| scout")]
    assert len(lines) == 3
    cells = lines[1].split(" | ")
    assert cells[1:4] == ["ToT (BFS), b = 5", "0", "hard100"]
    assert cells[4].startswith("62.0% ") and cells[5:7] == ["90.0%", "76.0%"]
    assert cells[7:] == ["40", "900", "300", "25", "– |"]
    assert lines[0].endswith("| oracle stop |") and lines[2].endswith("| symbolic step |")
    assert "1. oracle stop: right answers were used to stop or choose\n" in page
    assert "symbolic step: code did part of the arithmetic\n" in page
    assert "## Searches" not in render_markdown(entries([plain]))


def test_hands_out_of_budget_stand_among_the_flags() -> None:
    asked = load_split("hard100")[:2]
    chosen = SearchSettings(method="tot_bfs", max_tokens_per_hand=500)
    records = {puzzle: record_of(puzzle, (False,), out_of_budget=True) for puzzle in asked}
    searched = Searched(records, False, True, 5, {})
    submission = search_submission(make_evaluation(records), chosen, searched)
    page = render_markdown(entries([submission]))
    assert "ToT (BFS), b = 5, at most 500 tokens" in page
    assert "symbolic step, 2 of 2 out of budget" in page


def test_searches_compare_with_each_other_and_with_plain_rows() -> None:
    bfs = make_search(hands=10, right=alone(4))
    best = make_search(ORACLE, 10, alone(8))
    plain = make_submission(5, 10, name="scout-2m-search", mean_prompt_tokens=80.0)
    first, second, third = entries([bfs, best, plain])
    pairing = pair(first, second)
    assert pairing.warnings == ("right answers: not used against used to stop or choose",)
    said = conclusion(pairing)
    assert "best of 20 IO, oracle is right more often" in said
    assert not pair(first, third).warnings  # how a search draws is part of it
    assert tokens_per_solved(first) == 10 * 300 / 4
    table = compare([first, second, third], {})
    assert render_entries(table).row_count > 8
    keys = [bfs.key, best.key, make_search(hands=10, split="hardest").key]
    assert match("search tot_bfs", keys) == bfs.key
    assert match("best_of_k", keys) == best.key


def test_best_of_k_and_the_plain_row_of_a_model_are_no_copies() -> None:
    plain = make_submission(30, 40, name="scout-2m-search")
    best = make_search(ORACLE, 40, alone(30))
    one, other = (Gist(Path(gist.key), gist, gist.samples) for gist in (plain, best))
    assert not [fault for fault in together((one, other)) if fault.where == "responses"]


@pytest.mark.parametrize(("chosen", "copied"), [(SYMBOLIC, False), (BFS, True)])
def test_what_code_put_together_is_nobody_s_words(chosen: SearchSettings, copied: bool) -> None:
    def long(name: str) -> Submission:
        asked = load_split("hard100")[:40]
        texts = {
            puzzle: f"10 - {i} = 4 (left: {i} 5 4)\n5 * 4 = {i}0 (left: 4 {i}0)\n{WRONG}"
            for i, puzzle in enumerate(asked)
        }
        records = {puzzle: record_of(puzzle, (False,), finals=(texts[puzzle],)) for puzzle in asked}
        searched = Searched(records, False, chosen.answer == "symbolic", 5, {})
        return search_submission(make_evaluation(records), chosen, searched, name)

    gists = [Gist(Path(one.key), one, one.samples) for one in (long("a-model"), long("another"))]
    assert any(fault.where == "responses" for fault in together(gists)) is copied


def test_an_upgrade_judges_every_answer_again(tmp_path: Path) -> None:
    path, _ = forge(make_search(), tmp_path, other_answers)
    (done,) = upgrade(tmp_path)
    assert done.changes == ("2 5 8 11: other answers of its search",)
    again = read(path).search
    assert again is not None and again.any_final == pytest.approx(2 / 3)
    assert not faults(tmp_path)


def test_a_search_is_not_rerun_here() -> None:
    with pytest.raises(CannotRerun, match="run it again by `tot24 eval --method`"):
        rerun(make_search(), Path("nowhere"), 1, "cpu")


def test_a_reviewer_is_asked_nothing_that_a_search_answers() -> None:
    asked = list(questions(make_search(hands=100)))
    assert not any("limit" in question or "sampled" in question for question in asked)


def test_the_commands_take_a_search(tmp_path: Path) -> None:
    path = write(make_search(hands=100), tmp_path / "out")
    for words in (
        ["check", str(path)],
        ["verify", "--results", str(tmp_path / "out")],
        ["add", str(tmp_path / "out"), "--results", str(tmp_path / "all"), "--yes"],
        ["--results", str(tmp_path / "all")],
    ):
        done = runner.invoke(app, ["leaderboard", *words])
        assert done.exit_code == 0, done.output
    assert "## Searches" in (tmp_path / "all" / "LEADERBOARD.md").read_text()


# Elsewhere.


def test_exports_name_the_search(tmp_path: Path) -> None:
    bfs = make_search(hands=100, right=lambda place: (place < 70, True), name="lab/scout")
    best = make_search(ORACLE, 100, alone(95), name="lab/scout")
    plain = make_submission(60, 100, name="lab/scout", mean_prompt_tokens=80.0)
    every = entries([bfs, best, plain])
    for submission in (bfs, best, plain):
        write(submission, tmp_path)
    cells = {row["method"]: row for row in csv.DictReader(io.StringIO(render_csv(every)))}
    row = cells["ToT (BFS), b = 5"]
    assert json.loads(row["search_settings"]) == BFS.to_json()
    assert (row["search_any_final"], row["search_mean_final"]) == ("1.0", "0.85")
    assert (row["total_tokens"], row["search_calls"], row["search_sent"]) == (
        "1200.0", "40.0", "3990",
    )  # fmt: skip
    assert (row["search_oracle_stop"], row["search_symbolic_step"]) == ("false", "false")
    assert cells["One-Step ToT"]["search_settings"] == "" == cells["One-Step ToT"]["search_calls"]
    assert cells["One-Step ToT"]["total_tokens"] == "90.0"
    assert "ToT (BFS), b = 5" in render_latex(every)
    files, left_out = hub_files(every)
    assert [one.why for one in left_out] == ["right answers were used to stop or choose"]
    names = {file.name.rpartition("/")[2]: file for file in files}
    text = b"".join(names["tot24_game24_search.0shot.tot_bfs-b5.yaml"].content()).decode()
    assert "task_id: game24_search\n" in text and "40.0 calls a hand" in " ".join(text.split())


def test_every_eval_ever_has_its_settings_and_its_other_answers(tmp_path: Path) -> None:
    bfs = make_search()
    write(bfs, tmp_path)
    lines, aggregate = (
        b"".join(file.content()).decode() for file in eval_files(entries([bfs]), tmp_path)
    )
    (result,) = json.loads(aggregate)["evaluation_results"]
    details = result["generation_config"]["additional_details"]
    assert (details["method"], details["search.beam"]) == ("tot_bfs", "5")
    assert details["generation.limits"] == '{"propose": 256, "value": 128, "answer": 128}'
    assert result["score_details"]["details"]["search.any_final"] == "1.0"
    assert result["score_details"]["details"]["total_tokens"] == "1200.0"
    metadata = json.loads(lines.splitlines()[2])["metadata"]
    assert metadata["search.right"] == "[false, true]" and metadata["search.calls"] == "40"
    assert json.loads(metadata["search.other_answers"]) == [bfs.samples[2].search.finals[1]]  # type: ignore[union-attr]
    assert all(isinstance(value, str) for value in metadata.values())


def test_a_row_of_every_method_has_a_report_of_its_own() -> None:
    for method in SEARCH_METHODS:
        chosen = SearchSettings(method=method)  # type: ignore[arg-type]
        submission = make_search(chosen, right=alone(2))
        assert submission.method == method and isinstance(submission.search, SearchReport)
        assert make_sample(load_split("hard100")[0], (True,)).search is None
