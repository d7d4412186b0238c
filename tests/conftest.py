"""Shared by all tests: no network, tiny checkpoints, and where the public data lies."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of public data beside the checkout; the test skips where there is none."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("no ../shared beside the checkout: its public transcripts and facts are absent")
    return folder


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A randomly initialised student of 20,000 parameters with the students' tokenizer."""
    from training.student import StudentConfig, make_student

    folder = tmp_path_factory.mktemp("checkpoints") / "tiny"
    config = StudentConfig(hidden=16, intermediate=32, layers=1, heads=1, attention="sdpa")
    # This seed writes one letter for ever. One that writes numbers could not be told from its text:
    # numbers without a space between them are read as digits, three tokens for one.
    model, tokenizer = make_student(config, seed=9)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_server(tiny_checkpoint: Path) -> Iterator[str]:
    """The base URL of a real server that answers with it, one for all: it takes long to start."""
    from tests.serving import serving

    with serving(tiny_checkpoint) as url:
        yield url


@pytest.fixture(scope="session")
def neox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random checkpoint of an architecture that is none of our students'."""
    from tests.leaderboard.lm_eval_runs import make_neox

    return make_neox(tmp_path_factory.mktemp("checkpoints") / "neox")


@pytest.fixture(scope="session")
def written(neox: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What lm-eval wrote of it."""
    from tests.leaderboard.lm_eval_runs import run_lm_eval

    return run_lm_eval(tmp_path_factory.mktemp("out"), neox)


@pytest.fixture
def output(written: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(written, tmp_path / "out"))
