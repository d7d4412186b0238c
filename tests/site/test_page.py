"""The page as a visitor uses it: sorting, filtering, rows, hands, comparing, the keyboard."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlencode

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tot24_bench.game import Puzzle, solve
from tot24_bench.leaderboard import choose
from tot24_bench.leaderboard.tables.pairing import conclusion, pair

from .conftest import COT, ONESTEP, ROOT, SEARCHED, TAUGHT, UNTAUGHT, Visit

HAND = "2 5 8 11"


def at(url: str, view: str, **query: str) -> str:
    return f"{url}#{view}?{urlencode(query)}"


def cells(page: Page, column: str) -> list[str]:
    """The texts of a column of the board, sections' headings left out."""
    heads = page.locator("#rows thead th").all_inner_texts()
    place = next(i for i, head in enumerate(heads) if head.strip(" ▲▼\n") == column)
    return [
        row.locator("th, td").nth(place).inner_text()
        for row in page.locator("#rows tbody tr:not(.section)").all()
    ]


def test_the_first_view_has_a_sentence_a_figure_and_the_rows(visit: Visit, real: str) -> None:
    page = visit.open(real)
    assert page.locator("h1").inner_text() == "Can a small language model be taught to search?"
    assert page.locator("svg.plot .mark").count() > 10
    assert "scout-2m" in page.locator("svg.plot .label").all_text_contents()
    models = cells(page, "model")
    assert models[0].startswith("scout-2m") and len(models) > 15
    sections = page.locator("#rows .section").all_inner_texts()
    titles = [one.split(".")[0] for one in sections if not one.startswith("Without a rank")]
    assert titles == ["Measured", "Rescored", "Rescored, full", "Reported", "Reported, full"]


def test_rows_of_one_rank_are_bracketed(visit: Visit, real: str) -> None:
    page = visit.open(real)
    tied = page.locator("#rows tr.tied .rank").all_inner_texts()
    ranks = [one.split()[0] for one in tied]
    assert ranks.count("1") == 2 and ranks.count("4") > 1
    assert "shared" in tied[0]


def test_a_heading_sorts_and_the_address_keeps_it(visit: Visit, real: str) -> None:
    page = visit.open(real)
    page.click("#sort-acc")
    assert page.locator("th[aria-sort]").get_attribute("aria-sort") == "descending"
    shown = [float(one.split("%")[0]) for one in cells(page, "accuracy")]
    assert shown == sorted(shown, reverse=True)
    page.click("#sort-acc")
    assert page.locator("th[aria-sort]").get_attribute("aria-sort") == "ascending"
    page.reload()
    shown = [float(one.split("%")[0]) for one in cells(page, "accuracy")]
    assert shown == sorted(shown)


def test_unknown_cells_stand_last_whichever_way_a_column_is_sorted(visit: Visit, real: str) -> None:
    page = visit.open(real)
    for _ in range(2):
        page.click("#sort-size")
        known = [one != "–" for one in cells(page, "parameters")]
        assert known == sorted(known, reverse=True) and True in known and False in known


def test_filters_narrow_the_rows_and_back_brings_them_back(visit: Visit, real: str) -> None:
    page = visit.open(real)
    before = len(cells(page, "model"))
    page.select_option("#by-family", "cot")
    page.wait_for_url(re.compile("family=cot"))
    methods = cells(page, "method")
    assert methods and all("CoT" in one for one in methods)
    page.go_back()
    page.wait_for_function("() => document.querySelectorAll('#rows tbody tr').length > 15")
    assert len(cells(page, "model")) == before
    page.go_forward()
    page.wait_for_url(re.compile("family=cot"))


def test_typing_into_find_keeps_the_caret_and_filters(visit: Visit, real: str) -> None:
    page = visit.open(real)
    page.focus("#by-q")
    page.keyboard.type("gpt-4o one")
    page.wait_for_function("() => document.querySelectorAll('#rows tbody tr').length < 8")
    assert page.evaluate("document.activeElement.id") == "by-q"
    assert all(one.startswith("GPT-4o") for one in cells(page, "model"))
    page.keyboard.type("zzz")
    page.get_by_text("No row fits").wait_for()


def test_all_columns_come_on_demand(visit: Visit, real: str) -> None:
    page = visit.open(real)
    assert page.locator("#rows thead th").count() == 6
    page.check("#by-all")
    page.wait_for_function("() => document.querySelectorAll('#rows thead th').length > 12")
    assert "teacher" in page.locator("#rows thead").inner_text()


def test_a_row_opens_its_model(visit: Visit, real: str) -> None:
    page = visit.open(real)
    page.locator("#rows tbody a", has_text="smollm2-135m-backward").first.click()
    page.get_by_role("heading", level=1, name="smollm2-135m-backward").wait_for()
    assert page.locator("ol.grid .cell").count() == 100
    assert page.locator("ol.grid .v-c").count() == 71
    signs = set(page.locator("ol.grid .cell").all_inner_texts())
    assert {"✓", "≠"} <= signs  # not colour alone
    text = page.locator("main").inner_text()
    for said in ("71.0%", "[61.5, 79.0]", "Where it first fails", "Easy and hard hands", "SmolLM2"):
        assert said in text
    page.go_back()
    page.wait_for_selector("#rows")


