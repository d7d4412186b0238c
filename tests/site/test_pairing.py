"""The page's comparison of two rows against `tot24 compare`'s, letter by letter."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations
from math import sqrt
from pathlib import Path
from random import Random
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.leaderboard.conftest import make_reported, make_submission
from tests.site.conftest import ASSETS
from tot24_bench.game import Puzzle, load_split
from tot24_bench.leaderboard import Entry, Outcome, interval, read_entries
from tot24_bench.leaderboard.tables.pairing import Pairing, conclusion, pair, settings_of
from tot24_bench.leaderboard.tables.ranks import is_exact_search
from tot24_bench.leaderboard.tables.rows import method_of, short
from tot24_bench.statistics import (
    RESAMPLES,
    SIGNIFICANT,
    clustered,
    mcnemar,
    newcombe,
    p_text,
    sign_flip,
    wilson,
)

RESULTS = Path(__file__).parents[2] / "results"
HANDS = load_split("hard100")
MOST = 600  # pairs of rows of hard100; of all 1,800 none differs, and half a minute is a lot
OF_A_KIND = 60  # pairs of other rows, of each kind of pair
BATCH = 400  # pairs in one call of the browser

DRAWN = re.compile(r"95% \S+ to [^)]+|p = [^\s;]*\d")
"""What draws decide in a sentence: the ends of the interval and the p-value."""

COMPARE = """places => places.map(([one, other]) => {
  const pairing = pairRows(window.rows[one], window.rows[other]);
  const {first, second, ...said} = pairing;
  return {...said, text: conclusionOf(pairing)};
})"""


@pytest.fixture(scope="module")
def stored() -> list[Entry]:
    """The rows of `results/`."""
    return read_entries(RESULTS)


@pytest.fixture
def page(blank: Page) -> Page:
    """A page that has the script, as a classic one."""
    blank.add_script_tag(content=(ASSETS / "pairing.js").read_text(encoding="utf-8"))
    return blank


def shown(value: object) -> str | None:
    return None if value is None else short(str(value))


def hand_of(puzzle: Puzzle) -> str:
    hand, target, rule = puzzle.identity
    return f"{' '.join(map(str, hand))} = {target} {rule}"


def row_of(entry: Entry) -> dict[str, Any]:
    """A row as the page's data hold it."""
    header, ends = entry.header, interval(entry)
    return {
        "key": entry.key,
        "model": short(header.model.name),
        "label": short(method_of(header)),
        "method": header.method,
        "shots": header.shots,
        "split": short(header.split),
        "obtained": header.obtained,
        "acc": header.metrics.acc,
        "low": ends and ends.low,
        "high": ends and ends.high,
        "exact": is_exact_search(header),
        "settings": {name: shown(value) for name, value in settings_of(header).items()},
        "hands": [[hand_of(one.puzzle), one.right, one.responses] for one in entry.outcomes],
    }


def compared(
    page: Page, entries: Sequence[Entry], pairs: Sequence[tuple[int, int]]
) -> list[dict[str, Any]]:
    """What the page says of each pair of places in `entries`."""
    page.evaluate("rows => { window.rows = rows; }", [row_of(entry) for entry in entries])
    found: list[dict[str, Any]] = []
    for start in range(0, len(pairs), BATCH):
        found += page.evaluate(COMPARE, [list(places) for places in pairs[start : start + BATCH]])
    return found


def has_several(entry: Entry) -> bool:
    return any(one.responses > 1 for one in entry.outcomes)


def check_alike(said: dict[str, Any], expected: Pairing) -> None:
    """Everything but what draws decide."""
    assert said["warnings"] == list(expected.warnings)
    assert said["reason"] == expected.reason
    assert (said["onlyFirst"], said["onlySecond"]) == (expected.only_first, expected.only_second)
    test = expected.test
    assert (said["test"] is None) == (test is None)
    if test is not None:
        names = ("hands", "first", "second", "difference", "name")
        assert [said["test"][name] for name in names] == [getattr(test, name) for name in names]
        counts = said["test"]["counts"]
        assert (counts and tuple(counts.values())) == (test.counts and tuple(test.counts))


