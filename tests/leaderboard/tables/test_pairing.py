"""Pairing: the shared hands, the interval of the difference, and what may be concluded."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tot24_bench.game import Puzzle, load_split
from tot24_bench.leaderboard import Entry, Outcome, Submission
from tot24_bench.leaderboard.tables.pairing import conclusion, pair
from tot24_bench.statistics import mcnemar, newcombe

from ..conftest import make_reported, make_sample, make_submission

HANDS = load_split("hard100")
COUNTS = st.tuples(*[st.integers(0, 60)] * 4).filter(lambda counts: sum(counts) > 0)


def entry(right: tuple[bool, ...], first: int = 0, name: str = "a", **changes: Any) -> Entry:
    """The hands of hard100 from `first` on, right or wrong as told."""
    puzzles = load_split("hard100")[first : first + len(right)]
    samples = tuple(make_sample(p, (good,)) for p, good in zip(puzzles, right, strict=True))
    return Entry.of(make_submission(samples=samples, name=name, **changes))


def test_only_hands_that_both_answered_are_paired() -> None:
    a = entry((True, True, False, False, True), name="a")
    b = entry((False, True, True, True, False), first=2, name="b")  # three hands shared
    found = pair(a, b)
    assert found.test is not None and found.test.counts is not None
    assert (found.test.hands, found.only_first, found.only_second) == (3, 2, 2)
    assert found.test.counts._asdict() == {
        "both": 1, "only_first": 0, "only_second": 1, "neither": 1,
    }  # fmt: skip
    assert found.test.p == 1.0 and found.test.difference == pytest.approx(-1 / 3)
    assert "the 3 hands that both answered" in conclusion(found)
    assert "hands that only one of them answered" in conclusion(found)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=30))
@settings(max_examples=40, deadline=None)
def test_the_other_way_round_is_the_mirror_image(right: list[tuple[bool, bool]]) -> None:
    a, b = (
        entry(tuple(column), name=n)
        for column, n in zip(zip(*right, strict=True), "ab", strict=True)
    )
    there, back = pair(a, b).test, pair(b, a).test
    assert there is not None and back is not None
    assert there.difference == pytest.approx(-back.difference)
    assert (
        there.p
        == back.p
        == mcnemar(sum(x and not y for x, y in right), sum(y and not x for x, y in right))
    )
    assert there.ends.low == pytest.approx(-back.ends.high)
    assert there.ends.low <= there.difference <= there.ends.high


@given(COUNTS)
@settings(deadline=None)
def test_newcombes_interval_holds_the_difference_and_stays_within_bounds(
    counts: tuple[int, int, int, int],
) -> None:
    low, high = newcombe(*counts)
    difference = (counts[1] - counts[2]) / sum(counts)
    assert -1 - 1e-12 <= low <= difference + 1e-12
    assert difference - 1e-12 <= high <= 1 + 1e-12
    assert high - low > 0.001


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [((59, 6, 16, 80), -0.1186, -0.0046), ((1, 1, 7, 12), -0.507, -0.026)],
)
def test_newcombes_interval_gives_the_published_examples(
    counts: tuple[int, int, int, int], low: float, high: float
) -> None:
    """Fagerland, Lydersen and Laake 2014 (Statistics in Medicine 33, 2850-2875): two trials."""
    assert newcombe(*counts) == pytest.approx((low, high), abs=5e-4)


@pytest.mark.parametrize("cells", [(0.4, 0.2, 0.1, 0.3), (0.05, 0.1, 0.02, 0.83)])
def test_newcombes_interval_covers_about_95_in_100(cells: tuple[float, ...]) -> None:
    """Method 10 is close to nominal for n = 100 (Newcombe 1998, table III)."""
    random = Random(24)
    truth, covered, runs = cells[1] - cells[2], 0, 2_000
    known: dict[tuple[int, ...], bool] = {}
    for _ in range(runs):
        drawn = random.choices(range(4), cells, k=100)
        counts = tuple(map(drawn.count, range(4)))
        if counts not in known:
            low, high = newcombe(*counts)
            known[counts] = low <= truth <= high
        covered += known[counts]
    assert 0.93 < covered / runs < 0.98


def test_several_responses_are_tested_by_sign_flips_over_hands() -> None:
    a = Entry.of(make_submission(right=30, hands=40, repeats=3, name="a"))
    b = Entry.of(make_submission(right=10, hands=40, name="b"))
    test = pair(a, b).test
    assert test is not None and test.counts is None
    assert test.name == "sign-flip test over hands"
    assert test.difference == pytest.approx(0.5) and test.p < 0.001
    assert test.ends.low < 0.5 < test.ends.high


def test_the_same_means_everywhere_give_an_interval_of_some_width() -> None:
    a = Entry.of(make_submission(right=3, hands=3, repeats=2, name="a"))
    test = pair(a, Entry.of(make_submission(right=3, hands=3, name="b"))).test
    assert test is not None
    assert test.ends.low < 0 < test.ends.high


def entry_of(counts: list[tuple[int, int]], name: str, hands: Sequence[Puzzle] = HANDS) -> Entry:
    """Right responses of how many, a hand each."""
    header = Entry.of(make_submission(name=name)).header
    pairs = zip(hands, counts, strict=False)
    return Entry(header, tuple(Outcome(p, right, n, None) for p, (right, n) in pairs))


def test_the_same_difference_everywhere_is_no_interval_of_rounding_errors() -> None:
    """0.3 - 0.2 and 0.2 - 0.1 are not the same floating-point number."""
    a, b = entry_of([(3, 10), (2, 10)] * 50, "a"), entry_of([(2, 10), (1, 10)] * 50, "b")
    test = pair(a, b).test
    assert test is not None
    assert test.ends.low < 0.09 < 0.11 < test.ends.high


@given(st.lists(st.tuples(*[st.integers(1, 6)] * 2), min_size=2, max_size=40), st.randoms())
@settings(max_examples=30, deadline=None)
def test_no_interval_of_several_responses_has_no_width(
    asked: list[tuple[int, int]], random: Random
) -> None:
    a, b = (
        entry_of([(random.randint(0, n[i]), n[i]) for n in asked], name)
        for i, name in enumerate("ab")
    )
    test = pair(a, b).test
    assert test is not None
    assert test.ends.high - test.ends.low > 0.001
    assert test.ends.low <= test.difference + 1e-9 and test.difference <= test.ends.high + 1e-9


def test_a_hand_that_is_asked_twice_counts_with_all_its_responses() -> None:
    twice = [HANDS[0], HANDS[0], HANDS[1]]
    a = entry_of([(1, 1), (0, 1), (1, 1)], "a", twice)
    test = pair(a, entry_of([(1, 1), (1, 1)], "b")).test
    assert test is not None and test.hands == 2
    assert (test.first, test.second) == (0.75, 1.0)


def test_equal_means_by_other_hands_are_equally_often() -> None:
    a = entry_of([(1, 10), (2, 10), (3, 10)], "a")
    b = entry_of([(3, 10), (3, 10), (0, 10)], "b")
    assert "a and b are right equally often" in conclusion(pair(a, b))


def test_a_reported_figure_is_not_tested_and_the_reason_is_said() -> None:
    reported = Entry.of(make_reported(acc=0.74))
    found = pair(entry((True,) * 4), reported)
    assert found.test is None
    said = conclusion(found)
    assert "No paired test is possible" in said and "without its responses" in said
    assert "74.0% (95% 64.6 to 81.6)" in said
    mean = Entry.of(make_reported(acc=0.073, repeats=100))
    assert "no interval can be given" in conclusion(pair(entry((True,)), mean))


def test_no_hand_in_common() -> None:
    found = pair(entry((True, True)), entry((True,), first=50, name="b"))
    assert found.test is None and "no hand in common" in conclusion(found)


@pytest.mark.parametrize(
    ("changes", "warning"),
    [
        ({"shots": 5}, "shots: 0 against 5"),
        ({"chat": True}, "chat form: plain text against one turn"),
        ({"chat": True, "multiturn": True, "shots": 5}, "plain text against several turns"),
        ({"obtained": "rescored", "source": "x", "generation": {}}, "settings of b One-Step"),
        ({"split": "full"}, "different splits (hard100, full)"),
        ({"variant": "published"}, "exemplars: default against published"),
        ({"model": {"precision": "bf16"}}, "precision: fp32 against bf16"),
        ({"obtained": "rescored", "source": "x"}, "how they were obtained"),
        ({"generation": {"temperature": 0.7, "do_sample": True}}, "sampling: greedy against temp"),
        ({"method": "cot", "task": "game24_cot"}, "model and method both differ"),
        ({"model": {"backend": "exact search"}}, "b is exact search, no language model"),
    ],
)
def test_what_is_not_alike_is_said(changes: dict[str, Any], warning: str) -> None:
    found = pair(entry((True, False)), entry((True, True), name="b", **changes))
    assert any(warning in said for said in found.warnings), found.warnings


def test_alike_but_for_the_model_there_is_nothing_to_warn_of() -> None:
    assert pair(entry((True, False)), entry((True, True), name="b")).warnings == ()


def test_a_clear_difference_and_an_unclear_one_are_told_apart() -> None:
    clear = conclusion(pair(entry((True,) * 20), entry((False,) * 20, name="b")))
    assert clear.startswith("On the 20 hands that both answered, a is right more often than b")
    assert "unlikely to be chance at the 5% level, exact McNemar p = 1.9e-06" in clear
    unclear = conclusion(pair(entry((True, True)), entry((True, False), name="b")))
    assert "may be chance" in unclear and "cannot tell them apart" in unclear
    for said in (clear, unclear):
        assert "significant" not in said


def test_the_worse_one_first_gives_the_same_sentence_with_the_same_interval() -> None:
    better, worse = entry((True,) * 20), entry((False,) * 20, name="b")
    assert conclusion(pair(better, worse)) == conclusion(pair(worse, better))


def test_a_correction_is_said() -> None:
    found = pair(entry((True,) * 6), entry((False,) * 6, name="b"))
    assert "p = 0.031." in conclusion(found)
    corrected = conclusion(found, 0.09375)
    assert "p = 0.094 after Holm's correction" in corrected and "not corrected)" in corrected


def test_names_cannot_break_the_sentence() -> None:
    other = entry((True, False), name="x\n\x1b[31m\u202ey" + "z" * 900)
    said = conclusion(pair(entry((False, True)), other))
    assert "\n" not in said and "\x1b" not in said and "\u202e" not in said and len(said) < 800


def test_it_reads_back_as_json() -> None:
    data = pair(entry((True, False)), entry((True, True), name="b")).to_json()
    assert data["test"]["counts"] == {"both": 1, "only_first": 0, "only_second": 1, "neither": 0}
    assert data["conclusion"] and data["reason"] is None


def test_the_order_of_a_hands_numbers_does_not_matter() -> None:
    asked = load_split("hard100")[:4]
    turned = tuple(make_sample(type(p)(p.numbers[::-1]), (True,)) for p in asked)
    other = Entry.of(make_submission(samples=turned, name="b"))
    found = pair(entry((True,) * 4), other)
    assert found.test is not None and found.test.hands == 4


def test_a_submission_in_memory_pairs_as_a_stored_one() -> None:
    submission: Submission = make_submission(right=1)
    assert pair(Entry.of(submission), Entry.of(submission)).test is not None