def test_where_it_first_fails_adds_up_to_all_hands(visit: Visit, real: str) -> None:
    page = visit.open(at(real, "row", key=COT))
    rows = page.locator("table", has_text="share of responses").locator("tbody tr")
    shares = [float(one.split("%")[0].split()[-1]) for one in rows.evaluate_all(
        "rows => rows.map((row) => row.lastChild.textContent)"
    )]  # fmt: skip
    assert sum(shares) == pytest.approx(100)


def test_a_hand_shows_the_response_and_its_checked_tree(visit: Visit, real: str) -> None:
    page = visit.open(at(real, "row", key=TAUGHT))
    page.locator("ol.grid .cell").nth(2).click()
    page.wait_for_selector(".tree li")
    assert page.locator("h1").inner_text().startswith(f"{HAND} = 24")
    lines = page.locator(".text li").all_inner_texts()
    assert lines[0] == "Steps:" and lines[-1].startswith("Answer: (8 * (11 - 5)) / 2")
    tree = page.locator(".tree").inner_text()
    assert "pair 8 11: +19 -3 *88" in tree and "given up ✓" in tree
    assert "answer right ✓" in tree
    assert page.locator(".tree .path > .node").last.inner_text().startswith("48 / 2 = 24")


def test_the_search_can_be_watched_thought_by_thought(visit: Visit, real: str) -> None:
    page = visit.open(at(real, "row", key=ONESTEP, hand=HAND))
    page.wait_for_selector(".tree li")
    for number in (1, 2):
        page.get_by_role("button", name="The next thought").click()
        assert f"thought {number} of" in page.locator(".watch output").inner_text()
        assert page.locator(".text li.now").count() == 1
    page.get_by_role("button", name="The thought before").click()
    assert "thought 1 of" in page.locator(".watch output").inner_text()
    page.get_by_role("button", name="The whole search").click()
    assert page.locator(".later").count() == 0


def test_two_rows_stand_beside_each_other_on_a_hand(visit: Visit, real: str) -> None:
    page = visit.open(at(real, "row", key=ONESTEP, hand=HAND))
    page.select_option("#beside", TAUGHT)
    page.wait_for_function("() => document.querySelectorAll('.side .tree').length === 2")
    assert page.locator(".pair .side h2").all_inner_texts() == [
        "✓ scout-2m",
        "✓ smollm2-135m-backward",
    ]
    page.get_by_role("link", name="next hand").click()
    page.wait_for_url(re.compile("beside="))
    page.wait_for_function("() => document.querySelectorAll('.side .tree').length === 2")


def test_the_solvers_solutions_stand_under_a_fold(visit: Visit, real: str) -> None:
    page = visit.open(at(real, "row", key=ONESTEP, hand=HAND))
    page.get_by_text("The solver's solutions").click()
    page.wait_for_selector(".solutions li")
    expected = [one.expression for one in solve(Puzzle.parse(HAND))]
    assert page.locator(".solutions li").all_inner_texts() == expected


def test_a_search_shows_its_answers_and_what_they_cost(visit: Visit, real: str) -> None:
    page = visit.open(at(real, "row", key=SEARCHED, hand=HAND))
    page.get_by_text("A search in many calls").wait_for()
    assert re.search(r"many calls: [\d,]+ calls, [\d,]+ states", page.locator("main").inner_text())


def test_withheld_and_reported_responses_are_said_to_be_missing(visit: Visit, real: str) -> None:
    rescored = "GPT-4o/game24_onestep_tot_full.5shot.other.hands100.rescored"
    page = visit.open(at(real, "row", key=rescored))
    page.locator("ol.grid .cell").first.click()
    page.get_by_text("The responses are withheld").wait_for()
    page.goto(at(real, "row", key="GPT-4/game24_tot_b5.5shot.other.reported"))
    page.get_by_text("The source gives a figure and no hands.").wait_for()


@pytest.mark.parametrize("second", [UNTAUGHT, COT, "GPT-4/game24_tot_b5.5shot.other.reported"])
def test_compare_says_what_the_command_says(visit: Visit, real: str, second: str) -> None:
    results = ROOT / "results"
    expected = conclusion(pair(choose(TAUGHT, results), choose(second, results)))
    page = visit.open(at(real, "compare", a=TAUGHT, b=second))
    assert page.locator("#conclusion").inner_text() == expected