def check_to_the_letter(page: Page, entries: Sequence[Entry], pairs: list[tuple[int, int]]) -> None:
    for (one, other), said in zip(pairs, compared(page, entries, pairs), strict=True):
        expected = pair(entries[one], entries[other])
        check_alike(said, expected)
        assert said["text"] == conclusion(expected)
        if expected.test is not None:
            assert said["test"]["drawn"] is False
            ends = said["test"]["low"], said["test"]["high"]
            assert ends == pytest.approx(tuple(expected.test.ends), abs=1e-12)
            assert said["test"]["p"] == pytest.approx(expected.test.p, rel=1e-9)


def drawn_within(*p_values: float) -> float:
    """How far two p-values of RESAMPLES draws each may be apart: five standard errors."""
    tail = max(p_values) / 2
    return 5 * 2 * sqrt(2 * tail * (1 - tail) / RESAMPLES)


def check_but_for_draws(
    page: Page, entries: Sequence[Entry], pairs: list[tuple[int, int]], ends_within: float = 0.01
) -> None:
    for (one, other), said in zip(pairs, compared(page, entries, pairs), strict=True):
        expected = pair(entries[one], entries[other])
        check_alike(said, expected)
        assert expected.test is not None and said["test"]["drawn"] is True
        p, there = said["test"]["p"], expected.test.p
        assert p == pytest.approx(there, abs=drawn_within(p, there))
        ends = said["test"]["low"], said["test"]["high"]
        assert ends == pytest.approx(tuple(expected.test.ends), abs=ends_within)
        if (p < SIGNIFICANT) == (there < SIGNIFICANT):
            assert DRAWN.sub("~", said["text"]) == DRAWN.sub("~", conclusion(expected))


def entry_of(
    counts: Sequence[tuple[int, int]], name: str, hands: Sequence[Puzzle] = HANDS, **changes: Any
) -> Entry:
    """Right responses of how many, a hand each."""
    header = Entry.of(make_submission(name=name, **changes)).header
    pairs = zip(hands, counts, strict=False)
    return Entry(header, tuple(Outcome(puzzle, right, n, None) for puzzle, (right, n) in pairs))


def either_way_round(pairs: list[tuple[int, int]], most: int) -> list[tuple[int, int]]:
    """A sample of pairs, each with the one or the other first."""
    random = Random(24)
    chosen = random.sample(pairs, min(most, len(pairs)))
    return [two if random.random() < 0.5 else two[::-1] for two in chosen]


def test_every_two_rows_of_one_response_to_the_hands_of_hard100_give_pythons_sentence(
    page: Page, stored: list[Entry]
) -> None:
    single = [
        entry
        for entry in stored
        if entry.header.split == "hard100" and entry.outcomes and not has_several(entry)
    ]
    pairs = either_way_round(list(combinations(range(len(single)), 2)), MOST)
    assert len(pairs) >= 300
    check_to_the_letter(page, single, pairs)


def test_rows_of_other_splits_reports_and_searches_give_pythons_sentence(
    page: Page, stored: list[Entry]
) -> None:
    kinds: dict[tuple[bool, ...], list[tuple[int, int]]] = {}
    for places in combinations(range(len(stored)), 2):
        one, other = (stored[place] for place in places)
        tested = one.outcomes and other.outcomes
        if tested and (has_several(one) or has_several(other)):
            continue  # drawn, where they share a hand
        kind = (
            bool(one.outcomes or other.outcomes),
            bool(tested),
            one.header.split == other.header.split,
            is_exact_search(one.header) or is_exact_search(other.header),
        )
        kinds.setdefault(kind, []).append(places)
    assert len(kinds) >= 8
    pairs = [two for kind in kinds.values() for two in either_way_round(kind, OF_A_KIND)]
    check_to_the_letter(page, stored, pairs)


