"""Two processes give what one gives, by the commands of docs/scale.md; and how hands are shared."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tot24_bench.harness import Evaluation, EvaluationPlan, TaskResult, evaluate
from tot24_bench.harness.processes import BadLaunch, share_hands
from tot24_bench.leaderboard import read_all

SECONDS = 240
"""How long two processes may take: a guard against hanging, not a timing."""

HANDS = 7
"""Of the commands on the page: not a multiple of two, so that the shares are not equal."""

TASK = "game24_onestep_tot"


@pytest.fixture(scope="module")
def one_process(root: Path) -> TaskResult:
    """What a single process answers."""
    student = {"pretrained": str(root / "students" / "scout-2m")}
    plan = EvaluationPlan("hf", student, (TASK,), shots=0, limit=HANDS, device="cpu")
    evaluation: Evaluation = evaluate(plan)
    return evaluation.tasks[0]


def command_of(root: Path, program: str) -> list[str]:
    """The page's command that a test can run, of lm_eval or of tot24."""
    text = (root / "docs" / "scale.md").read_text(encoding="utf-8")
    lines = re.findall(r"^OMP_NUM_THREADS=1 (torchrun .*)$", text, flags=re.MULTILINE)
    (found,) = (line for line in lines if f" {program} " in line)
    return shlex.split(found)


def run(root: Path, words: list[str], option: str, output: Path) -> str:
    """Run it from the checkout, its output elsewhere; what it said on standard error."""
    words = [*words]
    words[words.index(option) + 1] = str(output)
    bin_folder = Path(sys.executable).parent
    done = subprocess.run(
        [str(bin_folder / words[0]), *words[1:]],
        cwd=root,
        env={
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stderr


def shares(said: str) -> list[int]:
    """The totals of the progress bars that came to their end, those of the prompts among them."""
    return sorted(map(int, re.findall(r"100%\|█+\| (\d+)/\1 \[[^]]*it/s\]", said)))


def test_tot24_eval_in_two_processes_gives_what_one_process_gives(
    root: Path, tmp_path: Path, one_process: TaskResult
) -> None:
    said = run(root, command_of(root, "tot24"), "--results", tmp_path / "results")
    (submission,) = read_all(tmp_path / "results")
    assert [sample.puzzle for sample in submission.samples] == [h.puzzle for h in one_process.hands]
    for sample, hand in zip(submission.samples, one_process.hands, strict=True):
        assert (sample.responses, sample.scores) == (hand.responses, hand.scores)
    assert len({sample.responses for sample in submission.samples}) == HANDS, "answers differ"
    assert submission.metrics.acc == one_process.metrics["acc"]
    assert submission.n == HANDS
    prepared = shares(said)
    assert 3 in prepared and 4 in prepared and HANDS not in prepared, "each asked a share"


def test_lm_eval_in_two_processes_gives_what_one_process_gives(
    root: Path, tmp_path: Path, one_process: TaskResult
) -> None:
    said = run(root, command_of(root, "lm_eval"), "--output_path", tmp_path / "out")
    (results,) = (tmp_path / "out").glob("**/results_*.json")
    figures = json.loads(results.read_text())["results"][TASK]
    assert {name: figures[f"{name},none"] for name in one_process.metrics} == pytest.approx(
        one_process.metrics
    )
    (samples,) = (tmp_path / "out").glob(f"**/samples_{TASK}_*.jsonl")
    rows = [json.loads(line) for line in samples.read_text(encoding="utf-8").splitlines()]
    assert sorted(row["doc_id"] for row in rows) == list(range(HANDS))
    answered = {row["doc"]["numbers"]: tuple(row["filtered_resps"][0]) for row in rows}
    assert answered == {hand.puzzle.text: hand.responses for hand in one_process.hands}
    # What docs/scale.md says of lm-eval on CPUs. Where this fails, lm-eval shares hands there now.
    assert said.count(f"Building contexts for {TASK} on rank 0") == 2
    prepared = shares(said)
    assert HANDS in prepared and not {3, 4} & set(prepared), "every process asked all hands"


class Launched:
    """As much of lm-eval's `hf` model as its processes concern."""

    def __init__(self, processes: int, index: int) -> None:
        self.accelerator = SimpleNamespace(num_processes=processes, process_index=index)
        self._rank, self._world_size = 0, 1


@given(processes=st.integers(2, 40), hands=st.integers(1, 120))
def test_each_hand_is_asked_by_one_process_and_scored_once(processes: int, hands: int) -> None:
    """lm-eval's own division of the documents, and our filter on shares that it filled up."""
    from lm_eval.utils import create_iterator

    from tot24_bench.harness.task_hooks import keep_all

    models: list[Any] = [Launched(processes, index) for index in range(processes)]
    try:
        for model in models:
            share_hands(model, hands)
    except BadLaunch as error:
        most = int(str(error).rpartition(" ")[2])
        assert most < processes
        share_hands(models[0].__class__(most, 0), hands)  # type: ignore[arg-type]
        return
    parts = [
        list(create_iterator(range(hands), rank=model._rank, world_size=model._world_size))
        for model in models
    ]
    assert sorted(hand for part in parts for hand in part) == list(range(hands))
    for part in parts:
        missing = len(parts[0]) - len(part)
        responses = [[f"{hand}"] for hand in part]
        responses[-1] *= 1 + missing
        assert keep_all(responses, None) == [[f"{hand}"] for hand in part]


def test_a_server_is_not_asked_by_several_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    plan = EvaluationPlan(
        "local-chat-completions",
        {"model": "x", "base_url": "http://127.0.0.1:9/v1/chat/completions"},
        ("game24_io",),
        batch_size=1,
        chat=True,
        multiturn=True,
    )
    with pytest.raises(BadLaunch, match="without torchrun or accelerate launch"):
        evaluate(plan)


@pytest.mark.parametrize("rank, said", [("0", "after\n"), ("1", "")])
def test_processes_with_nothing_to_say_end_at_once_and_well(rank: str, said: str) -> None:
    code = (
        "import atexit\n"
        "from tot24_bench.harness import end_silently\n"
        "atexit.register(print, 'after')\n"
        "end_silently()\n"
    )
    environment = {**os.environ, "RANK": rank, "WORLD_SIZE": "2"}
    ended = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120
    )
    assert (ended.returncode, ended.stdout) == (0, said)