def test_two_rows_can_be_picked_swapped_and_their_disagreements_opened(
    visit: Visit, real: str
) -> None:
    page = visit.open(f"{real}#compare")
    page.select_option("#pick-a", TAUGHT)
    page.select_option("#pick-b", ONESTEP)
    page.wait_for_selector("#conclusion")
    assert "scout-2m is right more often" in page.locator("#conclusion").inner_text()
    table = page.locator("table", has_text="Hands by who is right").inner_text()
    assert [int(one) for one in re.findall(r"\t(\d+)", table)] == [70, 1, 29, 0]
    page.click("#swap")
    page.wait_for_url(re.compile("a=scout"))
    differing = page.locator("table", has_text="Hands on which the two differ").locator("tbody a")
    assert differing.count() == 30
    differing.first.click()
    page.wait_for_function("() => document.querySelectorAll('.side').length === 2")


def test_a_hand_is_tried_and_everyones_result_is_shown(visit: Visit, real: str) -> None:
    page = visit.open(f"{real}#try")
    page.fill("#try-hand", "11, 8 5 2")
    page.keyboard.press("Enter")
    page.wait_for_selector("#outcome")
    expected = [one.expression for one in solve(Puzzle.parse(HAND))]
    assert page.locator("#solutions li").all_inner_texts() == expected
    text = page.locator("main").inner_text()
    assert "rank 903 of 1,362" in text
    assert page.locator("table", has_text="How each row did").locator("tbody tr").count() > 15


@pytest.mark.parametrize(
    "hand, target, said",
    [
        ("1 1 1 1", "24", "no solution"),
        ("1 2 3", "7", "1 2 3 = 7: "),
        ("4 5 x", "24", "Give whole numbers"),
        ("1 2 3 4 5 6 7", "24", "More than 5 numbers are not solved"),
        ("4 4 6 8", "2.5", "The target is a whole number"),
        ("0 4 6", "24", "Give whole numbers"),
    ],
)
def test_what_cannot_be_solved_is_said(
    visit: Visit, real: str, hand: str, target: str, said: str
) -> None:
    page = visit.open(at(real, "try", hand=hand, target=target))
    assert said in page.locator("main").inner_text()


def test_every_figure_is_a_table_too(visit: Visit, real: str) -> None:
    page = visit.open(f"{real}#figures")
    plots = page.locator("main svg.plot").count()
    assert plots >= 4
    assert page.locator("main details table").count() == plots
    titles = page.locator("h2").all_inner_texts()
    assert [one.split(",")[0] for one in titles] == [
        "Accuracy against size",
        "Accuracy against tokens",
        "Where responses first fail",
        "Accuracy over splits: what holds beyond the published hands",
    ]


@pytest.mark.parametrize(
    "fragment", ["#row?key=nobody", "#row", "#nowhere", "#compare?a=x&b=y", "#board?sort=x&split=q"]
)
def test_an_address_that_means_nothing_still_shows_a_page(
    visit: Visit, real: str, fragment: str
) -> None:
    page = visit.open(real + fragment)
    assert page.locator("main a, main select").count() > 0


def test_the_keyboard_reaches_rows_and_focus_follows_the_view(visit: Visit, real: str) -> None:
    page = visit.open(real)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.focus("#sort-acc")
    page.keyboard.press("Enter")
    page.wait_for_selector("th[aria-sort=descending]")
    assert page.evaluate("document.activeElement.id") == "sort-acc"
    page.locator("#rows tbody a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("ol.grid")
    assert page.evaluate("document.activeElement.id") == "main"


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_finding_of_axe_in_any_view(
    browser: Browser, real: str, width: int, scheme: str
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,  # type: ignore[arg-type]
        bypass_csp=True,  # axe is a script of its own
    )
    page = context.new_page()
    views = (
        real,
        at(real, "row", key=ONESTEP),
        at(real, "row", key=ONESTEP, hand=HAND, beside=TAUGHT),
        at(real, "compare", a=TAUGHT, b=ONESTEP),
        f"{real}#figures",
        at(real, "try", hand=HAND),
    )
    for view in views:
        page.goto("about:blank")
        page.goto(view)
        page.wait_for_selector("main h1")
        if "hand=" in view and "#row" in view:
            page.wait_for_function("() => document.querySelectorAll('.tree').length === 2")
        found = Axe().run(page).response["violations"]
        bad = [
            (one["id"], one["nodes"][0]["html"][:120], one["nodes"][0].get("failureSummary", ""))
            for one in found
            if one["impact"] in ("serious", "critical")
        ]
        assert bad == [], view
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{view} is wider than the window"
    context.close()


def test_it_prints_without_controls(visit: Visit, real: str) -> None:
    page = visit.open(at(real, "row", key=ONESTEP, hand=HAND))
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()
    assert page.locator(".text").is_visible()


def test_the_page_without_responses_is_small(real: str) -> None:
    html = Path(real.removeprefix("file://")).read_text("utf-8")
    bare = re.sub(r'<script type="text/plain" id="details-\d+">[^<]*</script>', "", html)
    assert len(bare) < len(html)
    assert len(bare.encode()) < 400_000