def test_stored_rows_of_several_responses_give_pythons_sentence_but_for_draws(
    page: Page, stored: list[Entry]
) -> None:
    several = [place for place, entry in enumerate(stored) if has_several(entry)]
    single = [
        place
        for place, entry in enumerate(stored)
        if entry.header.split == "hard100" and entry.outcomes and place not in several
    ]
    pairs = [(one, other) for one in several for other in Random(24).sample(single, 4)]
    pairs += combinations(several, 2)
    assert len(pairs) > 4
    check_but_for_draws(page, stored, pairs)


def test_rows_of_several_responses_give_pythons_sentence_but_for_draws(page: Page) -> None:
    random, entries = Random(24), []
    for _ in range(12):
        asked = random.randint(25, 100)
        counts = []
        for _ in range(asked):
            n = random.choice((1, 3, 10, 20))
            counts.append((round(n * random.betavariate(1, 1 + random.random())), n))
        entries.append(entry_of(counts, random.choice("abc"), shots=random.choice((0, 5))))
    check_but_for_draws(page, entries, list(combinations(range(len(entries)), 2)))


def test_few_hands_of_several_responses_have_pythons_p(page: Page) -> None:
    """All flips are tried in both: no draw, so no difference."""
    random, given = Random(24), []
    while len(given) < 40:
        differences = [random.randint(-8, 8) / 8 for _ in range(random.randint(1, 13))]
        given.append(differences + [0.0] * random.randint(0, 5))
    found = page.evaluate("all => all.map(signFlipP)", given)
    assert found == pytest.approx([sign_flip(one) for one in given], rel=1e-12)


def test_many_hands_have_pythons_p_but_for_draws(page: Page) -> None:
    random = Random(24)
    given = [
        [random.randint(-7, 10) / 10 for _ in range(random.randint(14, 300))] for _ in range(15)
    ]
    given += [[0.5] * 14, [0.5] * 14 + [-0.5] * 14]
    found = page.evaluate("all => all.map(signFlipP)", given)
    for differences, p in zip(given, found, strict=True):
        expected = sign_flip(differences)
        assert p == pytest.approx(expected, abs=drawn_within(p, expected))
    assert page.evaluate("signFlipP([])") == page.evaluate("signFlipP([0, 0.5])") == 1.0


def test_sums_that_are_zero_but_for_rounding_are_no_difference(page: Page) -> None:
    assert page.evaluate("signFlipP([1.0, -0.1, -0.5, 1.0, -0.6, -0.3, -0.5])") == 1.0


def test_a_bootstrap_has_pythons_ends_but_for_draws_and_wilsons_where_all_are_equal(
    page: Page,
) -> None:
    random = Random(24)
    given = [[random.randint(0, 10) / 10 for _ in range(random.randint(20, 400))] for _ in range(8)]
    for means, ends in zip(
        given, page.evaluate("all => all.map(clusteredInterval)", given), strict=True
    ):
        assert ends == pytest.approx(tuple(clustered(means)), abs=0.01)
    equal = [[share] * n for share in (0.0, 0.25, 0.5, 0.75, 1.0) for n in range(1, 12)]
    for means, ends in zip(
        equal, page.evaluate("all => all.map(clusteredInterval)", equal), strict=True
    ):
        assert ends == pytest.approx(tuple(clustered(means)), abs=1e-12)


def test_the_same_difference_everywhere_is_not_drawn_where_all_flips_are_tried(page: Page) -> None:
    entries = [
        entry_of([(3, 4), (2, 4)] * 5, "a"),
        entry_of([(2, 4), (1, 4)] * 5, "b"),
        entry_of([(5, 10), (0, 2), (1, 1)], "c"),
        entry_of([(1, 2), (0, 1), (2, 2)], "d"),
        entry_of([(1, 2)] * 5, "e"),  # 2.5 right: the even number is taken
        entry_of([(0, 1)] * 5, "f"),
        entry_of([(3, 4)] * 2, "g"),
        entry_of([(0, 1)] * 2, "h"),
    ]
    pairs = [(0, 1), (1, 0), (2, 3), (4, 5), (5, 4), (6, 7)]
    check_to_the_letter(page, entries, pairs)


