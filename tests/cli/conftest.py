"""Shared by the commands' tests: the shipped student behind a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving import serving


@pytest.fixture(scope="session")
def student(root: Path) -> Path:
    """The checkpoint that ships."""
    return root / "students" / "scout-2m"


@pytest.fixture(scope="session")
def server(student: Path) -> Iterator[str]:
    """The base URL of a server that answers with it."""
    with serving(student) as url:
        yield url
