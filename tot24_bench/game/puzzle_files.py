"""Puzzles from what people have: a split's name, a list of hands, traces, a student's record.

| name | puzzles |
| --- | --- |
| `train`, `hard100`, `fresh-s7-n500` | of a split, the test part of a generated one |
| `fresh/train`, `target-s7-n500/train` | of the train part |
| a folder with `training.json`, or such a file | the hands that a student was trained on |
| a folder with `hands.jsonl` | the hands that a dataset shows |
| a `.jsonl` file | one a line: `{"numbers": [4, 4, 6, 8]}` or `hand`, `puzzle`; `target` |
| any other file | a hand a line, `4 4 6 8`; lines that start with # are comments |
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tot24_bench.game.generated import draw, is_split, load_split, parse_name
from tot24_bench.game.puzzle import InvalidPuzzle, Puzzle
from tot24_bench.game.splits import UnknownSplit

MAX_FILE_BYTES = 2**28  # bytes of a file of hands
MAX_LINE_BYTES = 2**24  # bytes of a line: a trace with its prompt has some thousands

RECORD = "training.json"
HANDS = "hands.jsonl"
KEYS = ("numbers", "hand", "puzzle")
PART = "/train"


class BadHandsFile(ValueError):
    """A file that holds no hands, or something that is none; the message names the line."""


def read_puzzles(name: str) -> tuple[Puzzle, ...]:
    """The puzzles that a name or a file gives, see the file's docstring.

    Raises:
        UnknownSplit: it is neither a split nor a file.
        BadHandsFile: the file cannot be used.
        BadDraw: for a draw that does not exist.
    """
    if is_split(name):
        return load_split(name)
    drawn = parse_name(name.removesuffix(PART)) if name.endswith(PART) else None
    if drawn is not None:
        return draw(drawn.name, seed=drawn.seed, size=drawn.size, part="train")
    path = Path(name)
    for inside in (RECORD, HANDS):
        if path.is_dir() and (path / inside).is_file():
            path = path / inside
    if not path.is_file():
        try:
            load_split(name)
        except UnknownSplit as error:
            raise UnknownSplit(f"{error}; nor is there a file of that name") from None
    if path.stat().st_size > MAX_FILE_BYTES:
        raise BadHandsFile(f"{path.name}: larger than {MAX_FILE_BYTES} bytes")
    try:
        puzzles = tuple(_from_record(path) if path.name == RECORD else _from_lines(path))
    except UnicodeDecodeError:
        raise BadHandsFile(f"{path.name}: not a text file") from None
    if not puzzles:
        raise BadHandsFile(f"{path.name}: holds no hand")
    return puzzles


def _from_record(path: Path) -> Iterator[Puzzle]:
    try:
        hands = json.loads(path.read_text(encoding="utf-8"))["data"]["hands"]
    except (json.JSONDecodeError, RecursionError, KeyError, TypeError):
        hands = None
    if not isinstance(hands, list):
        raise BadHandsFile(f"{path.name}: does not list the hands of its data")
    for hand in hands:
        yield _puzzle({"numbers": hand}, path.name)


def _from_lines(path: Path) -> Iterator[Puzzle]:
    with path.open("rb") as file:
        lines = iter(lambda: file.readline(MAX_LINE_BYTES + 1), b"")
        for number, line in enumerate(lines, 1):
            where = f"{path.name}: line {number}"
            if len(line) > MAX_LINE_BYTES:
                raise BadHandsFile(f"{where}: longer than {MAX_LINE_BYTES} bytes")
            text = line.decode("utf-8").strip()
            if not text or text.startswith("#"):
                continue
            record = _record(text, where) if path.suffix == ".jsonl" else {"numbers": text}
            yield _puzzle(record, where)


def _record(text: str, where: str) -> dict[str, Any]:
    try:
        record = json.loads(text)
    except (RecursionError, ValueError):
        raise BadHandsFile(f"{where}: not JSON") from None
    if isinstance(record, dict) and isinstance(record.get("puzzle"), dict):
        record = record["puzzle"]
    key = next((key for key in KEYS if isinstance(record, dict) and key in record), None)
    if key is None:
        raise BadHandsFile(f"{where}: none of {', '.join(KEYS)} is there")
    return {**record, "numbers": record[key]}


def _puzzle(record: dict[str, Any], where: str) -> Puzzle:
    try:
        return Puzzle.from_json(record)
    except InvalidPuzzle as error:
        raise BadHandsFile(f"{where}: {error}") from None
