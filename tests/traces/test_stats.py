"""What is counted in responses, and that it can be drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.traces.test_filter import SEARCH, STRAIGHT, TRAIN
from tot24_bench.game import Puzzle
from tot24_bench.scoring import Verdict
from tot24_bench.teachers import Finish, TeacherInfo, Usage
from tot24_bench.traces import Trace, collect, draw
from tot24_bench.traces.stats import count, quantile

MakeTrace = Callable[..., Trace]


def test_a_search_is_counted(make_trace: MakeTrace) -> None:
    usage = Usage(completion_tokens=77)
    counted = count(make_trace(TRAIN, SEARCH, usage=usage))
    assert counted.measures == {
        "lines": 8,
        "characters": len(SEARCH),
        "thoughts": 5,
        "backtracks": 1,
        "dead_ends": 1,
        "marked_wrongly": 0,
        "tokens": 77,
    }


def test_a_dead_end_that_could_be_won_is_marked_wrongly(make_trace: MakeTrace) -> None:
    response = SEARCH.replace("1 + 1 = 2 (left: 2 4 6)", "1 * 1 = 1 (left: 1 4 6): dead end", 1)
    assert count(make_trace(TRAIN, response)).measures["marked_wrongly"] == 1


def test_teachers_are_apart_and_together(make_trace: MakeTrace) -> None:
    solver = TeacherInfo(kind="solver", model="exact", oracle=True)
    priced = Usage(cost=Decimal("0.02"))
    everyone, teachers = collect(
        [
            make_trace(TRAIN, STRAIGHT, usage=priced),
            make_trace(TRAIN, "I give up.", 1, usage=priced, finish=Finish.LENGTH),
            make_trace("1 1 1 8", STRAIGHT, teacher=solver),
        ]
    )
    assert (everyone.traces, everyone.hands, everyone.right) == (3, 2, 1)
    assert list(teachers) == ["openai: gpt-4o, onestep_tot", "solver: exact, onestep_tot"]
    openai = teachers["openai: gpt-4o, onestep_tot"]
    assert openai.verdicts[Verdict.CORRECT] == 1
    assert (openai.cost, openai.cost_of_right) == (Decimal("0.04"), Decimal("0.04"))
    assert everyone.cost_of_right is None
    found = everyone.to_json()
    assert (
        found["bands"]["easy"]["asked"] + found["bands"].get("medium", {"asked": 0})["asked"] == 3
    )
    assert found["cost"] == "0.04"
    assert "tokens" not in found["measures"]


def test_methods_are_apart_and_have_no_common_mean(make_trace: MakeTrace) -> None:
    asked = {"puzzle": Puzzle.parse("4 6 8"), "method": "propose"}
    listed = make_trace().model_copy(update={**asked, "response": "8 - 4 = 4 (left: 4 6)"})
    everyone, groups = collect([make_trace(TRAIN, SEARCH), listed])
    assert list(groups) == ["openai: gpt-4o, onestep_tot", "openai: gpt-4o, propose"]
    assert everyone.to_json()["measures"] == {} and everyone.right == 2
    assert groups["openai: gpt-4o, onestep_tot"].to_json()["measures"]["lines"]["responses"] == 1


@given(st.lists(st.integers(0, 50), min_size=1), st.sampled_from([0.0, 0.05, 0.5, 0.95, 1.0]))
def test_a_quantile_is_a_value_that_so_many_do_not_exceed(values: list[int], share: float) -> None:
    found = quantile(Counter(values), share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values)
    assert sum(value < found for value in values) < max(1, share * len(values))


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_a_plot_is_drawn(make_trace: MakeTrace, tmp_path: Path, suffix: str) -> None:
    odd = TeacherInfo(kind="openai", model="$x$ \\frac{ $ \x1b[31m")
    _, teachers = collect(
        [make_trace(TRAIN, SEARCH), make_trace(TRAIN, STRAIGHT, teacher=odd), make_trace()]
    )
    draw(teachers, tmp_path / f"plot.{suffix}", "50% $ & more")
    assert (tmp_path / f"plot.{suffix}").stat().st_size > 5_000
    with pytest.raises(ValueError, match=r"a plot is a file .png, .svg, .pdf"):
        draw(teachers, tmp_path / "plot.jsonl")
    with pytest.raises(ValueError, match="no trace to draw"):
        draw({}, tmp_path / "none.png")
