"""The snippets of docs/rewards.md, so that what the page shows is what the tests run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def snippet(root: Path) -> Callable[[str], str]:
    """Gives the first Python block below a heading of the page."""
    page = (root / "docs" / "rewards.md").read_text(encoding="utf-8")

    def find(heading: str) -> str:
        section = page.split(f"\n## {heading}\n")[1].split("\n## ")[0]
        return section.split("```python\n")[1].split("```")[0]

    return find
