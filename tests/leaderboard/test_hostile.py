"""Everything in a submission is hostile: what a contributor could send, and what happens then.

Nothing is written outside the results folder, nothing is printed raw, nothing takes the machine's
memory. The limits are named constants of `submission` and `store`.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tot24_bench.cli import app
from tot24_bench.leaderboard import (
    BadSubmission,
    ModelInfo,
    ResultsNotWritable,
    read,
    read_entry,
    write,
)
from tot24_bench.leaderboard.store import MAX_SAMPLE_BYTES
from tot24_bench.schema import MAX_COUNT, MAX_NAME_CHARS, MAX_TEXT_CHARS

from .conftest import make_reported, make_submission

runner = CliRunner()

RAW = ("\x1b", "\u202e", "\u2066", "\x00", "\x9b", "\u200f", "\x07", "\u2028")
"""Characters that move, colour, hide or turn text round."""

NAMES = (
    "../../x",
    "/etc/passwd",
    "..",
    "a/../../b",
    "C:\\windows\\x",
    "con",
    "a\x00b",
    "\u202egpj.exe",
    "\x1b]8;;http://evil\x07click\x1b]8;;\x07",
    "x" * MAX_NAME_CHARS,
    "é" * 300,
    ".hidden",
    "-rf",
    "a\nb",
)


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_no_name_leaves_the_results_folder(name: str, tmp_path: Path) -> None:
    results = tmp_path / "inner" / "results"
    path = write(make_submission(model={}, name="placeholder"), results)
    submission = read(path).model_copy(
        update={"model": ModelInfo(name=name, backend="hf", source=name)}
    )
    written = write(submission, results)
    assert written.resolve().is_relative_to((results / "submissions").resolve())
    assert written.parent.parent == results / "submissions"
    outside = [p for p in tmp_path.rglob("*") if results not in p.parents and p != results]
    assert outside == [tmp_path / "inner"]
    assert read(written).model.name == name


@pytest.mark.parametrize("sign", RAW, ids=[f"{ord(sign):x}" for sign in RAW])
def test_nothing_is_printed_raw(sign: str, tmp_path: Path) -> None:
    evil = f"a{sign}[31mb"
    model = {"teacher": evil, "precision": evil, "licence": evil}
    reported = make_reported(name=evil, model=model, source=evil, notes=(evil,), label=evil)
    write(reported, tmp_path)
    for arguments in (["leaderboard"], ["leaderboard", "verify"]):
        shown = runner.invoke(app, [*arguments, "--results", str(tmp_path)])
        assert shown.exit_code == 0, shown.output
        assert sign not in shown.output
    assert sign not in (tmp_path / "LEADERBOARD.md").read_text()


@pytest.mark.parametrize("sign", ["\x1b", "\u202e"])
def test_what_is_wrong_is_not_printed_raw_either(sign: str, tmp_path: Path) -> None:
    path = write(make_submission(), tmp_path)
    header = json.loads(path.read_text())
    header["split"] = header["method"] = f"x{sign}[31mred"
    path.write_text(json.dumps(header))
    for arguments in (["leaderboard"], ["leaderboard", "verify"]):
        shown = runner.invoke(app, [*arguments, "--results", str(tmp_path)])
        assert shown.exit_code == 2 and sign not in shown.output, shown.output


def change(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def change_model(path: Path, **changes: Any) -> None:
    change(path, model=json.loads(path.read_text())["model"] | changes)


def put_samples(path: Path, lines: bytes) -> None:
    path.with_name(f"{path.stem}.samples.jsonl.gz").write_bytes(gzip.compress(lines, 1))
    change(path, samples_sha256=hashlib.sha256(lines).hexdigest())


def samples_of(path: Path) -> list[dict[str, Any]]:
    zipped = path.with_name(f"{path.stem}.samples.jsonl.gz")
    return [json.loads(line) for line in gzip.decompress(zipped.read_bytes()).splitlines()]


def put_sample(path: Path, **changes: Any) -> None:
    first, *others = samples_of(path)
    lines = [json.dumps(sample) for sample in ({**first, **changes}, *others)]
    put_samples(path, "\n".join(lines).encode() + b"\n")


HOSTILE: dict[str, tuple[Callable[[Path], object], str]] = {
    "NaN": (lambda p: p.write_text(p.read_text().replace('"n": 3', '"n": NaN')), "n: "),
    "infinity": (
        lambda p: p.write_text(p.read_text().replace("61.5", "Infinity")),
        "wall_seconds: ",
    ),
    "a huge integer": (lambda p: change_model(p, parameters=10**4000), "parameters|not JSON"),
    "too many weights": (lambda p: change_model(p, parameters=MAX_COUNT + 1), "parameters"),
    "a negative count": (lambda p: put_sample(p, tokens=[-1]), "tokens"),
    "huge numbers of a hand": (
        lambda p: put_sample(
            p, puzzle={"numbers": [10**400, 1, 2, 3], "target": 24, "rule": "all"}
        ),
        "line 1",
    ),
    "a long name": (lambda p: change_model(p, name="x" * (MAX_NAME_CHARS + 1)), "name"),
    "a long note": (lambda p: change(p, notes=["x" * (MAX_TEXT_CHARS + 1)]), "notes"),
    "a script as link": (lambda p: change_model(p, link="javascript:alert(1)"), "link"),
    "a link with a space": (lambda p: change_model(p, link="https://a b"), "link"),
    "deep JSON": (lambda p: p.write_text('{"a":' * 20_000 + "1" + "}" * 20_000), "not JSON"),
    "a deep sample": (lambda p: put_samples(p, b"[" * 100_000 + b"]" * 100_000 + b"\n"), "line 1"),
    "deep generation arguments": (
        lambda p: p.write_text(
            p.read_text().replace('"do_sample": false', '"x": ' + "[" * 5_000 + "]" * 5_000)
        ),
        "not JSON|generation",
    ),
    "a bomb": (lambda p: put_samples(p, b" " * (MAX_SAMPLE_BYTES + 1)), "too large"),
    "a sample without text or hash": (lambda p: put_sample(p, responses=[]), "responses are"),
    "text and hash": (
        lambda p: put_sample(p, responses_sha256=["0" * 64]),
        "given and withheld",
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_it_is_refused_in_one_line(case: str, tmp_path: Path) -> None:
    path = write(make_submission(), tmp_path)
    damage, message = HOSTILE[case]
    damage(path)
    for reader in (read, read_entry):
        with pytest.raises(BadSubmission, match=message) as raised:
            reader(path)
        assert "\n" not in str(raised.value) and len(str(raised.value)) < len(str(path)) + 600


def test_ten_megabytes_of_text_are_read_scored_and_not_shown(tmp_path: Path) -> None:
    path = write(make_submission(), tmp_path)
    put_sample(path, responses=["ha" * 5_000_000])
    shown = runner.invoke(app, ["leaderboard", "verify", "--results", str(tmp_path)])
    assert shown.exit_code == 2 and len(shown.output) < 2_000
    assert "too_long" in shown.output or "verdict is stored" in shown.output


def test_a_bomb_does_not_take_the_memory(tmp_path: Path) -> None:
    """A gigabyte of blanks in a megabyte of gzip, read with 600 MB of address space to spare."""
    path = write(make_submission(), tmp_path)
    zipped = path.with_name(f"{path.stem}.samples.jsonl.gz")
    with gzip.open(zipped, "wb", compresslevel=1) as file:
        for _ in range(1024):
            file.write(b" " * 2**20)
    assert zipped.stat().st_size < 8 * 2**20

    def bound() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (600 * 2**20, 600 * 2**20))

    command = [sys.executable, "-m", "tot24_bench.cli", "leaderboard", "--results", str(tmp_path)]
    done = subprocess.run(command, preexec_fn=bound, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2, done.stderr
    assert "too large when decompressed" in done.stderr


def test_a_line_of_many_empty_scores_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    import tracemalloc

    path = write(make_submission(), tmp_path)
    samples = path.with_name(path.name.removesuffix(".json") + ".samples.jsonl.gz")
    for line in (
        b'{"scores": [' + b"{}," * 1_000_000 + b"{}]}\n",
        b"{" + b",".join(b'"%d": 0' % i for i in range(600_000)) + b"}\n",
    ):
        samples.write_bytes(gzip.compress(line))
        tracemalloc.start()
        try:
            with pytest.raises(BadSubmission, match="too many parts"):
                read(path)
            assert tracemalloc.get_traced_memory()[1] < 100 * 2**20
        finally:
            tracemalloc.stop()


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    outside, results = tmp_path / "outside", tmp_path / "results"
    outside.mkdir()
    (results / "submissions").mkdir(parents=True)
    (results / "submissions" / "scout-2m").symlink_to(outside)
    with pytest.raises(ResultsNotWritable, match="is a link"):
        write(make_submission(), results)
    assert not list(outside.iterdir())


def test_the_page_is_not_written_through_a_link(tmp_path: Path) -> None:
    import os

    from tot24_bench.files import replace_all

    victim = tmp_path / "victim"
    victim.write_text("mine")
    page = tmp_path / "LEADERBOARD.md"
    for name in (f".{page.name}.{os.getpid()}.new", page.name):
        (tmp_path / name).symlink_to(victim)
    replace_all({page: lambda file: file.write(b"page")})
    assert victim.read_text() == "mine" and page.read_bytes() == b"page"
    assert not page.is_symlink()
