"""A headless Chromium for the tests of the page, and pages that fail on errors and on requests.

Debian's `chromium` (`make browser`), Chrome, or the one that CHROMIUM names. Without it these tests
are skipped, but in CI, where that would hide that nothing was tested.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, sync_playwright

ROOT = Path(__file__).parents[2]
ASSETS = ROOT / "tot24_bench" / "leaderboard" / "site" / "assets"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for the tests of a file: other files have event loops of their own."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("no chromium: `make browser` installs it")
        pytest.skip("no chromium: `make browser` installs it, or CHROMIUM=/path names it")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """What one visitor has: no history, no storage."""
    made = browser.new_context(viewport={"width": 1280, "height": 900})
    yield made
    made.close()


@pytest.fixture
def blank(context: BrowserContext) -> Page:
    """An empty page, for functions of the page's scripts alone."""
    return context.new_page()


class Visit:
    """A page that is looked at, and all that must not happen on it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.told: list[str] = []  # errors of the console and of scripts
        self.asked: list[str] = []  # requests, but for the page itself
        self.dialogs: list[str] = []
        page.on("console", lambda one: self.told.append(f"{one.type}: {one.text}"))
        page.on("pageerror", lambda one: self.told.append(str(one)))
        page.on("request", lambda one: None if one.is_navigation_request() else self._ask(one.url))
        page.on("dialog", self._dialog)

    def _ask(self, url: str) -> None:
        self.asked.append(url)

    def _dialog(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def open(self, url: str) -> Page:
        """Go there, and wait until the page shows something."""
        self.page.goto(url)
        self.page.wait_for_selector("main h1")
        return self.page

    def check(self) -> None:
        """Nothing was said, asked or popped up."""
        assert self.told == []
        assert self.asked == []
        assert self.dialogs == []


@pytest.fixture
def visit(context: BrowserContext) -> Iterator[Visit]:
    """A visit whose page must neither complain, nor ask for anything, nor open a dialog."""
    made = Visit(context.new_page())
    yield made
    made.check()


@pytest.fixture
def loose_visit(context: BrowserContext) -> Visit:
    """A visit that may ask for details."""
    return Visit(context.new_page())


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Builds the page of submissions, once for each folder: its path."""
    from tot24_bench.leaderboard.site import PAGE, build, read_graded

    def make(results: Path) -> Path:
        path = results / PAGE
        if not path.exists():
            path.write_bytes(build(results, read_graded(results), jobs=1).html)
        return path

    return make


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory, built: Callable[..., Path]) -> str:
    """The address of a page of some real rows, of every kind."""
    results = tmp_path_factory.mktemp("real")
    for name in REAL:
        for path in (ROOT / "results" / "submissions").glob(f"{name}*"):
            target = results / "submissions" / path.parent.name / path.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    shutil.copytree(ROOT / "results" / "training_hands", results / "training_hands")
    return built(results).as_uri()


ONESTEP = "scout-2m/game24_onestep_tot.0shot"
COT = "scout-2m/game24_cot.0shot"
TAUGHT = "smollm2-135m-backward/game24_onestep_tot.0shot"
UNTAUGHT = "SmolLM2-135M-Instruct-Q4_1/game24_onestep_tot.0shot.chat"
SEARCHED = "scout-2m-search/game24_search.0shot.tot_bfs-b5-t0"
REAL = (
    f"{ONESTEP}.",
    f"{COT}.",
    "scout-2m/game24_onestep_tot.5shot.",
    "scout-2m/game24_onestep_tot_fresh.0shot",
    "scout-2m/game24_onestep_tot_unsolvable.0shot",
    "scout-2m/game24_onestep_tot_target.0shot",
    f"{TAUGHT}.",
    f"{UNTAUGHT}.",
    f"{SEARCHED}.",
    "scout-2m-search/game24_search.0shot.best_of_k-cot-k10-oracle.",
    "GPT-4/game24",
    "GPT-4o/game24",
)
"""The rows of the `real` page: measured, searched, rescored (one response, or many), reported."""
