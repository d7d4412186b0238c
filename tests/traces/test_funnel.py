"""Counts that add up, and shares with the intervals that textbooks give."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tot24_bench.game import Puzzle
from tot24_bench.statistics import share, wilson
from tot24_bench.statistics import wilson as of_the_leaderboard
from tot24_bench.traces import Funnel
from tot24_bench.traces.funnel import Counting, markdown
from tot24_bench.traces.judge import Judged, Level, Reason, band_of

HANDS = tuple(map(Puzzle.parse, ("1 1 4 6", "6 4 1 1", "1 1 1 8", "4 5 6 10", "1 2 3 4 5")))

fates = st.lists(
    st.tuples(
        st.sampled_from(HANDS), st.sampled_from([None, *Reason]), st.integers(0, 2), st.booleans()
    ),
    max_size=60,
)


@settings(deadline=None)  # the first call imports the solver
@given(fates)
def test_every_trace_is_kept_or_dropped_for_one_reason(
    found: list[tuple[Puzzle, Reason | None, int, bool]],
) -> None:
    counting = Counting(Level.VALID)
    for puzzle, reason, backtracks, rescored in found:
        detail = "val" if reason is Reason.HELD_OUT_HAND else ""
        counting.add(puzzle, Judged(reason, detail, True, backtracks, rescored))
    funnel = counting.funnel()
    assert funnel.asked == len(found)
    assert funnel.asked == funnel.kept + sum(one.traces for one in funnel.dropped)
    counts = [one.traces for one in funnel.stages]
    assert counts == sorted(counts, reverse=True)
    assert all(one.hands <= one.traces for one in funnel.stages)
    assert sum(one.asked for one in funnel.bands) == funnel.asked
    assert sum(one.kept for one in funnel.bands) == funnel.kept
    assert funnel.kept_with_backtrack <= funnel.kept
    assert Funnel.from_json(funnel.to_json()) == funnel
    assert markdown(funnel).count(f"| asked | {funnel.asked:,} |") == 1


def test_a_hand_counts_once_whatever_the_order_of_its_numbers() -> None:
    counting = Counting(Level.VALID)
    for puzzle in HANDS[:2]:
        counting.add(puzzle, Judged(None, "", True, 0, False))
    assert (counting.funnel().kept, counting.funnel().at("kept").hands) == (2, 1)


@pytest.mark.parametrize(
    ("level", "names"),
    [(Level.ANSWER, []), (Level.AGREES, ["agreeing"]), (Level.VALID, ["agreeing", "valid"])],
)
def test_steps_that_the_level_does_not_ask_for_are_no_stage(level: Level, names: list[str]) -> None:
    stages = [one.name for one in Counting(level).funnel().stages]
    assert [name for name in stages if name in ("agreeing", "valid")] == names
    with pytest.raises(KeyError):
        Counting(Level.ANSWER).funnel().at("valid")


@settings(deadline=None)  # the first call imports scipy
@given(st.integers(0, 500), st.integers(1, 500))
def test_intervals_are_those_of_the_leaderboard(part: int, whole: int) -> None:
    part = min(part, whole)
    low, high = of_the_leaderboard(part, whole)
    assert wilson(part, whole) == pytest.approx((low, high), abs=1e-12)


def test_nothing_counted_has_no_share() -> None:
    assert (share(0, 0), wilson(0, 0)) == ("0", (0.0, 1.0))


def test_a_hand_of_five_has_no_band() -> None:
    assert [band_of(puzzle) for puzzle in (HANDS[0], HANDS[-1])] == ["easy", "none"]