def test_the_same_difference_on_many_hands_draws_its_flips_alone(page: Page) -> None:
    a, b = entry_of([(3, 4), (2, 4)] * 25, "a"), entry_of([(2, 4), (1, 4)] * 25, "b")
    check_but_for_draws(page, [a, b], [(0, 1), (1, 0)], ends_within=1e-12)


def test_a_hand_that_is_asked_twice_counts_with_all_its_responses(page: Page) -> None:
    twice = [HANDS[0], HANDS[0], HANDS[1], *HANDS[2:30]]
    a = entry_of([(1, 1), (0, 1), (1, 1)] + [(1, 1), (0, 1)] * 14, "a", twice)
    b = entry_of([(1, 1)] * 25, "b")
    # Means of 25 hands by halves: the ends are steps of 0.02, and draws may be one step apart.
    check_but_for_draws(page, [a, b], [(0, 1), (1, 0)], ends_within=0.0201)


def test_an_end_of_no_difference_has_pythons_sign(page: Page) -> None:
    a, b = entry_of([(1, 2)] * 20, "a"), entry_of([(2, 2)] + [(1, 2)] * 19, "b")
    ends = "a, by 2.5 points (95% -0.0 to 7.5)"
    assert ends in conclusion(pair(a, b))
    assert ends in compared(page, [a, b], [(0, 1)])[0]["text"]


def test_other_targets_and_rules_are_other_hands(page: Page) -> None:
    changed = [Puzzle(HANDS[0].numbers, 25), Puzzle(HANDS[1].numbers, rule="some"), HANDS[2]]
    entries = [
        entry_of([(1, 1)] * 3, "a"),
        entry_of([(1, 1)] * 3, "b", changed),
        entry_of([(0, 1)] * 2, "c", changed),
    ]
    check_to_the_letter(page, entries, [(0, 1), (0, 2), (2, 0), (1, 2)])


def test_the_names_that_tell_two_rows_apart_are_pythons(page: Page) -> None:
    elsewhere = {"obtained": "rescored", "source": "x", "method": "other", "variant": "other"}
    long = {**elsewhere, "name": "m" * 80, "task": "t" * 80, "label": "ToT, b = 5"}
    counts = [(1, 1), (1, 1), (0, 1), (1, 1)]
    entries = [
        entry_of(counts, "a"),
        entry_of([(0, 1)] * 4, "a"),
        entry_of(counts, "a", shots=5),
        entry_of(counts, "a", task="game24_cot", method="cot", shots=5),
        entry_of(counts, "a", chat=True, generation={"temperature": 0.7, "do_sample": True}),
        entry_of(counts, "a", split="full"),
        entry_of(counts, "a", **elsewhere, shots=None),
        entry_of(counts, "a", **elsewhere, shots=5),
        entry_of(counts, "a", **elsewhere, shots=None, label="a: b"),
        entry_of(counts, **long, split="s" * 78 + "1", shots=None),
        entry_of(counts, **long, split="s" * 78 + "2", shots=None),
        entry_of([(0, 1)] * 4, "x\n\x1b[31m\u202ey" + "z" * 900, model={"precision": "bf16"}),
        entry_of(counts, "c", model={"backend": "exact search", "precision": None}),
        Entry.of(make_reported(acc=0.073, repeats=100)),
        Entry.of(make_reported(acc=0.1225, n=400, split="full", shots=None, label="x (v2)")),
    ]
    assert any(len(entry.key) > 200 for entry in entries)
    pairs = [(i, j) for i in range(len(entries)) for j in range(len(entries))]
    check_to_the_letter(page, entries, pairs)


