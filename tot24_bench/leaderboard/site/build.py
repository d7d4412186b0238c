"""Write the leaderboard as one page, `index.html`, that opens from disk and asks nobody for more.

The page is a template with its style sheet, its scripts and its data inlined. Data stand in blocks
that no browser runs: rows as JSON, and the details of a row (responses and checked trees) as gzip
in base64, those of the first rows up to MAX_EMBEDDED. Details of further rows are files beside the
page where it is published, and are made on demand where it is served.

What a model wrote never becomes markup: the scripts only set text, and the page's own
Content-Security-Policy runs nothing but the one script whose hash it names.
"""

from __future__ import annotations

import base64
import csv
import gzip
import hashlib
import io
import json
import math
import os
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from tot24_bench import __version__
from tot24_bench.files import replace_all
from tot24_bench.harness import DEFAULT_SPLIT
from tot24_bench.leaderboard.site.content import Graded, content_of
from tot24_bench.leaderboard.site.details import HandDetails, details_of
from tot24_bench.leaderboard.store import path_of
from tot24_bench.text import one_line

PAGE = "index.html"
DETAILS = "details"  # the folder of what a page does not hold

MAX_EMBEDDED = 3_500_000  # characters of details in a page, of all rows together
MOST_MISSES = 20  # rows that found no room after which no more are tried
MAX_STUDY_BYTES = 200_000  # of the table of a study
STUDY_COLUMNS = ("group", "test", "accuracy", "low", "high")

SCRIPTS = (
    "dom.js",
    "pairing.js",
    "solver.js",
    "rows.js",
    "plot.js",
    "table.js",
    "model.js",
    "hand.js",
    "compare.js",
    "figures.js",
    "try.js",
    "main.js",
)
"""The page's scripts, in the order in which they need each other."""

MARKER = b"<title>tot24-bench"
_DETAILS_NAME = re.compile(r"[0-9a-f]{20}\.json")

Tick = Callable[[], None]


class Page(NamedTuple):
    """A page, and what it does not hold."""

    html: bytes
    left_out: dict[str, str]  # the name of a details file, and the key of its row


def build(
    results: Path, graded: Sequence[Graded], jobs: int | None = None, tick: Tick = lambda: None
) -> Page:
    """The page of the submissions below a results folder.

    Args:
        results: the folder that holds `submissions`, and perhaps `studies`.
        graded: what `read_graded` gives of it.
        jobs: processes that make details; None for one a core.
        tick: called after the details of each row.
    """
    content = content_of(graded)
    content["version"] = __version__
    content["studies"] = studies(results)
    known = {one.key: one.entry for one in graded}
    keys = [
        row["key"]
        for row in sorted(content["rows"], key=lambda row: row["split"] != DEFAULT_SPLIT)
        if known[row["key"]].outcomes and not row["withheld"]
    ]
    blocks: dict[str, str] = {}
    places: dict[str, list[list[str]]] = {}
    used = misses = 0
    for key, block, found in _packed(results, keys, jobs):
        if used + len(block) > MAX_EMBEDDED:  # a large row leaves room for smaller ones
            misses += 1
            if misses == MOST_MISSES:
                break
            continue
        used += len(block)
        blocks[key], places[key] = block, found
        tick()
    left_out, shown = {}, set(keys)
    for number, row in enumerate(content["rows"]):
        key = row["key"]
        if key in blocks:
            row["details"] = number
            row["places"] = places[key]
        elif key in shown:
            row["file"] = file_name(key)
            left_out[row["file"]] = key
    numbered = [(row["details"], blocks[row["key"]]) for row in content["rows"] if "details" in row]
    return Page(_render(content, numbered), left_out)


def _packed(
    results: Path, keys: Sequence[str], jobs: int | None
) -> Iterator[tuple[str, str, list[list[str]]]]:
    """The key, the block and the places of each row, one after the other."""
    if len(keys) < 4 or jobs == 1:
        for key in keys:
            yield (key, *_pack(path_of(results, key)))
        return
    with ProcessPoolExecutor(jobs, initializer=_end_with_parent, initargs=(os.getpid(),)) as pool:
        ahead = 8  # rows asked for before they are needed: the last ones may not be
        waiting = [pool.submit(_pack, path_of(results, key)) for key in keys[:ahead]]
        for i, key in enumerate(keys):
            result = waiting[i].result()
            if i + ahead < len(keys):
                waiting.append(pool.submit(_pack, path_of(results, keys[i + ahead])))
            try:
                yield (key, *result)
            except GeneratorExit:
                pool.shutdown(cancel_futures=True)
                raise


def _end_with_parent(parent: int) -> None:
    """End this process when the one that started it is killed: it would wait for work for ever."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _pack(path: Path) -> tuple[str, list[list[str]]]:
    """The details of a submission as a block of the page, and where its responses first fail."""
    found = details_of(path)
    packed = base64.b64encode(gzip.compress(as_json([one.data for one in found]), mtime=0))
    return packed.decode("ascii"), places_of(found)


def places_of(found: Iterable[HandDetails]) -> list[list[str]]:
    """For each hand where its responses first fail; an empty text where one is right."""
    return [list(one.places) for one in found]


def as_json(value: object) -> bytes:
    """Compact JSON; what is no text in UTF-8 becomes a question mark."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode(
        "utf-8", "replace"
    )


