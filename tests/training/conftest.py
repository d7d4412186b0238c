"""Runs and bases that several files look at, made once; to be read alone, or copied."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.training.small_runs import run
from tests.training.tiny_bases import make_qwen3, make_smollm


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A finished run of six steps, with its two checkpoints: its folder and its record."""
    folder = tmp_path_factory.mktemp("whole")
    return folder, run(folder)


@pytest.fixture(scope="session")
def smollm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small SmolLM."""
    return make_smollm(tmp_path_factory.mktemp("bases") / "smollm")


@pytest.fixture(scope="session")
def qwen3(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small Qwen3."""
    return make_qwen3(tmp_path_factory.mktemp("bases") / "qwen3")
