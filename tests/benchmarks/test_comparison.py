"""The comparison runs without its peers, and says of our own scorer what the corpus says."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest

MODULE = runpy.run_path(str(Path(__file__).parent / "comparison.py"))
OURS = "tot24-bench"


def test_our_own_row_is_wrong_about_the_open_cases_alone() -> None:
    open_cases = {
        case["response"]
        for line in MODULE["CORPUS"].read_text(encoding="utf-8").split("\n")
        if line and "open" in (case := json.loads(line))
    }
    (ours,) = [checker for name, _, checker in MODULE["available"]() if name == OURS]
    row = MODULE["judge"](OURS, "", ours, MODULE["load_cases"]())
    wrong = {case.asked.response for case in (*row.accepts_wrong, *row.rejects_right)}
    assert wrong <= open_cases and row.raised == 0


def test_the_checker_that_one_writes_first_takes_powers_for_answers() -> None:
    """Whole division and powers use the right numbers and are 24 to Python."""
    (naive,) = [c for name, _, c in MODULE["available"]() if name == "regex and eval"]
    row = MODULE["judge"]("", "", naive, MODULE["load_cases"]())
    accepted = [case.asked.response for case in row.accepts_wrong]
    assert {"Answer: 5 ** 2 - 1 * 1 = 24", "Answer: 9 // 2 * 6 * 1 = 24"} <= set(accepted)


def test_the_page_has_a_row_for_every_checker_that_is_installed() -> None:
    rows = MODULE["compare"](MODULE["BLOCK"])
    page = MODULE["render"](rows, MODULE["load_cases"](), MODULE["BLOCK"])
    table = [line for line in page.split("\n") if line.startswith("|")]
    assert len(table) == 2 + len(rows) and {OURS, "regex and eval"} <= {row.name for row in rows}
    assert all(row.microseconds > 0 for row in rows)
    assert len({line.count("|") for line in table}) == 1


def test_a_checker_that_rejects_an_ordinary_right_answer_is_not_timed() -> None:
    with pytest.raises(AssertionError, match="a right answer is rejected"):
        MODULE["measure"]([lambda asked: False], MODULE["ordinary"](1))