def test_halves_of_the_last_digit_are_rounded_as_pythons(page: Page) -> None:
    """5 hands to none has a p of exactly 0.0625; 1 of 80 hands is 1.25 points."""
    hands = load_split("hard100")
    entries = [
        entry_of([(1, 1)] * right + [(0, 1)] * (80 - right), "a", hands) for right in range(81)
    ]
    pairs = [(0, right) for right in range(81)] + [(right, right // 2) for right in range(81)]
    check_to_the_letter(page, entries, pairs)


def test_an_accuracy_that_is_a_half_of_the_last_digit_is_rounded_as_pythons(page: Page) -> None:
    reports = [
        Entry.of(make_reported(acc=right / 400, n=400, split="full")) for right in range(0, 401, 5)
    ]
    check_to_the_letter(page, reports, [(0, place) for place in range(len(reports))])


def counts_to_try(random: Random, kinds: int) -> list[list[int]]:
    """Counts of every size, up to 100,000 together; often none of a kind."""
    found = []
    for _ in range(400):
        size = 10 ** random.uniform(0, 5)
        shares = [random.choice((0.0, random.random())) for _ in range(kinds)]
        whole = sum(shares) or 1.0
        found.append([int(size * share / whole) for share in shares])
    return [counts for counts in found if sum(counts)]


def test_wilsons_interval_is_pythons(page: Page) -> None:
    given = [[0, 0], [0, 100_000], [100_000, 100_000], [99_999, 100_000]]
    given += [[one, one + other] for one, other in counts_to_try(Random(24), 2)]
    found = page.evaluate("all => all.map(counts => wilsonInterval(...counts))", given)
    for counts, ends in zip(given, found, strict=True):
        assert ends == pytest.approx(tuple(wilson(*counts)), abs=1e-13)


def test_newcombes_interval_is_pythons(page: Page) -> None:
    given = [[100_000, 0, 0, 0], [0, 100_000, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [1, 1, 1, 1]]
    given += counts_to_try(Random(24), 4)
    found = page.evaluate("all => all.map(counts => newcombeInterval(...counts))", given)
    for counts, ends in zip(given, found, strict=True):
        assert ends == pytest.approx(tuple(newcombe(*counts)), abs=1e-12)


def test_mcnemars_p_is_pythons_up_to_100_000_hands_that_differ(page: Page) -> None:
    random = Random(24)
    given = [[one, other] for one in range(25) for other in range(25)]
    given += counts_to_try(random, 2)
    given += [
        [0, 100_000],
        [50_000, 50_000],
        [49_999, 50_001],
        [100_000, 1],
        [0, 1_074],
        [2, 1_080],
    ]
    for _ in range(100):  # close enough for p to be worth a word
        n = random.randint(100, 100_000)
        one = min(n, max(0, round(random.gauss(n / 2, n**0.5))))
        given.append([one, n - one])
    found = page.evaluate(
        "all => all.map(([a, b]) => [mcnemarP(a, b), pText(mcnemarP(a, b))])", given
    )
    for counts, (p, text) in zip(given, found, strict=True):
        expected = mcnemar(*counts)
        assert p == pytest.approx(expected, rel=1e-9, abs=1e-300), counts
        if p > 1e-300:  # below, scipy gives 0 for some p that a double can still hold
            assert text == p_text(expected), counts
    assert page.evaluate("pText(mcnemarP(0, 100000))") == p_text(mcnemar(0, 100_000)) == "0.0e+00"


def test_a_p_value_is_written_as_pythons(page: Page) -> None:
    random = Random(24)
    given = [0.0, 1.0, 0.001, 0.00099999, 0.0009995, 1e-5, 1.25e-7, 1e-10, 9.96e-100, 5e-324]
    given += [odd / 2**power for power in range(1, 14) for odd in range(1, 2**power, 2)]
    given += [random.random() for _ in range(2_000)]
    given += [10 ** random.uniform(-320, 0) for _ in range(2_000)]
    assert page.evaluate("all => all.map(pText)", given) == [p_text(p) for p in given]


def test_the_script_leaves_only_its_own_names(page: Page) -> None:
    """It is pasted with others into one: nothing of it becomes a property of the window."""
    before = set(page.context.new_page().evaluate("Object.getOwnPropertyNames(window)"))
    assert set(page.evaluate("Object.getOwnPropertyNames(window)")) <= before
