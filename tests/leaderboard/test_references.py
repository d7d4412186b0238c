"""The rows that are not ours stand as their sources give them, and can be written again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tot24_bench.leaderboard import Submission, read_all, read_entries
from tot24_bench.leaderboard.references import main, reported, solver
from tot24_bench.teachers import SOLVER


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = tmp_path_factory.mktemp("results")
    main(["--results", str(results)])
    return results


@pytest.fixture(scope="module")
def published(root: Path) -> list[Submission]:
    return read_all(root / "results")


def test_the_repository_holds_what_the_command_writes(
    written: Path, published: list[Submission]
) -> None:
    stored = {submission.key: submission for submission in published}
    for submission in read_all(written):
        there = stored[submission.key]
        if submission.obtained == "measured":  # whichever Python wrote it
            submission = submission.model_copy(update={"versions": there.versions})
        assert there == submission


def test_every_published_figure_says_where_it_is_from_and_what_is_wrong_with_it() -> None:
    rows = reported()
    assert len(rows) == 10
    for row in rows:
        assert row.obtained == "reported" and row.variant == "other"
        assert row.source and row.notes and "exemplars" in row.notes[0]


def test_the_figures_are_those_of_the_facts(shared: Path) -> None:
    facts = (shared / "facts/published-results.md").read_text(encoding="utf-8")
    published = [float(figure) for figure in re.findall(r"\| ([\d.]+)% \|", facts)]
    figures = [round(100 * row.metrics.acc, 1) for row in reported()]
    assert figures == published[: len(figures)]


def test_the_solver_answers_every_hand_and_is_no_language_model() -> None:
    rows = list(solver())
    assert [row.method for row in rows] == ["io", "cot", "onestep_tot"]
    for row in rows:
        assert (row.model.name, row.model.backend, row.n) == (SOLVER, "exact search", 100)
        assert row.metrics.acc == 1.0
        assert "no language model" in row.notes[0]


def test_the_rescored_rows_are_what_the_public_transcripts_give(
    published: list[Submission],
) -> None:
    rescored: dict[str, Submission] = {
        f"{one.model.name} {one.label or one.method}": one
        for one in published
        if one.obtained == "rescored"
    }
    figures = {name: (one.metrics.acc, one.n, one.repeats) for name, one in rescored.items()}
    assert figures == {
        "GPT-4 io": (pytest.approx(0.0734), 100, 100),
        "GPT-4 cot": (pytest.approx(0.0403), 100, 100),
        "GPT-4 onestep_tot": (pytest.approx(0.06), 100, 1),
        "GPT-4 ToT (BFS), b = 5, first-ranked": (pytest.approx(0.62), 100, 1),
        "GPT-4 Standard prompting": (pytest.approx(0.03), 100, 1),
        "GPT-4 Zero-shot CoT": (pytest.approx(0.11), 100, 1),
        "GPT-4 Expert prompting, static": (pytest.approx(0.03), 100, 1),
        "GPT-4 Expert prompting, dynamic": (pytest.approx(0.02), 100, 1),
        "GPT-4 Multi-persona prompting": (pytest.approx(0.27), 100, 1),
        "GPT-4 Meta-prompting": (pytest.approx(0.11), 100, 1),
        "GPT-4 Meta-prompting + Python": (pytest.approx(0.67), 100, 1),
        "GPT-4 Cumulative reasoning, b = 5": (pytest.approx(0.98), 100, 1),
        "DeepSeek-R1 Zero-shot, thinking": (pytest.approx(0.87), 100, 1),
        "GPT-4o cot": (pytest.approx(0.09), 100, 1),
        "GPT-4o onestep_tot": (pytest.approx(0.19), 100, 1),
    }
    assert all(sample.withheld for one in rescored.values() for sample in one.samples)


def test_a_rescored_row_says_which_tools_it_had_and_which_of_its_figures_it_is(
    published: list[Submission],
) -> None:
    for one in published:
        if one.obtained != "rescored":
            continue
        notes = "; ".join(one.notes)
        assert one.method != "other" or re.search(r"no tool is used|a tool:|symbolic help", notes)
        assert one.repeats == 1 or "the figure is the mean of a hand's responses" in notes
        assert "first-ranked" not in (one.label or "") or "the first response of each" in notes


def test_a_reported_figure_that_can_be_rescored_names_what_comes_out(
    published: list[Submission],
) -> None:
    """So that nobody takes the two rows for two runs."""
    every = [one for one in published if one.obtained != "measured"]
    rescored = {(one.model.name, one.task) for one in every if one.obtained == "rescored"}
    both = [
        one
        for one in every
        if one.obtained == "reported" and (one.model.name, one.task) in rescored
    ]
    assert len(both) == 4
    for one in both:
        assert any("rescored, the same responses give" in note for note in one.notes)


def test_gpt_4o_and_the_student_share_99_hands(root: Path) -> None:
    by_key = {entry.key: entry for entry in read_entries(root / "results")}
    gpt = by_key["GPT-4o/game24_onestep_tot_full.5shot.other.hands100.rescored"]
    student = by_key["scout-2m/game24_onestep_tot.0shot"]
    hands = [{outcome.puzzle.hand for outcome in one.outcomes} for one in (gpt, student)]
    assert len(hands[0] & hands[1]) == 99