def file_name(key: str) -> str:
    """The name of a row's details file: nothing of the key can leave the folder."""
    return f"{hashlib.sha256(key.encode()).hexdigest()[:20]}.json"


def _render(content: dict[str, Any], blocks: Sequence[tuple[int, str]]) -> bytes:
    from jinja2 import Environment, PackageLoader

    environment = Environment(
        loader=PackageLoader("tot24_bench.leaderboard.site", "assets"),
        autoescape=True,
        keep_trailing_newline=True,
    )
    script = "\n".join(_asset(name) for name in SCRIPTS)
    script = f'"use strict";\n(() => {{\n{script}\n}})();\n'
    style = _asset("page.css")
    how = Counter(row["obtained"] for row in content["rows"])
    page = environment.get_template("page.html").render(
        script=script,
        style=style,
        script_sha=_sha(script),
        style_sha=_sha(style),
        data=_inert(as_json(content).decode("utf-8")),
        blocks=blocks,
        count=len(content["rows"]),
        measured=how["measured"],
    )
    return page.encode("utf-8", "replace")


def _asset(name: str) -> str:
    return (files("tot24_bench.leaderboard.site") / "assets" / name).read_text(encoding="utf-8")


def _sha(text: str) -> str:
    """A hash as a Content-Security-Policy names it."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def _inert(data: str) -> str:
    """JSON in which nothing can end the block that it stands in."""
    return data.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def study_files(results: Path) -> list[Path]:
    """The tables of studies below the results; links are left out."""
    found = sorted((results / "studies").glob("*.csv"))
    return [path for path in found if path.is_file() and not path.is_symlink()]


def studies(results: Path) -> list[dict[str, Any]]:
    """The groups of studies and how right they are: tables as CSV in `studies`, below the results.

    Raises:
        ValueError: a file is none of `python -m training.study report`; the message names it.
    """
    return [{"name": path.stem, "rows": _study(path)} for path in study_files(results)]


def _study(path: Path) -> list[dict[str, Any]]:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_STUDY_BYTES + 1)
        if len(data) > MAX_STUDY_BYTES:
            raise ValueError(f"larger than {MAX_STUDY_BYTES:,} bytes")
        rows = list(csv.DictReader(io.StringIO(data.decode("utf-8"), newline="")))
        found = []
        for row in rows:
            group, test, *texts = (row[column] or "" for column in STUDY_COLUMNS)
            accuracy, low, high = map(float, texts)
            if not all(math.isfinite(one) and 0 <= one <= 1 for one in (accuracy, low, high)):
                raise ValueError("a share is not between 0 and 1")
            words = {"group": one_line(group, 60), "test": one_line(test, 60)}
            found.append(words | {"accuracy": accuracy, "low": low, "high": high})
        return found
    except (ValueError, KeyError, csv.Error) as error:
        raise ValueError(
            f"{path}: no table of a study ({one_line(str(error), 80)}): it holds "
            f"{', '.join(STUDY_COLUMNS)}, as `python -m training.study report` writes it"
        ) from None


SPACE = """\
---
title: tot24-bench
emoji: 🌳
colorFrom: blue
colorTo: red
sdk: static
pinned: false
license: apache-2.0
---

The leaderboard of tot24-bench: can a small language model be taught to search? Written by
`tot24 leaderboard --publish`.
"""


def publish(results: Path, page: Page, folder: Path) -> list[Path]:
    """Write what GitHub Pages or a static Hugging Face Space shows: the page, and the details.

    Args:
        results: the folder that holds `submissions`.
        page: of these results.
        folder: where to write; made where it is missing. Other files in it stay.

    Returns:
        The files written.

    Raises:
        ValueError: the folder holds another page, or is the results folder.
    """
    index = folder / PAGE
    if index.exists() and MARKER not in index.read_bytes()[:2_000]:
        raise ValueError(f"{index} is another page: give a folder of its own to publish into")
    if folder.resolve() == results.resolve():
        raise ValueError(f"{results} holds the submissions: give another folder to publish into")
    (folder / DETAILS).mkdir(parents=True, exist_ok=True)
    # The page comes last: what it asks for is there before it.
    written = {folder / DETAILS / n: row_file(results, key) for n, key in page.left_out.items()}
    written[folder / ".nojekyll"] = b""
    if not (folder / "README.md").exists():
        written[folder / "README.md"] = SPACE.encode()
    written[index] = page.html
    for path, data in written.items():
        replace_all({path: lambda file, data=data: file.write(data)})  # type: ignore[misc]
    for path in (folder / DETAILS).glob("*.json"):
        if _DETAILS_NAME.fullmatch(path.name) and path not in written:  # of a row that is gone
            path.unlink()
    return list(written)


def row_file(results: Path, key: str) -> bytes:
    """The details file of one row."""
    found = details_of(path_of(results, key))
    return as_json({"places": places_of(found), "hands": [one.data for one in found]})
