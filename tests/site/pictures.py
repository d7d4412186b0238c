"""Write the pictures of the page that README and docs show, from the committed page.

    python -m tests.site.pictures

takes screenshots of `results/index.html` in headless Chromium (`make browser`), four views, into
docs/images. Run it after `tot24 leaderboard`, and look at them.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser, sync_playwright

from .conftest import FLAGS, ONESTEP, ROOT, TAUGHT

PAGE = (ROOT / "results" / "index.html").as_uri()
IMAGES = ROOT / "docs" / "images"

DESKTOP, PHONE = (1180, 860), (390, 844)
HAND = urlencode({"key": TAUGHT, "hand": "2 5 8 11", "beside": ONESTEP})
VIEWS = (
    ("leaderboard", "#board", DESKTOP, "light", ""),
    (
        "hand",
        f"#row?{HAND}",
        DESKTOP,
        "light",
        "() => document.querySelectorAll('.tree').length === 2",
    ),
    ("compare-dark", f"#compare?{urlencode({'a': TAUGHT, 'b': ONESTEP})}", DESKTOP, "dark", ""),
    ("phone-dark", f"#row?{urlencode({'key': TAUGHT})}", PHONE, "dark", ""),
)


def main() -> None:
    """Write all of them."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or "chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        IMAGES.mkdir(exist_ok=True)
        for name, fragment, size, scheme, until in VIEWS:
            _view(browser, IMAGES / f"{name}.png", fragment, size, scheme, until)
        browser.close()


def _view(
    browser: Browser, path: Path, fragment: str, size: tuple[int, int], scheme: str, until: str
) -> None:
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    page = context.new_page()
    page.goto(PAGE + fragment)
    page.wait_for_selector("main h1")
    if until:
        page.wait_for_function(until)
    page.screenshot(path=path)
    print(f"wrote {path.relative_to(ROOT)}")
    context.close()


if __name__ == "__main__":
    main()
