"""`tot24 eval --method`, as a user calls it: rows of real searches, and what cannot be searched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.search.scripted import Scripted
from tot24_bench.cli import app
from tot24_bench.leaderboard import read_all, runs
from tot24_bench.search import backend, read_trees

METHODS = {
    "tot_bfs": ("--beam", "1"),
    "tot_dfs": ("--nodes", "3", "--oracle-stop"),
    "mcts": ("--nodes", "3", "--root", "gumbel"),
    "self_consistency": ("--k", "2", "--prompt", "io"),
    "best_of_k": ("--k", "2", "--choose", "value"),
    "refine": ("--k", "2", "--prompt", "onestep_tot"),
}
CHAT = (
    "--model",
    "local-chat-completions",
    "--model_args",
    "model=x,base_url=http://127.0.0.1:9/v1/chat/completions",
)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Responses of eight tokens, for the tiny checkpoint never ends by itself; files go to tmp."""
    for kind in backend.LIMITS:
        monkeypatch.setitem(backend.LIMITS, kind, 8)
    monkeypatch.chdir(tmp_path)


def search(checkpoint: Path, *arguments: object) -> Result:
    named = ("--model_args", f"pretrained={checkpoint}", *arguments)
    return call(*named, "--num_fewshot", 0)


def call(*arguments: object) -> Result:
    common = ("eval", "--limit", 2, "--device", "cpu", "--results", "results")
    return CliRunner().invoke(app, [*map(str, (*common, *arguments))])


def test_every_method_is_a_row_that_verifies(tiny_checkpoint: Path, root: Path) -> None:
    for method, told in METHODS.items():
        done = search(tiny_checkpoint, "--method", method, *told)
        assert done.exit_code == 0, done.output
    done = search(tiny_checkpoint, "--method", "tot_bfs", "--values", "one_pass")
    assert done.exit_code == 0, done.output
    rows = read_all(Path("results"))
    assert len(rows) == len(METHODS) + 1
    for row in rows:
        assert row.search is not None
        assert row.n == 2
        assert row.search.sent > 0
        assert row.search.calls >= 1
        assert row.search.prompt_tokens
        assert row.search.completion_tokens
    found = CliRunner().invoke(app, ["leaderboard", "verify", "--results", "results"])
    assert found.exit_code == 0, found.output
    board = CliRunner().invoke(app, ["leaderboard", "--results", "results"])
    for label in (
        "ToT (BFS), b = 1",
        "ToT (BFS), b = 5, values in one pass",
        "ToT (DFS), 3 nodes, oracle stop",
        "MCTS, 3 nodes, Gumbel root",
        "self-consistency of 2 IO",
        "best of 2 CoT, own value",
        "One-Step ToT, refined up to 2 times",
    ):
        assert label in " ".join(board.output.split()), board.output
    assert not list(Path("runs").rglob("*.sqlite*")), "replies of a finished run are not kept"


