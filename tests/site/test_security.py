"""Nothing that a model or a submitter wrote runs, opens a dialog, or makes the page ask for more.

Each case is a submission whose every free text is hostile; the page shows the text as text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.leaderboard.conftest import make_submission
from tot24_bench.game import load_split
from tot24_bench.leaderboard import Sample, Submission, write
from tot24_bench.leaderboard.site.details import MAX_CHARS
from tot24_bench.scoring import score

from .conftest import Visit

MARKUP = {
    "script": "<script>window.ran = 1; alert(1)</script>",
    "end of script": "</script><script>window.ran = 1; alert(1)</script>",
    "end of style": "</style><script>window.ran = 1</script>",
    "comment": "<!--<script>window.ran = 1",
    "handler": '"><img src=x onerror="window.ran = 1; alert(1)">',
    "svg": "<svg onload=alert(1)><script>window.ran=1</script></svg>",
    "template": "{{ 7 * 7 }}{% for x in y %} ${alert(1)} `",
    "link": "javascript:window.ran=1",
    "data": "data:text/html,<script>window.ran=1</script>",
    "request": "<img src='http://192.0.2.1/x.png'><link rel=stylesheet href=//192.0.2.1/x>",
    "entities": "&lt;script&gt;alert(1)&lt;/script&gt; &#60;script&#62;",
    "json": '", "x": "\\u003c/script\\u003e',
    "proto": "__proto__",
}


def hostile(text: str, **changes: Any) -> Submission:
    """A submission that says the text wherever it may say anything."""
    samples = []
    for puzzle in load_split("hard100")[:3]:
        response = f"{text}\n8 - 4 = 4 (left: {text})\nAnswer: {text}"
        samples.append(
            Sample(
                puzzle=puzzle,
                prompt_sha256="0" * 64,
                responses=(response,),
                tokens=(50,),
                scores=(score(puzzle, response),),
            )
        )
    fields: dict[str, Any] = {
        "samples": tuple(samples),
        "name": text,
        "notes": (text, f"see {text}"),
        "model": {"base": text, "licence": text, "source": "x"},
        "versions": {"python": text},
    }
    return make_submission(**(fields | changes))


@pytest.mark.parametrize("text", MARKUP.values(), ids=MARKUP)
def test_hostile_text_is_shown_and_nothing_runs(
    visit: Visit, built: Callable[[Path], Path], tmp_path: Path, text: str
) -> None:
    submission = hostile(text)
    write(submission, tmp_path)
    url = built(tmp_path).as_uri()
    page = visit.open(f"{url}#board?split=*")
    assert text in page.locator("#rows").inner_text()
    page.goto(f"{url}#row?{urlencode({'key': submission.key})}")
    page.wait_for_selector("ol.grid")
    assert text in page.locator("main h1").inner_text()
    assert text in page.locator(".notes").inner_text()
    page.locator("ol.grid .cell").first.click()
    page.wait_for_selector(".text li")
    assert page.locator(".text li").first.inner_text() == text
    page.goto(f"{url}#compare?{urlencode({'a': submission.key, 'b': submission.key})}")
    page.wait_for_selector("#conclusion, main h1")
    for view in ("figures", "try?hand=4+5+6+10"):
        page.goto(f"{url}#{view}")
        page.wait_for_selector("main h1")
    assert page.evaluate("window.ran") is None
    assert page.evaluate("({}).polluted") is None
    assert page.locator("main img, main script, main iframe, main link").count() == 0
    assert (
        page.evaluate("[...document.links].filter((a) => !/^(file|https?):/.test(a.href)).length")
        == 0
    )


@pytest.mark.parametrize("where", ["hash", "key", "hand", "query"])
def test_a_hostile_address_runs_nothing(visit: Visit, real: str, where: str) -> None:
    payload = "<img src=x onerror=window.ran=1>"
    query = urlencode(
        {"q": payload, "hand": payload, "key": payload, "a": payload, "sort": payload}
    )
    views = {
        "hash": payload,
        "key": f"row?{query}",
        "hand": f"try?{query}",
        "query": f"board?{query}",
    }
    page = visit.open(f"{real}#{views[where]}")
    assert page.evaluate("window.ran") is None
    assert page.locator("main img").count() == 0


def test_characters_that_turn_or_hide_text_are_seen(
    visit: Visit, built: Callable[[Path], Path], tmp_path: Path
) -> None:
    submission = hostile("x", name="turned")
    puzzle = load_split("hard100")[0]
    text = "abc\u202edef\u200b\u2066\x07 end"
    sample = submission.samples[0].model_copy(
        update={"responses": (text,), "scores": (score(puzzle, text),)}
    )
    write(hostile("x", name="turned", samples=(sample,)), tmp_path)
    key = submission.key.replace("first3", "first1")
    query = urlencode({"key": key, "hand": "4 5 6 10"})
    page = visit.open(f"{built(tmp_path).as_uri()}#row?{query}")
    page.wait_for_selector(".text li")
    shown = page.locator(".text li").first.inner_text()
    assert shown == "abc⟨U+202E⟩def⟨U+200B⟩⟨U+2066⟩⟨U+0007⟩ end"


def test_ten_megabytes_of_text_are_cut_and_said_to_be(
    visit: Visit, built: Callable[[Path], Path], tmp_path: Path
) -> None:
    puzzle = load_split("hard100")[0]
    text = "8 - 4 = 4 (left: 4 5 6)\n" * 400_000
    sample = Sample(
        puzzle=puzzle,
        prompt_sha256="0" * 64,
        responses=(text,),
        tokens=(9_000_000,),
        scores=(score(puzzle, text),),
    )
    submission = make_submission(samples=(sample,), name="long", generation={"max_gen_toks": 10**7})
    write(submission, tmp_path)
    path = built(tmp_path)
    assert path.stat().st_size < 1_000_000
    query = urlencode({"key": submission.key, "hand": "4 5 6 10"})
    page = visit.open(f"{path.as_uri()}#row?{query}")
    page.wait_for_selector(".text li")
    assert page.locator(".text").inner_text().count("left") < MAX_CHARS
    assert "9,600,000 characters" in page.locator(".reading").inner_text()


def test_only_web_links_become_links(
    visit: Visit, built: Callable[[Path], Path], tmp_path: Path
) -> None:
    submission = make_submission(name="linked", model={"link": "https://example.org/model"})
    write(submission, tmp_path)
    url = f"{built(tmp_path).as_uri()}#row?{urlencode({'key': submission.key})}"
    page = visit.open(url)
    link = page.locator(".facts a[href^=https]")
    assert link.get_attribute("rel") == "noopener noreferrer nofollow"
    outside = page.evaluate("document.querySelector('.facts a').protocol")
    assert outside == "https:"


def test_the_policy_names_one_script_and_nothing_from_outside(real: str) -> None:
    html = Path(real.removeprefix("file://")).read_text("utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy[1].split(";"))
    assert rules["default-src"] == "'none'"
    assert re.fullmatch(r"'sha256-[\w+/=]{44}'", rules["script-src"])
    assert re.fullmatch(r"'sha256-[\w+/=]{44}'", rules["style-src"])
    assert rules["base-uri"] == rules["form-action"] == "'none'"
    assert "unsafe" not in policy[1] and "http" not in policy[1]
    assert not re.search(
        r"<[^>]+\s(on\w+|style)=", html.split('<script type="application/json"')[0]
    )


def test_a_script_that_is_put_into_the_page_is_refused(loose_visit: Visit, real: str) -> None:
    page = loose_visit.open(real)
    refused = page.evaluate(
        """() => {
            try { document.body.innerHTML += "<img src=x onerror=window.ran=1>"; return false; }
            catch { return true; }
        }"""
    )
    assert refused  # trusted types: no text becomes markup
    assert page.evaluate("window.ran") is None


def test_the_data_block_cannot_be_left(real: str) -> None:
    html = Path(real.removeprefix("file://")).read_text("utf-8")
    block = html.split('id="data">')[1].split("</script>")[0]
    assert "<" not in block and ">" not in block
    assert json.loads(block)["rows"]
