"""The referee says what careful readers say of real responses."""

from __future__ import annotations

import pytest

from tests.agreement.responses import TRANSCRIPTS, Labelled, labelled, named
from tot24_bench.scoring import Analysis, analyse

pytestmark = pytest.mark.skipif(
    not TRANSCRIPTS.is_dir(), reason=f"the public transcripts are not at {TRANSCRIPTS}"
)


def referee(rows: list[Labelled]) -> list[tuple[str, str]]:
    results: list[Analysis] = [analyse(row.puzzle, row.response) for row in rows]
    return [(named(one.score.verdict), one.failed_at or "none") for one in results]


def test_the_two_passes_agree_with_each_other() -> None:
    rows = labelled("labels.csv")
    assert len(rows) == 200
    assert sum(row.first == row.second for row in rows) >= 198


def test_the_referee_agrees_with_the_labels() -> None:
    rows = labelled("labels.csv")
    said = referee(rows)
    assert sum(a[0] == row.first[0] for a, row in zip(said, rows, strict=True)) >= 198
    assert sum(a[1] == row.first[1] for a, row in zip(said, rows, strict=True)) >= 198


def test_the_referee_agrees_on_responses_that_no_rule_was_made_for() -> None:
    rows = labelled("holdout.csv")
    said = referee(rows)
    assert len(rows) == 100
    assert sum(a[0] == row.first[0] for a, row in zip(said, rows, strict=True)) >= 97
    assert sum(a[1] == row.first[1] for a, row in zip(said, rows, strict=True)) >= 97
    right = [row.first[0] == "correct" for row in rows]
    assert [a[0] == "correct" for a in said] == right