def test_a_search_that_goes_deep_is_a_row_and_its_trees_can_be_drawn(
    tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lm = Scripted()
    monkeypatch.setattr(runs, "load_model", lambda _: lm)
    told = ("--method", "tot_bfs", "--temperature", 0, "--save-trees", "out/trees.jsonl")
    done = search(tiny_checkpoint, *told, "--work", "kept/replies.sqlite")
    assert done.exit_code == 0, done.output
    assert "100.0%" in done.output
    (row,) = read_all(Path("results"))
    assert row.search is not None
    assert row.search.sent == len(lm.asked)
    assert row.metrics.acc == row.search.any_final == 1
    assert len(list(read_trees(Path("out/trees.jsonl")))) == 2
    first = json.loads(Path("out/trees.jsonl").read_text().splitlines()[0])
    assert first["right"][0] is True
    drawn = CliRunner().invoke(
        app, ["tree", "out/trees.jsonl", "--puzzle", row.samples[0].puzzle.text]
    )
    assert drawn.exit_code == 0, drawn.output
    assert "ToT (BFS), b = 5, greedy" in drawn.output
    # Another search of the same model finds what this one asked.
    narrow = ("--method", "tot_bfs", "--temperature", 0, "--beam", 1)
    done = search(tiny_checkpoint, *narrow, "--work", "kept/replies.sqlite")
    assert done.exit_code == 0, done.output
    assert {row.search.sent for row in read_all(Path("results")) if row.search} == {
        len(lm.asked),
        0,
    }


def test_a_budget_ends_searches_and_the_row_says_so(
    tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "load_model", lambda _: Scripted())
    done = search(tiny_checkpoint, "--method", "tot_bfs", "--max-tokens-per-hand", 2_000)
    assert done.exit_code == 0, done.output
    (row,) = read_all(Path("results"))
    assert row.search is not None
    assert row.search.out_of_budget == 2
    assert "at most 2,000 tokens" in done.output


def refused(done: Result, *said: str) -> None:
    """Exit code 2, and one line of ours at the end that says what is wrong."""
    assert done.exit_code == 2, done.output
    ours = [line for line in done.output.splitlines() if "tot24:" in line]
    assert len(ours) == 1, done.output
    assert ours[0] == done.output.strip().splitlines()[-1]
    for words in said:
        assert words in ours[0]
    assert not list(Path("results").rglob("*.json"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--method", "tot"), ("--method: ", "did you mean", "tot_bfs")),
        (("--method", "tot_bfs", "--beam", 0), ("--beam: ", "greater than or equal to 1")),
        (("--method", "tot_bfs", "--k", 3), ("tot_bfs has no --k: it is for self_consistency",)),
        (("--method", "refine", "--oracle-stop"), ("refine has no --oracle-stop: it is for tot_",)),
        (("--method", "mcts", "--value-samples", 0), ("--value-samples: ", "equal to 1")),
        (("--method", "tot_bfs", "--values", "onepass"), ("--values: ", "did you mean one_pass?")),
        (("--method", "tot_bfs", "--temperature", -1), ("--temperature: ", "equal to 0")),
        (("--method", "self_consistency", "--temperature", 0), ("equal responses", "0.7")),
        (("--method", "tot_bfs", "--gen_kwargs", "temperature=1"), ("--gen_kwargs", "--temp")),
        (("--method", "tot_bfs", "--repeats", 3), ("--repeats", "--k")),
        (("--method", "tot_bfs", "--use_cache", "x"), ("--use_cache", "--work")),
        (("--method", "tot_bfs", "--tasks", "game24_io"), ("game24_search alone", "--tasks")),
        (("--method", "tot_bfs", "--tasks", "game24,game24_search"), ("game24_search alone",)),
        (("--tasks", "game24_search"), ("add --method tot_bfs",)),
        (("--beam", 3), ("--beam is for a search: add --method",)),
        (("--oracle-stop",), ("--oracle-stop is for a search: add --method",)),
        (("--max-tokens-per-hand", 9_000), ("--max-tokens-per-hand is for a search",)),
    ],
)
def test_what_contradicts_itself_is_refused_before_a_model_is_loaded(
    tiny_checkpoint: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[Any, ...],
    said: tuple[str, ...],
) -> None:
    def load(_: object) -> None:
        raise AssertionError("loaded")

    monkeypatch.setattr(runs, "load_model", load)
    refused(search(tiny_checkpoint, *arguments), *said)


def test_a_budget_too_small_for_one_proposal_is_one_line(tiny_checkpoint: Path) -> None:
    done = search(tiny_checkpoint, "--method", "tot_bfs", "--max-tokens-per-hand", 50)
    refused(done, "--max-tokens-per-hand 50 does not allow for one propose call", "give at least")
    least = done.output.rpartition("may take ")[2].partition(":")[0]
    done = search(tiny_checkpoint, "--method", "tot_bfs", "--max-tokens-per-hand", least)
    assert done.exit_code == 0, done.output


def test_a_context_too_short_for_the_prompt_names_the_shots(tiny_checkpoint: Path) -> None:
    arguments = f"pretrained={tiny_checkpoint},max_length=600"
    done = call("--method", "tot_bfs", "--model_args", arguments, "--num_fewshot", 5)
    refused(done, "a propose prompt of", "do not fit the model's context of 600", "--num_fewshot")


def test_files_that_cannot_be_written_are_one_line(tiny_checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    for option in ("--work", "--save-trees"):
        done = search(tiny_checkpoint, "--method", "tot_bfs", option, "file/x")
        refused(done, "file")


def test_a_chat_server_is_refused_what_it_cannot_be_asked() -> None:
    """Nobody answers at that port: a request would be another error."""
    one_pass = ("--method", "tot_bfs", "--values", "one_pass", "--apply_chat_template")
    refused(call(*CHAT, *one_pass), "a chat server gives no log-likelihoods", "--values written")
    refused(call(*CHAT, "--method", "tot_bfs"), "add --apply_chat_template")
    budget = ("--method", "tot_bfs", "--apply_chat_template", "--max-tokens-per-hand", 9_000)
    refused(call(*CHAT, *budget), "tokenizer=NAME", "--max-tokens-per-hand")


def test_a_server_that_is_not_there_is_named() -> None:
    done = call(*CHAT, "--method", "tot_bfs", "--apply_chat_template")
    refused(done, "the server at 127.0.0.1:9 stopped answering after 0 of 2 calls", "start it and")


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (("--exemplars", "published"), "leave --exemplars out"),
        (
            (*CHAT, "--apply_chat_template", "--fewshot_as_one_turn", "--num_fewshot", 1),
            "leave --fewshot_as_one_turn out",
        ),
        (
            ("--tasks", "game24_search,game24_search_val", "--save-trees", "trees.jsonl"),
            "--save-trees is a file of one split's trees",
        ),
    ],
)
def test_what_would_be_lost_at_the_end_is_refused_at_once(
    tiny_checkpoint: Path, told: tuple[object, ...], said: str
) -> None:
    named = () if "--model_args" in told else ("--model_args", f"pretrained={tiny_checkpoint}")
    done = call("--method", "tot_bfs", *named, *told)
    assert done.exit_code == 2, done.output
    assert said in " ".join(done.output.split())
