"""Which hand has which rank in the public list of 1,362 hands by human difficulty.

Logs of the Tree of Thoughts paper name a hand by its place in that list. This project may carry
only the ranks of its two test splits; the list itself is read from the user's file.

>>> load_ranks()[901]
'4 5 6 10'
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

from tot24_bench.game import Hand, Puzzle
from tot24_bench.transcripts.fields import BadTranscript

MAX_LIST_BYTES = 2**20  # bytes of a list that are read; the public one has 60,000
HUB_LIST = "test-time-compute/game-of-24"  # the list on the Hugging Face hub

_HUB_NAME = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*", re.ASCII)
_COLUMNS = ("rank", "puzzles")


def load_ranks(path: Path | None = None, by_row: bool = False) -> dict[int, str]:
    """Hands by rank.

    Args:
        path: the public list, a CSV file with columns Rank and Puzzles, or the name of a dataset on
            the hub (HUB_LIST); None gives the ranks of `hard100` and `hardest`.
        by_row: of a list of somebody's own, call the row, from 1, a hand's rank; it may have no
            column Rank. Of a part of the public list the ranks past its end are kept.

    Raises:
        BadTranscript: the file or dataset is not such a list, or neither is there.
        OSError: it cannot be read.
    """
    if path is None:
        ranks: dict[int, str] = {}
        for name in ("hard100.csv", "hardest361.csv"):
            text = (files("tot24_bench.game") / "data" / name).read_text(encoding="utf-8")
            ranks |= _rows(text.splitlines(), ("rank", "numbers"), name)
        return ranks
    if not path.exists() and _HUB_NAME.fullmatch(path.as_posix()):
        return _from_hub(path.as_posix(), by_row)
    if not path.is_file():
        raise BadTranscript(f"{path}: No such file: give the public list (CSV), or {HUB_LIST}")
    with path.open("rb") as file:
        data = file.read(MAX_LIST_BYTES + 1)
    if len(data) > MAX_LIST_BYTES:
        raise BadTranscript(f"{path}: larger than {MAX_LIST_BYTES} bytes: this is not the list")
    try:
        return _rows(data.decode("utf-8-sig").splitlines(), _COLUMNS, str(path), by_row)
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadTranscript(f"{path}: not a CSV file ({error})") from None


def ranks_by_hand(path: Path | None = None) -> dict[Hand, int]:
    """The rank of each hand of a list; see `load_ranks`. InvalidPuzzle where one is no hand."""
    return {Puzzle.parse(hand).hand: rank for rank, hand in load_ranks(path).items()}


def _from_hub(name: str, by_row: bool = False) -> dict[int, str]:
    from datasets import load_dataset

    try:
        rows = load_dataset(name, split="train")
        table = [("Rank", "Puzzles"), *zip(rows["Rank"], rows["Puzzles"], strict=True)]
    except Exception as error:  # whatever the hub or its client says
        line = " ".join(str(error).split())[:200] or type(error).__name__
        raise BadTranscript(
            f"{name}: neither a file nor a dataset that could be loaded ({line})"
        ) from None
    return _rows([f"{rank},{hand}" for rank, hand in table], _COLUMNS, name, by_row)


def _rows(
    lines: Iterable[str], columns: tuple[str, str], name: str, by_row: bool = False
) -> dict[int, str]:
    reader = csv.DictReader(lines)
    named = {(field or "").strip().lower(): field for field in reader.fieldnames or ()}
    rank_field, hand_field = (named.get(column) for column in columns)
    if hand_field is None or (rank_field is None and not by_row):
        raise BadTranscript(f"{name}: no columns Rank and Puzzles, as the public list has them")
    ranks: dict[int, str] = {}
    rows: list[str] = []
    for row in reader:
        rows.append((row[hand_field] or "").strip())
        if rank_field is None:
            continue
        rank = (row[rank_field] or "").strip()
        if not (rank.isascii() and rank.isdigit() and len(rank) <= 6):
            raise BadTranscript(f"{name}: line {reader.line_num}: {rank[:20]!r} is no rank")
        if int(rank) in ranks:
            raise BadTranscript(f"{name}: line {reader.line_num}: the rank {rank} stands twice")
        ranks[int(rank)] = rows[-1]
    return ranks | dict(enumerate(rows, 1)) if by_row else ranks
