"""The page where it is served and published: details on demand, what changed, nothing else."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest
from typer.testing import CliRunner

from tests.leaderboard.conftest import make_submission
from tot24_bench.cli import app
from tot24_bench.leaderboard import site, write
from tot24_bench.leaderboard.site.build import file_name

from .conftest import Visit

build_module = __import__("tot24_bench.leaderboard.site.build", fromlist=["MAX_EMBEDDED"])
runner = CliRunner()


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two rows, of which the page has room for the details of one."""
    for name, right in (("first", 3), ("second", 1)):
        write(make_submission(right, 3, name=name), tmp_path)
    page = site.build(tmp_path, site.read_graded(tmp_path), jobs=1)
    monkeypatch.setattr(build_module, "MAX_EMBEDDED", len(page.html) // 100)
    graded = site.read_graded(tmp_path)
    block = len(build_module._pack(tmp_path / "submissions" / f"{graded[0].key}.json")[0])
    monkeypatch.setattr(build_module, "MAX_EMBEDDED", block + 10)
    return tmp_path


@pytest.fixture
def served(results: Path) -> Iterator[tuple[str, int]]:
    """The host and port of a server of these rows."""
    server = site.server(site.Preview(results), 0)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield "127.0.0.1", server.server_address[1]
    server.shutdown()
    server.server_close()


def get(where: tuple[str, int], path: str) -> tuple[int, bytes]:
    connection = HTTPConnection(*where, timeout=60)
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.read()


def second_key(results: Path) -> str:
    return next(one.key for one in site.read_graded(results) if "second" in one.key)


def test_details_that_the_page_does_not_hold_load_on_demand(
    loose_visit: Visit, results: Path, served: tuple[str, int]
) -> None:
    query = urlencode({"key": second_key(results), "hand": "4 5 6 10"})
    page = loose_visit.open(f"http://127.0.0.1:{served[1]}/#row?{query}")
    page.wait_for_selector(".text li")
    assert page.locator(".text li").first.inner_text() == "Steps: I tried."
    assert [one.rpartition("/")[2] for one in loose_visit.asked if "favicon" not in one] == [
        file_name(second_key(results))
    ]
    assert [one for one in loose_visit.told if "favicon" not in one and "404" not in one] == []


def test_from_disk_the_page_says_how_to_see_them(visit: Visit, results: Path) -> None:
    path = results / "index.html"
    path.write_bytes(site.build(results, site.read_graded(results), jobs=1).html)
    query = urlencode({"key": second_key(results), "hand": "4 5 6 10"})
    page = visit.open(f"{path.as_uri()}#row?{query}")
    page.get_by_text("tot24 leaderboard serve").wait_for()


def test_the_served_page_is_built_anew_when_a_row_comes(
    results: Path, served: tuple[str, int]
) -> None:
    status, before = get(served, "/")
    assert status == 200 and b"third" not in before
    write(make_submission(2, 3, name="third"), results)
    assert b"third" in get(served, "/index.html")[1]


@pytest.mark.parametrize(
    "path",
    [
        "/submissions/first/game24_onestep_tot.0shot.first3.json",
        "/details/../submissions/first/x.json",
        "/details/..%2f..%2fetc%2fpasswd",
        "/details/",
        "/../../etc/passwd",
        "/details/" + "0" * 20 + ".json",
    ],
)
def test_nothing_else_is_served(served: tuple[str, int], path: str) -> None:
    assert get(served, path)[0] == 404


def test_a_broken_submission_is_a_line_and_no_crash(results: Path, served: tuple[str, int]) -> None:
    path = next((results / "submissions").glob("first/*.json"))
    path.write_text("{")
    status, body = get(served, "/")
    assert status == 500 and path.name.encode() in body


def test_publishing_writes_the_page_its_details_and_what_hosts_need(
    results: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "site"
    run = runner.invoke(app, ["leaderboard", "--results", str(results), "--publish", str(folder)])
    assert run.exit_code == 0, run.output
    assert "those of 1 more" in run.output
    assert (folder / "index.html").read_bytes() == (results / "index.html").read_bytes()
    assert (folder / ".nojekyll").exists()
    assert "sdk: static" in (folder / "README.md").read_text()
    details = json.loads((folder / "details" / file_name(second_key(results))).read_text())
    assert len(details["hands"]) == len(details["places"]) == 3
    (folder / "README.md").write_text("mine")
    runner.invoke(app, ["leaderboard", "--results", str(results), "--publish", str(folder)])
    assert (folder / "README.md").read_text() == "mine"


def test_equal_submissions_give_equal_pages(results: Path) -> None:
    pages = [site.build(results, site.read_graded(results), jobs=jobs) for jobs in (1, 2)]
    assert pages[0] == pages[1]


def test_a_taken_port_and_an_empty_folder_are_one_line(
    results: Path, served: tuple[str, int], tmp_path: Path
) -> None:
    args = ["leaderboard", "serve", "--results", str(results), "--port", str(served[1])]
    taken = runner.invoke(app, args)
    assert taken.exit_code == 2 and "--port" in taken.output
    empty = runner.invoke(app, ["leaderboard", "serve", "--results", str(tmp_path / "none")])
    assert empty.exit_code == 2 and "tot24 eval" in empty.output


def test_what_is_packed_is_what_a_browser_unpacks(results: Path) -> None:
    import base64

    key = site.read_graded(results)[0].key
    block, places = build_module._pack(results / "submissions" / f"{key}.json")
    hands = json.loads(gzip.decompress(base64.b64decode(block)))
    assert [hand["responses"][0]["right"] for hand in hands] == [one == [""] for one in places]


def test_only_who_asks_for_this_machine_is_answered(served: tuple[str, int]) -> None:
    for host, status in (("evil.example", 403), (f"localhost:{served[1]}", 200)):
        connection = HTTPConnection(*served, timeout=60)
        connection.request("GET", "/", headers={"Host": host})
        assert connection.getresponse().status == status


def test_details_of_a_row_that_is_gone_are_taken_away_and_other_pages_are_left_alone(
    results: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "site"
    page = site.build(results, site.read_graded(results), jobs=1)
    site.publish(results, page, folder)
    (folder / "details" / "mine.json").write_text("{}")
    site.publish(results, page._replace(left_out={}), folder)
    assert [path.name for path in (folder / "details").iterdir()] == ["mine.json"]
    (folder / "index.html").write_text("<title>my own</title>")
    with pytest.raises(ValueError, match="is another page"):
        site.publish(results, page, folder)
    with pytest.raises(ValueError, match="holds the submissions"):
        site.publish(results, page, results)


@pytest.mark.parametrize(
    "text, said",
    [
        ("group,test\na,b\n", "no table of a study"),
        ("group,test,accuracy,low,high\na,b,,0,1\n", "no table of a study"),
        ("group,test,accuracy,low,high\na,b,nan,0,1\n", "between 0 and 1"),
        ("group,test,accuracy,low,high\na,b,2,0,1\n", "between 0 and 1"),
        ("x" * 300_000, "larger than"),
    ],
)
def test_a_study_that_cannot_be_read_is_one_line(results: Path, text: str, said: str) -> None:
    (results / "studies").mkdir()
    path = results / "studies" / "mine.csv"
    path.write_text(text)
    run = runner.invoke(app, ["leaderboard", "--results", str(results)])
    assert run.exit_code == 2 and said in run.output and "mine.csv" in run.output


def test_a_study_behind_a_link_is_left_out(results: Path, tmp_path: Path) -> None:
    (results / "studies").mkdir()
    other = tmp_path / "other.txt"
    other.write_text("group,test,accuracy,low,high\nsecret,b,0.5,0,1\n")
    (results / "studies" / "mine.csv").symlink_to(other)
    assert b"secret" not in site.build(results, site.read_graded(results), jobs=1).html


def test_a_large_row_leaves_room_for_a_small_one(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graded = site.read_graded(results)
    blocks = [build_module._pack(results / "submissions" / f"{one.key}.json")[0] for one in graded]
    monkeypatch.setattr(build_module, "MAX_EMBEDDED", min(map(len, blocks)))
    assert len(site.build(results, graded, jobs=1).left_out) == 1
